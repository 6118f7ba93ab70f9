package proposals

import (
	"math"
	"math/bits"

	"gonum.org/v1/gonum/floats"

	"mcrun/mc"
	"mcrun/models"
)

// NUTS is the no-U-turn sampler (M. D. Hoffman and A. Gelman, J. Mach. Learn.
// Res. 15, 1593 (2014)): hybrid Monte Carlo that finds the length of its
// trajectories by itself. One step is one trajectory. It grows forwards or
// backwards, drawn at random, by as many leapfrog steps as it has, until it
// turns: until its momentum at one of its ends, or of the ends of one of its
// halves, quarters, ..., points against
//
//	rho = int p dt
//
// over it (M. Betancourt, arXiv:1701.02434, appendix A.4; the integral by the
// trapezoidal rule). Of the states on the way one is drawn with probabilities
// exp(-H), with a bias towards the later ones that leaves the distribution
// invariant (appendix A.3.2).
//
// Nothing is rejected as a whole: a step counts as a proposal that is accepted
// if the state drawn is not the one it started from.
//
// The step is tuned during thermalization, so that min(1, exp(-dH)), averaged
// over the trajectory, is Accept, and constant afterwards; without
// thermalization it is 0.1. A trajectory ends where S is not finite or
// dH > 1000, a divergence.
type NUTS struct {
	Step     *float64 `card:"step" above:"0" doc:"time step; tuned if left out"`
	Accept   float64  `card:"accept" default:"0.8" above:"0" below:"1" doc:"acceptance to which the step is tuned"`
	MaxDepth int      `card:"max_depth" default:"10" min:"1" max:"20" doc:"a trajectory doubles at most so many times"`
}

const (
	nutsAccept = 0.8
	nutsDepth  = 10
)

func init() {
	Register(Entry{
		Name: "nuts",
		Doc:  "no-U-turn sampler (Hoffman and Gelman 2014); one step is one trajectory",
		New:  func() Spec { return new(NUTS) },
	})
}

// Check implements Spec.
func (*NUTS) Check(m models.Model) error { return needFlat(m) }

// Ergodic implements Spec.
func (*NUTS) Ergodic(models.Model) error { return nil }

// Tunes implements [Tuned]. What is tuned is no share of proposals that are
// accepted.
func (k *NUTS) Tunes(models.Model) (keys []string, accept float64) {
	return untold("step", k.Step, 0)
}

// Bind implements Spec.
func (k *NUTS) Bind(m models.Model, c Chain) mc.Kernel {
	model := m.(models.Differentiable)
	dim, depth := model.Dim(), k.MaxDepth
	if depth == 0 {
		depth = nutsDepth
	}
	n := &nuts{
		motion: newMotion(model, c.Random),
		state:  c.State.(models.Field),
		random: c.Random,
		tally:  c.Tally,
		now:    newPlace(dim),
		drawn:  newPlace(dim),
		rho:    make([]float64, dim),
		grown:  make([]float64, dim),
		marks:  make([]mark, depth),
		step:   firstStep,
	}
	for i := range n.ends {
		n.ends[i] = end{newPlace(dim), make([]float64, dim)}
	}
	if k.Step != nil {
		n.step = *k.Step
	} else {
		n.steps = newDualAveraging(acceptOr(k.Accept, nutsAccept), n.step)
	}
	return n
}

// nuts is the no-U-turn sampler on one chain.
type nuts struct {
	motion *motion
	state  models.Field
	random *mc.Stream
	tally  *mc.Tally

	now   place   // the state; while a trajectory grows, the one drawn of it
	drawn place   // the state drawn of the part that grows
	ends  [2]end  // of the trajectory, backwards and forwards in time
	start float64 // H at its beginning
	rho   []float64
	grown []float64 // rho of the part that grows
	marks []mark

	step     float64
	steps    *dualAveraging // nil: the step is not tuned
	frozen   bool
	diverged bool // in the trajectory that grows

	since      float64 // leapfrog steps since the last Tune
	acceptance float64 // sum over these
}

// An end is where a trajectory has got to.
type end struct {
	place
	p []float64
}

// A mark is at the first leaf of a subtree: its momentum, and the sum of the
// momenta before it.
type mark struct {
	p, before []float64
}

