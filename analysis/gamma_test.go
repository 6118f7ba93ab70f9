package analysis_test

import (
	"errors"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"mcrun/analysis"
)

func random(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 0)) }

// repeat is a constant series.
func repeat(v float64, n int) []float64 {
	x := make([]float64, n)
	for t := range x {
		x[t] = v
	}
	return x
}

// with is a copy of x with one record replaced.
func with(x []float64, t int, v float64) []float64 {
	y := append([]float64(nil), x...)
	y[t] = v
	return y
}

func TestEstimateIdentities(t *testing.T) {
	for _, x := range [][]float64{ar1(random(1), 0.7, 3000), ar1(random(2), -0.5, 3000), {1, 2}, {1, 2, 4}, {3, 1, 4, 1, 5}} {
		e, err := analysis.Gamma{}.Mean(x)
		if err != nil {
			t.Fatal(err)
		}
		n := float64(len(x))
		near(t, "ESS", e.ESS, n/(2*e.TauInt))
		near(t, "Error", e.Error, math.Sqrt(2*e.TauInt*e.Variance/n))
		if !(e.TauInt > 0) || !(e.Error > 0) || e.N != len(x) {
			t.Errorf("%d records give %+v", len(x), e)
		}
	}
}

// TestGammaIsCovariant checks what a change of units and origin, and the order
// of chains, do to an estimate.
func TestGammaIsCovariant(t *testing.T) {
	const scale, shift = -1e-6, 1e3
	x, y := ar1(random(3), 0.9, 20000), ar1(random(4), 0.9, 7000)
	move := func(x []float64) []float64 {
		z := make([]float64, len(x))
		for t, v := range x {
			z[t] = shift + scale*v
		}
		return z
	}
	e, err := analysis.Gamma{}.Mean(x, y)
	if err != nil {
		t.Fatal(err)
	}
	for name, chains := range map[string][][]float64{
		"moved":   {move(x), move(y)},
		"swapped": {move(y), move(x)},
		"padded":  {nil, move(x), {}, move(y)},
	} {
		f, err := analysis.Gamma{}.Mean(chains...)
		if err != nil {
			t.Fatal(err)
		}
		// The offset is 10^9 times the spread, which costs as many digits.
		same := func(what string, got, want float64) {
			if !(math.Abs(got-want) <= 1e-6*math.Abs(want)) {
				t.Errorf("%s: %s = %.12g, want %.12g", name, what, got, want)
			}
		}
		same("Value", f.Value, shift+scale*e.Value)
		same("Error", f.Error, -scale*e.Error)
		same("TauInt", f.TauInt, e.TauInt)
		if f.Window != e.Window {
			t.Errorf("%s: Window = %d, want %d", name, f.Window, e.Window)
		}
	}
}

// TestLargerSWidensTheWindow is what S is for.
func TestLargerSWidensTheWindow(t *testing.T) {
	x := ar1(random(5), 0.9, 20000)
	before := 0
	for _, s := range []float64{1, 1.5, 2, 3} {
		e, err := analysis.Gamma{S: s}.Mean(x)
		if err != nil {
			t.Fatal(err)
		}
		if e.Window <= before {
			t.Errorf("S = %g gives the window %d, smaller S gave %d", s, e.Window, before)
		}
		before = e.Window
	}
	for _, s := range []float64{-1, math.NaN(), math.Inf(1)} {
		if _, err := (analysis.Gamma{S: s}).Mean(x); err == nil {
			t.Errorf("S = %g is accepted", s)
		}
	}
}

// TestAnticorrelatedHasAnError: the noise of rho bounds tau_int from below,
// where the sum would be 0 or negative, and 1/2 bounds that of few records.
func TestAnticorrelatedHasAnError(t *testing.T) {
	for _, n := range []int{2, 3, 4, 5, 10, 101, 10000} {
		x := make([]float64, n)
		for i := range x {
			x[i] = float64(i % 2)
		}
		e, err := analysis.Gamma{}.Mean(x)
		if err != nil {
			t.Fatal(err)
		}
		// The bias correction, of order 1/N, applies to the bound as well.
		least := math.Min(0.5, 1/math.Sqrt(float64(n)))
		if !(e.TauInt >= least*(1-1/float64(n)) && e.TauInt <= least*(1+10/float64(n))) || !(e.Error > 0) {
			t.Errorf("%d alternating records give tau_int = %g, want %g; error %g", n, e.TauInt, least, e.Error)
		}
	}
}

