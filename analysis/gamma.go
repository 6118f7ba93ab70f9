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
// The rule knows only decay without sign. Anticorrelated records, whose tau_int
// is below 1/2, are given tau_int = 1/2 and the error of independent ones, which
// is too large but never too small; BulkESS and MCSEMean show the gain.
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
	tau, window, atEnd := 0.5, 0, true
	for w := 1; w <= last; w++ {
		tau += acov.at(w) / float64(s.pairs(w)) / gamma0
		window = w
		if wolff(ratio, tau, float64(w), n) {
			atEnd = false
			break
		}
	}
	tau = math.Max(tau, 0.5)

	// The mean is that of the data, which lowers every autocovariance by
	// 2 tau gamma0 / n (hep-lat/0306017, eq. 49).
	bias := 2 * tau / n
	tau = (tau + bias*(float64(window)+0.5)) / (1 + bias)
	e := newEstimate(value, tau, gamma0*(1+bias), window, int(n))
	e.WindowAtEnd = atEnd
	return e, nil
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
