package analysis

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/stat/distuv"
)

// Pooled is the common value of several estimates of one quantity, and how well
// they agree.
type Pooled struct {
	Value float64 // mean with the weights 1/error^2
	Error float64 // its standard error, 1/sqrt(sum of 1/error^2)

	Chi2 float64 // sum of ((value - Value)/error)^2
	DoF  int     // degrees of freedom: one less than there are estimates
	P    float64 // probability that estimates of one quantity have a larger Chi2

	// Scale is sqrt(Chi2/DoF) where that is above 1, else 1: the factor by which
	// the Particle Data Group (introduction of its Review, "Unconstrained
	// averaging") would enlarge Error. Error is without it, as the factor hides a
	// disagreement whose reason is unknown.
	Scale float64

	// Farthest is the estimate that is farthest from the mean of the others, by
	// FarthestSigmas; -1 if there is only one.
	Farthest       int
	FarthestSigmas float64
}

// MinAgreement is the probability P of a Pooled below which its estimates are
// said to disagree. Estimates of one quantity with normal and known errors fall
// below it once in 1000 times.
const MinAgreement = 1e-3

// Pool joins estimates of one quantity from independent runs, of which it reads
// Value and Error. The weights are best if the errors are known; errors that are
// themselves uncertain by a tenth or more, of runs with 100 effective records or
// fewer, make the pooled error too small. Chains of one run are better pooled by
// records, as Gamma does.
//
// Errors are ErrShort for no estimates, ErrNotFinite, and ErrConstant for an
// estimate whose error is not positive; Value and P are then NaN.
func Pool(estimates []Estimate) (Pooled, error) {
	unknown := Pooled{Value: math.NaN(), P: math.NaN(), Farthest: -1}
	if len(estimates) == 0 {
		return unknown, fmt.Errorf("%w: no estimates to pool, at least 1 is needed", ErrShort)
	}
	least := math.Inf(1)
	for i, e := range estimates {
		switch {
		case math.IsNaN(e.Value - e.Value), math.IsNaN(e.Error - e.Error): // infinities too
			return unknown, fmt.Errorf("%w: estimate %d is %g +- %g; leave it out, or run longer", ErrNotFinite, i, e.Value, e.Error)
		case e.Error <= 0:
			return unknown, fmt.Errorf("%w: estimate %d is %g +- %g, and a value without an error has no weight; leave it out, or run longer", ErrConstant, i, e.Value, e.Error)
		}
		least = math.Min(least, e.Error)
	}
	// Weights in units of the largest and values from the first neither overflow
	// nor lose digits.
	weight := func(e Estimate) float64 { return least / e.Error * (least / e.Error) }
	var s0, s1 sum
	for _, e := range estimates {
		s0.add(weight(e))
		s1.add(weight(e) * (e.Value - estimates[0].Value))
	}
	p := Pooled{
		Value:    estimates[0].Value + s1.value()/s0.value(),
		Error:    least / math.Sqrt(s0.value()),
		DoF:      len(estimates) - 1,
		P:        1,
		Scale:    1,
		Farthest: -1,
	}
	if p.DoF == 0 {
		return p, nil
	}
	for i, e := range estimates {
		z := (e.Value - p.Value) / e.Error
		p.Chi2 += z * z
		// The others have the weight W - w and the mean
		// Value - (value - Value) w/(W - w).
		others := 1 - weight(e)/s0.value()
		if others <= 0 {
			continue // no weight at all
		}
		if apart := z / math.Sqrt(others); p.Farthest < 0 || math.Abs(apart) > math.Abs(p.FarthestSigmas) {
			p.Farthest, p.FarthestSigmas = i, apart
		}
	}
	p.P = distuv.ChiSquared{K: float64(p.DoF)}.Survival(p.Chi2)
	p.Scale = math.Max(1, math.Sqrt(p.Chi2/float64(p.DoF)))
	return p, nil
}

// Doubts lists the reasons to doubt the pooled value, none if P is at least
// MinAgreement.
func (p Pooled) Doubts() []Doubt {
	if !(p.P < MinAgreement) {
		return nil
	}
	return []Doubt{{Kind: RunsDiffer, Message: fmt.Sprintf(
		"chi^2 = %.3g for %d degrees of freedom is explained by chance with p = %.2g only: the runs have not measured one quantity, or their errors are too small; look for the reason first in run %d, %.1f sigma from the others, before the error is enlarged %.2g times to cover them",
		p.Chi2, p.DoF, p.P, p.Farthest, math.Abs(p.FarthestSigmas), p.Scale)}}
}

// Average is the mean of independent values of one weight each, such as those
// of realisations of disorder, with the error from their scatter,
//
//	error^2 = sum_i (value_i - mean)^2/(n (n - 1)),
//
// which holds the differences between realisations and the statistical errors
// of the values alike, so that these need not be known. With few values the
// deviation in units of the error follows Student's t with n - 1 degrees of
// freedom. The fields of the Estimate are those of records without memory.
//
// Errors are ErrShort for fewer than two values, ErrConstant if all are equal,
// and ErrNotFinite.
func Average(values ...float64) (Estimate, error) {
	n := len(values)
	if n < 2 {
		return Estimate{Value: firstOf([][]float64{values}), N: n}, fmt.Errorf("%w: %d, at least 2 are needed for a scatter; add realisations", ErrShort, n)
	}
	mean, variance, err := moments([][]float64{values})
	if err != nil {
		return Estimate{Value: math.NaN(), N: n}, err
	}
	if variance <= 0 {
		return Estimate{Value: mean, N: n}, fmt.Errorf("%w: all %d values are %g, so no error can be said; add realisations", ErrConstant, n, mean)
	}
	e := newEstimate(mean, 0.5, variance*float64(n)/float64(n-1), 0, n)
	e.ErrorError = e.Error / math.Sqrt(2*float64(n-1))
	return e, nil
}
