package engine

import (
	"mcrun/mc"
	"mcrun/models"
)

// A bridge is a chain of which spins and the numbers of their continuous dual
// take turns: kernels of spins and kernels of fields act on their own
// representation, and each is drawn from the other when it is needed and out of
// date.
type bridge struct {
	dual    *models.Dual
	spins   models.Spins
	x       models.Field
	shown   models.Spins // what is measured
	random  *mc.Stream   // for what kernels go on with
	measure *mc.Stream   // for what is measured and nothing else depends on
	current current
	fresh   bool // whether shown is of the present state
}

// current says which representation a kernel has moved last.
type current uint8

const (
	spinsMoved current = iota // x is to be drawn from the spins
	fieldMoved                // the spins are to be drawn from x
)

var _ mc.Saver = (*bridge)(nil)

// newBridge returns the bridge of a chain that begins with spins, with its random
// streams.
func newBridge(dual *models.DualOf, spins models.Spins, random, measure *mc.Stream) *bridge {
	return &bridge{
		dual:    dual.Dual,
		spins:   spins,
		x:       dual.NewState("", nil).(models.Field),
		shown:   make(models.Spins, len(spins)),
		random:  random,
		measure: measure,
	}
}

// toSpins makes the spins those of the chain, before a kernel moves them.
func (b *bridge) toSpins() {
	if b.current == fieldMoved {
		b.dual.SampleSpins(b.x, b.spins, b.random)
	}
	b.current = spinsMoved
	b.fresh = false
}

// toField makes x that of the chain, before a kernel moves it. With refresh it
// is drawn anew from spins in any case, which are drawn from it.
func (b *bridge) toField(refresh bool) {
	if refresh {
		b.toSpins()
	}
	if b.current == spinsMoved {
		b.dual.SampleX(b.spins, b.x, b.random)
	}
	b.current = fieldMoved
	b.fresh = false
}

// show brings what is measured up to date.
func (b *bridge) show() {
	if b.fresh {
		return
	}
	if b.current == fieldMoved {
		b.dual.SampleSpins(b.x, b.shown, b.measure)
	} else {
		copy(b.shown, b.spins)
	}
	b.fresh = true
}

// Save implements mc.Saver.
func (b *bridge) Save(s *mc.Snapshot, prefix string) {
	b.spins.Save(s, prefix)
	b.x.Save(s, prefix)
	mc.Put(s, prefix+".current", []uint8{uint8(b.current)})
}

// Load implements mc.Saver.
func (b *bridge) Load(s *mc.Snapshot, prefix string) error {
	if err := b.spins.Load(s, prefix); err != nil {
		return err
	}
	if err := b.x.Load(s, prefix); err != nil {
		return err
	}
	state := []uint8{0}
	err := mc.Get(s, prefix+".current", state)
	b.current, b.fresh = current(state[0]), false
	return err
}

// before is a kernel that does something and changes no configuration's
// distribution.
type before func()

// Step implements mc.Kernel.
func (f before) Step() { f() }
