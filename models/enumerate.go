package models

import (
	"math"
	"math/bits"
	"slices"
)

// maxEnumerated is the largest number of sites that CountStates takes: 2^24
// states with the symmetry s -> -s, which is a 5 x 5 lattice in about 0.2 s.
const maxEnumerated = 25

const badExactShape = "models: exact result: a shape is empty or has a side shorter than 2"

// A DensityOfStates counts the spin configurations of an Ising model on a
// periodic lattice by their number of unequal neighbours and their
// magnetisation. It does not depend on temperature, coupling or field, so one
// enumeration serves all of them. It is made by [CountStates] and never
// changes.
type DensityOfStates struct {
	sites, bonds int
	count        []int64 // [unequal*(sites+1) + up]
}

// CountStates visits all states of Ising spins on a periodic hypercubic
// lattice. It returns false, and does nothing, above 25 sites. It panics if
// shape is empty or a side is shorter than 2.
//
// Successive states differ in one spin (Gray code), so that each costs a few
// instructions; states with the last spin up follow from those with it down by
// symmetry.
func CountStates(shape []int) (DensityOfStates, bool) {
	if len(shape) == 0 || slices.Min(shape) < 2 {
		panic(badExactShape)
	}
	sites, ok := productUpTo(maxEnumerated, shape)
	if !ok {
		return DensityOfStates{}, false
	}
	dims := len(shape)
	g := DensityOfStates{sites: sites, bonds: sites * dims}
	g.count = make([]int64, (g.bonds+1)*(sites+1))

	lattice := NewLattice(shape...)
	forward := make([]uint32, sites) // neighbours, as bits
	backward := make([]uint32, sites)
	for i := range sites {
		for n, k := range lattice.Neighbours(i) {
			if n%2 == 0 {
				forward[i] |= 1 << k
			} else {
				backward[i] |= 1 << k
			}
		}
	}

	var state uint32 // a set bit is a spin up
	unequal, up := 0, 0
	g.count[0], g.count[sites] = 1, 1
	for n := 1; n < 1<<(sites-1); n++ {
		k := bits.TrailingZeros(uint(n))
		others := state
		if state>>k&1 != 0 {
			others = ^state
			up--
		} else {
			up++
		}
		// On a side of length 2 a neighbour is in both masks and counts twice.
		differ := bits.OnesCount32(others&forward[k]) + bits.OnesCount32(others&backward[k])
		unequal += 2 * (dims - differ)
		state ^= 1 << k
		row := unequal * (sites + 1)
		g.count[row+up]++
		g.count[row+sites-up]++
	}
	return g, true
}

// Moments returns the moments of the Ising model
// H = -j sum_<ij> s_i s_j - h sum_i s_i at inverse temperature beta. All
// fields are given. The arguments must be finite.
func (g DensityOfStates) Moments(beta, j, h float64) Moments {
	equalBroken := beta*j < 0
	if equalBroken {
		j = -j
	}
	logWeight := func(broken, up int) float64 {
		return -2*beta*j*float64(broken) + beta*h*float64(2*up-g.sites)
	}
	top := math.Inf(-1)
	g.each(equalBroken, func(broken, up int, _ float64) {
		top = max(top, logWeight(broken, up))
	})
	s := sectors{logScale: top, up: make([]tally, g.sites+1)}
	g.each(equalBroken, func(broken, up int, count float64) {
		t := tally{z: count}
		s.up[up] = s.up[up].plus(t.moved(float64(broken), math.Exp(logWeight(broken, up)-top)))
	})
	return s.moments(g.bonds, beta, j, h)
}

// each calls visit for every number of broken bonds and of spins up that some
// states have. Broken are the pairs of equal or else those of unequal spins.
func (g DensityOfStates) each(equalBroken bool, visit func(broken, up int, count float64)) {
	for unequal := range g.bonds + 1 {
		broken := unequal
		if equalBroken {
			broken = g.bonds - unequal
		}
		for up, count := range g.count[unequal*(g.sites+1) : (unequal+1)*(g.sites+1)] {
			if count != 0 {
				visit(broken, up, float64(count))
			}
		}
	}
}

