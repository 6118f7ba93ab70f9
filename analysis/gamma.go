package analysis

import (
	"fmt"
	"math"
)

// Gamma is the Gamma method with automatic window (U. Wolff, "Monte Carlo
// errors with less errors", Comput. Phys. Commun. 156 (2004) 143,
// hep-lat/0306017).
//
// Autocovariances are summed up to a window W at which the statistical and the
// systematic error of tau_int are in balance, assuming that the slowest mode
// decays with S times tau_int.
//
// That rule knows only decay without sign. Records with rho(1) < 0, for which
// tau_int may be below 1/2, are summed in pairs of lags rho(2k) + rho(2k+1) as
// long as these are positive, as they are for a reversible chain (C. J. Geyer,
// Stat. Sci. 7 (1992) 473), up to a window W whose rho(W) counts half, so that
// rho(t) = (-a)^t is summed but for a fraction a^W. A tau_int below 1/sqrt(N),
// the noise of one rho, is given that value, so that no error is 0. A sum that
// rises above 1/2 first and falls below it later is read as 1/2.
type Gamma struct {
	// S is the ratio of the exponential to the integrated autocorrelation time
	// that the window assumes; 0 means 1.5. Larger values give wider windows:
	// less bias, more noise.
	S float64
}

// Mean estimates the mean of a series that was recorded in one or more chains,
// which may differ in length; all records have one weight.
//
// Errors are ErrShort for fewer than two records, ErrConstant if all are equal
// and ErrNotFinite. A chain that never moved while another did is data.
func (g Gamma) Mean(chains ...[]float64) (Estimate, error) {
	s := &series{lengths: lengthsOf(chains)}
	n := s.records()
	if n < 2 {
		return Estimate{Value: firstOf(chains), N: n}, errShort(n, 2)
	}
	mean, variance, err := moments(chains)
	if err != nil {
		return Estimate{Value: math.NaN(), N: n}, err
	}
	if variance <= 0 {
		return Estimate{Value: mean, N: n}, errConstant(n, mean)
	}
	s.read = func(dst []float64, chain, start int) {
		for i, v := range chains[chain][start : start+len(dst)] {
			dst[i] = v - mean
		}
	}
	return g.estimate(mean, &lags{series: s})
}

// estimate applies the Gamma method to a series of deviations from their mean,
// of which some differ from zero.
func (g Gamma) estimate(value float64, acov *lags) (Estimate, error) {
	ratio := g.S
	if ratio == 0 {
		ratio = 1.5
	}
	if !(ratio > 0) || math.IsInf(ratio, 0) {
		return Estimate{}, fmt.Errorf("analysis: Gamma.S is %g; a positive number is needed, 1.5 is usual", g.S)
	}
	s := acov.series
	n := float64(s.records())
	gamma0 := acov.at(0) / n

	// Beyond half of the longest chain a lag has fewer pairs than records, all
	// of them at the chain's ends.
	last := s.longest()/2 - 1
	if last < 1 {
		last = min(1, s.longest()-1)
	}
	rho := func(t int) float64 { return acov.at(t) / float64(s.pairs(t)) / gamma0 }
	var (
		tau    float64
		window int
		atEnd  bool
	)
	if last >= 1 && rho(1) < 0 {
		tau, window, atEnd = sumPairs(rho, last)
		tau = math.Max(tau, math.Min(0.5, 1/math.Sqrt(n)))
	} else {
		tau, window, atEnd = sumToWolff(rho, last, ratio, n)
		tau = math.Max(tau, 0.5)
	}

	// The mean is that of the data, which lowers every autocovariance by
	// 2 tau gamma0 / n (hep-lat/0306017, eq. 49).
	bias := 2 * tau / n
	tau = (tau + bias*(float64(window)+0.5)) / (1 + bias)
	e := newEstimate(value, tau, gamma0*(1+bias), window, int(n))
	e.WindowAtEnd = atEnd
	return e, nil
}

// sumToWolff returns 1/2 and the sum of rho up to the lag where wolff stops it.
func sumToWolff(rho func(int) float64, last int, ratio, n float64) (tau float64, window int, atEnd bool) {
	tau = 0.5
	for w := 1; w <= last; w++ {
		tau += rho(w)
		if wolff(ratio, tau, float64(w), n) {
			return tau, w, false
		}
	}
	return tau, last, true
}

// sumPairs returns the sum of rho for alternating decay: 1/2 and the lags from 1
// on, in pairs with lag 0, up to the first pair that is not positive, of whose
// first lag half is added.
func sumPairs(rho func(int) float64, last int) (tau float64, window int, atEnd bool) {
	tau = -0.5
	for {
		even, odd := rho(window), rho(window+1)
		positive := even+odd > 0
		if !positive || window+3 > last {
			return tau + even/2, window, positive
		}
		tau += even + odd
		window += 2
	}
}

// wolff says whether the sum of rho may stop at lag w, where it has reached
// tau: tauW is then the decay time of rho that tau implies, and the truncated tail
// smaller than the noise (the paper's automatic windowing).
func wolff(ratio, tau, w, n float64) bool {
	if tau <= 0.5 {
		return true // read as 1/2 + 0: tauW -> 0, and nothing is left to sum
	}
	tauW := ratio / math.Log((2*tau+1)/(2*tau-1))
	return math.Exp(-w/tauW) < tauW/math.Sqrt(w*n)
}
