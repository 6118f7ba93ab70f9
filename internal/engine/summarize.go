package engine

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"

	"mcrun/internal/card"
	"mcrun/internal/report"
	"mcrun/internal/store"
	"mcrun/mc"
	"mcrun/models"
	"mcrun/observables"
	"mcrun/proposals"
)

// Summarize analyses the series of a run, finished or not. Tasks that have
// not begun are left out, and those of which a chain cannot be trusted, which
// the error names: the summary beside it is that of the others. The notices
// tell of damage found. The error is a *store.Refusal, and the summary empty,
// if the directory is not that of the card.
func Summarize(c *card.Card, dir *store.Dir) (report.Summary, []store.Notice, error) {
	tasks := dir.Manifest().Tasks
	if !Fits(tasks, c) {
		return report.Summary{}, nil, &store.Refusal{Path: dir.Path(), Reason: "its run.json is not that of its card.toml, so one of them was changed; " +
			"undo the change, or start over with --force, which keeps the old directory"}
	}
	sums := dir.Manifest().Flows
	flows, learned := summarizeFlows(c, dir, sums)
	var results []report.Result
	var notices []store.Notice
	var untrusted []error
	var known map[string][]float64
	for i, t := range tasks {
		point, prop := task(c, i)
		if i%len(point.Proposals) == 0 {
			known = nil
		}
		if known == nil && prop.Ladder == nil {
			known = exact(point)
		}
		recorded, n, err := read(c, dir, i, t.State == store.Done, known, sums)
		notices = append(notices, n...)
		if _, refused := errors.AsType[*store.Refusal](err); refused {
			return report.Summary{}, notices, err
		}
		if err != nil {
			untrusted = append(untrusted, fmt.Errorf("task %04d-%s is left out: %w", i, t.Name, err))
			continue
		}
		for _, t := range recorded {
			t.Learned = learned(point, prop)
			if len(t.Series) > 0 {
				results = append(results, report.Summarize(t))
			}
		}
	}
	s := report.New(results)
	s.Title, s.Flows = c.Title, flows
	return s, notices, errors.Join(untrusted...)
}

// exact returns the known values of the observables of a point.
func exact(p *card.Point) map[string][]float64 {
	m, err := p.Prepare()
	if err != nil {
		return nil // the chains have said why
	}
	known := map[string][]float64{}
	if m, ok := m.(models.Exact); ok {
		for name, v := range m.Exact() {
			known[name] = []float64{v}
		}
	}
	var rest []observables.Observable
	for _, o := range p.Observables {
		if _, ok := observables.Find(o.Name); !ok {
			delete(known, o.Name) // a derived one, of which the name says nothing
		} else if _, dual := m.(models.Dualised); dual {
			// What it says is of spins is of them already; the rest is of x.
		} else if plain, ok := strings.CutPrefix(o.Name, "improved_"); ok && o.Improved(m) && known[plain] != nil {
			known[o.Name] = known[plain] // both estimate the same
		}
		if known[o.Name] == nil {
			rest = append(rest, o)
		}
	}
	if len(rest) > 0 {
		listed, _ := observables.Enumerate(m, rest)
		maps.Copy(known, listed)
	}
	return known
}

// read reads the series of a task, of those chains that have begun if it is
// not done: a ladder gives as many as it has rungs. Known are the exact values of
// one that is none, and sums those of weights.
func read(c *card.Card, dir *store.Dir, i int, done bool, known map[string][]float64, sums map[string]string) ([]report.Task, []store.Notice, error) {
	point, prop := task(c, i)
	var chains []chainSeries
	var notices []store.Notice
	stored, width := point.StoredColumns(prop), point.Group(prop)
	for chain := range point.Run.Chains {
		s, n, err := dir.Series(i, chain, identity(c, point, prop, sums))
		notices = append(notices, n...)
		if errors.Is(err, fs.ErrNotExist) && !done {
			continue // not begun
		}
		if err != nil {
			return nil, notices, err
		}
		for _, c := range stored {
			if len(s.Column(c.Name)) != c.Width {
				return nil, notices, fmt.Errorf("engine: the series of task %d, chain %d has no column %q of width %d", i, chain, c.Name, c.Width)
			}
		}
		x := chainSeries{Series: s, chain: chain}
		before := len(chains) - 1
		x.first = before < 0 || chains[before].chain/width != chain/width
		if s.State != nil {
			if x.counters, err = s.State.Counters(); err != nil {
				return nil, notices, err
			}
		}
		chains = append(chains, x)
	}
	t := newTask(c, i)
	if prop.Ladder != nil {
		tasks, err := t.rungs(c, chains)
		return tasks, notices, err
	}
	t.Exact = known
	for _, x := range chains {
		t.add(x, 0)
		if x.first {
			t.Tally.Merge(x.counters.Tally)
		}
	}
	return []report.Task{t.Task}, notices, nil
}