// Enumerate returns the moments of the Ising model
// H = -j sum_<ij> s_i s_j - h sum_i s_i on a periodic hypercubic lattice at
// inverse temperature beta, summed over all states. Each site has one bond in
// each direction, so that a side of length 2 carries each neighbour pair
// twice. All fields are given, for every sign of j and h, with rounding errors
// of some 1e-15 of the largest energy or moment.
//
// It returns false above 25 sites and panics if shape is empty or a side is
// shorter than 2. For several temperatures use [CountStates].
func Enumerate(shape []int, beta, j, h float64) (Moments, bool) {
	g, ok := CountStates(shape)
	if !ok {
		return Moments{}, false
	}
	return g.Moments(beta, j, h), true
}

// productUpTo returns the product of sides, or false if it exceeds limit.
func productUpTo(limit int, sides []int) (int, bool) {
	n := 1
	for _, side := range sides {
		if side > limit/n {
			return 0, false
		}
		n *= side
	}
	return n, true
}

// sectors are the tallies of all states of each magnetisation, by the number
// of spins up. Weights are divided by e^logScale, and centre is subtracted from
// the quantity.
type sectors struct {
	logScale, centre float64
	up               []tally
}

// add adds times copies of the tallies of t.
func (s *sectors) add(t sectors, times float64) {
	times *= math.Exp(t.logScale - s.logScale)
	for up := range s.up {
		s.up[up] = s.up[up].plus(t.up[up].moved(t.centre-s.centre, times))
	}
}

// moments takes the quantity for the number of broken bonds, each of which
// weighs e^{-2 beta j}, with beta j >= 0 and energy -j (bonds - 2 broken) - h M.
func (s sectors) moments(bonds int, beta, j, h float64) Moments {
	last := len(s.up) - 1
	sites := float64(last)
	var total, mean float64
	for up, t := range s.up {
		total += t.z
		mean += 2*j*t.q - h*float64(2*up-last)*t.z // less the constant terms
	}
	mean /= total
	var variance float64
	for up, t := range s.up {
		if t.z > 0 {
			q, spread := t.meanVariance()
			d := 2*j*q - h*float64(2*up-last) - mean
			variance += t.z / total * (d*d + 4*j*j*spread)
		}
	}
	r := Moments{
		LogZ:         math.Log(total) + s.logScale + beta*j*float64(bonds),
		Energy:       (mean - j*(float64(bonds)-2*s.centre)) / sites,
		SpecificHeat: beta * beta * max(0, variance) / sites,
	}
	// Sectors of opposite magnetisation together, which makes <m> = 0 exact
	// where h = 0.
	for up := last/2 + 1; up <= last; up++ {
		m := float64(2*up-last) / sites
		a, b := s.up[up].z/total, s.up[last-up].z/total
		r.Mag += m * (a - b)
		r.AbsMag += m * (a + b)
		r.Mag2 += m * m * (a + b)
		r.Mag4 += m * m * m * m * (a + b)
	}
	return r
}

// A tally is the weight of a set of states and the first two moments of a
// quantity over it: the sums of w, w Q and w Q^2.
type tally struct{ z, q, qq float64 }

// moved returns the tally of the same states with q added to the quantity and
// the weight multiplied by w.
func (t tally) moved(q, w float64) tally {
	return tally{w * t.z, w * (t.q + q*t.z), w * (t.qq + q*(2*t.q+q*t.z))}
}

func (t tally) plus(u tally) tally { return tally{t.z + u.z, t.q + u.q, t.qq + u.qq} }

// meanVariance returns the mean and the variance of the quantity, which
// rounding can leave negative.
func (t tally) meanVariance() (mean, variance float64) {
	mean = t.q / t.z
	return mean, t.qq/t.z - mean*mean
}
