package observables

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"mcrun/models"
)

// isingAt returns an Ising model, prepared.
func isingAt(beta, j, h float64, shape ...int) *models.Ising {
	m := &models.Ising{Periodic: models.Periodic{Shape: shape}, Thermal: models.Thermal{InverseT: &beta}, J: j, H: h}
	if err := m.Prepare(); err != nil {
		panic(err)
	}
	return m
}

// unordered is a model without a magnetization.
type unordered struct {
	Model int64   `card:"colours"`
	Name  string  `card:"label"`
	D     float64 `card:"D"`
	Large uint64  `card:"large"`
	Loops int     `card:"loops"`
	Taken float64 `card:"binder"`
	models.Energetic
}

func (*unordered) Sites() int    { return 6 }
func (*unordered) Beta() float64 { return 0.5 }

// derived returns the observable of an expression.
func derived(t testing.TB, expression string, m models.Model) Observable {
	t.Helper()
	o, err := Derive("derived", expression, m)
	if err != nil {
		t.Fatalf("%s: %v", expression, err)
	}
	return o
}

// at returns the value of an estimator and its derivatives by every number of
// every record, of which the means are taken.
func at(m models.Model, o Observable, point int, records [][]float64) (value float64, slopes []float64) {
	e := estimators(o, m)[point]
	mean := func() []float64 {
		var sum []float64
		for _, record := range records {
			inputs := record
			if e.Inputs != nil {
				inputs = nil
				for _, k := range e.Inputs {
					inputs = append(inputs, record[k])
				}
			}
			terms := inputs
			if e.Function != nil {
				terms = make([]float64, e.Function.Terms)
				e.Function.Term(inputs, terms)
			}
			if sum == nil {
				sum = make([]float64, len(terms))
			}
			for k, v := range terms {
				sum[k] += v / float64(len(records))
			}
		}
		return sum
	}
	if e.Function == nil {
		return mean()[0], nil
	}
	means := mean()
	value = e.Function.Value(means)
	grad := make([]float64, len(means))
	e.Function.Gradient(means, grad)
	for _, record := range records {
		for k := range record {
			was, h := record[k], 1e-5
			record[k] = was + h
			up := mean()
			record[k] = was - h
			down := mean()
			record[k] = was
			var s float64
			for i, g := range grad {
				s += g * (up[i] - down[i]) / (2 * h)
			}
			slopes = append(slopes, s)
		}
	}
	return value, slopes
}

// records returns random ones for some columns.
func records(r *rand.Rand, m models.Model, columns []string) [][]float64 {
	width := 0
	for _, c := range columns {
		width += mustFindColumn(c).width(m)
	}
	list := make([][]float64, 7)
	for i := range list {
		for range width {
			list[i] = append(list[i], 0.3+r.Float64())
		}
	}
	return list
}

// Expressions are the observables that they write out, in value and slope.
func TestDeriveIsObservable(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	m := isingAt(0.4, 1.25, 0.5, 4, 6)
	for _, c := range []struct {
		text, name string
		point      int
	}{
		{"1 - mean(magnetization^4) / (3 * mean(magnetization^2)^2)", "binder", 0},
		{"N * beta^2 * (mean(energy^2) - energy^2)", "specific_heat", 0},
		{"N / T^2 * (mean(energy*energy) - mean(energy)^2)", "specific_heat", 0},
		{"N / temperature * mean(magnetization^2)", "susceptibility", 0},
		{"susceptibility - N*beta*mean(abs(magnetization))^2", "connected_susceptibility", 0},
		{"24*0.4*(mean(magnetization^2) - mean(max(magnetization, -magnetization))^2)", "connected_susceptibility", 0},
		{"specific_heat*2 - specific_heat + J - 1.25 + h - 0.5", "specific_heat", 0},
		{"exp(log(binder)) + 0*energy", "binder", 0},
		{"sqrt(susceptibility*susceptibility) + sin(pi)*0", "susceptibility", 0},
		{"abs_magnetization", "abs_magnetization", 0},
		{"correlation[3]", "correlation", 3},
		{"mean(correlation[6])", "correlation", 5},
		{"mean(structure_factor[1] + 0*structure_factor[0])", "structure_factor", 1},
		{"(correlation_length[1]^0.5)^2", "correlation_length", 1},
	} {
		o := derived(t, c.text, m)
		same, _ := Find(c.name)
		if err := same.Check(m); err != nil {
			t.Fatal(err)
		}
		if own, want := o.Columns(m), same.Columns(m); len(own) == len(want) && !slices.Equal(own, want) {
			t.Errorf("%s has the columns %q, want %q", c.text, own, want)
		}
		// The columns of one are those of the other, but for energies and
		// absolute values that the record must then agree with.
		sample := records(r, m, o.Columns(m))
		if c.name == "correlation_length" {
			for _, record := range sample {
				record[0] += 2
			}
		}
		other := make([][]float64, len(sample))
		for i, record := range sample {
			first := slices.Index(o.Columns(m), same.Columns(m)[0])
			skip := 0
			for _, column := range o.Columns(m)[:first] {
				skip += mustFindColumn(column).width(m)
			}
			other[i] = record[skip:]
		}
		got, slopes := at(m, o, 0, sample)
		want, wantSlopes := at(m, same, c.point, other)
		if !(math.Abs(got-want) <= 1e-13*(1+math.Abs(want))) {
			t.Errorf("%s = %.15g, want %.15g", c.text, got, want)
		}
		if wantSlopes == nil || len(slopes) != len(wantSlopes) {
			continue
		}
		for i, s := range slopes {
			if !(math.Abs(s-wantSlopes[i]) <= 1e-9*(1+math.Abs(s))) {
				t.Errorf("%s: slope %d is %g, want %g", c.text, i, s, wantSlopes[i])
				break
			}
		}
	}
}

