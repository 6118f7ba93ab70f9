package proposals

import (
	"mcrun/mc"
	"mcrun/models"
)

// SwendsenWang is the cluster algorithm of R. H. Swendsen and J.-S. Wang,
// Phys. Rev. Lett. 58, 86 (1987), for models with pair couplings. In one step
// every satisfied bond becomes active with a probability, and each cluster of
// sites joined by active bonds is changed as one:
//
//   - spins +-1 with couplings J_ij of any sign: a bond with J_ij s_i s_j > 0 is
//     active with probability 1 - exp(-2 beta |J_ij|), and a cluster is flipped
//     with probability 1/2;
//   - Potts models with J >= 0: a bond between equal colours is active with
//     probability 1 - exp(-beta J), and a cluster gets a colour drawn uniformly;
//   - spins -1, 0, 1: as spins +-1, the zeros belonging to no cluster;
//   - fields with couplings K of neighbours: the signs of their projections p on a
//     random direction r are such spins, a bond being active with probability
//     1 - exp(-2 K p_i p_j), and a cluster is reflected, phi - 2 p r, with
//     probability 1/2;
//   - clock models with J of any sign: the same, in a random one of the mirrors that
//     map the angles on themselves.
//
// A field h_i is a coupling of site i to one more spin, the ghost: a spin along
// its field (h_i s_i > 0) is joined to the ghost with probability 1 - exp(-2 beta
// |h_i|), and the ghost's cluster is not flipped. A Potts model may have none.
//
// The kernel is rejection-free, reversible, and ergodic because every cluster
// may be a single site; but it never changes the zeros of spins -1, 0, 1, nor the
// length of the vectors of a field.
// Couplings that are frustrated are valid, but there the clusters percolate and
// help little.
type SwendsenWang struct{}

func init() {
	Register(Entry{
		Name: "swendsen-wang",
		Doc:  "all clusters at once (Swendsen and Wang 1987); one step is one update of all sites",
		New:  func() Spec { return new(SwendsenWang) },
	})
}

// Check implements Spec.
func (*SwendsenWang) Check(m models.Model) error {
	if _, ok := m.(models.FieldCoupled); ok {
		return nil
	}
	return needClusters(m)
}

// Ergodic implements Spec.
func (*SwendsenWang) Ergodic(m models.Model) error {
	if m, ok := m.(models.FieldCoupled); ok {
		return embeddedErgodic(m)
	}
	return vacancies(m)
}

// Reversible implements [Reversible].
func (*SwendsenWang) Reversible(models.Model) bool { return true }

// Clusters implements ClusterBuilder. With fields those joined to the ghost are
// one cluster, in whichever way its sites hang together.
func (*SwendsenWang) Clusters(m models.Model) error {
	if _, ok := m.(models.FieldCoupled); ok {
		return errProjected
	}
	if isClock(m) {
		return errMirrored
	}
	return nil
}

// Advise implements Adviser.
func (*SwendsenWang) Advise(m models.Model) string { return percolation(m) }

// Bind implements Spec.
func (*SwendsenWang) Bind(m models.Model, c Chain) mc.Kernel {
	if m, ok := m.(models.FieldCoupled); ok {
		return newEmbeddedSwendsenWang(m, c)
	}
	pairs := m.(models.PairCoupled)
	if isClock(m) {
		return newClockSwendsenWang(pairs, c)
	}
	if kindOf(pairs) == isingKind {
		return newIsingSwendsenWang(pairs, c)
	}
	return newSwendsenWang(pairs, c)
}

// swendsenWang is the kernel for any couplings. Site i is node i + 1, and the
// ghost is node 0.
type swendsenWang struct {
	*bonds
	spins    models.Spins
	states   int
	colours  bool     // whether clusters get colours, else they are mirrored or not
	ghost    []uint64 // threshold of a site along its field; nil if there are none
	label    labels
	fate     []uint8 // of a node that is its cluster's first: the colour, or 1 if mirrored
	random   *mc.Stream
	clusters Clusters
}

func newSwendsenWang(m models.PairCoupled, c Chain) *swendsenWang {
	w := &swendsenWang{
		bonds:    newBonds(m),
		spins:    c.State.(models.Spins),
		states:   m.States(),
		colours:  m.Couplings().Pair == models.Equal,
		label:    make(labels, m.Sites()+1),
		fate:     make([]uint8, m.Sites()+1),
		random:   c.Random,
		clusters: c.Clusters,
	}
	for _, f := range w.field {
		w.ghost = append(w.ghost, bondThreshold(f/2))
	}
	return w
}

// Step updates all sites.
func (w *swendsenWang) Step() {
	w.build()
	w.label.flatten()
	for i, s := range w.spins {
		node := uint32(i) + 1
		first := w.label[node]
		if first == node {
			w.fate[node] = w.draw(s)
		}
		switch {
		case w.colours:
			w.spins[i] = w.fate[first]
		case w.fate[first] != 0:
			w.spins[i] = uint8(w.states-1) - s
		}
	}
	if w.clusters != nil {
		w.clusters.All(w.label[1:])
	}
}

// draw returns the fate of a cluster, one site of which is in state s. The
// ghost's is 0.
func (w *swendsenWang) draw(s uint8) uint8 {
	switch {
	case w.colours:
		return uint8(w.random.IntN(w.states))
	case w.vacancy(s):
		return 0 // a vacancy is its own mirror image
	}
	return bit(w.random.Below(half))
}

// build labels the clusters. Every bond is tried at that of its ends which comes
// later.
func (w *swendsenWang) build() {
	coins := uint64(1)
	for i := range w.spins {
		node := uint32(i) + 1
		w.label[node] = node
		if w.ghost != nil && w.along(i) && w.random.Below(w.ghost[i]) {
			w.label[node] = 0
		}
		if w.graph != nil {
			w.joinGraph(i)
		} else {
			coins = w.join(coins, i)
		}
	}
}

// join tries the bonds of site i on a lattice, with a coin for each that is
// satisfied, and returns the coins that are left.
func (w *swendsenWang) join(coins uint64, i int) uint64 {
	partner := w.partner[w.negative][w.spins[i]]
	for _, j := range w.lattice.Neighbours(i) {
		if int(j) > i || uint16(w.spins[j]) != partner {
			continue
		}
		if coins == 1 {
			coins = toss(w.random, w.alike)
		}
		if coins&1 != 0 {
			w.label.join(uint32(i)+1, j+1)
		}
		coins >>= 1
	}
	return coins
}

// joinGraph is join on a graph.
func (w *swendsenWang) joinGraph(i int) {
	s := w.spins[i]
	strengths, active := w.graph.Strengths(i), w.active[w.first[i]:]
	for n, j := range w.graph.Neighbours(i) {
		partner := w.partner[bit(strengths[n] < 0)][s]
		if int(j) < i && uint16(w.spins[j]) == partner && w.random.Below(active[n]) {
			w.label.join(uint32(i)+1, j+1)
		}
	}
}

// along reports whether a spin points along the field of its site.
func (w *swendsenWang) along(i int) bool {
	if w.field[i] < 0 {
		return w.spins[i] == 0
	}
	return int(w.spins[i]) == w.states-1
}
