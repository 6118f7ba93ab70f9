package analysis

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/mathext"
)

// minHalf is the least number of records in half a chain for an effective
// sample size: the sequence of autocorrelations needs two pairs.
const minHalf = 4

// BulkESS is the effective sample size of the rank-normalised records: how well
// the centre of the distribution is known, whether or not it has a variance.
//
// This and the functions below follow Vehtari, Gelman, Simpson, Carpenter,
// Bürkner (Bayesian Analysis 16 (2021) 667, arXiv:1903.08008) in the choices of
// Stan's posterior package: chains are cut and split as for RHat,
// autocorrelations include the variance between chains, and the sum over them
// stops by Geyer's initial monotone sequence. ESS = N/(2 tau_int), as
// everywhere, but may exceed N for anticorrelated records, up to N log10(N). All
// records are sorted: 10^7 of them take seconds and 300 MB.
//
// Errors are ErrShort for fewer than eight records in the shortest chain,
// ErrConstant and ErrNotFinite.
func BulkESS(chains ...[]float64) (float64, error) {
	halves, err := split(chains, minHalf)
	if err != nil {
		return math.NaN(), err
	}
	n := len(halves[0])
	z := make([]float64, n*len(halves))
	for r, v := range normalScores(pool(nil, halves, 1)) {
		z[r.place] = v
	}
	for h := range halves {
		halves[h] = z[h*n : (h+1)*n]
	}
	return ess(halves)
}

// TailESS is the smaller of the effective sample sizes for the quantiles 5 %
// and 95 %: how well the tails are known. A quantile that no record exceeds, as
// discrete records may have, is left out. Errors are those of BulkESS.
func TailESS(chains ...[]float64) (float64, error) {
	halves, err := split(chains, minHalf)
	if err != nil {
		return math.NaN(), err
	}
	order := pool(nil, cut(chains), 1)
	low, errLow := quantileESS(halves, quantile(order, 0.05))
	high, errHigh := quantileESS(halves, quantile(order, 0.95))
	switch {
	case errLow != nil:
		return high, errHigh
	case errHigh != nil:
		return low, nil
	}
	return math.Min(low, high), nil
}

// MCSEMean is the Monte Carlo standard error of the mean, by the effective
// sample size of the records as they are. It differs from the error of
// Gamma.Mean in the window and in counting the variance between chains. Errors
// are those of BulkESS.
func MCSEMean(chains ...[]float64) (float64, error) {
	halves, err := split(chains, minHalf)
	if err != nil {
		return math.NaN(), err
	}
	neff, err := ess(halves)
	if err != nil {
		return math.NaN(), err
	}
	chains = cut(chains)
	n := float64(len(chains) * len(chains[0]))
	_, variance, err := moments(chains)
	return math.Sqrt(variance * n / (n - 1) / neff), err
}

const panicProbability = "analysis: probability not between 0 and 1"

// MCSEQuantile is the quantile p of the records and its Monte Carlo standard
// error: half the distance of the records at the ranks between which the
// quantile lies with the probability of one sigma (Vehtari et al. 2021). Errors are those of BulkESS, ErrConstant also if no record
// exceeds the quantile. It panics unless 0 < p < 1.
func MCSEQuantile(p float64, chains ...[]float64) (value, mcse float64, err error) {
	if !(p > 0 && p < 1) {
		panic(panicProbability)
	}
	halves, err := split(chains, minHalf)
	if err != nil {
		return math.NaN(), math.NaN(), err
	}
	order := pool(nil, cut(chains), 1)
	value = quantile(order, p)
	neff, err := quantileESS(halves, value)
	if err != nil {
		return value, math.NaN(), err
	}
	n := float64(len(order))
	a, b := neff*p+1, neff*(1-p)+1
	// Phi(-1) and Phi(1) to the digits that Stan uses.
	low := math.Max(math.Floor(n*mathext.InvRegIncBeta(a, b, 0.1586553)), 1)
	high := math.Min(math.Ceil(n*mathext.InvRegIncBeta(a, b, 0.8413447)), n)
	return value, (order[int(high)-1].value - order[int(low)-1].value) / 2, nil
}

// quantileESS is the effective sample size of the indicator of records up to q.
func quantileESS(halves [][]float64, q float64) (float64, error) {
	indicator := make([][]float64, len(halves))
	for h, x := range halves {
		indicator[h] = make([]float64, len(x))
		for t, v := range x {
			if v <= q {
				indicator[h][t] = 1
			}
		}
	}
	return ess(indicator)
}

// ess is the effective sample size of chains of one length (Vehtari et al.
// 2021), with the pair of autocorrelations after the sum kept in
// part, which reduces the variance for anticorrelated records.
func ess(chains [][]float64) (float64, error) {
	m, n := len(chains), len(chains[0])
	means := make([]float64, m)
	within, moved := 0.0, false
	for c, x := range chains {
		mean, variance := meanVariance(x)
		means[c] = mean
		within += variance / float64(m)
		moved = moved || variance > 0
	}
	if !moved {
		return math.NaN(), fmt.Errorf("%w: no half of the chains ever moves; run longer, or with a kernel that moves it", ErrConstant)
	}
	total := within * float64(n-1) / float64(n)
	if m > 1 {
		_, between := meanVariance(means)
		total += between
	}
	acov := lags{series: &series{lengths: lengthsOf(chains), read: func(dst []float64, chain, start int) {
		for i, v := range chains[chain][start : start+len(dst)] {
			dst[i] = v - means[chain]
		}
	}}}
	rho := func(t int) float64 {
		return 1 - (within-acov.at(t)/float64(m*n))/total
	}

	// Pairs of neighbouring autocorrelations are positive and fall for a
	// reversible chain (Geyer 1992): the sum ends with the first pair that is
	// not positive, and none counts for more than the ones before it.
	even, odd := 1.0, rho(1)
	sum, lowest := 0.0, math.Inf(1)
	for t := 2; t < n-3 && even+odd > 0; t += 2 {
		lowest = math.Min(lowest, even+odd)
		sum += lowest
		even, odd = rho(t), rho(t+1)
	}
	rest := 0.0
	if even > 0 || even+odd >= 0 {
		rest = even
	}
	records := float64(m * n)
	tau := math.Max(-1+2*sum+rest, 1/math.Log10(records))
	return records / tau, nil
}
