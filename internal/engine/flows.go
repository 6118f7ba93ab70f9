package engine

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"time"

	"mcrun/internal/card"
	"mcrun/internal/store"
	"mcrun/mc"
	"mcrun/models"
	"mcrun/proposals/flow"
	"mcrun/proposals/flow/kern"
	"mcrun/proposals/flow/train"
)

// Level returns the set of instructions that determines the last bits of a card's
// numbers: where nothing but flows works in vectors, that of flows.
func Level(c *card.Card) string {
	if len(c.Trainings()) > 0 {
		return kern.Instructions()
	}
	return "go"
}

// A learner makes a flow of the card ready: it trains it, or takes it from a file.
type learner struct {
	card.Training
	point *card.Point
	spec  *card.Flow

	flow *flow.Flow[float32] // nil: not ready, and at the end that its training failed

	mu      sync.Mutex
	group   *mc.Group // while it is trained
	row     []float64 // the last of its history
	had     int       // steps that it had when this process took it up
	began   time.Time
	bound   *float64 // of the loss, where that is known
	started bool
	drawn   float64 // share of the configurations that are drawn to evaluate it
	done    bool    // or failed
}

// learners returns those of a card.
func learners(c *card.Card) []*learner {
	var list []*learner
	for _, t := range c.Trainings() {
		p := &c.Points[t.Point]
		list = append(list, &learner{Training: t, point: p, spec: p.Flow(t.Name)})
	}
	return list
}

// base returns the name of the flow's files, without an ending.
func (l *learner) base() string { return strings.TrimSuffix(path.Base(l.File), ".safetensors") }

// evaluationFile returns the path of what is known of trained weights, beside them.
func evaluationFile(weights string) string {
	return strings.TrimSuffix(weights, ".safetensors") + ".json"
}

// Train makes all flows of the card ready, one after the other, each on all
// workers. A training that fails is told at the end, when the others are done.
// When ctx is cancelled Train returns the context's error once the training has
// stored a checkpoint.
func (r *Run) Train(ctx context.Context) error {
	err := r.learn(ctx)
	if len(r.faults) > 0 {
		err = errors.Join(err, r.faults)
	}
	return errors.Join(err, r.dir.Flush())
}

