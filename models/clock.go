package models

import (
	"math"

	"mcrun/mc"
	"mcrun/mc/param"
)

// Clock is the clock model of q states on a periodic hypercubic lattice, the
// planar Potts model of R. B. Potts, Proc. Camb. Phil. Soc. 48, 106 (1952),
//
//	H = -J sum_<ij> cos(theta_i - theta_j),   theta_i = 2 pi k_i/q,  k_i = 0..q-1,
//
// ferromagnetic where J > 0. With q = 2 it is the Ising model of the same J, with
// q = 3 the Potts model of coupling 3J/2 but for a constant, with q = 4 two
// independent Ising models of J/2; where q goes to infinity it is the XY model.
// In two dimensions it has, for q >= 5, a phase with power laws between two
// transitions (J. V. Jose, L. P. Kadanoff, S. Kirkpatrick and D. R. Nelson, Phys.
// Rev. B 16, 1217 (1977)).
type Clock struct {
	Periodic
	Thermal
	Q int     `card:"q" min:"2" max:"256" doc:"number of angles"`
	J float64 `card:"J" default:"1" doc:"coupling; ferromagnetic where positive"`

	couplings *Couplings // nil before Prepare
	cos, sin  []float64  // of the angles
}

var (
	_ PairCoupled = (*Clock)(nil)
	_ Energetic   = (*Clock)(nil)
	_ Ordered     = (*Clock)(nil)
	_ Regular     = (*Clock)(nil)
	_ SpinField   = (*Clock)(nil)
	_ Portable    = (*Clock)(nil)
	_ Frustrated  = (*Clock)(nil)
	_ Exact       = (*Clock)(nil)
)

func init() {
	Register(Entry{
		Name: "clock",
		Doc:  "clock model: H = -J sum cos(2 pi (k_i - k_j)/q), k = 0..q-1",
		New:  func() Spec { return new(Clock) },
		Example: []param.Setting{
			{Key: "shape", Value: []int{16, 16}},
			{Key: "q", Value: 6},
			{Key: "temperature", Value: 0.8}, // between the two transitions of the square lattice
		},
		Small: [][]param.Setting{
			small([]int{2, 3}, "q", 2, "temperature", 2.0),
			small([]int{2, 2}, "q", 3, "beta", 0.7),
			small([]int{3}, "q", 3, "temperature", 0.7, "J", -0.8),
			small([]int{2, 2}, "q", 4, "temperature", 1.135),
			small([]int{3}, "q", 4, "temperature", 0.7, "J", -1.0), // frustrated
			small([]int{3}, "q", 5, "temperature", 0.6, "J", -1.0), // frustrated: the side is shorter than q
			small([]int{3}, "q", 6, "beta", 1.1),
			small([]int{2}, "q", 5, "beta", 0.0),
			small([]int{3}, "q", 3, "beta", 2.0, "J", 0.0),
			small([]int{2}, "q", 8, "beta", 0.9),
		},
	})
}

// Angles returns the cosines and sines of 2 pi k/q, k = 0..q-1. Those that are 0,
// 1/2 or 1 in absolute value are so to the bit.
func Angles(q int) (cos, sin []float64) {
	exact := func(v float64) float64 {
		if twice := math.Round(2 * v); math.Abs(2*v-twice) < 1e-14 {
			return twice / 2
		}
		return v
	}
	for k := range q {
		s, c := math.Sincos(2 * math.Pi * float64(k) / float64(q))
		cos, sin = append(cos, exact(c)), append(sin, exact(s))
	}
	return cos, sin
}

// Validate refuses couplings and temperatures for which the energies of the
// configurations, or beta times them, are too large to be averaged.
func (m *Clock) Validate() error {
	return m.checkEnergy(term{"J", "a coupling", sites(m.Shape) * float64(len(m.Shape)) * math.Abs(m.J)})
}

// Sites implements [Model].
func (m *Clock) Sites() int { return product(m.Shape) }

// Bytes implements [Model].
func (m *Clock) Bytes() (chain, tables float64) {
	return spinBytes * sites(m.Shape), latticeBytes(m.Shape)
}

// Prepare implements [Model].
func (m *Clock) Prepare() error {
	c := m.Couplings()
	c.Lattice = NewLattice(m.Shape...)
	m.couplings = c
	m.cos, m.sin = Angles(m.Q)
	return nil
}

// NewState implements [Model]. A cold start is a ground state, of k = 0 where J
// >= 0, but for a frustrated model, for which it is of k = 0 too.
func (m *Clock) NewState(start Start, random *mc.Stream) State {
	s := make(Spins, m.Sites())
	switch {
	case start == Hot:
		hotSpins(s, m.Q, random)
	case m.J < 0 && !m.Frustrated():
		m.oppose(s)
	}
	return s
}

