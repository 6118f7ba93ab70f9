package proposals

import (
	"math"

	"mcrun/mc"
	"mcrun/models"
)

// SwendsenWang is the cluster algorithm of R. H. Swendsen and J.-S. Wang,
// Phys. Rev. Lett. 58, 86 (1987), for two-valued spins with pair couplings.
// In one step every satisfied bond (J s_i s_j > 0) becomes active with
// probability 1 - exp(-2 beta |J|), and each cluster of sites joined by
// active bonds is flipped with probability 1/2.
//
// A field h is a coupling of every site to one more spin, the ghost, which
// points along the field: a site that does so too is joined to the ghost with
// probability 1 - exp(-2 beta |h|), and the ghost's cluster is not flipped.
//
// The kernel is rejection-free, reversible, and ergodic because every cluster
// may be a single site.
type SwendsenWang struct{}

func init() {
	Register(Entry{
		Name: "swendsen-wang",
		Doc:  "all clusters at once (Swendsen and Wang 1987); one step is one update of all sites",
		New:  func() Spec { return new(SwendsenWang) },
	})
}

// Check implements Spec.
func (*SwendsenWang) Check(m models.Model) error { return needPairs(m) }

// Ergodic implements Spec.
func (*SwendsenWang) Ergodic(models.Model) error { return nil }

// Bind implements Spec.
func (*SwendsenWang) Bind(m models.Model, c Chain) mc.Kernel {
	k := m.(models.PairCoupled).Couplings()
	w := &swendsenWang{
		spins:     c.State.(models.Spins),
		lattice:   k.Lattice,
		satisfied: satisfied(k.J),
		active:    bondThreshold(m.Beta() * k.J),
		ghost:     bondThreshold(m.Beta() * k.H),
		label:     make([]uint32, m.Sites()+1),
		flip:      make([]uint8, m.Sites()+1),
		random:    c.Random,
	}
	if k.H > 0 {
		w.along = 1
	}
	return w
}

// Site i is node i + 1, and the ghost is node 0.
type swendsenWang struct {
	spins     models.Spins
	lattice   *models.Lattice
	satisfied uint8    // s_i XOR s_j of a satisfied bond
	active    uint64   // threshold of a satisfied bond
	ghost     uint64   // threshold of the bond of a site along the field
	along     uint8    // state of a site along the field
	label     []uint32 // of a node, one of the same cluster that is not above it
	flip      []uint8  // of a node, whether its cluster is flipped
	random    *mc.Stream
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
				w.join(first, other)
			}
			first ^= differ
			joined |= active
		}
		label[i+1] = first
	}
}

// join makes the clusters of two nodes one.
func (w *swendsenWang) join(i, j uint32) {
	i, j = w.first(i), w.first(j)
	w.label[max(i, j)] = min(i, j)
}

// first returns the first node of a cluster, and shortens the way to it.
func (w *swendsenWang) first(i uint32) uint32 {
	for {
		l := w.label[i]
		if l == i {
			return i
		}
		w.label[i] = w.label[l]
		i = w.label[i]
	}
}
