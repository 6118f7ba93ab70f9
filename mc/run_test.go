package mc_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"mcrun/mc"
)

// Walkers are two chains of numbers that are moved at random by a kernel that
// adapts the width of its steps, and read with a random part of their own.
type walkers struct {
	*mc.Group
	position []float64 // saved as the group's state

	// The kernel, which saves the width.
	width  float64
	frozen bool
	log    *[]string // what was called, if not nil
	hook   func()    // called in every step, if not nil
	random [2]*mc.Stream

	// The probe.
	aux *mc.Stream
}

func newWalkers() *walkers {
	g := mc.NewGroup(0, 2, 42, "walkers")
	w := &walkers{Group: g, position: make([]float64, 2), width: 1, aux: g.Stream(0, "probe")}
	for c := range w.random {
		w.random[c] = g.Stream(c, "kernel")
		w.position[c] = g.Stream(c, "start").Float64()
	}
	g.Own(positions(w.position))
	g.Kernel, g.Probe, g.Row, g.Export = walkerKernel{w}, walkerProbe{w}, 2, w.export
	return w
}

// export appends the bytes of a position.
func (w *walkers) export(chain int, dst []byte) []byte {
	return binary.LittleEndian.AppendUint64(dst, math.Float64bits(w.position[chain]))
}

type positions []float64

func (p positions) Save(s *mc.Snapshot, prefix string) { mc.Put(s, prefix+".position", p) }
func (p positions) Load(s *mc.Snapshot, prefix string) error {
	return mc.Get(s, prefix+".position", p)
}

type walkerKernel struct{ *walkers }

func (k walkerKernel) note(what string) {
	if k.log != nil {
		*k.log = append(*k.log, what)
	}
}

func (k walkerKernel) Step() {
	k.note("step")
	if k.hook != nil {
		k.hook()
	}
	for c, r := range k.random {
		accepted := 0
		if r.Below(mc.Threshold(0.7)) {
			k.position[c] += k.width * (r.Float64() - 0.5)
			accepted = 1
		}
		k.Tally.Add(1, accepted)
	}
}

func (k walkerKernel) Tune() {
	k.note("tune")
	if k.frozen {
		panic("tuned after it was frozen")
	}
	k.walkers.width *= 1 + 0.1*(k.position[0]-k.position[1])
}

func (k walkerKernel) Freeze() {
	k.note("freeze")
	k.walkers.frozen = true
}

func (k walkerKernel) Save(s *mc.Snapshot, prefix string) {
	mc.Put(s, prefix+".width", []float64{k.width})
}

func (k walkerKernel) Load(s *mc.Snapshot, prefix string) error {
	width := make([]float64, 1)
	err := mc.Get(s, prefix+".width", width)
	k.walkers.width = width[0]
	return err
}

type walkerProbe struct{ *walkers }

func (p walkerProbe) Read(rows []float64) {
	for c, x := range p.position {
		rows[2*c], rows[2*c+1] = x, x+p.aux.Float64()
	}
}

// A memory is a sink that keeps rows and configurations, and the last snapshot
// with how many values and configurations came before it.
type memory struct {
	values      []float64
	configs     []configuration
	appends     int
	last        *mc.Snapshot
	kept        int // values
	saved       int // configurations
	checkpoints int

	appendError, keepError, checkpointError func() error
}

// A configuration is what a chain exports.
type configuration struct {
	chain int
	bytes string
}

func (m *memory) Keep(chain int, c []byte) error {
	m.configs = append(m.configs, configuration{chain, string(c)})
	if m.keepError != nil {
		return m.keepError()
	}
	return nil
}

func (m *memory) Append(rows []float64) error {
	m.appends++
	m.values = append(m.values, rows...)
	if m.appendError != nil {
		return m.appendError()
	}
	return nil
}

func (m *memory) Checkpoint(s *mc.Snapshot) error {
	m.checkpoints++
	m.last, m.kept, m.saved = s, len(m.values), len(m.configs)
	if m.checkpointError != nil {
		return m.checkpointError()
	}
	return nil
}

// finish runs a group to its end and returns the sink.
func finish(t testing.TB, w *walkers, p mc.Plan) *memory {
	t.Helper()
	m := new(memory)
	if err := w.Run(context.Background(), p, m); err != nil {
		t.Fatal(err)
	}
	return m
}

const perRecord = 4 // values: two chains of two

