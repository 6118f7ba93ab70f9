package analysis_test

import (
	"errors"
	"math"
	"strings"
	"testing"

	"mcrun/analysis"
)

// TestLinearFunctionIsMean: a linear function of two columns has the estimate of
// the series that it makes of them.
func TestLinearFunctionIsMean(t *testing.T) {
	chains := append(correlated(random(1), 5000), correlated(random(2), 800)...)
	linear := analysis.Function{
		Terms: 2,
		Term:  func(record, terms []float64) { copy(terms, record) },
		Value: func(m []float64) float64 { return 2*m[0] - 3*m[1] + 1 },
	}
	direct := make([][]float64, len(chains))
	for c, columns := range chains {
		for i := range columns[0] {
			direct[c] = append(direct[c], 2*columns[0][i]-3*columns[1][i]+1)
		}
	}
	got, err := analysis.Gamma{}.Function(linear, chains)
	if err != nil {
		t.Fatal(err)
	}
	want, err := analysis.Gamma{}.Mean(direct...)
	if err != nil {
		t.Fatal(err)
	}
	near(t, "Value", got.Value, want.Value)
	near(t, "Error", got.Error, want.Error)
	near(t, "TauInt", got.TauInt, want.TauInt)
	near(t, "Variance", got.Variance, want.Variance)
	if got.Window != want.Window {
		t.Errorf("Window = %d, want %d", got.Window, want.Window)
	}
}

// TestNumericalGradient compares with the derivatives given by hand, for means
// of order 1, 10^8 and 10^-8.
func TestNumericalGradient(t *testing.T) {
	for _, scale := range []float64{1, 1e8, 1e-8} {
		chains := correlated(random(3), 20000)
		for _, x := range chains[0] {
			for i := range x {
				x[i] *= scale
			}
		}
		exact, err := analysis.Gamma{}.Function(ratio, chains)
		if err != nil {
			t.Fatal(err)
		}
		f := ratio
		f.Gradient = nil
		numerical, err := analysis.Gamma{}.Function(f, chains)
		if err != nil {
			t.Fatal(err)
		}
		// A relative step of 6e-6 costs 4e-11, and rounding as much.
		if d := numerical.Error/exact.Error - 1; !(math.Abs(d) < 1e-9) {
			t.Errorf("scale %g: the error differs by %g of itself", scale, d)
		}
		if numerical.Value != exact.Value {
			t.Errorf("scale %g: the value differs", scale)
		}
	}
}

// TestFunctionConstant: functions that do not fluctuate to first order, though
// their terms do.
func TestFunctionConstant(t *testing.T) {
	x := ar1(random(4), 0.5, 3000)
	signs := make([]float64, len(x))
	for i, v := range x {
		signs[i] = math.Copysign(1, v)
	}
	same := analysis.Function{
		Terms: 2,
		Term:  func(record, terms []float64) { terms[0], terms[1] = record[0]+3, 2*record[0]+6 },
		Value: func(m []float64) float64 { return m[1] / m[0] },
	}
	square := analysis.Function{
		Terms: 1,
		Term:  func(record, terms []float64) { terms[0] = record[0] * record[0] },
		Value: func(m []float64) float64 { return math.Sqrt(m[0]) },
	}
	for _, c := range []struct {
		name  string
		f     analysis.Function
		x     []float64
		value float64
	}{
		{"a ratio of one thing to itself", same, x, 2},
		{"the square of signs", square, signs, 1},
	} {
		e, err := analysis.Gamma{}.Function(c.f, [][][]float64{{c.x}})
		if !errors.Is(err, analysis.ErrConstant) {
			t.Errorf("%s: error %v, want ErrConstant; %+v", c.name, err, e)
		}
		if !(math.Abs(e.Value-c.value) < 1e-12) || e.N != len(c.x) || e.Error != 0 {
			t.Errorf("%s: %+v, want the value %g of %d records", c.name, e, c.value, len(c.x))
		}
	}

	// A small fluctuation is not a constant one: the Binder cumulant deep in the
	// ordered phase, where the first-order parts of its terms cancel.
	m2, m4 := make([]float64, len(x)), make([]float64, len(x))
	for i, v := range x {
		m := 1 - 1e-4*v*v
		m2[i], m4[i] = m*m, m*m*m*m
	}
	e, err := analysis.Gamma{}.Function(binder, [][][]float64{{m2, m4}})
	if err != nil || !(e.Error > 0) {
		t.Errorf("Binder cumulant of an ordered magnet: %+v, %v", e, err)
	}
}

func TestFunctionErrors(t *testing.T) {
	x := ar1(random(5), 0.5, 3000)
	logarithm := analysis.Function{
		Terms: 1,
		Term:  func(record, terms []float64) { terms[0] = math.Log(record[0]) },
		Value: func(m []float64) float64 { return m[0] },
	}
	root := analysis.Function{
		Terms: 1,
		Term:  func(record, terms []float64) { terms[0] = record[0] },
		Value: func(m []float64) float64 { return math.Sqrt(m[0] - 10) },
	}
	slope := root
	slope.Value = func(m []float64) float64 { return m[0] }
	slope.Gradient = func(_, grad []float64) { grad[0] = math.Inf(1) }
	positive := make([]float64, len(x))
	for i, v := range x {
		positive[i] = math.Exp(v)
	}
	for _, c := range []struct {
		name   string
		f      analysis.Function
		chains [][][]float64
		is     error
		says   string
	}{
		{"a term", logarithm, [][][]float64{{positive}, {with(positive, 2222, 0)}}, analysis.ErrNotFinite, "chain 1, record 2222"},
		{"the value", root, [][][]float64{{x}}, analysis.ErrNotFinite, "NaN"},
		{"the gradient", slope, [][][]float64{{x}}, analysis.ErrNotFinite, "term 0"},
		{"columns", ratio, [][][]float64{{x, x}, {x}}, nil, "chain 1 has 1 columns"},
		{"lengths", ratio, [][][]float64{{x, x}, {x, x[1:]}}, nil, "chain 1, column 1 has 2999 records"},
	} {
		_, err := analysis.Gamma{}.Function(c.f, c.chains)
		if err == nil || c.is != nil && !errors.Is(err, c.is) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: error %v, want one that says %q", c.name, err, c.says)
		}
	}
}

// TestFunctionPanics: a Function without parts is a programmer's mistake.
func TestFunctionPanics(t *testing.T) {
	for _, f := range []analysis.Function{
		{},
		{Terms: 1, Term: ratio.Term},
		{Terms: 1, Value: ratio.Value},
		{Term: ratio.Term, Value: ratio.Value},
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%+v is accepted", f)
				}
			}()
			_, _ = analysis.Gamma{}.Function(f, nil)
		}()
	}
}
