package engine

import (
	"slices"

	"mcrun/internal/card"
	"mcrun/internal/store"
	"mcrun/mc"
	"mcrun/models"
	"mcrun/proposals/flow"
)

// groups returns how many chains are in each group of the task of a proposal.
func groups(p *card.Point, prop *card.Proposal) []int {
	width := p.Group(prop)
	return slices.Repeat([]int{width}, p.Run.Chains/width)
}

// A target is what the chains of a point share or, of a ladder, those at a rung.
type target struct {
	models.Model
	point *card.Point
	dual  *models.DualOf // of the spins, if some kernel needs it
	flows map[string]*flow.Flow[float32]
}

// prepare returns the target of a point for some of its proposals, with all
// tables and with the flows by which they move.
func prepare(p *card.Point, flows map[string]*flow.Flow[float32], of ...card.Proposal) (*target, error) {
	m, err := p.Prepare()
	if err != nil {
		return nil, err
	}
	t := &target{Model: m, point: p, flows: flows}
	if slices.ContainsFunc(of, func(q card.Proposal) bool { return bridged(&q) }) {
		t.dual, _ = models.NewDualOf(m)
		if err := t.dual.Prepare(); err != nil {
			return nil, err
		}
	}
	return t, nil
}

// bridged reports whether some kernel of a proposal acts on the dual of the
// model's spins.
func bridged(prop *card.Proposal) bool {
	return slices.ContainsFunc(prop.Members, func(m card.Member) bool { return m.Dual })
}

// group builds a group of chains of a proposal that is no ladder, the first of
// which has the number first.
func group(t *target, prop *card.Proposal, first, chains int) (*mc.Group, error) {
	p := t.point
	g := mc.NewGroup(first, chains, p.Seed, p.ModelIdentity(), prop.Identity())
	w, err := newRow(t, prop, p.Columns(prop), g, "")
	if err != nil {
		return nil, err
	}
	g.Kernel = w.kernels(&g.Tally)
	g.Probe, g.Row, g.Check = w, w.width, w.check
	if p.Run.Save > 0 {
		g.Export = w.export
	}
	return g, nil
}

// together returns the kernel that advances all chains of a group.
func together(kernels []mc.Kernel) mc.Kernel {
	if len(kernels) == 1 {
		return kernels[0]
	}
	return mc.Cycle(kernels)
}

// saved returns the layout of the configurations that the chains of a proposal
// keep, those of all rungs if it is a ladder; nil if they keep none.
func saved(p *card.Point, prop *card.Proposal) *store.Configurations {
	if p.Run.Save == 0 {
		return nil
	}
	a := p.Model.(models.Portable).Array()
	if prop.Ladder != nil {
		a.Shape = append([]int{prop.Ladder.Size()}, a.Shape...)
	}
	return &store.Configurations{Type: a.Type, Shape: a.Shape}
}

// plan returns how long so many chains of a point, which are one group, run: by time as
// long as they would one by one, so that no proposal has more of it than another.
func plan(r card.Run, chains int) mc.Plan {
	return mc.Plan{
		Thermalize: r.Thermalize,
		Sweeps:     r.Sweeps,
		Every:      r.Every,
		Seconds:    r.Seconds * float64(chains),
		Save:       r.Save,
		Checkpoint: r.Checkpoint,
	}
}
