package analysis_test

import (
	"errors"
	"fmt"
	"math"
	"testing"

	"mcrun/analysis"
)

// TestJackknifeOfMean: for the mean and equal blocks the jackknife is the
// scatter of block means, and has no bias.
func TestJackknifeOfMean(t *testing.T) {
	x := ar1(random(1), 0.5, 1000)
	f := analysis.Function{
		Terms: 1,
		Term:  func(record, terms []float64) { terms[0] = record[0] },
		Value: func(m []float64) float64 { return m[0] },
	}
	got, err := analysis.Jackknife{Size: 50}.Function(f, [][][]float64{{x[:400]}, {x[400:]}})
	if err != nil {
		t.Fatal(err)
	}
	const blocks = 20
	var mean, square float64
	for b := range blocks {
		m := 0.0
		for _, v := range x[b*50 : (b+1)*50] {
			m += v / 50
		}
		mean += m / blocks
		square += m * m / blocks
	}
	near(t, "Value", got.Value, mean)
	near(t, "Error", got.Error, math.Sqrt((square-mean*mean)/(blocks-1)))
	if got.Blocks != blocks || got.N != 1000 || !(math.Abs(got.Bias) < 1e-12) {
		t.Errorf("%+v, want %d blocks and no bias", got, blocks)
	}
}

// TestJackknifeCorrectsBias: for blocks of one record the variance corrected by
// the jackknife is the unbiased estimator of independent records.
func TestJackknifeCorrectsBias(t *testing.T) {
	x := ar1(random(2), 0, 37)
	got, err := analysis.Jackknife{Size: 1}.Function(variance, [][][]float64{{x}})
	if err != nil {
		t.Fatal(err)
	}
	var s1, s2 float64
	for _, v := range x {
		s1 += v
		s2 += v * v
	}
	n := float64(len(x))
	plain := s2/n - s1/n*s1/n
	near(t, "Value", got.Value, plain*n/(n-1))
	near(t, "Bias", got.Bias, plain-plain*n/(n-1))
}

// TestJackknifeIsGamma: both methods give derived quantities the same error, on
// average over series, and the same value.
func TestJackknifeIsGamma(t *testing.T) {
	thorough(t)
	for name, f := range map[string]analysis.Function{"variance": variance, "ratio": ratio} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			const series = 400
			var jack2, gamma2 float64
			for i := range series {
				chains := correlated(random(uint64(i)), 6000) // 4000 tau_int
				j, err := analysis.Jackknife{Blocks: 100}.Function(f, chains)
				if err != nil {
					t.Fatal(err)
				}
				g, err := analysis.Gamma{}.Function(f, chains)
				if err != nil {
					t.Fatal(err)
				}
				jack2 += j.Error * j.Error
				gamma2 += g.Error * g.Error
				if d := math.Abs(j.Value+j.Bias-g.Value) / g.Error; !(d < 1e-9) {
					t.Fatalf("the values differ by %g errors", d)
				}
			}
			// Blocks of 40 tau_int miss 1/40 of the squared error; its relative
			// scatter is sqrt(2/100), that of the average 0.7 %: four of them.
			if r := jack2 / gamma2; !(0.945 < r && r < 1.03) {
				t.Errorf("squared error of the jackknife is %.4f of Gamma's", r)
			}
		})
	}
}

// TestJackknifeUnequalBlocks: chains that no block size divides keep all their
// records, and hardly change the error.
func TestJackknifeUnequalBlocks(t *testing.T) {
	chains := append(correlated(random(3), 5000), correlated(random(4), 1777)...)
	equal, err := analysis.Jackknife{Size: 50}.Function(ratio, chains)
	if err != nil {
		t.Fatal(err)
	}
	for _, j := range []analysis.Jackknife{{Size: 47}, {Size: 53}, {Blocks: 133}} {
		got, err := j.Function(ratio, chains)
		if err != nil {
			t.Fatal(err)
		}
		near(t, fmt.Sprintf("%+v: value at the means", j), got.Value+got.Bias, equal.Value+equal.Bias)
		// Blocks are largely the same, so that errors differ by less than the
		// 6 % of independent sets of 135 blocks; twice that is the bound.
		if r := got.Error / equal.Error; !(0.88 < r && r < 1.12) {
			t.Errorf("%+v: error is %.3f of that with blocks of 50", j, r)
		}
	}
}

func TestJackknifeErrors(t *testing.T) {
	x := ar1(random(5), 0.5, 100)
	for _, c := range []struct {
		name   string
		j      analysis.Jackknife
		chains [][][]float64
		want   error
	}{
		{"nothing", analysis.Jackknife{Blocks: 10}, nil, analysis.ErrShort},
		{"one block", analysis.Jackknife{Size: 100}, [][][]float64{{x}}, analysis.ErrShort},
		{"constant", analysis.Jackknife{Blocks: 10}, [][][]float64{{repeat(1, 100)}}, analysis.ErrConstant},
		{"NaN", analysis.Jackknife{Blocks: 10}, [][][]float64{{with(x, 33, math.NaN())}}, analysis.ErrNotFinite},
	} {
		if e, err := c.j.Function(variance, c.chains); !errors.Is(err, c.want) {
			t.Errorf("%s: %+v, error %v, want %v", c.name, e, err, c.want)
		}
	}
	for _, j := range []analysis.Jackknife{{}, {Blocks: 3, Size: 3}, {Blocks: -1}, {Size: -1}} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%+v is accepted", j)
				}
			}()
			_, _ = j.Function(variance, [][][]float64{{x}})
		}()
	}
}