// The gradient is that of the value, also of parts on several columns.
func TestDeriveGradient(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 2))
	m := isingAt(0.4, 1, 0.5, 4, 6)
	for _, text := range []string{
		"susceptibility / connected_susceptibility",
		"correlation[3] - magnetization^2",
		"binder^2*mean(energy*magnetization) - tanh(energy) / correlation[0]",
		"mean(energy)^mean(magnetization^2) + atanh(correlation[1] / 4) - cos(correlation[1])*exp(-J*binder)",
		"min(energy, binder, 0.1) + max(energy, 2*susceptibility) + abs(binder - 5)",
		"mean(sqrt(structure_factor[0]^3)/(1 + structure_factor[2])) / (correlation_length[0] + magnetization)",
		"overlap_binder - binder*squared_overlap",
	} {
		o := derived(t, text, m)
		f := o.Estimators(m)[0].Function
		means, grad := make([]float64, f.Terms), make([]float64, f.Terms)
		for k := range means {
			means[k] = 0.5 + r.Float64()
		}
		if strings.Contains(text, "correlation_length") {
			// S(0) is larger than S(k).
			sample := records(r, m, o.Columns(m))[0]
			for k, i := range o.Estimators(m)[0].Inputs {
				sample[i] = float64(40 - 3*k)
			}
			e := o.Estimators(m)[0]
			inputs := make([]float64, len(e.Inputs))
			for k, i := range e.Inputs {
				inputs[k] = sample[i]
			}
			f.Term(inputs, means)
		}
		f.Gradient(means, grad)
		for k := range means {
			difference := func(h float64) float64 {
				was := means[k]
				means[k] = was + h
				up := f.Value(means)
				means[k] = was - h
				down := f.Value(means)
				means[k] = was
				return (up - down) / (2 * h)
			}
			want := (4*difference(1e-4) - difference(2e-4)) / 3
			if !(math.Abs(grad[k]-want) <= 1e-7*(1+math.Abs(want))) {
				t.Errorf("%s: derivative by term %d is %.10g, differences give %.10g", text, k, grad[k], want)
			}
		}
	}
}

// What occurs twice is a term once.
func TestDeriveTerms(t *testing.T) {
	m := isingAt(0.4, 1, 0, 4, 4)
	for text, terms := range map[string]int{
		"mean(energy)":                                1,
		"energy + mean(energy) + energy^2":            1,
		"mean(energy^2) + mean(energy*energy)":        1,
		"mean(energy^2) + mean(energy^4)":             2,
		"binder + binder^2":                           2,
		"binder + susceptibility":                     3,
		"correlation[1] - correlation[2]":             2,
		"correlation[1] - mean(correlation[1]) + 2*N": 2,
	} {
		if got := derived(t, text, m).Estimators(m)[0].Function.Terms; got != terms {
			t.Errorf("%s has %d terms, want %d", text, got, terms)
		}
	}
}

