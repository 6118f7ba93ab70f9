package report

import (
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"mcrun/analysis"
	"mcrun/models"
	"mcrun/observables"
)

// Columns of kinds that a model of these tests does not have.
func init() {
	check := func(models.Model) error { return nil }
	observables.RegisterColumn(observables.Column{Name: "profile", Check: check, Width: func(models.Model) int { return 4 }})
	observables.RegisterColumn(observables.Column{Name: "replica", Check: check, Pair: true})
	observables.RegisterColumn(observables.Column{Name: "of_clusters", Check: check,
		Clusters: func(models.Model, models.State) observables.ClusterAverage { return nil }})
}

func columns(names ...string) func(models.Model) []string {
	return func(models.Model) []string { return names }
}

// profile is a function whose points are the numbers of a column.
func profile() observables.Observable {
	return observables.Observable{
		Name:    "profile",
		Columns: columns("profile"),
		Points:  func(models.Model) [][]float64 { return [][]float64{{0}, {1}, {2}, {3}} },
	}
}

// profiled returns a task with the column profile after the magnetization:
// 1, 0.7 up to rounding, and two AR(1) series around 0.5 and 0.2.
func profiled() Task {
	task := sampled()
	random := rand.New(rand.NewPCG(13, 14))
	task.Columns = []observables.Field{{Name: "magnetization", Width: 1}, {Name: "profile", Width: 4}, {Name: "energy", Width: 1}}
	half, fifth := ar1(random, 4, 10_000, 0.8, 0.5, 0.3), ar1(random, 4, 10_000, 0.5, 0.2, 0.3)
	for c, series := range task.Series {
		one, near := make([]float64, 10_000), make([]float64, 10_000)
		for i := range one {
			one[i] = 1
			near[i] = 0.7 * (1 + float64(random.IntN(3)-1)*0x1p-52)
		}
		task.Series[c] = [][]float64{series[0], one, near, half[c], fifth[c], series[1]}
	}
	task.Observables = []observables.Observable{profile()}
	task.Exact = map[string][]float64{"profile": {1, math.NaN(), 0.5, math.NaN()}}
	return task
}

// every returns the series number k of every n-th chain.
func every(n, k int, t Task) [][]float64 {
	var chains [][]float64
	for c := 0; c < len(t.Series); c += n {
		chains = append(chains, t.Series[c][k])
	}
	return chains
}

// A function is estimated at each of its points; those at which it does not
// change have a value alone, which is no doubt.
func TestFunction(t *testing.T) {
	task := profiled()
	r := Summarize(task)
	if len(r.Doubts) > 0 {
		t.Errorf("doubts %q", r.Doubts)
	}
	o := r.Observables[0]
	if len(o.X) != 4 || o.X[3][0] != 3 || len(o.Estimates) != 4 {
		t.Fatalf("%+v", o)
	}
	unknownKeys(t, o)
	const want = "error, tau_int, tau_int_error, ess, ess_per_second, rhat, sigmas at x = 0: the same in every record, unlike other points, so that there is no error to be estimated; " +
		"error, tau_int, tau_int_error, ess, ess_per_second, rhat at x = 1: the same in every record, unlike other points, so that there is no error to be estimated; " +
		"exact, sigmas at x = 1, 3: no exact value is known"
	if *o.Reason != want {
		t.Errorf("reason %q", *o.Reason)
	}
	for k, constant := range []float64{1, 0.7} {
		e := o.Estimates[k]
		if math.Abs(*e.Value-constant) > 1e-12 || e.Error != nil || e.TauInt != nil || e.RHat != nil || e.Sigmas != nil {
			t.Errorf("point %d: %+v", k, e)
		}
	}
	for k := 2; k < 4; k++ {
		want, err := analysis.Gamma{}.Mean(every(1, 1+k, task)...)
		if err != nil {
			t.Fatal(err)
		}
		if e := o.Estimates[k]; *e.Value != want.Value || *e.Error != want.Error || *e.TauInt != 10*want.TauInt || e.RHat == nil {
			t.Errorf("point %d: %g(%g)", k, *e.Value, *e.Error)
		}
	}
	if e := o.Estimates; *e[0].Exact != 1 || e[1].Exact != nil || *e[2].Exact != 0.5 || e[3].Exact != nil || e[3].Sigmas != nil ||
		*e[2].Sigmas != (*e[2].Value-0.5) / *e[2].Error {
		t.Error("exact values")
	}
}

