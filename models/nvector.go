package models

import (
	"fmt"
	"math"

	"mcrun/internal/lattice"
	"mcrun/mc"
	"mcrun/mc/param"
)

// NVector is the n-vector model (H. E. Stanley, Phys. Rev. Lett. 20, 589
// (1968)) on a periodic hypercubic lattice,
//
//	H = -J sum_<ij> S_i . S_j,   S_i unit vectors of N components,
//
// the XY model for N = 2 and the Heisenberg model for N = 3; run cards know it
// by these names. It is ferromagnetic where J > 0. The XY model on the square
// lattice has its transition at T = 0.8929(1) J, the Heisenberg model on the
// cubic one at beta J = 0.6930.
type NVector struct {
	Periodic
	Thermal
	N int     // components of a vector, 2 or more
	J float64 `card:"J" default:"1" doc:"coupling; ferromagnetic where positive"`

	lattice *Lattice         // nil before Prepare
	stencil *lattice.Stencil // of S, nil before Prepare
}

var (
	_ FieldCoupled = (*NVector)(nil)
	_ Spherical    = (*NVector)(nil)
	_ Energetic    = (*NVector)(nil)
	_ Ordered      = (*NVector)(nil)
	_ Regular      = (*NVector)(nil)
	_ SpinField    = (*NVector)(nil)
	_ Portable     = (*NVector)(nil)
	_ Frustrated   = (*NVector)(nil)
	_ Exact        = (*NVector)(nil)
)

func init() {
	Register(Entry{
		Name: "xy",
		Doc:  "XY model: H = -J sum cos(theta_i - theta_j)",
		New:  func() Spec { return &NVector{N: 2} },
		Example: []param.Setting{
			{Key: "shape", Value: []int{16, 16}},
			{Key: "temperature", Value: 0.9}, // just above the transition
		},
		Small: [][]param.Setting{
			small([]int{2}, "beta", 0.7),
			small([]int{2}, "beta", 4.0, "J", -0.8),
			small([]int{3}, "temperature", 1.1, "J", -1.0), // frustrated
			small([]int{5}, "beta", 0.9),
			small([]int{2, 2}, "beta", 0.45),
			small([]int{2, 2}, "temperature", 2.0, "J", -1.0),
			small([]int{4}, "beta", 0.0),
		},
	})
	Register(Entry{
		Name: "heisenberg",
		Doc:  "Heisenberg model: H = -J sum S_i . S_j, unit vectors of three components",
		New:  func() Spec { return &NVector{N: 3} },
		Example: []param.Setting{
			{Key: "shape", Value: []int{8, 8, 8}},
			{Key: "beta", Value: 0.693}, // the critical point
		},
		Small: [][]param.Setting{
			small([]int{2}, "beta", 0.7),
			small([]int{2}, "beta", 3.0, "J", -1.1),
			small([]int{3}, "temperature", 0.9, "J", -1.0), // frustrated
			small([]int{5}, "beta", 0.8),
			small([]int{2, 2}, "beta", 0.5),
			small([]int{4}, "beta", 0.0),
		},
	})
}

// Validate checks the number of components, and refuses couplings and
// temperatures for which averages of the energy, or of beta times it, overflow.
func (m *NVector) Validate() error {
	if m.N < 2 {
		return fmt.Errorf("models: vectors of %d components; expected N of 2 or more", m.N)
	}
	bonds := sites(m.Shape) * float64(len(m.Shape))
	return m.checkEnergy(term{"J", "a coupling", bonds * math.Abs(m.J)})
}

// Sites implements [Model].
func (m *NVector) Sites() int { return product(m.Shape) }

// Bytes implements [Model].
func (m *NVector) Bytes() (chain, tables float64) {
	return fieldBytes * float64(m.N) * sites(m.Shape), latticeBytes(m.Shape)
}

// Prepare implements [Model]. The error is that of Validate.
func (m *NVector) Prepare() error {
	if err := m.Validate(); err != nil {
		return err
	}
	m.lattice = NewLattice(m.Shape...)
	m.stencil = lattice.NewStencil(m.Shape, m.N, 0, 0, m.Beta()*m.J)
	return nil
}

