package models

import (
	"math"

	"mcrun/mc"
	"mcrun/mc/param"
)

// Ising is the Ising model,
//
//	H = -J sum_<ij> s_i s_j - h sum_i s_i,   s_i = +-1,
//
// on a periodic hypercubic lattice, ferromagnetic where J > 0. In two
// dimensions and without a field its critical temperature is
// T_c = 2/ln(1+sqrt 2) = 2.269185314213022 |J|.
//
// With a file of couplings (see the package's documentation) in place of a
// shape it is the model on any graph,
//
//	H = -J sum_<ij> J_ij s_i s_j - sum_i (h + h_i) s_i.
type Ising struct {
	Periodic `optional:"true"`
	File     *param.File `card:"couplings" doc:"file of bonds J_ij and fields h_i; or shape"`
	Thermal
	J float64 `card:"J" default:"1" doc:"coupling; ferromagnetic where positive"`
	H float64 `card:"h" default:"0" doc:"magnetic field"`

	listed    *couplingsFile // nil on a lattice
	couplings *Couplings     // nil before Prepare
}

var (
	_ PairCoupled = (*Ising)(nil)
	_ Energetic   = (*Ising)(nil)
	_ Magnetic    = (*Ising)(nil)
	_ Regular     = (*Ising)(nil)
	_ SpinField   = (*Ising)(nil)
	_ Portable    = (*Ising)(nil)
	_ Frustrated  = (*Ising)(nil)
	_ Exact       = (*Ising)(nil)
)

func init() {
	Register(Entry{
		Name: "ising",
		Doc:  "Ising model: H = -J sum s_i s_j - h sum s_i, s = +-1",
		New:  func() Spec { return new(Ising) },
		Example: []param.Setting{
			{Key: "shape", Value: []int{16, 16}},
			{Key: "temperature", Value: 2.269185314213022}, // T_c of the square lattice
		},
		Small: [][]param.Setting{
			small([]int{2}, "beta", 0.7),
			small([]int{5}, "beta", 0.6, "J", -1.0), // frustrated
			small([]int{2, 2}, "beta", 0.3),
			small([]int{2, 2}, "beta", 0.0, "h", 0.5),
			small([]int{2, 3}, "temperature", 2.269185314213022, "h", -0.3),
			small([]int{3, 2}, "temperature", 0.5, "J", -0.8),
			small([]int{3, 3}, "temperature", 2.269185314213022),
			small([]int{3, 3}, "beta", 0.9, "J", -1.0, "h", 0.4),
			small([]int{2, 4}, "beta", 0.8, "J", 0.0, "h", -1.1),
			small([]int{2, 4}, "temperature", 1.2, "J", -1.0, "h", 0.7),
			small([]int{4, 3}, "temperature", 1.5, "h", 0.05),
			small([]int{2, 2, 2}, "beta", 0.2, "J", 1.0),
			small([]int{2, 2, 2}, "beta", 0.25, "J", -1.3, "h", -0.2),
			// Open chain, frustrated triangle with fields and a site apart,
			// and a path whose bond of coupling 0 parts it.
			smallFile("6\n0 1 1\n1 2 1\n2 3 1\n3 4 1\n4 5 1\n", "temperature", 1.3),
			smallFile("5\n0 1 -1\n1 2 -1.5\n2 0 -0.5\n2 3 1\n0 0.3\n3 -0.7\n", "temperature", 0.9),
			smallFile("4\n0 1 2\n1 2 0\n2 3 -0.4\n", "beta", 0.5, "J", -1.0, "h", 0.25),
		},
	})
}

// Validate checks what the keys say together, reads the file of couplings, and
// refuses couplings, fields and temperatures for which the energies of the
// configurations, or beta times them, are too large to be averaged.
func (m *Ising) Validate() (err error) {
	if m.listed, err = bonded(m.Shape, m.File); err != nil {
		return err
	}
	if m.listed != nil {
		return m.checkEnergy(m.listed.terms(m.J, m.H)...)
	}
	n := float64(m.Sites())
	return m.checkEnergy(
		term{"J", "a coupling", n * float64(len(m.Shape)) * math.Abs(m.J)},
		term{"h", "a field", n * math.Abs(m.H)},
	)
}

