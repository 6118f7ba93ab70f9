package report

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"mcrun/analysis"
	"mcrun/mc"
	"mcrun/mc/param"
	"mcrun/models"
	"mcrun/observables"
)

func ising(temperature float64, shape ...int) *models.Ising {
	return &models.Ising{
		Periodic: models.Periodic{Shape: shape},
		Thermal:  models.Thermal{Temperature: &temperature},
		J:        1,
	}
}

// named returns registered observables.
func named(names ...string) []observables.Observable {
	var list []observables.Observable
	for _, name := range names {
		o, ok := observables.Find(name)
		if !ok {
			panic("no observable " + name)
		}
		list = append(list, o)
	}
	return list
}

// ar1 returns chains of an AR(1) process around a mean.
func ar1(random *rand.Rand, chains, records int, phi, mean, sigma float64) [][]float64 {
	all := make([][]float64, chains)
	for c := range all {
		x := random.NormFloat64()
		for range records {
			all[c] = append(all[c], mean+sigma*x)
			x = phi*x + math.Sqrt(1-phi*phi)*random.NormFloat64()
		}
	}
	return all
}

// sampled returns a task on a 4x4 lattice at T = 2.6 whose energy and
// magnetization are AR(1) series with tau_int = 9/2 records around the exact
// energy and 0.
func sampled() Task {
	m := ising(2.6, 4, 4)
	random := rand.New(rand.NewPCG(3, 4))
	exact := map[string][]float64{}
	for name, v := range m.Exact() {
		exact[name] = []float64{v}
	}
	energy := ar1(random, 4, 10_000, 0.8, exact["energy"][0], 0.3)
	mag := ar1(random, 4, 10_000, 0.8, 0, math.Sqrt(exact["susceptibility"][0]/16*2.6))
	task := Task{
		Index:    7,
		Point:    3,
		Scan:     []param.Setting{{Key: "model.temperature", Value: 2.6}},
		Proposal: "local", Kernels: []string{"metropolis"},
		Model:       m,
		ModelKeys:   append([]param.Setting{{Key: "name", Value: "ising"}}, param.Encode(m)...),
		Observables: named("susceptibility", "energy", "magnetization"),
		Exact:       exact,
		Chains:      4, Sweeps: []int{100_000, 100_000, 100_003, 100_001}, Every: 10,
		Seconds: 2, Tally: mc.Tally{Proposed: 1000, Accepted: 250},
		Columns: []observables.Field{{Name: "magnetization", Width: 1}, {Name: "energy", Width: 1}},
	}
	for c := range energy {
		task.Series = append(task.Series, [][]float64{mag[c], energy[c]})
	}
	return task
}

func TestSummarize(t *testing.T) {
	task := sampled()
	r := Summarize(task)
	if r.Task != 7 || r.Point != 3 || r.Proposal != "local" || r.Chains != 4 || r.Sweeps != 100_001 || r.Seconds != 2 || r.Rung != nil {
		t.Errorf("%+v", r)
	}
	if *r.Acceptance != 0.25 {
		t.Errorf("acceptance %v", *r.Acceptance)
	}
	if got := r.Model.String(); got != "name = ising, shape = 4x4, temperature = 2.6, beta = 0.3846153846153846, J = 1, h = 0" {
		t.Error(got)
	}
	if len(r.Doubts) > 0 {
		t.Errorf("doubts: %q", r.Doubts)
	}
	if len(r.Observables) != 3 || r.Observables[0].Name != "susceptibility" || r.Observables[2].Name != "magnetization" {
		t.Fatalf("%+v", r.Observables)
	}

	e := r.Observables[1].Estimates[0]
	want, err := analysis.Gamma{}.Mean(task.Series[0][1], task.Series[1][1], task.Series[2][1], task.Series[3][1])
	if err != nil {
		t.Fatal(err)
	}
	exact := task.Exact["energy"][0]
	for _, c := range []struct {
		key       string
		got, want float64
	}{
		{"value", *e.Value, want.Value},
		{"error", *e.Error, want.Error},
		{"tau_int", *e.TauInt, 10 * want.TauInt}, // a record is 10 sweeps
		{"tau_int_error", *e.TauIntError, 10 * want.TauIntError},
		{"ess", *e.ESS, want.ESS},
		{"ess_per_second", *e.ESSPerSecond, want.ESS / 2},
		{"exact", *e.Exact, exact},
		{"sigmas", *e.Sigmas, (want.Value - exact) / want.Error},
	} {
		if c.got != c.want {
			t.Errorf("%s is %g, want %g", c.key, c.got, c.want)
		}
	}
	if r.Observables[1].Reason != nil {
		t.Errorf("reason %q", *r.Observables[1].Reason)
	}
}

