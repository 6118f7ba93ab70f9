package models

import (
	"math"

	"mcrun/mc"
	"mcrun/mc/param"
)

// Potts is the Potts model of q colours on a periodic hypercubic lattice,
//
//	H = -J sum_<ij> delta(s_i, s_j),   s_i = 0..q-1,
//
// ferromagnetic where J > 0. In two dimensions its critical temperature is
// T_c = J/ln(1+sqrt q); the transition is of first order where q > 4. With
// q = 2 it is the Ising model of coupling J/2.
type Potts struct {
	Periodic
	Thermal
	Q int     `card:"q" min:"2" max:"256" doc:"number of colours"`
	J float64 `card:"J" default:"1" doc:"coupling; ferromagnetic where positive"`

	couplings *Couplings // nil before Prepare
}

var (
	_ PairCoupled = (*Potts)(nil)
	_ Energetic   = (*Potts)(nil)
	_ Ordered     = (*Potts)(nil)
	_ Regular     = (*Potts)(nil)
	_ SpinField   = (*Potts)(nil)
	_ Portable    = (*Potts)(nil)
	_ Frustrated  = (*Potts)(nil)
	_ Exact       = (*Potts)(nil)
)

func init() {
	Register(Entry{
		Name: "potts",
		Doc:  "Potts model: H = -J sum delta(s_i, s_j), s = 0..q-1",
		New:  func() Spec { return new(Potts) },
		Example: []param.Setting{
			{Key: "shape", Value: []int{16, 16}},
			{Key: "q", Value: 3},
			{Key: "temperature", Value: 0.994972861071817}, // T_c = 1/ln(1+sqrt 3) of the square lattice
		},
		Small: [][]param.Setting{
			small([]int{2, 2}, "q", 2, "beta", 0.7),
			small([]int{3, 3}, "q", 2, "temperature", 0.8, "J", -1.0), // frustrated
			small([]int{2, 2}, "q", 3, "beta", 0.0),
			small([]int{2, 3}, "q", 3, "temperature", 0.994972861071817),
			small([]int{3, 2}, "q", 3, "temperature", 0.6, "J", -1.0),
			small([]int{5}, "q", 3, "temperature", 0.4),
			small([]int{7}, "q", 3, "temperature", 0.7, "J", -0.9),
			small([]int{2, 2}, "q", 4, "temperature", 0.9102392266268375),
			small([]int{4}, "q", 4, "beta", 1.1, "J", -1.0),
			small([]int{5}, "q", 4, "beta", 2.0, "J", 0.0),
			small([]int{2, 2}, "q", 5, "temperature", 0.85),
		},
	})
}

// Validate refuses couplings and temperatures for which the energies of the
// configurations, or beta times them, are too large to be averaged.
func (m *Potts) Validate() error {
	return m.checkEnergy(term{"J", "a coupling", float64(m.Sites()) * float64(len(m.Shape)) * math.Abs(m.J)})
}

// Sites implements [Model].
func (m *Potts) Sites() int { return product(m.Shape) }

// Bytes implements [Model].
func (m *Potts) Bytes() (chain, tables float64) {
	return spinBytes * sites(m.Shape), latticeBytes(m.Shape)
}

// Prepare implements [Model].
func (m *Potts) Prepare() error {
	c := m.Couplings()
	c.Lattice = NewLattice(m.Shape...)
	m.couplings = c
	return nil
}

// NewState implements [Model]. A cold start is a ground state, of colour 0
// where J >= 0. Where J < 0 it is staggered in the colours 0 and 1 on even
// sides, and in three colours on others; for q = 2 these have no ground state
// without broken bonds, and the start is of colour 0.
func (m *Potts) NewState(start Start, random *mc.Stream) State {
	s := make(Spins, m.Sites())
	switch {
	case start == Hot:
		hotSpins(s, m.Q, random)
	case m.J >= 0:
	case evenSides(m.Shape):
		stagger(s, m.couplings.Lattice, 0, 1)
	case m.Q > 2:
		threeColours(s, m.Shape)
	}
	return s
}

