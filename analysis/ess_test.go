package analysis_test

import (
	"errors"
	"math"
	"testing"

	"mcrun/analysis"
)

// TestESSIsRight: for AR(1) the bulk ESS is that of the mean up to rank
// normalisation, which is nearly the identity, also for phi < 0 where it exceeds
// N. Its scatter over seeds, sqrt(4 W/N), is at most 6 % here; the bounds are four
// of them.
func TestESSIsRight(t *testing.T) {
	const n = 20000
	for _, phi := range []float64{-0.5, 0, 0.5, 0.9} {
		chains := four(1, phi, n, nil)
		want := 4 * n / (2 * tauOf(phi))
		got, err := analysis.BulkESS(chains...)
		if err != nil {
			t.Fatal(err)
		}
		if !(math.Abs(got/want-1) < 0.24) {
			t.Errorf("phi = %g: bulk ESS = %g, want %g", phi, got, want)
		}
		mcse, err := analysis.MCSEMean(chains...)
		if err != nil {
			t.Fatal(err)
		}
		if !(math.Abs(mcse*math.Sqrt(want)-1) < 0.12) {
			t.Errorf("phi = %g: MCSE = %g, want %g", phi, mcse, 1/math.Sqrt(want))
		}
	}
}

// TestMCSEQuantileIsCalibrated: intervals of one sigma around quantiles of
// normal records hold the truth in 68 % of 1000 sets. The standard error is
// 1.5 %;
// the bounds are four of them and allow for a true value of 0.67 to 0.69.
func TestMCSEQuantileIsCalibrated(t *testing.T) {
	thorough(t)
	t.Parallel()
	for p, truth := range map[float64]float64{0.1: -1.2815515655446004, 0.5: 0} {
		hits := 0
		const sets = 1000
		for i := range sets {
			x := ar1(random(uint64(i)), 0.5, 2000)
			q, mcse, err := analysis.MCSEQuantile(p, x[:1000], x[1000:])
			if err != nil {
				t.Fatal(err)
			}
			if math.Abs(q-truth) < mcse {
				hits++
			}
		}
		if c := float64(hits) / sets; !(c > 0.61 && c < 0.75) {
			t.Errorf("quantile %g: coverage %.3f", p, c)
		}
	}
}

// TestTailESSOfDiscreteRecords: a tail that holds no record is left out.
func TestTailESSOfDiscreteRecords(t *testing.T) {
	coin := make([]float64, 4000)
	for i, v := range ar1(random(1), 0, len(coin)) {
		if v > 1.5 { // 6.7 %
			coin[i] = 1
		}
	}
	// q05 = 0 and q95 = 1: no record exceeds the latter.
	got, err := analysis.TailESS(coin[:2000], coin[2000:])
	if err != nil {
		t.Fatal(err)
	}
	if !(math.Abs(got/4000-1) < 0.2) { // four of its 5 %
		t.Errorf("tail ESS = %g, want 4000", got)
	}
}

func TestESSErrors(t *testing.T) {
	good := ar1(random(1), 0.5, 100)
	functions := map[string]func(...[]float64) (float64, error){
		"BulkESS": analysis.BulkESS, "TailESS": analysis.TailESS, "MCSEMean": analysis.MCSEMean,
		"MCSEQuantile": func(chains ...[]float64) (float64, error) {
			_, mcse, err := analysis.MCSEQuantile(0.3, chains...)
			return mcse, err
		},
	}
	for name, f := range functions {
		for what, c := range map[string]struct {
			chains [][]float64
			want   error
		}{
			"nothing":  {nil, analysis.ErrShort},
			"short":    {[][]float64{good, good[:7]}, analysis.ErrShort},
			"NaN":      {[][]float64{with(good, 3, math.NaN())}, analysis.ErrNotFinite},
			"constant": {[][]float64{repeat(1, 50), repeat(1, 50)}, analysis.ErrConstant},
		} {
			if v, err := f(c.chains...); !errors.Is(err, c.want) || !math.IsNaN(v) {
				t.Errorf("%s of %s: %g, %v; want NaN, %v", name, what, v, err, c.want)
			}
		}
		if v, err := f(good[:8]); err != nil || !(v >= 0) {
			t.Errorf("%s of eight records: %g, %v", name, v, err)
		}
	}
	for _, p := range []float64{0, 1, -1, math.NaN()} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("p = %g is accepted", p)
				}
			}()
			_, _, _ = analysis.MCSEQuantile(p, good)
		}()
	}
}
