package engine

import (
	"slices"
	"strconv"

	"mcrun/internal/card"
	"mcrun/internal/store"
	"mcrun/mc"
	"mcrun/models"
	"mcrun/observables"
	"mcrun/proposals"
)

// groups returns how many chains are in each group of the tasks of a point.
func groups(p *card.Point) []int {
	width := p.Group()
	return slices.Repeat([]int{width}, p.Run.Chains/width)
}

// A target is what the chains of a point share.
type target struct {
	models.Model
	dual *models.DualOf // of the spins, if some kernel of the point needs it
}

// prepare returns the target of a point, with all tables.
func prepare(p *card.Point) (*target, error) {
	m, err := p.Prepare()
	if err != nil {
		return nil, err
	}
	t := &target{Model: m}
	for i := range p.Proposals {
		if bridged(&p.Proposals[i]) && t.dual == nil {
			t.dual, _ = models.NewDualOf(m)
			if err := t.dual.Prepare(); err != nil {
				return nil, err
			}
		}
	}
	return t, nil
}

// bridged reports whether some kernel of a proposal acts on the dual of the
// model's spins.
func bridged(prop *card.Proposal) bool {
	return slices.ContainsFunc(prop.Members, func(m card.Member) bool { return m.Dual })
}

// group builds a group of chains of a proposal, the first of which has the
// number first.
func group(t *target, p *card.Point, prop *card.Proposal, first, chains int) (*mc.Group, error) {
	m := t.Model
	g := mc.NewGroup(first, chains, p.Seed, p.ModelIdentity(), prop.Identity())
	states := make([]models.State, chains)
	for i := range states {
		states[i] = m.NewState(p.Run.Start, g.Stream(i, "start"))
		if p.Run.From != nil {
			if err := p.Run.From.Load(m, states[i], first+i, p.Run.Chains); err != nil {
				return nil, err
			}
		}
	}
	bridges := make([]*bridge, chains)
	shown := slices.Clone(states)
	for i, s := range states {
		if bridged(prop) {
			bridges[i] = newBridge(t.dual, s.(models.Spins), g, i)
			shown[i] = bridges[i].shown
			g.Own(bridges[i])
		} else {
			g.Own(s)
		}
	}
	columns := p.Columns(prop)
	probe := observables.NewProbe(m, columns, shown...)
	var kernels mc.Cycle
	for i, state := range states {
		clusters := probe.Listener(i)
		if clusters != nil {
			g.Own(clusters)
		}
		kernels = append(kernels, kernel(t, p, prop, g, i, state, bridges[i], clusters))
	}
	g.Kernel = kernels
	if chains == 1 {
		g.Kernel = kernels[0]
	}
	g.Check = func() error {
		for i, s := range states {
			var of models.Model = m
			if b := bridges[i]; b != nil && b.current == fieldMoved {
				of, s = t.dual, b.x
			}
			if err := sound(of, s); err != nil {
				return err
			}
		}
		return nil
	}
	g.Probe = probe
	if bridged(prop) {
		g.Probe = showing{probe, bridges}
	}
	for _, c := range columns {
		g.Row += c.Width
	}
	if p.Run.Save > 0 {
		portable := m.(models.Portable)
		g.Export = func(chain int, dst []byte) []byte {
			if b := bridges[chain]; b != nil {
				b.show()
			}
			return portable.Export(shown[chain], dst)
		}
	}
	return g, nil
}

// saved returns the layout of the configurations that the chains of a point
// keep, nil if they keep none.
func saved(p *card.Point) *store.Configurations {
	if p.Run.Save == 0 {
		return nil
	}
	a := p.Model.(models.Portable).Array()
	return &store.Configurations{Type: a.Type, Shape: a.Shape}
}

// kernel builds the kernel whose step is one sweep of a proposal in a chain of
// a group. It tells clusters of those that it builds, unless it is nil.
func kernel(t *target, p *card.Point, prop *card.Proposal, g *mc.Group, chain int, state models.State, b *bridge, clusters *observables.Listener) mc.Kernel {
	var kernels []mc.Kernel
	var weights []float64
	for i, member := range prop.Members {
		kernels = append(kernels, mc.Steps(bind(t, p, member, i, g, chain, state, b, clusters), member.Steps))
		weights = append(weights, member.Weight)
	}
	switch prop.Kind {
	case card.Cycle:
		return mc.Cycle(kernels)
	case card.Mixture:
		return mc.NewMixture(kernels, weights, g.Stream(chain, "mixture"))
	}
	return kernels[0]
}

// bind builds the kernel of member i of a proposal, of which a step is one
// elementary step.
func bind(t *target, p *card.Point, member card.Member, i int, g *mc.Group, chain int, state models.State, b *bridge, clusters *observables.Listener) mc.Kernel {
	c := proposals.Chain{
		State:  state,
		Random: g.Stream(chain, "kernel "+strconv.Itoa(i)),
		Tally:  &g.Tally,
	}
	if clusters != nil && member.Clusters(p) == nil {
		c.Clusters = clusters
	}
	switch {
	case member.Dual:
		c.State = b.x
		return mc.Cycle{before(func() { b.toField(member.Refresh) }), member.Spec.Bind(t.dual, c)}
	case b != nil:
		return mc.Cycle{before(b.toSpins), member.Spec.Bind(t.Model, c)}
	}
	return member.Spec.Bind(t.Model, c)
}

// plan returns how long the chains of a point run.
func plan(r card.Run) mc.Plan {
	return mc.Plan{
		Thermalize: r.Thermalize,
		Sweeps:     r.Sweeps,
		Every:      r.Every,
		Seconds:    r.Seconds,
		Save:       r.Save,
		Checkpoint: r.Checkpoint,
	}
}
