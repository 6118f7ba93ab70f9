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

// Columns are named once and in a fixed order, whatever that of observables.
func TestColumnsOfObservables(t *testing.T) {
	for _, c := range []struct{ names, want []string }{
		{nil, nil},
		{[]string{"specific_heat"}, []string{"energy"}},
		{[]string{"binder", "susceptibility", "specific_heat", "energy"}, []string{"energy", "magnetization"}},
		{[]string{"abs_magnetization", "magnetization", "energy"}, []string{"energy", "magnetization", "abs_magnetization"}},
	} {
		if got := observables.Columns(c.names); !slices.Equal(got, c.want) {
			t.Errorf("columns of %q are %q, want %q", c.names, got, c.want)
		}
	}
}

// A probe reads what the chains are when it reads, one chain after the other.
func TestProbe(t *testing.T) {
	m := newIsing(2, 2)
	a, b := models.Spins{1, 1, 1, 1}, models.Spins{1, 0, 0, 0}
	p := observables.NewProbe(m, []string{"magnetization", "energy"}, a, b)
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
// or not, in the row of its own chain.
func TestProbeFunction(t *testing.T) {
	m := newIsing(2, 2)
	a, b := models.Spins{0, 0, 0, 0}, models.Spins{1, 0, 0, 0}
	p := observables.NewProbe(m, []string{"magnetization", "energy", "abs_magnetization"}, a, b)
	rows := make([]float64, 6)
	p.Read(rows)
	if want := []float64{-1, -2, 1, -0.5, 0, 0.5}; !slices.Equal(rows, want) {
		t.Errorf("rows %v, want %v", rows, want)
	}
	p = observables.NewProbe(m, []string{"abs_magnetization"}, a, b)
	p.Read(rows)
	if want := []float64{1, 0.5}; !slices.Equal(rows[:2], want) {
		t.Errorf("rows %v, want %v", rows[:2], want)
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
	panics(t, "nothing", func() { observables.NewProbe(newIsing(2, 2), []string{"nothing"}, make(models.Spins, 4)) })
	panics(t, "energy", func() { observables.Register(observables.Observable{Name: "energy", Columns: []string{"energy"}}) })
	panics(t, "energy", func() { observables.RegisterColumn(observables.Column{Name: "energy"}) })
	panics(t, "nothing", func() { observables.RegisterColumn(observables.Column{Name: "new", Of: "nothing"}) })
	panics(t, "nothing", func() { observables.Register(observables.Observable{Name: "new", Columns: []string{"nothing"}}) })
	if _, ok := observables.Find("new"); ok {
		t.Error("an observable that was refused is registered")
	}
}

func TestRegistered(t *testing.T) {
	var names []string
	for _, o := range observables.All() {
		names = append(names, o.Name)
		if o.Doc == "" {
			t.Errorf("%s has no formula", o.Name)
		}
		if o.Function == nil && len(o.Columns) != 1 {
			t.Errorf("%s is the mean of %d columns", o.Name, len(o.Columns))
		}
	}
	for _, name := range []string{"energy", "specific_heat", "magnetization", "abs_magnetization", "susceptibility", "connected_susceptibility", "binder"} {
		if !slices.Contains(names, name) {
			t.Errorf("%s is not registered", name)
		}
	}
	observables.All()[0].Name = "changed"
	if got := observables.All()[0].Name; got != names[0] {
		t.Errorf("the first observable was renamed to %q", got)
	}
}

func ExampleObservable() {
	o, _ := observables.Find("susceptibility")
	series := []float64{0.5, -0.5, 1, -1, 0.5} // m of five records
	e, err := analysis.Gamma{}.Function(o.Function(newIsing(4, 4)), [][][]float64{{series}})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%s = %.2f\n", o.Doc, e.Value)
	// Output: N beta <m^2> = 3.52
}
