package report

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// What is written of an observable is read back: numbers, functions of numbers
// and of vectors, functions without points, and what is unknown.
func TestObservableRoundTrip(t *testing.T) {
	known := estimate("", 1.5, 0.25, 2, 64).Estimates[0]
	for _, c := range []struct {
		name string
		o    Observable
		want string // the beginning
	}{
		{"number", Observable{Estimates: []Estimate{known}}, `{"x":null,"value":1.5,"error":0.25,"tau_int":2,`},
		{"unknown number", Observable{Estimates: []Estimate{{}}, Reason: ptr("luck")}, `{"x":null,"value":null,"error":null,`},
		{"function", Observable{X: [][]float64{{0}, {0.5}}, Estimates: []Estimate{{Value: ptr(1.0)}, known}, Reason: ptr("at x = 0")},
			`{"x":[0,0.5],"value":[1,1.5],"error":[null,0.25],"tau_int":[null,2],`},
		{"function of vectors", Observable{X: [][]float64{{0, 1}, {2, 3}}, Estimates: []Estimate{known, {}}},
			`{"x":[[0,1],[2,3]],"value":[1.5,null],"error":[0.25,null],`},
		{"one point", Observable{X: [][]float64{{3}}, Estimates: []Estimate{known}}, `{"x":[3],"value":[1.5],"error":[0.25],`},
		{"no points", Observable{X: [][]float64{}, Estimates: []Estimate{}}, `{"x":[],"value":[],"error":[],`},
	} {
		b, err := json.Marshal(c.o)
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		if !strings.HasPrefix(string(b), c.want) {
			t.Errorf("%s is %s, want %s...", c.name, b, c.want)
		}
		if got := keysOf(t, b); len(got) != 11 || got[10] != "reason" {
			t.Errorf("%s has the keys %q", c.name, got)
		}
		var read Observable
		if err := json.Unmarshal(b, &read); err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		if !reflect.DeepEqual(read, c.o) {
			t.Errorf("%s is read back as %+v", c.name, read)
		}
	}
}

// Summaries of before there were functions have no x.
func TestObservableWithoutX(t *testing.T) {
	o := Observable{X: [][]float64{{1}}}
	if err := json.Unmarshal([]byte(`{"value": 2, "reason": null}`), &o); err != nil {
		t.Fatal(err)
	}
	if o.X != nil || len(o.Estimates) != 1 || *o.Estimates[0].Value != 2 || o.Estimates[0].Error != nil {
		t.Errorf("%+v", o)
	}
}

func TestObservableRefusals(t *testing.T) {
	for text, want := range map[string]string{
		`{"x": [0, 1], "value": [1]}`:       "value: a list of 1 for 2 points",
		`{"x": [0, 1], "error": null}`:      "error: a list of 0 for 2 points",
		`{"x": [0, 1], "value": 3}`:         "value: ",
		`{"x": null, "ess": [3]}`:           "ess: ",
		`{"x": {"a": 1}, "value": 3}`:       "x: ",
		`{"x": ["a"], "value": [3]}`:        "x: ",
		`{"value": 3, "reason": 4}`:         "reason: ",
		`[]`:                                "array",
		`{"x": [[1], "b"], "value": [1,2]}`: "x: ",
	} {
		var o Observable
		if err := json.Unmarshal([]byte(text), &o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
	defer func() {
		if recover() != panicEstimates {
			t.Error("no panic for a function that lacks an estimate")
		}
	}()
	json.Marshal(Observable{X: [][]float64{{1}, {2}}, Estimates: []Estimate{{}}})
}

// A function is not found as a number, nor a number as a function.
func TestFind(t *testing.T) {
	all := Observables{estimate("energy", 1, 1, 1, 1), correlation(3, 2, 0, false), {Name: "none"}}
	if all.number("energy") != &all[0].Estimates[0] || all.number("correlation") != nil || all.number("none") != nil || all.number("luck") != nil {
		t.Error("numbers")
	}
	if all.find("correlation") != &all[1] || all.find("luck") != nil {
		t.Error("observables")
	}
	r := &Result{Observables: all}
	at := func(x ...float64) *Estimate {
		return (&quantity{name: "correlation", x: x, kind: kindOf([][]float64{x})}).of(r)
	}
	if at(2) != &all[1].Estimates[2] || at(3) != nil || at(0, 2) != nil {
		t.Error("points")
	}
	if !slices.Equal([]string{(&quantity{label: "energy"}).head(), (&quantity{x: []float64{1}, label: "1"}).head()}, []string{"energy", "x = 1"}) {
		t.Error("headings")
	}
}
