package mctest_test

import (
	"math"
	"strings"
	"testing"

	"mcrun/mc/mctest"
)

// Matrices of which everything is known.
var (
	// Goes round, there with 2/3 and back with 1/3: uniform, not reversible.
	ring = mctest.Matrix{
		{0, 2. / 3, 1. / 3},
		{1. / 3, 0, 2. / 3},
		{2. / 3, 1. / 3, 0},
	}
	// Metropolis on weights 1:2:1, moves to the next.
	path = mctest.Matrix{
		{0.5, 0.5, 0},
		{0.25, 0.5, 0.25},
		{0, 0.5, 0.5},
	}
	pathWeights = []float64{0.25, 0.5, 0.25}
	// Changes sides at each step.
	sides = mctest.Matrix{
		{0, 0, 0.5, 0.5},
		{0, 0, 0.5, 0.5},
		{0.5, 0.5, 0, 0},
		{0.5, 0.5, 0, 0},
	}
	third  = []float64{1. / 3, 1. / 3, 1. / 3}
	fourth = []float64{0.25, 0.25, 0.25, 0.25}
)

// changed returns a copy of p in which weight has moved from entry i, j to i, k.
func changed(p mctest.Matrix, i, j, k int, weight float64) mctest.Matrix {
	var c mctest.Matrix
	for _, row := range p {
		c = append(c, append([]float64(nil), row...))
	}
	c[i][j] -= weight
	c[i][k] += weight
	return c
}

// fails holds an error to begin as wanted, or to be nil where that is empty.
func fails(t *testing.T, what string, err error, want string) {
	t.Helper()
	if want == "" {
		if err != nil {
			t.Errorf("%s: %v", what, err)
		}
		return
	}
	if err == nil || !strings.HasPrefix(err.Error(), "mctest: "+want) {
		t.Errorf("%s: %v; want an error that begins with %q", what, err, "mctest: "+want)
	}
}

func TestStochastic(t *testing.T) {
	fails(t, "path", path.Stochastic(), "")
	fails(t, "within rounding", mctest.Matrix{{1 + 1e-13}}.Stochastic(), "")
	fails(t, "beyond rounding", mctest.Matrix{{1, 0}, {0, 1 - 2e-12}}.Stochastic(), "not stochastic: row 1 adds up to 1-2e-12")
	fails(t, "negative", mctest.Matrix{{1.5, -0.5}, {0, 1}}.Stochastic(), "not stochastic: P[0][1] = -0.5")
	fails(t, "NaN", mctest.Matrix{{math.NaN()}}.Stochastic(), "not stochastic: P[0][0] = NaN")
}

func TestInvariant(t *testing.T) {
	fails(t, "ring", ring.Invariant(third), "")
	fails(t, "path", path.Invariant(pathWeights), "")
	fails(t, "path, uniform", path.Invariant(third), "not invariant: a step changes the probability of state 1 from 0.333333 to 0.5, by 0.5 of it")
	fails(t, "within rounding", changed(path, 0, 0, 1, 1e-13).Invariant(pathWeights), "")
	fails(t, "beyond rounding", changed(path, 0, 0, 1, 3e-12).Invariant(pathWeights), "not invariant")
	fails(t, "NaN", mctest.Matrix{{math.NaN()}}.Invariant([]float64{1}), "not invariant")
	// A state as rare as 1e-12 is held to its own probability.
	rare := []float64{1 - 1e-12, 1e-12}
	fails(t, "rare", mctest.Matrix{{1 - 1e-12, 1e-12}, {1 - 1e-12, 1e-12}}.Invariant(rare), "")
	fails(t, "rare, twice as often", mctest.Matrix{{1 - 2e-12, 2e-12}, {1, 0}}.Invariant(rare), "not invariant: a step changes the probability of state 1")
}

