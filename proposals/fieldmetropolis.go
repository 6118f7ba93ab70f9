package proposals

import (
	"errors"
	"fmt"
	"math"

	"mcrun/mc"
	"mcrun/mc/param"
	"mcrun/models"
)

// checkField returns nil if the kernel is valid for a model of real coordinates.
func (k *Metropolis) checkField(m models.Differentiable) error {
	if coupled, ok := m.(models.FieldCoupled); ok {
		if coupled.FieldCouplings().Unit && k.Width != nil && *k.Width > math.Pi {
			return &param.Error{Key: "width", Problem: fmt.Sprintf("is %g, an angle", *k.Width), Expected: "pi or less"}
		}
		return needUnitVectors(coupled)
	}
	if _, ok := m.(models.Spherical); ok {
		return errors.New("its unit vectors are turned one by one, for which it would have to state its couplings (models.FieldCoupled)")
	}
	return nil
}

// Tunes implements [Tuned].
func (k *Metropolis) Tunes(m models.Model) (keys []string, accept float64) {
	if _, field := m.(models.Differentiable); !field {
		return nil, 0
	}
	return untold("width", k.Width, halfAccepted)
}

// fieldMetropolis is the algorithm for models of real coordinates. Its width is
// tuned during thermalization.
type fieldMetropolis struct {
	visitor *visitor
	width   float64  // of the proposals
	most    float64  // largest width of use
	begin   func()   // what a step begins with
	sweep   mc.Tally // since the width was last tuned
	sweeps  float64  // that the width was tuned
	frozen  bool
	total   *mc.Tally
}

// newFieldMetropolis returns the kernel for a model that has passed checkField.
func newFieldMetropolis(m models.Differentiable, c Chain, order Order, width *float64) *fieldMetropolis {
	k := &fieldMetropolis{most: math.Inf(1), begin: func() {}, total: c.Tally}
	if coupled, ok := m.(models.FieldCoupled); ok {
		k.visitor = newFieldVisitor(coupled.FieldCouplings(), c.Random, &k.sweep, order, k.coupled(coupled, c))
	} else {
		k.visitor = &visitor{update: k.coordinate(m, c), sites: m.Dim(), drawn: order == Random, random: c.Random, tally: &k.sweep}
	}
	if width != nil {
		k.width, k.frozen = *width, true
	}
	return k
}

// coupled returns the update of a model that states its couplings, and sets the
// width to three standard deviations, or so, of what is known of the conditional
// distributions.
func (k *fieldMetropolis) coupled(m models.FieldCoupled, c Chain) update {
	f, x := m.FieldCouplings(), c.State.(models.Field)
	if !f.Unit {
		k.width = 3 / math.Sqrt(2*stiffness(0, f.A, f.B))
		return (&freeField{f, x, c.Random}).metropolis(&k.width)
	}
	k.most = math.Pi
	k.width = min(k.most, 3/math.Sqrt(1+math.Abs(f.K)*float64(2*f.Lattice.Dims())))
	if f.Components == 2 {
		var most float64
		k.begin = func() { most = math.Tan(k.width / 4) }
		return (&plane2{f, x, c.Random}).metropolis(&most)
	}
	var depth float64 // of the cap
	k.begin = func() { depth = 2 * math.Pow(math.Sin(k.width/2), 2) }
	return (&space3{f, x, c.Random}).metropolis(&depth)
}

// metropolis returns the update that proposes v + width u, u being uniform in
// [-1, 1].
func (f *freeField) metropolis(width *float64) update {
	return func(at int) int {
		h, a := f.conditional(at)
		v := f.x[at]
		w := v + *width*(2*f.random.Float64()-1)
		if !accepts(f.random, f.change(h, a, v, w)) {
			return 0
		}
		f.x[at] = w
		return 1
	}
}

