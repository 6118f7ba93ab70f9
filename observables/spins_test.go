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

// newPotts returns a prepared model at T = 2.5.
func newPotts(q int, shape ...int) *models.Potts {
	t := temperature
	m := &models.Potts{Periodic: models.Periodic{Shape: shape}, Thermal: models.Thermal{Temperature: &t}, Q: q, J: 1}
	if err := m.Prepare(); err != nil {
		panic(err)
	}
	return m
}

// newBlumeCapel returns a prepared model at T = 2.5.
func newBlumeCapel(shape ...int) *models.BlumeCapel {
	t := temperature
	m := &models.BlumeCapel{Periodic: models.Periodic{Shape: shape}, Thermal: models.Thermal{Temperature: &t}, J: 1}
	if err := m.Prepare(); err != nil {
		panic(err)
	}
	return m
}

// newGlass returns a prepared model of normal couplings at T = 2.5.
func newGlass(shape ...int) *models.SpinGlass {
	t, disorder, seed := temperature, "gaussian", uint64(1)
	m := &models.SpinGlass{Periodic: models.Periodic{Shape: shape}, Thermal: models.Thermal{Temperature: &t}, Disorder: &disorder, DisorderSeed: &seed, J: 1}
	if err := m.Prepare(); err != nil {
		panic(err)
	}
	return m
}

// estimators returns those of an observable, each with a function, given the
// width of a record.
func estimators(m models.Model, o observables.Observable, width int) []observables.Estimator {
	var all []observables.Estimator
	if o.Estimators != nil {
		all = slices.Clone(o.Estimators(m))
	} else {
		for i := range width {
			all = append(all, observables.Estimator{Inputs: []int{i}})
		}
	}
	for i, e := range all {
		if e.Inputs == nil {
			for k := range width {
				all[i].Inputs = append(all[i].Inputs, k)
			}
		}
		if e.Function == nil {
			all[i].Function = &analysis.Function{
				Terms:    1,
				Term:     func(r, t []float64) { t[0] = r[0] },
				Value:    func(mean []float64) float64 { return mean[0] },
				Gradient: func(_, g []float64) { g[0] = 1 },
			}
		}
	}
	return all
}

// means returns the means of the terms of an estimator over records, each with
// a weight.
func means(e observables.Estimator, records [][]float64, weights []float64) []float64 {
	mean, terms := make([]float64, e.Function.Terms), make([]float64, e.Function.Terms)
	inputs := make([]float64, len(e.Inputs))
	var total float64
	for i, r := range records {
		for k, input := range e.Inputs {
			inputs[k] = r[input]
		}
		e.Function.Term(inputs, terms)
		for k, v := range terms {
			mean[k] += weights[i] * v
		}
		total += weights[i]
	}
	for k := range mean {
		mean[k] /= total
	}
	return mean
}

// evaluate returns the estimates of an observable from records.
func evaluate(m models.Model, o observables.Observable, records [][]float64) []float64 {
	var values []float64
	weights := make([]float64, len(records))
	for i := range weights {
		weights[i] = 1
	}
	for _, e := range estimators(m, o, len(records[0])) {
		values = append(values, e.Function.Value(means(e, records, weights)))
	}
	return values
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
		// An overlap of the same values.
		{"overlap", "overlap", magnetization, 0.125},
		{"abs_overlap", "overlap", magnetization, 0.5},
		{"squared_overlap", "overlap", magnetization, 11. / 32},
		{"overlap_binder", "overlap", magnetization, 1 - 137./512/(3*11./32*11./32)},
		{"improved_susceptibility", "improved_squared_magnetization", [][]float64{{1}, {0.25}, {0.0625}, {0.0625}}, 16 / 2.5 * 11 / 32},
		// xi = sqrt(S(0)/S(k) - 1)/(2 sin(pi/4)) with 2 sin^2(pi/4) = 1:
		// <S(0)> = 6, <S(k)> = 3 and 1 along the two directions.
		{"correlation_length", "smallest_modes", [][]float64{{8, 4, 1}, {4, 2, 1}}, (math.Sqrt(1./2) + math.Sqrt(5./2)) / 2},
	} {
		o := find(t, c.name)[0]
		if columns := o.Columns(m); !slices.Equal(columns, []string{c.column}) {
			t.Errorf("%s is estimated from %q, want %q", c.name, columns, c.column)
			continue
		}
		if got := evaluate(m, o, c.records)[0]; math.Abs(got-c.want) > 1e-15*math.Max(1, c.want) {
			t.Errorf("%s = %v, want %v", c.name, got, c.want)
		}
	}
}

