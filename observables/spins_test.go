package observables_test

import (
	"math"
	"slices"
	"strings"
	"testing"

	"mcrun/analysis"
	"mcrun/mc"
	"mcrun/models"
	"mcrun/observables"
)

const temperature = 2.5

// newIsing returns a prepared model at T = 2.5.
func newIsing(shape ...int) *models.Ising {
	t := temperature
	m := &models.Ising{Periodic: models.Periodic{Shape: shape}, Thermal: models.Thermal{Temperature: &t}, J: 1}
	if err := m.Prepare(); err != nil {
		panic(err)
	}
	return m
}

// find returns a registered observable.
func find(t *testing.T, name string) observables.Observable {
	t.Helper()
	o, ok := observables.Find(name)
	if !ok {
		t.Fatalf("no observable %s", name)
	}
	return o
}

// evaluate returns the function of an observable at the means over records of
// its columns.
func evaluate(m models.Model, o observables.Observable, records [][]float64) float64 {
	if o.Function == nil {
		var sum float64
		for _, r := range records {
			sum += r[0]
		}
		return sum / float64(len(records))
	}
	f := o.Function(m)
	return f.Value(means(f, records))
}

func means(f analysis.Function, records [][]float64) []float64 {
	mean, terms := make([]float64, f.Terms), make([]float64, f.Terms)
	for _, r := range records {
		f.Term(r, terms)
		for k, v := range terms {
			mean[k] += v / float64(len(records))
		}
	}
	return mean
}

// A series of four records on 16 sites at T = 5/2, by hand:
//
//	e = -2, -1, -1, 0        <e> = -1, <e^2> = 3/2
//	m = 1, -1/2, 1/4, -1/4   <m> = 1/8, <|m|> = 1/2, <m^2> = 11/32,
//	                         <m^4> = (1 + 1/16 + 1/256 + 1/256)/4 = 137/512
func TestFormulas(t *testing.T) {
	m := newIsing(4, 4)
	energy := [][]float64{{-2}, {-1}, {-1}, {0}}
	magnetization := [][]float64{{1}, {-0.5}, {0.25}, {-0.25}}
	for _, c := range []struct {
		name    string
		column  string
		records [][]float64
		want    float64
	}{
		{"energy", "energy", energy, -1},
		// (<H^2> - <H>^2)/(N T^2) = N (3/2 - 1)/T^2
		{"specific_heat", "energy", energy, 16 * 0.5 / 6.25},
		{"magnetization", "magnetization", magnetization, 0.125},
		{"abs_magnetization", "abs_magnetization", [][]float64{{1}, {0.5}, {0.25}, {0.25}}, 0.5},
		{"susceptibility", "magnetization", magnetization, 16 / 2.5 * 11 / 32},
		{"connected_susceptibility", "magnetization", magnetization, 16 / 2.5 * (11./32 - 1./4)},
		{"binder", "magnetization", magnetization, 1 - 137./512/(3*11./32*11./32)},
	} {
		o := find(t, c.name)
		if !slices.Equal(o.Columns, []string{c.column}) {
			t.Errorf("%s is estimated from %q, want %q", c.name, o.Columns, c.column)
			continue
		}
		if got := evaluate(m, o, c.records); math.Abs(got-c.want) > 1e-15*math.Max(1, c.want) {
			t.Errorf("%s = %v, want %v", c.name, got, c.want)
		}
	}
}

// Columns are read per site.
func TestColumns(t *testing.T) {
	m := newIsing(2, 3)
	s := models.Spins{
		1, 1, 0,
		1, 0, 0,
	}
	// Along columns, twice each for the side of 2: ++, +-, --, so that
	// 2(1-1+1); along rows, around: + + - has -1, + - - has -1.
	const bonds, sum = 2 - 1 - 1, 0
	s2 := models.Spins{0, 0, 0, 0, 0, 1} // 12 bonds, 4 of them broken
	for _, c := range []struct {
		name string
		s    models.Spins
		want float64
	}{
		{"energy", s, -bonds / 6.},
		{"magnetization", s, sum / 6.},
		{"abs_magnetization", s, 0},
		{"energy", s2, -(12 - 2*4) / 6.},
		{"magnetization", s2, -4. / 6},
		{"abs_magnetization", s2, 4. / 6},
	} {
		row := make([]float64, 1)
		observables.NewProbe(m, []string{c.name}, c.s).Read(row)
		if row[0] != c.want {
			t.Errorf("%s of %v = %v, want %v", c.name, c.s, row[0], c.want)
		}
	}
}