// Step makes one trajectory.
func (n *nuts) Step() {
	n.motion.arrive(n.now, n.state)
	n.motion.draw(n.state, n.ends[0].p)
	n.start = n.now.s[0] + n.motion.kinetic(n.ends[0].p)
	for i := range n.ends {
		n.ends[i].copyFrom(n.now)
		copy(n.ends[i].p, n.ends[0].p)
	}
	copy(n.rho, n.ends[0].p)
	weight := 0.0 // logarithm of the sum of exp(H(start) - H)
	n.diverged = false
	moved, cut := 0, true
	for depth := range len(n.marks) {
		forwards := int(bit(n.random.Below(half)))
		more, sound := n.grow(&n.ends[forwards], n.step*float64(2*forwards-1), depth)
		if !sound {
			cut = false
			break
		}
		if n.random.Below(mc.Threshold(expMinus(weight - more))) {
			n.now, n.drawn = n.drawn, n.now
			moved = 1
		}
		weight = logAdd(weight, more)
		floats.Add(n.rho, n.grown)
		if turned(n.ends[0].p, n.ends[1].p, n.rho, nil) {
			cut = false
			break
		}
	}
	n.tally.Add(1, moved)
	n.tally.Trajectory(n.diverged, cut)
	copy(n.state, n.now.x)
}

// grow moves an end on by 2^depth steps, and draws one of the states on the
// way. It returns the logarithm of their weights' sum, and false, before it
// gets there, if one diverges or one of the subtrees turns: those of 2, 4, 8,
// ... leaves that begin at a multiple of their number of leaves.
func (n *nuts) grow(e *end, step float64, depth int) (weight float64, sound bool) {
	weight = math.Inf(-1)
	clear(n.grown)
	for leaf := range uint(1) << depth {
		dH := math.Inf(1)
		if n.motion.run(e.place, e.p, Leapfrog, 1, step) {
			dH = e.s[0] + n.motion.kinetic(e.p) - n.start
		}
		n.since++
		if !(dH <= maxError) {
			n.diverged = true
			return weight, false
		}
		n.acceptance += expMinus(dH)
		weight = logAdd(weight, -dH)
		if n.random.Below(mc.Threshold(expMinus(weight + dH))) {
			n.drawn.copyFrom(e.place)
		}

		// The subtree that begins at an even leaf l has its mark at the number
		// of bits set in l/2, which those that begin later and still grow do
		// not take (D. Phan, N. Pradhan and M. Jankowiak, arXiv:1912.11554).
		at := bits.OnesCount(leaf >> 1)
		if leaf%2 == 0 {
			if depth > 0 {
				n.mark(at, e.p)
			}
			floats.Add(n.grown, e.p)
			continue
		}
		floats.Add(n.grown, e.p)
		for range bits.TrailingZeros(^leaf) {
			if m := n.marks[at]; turned(m.p, e.p, n.grown, m.before) {
				return weight, false
			}
			at--
		}
	}
	return weight, true
}

// mark marks a leaf.
func (n *nuts) mark(at int, p []float64) {
	m := &n.marks[at]
	m.p = append(m.p[:0], p...)
	m.before = append(m.before[:0], n.grown...)
}

// turned reports whether a trajectory with the momenta a and b at its ends
// turns. Its rho is to minus from, nil being 0, where to is the sum of the
// momenta up to and including an end, and from that before the other.
func turned(a, b, to, from []float64) bool {
	var first, last float64
	for i, u := range a {
		v := b[i]
		rho := to[i] - (u+v)/2
		if from != nil {
			rho -= from[i]
		}
		first += u * rho
		last += v * rho
	}
	return !(first > 0 && last > 0)
}

// logAdd returns ln(e^a + e^b).
func logAdd(a, b float64) float64 {
	if a < b {
		a, b = b, a
	}
	if math.IsInf(a, -1) {
		return a
	}
	return a + math.Log1p(math.Exp(b-a))
}

// Tune implements [mc.Tuner].
func (n *nuts) Tune() {
	if n.frozen || n.steps == nil || n.since == 0 {
		return
	}
	n.steps.update(n.acceptance / n.since)
	n.step = math.Exp(n.steps.log)
	n.since, n.acceptance = 0, 0
}

// Freeze implements [mc.Tuner].
func (n *nuts) Freeze() {
	n.frozen = true
	if n.steps != nil {
		n.step = math.Exp(n.steps.mean)
	}
}

// Save implements [mc.Saver].
func (n *nuts) Save(s *mc.Snapshot, prefix string) {
	saveLearned(s, prefix+".tuned", n.learned())
}

// Load implements [mc.Saver].
func (n *nuts) Load(s *mc.Snapshot, prefix string) error {
	return loadLearned(s, prefix+".tuned", n.learned())
}

// learned returns what a checkpoint keeps.
func (n *nuts) learned() []*float64 {
	v := []*float64{&n.step}
	if n.steps != nil {
		v = append(v, n.steps.learned()...)
	}
	return v
}
