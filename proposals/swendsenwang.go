package proposals

import (
	"math"

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
//   - spins -1, 0, 1: as spins +-1, the zeros belonging to no cluster.
//
// A field h_i is a coupling of site i to one more spin, the ghost: a spin along
// its field (h_i s_i > 0) is joined to the ghost with probability 1 - exp(-2 beta
// |h_i|), and the ghost's cluster is not flipped. A Potts model may have none.
//
// The kernel is rejection-free, reversible, and ergodic because every cluster
// may be a single site; but it never changes the zeros of spins -1, 0, 1.
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
func (*SwendsenWang) Check(m models.Model) error { return needClusters(m) }

// Ergodic implements Spec.
func (*SwendsenWang) Ergodic(m models.Model) error { return vacancies(m) }

// Reversible implements [Reversible].
func (*SwendsenWang) Reversible(models.Model) bool { return true }

// Clusters implements ClusterBuilder. With fields those joined to the ghost are
// one cluster, in whichever way its sites hang together.
func (*SwendsenWang) Clusters(models.Model) error { return nil }

// Advise implements Adviser.
func (*SwendsenWang) Advise(m models.Model) string { return percolation(m) }

// Bind implements Spec.
func (*SwendsenWang) Bind(m models.Model, c Chain) mc.Kernel {
	pairs := m.(models.PairCoupled)
	if kindOf(pairs) != isingKind {
		return newAnySwendsenWang(pairs, c)
	}
	k := pairs.Couplings()
	w := &swendsenWang{
		spins:     c.State.(models.Spins),
		lattice:   k.Lattice,
		satisfied: satisfied(k.J),
		active:    bondThreshold(m.Beta() * k.J),
		ghost:     bondThreshold(m.Beta() * k.H),
		label:     make(labels, m.Sites()+1),
		flip:      make([]uint8, m.Sites()+1),
		random:    c.Random,
		clusters:  c.Clusters,
	}
	if k.H > 0 {
		w.along = 1
	}
	return w
}

// swendsenWang is the kernel for two-valued spins on a lattice, all bonds and
// fields of which are alike. Site i is node i + 1, and the ghost is node 0.
type swendsenWang struct {
	spins     models.Spins
	lattice   *models.Lattice
	satisfied uint8  // s_i XOR s_j of a satisfied bond
	active    uint64 // threshold of a satisfied bond
	ghost     uint64 // threshold of the bond of a site along the field
	along     uint8  // state of a site along the field
	label     labels
	flip      []uint8 // of a node, whether its cluster is flipped
	random    *mc.Stream
	clusters  Clusters
}

// half is the threshold of probability 1/2.
const half = math.MaxUint64/2 + 1

// Step updates all sites.
func (w *swendsenWang) Step() {
	w.build()
	// A node's label is a lower node, or itself if it is its cluster's first:
	// so that one's fate is decided before any other of its cluster is reached,
	// and the ghost, whose flip is 0, is the first of its own.
	coins := uint64(1)
	for i, s := range w.spins {
		node := uint32(i) + 1
		label := w.label[node]
		first := bit(label == node)
		if coins == 1 && first != 0 {
			coins = toss(w.random, half)
		}
		// Of a first node flip[label] is still that of the last step.
		flip := w.flip[label]&^-first | uint8(coins)&first
		coins >>= first
		w.flip[node] = flip
		w.spins[i] = s ^ flip
	}
	if w.clusters != nil {
		w.label.flatten()
		w.clusters.All(w.label[1:])
	}
}

// build labels the clusters. Every bond is tried at that of its ends which comes
// later, when the other has a label and this one has none: to take over that
// label is all there is to do, unless the site has one by another bond already.
// Nothing here branches on whether a bond is active, which is unpredictable.
func (w *swendsenWang) build() {
	spins, label := w.spins, w.label
	coins := uint64(1)
	for i, s := range spins {
		first, joined := uint32(i)+1, uint32(0) // joined: all ones if first is of another node
		if w.ghost != 0 && s == w.along && w.random.Below(w.ghost) {
			first, joined = 0, math.MaxUint32
		}
		for _, j := range w.lattice.Neighbours(i) {
			if int(j) > i {
				continue
			}
			satisfied := uint64(s^spins[j]^w.satisfied) ^ 1
			if coins == 1 && satisfied != 0 {
				coins = toss(w.random, w.active)
			}
			active := -uint32(coins & satisfied)
			coins >>= satisfied & 1
			other := label[j+1]
			differ := (first ^ other) & active
			if differ&joined != 0 {
				w.label.join(first, other)
			}
			first ^= differ
			joined |= active
		}
		label[i+1] = first
	}
}
