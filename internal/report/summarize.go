package report

import (
	"slices"

	"mcrun/analysis"
	"mcrun/mc"
	"mcrun/mc/param"
	"mcrun/models"
	"mcrun/observables"
)

// A Task is one task of a run, finished or not, with its series.
type Task struct {
	Index, Point int
	Scan         []param.Setting // the scanned keys with their values here; none without a scan
	Proposal     string          // its name
	Kernels      []string        // one, or the members of a cycle or mixture
	Model        models.Model    // asked for Beta, and by observables; need not be prepared
	ModelKeys    []param.Setting // of the [model] table, resolved, name first
	Observables  []observables.Observable
	Exact        map[string][]float64 // known values of observables: one, or of a function one for each of its points; NaN where unknown
	Chains       int
	Thermalize   int   // sweeps discarded in each chain
	Sweeps       []int // measured in each chain that has begun
	Every        int   // sweeps from one record to the next
	Seconds      float64
	Tally        mc.Tally // of all chains
	Accept       float64  // share of proposals to which the kernel was tuned; 0: none
	Columns      []observables.Field
	NoClusters   error     // why the kernels build no clusters to average over; nil if they do
	NoDual       error     // why the chains have no numbers of a dual to average over; nil if they do
	Ladder       *Ladder   // nil of a task that is none
	Rung         int       // of the ladder, from 0
	Learned      []Learned // flows
	// Series is [chain][number][record], the numbers of the Columns one after
	// the other. Chains may differ in length; those of a pair are 2k and 2k+1.
	Series [][][]float64
}

const panicExact = "report: a function needs one exact value for each of its points, and a number one"

// Summarize analyses the series of a task. What they do not tell is nil in
// the result, with the reason. It panics unless an observable has an estimator
// for each of its points and, where it is in Exact, a value.
func Summarize(t Task) Result {
	r := Result{
		Task:        t.Index,
		Point:       t.Point,
		Scan:        append(Settings{}, t.Scan...),
		Proposal:    t.Proposal,
		Kernels:     append([]string{}, t.Kernels...),
		Model:       thermal(t.ModelKeys, inverse(t.ModelKeys, t.Model.Beta())),
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

	compared := 0
	estimates := make([][]estimated, len(t.Observables))
	for i, o := range t.Observables {
		points, list := t.estimate(o)
		estimates[i] = list
		exact := t.Exact[o.Name]
		if exact != nil && len(exact) != len(list) {
			panic(panicExact)
		}
		for k := range exact {
			if finite(exact[k]) && list[k].err == nil {
				compared++
			}
		}
		r.Observables = append(r.Observables, t.observable(points, o.Name, list, exact))
	}
	var doubts doubts
	if t.Ladder != nil {
		r.Rung = &t.Rung
		o, found := t.exchange()
		r.Observables = append(r.Observables, o...)
		doubts.add(found...)
	}
	for i, list := range estimates {
		exact := t.Exact[t.Observables[i].Name]
		for k := range list {
			doubts.add(list[k].doubts()...)
			if exact != nil && finite(exact[k]) {
				doubts.add(list[k].deviation(exact[k], compared)...)
			}
		}
	}
	if measured > 0 { // before, all that is counted is of thermalization
		if t.Tally.Proposed > 0 {
			a := float64(t.Tally.Accepted) / float64(t.Tally.Proposed)
			r.Acceptance = &a
		}
		few := slices.ContainsFunc(doubts, func(same []doubt) bool { return same[0].kind == string(analysis.FewRecords) })
		found := kernelDoubts(t.Tally, t.Accept, few)
		if t.Ladder != nil && t.Ladder.Moving {
			found = slices.DeleteFunc(found, func(d doubt) bool { return d.name == acceptanceName && !moves(t.Tally) })
		}
		doubts.add(found...)
	}
	doubts.add(t.learnedDoubts(&r)...)
	for _, l := range t.Learned {
		r.Learned = append(r.Learned, l.Flow)
	}
	r.Doubts = doubts.list()
	return r
}

// inverse returns beta as the card gives it, of a model whose keys have no
// temperature the model's own. That of the action of a dual is 1, whatever the
// temperature of the spins is.
func inverse(keys []param.Setting, beta float64) float64 {
	for _, k := range keys {
		if x, ok := k.Value.(float64); ok {
			switch k.Key {
			case "beta":
				return x
			case "temperature":
				return 1 / x
			}
		}
	}
	return beta
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
