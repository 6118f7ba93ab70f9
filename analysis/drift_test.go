package analysis_test

import (
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"mcrun/analysis"
)

// started adds an excess that decays over time records to each chain.
func started(chains [][]float64, excess, time float64) [][]float64 {
	for _, x := range chains {
		for t := range x {
			x[t] += excess * math.Exp(-float64(t)/time)
		}
	}
	return chains
}

// many is several chains of AR(1).
func many(r *rand.Rand, phi float64, chains, n int) [][]float64 {
	var x [][]float64
	for range chains {
		x = append(x, ar1(r, phi, n))
	}
	return x
}

// alarms is the share of sets of stationary chains that drift with P < p by a
// test.
func alarms(test func(chains ...[]float64) (analysis.Drift, error), p float64, sets int, set func(*rand.Rand) [][]float64) float64 {
	count := 0.0
	for seed := range sets {
		if d, err := test(set(random(uint64(seed)))...); err == nil && d.P < p {
			count++
		}
	}
	return count / float64(sets)
}

// independent is a flawed Thermalization, which compares the first eighth with
// the last half as if records had no memory.
func independent(chains ...[]float64) (analysis.Drift, error) {
	x := chains[0]
	mean := func(x []float64) (m float64) {
		for _, v := range x {
			m += v / float64(len(x))
		}
		return m
	}
	n := float64(len(x))
	z := (mean(x[:len(x)/8]) - mean(x[len(x)/2:])) / math.Sqrt(8/n+2/n)
	return analysis.Drift{P: math.Erfc(math.Abs(z) / math.Sqrt2)}, nil
}

// TestThermalizationIsSilent: MinChance says how often alarms were measured.
// Here 500 sets of each kind show that P is a bound: 0.06 or less of many sets
// have P < 0.1, which scatters by 0.011 or less over 500; and the limit is 8 of
// that away. Two alarms fail: at a rate of 10^-4, once in 800 tests.
func TestThermalizationIsSilent(t *testing.T) {
	thorough(t)
	for name, set := range map[string]func(*rand.Rand) [][]float64{
		"independent":     func(r *rand.Rand) [][]float64 { return many(r, 0, 4, 400) },
		"phi = 0.5":       func(r *rand.Rand) [][]float64 { return many(r, 0.5, 1, 1500) },
		"phi = 0.9":       func(r *rand.Rand) [][]float64 { return many(r, 0.9, 4, 1500) },
		"few records":     func(r *rand.Rand) [][]float64 { return many(r, 0.9, 1, 300) },
		"unequal lengths": func(r *rand.Rand) [][]float64 { return append(many(r, 0.5, 2, 500), many(r, 0.5, 2, 300)...) },
		"squares": func(r *rand.Rand) [][]float64 {
			return mapped(many(r, 0.7, 4, 500), func(v float64) float64 { return v * v })
		},
		"a rare event": func(r *rand.Rand) [][]float64 { return mapped(many(r, 0, 2, 1000), indicator) },
		"rare bursts":  func(r *rand.Rand) [][]float64 { return mapped(many(r, 0.9, 2, 1000), indicator) },
		"two values":   func(r *rand.Rand) [][]float64 { return mapped(many(r, 0.5, 2, 500), sign) },
		"each at its mean": func(r *rand.Rand) [][]float64 {
			return slices.Concat(many(r, 0.5, 1, 500), started(many(r, 0.5, 1, 500), 3, 1e9))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if share := alarms(analysis.Thermalization, 0.1, 500, set); share > 0.15 {
				t.Errorf("P < 0.1 in %.3f of the sets", share)
			}
			if share := alarms(analysis.Thermalization, analysis.MinChance, 500, set); share > 0.003 {
				t.Errorf("P < %g in %.3f of the sets", analysis.MinChance, share)
			}
		})
	}
	phi9 := func(r *rand.Rand) [][]float64 { return many(r, 0.9, 1, 3000) }
	if share := alarms(independent, 0.1, 200, phi9); share < 0.5 {
		t.Errorf("the flawed test has P < 0.1 in %.3f of the sets only", share)
	}
}

// mapped applies f to all records.
func mapped(chains [][]float64, f func(float64) float64) [][]float64 {
	for _, x := range chains {
		for t := range x {
			x[t] = f(x[t])
		}
	}
	return chains
}

// indicator is 1 for one normal number of 100.
func indicator(v float64) float64 {
	if v > 2.3263 {
		return 1
	}
	return 0
}

func sign(v float64) float64 { return math.Copysign(1, v) }

