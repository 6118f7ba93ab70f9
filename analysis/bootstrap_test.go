package analysis_test

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"mcrun/analysis"
)

// first is the mean of column 0.
var first = analysis.Function{
	Terms: 1,
	Term:  func(record, terms []float64) { terms[0] = record[0] },
	Value: func(m []float64) float64 { return m[0] },
}

// circularError is the error of the mean that Bootstrap.Function promises for
// infinitely many resamples, by its formula.
func circularError(chains [][][]float64, block float64) float64 {
	var n, mean float64
	for _, columns := range chains {
		for _, v := range columns[0] {
			mean += v
			n++
		}
	}
	mean /= n
	c := func(t int) float64 {
		s := 0.0
		for _, columns := range chains {
			x := columns[0]
			for i := range x {
				s += (x[i] - mean) * (x[(i+t)%len(x)] - mean) / n
			}
		}
		return s
	}
	sum := c(0)
	for t := 1; t < int(n); t++ {
		sum += 2 * (1 - float64(t)/n) * math.Pow(1-1/block, float64(t)) * c(t)
	}
	return math.Sqrt(sum / n)
}

// TestBootstrapHasItsError compares with the formula, for cells of one record
// (blocks shorter than 32) and of more, which differ by less than 0.1 %. The
// error of 20000 resamples scatters by 0.5 %: the bound is five of that, and
// one test of 10^6 would break it.
func TestBootstrapHasItsError(t *testing.T) {
	thorough(t)
	t.Parallel()
	r := random(1)
	chains := [][][]float64{{ar1(r, 0.9, 600)}, {ar1(r, 0.9, 413)}}
	for _, block := range []float64{1, 2.5, 20, 80, 300} {
		e, err := analysis.Bootstrap{Resamples: 20000, Block: block, Random: rand.NewPCG(2, 0)}.Function(first, chains)
		if err != nil {
			t.Fatal(err)
		}
		if ratio := e.Error / circularError(chains, block); !(math.Abs(ratio-1) < 0.025) {
			t.Errorf("blocks of %g: error is %.4f of that by the formula", block, ratio)
		}
		if e.Block != block || e.N != 1013 {
			t.Errorf("blocks of %g: %+v", block, e)
		}
	}
}

// TestBootstrapIntervals: the quantiles of a rising function of the mean are
// the function of the mean's quantiles, but for the interpolation between two of
// 2000 values; those of the mean are normal. The end of an interval of 95 %
// scatters by 0.06 errors, that of 68 % by 0.034: the bounds are five of that.
func TestBootstrapIntervals(t *testing.T) {
	chains := [][][]float64{{ar1(random(3), 0.5, 2000)}}
	growth := first
	growth.Value = func(m []float64) float64 { return math.Exp(10 * m[0]) }
	estimate := func(f analysis.Function) analysis.BootstrapEstimate {
		e, err := analysis.Bootstrap{Resamples: 2000, Block: 20, Random: rand.NewPCG(4, 0)}.Function(f, chains)
		if err != nil {
			t.Fatal(err)
		}
		return e
	}
	e, g := estimate(first), estimate(growth)
	for side, sign := range []float64{-1, 1} {
		for _, c := range []struct {
			e, g          float64
			sigmas, bound float64
		}{
			{e.Interval68[side], g.Interval68[side], 1, 0.17},
			{e.Interval95[side], g.Interval95[side], 1.96, 0.3},
		} {
			if got := math.Exp(10 * c.e); !(math.Abs(got/c.g-1) < 1e-3) {
				t.Errorf("quantile of exp is %g, exp of the quantile %g", c.g, got)
			}
			if z := sign * (c.e - e.Value) / e.Error; !(math.Abs(z-c.sigmas) < c.bound) {
				t.Errorf("end of the interval of %g sigma is at %g", c.sigmas, z)
			}
		}
	}
}

