package analysis_test

import (
	"math"
	"slices"
	"strings"
	"testing"

	"mcrun/analysis"
)

// judge makes estimate, R-hat and doubts of chains as a report does.
func judge(chains ...[]float64) []analysis.Doubt {
	e, _ := analysis.Gamma{}.Mean(chains...)
	r, _ := analysis.RHat(chains...)
	return analysis.Doubts(e, r, chains...)
}

// kinds are the kinds of doubts.
func kinds(doubts []analysis.Doubt) []analysis.Kind {
	var k []analysis.Kind
	for _, d := range doubts {
		k = append(k, d.Kind)
	}
	return k
}

// TestDoubtsAreSilent: 200 sets of four chains with 1000 effective records each,
// and as many of one chain with 4000. Doubts at a rate of 1 in 1000 would be
// seen with probability 0.33. The rules' own rates are smaller: R-hat needs a
// chi^2(7)/7 of 10 (1e-12) or for two halves a chi^2(1) of 40 (1e-9), binning a
// growth of four standard errors (1e-4), and the window and N/tau_int = 8000
// would have to be wrong by far more than they can.
func TestDoubtsAreSilent(t *testing.T) {
	thorough(t)
	t.Parallel()
	for seed := range 200 {
		chains := four(uint64(seed), 0.5, 3000, nil)
		if d := judge(chains...); d != nil {
			t.Errorf("four chains, seed %d: %v", seed, d)
		}
		if d := judge(slices.Concat(chains...)); d != nil {
			t.Errorf("one chain, seed %d: %v", seed, d)
		}
	}
}

func TestDoubtsFire(t *testing.T) {
	good := ar1(random(1), 0.5, 3000)
	short := ar1(random(10), 0.98, 1000) // 20 tau_int
	ramps := make([][]float64, 20)
	for c := range ramps {
		for i := range 50 {
			ramps[c] = append(ramps[c], float64(i))
		}
	}
	for _, c := range []struct {
		name   string
		chains [][]float64
		want   []analysis.Kind
		says   string // in the first
	}{
		{"few records", [][]float64{short},
			[]analysis.Kind{analysis.FewRecords, analysis.ChainsDiffer, analysis.ErrorGrows}, "only 1000 records"},
		{"a shifted chain", four(2, 0.5, 3000, func(c, _ int, v float64) float64 { return v + 0.3*float64(c) }),
			[]analysis.Kind{analysis.ChainsDiffer}, "have not seen the same distribution"},
		{"chains too short to tell", four(2, 0.9, 500, nil),
			[]analysis.Kind{analysis.ChainsDiffer}, "R-hat"},
		{"a frozen chain", [][]float64{good, repeat(good[7], 3000), ar1(random(3), 0.5, 3000)},
			[]analysis.Kind{analysis.ChainFrozen, analysis.ChainsDiffer}, "chain 1 never moved"},
		{"two frozen chains", [][]float64{repeat(0, 3000), good, repeat(0, 3000)},
			[]analysis.Kind{analysis.ChainFrozen, analysis.ChainsDiffer}, "chains 0 and 2 never moved"},
		{"three frozen chains", [][]float64{repeat(0, 3000), good, repeat(0, 3000), repeat(0, 3000)},
			[]analysis.Kind{analysis.ChainFrozen, analysis.ChainsDiffer}, "chains 0, 2 and 3 never moved"},
		{"five frozen chains", [][]float64{good, repeat(0, 3000), repeat(0, 3000), repeat(0, 3000), repeat(0, 3000), repeat(0, 3000)},
			[]analysis.Kind{analysis.ChainFrozen, analysis.ChainsDiffer}, "chains 1, 2, 3 and 2 more never moved"},
		{"nothing moves", [][]float64{repeat(1, 100), repeat(1, 100)},
			[]analysis.Kind{analysis.AllConstant}, "every chain is constant"},
		{"each chain at its place", [][]float64{repeat(1, 100), repeat(2, 100)},
			[]analysis.Kind{analysis.AllConstant}, "every chain is constant, each at a place of its own"},
		{"a chain that stops", [][]float64{good, append(slices.Clone(good[:1000]), repeat(good[999], 400)...)},
			[]analysis.Kind{analysis.ChainStopped}, "chain 1 moves no more from record 999 on"},
		{"chains that stop", [][]float64{append(slices.Clone(good[:500]), repeat(0, 400)...), good, append(slices.Clone(good[:600]), repeat(1, 400)...)},
			[]analysis.Kind{analysis.ChainStopped}, "chains 0 and 2 move no more from record 500 on"},
		{"chains stuck but for a little", four(2, 0.5, 3000, func(c, _ int, v float64) float64 { return v/1e6 + float64(c) }),
			[]analysis.Kind{analysis.FewRecords}, "which is as much as chains of 3000 can show"},
		{"chains in different wells", four(2, 0.5, 3000, func(c, _ int, v float64) float64 { return v/10 + float64(c%2) }),
			[]analysis.Kind{analysis.FewRecords, analysis.ChainsDiffer, analysis.ErrorGrows}, "only 12000 records"},
		{"memory longer than the chains", ramps,
			[]analysis.Kind{analysis.WindowAtEnd, analysis.ChainsDiffer}, "the autocorrelation has not decayed within 24 records"},
	} {
		got := judge(c.chains...)
		for _, k := range c.want {
			if !slices.Contains(kinds(got), k) {
				t.Errorf("%s: %v is missing in %v", c.name, k, got)
			}
		}
		if len(got) == 0 || !strings.Contains(got[0].Message, c.says) {
			t.Errorf("%s: doubts %v do not begin with %q", c.name, got, c.says)
		}
	}
}

