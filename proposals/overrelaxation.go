package proposals

import (
	"errors"

	"mcrun/mc"
	"mcrun/models"
)

// OverRelaxation mirrors one site at a time about the centre of its distribution
// given all other sites, so that it goes as far as it can (S. L. Adler, Phys. Rev.
// D 23, 2901 (1981); M. Creutz, Phys. Rev. D 36, 515 (1987)). With h = K times
// the sum of the neighbours:
//
//   - unit vectors: S' = 2 (S.h) h/h^2 - S, which does not change S.h and so
//     no energy; where h = 0 the vector stays;
//   - free fields with B = 0: phi' = h/A - phi, which does not change the action;
//   - free fields with B > 0: phi' = h/g - phi, accepted with probability
//     min(1, exp(-dS)). A would not do for g, as it may be 0 or negative; g is that
//     of the normal distribution closest to the site's own, the positive root of
//     g^3 - A g^2 - B g - B h^2/2. Any g > 0 that does not depend on phi is valid.
//
// Of a free field of several components they are mirrored one by one, A being
// A + 2 B r^2 with r^2 the square of the others.
//
// One step is N sites. As nothing is drawn, the kernel is not ergodic; in a
// cycle with one that is, several steps of it to one of the other, long waves
// decorrelate much faster. With Order Random a step is reversible.
type OverRelaxation struct {
	Order Order `card:"order" default:"checkerboard" oneof:"random sequential checkerboard" doc:"order in which the sites are visited"`
}

func init() {
	Register(Entry{
		Name: "over-relaxation",
		Doc:  "sites mirrored in their neighbours' field (Adler 1981; Creutz 1987); one step is N sites",
		New:  func() Spec { return new(OverRelaxation) },
	})
}

// Check implements Spec.
func (*OverRelaxation) Check(m models.Model) error {
	if _, ok := m.(models.FieldCoupled); !ok {
		return errors.New("the model is no field with couplings of neighbours (models.FieldCoupled)")
	}
	return nil
}

// Ergodic implements Spec.
func (*OverRelaxation) Ergodic(m models.Model) error {
	if c := m.(models.FieldCoupled).FieldCouplings(); c.B != 0 {
		return errors.New("sites are mirrored and none is drawn: from a configuration only countably many others are reached")
	}
	return errors.New("the energy never changes")
}

// Reversible implements [Reversible].
func (k *OverRelaxation) Reversible(models.Model) bool { return k.Order.orDefault() == Random }

// Bind implements Spec.
func (k *OverRelaxation) Bind(m models.Model, c Chain) mc.Kernel {
	f, x := m.(models.FieldCoupled).FieldCouplings(), c.State.(models.Field)
	tally := c.Tally
	if f.B == 0 {
		tally = nil // nothing is rejected
	}
	u := (&freeField{f, x, c.Random}).overRelax
	switch {
	case f.Unit && f.Components == 2:
		u = (&plane2{f, x, c.Random}).overRelax
	case f.Unit && f.Components == 3:
		u = (&space3{f, x, c.Random}).overRelax
	case f.Unit:
		u = overRelaxVectors(f, x)
	}
	return newFieldVisitor(f, c.Random, tally, k.Order.orDefault(), u)
}

// overRelax mirrors a coordinate.
func (f *freeField) overRelax(at int) int {
	h, a := f.conditional(at)
	v := f.x[at]
	w := h/stiffness(h, a, f.B) - v
	if f.B != 0 && !accepts(f.random, f.change(h, a, v, w)) {
		return 0
	}
	f.x[at] = w
	return 1
}

// overRelax mirrors the vector of a site.
func (f *plane2) overRelax(i int) int {
	h, s := f.local(i), f.at(i)
	if square := h.dot(h); square > weak {
		c := 2 * h.dot(s) / square
		f.set(i, vec2{c*h.x - s.x, c*h.y - s.y})
	}
	return 1
}

// overRelax mirrors the vector of a site.
func (f *space3) overRelax(i int) int {
	h, s := f.local(i), f.at(i)
	if square := h.dot(h); square > weak {
		c := 2 * h.dot(s) / square
		f.set(i, vec3{c*h.x - s.x, c*h.y - s.y, c*h.z - s.z})
	}
	return 1
}

// overRelaxVectors returns what mirrors the unit vector of a site, of any number
// of components.
func overRelaxVectors(f models.FieldCouplings, x models.Field) update {
	n := f.Components
	h := make([]float64, n)
	return func(i int) int {
		f.LocalField(x, i, h)
		s := x[i*n : (i+1)*n]
		var dot, square float64
		for k, v := range h {
			dot += v * s[k]
			square += v * v
		}
		if square <= weak {
			return 1
		}
		var length float64
		for k, v := range h {
			s[k] = 2*dot/square*v - s[k]
			length += s[k] * s[k]
		}
		scale := normalising(length)
		for k := range s {
			s[k] *= scale
		}
		return 1
	}
}
