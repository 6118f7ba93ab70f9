package report

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"gonum.org/v1/gonum/stat/distuv"

	"mcrun/analysis"
)

// chi2Of is sum ((value - mean)/error)^2 about the weighted mean.
func chi2Of(t *testing.T, list []analysis.Estimate) float64 {
	t.Helper()
	p, err := analysis.Pool(list)
	if err != nil {
		t.Fatal(err)
	}
	return p.Chi2
}

// Welch's test is the chi^2 test where errors are certain, and for two equal
// errors Student's t with both numbers of degrees of freedom.
func TestWelchLimits(t *testing.T) {
	certain := []analysis.Estimate{{Value: 1, Error: 0.1, ErrorError: 1e-6}, {Value: 1.3, Error: 0.2, ErrorError: 1e-6}, {Value: 0.7, Error: 0.1, ErrorError: 1e-6}}
	chi2 := chi2Of(t, certain)
	if got, want := welch(chi2, certain), (distuv.ChiSquared{K: 2}).Survival(chi2); math.Abs(got/want-1) > 1e-4 {
		t.Errorf("certain errors: %g, want %g", got, want)
	}

	const nu = 12
	relative := 1 / math.Sqrt(2*nu)
	two := []analysis.Estimate{{Value: 1, Error: 0.1, ErrorError: 0.1 * relative}, {Value: 1.4, Error: 0.1, ErrorError: 0.1 * relative}}
	chi2 = chi2Of(t, two)
	student := distuv.StudentsT{Sigma: 1, Nu: 2 * nu}
	if got, want := welch(chi2, two), 2*student.CDF(-math.Sqrt(chi2)); math.Abs(got/want-1) > 1e-9 {
		t.Errorf("two: %g, want %g", got, want)
	}
}

// Of means of 21 normal numbers with errors from their scatter, p is below 1 %
// in 1 % of cases: of 20 000 in 200 +- 14. The bounds are 4.3 sigma away, which
// chance exceeds once in 10^5 seeds. The chi^2 test, to which errors are
// certain, doubts twice as many.
func TestWelchCalibration(t *testing.T) {
	random := rand.New(rand.NewPCG(17, 18))
	const nu, cases = 20, 20_000
	below, naive := 0, 0
	for range cases {
		var list []analysis.Estimate
		for _, sigma := range []float64{1, 1, 3, 0.5} {
			sum, square := 0.0, 0.0
			for range nu + 1 {
				x := sigma * random.NormFloat64()
				sum += x
				square += x * x
			}
			mean := sum / (nu + 1)
			err := math.Sqrt((square - (nu+1)*mean*mean) / nu / (nu + 1))
			list = append(list, analysis.Estimate{Value: mean, Error: err, ErrorError: err / math.Sqrt(2*nu)})
		}
		chi2 := chi2Of(t, list)
		if welch(chi2, list) < 0.01 {
			below++
		}
		if (distuv.ChiSquared{K: 3}).Survival(chi2) < 0.01 {
			naive++
		}
	}
	if below < 140 || below > 260 || naive < 330 {
		t.Errorf("%d of %d below 1 %%, and %d of chi^2", below, cases, naive)
	}
}

// run returns the summary of one result with an energy.
func run(proposal string, value, err float64, doubts ...string) Summary {
	return New([]Result{{Proposal: proposal, Model: model(2, 4, 4), Doubts: doubts, Observables: Observables{estimate("energy", value, err, 5, 40000).against(1)}}})
}

func TestPool(t *testing.T) {
	type of = []Summary
	for _, c := range []struct {
		name  string
		runs  of
		names string // of the series that are pooled
		value float64
		err   float64
	}{
		{"two runs", of{run("a", 1.1, 0.1), run("a", 1.4, 0.2)}, "a of 0, a of 1", 1.16, 0.1 / math.Sqrt(1.25)},
		{"three kernels", of{run("a", 1, 0.1), run("b", 2, 0.1), run("c", 3, 0.1)}, "a of 0, b of 1, c of 2", 2, 0.1 / math.Sqrt(3)},
		{"one", of{run("a", 1, 0.1), New(nil)}, "", 0, 0},
		{"a doubted one", of{run("a", 1, 0.1), run("a", 9, 0.1, "energy: R-hat")}, "", 0, 0},
		{"a doubt about another", of{run("a", 1, 0.1), run("a", 2, 0.1, "binder: R-hat")}, "a of 0, a of 1", 1.5, 0.1 / math.Sqrt2},
		{"one seed", of{run("a", 1, 0.1), run("a", 1, 0.1)}, "", 0, 0},
		{"one seed and another", of{run("a", 1, 0.1), run("a", 1, 0.1), run("a", 2, 0.1)}, "a of 0, a of 2", 1.5, 0.1 / math.Sqrt2},
		{"equal by chance", of{run("a", 1, 0.1), run("b", 1, 0.1)}, "a of 0, b of 1", 1, 0.1 / math.Sqrt2},
		{"no error", of{run("a", 1, 0.1), run("b", 1, 0)}, "", 0, 0},
	} {
		var labels []string
		for i := range c.runs {
			labels = append(labels, fmt.Sprint(i))
		}
		s := newSheet(labels, c.runs)
		p, ok := s.pool(&s.numbers[0], 0)
		var names []string
		for _, x := range p.of {
			names = append(names, s.name(x))
		}
		if got := strings.Join(names, ", "); got != c.names || ok != (c.names != "") {
			t.Errorf("%s: %q are pooled, want %q", c.name, got, c.names)
		}
		if ok && (math.Abs(p.Value-c.value) > 1e-12 || math.Abs(p.Error-c.err) > 1e-12 || *p.exact != 1) {
			t.Errorf("%s: %g(%g), want %g(%g)", c.name, p.Value, p.Error, c.value, c.err)
		}
	}
}

