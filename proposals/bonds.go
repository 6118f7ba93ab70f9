package proposals

import (
	"math"

	"mcrun/mc"
	"mcrun/models"
)

// bonds are the couplings of a model as the cluster kernels for any couplings
// see them. A bond between sites in states s and t is satisfied, and so may be
// active, if t is the partner of s. For J >= 0 that is s itself, for J < 0 the
// mirror image of s; a vacancy has none.
type bonds struct {
	partner [2][1 << 8]uint16 // of a state, for J >= 0 and for J < 0
	field   []float64         // 2 beta h_i; nil if there are none

	// On a lattice, where all bonds are alike:
	lattice  *models.Lattice
	negative uint8  // 1 if J < 0
	alike    uint64 // threshold of a satisfied bond

	// On a graph:
	graph  *models.Graph // not nil
	active []uint64      // thresholds of the bonds of each site, one site after the other
	first  []uint32      // the first of a site's
}

// nothing is the partner of a vacancy: no state.
const nothing = 1 << 8

func newBonds(m models.PairCoupled) *bonds {
	k, q := m.Couplings(), m.States()
	b := new(bonds)
	// In the exponent of 1 - exp(-2|K|): a Potts bond has half of the coupling,
	// since delta = (1 + s_i s_j)/2 for q = 2.
	beta := m.Beta()
	if k.Pair == models.Equal {
		beta /= 2
	}
	if k.Graph == nil {
		b.lattice, b.negative, b.alike = k.Lattice, bit(k.J < 0), bondThreshold(beta*k.J)
	} else {
		b.graph = k.Graph
		for i := range m.Sites() {
			b.first = append(b.first, uint32(len(b.active)))
			for _, j := range k.Graph.Strengths(i) {
				b.active = append(b.active, bondThreshold(beta*j))
			}
		}
	}
	for s := range q {
		same, mirrored := uint16(s), uint16(q-1-s)
		if k.Pair == models.Product && same == mirrored {
			same, mirrored = nothing, nothing
		}
		b.partner[0][s], b.partner[1][s] = same, mirrored
	}
	if hasField(k) {
		for i := range m.Sites() {
			h := k.H
			if k.Graph != nil {
				h = k.Graph.Field(i)
			}
			b.field = append(b.field, 2*m.Beta()*h)
		}
	}
	return b
}

// vacancy reports whether a site in state s belongs to no cluster.
func (b *bonds) vacancy(s uint8) bool { return b.partner[0][s] == nothing }

// bondThreshold returns the threshold of the probability 1 - exp(-2|K|) with
// which a satisfied bond is active.
func bondThreshold(k float64) uint64 {
	return mc.Threshold(-math.Expm1(-2 * math.Abs(k)))
}