// metropolis returns the update that proposes a rotation by the angle 4 atan(t), t
// being uniform in [-most, most]: its sine and cosine are rational in t.
func (f *plane2) metropolis(most *float64) update {
	return func(i int) int {
		h, s := f.local(i), f.at(i)
		t := *most * (2*f.random.Float64() - 1)
		square := t * t
		scale := 1 / ((1 + square) * (1 + square))
		v, sin := 8*square*scale, 4*t*(1-square)*scale // 1 - cos, and the sine
		w := s.turned(v, sin)
		if !accepts(f.random, h.dot(s)-h.dot(w)) {
			return 0
		}
		f.set(i, w)
		return 1
	}
}

// metropolis returns the update that proposes a vector that is uniform in a cap
// around the present one: depth is 1 - cos of its angular radius, the width.
func (f *space3) metropolis(depth *float64) update {
	return func(i int) int {
		h, s := f.local(i), f.at(i)
		t := s.tilted(*depth*f.random.Float64(), f.random)
		if !accepts(f.random, h.dot(s)-h.dot(t)) {
			return 0
		}
		f.set(i, t)
		return 1
	}
}

// coordinate returns the update of a model that does not state its couplings: as
// that of a free field, but with the action computed at every attempt where the
// model is not Sitewise.
func (k *fieldMetropolis) coordinate(m models.Differentiable, c Chain) update {
	x, random := c.State.(models.Field), c.Random
	k.width = 1
	if m, ok := m.(models.Sitewise); ok {
		v := make([]float64, m.Dim())
		k.begin = func() { m.Follow(x, v) }
		return func(at int) int {
			d := k.width * (2*random.Float64() - 1)
			if !accepts(random, m.ActionChange(x, v, at, d)) {
				return 0
			}
			x[at] += d
			m.FollowChange(v, at, d)
			return 1
		}
	}
	var is, proposed [1]float64 // the action of x, and of what is proposed
	k.begin = func() { m.Action(x, is[:]) }
	return func(at int) int {
		v := x[at]
		x[at] = v + k.width*(2*random.Float64()-1)
		m.Action(x, proposed[:])
		if !accepts(random, proposed[0]-is[0]) {
			x[at] = v
			return 0
		}
		is = proposed
		return 1
	}
}

// Step makes an attempt at every site or coordinate.
func (k *fieldMetropolis) Step() {
	k.begin()
	before := k.sweep
	k.visitor.Step()
	if k.total != nil {
		k.total.Add(int(k.sweep.Proposed-before.Proposed), int(k.sweep.Accepted-before.Accepted))
	}
}

// halfAccepted is the acceptance towards which widths are tuned: between them
// and acceptances of 0.4 or 0.6 there is little to choose.
const halfAccepted = 0.5

// Tune implements [mc.Tuner]. The logarithm of the width follows the acceptance
// of the last sweep with a gain that falls as the root of the number of sweeps
// (H. Robbins and S. Monro, Ann. Math. Stat. 22, 400 (1951)).
func (k *fieldMetropolis) Tune() {
	if k.frozen || k.sweep.Proposed == 0 { // of a mixture that drew another kernel
		return
	}
	acceptance := float64(k.sweep.Accepted) / float64(k.sweep.Proposed)
	k.sweep = mc.Tally{}
	k.sweeps++
	k.width *= math.Exp(2 / math.Sqrt(k.sweeps) * (acceptance - halfAccepted))
	k.width = min(k.width, k.most)
}

// Freeze implements [mc.Tuner].
func (k *fieldMetropolis) Freeze() { k.frozen = true }

// Save implements [mc.Saver]. Attempts are counted for the sweep that is under
// way alone, and there is none between sweeps.
func (k *fieldMetropolis) Save(s *mc.Snapshot, prefix string) {
	mc.Put(s, prefix+".width", []float64{k.width, k.sweeps})
}

// Load implements [mc.Saver].
func (k *fieldMetropolis) Load(s *mc.Snapshot, prefix string) error {
	saved := []float64{k.width, k.sweeps}
	err := mc.Get(s, prefix+".width", saved)
	k.width, k.sweeps = saved[0], saved[1]
	return err
}
