package proposals

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/floats"

	"mcrun/mc"
	"mcrun/models"
)

// An Integrator is a scheme that solves Hamilton's equations,
//
//	dx/dt = M^-1 p,   dp/dt = -dS/dx,
//
// in steps of time. Each is a product of exact flows of the two equations,
// drifts of x and kicks of p, that reads the same backwards: it is reversible
// and keeps the volume of phase space, and H = S + p M^-1 p/2 is conserved but
// for an error of the order of the step squared.
type Integrator string

// The integrators.
const (
	// Leapfrog is half a kick, a drift and half a kick: one gradient a step.
	Leapfrog Integrator = "leapfrog"
	// MinimumNorm is the scheme of second order whose error has the least
	// norm: kick lambda, drift 1/2, kick 1 - 2 lambda, drift 1/2, kick lambda,
	// with lambda = 0.1931833275037836; two gradients a step (I. P. Omelyan,
	// I. M. Mryglod and R. Folk, Comput. Phys. Commun. 151, 272 (2003),
	// eq. 31).
	MinimumNorm Integrator = "minimum-norm"
)

// minimumNorm is Omelyan's lambda.
const minimumNorm = 0.1931833275037836

// orDefault returns the integrator that an empty one stands for.
func (i Integrator) orDefault() Integrator {
	if i == "" {
		return MinimumNorm
	}
	return i
}

// A place is a configuration with its action and gradient, or those of several
// chains, one after the other as models take them.
type place struct {
	x, g models.Field
	s    []float64
	lost []bool // of chains: whether S was not finite here, or on the way
}

// newPlace returns a place that is none: no configuration equals it.
func newPlace(dim int) place { return newPlaces(dim, 1) }

// newPlaces returns a place of several chains that is none.
func newPlaces(dim, chains int) place {
	q := place{make(models.Field, dim*chains), make(models.Field, dim*chains), make([]float64, chains), make([]bool, chains)}
	for i := range q.x {
		q.x[i] = math.NaN()
	}
	return q
}

// copyFrom makes a place a copy of another.
func (a place) copyFrom(b place) {
	copy(a.x, b.x)
	copy(a.g, b.g)
	copy(a.s, b.s)
	copy(a.lost, b.lost)
}

// of returns the part of a slice like x that is of one chain.
func (a place) of(x []float64, chain int) []float64 {
	dim := len(x) / len(a.s)
	return x[chain*dim : (chain+1)*dim]
}

// take copies one chain of another place.
func (a place) take(b place, chain int) {
	copy(a.of(a.x, chain), b.of(b.x, chain))
	copy(a.of(a.g, chain), b.of(b.g, chain))
	a.s[chain], a.lost[chain] = b.s[chain], b.lost[chain]
}

// A motion is Hamilton's equations for a model. Where the sites hold unit
// vectors, these move on the product of spheres: momenta are tangent, a drift
// follows great circles, and a kick takes the part of the gradient that is
// tangent (S. Byrne and M. Girolami, Scand. J. Stat. 40, 825 (2013)).
type motion struct {
	model  models.Differentiable
	leaper models.Leaper  // the model, if it is one
	sphere int            // components of the unit vector of a site; 0 if there is none
	mass   *fourierNormal // the momenta's distribution; nil: M = 1
	v      []float64      // workspace for M^-1 p
	normal *mc.Stream
}

// newMotion returns the motion with M = 1.
func newMotion(m models.Differentiable, normal *mc.Stream) *motion {
	d := &motion{model: m, normal: normal}
	d.leaper, _ = m.(models.Leaper)
	if s, ok := m.(models.Spherical); ok {
		d.sphere = s.Sphere()
	}
	return d
}

// look evaluates S and its gradient at a place and reports whether some chain is
// not lost.
func (d *motion) look(q place) bool {
	d.model.Gradient(q.x, q.s, q.g)
	for c, s := range q.s {
		q.lost[c] = q.lost[c] || !finite(s)
	}
	return slices.Contains(q.lost, false)
}

// arrive makes q the place of the states of the chains, which another kernel may
// have moved since.
func (d *motion) arrive(q place, states ...models.Field) {
	moved := false
	for c, state := range states {
		if x := q.of(q.x, c); !slices.Equal(x, state) {
			copy(x, state)
			moved = true
		}
	}
	if moved {
		clear(q.lost)
		d.look(q)
	}
}

func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }

