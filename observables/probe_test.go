package observables_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"mcrun/analysis"
	"mcrun/models"
	"mcrun/observables"
)

// find returns registered observables.
func find(t *testing.T, names ...string) []observables.Observable {
	t.Helper()
	var found []observables.Observable
	for _, name := range names {
		o, ok := observables.Find(name)
		if !ok {
			t.Fatalf("no observable %s", name)
		}
		found = append(found, o)
	}
	return found
}

// fields returns the columns of the given names with their widths.
func fields(m models.Model, names ...string) []observables.Field {
	var f []observables.Field
	for _, name := range names {
		c, ok := observables.FindColumn(name)
		if !ok {
			panic("no column " + name)
		}
		width := 1
		if c.Width != nil {
			width = c.Width(m)
		}
		f = append(f, observables.Field{Name: name, Width: width})
	}
	return f
}

// read returns what a column is of one chain.
func read(m models.Model, column string, s models.State) []float64 {
	f := fields(m, column)
	row := make([]float64, f[0].Width)
	observables.NewProbe(m, f, s).Read(row)
	return row
}

// Columns are named once and in a fixed order, whatever that of observables.
func TestColumnsOfObservables(t *testing.T) {
	ising, potts := newIsing(4, 6), newPotts(3, 4, 6)
	for _, c := range []struct {
		model  models.Model
		names  []string
		source observables.Source
		want   []observables.Field
	}{
		{ising, nil, observables.FromClusters, nil},
		{ising, []string{"specific_heat"}, observables.NoSource, []observables.Field{{"energy", 1}}},
		{ising, []string{"binder", "susceptibility", "specific_heat", "energy"}, observables.NoSource, []observables.Field{{"energy", 1}, {"magnetization", 1}}},
		{ising, []string{"abs_magnetization", "magnetization", "energy"}, observables.NoSource, []observables.Field{{"energy", 1}, {"magnetization", 1}, {"abs_magnetization", 1}}},
		{potts, []string{"binder", "connected_susceptibility"}, observables.NoSource, []observables.Field{{"abs_magnetization", 1}, {"squared_magnetization", 1}}},
		{ising, []string{"correlation", "correlation_length", "structure_factor"}, observables.NoSource, []observables.Field{{"structure_factor", 7}, {"smallest_modes", 3}, {"correlation", 7}}},
		{ising, []string{"improved_susceptibility", "energy"}, observables.NoSource, []observables.Field{{"energy", 1}}},
		{ising, []string{"improved_susceptibility", "improved_structure_factor", "energy"}, observables.FromClusters, []observables.Field{{"energy", 1}, {"improved_squared_magnetization", 1}, {"improved_structure_factor", 7}}},
	} {
		if got := observables.Columns(c.model, find(t, c.names...), c.source); !slices.Equal(got, c.want) {
			t.Errorf("columns of %q are %v, want %v", c.names, got, c.want)
		}
	}
}

// A probe reads what the chains are when it reads, one chain after the other.
func TestProbe(t *testing.T) {
	m := newIsing(2, 2)
	a, b := models.Spins{1, 1, 1, 1}, models.Spins{1, 0, 0, 0}
	p := observables.NewProbe(m, fields(m, "magnetization", "energy"), a, b)
	rows := make([]float64, 4)
	p.Read(rows)
	if want := []float64{1, -2, -0.5, 0}; !slices.Equal(rows, want) {
		t.Errorf("rows %v, want %v", rows, want)
	}
	a[0], a[3] = 0, 0 // staggered
	p.Read(rows)
	if want := []float64{0, 2, -0.5, 0}; !slices.Equal(rows, want) {
		t.Errorf("rows %v, want %v", rows, want)
	}
}

// A column that is a function of another is so whether the other is recorded
// or not, in the row of its own chain, and at any distance from it.
func TestProbeFunction(t *testing.T) {
	m := newIsing(2, 2)
	a, b := models.Spins{0, 0, 0, 0}, models.Spins{1, 0, 0, 0}
	for _, c := range []struct {
		columns []string
		want    []float64
	}{
		{[]string{"abs_magnetization"}, []float64{1, 0.5}},
		{[]string{"magnetization", "energy", "abs_magnetization"}, []float64{-1, -2, 1, -0.5, 0, 0.5}},
		{[]string{"magnetization", "correlation", "abs_magnetization"}, []float64{-1, 1, 1, 1, 1, 1, -0.5, 1, 0, 1, 0, 0.5}},
	} {
		rows := make([]float64, len(c.want))
		observables.NewProbe(m, fields(m, c.columns...), a, b).Read(rows)
		if !slices.Equal(rows, c.want) {
			t.Errorf("%q: rows %v, want %v", c.columns, rows, c.want)
		}
	}
}