func TestFunctionDoubts(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*Task)
		want   string // the beginning of the doubt, or of one of them
	}{
		{"exact", func(t *Task) { t.Exact["profile"][3] = 0.3 }, "profile at x = 3: 0.1978(26) is 38.6 sigma"},
		{"a constant that is not exact", func(t *Task) { t.Exact["profile"][0] = 0.5 }, "profile at x = 0: it is 1 in every record, but 0.5 exactly"},
		{"all constant", func(t *Task) {
			for _, series := range t.Series {
				for k := 3; k < 5; k++ {
					for i := range series[k] {
						series[k][i] = 0.25
					}
				}
			}
		}, "profile at x = 0 and 3 more: constant series"},
		{"chains differ", func(t *Task) {
			for k := 3; k < 5; k++ {
				for i := range t.Series[1][k] {
					t.Series[1][k][i] += float64(k)
				}
			}
			t.Exact = nil
		}, "profile at x = 2 and 1 more: R-hat"},
		{"too few points", func(t *Task) { t.Columns[1].Name = "else" }, "profile at x = 0 and 3 more: column profile was not recorded"},
	} {
		task := profiled()
		c.change(&task)
		r := Summarize(task)
		unknownKeys(t, r.Observables[0])
		told := slices.ContainsFunc(r.Doubts, func(d string) bool { return strings.HasPrefix(d, c.want) })
		if !told || len(r.Doubts) > 3 { // of each kind one
			t.Errorf("%s: %q, want %q", c.name, r.Doubts, c.want)
		}
	}
}

// Estimators see the numbers that they ask for, of all columns of the
// observable, one after the other.
func TestEstimators(t *testing.T) {
	task := profiled()
	ratio := &analysis.Function{
		Terms: 2,
		Term:  func(r, terms []float64) { terms[0], terms[1] = r[0], r[1] },
		Value: func(m []float64) float64 { return m[0] / m[1] },
	}
	sum := &analysis.Function{
		Terms: 1,
		Term:  func(r, terms []float64) { terms[0] = r[0] + 10*r[1] + 100*r[2] + 1000*r[3] + 10000*r[4] },
		Value: func(m []float64) float64 { return m[0] },
	}
	task.Observables = []observables.Observable{{
		Name:    "derived",
		Columns: columns("energy", "profile"),
		Points:  func(models.Model) [][]float64 { return [][]float64{{0, 1}, {1, 0}, {1, 1}} },
		Estimators: func(models.Model) []observables.Estimator {
			return []observables.Estimator{{Inputs: []int{4, 3}, Function: ratio}, {Inputs: []int{0}}, {Function: sum}}
		},
	}}
	mean := func(k int) float64 {
		e, _ := analysis.Gamma{}.Mean(every(1, k, task)...) // constants have no error
		return e.Value
	}
	o := Summarize(task).Observables[0]
	if *o.Reason != "exact, sigmas: "+noExact {
		t.Errorf("reason %q", *o.Reason)
	}
	for k, want := range []float64{mean(4) / mean(3), mean(5), mean(5) + 10*mean(1) + 100*mean(2) + 1000*mean(3) + 10000*mean(4)} {
		if got := *o.Estimates[k].Value; math.Abs(got/want-1) > 1e-12 {
			t.Errorf("point %d: %g, want %g", k, got, want)
		}
	}
}

// Both chains of a pair hold the same records of what is read off two.
func TestPaired(t *testing.T) {
	task := sampled()
	task.Columns[0].Name = "replica"
	for c := 1; c < 4; c += 2 {
		task.Series[c][0] = task.Series[c-1][0]
	}
	task.Observables = []observables.Observable{{Name: "replica", Columns: columns("replica")}}
	want, err := analysis.Gamma{}.Mean(every(2, 0, task)...)
	if err != nil {
		t.Fatal(err)
	}
	r := Summarize(task)
	e := r.Observables[0].Estimates[0]
	if *e.Value != want.Value || *e.Error != want.Error || *e.ESS != want.ESS || len(r.Doubts) > 0 {
		t.Errorf("%g(%g), ESS %g; want %g(%g), %g; doubts %q", *e.Value, *e.Error, *e.ESS, want.Value, want.Error, want.ESS, r.Doubts)
	}
	rhat, err := analysis.RHat(every(2, 0, task)...)
	if err != nil || *e.RHat != rhat {
		t.Errorf("R-hat %g, want %g, %v", *e.RHat, rhat, err)
	}

	task.Series[2][0] = make([]float64, 10_000)
	task.Series[3][0] = task.Series[2][0]
	if r := Summarize(task); len(r.Doubts) != 1 || !strings.HasPrefix(r.Doubts[0], "replica: chain 2 never moved") {
		t.Errorf("doubts %q", r.Doubts)
	}
}