// The tau_int of the susceptibility is that of m^2, and its R-hat too.
func TestSusceptibilityIsThatOfSquare(t *testing.T) {
	task := sampled()
	o := Summarize(task).Observables.number("susceptibility")
	var squares [][]float64
	for _, columns := range task.Series {
		var x []float64
		for _, m := range columns[0] {
			x = append(x, m*m)
		}
		squares = append(squares, x)
	}
	e, err := analysis.Gamma{}.Mean(squares...)
	if err != nil {
		t.Fatal(err)
	}
	if math.Abs(*o.TauInt/(10*e.TauInt)-1) > 1e-9 {
		t.Errorf("tau_int %g, want %g", *o.TauInt, 10*e.TauInt)
	}
	if r, err := analysis.RHat(squares...); err != nil || r != *o.RHat {
		t.Errorf("R-hat %g, want %g, %v", *o.RHat, r, err)
	}
}

// The linearised series has the error of the estimate, with and without a
// gradient.
func TestLinearise(t *testing.T) {
	task := sampled()
	var chains [][][]float64
	for _, columns := range task.Series {
		chains = append(chains, columns[:1])
	}
	for _, name := range []string{"binder", "susceptibility", "connected_susceptibility"} {
		o, _ := observables.Find(name)
		f := *o.Estimators(task.Model)[0].Function
		want, err := analysis.Gamma{}.Function(f, chains)
		if err != nil {
			t.Fatal(err)
		}
		for _, gradient := range []func(_, _ []float64){f.Gradient, nil} {
			f.Gradient = gradient
			e, err := analysis.Gamma{}.Mean(linearise(f, chains, want.N)...)
			if err != nil || math.Abs(e.Error/want.Error-1) > 1e-6 || math.Abs(e.TauInt/want.TauInt-1) > 1e-6 {
				t.Errorf("%s: error %g, tau_int %g; want %g and %g, %v", name, e.Error, e.TauInt, want.Error, want.TauInt, err)
			}
		}
	}
}

func TestLargestRHat(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	good, bad := ar1(random, 4, 1000, 0, 0, 1), ar1(random, 4, 1000, 0, 0, 1)
	for i := range bad[0] {
		bad[0][i] += 3
	}
	var chains [][][]float64
	for c := range good {
		chains = append(chains, [][]float64{good[c], bad[c]})
	}
	want, err := analysis.RHat(bad...)
	if err != nil || want < 1.4 {
		t.Fatalf("%g, %v", want, err)
	}
	for _, order := range [][2]int{{0, 1}, {1, 0}} {
		f := analysis.Function{Terms: 2, Term: func(r, t []float64) { t[0], t[1] = r[order[0]], r[order[1]] }}
		if got, err := largestRHat(f, chains); err != nil || got != want {
			t.Errorf("%v: %g, want %g, %v", order, got, want, err)
		}
	}
}

