package engine

import (
	"context"
	"errors"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"mcrun/internal/card"
	"mcrun/internal/store"
	"mcrun/mc"
	"mcrun/models"
	"mcrun/observables"
	"mcrun/proposals"
)

// faulty goes wrong after some steps, of which it makes none else, until it is
// mended.
type faulty struct {
	After int    `card:"after" default:"50" doc:"steps before the fault"`
	Fault string `card:"fault" default:"panic" doc:"panic, or what is written to a coordinate: nan or inf"`
}

var mended atomic.Bool

func (*faulty) Check(models.Model) error   { return nil }
func (*faulty) Ergodic(models.Model) error { return nil }
func (k *faulty) Bind(m models.Model, c proposals.Chain) mc.Kernel {
	field, _ := c.State.(models.Field)
	return &faultyKernel{[]uint64{uint64(k.After)}, k.Fault, field, c.Random}
}

type faultyKernel struct {
	left   []uint64
	fault  string
	field  models.Field
	random *mc.Stream
}

func (k *faultyKernel) Step() {
	if k.field != nil {
		k.field[1] = k.random.Float64()
	}
	if k.left[0] > 0 {
		k.left[0]--
		return
	}
	if mended.Load() {
		return
	}
	switch k.fault {
	case "nan":
		k.field[1] = math.NaN()
	case "inf":
		k.field[1] = math.Inf(-1)
	case "huge":
		k.field[1] = 1e200
	default:
		panic("the kernel's fault")
	}
}

func (k *faultyKernel) Save(s *mc.Snapshot, prefix string) { mc.Put(s, prefix+".left", k.left) }
func (k *faultyKernel) Load(s *mc.Snapshot, prefix string) error {
	return mc.Get(s, prefix+".left", k.left)
}

func init() {
	proposals.Register(proposals.Entry{Name: "faulty", Doc: "panics", New: func() proposals.Spec { return new(faulty) }})
}

func parse(t *testing.T, text string) *card.Card {
	t.Helper()
	c, err := card.Parse("card.toml", []byte(text), nil, card.Machine{})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

const model = `
[model]
name = "ising"
shape = [4, 4]
temperature = 2.3
`

func start(t *testing.T, c *card.Card) *Run {
	t.Helper()
	dir, err := store.Create(filepath.Join(t.TempDir(), "x.run"), store.Manifest{Level: Level(c), Tasks: Manifest(c)}, c.Resolved(), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { dir.Close() })
	return New(c, dir, 2, func(n store.Notice) { t.Error(n) })
}

// What goes wrong in one chain is told with its place and the remedy. The
// others reach their end, and once the cause is mended the chain goes on from
// before, to the numbers of a run that nothing went wrong in.
func TestFault(t *testing.T) {
	const text = `
[model]
name = "phi4"
shape = [4, 4]
mass2 = -4.0
lambda = 6.0
[run]
chains = 2
sweeps = 300
thermalize = 20
checkpoint = "1ns"
[[proposal]]
kernel = "metropolis"
[[proposal]]
kernel = "faulty"
after = 50
fault = "FAULT"
`
	for _, c := range []struct{ fault, why string }{
		{"panic", "panic: the kernel's fault"},
		{"nan", "coordinate 1 of 16 is NaN: the kernel, or the model's action or gradient, is at fault"},
		{"inf", "coordinate 1 of 16 is -Inf: "},
		{"huge", "the action of the configuration is +Inf: the model's parameters are too large for it"},
	} {
		crd := parse(t, strings.Replace(text, "FAULT", c.fault, 1))
		mended.Store(false)
		r := start(t, crd)
		var notices []string
		r.notice = func(n store.Notice) { notices = append(notices, n.String()) }
		err := r.Do(context.Background())
		if err == nil {
			t.Fatalf("%s: no error", c.fault)
		}
		for _, want := range []string{
			"task 0001-faulty, chain 0, measured sweep ", "task 0001-faulty, chain 1, measured sweep ", c.why,
			"\nStopped too:\n", "the same command goes on from the last checkpoint",
		} {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%s: error %q lacks %q", c.fault, err, want)
			}
		}
		if c.fault == "panic" && !strings.Contains(err.Error(), ", measured sweep 31: panic") {
			t.Errorf("error %q", err)
		}
		if len(notices) != 1 || !strings.Contains(notices[0], c.why) {
			t.Errorf("%s: notices %q", c.fault, notices)
		}
		tasks := view(t, r).Manifest().Tasks
		if tasks[0].State != store.Done || tasks[1].State == store.Done {
			t.Errorf("%s: %+v", c.fault, tasks)
		}
		if s, _, err := Summarize(crd, view(t, r)); err != nil || len(s.Results) != 2 || s.Results[0].Sweeps != 300 {
			t.Errorf("%s: summary %+v, %v", c.fault, s, err)
		}
		if p := r.Progress(); p.Left != 0 || p.Done != 2 {
			t.Errorf("%s: progress %+v", c.fault, p)
		}

		mended.Store(true)
		again := New(crd, r.dir, 2, func(n store.Notice) { t.Error(n) })
		if err := again.Do(context.Background()); err != nil {
			t.Fatal(err)
		}
		sound := finished(t, crd)
		for chain := range 2 {
			point, prop := task(crd, 1)
			got, _, err := view(t, r).Series(1, chain, identity(crd, point, prop, nil))
			if err != nil {
				t.Fatal(err)
			}
			want, _, err := view(t, sound).Series(1, chain, identity(crd, point, prop, nil))
			if err != nil {
				t.Fatal(err)
			}
			if got.Rows() != 300 || !slices.EqualFunc(got.Columns, want.Columns, slices.Equal[[]float64]) {
				t.Errorf("%s: chain %d goes on to other numbers", c.fault, chain)
			}
		}
	}
}

