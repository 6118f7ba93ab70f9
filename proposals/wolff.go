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
//     begins at one does nothing;
//   - fields with couplings K of neighbours: the signs of their projections p on a
//     random direction r are such spins, a bond being active with probability
//     1 - exp(-2 K p_i p_j), and the cluster is reflected, phi - 2 p r;
//   - clock models with J of any sign: the same, in a random one of the mirrors that
//     map the angles on themselves.
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
// The kernel is reversible, and ergodic because a cluster may be a single site;
// but it never changes the zeros of spins -1, 0, 1, nor the length of the vectors
// of a field.
//
// # A trap
//
// A step that is sure to flip a cluster, and nearly always one of the same,
// alternates: after two steps, or four, there is much that has not changed. At
// low temperature the cluster is nearly all of the lattice, and after an even
// number of steps the magnetization has its old sign; of two parts of a graph
// that are not joined one is flipped, and the product of their signs is that of
// the step before the last; where clusters are single sites the number of spins
// that are up is even and odd by turns. So a step leaves the cluster as it was
// with probability 1/32 on every graph, of fields of one component, and on a lattice at low temperature,
// where a site of an ordered configuration is cut off from all its neighbours
// with a probability below 1/1024, and near infinite temperature or without
// couplings, where fewer than one change of a site in 32 would be rejected.
type Wolff struct{}

func init() {
	Register(Entry{
		Name: "wolff",
		Doc:  "single-cluster flip (Wolff 1989); one step is one cluster",
		New:  func() Spec { return new(Wolff) },
	})
}

// Check implements Spec.
func (*Wolff) Check(m models.Model) error {
	if _, ok := m.(models.FieldCoupled); ok {
		return nil
	}
	return needClusters(m)
}

// Ergodic implements Spec.
func (*Wolff) Ergodic(m models.Model) error {
	if m, ok := m.(models.FieldCoupled); ok {
		return embeddedErgodic(m)
	}
	return vacancies(m)
}

// Reversible implements [Reversible].
func (*Wolff) Reversible(models.Model) bool { return true }

// Clusters implements ClusterBuilder. With a field the clusters are those of the
// bonds alone, between which the field leaves correlations.
func (*Wolff) Clusters(m models.Model) error {
	if _, ok := m.(models.FieldCoupled); ok {
		return errProjected
	}
	if isClock(m) {
		return errMirrored
	}
	if hasField(m.(models.PairCoupled).Couplings()) {
		return errors.New("in a field spins of different clusters are correlated, which one cluster does not see; use swendsen-wang")
	}
	return nil
}

// Advise implements Adviser.
func (*Wolff) Advise(m models.Model) string { return percolation(m) }

// Bind implements Spec.
func (*Wolff) Bind(m models.Model, c Chain) mc.Kernel {
	if m, ok := m.(models.FieldCoupled); ok {
		return newEmbeddedWolff(m, c)
	}
	pairs := m.(models.PairCoupled)
	var rest uint64
	if alternates(pairs) {
		rest = mc.Threshold(1 - lazy)
	}
	if isClock(m) {
		return newClockWolff(pairs, c)
	}
	if kindOf(pairs) == isingKind {
		return newIsingWolff(pairs, c, rest)
	}
	return newWolff(pairs, c, rest)
}

// wolff is the kernel for any couplings. The cluster is grown first, its sites
// being marked, and changed afterwards.
type wolff struct {
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

func newWolff(m models.PairCoupled, c Chain, rest uint64) *wolff {
	return &wolff{
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
func (w *wolff) Step() {
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
func (w *wolff) grow(seed uint32) []uint32 {
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
// Whether a neighbour joins is unpredictable, so nothing here branches on it: a
// site that does not join is written to the top of the stack but not counted.
func (w *wolff) spread(coins uint64, next, size int) (uint64, int) {
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
func (w *wolff) spreadGraph(next, size int) int {
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
func (w *wolff) accept(cluster []uint32) bool {
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
