package engine

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"strings"

	"mcrun/internal/card"
	"mcrun/internal/report"
	"mcrun/internal/store"
	"mcrun/models"
	"mcrun/observables"
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
	var results []report.Result
	var notices []store.Notice
	var untrusted []error
	var known map[string][]float64
	for i, t := range tasks {
		if point, _ := task(c, i); i%len(point.Proposals) == 0 {
			known = exact(point)
		}
		recorded, n, err := read(c, dir, i, t.State == store.Done, known)
		notices = append(notices, n...)
		if _, refused := errors.AsType[*store.Refusal](err); refused {
			return report.Summary{}, notices, err
		}
		if err != nil {
			untrusted = append(untrusted, fmt.Errorf("task %04d-%s is left out: %w", i, t.Name, err))
			continue
		}
		if len(recorded.Series) > 0 {
			results = append(results, report.Summarize(recorded))
		}
	}
	s := report.New(results)
	s.Title = c.Title
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
// not done. Known are the exact values.
func read(c *card.Card, dir *store.Dir, i int, done bool, known map[string][]float64) (report.Task, []store.Notice, error) {
	point, prop := task(c, i)
	t := report.Task{
		Index:       i,
		Point:       point.Index,
		Scan:        c.StoredScan(point),
		Proposal:    prop.Name,
		Model:       point.Model,
		ModelKeys:   c.StoredModelKeys(point),
		Observables: point.Observables,
		Exact:       known,
		Chains:      point.Run.Chains,
		Every:       point.Run.Every,
		Thermalize:  point.Run.Thermalize,
		Columns:     point.Columns(prop),
		NoClusters:  prop.Clusters(point),
	}
	for _, m := range prop.Members {
		t.Kernels = append(t.Kernels, m.Kernel)
	}
	var notices []store.Notice
	for chain := range point.Run.Chains {
		s, n, err := dir.Series(i, chain, identity(point, prop))
		notices = append(notices, n...)
		if errors.Is(err, fs.ErrNotExist) && !done {
			continue // not begun
		}
		if err != nil {
			return t, notices, err
		}
		var columns [][]float64
		for _, c := range t.Columns {
			components := s.Column(c.Name)
			if len(components) != c.Width {
				return t, notices, fmt.Errorf("engine: the series of task %d, chain %d has no column %q of width %d", i, chain, c.Name, c.Width)
			}
			columns = append(columns, components...)
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
		t.Tally.Merge(counters.Tally)
	}
	return t, notices, nil
}
