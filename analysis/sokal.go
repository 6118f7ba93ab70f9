package analysis

import (
	"fmt"
	"math"
)

// Sokal is the older window rule: the sum of rho is cut at the first W that is
// at least C times the autocorrelation time it gives (A. Sokal, "Monte Carlo
// methods in statistical mechanics", 1996, section 3). It is here in the form of
// emcee's integrated_time, to compare with results made that way; Gamma is the
// better choice for errors.
//
// The rule differs from Gamma's in three ways: autocovariances are divided by
// the number of records, not of pairs; every chain has its own mean and
// variance, and autocorrelations are averaged over chains with one weight each;
// nothing is corrected for bias.
type Sokal struct {
	// C is the least window in units of 1 + 2 sum rho = 2 tau_int; 0 means 5.
	C float64
}

// TauInt is the integrated autocorrelation time in records, 1/2 + sum rho: half
// of what emcee prints. If no window fits into the longest chain the sum ends
// with its last record.
//
// Errors are ErrShort for fewer than two records in a chain, ErrConstant for a
// chain that does not move, and ErrNotFinite.
func (s Sokal) TauInt(chains ...[]float64) (tau float64, window int, err error) {
	c := s.C
	if c == 0 {
		c = 5
	}
	if !(c > 0) || math.IsInf(c, 0) {
		return math.NaN(), 0, fmt.Errorf("analysis: Sokal.C is %g; a positive number is needed, 5 is usual", s.C)
	}
	if len(chains) == 0 {
		return math.NaN(), 0, errShort(0, 2)
	}
	if _, _, err := moments(chains); err != nil {
		return math.NaN(), 0, err
	}
	longest := 0
	acov := make([]*lags, len(chains))
	for k, x := range chains {
		if len(x) < 2 {
			return math.NaN(), 0, fmt.Errorf("%w: chain %d has %d, at least 2 are needed; run longer", ErrShort, k, len(x))
		}
		mean, variance, _ := moments(chains[k : k+1])
		if variance <= 0 {
			return math.NaN(), 0, fmt.Errorf("%w: all %d records of chain %d are %g; leave it out, or run longer", ErrConstant, len(x), k, mean)
		}
		acov[k] = &lags{series: &series{lengths: []int{len(x)}, read: func(dst []float64, _, start int) {
			for i, v := range x[start : start+len(dst)] {
				dst[i] = v - mean
			}
		}}}
		longest = max(longest, len(x))
	}
	tau = 0.5
	for window = 0; float64(window) < c*2*tau && window < longest-1; {
		window++
		for k, a := range acov {
			if window < len(chains[k]) {
				tau += a.at(window) / a.at(0) / float64(len(chains))
			}
		}
	}
	return tau, window, nil
}