// TestThermalizationFindsDrifts: chains of 500 or 1000 tau_int that begin 10 standard
// deviations off and need 5 % of the run to come near, those of which a single
// one does, and a start so far off that its first records alone tell. The
// doc of MinChance has the measured shares; here all of 20 are found.
func TestThermalizationFindsDrifts(t *testing.T) {
	thorough(t)
	const n = 4750
	for _, c := range []struct {
		name   string
		chain  int
		chains func(*rand.Rand) [][]float64
	}{
		{"four chains", -1, func(r *rand.Rand) [][]float64 { return started(many(r, 0.9, 4, n), 10, n/60.) }},
		{"one chain", -1, func(r *rand.Rand) [][]float64 { return started(many(r, 0.9, 1, 2*n), -10, n/30.) }},
		{"64 short chains", -1, func(r *rand.Rand) [][]float64 { return started(many(r, 0.5, 64, 200), 2, 10) }},
		{"one of four", 2, func(r *rand.Rand) [][]float64 {
			x := many(r, 0.9, 4, n)
			started(x[2:3], 10, n/60.)
			return x
		}},
		{"the first records", -1, func(r *rand.Rand) [][]float64 { return started(many(r, 0, 1, n), 300, 3) }},
	} {
		for seed := range uint64(20) {
			d, err := analysis.Thermalization(c.chains(random(seed))...)
			if err != nil {
				t.Fatal(err)
			}
			if d.P >= analysis.MinChance || d.Chain != c.chain || d.Cut == 0 || d.Cut > n/2 {
				t.Errorf("%s, seed %d: %+v", c.name, seed, d)
			}
		}
	}
}

// TestThermalizationCut: without the Cut, the beginning no longer deviates, and
// moves the mean by less than half of its error; the drift ends at some 9 of its
// decay times, where 10 exp(-9) is 1/800 standard deviations.
func TestThermalizationCut(t *testing.T) {
	for seed := range uint64(20) {
		const n, decay = 9500, 100.0
		chains := started(many(random(seed), 0.9, 4, n), 10, decay)
		d, err := analysis.Thermalization(chains...)
		if err != nil {
			t.Fatal(err)
		}
		left := 10 * decay * math.Exp(-float64(d.Cut)/decay) / float64(n-d.Cut)
		if err := math.Sqrt(2 * tauOf(0.9) / float64(4*(n-d.Cut))); !(left < err/2) || d.Cut > 15*decay {
			t.Errorf("seed %d: a cut of %d leaves %.2g, the error is %.2g", seed, d.Cut, left, err)
		}
		for c := range chains {
			chains[c] = chains[c][d.Cut:]
		}
		if again, err := analysis.Thermalization(chains...); err != nil || again.P < analysis.MinChance {
			t.Errorf("seed %d: after the cut %+v, error %v", seed, again, err)
		}
	}
}

func TestThermalizationErrors(t *testing.T) {
	x := ar1(random(5), 0.5, 1000)
	for _, c := range []struct {
		name   string
		chains [][]float64
		want   error
	}{
		{"nothing", nil, analysis.ErrShort},
		{"seven records", [][]float64{x[:7]}, analysis.ErrShort},
		{"memory as long as the chain", [][]float64{ar1(random(6), 0.999, 1000)}, analysis.ErrShort},
		{"constant", [][]float64{repeat(1, 1000)}, analysis.ErrConstant},
		{"constant half", [][]float64{slices.Concat(x, repeat(1, 1000))}, analysis.ErrConstant},
		{"NaN", [][]float64{x, with(x, 33, math.NaN())}, analysis.ErrNotFinite},
	} {
		if d, err := analysis.Thermalization(c.chains...); !errors.Is(err, c.want) || d.Cut != 0 || d.P != 1 {
			t.Errorf("%s: %+v, error %v, want %v", c.name, d, err, c.want)
		}
	}
	_, err := analysis.Thermalization(x, with(x, 33, math.Inf(1)))
	if err == nil || !strings.Contains(err.Error(), "chain 1, record 33 is +Inf") {
		t.Errorf("error %v does not name the place", err)
	}
}

// TestDoubtsOfDrift: the doubt names the chains, and says what to discard in
// words and as a number.
func TestDoubtsOfDrift(t *testing.T) {
	const n = 4750
	of := func(chains ...[]float64) analysis.Doubt {
		for _, d := range judge(chains...) {
			if d.Kind == analysis.NotThermalized {
				return d
			}
		}
		return analysis.Doubt{}
	}
	d := of(started(many(random(1), 0.9, 4, n), 10, n/60.)...)
	if d.Cut == 0 || !strings.Contains(d.Message, "records of each chain differ") || !strings.Contains(d.Message, "discard the first") {
		t.Errorf("%+v", d)
	}
	one := many(random(1), 0.9, 4, n)
	started(one[3:], 10, n/60.)
	if d := of(one...); d.Cut == 0 || !strings.Contains(d.Message, "records of chain 3 differ") {
		t.Errorf("%+v", d)
	}
	if d := of(started(many(random(1), 0.5, 4, n), 1000, n/4)...); d.Kind != "" && !strings.Contains(d.Message, "no part of the run") {
		t.Errorf("%+v", d)
	}
}