// A derived observable belongs to the model that it is asked for, and not to
// that which it was made with: those of a scan differ in temperature and size.
func TestDeriveForScan(t *testing.T) {
	o := derived(t, "N*mean(energy) + T + J", isingAt(0.5, 1, 0, 4, 4))
	other := isingAt(0.25, 3, 0, 2, 2)
	f := o.Estimators(other)[0].Function
	if got := f.Value([]float64{-1.5}); got != -4*1.5+4+3 {
		t.Errorf("the value is %g, want 1", got)
	}
	o = derived(t, "correlation[2]", isingAt(0.5, 1, 0, 4, 4))
	defer func() {
		if r := fmt.Sprint(recover()); !strings.HasPrefix(r, panicDerived+"character 1: correlation[2] does not exist") {
			t.Errorf("panic %q", r)
		}
	}()
	o.Columns(other)
}

func TestDeriveConstants(t *testing.T) {
	m := &unordered{Model: -3, Name: "label", D: 0.25, Large: 7, Loops: 2}
	f := derived(t, "N + 10*beta + 100*T + 1000*temperature + pi + colours + D + large + loops - mean(energy)", m).Estimators(m)[0].Function
	if got, want := f.Value([]float64{1}), 6+5+200+2000+math.Pi-3+0.25+7+2-1; math.Abs(got-want) > 1e-12 {
		t.Errorf("the value is %g, want %g", got, want)
	}
}

func TestDerivePairsAndClusters(t *testing.T) {
	m := isingAt(0.5, 1, 0, 4, 4)
	for text, want := range map[string][2]bool{ // paired, improved
		"energy":                        {},
		"overlap + energy":              {true, false},
		"mean(overlap^2*magnetization)": {true, false},
		"improved_susceptibility / susceptibility": {false, true},
	} {
		o := derived(t, text, m)
		if got := [2]bool{o.Paired(m), o.Improved(m)}; got != want {
			t.Errorf("%s is paired, improved: %v, want %v", text, got, want)
		}
		if err := o.Check(m); err != nil {
			t.Errorf("%s: %v", text, err)
		}
	}
	if o := derived(t, " 2\t*\n  energy ", m); o.Doc != "2 * energy" || o.Name != "derived" || o.Points != nil {
		t.Errorf("the observable is %+v", o)
	}
}

func TestDeriveErrors(t *testing.T) {
	square, none := isingAt(0.5, 1, 0, 4, 4), &unordered{}
	for _, c := range []struct {
		name, text string
		m          models.Model
		want       string
	}{
		{"energy", "binder", square, `the name "energy" is taken by what mcrun measures itself; expected a name of its own`},
		{"smallest_modes", "binder", square, `the name "smallest_modes" is taken by what mcrun measures itself; expected a name of its own`},
		{"beta", "binder", square, `the name "beta" is a constant of expressions; expected a name of its own`},
		{"N", "binder", square, `the name "N" is a constant of expressions; expected a name of its own`},
		{"T", "binder", square, `the name "T" is a constant of expressions; expected a name of its own`},
		{"J", "binder", square, `the name "J" is a constant of expressions; expected a name of its own`},
		{"colours", "energy", none, `the name "colours" is a constant of expressions; expected a name of its own`},
		{"mean", "binder", square, `the name "mean" is a function of expressions; expected a name of its own`},
		{"atanh", "binder", square, `the name "atanh" is a function of expressions; expected a name of its own`},
		{"", "binder", square, `"" is no name of an observable; expected letters, digits and _, not beginning with a digit`},
		{"2x", "binder", square, `"2x" is no name of an observable; expected letters, digits and _, not beginning with a digit`},
		{"xi-L", "binder", square, `"xi-L" is no name of an observable; expected letters, digits and _, not beginning with a digit`},
		{"ξ", "binder", square, `"ξ" is no name of an observable; expected letters, digits and _, not beginning with a digit`},
		{"x", "2*(", square, "character 4: the expression ends; expected " + wantOperand},
		{"x", "N * beta + J", square, "the expression is a constant; expected the name of an observable or mean(...) in it"},
		{"x", "2 * mean(N)", square, "character 5: a mean of a constant; expected a column within mean(...)"},
		{"x", "2 * mean(energy - mean(energy))", square, "character 19: a mean within a mean; expected columns within mean(...)"},
		{"x", "bindr - 1", square, `character 1: unknown name "bindr"; expected an observable of the model or a constant; did you mean binder?`},
		{"x", "1 - mean(magnetisation^2)", square, `character 10: unknown name "magnetisation"; expected a column of the model or a constant; did you mean magnetization?`},
		{"x", "energy / zzz", square, `character 10: unknown name "zzz"; expected an observable of the model or a constant`},
		{"x", "energy * Beta", square, `character 10: unknown name "Beta"; expected an observable of the model or a constant; did you mean beta?`},
		{"x", "2*mean(binder)", square, "character 8: binder is an observable, which has no value for each record; expected columns within mean(...)"},
		{"x", "2*smallest_modes", square, "character 3: smallest_modes is a column, which has a value for each record; expected mean(smallest_modes) or an observable"},
		{"x", "N[0]*energy", square, "character 1: N is one number; expected N without an index"},
		{"x", "mean(N[0]*energy)", square, "character 6: N is one number; expected N without an index"},
		{"x", "binder[1]", square, "character 1: the observable binder is one number; expected binder without an index"},
		{"x", "mean(energy[1])", square, "character 6: the column energy is one number; expected energy without an index"},
		{"x", "1 - correlation", square, "character 5: the observable correlation has 3 points; expected an index from 0 to 2, as correlation[0]"},
		{"x", "1 - correlation[3]", square, "character 5: correlation[3] does not exist: the observable has 3 points; expected an index from 0 to 2"},
		{"x", "mean(correlation)", square, "character 6: the column correlation has 6 numbers a record; expected an index from 0 to 5, as correlation[0]"},
		{"x", "mean(correlation[6])", square, "character 6: correlation[6] does not exist: the column has 6 numbers a record; expected an index from 0 to 5"},
		{"x", "energy + magnetization", none, "character 10: magnetization does not exist here: the model has no order parameter with a sign (models.Magnetic)"},
		{"x", "energy + binder", none, "character 10: binder does not exist here: the model has no order parameter with a sign (models.Magnetic)"},
		{"x", "mean(magnetization)", none, "character 6: magnetization does not exist here: the model has no order parameter with a sign (models.Magnetic)"},
	} {
		if o, err := Derive(c.name, c.text, c.m); err == nil {
			t.Errorf("%s = %s is accepted: %s", c.name, c.text, o.Doc)
		} else if err.Error() != c.want {
			t.Errorf("%s = %s: %v\nwant: %s", c.name, c.text, err, c.want)
		}
	}
}