// TestWindowAtEnd: one chain always meets the window rule, as the noise of its
// sum over rho grows faster than the window; many chains that are each shorter
// than their memory have no noise and do not.
func TestWindowAtEnd(t *testing.T) {
	ramps := make([][]float64, 20)
	for c := range ramps {
		for i := range 50 {
			ramps[c] = append(ramps[c], float64(i))
		}
	}
	e, err := analysis.Gamma{}.Mean(ramps...)
	if err != nil {
		t.Fatal(err)
	}
	if !e.WindowAtEnd || e.Window != 24 {
		t.Errorf("ramps of 50 give the window %d, at the end: %t; want 24", e.Window, e.WindowAtEnd)
	}
	e, err = analysis.Gamma{}.Mean(ar1(random(7), 0.5, 1000))
	if err != nil {
		t.Fatal(err)
	}
	if e.WindowAtEnd {
		t.Errorf("a short memory gives the window %d, at the end", e.Window)
	}
}

// TestErrors holds Mean, and Function of the same series, to the documented
// errors and to what an estimate still holds beside them.
func TestErrors(t *testing.T) {
	good := ar1(random(8), 0.5, 3000)
	identity := analysis.Function{
		Terms: 1,
		Term:  func(record, terms []float64) { terms[0] = record[0] },
		Value: func(m []float64) float64 { return m[0] },
	}
	table := func(chains [][]float64) [][][]float64 {
		var out [][][]float64
		for _, x := range chains {
			out = append(out, [][]float64{x})
		}
		return out
	}
	estimators := map[string]func(chains [][]float64) (value float64, n int, err error){
		"Mean": func(chains [][]float64) (float64, int, error) {
			e, err := analysis.Gamma{}.Mean(chains...)
			return e.Value, e.N, err
		},
		"Function": func(chains [][]float64) (float64, int, error) {
			e, err := analysis.Gamma{}.Function(identity, table(chains))
			return e.Value, e.N, err
		},
	}
	for _, c := range []struct {
		name   string
		chains [][]float64
		want   error
		says   string  // in the message
		value  float64 // of the estimate, with ErrConstant and ErrShort
	}{
		{"nothing", nil, analysis.ErrShort, "0", math.NaN()},
		{"empty", [][]float64{{}, {}}, analysis.ErrShort, "0", math.NaN()},
		{"one record", [][]float64{{7}}, analysis.ErrShort, "1", 7},
		{"constant", [][]float64{repeat(0.1, 3000), repeat(0.1, 5)}, analysis.ErrConstant, "3005", 0.1},
		{"zero", [][]float64{repeat(0, 100)}, analysis.ErrConstant, "100", 0},
		{"NaN", [][]float64{good, with(good, 2500, math.NaN())}, analysis.ErrNotFinite, "chain 1, record 2500", 0},
		{"infinite", [][]float64{with(good, 7, math.Inf(-1)), good}, analysis.ErrNotFinite, "chain 0, record 7", 0},
		{"first record", [][]float64{with(good, 0, math.NaN())}, analysis.ErrNotFinite, "chain 0, record 0", 0},
		{"overflow", [][]float64{with(good, 9, 1e300)}, analysis.ErrNotFinite, "overflow", 0},
		{"frozen chain", [][]float64{repeat(0.1, 3000), good}, nil, "", 0},
		{"chains of one record", [][]float64{{1}, {2}, {4}}, nil, "", 0},
	} {
		for name, estimate := range estimators {
			value, n, err := estimate(c.chains)
			if !errors.Is(err, c.want) || err != nil && !strings.Contains(err.Error(), c.says) {
				t.Errorf("%s of %s: error %v, want %v that says %q", name, c.name, err, c.want, c.says)
			}
			total := 0
			for _, x := range c.chains {
				total += len(x)
			}
			if n != total {
				t.Errorf("%s of %s: N = %d, want %d", name, c.name, n, total)
			}
			if c.want == analysis.ErrConstant || c.want == analysis.ErrShort {
				if value != c.value && !(math.IsNaN(value) && math.IsNaN(c.value)) {
					t.Errorf("%s of %s: Value = %g, want %g", name, c.name, value, c.value)
				}
			}
		}
	}
}