// TestBootstrapBias: the variance around a resample's own mean is on average
// smaller by the squared error of the mean. The bias scatters by
// Error/sqrt(20000), of which the bound is five.
func TestBootstrapBias(t *testing.T) {
	t.Parallel()
	chains := [][][]float64{{ar1(random(5), 0.5, 100)}}
	b := analysis.Bootstrap{Resamples: 20000, Block: 10, Random: rand.NewPCG(6, 0)}
	e, err := b.Function(variance, chains)
	if err != nil {
		t.Fatal(err)
	}
	want := -math.Pow(circularError(chains, 10), 2)
	if !(math.Abs(e.Bias-want) < 5*e.Error/math.Sqrt(20000)) || !(5*e.Error/math.Sqrt(20000) < -want/2) {
		t.Errorf("bias %g, want %g", e.Bias, want)
	}
	g, err := analysis.Gamma{}.Function(variance, chains)
	if err != nil {
		t.Fatal(err)
	}
	near(t, "Value", e.Value, g.Value)
}

// TestBlockLength compares with what the formula gives for AR(1): G/g = 2
// phi/(1 - phi^2). Single lengths scatter by 15 %, the mean of 20 by 3 %; the
// lags that are lost in noise make it smaller by 5 %.
func TestBlockLength(t *testing.T) {
	thorough(t)
	t.Parallel()
	for _, phi := range []float64{0.5, 0.9, -0.5} {
		const n, series = 20000, 20
		mean := 0.0
		for i := range series {
			x := ar1(random(uint64(i)), phi, n)
			e, err := analysis.Bootstrap{Resamples: 2, Random: rand.NewPCG(7, 0)}.Function(first, [][][]float64{{x[:n/2]}, {x[n/2:]}})
			if err != nil {
				t.Fatal(err)
			}
			mean += e.Block / series
		}
		want := math.Cbrt(math.Pow(2*phi/(1-phi*phi), 2) * n)
		if ratio := mean / want; !(0.8 < ratio && ratio < 1.15) {
			t.Errorf("phi = %g: blocks of %.1f, want %.1f", phi, mean, want)
		}
	}
	// Without memory blocks are not shorter than N/8192.
	e, err := analysis.Bootstrap{Resamples: 2, Random: rand.NewPCG(7, 0)}.Function(first, [][][]float64{{ar1(random(8), 0, 400_000)}})
	if err != nil {
		t.Fatal(err)
	}
	if !(e.Block >= 400_000./8192 && e.Block < 100) {
		t.Errorf("blocks of %g of independent records", e.Block)
	}
}

// bootstrapFaults lists what is wrong with errors and intervals over some series
// of a quantity. The squared error is too small by tau_1/Block, 10 % or less, so
// that intervals of 68 % and 95 % hold the truth in 0.63 to 0.69 and 0.92 to 0.95
// of many series, with standard errors of 0.015 and 0.007 over 1000; the mean
// squared pull is 1.04 to 1.17, with 0.05. A right bootstrap so breaks one of
// the bounds for one of 100 choices of seeds; the seeds are fixed.
func bootstrapFaults(t *testing.T, f analysis.Function, truth, block float64, series int, chains func(*rand.Rand) [][][]float64) []string {
	t.Helper()
	var in68, in95, pull2 float64
	for i := range series {
		b := analysis.Bootstrap{Resamples: 200, Block: block, Random: rand.NewPCG(uint64(i), 1)}
		e, err := b.Function(f, chains(random(uint64(i))))
		if err != nil {
			t.Fatal(err)
		}
		if e.Interval68[0] < truth && truth < e.Interval68[1] {
			in68++
		}
		if e.Interval95[0] < truth && truth < e.Interval95[1] {
			in95++
		}
		pull2 += math.Pow((e.Value-truth)/e.Error, 2)
	}
	var faults checker
	faults.in("coverage of 68 %", in68/float64(series), 0.59, 0.73)
	faults.in("coverage of 95 %", in95/float64(series), 0.9, 0.97)
	faults.in("mean squared pull", pull2/float64(series), 0.9, 1.3)
	return faults
}