// FuzzDerive holds Derive, and what it returns, not to panic.
func FuzzDerive(f *testing.F) {
	for _, text := range []string{
		"1 - mean(magnetization^4) / (3 * mean(magnetization^2)^2)", "correlation[1]^-2", "min(energy, 0)",
		"mean(overlap^2^0.5)", "mean(energy^64)^65", "1e-3*N/mean(structure_factor[2])", "binder^", "[", "((", "mean(mean", "2_",
		"improved_susceptibility", "log(-energy)", "energy/0", "0^energy", "max(energy,binder,correlation_length)",
	} {
		f.Add(text)
	}
	m := isingAt(0.5, 1, 0.25, 4, 4)
	f.Fuzz(func(t *testing.T, text string) {
		o, err := Derive("x", text, m)
		if err != nil {
			return
		}
		if err := o.Check(m); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		e := o.Estimators(m)[0]
		inputs, terms, grad := make([]float64, len(e.Inputs)), make([]float64, e.Function.Terms), make([]float64, e.Function.Terms)
		for i := range inputs {
			inputs[i] = float64(1+i) / 4
		}
		e.Function.Term(inputs, terms)
		e.Function.Value(terms)
		e.Function.Gradient(terms, grad)
	})
}

// Random expressions in all names are accepted and resolved; what they say of
// records is what the tree says.
func TestDeriveRandom(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 2))
	m := isingAt(0.5, 1, 0.25, 4, 4)
	names := []string{"energy", "magnetization", "abs_magnetization"}
	compared := 0
	for range 5000 {
		tree := drawn(r, 4, len(names))
		text := "mean(" + printed(tree, 0) + ")"
		for i, name := range names {
			text = strings.ReplaceAll(text, fmt.Sprintf("x[%d]", i), name)
		}
		if !strings.Contains(text, "e") || len(text) > maxExpression {
			continue
		}
		o, err := Derive("x", text, m)
		if err != nil {
			if !strings.Contains(err.Error(), "a mean of a constant") {
				t.Fatalf("%s: %v", text, err)
			}
			continue
		}
		record, x := make([]float64, 3), make([]float64, 3)
		for i, c := range o.Columns(m) {
			record[i] = r.Float64()
			x[slices.Index(names, c)] = record[i]
		}
		e := o.Estimators(m)[0]
		inputs, terms := make([]float64, len(e.Inputs)), make([]float64, 1)
		for k, i := range e.Inputs {
			inputs[k] = record[i]
		}
		e.Function.Term(inputs, terms)
		if want := valueOf(tree, x); math.Abs(want) < 100 {
			compared++
			if !(math.Abs(terms[0]-want) <= 1e-6*(1+math.Abs(want))) {
				t.Fatalf("%s is %.15g at %g, want %.15g", text, terms[0], record, want)
			}
		}
	}
	if compared < 2000 {
		t.Errorf("only %d expressions were compared", compared)
	}
}