// Chains 0 and 1 are a pair, and 2 and 3.
func TestProbePairs(t *testing.T) {
	m := newIsing(2, 2)
	chains := []models.State{models.Spins{1, 1, 1, 1}, models.Spins{1, 1, 1, 0}, models.Spins{0, 0, 0, 0}, models.Spins{1, 1, 1, 1}}
	rows := make([]float64, 4)
	observables.NewProbe(m, fields(m, "overlap"), chains...).Read(rows)
	if want := []float64{0.5, 0.5, -1, -1}; !slices.Equal(rows, want) {
		t.Errorf("overlaps %v, want %v", rows, want)
	}
	panics(t, "even number", func() { observables.NewProbe(m, fields(m, "overlap"), chains[:3]...) })
	if o := find(t, "overlap", "energy"); !o[0].Paired(m) || o[1].Paired(m) {
		t.Error("of overlap and energy, overlap alone should be of pairs")
	}
}

// panics holds f to panic with a text that says what about.
func panics(t *testing.T, what string, f func()) {
	t.Helper()
	defer func() {
		if r := recover(); r == nil || !strings.Contains(fmt.Sprint(r), what) {
			t.Errorf("panic %v, want one that names %q", r, what)
		}
	}()
	f()
}

func TestRegistryPanics(t *testing.T) {
	panics(t, "nothing", func() {
		observables.NewProbe(newIsing(2, 2), []observables.Field{{Name: "nothing", Width: 1}}, make(models.Spins, 4))
	})
	panics(t, "energy", func() { observables.Register(observables.Observable{Name: "energy"}) })
	panics(t, "energy", func() { observables.RegisterColumn(observables.Column{Name: "energy"}) })
	panics(t, "nothing", func() { observables.RegisterColumn(observables.Column{Name: "new", Of: "nothing"}) })
	if _, ok := observables.FindColumn("new"); ok {
		t.Error("a column that was refused is registered")
	}
}

func TestRegistered(t *testing.T) {
	m := newIsing(4, 4)
	var names []string
	for _, o := range observables.All() {
		names = append(names, o.Name)
		if o.Doc == "" || strings.Contains(o.Doc, "\n") {
			t.Errorf("%s has no formula of one line", o.Name)
		}
		points, estimators := 1, 0
		if o.Points != nil && o.Points(m) != nil {
			points = len(o.Points(m))
		}
		if o.Estimators != nil {
			estimators = len(o.Estimators(m))
		} else {
			for _, f := range observables.Columns(m, []observables.Observable{o}, sourceOf(m, o)) {
				estimators += f.Width
			}
		}
		if points != estimators {
			t.Errorf("%s has %d points and %d estimators", o.Name, points, estimators)
		}
	}
	want := []string{
		"energy", "specific_heat", "magnetization", "abs_magnetization", "susceptibility", "connected_susceptibility", "binder",
		"structure_factor", "correlation_length", "correlation",
		"correlator", "connected_correlator", "effective_mass", "connected_effective_mass",
		"overlap", "abs_overlap", "squared_overlap", "overlap_binder",
		"improved_energy", "improved_susceptibility", "improved_structure_factor", "improved_correlation",
		"action", "phi2", "phi4", "phi_neighbour", "helicity_modulus", "vorticity",
	}
	if !slices.Equal(names, want) {
		t.Errorf("observables %q, want %q", names, want)
	}
	observables.All()[0].Name = "changed"
	if got := observables.All()[0].Name; got != names[0] {
		t.Errorf("the first observable was renamed to %q", got)
	}
}

func ExampleObservable() {
	o, _ := observables.Find("susceptibility")
	f := o.Estimators(newIsing(4, 4))[0].Function
	series := []float64{0.5, -0.5, 1, -1, 0.5} // m of five records
	e, err := analysis.Gamma{}.Function(*f, [][][]float64{{series}})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%s = %.2f\n", o.Doc, e.Value)
	// Output: N beta <m^2> = 3.52
}
