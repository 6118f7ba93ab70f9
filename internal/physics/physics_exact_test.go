package physics

import (
	"math"
	"testing"
)

// Exact expectation values, by sums over states.

// A bond couples the sites i and j.
type bond struct {
	i, j     int
	strength float64
}

// A system are Ising spins on a graph,
//
//	H = -sum_bonds strength s_i s_j - sum_i field_i s_i.
type system struct {
	beta   float64
	bonds  []bond
	fields []float64 // of every site
}

// grid returns the system on a hypercubic lattice, numbered in row-major order,
// periodic or open.
func grid(shape []int, periodic bool, beta, j, h float64) *system {
	s := &system{beta: beta}
	n := 1
	for _, side := range shape {
		n *= side
	}
	for i := range n {
		s.fields = append(s.fields, h)
		stride := n
		for _, side := range shape {
			stride /= side
			switch x := i / stride % side; {
			case x < side-1:
				s.bonds = append(s.bonds, bond{i, i + stride, j})
			case periodic:
				s.bonds = append(s.bonds, bond{i, i - x*stride, j})
			}
		}
	}
	return s
}

// spin returns the spin of site i, whose bit in a state is set if it is up.
func spin(state uint64, i int) float64 { return float64(state>>i&1)*2 - 1 }

// energy returns H of a state.
func (s *system) energy(state uint64) float64 {
	var h float64
	for _, b := range s.bonds {
		h -= b.strength * spin(state, b.i) * spin(state, b.j)
	}
	for i, field := range s.fields {
		h -= field * spin(state, i)
	}
	return h
}

// probabilities returns those of all states.
func (s *system) probabilities() []float64 {
	p := make([]float64, 1<<len(s.fields))
	var z float64
	for state := range p {
		p[state] = math.Exp(-s.beta * s.energy(uint64(state)))
		z += p[state]
	}
	for state := range p {
		p[state] /= z
	}
	return p
}

// Moments are expectation values of a system.
type moments struct {
	n, beta     float64
	energy, ee  float64 // <H>, <H^2>
	mag, abs    float64 // <m>, <|m|>
	mag2, mag4  float64 // <m^2>, <m^4>
	energy4, em float64 // <H^4>, <H m>; of enumerate only
}

// values returns the values of observables by their names.
func (m moments) values() map[string]float64 {
	return map[string]float64{
		"energy":                   m.energy / m.n,
		"specific_heat":            m.beta * m.beta * (m.ee - m.energy*m.energy) / m.n,
		"magnetization":            m.mag,
		"abs_magnetization":        m.abs,
		"susceptibility":           m.n * m.beta * m.mag2,
		"connected_susceptibility": m.n * m.beta * (m.mag2 - m.abs*m.abs),
		"binder":                   1 - m.mag4/(3*m.mag2*m.mag2),
	}
}

// enumerate returns the moments by listing all states.
func (s *system) enumerate() moments {
	n := float64(len(s.fields))
	r := moments{n: n, beta: s.beta}
	for state, p := range s.probabilities() {
		e, m := s.energy(uint64(state)), 0.0
		for i := range s.fields {
			m += spin(uint64(state), i) / n
		}
		r.energy += p * e
		r.ee += p * e * e
		r.energy4 += p * e * e * e * e
		r.em += p * e * m
		r.mag += p * m
		r.abs += p * math.Abs(m)
		r.mag2 += p * m * m
		r.mag4 += p * m * m * m * m
	}
	return r
}

