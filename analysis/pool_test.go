package analysis_test

import (
	"errors"
	"math"
	"strings"
	"testing"

	"mcrun/analysis"
)

func measured(pairs ...float64) []analysis.Estimate {
	var e []analysis.Estimate
	for ; len(pairs) > 0; pairs = pairs[2:] {
		e = append(e, analysis.Estimate{Value: pairs[0], Error: pairs[1]})
	}
	return e
}

// TestPool: 1 +- 1 and 4 +- 2 have the weights 1 and 1/4: mean 2/1.25, chi^2
// 0.36 + 1.44, p = erfc(sqrt(1.8/2)). 10 +- 1 and 20 +- 1 are 5 sqrt(2) apart.
func TestPool(t *testing.T) {
	p, err := analysis.Pool(measured(1, 1, 4, 2))
	if err != nil {
		t.Fatal(err)
	}
	near(t, "Value", p.Value, 1.6)
	near(t, "Error", p.Error, 1/math.Sqrt(1.25))
	near(t, "Chi2", p.Chi2, 1.8)
	near(t, "P", p.P, math.Erfc(math.Sqrt(0.9)))
	near(t, "Scale", p.Scale, math.Sqrt(1.8))
	near(t, "FarthestSigmas", math.Abs(p.FarthestSigmas), 3/math.Sqrt(5))
	if p.DoF != 1 || p.Doubts() != nil {
		t.Errorf("%+v, doubts %v", p, p.Doubts())
	}

	p, err = analysis.Pool(measured(10, 1, 10.5, 1, 20, 1, 9.5, 1))
	if err != nil {
		t.Fatal(err)
	}
	near(t, "FarthestSigmas", p.FarthestSigmas, 10/math.Sqrt(1+1./3))
	d := p.Doubts()
	if p.Farthest != 2 || len(d) != 1 || d[0].Kind != analysis.RunsDiffer || !strings.Contains(d[0].Message, "run 2, 8.7 sigma") {
		t.Errorf("%+v, doubts %v", p, d)
	}

	// Agreement beyond chance does not shrink the error, and one is itself.
	if p, err = analysis.Pool(measured(1, 1, 1, 1)); err != nil || p.Scale != 1 || p.P != 1 {
		t.Errorf("%+v, error %v", p, err)
	}
	if p, err = analysis.Pool(measured(7, 2)); err != nil || p.Value != 7 || p.Error != 2 || p.P != 1 || p.Scale != 1 || p.Farthest != -1 || p.DoF != 0 {
		t.Errorf("%+v, error %v", p, err)
	}
	// Neither tiny errors nor large offsets lose digits.
	if p, err = analysis.Pool(measured(1e9, 1e-200, 1e9, 2e-200)); err != nil || p.Value != 1e9 || !(math.Abs(p.Error/1e-200-math.Sqrt(0.8)) < 1e-12) {
		t.Errorf("%+v, error %v", p, err)
	}
	// One that has all the weight is no reason for a NaN.
	if p, err = analysis.Pool(measured(1, 1e-20, 3, 1)); err != nil || p.Farthest != 1 || !(math.Abs(p.FarthestSigmas-2) < 1e-12) {
		t.Errorf("%+v, error %v", p, err)
	}
}

// TestPoolIsCalibrated: with known errors P is uniform, and the pulls of the
// pooled value have variance 1. 10^4 sets give the bounds below, at five standard
// errors each.
func TestPoolIsCalibrated(t *testing.T) {
	r := random(1)
	const sets = 10000
	var pull2, below float64
	for range sets {
		var e []analysis.Estimate
		for i := range 4 {
			err := math.Exp2(float64(i))
			e = append(e, analysis.Estimate{Value: 5 + err*r.NormFloat64(), Error: err})
		}
		p, err := analysis.Pool(e)
		if err != nil {
			t.Fatal(err)
		}
		pull2 += math.Pow((p.Value-5)/p.Error, 2) / sets
		if p.P < 0.1 {
			below += 1. / sets
		}
	}
	var faults checker
	faults.in("mean squared pull", pull2, 0.93, 1.07)
	faults.in("share of P < 0.1", below, 0.085, 0.115)
	for _, f := range faults {
		t.Error(f)
	}
}

func TestPoolErrors(t *testing.T) {
	for _, c := range []struct {
		estimates []analysis.Estimate
		want      error
	}{
		{nil, analysis.ErrShort},
		{measured(1, 1, 2, 0), analysis.ErrConstant},
		{measured(1, 1, 2, -1), analysis.ErrConstant},
		{measured(1, 1, math.NaN(), 1), analysis.ErrNotFinite},
		{measured(1, 1, 1, math.Inf(1)), analysis.ErrNotFinite},
		{measured(math.Inf(-1), 1, 1, 1), analysis.ErrNotFinite},
	} {
		if p, err := analysis.Pool(c.estimates); !errors.Is(err, c.want) || !math.IsNaN(p.Value) || p.Doubts() != nil {
			t.Errorf("%+v: %+v, error %v, want %v", c.estimates, p, err, c.want)
		}
	}
}

// TestAverage: 1, 2, 6 have mean 3 and variance (4 + 1 + 9)/2.
func TestAverage(t *testing.T) {
	e, err := analysis.Average(1, 2, 6)
	if err != nil {
		t.Fatal(err)
	}
	near(t, "Value", e.Value, 3)
	near(t, "Error", e.Error, math.Sqrt(7./3))
	near(t, "ErrorError", e.ErrorError, e.Error/2)
	near(t, "ESS", e.ESS, 3)
	if e.TauInt != 0.5 || e.N != 3 {
		t.Errorf("%+v", e)
	}
	for _, c := range []struct {
		values []float64
		want   error
	}{
		{nil, analysis.ErrShort},
		{[]float64{1}, analysis.ErrShort},
		{[]float64{2, 2, 2}, analysis.ErrConstant},
		{[]float64{2, math.NaN()}, analysis.ErrNotFinite},
	} {
		if e, err := analysis.Average(c.values...); !errors.Is(err, c.want) || e.Error != 0 || e.N != len(c.values) {
			t.Errorf("%v: %+v, error %v, want %v", c.values, e, err, c.want)
		}
	}
}
