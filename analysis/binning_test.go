package analysis_test

import (
	"errors"
	"math"
	"testing"

	"mcrun/analysis"
)

// naiveBinning is the standard error of the mean from bins of one size.
func naiveBinning(chains [][]float64, size int) (bins int, err float64) {
	var means []float64
	for _, x := range chains {
		for ; len(x) >= size; x = x[size:] {
			m := 0.0
			for _, v := range x[:size] {
				m += v / float64(size)
			}
			means = append(means, m)
		}
	}
	n := float64(len(means))
	var s1, s2 float64
	for _, m := range means {
		s1 += m / n
	}
	for _, m := range means {
		s2 += (m - s1) * (m - s1)
	}
	return len(means), math.Sqrt(s2 / (n - 1) / n)
}

func TestLogBinningIsNaive(t *testing.T) {
	for _, lengths := range [][]int{{33}, {64}, {1000, 999}, {2048, 2047, 1}, {70000, 2049, 5000}} {
		var chains [][]float64
		for c, n := range lengths {
			chains = append(chains, ar1(random(uint64(c)), 0.9, n))
		}
		b, err := analysis.LogBinning(chains...)
		if err != nil {
			t.Fatal(err)
		}
		size := 1
		for _, l := range b.Levels {
			bins, want := naiveBinning(chains, size)
			if l.Size != size || l.Bins != bins {
				t.Errorf("lengths %v: %d bins of %d, want %d of %d", lengths, l.Bins, l.Size, bins, size)
			}
			near(t, "Error", l.Error, want)
			near(t, "ErrorError", l.ErrorError, want/math.Sqrt(2*float64(bins-1)))
			size *= 2
		}
		if bins, _ := naiveBinning(chains, size); bins >= 32 {
			t.Errorf("lengths %v: the level of %d bins of %d is missing", lengths, bins, size)
		}
	}
}

// TestLogBinningFindsTheError: at bins of more than 100 tau_int the binning
// error is that of AR(1).
func TestLogBinningFindsTheError(t *testing.T) {
	const phi, n = 0.9, 1 << 20
	b, err := analysis.LogBinning(ar1(random(1), phi, n))
	if err != nil {
		t.Fatal(err)
	}
	want := math.Sqrt(2 * tauOf(phi) / n)
	for _, l := range b.Levels {
		// Four standard errors; false alarm 6e-5 a level.
		if l.Size >= 1024 && !(math.Abs(l.Error-want) < 4*l.ErrorError+0.005*want) {
			t.Errorf("bins of %d: error %g +- %g, want %g", l.Size, l.Error, l.ErrorError, want)
		}
	}
	if b.Convergence != analysis.Converged {
		t.Errorf("10^5 tau_int are %v", b.Convergence)
	}
}

// TestConvergence counts verdicts on 500 series: of 8000 tau_int hardly any may
// be doubted, of 50 tau_int hardly any trusted. The rule's false alarm rate for
// independent bins is below 1e-3, as four standard errors of a ratio of
// variances with 31 and 96 degrees of freedom.
func TestConvergence(t *testing.T) {
	thorough(t)
	const phi = 0.8
	for _, c := range []struct {
		n        int
		never    analysis.Convergence
		mostly   analysis.Convergence
		atLeast  int
		forcedBy string
	}{
		{36000, analysis.NotConverged, analysis.Converged, 450, "a long run"},
		{225, analysis.Converged, analysis.NotConverged, 490, "a short run"},
	} {
		count := map[analysis.Convergence]int{}
		for i := range 500 {
			b, err := analysis.LogBinning(ar1(random(uint64(i)), phi, c.n))
			if err != nil {
				t.Fatal(err)
			}
			count[b.Convergence]++
		}
		if count[c.never] > 0 || count[c.mostly] < c.atLeast {
			t.Errorf("%s: verdicts %v", c.forcedBy, count)
		}
	}
	// Independent records grow by 2u, two standard errors, in 3.6 % of 2000
	// series; among 500 the standard error is 0.8 %, and the bounds three of them.
	maybe := 0
	for i := range 500 {
		b, err := analysis.LogBinning(ar1(random(uint64(i)), 0, 2000))
		if err != nil {
			t.Fatal(err)
		}
		if b.Convergence == analysis.MaybeConverged {
			maybe++
		}
	}
	if maybe < 6 || maybe > 30 {
		t.Errorf("independent records are maybe converged %d times in 500", maybe)
	}
	b, err := analysis.LogBinning(ar1(random(1), phi, 100))
	if err != nil {
		t.Fatal(err)
	}
	if b.Convergence != analysis.MaybeConverged {
		t.Errorf("two levels are %v", b.Convergence)
	}
}

func TestLogBinningErrors(t *testing.T) {
	for name, c := range map[string]struct {
		chains [][]float64
		want   error
	}{
		"nothing":  {nil, analysis.ErrShort},
		"constant": {[][]float64{repeat(2, 50), repeat(2, 9)}, analysis.ErrConstant},
		"NaN":      {[][]float64{with(repeat(2, 50), 7, math.NaN())}, analysis.ErrNotFinite},
	} {
		if _, err := analysis.LogBinning(c.chains...); !errors.Is(err, c.want) {
			t.Errorf("%s: error %v, want %v", name, err, c.want)
		}
	}
}
