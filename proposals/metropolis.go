package proposals

import (
	"mcrun/mc"
	"mcrun/mc/param"
	"mcrun/models"
)

// Metropolis is the algorithm of N. Metropolis et al., J. Chem. Phys. 21, 1087
// (1953). One step is N attempts: at a site, another state is proposed (uniformly,
// where there is a choice) and accepted with probability
//
//	min(1, exp(-beta dE)),
//
// dE being the change of H.
//
// # Fields
//
// Of a [models.FieldCoupled] model, and of any other [models.Differentiable] one
// (with the action computed at every attempt, unless it is [models.Sitewise]),
// what is proposed depends on a width w:
//
//   - real numbers, and the components of vectors of any length one by one:
//     phi + w u, u uniform in [-1, 1];
//   - unit vectors of two components: a rotation by an angle in [-w, w], the tangent
//     of a quarter of which is uniform;
//   - unit vectors of three: one uniform in the cap of angular radius w around
//     the present one.
//
// An attempt is one at a site, or at a component that is visited by itself. If
// Width is nil it is tuned during thermalization, towards half of the proposals
// being accepted, and frozen then. What follows is of discrete states alone: a
// continuous field is neither flipped back and forth nor caught between sets of
// configurations.
//
// # Orders, and a trap
//
// With Order Random every attempt and every step is reversible and the kernel
// is ergodic. Where hardly an attempt is rejected, near infinite temperature or
// without couplings, a step of two-valued spins would make exactly N flips, and
// for even N hardly ever leave the configurations of one parity. There the
// acceptance is reduced, as follows, and so it is for every model that does not
// state its couplings.
//
// If instead the sites are visited in a fixed order, the plain rule can be
// reducible, since a proposal that does not raise the energy is always
// accepted: at infinite temperature a sweep flips every spin, and on some
// lattices sets of configurations with dE = 0 everywhere are never left or
// never entered. For the orders Sequential and Checkerboard the acceptance
// is therefore reduced by the factor 31/32, whatever dE. Detailed balance
// holds for each attempt as before, and since now each site may stay and may
// change, whatever its neighbours do, one sweep leads from every
// configuration to every other: the kernel is ergodic by construction, for
// a thirty-second of its acceptance.
type Metropolis struct {
	Order Order    `card:"order" default:"checkerboard" oneof:"random sequential checkerboard" doc:"order in which the sites are visited"`
	Width *float64 `card:"width" above:"0" doc:"of fields: largest change, or angle; tuned if left out"`
}

func init() {
	Register(Entry{
		Name: "metropolis",
		Doc:  "local updates (Metropolis et al. 1953); one step is N attempts",
		New:  func() Spec { return new(Metropolis) },
	})
}

// Check implements Spec.
func (k *Metropolis) Check(m models.Model) error {
	if m, ok := m.(models.Differentiable); ok {
		return k.checkField(m)
	}
	if err := needDiscrete(m, "hold real coordinates (models.Differentiable)"); err != nil {
		return err
	}
	if k.Width != nil {
		return &param.Error{Key: "width", Problem: "given, but the model's sites take discrete states", Expected: "no width"}
	}
	return nil
}

// Ergodic implements Spec.
func (*Metropolis) Ergodic(models.Model) error { return nil }

// Reversible implements [Reversible].
func (k *Metropolis) Reversible(models.Model) bool { return k.Order.orDefault() == Random }

// Bind implements Spec.
func (k *Metropolis) Bind(m models.Model, c Chain) mc.Kernel {
	order := k.Order.orDefault()
	if m, ok := m.(models.Differentiable); ok {
		return newFieldMetropolis(m, c, order, k.Width)
	}
	pairs, ok := m.(models.PairCoupled)
	most := lazy
	if order == Random && ok && !flat(pairs) {
		most = 1
	}
	if ok && kindOf(pairs) == isingKind {
		return newLocal(pairs, c, c.Tally, order, func(dE float64) float64 { return most * expMinus(dE) })
	}
	return newVisitor(m, c, c.Tally, order, metropolisUpdate(m, c, most))
}

// metropolisUpdate returns what makes one attempt, the acceptance of which is
// most at most.
func metropolisUpdate(m models.Model, c Chain, most float64) update {
	if m, ok := m.(models.PairCoupled); ok {
		switch kindOf(m) {
		case graphKind:
			return newGraphUpdate(m, c, func(dE float64) float64 { return most * expMinus(dE) })
		case pottsKind:
			return newPotts(m, c).metropolis(most)
		case clockKind:
			if u := newClock(m, c); u != nil {
				return u.metropolis(most)
			}
		case spinOneKind:
			return newSpinOne(m, c).metropolis(most)
		}
	}
	return discreteMetropolis(m.(models.Discrete), c, most)
}
