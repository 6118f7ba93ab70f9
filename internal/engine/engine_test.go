package engine

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mcrun/internal/card"
	"mcrun/internal/store"
	"mcrun/mc"
	"mcrun/models"
	"mcrun/proposals"
)

// faulty panics after some steps.
type faulty struct {
	After int `card:"after" default:"50" doc:"steps before the panic"`
}

func (*faulty) Check(models.Model) error   { return nil }
func (*faulty) Ergodic(models.Model) error { return nil }
func (k *faulty) Bind(models.Model, proposals.Chain) mc.Kernel {
	return &faultyKernel{k.After}
}

type faultyKernel struct{ left int }

func (k *faultyKernel) Step() {
	if k.left--; k.left < 0 {
		panic("the kernel's fault")
	}
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
	dir, err := store.Create(filepath.Join(t.TempDir(), "x.run"), store.Manifest{Level: Level, Tasks: Manifest(c)}, c.Resolved(), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { dir.Close() })
	return New(c, dir, 2, func(n store.Notice) { t.Error(n) })
}

// A panic in one chain fails the run with the chain's name, and the others
// store checkpoints.
func TestPanic(t *testing.T) {
	c := parse(t, model+`
[run]
chains = 1
sweeps = 100000000
thermalize = 0
[[proposal]]
kernel = "wolff"
[[proposal]]
kernel = "faulty"
`)
	r := start(t, c)
	err := r.Do(context.Background())
	if err == nil || !strings.Contains(err.Error(), "0001-faulty, chain 0: panic: the kernel's fault") {
		t.Fatalf("error %v", err)
	}
	point, prop := task(c, 0)
	sink, snapshot, _, err := r.dir.Group(0, 0, identity(point, prop), card.StoredColumns(point.Columns(prop)), nil)
	if err != nil || snapshot == nil {
		t.Fatalf("the other chain has no checkpoint: %v", err)
	}
	sink.Close()
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
	for p.Fraction == 0 && time.Now().Before(deadline) {
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
