package models

import (
	"math"

	"mcrun/internal/lattice"
	"mcrun/mc"
	"mcrun/mc/param"
)

// ScalarField is the part of a model that is a real field phi on a periodic
// hypercubic lattice,
//
//	S = -K sum_<xy> phi_x phi_y + sum_x (A phi_x^2 + B phi_x^4):
//
// its lattice, its action and the gradient of it, and its order parameter.
type ScalarField struct {
	Periodic

	couplings FieldCouplings   // Lattice is nil before Prepare
	stencil   *lattice.Stencil // of S, nil before Prepare
}

// prepare makes the tables.
func (f *ScalarField) prepare(c FieldCouplings) {
	f.couplings = c
	f.couplings.Lattice = NewLattice(f.Shape...)
	f.stencil = lattice.NewStencil(f.Shape, 1, c.A, c.B, c.K)
}

// Sites implements [Model].
func (f *ScalarField) Sites() int { return product(f.Shape) }

// Beta implements [Model]. It is 1: a field's energy is its action.
func (f *ScalarField) Beta() float64 { return 1 }

// Bytes implements [Model].
func (f *ScalarField) Bytes() (chain, tables float64) {
	return fieldBytes * sites(f.Shape), latticeBytes(f.Shape)
}

// NewState implements [Model]. A cold start is the uniform field, or the
// staggered one where K < 0 and all sides are even, of least action. A hot one
// draws the sites independently from the normal distribution whose variance v
// solves the sites' Schwinger-Dyson equation at K = 0, 2 A v + 12 B v^2 = 1.
func (f *ScalarField) NewState(start Start, random *mc.Stream) State {
	c := f.couplings
	x := make(Field, f.Sites())
	if start == Hot {
		scale := math.Sqrt(variance(c.A, c.B))
		for i := range x {
			x[i] = scale * random.NormFloat64()
		}
		return x
	}
	staggered := c.K < 0 && evenSides(f.Shape)
	k := c.K
	if staggered {
		k = -k
	}
	well := k*float64(len(f.Shape)) - c.A // S/N = B phi^4 - well phi^2
	if c.B == 0 || well <= 0 {
		return x
	}
	phi := math.Sqrt(well / (2 * c.B))
	for i := range x {
		x[i] = phi
		if staggered && c.Lattice.Parity(i) != 0 {
			x[i] = -phi
		}
	}
	return x
}

// Dim implements [Differentiable].
func (f *ScalarField) Dim() int { return f.Sites() }

// Action implements [Differentiable].
func (f *ScalarField) Action(x, s []float64) {
	k, a, b := f.couplings.K, f.couplings.A, f.couplings.B
	n := f.Sites()
	for c := range s {
		phi := x[c*n : (c+1)*n]
		var sum float64
		for _, v := range phi {
			square := v * v
			sum += square * (a + b*square)
		}
		s[c] = sum - k*bondSum(f.Shape, phi)
	}
}

// Gradient implements [Differentiable].
func (f *ScalarField) Gradient(x, s, g []float64) {
	n := f.Sites()
	for c := range s {
		s[c] = f.stencil.Gradient(x[c*n:(c+1)*n], g[c*n:(c+1)*n])
	}
}

// Leap implements [Leaper].
func (f *ScalarField) Leap(x, p []float64, drift, kick float64) { f.stencil.Leap(x, p, drift, kick) }

// Magnetization implements [Magnetic].
func (f *ScalarField) Magnetization(s State) float64 { return mean(s.(Field)) }

// Components implements [SpinField].
func (f *ScalarField) Components() int { return 1 }

// Component implements [SpinField].
func (f *ScalarField) Component(s State, c int, dst []float64) { copy(dst, s.(Field)) }

// Array implements [Portable].
func (f *ScalarField) Array() Array { return Array{Type: "<f8", Shape: f.Shape} }

// Export implements [Portable].
func (f *ScalarField) Export(s State, dst []byte) []byte { return exportField(s, dst) }

// Import implements [Portable].
func (f *ScalarField) Import(s State, src []byte) error { return importField(s, src) }

// variance returns the positive solution v of 2 a v + 12 b v^2 = 1, and
// infinity if there is none.
func variance(a, b float64) float64 {
	root := math.Sqrt(a*a + 12*b)
	switch {
	case a > 0:
		return 1 / (a + root)
	case b > 0:
		return (root - a) / (12 * b)
	}
	return math.Inf(1)
}

const (
	// maxVariance bounds <phi^2>: beyond, the mass is lost when A is rounded.
	maxVariance = 1e8

	// maxParameter bounds the absolute values of a field's parameters.
	maxParameter = 1e20
)

// check says what is wrong with the parameters of an action that is not bounded
// from below, or of which averages overflow. It blames a key.
func (f *ScalarField) check(c FieldCouplings, key string) error {
	if max(math.Abs(c.K), math.Abs(c.A), c.B) > maxParameter {
		if c.B > maxParameter {
			key = "lambda"
		}
		return &param.Error{Key: key, Problem: "so large that averages of the action overflow", Expected: "parameters of order one"}
	}
	gap := c.lowest(f.Shape)
	if c.B == 0 && gap <= 0 {
		return &param.Error{Key: key, Problem: "such that the action is not bounded from below at lambda = 0", Expected: "lambda above 0, or mass2 above 0, or kappa below 1/(2d)"}
	}
	if variance(gap, c.B) > maxVariance {
		return &param.Error{Key: key, Problem: "so close to where the action is not bounded from below that <phi^2> exceeds 1e8", Expected: "parameters of order one"}
	}
	return nil
}

// lowest returns the lowest eigenvalue of the quadratic part of S,
// A - K sum_mu cos k_mu.
func (c *FieldCouplings) lowest(shape []int) float64 {
	gap := c.A
	for _, side := range shape {
		most := math.Abs(c.K) // of K cos k
		if c.K < 0 && side%2 != 0 {
			most *= math.Cos(math.Pi / float64(side))
		}
		gap -= most
	}
	return gap
}