func TestBootstrapIsCalibrated(t *testing.T) {
	thorough(t)
	one := func(phi float64, n int) func(*rand.Rand) [][][]float64 {
		return func(r *rand.Rand) [][][]float64 { return [][][]float64{{ar1(r, phi, n)}} }
	}
	for _, c := range []struct {
		name   string
		f      analysis.Function
		truth  float64
		block  float64
		series int
		chains func(*rand.Rand) [][][]float64
		want   string // a fault that must be found
	}{
		{"mean", first, 0, 0, 1000, one(0.5, 1500), ""},
		{"variance", variance, 1, 0, 1000, one(0.7, 1500), ""},
		{"ratio", ratio, 1.5, 0, 1000, func(r *rand.Rand) [][][]float64 { return correlated(r, 1500) }, ""},
		{"replicas", first, 0, 0, 1000, replicas().chains, ""},
		{"blocks of one record", first, 0, 1, 100, one(0.5, 1500), "coverage of 68 %"},
		{"blocks as long as the chain", first, 0, 1500, 200, one(0.5, 1500), "coverage of 95 %"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			faults := strings.Join(bootstrapFaults(t, c.f, c.truth, c.block, c.series, c.chains), "; ")
			if c.want == "" && faults != "" || !strings.Contains(faults, c.want) {
				t.Errorf("faults %q, want %q", faults, c.want)
			}
		})
	}
}

// TestBootstrapIsReproducible: equal sources give equal bits.
func TestBootstrapIsReproducible(t *testing.T) {
	chains := correlated(random(9), 500)
	var e [3]analysis.BootstrapEstimate
	for i, seed := range []uint64{1, 1, 2} {
		var err error
		if e[i], err = (analysis.Bootstrap{Resamples: 50, Random: rand.NewPCG(seed, 0)}).Function(ratio, chains); err != nil {
			t.Fatal(err)
		}
	}
	if e[0] != e[1] || e[0].Error == e[2].Error {
		t.Errorf("%+v", e)
	}
}

func TestBootstrapErrors(t *testing.T) {
	x := ar1(random(5), 0.5, 100)
	inverse := first
	inverse.Value = func(m []float64) float64 {
		if m[0] < -2 {
			return math.NaN()
		}
		return m[0]
	}
	for _, c := range []struct {
		name   string
		f      analysis.Function
		chains [][][]float64
		want   error
	}{
		{"nothing", first, nil, analysis.ErrShort},
		{"one record", first, [][][]float64{{{1}}}, analysis.ErrShort},
		{"constant", variance, [][][]float64{{repeat(1, 100)}}, analysis.ErrConstant},
		{"NaN", variance, [][][]float64{{with(x, 33, math.NaN())}}, analysis.ErrNotFinite},
		{"NaN for a resample", inverse, [][][]float64{{{3, -3}}}, analysis.ErrNotFinite},
	} {
		e, err := analysis.Bootstrap{Resamples: 50, Block: 1, Random: rand.NewPCG(1, 0)}.Function(c.f, c.chains)
		if !errors.Is(err, c.want) || e.Error != 0 {
			t.Errorf("%s: %+v, error %v, want %v", c.name, e, err, c.want)
		}
	}
	source := rand.NewPCG(1, 0)
	for _, b := range []analysis.Bootstrap{
		{}, {Resamples: 10}, {Random: source}, {Resamples: 1, Random: source},
		{Resamples: 10, Random: source, Block: 0.5}, {Resamples: 10, Random: source, Block: -1},
		{Resamples: 10, Random: source, Block: math.NaN()}, {Resamples: 10, Random: source, Block: math.Inf(1)},
	} {
		t.Run(fmt.Sprintf("%+v", b), func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Error("accepted")
				}
			}()
			_, _ = b.Function(first, [][][]float64{{x}})
		})
	}
}

// BenchmarkBootstrap resamples 10^6 records, of which few are independent and
// many.
func BenchmarkBootstrap(b *testing.B) {
	for _, phi := range []float64{0, 0.9, 0.99} {
		b.Run(fmt.Sprintf("phi=%g", phi), func(b *testing.B) {
			chains := [][][]float64{{ar1(random(1), phi, 1_000_000)}}
			for b.Loop() {
				if _, err := (analysis.Bootstrap{Resamples: 1000, Random: rand.NewPCG(1, 0)}).Function(variance, chains); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
