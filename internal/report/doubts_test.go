package report

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"mcrun/analysis"
	"mcrun/mc"
)

// The bound on the deviation from an exact value is 4 sigma for one number
// whose error is well known, and grows with the number compared and with the
// uncertainty of the error.
func TestDeviation(t *testing.T) {
	at := func(sigmas, errorError float64, compared int) bool {
		e := estimated{name: "energy", Estimate: analysis.Estimate{Value: 1 + 0.1*sigmas, Error: 0.1, ErrorError: 0.1 * errorError}}
		return len(e.deviation(1, compared)) > 0
	}
	for _, c := range []struct {
		sigmas, errorError float64
		compared           int
		want               bool
	}{
		{3.99, 1e-4, 1, false}, {4.01, 1e-4, 1, true}, {-4.01, 1e-4, 1, true},
		{4.39, 1e-4, 6, false}, {4.41, 1e-4, 6, true}, // P(|z| > 4.405) = 6.334e-5/6
		{5.9, 1e-4, 1, true}, {5.9, 0.3, 1, false}, {20, 0.3, 1, true}, // Student's t with 5.6 degrees of freedom: 9.97
		{6.1, 0.3, 1, true}, {-6.1, 0.3, 1, true}, // which excuses no more than 6
		{1e9, 1e-4, 1, true},
	} {
		if got := at(c.sigmas, c.errorError, c.compared); got != c.want {
			t.Errorf("%g sigma, error known to %g, %d compared: doubted is %v", c.sigmas, c.errorError, c.compared, got)
		}
	}
	e := estimated{name: "energy", Estimate: analysis.Estimate{Value: 2, Error: 0.1, ErrorError: 1e-3}}
	d := e.deviation(1, 1)
	if len(d) != 1 || !strings.HasPrefix(d[0].message, "2.00(10) is 10.0 sigma from the exact value 1, where chance explains 4.0: thermalize") {
		t.Errorf("%+v", d)
	}
}

// What is said of kernels fits those that have no step size, and is said of any
// divergence, but of trajectories that were cut only where they are many.
func TestKernelDoubts(t *testing.T) {
	for _, c := range []struct {
		tally  mc.Tally
		accept float64
		few    bool
		want   []string
	}{
		{mc.Tally{Proposed: 10_000, Accepted: 10}, 0, false, nil},
		{mc.Tally{Proposed: 1000, Accepted: 270}, 0.8, false, nil},
		{mc.Tally{Proposed: 1000, Accepted: 260}, 0.8, false, []string{
			"steps: 26 % of proposals went through, where the kernel was tuned to 80 %: it was tuned too briefly, or where forces are weaker: thermalize longer, or start where the chains stay",
		}},
		{mc.Tally{Proposed: 1000, Accepted: 990}, 0, false, nil},
		{mc.Tally{Proposed: 1000, Accepted: 989}, 0, true, nil},
		{mc.Tally{Proposed: 1000, Accepted: 1000}, 0, true, []string{
			"steps: 100 % of proposals went through, and yet effective records are few: make larger steps where the kernel has a step size (step, length, width), or leave it out to have it tuned",
		}},
		{mc.Tally{}, 0, true, nil},
		{mc.Tally{Proposed: 10_000, Accepted: 9}, 0, false, []string{
			"acceptance: only 9 of 10000 proposals went through, so that records hardly change: make smaller steps where the kernel has a step size, use another kernel where it has none, or put it in a cycle with another",
		}},
		{mc.Tally{Proposed: 4000, Accepted: 3000, Trajectories: 4000, Cut: 1999}, 0, false, nil},
		{mc.Tally{Proposed: 4000, Accepted: 3000, Trajectories: 4000, Diverged: 1}, 0, false, []string{
			"divergences: 1 of 4000 trajectories (0.025 %) diverged after thermalization, so that regions where the action is steep may be left out: make the step smaller (step, or accept closer to 1), thermalize longer, or use another kernel",
		}},
		{mc.Tally{Trajectories: 100_000, Diverged: 3}, 0, false, []string{"divergences: 3 of 100000 trajectories (less than 0.01 %) diverged"}},
		{mc.Tally{Proposed: 4000, Trajectories: 4000, Diverged: 3999, Cut: 2000}, 0, false, []string{
			"acceptance: only 0 of 4000 proposals",
			"divergences: 3999 of 4000 trajectories (more than 99 %) diverged",
			"trajectories: 2000 of 4000 (50 %) were ended by the bound on their length before they turned, so that they are shorter than is best: allow longer ones (max_depth), or larger steps (step, or a lower accept)",
		}},
		{mc.Tally{Proposed: 1, Accepted: 1, Trajectories: 5, Cut: 5}, 0, false, []string{"trajectories: 5 of 5 (100 %) were"}},
	} {
		var l doubts
		l.add(kernelDoubts(c.tally, c.accept, c.few)...)
		got := l.list()
		if !slices.EqualFunc(got, c.want, strings.HasPrefix) {
			t.Errorf("%+v: %q", c.tally, got)
		}
		for name, want := range map[string]bool{"energy": c.tally.Diverged > 0 || 1000*c.tally.Accepted < c.tally.Proposed} {
			if doubted(got, name) != want {
				t.Errorf("%+v: doubted is %t", c.tally, !want)
			}
		}
	}
}

