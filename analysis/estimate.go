package analysis

import (
	"errors"
	"fmt"
	"math"
)

// Estimate is the value of one quantity with everything known about its error.
//
// Times are in records and follow tau_int = 1/2 + sum_{t>=1} rho(t), so that
//
//	ESS   = N / (2 TauInt)
//	Error = sqrt(2 TauInt Variance / N) = sqrt(Variance / ESS)
//
// hold exactly among the fields. ErrorError and TauIntError are for records that
// are close to normal; heavy tails make the errors less certain than they say.
type Estimate struct {
	Value      float64 // the estimate
	Error      float64 // its standard error (one sigma)
	ErrorError float64 // the standard error of Error

	TauInt      float64 // integrated autocorrelation time
	TauIntError float64 // its standard error

	Window      int  // lag at which the sum over rho was cut
	WindowAtEnd bool // the data ended before the window rule was met

	N        int     // records of all chains
	Variance float64 // of one record (of the linearised function)
	ESS      float64 // effective sample size: independent records of equal worth
}

// What errors.Is finds in the errors of this package. The returned error says
// the numbers.
var (
	// ErrConstant: every record has the same value, so that neither an error
	// nor tau_int can be said. The Estimate still holds Value and N.
	ErrConstant = errors.New("analysis: constant series")
	// ErrShort: too few records for what was asked. An Estimate still holds N,
	// and Value where there is a record.
	ErrShort = errors.New("analysis: too few records")
	// ErrNotFinite: a record, or a function of the records, is NaN or infinite.
	// The Estimate holds N, and NaN for Value.
	ErrNotFinite = errors.New("analysis: value not finite")
)

// newEstimate fills an Estimate so that its identities hold exactly.
func newEstimate(value, tau, variance float64, window, n int) Estimate {
	ess := float64(n) / (2 * tau)
	err := math.Sqrt(variance / ess)
	half := float64(window) + 0.5
	rest := math.Max(half-tau, 0)
	if tau > 1 {
		// The window of a series that decays is several tau long. One that does
		// not, as of chains stuck each in its place, has half = tau, of which
		// nothing is known the better for it.
		rest = math.Max(rest, tau/2)
	}
	return Estimate{
		Value:       value,
		Error:       err,
		ErrorError:  err * math.Sqrt(half/float64(n)),
		TauInt:      tau,
		TauIntError: tau * math.Sqrt(4/float64(n)*rest),
		Window:      window,
		N:           n,
		Variance:    variance,
		ESS:         ess,
	}
}

// errConstant is the error for n records that all have one value.
func errConstant(n int, value float64) error {
	return fmt.Errorf("%w: all %d records give %g, so no error can be said; run longer, or with a kernel that moves it", ErrConstant, n, value)
}

// errShort is the error for n records where least are needed.
func errShort(n, least int) error {
	return fmt.Errorf("%w: %d, at least %d are needed; run longer", ErrShort, n, least)
}