// The relative uncertainty of an error that is told by tau_int and ESS is that
// of the Gamma method.
func TestPoolErrorError(t *testing.T) {
	task := sampled()
	e, err := analysis.Gamma{}.Mean(every(1, 0, task)...)
	if err != nil {
		t.Fatal(err)
	}
	if got := math.Hypot(0.5*e.TauIntError/e.TauInt, 1/math.Sqrt(2*e.ESS)); math.Abs(got*e.Error/e.ErrorError-1) > 1e-9 {
		t.Errorf("%g, want %g", got, e.ErrorError/e.Error)
	}
}

// Kernels that disagree are a doubt of their results, which is said once. It
// changes no table: written anew, the results are pooled again.
func TestDisagreement(t *testing.T) {
	summary := func(far ...float64) Summary {
		var results []Result
		for i, x := range far {
			for _, proposal := range []string{"a", "b", "c"} {
				value := 1.0
				if proposal == "b" {
					value += x
				}
				results = append(results, Result{Point: i, Proposal: proposal, Model: model(float64(1+i), 4, 4),
					Observables: Observables{estimate("energy", value, 0.01, 5, 40000), estimate("binder", value, 0.02, 5, 40000), estimate("phi2", 0.5, 0.01, 5, 40000)}})
			}
		}
		return New(results)
	}
	page := func(s ...Summary) string {
		var b strings.Builder
		if err := WriteAll(&b, []string{"one", "two"}[:len(s)], s, "markdown"); err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	const rest = ": thermalize longer; if it stays, one of them samples another distribution"
	for _, c := range []struct {
		far  []float64
		want string
	}{
		{[]float64{0.04}, "The least of 3 is 0.0049; below 0.0003, kernels disagree."}, // chi^2 = 10.7, of 2
		{[]float64{0.07}, "- energy: a, b and c disagree: chi^2/dof = 16.33, p = "},
		{[]float64{0.07}, "and b is 5.7 sigma from the others" + rest + "\n"},
		{[]float64{0.15}, "- energy (also binder): a, b and c disagree: "},
		{[]float64{0.07, 0, 0}, "- at temperature 1: energy: a, b and c disagree: "},
		{[]float64{0.07, 0.08, 0}, rest + ". Likewise: at temperature 2\n"},
	} {
		s := summary(c.far...)
		got := page(s)
		if !strings.Contains(got, c.want) {
			t.Errorf("%v: %q is not in\n%s", c.far, c.want, got)
		}
		if strings.Count(got, " disagree: ") != min(1, int(c.far[0]/0.05)) {
			t.Errorf("%v:\n%s", c.far, got)
		}
		for i, r := range s.Results {
			doubtful := c.far[i/3] > 0.05
			if got := len(r.Doubts); (got == 1) != doubtful || got > 1 || doubted(r.Doubts, "energy") != doubtful || doubted(r.Doubts, "phi2") {
				t.Errorf("%v: result %d has the doubts %q", c.far, i, r.Doubts)
			}
		}
		var again Summary
		if text, err := json.Marshal(s); err != nil {
			t.Error(err)
		} else if err := json.Unmarshal(text, &again); err != nil {
			t.Error(err)
		} else if got != page(again) {
			t.Errorf("%v: read back, the page is\n%s", c.far, page(again))
		}
	}
	// Runs of one kernel each disagree on their common page alone.
	one, two := run("a", 1, 0.01), run("a", 1.1, 0.01)
	if got := page(one, two); len(one.Results[0].Doubts) > 0 || !strings.Contains(got, "- energy: a of one and a of two disagree: ") {
		t.Errorf("%q, and\n%s", one.Results[0].Doubts, got)
	}
}

func TestProbability(t *testing.T) {
	for p, want := range map[float64]string{1: "1", 0.4142: "0.41", 0.0012: "0.0012", 0.00012: "1.2e-04", 0: "0", 1e-9: "1.0e-09"} {
		if got := probability(p); got != want {
			t.Errorf("%g is %s, want %s", p, got, want)
		}
	}
}
