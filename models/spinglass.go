package models

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"mcrun/mc"
	"mcrun/mc/param"
)

// SpinGlass is the Edwards-Anderson model on a periodic hypercubic lattice,
//
//	H = -J sum_<ij> J_ij s_i s_j - h sum_i s_i,   s_i = +-1,
//
// with quenched couplings J_ij that are drawn once, one for each bond in the
// order site, direction: +1 or -1 with equal probability, or normal variates
// of mean 0 and variance 1 (Edwards and Anderson, J. Phys. F 5, 965 (1975)).
// They depend on the key disorder_seed, the shape and the kind of disorder
// alone, and neither on the seed of the run nor on the temperature. The two
// bonds that join a pair of sites on a side of length 2 are drawn apart and
// added up.
//
// With a file of couplings (see the package's documentation) in place of a
// shape J_ij is any symmetric matrix, and
//
//	H = -J sum_<ij> J_ij s_i s_j - sum_i (h + h_i) s_i.
type SpinGlass struct {
	Periodic `optional:"true"`
	File     *param.File `card:"couplings" doc:"file of bonds J_ij and fields h_i; or shape"`
	Thermal
	// Disorder and DisorderSeed are nil beside a file. On a lattice Validate
	// sets them if they are.
	Disorder     *string `card:"disorder" oneof:"+-J gaussian" doc:"how the couplings of a lattice are drawn; +-J if absent"`
	DisorderSeed *uint64 `card:"disorder_seed" doc:"seed of the couplings of a lattice; 1 if absent"`
	J            float64 `card:"J" default:"1" doc:"scale of the couplings"`
	H            float64 `card:"h" default:"0" doc:"magnetic field"`

	listed    *couplingsFile // nil on a lattice
	couplings *Couplings     // nil before Prepare
}

var (
	_ PairCoupled = (*SpinGlass)(nil)
	_ Energetic   = (*SpinGlass)(nil)
	_ Magnetic    = (*SpinGlass)(nil)
	_ Regular     = (*SpinGlass)(nil)
	_ SpinField   = (*SpinGlass)(nil)
	_ Portable    = (*SpinGlass)(nil)
	_ Frustrated  = (*SpinGlass)(nil)
	_ Exact       = (*SpinGlass)(nil)
)

func init() {
	Register(Entry{
		Name: "spin-glass",
		Doc:  "spin glass: H = -J sum J_ij s_i s_j - h sum s_i, s = +-1, J_ij random or from a file",
		New:  func() Spec { return new(SpinGlass) },
		Example: []param.Setting{
			{Key: "shape", Value: []int{6, 6, 6}},
			{Key: "disorder", Value: "+-J"},
			{Key: "disorder_seed", Value: 1},
			{Key: "temperature", Value: 1.5},
		},
		Small: [][]param.Setting{
			small([]int{2, 2}, "temperature", 1.0),
			small([]int{2, 3}, "temperature", 0.7, "disorder_seed", 3),
			small([]int{3, 3}, "temperature", 0.9, "disorder", "gaussian", "h", 0.3),
			small([]int{2, 2, 2}, "temperature", 0.8, "disorder", "gaussian", "disorder_seed", 7),
			small([]int{5}, "beta", 1.4, "disorder", "gaussian", "J", -0.7),
			small([]int{4, 2}, "beta", 0.6, "J", 1.5, "h", -0.4),
			small([]int{2, 2}, "beta", 0.0, "h", 1.0),
			// All pairs of five sites, fields of both signs.
			smallFile("5\n0 1 0.8\n0 2 -1.1\n0 3 0.4\n0 4 0.3\n1 2 0.9\n1 3 -0.2\n1 4 0.6\n2 3 1.3\n2 4 -0.5\n3 4 0.1\n0 0.2\n1 -0.6\n4 0.1\n", "temperature", 1.0),
			// A tree.
			smallFile("7\n0 1 1\n0 2 -1\n1 3 0.5\n1 4 -0.5\n2 5 2\n2 6 1\n", "temperature", 0.8),
		},
	})
}

// largestDraw bounds a normal variate of 64 random bits.
const largestDraw = 16

// Validate checks what the keys say together, reads the file of couplings, and
// refuses couplings, fields and temperatures for which the energies of the
// configurations, or beta times them, are too large to be averaged. It sets
// Disorder and DisorderSeed on a lattice if the card does not.
func (m *SpinGlass) Validate() (err error) {
	if m.listed, err = bonded(m.Shape, m.File); err != nil {
		return err
	}
	if m.listed != nil {
		const beside = "given beside couplings"
		const expected = "none: the file says all couplings"
		switch {
		case m.Disorder != nil:
			return &param.Error{Key: "disorder", Problem: beside, Expected: expected}
		case m.DisorderSeed != nil:
			return &param.Error{Key: "disorder_seed", Problem: beside, Expected: expected}
		}
		return m.checkEnergy(m.listed.terms(m.J, m.H)...)
	}
	m.setDisorder()
	n := float64(m.Sites())
	if n*float64(len(m.Shape)) > maxBonds {
		return &param.Error{Key: "shape", Problem: "has too many bonds", Expected: "fewer than 2^31 bonds"}
	}
	return m.checkEnergy(
		term{"J", "a scale", largestDraw * n * float64(len(m.Shape)) * math.Abs(m.J)},
		term{"h", "a field", n * math.Abs(m.H)},
	)
}

