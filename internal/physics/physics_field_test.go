package physics

import (
	"fmt"
	"testing"
)

// correlations returns C(r) along the axes of a periodic lattice, direction after
// direction, r = 0..side/2 with 0 once, by listing all states.
func correlations(s *system, shape []int) []float64 {
	n := len(s.fields)
	var list []float64
	p := s.probabilities()
	stride := n
	for mu, side := range shape {
		stride /= side
		for r := min(mu, 1); r <= side/2; r++ {
			var sum float64
			for state, p := range p {
				for i := range n {
					x := i / stride % side
					j := i + ((x+r)%side-x)*stride
					sum += p * spin(uint64(state), i) * spin(uint64(state), j) / float64(n)
				}
			}
			list = append(list, sum)
		}
	}
	return list
}

// The Ising model in three dimensions with a field, ferromagnetic and
// antiferromagnetic: a side of 2 has double bonds, one of 3 frustrates.
func TestField(t *testing.T) {
	var c scores
	t.Run("systems", func(t *testing.T) {
		shape := []int{2, 2, 3}
		for _, x := range []struct{ beta, j, h float64 }{{0.25, 1, 0.1}, {0.2, 1, -0.4}, {0.4, -1, 0.5}} {
			if brief() && x.j < 0 {
				continue
			}
			t.Run(fmt.Sprintf("J=%g,h=%g", x.j, x.h), func(t *testing.T) {
				s := grid(shape, true, x.beta, x.j, x.h)
				m := s.enumerate()
				want := m.values()
				want["improved_susceptibility"] = want["susceptibility"]
				want["energy_cumulant"] = 1 - m.energy4/(3*m.ee*m.ee)
				// d<m>/d beta, but for h, which is a part of H.
				want["response"] = m.energy*m.mag - m.em
				correlation := correlations(s, shape)
				r := read(t, "field.toml", fmt.Sprintf(`
[model]
name = "ising"
shape = [2, 2, 3]
beta = %v
J = %v
h = %v
[run]
chains = 32
thermalize = 100
sweeps = %d
[observables]
record = ["energy", "specific_heat", "magnetization", "abs_magnetization", "susceptibility", "connected_susceptibility", "binder", "improved_susceptibility", "correlation"]
[observables.derived]
energy_cumulant = "1 - mean(energy^4) / (3 * mean(energy^2)^2)"
response = "N * (energy * magnetization - mean(energy * magnetization))"
`, x.beta, x.j, x.h, length(5000))+everyKernel)
				r.each(t, func(t *testing.T, s *sample) {
					for name, v := range want {
						c.compare(t, s, name, v)
					}
					c.compare(t, s, "correlation", correlation...)
				})
			})
		}
	})
	c.check(t)
}
