package engine

import (
	"context"
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"mcrun/internal/card"
	"mcrun/internal/store"
)

const short = model + `
[run]
chains = 2
sweeps = 20
thermalize = 5
every = 2
[[proposal]]
kernel = "metropolis"
[[proposal]]
kernel = "wolff"
`

// finished returns a run of a card, done.
func finished(t *testing.T, c *card.Card) *Run {
	t.Helper()
	r := start(t, c)
	if err := r.Do(context.Background()); err != nil {
		t.Fatal(err)
	}
	return r
}

// view returns the directory of a run for reading.
func view(t *testing.T, r *Run) *store.Dir {
	t.Helper()
	d, err := store.View(r.dir.Path())
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func isRefusal(err error, about string) bool {
	_, ok := errors.AsType[*store.Refusal](err)
	return ok && strings.Contains(err.Error(), about)
}

// When Do returns run.json tells that all is done. When it could not tell, as
// after a kill, the series are found all the same.
func TestRecord(t *testing.T) {
	c := parse(t, short)
	r := finished(t, c)
	for i, task := range view(t, r).Manifest().Tasks {
		if task.State != store.Done || !slices.Equal(task.Sweeps, []int{20, 20}) {
			t.Errorf("task %d: %+v", i, task)
		}
	}
	if err := r.dir.Note(1, 0, 0, store.Waiting); err != nil {
		t.Fatal(err)
	}
	if err := r.dir.Flush(); err != nil {
		t.Fatal(err)
	}
	if s, _, err := Summarize(c, view(t, r)); err != nil || len(s.Results) != 2 {
		t.Errorf("%d results, %v", len(s.Results), err)
	}
}

// Whatever is changed on a card that determines numbers already stored, the
// run neither goes on nor is read.
func TestChangedCard(t *testing.T) {
	r := finished(t, parse(t, short))
	for _, change := range [][2]string{
		{"temperature = 2.3", "temperature = 2.4"},
		{"shape = [4, 4]", "shape = [4, 5]"},
		{"thermalize = 5", "thermalize = 6"},
		{"every = 2", "every = 1"},
		{"chains = 2", "chains = 2\nstart = \"cold\""},
		{"\n[model]", "\nseed = 2\n[model]"},
		{`kernel = "metropolis"`, "kernel = \"metropolis\"\norder = \"sequential\""},
		{"[[proposal]]\nkernel = \"metropolis\"", "[observables]\nrecord = [\"energy\"]\n[[proposal]]\nkernel = \"metropolis\""},
	} {
		c := parse(t, strings.Replace(short, change[0], change[1], 1))
		other := New(c, r.dir, 1, r.notice)
		if err := other.Do(context.Background()); !isRefusal(err, "belongs to another model, proposal, seed or schedule") {
			t.Errorf("with %q Do returns %v", change[1], err)
		}
		if _, _, err := Summarize(c, view(t, r)); !isRefusal(err, "belongs to another") {
			t.Errorf("with %q Summarize returns %v", change[1], err)
		}
	}
	longer := New(parse(t, strings.Replace(short, "sweeps = 20", "sweeps = 40", 1)), r.dir, 1, r.notice)
	if err := longer.Do(context.Background()); err != nil {
		t.Errorf("more sweeps: %v", err)
	}
}

func TestLevel(t *testing.T) {
	c := parse(t, short)
	r := start(t, c)
	if err := r.dir.Update(func(m *store.Manifest) { m.Level = "avx512" }); err != nil {
		t.Fatal(err)
	}
	if err := r.Do(context.Background()); !isRefusal(err, `"avx512"`) { // the card has no flow
		t.Errorf("error %v", err)
	}
}

// A derived observable has no exact value by its name, and improved estimators
// that of what they estimate.
func TestExact(t *testing.T) {
	point := &parse(t, model+`
[run]
sweeps = 100
[observables]
record = ["energy", "susceptibility", "improved_susceptibility"]
[observables.derived]
improved_specific_heat = "improved_susceptibility / 2"
double = "2 * energy"
[[proposal]]
kernel = "wolff"
`).Points[0]
	known := exact(point)
	if got := known["improved_specific_heat"]; got != nil {
		t.Errorf("the derived improved_specific_heat is exactly %v", got)
	}
	if e := known["energy"]; len(e) != 1 || math.Abs(known["double"][0]-2*e[0]) > 1e-12 {
		t.Errorf("2 * energy is %v, energy %v", known["double"], e)
	}
	if a, b := known["susceptibility"], known["improved_susceptibility"]; len(a) != 1 || !slices.Equal(a, b) {
		t.Errorf("the susceptibility is %v, and %v improved", a, b)
	}
}

// A card with other tasks than run.json is refused.
func TestSummarizeOtherTasks(t *testing.T) {
	r := finished(t, parse(t, short))
	for _, change := range [][2]string{
		{"chains = 2", "chains = 3"},
		{"chains = 2", "chains = 1"},
		{"[[proposal]]\nkernel = \"wolff\"\n", ""},
	} {
		c := parse(t, strings.Replace(short, change[0], change[1], 1))
		if _, _, err := Summarize(c, view(t, r)); !isRefusal(err, "run.json") {
			t.Errorf("with %q for %q: %v", change[1], change[0], err)
		}
	}
}

// A task with a chain that cannot be trusted is left out, and the others are
// summarized.
func TestSummarizeWithoutUntrusted(t *testing.T) {
	c := parse(t, short)
	r := finished(t, c)
	if err := os.Truncate(filepath.Join(r.dir.TaskPath(0), "chain-01.npy"), 1100); err != nil {
		t.Fatal(err)
	}
	s, notices, err := Summarize(c, view(t, r))
	if err == nil || !strings.Contains(err.Error(), "0000-metropolis") || !strings.Contains(err.Error(), "chain-01.npy") || len(notices) == 0 {
		t.Errorf("error %v, notices %v", err, notices)
	}
	if len(s.Results) != 1 || s.Results[0].Proposal != "wolff" {
		t.Errorf("summary %+v", s)
	}
}

// What is averaged over clusters is missing for the reason for which no kernel
// of the proposal builds any that serve.
func TestNoClusters(t *testing.T) {
	c := parse(t, model+`h = 0.1
[run]
chains = 2
sweeps = 20
[observables]
record = ["energy", "improved_susceptibility"]
[[proposal]]
kernel = "wolff"
[[proposal]]
name = "cycle"
cycle = [{ kernel = "heat-bath" }, { kernel = "wolff" }]
[[proposal]]
name = "mixture"
mixture = [{ kernel = "swendsen-wang", weight = 1.0 }, { kernel = "metropolis", weight = 1.0 }]
[[proposal]]
kernel = "heat-bath"
[[proposal]]
kernel = "swendsen-wang"
`)
	s, _, err := Summarize(c, view(t, finished(t, c)))
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{
		": wolff: in a field ",
		": wolff: in a field ",
		": metropolis builds no clusters, and in some sweeps a mixture draws no other",
		": heat-bath builds no clusters",
		"",
	} {
		o := s.Results[i].Observables[1]
		if want == "" {
			if o.Estimates[0].Value == nil {
				t.Errorf("%s: %s", s.Results[i].Proposal, *o.Reason)
			}
		} else if o.Reason == nil || !strings.Contains(*o.Reason, want) {
			t.Errorf("%s: %v, want %q", s.Results[i].Proposal, o.Reason, want)
		}
	}
}
