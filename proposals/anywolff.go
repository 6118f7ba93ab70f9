package proposals

import (
	"math"

	"mcrun/mc"
	"mcrun/models"
)

// anyWolff is Wolff's kernel for any couplings: on graphs, of Potts models and
// of spins with vacancies. It is plain where wolff is fast: the cluster is grown
// first, its sites being marked, and changed afterwards.
type anyWolff struct {
	*bonds
	spins    models.Spins
	states   int
	colours  bool    // whether a cluster gets another colour, else it is mirrored
	rest     uint64  // threshold of doing nothing
	inside   []uint8 // 1 for a site in the cluster
	stack    []uint32
	random   *mc.Stream
	tally    *mc.Tally
	clusters Clusters
}

func newAnyWolff(m models.PairCoupled, c Chain, rest uint64) *anyWolff {
	return &anyWolff{
		bonds:    newBonds(m),
		spins:    c.State.(models.Spins),
		states:   m.States(),
		colours:  m.Couplings().Pair == models.Equal,
		rest:     rest,
		inside:   make([]uint8, m.Sites()),
		stack:    make([]uint32, m.Sites()+1),
		random:   c.Random,
		tally:    c.Tally,
		clusters: c.Clusters,
	}
}

// Step changes one cluster.
func (w *anyWolff) Step() {
	resting := w.rest != 0 && w.random.Below(w.rest)
	cluster := w.grow(uint32(w.random.IntN(len(w.spins))))
	if w.clusters != nil {
		w.clusters.Single(cluster)
	}
	if resting || len(cluster) == 0 || !w.accept(cluster) {
		return
	}
	if w.colours {
		to := otherState(w.random, w.spins[cluster[0]], w.states-1)
		for _, i := range cluster {
			w.spins[i] = to
		}
		return
	}
	for _, i := range cluster {
		w.spins[i] = uint8(w.states-1) - w.spins[i]
	}
}

// grow returns the cluster of seed, which is empty if seed is a vacancy.
func (w *anyWolff) grow(seed uint32) []uint32 {
	if w.vacancy(w.spins[seed]) {
		return nil
	}
	w.inside[seed] = 1
	w.stack[0] = seed
	size := 1
	if w.graph != nil {
		for next := 0; next < size; next++ {
			size = w.spreadGraph(next, size)
		}
	} else {
		coins := uint64(1)
		for next := 0; next < size; next++ {
			coins, size = w.spread(coins, next, size)
		}
	}
	cluster := w.stack[:size]
	for _, i := range cluster {
		w.inside[i] = 0
	}
	return cluster
}

// spread tries the bonds of the next site of the stack on a lattice, with a coin
// for each that is satisfied, and returns the coins that are left and the size.
// As in wolff nothing branches on whether a neighbour joins.
func (w *anyWolff) spread(coins uint64, next, size int) (uint64, int) {
	i := int(w.stack[next])
	partner := w.partner[w.negative][w.spins[i]]
	for _, j := range w.lattice.Neighbours(i) {
		open := bit(uint16(w.spins[j]) == partner) &^ w.inside[j]
		if coins == 1 && open != 0 {
			coins = toss(w.random, w.alike)
		}
		joins := open & uint8(coins)
		coins >>= open
		w.inside[j] |= joins
		w.stack[size] = j
		size += int(joins)
	}
	return coins, size
}

// spreadGraph is spread on a graph.
func (w *anyWolff) spreadGraph(next, size int) int {
	i := int(w.stack[next])
	s := w.spins[i]
	strengths, active := w.graph.Strengths(i), w.active[w.first[i]:]
	for n, j := range w.graph.Neighbours(i) {
		partner := w.partner[bit(strengths[n] < 0)][s]
		if uint16(w.spins[j]) == partner && w.inside[j] == 0 && w.random.Below(active[n]) {
			w.inside[j] = 1
			w.stack[size] = j
			size++
		}
	}
	return size
}

// accept decides whether the cluster may be mirrored in the fields.
func (w *anyWolff) accept(cluster []uint32) bool {
	if w.field == nil {
		return true
	}
	var dE float64 // of beta H
	for _, i := range cluster {
		if w.spins[i] == 0 { // the lowest spin, -1
			dE -= w.field[i]
		} else {
			dE += w.field[i]
		}
	}
	accepted := w.random.Below(mc.Threshold(math.Exp(-dE)))
	w.tally.Add(1, int(bit(accepted)))
	return accepted
}
