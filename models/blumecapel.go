package models

import (
	"math"

	"mcrun/mc"
	"mcrun/mc/param"
)

// BlumeCapel is the Blume-Capel model on a periodic hypercubic lattice,
//
//	H = -J sum_<ij> s_i s_j + D sum_i s_i^2,   s_i = -1, 0, 1,
//
// whose single-site energy D, the crystal field, favours empty sites where
// positive. State k of a site is the spin k - 1 (Blume, Phys. Rev. 141, 517
// (1966); Capel, Physica 32, 966 (1966)). Where D goes to minus infinity it is
// the Ising model.
type BlumeCapel struct {
	Periodic
	Thermal
	J float64 `card:"J" default:"1" doc:"coupling; ferromagnetic where positive"`
	D float64 `card:"D" doc:"crystal field, the energy of a spin that is not 0"`

	couplings *Couplings // nil before Prepare
}

var (
	_ PairCoupled = (*BlumeCapel)(nil)
	_ Energetic   = (*BlumeCapel)(nil)
	_ Magnetic    = (*BlumeCapel)(nil)
	_ Regular     = (*BlumeCapel)(nil)
	_ SpinField   = (*BlumeCapel)(nil)
	_ Portable    = (*BlumeCapel)(nil)
	_ Frustrated  = (*BlumeCapel)(nil)
	_ Exact       = (*BlumeCapel)(nil)
)

func init() {
	Register(Entry{
		Name: "blume-capel",
		Doc:  "Blume-Capel model: H = -J sum s_i s_j + D sum s_i^2, s = -1, 0, 1",
		New:  func() Spec { return new(BlumeCapel) },
		Example: []param.Setting{
			{Key: "shape", Value: []int{16, 16}},
			{Key: "D", Value: 0.0},
			{Key: "temperature", Value: 1.6935}, // near T_c of the square lattice at D = 0
		},
		Small: [][]param.Setting{
			small([]int{2, 2}, "D", 0.0, "temperature", 1.6935),
			small([]int{2, 2}, "D", 1.965, "temperature", 0.609), // near the tricritical point
			small([]int{2, 3}, "D", 0.5, "temperature", 1.0),
			small([]int{2, 3}, "D", -2.0, "temperature", 2.0),
			small([]int{3, 2}, "D", 0.3, "temperature", 0.7, "J", -1.0),
			small([]int{5}, "D", 0.9, "temperature", 0.4),
			small([]int{4}, "D", 2.5, "beta", 1.5, "J", -1.0),
			small([]int{3}, "D", -0.4, "beta", 1.2, "J", 0.0),
			small([]int{5}, "D", 1.0, "beta", 0.0),
			small([]int{7}, "D", 0.2, "beta", 0.9),
		},
	})
}

// Validate refuses couplings and temperatures for which the energies of the
// configurations, or beta times them, are too large to be averaged.
func (m *BlumeCapel) Validate() error {
	n := float64(m.Sites())
	return m.checkEnergy(
		term{"J", "a coupling", n * float64(len(m.Shape)) * math.Abs(m.J)},
		term{"D", "a crystal field", n * math.Abs(m.D)},
	)
}

// Sites implements [Model].
func (m *BlumeCapel) Sites() int { return product(m.Shape) }

// Bytes implements [Model].
func (m *BlumeCapel) Bytes() (chain, tables float64) {
	return spinBytes * sites(m.Shape), latticeBytes(m.Shape)
}

// Prepare implements [Model].
func (m *BlumeCapel) Prepare() error {
	c := m.Couplings()
	c.Lattice = NewLattice(m.Shape...)
	m.couplings = c
	return nil
}

// NewState implements [Model]. A cold start has all spins 0 or all 1,
// whichever has the lower energy; of an antiferromagnet on a lattice of even
// sides all 0 or staggered. That is a ground state but for an antiferromagnet
// with an odd side.
func (m *BlumeCapel) NewState(start Start, random *mc.Stream) State {
	s := make(Spins, m.Sites())
	staggered := m.J < 0 && evenSides(m.Shape)
	bonds := m.J * float64(len(m.Shape)) // of a site, at the lowest energy
	if staggered {
		bonds = -bonds
	}
	switch {
	case start == Hot:
		hotSpins(s, 3, random)
	case m.D > bonds:
		stagger(s, m.couplings.Lattice, 1, 1)
	case staggered:
		stagger(s, m.couplings.Lattice, 2, 0)
	default:
		stagger(s, m.couplings.Lattice, 2, 2)
	}
	return s
}

// States implements [Discrete].
func (m *BlumeCapel) States() int { return 3 }

// EnergyChange implements [Discrete].
func (m *BlumeCapel) EnergyChange(s Spins, i int, k uint8) float64 {
	neighbours := m.couplings.Lattice.Neighbours(i)
	sum := -len(neighbours)
	for _, j := range neighbours {
		sum += int(s[j])
	}
	was, is := int(s[i])-1, int(k)-1
	return -m.J*float64(sum*(is-was)) + m.D*float64(is*is-was*was)
}

// Couplings implements [PairCoupled].
func (m *BlumeCapel) Couplings() *Couplings {
	if m.couplings != nil {
		return m.couplings
	}
	return &Couplings{Pair: Product, J: m.J, Self: []float64{m.D, 0, m.D}}
}

// Frustrated implements [Frustrated].
func (m *BlumeCapel) Frustrated() bool { return m.J < 0 && !evenSides(m.Shape) }

// Energy implements [Energetic].
func (m *BlumeCapel) Energy(s State) float64 {
	spins := s.(Spins)
	occupied := len(spins) - countBit(spins, 0)
	return -m.J*float64(sumBonds(m.Shape, spins, products)) + m.D*float64(occupied)
}

// Magnetization implements [Magnetic].
func (m *BlumeCapel) Magnetization(s State) float64 {
	spins := s.(Spins)
	sum := countBit(spins, 0) + 2*countBit(spins, 1) - len(spins)
	return float64(sum) / float64(len(spins))
}

// Components implements [SpinField].
func (m *BlumeCapel) Components() int { return 1 }

// Component implements [SpinField].
func (m *BlumeCapel) Component(s State, c int, dst []float64) { threeSpins.component(s, dst) }

// Array implements [Portable].
func (m *BlumeCapel) Array() Array { return threeSpins.array(m.Shape, m.Sites()) }

// Export implements [Portable].
func (m *BlumeCapel) Export(s State, dst []byte) []byte { return threeSpins.export(s, dst) }

// Import implements [Portable].
func (m *BlumeCapel) Import(s State, src []byte) error { return threeSpins.restore(s, src) }

// Exact implements [Exact], by [SumStates] or [Eliminate].
func (m *BlumeCapel) Exact() map[string]float64 { return exact(m) }