func TestComparable(t *testing.T) {
	for _, c := range []struct {
		lengths, want []int
	}{
		{[]int{100, 95, 90, 80}, []int{100, 95, 90, 80}},
		{[]int{100, 1, 95, 0}, []int{100, 95}},
		{[]int{100, 10}, []int{100}},
		{[]int{0, 0}, []int{0, 0}},
		{nil, nil},
	} {
		var chains [][]float64
		for _, n := range c.lengths {
			chains = append(chains, make([]float64, n))
		}
		var got []int
		for _, x := range comparable(chains) {
			got = append(got, len(x))
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("of chains of %v records %v are compared, want %v", c.lengths, got, c.want)
		}
	}
}

func TestThermal(t *testing.T) {
	named := []param.Setting{{Key: "name", Value: "ising"}, {Key: "shape", Value: []int{4, 4}}}
	after := param.Setting{Key: "J", Value: 1.0}
	for _, c := range []struct {
		given *param.Setting
		beta  float64
		want  string
	}{
		{&param.Setting{Key: "temperature", Value: 4.0}, 0.25, "name = ising, shape = 4x4, temperature = 4, beta = 0.25, J = 1"},
		{&param.Setting{Key: "beta", Value: 0.25}, 0.25, "name = ising, shape = 4x4, temperature = 4, beta = 0.25, J = 1"},
		{&param.Setting{Key: "beta", Value: 0.0}, 0, "name = ising, shape = 4x4, temperature = -, beta = 0, J = 1"},
		{nil, 1, "name = ising, shape = 4x4, temperature = 1, beta = 1, J = 1"}, // a field
	} {
		keys := slices.Clone(named)
		if c.given != nil {
			keys = append(keys, *c.given)
		}
		if got := thermal(append(keys, after), c.beta).String(); got != c.want {
			t.Errorf("got %s, want %s", got, c.want)
		}
	}
}

