package engine

import (
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"mcrun/internal/card"
	"mcrun/mc"
	"mcrun/models"
	"mcrun/observables"
	"mcrun/proposals/flow"
	"mcrun/proposals/flow/train"
)

// A Cost is what a run would take.
type Cost struct {
	Time     time.Duration // on the workers asked for; 0: not estimated
	Training time.Duration // the part of it in which flows are trained
	Memory   float64       // bytes, of configurations and tables
	Disk     float64       // bytes, of series and checkpoints; 0: depends on the machine's speed
}

// String returns the cost in words.
func (c Cost) String() string {
	s := "time unknown"
	if c.Time > 0 {
		s = "about " + Duration(c.Time)
	}
	if c.Training > 0 {
		s += " (" + Duration(c.Training) + " of training)"
	}
	s += ", " + size(c.Memory) + " of memory"
	if c.Disk > 0 {
		s += ", " + size(c.Disk) + " of disk"
	}
	return s
}

// Limits of what EstimateCost spends itself.
const (
	trialTime   = 3 * time.Second // in all
	trialMemory = 1 << 30         // bytes
)

// EstimateCost estimates what a card would take, by short trials of its
// tasks from the start of a chain.
func EstimateCost(ctx context.Context, c *card.Card, workers int) (Cost, error) {
	var cost Cost
	tasks := c.Tasks()
	each := min(50*time.Millisecond, trialTime/time.Duration(tasks))
	known := true
	var seconds, training float64
	toTrain := slices.DeleteFunc(learners(c), func(l *learner) bool { return l.Given != nil })
	for _, l := range toTrain {
		if ctx.Err() != nil {
			return cost, context.Cause(ctx)
		}
		if l.spec.Spec.Bytes(l.spec.Target(l.point.Model), workers) > trialMemory {
			known = false
			continue
		}
		took, err := l.trial(workers, min(trialTime/10, trialTime/time.Duration(len(toTrain))))
		if err != nil {
			return cost, err
		}
		training += took
	}
	for i := range tasks {
		point, prop := task(c, i)
		run := point.Run
		chain, shared := point.Bytes()
		memory := float64(min(workers*point.Group(prop), run.Chains*tasks))*chain + shared
		cost.Memory = max(cost.Memory, memory)
		columns := 0
		for _, c := range point.StoredColumns(prop) {
			columns += c.Width
		}
		// The series, and two checkpoints.
		configuration := configurationBytes(point.Model)
		sweeps := float64(run.Chains) * float64(run.Thermalize+run.Sweeps)
		if prop.Ladder != nil {
			configuration *= float64(prop.Ladder.Size())
			sweeps += float64(spacing(point, prop.Ladder))
		}
		cost.Disk += float64(run.Chains) * (float64(8*columns*(run.Sweeps/run.Every)) + 2*configuration)
		if run.Save > 0 {
			cost.Disk += float64(run.Chains) * float64(run.Sweeps/run.Save) * configuration
		}
		if ctx.Err() != nil {
			return cost, context.Cause(ctx)
		}
		if run.Sweeps == 0 {
			seconds += float64(run.Chains) * run.Seconds
			continue
		}
		if chain+shared > trialMemory {
			known = false
			continue
		}
		perSweep, err := trial(point, prop, each)
		if err != nil {
			return cost, err
		}
		seconds += perSweep * sweeps
	}
	cost.Training = time.Duration(min(training*float64(time.Second), math.MaxInt64/2))
	if known {
		cost.Time = time.Duration(min((seconds/float64(workers)+training)*float64(time.Second), math.MaxInt64/2))
	}
	if c.Points[0].Run.Sweeps == 0 {
		cost.Disk = 0
	}
	return cost, nil
}

// configurationBytes returns the size of a configuration in a file.
func configurationBytes(m models.Model) float64 {
	portable, ok := m.(models.Portable)
	if !ok {
		return float64(m.Sites()) // of which no more is known
	}
	a := portable.Array()
	bytes := 1.0
	if a.Type == "<f8" {
		bytes = 8
	}
	for _, side := range a.Shape {
		bytes *= float64(side)
	}
	return bytes
}

