package proposals

import (
	"mcrun/mc"
	"mcrun/models"
)

// An update makes one attempt to change site i, and returns 1 if it succeeds
// and else 0.
type update func(i int) int

// A visitor is a local kernel for models that the faster local and checkerboard
// do not serve: it visits N sites and updates each.
type visitor struct {
	update update
	sites  int
	drawn  bool     // whether sites are drawn at random
	visits []uint32 // else the sites in the order of their visits; nil: of their numbers
	random *mc.Stream
	tally  *mc.Tally // nil: not counted
}

// newVisitor returns the kernel that visits the model's sites in the given
// order. A nil tally counts nothing.
func newVisitor(m models.Model, c Chain, tally *mc.Tally, order Order, u update) *visitor {
	v := &visitor{update: u, sites: m.Sites(), drawn: order == Random, random: c.Random, tally: tally}
	if pairs, ok := m.(models.PairCoupled); ok && order == Checkerboard {
		if lattice := pairs.Couplings().Lattice; lattice != nil {
			v.visits = byParity(lattice)
		}
	}
	return v
}

// Step makes N attempts.
func (v *visitor) Step() { v.attempts(v.sites) }

// attempts makes n attempts, with n = N unless sites are drawn.
func (v *visitor) attempts(n int) {
	accepted := 0
	switch {
	case v.drawn:
		for range n {
			accepted += v.update(v.random.IntN(v.sites))
		}
	case v.visits != nil:
		for _, i := range v.visits {
			accepted += v.update(int(i))
		}
	default:
		for i := range n {
			accepted += v.update(i)
		}
	}
	if v.tally != nil {
		v.tally.Add(n, accepted)
	}
}