// eliminate returns the moments by summing over one site after the other. The
// sums over the first i sites are kept for each state of those of them that have
// bonds to others (the bits of the key) and for each number of spins that are up,
// so that the distribution of m is known; with the sums of the weights go those
// of weight times H and H^2.
func (s *system) eliminate() moments {
	type sums struct{ one, h, hh float64 }
	n := len(s.fields)
	last := make([]int, n) // the last site that a site has a bond to
	earlier := make([][]bond, n)
	for _, b := range s.bonds {
		i, j := min(b.i, b.j), max(b.i, b.j)
		last[i] = max(last[i], j)
		earlier[j] = append(earlier[j], bond{j, i, b.strength})
	}
	table := map[uint64][]sums{0: {{one: 1}}}
	for i, field := range s.fields {
		var done uint64
		for j := range i + 1 {
			if last[j] <= i {
				done |= 1 << j
			}
		}
		next := make(map[uint64][]sums)
		for key, list := range table {
			for up := range uint64(2) {
				state := key | up<<i
				e := -field * spin(state, i)
				for _, b := range earlier[i] {
					e -= b.strength * spin(state, i) * spin(state, b.j)
				}
				w := math.Exp(-s.beta * e)
				to := next[state&^done]
				if to == nil {
					to = make([]sums, i+2)
					next[state&^done] = to
				}
				for m, x := range list {
					y := &to[m+int(up)]
					y.one += w * x.one
					y.h += w * (x.h + e*x.one)
					y.hh += w * (x.hh + 2*e*x.h + e*e*x.one)
				}
			}
		}
		table = next
	}
	r := moments{n: float64(n), beta: s.beta}
	var z float64
	for up, x := range table[0] {
		m := float64(2*up-n) / r.n
		z += x.one
		r.energy += x.h
		r.ee += x.hh
		r.mag += x.one * m
		r.abs += x.one * math.Abs(m)
		r.mag2 += x.one * m * m
		r.mag4 += x.one * m * m * m * m
	}
	for _, v := range []*float64{&r.energy, &r.ee, &r.mag, &r.abs, &r.mag2, &r.mag4} {
		*v /= z
	}
	return r
}

// potts returns energy, specific heat, |m| and m^2 of the Potts model of q
// colours with J = 1 on a periodic lattice, by listing all states in which the
// first site has the first colour.
func potts(q int, shape []int, beta float64) map[string]float64 {
	bonds := grid(shape, true, 0, 1, 0).bonds
	n := len(bonds) / len(shape)
	earlier := make([][]int, n)
	for _, b := range bonds {
		i, j := min(b.i, b.j), max(b.i, b.j)
		earlier[j] = append(earlier[j], i)
	}
	boltzmann := make([]float64, len(bonds)+1)
	for equal := range boltzmann {
		boltzmann[equal] = math.Exp(beta * float64(equal))
	}
	colour, count := make([]int, n), make([]int, q)
	var z, e, ee, abs, square float64
	var visit func(site, equal int)
	visit = func(site, equal int) {
		if site == n {
			w, most, squares := boltzmann[equal], 0, 0
			for _, c := range count {
				most = max(most, c)
				squares += c * c
			}
			z += w
			e -= w * float64(equal)
			ee += w * float64(equal*equal)
			abs += w * float64(most)
			square += w * float64(squares)
			return
		}
		for k := range q {
			if site == 0 && k > 0 {
				break
			}
			colour[site] = k
			count[k]++
			more := 0
			for _, j := range earlier[site] {
				if colour[j] == k {
					more++
				}
			}
			visit(site+1, equal+more)
			count[k]--
		}
	}
	visit(0, 0)
	sites, colours := float64(n), float64(q)
	e, ee = e/z, ee/z
	m2 := (colours*square/z/(sites*sites) - 1) / (colours - 1)
	return map[string]float64{
		"energy":            e / sites,
		"specific_heat":     beta * beta * (ee - e*e) / sites,
		"abs_magnetization": (colours*abs/z/sites - 1) / (colours - 1),
		"susceptibility":    sites * beta * m2,
	}
}

// near reports whether two numbers agree but for rounding.
func near(a, b, tolerance float64) bool {
	return math.Abs(a-b) <= tolerance*math.Max(1, math.Max(math.Abs(a), math.Abs(b)))
}

// Both sums over the states of spins agree.
func TestEliminate(t *testing.T) {
	tangled := &system{beta: 0.7, fields: []float64{0.3, -0.2, 0, 0.5, -0.1, 0, 0.9}, bonds: []bond{
		{0, 5, 1}, {5, 2, -0.7}, {2, 0, 0.4}, {3, 1, 1.3}, {1, 6, -1}, {6, 3, 0.2}, {5, 6, 0.6}, {0, 2, 0.1},
	}}
	for _, s := range []*system{
		tangled, grid([]int{2, 2, 3}, true, 0.3, 1, 0.1), grid([]int{3, 4}, false, 0.5, -1, 0.2), grid([]int{9}, true, 0.8, 1, 0),
	} {
		want, got := s.enumerate().values(), s.eliminate().values()
		for name, v := range want {
			if !near(got[name], v, 1e-12) {
				t.Errorf("%d sites: %s is %v by elimination, %v by listing the states", len(s.fields), name, got[name], v)
			}
		}
	}
}
