package physics

import (
	"fmt"
	"math"
	"testing"
)

// On a ring of L sites the transfer matrix of the Potts model of q colours, J = 1,
// has the eigenvalues e^beta + q - 1 and, q - 1 times, e^beta - 1. With their
// ratio t the correlation is
//
//	C(r) = (t^r + t^(L-r) + (q-2) t^L)/(1 + (q-1) t^L),
//
// also of the Ising model of J = 1/2, which has q = 2.
func ring(q int, beta float64, length int) (t float64, correlation []float64) {
	t = (math.Exp(beta) - 1) / (math.Exp(beta) + float64(q-1))
	all := math.Pow(t, float64(length))
	for r := range length/2 + 1 {
		c := math.Pow(t, float64(r)) + math.Pow(t, float64(length-r)) + float64(q-2)*all
		correlation = append(correlation, c/(1+float64(q-1)*all))
	}
	return t, correlation
}

// Rings, long enough for correlations to be found by Fourier transforms, and
// short enough to be found by comparing sites.
func TestRings(t *testing.T) {
	thorough(t)
	var c scores
	t.Run("rings", func(t *testing.T) {
		for _, x := range []struct {
			name, model     string
			q, length, most int // compared up to a distance
			beta            float64
		}{
			{"ising", "name = \"ising\"\nJ = 0.5", 2, 2048, 12, 2.5},
			{"ising", "name = \"ising\"\nJ = 0.5", 2, 30, 15, 3},
			{"potts", "name = \"potts\"\nq = 5", 5, 30, 15, 2},
		} {
			t.Run(fmt.Sprintf("%s,L=%d", x.name, x.length), func(t *testing.T) {
				ratio, correlation := ring(x.q, x.beta, x.length)
				// The structure factor is sum_r C(r) cos(kr).
				structure := func(n int) float64 {
					var sum float64
					for r := range x.length {
						sum += correlation[min(r, x.length-r)] * math.Cos(2*math.Pi*float64(r*n)/float64(x.length))
					}
					return sum
				}
				if got, want := correlation[1], ratio; x.length > 1000 && !near(got, want, 1e-12) {
					t.Errorf("C(1) = %v, not %v", got, want)
				}
				r := read(t, "ring.toml", fmt.Sprintf(`
[model]
%s
shape = [%d]
beta = %v
[run]
chains = 32
thermalize = 100
sweeps = %d
[observables]
record = ["correlation", "structure_factor", "improved_structure_factor"]
[[proposal]]
kernel = "swendsen-wang"
[[proposal]]
cycle = [{ kernel = "heat-bath" }, { kernel = "wolff", steps = %d }]
`, x.model, x.length, x.beta, max(250, length(100000/x.length)), max(1, x.length/30)))
				r.each(t, func(t *testing.T, s *sample) {
					for k := 1; k <= x.most; k++ {
						c.point(t, s, "correlation", k, correlation[k])
					}
					for k := range min(9, x.length/2+1) {
						c.point(t, s, "structure_factor", k, structure(k))
						c.point(t, s, "improved_structure_factor", k, structure(k))
					}
				})
			})
		}
	})
	c.check(t)
}
