package analysis_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"mcrun/analysis"
)

// ar1 is a stationary series x_t = phi x_{t-1} + noise with mean 0 and variance
// 1, for which tau_int = (1 + phi)/(2 (1 - phi)).
func ar1(random *rand.Rand, phi float64, n int) []float64 {
	x := make([]float64, n)
	v := random.NormFloat64()
	sigma := math.Sqrt(1 - phi*phi)
	for t := range x {
		x[t] = v
		v = phi*v + sigma*random.NormFloat64()
	}
	return x
}

// tauOf is tau_int of ar1.
func tauOf(phi float64) float64 { return (1 + phi) / (2 * (1 - phi)) }

// Derived quantities that the tests use.
var (
	// variance of column 0
	variance = analysis.Function{
		Terms: 2,
		Term: func(record, terms []float64) {
			terms[0] = record[0]
			terms[1] = record[0] * record[0]
		},
		Value: func(m []float64) float64 { return m[1] - m[0]*m[0] },
	}
	// binder cumulant 1 - <m^4>/(3 <m^2>^2) of columns m^2, m^4
	binder = analysis.Function{
		Terms: 2,
		Term:  func(record, terms []float64) { copy(terms, record) },
		Value: func(m []float64) float64 { return 1 - m[1]/(3*m[0]*m[0]) },
	}
)

// thorough leaves a test of statistics over thousands of sets of chains out with
// -short: nothing of it is concurrent, so that the race detector has nothing to
// find.
func thorough(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("thousands of sets of chains")
	}
}