// Interrupted at any sweeps and continued in another group, or killed and
// continued from the last checkpoint, a run gives the same rows and
// configurations.
func TestRunResumes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		plan := mc.Plan{
			Thermalize: rapid.IntRange(0, 60).Draw(t, "thermalize"),
			Sweeps:     rapid.IntRange(1, 400).Draw(t, "sweeps"),
			Every:      rapid.IntRange(1, 9).Draw(t, "every"),
			Save:       rapid.IntRange(0, 9).Draw(t, "save"),
			Checkpoint: time.Hour,
		}
		whole := new(memory)
		reference := newWalkers()
		if err := reference.Run(context.Background(), plan, whole); err != nil {
			t.Fatal(err)
		}
		if got, want := len(whole.values), plan.Sweeps/plan.Every*perRecord; got != want {
			t.Fatalf("%d values, want %d", got, want)
		}
		want := 0
		if plan.Save > 0 {
			want = plan.Sweeps / plan.Save * reference.Chains()
		}
		if got := len(whole.configs); got != want {
			t.Fatalf("%d configurations, want %d", got, want)
		}

		plan.Checkpoint = 0 // before every block of sweeps
		parts := new(memory)
		var w *walkers
		for done := false; !done; {
			w = newWalkers()
			if parts.last != nil {
				if err := w.Load(parts.last); err != nil {
					t.Fatal(err)
				}
			}
			ctx, cancel := context.WithCancel(context.Background())
			steps := rapid.IntRange(1, 80).Draw(t, "steps")
			w.hook = func() {
				if steps--; steps == 0 {
					cancel()
				}
			}
			parts.appendError, parts.keepError = nil, nil
			if rapid.Bool().Draw(t, "killed") {
				calls := rapid.IntRange(4, 40).Draw(t, "calls") // more than a block of one sweep makes
				kill := func() error {
					if calls--; calls == 0 {
						return errKilled
					}
					return nil
				}
				parts.appendError, parts.keepError = kill, kill
			}
			err := w.Run(ctx, plan, parts)
			cancel()
			switch {
			case err == nil:
				done = true
			case errors.Is(err, errKilled):
				// What came after the checkpoint is lost.
				parts.values, parts.configs = parts.values[:parts.kept], parts.configs[:parts.saved]
			case errors.Is(err, context.Canceled):
				if parts.kept != len(parts.values) || parts.saved != len(parts.configs) {
					t.Fatalf("interrupted with %d values and %d configurations, of which the checkpoint counts %d and %d",
						len(parts.values), len(parts.configs), parts.kept, parts.saved)
				}
			default:
				t.Fatal(err)
			}
		}
		if !slices.Equal(parts.values, whole.values) {
			t.Fatal("the rows differ from those of a run that was not interrupted")
		}
		if !slices.Equal(parts.configs, whole.configs) {
			t.Fatal("the configurations differ from those of a run that was not interrupted")
		}
		if w.Tally != reference.Tally || w.width != reference.width || w.Sweeps() != plan.Sweeps || w.Thermalized() != plan.Thermalize {
			t.Fatalf("ended with %+v, width %v, sweeps %d+%d; want %+v, %v", w.Tally, w.width, w.Thermalized(), w.Sweeps(), reference.Tally, reference.width)
		}
	})
}

var errKilled = errors.New("killed")

// More sweeps may be asked for later: N and N more are 2N.
func TestRunGoesOn(t *testing.T) {
	plan := mc.Plan{Thermalize: 7, Sweeps: 100, Every: 3, Checkpoint: time.Hour}
	w := newWalkers()
	half := finish(t, w, plan)
	again := newWalkers()
	if err := again.Load(half.last); err != nil {
		t.Fatal(err)
	}
	plan.Sweeps = 200
	rest := finish(t, again, plan)
	whole := finish(t, newWalkers(), plan)
	if got := slices.Concat(half.values, rest.values); !slices.Equal(got, whole.values) {
		t.Error("100 sweeps and 100 more are not 200 sweeps")
	}
	if got, want := len(whole.values), 66*perRecord; got != want {
		t.Errorf("%d values, want %d", got, want)
	}
	// A group at the end of its plan is left as it is.
	if m := finish(t, again, plan); m.appends != 0 || m.checkpoints != 0 {
		t.Errorf("at the end: %d appends and %d checkpoints", m.appends, m.checkpoints)
	}
}

