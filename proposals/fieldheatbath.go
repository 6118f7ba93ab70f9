package proposals

import (
	"math"

	"mcrun/mc"
	"mcrun/models"
)

// newFieldHeatBath returns the heat bath of a model that states its couplings.
func newFieldHeatBath(m models.FieldCoupled, c Chain, order Order) mc.Kernel {
	f, x := m.FieldCouplings(), c.State.(models.Field)
	var u update
	switch {
	case !f.Unit:
		u = (&freeField{f, x, c.Random}).heatBath()
	case f.Components == 2:
		u = (&plane2{f, x, c.Random}).heatBath
	default:
		u = (&space3{f, x, c.Random}).heatBath
	}
	return newFieldVisitor(f, c.Random, nil, order, u)
}

// heatBath returns what draws a coordinate anew.
func (f *freeField) heatBath() update {
	q := newQuartic(f.random)
	return func(at int) int {
		h, a := f.conditional(at)
		f.x[at] = q.draw(h, a, f.B)
		return 1
	}
}

// heatBath draws the vector of a site anew.
func (f *plane2) heatBath(i int) int {
	h := f.local(i)
	e, length := vec2{1, 0}, 0.0
	if square := h.dot(h); square > weak {
		length = math.Sqrt(square)
		e = vec2{h.x / length, h.y / length}
	}
	v := drawVonMises(f.random, length)
	sin := sine(v)
	if f.random.Below(half) {
		sin = -sin
	}
	f.set(i, e.turned(v, sin))
	return 1
}

// drawVonMises returns v = 1 - cos(theta) of an angle with the density
// exp(k cos(theta)), by rejection from the wrapped Cauchy distribution (D. J.
// Best and N. I. Fisher, Appl. Stat. 28, 152 (1979)). At least 0.657 of the trials
// are accepted. It is their algorithm, in which cos(theta) = (1 + r z)/(r + z)
// with z = cos(pi u) and r = (1 + q^2)/(2q), written such that no difference of
// nearly equal numbers occurs, and for k = 0 as well.
func drawVonMises(random *mc.Stream, k float64) float64 {
	root := math.Sqrt(1 + 4*k*k)
	tau := 1 + root
	tail := math.Sqrt(2 * tau)
	q := 2 * k / (tau + tail)
	gap := (1 + 1/(root+2*k) + tail) / (tau + tail) // 1 - q
	least := gap * gap * (tau + tail) / 4           // k (r - 1)
	for {
		d := disc(random)
		z := 2 * d.y * d.y / d.dot(d) // 1 - cos(pi u)
		v := gap * gap * z / (1 + q*q + 2*q*(1-z))
		c := least + k*v // k (r - cos(theta))
		// Accepted with probability c exp(1 - c), which is c (2 - c) or more.
		u := random.Float64()
		if u < c*(2-c) || u < c*math.Exp(1-c) {
			return min(v, 2)
		}
	}
}

// heatBath draws the vector of a site anew.
func (f *space3) heatBath(i int) int {
	h := f.local(i)
	e, length := vec3{1, 0, 0}, 0.0
	if square := h.dot(h); square > weak {
		length = math.Sqrt(square)
		e = vec3{h.x / length, h.y / length, h.z / length}
	}
	f.set(i, e.tilted(drawCap(f.random, length), f.random))
	return 1
}

// drawCap returns v = 1 - cos(theta) with the density exp(-k v) on [0, 2], that
// of a vector on the sphere in a field k, from its distribution function.
func drawCap(random *mc.Stream, k float64) float64 {
	u := random.Float64()
	if k == 0 {
		return 2 * u
	}
	return min(2, -math.Log1p(u*math.Expm1(-2*k))/k)
}
