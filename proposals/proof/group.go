package proof

import (
	"context"
	"slices"
	"strconv"

	"mcrun/analysis"
	"mcrun/mc"
	"mcrun/models"
	"mcrun/observables"
	"mcrun/proposals"
)

// A bench is where a kernel, or several in turn, are run.
type bench struct {
	model    models.Model
	kernels  []proposals.Spec
	mixed    bool // whether they are drawn at random, and not run in turn
	records  int  // of each chain, for estimates
	tuning   int  // sweeps of thermalization that kernels which tune need
	columns  []observables.Field
	newProbe func(m models.Model, columns []observables.Field, chains ...models.State) *observables.Probe
	crossed  *crossed // where kernels of fields move spins too; else nil
	pass     pass     // of crossed
}

// newBench returns one that records what the observables need. A kernel that is
// not ergodic is run in turn with one that is.
func newBench(m models.Model, spec proposals.Spec, of []observables.Observable) *bench {
	b := &bench{model: m, kernels: []proposals.Spec{spec}, records: records, newProbe: observables.NewProbe}
	if _, ok := m.(models.Differentiable); ok {
		b.records, b.tuning = fieldRecords, tuning
	}
	if spec.Ergodic(m) != nil {
		b.kernels = append(b.kernels, helperOf(m))
	}
	source := sourceOf(m)
	if source == observables.NoSource {
		source = observables.FromClusters
	}
	b.columns = observables.Columns(m, of, source)
	return b
}

// group returns chains that are ready to run.
func (b *bench) group(first, chains int, seed uint64) *mc.Group {
	g := mc.NewGroup(first, chains, seed, name(b.model), name(b.kernels[0]))
	states, shown := make([]models.State, chains), make([]models.State, chains)
	crossings := make([]crossing, chains)
	for i := range states {
		states[i] = b.model.NewState(models.Hot, g.Stream(i, "start"))
		if shown[i] = states[i]; b.crossed == nil {
			g.Own(states[i])
			continue
		}
		crossings[i] = b.crossed.build(states[i].(models.Spins), g.Stream(i, "dual"), g.Stream(i, "spins of the dual"))
		shown[i] = crossings[i].Shown()
		g.Own(crossings[i])
	}
	probe := b.newProbe(b.model, b.columns, shown...)
	g.Probe, g.Row = probe, width(b.columns)
	if b.crossed != nil {
		g.Probe = showing{probe, crossings}
	}
	var cycle mc.Cycle
	for i, state := range states {
		if b.crossed != nil {
			stream := func(purpose string) *mc.Stream { return g.Stream(i, purpose) }
			cycle = append(cycle, b.crossed.bind(b.pass, crossings[i], proposals.Chain{Tally: &g.Tally}, stream)...)
			continue
		}
		listener := probe.Listener(i)
		if listener != nil {
			g.Own(listener)
		}
		var own []mc.Kernel
		for n, spec := range b.kernels {
			c := proposals.Chain{State: state, Random: g.Stream(i, "kernel "+strconv.Itoa(n)), Tally: &g.Tally}
			if listener != nil && buildsClusters(b.model, spec) {
				c.Clusters = listener
			}
			own = append(own, spec.Bind(b.model, c))
		}
		if b.mixed {
			own = []mc.Kernel{mc.NewMixture(own, slices.Repeat([]float64{1}, len(own)), g.Stream(i, "mixture"))}
		}
		cycle = append(cycle, own...)
	}
	g.Kernel = cycle
	return g
}

// showing is a probe that brings what is measured up to date before it reads.
type showing struct {
	mc.Probe
	crossings []crossing
}

// Read implements [mc.Probe].
func (p showing) Read(rows []float64) {
	for _, c := range p.crossings {
		c.Show()
	}
	p.Probe.Read(rows)
}

// buildsClusters reports whether a kernel's clusters give improved estimators.
func buildsClusters(m models.Model, spec proposals.Spec) bool {
	builder, ok := spec.(proposals.ClusterBuilder)
	return ok && builder.Clusters(m) == nil
}

// sourceOf returns what improved estimators are averages over whatever the kernel
// is: x of a dual.
func sourceOf(m models.Model) observables.Source {
	if _, ok := m.(models.Dualised); ok {
		return observables.FromDual
	}
	return observables.NoSource
}

// observablesOf returns all registered observables that exist for the model, and
// for a kernel.
func observablesOf(m models.Model, spec proposals.Spec) (of []observables.Observable) {
	for _, o := range observables.All() {
		source := sourceOf(m)
		if buildsClusters(m, spec) {
			source = observables.FromClusters
		}
		if o.Check(m) == nil && o.From(m, source) {
			of = append(of, o)
		}
	}
	return of
}

// rows is a sink that takes rows.
type rows []float64

// Append implements [mc.Sink].
func (r *rows) Append(more []float64) error {
	*r = append(*r, more...)
	return nil
}

// Keep implements [mc.Sink].
func (*rows) Keep(int, []byte) error { return nil }

// Checkpoint implements [mc.Sink].
func (*rows) Checkpoint(*mc.Snapshot) error { return nil }

// run runs a group to the end of a plan and returns its rows.
func run(g *mc.Group, p mc.Plan) (rows, error) {
	p.Checkpoint = 1 << 62 // never
	var r rows
	err := g.Run(context.Background(), p, &r)
	return r, err
}

// An estimator is that of an observable, with the terms of its function and the
// numbers of a row that they depend on.
type estimator struct {
	analysis.Function
	inputs  []int // in the columns of the observable alone, one after the other
	fragile bool  // whether the function is undefined at some means
}

// estimators returns those of an observable, one for each of its points.
func estimators(o observables.Observable, m models.Model) (list []estimator) {
	n := 0
	for _, name := range o.Columns(m) {
		c, _ := observables.FindColumn(name)
		if c.Width == nil {
			n++
		} else {
			n += c.Width(m)
		}
	}
	if o.Estimators == nil {
		for i := range n {
			list = append(list, estimator{Function: first, inputs: []int{i}})
		}
		return list
	}
	for _, e := range o.Estimators(m) {
		x := estimator{Function: first, inputs: slices.Clone(e.Inputs), fragile: e.Undefined != ""}
		if e.Function != nil {
			x.Function = *e.Function
		}
		if e.Inputs == nil {
			for i := range n {
				x.inputs = append(x.inputs, i)
			}
		}
		list = append(list, x)
	}
	return list
}

// first is the mean of the only input.
var first = analysis.Function{
	Terms:    1,
	Term:     func(record, terms []float64) { terms[0] = record[0] },
	Value:    func(means []float64) float64 { return means[0] },
	Gradient: func(_, grad []float64) { grad[0] = 1 },
}