// draw draws momenta from exp(-p M^-1 p/2), on spheres those that are tangent
// at x.
func (d *motion) draw(x, p []float64) {
	if d.mass != nil {
		d.mass.draw(p, d.normal)
		return
	}
	d.normal.Normals(p)
	for at := 0; d.sphere > 0 && at < len(p); at += d.sphere {
		project(x[at:at+d.sphere], p[at:at+d.sphere])
	}
}

// kinetic returns p M^-1 p/2 of one chain.
func (d *motion) kinetic(p []float64) float64 {
	return floats.Dot(p, d.velocity(p)) / 2
}

// velocity returns M^-1 p, which holds until the next call.
func (d *motion) velocity(p []float64) []float64 {
	if d.mass == nil {
		return p
	}
	dim := d.model.Dim()
	for at := 0; at < len(p); at += dim {
		d.mass.inverse(d.v[at:at+dim], p[at:at+dim])
	}
	return d.v[:len(p)]
}

// run moves a place and its momenta along by n steps. It reports false where all
// chains are lost at the end, or, where it stops, on the way: their actions are not
// finite. The actions on the way of a model that leaps are not computed.
func (d *motion) run(q place, p []float64, scheme Integrator, n int, step float64) bool {
	parts, first, inner := 1, 0.5, 0.0 // drifts in a step, and its kicks
	if scheme == MinimumNorm {
		parts, first, inner = 2, minimumNorm, 1-2*minimumNorm
	}
	d.kick(q, p, first*step)
	for i := 1; i < n*parts; i++ {
		kick := inner * step
		if i%parts == 0 { // the last of a step and the first of the next
			kick = 2 * first * step
		}
		if d.leaper != nil && d.mass == nil {
			for c := range q.s {
				d.leaper.Leap(q.of(q.x, c), q.of(p, c), step/float64(parts), kick)
			}
			continue
		}
		d.drift(q.x, p, step/float64(parts))
		if !d.look(q) {
			return false
		}
		d.kick(q, p, kick)
	}
	d.drift(q.x, p, step/float64(parts))
	if !d.look(q) {
		return false
	}
	d.kick(q, p, first*step)
	return true
}

// kick changes momenta as the force does in a time t.
func (d *motion) kick(q place, p []float64, t float64) {
	floats.AddScaled(p, -t, q.g)
	for at := 0; d.sphere > 0 && at < len(p); at += d.sphere {
		project(q.x[at:at+d.sphere], p[at:at+d.sphere])
	}
}

// drift changes positions as free motion does in a time t.
func (d *motion) drift(x, p []float64, t float64) {
	if d.sphere == 0 {
		floats.AddScaled(x, t, d.velocity(p))
		return
	}
	for at := 0; at < len(x); at += d.sphere {
		rotate(x[at:at+d.sphere], p[at:at+d.sphere], t)
	}
}

// project leaves of p what is tangent to the unit sphere at x.
func project(x, p []float64) {
	var radial float64
	for k, v := range p {
		radial += x[k] * v
	}
	for k, v := range x {
		p[k] -= radial * v
	}
}

// rotate moves x on the unit sphere with momentum p for a time t:
//
//	x(t) = x cos |p|t + p/|p| sin |p|t,   p(t) = dx/dt.
//
// Rounding is kept from adding up: x is normalised again and p projected.
func rotate(x, p []float64, t float64) {
	var square float64
	for _, v := range p {
		square += v * v
	}
	cos, sinc := cosSinc(square * t * t)
	along, back := t*sinc, square*t*sinc
	var norm float64
	for k, v := range x {
		x[k] = v*cos + p[k]*along
		p[k] = p[k]*cos - v*back
		norm += x[k] * x[k]
	}
	norm = normalising(norm)
	for k := range x {
		x[k] *= norm
	}
	project(x, p)
}

// cosSinc returns cos a and sin(a)/a, given a^2. Small angles, as a step of time
// makes them, are served by the beginning of Taylor's series, the rest of which is
// below 1e-16.
func cosSinc(square float64) (cos, sinc float64) {
	if !(square < 0.6) {
		a := math.Sqrt(square)
		sin, cos := math.Sincos(a)
		return cos, sin / a
	}
	s := square
	cos = 1 - s*(1.0/2)*(1-s*(1.0/12)*(1-s*(1.0/30)*(1-s*(1.0/56)*(1-s*(1.0/90)*(1-s*(1.0/132)*(1-s*(1.0/182)*(1-s*(1.0/240))))))))
	sinc = 1 - s*(1.0/6)*(1-s*(1.0/20)*(1-s*(1.0/42)*(1-s*(1.0/72)*(1-s*(1.0/110)*(1-s*(1.0/156)*(1-s*(1.0/210)))))))
	return cos, sinc
}
