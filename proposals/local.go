package proposals

import (
	"errors"
	"math"

	"mcrun/mc"
	"mcrun/models"
)

// An Order is the order in which a local kernel visits the N sites in one
// step.
type Order string

// The orders.
const (
	// Random draws each of the N sites anew. A step is reversible where an
	// attempt is.
	Random Order = "random"
	// Sequential visits the sites in the order of their numbers. A step is
	// a product of attempts, each of which leaves the distribution
	// invariant; it is not reversible.
	Sequential Order = "sequential"
	// Checkerboard visits the sites of even parity, then those of odd parity,
	// each in the order of their numbers.
	Checkerboard Order = "checkerboard"
)

// lazy is the factor by which Metropolis acceptance is reduced when sites are
// not drawn at random, or nothing would be rejected. See [Metropolis].
const lazy = 1 - 1.0/32

// local is a kernel that changes one site at a time of two-valued spins with
// pair couplings.
type local struct {
	spins   models.Spins
	lattice *models.Lattice
	order   Order
	flip    [2][]uint64 // threshold of a flip, by the spin and how many neighbours are up
	visits  []uint32    // the sites in the order of their visits, if not random
	random  *mc.Stream
	tally   *mc.Tally // nil: not counted
}

// newLocal returns the kernel that flips a spin of the given state s, of
// which so many neighbours are up, with probability flip(dE), dE being the
// change of H times beta.
func newLocal(m models.PairCoupled, c Chain, order Order, flip func(dE float64) float64) *local {
	k := m.Couplings()
	z := 2 * k.Lattice.Dims()
	l := &local{
		spins:   c.State.(models.Spins),
		lattice: k.Lattice,
		order:   order,
		random:  c.Random,
	}
	for s := range l.flip {
		for up := range z + 1 {
			field := k.J*float64(2*up-z) + k.H
			dE := 2 * m.Beta() * float64(2*s-1) * field
			l.flip[s] = append(l.flip[s], mc.Threshold(flip(dE)))
		}
	}
	if order == Checkerboard {
		l.visits = checkerboard(k.Lattice)
	}
	return l
}

// Step makes N attempts.
func (l *local) Step() { l.attempts(len(l.spins)) }

// attempts makes n attempts, with n = N unless the order is Random.
func (l *local) attempts(n int) {
	accepted := 0
	for k := range n {
		i := k
		switch l.order {
		case Random:
			i = l.random.IntN(len(l.spins))
		case Checkerboard:
			i = int(l.visits[k])
		}
		up := 0
		for _, j := range l.lattice.Neighbours(i) {
			up += int(l.spins[j])
		}
		s := l.spins[i]
		flip := bit(l.random.Below(l.flip[s][up]))
		l.spins[i] = s ^ flip
		accepted += int(flip)
	}
	if l.tally != nil {
		l.tally.Add(n, accepted)
	}
}

// checkerboard lists the sites of even parity, then those of odd parity.
func checkerboard(l *models.Lattice) []uint32 {
	var sites [2][]uint32
	for i := range l.Sites() {
		p, rest := 0, i
		for mu := l.Dims() - 1; mu >= 0; mu-- {
			p += rest % l.Shape()[mu]
			rest /= l.Shape()[mu]
		}
		sites[p&1] = append(sites[p&1], uint32(i))
	}
	return append(sites[0], sites[1]...)
}

// localDiscrete is a kernel that changes one site at a time of any Discrete
// model, at the price of a call and an exponential for every change that it
// considers.
type localDiscrete struct {
	model  models.Discrete
	spins  models.Spins
	random *mc.Stream
	order  Order
	visits []uint32
	update func(i int)
}

func (l *localDiscrete) Step() {
	for k := range l.spins {
		switch l.order {
		case Random:
			k = l.random.IntN(len(l.spins))
		case Checkerboard:
			k = int(l.visits[k])
		}
		l.update(k)
	}
}

// needDiscrete returns nil if local kernels can change the model's sites in
// the given order.
func needDiscrete(m models.Model, order Order) error {
	if _, ok := m.(models.Discrete); !ok {
		return errors.New("the model's sites do not take discrete states (models.Discrete)")
	}
	if _, ok := m.(models.PairCoupled); !ok && order == Checkerboard {
		return errors.New("a checkerboard needs a lattice (models.PairCoupled)")
	}
	return nil
}

// expMinus returns exp(-x), 1 at most.
func expMinus(x float64) float64 { return math.Exp(-math.Max(x, 0)) }