// Records are made after every so many sweeps, wherever blocks end.
func TestRunRecords(t *testing.T) {
	every1 := finish(t, newCounters(), mc.Plan{Sweeps: 1000, Every: 1, Checkpoint: time.Hour})
	for _, every := range []int{1, 2, 7, 999, 1000, 1001} {
		m := finish(t, newCounters(), mc.Plan{Sweeps: 1000, Every: every, Checkpoint: time.Hour})
		if got, want := len(m.values), 1000/every; got != want {
			t.Fatalf("every %d: %d records, want %d", every, got, want)
		}
		for i, v := range m.values {
			if want := every1.values[(i+1)*every-1]; v != want {
				t.Fatalf("every %d: record %d is of sweep %v, want %v", every, i, v, want)
			}
		}
	}
}

// Configurations are kept after every so many sweeps, wherever blocks end and
// whichever sweeps are recorded: those that the probe has read, of all chains
// in order, and keeping them changes no row.
func TestRunKeeps(t *testing.T) {
	plan := mc.Plan{Thermalize: 5, Sweeps: 1000, Every: 1, Checkpoint: time.Hour}
	rows := finish(t, newWalkers(), plan)
	if len(rows.configs) != 0 {
		t.Errorf("%d configurations of a plan that saves none", len(rows.configs))
	}
	for _, save := range []int{1, 2, 7, 999, 1000, 1001} {
		for _, every := range []int{1, 3} {
			plan.Every, plan.Save = every, save
			m := finish(t, newWalkers(), plan)
			if got, want := len(m.configs), 1000/save*2; got != want {
				t.Fatalf("save %d: %d configurations, want %d", save, got, want)
			}
			for i, c := range m.configs {
				sweep := (i/2 + 1) * save
				position := rows.values[(sweep-1)*perRecord+2*c.chain]
				want := binary.LittleEndian.AppendUint64(nil, math.Float64bits(position))
				if c.chain != i%2 || c.bytes != string(want) {
					t.Fatalf("save %d, every %d: configuration %d is %q of chain %d, want %q", save, every, i, c.bytes, c.chain, want)
				}
			}
			if got, want := len(m.values), 1000/every*perRecord; got != want {
				t.Fatalf("save %d, every %d: %d values, want %d", save, every, got, want)
			}
			if every == 1 && !slices.Equal(m.values, rows.values) {
				t.Fatalf("save %d: other rows than without", save)
			}
		}
	}

	// In the sweep of a record the probe comes first.
	var log []string
	w := newWalkers()
	w.Probe = read(func([]float64) { log = append(log, "read") })
	w.Export = func(chain int, dst []byte) []byte {
		log = append(log, fmt.Sprint("export ", chain))
		return dst
	}
	finish(t, w, mc.Plan{Sweeps: 2, Every: 1, Save: 2, Checkpoint: time.Hour})
	if want := []string{"read", "read", "export 0", "export 1"}; !slices.Equal(log, want) {
		t.Errorf("called %q, want %q", log, want)
	}

	defer func() {
		if p := recover(); p != "mc: a plan saves configurations of a group without Export" {
			t.Errorf("panic %v without Export", p)
		}
	}()
	w.Export = nil
	w.Run(context.Background(), plan, new(memory))
}

// newCounters returns a group of one chain whose only value is the number of
// sweeps.
func newCounters() *walkers {
	g := mc.NewGroup(0, 1, 1)
	var sweeps float64
	g.Kernel = plain(func() { sweeps++ })
	g.Probe, g.Row = read(func(rows []float64) { rows[0] = sweeps }), 1
	return &walkers{Group: g}
}

type read func(rows []float64)

func (r read) Read(rows []float64) { r(rows) }

// A group without values runs, and appends nothing.
func TestRunWithoutColumns(t *testing.T) {
	w := newCounters()
	w.Probe, w.Row = read(func(rows []float64) {
		if len(rows) != 0 {
			t.Errorf("a row of %d values", len(rows))
		}
	}), 0
	if m := finish(t, w, mc.Plan{Sweeps: 10, Every: 1, Checkpoint: time.Hour}); len(m.values) != 0 || w.Sweeps() != 10 {
		t.Errorf("%d values after %d sweeps", len(m.values), w.Sweeps())
	}
}