// TestDoubtsBlameTheRightThing: chains that disagree have few effective records
// between them, which must not pass for the reason of their disagreement.
func TestDoubtsBlameTheRightThing(t *testing.T) {
	for name, c := range map[string]struct {
		chains [][]float64
		says   string
	}{
		"wells": {four(2, 0.5, 3000, func(c, _ int, v float64) float64 { return v/10 + float64(c%2) }), "thermalize longer"},
		"short": {four(2, 0.9, 500, nil), "effective records within the chains explain"},
	} {
		found := false
		for _, d := range judge(c.chains...) {
			found = found || d.Kind == analysis.ChainsDiffer && strings.Contains(d.Message, c.says)
		}
		if !found {
			t.Errorf("%s: %v, want one that says %q", name, judge(c.chains...), c.says)
		}
	}
}

// TestDoubtsWithoutChains judges what a table still has: the estimate and R-hat.
func TestDoubtsWithoutChains(t *testing.T) {
	e := analysis.Estimate{TauInt: 100, N: 2000, ESS: 10, WindowAtEnd: true}
	want := []analysis.Kind{analysis.FewRecords, analysis.WindowAtEnd, analysis.ChainsDiffer}
	if got := kinds(analysis.Doubts(e, 1.2)); !slices.Equal(got, want) {
		t.Errorf("doubts %v, want %v", got, want)
	}
	for _, rhat := range []float64{0, math.NaN(), 1.01} {
		if got := analysis.Doubts(analysis.Estimate{TauInt: 1, N: 50, ESS: 25}, rhat); got != nil {
			t.Errorf("R-hat = %g: doubts %v", rhat, got)
		}
	}
}

// TestDoubtsShowThatRHatIsAbove: with as many decimals as that takes.
func TestDoubtsShowThatRHatIsAbove(t *testing.T) {
	for rhat, says := range map[float64]string{
		1.25:                    "R-hat = 1.250 is above 1.01:",
		1.0107:                  "R-hat = 1.011 is above 1.01:",
		1.0104:                  "R-hat = 1.0104 is above 1.01:",
		1.010004:                "R-hat = 1.010004 is above 1.01:",
		math.Nextafter(1.01, 2): "R-hat = 1.0100000000000002 is above 1.01:",
		math.Inf(1):             "R-hat = +Inf is above 1.01:",
	} {
		d := analysis.Doubts(analysis.Estimate{}, rhat)
		if len(d) != 1 || !strings.HasPrefix(d[0].Message, says) {
			t.Errorf("%v, want one that begins with %q", d, says)
		}
	}
}

// TestDoubtsRemedy: the factor that a doubt asks for suffices.
func TestDoubtsRemedy(t *testing.T) {
	for n, says := range map[int]string{
		2000: "run at least 2.5 times as long",
		1999: "run at least 2.6 times as long",
		4999: "run at least 1.1 times as long",
		10:   "run at least 500 times as long",
	} {
		d := analysis.Doubts(analysis.Estimate{TauInt: 100, N: n}, 0)
		if len(d) != 1 || !strings.HasSuffix(d[0].Message, says) {
			t.Errorf("%d records at tau_int = 100: %v, want one that says %q", n, d, says)
		}
	}
}

// TestDoubtsSpareRareStates: a chain that is in one state for most of the time
// ends there, for longer or shorter, and so does one that proposes to little avail.
func TestDoubtsSpareRareStates(t *testing.T) {
	thorough(t)
	r := random(41)
	alarms := 0
	for k := range 4000 {
		x := make([]float64, 1000)
		leave := []float64{0.3, 0.03, 0.01, 0.003}[k%4] // probability to leave a state
		for i := range x[1:] {
			x[i+1] = x[i]
			if r.Float64() < leave {
				if x[i+1]++; k%2 == 0 { // two states, or ever new ones
					x[i+1] = math.Mod(x[i+1], 2)
				}
			}
		}
		for _, d := range analysis.Doubts(analysis.Estimate{}, 0, x) {
			if d.Kind == analysis.ChainStopped {
				alarms++
			}
		}
	}
	if alarms > 0 { // the probability that a chain of leave = 0.03 has one is below exp(-20)/0.03
		t.Errorf("%d false alarms in 4000 chains", alarms)
	}
}
