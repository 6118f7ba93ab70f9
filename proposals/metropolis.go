package proposals

import (
	"mcrun/mc"
	"mcrun/models"
)

// Metropolis is the algorithm of N. Metropolis et al., J. Chem. Phys. 21, 1087
// (1953), for sites with discrete states. One step is N attempts: at a site,
// another state is proposed (uniformly, where there is a choice) and accepted
// with probability
//
//	min(1, exp(-beta dE)),
//
// dE being the change of H.
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
	Order Order `card:"order" default:"checkerboard" oneof:"random sequential checkerboard" doc:"order in which the sites are visited"`
}

func init() {
	Register(Entry{
		Name: "metropolis",
		Doc:  "local updates (Metropolis et al. 1953); one step is N attempts",
		New:  func() Spec { return new(Metropolis) },
	})
}

// Check implements Spec.
func (*Metropolis) Check(m models.Model) error { return needDiscrete(m) }

// Ergodic implements Spec.
func (*Metropolis) Ergodic(models.Model) error { return nil }

// Reversible implements [Reversible].
func (k *Metropolis) Reversible(models.Model) bool { return k.Order.orDefault() == Random }

// Bind implements Spec.
func (k *Metropolis) Bind(m models.Model, c Chain) mc.Kernel {
	order := k.Order.orDefault()
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
		case spinOneKind:
			return newSpinOne(m, c).metropolis(most)
		}
	}
	return discreteMetropolis(m.(models.Discrete), c, most)
}