// What all records say of a point, while others move, is doubted where so many
// would have had to say something else: 0 of 40000 records, those of the points
// that move being fewer effective ones, is no sign against 1e-6 exactly, but one
// against 0.01.
func TestUnseen(t *testing.T) {
	for exact, doubted := range map[float64]bool{0: false, 1e-6: false, -1e-6: false, 0.01: true, -0.01: true} {
		task := profiled()
		for c := range task.Series {
			clear(task.Series[c][1])
		}
		task.Exact = map[string][]float64{"profile": {exact, math.NaN(), math.NaN(), math.NaN()}}
		r := Summarize(task)
		if (len(r.Doubts) == 1) != doubted || doubted && !strings.HasPrefix(r.Doubts[0], "profile at x = 0: it is 0 in every record, but") {
			t.Errorf("0 for %g exactly: doubts %q", exact, r.Doubts)
		}
		// Larger numbers in the other records make rarer what is not seen.
		for c := range task.Series {
			for i := range task.Series[c][4] {
				task.Series[c][4][i] += 1e6
			}
		}
		if r := Summarize(task); len(r.Doubts) > 0 {
			t.Errorf("0 for %g exactly, beside a million: doubts %q", exact, r.Doubts)
		}
	}
}

// What leaves observables without an error is said once of all, and in one way.
func TestMissing(t *testing.T) {
	task := profiled()
	task.Observables, task.Exact = append(named("energy", "specific_heat"), profile()), nil
	for _, series := range task.Series {
		for k := range series {
			for i := range series[k] {
				series[k][i] = float64(k)
			}
		}
	}
	r := Summarize(task)
	want := []string{"energy, specific_heat, profile: error, tau_int, tau_int_error, ess, ess_per_second, rhat: " +
		"constant series: all 40000 records are alike, so no error can be said; run longer, or with a kernel that moves it"}
	if got := missingOf(&r); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	task = profiled()
	r = Summarize(task)
	if got := missingOf(&r); len(got) != 1 || !strings.HasPrefix(got[0], "profile: error") || strings.Contains(got[0], "sigmas at") {
		t.Errorf("of some points: %q", got)
	}
}