// trial measures for about so long what a sweep of a proposal takes, in
// seconds, from the start of a chain.
func trial(p *card.Point, prop *card.Proposal, long time.Duration) (perSweep float64, err error) {
	if prop.Ladder != nil {
		return trialLadder(p, prop, long)
	}
	flows, err := untrained(p, prop)
	if err != nil {
		return 0, err
	}
	t, err := prepare(p, flows, *prop)
	if err != nil {
		return 0, err
	}
	source := prop.Source(p)
	columns := observables.Columns(t.Model, p.Observables, observables.NoSource) // averages over clusters take their time in the kernel
	if source == observables.FromDual {
		columns = p.Columns(prop)
	}
	w, err := newRow(t, prop, columns, mc.NewGroup(0, p.Group(prop), p.Seed), "")
	if err != nil {
		return 0, err
	}
	var clusters *observables.Listener
	if source == observables.FromClusters {
		clusters = observables.NewProbe(t.Model, p.Columns(prop), w.shown()...).Listener(0)
	}
	var weights float64
	for i, member := range prop.Members {
		var k mc.Kernel
		steps := float64(member.Steps)
		if member.Batches() {
			k = w.bindAll(member, i, new(mc.Tally))
			steps /= float64(len(w.replicas))
		} else {
			k = w.bind(member, i, 0, new(mc.Tally), clusters)
		}
		if prop.Kind == card.Mixture {
			steps *= member.Weight
			weights += member.Weight
		}
		perSweep += steps * repeat(k.Step, long)
	}
	if prop.Kind == card.Mixture {
		perSweep /= weights
	}
	rows := make([]float64, p.Group(prop)*w.width)
	read := repeat(func() { w.Read(rows) }, long/4) / float64(p.Group(prop))
	return perSweep + read/float64(p.Run.Every), nil
}

// untrained returns flows by which a proposal could move, as they begin.
func untrained(p *card.Point, prop *card.Proposal) (map[string]*flow.Flow[float32], error) {
	flows := map[string]*flow.Flow[float32]{}
	for _, name := range prop.Moved() {
		l := &learner{point: p, spec: p.Flow(name)}
		near, _, err := l.target()
		if err != nil {
			return nil, err
		}
		if flows[name], err = l.plain(near); err != nil {
			return nil, err
		}
	}
	return flows, nil
}

// plain returns a flow that takes as long as the learner's, but does not take the
// time to measure the model's moments.
func (l *learner) plain(near models.Differentiable) (*flow.Flow[float32], error) {
	spec := l.spec.Spec
	spec.Whiten, spec.Prior = "none", "normal"
	return flow.New[float32](spec, near, mc.NewStream(mc.NewKey(0)))
}

// trial measures for about so long what the training of a flow takes, in seconds, on
// so many workers. Samples of the target are left out.
func (l *learner) trial(workers int, long time.Duration) (seconds float64, err error) {
	near, _, err := l.target()
	if err != nil {
		return 0, err
	}
	f, err := l.plain(near)
	if err != nil {
		return 0, err
	}
	spec := l.spec.Train
	spec.Key = nil
	spec.Objective = train.ReverseKL // the others take about as long
	t := train.New(spec, f, train.Target{Model: near}, mc.NewGroup(0, 1, 0), flow.NewWorkers[float32](workers))
	t.Step() // the first one tests too
	return float64(spec.Steps) * repeat(t.Step, long), nil
}

// trialLadder is the trial of a ladder.
func trialLadder(p *card.Point, prop *card.Proposal, long time.Duration) (perSweep float64, err error) {
	l, err := newLadder(p, prop, prop.Ladder.First())
	if err != nil {
		return 0, err
	}
	chains := p.Group(prop)
	g, err := l.group(0, chains)
	if err != nil {
		return 0, err
	}
	rows := make([]float64, chains*g.Row)
	read := repeat(func() { g.Read(rows) }, long/4)
	return (repeat(g.Kernel.Step, long) + read/float64(p.Run.Every)) / float64(chains), nil
}

// repeat does a thing for about so long and returns the seconds it takes.
func repeat(do func(), long time.Duration) float64 {
	n := 0
	start := time.Now()
	for n == 0 || time.Since(start) < long {
		do()
		n++
	}
	return time.Since(start).Seconds() / float64(n)
}

// Duration writes a duration for a person: 5 s, 3 min 20 s, 2 h 5 min.
func Duration(d time.Duration) string {
	s := int(d.Seconds() + 0.5)
	switch {
	case s < 60:
		return fmt.Sprintf("%d s", max(s, 1))
	case s < 3600:
		return fmt.Sprintf("%d min %d s", s/60, s%60)
	case s < 48*3600:
		return fmt.Sprintf("%d h %d min", s/3600, s/60%60)
	}
	return fmt.Sprintf("%d days %d h", s/86400, s/3600%24)
}

// size writes a number of bytes for a person.
func size(bytes float64) string {
	units := []string{"bytes", "KB", "MB", "GB", "TB"}
	i := 0
	for bytes >= 1000 && i < len(units)-1 {
		bytes /= 1000
		i++
	}
	return fmt.Sprintf("%.3g %s", bytes, units[i])
}
