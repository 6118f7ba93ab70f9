package engine

import (
	"strconv"

	"mcrun/internal/card"
	"mcrun/mc"
	"mcrun/models"
	"mcrun/observables"
	"mcrun/proposals"
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
	state  models.State
	bridge *bridge      // where kernels act on the dual; else nil
	shown  models.State // what is measured
}

// newRow returns the chains of a group as they begin at a target.
func newRow(t *target, prop *card.Proposal, columns []observables.Field, g *mc.Group, suffix string) (*row, error) {
	w := &row{target: t, prop: prop, group: g, suffix: suffix, replicas: make([]replica, g.Chains()), columns: columns}
	from := t.point.Run.From
	for i := range w.replicas {
		x := &w.replicas[i]
		x.state = t.NewState(t.point.Run.Start, w.stream(i, "start"))
		if from != nil {
			if err := from.Load(t.Model, x.state, g.First()+i, t.point.Run.Chains); err != nil {
				return nil, err
			}
		}
		if x.shown = x.state; bridged(prop) {
			x.bridge = newBridge(t.dual, x.state.(models.Spins), w.stream(i, "dual"), w.stream(i, "spins of the dual"))
			x.shown = x.bridge.shown
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
		x.bridge.show()
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
		if b := x.bridge; b != nil && b.current == fieldMoved {
			m, s = w.dual, b.x
		}
		if err := sound(m, s); err != nil {
			return err
		}
	}
	return w.found
}

// kernel builds the kernel of a chain whose step is one sweep of the proposal or,
// of a ladder, what is done at a rung in one round. It counts in tally, and tells
// the probe of the clusters that it builds, if there is something averaged over
// them.
func (w *row) kernel(chain int, tally *mc.Tally) mc.Kernel {
	clusters := w.probe.Listener(chain)
	if clusters != nil {
		w.group.Own(clusters)
	}
	var kernels []mc.Kernel
	var weights []float64
	for i, member := range w.prop.Members {
		kernels = append(kernels, mc.Steps(w.bind(member, i, chain, tally, clusters), member.Steps))
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

// bind builds the kernel of member i of the proposal, of which a step is one
// elementary step.
func (w *row) bind(member card.Member, i, chain int, tally *mc.Tally, clusters *observables.Listener) mc.Kernel {
	x := &w.replicas[chain]
	c := proposals.Chain{
		State:  x.state,
		Random: w.stream(chain, "kernel "+strconv.Itoa(i)),
		Tally:  tally,
	}
	if clusters != nil && member.Clusters(w.point) == nil {
		c.Clusters = clusters
	}
	b := x.bridge
	switch {
	case member.Dual:
		c.State = b.x
		return mc.Cycle{before(func() { b.toField(member.Refresh) }), member.Spec.Bind(w.dual, c)}
	case b != nil:
		return mc.Cycle{before(b.toSpins), member.Spec.Bind(w.Model, c)}
	}
	return member.Spec.Bind(w.Model, c)
}