// Rare excursions that a run has not met excuse a deviation of 5 sigma but none
// of 7, which has its own remedy.
func TestDeviationIsNotExcused(t *testing.T) {
	random := rand.New(rand.NewPCG(11, 12))
	x := make([]float64, 400)
	for i := range x {
		x[i] = math.Pow(random.ExpFloat64(), 3)
	}
	e := estimated{name: "x"}
	e.Estimate, e.err = analysis.Gamma{}.Mean(x)
	e.skewness = skewness(e.TauInt, [][]float64{x})
	if d := e.deviation(e.Value+5*e.Error, 1); d != nil {
		t.Errorf("5 sigma: %+v", d)
	}
	d := e.deviation(e.Value+7*e.Error, 1)
	if len(d) != 1 || !strings.Contains(d[0].message, "is 7.0 sigma from the exact value") || !strings.Contains(d[0].message, "rare excursions: run longer") {
		t.Errorf("7 sigma: %+v", d)
	}
}

// Means of records that are rare and large: 400 of (-ln u)^3 with mean 6 have a
// skewness of about 1. Of 2000 such runs, 4 sigma are passed by dozens, all
// below; once the skewness is taken out chance leaves few.
func TestDeviationOfSkewed(t *testing.T) {
	random := rand.New(rand.NewPCG(7, 8))
	raw, rid := 0, 0
	for range 2000 {
		x := make([]float64, 400)
		for i := range x {
			x[i] = math.Pow(random.ExpFloat64(), 3)
		}
		e, err := analysis.Gamma{}.Mean(x)
		if err != nil {
			t.Fatal(err)
		}
		sigmas := (e.Value - 6) / e.Error
		if math.Abs(sigmas) > 4 {
			raw++
		}
		if math.Abs(symmetric(sigmas, skewness(e.TauInt, [][]float64{x}))) > 4 {
			rid++
		}
	}
	if raw < 15 || rid > raw/4 {
		t.Errorf("beyond 4 sigma: %d, and %d without skewness", raw, rid)
	}
}

// The sign of the skewness is that of the excursions, and blocks that are too
// few say nothing.
func TestSkewness(t *testing.T) {
	random := rand.New(rand.NewPCG(9, 10))
	x := make([]float64, 10_000)
	for i := range x {
		x[i] = random.ExpFloat64()
	}
	if s := skewness(0.5, [][]float64{x[:5000], x[5000:]}); math.Abs(s-0.02) > 0.006 { // 2/sqrt(10 000); 0.001 is one standard error
		t.Errorf("skewness %g, want 0.02", s)
	}
	if s := skewness(0.5, [][]float64{x[:10]}); s != 0 {
		t.Errorf("skewness %g of two blocks", s)
	}
	for _, c := range []struct{ sigmas, skewness, less float64 }{{-4, 0.2, 4}, {4, -0.2, 4}} {
		if got := math.Abs(symmetric(c.sigmas, c.skewness)); !(got < c.less) {
			t.Errorf("%+v: %g", c, got)
		}
	}
	for _, skewness := range []float64{0, 0.5} {
		if got := symmetric(3, skewness); got != 3 {
			t.Errorf("3 sigma with skewness %g are %g", skewness, got)
		}
	}
}

