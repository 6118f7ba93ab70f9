package analysis

import "math"

// blockLength returns the mean length of a block that makes the mean squared
// error of the stationary bootstrap's squared error smallest (Politis and White
// 2004, sections 3 and 4; Patton, Politis and White 2009, eq. 1 and 4, where the
// variance is corrected to D = 2 g^2):
//
//	Block = (2 G^2/D)^(1/3) N^(1/3) = (G/g)^(2/3) N^(1/3),
//	G = sum_t |t| R(t), g = sum_t R(t),
//
// over all lags t, with the autocovariances R weighted by 1 up to a lag M/2 and
// by 2 - 2 |t|/M from there to M. M/2 is the last lag before the autocorrelations
// stay below noise for a while.
func blockLength(acov *lags) float64 {
	s := acov.series
	n := float64(s.records())
	last := s.longest()/2 - 1
	most := math.Max(1, math.Min(3*math.Sqrt(n), float64(s.longest())/3))
	if last < 1 {
		return 1
	}
	r := func(t int) float64 { return acov.at(t) / float64(s.pairs(t)) }

	noise := 2 * math.Sqrt(math.Log10(n)/n) * r(0)
	quiet := max(5, int(math.Sqrt(math.Log10(n))))
	half := 0 // the last lag that is not noise
	for t := 1; t <= min(last, half+quiet, int(math.Sqrt(n))+quiet); t++ {
		if math.Abs(r(t)) >= noise {
			half = t
		}
	}
	half = max(half, 1)
	m := min(2*half, last)
	sum, moment := r(0), 0.0
	for t := 1; t <= m; t++ {
		weight := math.Min(1, 2-2*float64(t)/float64(m))
		sum += 2 * weight * r(t)
		moment += 2 * weight * float64(t) * r(t)
	}
	if !(sum > 0) {
		return most // anticorrelated beyond what the data can tell
	}
	return math.Max(1, math.Min(most, math.Cbrt(moment/sum*(moment/sum)*n)))
}
