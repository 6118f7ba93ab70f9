package physics

import (
	"fmt"
	"testing"
)

// Improved estimators and plain ones of the same run have the same mean. The
// difference of the two series is a series of its own, with which the error of
// the difference is estimated, whatever the correlation of the two. Above T_c,
// where clusters are small, improved ones have smaller errors.
func TestImproved(t *testing.T) {
	thorough(t)
	var c scores
	t.Run("systems", func(t *testing.T) {
		const single = "[[proposal]]\nkernel = \"wolff\"\nsteps = %d\n"
		const all = "[[proposal]]\nkernel = \"swendsen-wang\"\n"
		const cycle = "[[proposal]]\ncycle = [{ kernel = \"metropolis\" }, { kernel = \"wolff\", steps = %d }]\n"
		for _, x := range []struct {
			name, model, kernels string
			size                 int
		}{
			{"ising", `name = "ising"` + "\ntemperature = 2.7", fmt.Sprintf(single+all+cycle, 12, 3), 16},
			{"ising", `name = "ising"` + "\ntemperature = 2.7", fmt.Sprintf(single+all, 30), 32},
			{"ising in a field", `name = "ising"` + "\ntemperature = 3.0\nh = 0.05", all, 16},
			{"ising in a field", `name = "ising"` + "\ntemperature = 3.0\nh = -0.05", all, 32},
			{"potts", `name = "potts"` + "\nq = 3\ntemperature = 1.1", fmt.Sprintf(single+all, 12), 16},
			{"potts", `name = "potts"` + "\nq = 3\ntemperature = 1.1", fmt.Sprintf(single+all, 30), 32},
		} {
			t.Run(fmt.Sprintf("%s,L=%d", x.name, x.size), func(t *testing.T) {
				r := read(t, "improved.toml", fmt.Sprintf(`
[model]
%s
shape = [%d, %d]
[run]
chains = 32
thermalize = 300
sweeps = %d
[observables]
record = ["susceptibility", "improved_susceptibility", "structure_factor", "improved_structure_factor"]
[observables.derived]
difference = "improved_susceptibility - susceptibility"
difference0 = "improved_structure_factor[0] - structure_factor[0]"
difference1 = "improved_structure_factor[1] - structure_factor[1]"
difference4 = "improved_structure_factor[4] - structure_factor[4]"
last = "improved_structure_factor[%d] - structure_factor[%d]"
`, x.model, x.size, x.size, length(1000), x.size/2, x.size/2)+x.kernels)
				r.each(t, func(t *testing.T, s *sample) {
					for _, name := range []string{"difference", "difference0", "difference1", "difference4", "last"} {
						c.compare(t, s, name, 0)
					}
					for k := range x.size/2 + 1 {
						plain, improved := "structure_factor", "improved_structure_factor"
						if k == 0 {
							plain, improved = "susceptibility", "improved_susceptibility"
						}
						p, i := s.pooled(t, plain, k), s.pooled(t, improved, k)
						if i.Error >= p.Error {
							t.Errorf("mode %d: the error of the improved estimator is %.3g, not smaller than that of the plain one, %.3g", k, i.Error, p.Error)
						}
						if k == 0 || k == 1 || k == 4 || k == x.size/2 {
							t.Logf("mode %d: %.5f(%.5f) improved, %.5f(%.5f) plain; ratio of errors %.3f", k, i.Value, i.Error, p.Value, p.Error, i.Error/p.Error)
						}
					}
				})
			})
		}
	})
	c.check(t)
}

// The first record holds the clusters of its own sweep, and not those of
// thermalization: as many sweeps that are thrown away, or measured, lead to the
// same numbers.
func TestImprovedAfterThermalization(t *testing.T) {
	var last []float64
	for _, x := range [][2]int{{0, 4}, {2, 2}, {3, 1}} {
		r := read(t, "thermalize.toml", fmt.Sprintf(`
[model]
name = "ising"
shape = [8, 8]
temperature = 5.0
[run]
chains = 1
start = "cold"
thermalize = %d
sweeps = %d
[observables]
record = ["energy", "improved_susceptibility", "improved_structure_factor"]
[[proposal]]
kernel = "swendsen-wang"
`, x[0], x[1]))
		s := r.sample(t, &r.point.Proposals[0])
		var record []float64
		for _, series := range s.chains[0] {
			record = append(record, series[len(series)-1])
		}
		if last != nil {
			same(t, fmt.Sprintf("the last record after %d sweeps of thermalization", x[0]), record, last, 0)
		}
		last = record
	}
}
