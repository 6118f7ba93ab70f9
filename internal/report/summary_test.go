package report

import (
	"bytes"
	"encoding/json"
	"math"
	"slices"
	"strings"
	"testing"

	"mcrun/mc"
	"mcrun/mc/param"
)

// keysOf returns the keys of a JSON object in order.
func keysOf(t *testing.T, object json.RawMessage) []string {
	t.Helper()
	var keys []string
	err := unmarshalObject(object, func(key string, d *json.Decoder) error {
		keys = append(keys, key)
		var any json.RawMessage
		return d.Decode(&any)
	})
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

// Every key of the contract is there, whatever is known, lists are never null,
// and observables and settings keep their order.
func TestSummaryKeys(t *testing.T) {
	poor := sampled()
	poor.Series, poor.Scan, poor.Kernels, poor.Sweeps, poor.Tally = nil, nil, nil, nil, mc.Tally{}
	poor.Exact = nil
	for name, r := range map[string]Result{"rich": Summarize(sampled()), "poor": Summarize(poor), "zero": {Observables: Observables{{Name: "energy"}}}} {
		s := New([]Result{r})
		b, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		if got := keysOf(t, b); !slices.Equal(got, []string{"format", "results", "flows"}) {
			t.Errorf("%s: summary has %q", name, got)
		}
		var top struct {
			Format  int               `json:"format"`
			Results []json.RawMessage `json:"results"`
			Flows   json.RawMessage   `json:"flows"`
		}
		if err := json.Unmarshal(b, &top); err != nil {
			t.Fatal(err)
		}
		if top.Format != 1 || string(top.Flows) != "[]" {
			t.Errorf("%s: format %d, flows %s", name, top.Format, top.Flows)
		}
		want := []string{"task", "point", "scan", "proposal", "kernels", "rung", "model", "chains", "sweeps", "seconds", "acceptance", "doubts", "observables"}
		if got := keysOf(t, top.Results[0]); !slices.Equal(got, want) {
			t.Errorf("%s: result has %q", name, got)
		}
		var parts map[string]json.RawMessage
		if err := json.Unmarshal(top.Results[0], &parts); err != nil {
			t.Fatal(err)
		}
		for _, key := range []string{"scan", "kernels", "model", "doubts", "observables"} {
			if string(parts[key]) == "null" {
				t.Errorf("%s: %s is null", name, key)
			}
		}
		if name != "zero" {
			if got := keysOf(t, parts["model"]); !slices.Equal(got, []string{"name", "shape", "temperature", "beta", "J", "h"}) {
				t.Errorf("%s: model has %q", name, got)
			}
			if got := keysOf(t, parts["observables"]); !slices.Equal(got, []string{"susceptibility", "energy", "magnetization"}) {
				t.Errorf("%s: observables are %q", name, got)
			}
		}
		var estimates map[string]json.RawMessage
		if err := json.Unmarshal(parts["observables"], &estimates); err != nil {
			t.Fatal(err)
		}
		for observable, e := range estimates {
			want := []string{"x", "value", "error", "tau_int", "tau_int_error", "ess", "ess_per_second", "rhat", "exact", "sigmas", "reason"}
			if got := keysOf(t, e); !slices.Equal(got, want) {
				t.Errorf("%s: %s has %q", name, observable, got)
			}
		}
	}
}

func TestFlowKeys(t *testing.T) {
	b, err := json.Marshal(Summary{Flows: []Flow{{}}})
	if err != nil {
		t.Fatal(err)
	}
	var top struct{ Flows []json.RawMessage }
	if err := json.Unmarshal(b, &top); err != nil {
		t.Fatal(err)
	}
	want := []string{"name", "point", "file", "sha256", "steps", "seconds", "loss", "ess", "kl", "log_z", "log_z_error", "log_z_exact"}
	if got := keysOf(t, top.Flows[0]); !slices.Equal(got, want) {
		t.Errorf("flow has %q", got)
	}
}

// A summary that was read back is written in the same bytes, in every format.
func TestSummaryRoundTrip(t *testing.T) {
	for name, s := range examples() {
		var stored bytes.Buffer
		if err := Write(&stored, s, "json"); err != nil {
			t.Fatal(err)
		}
		var read Summary
		if err := json.Unmarshal(stored.Bytes(), &read); err != nil {
			t.Fatal(err)
		}
		for _, format := range Formats {
			var first, second bytes.Buffer
			if err := Write(&first, s, format); err != nil {
				t.Fatal(err)
			}
			if err := Write(&second, read, format); err != nil {
				t.Fatal(err)
			}
			if first.String() != second.String() {
				t.Errorf("%s as %s: written\n%s\nread and written\n%s", name, format, &first, &second)
			}
		}
	}
}

func TestSummaryRefusals(t *testing.T) {
	for text, want := range map[string]string{
		`{"format": 2, "results": []}`:                                  "newer than this program's 1",
		`{"results": []}`:                                               "not a summary.json",
		`{"format": 1, "results": [{"model": 3}]}`:                      "where an object was expected",
		`{"format": 1, "results": [{"observables": {"energy": [1]}}]}`:  "energy",
		`{"format": 1, "results": [{"observables": {"energy": {"ess":"`: "",
	} {
		var s Summary
		if err := json.Unmarshal([]byte(text), &s); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
	bad := New([]Result{{Model: Settings{{Key: "J", Value: math.NaN()}}}})
	if _, err := json.Marshal(bad); err == nil || !strings.Contains(err.Error(), "J") {
		t.Errorf("NaN as a setting: %v", err)
	}
}

func TestSettings(t *testing.T) {
	s := Settings{{Key: "b", Value: "x<y"}, {Key: "a.shape", Value: []int{8, 8}}, {Key: "c", Value: 0.1}, {Key: "d", Value: nil}}
	if got := s.String(); got != "b = x<y, a.shape = 8x8, c = 0.1, d = -" {
		t.Error(got)
	}
	var read Settings
	b, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, &read); err != nil {
		t.Fatal(err)
	}
	if read.String() != s.String() {
		t.Errorf("read back: %s", read)
	}
	if got := s.sorted().String(); got != "a.shape = 8x8, b = x<y, c = 0.1, d = -" {
		t.Error(got)
	}
	if got := show(param.Setting{Key: "list", Value: []float64{1, 2.5}}); got != "[1,2.5]" {
		t.Error(got)
	}
}
