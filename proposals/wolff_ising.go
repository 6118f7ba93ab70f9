package proposals

import (
	"math"

	"mcrun/mc"
	"mcrun/models"
)

// isingWolff is wolff for two-valued spins on a lattice, all bonds and fields of
// which are alike. It is fast where wolff is plain: sites are flipped as they
// join, and four neighbours are tried without a loop.
type isingWolff struct {
	spins     models.Spins
	lattice   *models.Lattice
	satisfied uint8   // s_i XOR s_j of a satisfied bond
	join      uint64  // threshold of a satisfied bond
	field     float64 // 2 beta h
	square    bool    // whether spreadSquare serves
	rest      uint64  // threshold of doing nothing
	stack     []uint32
	random    *mc.Stream
	tally     *mc.Tally
	clusters  Clusters
}

func newIsingWolff(m models.PairCoupled, c Chain, rest uint64) *isingWolff {
	k := m.Couplings()
	return &isingWolff{
		spins:     c.State.(models.Spins),
		lattice:   k.Lattice,
		satisfied: bit(k.J < 0),
		join:      bondThreshold(m.Beta() * k.J),
		field:     2 * m.Beta() * k.H,
		square:    k.Lattice.Dims() == 2 && k.J >= 0,
		rest:      rest,
		stack:     make([]uint32, m.Sites()+1),
		random:    c.Random,
		tally:     c.Tally,
		clusters:  c.Clusters,
	}
}

// Step flips one cluster.
func (w *isingWolff) Step() {
	resting := w.rest != 0 && w.random.Below(w.rest)
	seed := w.random.IntN(len(w.spins))
	cluster := w.stack[:w.grow(uint32(seed))]
	if w.clusters != nil {
		w.clusters.Single(cluster)
	}
	// The cluster is flipped already. Where it is not to be, it is flipped back.
	switch {
	case resting:
		w.flip(cluster)
	case w.field != 0:
		var sum int
		for _, i := range cluster {
			sum += 2*int(w.spins[i]) - 1
		}
		accepted := w.random.Below(mc.Threshold(math.Exp(w.field * float64(sum))))
		if !accepted {
			w.flip(cluster)
		}
		w.tally.Add(1, int(bit(accepted)))
	}
}

func (w *isingWolff) flip(cluster []uint32) {
	for _, i := range cluster {
		w.spins[i] ^= 1
	}
}

// grow flips the cluster of seed and returns its size; its sites are then the
// first of the stack. A site is flipped when it joins, so where J > 0 a bond to
// it is no longer satisfied and each bond is tried once. Where J < 0 the
// cluster can close a frustrated loop, on which the flip would satisfy a bond
// between two of its sites; so they are marked as well, by the bit above the
// spin, until the cluster is complete.
func (w *isingWolff) grow(seed uint32) int {
	z := 2 * w.lattice.Dims()
	w.spins[seed] ^= w.enter()
	w.stack[0] = seed
	size := 1
	coins := uint64(1)
	for next := 0; next < size; {
		if coins>>z == 0 {
			coins = w.random.Coins(w.join)
		}
		if w.square && coins>>z != 0 {
			coins, next, size = w.spreadSquare(coins, next, size)
			continue
		}
		coins, size = w.spread(coins, next, size)
		next++
	}
	if w.satisfied != 0 {
		for _, i := range w.stack[:size] {
			w.spins[i] &= 1
		}
	}
	return size
}

// enter is XORed to a site that joins: it flips the spin, and marks it where
// that is needed.
func (w *isingWolff) enter() uint8 { return 1 + 2*w.satisfied }

// spread tries the bonds of the next site of the stack, with a coin for each
// that is satisfied, and returns the coins that are left and the size.
//
// Whether a neighbour joins is unpredictable, so nothing here branches on it: a
// site that does not join is written to the top of the stack but not counted.
func (w *isingWolff) spread(coins uint64, next, size int) (uint64, int) {
	i := int(w.stack[next])
	unsatisfied := w.spins[i]&1 ^ w.satisfied
	for _, j := range w.lattice.Neighbours(i) {
		s := w.spins[j]
		open := bit(s^unsatisfied == 1) // satisfied and not marked
		if coins == 1 && open != 0 {
			coins = toss(w.random, w.join)
		}
		joins := open & uint8(coins)
		coins >>= open
		w.spins[j] = s ^ w.enter()&-joins
		w.stack[size] = j
		size += int(joins)
	}
	return coins, size
}

// spreadSquare is spread for sites with four neighbours and J > 0, without
// loops and calls, from the next site on for as long as there are coins and
// sites. It returns the coins that are left, the next site and the size.
func (w *isingWolff) spreadSquare(coins uint64, next, size int) (uint64, int, int) {
	spins, stack, neighbours := w.spins, w.stack, w.lattice.NeighbourTable()
	for ; next < size && coins>>4 != 0; next++ {
		i := stack[next]
		at := 4 * uint64(i)
		unsatisfied := uint64(spins[i])

		j := neighbours[at]
		open := uint64(spins[j]) ^ unsatisfied
		joins := open & coins
		coins >>= open & 63 // 0 or 1
		spins[j] = uint8(open ^ joins ^ unsatisfied)
		stack[size] = j
		size += int(joins)

		j = neighbours[at+1]
		open = uint64(spins[j]) ^ unsatisfied
		joins = open & coins
		coins >>= open & 63 // 0 or 1
		spins[j] = uint8(open ^ joins ^ unsatisfied)
		stack[size] = j
		size += int(joins)

		j = neighbours[at+2]
		open = uint64(spins[j]) ^ unsatisfied
		joins = open & coins
		coins >>= open & 63 // 0 or 1
		spins[j] = uint8(open ^ joins ^ unsatisfied)
		stack[size] = j
		size += int(joins)

		j = neighbours[at+3]
		open = uint64(spins[j]) ^ unsatisfied
		joins = open & coins
		coins >>= open & 63 // 0 or 1
		spins[j] = uint8(open ^ joins ^ unsatisfied)
		stack[size] = j
		size += int(joins)
	}
	return coins, next, size
}
