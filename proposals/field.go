package proposals

import (
	"fmt"
	"math"

	"mcrun/mc"
	"mcrun/models"
)

// What local kernels of fields share: the order of visits, and the conditional
// distribution of what they change at a time.

// needUnitVectors returns nil unless the sites hold unit vectors of a number of
// components that local kernels do not draw.
func needUnitVectors(m models.FieldCoupled) error {
	if c := m.FieldCouplings(); c.Unit && c.Components != 2 && c.Components != 3 {
		return fmt.Errorf("its unit vectors have %d components; local updates draw those of 2 or 3", c.Components)
	}
	return nil
}

// newFieldVisitor returns the kernel that visits the N sites of a field, or, of
// a free one, its n N coordinates. A nil tally counts nothing.
func newFieldVisitor(c models.FieldCouplings, random *mc.Stream, tally *mc.Tally, order Order, u update) *visitor {
	each := c.Components
	if c.Unit {
		each = 1
	}
	v := &visitor{update: u, sites: each * c.Lattice.Sites(), drawn: order == Random, random: random, tally: tally}
	if order == Checkerboard {
		for _, i := range byParity(c.Lattice) {
			for k := range each {
				v.visits = append(v.visits, i*uint32(each)+uint32(k))
			}
		}
	}
	return v
}

// A freeField is a field of real numbers, or of vectors of any length the
// components of which are visited one by one.
type freeField struct {
	models.FieldCouplings
	x      models.Field
	random *mc.Stream
}

// conditional returns h and a of the distribution of coordinate x[at] = v given
// all others, exp(h v - a v^2 - B v^4): h is K times the sum over the
// neighbours, and a is A + 2 B r^2, r^2 being the square of the site's other
// components.
func (f *freeField) conditional(at int) (h, a float64) {
	if f.Components == 1 {
		for _, j := range f.Lattice.Neighbours(at) {
			h += f.x[j]
		}
		return f.K * h, f.A
	}
	n := f.Components
	i, k := at/n, at%n
	for _, j := range f.Lattice.Neighbours(i) {
		h += f.x[int(j)*n+k]
	}
	a = f.A
	for other, v := range f.x[i*n : (i+1)*n] {
		if other != k {
			a += 2 * f.B * v * v
		}
	}
	return f.K * h, a
}

// change returns what it adds to S that a coordinate with these h and a goes
// from v to w.
func (f *freeField) change(h, a, v, w float64) float64 {
	return (w - v) * ((v+w)*(a+f.B*(v*v+w*w)) - h)
}

// A plane2 and a space3 are fields of unit vectors of two and of three
// components.
type (
	plane2 struct {
		models.FieldCouplings
		x      models.Field
		random *mc.Stream
	}
	space3 struct {
		models.FieldCouplings
		x      models.Field
		random *mc.Stream
	}
)

// vec2 and vec3 are vectors.
type (
	vec2 struct{ x, y float64 }
	vec3 struct{ x, y, z float64 }
)

func (f *plane2) at(i int) vec2 { return vec2{f.x[2*i], f.x[2*i+1]} }

func (f *plane2) set(i int, v vec2) {
	scale := normalising(v.dot(v))
	f.x[2*i], f.x[2*i+1] = scale*v.x, scale*v.y
}

// local returns K times the sum of the neighbours of site i.
func (f *plane2) local(i int) (h vec2) {
	for _, j := range f.Lattice.Neighbours(i) {
		h.x += f.x[2*j]
		h.y += f.x[2*j+1]
	}
	return vec2{f.K * h.x, f.K * h.y}
}

func (f *space3) at(i int) vec3 { return vec3{f.x[3*i], f.x[3*i+1], f.x[3*i+2]} }

func (f *space3) set(i int, v vec3) {
	scale := normalising(v.dot(v))
	f.x[3*i], f.x[3*i+1], f.x[3*i+2] = scale*v.x, scale*v.y, scale*v.z
}

// local returns K times the sum of the neighbours of site i.
func (f *space3) local(i int) (h vec3) {
	for _, j := range f.Lattice.Neighbours(i) {
		h.x += f.x[3*j]
		h.y += f.x[3*j+1]
		h.z += f.x[3*j+2]
	}
	return vec3{f.K * h.x, f.K * h.y, f.K * h.z}
}

func (v vec2) dot(w vec2) float64 { return v.x*w.x + v.y*w.y }
func (v vec3) dot(w vec3) float64 { return v.x*w.x + v.y*w.y + v.z*w.z }

// weak is the square of a field on unit vectors that is too weak to be seen, and
// of a vector that is too short to have a direction to all digits.
const weak = 1e-60

// normalising returns the factor that makes the square of a vector's length 1,
// which it is but for rounding: one step of Newton's, so that what is rounded
// does not add up over the updates of a run.
func normalising(square float64) float64 { return 1.5 - 0.5*square }

// turned returns the unit vector at the angle from e, a unit vector, of which v
// is 1 - cos and sin is the sine with its sign.
func (e vec2) turned(v, sin float64) vec2 {
	return vec2{(1-v)*e.x - sin*e.y, (1-v)*e.y + sin*e.x}
}

// tilted returns a unit vector at an angle from e, a unit vector, of which v is 1 -
// cos, in a uniform direction around it. The axes perpendicular to e are those of
// T. Duff et al., J. Comput. Graph. Tech. 6, 1 (2017), without a singular
// direction.
func (e vec3) tilted(v float64, random *mc.Stream) vec3 {
	sign := math.Copysign(1, e.z)
	p := -1 / (sign + e.z)
	q := e.x * e.y * p
	d := disc(random)
	r := sine(v) / d.dot(d)
	a, b := r*(d.x*d.x-d.y*d.y), r*2*d.x*d.y
	return vec3{
		(1-v)*e.x + a*(1+sign*e.x*e.x*p) + b*q,
		(1-v)*e.y + a*sign*q + b*(sign+e.y*e.y*p),
		(1-v)*e.z - a*sign*e.x - b*e.y,
	}
}

// disc returns a uniform point of the unit disc, not its centre. Its double angle
// has the cosine (x^2 - y^2)/(x^2 + y^2) and the sine 2 x y/(x^2 + y^2), a uniform
// point of the circle (J. von Neumann, Appl. Math. Ser. 12, 36 (1951)).
func disc(random *mc.Stream) vec2 {
	for {
		d := vec2{2*random.Float64() - 1, 2*random.Float64() - 1}
		if square := d.dot(d); square <= 1 && square > weak {
			return d
		}
	}
}

// sine returns the sine of the angle in [0, pi] of which v is 1 - cos.
func sine(v float64) float64 { return math.Sqrt(v * (2 - v)) }

// accepts decides with probability min(1, exp(-dS)), and against a change to
// where S is not a number. Bounds of the exponential,
//
//	1 - x <= exp(-x) <= 1/(1 + x + x^2/2),
//
// mostly save it.
func accepts(random *mc.Stream, dS float64) bool {
	if dS <= 0 {
		return true
	}
	u := random.Float64()
	switch {
	case u < 1-dS:
		return true
	case u*(1+dS*(1+dS/2)) > 1:
		return false
	}
	return u < math.Exp(-dS)
}
