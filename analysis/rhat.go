package analysis

import (
	"fmt"
	"math"
	"sync"
)

// rhatRecords is the number of records, of all chains together, above which
// RHat takes every k-th.
const rhatRecords = 1_000_000

// RHat returns the rank-normalised split R-hat: the larger of the bulk's and
// the folded, which compare location and spread of the chains (Vehtari, Gelman,
// Simpson, Carpenter, Bürkner, Bayesian Analysis 16 (2021) 667,
// arXiv:1903.08008). It is close to 1 when all halves of all chains have seen
// the same distribution; above 1.01 they have not, or hold too few effective
// records to tell.
//
// Chains are cut to the length of the shortest, the last records being kept,
// and split in two, so that one chain alone is compared with itself; the middle
// one of an odd number is left out. More than 10^6 records are thinned evenly:
// neighbours are so correlated, or so many, that they no longer change R-hat.
// Equal values share their rank.
//
// Errors are ErrShort for fewer than four records in the shortest chain,
// ErrNotFinite, and ErrConstant if within each half of a chain the records, or
// their distances from the median, do not change: R-hat is then +Inf if the
// halves differ, and NaN if they do not.
func RHat(chains ...[]float64) (float64, error) {
	halves, err := split(chains, 2)
	if err != nil {
		return math.NaN(), err
	}
	scratch := rhatScratch.Get().(*[2][]ranked)
	defer rhatScratch.Put(scratch)

	stride := (len(halves)*len(halves[0]) + rhatRecords - 1) / rhatRecords
	order := pool(scratch[0], halves, stride)
	folded := fold(scratch[1], order)
	scratch[0], scratch[1] = order, folded

	r := rhat(order, len(halves))
	if f := rhat(folded, len(halves)); math.IsNaN(r) || f > r {
		r = f
	}
	if math.IsNaN(r) || math.IsInf(r, 0) {
		return r, fmt.Errorf("%w: within each half of a chain nothing changes but the side of the median; run longer, or with a kernel that moves it", ErrConstant)
	}
	return r, nil
}

// rhatScratch keeps the sorted records of one call for the next, as a report
// asks for the R-hat of many columns. It holds *[2][]ranked.
var rhatScratch = sync.Pool{New: func() any { return new([2][]ranked) }}

// cut returns the last records of each chain, as many as the shortest has.
func cut(chains [][]float64) [][]float64 {
	n := math.MaxInt
	for _, x := range chains {
		n = min(n, len(x))
	}
	out := make([][]float64, len(chains))
	for c, x := range chains {
		out[c] = x[len(x)-n:]
	}
	return out
}

// split cuts chains to one length and each into its two halves, which hold at
// least least records.
func split(chains [][]float64, least int) ([][]float64, error) {
	if len(chains) == 0 {
		return nil, errShort(0, 2*least)
	}
	halves := make([][]float64, 0, 2*len(chains))
	for c, x := range cut(chains) {
		if len(x) < 2*least {
			return nil, fmt.Errorf("%w: the shortest chain has %d, at least %d are needed; run longer", ErrShort, len(x), 2*least)
		}
		for t, v := range chains[c] {
			if math.IsNaN(v) || math.IsInf(v, 0) {
				return nil, fmt.Errorf("%w: chain %d, record %d is %g", ErrNotFinite, c, t, v)
			}
		}
		half := len(x) / 2
		halves = append(halves, x[:half], x[len(x)-half:])
	}
	return halves, nil
}

// rhat is R-hat (Gelman and Rubin 1992) of the normal scores of the
// records of chains of one length, which are in ascending order and whose
// places follow each other by chain. It is NaN if all are equal, and +Inf if
// each chain is constant but not all are equal.
func rhat(order []ranked, chains int) float64 {
	n := len(order) / chains
	type sums struct {
		n             int
		shift, s1, s2 float64
	}
	// Deviations are from a chain's first score, so that a constant chain has
	// variance exactly 0.
	chain := make([]sums, chains)
	for r, z := range normalScores(order) {
		c := &chain[r.place/n]
		if c.n == 0 {
			c.shift = z
		}
		c.n++
		d := z - c.shift
		c.s1 += d
		c.s2 += d * d
	}
	means := make([]float64, chains)
	within := 0.0
	for i, c := range chain {
		d := c.s1 / float64(n)
		means[i] = c.shift + d
		within += math.Max(c.s2-d*c.s1, 0) / float64(n-1) / float64(chains)
	}
	_, between := meanVariance(means)
	switch {
	case within > 0:
		return math.Sqrt(between/within + float64(n-1)/float64(n))
	case between > 0:
		return math.Inf(1)
	default:
		return math.NaN()
	}
}

// meanVariance returns the mean and the unbiased variance of x.
func meanVariance(x []float64) (mean, variance float64) {
	var s1, s2 float64
	for _, v := range x {
		d := v - x[0]
		s1 += d
		s2 += d * d
	}
	n := float64(len(x))
	d := s1 / n
	return x[0] + d, math.Max(s2-d*s1, 0) / (n - 1)
}
