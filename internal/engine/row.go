package engine

import (
	"slices"
	"strconv"

	"mcrun/internal/card"
	"mcrun/mc"
	"mcrun/models"
	"mcrun/observables"
	"mcrun/proposals"
	"mcrun/proposals/flow"
)

// A row is the chains of a group at one target: that of its point, or one of the
// rungs of a ladder. It is the probe that reads them.
type row struct {
	*target
	prop     *card.Proposal
	group    *mc.Group
	suffix   string // of the purposes of random streams
	width    int    // numbers that are read off a chain
	probe    *observables.Probe
	replicas []replica // of the chains
	columns  []observables.Field
	found    error // what is wrong with a record
}

// A replica is a configuration.
type replica struct {
	state    models.State
	bridge   *proposals.Bridge // where kernels act on the dual; else nil
	shown    models.State      // what is measured
	expected []float64         // what spins of a bridge are expected to be, if that is measured
}

// newRow returns the chains of a group as they begin at a target.
func newRow(t *target, prop *card.Proposal, columns []observables.Field, g *mc.Group, suffix string) (*row, error) {
	w := &row{target: t, prop: prop, group: g, suffix: suffix, replicas: make([]replica, g.Chains()), columns: columns}
	from := t.point.Run.From
	improved := slices.ContainsFunc(columns, func(f observables.Field) bool {
		c, _ := observables.FindColumn(f.Name)
		return c.Dual != nil
	})
	for i := range w.replicas {
		x := &w.replicas[i]
		x.state = t.NewState(t.point.Run.Start, w.stream(i, "start"))
		if from != nil {
			if err := from.Load(t.Model, x.state, g.First()+i, t.point.Run.Chains); err != nil {
				return nil, err
			}
		}
		if x.shown = x.state; bridged(prop) {
			x.bridge = proposals.NewBridge(t.dual, x.state.(models.Spins), w.stream(i, "dual"), w.stream(i, "spins of the dual"))
			x.shown = x.bridge.Shown()
			if improved {
				x.expected = x.bridge.Expect(w.stream(i, "numbers of the dual"))
			}
			g.Own(x.bridge)
		} else {
			g.Own(x.state)
		}
	}
	w.probe = observables.NewProbe(t.Model, columns, w.shown()...)
	for _, c := range columns {
		w.width += c.Width
	}
	return w, nil
}

// shown returns what is measured of each chain.
func (w *row) shown() []models.State {
	list := make([]models.State, len(w.replicas))
	for i, x := range w.replicas {
		list[i] = x.shown
		if x.expected != nil {
			list[i] = observables.Bridged{State: x.shown, Expected: x.expected}
		}
	}
	return list
}

// stream returns a random stream of a chain.
func (w *row) stream(chain int, purpose string) *mc.Stream {
	return w.group.Stream(chain, purpose+w.suffix)
}

// Read implements [mc.Probe].
func (w *row) Read(rows []float64) {
	for i := range w.replicas {
		w.replicas[i].show()
	}
	w.probe.Read(rows)
	w.watch(rows)
}

// watch notes when a recorded energy or action is not finite.
func (w *row) watch(rows []float64) {
	for len(rows) > 0 {
		for _, c := range w.columns {
			if v := rows[0]; !finite(v) && (c.Name == "energy" || c.Name == "action") {
				w.found = unsound(c.Name, v)
			}
			rows = rows[c.Width:]
		}
	}
}

// show brings what is measured up to date.
func (x *replica) show() {
	if x.bridge != nil {
		x.bridge.Show()
	}
}

// export appends the configuration of a chain to dst.
func (w *row) export(chain int, dst []byte) []byte {
	x := &w.replicas[chain]
	x.show()
	return w.Model.(models.Portable).Export(x.shown, dst)
}

// check says what is wrong with the configurations as they are, or with what was
// recorded of them.
func (w *row) check() error {
	for _, x := range w.replicas {
		var m models.Model = w.Model
		s := x.state
		if b := x.bridge; b != nil && b.FieldMoved() {
			m, s = w.dual, b.X()
		}
		if err := sound(m, s); err != nil {
			return err
		}
	}
	return w.found
}