// NewState implements [Model]. A cold start has all vectors along the first
// axis, for J < 0 on a lattice of even sides in staggered order; in a hot one
// they are uniform on the sphere.
func (m *NVector) NewState(start Start, random *mc.Stream) State {
	x := make(Field, m.Dim())
	for i := range m.Sites() {
		v := x[i*m.N : (i+1)*m.N]
		switch {
		case start == Hot:
			direction(v, random)
		case m.J < 0 && evenSides(m.Shape) && m.lattice.Parity(i) != 0:
			v[0] = -1
		default:
			v[0] = 1
		}
	}
	return x
}

// direction sets v to a uniform unit vector: normal variates, normalised.
func direction(v []float64, random *mc.Stream) {
	for {
		var square float64
		for k := range v {
			v[k] = random.NormFloat64()
			square += v[k] * v[k]
		}
		if square < 1e-200 { // too short to have a direction
			continue
		}
		length := math.Sqrt(square)
		for k := range v {
			v[k] /= length
		}
		return
	}
}

// Dim implements [Differentiable].
func (m *NVector) Dim() int { return m.N * m.Sites() }

// Action implements [Differentiable].
func (m *NVector) Action(x, s []float64) {
	k, n := m.Beta()*m.J, m.Dim()
	for c := range s {
		s[c] = -k * bondSum(m.Shape, x[c*n:(c+1)*n])
	}
}

// Gradient implements [Differentiable].
func (m *NVector) Gradient(x, s, g []float64) {
	n := m.Dim()
	for c := range s {
		s[c] = m.stencil.Gradient(x[c*n:(c+1)*n], g[c*n:(c+1)*n])
	}
}

// Sphere implements [Spherical].
func (m *NVector) Sphere() int { return m.N }

// FieldCouplings implements [FieldCoupled].
func (m *NVector) FieldCouplings() FieldCouplings {
	return FieldCouplings{Lattice: m.lattice, Components: m.N, Unit: true, K: m.Beta() * m.J}
}

// Frustrated implements [Frustrated].
func (m *NVector) Frustrated() bool { return m.J < 0 && !evenSides(m.Shape) }

// Energy implements [Energetic].
func (m *NVector) Energy(s State) float64 { return -m.J * bondSum(m.Shape, s.(Field)) }

// Order implements [Ordered], with the vector m = (1/N) sum S_i.
func (m *NVector) Order(s State) (abs, square float64) {
	x, n := s.(Field), float64(m.Sites())
	for c := range m.N {
		var sum float64
		for i := c; i < len(x); i += m.N {
			sum += x[i]
		}
		square += (sum / n) * (sum / n)
	}
	return math.Sqrt(square), square
}

// Components implements [SpinField].
func (m *NVector) Components() int { return m.N }

// Component implements [SpinField].
func (m *NVector) Component(s State, c int, dst []float64) {
	x := s.(Field)
	for i := range dst {
		dst[i] = x[i*m.N+c]
	}
}

// Array implements [Portable]: the sides of the lattice and then the
// components.
func (m *NVector) Array() Array {
	return Array{Type: "<f8", Shape: append(append([]int{}, m.Shape...), m.N)}
}

// Export implements [Portable].
func (m *NVector) Export(s State, dst []byte) []byte { return exportField(s, dst) }

// Import implements [Portable]. Vectors must have length 1 to nine digits.
func (m *NVector) Import(s State, src []byte) error {
	if err := importField(s, src); err != nil {
		return err
	}
	x := s.(Field)
	for i := range m.Sites() {
		var square float64
		for _, v := range x[i*m.N : (i+1)*m.N] {
			square += v * v
		}
		if !(math.Abs(square-1) < 2e-9) {
			return fmt.Errorf("models: site %d has a vector of length %v; expected 1: divide each vector by its length", i, math.Sqrt(square))
		}
	}
	return nil
}
