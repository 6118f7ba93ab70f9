package proposals

import (
	"errors"
	"math"

	"mcrun/mc"
	"mcrun/models"
)

// Wolff is the single-cluster algorithm of U. Wolff, Phys. Rev. Lett. 62, 361
// (1989), for models with pair couplings. One step is one cluster: from a random
// site on, every neighbour whose bond is satisfied joins with a probability, and
// so do that one's neighbours; then the cluster is changed as one:
//
//   - spins +-1 with couplings J_ij of any sign: a bond is satisfied if J_ij s_i
//     s_j > 0, the probability is 1 - exp(-2 beta |J_ij|), and the cluster is
//     flipped;
//   - Potts models with J >= 0: a bond is satisfied if the colours are equal, the
//     probability is 1 - exp(-beta J), and the cluster gets one of the q - 1 other
//     colours;
//   - spins -1, 0, 1: as spins +-1. The zeros join no cluster, and a step that
//     begins at one does nothing.
//
// Without fields the change is never rejected. With fields h_i, which a Potts
// model may not have, it is accepted with probability
//
//	min(1, exp(-2 beta sum_{i in cluster} h_i s_i)),
//
// since the energy of the bonds is accounted for by the growth of the
// cluster. Couplings that are frustrated are valid, but there the clusters
// percolate and help little.
//
// The kernel is reversible, and ergodic because a cluster may be a single
// site; but it never changes the zeros of spins -1, 0, 1. Where nearly every
// cluster is a single site, at infinite temperature or without couplings, and
// none is rejected, steps would lead from configurations of one parity to those
// of the other and back; there a step leaves the cluster as it was with
// probability 1/32.
type Wolff struct{}

func init() {
	Register(Entry{
		Name: "wolff",
		Doc:  "single-cluster flip (Wolff 1989); one step is one cluster",
		New:  func() Spec { return new(Wolff) },
	})
}

// Check implements Spec.
func (*Wolff) Check(m models.Model) error { return needClusters(m) }

// Ergodic implements Spec.
func (*Wolff) Ergodic(m models.Model) error { return vacancies(m) }

// Reversible implements [Reversible].
func (*Wolff) Reversible(models.Model) bool { return true }

// Clusters implements ClusterBuilder. With a field the clusters are those of the
// bonds alone, between which the field leaves correlations.
func (*Wolff) Clusters(m models.Model) error {
	if hasField(m.(models.PairCoupled).Couplings()) {
		return errors.New("in a field spins of different clusters are correlated, which one cluster does not see; use swendsen-wang")
	}
	return nil
}

// Advise implements Adviser.
func (*Wolff) Advise(m models.Model) string { return percolation(m) }

// Bind implements Spec.
func (*Wolff) Bind(m models.Model, c Chain) mc.Kernel {
	pairs := m.(models.PairCoupled)
	var rest uint64
	if flat(m) {
		rest = mc.Threshold(1 - lazy)
	}
	if kindOf(pairs) != isingKind {
		return newAnyWolff(pairs, c, rest)
	}
	k := pairs.Couplings()
	w := &wolff{
		spins:     c.State.(models.Spins),
		lattice:   k.Lattice,
		satisfied: satisfied(k.J),
		join:      bondThreshold(m.Beta() * k.J),
		field:     2 * m.Beta() * k.H,
		rest:      rest,
		stack:     make([]uint32, m.Sites()+2*k.Lattice.Dims()),
		random:    c.Random,
		tally:     c.Tally,
		clusters:  c.Clusters,
	}
	w.square = k.Lattice.Dims() == 2 && w.satisfied == 0
	return w
}

// wolff is the kernel for two-valued spins on a lattice, all bonds and fields of
// which are alike.
type wolff struct {
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

// Step flips one cluster.
func (w *wolff) Step() {
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

func (w *wolff) flip(cluster []uint32) {
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
func (w *wolff) grow(seed uint32) int {
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
func (w *wolff) enter() uint8 { return 1 + 2*w.satisfied }

// spread tries the bonds of the next site of the stack, with a coin for each
// that is satisfied, and returns the coins that are left and the size.
//
// Whether a neighbour joins is unpredictable, so nothing here branches on it: a
// site that does not join is written to the top of the stack but not counted.
func (w *wolff) spread(coins uint64, next, size int) (uint64, int) {
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
func (w *wolff) spreadSquare(coins uint64, next, size int) (uint64, int, int) {
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

// satisfied returns s_i XOR s_j of a bond that lowers the energy.
func satisfied(j float64) uint8 {
	if j < 0 {
		return 1
	}
	return 0
}

// toss returns coins: one, if an oracle has to be asked for it.
func toss(random *mc.Stream, threshold uint64) uint64 {
	coins := random.Coins(threshold)
	if coins == 1 {
		coins = 0b10 | uint64(bit(random.Below(threshold)))
	}
	return coins
}

// bit returns 1 for true.
func bit(b bool) uint8 {
	if b {
		return 1
	}
	return 0
}