// A chainSeries is the series of a chain, with what its group has counted: for all of
// its chains together, so that it is to be added once.
type chainSeries struct {
	*store.Series
	chain    int
	first    bool // of its group
	counters mc.Counters
}

// A taskReader makes the tasks of reports.
type taskReader struct {
	report.Task
	point *card.Point
	prop  *card.Proposal
}

// newTask returns task i without its series.
func newTask(c *card.Card, i int) taskReader {
	point, prop := task(c, i)
	t := taskReader{point: point, prop: prop}
	t.Task = report.Task{
		Index:       i,
		Point:       point.Index,
		Scan:        c.StoredScan(point),
		Proposal:    prop.Name,
		Model:       point.Model,
		ModelKeys:   c.StoredModelKeys(point),
		Observables: point.Observables,
		Chains:      point.Run.Chains,
		Every:       point.Run.Every,
		Thermalize:  point.Run.Thermalize,
		Columns:     point.Columns(prop),
		NoClusters:  prop.Clusters(point),
		NoDual:      prop.Dual(point),
		Kernels:     prop.Kernels(),
	}
	if tuned, ok := prop.Members[0].Spec.(proposals.Tuned); ok && len(prop.Members) == 1 {
		m := point.Model
		if dual, ok := models.NewDualOf(m); ok && prop.Members[0].Dual {
			_, t.Accept = tuned.Tunes(dual)
		} else {
			_, t.Accept = tuned.Tunes(m)
		}
	}
	return t
}

// add adds the series of a chain, at a rung if it is a ladder, and the time that its
// group took.
func (t *taskReader) add(x chainSeries, rung int) {
	var columns [][]float64
	for _, c := range t.Columns {
		columns = append(columns, x.Column(c.Name)[rung*c.Width:(rung+1)*c.Width]...)
	}
	t.Series = append(t.Series, columns)
	if x.State == nil {
		return
	}
	t.Sweeps = append(t.Sweeps, x.counters.Sweeps)
	if x.first {
		t.Seconds += x.counters.Kernel.Seconds()
	}
}

// rungs returns a task for each rung of a ladder. A chain without a checkpoint,
// which tells what the rungs are, counts as not begun.
func (t *taskReader) rungs(c *card.Card, chains []chainSeries) ([]report.Task, error) {
	l := t.prop.Ladder
	chains = slices.DeleteFunc(chains, func(x chainSeries) bool { return x.State == nil })
	if len(chains) == 0 {
		return nil, nil
	}
	states := make([]ladderState, len(chains))
	ladder := report.Ladder{Key: l.Key, Failed: make([]uint64, l.Size()-1)}
	width := t.point.Group(t.prop)
	for i, x := range chains {
		var err error
		if states[i], err = readLadder(x.State, l, x.chain%width, width); err != nil {
			return nil, err
		}
		for r, n := range states[i].counts.Failed {
			ladder.Failed[r] += n
		}
		ladder.Exchange = append(ladder.Exchange, x.Column(card.ExchangeColumn))
		ladder.Trips = append(ladder.Trips, x.Column(card.TripsColumn)[0])
	}
	ladder.Values = states[0].values
	points, err := t.point.Rungs(l, ladder.Values)
	if err != nil {
		return nil, err
	}
	var tasks []report.Task
	for r, p := range points {
		rung := *t
		rung.Ladder, rung.Rung = &ladder, r
		rung.Model, rung.ModelKeys, rung.Observables = p.Model, c.StoredModelKeys(p), p.Observables
		rung.Exact = exact(p)
		for i, x := range chains {
			rung.add(x, r)
			rung.Tally.Merge(states[i].counts.Tallies[r]) // of the chain alone
		}
		ladder.Move(rung.Tally)
		tasks = append(tasks, rung.Task)
	}
	return tasks, nil
}