// Tune follows each sweep of thermalization, and Freeze the last; after a
// restart Freeze comes first.
func TestRunTunes(t *testing.T) {
	freeze, both := []string{"freeze"}, []string{"step", "tune"}
	for _, c := range []struct {
		thermalize int
		want       []string
	}{
		{0, slices.Concat(freeze, []string{"step", "step"})},
		{1, slices.Concat(both, freeze, []string{"step", "step"})},
		{3, slices.Concat(both, both, both, freeze, []string{"step", "step"})},
	} {
		var log []string
		w := newWalkers()
		w.log = &log
		m := finish(t, w, mc.Plan{Thermalize: c.thermalize, Sweeps: 2, Every: 1, Checkpoint: time.Hour})
		if !slices.Equal(log, c.want) {
			t.Errorf("thermalize %d: %q, want %q", c.thermalize, log, c.want)
		}

		log = nil
		w = newWalkers()
		w.log = &log
		if err := w.Load(m.last); err != nil {
			t.Fatal(err)
		}
		finish(t, w, mc.Plan{Thermalize: c.thermalize, Sweeps: 4, Every: 1, Checkpoint: time.Hour})
		if want := []string{"freeze", "step", "step"}; !slices.Equal(log, want) {
			t.Errorf("thermalize %d, continued: %q, want %q", c.thermalize, log, want)
		}
	}
}

// The tally is that of the measured sweeps, also where thermalization was
// interrupted at its very end.
func TestRunTally(t *testing.T) {
	w := newWalkers()
	ctx, cancel := context.WithCancel(context.Background())
	steps := 0
	w.hook = func() {
		if steps++; steps == 10 {
			cancel()
		}
	}
	plan := mc.Plan{Thermalize: 10, Sweeps: 15, Every: 1, Checkpoint: time.Hour}
	m := new(memory)
	if err := w.Run(ctx, plan, m); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	again := newWalkers()
	if err := again.Load(m.last); err != nil {
		t.Fatal(err)
	}
	if again.Thermalized() != 10 || again.Sweeps() != 0 {
		t.Fatalf("interrupted after %d and %d sweeps", again.Thermalized(), again.Sweeps())
	}
	finish(t, again, plan)
	if got, want := again.Tally.Proposed, uint64(2*15); got != want {
		t.Errorf("%d proposals, want %d", got, want)
	}
}

// What befell trajectories is saved beside the proposals, and 0 in checkpoints
// that do not have it.
func TestTrajectories(t *testing.T) {
	w := newWalkers()
	w.hook = func() { w.Tally.Trajectory(true, w.At().Number%5 == 0) }
	m := finish(t, w, mc.Plan{Thermalize: 10, Sweeps: 15, Every: 1, Checkpoint: time.Hour})
	c, err := m.last.Counters()
	if want := w.Tally; err != nil || c.Tally != want || want.Trajectories != 15 || want.Diverged != 15 || want.Cut != 3 {
		t.Errorf("%+v, %+v: %v", c.Tally, want, err)
	}
	old := new(mc.Snapshot)
	for _, name := range m.last.Names() {
		if name != "group.trajectories" {
			put(old, name, m.last.Array(name), false)
		}
	}
	again := newWalkers()
	if err := again.Load(old); err != nil {
		t.Fatal(err)
	}
	if got, want := again.Tally, (mc.Tally{Proposed: w.Tally.Proposed, Accepted: w.Tally.Accepted}); got != want {
		t.Errorf("from an old checkpoint %+v, want %+v", got, want)
	}
}

// A chain that is found unfit is stopped, and its last checkpoint is one that
// was fit: from it a mended chain goes on to the same numbers.
func TestFault(t *testing.T) {
	plan := mc.Plan{Thermalize: 10, Sweeps: 15, Every: 1, Checkpoint: 0} // a checkpoint after every block
	sound := newWalkers()
	want := finish(t, sound, plan)
	for _, c := range []struct {
		step int // in which the fault arises; 0: it is there from the start
		text string
	}{
		{0, "start"}, {1, "sweep 1 of thermalization"}, {10, "of thermalization"}, {12, "measured sweep"}, {25, "measured sweep 15"},
	} {
		w := newWalkers()
		steps := 0
		wrong := errors.New("x is NaN")
		w.hook = func() { steps++ }
		w.Check = func() error {
			if steps >= c.step {
				return wrong
			}
			return nil
		}
		m := new(memory)
		err := w.Run(context.Background(), plan, m)
		fault, ok := errors.AsType[*mc.Fault](err)
		if !ok || !errors.Is(err, wrong) || fault.Sweep != w.At() || !strings.Contains(err.Error(), c.text) || !strings.HasSuffix(err.Error(), ": x is NaN") {
			t.Errorf("step %d: error %v", c.step, err)
		}
		if m.last == nil {
			if c.step > 1 {
				t.Errorf("step %d: no checkpoint", c.step)
			}
			continue
		}
		mended := newWalkers()
		if err := mended.Load(m.last); err != nil {
			t.Fatal(err)
		}
		if done := mended.Thermalized() + mended.Sweeps(); done >= c.step {
			t.Errorf("step %d: the checkpoint is of step %d", c.step, done)
		}
		m.values = m.values[:m.kept]
		if err := mended.Run(context.Background(), plan, m); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(m.values, want.values) {
			t.Errorf("step %d: other numbers after the fault", c.step)
		}
	}
}

