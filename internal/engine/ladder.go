package engine

import (
	"errors"
	"fmt"
	"strconv"

	"mcrun/internal/card"
	"mcrun/mc"
	"mcrun/models"
	"mcrun/observables"
	"mcrun/proposals"
)

// A ladder is what the chains of a tempered task share.
type ladder struct {
	point  *card.Point
	prop   *card.Proposal
	values []float64 // of the key, at the rungs
	rungs  []*target
}

// newLadder returns the ladder of a task with given values at its rungs.
func newLadder(p *card.Point, prop *card.Proposal, values []float64) (*ladder, error) {
	points, err := p.Rungs(prop.Ladder, values)
	if err != nil {
		return nil, err
	}
	l := &ladder{point: p, prop: prop, values: values}
	for _, rung := range points {
		t, err := prepare(rung, nil, *prop)
		if err != nil {
			return nil, err
		}
		l.rungs = append(l.rungs, t)
	}
	return l, nil
}

// thermal reports whether one H serves all rungs, beta alone being different.
func (l *ladder) thermal() bool {
	if !l.prop.Ladder.Thermal() {
		return false
	}
	for i, t := range l.rungs {
		beta := l.values[i]
		if l.prop.Ladder.Key == "temperature" {
			beta = 1 / beta
		}
		if _, ok := t.Model.(models.Energetic); !ok || t.Beta() != beta {
			return false // as of an action, in which the temperature is
		}
	}
	return true
}

// A tempered group is one whose chains are ladders.
type tempered struct {
	*mc.Group
	rows    []*row
	kernels []*proposals.Tempering // of the chains
	columns []observables.Field
	read    [][]float64 // of each row
}

// group builds a group of chains, the first of which has the number first. More
// parts of their identity keep their random streams apart from those of other
// groups.
func (l *ladder) group(first, chains int, more ...string) (*tempered, error) {
	p, prop := l.point, l.prop
	identity := append([]string{p.ModelIdentity(), prop.Identity()}, more...)
	g := &tempered{Group: mc.NewGroup(first, chains, p.Seed, identity...), columns: p.Columns(prop)}
	for r, t := range l.rungs {
		w, err := newRow(t, prop, g.columns, g.Group, " of rung "+strconv.Itoa(r))
		if err != nil {
			return nil, err
		}
		g.rows = append(g.rows, w)
		g.read = append(g.read, make([]float64, chains*w.width))
	}
	g.Own(rungValues(l.values))
	kernels := make([]mc.Kernel, chains)
	for i := range kernels {
		rungs := make([]proposals.Rung, len(g.rows))
		for r, w := range g.rows {
			tally := new(mc.Tally)
			rungs[r] = proposals.Rung{Model: w.Model, State: w.replicas[i].state, Kernel: w.kernel(i, tally), Tally: tally}
			if b := w.replicas[i].bridge; b != nil {
				rungs[r].Before = b.ToSpins
			}
		}
		k := proposals.NewTempering(rungs, l.thermal(), g.Stream(i, "exchange"))
		g.kernels = append(g.kernels, k)
		kernels[i] = mc.Steps(k, prop.Ladder.Steps)
	}
	g.Kernel, g.Probe = together(kernels), g
	g.Check = func() error {
		for r, w := range g.rows {
			if err := w.check(); err != nil {
				return fmt.Errorf("at rung %d (%s = %v): %w", r, prop.Ladder.Key, l.values[r], err)
			}
		}
		return nil
	}
	for _, c := range p.StoredColumns(prop) {
		g.Row += c.Width
	}
	if p.Run.Save > 0 {
		g.Export = func(chain int, dst []byte) []byte {
			for _, w := range g.rows {
				dst = w.export(chain, dst)
			}
			return dst
		}
	}
	return g, nil
}

// Read implements [mc.Probe]: it writes the columns of the chains with the values
// of all rungs beside each other, and those of the ladder.
func (g *tempered) Read(rows []float64) {
	for r, w := range g.rows {
		w.Read(g.read[r])
	}
	for i, k := range g.kernels {
		at := 0
		for _, c := range g.columns {
			for r, w := range g.rows {
				first := i*w.width + at
				rows = rows[copy(rows, g.read[r][first:first+c.Width]):]
			}
			at += c.Width
		}
		pairs := k.Rungs() - 1
		rows[pairs] = k.Read(rows[:pairs])
		rows = rows[pairs+1:]
	}
}

// rungValues are the values of a ladder's key, which checkpoints keep.
type rungValues []float64

const valuesName = "ladder.values"

// Save implements [mc.Saver].
func (v rungValues) Save(s *mc.Snapshot, _ string) { mc.Put(s, valuesName, v) }

// Load implements [mc.Saver].
func (v rungValues) Load(s *mc.Snapshot, _ string) error {
	was := make(rungValues, len(v))
	if err := mc.Get(s, valuesName, was); err != nil {
		return err
	}
	for i := range v {
		if was[i] != v[i] {
			return fmt.Errorf("engine: rung %d is %v in the checkpoint, and %v now", i, was[i], v[i])
		}
	}
	return nil
}

// ladderState is what a checkpoint tells of the ladder of a chain.
type ladderState struct {
	values []float64
	counts proposals.Counts
}

// readLadder returns the state of the ladder of a chain of a group of so many, 0
// being its first.
func readLadder(s *mc.Snapshot, l *card.Ladder, chain, chains int) (ladderState, error) {
	prefix := "kernel" // as Group, Cycle and Steps call the kernel of the chain
	if chains > 1 {
		prefix += "." + strconv.Itoa(chain)
	}
	if l.Steps > 1 {
		prefix += ".0"
	}
	state := ladderState{values: make([]float64, l.Size())}
	counts, err := proposals.TemperingCounts(s, prefix, l.Size())
	state.counts = counts
	return state, errors.Join(err, mc.Get(s, valuesName, state.values))
}
