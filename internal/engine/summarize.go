package engine

import (
	"errors"
	"fmt"
	"io/fs"

	"mcrun/internal/card"
	"mcrun/internal/report"
	"mcrun/internal/store"
	"mcrun/observables"
)

// Summarize analyses the series of a run, finished or not. Tasks that have
// not begun are left out. The notices tell of damage found.
func Summarize(c *card.Card, dir *store.Dir) (report.Summary, []store.Notice, error) {
	var results []report.Result
	var notices []store.Notice
	for i, t := range dir.Manifest().Tasks {
		if t.State == store.Waiting {
			continue
		}
		recorded, n, err := read(c, dir, i, t.State == store.Done)
		notices = append(notices, n...)
		if err != nil {
			return report.Summary{}, notices, err
		}
		if len(recorded.Series) > 0 {
			results = append(results, report.Summarize(recorded))
		}
	}
	return report.New(results), notices, nil
}

// read reads the series of a task, of those chains that have begun if it is
// not done.
func read(c *card.Card, dir *store.Dir, i int, done bool) (report.Task, []store.Notice, error) {
	point, prop := task(c, i)
	t := report.Task{
		Index:       i,
		Point:       point.Index,
		Scan:        point.Scan,
		Proposal:    prop.Name,
		Model:       point.Model,
		ModelKeys:   point.ModelKeys(),
		Observables: point.Observables,
		Chains:      point.Run.Chains,
		Every:       point.Run.Every,
		Columns:     observables.Columns(point.Observables),
	}
	for _, m := range prop.Members {
		t.Kernels = append(t.Kernels, m.Kernel)
	}
	var notices []store.Notice
	for chain := range point.Run.Chains {
		s, n, err := dir.Series(i, chain)
		notices = append(notices, n...)
		if errors.Is(err, fs.ErrNotExist) && !done {
			continue // not begun
		}
		if err != nil {
			return t, notices, err
		}
		columns := make([][]float64, len(t.Columns))
		for k, name := range t.Columns {
			if columns[k] = s.Column(name); columns[k] == nil {
				return t, notices, fmt.Errorf("engine: the series of task %d, chain %d has no column %q", i, chain, name)
			}
		}
		t.Series = append(t.Series, columns)
		if s.State == nil {
			continue
		}
		counters, err := s.State.Counters()
		if err != nil {
			return t, notices, err
		}
		t.Sweeps = append(t.Sweeps, counters.Sweeps)
		t.Seconds += counters.Kernel.Seconds()
		t.Proposed += counters.Tally.Proposed
		t.Accepted += counters.Tally.Accepted
	}
	return t, notices, nil
}
