package report

import (
	"slices"

	"mcrun/mc/param"
	"mcrun/models"
)

// A Task is one task of a run, finished or not, with its series.
type Task struct {
	Index, Point       int
	Scan               []param.Setting // the scanned keys with their values here; none without a scan
	Proposal           string          // its name
	Kernels            []string        // one, or the members of a cycle or mixture
	Model              models.Model    // asked for Sites, Beta and Exact, and by functions of observables; need not be prepared
	ModelKeys          []param.Setting // of the [model] table, resolved, name first
	Observables        []string
	Chains             int
	Sweeps             []int // measured in each chain that has begun
	Every              int   // sweeps from one record to the next
	Seconds            float64
	Proposed, Accepted uint64 // of all chains
	Columns            []string
	Series             [][][]float64 // [chain][column][record]; chains may differ in length
}

// Summarize analyses the series of a task. What they do not tell is nil in
// the result, with the reason.
func Summarize(t Task) Result {
	r := Result{
		Task:        t.Index,
		Point:       t.Point,
		Scan:        append(Settings{}, t.Scan...),
		Proposal:    t.Proposal,
		Kernels:     append([]string{}, t.Kernels...),
		Model:       thermal(t.ModelKeys, t.Model.Beta()),
		Chains:      t.Chains,
		Seconds:     t.Seconds,
		Doubts:      []string{},
		Observables: Observables{},
	}
	measured := 0
	for _, n := range t.Sweeps {
		measured += n
	}
	r.Sweeps = measured / max(t.Chains, 1)

	var exact map[string]float64
	if m, ok := t.Model.(models.Exact); ok {
		exact = m.Exact()
	}
	compared := 0
	for _, name := range t.Observables {
		if _, ok := exact[name]; ok {
			compared++
		}
	}
	var doubts doubts
	for _, name := range t.Observables {
		s := t.estimate(name)
		var truth *float64
		if x, ok := exact[name]; ok {
			truth = known(x)
		}
		r.Observables = append(r.Observables, s.observable(t, truth))
		doubts.add(s.doubts()...)
		if truth != nil {
			doubts.add(s.deviation(*truth, compared)...)
		}
	}
	if t.Proposed > 0 && measured > 0 { // before, all proposals are of thermalization
		a := float64(t.Accepted) / float64(t.Proposed)
		r.Acceptance = &a
		doubts.add(rejection(t.Proposed, t.Accepted)...)
	}
	r.Doubts = doubts.list()
	return r
}

// thermal returns the keys of a model with both temperature and beta, one
// beside the other. The temperature is nil at beta = 0.
func thermal(keys []param.Setting, beta float64) Settings {
	s := append(Settings{}, keys...)
	var temperature any
	if t := known(1 / beta); t != nil {
		temperature = *t
	}
	has := func(key string) int {
		return slices.IndexFunc(s, func(x param.Setting) bool { return x.Key == key })
	}
	if i := has("temperature"); i >= 0 {
		return slices.Insert(s, i+1, param.Setting{Key: "beta", Value: beta})
	}
	t := param.Setting{Key: "temperature", Value: temperature}
	if i := has("beta"); i >= 0 {
		return slices.Insert(s, i, t)
	}
	after := max(has("shape"), has("name"))
	return slices.Insert(s, after+1, t, param.Setting{Key: "beta", Value: beta})
}