// m^2 of the Potts model is no square: a series of |m| = 1, 1/2 and
// m^2 = 1, 1/8, so that <m^2> = <|m|>^2 = 9/16 and <m^4> = 65/128.
func TestPottsFormulas(t *testing.T) {
	m := newPotts(3, 4, 4)
	square, both := [][]float64{{1}, {0.125}}, [][]float64{{1, 1}, {0.5, 0.125}}
	for _, c := range []struct {
		name    string
		records [][]float64
		want    float64
	}{
		{"susceptibility", square, 16 / 2.5 * 9 / 16},
		{"connected_susceptibility", both, 0},
		{"binder", square, 1 - 65./128/(3*81./256)},
	} {
		if got := evaluate(m, find(t, c.name)[0], c.records)[0]; math.Abs(got-c.want) > 1e-15*math.Max(1, c.want) {
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
		if got := read(m, c.name, c.s)[0]; got != c.want {
			t.Errorf("%s of %v = %v, want %v", c.name, c.s, got, c.want)
		}
	}
}

// Gradients are those of the values, to the accuracy of central differences:
// relative 1e-9 with a step of 1e-5 of each mean, of which the error is second
// order.
func TestGradients(t *testing.T) {
	base := []float64{-1.75, -1.5, 0.25, -0.5, 1}
	for _, m := range []models.Model{newIsing(4, 4), newPotts(3, 4, 6)} {
		for _, o := range observables.All() {
			var width int
			for _, f := range observables.Columns(m, []observables.Observable{o}, sourceOf(m, o)) {
				width += f.Width
			}
			records := make([][]float64, len(base))
			for i, v := range base {
				for k := range width {
					// S(0) exceeds S(k) on average, which xi needs.
					records[i] = append(records[i], 2+v/float64(k+2)-0.25*float64(k))
				}
			}
			for _, e := range estimators(m, o, width) {
				f := e.Function
				mean := means(e, records, []float64{1, 1, 1, 1, 1})
				if math.IsNaN(f.Value(mean)) && strings.HasSuffix(o.Name, "effective_mass") {
					continue // means so far from those of a correlator; see TestEffectiveMassOfFreeField
				}
				gradient := make([]float64, f.Terms)
				f.Gradient(mean, gradient)
				for k, got := range gradient {
					step := 1e-5 * math.Abs(mean[k])
					up, down := slices.Clone(mean), slices.Clone(mean)
					up[k] += step
					down[k] -= step
					want := (f.Value(up) - f.Value(down)) / (up[k] - down[k])
					if !(math.Abs(got-want) <= 1e-8*math.Abs(want)) {
						t.Errorf("%s: derivative by mean %d is %v, want %v", o.Name, k, got, want)
					}
				}
			}
		}
	}
}

// A model that states nothing lacks every observable, each for an ability with
// a name.
func TestCheckNamesAbility(t *testing.T) {
	ofFields := []string{"action", "phi2", "phi4", "phi_neighbour", "helicity_modulus", "vorticity"}
	ising := newIsing(2, 2)
	bare := struct{ models.Model }{ising}
	energetic := struct{ models.Energetic }{ising}
	field := struct{ models.SpinField }{ising}
	coupled := struct{ models.PairCoupled }{ising}
	for _, c := range []struct {
		m       models.Model
		names   []string
		ability string
	}{
		{bare, []string{"energy", "specific_heat"}, "models.Energetic"},
		{bare, []string{"magnetization", "abs_magnetization", "susceptibility", "connected_susceptibility", "binder"}, "models.Magnetic"},
		{bare, []string{"overlap", "abs_overlap", "squared_overlap", "overlap_binder"}, "models.SpinField"},
		{bare, []string{"structure_factor", "correlation_length", "correlation"}, "models.SpinField"},
		{field, []string{"structure_factor", "correlation_length", "correlation"}, "models.Regular"},
		{noLattice{ising}, []string{"structure_factor", "correlation_length", "correlation"}, "models.Regular"},
		{bare, []string{"improved_susceptibility", "improved_structure_factor"}, "models.PairCoupled"},
		{coupled, []string{"improved_structure_factor"}, "models.Regular"},
		{ising, ofFields[:4], "models.Differentiable"},
		{ising, ofFields[4:], "models.FieldCoupled"},
	} {
		for _, o := range find(t, c.names...) {
			if err := o.Check(c.m); err == nil || !strings.Contains(err.Error(), c.ability) {
				t.Errorf("%s: %v; want an error that names %s", o.Name, err, c.ability)
			}
		}
	}
	for _, o := range observables.All() {
		if err := o.Check(ising); err != nil && !slices.Contains(ofFields, o.Name) {
			t.Errorf("%s: %v", o.Name, err)
		}
	}
	for _, o := range find(t, "overlap", "improved_susceptibility") {
		if err := o.Check(noLattice{ising}); err != nil {
			t.Errorf("%s without a lattice: %v", o.Name, err)
		}
	}
	if got, want := names(observables.Standard(energetic)), []string{"energy", "specific_heat"}; !slices.Equal(got, want) {
		t.Errorf("the standard set of a model with an energy alone is %q, want %q", got, want)
	}
	if got := observables.Standard(bare); len(got) != 0 {
		t.Errorf("the standard set of a bare model is %q", names(got))
	}
}

// noLattice is a model with an ability for a lattice, and none.
type noLattice struct{ *models.Ising }

func (noLattice) Sides() []int { return nil }

// names returns those of observables.
func names(of []observables.Observable) []string {
	var names []string
	for _, o := range of {
		names = append(names, o.Name)
	}
	return names
}

func TestStandard(t *testing.T) {
	want := []string{"energy", "specific_heat", "magnetization", "abs_magnetization", "susceptibility", "binder"}
	if got := names(observables.Standard(newIsing(4, 4))); !slices.Equal(got, want) {
		t.Errorf("standard set %q, want %q", got, want)
	}
	want = []string{"energy", "specific_heat", "abs_magnetization", "susceptibility"}
	if got := names(observables.Standard(newPotts(3, 4, 4))); !slices.Equal(got, want) {
		t.Errorf("standard set of the Potts model %q, want %q", got, want)
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
	exact := m.Exact()
	if len(exact) == 0 {
		t.Fatal("no exact values")
	}
	for name := range exact {
		o := find(t, name)[0]
		s := make(models.Spins, m.Sites())
		columns := observables.Columns(m, []observables.Observable{o}, observables.NoSource)
		probe := observables.NewProbe(m, columns, s)
		var records [][]float64
		var weights []float64
		for state := range 1 << len(s) {
			for i := range s {
				s[i] = uint8(state >> i & 1)
			}
			row := make([]float64, len(columns))
			probe.Read(row)
			records, weights = append(records, row), append(weights, math.Exp(-m.Beta()*m.Energy(s)))
		}
		e := estimators(m, o, len(columns))[0]
		if got := e.Function.Value(means(e, records, weights)); math.Abs(got-exact[name]) > 1e-13*math.Max(1, math.Abs(exact[name])) {
			t.Errorf("%s = %v, want %v", name, got, exact[name])
		}
	}
}

var _ mc.Probe = (*observables.Probe)(nil)
