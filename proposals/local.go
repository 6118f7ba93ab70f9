package proposals

import (
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
	// each in the order of their numbers. Where the model states no lattice
	// it is Sequential. It is not reversible either.
	Checkerboard Order = "checkerboard"
)

// orDefault returns the order that an empty one stands for. At T_c a
// checkerboard decorrelates three times as fast as sites drawn at random.
func (o Order) orDefault() Order {
	if o == "" {
		return Checkerboard
	}
	return o
}

// local is a kernel that changes one site at a time of two-valued spins on a
// lattice, all bonds and fields of which are alike.
type local struct {
	spins   models.Spins
	lattice *models.Lattice
	flip    []uint64   // threshold of a flip, at 2*(neighbours that are up) + spin
	square  bool       // whether sites have four neighbours: attemptSquare serves
	high    [16]uint32 // the upper halves of flip, for attemptSquare
	drawn   bool       // whether sites are drawn at random, else visited in order
	random  *mc.Stream
	tally   *mc.Tally // nil: not counted
}

// newLocal returns the kernel that flips a spin of the given state s, of
// which so many neighbours are up, with probability flip(dE), dE being the
// change of H times beta. A nil tally counts nothing.
func newLocal(m models.PairCoupled, c Chain, tally *mc.Tally, order Order, flip func(dE float64) float64) mc.Kernel {
	k := m.Couplings()
	z := 2 * k.Lattice.Dims()
	l := &local{
		spins:   c.State.(models.Spins),
		lattice: k.Lattice,
		square:  z == 4,
		drawn:   order == Random,
		random:  c.Random,
		tally:   tally,
	}
	for up := range z + 1 {
		for s := range 2 {
			field := k.J*float64(2*up-z) + k.H
			dE := 2 * m.Beta() * float64(2*s-1) * field
			l.flip = append(l.flip, mc.Threshold(flip(dE)))
		}
	}
	for i := range min(len(l.flip), len(l.high)) {
		l.high[i] = uint32(l.flip[i] >> 32)
	}
	if order == Checkerboard {
		return newCheckerboard(l)
	}
	return l
}

// Step makes N attempts.
func (l *local) Step() { l.attempts(len(l.spins)) }

// attempts makes n attempts, with n = N unless sites are drawn.
func (l *local) attempts(n int) {
	var buffer [64]uint64
	accepted := 0
	for made := 0; made < n; {
		// A pick is a site, and 32 bits for the decision there.
		picks := buffer[:min(n-made, len(buffer))]
		if l.drawn {
			picks = l.random.Picks(picks, len(l.spins))
		} else {
			picks = l.random.Picks(picks, 1)
			for i := range picks {
				picks[i] |= uint64(made+i) << 32
			}
		}
		made += len(picks)
		for len(picks) > 0 {
			if l.square {
				// All but the last, which an oracle may have made.
				done, a := l.attemptSquare(picks[:len(picks)-1])
				picks = picks[done:]
				accepted += a
			}
			accepted += l.attempt(picks[0])
			picks = picks[1:]
		}
	}
	if l.tally != nil {
		l.tally.Add(n, accepted)
	}
}

// attempt returns 1 if the spin of the picked site is flipped, and else 0.
func (l *local) attempt(pick uint64) int {
	i := int(pick >> 32)
	up := 0
	for _, j := range l.lattice.Neighbours(i) {
		up += int(l.spins[j])
	}
	s := l.spins[i]
	flip := bit(l.random.Decide(uint64(uint32(pick)), 32, l.flip[2*up+int(s)]))
	l.spins[i] = s ^ flip
	return int(flip)
}

// attemptSquare makes attempts where sites have four neighbours, up to the first
// that 32 bits do not decide, and returns how many. It is attempt without calls
// and loops, so that what it needs stays in registers.
func (l *local) attemptSquare(picks []uint64) (done, accepted int) {
	spins, neighbours := l.spins, l.lattice.NeighbourTable()
	for k, pick := range picks {
		i := pick >> 32
		at := 4 * i
		up := spins[neighbours[at+3]] + spins[neighbours[at]] + spins[neighbours[at+1]] + spins[neighbours[at+2]]
		s := spins[i]
		high := l.high[(2*up+s)&15]
		if uint32(pick) == high {
			return k, accepted
		}
		flip := bit(uint32(pick) < high)
		spins[i] = s ^ flip
		accepted += int(flip)
	}
	return len(picks), accepted
}

// expMinus returns exp(-x), 1 at most.
func expMinus(x float64) float64 {
	if x <= 0 {
		return 1
	}
	return math.Exp(-x)
}
