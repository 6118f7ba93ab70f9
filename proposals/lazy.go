package proposals

import (
	"math"
	"slices"

	"mcrun/models"
)

// A kernel that is sure to change something can be caught in a cycle: of two
// sets of configurations it visits one at even steps and the other at odd ones.
// So where that may be it does nothing with a small probability.

// lazy is the factor by which the acceptance of such a kernel is reduced. See
// [Metropolis] and [Wolff].
const lazy = 1 - 1.0/32

// flat reports whether all configurations have the same weight, or so nearly
// that fewer than one in 32 changes of a site would be rejected.
func flat(m models.PairCoupled) bool {
	k := m.Couplings()
	local := 0.0 // the largest sum of a site's couplings and field
	if k.Graph != nil {
		for i := range k.Graph.Sites() {
			sum := math.Abs(k.Graph.Field(i))
			for _, j := range k.Graph.Strengths(i) {
				sum += math.Abs(j)
			}
			local = max(local, sum)
		}
	} else {
		local = float64(2*k.Lattice.Dims())*math.Abs(k.J) + math.Abs(k.H)
	}
	span := 2.0 // of a spin, in which H is linear
	if k.Pair == models.Equal {
		span = 1
	}
	self := 0.0
	if k.Self != nil {
		self = slices.Max(k.Self) - slices.Min(k.Self)
	}
	return span*m.Beta()*local+m.Beta()*self < 1-lazy
}

// alternates reports whether steps of Wolff without rejections may flip nearly
// the same again and again. See [Wolff].
func alternates(m models.PairCoupled) bool {
	k := m.Couplings()
	if k.Graph != nil || flat(m) {
		return true
	}
	exponent := 2 * m.Beta() * math.Abs(k.J) // a satisfied bond is not active with probability exp(-exponent)
	if k.Pair == models.Equal {
		exponent /= 2
	}
	const rare = 1.0 / 1024
	return math.Exp(-exponent*float64(2*k.Lattice.Dims())) < rare
}
