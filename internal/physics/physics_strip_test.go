package physics

import (
	"math"
	"testing"

	"mcrun/models"
)

// Correlation lengths and structure factors of a strip that is 4 and 15
// correlation lengths wide and long.
func TestStrip(t *testing.T) {
	l := newLong(t)
	xi := func(s []float64, side float64) float64 {
		return math.Sqrt(s[0]/s[1]-1) / (2 * math.Sin(math.Pi/side))
	}
	across, along := xi(l.across, longWidth), xi(l.along, longLength)
	t.Logf("xi = %.6f across, %.6f along", across, along)

	if raceEnabled {
		t.Skip("the runs take a minute under the race detector")
	}
	r := read(t, "strip.toml", `
[model]
name = "ising"
shape = [16, 64]
temperature = 2.6
[run]
chains = 32
thermalize = 200
sweeps = 3000
[observables]
record = ["energy", "specific_heat", "susceptibility", "correlation_length", "correlation", "structure_factor", "improved_susceptibility", "improved_structure_factor"]
[observables.derived]
improved_xi_0 = "sqrt(improved_structure_factor[0] / improved_structure_factor[1] - 1) / (2 * sin(pi / 16))"
improved_xi_1 = "sqrt(improved_structure_factor[0] / improved_structure_factor[9] - 1) / (2 * sin(pi / 64))"
[[proposal]]
kernel = "swendsen-wang"
[[proposal]]
kernel = "wolff"
steps = 20
[[proposal]]
cycle = [{ kernel = "heat-bath" }, { kernel = "wolff", steps = 5 }]
`)
	var c scores
	if brief() { // longer series of fewer kernels, for xi of a chain to be linear in S(0) and S(k)
		r.point.Proposals = r.point.Proposals[:1]
	}
	r.each(t, func(t *testing.T, s *sample) {
		m := models.Kaufman(longWidth, longLength, 1/longTemperature, 1)
		c.compare(t, s, "energy", m.Energy)
		c.compare(t, s, "specific_heat", m.SpecificHeat)
		chi := l.across[0] / longTemperature
		c.compare(t, s, "susceptibility", chi)
		c.compare(t, s, "improved_susceptibility", chi)
		c.compare(t, s, "correlation_length", across, along)
		c.compare(t, s, "improved_xi_0", across)
		c.compare(t, s, "improved_xi_1", along)
		for _, name := range []string{"structure_factor", "improved_structure_factor"} {
			for k, want := range l.across {
				c.point(t, s, name, k, want)
			}
			for k, want := range l.along[1:] {
				c.point(t, s, name, longWidth/2+1+k, want)
			}
		}
		c.compare(t, s, "correlation", append(append([]float64(nil), l.near...), l.far[1:]...)...)
	})
	c.check(t)
}