// kernels builds the kernel of all chains, whose step is one sweep of the proposal
// in each. It counts in tally.
func (w *row) kernels(tally *mc.Tally) mc.Kernel {
	all := make([]mc.Kernel, len(w.replicas))
	if !slices.ContainsFunc(w.prop.Members, card.Member.Batches) {
		for i := range all {
			all[i] = w.kernel(i, tally)
		}
		return together(all)
	}
	// The chains take the turns of the members together.
	clusters := make([]*observables.Listener, len(all))
	for i := range clusters {
		clusters[i] = w.listen(i)
	}
	return w.turns(0, func(member card.Member, n int) mc.Kernel {
		if member.Batches() {
			return w.bindAll(member, n, tally)
		}
		own := make([]mc.Kernel, len(w.replicas))
		for i := range own {
			own[i] = w.bind(member, n, i, tally, clusters[i])
		}
		return together(own)
	})
}

// kernel builds the kernel of a chain whose step is one sweep of the proposal or,
// of a ladder, what is done at a rung in one round. It counts in tally.
func (w *row) kernel(chain int, tally *mc.Tally) mc.Kernel {
	clusters := w.listen(chain)
	return w.turns(chain, func(member card.Member, n int) mc.Kernel {
		return w.bind(member, n, chain, tally, clusters)
	})
}

// listen returns what averages over the clusters of a chain, or nil if nothing does.
func (w *row) listen(chain int) *observables.Listener {
	clusters := w.probe.Listener(chain)
	if clusters != nil {
		w.group.Own(clusters)
	}
	return clusters
}

// turns builds the kernel whose step is one pass of the proposal, or one draw of
// it, with random numbers of a chain.
func (w *row) turns(chain int, bind func(member card.Member, n int) mc.Kernel) mc.Kernel {
	var kernels []mc.Kernel
	var weights []float64
	for n, member := range w.prop.Members {
		kernels = append(kernels, mc.Steps(bind(member, n), member.Steps))
		weights = append(weights, member.Weight)
	}
	switch w.prop.Kind {
	case card.Cycle:
		return mc.Cycle(kernels)
	case card.Mixture:
		return mc.NewMixture(kernels, weights, w.stream(chain, "mixture"))
	}
	return kernels[0]
}

// spec returns the kernel of a member, with the flow by which it moves if it is
// learned.
func (w *row) spec(member card.Member) proposals.Spec {
	if l, ok := member.Spec.(flow.Learned); ok {
		return l.WithFlow(w.flows[l.FlowName()])
	}
	return member.Spec
}

// bindAll builds the kernel of member n of the proposal that moves all chains in one
// batch.
func (w *row) bindAll(member card.Member, n int, tally *mc.Tally) mc.Kernel {
	purpose := "kernel " + strconv.Itoa(n)
	chains := make([]proposals.Chain, len(w.replicas))
	var bridges []*proposals.Bridge
	for i, x := range w.replicas {
		chains[i] = proposals.Chain{State: x.state, Random: w.stream(i, purpose), Tally: tally}
		if member.Dual {
			chains[i].State = x.bridge.X()
		}
		if x.bridge != nil {
			bridges = append(bridges, x.bridge)
		}
	}
	shared := w.stream(0, purpose+" of all chains")
	model := models.Model(w.Model)
	if member.Dual {
		model = w.dual
	}
	kernel := w.spec(member).(proposals.Batched).BindAll(model, chains, shared)
	switch {
	case member.Dual:
		return proposals.OnField(kernel, member.Refresh, bridges...)
	case bridges != nil:
		return proposals.OnSpins(kernel, bridges...)
	}
	return kernel
}

// bind builds the kernel of member n of the proposal for one chain, of which a step
// is one elementary step. It tells clusters of those that it builds, if that is not
// nil.
func (w *row) bind(member card.Member, n, chain int, tally *mc.Tally, clusters *observables.Listener) mc.Kernel {
	x := &w.replicas[chain]
	c := proposals.Chain{
		State:  x.state,
		Random: w.stream(chain, "kernel "+strconv.Itoa(n)),
		Tally:  tally,
	}
	if clusters != nil && member.Clusters(w.point) == nil {
		c.Clusters = clusters
	}
	spec := w.spec(member)
	b := x.bridge
	switch {
	case member.Dual:
		c.State = b.X()
		return proposals.OnField(spec.Bind(w.dual, c), member.Refresh, b)
	case b != nil:
		return proposals.OnSpins(spec.Bind(w.Model, c), b)
	}
	return spec.Bind(w.Model, c)
}
