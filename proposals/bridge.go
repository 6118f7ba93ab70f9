package proposals

import (
	"fmt"

	"mcrun/mc"
	"mcrun/models"
)

// A Bridge is a chain of which two-valued spins and the numbers of their continuous
// dual ([models.Dual]) take turns: kernels of spins move [Bridge.Spins], kernels of
// fields [Bridge.X], and each is drawn from the other when it is needed and out of
// date. As
//
//	pi(s, x) = pi(s) pi(x | s) = pi(x) pi(s | x),
//
// either draw leads from the distribution of one to that of the other, so that what
// leaves the distribution of s or of x invariant does so in turn with the other.
// [OnSpins] and [OnField] make kernels that draw what they need:
//
//	b := proposals.NewBridge(dual, spins, random, measure)
//	k := mc.Cycle{
//		proposals.OnField(new(proposals.HMC).Bind(dual, proposals.Chain{State: b.X(), Random: r, Tally: &t}), false, b),
//		proposals.OnSpins(new(proposals.Wolff).Bind(m, proposals.Chain{State: b.Spins(), Random: r, Tally: &t}), b),
//	}
//
// What is measured is [Bridge.Shown], spins that are drawn from x by a random stream
// of their own: whether and when a chain is measured changes nothing in it.
type Bridge struct {
	dual    *models.Dual
	spins   models.Spins
	x       models.Field
	shown   models.Spins
	random  *mc.Stream // for what kernels go on with
	measure *mc.Stream // for what is shown, on which nothing else depends

	expected []float64    // E[s | x], if that is shown too; else nil
	seen     models.Field // x drawn for it where spins have moved last
	see      *mc.Stream   // for seen, on which nothing else depends

	current current
	fresh   bool // whether shown is of the present state
}

// current says which representation a kernel has moved last.
type current uint8

const (
	spinsMoved current = iota // x is to be drawn from the spins
	fieldMoved                // the spins are to be drawn from x
)

var _ mc.Saver = (*Bridge)(nil)

// NewBridge returns the bridge of a chain that begins with spins, which it goes on
// using, and its prepared dual. What kernels go on with is drawn with random, what is
// shown with measure; the two must be different streams.
func NewBridge(dual *models.DualOf, spins models.Spins, random, measure *mc.Stream) *Bridge {
	if random == measure {
		panic("proposals: a bridge that measures with the random numbers of its chain")
	}
	return &Bridge{
		dual:    dual.Dual,
		spins:   spins,
		x:       make(models.Field, len(spins)),
		shown:   make(models.Spins, len(spins)),
		random:  random,
		measure: measure,
	}
}

// Spins returns what kernels of spins change in place, after [Bridge.ToSpins].
func (b *Bridge) Spins() models.Spins { return b.spins }

// X returns what kernels of fields change in place, after [Bridge.ToField].
func (b *Bridge) X() models.Field { return b.x }

// Shown returns the spins that are measured. They are those of the present state
// after [Bridge.Show], and to be read only.
func (b *Bridge) Shown() models.Spins { return b.shown }

// Expect makes the bridge show beside the spins what they are expected to be given x,
// E[s_i | x], in what it returns, to be read only, after [Bridge.Show]. Where kernels
// of spins have moved last x is out of date, and a new one is drawn from the spins
// with see, a stream on which nothing else depends.
func (b *Bridge) Expect(see *mc.Stream) []float64 {
	b.expected, b.seen, b.see = make([]float64, len(b.spins)), make(models.Field, len(b.spins)), see
	return b.expected
}

// FieldMoved reports whether a kernel has moved x last, so that the chain is x at
// present, and not spins.
func (b *Bridge) FieldMoved() bool { return b.current == fieldMoved }

// ToSpins makes the spins those of the chain, before a kernel moves them.
func (b *Bridge) ToSpins() {
	if b.current == fieldMoved {
		b.dual.SampleSpins(b.x, b.spins, b.random)
	}
	b.current = spinsMoved
	b.fresh = false
}

// ToField makes x that of the chain, before a kernel moves it. With refresh it is
// drawn anew from spins in any case, which are drawn from it.
func (b *Bridge) ToField(refresh bool) {
	if refresh {
		b.ToSpins()
	}
	if b.current == spinsMoved {
		b.dual.SampleX(b.spins, b.x, b.random)
	}
	b.current = fieldMoved
	b.fresh = false
}

// Show brings what is measured up to date.
func (b *Bridge) Show() {
	if b.fresh {
		return
	}
	x := b.x
	if b.current == fieldMoved {
		b.dual.SampleSpins(b.x, b.shown, b.measure)
	} else {
		copy(b.shown, b.spins)
		if x = b.seen; x != nil {
			b.dual.SampleX(b.spins, x, b.see)
		}
	}
	if b.expected != nil {
		b.dual.Expect(x, b.expected)
	}
	b.fresh = true
}

// OnSpins returns the kernel that makes the spins of bridges those of their chains,
// and then a step of k, which is bound to them.
func OnSpins(k mc.Kernel, bridges ...*Bridge) mc.Kernel {
	return mc.Cycle{before(func() {
		for _, b := range bridges {
			b.ToSpins()
		}
	}), k}
}

// OnField returns the kernel that makes the x of bridges those of their chains, with
// refresh drawn anew, and then a step of k, which is bound to them.
func OnField(k mc.Kernel, refresh bool, bridges ...*Bridge) mc.Kernel {
	return mc.Cycle{before(func() {
		for _, b := range bridges {
			b.ToField(refresh)
		}
	}), k}
}

// before is a kernel that does something and changes no configuration's
// distribution.
type before func()

// Step implements mc.Kernel.
func (f before) Step() { f() }

// Save implements [mc.Saver]. The random streams are not part of it.
func (b *Bridge) Save(s *mc.Snapshot, prefix string) {
	b.spins.Save(s, prefix)
	b.x.Save(s, prefix)
	mc.Put(s, prefix+".current", []uint8{uint8(b.current)})
}

// Load implements [mc.Saver].
func (b *Bridge) Load(s *mc.Snapshot, prefix string) error {
	if err := b.spins.Load(s, prefix); err != nil {
		return err
	}
	if err := b.x.Load(s, prefix); err != nil {
		return err
	}
	state := []uint8{0}
	if err := mc.Get(s, prefix+".current", state); err != nil {
		return err
	}
	b.current, b.fresh = current(state[0]), false
	if b.current > fieldMoved {
		return fmt.Errorf("proposals: array %q of the snapshot is %d; expected 0 or 1", prefix+".current", b.current)
	}
	return nil
}