func TestBalanced(t *testing.T) {
	fails(t, "path", path.Balanced(pathWeights), "")
	fails(t, "sides", sides.Balanced(fourth), "")
	fails(t, "ring", ring.Balanced(third), "not in detailed balance: 0.111111 goes from state 1 to 0 and 0.222222 back")
	fails(t, "within rounding", changed(path, 0, 0, 1, 1e-13).Balanced(pathWeights), "")
	fails(t, "beyond rounding", changed(path, 0, 0, 1, 3e-12).Balanced(pathWeights), "not in detailed balance")
	fails(t, "one way", changed(path, 0, 0, 2, 1e-30).Balanced(pathWeights), "not in detailed balance")
	fails(t, "NaN", changed(path, 0, 0, 1, math.NaN()).Balanced(pathWeights), "not in detailed balance")
}

func TestIrreducible(t *testing.T) {
	fails(t, "path", path.Irreducible(), "")
	fails(t, "sides", sides.Irreducible(), "")
	fails(t, "no way there", mctest.Matrix{{1, 0}, {0.5, 0.5}}.Irreducible(), "reducible: state 1 cannot be reached from state 0")
	fails(t, "no way back", mctest.Matrix{{0.5, 0.5}, {0, 1}}.Irreducible(), "reducible: state 0 cannot be reached from state 1")
	fails(t, "two parts", sides.Mul(sides).Irreducible(), "reducible: state 2")
	// What rounding leaves of a certain decision is no way.
	fails(t, "way of probability 2^-61", mctest.Matrix{{1, 0x1p-61}, {0.5, 0.5}}.Irreducible(), "reducible")
	fails(t, "way of probability 2^-60", mctest.Matrix{{1, 0x1p-60}, {0.5, 0.5}}.Irreducible(), "")
}

func TestPeriod(t *testing.T) {
	for _, c := range []struct {
		name string
		p    mctest.Matrix
		want int
	}{
		{"one state", mctest.Matrix{{1}}, 1},
		{"path", path, 1},
		{"ring", ring, 1}, // cycles of 2 and of 3
		{"sides", sides, 2},
		{"round", mctest.Matrix{{0, 1, 0}, {0, 0, 1}, {1, 0, 0}}, 3},
		{"round of 3, or of 6", mctest.Matrix{
			{0, 1, 0, 0, 0, 0}, {0, 0, 1, 0, 0, 0}, {0.5, 0, 0, 0.5, 0, 0},
			{0, 0, 0, 0, 1, 0}, {0, 0, 0, 0, 0, 1}, {1, 0, 0, 0, 0, 0},
		}, 3},
	} {
		if got := c.p.Period(); got != c.want {
			t.Errorf("%s: period %d, want %d", c.name, got, c.want)
		}
	}
	defer func() {
		if recover() == nil {
			t.Error("the period of a reducible chain, but no panic")
		}
	}()
	mctest.Matrix{{1, 0}, {0, 1}}.Period()
}

func TestMul(t *testing.T) {
	got := path.Mul(ring)
	want := mctest.Matrix{ // by hand
		{1. / 6, 1. / 3, 1. / 2},
		{1. / 3, 1. / 4, 5. / 12},
		{1. / 2, 1. / 6, 1. / 3},
	}
	for i := range want {
		for j := range want {
			if math.Abs(got[i][j]-want[i][j]) > 1e-15 {
				t.Errorf("[%d][%d] = %v, want %v", i, j, got[i][j], want[i][j])
			}
		}
	}
}

// Weights too large or too small to be numbers have probabilities all the same.
func TestDistribution(t *testing.T) {
	for _, shift := range []float64{0, 1e4, -1e4} {
		pi := mctest.Distribution(3, func(k int) float64 { return shift + float64(k)*math.Ln2 })
		for k, want := range []float64{1. / 7, 2. / 7, 4. / 7} {
			if math.Abs(pi[k]-want) > 1e-12 {
				t.Errorf("shift %g: pi[%d] = %v, want %v", shift, k, pi[k], want)
			}
		}
	}
}

func TestSizesMustFit(t *testing.T) {
	for name, f := range map[string]func(){
		"Invariant": func() { path.Invariant(fourth) },
		"Balanced":  func() { path.Balanced(fourth) },
		"Mul":       func() { path.Mul(sides) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s of another number of states: no panic", name)
				}
			}()
			f()
		}()
	}
}