// unknownKeys returns the keys of an observable that are null, and checks that
// the reason names each and is null if there is none.
func unknownKeys(t *testing.T, o Observable) []string {
	t.Helper()
	b, err := json.Marshal(o)
	if err != nil {
		t.Fatal(err)
	}
	var all map[string]any
	if err := json.Unmarshal(b, &all); err != nil {
		t.Fatal(err)
	}
	var keys []string
	for key, v := range all {
		list, function := v.([]any)
		if v == nil && key != "reason" && key != "x" || function && slices.Contains(list, nil) {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	if (o.Reason == nil) != (len(keys) == 0) {
		t.Errorf("%s: the reason is %v, but %q are null", o.Name, all["reason"], keys)
	}
	if o.Reason == nil {
		return keys
	}
	var said []string
	for clause := range strings.SplitSeq(*o.Reason, "; ") {
		if about, _, ok := strings.Cut(clause, ": "); ok {
			about, _, _ = strings.Cut(about, " at x = ")
			said = append(said, strings.Split(about, ", ")...)
		}
	}
	for _, key := range keys {
		if !slices.Contains(said, key) {
			t.Errorf("%s: the reason %q does not name %s", o.Name, *o.Reason, key)
		}
	}
	return keys
}

func TestReasons(t *testing.T) {
	estimates := []string{"error", "ess", "ess_per_second", "sigmas", "tau_int", "tau_int_error"}
	noValue := append(slices.Clone(estimates), "rhat", "value")
	slices.Sort(noValue)
	for _, c := range []struct {
		name   string
		change func(*Task)
		null   []string
		doubt  string // what the doubts about the energy say; none if empty
	}{
		{"complete", func(*Task) {}, nil, ""},
		{"exact unknown", func(t *Task) { t.Exact = nil }, []string{"exact", "sigmas"}, ""},
		{"no time", func(t *Task) { t.Seconds = 0 }, []string{"ess_per_second"}, ""},
		{"constant", func(t *Task) { fill(t, func(float64, int) float64 { return -2 }) }, append(slices.Clone(estimates), "rhat"), "constant"},
		{"no record", func(t *Task) { cut(t, 0) }, noValue, "too few records"},
		{"no chain", func(t *Task) { t.Series = nil }, noValue, "too few records"},
		{"one record", func(t *Task) { cut(t, 1); t.Series = t.Series[:1] }, append(slices.Clone(estimates), "rhat"), "too few records"},
		{"three records", func(t *Task) { cut(t, 3) }, []string{"rhat"}, "only 12 records"},
		{"not finite", func(t *Task) { t.Series[1][1][5] = math.NaN() }, noValue, "record 5"},
		{"not recorded", func(t *Task) { t.Columns[1].Name = "action" }, noValue, "was not recorded"},
		{"lengths differ", func(t *Task) { t.Series[2][0], t.Series[2][1] = t.Series[2][0][:50], t.Series[2][1][:50] }, nil, ""},
		{"a chain frozen", func(t *Task) { fillChain(t, 2, -1.9) }, slices.Clone(estimates), "chain 2 never moved"},
		{"all chains frozen", func(t *Task) { fill(t, func(_ float64, c int) float64 { return -1.9 + 0.1*float64(c) }) },
			append(slices.Clone(estimates), "rhat"), "every chain is constant"},
		{"far from exact", func(t *Task) { fill(t, func(x float64, _ int) float64 { return x + 0.05 }) }, nil, "from the exact value"},
		{"chains differ", func(t *Task) { fill(t, func(x float64, c int) float64 { return x + float64(c) - 1.5 }) }, nil, "R-hat"},
	} {
		t.Run(c.name, func(t *testing.T) {
			task := sampled()
			task.Observables = named("energy")
			c.change(&task)
			r := Summarize(task)
			null := unknownKeys(t, r.Observables[0])
			slices.Sort(c.null)
			if !slices.Equal(null, c.null) {
				t.Errorf("null are %q, want %q", null, c.null)
			}
			all := strings.Join(r.Doubts, "\n")
			if !strings.Contains(all, c.doubt) || c.doubt != "" && !doubted(r.Doubts, "energy") {
				t.Errorf("doubts %q, want %q", r.Doubts, c.doubt)
			}
			if c.doubt == "" && len(r.Doubts) > 0 {
				t.Errorf("doubts %q", r.Doubts)
			}
		})
	}
}

// fill changes the energies of all chains, fillChain makes those of one alike,
// cut shortens all.
func fill(t *Task, f func(x float64, chain int) float64) {
	for c, columns := range t.Series {
		for i, x := range columns[1] {
			columns[1][i] = f(x, c)
		}
	}
}

func fillChain(t *Task, chain int, x float64) {
	for i := range t.Series[chain][1] {
		t.Series[chain][1][i] = x
	}
}

func cut(t *Task, records int) {
	for _, columns := range t.Series {
		for k := range columns {
			columns[k] = columns[k][:records]
		}
	}
}

// A derived quantity has no error either where a chain never moved, but a chain
// that has just begun takes none away.
func TestFrozen(t *testing.T) {
	task := sampled()
	task.Observables = named("specific_heat", "susceptibility")
	fillChain(&task, 1, -1.9)
	r := Summarize(task)
	heat := r.Observables[0].Estimates[0]
	if heat.Value == nil || heat.Error != nil || heat.TauInt != nil || heat.ESS != nil || !strings.Contains(*r.Observables[0].Reason, "chain 1 never moved while others did") {
		t.Errorf("%+v", heat)
	}
	if r.Observables[1].Estimates[0].Error == nil || len(r.Doubts) != 1 || !doubted(r.Doubts, "specific_heat") || doubted(r.Doubts, "susceptibility") {
		t.Errorf("error %v of the susceptibility, doubts %q", r.Observables[1].Estimates[0].Error, r.Doubts)
	}

	task = sampled()
	for k := range task.Series[1] {
		task.Series[1][k] = []float64{0.5, 0.5}
	}
	for _, o := range Summarize(task).Observables {
		if o.Estimates[0].Error == nil {
			t.Errorf("%s has no error: %s", o.Name, *o.Reason)
		}
	}
}

// At beta = 0 what has the factor beta is 0 without error and without doubt.
func TestInfiniteTemperature(t *testing.T) {
	beta := 0.0
	task := sampled()
	task.Model = &models.Ising{Periodic: models.Periodic{Shape: []int{4, 4}}, Thermal: models.Thermal{InverseT: &beta}, J: 1}
	task.Observables = named("susceptibility", "specific_heat", "connected_susceptibility")
	r := Summarize(task)
	if len(r.Doubts) > 0 {
		t.Errorf("doubts %q", r.Doubts)
	}
	for _, o := range r.Observables {
		unknownKeys(t, o)
		if e := o.Estimates[0]; e.Value == nil || *e.Value != 0 || e.Error != nil || !strings.Contains(*o.Reason, "0 whatever the records are") {
			t.Errorf("%+v", o)
		}
	}
}

// A variance of a constant, and a square of a mean that is 0 by chance, are 0
// but not by themselves.
func TestIsZero(t *testing.T) {
	power := func(record, terms []float64) { terms[0], terms[1] = record[0], record[0]*record[0] }
	scaled := func(scale float64) analysis.Function {
		return analysis.Function{Terms: 2, Term: power,
			Value:    func(m []float64) float64 { return scale * (m[1] - m[0]*m[0]) },
			Gradient: func(m, g []float64) { g[0], g[1] = -2*scale*m[0], scale },
		}
	}
	square := analysis.Function{Terms: 2, Term: power, Value: func(m []float64) float64 { return m[0] * m[0] }}
	constant, even := [][][]float64{{{2, 2, 2, 2}}}, [][][]float64{{{}}, {{1, -1, 1, -1}}}
	for _, c := range []struct {
		name   string
		f      analysis.Function
		chains [][][]float64
		want   bool
	}{
		{"no factor", scaled(0), even, true},
		{"no factor, constant", scaled(0), constant, true},
		{"a constant", scaled(1), constant, false},
		{"a square", square, even, false},
	} {
		if got := isZero(c.f, c.chains, 4); got != c.want {
			t.Errorf("%s: %t", c.name, got)
		}
	}
}

// A function that is not finite at the means has neither value nor error.
func TestBinderOfNothing(t *testing.T) {
	task := sampled()
	task.Observables = named("binder")
	for _, columns := range task.Series {
		clear(columns[0])
	}
	o := Summarize(task).Observables[0]
	unknownKeys(t, o)
	if e := o.Estimates[0]; e.Value != nil || e.Error != nil || e.Exact == nil {
		t.Errorf("%+v", o)
	}
}

func TestSummarizeNothingRejected(t *testing.T) {
	task := sampled()
	task.Tally.Proposed, task.Tally.Accepted = 0, 0
	if r := Summarize(task); r.Acceptance != nil || len(r.Doubts) > 0 {
		t.Errorf("acceptance %v, doubts %q", r.Acceptance, r.Doubts)
	}
	task.Tally.Proposed, task.Tally.Accepted = 100_000, 99
	if r := Summarize(task); len(r.Doubts) != 1 || !strings.HasPrefix(r.Doubts[0], "acceptance: only 99 of 100000 proposals") {
		t.Errorf("doubts %q", r.Doubts)
	}
	task.Tally.Accepted = 100
	if r := Summarize(task); len(r.Doubts) > 0 {
		t.Errorf("doubts %q", r.Doubts)
	}
}

// Before the first measured sweep all proposals are of thermalization.
func TestAcceptanceIsMeasured(t *testing.T) {
	task := sampled()
	task.Sweeps = []int{0, 0}
	if r := Summarize(task); r.Acceptance != nil {
		t.Errorf("acceptance %g of no sweep", *r.Acceptance)
	}
	task.Sweeps, task.Tally.Accepted = []int{0, 1}, 0
	if r := Summarize(task); r.Acceptance == nil || *r.Acceptance != 0 {
		t.Errorf("acceptance %v of one sweep, want 0", r.Acceptance)
	}
}
