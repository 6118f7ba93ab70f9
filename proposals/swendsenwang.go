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
		label:     make([]uint32, m.Sites()),
		flip:      make([]uint8, m.Sites()),
		random:    c.Random,
	}
	if k.H > 0 {
		w.along = 1
	}
	return w
}

type swendsenWang struct {
	spins     models.Spins
	lattice   *models.Lattice
	satisfied uint8    // s_i XOR s_j of a satisfied bond
	active    uint64   // threshold of a satisfied bond
	ghost     uint64   // threshold of the bond of a site along the field
	along     uint8    // state of a site along the field
	label     []uint32 // a site of the same cluster, with a number not above the site's
	flip      []uint8  // of the sites that are their cluster's first: whether it is flipped
	random    *mc.Stream
}

// half is the threshold of probability 1/2.
const half = math.MaxUint64/2 + 1

// Step updates all sites.
func (w *swendsenWang) Step() {
	for i := range w.label {
		w.label[i] = uint32(i)
	}
	for i, s := range w.spins {
		neighbours := w.lattice.Neighbours(i)
		for mu := 0; mu < len(neighbours); mu += 2 { // upwards: each bond once
			j := neighbours[mu]
			if s^w.spins[j] == w.satisfied && w.random.Below(w.active) {
				w.join(uint32(i), j)
			}
		}
	}
	// Every label points to a lower site, or to itself at a cluster's first
	// site, whose fate is decided before any other of its cluster is reached.
	for i, l := range w.label {
		if l == uint32(i) {
			w.flip[i] = bit(w.random.Below(half))
		} else {
			w.label[i] = w.label[l]
		}
	}
	// With a field, clusters of which a site is joined to the ghost stay.
	if w.ghost > 0 {
		for i, s := range w.spins {
			if s == w.along && w.random.Below(w.ghost) {
				w.flip[w.label[i]] = 0
			}
		}
	}
	for i, l := range w.label {
		w.spins[i] ^= w.flip[l]
	}
}

// join makes the clusters of two sites one.
func (w *swendsenWang) join(i, j uint32) {
	i, j = w.first(i), w.first(j)
	w.label[max(i, j)] = min(i, j)
}

// first returns the first site of a cluster, and shortens the way to it.
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
