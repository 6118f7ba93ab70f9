package analysis_test

import (
	"errors"
	"math"
	"math/rand/v2"
	"testing"

	"mcrun/analysis"
)

// four is a set of four AR(1) chains, changed by f(chain, record, value).
func four(seed uint64, phi float64, n int, f func(c, t int, v float64) float64) [][]float64 {
	r := random(seed)
	chains := make([][]float64, 4)
	for c := range chains {
		chains[c] = ar1(r, phi, n)
		if f != nil {
			for t, v := range chains[c] {
				chains[c][t] = f(c, t, v)
			}
		}
	}
	return chains
}

// TestRHatIsSilent: chains of 1000 effective records each that agree. R-hat^2 -
// 1 is then chi^2(7)/7/500, so that 1.01 is exceeded with probability 1e-12, and
// none of 150 sets may be.
func TestRHatIsSilent(t *testing.T) {
	thorough(t)
	for name, f := range map[string]func(c, t int, v float64) float64{
		"normal":   nil,
		"discrete": func(_, _ int, v float64) float64 { return math.Round(v) },
		"signs":    func(_, _ int, v float64) float64 { return math.Copysign(1, v) },
		"cauchy":   func(_, _ int, v float64) float64 { return math.Tan(math.Pi / 2 * math.Erf(v/math.Sqrt2)) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for seed := range 150 {
				r, err := analysis.RHat(four(uint64(seed), 0.5, 3000, f)...)
				if err != nil {
					t.Fatal(err)
				}
				if !(r > 0.999 && r < 1.01) {
					t.Fatalf("seed %d: R-hat = %g", seed, r)
				}
			}
		})
	}
}

// TestRHatFires: what chains that have not seen one distribution look like. Each
// case is far beyond its noise.
func TestRHatFires(t *testing.T) {
	cauchy := func(v float64) float64 { return math.Tan(math.Pi / 2 * math.Erf(v/math.Sqrt2)) }
	for name, f := range map[string]func(c, t int, v float64) float64{
		"one chain shifted by half its width": func(c, _ int, v float64) float64 {
			if c == 2 {
				return v + 0.5
			}
			return v
		},
		"one chain twice as wide": func(c, _ int, v float64) float64 {
			if c == 2 {
				return 2 * v
			}
			return v
		},
		"one chain stuck": func(c, _ int, v float64) float64 {
			if c == 2 {
				return 0.3
			}
			return v
		},
		"all chains drifting": func(_, t int, v float64) float64 { return v + float64(t)/3000 },
		"heavy tails, one shifted": func(c, _ int, v float64) float64 {
			if c == 2 {
				return cauchy(v) + 2
			}
			return cauchy(v)
		},
		"heavy tails, one wider": func(c, _ int, v float64) float64 {
			if c == 2 {
				return 2 * cauchy(v)
			}
			return cauchy(v)
		},
		"stuck in two wells": func(c, _ int, v float64) float64 { return v/10 + float64(c%2) },
	} {
		r, err := analysis.RHat(four(1, 0.5, 3000, f)...)
		if err != nil {
			t.Fatal(err)
		}
		if !(r > 1.02) || math.IsInf(r, 0) {
			t.Errorf("%s: R-hat = %g", name, r)
		}
	}
}

// TestRHatOfOneChain: one chain is compared with its own halves.
func TestRHatOfOneChain(t *testing.T) {
	x := ar1(random(1), 0.5, 12000)
	if r, err := analysis.RHat(x); err != nil || !(r < 1.01) {
		t.Errorf("a stationary chain: %g, %v", r, err)
	}
	for i := range x[6000:] {
		x[6000+i]++
	}
	if r, err := analysis.RHat(x); err != nil || !(r > 1.1) {
		t.Errorf("a chain that jumps: %g, %v", r, err)
	}
}

// TestRHatIsInvariant under increasing functions of the records, by ranks. (The
// folded part is not, so that the chains differ in location only.)
func TestRHatIsInvariant(t *testing.T) {
	shift := func(c, _ int, v float64) float64 { return v + float64(c)/4 }
	plain, err := analysis.RHat(four(1, 0.5, 3000, shift)...)
	if err != nil {
		t.Fatal(err)
	}
	mapped, err := analysis.RHat(four(1, 0.5, 3000, func(c, i int, v float64) float64 { return math.Exp(3 * shift(c, i, v)) })...)
	if err != nil {
		t.Fatal(err)
	}
	near(t, "R-hat of exp(3 x)", mapped, plain)
}

// TestRHatCutsAndThins: chains are cut to their last records, and of more than
// 10^6 in all every k-th is taken.
func TestRHatCutsAndThins(t *testing.T) {
	chains := four(1, 0.5, 3000, nil)
	want, err := analysis.RHat(chains...)
	if err != nil {
		t.Fatal(err)
	}
	got, err := analysis.RHat(chains[0], append(ar1(random(2), 0.5, 500), chains[1]...), chains[2], chains[3])
	if err != nil || got != want {
		t.Errorf("one chain is longer: R-hat = %.15g, %v; want %.15g", got, err, want)
	}

	const n = 600_000
	long := [][]float64{make([]float64, n), make([]float64, n)}
	thin := make([][]float64, 2)
	r := rand.New(rand.NewPCG(1, 1))
	for c := range long {
		for i := range long[c] {
			long[c][i] = math.Floor(8 * r.Float64())
			if i%2 == 0 {
				thin[c] = append(thin[c], long[c][i])
			}
		}
	}
	got, err = analysis.RHat(long...)
	if err != nil {
		t.Fatal(err)
	}
	if want, _ = analysis.RHat(thin...); got != want {
		t.Errorf("1.2 10^6 records: R-hat = %.15g, want that of every second, %.15g", got, want)
	}
}

func TestRHatErrors(t *testing.T) {
	good := ar1(random(1), 0.5, 100)
	for name, c := range map[string]struct {
		chains [][]float64
		want   error
		rhat   float64
	}{
		"nothing":   {nil, analysis.ErrShort, math.NaN()},
		"short":     {[][]float64{good, {1, 2, 3}}, analysis.ErrShort, math.NaN()},
		"NaN":       {[][]float64{with(good, 3, math.NaN())}, analysis.ErrNotFinite, math.NaN()},
		"infinite":  {[][]float64{with(good, 3, math.Inf(1))}, analysis.ErrNotFinite, math.NaN()},
		"constant":  {[][]float64{repeat(1, 50), repeat(1, 50)}, analysis.ErrConstant, math.NaN()},
		"constants": {[][]float64{repeat(1, 50), repeat(2, 50)}, analysis.ErrConstant, math.Inf(1)},
		"mirrored":  {[][]float64{{1, -1, 1, -1, 1, -1}, {2, -2, 2, -2, 2, -2}}, analysis.ErrConstant, math.Inf(1)},
	} {
		r, err := analysis.RHat(c.chains...)
		if !errors.Is(err, c.want) || r != c.rhat && !(math.IsNaN(r) && math.IsNaN(c.rhat)) {
			t.Errorf("%s: %g, %v; want %g, %v", name, r, err, c.rhat, c.want)
		}
	}
}