// learn is Train, with trainings that fail among the faults of the run.
func (r *Run) learn(ctx context.Context) error {
	if level, now := r.dir.Manifest().Level, Level(r.card); level != now {
		return &store.Refusal{Path: r.dir.Path("run.json"), Reason: fmt.Sprintf("the run was begun with the instruction level %q, this program has %q; "+
			"go on with the program and processor that began it (or MCRUN_SIMD=%s), or start over with --force, which keeps the old directory", level, now, level)}
	}
	for _, l := range r.learners {
		l.mu.Lock()
		l.started = true
		l.mu.Unlock()
		err := r.prepare(ctx, l)
		l.mu.Lock()
		l.done, l.group = true, nil
		l.mu.Unlock()
		if f, failed := errors.AsType[*fault](err); failed {
			r.faults = append(r.faults, f)
			r.noticed.Lock()
			r.notice(store.Notice{File: f.place, Text: f.why + "; proposals that move by it wait, the others run"})
			r.noticed.Unlock()
			continue
		}
		if errors.Is(err, context.Canceled) {
			return context.Cause(ctx)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// prepare makes a flow ready. The error is a *fault if it cannot be trained.
func (r *Run) prepare(ctx context.Context, l *learner) (err error) {
	place := "flow " + l.base()
	defer func() {
		if p := recover(); p != nil {
			err = &fault{-1, place, fmt.Sprintf("panic: %v", p), debug.Stack()}
		}
	}()
	target, m, err := l.target()
	if err != nil {
		return fmt.Errorf("%s: %w", place, err)
	}
	file, err := r.weights(l)
	var took *effort
	if err != nil {
		return err
	}
	judged, err := readEvaluation(r.dir.Path(), l.File)
	unjudged := err != nil || file != nil && judged.SHA256 != flow.Hash(file)
	if file == nil || unjudged && l.Kept() == nil && r.wasTrained(l) { // which knows how long it took
		file, took, err = r.train(ctx, l, target, m)
		if f, failed := errors.AsType[*mc.Fault](err); failed {
			return &fault{-1, place, f.Err.Error(), nil}
		}
		if err != nil {
			if ctx.Err() == nil {
				err = fmt.Errorf("%s: %w", place, err)
			}
			return err
		}
	}
	w, _, err := flow.Decode[float32](file)
	if err != nil {
		return &fault{-1, place, r.dir.Path(l.File) + " " + err.Error() + "; start over with --force, which keeps the old directory", nil}
	}
	sum := flow.Hash(file)
	if unjudged || judged.SHA256 != sum {
		if err := r.evaluate(ctx, l, target, m, w.Flow, sum, took); err != nil {
			return err
		}
	}
	known := r.dir.Manifest().Flows[l.File] == sum
	if !known {
		err := r.dir.Update(func(m *store.Manifest) {
			if m.Flows == nil {
				m.Flows = map[string]string{}
			}
			m.Flows[l.File] = sum
		})
		if err != nil {
			return err
		}
	}
	l.flow = w.Flow
	// A run that is finished writes nothing outside of its directory any more.
	unfinished := func(t store.Task) bool { return t.State != store.Done }
	if !known || slices.ContainsFunc(r.dir.Manifest().Tasks, unfinished) {
		r.copyWeights(l, file)
	}
	return nil
}

// wasTrained reports whether there is a checkpoint of the training of a flow.
func (r *Run) wasTrained(l *learner) bool {
	checkpoint, _ := r.dir.TrainingPaths(l.base())
	_, err := os.Stat(checkpoint)
	return err == nil
}

// target prepares what a flow is trained to be near, and beside it the model
// itself.
func (l *learner) target() (models.Differentiable, models.Model, error) {
	m, err := l.point.Prepare()
	if err != nil {
		return nil, nil, err
	}
	d, err := l.near(m)
	return d, m, err
}

// near returns what a flow of a prepared model lives on.
func (l *learner) near(m models.Model) (models.Differentiable, error) {
	d := l.spec.Target(m).(models.Differentiable)
	if l.spec.Dual {
		return d, d.Prepare()
	}
	return d, nil
}

// effort is what a training took; nil where weights were given.
type effort struct {
	steps, rollbacks int
	seconds          float64 // summed over workers
}

// weights returns the weights of a flow that need not be trained, and nil if it has
// to be, or has been and can be brought back in no time.
func (r *Run) weights(l *learner) ([]byte, error) {
	path, known := r.dir.Path(l.File), r.dir.Manifest().Flows[l.File]
	if known != "" {
		file, err := os.ReadFile(path)
		if err == nil && flow.Hash(file) == known {
			return file, nil
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		what := "was changed after it was made"
		if err != nil {
			what = "is missing"
		}
		r.noticed.Lock()
		r.notice(store.Notice{File: path, Text: what + "; it is made again, as it was"})
		r.noticed.Unlock()
	}
	if l.Given == nil || known != "" && l.Given.Sum() != known {
		return nil, nil
	}
	return l.Given.Data, r.write(l.File, l.Given.Data)
}

// write writes a file of the run directory.
func (r *Run) write(name string, data []byte) error {
	return r.dir.WriteFile(name, func(w io.Writer) error {
		_, err := w.Write(data)
		return err
	})
}

// train trains a flow, or goes on with it, and writes its weights.
func (r *Run) train(ctx context.Context, l *learner, target models.Differentiable, m models.Model) ([]byte, *effort, error) {
	p := l.point
	g := mc.NewGroup(0, 1, p.Seed, p.ModelIdentity(), p.FlowIdentity(l.spec))
	t, f, err := l.trainer(g, target, m, r.vectors)
	if err != nil {
		return nil, nil, err
	}
	columns := make([]store.Column, len(train.Columns))
	for i, name := range train.Columns {
		columns[i] = store.Column{Name: name, Width: 1}
	}
	sink, snapshot, notices, err := r.dir.Training(l.base(), l.identity(), columns)
	r.noticed.Lock()
	for _, n := range notices {
		r.notice(n)
	}
	r.noticed.Unlock()
	if err != nil {
		return nil, nil, err
	}
	defer sink.Close()
	known := r.dir.Manifest().Flows[l.File]
	if known != "" && snapshot == nil {
		// From the beginning: it comes out the same, in as much time.
		r.noticed.Lock()
		r.notice(store.Notice{File: r.dir.Path(l.File), Text: "its training has no checkpoint, and is made again from the beginning"})
		r.noticed.Unlock()
	}
	if snapshot != nil {
		if err := g.Load(snapshot); err != nil {
			return nil, nil, err
		}
	}
	var bound *float64
	if z := exactLogZ(target); z != nil && l.spec.Train.Objective == train.ReverseKL {
		least := -*z
		bound = &least
	}
	l.mu.Lock()
	l.group, l.began, l.had, l.bound = g, time.Now(), g.Sweeps(), bound
	l.mu.Unlock()
	if err := g.Run(ctx, t.Plan(p.Run.Checkpoint), &watched{sink, l}); err != nil {
		return nil, nil, err
	}
	row := make([]float64, len(train.Columns))
	t.Read(row)
	t.Finish()
	file, err := (&flow.Weights[float32]{Flow: f, Model: p.ModelKeys()}).Encode()
	if err != nil {
		return nil, nil, &mc.Fault{Sweep: g.At(), Err: err}
	}
	if sum := flow.Hash(file); known != "" && sum != known {
		return nil, nil, &store.Refusal{Path: r.dir.Path(l.File), Reason: "is missing or was changed, and what made it is not there any more; restore it, or start over with --force, which keeps the old directory"}
	}
	e := &effort{steps: g.Sweeps(), rollbacks: int(row[column("rollbacks")]), seconds: row[column("seconds")] * float64(r.workers)}
	return file, e, r.write(l.File, file)
}

// column returns the place of a column of the history.
func column(name string) int {
	for i, c := range train.Columns {
		if c == name {
			return i
		}
	}
	panic("engine: no column " + name + " in the history of a training")
}

// identity returns a text that tells all that determines the numbers of the
// training.
func (l *learner) identity() string {
	return fmt.Sprintf("seed %d\nmodel %s\nflow %s", l.point.Seed, l.point.ModelIdentity(), l.point.FlowIdentity(l.spec))
}

// trainer builds the trainer of a flow in its group, with the flow as it begins.
func (l *learner) trainer(g *mc.Group, near models.Differentiable, m models.Model, w *flow.Workers[float32]) (*train.Trainer[float32], *flow.Flow[float32], error) {
	spec := l.spec.Train
	var f *flow.Flow[float32]
	if spec.Start != nil {
		start, _, err := flow.Decode[float32](spec.Start.Data)
		if err != nil {
			return nil, nil, fmt.Errorf("%s %w", spec.Start.Path, err)
		}
		f = start.Flow
	} else {
		var err error
		if f, err = flow.New[float32](l.spec.Spec, near, g.Stream(0, "weights")); err != nil {
			return nil, nil, err
		}
	}
	target := train.Target{Model: near}
	if spec.Objective != train.ReverseKL {
		source, err := l.source(g, near, m)
		if err != nil {
			return nil, nil, err
		}
		target.Source = source
	}
	if spec.Key != nil {
		target.Value = l.point.Value(*spec.Key)
		target.At = func(value float64) (models.Differentiable, error) {
			m, err := l.point.PrepareWith(*spec.Key, value)
			if err != nil {
				return nil, err
			}
			return l.near(m)
		}
	}
	return train.New(spec, f, target, g, w), f, nil
}

// source returns the source of samples of the target, near, of a model.
func (l *learner) source(g *mc.Group, near models.Differentiable, m models.Model) (train.Source, error) {
	dual, _ := near.(models.Dualised)
	if data := l.spec.Train.Data; data != nil {
		states, err := (&card.Source{File: *data}).States(m)
		if err != nil {
			return nil, err
		}
		return train.NewData(near, states, g), nil
	}
	chains := m
	if dual != nil {
		chains = dual.Spins()
	}
	kernels, err := l.spec.Samplers(chains)
	if err != nil {
		return nil, fmt.Errorf("train.sampler %w", err)
	}
	return train.NewSampler(chains, dual, kernels, l.spec.Train.SamplerSteps, g), nil
}

// watched is the sink of a training, of which progress is told.
type watched struct {
	mc.Sink
	learner *learner
}

// Append implements [mc.Sink].
func (w *watched) Append(rows []float64) error {
	if n := len(rows); n > 0 {
		w.learner.mu.Lock()
		w.learner.row = append(w.learner.row[:0], rows[n-len(train.Columns):]...)
		w.learner.mu.Unlock()
	}
	return w.Sink.Append(rows)
}

// copyWeights writes weights to the path that the card gives, if nothing is there.
func (r *Run) copyWeights(l *learner, file []byte) {
	if l.Weights == "" {
		return
	}
	err := store.WriteNew(l.Weights, func(w io.Writer) error {
		_, err := w.Write(file)
		return err
	})
	if err != nil && !errors.Is(err, fs.ErrExist) {
		r.noticed.Lock()
		r.notice(store.Notice{File: l.Weights, Text: "the trained weights could not be written here (" + err.Error() + "); they are in " + r.dir.Path(l.File)})
		r.noticed.Unlock()
	}
}

// flows returns the flows of a point by their names, those that are ready.
func (r *Run) flows(p *card.Point) map[string]*flow.Flow[float32] {
	ready := map[string]*flow.Flow[float32]{}
	for _, f := range p.Flows {
		if l := r.learners[f.Training]; l.flow != nil {
			ready[f.Name] = l.flow
		}
	}
	return ready
}

// waits returns the name of a flow that a job needs and that is not there, or "".
func (r *Run) waits(j *job) string {
	for _, name := range j.proposal.Moved() {
		if r.learners[j.point.Flow(name).Training].flow == nil {
			return name
		}
	}
	return ""
}
