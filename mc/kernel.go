package mc

import (
	"math"
	"slices"
)

// A Kernel advances the chains of a group and leaves their target
// distribution invariant: if the chains are distributed by pi before a Step,
// so they are after it.
//
// A Kernel is bound to its model, to the configurations that it changes and
// to its random streams when it is built.
type Kernel interface {
	// Step makes one step in every chain of the group: what a step is, the
	// kernel says (N attempts on single sites, one cluster, one trajectory).
	Step()
}

// A Tuner is a Kernel that adapts parameters of its own, as widths or step
// sizes. Adapting to the past of the chain breaks invariance, so it happens
// during thermalization only.
type Tuner interface {
	Kernel
	// Tune is called after each sweep of thermalization.
	Tune()
	// Freeze is called when thermalization ends, and again after a frozen
	// kernel has been restored from a checkpoint; from then on the
	// parameters are constant.
	Freeze()
}

// A Probe reads what is to be recorded from the chains of a group.
type Probe interface {
	// Read writes a row of values for each chain of the group, one chain
	// after the other. It may draw auxiliary variables, from streams of
	// the group, but changes nothing that a kernel starts from. It is called
	// once for no record when thermalization ends, so that what is averaged
	// between two records leaves thermalization out.
	Read(rows []float64)
}

// A Tally counts proposals and how many of them were accepted, and what befell
// trajectories. Rejection-free kernels count nothing.
type Tally struct {
	Proposed, Accepted uint64

	// Trajectories are those of kernels that follow equations of motion.
	// Diverged of them left where these can be solved: the error of the
	// integration was beyond all bounds, or the action not finite. Cut of them
	// were ended by a bound on their length.
	Trajectories, Diverged, Cut uint64
}

// Add counts proposals.
func (t *Tally) Add(proposed, accepted int) {
	t.Proposed += uint64(proposed)
	t.Accepted += uint64(accepted)
}

// Merge counts what another tally has.
func (t *Tally) Merge(o Tally) {
	t.Proposed += o.Proposed
	t.Accepted += o.Accepted
	t.Trajectories += o.Trajectories
	t.Diverged += o.Diverged
	t.Cut += o.Cut
}

// Trajectory counts a trajectory, whether it diverged, and whether it was cut.
func (t *Tally) Trajectory(diverged, cut bool) {
	t.Trajectories++
	if diverged {
		t.Diverged++
	}
	if cut {
		t.Cut++
	}
}

// Steps returns the kernel whose step is n steps of k. It panics if n < 1.
func Steps(k Kernel, n int) Kernel {
	switch {
	case n < 1:
		panic("mc: fewer than one step")
	case n == 1:
		return k
	}
	return &steps{Cycle{k}, n}
}

type steps struct {
	Cycle
	n int
}

func (s *steps) Step() {
	for range s.n {
		s.Cycle.Step()
	}
}

// A Cycle is a kernel whose step is one step of each of its kernels in turn.
// If each leaves the target invariant so does the cycle, though it is in
// general not reversible where its kernels are. Kernels that tune or hold
// state do so within the cycle.
type Cycle []Kernel

// Step implements Kernel.
func (c Cycle) Step() {
	for _, k := range c {
		k.Step()
	}
}

// Tune implements Tuner.
func (c Cycle) Tune() {
	for _, k := range c {
		if t, ok := k.(Tuner); ok {
			t.Tune()
		}
	}
}

// Freeze implements Tuner.
func (c Cycle) Freeze() {
	for _, k := range c {
		if t, ok := k.(Tuner); ok {
			t.Freeze()
		}
	}
}

// Save implements Saver.
func (c Cycle) Save(s *Snapshot, prefix string) {
	for i, k := range c {
		if k, ok := k.(Saver); ok {
			k.Save(s, member(prefix, i))
		}
	}
}

// Load implements Saver.
func (c Cycle) Load(s *Snapshot, prefix string) error {
	for i, k := range c {
		if k, ok := k.(Saver); ok {
			if err := k.Load(s, member(prefix, i)); err != nil {
				return err
			}
		}
	}
	return nil
}

// A Mixture is a kernel whose step is one step of one of its kernels, drawn
// with probabilities that do not depend on the configuration. It is
// reversible where its kernels are.
type Mixture struct {
	Cycle           // the kernels, which also tune and are saved as in a cycle
	stop   []uint64 // thresholds for kernel i to be drawn if none before it was
	random *Stream
}

// NewMixture returns the mixture that draws kernel i with probability
// weights[i]/sum(weights). It panics if there is no kernel, if the
// lengths differ or a weight is not positive and finite.
func NewMixture(kernels []Kernel, weights []float64, random *Stream) *Mixture {
	if len(kernels) == 0 || len(kernels) != len(weights) {
		panic("mc: a mixture needs one weight for each kernel")
	}
	m := &Mixture{Cycle: kernels, stop: make([]uint64, len(weights)), random: random}
	largest := slices.Max(weights)
	var rest float64 // sum of the weights from i on, the largest being 1
	for i, w := range slices.Backward(weights) {
		if !(w > 0) || math.IsInf(w, 0) {
			panic("mc: a weight of a mixture is not positive and finite")
		}
		w /= largest
		rest += w
		m.stop[i] = Threshold(w / rest)
	}
	return m
}

// Step implements Kernel.
func (m *Mixture) Step() {
	last := len(m.Cycle) - 1
	i := 0
	for i < last && !m.random.Below(m.stop[i]) {
		i++
	}
	m.Cycle[i].Step()
}