// Sites implements [Model].
func (m *Ising) Sites() int {
	if m.listed != nil {
		return m.listed.sites
	}
	return product(m.Shape)
}

// Bytes implements [Model].
func (m *Ising) Bytes() (chain, tables float64) {
	if m.listed != nil {
		return graphChainBytes(float64(m.listed.sites), float64(len(m.listed.bonds))), m.listed.bytes()
	}
	n := sites(m.Shape)
	return spinBytes * n, latticeBytes(m.Shape)
}

// Prepare implements [Model].
func (m *Ising) Prepare() error {
	if m.File != nil && m.listed == nil {
		if err := m.Validate(); err != nil {
			return err
		}
	}
	c := m.Couplings()
	if m.listed == nil {
		c.Lattice = NewLattice(m.Shape...)
	}
	m.couplings = c
	return nil
}

// NewState implements [Model]. A cold start has all spins up, or down in a
// negative field; of an antiferromagnet on a lattice of even sides it is the
// staggered order. On a graph it satisfies all bonds where some configuration
// does, each connected part turned so that it gains from the fields; else the
// spins follow their fields, or are up.
func (m *Ising) NewState(start Start, random *mc.Stream) State {
	if start == Cold && m.listed != nil {
		return m.couplings.Graph.cold()
	}
	s := make(Spins, m.Sites())
	switch {
	case start == Hot:
		hotSpins(s, 2, random)
	case m.J < 0 && evenSides(m.Shape):
		stagger(s, m.couplings.Lattice, 1, 0)
	case m.H >= 0:
		for i := range s {
			s[i] = 1
		}
	}
	return s
}

// States implements [Discrete].
func (m *Ising) States() int { return 2 }

// EnergyChange implements [Discrete].
func (m *Ising) EnergyChange(s Spins, i int, k uint8) float64 {
	if m.listed != nil {
		return m.couplings.Graph.energyChange(s, i, k)
	}
	if s[i] == k {
		return 0
	}
	var up int
	neighbours := m.couplings.Lattice.Neighbours(i)
	for _, j := range neighbours {
		up += int(s[j])
	}
	local := m.J*float64(2*up-len(neighbours)) + m.H
	return 2 * local * float64(2*int(s[i])-1)
}

// Couplings implements [PairCoupled].
func (m *Ising) Couplings() *Couplings {
	switch {
	case m.couplings != nil:
		return m.couplings
	case m.listed != nil:
		return &Couplings{Pair: Product, Graph: m.listed.graph(m.J, m.H)}
	}
	return &Couplings{Pair: Product, J: m.J, H: m.H}
}

// Frustrated implements [Frustrated].
func (m *Ising) Frustrated() bool {
	if m.listed != nil {
		return m.listed.frustrated(m.J)
	}
	return m.J < 0 && !evenSides(m.Shape)
}

// Energy implements [Energetic].
func (m *Ising) Energy(s State) float64 {
	spins := s.(Spins)
	if m.listed != nil {
		return m.couplings.Graph.energy(spins)
	}
	bonds := len(spins) * len(m.Shape)
	e := -m.J * float64(bonds-2*sumBonds(m.Shape, spins, unequalSpins))
	if m.H != 0 {
		e -= m.H * float64(2*countUp(spins)-len(spins))
	}
	return e
}

// Magnetization implements [Magnetic].
func (m *Ising) Magnetization(s State) float64 { return magnetization(s.(Spins)) }

// Components implements [SpinField].
func (m *Ising) Components() int { return 1 }

// Component implements [SpinField].
func (m *Ising) Component(s State, c int, dst []float64) { twoSpins.component(s, dst) }

// Array implements [Portable].
func (m *Ising) Array() Array { return twoSpins.array(m.Shape, m.Sites()) }

// Export implements [Portable].
func (m *Ising) Export(s State, dst []byte) []byte { return twoSpins.export(s, dst) }

// Import implements [Portable].
func (m *Ising) Import(s State, src []byte) error { return twoSpins.restore(s, src) }
