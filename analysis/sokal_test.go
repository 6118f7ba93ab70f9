package analysis_test

import (
	"errors"
	"math"
	"strings"
	"testing"

	"mcrun/analysis"
)

// TestSokalIsRight: the rule finds tau_int of AR(1); its standard error here is
// sqrt(4 W/N) = 2.2 %, of which the bound is four.
func TestSokalIsRight(t *testing.T) {
	const phi = 0.9
	tau, window, err := analysis.Sokal{}.TauInt(ar1(random(1), phi, 400_000), ar1(random(2), phi, 400_000))
	if err != nil {
		t.Fatal(err)
	}
	if !(math.Abs(tau/tauOf(phi)-1) < 0.09) {
		t.Errorf("tau_int = %g, want %g", tau, tauOf(phi))
	}
	if w := float64(window); !(w >= 10*tau && w < 10*tau+2) {
		t.Errorf("window = %d, want the first lag from 10 tau_int = %g on", window, 10*tau)
	}
}

func TestSokalErrors(t *testing.T) {
	good := ar1(random(3), 0.5, 100)
	for _, c := range []struct {
		name   string
		rule   analysis.Sokal
		chains [][]float64
		want   error
		says   string
	}{
		{"nothing", analysis.Sokal{}, nil, analysis.ErrShort, "0"},
		{"short", analysis.Sokal{}, [][]float64{good, {1}}, analysis.ErrShort, "chain 1"},
		{"constant", analysis.Sokal{}, [][]float64{good, repeat(3, 9)}, analysis.ErrConstant, "chain 1"},
		{"NaN", analysis.Sokal{}, [][]float64{good, with(good, 8, math.NaN())}, analysis.ErrNotFinite, "chain 1, record 8"},
		{"C", analysis.Sokal{C: -2}, [][]float64{good}, nil, "-2"},
	} {
		_, _, err := c.rule.TauInt(c.chains...)
		if err == nil || c.want != nil && !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: error %v, want one that says %q", c.name, err, c.says)
		}
	}
}
