// Package engine runs the tasks of a card: it builds the chains of every
// proposal at every point of the scan, advances them on a number of workers,
// and goes on where an interrupted run stopped. Before the tasks it trains the flows
// of the card, draws from them to judge them, and freezes them: the SHA-256 of their
// weights is part of the identity of every chain that moves by them.
package engine

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"mcrun/internal/card"
	"mcrun/internal/store"
	"mcrun/mc"
	"mcrun/proposals/flow"
)

// Manifest returns the tasks of a card as run.json lists them before a run
// starts.
func Manifest(c *card.Card) []store.Task {
	var tasks []store.Task
	for i := range c.Tasks() {
		point, prop := task(c, i)
		tasks = append(tasks, store.Task{Name: prop.Name, State: store.Waiting, Groups: groups(point, prop), Sweeps: make([]int, point.Run.Chains)})
	}
	return tasks
}

// Fits reports whether tasks, which have come some way, are those of a card.
func Fits(tasks []store.Task, c *card.Card) bool {
	return slices.EqualFunc(tasks, Manifest(c), func(t, u store.Task) bool {
		return t.Name == u.Name && slices.Equal(t.Groups, u.Groups)
	})
}

// task returns the point and the proposal of task i.
func task(c *card.Card, i int) (*card.Point, *card.Proposal) {
	p := len(c.Points[0].Proposals)
	point := &c.Points[i/p]
	return point, &point.Proposals[i%p]
}

// identity returns a text that tells all that determines the numbers of the
// chains of a proposal at a point, except how long they run. The sums are those of
// the weights of flows, by their paths in the run directory.
func identity(c *card.Card, p *card.Point, prop *card.Proposal, sums map[string]string) string {
	var names []string
	for _, c := range p.Columns(prop) {
		names = append(names, c.Name)
	}
	start := string(p.Run.Start)
	if from := p.Run.From; from != nil {
		start = "file " + from.File.Sum()
		if from.Index != nil {
			start += fmt.Sprintf(" index %d", *from.Index)
		}
	}
	text := fmt.Sprintf("seed %d\nmodel %s\nproposal %s\nthermalize %d\nevery %d\nstart %s\nrecord %s",
		p.Seed, p.ModelIdentity(), prop.Identity(), p.Run.Thermalize, p.Run.Every, start, strings.Join(names, ","))
	if p.Run.Save > 0 {
		text += fmt.Sprintf("\nsave %d", p.Run.Save)
	}
	for _, name := range prop.Moved() {
		text += fmt.Sprintf("\nflow %s %s", name, sums[c.Trainings()[p.Flow(name).Training].File])
	}
	return text
}

// A Run advances the tasks of a card in a run directory.
type Run struct {
	card    *card.Card
	dir     *store.Run
	workers int
	jobs    []*job

	learners []*learner
	sums     map[string]string      // of the weights of flows that are ready
	vectors  *flow.Workers[float32] // which train and evaluate flows

	noticed sync.Mutex
	notice  func(store.Notice) // guarded by noticed

	failed sync.Mutex
	faults faults // guarded by failed

	recorded sync.Mutex
	left     []int // jobs of each task that have not ended; guarded by recorded
}

// New returns the run of a card in its directory, on a number of workers. The
// function notice is told of damage found there; calls of it do not overlap.
func New(c *card.Card, dir *store.Run, workers int, notice func(store.Notice)) *Run {
	r := &Run{card: c, dir: dir, workers: workers, notice: notice, learners: learners(c), vectors: flow.NewWorkers[float32](workers)}
	r.list()
	return r
}

// A job is a group to be advanced.
type job struct {
	task, group   int
	first, chains int // of the group
	point         *card.Point
	proposal      *card.Proposal
	model         func() (*target, error) // one for all chains of a point
	ladder        *sharedLadder           // of a tempered proposal, in place of model

	mu     sync.Mutex
	spaces bool      // whether it spaces the ladder
	chain  *mc.Group // while it runs
	had    int       // sweeps that it had when this process took it up
	has    int       // sweeps that it had when this process left it
	began  time.Time
	took   time.Duration // from taking it up to leaving it
	done   bool
	ended  bool // by a fault
}

// Do makes the card's flows ready, as Train does, and runs every task that is not
// done to its end, but for those that need a flow whose training failed. When ctx is cancelled it
// returns the context's error once every chain has stored a checkpoint. The
// first error of the directory, or in preparing a model, stops the chains in the
// same way. A chain that cannot go on, because its configuration or energy is
// not finite or for a panic, is left at its last checkpoint, with a notice, and
// the others go on; the error tells of it at the end. The error is a
// *store.Refusal if the run was begun with another instruction level, or a
// checkpoint is not of this card.
func (r *Run) Do(ctx context.Context) error {
	if err := r.learn(ctx); err != nil {
		return errors.Join(err, r.dir.Flush())
	}
	r.sums = r.dir.Manifest().Flows
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var next atomic.Int64
	var wg sync.WaitGroup
	for range min(r.workers, len(r.jobs)) {
		wg.Go(func() {
			for ctx.Err() == nil {
				i := int(next.Add(1)) - 1
				if i >= len(r.jobs) {
					return
				}
				if err := r.advance(ctx, r.jobs[i]); err != nil {
					cancel(err)
					return
				}
			}
		})
	}
	wg.Wait()
	err := context.Cause(ctx)
	if len(r.faults) > 0 {
		err = errors.Join(err, r.faults)
	}
	if flush := r.dir.Flush(); flush != nil {
		err = errors.Join(err, flush)
	}
	return err
}