func TestDoubtsAreToldOnce(t *testing.T) {
	var l doubts
	l.add(
		doubt{"R", "energy", "", "R-hat = 1.02", 1.02},
		doubt{"few", "energy", "", "only 10 records", 1},
		doubt{"R", "binder", "", "R-hat = 1.3", 1.3},
		doubt{"R", "susceptibility", "", "R-hat = 1.1", 1.1},
	)
	l.add(doubt{"frozen 1", "energy", "", "chain 1", 0}, doubt{"frozen 2", "energy", "", "chain 2", 0})
	got := l.list()
	want := []string{
		"binder (also energy, susceptibility): R-hat = 1.3",
		"energy: only 10 records",
		"energy: chain 1",
		"energy: chain 2",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	for _, name := range []string{"binder", "energy", "susceptibility"} {
		if !doubted(got[:1], name) {
			t.Errorf("%s is not doubted in %q", name, got[0])
		}
	}
	for _, name := range []string{"bind", "magnetization", "also energy", ""} {
		if doubted(got, name) {
			t.Errorf("%q is doubted in %q", name, got)
		}
	}
	if !doubted([]string{"acceptance: only 1 of 10000"}, "energy") {
		t.Error("a kernel that hardly accepts is not doubted")
	}
}

// Of a function the worst point is told once, with the number of the others.
func TestDoubtsAboutPoints(t *testing.T) {
	var l doubts
	for i, severity := range []float64{1.02, 1.3, 1.1} {
		l.add(doubt{"R", "correlation", fmt.Sprint(i), fmt.Sprint("R-hat = ", severity), severity})
	}
	l.add(doubt{"R", "energy", "", "R-hat = 1.2", 1.2})
	l.add(doubt{"R", "structure_factor", "(0,1)", "R-hat = 1.2", 1.2}, doubt{"R", "structure_factor", "(0,2)", "R-hat = 1.2", 1.2})
	l.add(doubt{"few", "energy", "", "only 10 records", 1}, doubt{"few", "correlation", "2", "only 9 records", 2})
	got := l.list()
	want := []string{
		"correlation at x = 1 and 2 more (also energy, structure_factor): R-hat = 1.3",
		"correlation at x = 2 (also energy): only 9 records",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	for name, want := range map[string]bool{"correlation": true, "energy": true, "structure_factor": true, "x": false, "correlation at x = 1": false} {
		if doubted(got[:1], name) != want {
			t.Errorf("%s is doubted in %q: %v", name, got[0], !want)
		}
	}
}

func TestRoundUp(t *testing.T) {
	for n, want := range map[int]int{0: 0, 7: 7, 99: 99, 100: 100, 101: 110, 1234: 1300, 9901: 10000, 2000: 2000} {
		if got := roundUp(n); got != want {
			t.Errorf("%d is rounded up to %d, want %d", n, got, want)
		}
	}
}

func TestVerdicts(t *testing.T) {
	sure := func(rate, relative float64) merit { return merit{rate, relative, true} }
	doubtful := func(rate float64) merit { return merit{rate, 0.01, false} }
	none := merit{}
	for _, c := range []struct {
		merits []merit
		want   string
	}{
		{[]merit{sure(10, 0.01)}, ""},
		{[]merit{sure(10, 0.01), none}, ","},
		{[]merit{sure(10, 0.01), sure(20, 0.01)}, ",best"},
		{[]merit{sure(20, 0.01), sure(10, 0.01), none}, "best,,"},
		{[]merit{sure(19, 0.03), sure(20, 0.04), sure(10, 0.01)}, "tie,tie,"}, // 1 apart, sigma 0.98
		{[]merit{sure(17, 0.03), sure(20, 0.04)}, ",best"},                    // 3 apart, sigma 0.95
		{[]merit{doubtful(10), sure(20, 0.01)}, "doubted,best"},
		{[]merit{doubtful(30), sure(20, 0.01)}, "doubted,"},
		{[]merit{doubtful(30), sure(20, 0.01), sure(20, 0.01)}, "doubted,,"},
		{[]merit{doubtful(20), sure(20.1, 0.1), sure(20, 0.1)}, "doubted,tie,tie"},
		{[]merit{none, none}, ","},
	} {
		if got := strings.Join(verdicts(c.merits), ","); got != c.want {
			t.Errorf("%+v: %q, want %q", c.merits, got, c.want)
		}
	}
}

func TestRatio(t *testing.T) {
	first, second := merit{rate: 10, relative: 0.03}, merit{rate: 25, relative: 0.04}
	for _, c := range []struct{ got, want string }{
		{ratio(first, second, false), FormatValue(2.5, 2.5*math.Hypot(0.03, 0.04))},
		{ratio(first, first, true), "1"},
		{ratio(merit{}, second, false), "-"},
		{ratio(first, merit{}, false), "-"},
	} {
		if c.got != c.want {
			t.Errorf("got %s, want %s", c.got, c.want)
		}
	}
}