// oppose makes neighbours as opposite as they can be. What k is at x is a sum over
// the directions; along a side it grows by q/2 and, for odd q, by half a unit more
// or less. Along an even side these alternate; along an odd one, of L >= q, there
// are (L+q)/2 steps up, so that the sum of all is a multiple of q.
func (m *Clock) oppose(s Spins) {
	walks := make([][]int, len(m.Shape))
	for mu, side := range m.Shape {
		k := 0
		for x := range side {
			walks[mu] = append(walks[mu], k)
			up := x%2 == 1
			if side%2 != 0 {
				up = x < (side+m.Q)/2
			}
			k += m.Q / 2
			if up && m.Q%2 != 0 {
				k++
			}
		}
	}
	for i := range s {
		rest, stride, k := i, len(s), 0
		for mu, side := range m.Shape {
			stride /= side
			k += walks[mu][rest/stride]
			rest %= stride
		}
		s[i] = uint8(k % m.Q)
	}
}

// States implements [Discrete].
func (m *Clock) States() int { return m.Q }

// EnergyChange implements [Discrete].
func (m *Clock) EnergyChange(s Spins, i int, k uint8) float64 {
	was := s[i]
	if was == k {
		return 0
	}
	var gained float64
	for _, j := range m.couplings.Lattice.Neighbours(i) {
		gained += m.cosine(k, s[j]) - m.cosine(was, s[j])
	}
	return -m.J * gained
}

// cosine returns that of the angle between two states.
func (m *Clock) cosine(a, b uint8) float64 {
	if a < b {
		a, b = b, a
	}
	return m.cos[a-b]
}

// Couplings implements [PairCoupled]. With two states, angles 0 and pi, they are
// the products of the spins +-1.
func (m *Clock) Couplings() *Couplings {
	if m.couplings != nil {
		return m.couplings
	}
	if m.Q == 2 {
		return &Couplings{Pair: Product, J: m.J}
	}
	return &Couplings{Pair: Cosine, J: m.J}
}

// Frustrated implements [Frustrated]. For J < 0 the angles of neighbours differ by
// pi, or, if q is odd, by pi/q more or less, of which a ring of q sites or any odd
// number of sites above closes.
func (m *Clock) Frustrated() bool {
	if m.J >= 0 {
		return false
	}
	for _, side := range m.Shape {
		if side%2 != 0 && (m.Q%2 == 0 || side < m.Q) {
			return true
		}
	}
	return false
}

// Energy implements [Energetic].
func (m *Clock) Energy(s State) float64 {
	spins := s.(Spins)
	var sum float64
	for mu := range m.Shape {
		sum += m.sumCosines(spins, mu)
	}
	return -m.J * sum
}

// sumCosines returns the sum of the cosines of all bonds of a direction.
func (m *Clock) sumCosines(s Spins, mu int) float64 {
	stride := 1
	for _, side := range m.Shape[mu+1:] {
		stride *= side
	}
	slab := stride * m.Shape[mu]
	var sum float64
	for at := 0; at < len(s); at += slab {
		// Every plane with the next, and the last with the first.
		planes := s[at : at+slab]
		for i, k := range planes[stride:] {
			sum += m.cosine(k, planes[i])
		}
		for i, k := range planes[slab-stride:] {
			sum += m.cosine(k, planes[i])
		}
	}
	return sum
}

// Order implements [Ordered], with the vector m = (1/N) sum (cos theta, sin theta).
func (m *Clock) Order(s State) (abs, square float64) {
	var count [256]int
	for _, k := range s.(Spins) {
		count[k]++
	}
	square = clockSquare(m.cos, m.sin, count[:m.Q], m.Sites())
	return math.Sqrt(square), square
}

// clockSquare returns |m|^2 of n sites, so many of which have each angle.
func clockSquare(cos, sin []float64, count []int, n int) float64 {
	var x, y float64
	for k, c := range count {
		x += float64(c) * cos[k]
		y += float64(c) * sin[k]
	}
	return (x*x + y*y) / (float64(n) * float64(n))
}

// Components implements [SpinField]: the cosine and the sine.
func (m *Clock) Components() int { return 2 }

// Component implements [SpinField].
func (m *Clock) Component(s State, c int, dst []float64) {
	of := m.cos
	if c == 1 {
		of = m.sin
	}
	for i, k := range s.(Spins) {
		dst[i] = of[k]
	}
}

// Array implements [Portable].
func (m *Clock) Array() Array { return colours(m.Q).array(m.Shape, m.Sites()) }

// Export implements [Portable].
func (m *Clock) Export(s State, dst []byte) []byte { return colours(m.Q).export(s, dst) }

// Import implements [Portable].
func (m *Clock) Import(s State, src []byte) error { return colours(m.Q).restore(s, src) }