// Without the gradient of a part there is none of the whole.
func TestDeriveWithoutGradient(t *testing.T) {
	m := isingAt(0.5, 1, 0, 4, 4)
	tree, err := parse("binder + energy")
	if err != nil {
		t.Fatal(err)
	}
	d, err := derive(tree, "", m)
	if err != nil {
		t.Fatal(err)
	}
	if d.function().Gradient == nil {
		t.Error("there is no gradient")
	}
	without := *d.parts[0].function
	without.Gradient = nil
	d.parts[0].function = &without
	if d.function().Gradient != nil {
		t.Error("there is a gradient")
	}
}

// A part that has no share in the value has none in the gradient.
func TestDeriveIdlePart(t *testing.T) {
	m := isingAt(0.5, 1, 0, 4, 4)
	f := derived(t, "0*binder + 2*energy", m).Estimators(m)[0].Function
	grad := []float64{7, 7, 7}
	f.Gradient([]float64{0, 0, -1}, grad) // where binder is 0/0
	if !slices.Equal(grad, []float64{0, 0, 2}) {
		t.Errorf("the gradient is %g, want 0, 0 and 2", grad)
	}
}

// Programs may be of any length.
func TestDeriveLong(t *testing.T) {
	text := "0"
	for k := range 2 * registersOnStack {
		text += fmt.Sprintf(" + mean(energy + %d)", k)
	}
	m := isingAt(0.5, 1, 0, 4, 4)
	f := derived(t, text, m).Estimators(m)[0].Function
	terms := make([]float64, f.Terms)
	f.Term([]float64{0.5}, terms)
	for k, v := range terms {
		if v != float64(k)+0.5 {
			t.Fatalf("term %d is %g", k, v)
		}
	}
}

// Where a part says when it is undefined, the whole does.
func TestDeriveUndefined(t *testing.T) {
	m := isingAt(0.5, 1, 0, 4, 4)
	if got := derived(t, "binder / 2", m).Estimators(m)[0].Undefined; got != "" {
		t.Errorf("undefined: %q", got)
	}
	xi, _ := Find("correlation_length")
	got := derived(t, "binder * correlation_length / 16", m).Estimators(m)[0].Undefined
	if want := "perhaps since correlation_length has none: " + xi.Estimators(m)[0].Undefined; !strings.HasSuffix(got, want) {
		t.Errorf("undefined: %q, want ... %q", got, want)
	}
}

// A record takes no memory.
func TestDerivedTermAllocates(t *testing.T) {
	m := isingAt(0.5, 1, 0, 4, 4)
	f := derived(t, "1 - mean(magnetization^4) / (3 * mean(magnetization^2)^2) + binder", m).Estimators(m)[0].Function
	record, terms := []float64{0.5}, make([]float64, f.Terms)
	if n := testing.AllocsPerRun(100, func() { f.Term(record, terms) }); n != 0 {
		t.Errorf("a record takes memory %g times", n)
	}
}

func BenchmarkDerivedTerm(b *testing.B) {
	m := isingAt(0.5, 1, 0, 16, 16)
	for _, text := range []string{
		"binder",
		"1 - mean(magnetization^4) / (3 * mean(magnetization^2)^2)",
		"N * beta^2 * (mean(energy^2) - energy^2)",
		"susceptibility / connected_susceptibility",
		"mean(exp(-0.1*energy)*magnetization^2)/mean(exp(-0.1*energy))",
	} {
		b.Run(text, func(b *testing.B) {
			f := derived(b, text, m).Estimators(m)[0].Function
			record, terms := []float64{0.5, 0.25, 0.125}, make([]float64, f.Terms)
			for b.Loop() {
				f.Term(record, terms)
			}
		})
	}
}

func ExampleDerive() {
	beta := 0.44
	m := &models.Ising{Periodic: models.Periodic{Shape: []int{16, 16}}, Thermal: models.Thermal{InverseT: &beta}, J: 1}
	o, err := Derive("ratio", "susceptibility / (N*beta*mean(abs(magnetization))^2)", m)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(o.Columns(m))
	_, err = Derive("ratio", "susceptibilty / N", m)
	fmt.Println(err)
	// Output:
	// [magnetization]
	// character 1: unknown name "susceptibilty"; expected an observable of the model or a constant; did you mean susceptibility?
}
