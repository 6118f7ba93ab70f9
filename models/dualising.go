package models

import (
	"fmt"
	"math"

	"mcrun/mc"
	"mcrun/mc/param"
)

// DualIsing is the continuous dual of the Ising model (see [Dual]) as a model
// of its own, the density
//
//	pi(x) = exp(-1/2 x^T M^-1 x) prod_i cosh(x_i + b_i)
//
// of one real number a site. Its keys are those of [Ising] and the lowest
// eigenvalue of M.
type DualIsing struct {
	Periodic `optional:"true"`
	File     *param.File `card:"couplings" doc:"file of bonds J_ij and fields h_i; or shape"`
	Thermal
	J      float64 `card:"J" default:"1" doc:"coupling; ferromagnetic where positive"`
	H      float64 `card:"h" default:"0" doc:"magnetic field"`
	Offset float64 `card:"offset" default:"0.1" above:"0" max:"1e20" doc:"lowest eigenvalue of M"`

	ising *Ising // nil before Validate and Prepare
	dual  *Dual  // nil before Prepare
}

var (
	_ Dualised  = (*DualIsing)(nil)
	_ Sitewise  = (*DualIsing)(nil)
	_ Magnetic  = (*DualIsing)(nil)
	_ Regular   = (*DualIsing)(nil)
	_ SpinField = (*DualIsing)(nil)
	_ Portable  = (*DualIsing)(nil)
	_ Exact     = (*DualIsing)(nil)
)

func init() {
	Register(Entry{
		Name: "dual-ising",
		Doc:  "continuous dual of the Ising model: S = 1/2 x^T M^-1 x - sum ln cosh(x_i + b_i)",
		New:  func() Spec { return new(DualIsing) },
		Example: []param.Setting{
			{Key: "shape", Value: []int{16, 16}},
			{Key: "temperature", Value: 2.269185314213022}, // T_c of the square lattice
		},
		Small: [][]param.Setting{
			small([]int{2}, "beta", 0.7, "h", 0.2, "offset", 0.3),
			small([]int{3}, "beta", 0.6, "J", -1.0),
			small([]int{2, 2}, "beta", 0.4, "h", -0.7),
			small([]int{2, 3}, "temperature", 3.0, "offset", 0.5),
			small([]int{3}, "beta", 0.0, "h", 1.0, "offset", 1.0),
			smallFile("5\n0 1 1\n1 2 -0.5\n2 0 0.7\n3 4 2\n1 0.4\n4 -1\n", "temperature", 1.9, "h", 0.1),
		},
	})
}

// Validate checks what the keys say together, and reads the file of couplings.
func (m *DualIsing) Validate() error {
	m.ising = &Ising{Periodic: m.Periodic, File: m.File, Thermal: m.Thermal, J: m.J, H: m.H}
	if err := m.ising.Validate(); err != nil {
		return err
	}
	if m.File != nil && m.Sites() > maxDense {
		return &param.Error{
			Key:      "couplings",
			Problem:  fmt.Sprintf("%s has %d sites, and the continuous dual takes all elements of a matrix", param.Format(m.File.Path), m.Sites()),
			Expected: fmt.Sprintf("a graph of at most %d sites, or a shape", maxDense),
		}
	}
	spread := 2 * m.Thermal.Beta() * m.largestRow() // of the eigenvalues, at most
	if !(m.Offset >= minOffset*spread) {
		return &param.Error{
			Key:      "offset",
			Problem:  fmt.Sprintf("is %v, and lost in rounding beside the couplings times beta", m.Offset),
			Expected: fmt.Sprintf("at least %.2g", minOffset*spread),
		}
	}
	return nil
}

// largestRow returns the largest sum over the |J_ij| of a site.
func (m *DualIsing) largestRow() float64 {
	if m.File == nil {
		return 2 * float64(len(m.Shape)) * math.Abs(m.J)
	}
	return m.ising.Couplings().Graph.largestRow()
}

// Sites implements [Model].
func (m *DualIsing) Sites() int {
	if m.File != nil {
		return m.ising.Sites()
	}
	return product(m.Shape)
}

// Beta implements [Model]. It is 1, for the energy of a field is its action;
// that of the spins is Thermal.Beta.
func (m *DualIsing) Beta() float64 { return 1 }

// Bytes implements [Model].
func (m *DualIsing) Bytes() (chain, tables float64) {
	if m.File != nil {
		n := float64(m.Sites())
		_, graph := m.ising.Bytes()
		// M, its decompositions and its inverse.
		return fieldBytes * n, graph + 6*8*n*n
	}
	// The spectrum with what is made of it, a row of the inverse, and each
	// chain's transform.
	n := sites(m.Shape)
	return (fieldBytes + 16) * n, latticeBytes(m.Shape) + 28*n
}

// Prepare implements [Model]. The error says what [NewDual]'s says.
func (m *DualIsing) Prepare() (err error) {
	if m.ising == nil {
		if err := m.Validate(); err != nil {
			return err
		}
	}
	if err := m.ising.Prepare(); err != nil {
		return err
	}
	m.dual, err = NewDual(m.ising.Couplings(), m.Sites(), m.Thermal.Beta(), m.Offset)
	return err
}

// NewState implements [Model]. It is drawn given the spins with which the
// Ising model starts.
func (m *DualIsing) NewState(start Start, random *mc.Stream) State {
	x := make(Field, m.Sites())
	m.dual.SampleX(m.ising.NewState(start, random).(Spins), x, random)
	return x
}

// Spins implements [Dualised].
func (m *DualIsing) Spins() PairCoupled { return m.ising }

// SampleX implements [Dualised].
func (m *DualIsing) SampleX(s Spins, x Field, random *mc.Stream) { m.dual.SampleX(s, x, random) }

// Expect implements [Dualised].
func (m *DualIsing) Expect(x Field, t []float64) { m.dual.Expect(x, t) }

// Dim implements [Differentiable].
func (m *DualIsing) Dim() int { return m.Sites() }

// Action implements [Differentiable].
func (m *DualIsing) Action(x, s []float64) { m.dual.Action(x, s) }

// Gradient implements [Differentiable].
func (m *DualIsing) Gradient(x, s, g []float64) { m.dual.Gradient(x, s, g) }

// Follow implements [Sitewise].
func (m *DualIsing) Follow(x Field, v []float64) { m.dual.Follow(x, v) }

// ActionChange implements [Sitewise].
func (m *DualIsing) ActionChange(x Field, v []float64, i int, d float64) float64 {
	return m.dual.ActionChange(x, v, i, d)
}

// FollowChange implements [Sitewise].
func (m *DualIsing) FollowChange(v []float64, i int, d float64) { m.dual.FollowChange(v, i, d) }

// Magnetization implements [Magnetic], (1/N) sum x_i.
func (m *DualIsing) Magnetization(s State) float64 { return mean(s.(Field)) }

// Components implements [SpinField].
func (m *DualIsing) Components() int { return 1 }

// Component implements [SpinField].
func (m *DualIsing) Component(s State, c int, dst []float64) { copy(dst, s.(Field)) }

// Array implements [Portable].
func (m *DualIsing) Array() Array {
	if m.Shape == nil {
		return Array{Type: "<f8", Shape: []int{m.Sites()}}
	}
	return Array{Type: "<f8", Shape: m.Shape}
}

// Export implements [Portable].
func (m *DualIsing) Export(s State, dst []byte) []byte { return exportField(s, dst) }

// Import implements [Portable].
func (m *DualIsing) Import(s State, src []byte) error { return importField(s, src) }
