package engine

import (
	"strconv"

	"mcrun/internal/card"
	"mcrun/mc"
	"mcrun/mc/param"
	"mcrun/models"
	"mcrun/observables"
	"mcrun/proposals"
)

// prepare returns a model of its own for the chains of one point, with its
// tables, which are freed with it.
func prepare(p *card.Point) (models.Model, error) {
	entry, _ := models.Find(p.ModelName)
	m := entry.New()
	table := make(map[string]any)
	for _, k := range param.Encode(p.Model) {
		table[k.Key] = k.Value
	}
	if errs := param.Decode(table, m); errs != nil {
		panic("engine: a checked model does not decode: " + errs[0].Error())
	}
	return m, m.Prepare()
}

// group builds the group that holds one chain of a proposal.
func group(m models.Model, p *card.Point, prop *card.Proposal, chain int) *mc.Group {
	g := mc.NewGroup(chain, 1, p.Seed, p.ModelIdentity(), prop.Identity())
	state := m.NewState(p.Run.Start, g.Stream(0, "start"))
	g.Own(state)
	g.Kernel = kernel(m, prop, g, state)
	columns := observables.Columns(p.Observables)
	g.Probe = observables.NewProbe(m, columns, state)
	g.Row = len(columns)
	return g
}

// kernel builds the kernel whose step is one sweep of a proposal.
func kernel(m models.Model, prop *card.Proposal, g *mc.Group, state models.State) mc.Kernel {
	var kernels []mc.Kernel
	var weights []float64
	for i, member := range prop.Members {
		kernels = append(kernels, mc.Steps(bind(m, member, i, g, state), member.Steps))
		weights = append(weights, member.Weight)
	}
	switch prop.Kind {
	case card.Cycle:
		return mc.Cycle(kernels)
	case card.Mixture:
		return mc.NewMixture(kernels, weights, g.Stream(0, "mixture"))
	}
	return kernels[0]
}

// bind builds the kernel of member i of a proposal, of which a step is one
// elementary step.
func bind(m models.Model, member card.Member, i int, g *mc.Group, state models.State) mc.Kernel {
	return member.Spec.Bind(m, proposals.Chain{
		State:  state,
		Random: g.Stream(0, "kernel "+strconv.Itoa(i)),
		Tally:  &g.Tally,
	})
}

// plan returns how long the chains of a point run.
func plan(r card.Run) mc.Plan {
	return mc.Plan{
		Thermalize: r.Thermalize,
		Sweeps:     r.Sweeps,
		Every:      r.Every,
		Seconds:    r.Seconds,
		Checkpoint: r.Checkpoint,
	}
}