// list makes the jobs, in the order of the tasks.
func (r *Run) list() {
	for i := range r.card.Tasks() {
		point, prop := task(r.card, i)
		var model func() (*target, error)
		if i%len(point.Proposals) == 0 {
			plain := slices.DeleteFunc(slices.Clone(point.Proposals), func(q card.Proposal) bool { return q.Ladder != nil })
			model = sync.OnceValues(func() (*target, error) { return prepare(point, r.flows(point), plain...) })
		} else {
			model = r.jobs[len(r.jobs)-1].model
		}
		var shared *sharedLadder
		if prop.Ladder != nil {
			shared = &sharedLadder{point: point, prop: prop}
		}
		widths := groups(point, prop)
		r.left = append(r.left, len(widths))
		first := 0
		for g, chains := range widths {
			r.jobs = append(r.jobs, &job{task: i, group: g, first: first, chains: chains, point: point, proposal: prop, model: model, ladder: shared})
			first += chains
		}
	}
}

// advance runs one job to its end, or to a fault.
func (r *Run) advance(ctx context.Context, j *job) (err error) {
	if r.waits(j) != "" {
		j.mu.Lock()
		j.ended = true
		j.mu.Unlock()
		return nil
	}
	var g *mc.Group
	defer func() {
		place := fmt.Sprintf("task %04d-%s, chain %d", j.task, j.proposal.Name, j.first)
		if p := recover(); p != nil {
			sweep := mc.Sweep{}
			if g != nil {
				sweep = g.At()
			}
			err = nil
			r.fail(j, &fault{j.task, fmt.Sprintf("%s, %s", place, sweep), fmt.Sprintf("panic: %v", p), debug.Stack()})
		} else if f, ok := errors.AsType[*mc.Fault](err); ok {
			err = nil
			r.fail(j, &fault{j.task, fmt.Sprintf("%s, %s", place, f.Sweep), f.Err.Error(), nil})
		}
		if err != nil && !errors.Is(err, context.Canceled) {
			err = fmt.Errorf("%s: %w", place, err)
		}
		j.model, j.ladder = nil, nil // the last job of a point frees its tables
	}()
	sink, snapshot, notices, err := r.dir.Group(j.task, j.group, identity(r.card, j.point, j.proposal, r.sums), j.point.StoredColumns(j.proposal), saved(j.point, j.proposal))
	r.noticed.Lock()
	for _, n := range notices {
		r.notice(n)
	}
	r.noticed.Unlock()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, sink.Close()) }()

	g, err = j.build(ctx, snapshot)
	if err != nil {
		return err
	}
	if snapshot != nil {
		if err := g.Load(snapshot); err != nil {
			return err
		}
	}
	j.begin(g)
	if err := r.record(j, g.Sweeps(), false); err != nil {
		return err
	}
	err = g.Run(ctx, plan(j.point.Run, j.chains), sink)
	if _, unfit := errors.AsType[*mc.Fault](err); unfit {
		return err // run.json keeps to what the last checkpoint has
	}
	done := err == nil
	j.end(done)
	return errors.Join(err, r.record(j, g.Sweeps(), done))
}

// fail notes that a job cannot go on, and tells of the first of each task.
func (r *Run) fail(j *job, f *fault) {
	if j.chain != nil {
		j.end(false)
	}
	j.mu.Lock()
	j.ended = true
	j.mu.Unlock()
	r.failed.Lock()
	first := !slices.ContainsFunc(r.faults, func(g *fault) bool { return g.task == f.task })
	r.faults = append(r.faults, f)
	r.failed.Unlock()
	if first && len(r.jobs) > 1 {
		r.noticed.Lock()
		r.notice(store.Notice{File: f.place, Text: f.why + "; this chain has stopped, the others go on"})
		r.noticed.Unlock()
	}
}

// build builds the group of a job, which may go on from a snapshot.
func (j *job) build(ctx context.Context, snapshot *mc.Snapshot) (*mc.Group, error) {
	if j.ladder == nil {
		m, err := j.model()
		if err != nil {
			return nil, err
		}
		return group(m, j.proposal, j.first, j.chains)
	}
	l, err := j.ladder.get(ctx, snapshot, func() { j.spacing(true) })
	j.spacing(false)
	if err != nil {
		return nil, err
	}
	g, err := l.group(j.first, j.chains)
	if err != nil {
		return nil, err
	}
	return g.Group, nil
}

// spacing notes whether the job spaces its ladder.
func (j *job) spacing(is bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.spaces = is && spacing(j.point, j.proposal.Ladder) > 0
}

func (j *job) begin(g *mc.Group) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.chain, j.began = g, time.Now()
	j.had = g.Thermalized() + g.Sweeps()
}

func (j *job) end(done bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.has = j.chain.Thermalized() + j.chain.Sweeps()
	j.took, j.done, j.chain = time.Since(j.began), done, nil
}

// record notes how far a group has come.
func (r *Run) record(j *job, sweeps int, done bool) error {
	r.recorded.Lock()
	defer r.recorded.Unlock()
	state := store.Running
	if done {
		if r.left[j.task]--; r.left[j.task] == 0 {
			state = store.Done
		}
	}
	return r.dir.Note(j.task, j.group, sweeps, state)
}
