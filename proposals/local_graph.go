package proposals

import (
	"math"

	"mcrun/mc"
	"mcrun/models"
)

// Two-valued spins on a graph, updated one by one. A flip of site i changes beta
// H by
//
//	beta dE = 2 beta s_i (h_i + sum_j J_ij s_j).

// newGraphUpdate returns what flips the spin of a site with probability
// flip(beta dE).
func newGraphUpdate(m models.PairCoupled, c Chain, flip func(dE float64) float64) update {
	if u := newMultiples(m, c, flip); u != nil {
		return u.update
	}
	spins, graph, beta, random := c.State.(models.Spins), m.Couplings().Graph, m.Beta(), c.Random
	spin := [2]float64{-1, 1}
	return func(i int) int {
		sum := graph.Field(i)
		strengths := graph.Strengths(i)
		for n, j := range graph.Neighbours(i) {
			sum += strengths[n] * spin[spins[j]&1]
		}
		dE := 2 * beta * spin[spins[i]&1] * sum
		flipped := bit(random.Below(mc.Threshold(flip(dE))))
		spins[i] ^= flipped
		return int(flipped)
	}
}

// multiples are spins on a graph all couplings and fields of which are multiples
// of one unit, as those of a +-J glass: then the sum takes few values, and the
// probabilities are in a table. With the states t = 0, 1 of the neighbours, and
// all in units,
//
//	h_i + sum_j J_ij s_j = h_i - sum_j J_ij + 2 sum_j J_ij t_j.
type multiples struct {
	spins    models.Spins
	graph    *models.Graph
	coupling []int8   // of the bonds of each site, one site after the other
	first    []uint32 // the first of a site's
	start    []int16  // h_i - sum_j J_ij of a site, and most
	flip     []uint64 // threshold of a flip, at 2*(sum + most) + spin
	random   *mc.Stream
}

// mostUnits is the largest sum of a site's couplings and field, in units, for
// which there is a table.
const mostUnits = math.MaxInt8

// newMultiples returns nil if there is no such unit or the sums are too large.
func newMultiples(m models.PairCoupled, c Chain, flip func(dE float64) float64) *multiples {
	g := m.Couplings().Graph
	unit := math.Inf(1) // the smallest that is not 0
	for i := range g.Sites() {
		for _, v := range append([]float64{g.Field(i)}, g.Strengths(i)...) {
			if v != 0 {
				unit = math.Min(unit, math.Abs(v))
			}
		}
	}
	u := &multiples{spins: c.State.(models.Spins), graph: g, random: c.Random}
	var sums []int // h_i - sum_j J_ij
	most := 0.0
	for i := range g.Sites() {
		h := g.Field(i) / unit
		sum, size := h, math.Abs(h)
		u.first = append(u.first, uint32(len(u.coupling)))
		for _, v := range g.Strengths(i) {
			j := v / unit
			if j != math.Trunc(j) || math.Abs(j) > mostUnits {
				return nil
			}
			u.coupling = append(u.coupling, int8(j))
			sum -= j
			size += math.Abs(j)
		}
		if h != math.Trunc(h) || size > mostUnits {
			return nil
		}
		sums = append(sums, int(sum))
		most = max(most, size)
	}
	top := int(most)
	for _, sum := range sums {
		u.start = append(u.start, int16(sum+top))
	}
	if top == 0 {
		unit = 0 // it is infinite
	}
	for sum := -top; sum <= top; sum++ {
		for s := range 2 {
			dE := 2 * m.Beta() * float64(2*s-1) * unit * float64(sum)
			u.flip = append(u.flip, mc.Threshold(flip(dE)))
		}
	}
	return u
}

func (u *multiples) update(i int) int {
	var up int
	couplings := u.coupling[u.first[i]:]
	for n, j := range u.graph.Neighbours(i) {
		up += int(couplings[n]) * int(u.spins[j])
	}
	s := u.spins[i]
	flip := bit(u.random.Below(u.flip[2*(int(u.start[i])+2*up)+int(s)]))
	u.spins[i] = s ^ flip
	return int(flip)
}
