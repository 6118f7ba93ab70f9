package models

import "mcrun/mc"

// Field is the configuration of a model of continuous variables: the numbers
// of all sites in row-major order, those of one site together. A site holds a
// real number, or the n components of a vector.
type Field []float64

// Save implements [mc.Saver].
func (x Field) Save(snap *mc.Snapshot, prefix string) { mc.Put(snap, prefix+".field", x) }

// Load implements [mc.Saver].
func (x Field) Load(snap *mc.Snapshot, prefix string) error {
	return mc.Get(snap, prefix+".field", x)
}

// Differentiable is the ability that gradient-based kernels ask for: a
// density pi(x) ~ exp(-S(x)) of real coordinates, with the gradient of the
// action S = beta H. The model's State is Field.
type Differentiable interface {
	Model
	// Dim returns the number of coordinates of a configuration.
	Dim() int
	// Action writes S of each configuration of a batch; x holds len(s) of
	// them, one after the other.
	Action(x, s []float64)
	// Gradient writes S of each configuration of a batch and dS/dx, which is
	// laid out as x.
	Gradient(x, s, g []float64)
}

// Leaper is the ability of a [Differentiable] model in R^n to integrate its
// equations of motion in one pass over a configuration, for which no action is
// needed: where a gradient is cheap that takes half the time or less.
type Leaper interface {
	Differentiable
	// Leap moves a configuration with the velocities p for a time drift and then
	// kicks these, by the force that it finds there, for a time kick:
	//
	//	x += drift p,   p -= kick dS/dx.
	Leap(x, p []float64, drift, kick float64)
}

// Sitewise is the ability of a [Differentiable] model in R^n to say what a change of
// one coordinate costs, at the price of much less than an action. What it takes for
// that the caller keeps beside a configuration, in an array v.
type Sitewise interface {
	Differentiable
	// Follow writes v, of Dim numbers, of a configuration.
	Follow(x Field, v []float64)
	// ActionChange returns S(x with d added to coordinate i) - S(x).
	ActionChange(x Field, v []float64, i int, d float64) float64
	// FollowChange changes v as d is added to coordinate i. Rounding errors add
	// up until Follow is called again.
	FollowChange(v []float64, i int, d float64)
}

// Spherical is the ability of a [Differentiable] model whose sites hold unit
// vectors: its measure is the uniform one on the spheres. Action and Gradient
// take the components as coordinates; kernels use the part of the gradient
// that is tangent to the spheres, and keep the vectors normalised.
type Spherical interface {
	Differentiable
	// Sphere returns the number n of components of the unit vector of a site.
	Sphere() int
}

// FieldCoupled is the ability that local and cluster kernels of fields ask
// for:
//
//	S = -K sum_<xy> phi_x . phi_y + sum_x (A |phi_x|^2 + B |phi_x|^4),
//
// with bonds of a periodic lattice. It covers the Gaussian model, phi^4, and
// with unit vectors XY and Heisenberg. The model's State is Field.
type FieldCoupled interface {
	Differentiable
	// FieldCouplings returns what is in S, to be read only. Before Prepare,
	// Lattice may be missing.
	FieldCouplings() FieldCouplings
}

// FieldCouplings are the parameters of a [FieldCoupled] model, beta included.
type FieldCouplings struct {
	Lattice    *Lattice
	Components int  // n, of the vector at a site
	Unit       bool // whether the vectors have length 1; then A = B = 0
	K, A, B    float64
}

// LocalField writes the sum of the vectors of the neighbours of site i, times
// K, to dst: S depends on phi_i by -dst . phi_i + A |phi_i|^2 + B |phi_i|^4.
func (c *FieldCouplings) LocalField(x Field, i int, dst []float64) {
	clear(dst)
	n := c.Components
	for _, j := range c.Lattice.Neighbours(i) {
		for k := range dst {
			dst[k] += x[int(j)*n+k]
		}
	}
	for k := range dst {
		dst[k] *= c.K
	}
}
