package card

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"mcrun/mc/param"
	"mcrun/models"
)

// minimal is the shortest card.
const minimal = `
[model]
name = "ising"
shape = [16, 16]
temperature = 2.5

[run]
sweeps = 1000

[[proposal]]
kernel = "metropolis"
`

// parse parses a card that has to be right.
func parse(t *testing.T, text string, sets ...string) *Card {
	t.Helper()
	c, err := Parse("card.toml", []byte(text), sets, laptop)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// refuse parses a card that has to be wrong and returns the messages.
func refuse(t *testing.T, text string, sets ...string) []string {
	t.Helper()
	_, err := Parse("card.toml", []byte(text), sets, laptop)
	if err == nil {
		t.Fatal("the card was accepted")
	}
	return strings.Split(err.Error(), "\n")
}

func TestDefaults(t *testing.T) {
	c := parse(t, minimal)
	want := Run{Chains: 4, Thermalize: 1000, Sweeps: 1000, Every: 1, Checkpoint: time.Minute, Start: models.Hot}
	if len(c.Points) != 1 || c.Tasks() != 1 {
		t.Fatalf("got %d points and %d tasks", len(c.Points), c.Tasks())
	}
	p := c.Points[0]
	if p.Run != want || p.Seed != 1 || p.Scan != nil || c.Title != "" {
		t.Errorf("got %+v", p)
	}
	if want := []string{"energy", "specific_heat", "magnetization", "abs_magnetization", "susceptibility", "binder"}; !slices.Equal(p.recorded(), want) {
		t.Errorf("got %v", p.recorded())
	}
	q := p.Proposals[0]
	if q.Name != "metropolis" || q.Kind != Single || len(q.Members) != 1 || q.Members[0].Steps != 1 {
		t.Errorf("got %+v", q)
	}
	m := p.Model.(*models.Ising)
	if m.Beta() != 1/2.5 || m.J != 1 || m.H != 0 || m.Sites() != 256 {
		t.Errorf("got %+v", m)
	}
	if keys := p.ModelKeys(); keys[0] != (param.Setting{Key: "name", Value: "ising"}) {
		t.Errorf("got %v", keys)
	}
}

func TestNames(t *testing.T) {
	c := parse(t, minimal+`
[[proposal]]
kernel = "wolff"
steps = 5
[[proposal]]
name = "v1.2+x"
kernel = "wolff"
[[proposal]]
cycle = [{ kernel = "wolff", steps = 2 }, { kernel = "metropolis" }]
[[proposal]]
mixture = [{ kernel = "metropolis", weight = 1 }, { kernel = "turn", weight = 0.5, angle = 1 }]
`)
	var names []string
	for _, q := range c.Points[0].Proposals {
		names = append(names, fmt.Sprint(q.Name, " ", q.Kind, " ", len(q.Members)))
	}
	want := []string{"metropolis kernel 1", "wolff kernel 1", "v1.2+x kernel 1", "wolff+metropolis cycle 2", "metropolis+turn mixture 2"}
	if !slices.Equal(names, want) {
		t.Errorf("got %q", names)
	}
	m := c.Points[0].Proposals[4].Members
	if m[0].Weight != 1 || m[1].Weight != 0.5 || m[1].Spec.(*turn).Angle != 1 {
		t.Errorf("got %+v", m)
	}
}

// The same card in the many ways that TOML has.
func TestNotations(t *testing.T) {
	want := string(parse(t, minimal).Resolved())
	for name, text := range map[string]string{
		"Windows":       strings.ReplaceAll(minimal, "\n", "\r\n"),
		"byte order":    "\ufeff" + minimal,
		"dotted keys":   "model.name = 'ising'\nmodel.shape = [16, 16]\nmodel.temperature = 2.5\nrun.sweeps = 1_000\nproposal = [{ kernel = \"metropolis\" }]\n",
		"quoted keys":   "[\"model\"]\n\"name\" = \"ising\"\n'shape' = [16, 16]\n\"temp\\u0065rature\" = 25e-1\n[run]\nsweeps = 0x3e8\n[[\"proposal\"]]\nkernel = '''\nmetropolis'''\n",
		"inline tables": "model = { name = \"ising\", shape = [ # sides\n 16,\n 16, ], temperature = 2.5 } # so\nrun = { sweeps = 1000 }\nproposal = [\n { kernel = \"metropolis\" }\n]\n",
		"other order":   "[[proposal]]\nkernel = \"metropolis\"\n[run]\nsweeps = 1000\nstart = \"hot\"\n[model]\ntemperature = 2.5\nshape = [16, 16]\nname = \"ising\"",
	} {
		if got := string(parse(t, text).Resolved()); got != want {
			t.Errorf("%s: got\n%s\nwant\n%s", name, got, want)
		}
	}
}

func TestResolved(t *testing.T) {
	got := string(parse(t, `
title = "a \"title\""
seed = 2018
[run]
seconds = 90
checkpoint = "5m"
[model]
name = "ising"
beta = 0.4
J = -1
[[proposal]]
kernel = "wolff"
steps = 5
[[proposal]]
mixture = [{ kernel = "metropolis", weight = 1 }, { kernel = "wolff", weight = 0.5 }]
[scan]
"model.shape" = [[8, 8], [16, 16]]
"model.h" = { from = 0, to = 1, points = 3 }
"proposal.metropolis+wolff.wolff.steps" = [1, 5]
`, "run.chains=2", "model.beta=0.5").Resolved())
	const want = `title = "a \"title\""
seed  = 2018

[model]
name = "ising"
beta = 0.5
J    = -1.0

[run]
chains     = 2
thermalize = 1000
seconds    = 90.0
every      = 1
checkpoint = "5m"
start      = "hot"

[observables]
record = ["energy", "specific_heat", "magnetization", "abs_magnetization", "susceptibility", "binder"]

[[proposal]]
name   = "wolff"
kernel = "wolff"
steps  = 5

[[proposal]]
name = "metropolis+wolff"
mixture = [
  { kernel = "metropolis", steps = 1, weight = 1.0, order = "checkerboard" },
  { kernel = "wolff", weight = 0.5 },
]

[scan]
"model.shape"                           = [[8, 8], [16, 16]]
"model.h"                               = { from = 0, to = 1, points = 3 }
"proposal.metropolis+wolff.wolff.steps" = [1, 5]
`
	if got != want {
		t.Errorf("got\n%s", got)
	}
	if again := string(parse(t, got).Resolved()); again != got {
		t.Errorf("again\n%s", again)
	}
}

func TestMemory(t *testing.T) {
	const meminfo = "MemTotal:       16384 kB\nMemFree:          230000 kB\n"
	if got := totalMemory(meminfo); got != 16<<20 {
		t.Errorf("got %v bytes", got)
	}
	for _, text := range []string{"", "MemTotal:", "MemTotal: x kB", "MemFree: 1 kB\n"} {
		if got := totalMemory(text); got != 0 {
			t.Errorf("%q: got %v bytes", text, got)
		}
	}
	if m := ThisMachine(); m.Workers < 1 {
		t.Errorf("got %+v", m)
	}
	chain, tables := parse(t, minimal).Points[0].Model.Bytes()
	for _, c := range []struct {
		machine Machine
		fits    bool
	}{
		{Machine{}, true},
		{Machine{Workers: 64}, true},
		{Machine{Memory: tables + chain}, true},
		{Machine{Memory: tables + chain, Workers: 1}, true},
		{Machine{Memory: tables + chain - 1, Workers: 1}, false},
		{Machine{Memory: tables + 2*chain - 1, Workers: 2}, false},
		{Machine{Memory: tables + 2*chain, Workers: 2}, true},
		{Machine{Memory: tables + 4*chain, Workers: 64}, true}, // there are only four chains
	} {
		_, err := Parse("card.toml", []byte(minimal), nil, c.machine)
		if fits := err == nil; fits != c.fits {
			t.Errorf("%+v: %v", c.machine, err)
		}
	}

	// Averages over clusters take some, and pairs are at once in memory.
	averaged := []string{`observables.record=["energy", "improved_susceptibility"]`, `proposal.metropolis.kernel="wolff"`}
	chain += 8 * float64(parse(t, minimal).Points[0].Model.Sites())
	paired := append(slices.Clone(averaged), "observables.derived.twice=2*overlap")
	for _, c := range []struct {
		sets   []string
		memory float64
	}{{averaged, tables + 2*chain}, {paired, tables + 4*chain}} {
		for _, less := range []float64{0, 1} {
			_, err := Parse("card.toml", []byte(minimal), c.sets, Machine{Memory: c.memory - less, Workers: 2})
			if fits := err == nil; fits != (less == 0) {
				t.Errorf("%q on %v bytes: %v", c.sets, c.memory-less, err)
			}
		}
	}
}

func TestLoad(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	if c, err := Load(write("good.toml", minimal), nil, laptop); err != nil || c.Tasks() != 1 {
		t.Errorf("got %v, %v", c, err)
	}
	for path, want := range map[string]string{
		filepath.Join(dir, "none.toml"): "no such file; expected the path of a run card; mcrun init writes one to start from",
		dir:                             "is a directory; expected a run card",
		write("large.toml", strings.Repeat("#\n", maxText)): "is larger than a megabyte; expected a run card",
		filepath.Join(dir, "good.toml", "more"):             "cannot be opened: not a directory; expected a run card",
	} {
		_, err := Load(path, nil, laptop)
		if err == nil || err.Error() != path+": "+want {
			t.Errorf("got  %v\nwant %s: %s", err, path, want)
		}
	}
}

func TestJSON(t *testing.T) {
	_, err := Parse("card.toml", []byte(strings.Replace(minimal, "metropolis", "metropolys", 1)), []string{"run.chains=0"}, laptop)
	var errs Errors
	if !errors.As(err, &errs) || len(errs) != 2 {
		t.Fatal(err)
	}
	text, err := json.Marshal(errs)
	if err != nil {
		t.Fatal(err)
	}
	var got []map[string]any
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatal(err)
	}
	want := []map[string]any{
		{"file": "card.toml", "line": 11.0, "key": "proposal.metropolys.kernel", "problem": `unknown kernel "metropolys"`, "expected": errs[0].Expected, "suggestion": `"metropolis"`},
		{"file": "--set run.chains=0", "line": 0.0, "key": "run.chains", "problem": "is 0", "expected": "a whole number at least 1", "suggestion": ""},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
}