// threeColours colours a lattice so that no neighbours are alike. Coordinates
// along a side count 0 1 0 1 ..., and 2 at the end of an odd one, so that
// those of neighbours differ; the colour is their sum over the directions,
// modulo 3.
func threeColours(s Spins, shape []int) {
	for i := range s {
		rest, stride := i, len(s)
		var sum int
		for _, side := range shape {
			stride /= side
			x := rest / stride
			rest %= stride
			if x == side-1 && side%2 != 0 {
				sum += 2
			} else {
				sum += x % 2
			}
		}
		s[i] = uint8(sum % 3)
	}
}

// States implements [Discrete].
func (m *Potts) States() int { return m.Q }

// EnergyChange implements [Discrete].
func (m *Potts) EnergyChange(s Spins, i int, k uint8) float64 {
	was := s[i]
	if was == k {
		return 0
	}
	var gained int // equal neighbours
	for _, j := range m.couplings.Lattice.Neighbours(i) {
		switch s[j] {
		case k:
			gained++
		case was:
			gained--
		}
	}
	return -m.J * float64(gained)
}

// Couplings implements [PairCoupled].
func (m *Potts) Couplings() *Couplings {
	if m.couplings != nil {
		return m.couplings
	}
	return &Couplings{Pair: Equal, J: m.J}
}

// Frustrated implements [Frustrated]. Three colours are enough for all
// neighbours to differ.
func (m *Potts) Frustrated() bool { return m.J < 0 && m.Q == 2 && !evenSides(m.Shape) }

// Energy implements [Energetic].
func (m *Potts) Energy(s State) float64 {
	spins := s.(Spins)
	bonds := len(spins) * len(m.Shape)
	return -m.J * float64(bonds-sumBonds(m.Shape, spins, unequalColours))
}

// Order implements [Ordered].
func (m *Potts) Order(s State) (abs, square float64) {
	spins := s.(Spins)
	// Four tallies, so that runs of one colour do not wait for each other.
	var tally [4][256]int
	rest := spins
	for ; len(rest) >= 4; rest = rest[4:] {
		tally[0][rest[0]]++
		tally[1][rest[1]]++
		tally[2][rest[2]]++
		tally[3][rest[3]]++
	}
	for _, k := range rest {
		tally[0][k]++
	}
	var most int
	var squares float64
	for k := range m.Q {
		n := tally[0][k] + tally[1][k] + tally[2][k] + tally[3][k]
		most = max(most, n)
		squares += float64(n) * float64(n)
	}
	return pottsOrder(m.Q, len(spins), most, squares)
}

// pottsOrder returns |m| and m^2 of n sites of q colours, from the number of
// sites of the most frequent colour and the sum of all colours' squares.
func pottsOrder(q, n, most int, squares float64) (abs, square float64) {
	colours, sites := float64(q), float64(n)
	return (colours*float64(most)/sites - 1) / (colours - 1), (colours*squares/(sites*sites) - 1) / (colours - 1)
}

// Components implements [SpinField].
func (m *Potts) Components() int { return m.Q }

// Component implements [SpinField].
func (m *Potts) Component(s State, c int, dst []float64) {
	q := float64(m.Q)
	norm := math.Sqrt(q / (q - 1))
	for i, k := range s.(Spins) {
		dst[i] = -norm / q
		if int(k) == c {
			dst[i] = norm * (1 - 1/q)
		}
	}
}

// Array implements [Portable].
func (m *Potts) Array() Array { return colours(m.Q).array(m.Shape, m.Sites()) }

// Export implements [Portable].
func (m *Potts) Export(s State, dst []byte) []byte { return colours(m.Q).export(s, dst) }

// Import implements [Portable].
func (m *Potts) Import(s State, src []byte) error { return colours(m.Q).restore(s, src) }

// Exact implements [Exact], by [SumStates] or [Eliminate].
func (m *Potts) Exact() map[string]float64 { return exact(m) }