// Functions of numbers share a table; those of vectors only with the same
// points, and in no table is a row without any.
func TestKindsOfFunctions(t *testing.T) {
	at := func(x [][]float64, sides ...int) Result {
		o := Observable{Name: "correlation", X: x}
		for range x {
			o.Estimates = append(o.Estimates, Estimate{Value: ptr(0.5), Exact: ptr(0.25)})
		}
		return Result{Proposal: "p", Chains: 1, Model: model(2, sides...), Observables: Observables{o}}
	}
	p := newPage([]string{""}, []Summary{New([]Result{
		at([][]float64{{0}, {1}}, 3, 3),
		at([][]float64{{0, 0}, {1, 0}, {0, 1}}, 2, 3),
		at([][]float64{{0}, {1}, {2}}, 4, 4),
		at([][]float64{{0, 0}, {1, 0}, {0, 1}, {0, 2}}, 2, 4),
		at([][]float64{{0, 0}, {1, 0}, {0, 1}, {0, 2}}, 2, 5),
	})})
	var got []string
	for _, t := range p.tables {
		if !strings.HasPrefix(t.title, "correlation") {
			continue
		}
		var heads, shapes []string
		for _, c := range t.columns[1:] {
			heads = append(heads, strings.TrimPrefix(c.head, "x = "))
		}
		for _, row := range t.rows {
			shapes = append(shapes, row[0])
		}
		got = append(got, strings.Join(heads, " ")+": "+strings.Join(shapes, " "))
	}
	want := []string{
		"0 1 2: 3x3 4x4", "0 1 2: 3x3 4x4",
		"(0,0) (1,0) (0,1): 2x3", "(0,0) (1,0) (0,1): 2x3",
		"(0,0) (1,0) (0,1) (0,2): 2x4 2x5", "(0,0) (1,0) (0,1) (0,2): 2x4 2x5",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// Kernels that build no clusters leave improved observables unknown, which is
// no doubt; where they build some, what is not recorded is missing.
func TestImproved(t *testing.T) {
	task := sampled()
	task.NoClusters = errors.New("wolff: in a field")
	task.Observables = []observables.Observable{
		{Name: "improved", Columns: columns("energy", "of_clusters"), Estimators: func(models.Model) []observables.Estimator { return nil }},
		{Name: "improved_function", Columns: columns("of_clusters"), Points: func(models.Model) [][]float64 { return [][]float64{{0}, {1}} }},
	}
	r := Summarize(task)
	if len(r.Doubts) > 0 {
		t.Errorf("doubts %q", r.Doubts)
	}
	for i, o := range r.Observables {
		if null := unknownKeys(t, o); len(null) != 9 || len(o.Estimates) != 1+i {
			t.Errorf("%+v", o)
		}
		if want := "value, error, tau_int, tau_int_error, ess, ess_per_second, rhat: wolff: in a field; exact, sigmas: " + noExact; *o.Reason != want {
			t.Errorf("reason %q", *o.Reason)
		}
	}
}

// What a function has no value for is said in the observable's own words, but
// what a record has none for is not.
func TestUndefined(t *testing.T) {
	root := analysis.Function{
		Terms: 1,
		Term:  func(r, terms []float64) { terms[0] = r[0] },
		Value: func(m []float64) float64 { return math.Sqrt(m[0]) },
	}
	for _, c := range []struct {
		record float64
		want   string
	}{
		{-1, "root: value not finite: the energy is negative"},
		{math.NaN(), "root: value not finite: chain 1, record 5"},
	} {
		task := sampled()
		task.Series[1][1][5] = c.record
		task.Observables = []observables.Observable{{
			Name: "root", Columns: columns("energy"),
			Estimators: func(models.Model) []observables.Estimator {
				return []observables.Estimator{{Function: &root, Undefined: "the energy is negative"}}
			},
		}}
		if r := Summarize(task); len(r.Doubts) != 1 || !strings.HasPrefix(r.Doubts[0], c.want) || r.Observables[0].Estimates[0].Value != nil {
			t.Errorf("doubts %q, want %q", r.Doubts, c.want)
		}
	}
}

func TestTaskPanics(t *testing.T) {
	for want, change := range map[string]func(*Task){
		panicExact:      func(t *Task) { t.Exact["profile"] = []float64{1} },
		panicEstimators: func(t *Task) { t.Observables[0].Points = nil },
	} {
		task := profiled()
		task.Exact = map[string][]float64{}
		change(&task)
		func() {
			defer func() {
				if got := recover(); got != want {
					t.Errorf("panic %v, want %s", got, want)
				}
			}()
			Summarize(task)
		}()
	}
}

// A beginning that differs is told in sweeps, with what to write on the card.
func TestDrift(t *testing.T) {
	task := sampled()
	task.Thermalize = 1000
	task.Observables = named("energy", "susceptibility")
	for _, series := range task.Series {
		for i := range 500 {
			series[1][i] += 3 * math.Exp(-float64(i)/100)
		}
	}
	task.Exact = nil
	r := Summarize(task)
	i := slices.IndexFunc(r.Doubts, func(d string) bool { return strings.Contains(d, "thermalize = ") })
	if i < 0 {
		t.Fatalf("doubts %q", r.Doubts)
	}
	d, err := analysis.Thermalization(every(1, 1, task)...)
	if err != nil || d.Cut == 0 {
		t.Fatalf("%+v, %v", d, err)
	}
	if want := "energy: " + task.discardMore(d); r.Doubts[i] != want {
		t.Errorf("doubt %q, want %q", r.Doubts[i], want)
	}
}

// Records are told in sweeps; at least so many more are discarded where no cut
// was found, or none that leaves half of the run.
func TestDiscardMore(t *testing.T) {
	task := Task{Thermalize: 1000, Every: 10}
	for _, c := range []struct {
		d    analysis.Drift
		want string
	}{
		{analysis.Drift{Sigmas: -8.04, Chain: -1, Records: 50, Length: 10_000, Cut: 80},
			"the first 500 measured sweeps of each chain differ from the last half by 8.0 sigma, so that too few were discarded: thermalize = 1800 on the card"},
		{analysis.Drift{Sigmas: 9, Chain: 2, Records: 50, Length: 10_000},
			"the first 500 measured sweeps of chain 2 differ from the last half by 9.0 sigma, so that too few were discarded: thermalize = 1500 on the card, at the least"},
		{analysis.Drift{Sigmas: 9, Chain: -1, Records: 500, Length: 10_000, Cut: 4992},
			"the first 5000 measured sweeps of each chain differ from the last half by 9.0 sigma, so that too few were discarded: thermalize = 110000 on the card, at the least"},
	} {
		if got := task.discardMore(c.d); got != c.want {
			t.Errorf("%+v: %s", c.d, got)
		}
	}
}