// setDisorder sets what the card leaves out.
func (m *SpinGlass) setDisorder() {
	if m.Disorder == nil {
		kind := "+-J"
		m.Disorder = &kind
	}
	if m.DisorderSeed == nil {
		seed := uint64(1)
		m.DisorderSeed = &seed
	}
}

// draw returns the bonds of the lattice, one for each pair of neighbours.
func (m *SpinGlass) draw() []Bond {
	seed := mc.NewKey(*m.DisorderSeed, "spin-glass", fmt.Sprint(m.Shape), *m.Disorder)
	stream := mc.NewStream(seed)
	variate := rand.New(stream).NormFloat64
	if *m.Disorder == "+-J" {
		variate = func() float64 { return 1 - 2*float64(stream.Uint64()>>63) }
	}
	d, n := len(m.Shape), m.Sites()
	bonds := make([]Bond, 0, d*n)
	var placed []int // where the bond of each site and direction is, if another may join the pair
	if slices.Contains(m.Shape, 2) {
		placed = make([]int, d*n)
	}
	for i := range n {
		rest, stride := i, n
		for mu, side := range m.Shape {
			stride /= side
			x := rest / stride
			rest %= stride
			j := i + stride
			if x == side-1 {
				j -= side * stride
			}
			coupling := m.J * variate()
			if side == 2 {
				if x == 1 {
					bonds[placed[d*j+mu]].Coupling += coupling
					continue
				}
				placed[d*i+mu] = len(bonds)
			}
			bonds = append(bonds, Bond{i, j, coupling})
		}
	}
	return bonds
}

// Sites implements [Model].
func (m *SpinGlass) Sites() int {
	if m.listed != nil {
		return m.listed.sites
	}
	return product(m.Shape)
}

// Bytes implements [Model].
func (m *SpinGlass) Bytes() (chain, tables float64) {
	if m.listed != nil {
		return graphChainBytes(float64(m.listed.sites), float64(len(m.listed.bonds))), m.listed.bytes()
	}
	const bond = 24 // of the list that the graph is made of
	n := sites(m.Shape)
	bonds := n * float64(len(m.Shape))
	return graphChainBytes(n, bonds), latticeBytes(m.Shape) + graphBytes(n, bonds) + bond*bonds
}

// Prepare implements [Model].
func (m *SpinGlass) Prepare() error {
	if m.File != nil && m.listed == nil {
		if err := m.Validate(); err != nil {
			return err
		}
	}
	c := m.Couplings()
	if m.listed == nil {
		m.setDisorder()
		c.Lattice = NewLattice(m.Shape...)
		fields := make([]float64, m.Sites())
		for i := range fields {
			fields[i] = m.H
		}
		c.Graph = NewGraph(m.Sites(), m.draw(), fields)
	}
	m.couplings = c
	return nil
}

// NewState implements [Model]. A cold start satisfies all bonds if the model is
// not frustrated, each connected part turned so that it gains from the fields.
// Else the ground state is not known: the spins follow their fields, or are up.
func (m *SpinGlass) NewState(start Start, random *mc.Stream) State {
	if start == Cold {
		return m.couplings.Graph.cold()
	}
	s := make(Spins, m.Sites())
	hotSpins(s, 2, random)
	return s
}

// States implements [Discrete].
func (m *SpinGlass) States() int { return 2 }

// EnergyChange implements [Discrete].
func (m *SpinGlass) EnergyChange(s Spins, i int, k uint8) float64 {
	return m.couplings.Graph.energyChange(s, i, k)
}

// Couplings implements [PairCoupled].
func (m *SpinGlass) Couplings() *Couplings {
	switch {
	case m.couplings != nil:
		return m.couplings
	case m.listed != nil:
		return &Couplings{Pair: Product, Graph: m.listed.graph(m.J, m.H)}
	}
	return &Couplings{Pair: Product, J: m.J, H: m.H}
}

// surelyFrustrated is a number of sites from which on no random lattice of two
// dimensions or more is without frustration, but for a chance below 2^-1000: it
// has a loop for every eighth site at least, the sign of each of which is
// independent of the others.
const surelyFrustrated = 1 << 14

// Frustrated implements [Frustrated]. It does not draw the couplings of a large
// lattice, of which it may be asked before there is memory for them.
func (m *SpinGlass) Frustrated() bool {
	switch {
	case m.listed != nil:
		return m.listed.frustrated(m.J)
	case m.J == 0:
		return false
	case len(m.Shape) > 1 && m.Sites() >= surelyFrustrated:
		return true
	}
	m.setDisorder()
	return frustrated(m.Sites(), m.draw())
}

// Energy implements [Energetic].
func (m *SpinGlass) Energy(s State) float64 { return m.couplings.Graph.energy(s.(Spins)) }

// Magnetization implements [Magnetic].
func (m *SpinGlass) Magnetization(s State) float64 { return magnetization(s.(Spins)) }

// Components implements [SpinField].
func (m *SpinGlass) Components() int { return 1 }

// Component implements [SpinField].
func (m *SpinGlass) Component(s State, c int, dst []float64) { twoSpins.component(s, dst) }

// Array implements [Portable].
func (m *SpinGlass) Array() Array { return twoSpins.array(m.Shape, m.Sites()) }

// Export implements [Portable].
func (m *SpinGlass) Export(s State, dst []byte) []byte { return twoSpins.export(s, dst) }

// Import implements [Portable].
func (m *SpinGlass) Import(s State, src []byte) error { return twoSpins.restore(s, src) }

// Exact implements [Exact], by [SumStates] or [Eliminate].
func (m *SpinGlass) Exact() map[string]float64 { return exact(m) }