// A recorded energy that is not finite is a fault, also if it is finite again when
// the chains are looked at; of other observables the report tells.
func TestWatch(t *testing.T) {
	nan := math.NaN()
	columns := []observables.Field{{Name: "phi2", Width: 1}, {Name: "correlation", Width: 2}, {Name: "action", Width: 1}}
	for _, c := range []struct {
		rows  []float64 // of two chains
		found bool
	}{
		{[]float64{1, 2, 3, 4, 1, 2, 3, 4}, false},
		{[]float64{nan, nan, nan, 4, nan, nan, nan, 4}, false},
		{[]float64{1, 2, 3, nan, 1, 2, 3, 4}, true},
		{[]float64{1, 2, 3, 4, 1, 2, 3, math.Inf(-1)}, true},
	} {
		w := &row{columns: columns}
		w.watch(c.rows)
		w.watch(make([]float64, 8))
		if (w.found != nil) != c.found || c.found && !strings.Contains(w.found.Error(), "the action of the configuration is ") {
			t.Errorf("%v: %v", c.rows, w.found)
		}
		if w.check() != w.found {
			t.Errorf("%v: the check finds nothing", c.rows)
		}
	}
}

// A fault at the start is found before anything is run, and an interruption is
// told beside faults.
func TestFaultAtStart(t *testing.T) {
	mended.Store(false)
	r := start(t, parse(t, model+`
[run]
chains = 1
sweeps = 100000000
thermalize = 5
[[proposal]]
kernel = "faulty"
after = 0
[[proposal]]
kernel = "wolff"
`))
	ctx, cancel := context.WithCancelCause(context.Background())
	why := errors.New("why")
	r.notice = func(store.Notice) { cancel(why) }
	err := r.Do(ctx)
	if !errors.Is(err, why) || !strings.Contains(err.Error(), "chain 0, sweep 1 of thermalization: panic") {
		t.Errorf("error %v", err)
	}
}

func TestCancelAndProgress(t *testing.T) {
	c := parse(t, model+`
[run]
chains = 4
sweeps = 100000000
thermalize = 10
[observables]
record = ["energy", "overlap"]
[[proposal]]
kernel = "metropolis"
`)
	r := start(t, c)
	ctx, cancel := context.WithCancelCause(context.Background())
	why := errors.New("why")
	ended := make(chan error)
	go func() { ended <- r.Do(ctx) }()
	deadline := time.Now().Add(time.Minute)
	var p Progress
	for (p.Fraction == 0 || p.Current != "metropolis, chain 2") && time.Now().Before(deadline) { // both groups have begun
		time.Sleep(5 * time.Millisecond)
		p = r.Progress()
	}
	cancel(why)
	if err := <-ended; err != why {
		t.Errorf("error %v, want the cause of the context's end", err)
	}
	if p.Chains != 4 || p.Done != 0 || p.Fraction <= 0 || p.Fraction > 0.5 || p.Left <= 0 || p.Current != "metropolis, chain 2" {
		t.Errorf("progress %+v", p)
	}
}

func TestEstimateCost(t *testing.T) {
	c := parse(t, model+`
[run]
chains = 2
sweeps = 1000
every = 10
[observables]
record = ["energy"]
[[proposal]]
kernel = "metropolis"
`)
	cost, err := EstimateCost(context.Background(), c, 2)
	if err != nil {
		t.Fatal(err)
	}
	// Two chains of 16 bytes a site, tables of 4 x 4 bytes a site; 100 rows of
	// 8 bytes and two checkpoints of a byte a site in each chain.
	if want := 2.0*16*16 + 256; cost.Memory != want {
		t.Errorf("memory %g, want %g", cost.Memory, want)
	}
	if want := 2.0 * (800 + 2*16); cost.Disk != want {
		t.Errorf("disk %g, want %g", cost.Disk, want)
	}
	if cost.Time <= 0 {
		t.Errorf("time %v", cost.Time)
	}
}

func TestDuration(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0:                           "1 s",
		59400 * time.Millisecond:    "59 s",
		200 * time.Second:           "3 min 20 s",
		2*time.Hour + 5*time.Minute: "2 h 5 min",
		75 * time.Hour:              "3 days 3 h",
	} {
		if got := Duration(d); got != want {
			t.Errorf("%v is written %q, want %q", d, got, want)
		}
	}
}
