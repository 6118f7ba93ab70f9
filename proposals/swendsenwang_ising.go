package proposals

import (
	"math"

	"mcrun/mc"
	"mcrun/models"
)

// isingSwendsenWang is swendsenWang for two-valued spins on a lattice, all bonds
// and fields of which are alike. It is fast where swendsenWang is plain: nothing
// branches on what is random, and clusters are flipped as they are found.
type isingSwendsenWang struct {
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

func newIsingSwendsenWang(m models.PairCoupled, c Chain) *isingSwendsenWang {
	k := m.Couplings()
	return &isingSwendsenWang{
		spins:     c.State.(models.Spins),
		lattice:   k.Lattice,
		satisfied: bit(k.J < 0),
		active:    bondThreshold(m.Beta() * k.J),
		ghost:     bondThreshold(m.Beta() * k.H),
		along:     bit(k.H > 0),
		label:     make(labels, m.Sites()+1),
		flip:      make([]uint8, m.Sites()+1),
		random:    c.Random,
		clusters:  c.Clusters,
	}
}

// Step updates all sites.
func (w *isingSwendsenWang) Step() {
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
func (w *isingSwendsenWang) build() {
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