// Gradients are those of the values, to the accuracy of central differences:
// relative 1e-9 with a step of 1e-5 of each mean, of which the error is second
// order.
func TestGradients(t *testing.T) {
	m := newIsing(4, 4)
	records := [][]float64{{-1.75}, {-1.5}, {0.25}, {-0.5}, {1}}
	for _, o := range observables.All() {
		if o.Function == nil {
			continue
		}
		f := o.Function(m)
		if f.Gradient == nil {
			continue
		}
		if len(o.Columns) != 1 {
			t.Fatalf("%s has %d columns; the records have one", o.Name, len(o.Columns))
		}
		mean := means(f, records)
		gradient := make([]float64, f.Terms)
		f.Gradient(mean, gradient)
		for k, got := range gradient {
			step := 1e-5 * math.Abs(mean[k])
			up, down := slices.Clone(mean), slices.Clone(mean)
			up[k] += step
			down[k] -= step
			want := (f.Value(up) - f.Value(down)) / (up[k] - down[k])
			if math.Abs(got-want) > 1e-8*math.Abs(want) {
				t.Errorf("%s: derivative by mean %d is %v, want %v", o.Name, k, got, want)
			}
		}
	}
}

// A model that states nothing lacks every observable, each for an ability with
// a name.
func TestCheckNamesAbility(t *testing.T) {
	ising := newIsing(2, 2)
	bare := struct{ models.Model }{ising}
	energetic := struct{ models.Energetic }{ising}
	for _, o := range observables.All() {
		if err := o.Check(ising); err != nil {
			t.Errorf("%s: %v", o.Name, err)
		}
		ability := "models.Magnetic"
		if slices.Contains(o.Columns, "energy") {
			ability = "models.Energetic"
		}
		if err := o.Check(bare); err == nil || !strings.Contains(err.Error(), ability) {
			t.Errorf("%s: %v; want an error that names %s", o.Name, err, ability)
		}
	}
	if got, want := observables.Standard(energetic), []string{"energy", "specific_heat"}; !slices.Equal(got, want) {
		t.Errorf("the standard set of a model with an energy alone is %q, want %q", got, want)
	}
	if got := observables.Standard(bare); len(got) != 0 {
		t.Errorf("the standard set of a bare model is %q", got)
	}
}

func TestStandard(t *testing.T) {
	want := []string{"energy", "specific_heat", "magnetization", "abs_magnetization", "susceptibility", "binder"}
	if got := observables.Standard(newIsing(4, 4)); !slices.Equal(got, want) {
		t.Errorf("standard set %q, want %q", got, want)
	}
}

// The exact values of a model have the names of observables.
func TestExactNames(t *testing.T) {
	exact := newIsing(4, 4).Exact()
	if len(exact) != 7 {
		t.Errorf("%d exact values, want 7", len(exact))
	}
	for name := range exact {
		if _, ok := observables.Find(name); !ok {
			t.Errorf("the model knows %s, which is no observable", name)
		}
	}
}

// On all configurations of a lattice, each as often as it is probable, every
// observable has its exact value.
func TestObservablesAreExact(t *testing.T) {
	m := newIsing(2, 3)
	m.H = 0.25
	if err := m.Prepare(); err != nil {
		t.Fatal(err)
	}
	names := []string{"energy", "specific_heat", "magnetization", "abs_magnetization", "susceptibility", "connected_susceptibility", "binder"}
	exact := m.Exact()
	for _, name := range names {
		o := find(t, name)
		s := make(models.Spins, m.Sites())
		probe := observables.NewProbe(m, o.Columns, s)
		f := analysis.Function{Terms: 1, Term: func(r, t []float64) { t[0] = r[0] }, Value: func(mean []float64) float64 { return mean[0] }}
		if o.Function != nil {
			f = o.Function(m)
		}
		mean, terms, row := make([]float64, f.Terms), make([]float64, f.Terms), make([]float64, len(o.Columns))
		var z float64
		for state := range 1 << len(s) {
			for i := range s {
				s[i] = uint8(state >> i & 1)
			}
			w := math.Exp(-m.Beta() * m.Energy(s))
			z += w
			probe.Read(row)
			f.Term(row, terms)
			for k, v := range terms {
				mean[k] += w * v
			}
		}
		for k := range mean {
			mean[k] /= z
		}
		if got := f.Value(mean); math.Abs(got-exact[name]) > 1e-13*math.Max(1, math.Abs(exact[name])) {
			t.Errorf("%s = %v, want %v", name, got, exact[name])
		}
	}
}

var _ mc.Probe = (*observables.Probe)(nil)