// Without a number of sweeps a group runs until the measured sweeps have taken
// the time, restarts included; the sweeps reached give the same rows again.
func TestRunSeconds(t *testing.T) {
	plan := mc.Plan{Thermalize: 20, Every: 3, Seconds: 0.02, Checkpoint: time.Hour}
	w := newWalkers()
	ctx, cancel := context.WithCancel(context.Background())
	steps := 0
	w.hook = func() {
		if steps++; steps == 50 {
			cancel()
		}
	}
	m := new(memory)
	if err := w.Run(ctx, plan, m); err != nil && !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	again := newWalkers()
	if err := again.Load(m.last); err != nil {
		t.Fatal(err)
	}
	if err := again.Run(context.Background(), plan, m); err != nil {
		t.Fatal(err)
	}
	if again.Elapsed().Seconds() < plan.Seconds {
		t.Errorf("stopped after %v, want %v s", again.Elapsed(), plan.Seconds)
	}
	c, err := again.Save().Counters()
	if err != nil || c.Kernel < 0 || c.Kernel > c.Elapsed {
		t.Errorf("%v of %v in the kernel, %v", c.Kernel, c.Elapsed, err)
	}
	plan.Sweeps = again.Sweeps()
	if whole := finish(t, newWalkers(), plan); !slices.Equal(whole.values, m.values) {
		t.Errorf("the %d sweeps reached give other rows when they are run again", plan.Sweeps)
	}
}

func TestRunCheckpoints(t *testing.T) {
	plan := mc.Plan{Thermalize: 100, Sweeps: 100, Every: 1, Checkpoint: time.Hour}
	if m := finish(t, newWalkers(), plan); m.checkpoints != 1 {
		t.Errorf("%d checkpoints in a run shorter than their interval, want 1 at its end", m.checkpoints)
	}
	plan.Checkpoint = 0
	m := finish(t, newWalkers(), plan)
	if m.checkpoints <= m.appends { // thermalization has some as well
		t.Errorf("%d checkpoints for %d blocks, want one before each", m.checkpoints, m.appends)
	}
	if m.kept != len(m.values) {
		t.Errorf("the last checkpoint counts %d of %d values", m.kept, len(m.values))
	}
}

func TestRunReturnsErrors(t *testing.T) {
	bad := errors.New("disk full")
	fail := func() error { return bad }
	cancelled, cancel := context.WithCancel(context.Background())
	cancel()
	for _, c := range []struct {
		name     string
		ctx      context.Context
		interval time.Duration
		sink     memory
	}{
		{"append", context.Background(), time.Hour, memory{appendError: fail}},
		{"keep", context.Background(), time.Hour, memory{keepError: fail}},
		{"checkpoint at an interval", context.Background(), 0, memory{checkpointError: fail}},
		{"checkpoint at the end", context.Background(), time.Hour, memory{checkpointError: fail}},
		{"checkpoint when interrupted", cancelled, time.Hour, memory{checkpointError: fail}},
	} {
		plan := mc.Plan{Sweeps: 10, Every: 1, Save: 3, Checkpoint: c.interval}
		if err := newWalkers().Run(c.ctx, plan, &c.sink); !errors.Is(err, bad) {
			t.Errorf("%s: %v, want %v", c.name, err, bad)
		}
	}
}

func ExampleGroup_Run() {
	g := mc.NewGroup(0, 1, 2018, "a walk")
	x := make(positions, 1)
	random := g.Stream(0, "kernel")
	g.Own(x)
	g.Kernel = plain(func() { x[0] += float64(2*random.IntN(2) - 1) })
	g.Probe, g.Row = read(func(rows []float64) { rows[0] = x[0] }), 1

	var m memory
	err := g.Run(context.Background(), mc.Plan{Sweeps: 10, Every: 2, Checkpoint: time.Minute}, &m)
	fmt.Println(len(m.values), g.Sweeps(), err)
	// Output: 5 10 <nil>
}
