package proposals

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/floats"

	"mcrun/mc"
	"mcrun/models"
)

// PCN is the preconditioned Crank-Nicolson algorithm (S. L. Cotter, G. O.
// Roberts, A. M. Stuart and D. White, Stat. Sci. 28, 424 (2013)). One step is
// one proposal,
//
//	x' = sqrt(1 - w^2) x + w xi,   xi ~ Normal(0, C),
//
// which leaves the Gaussian reference Normal(0, C) as it is, and is accepted
// with probability
//
//	min(1, exp(Phi(x) - Phi(x'))),   Phi(x) = S(x) - x C^-1 x/2,
//
// for the part of the action that the reference lacks. No gradient is needed.
//
// For fields of one component on a lattice ([models.FieldCoupled]) the reference
// is the free field nearest to the action, which takes phi^4 at its mean over
// the reference itself, phi^4 -> 6 <phi^2> phi^2 (Hartree):
//
//	1/C(k) = 2 (A' - K sum_mu cos k_mu),   A' = A + 6 B <phi^2>.
//
// A Gaussian model is so drawn anew where w = 1, and for weak couplings the
// acceptance does not suffer from a finer lattice; for strong ones the kernel is
// slow. For other models C = <x^2>, alike for all coordinates, as measured
// during thermalization and constant afterwards; without thermalization C = 1.
//
// The width w is tuned during thermalization, so that the acceptance is Accept,
// and constant afterwards. Without thermalization it is 0.1.
type PCN struct {
	Width  *float64 `card:"width" above:"0" max:"1" doc:"weight of the new draw; tuned if left out"`
	Accept float64  `card:"accept" default:"0.3" above:"0" below:"1" doc:"acceptance to which the width is tuned"`
}

const pcnAccept = 0.3

func init() {
	Register(Entry{
		Name: "pcn",
		Doc:  "preconditioned Crank-Nicolson (Cotter et al. 2013); one step is one proposal",
		New:  func() Spec { return new(PCN) },
	})
}

// Check implements Spec.
func (*PCN) Check(m models.Model) error { return needFlat(m) }

// Ergodic implements Spec.
func (*PCN) Ergodic(models.Model) error { return nil }

// Reversible implements [Reversible].
func (*PCN) Reversible(models.Model) bool { return true }

// Tunes implements [Tuned].
func (k *PCN) Tunes(models.Model) (keys []string, accept float64) {
	return untold("width", k.Width, acceptOr(k.Accept, pcnAccept))
}

// Bind implements Spec.
func (k *PCN) Bind(m models.Model, c Chain) mc.Kernel {
	model := m.(models.Differentiable)
	p := &pcn{
		model:     model,
		state:     c.State.(models.Field),
		random:    c.Random,
		tally:     c.Tally,
		reference: newFourierNormal(nil),
		now:       make(models.Field, model.Dim()),
		next:      make(models.Field, model.Dim()),
		buffer:    make([]float64, model.Dim()),
		action:    make([]float64, 1),
		width:     firstStep,
	}
	sides, err := needFourier(m)
	if f, ok := m.(models.FieldCoupled); ok && err == nil {
		p.reference = hartreeField(sides, f.FieldCouplings())
	} else {
		p.fit = newFreeFit(nil)
	}
	if k.Width != nil {
		p.width = *k.Width
	} else {
		p.widths = newDualAveraging(acceptOr(k.Accept, pcnAccept), p.width)
	}
	return p
}

// hartreeField returns the free field nearest to an action. With g the lowest
// eigenvalue of its quadratic part, <phi^2> falls as g grows, so that
//
//	g = A - K d + least + 6 B <phi^2>(g),   least = min_k K khat^2/2,
//
// has one solution above 0, which is found by bisection.
func hartreeField(sides []int, c models.FieldCouplings) *fourierNormal {
	f := newFourierNormal(sides)
	least := min(0, c.K*slices.Max(f.khat)/2)
	variance := func(g float64) func(khat float64) float64 {
		return func(khat float64) float64 { return 1 / (2 * (g - least + c.K*khat/2)) }
	}
	bare := c.A - c.K*float64(len(sides)) + least
	excess := func(g float64) float64 { return g - bare - 6*c.B*f.mean(variance(g)) }
	low, high := 1.0, 1.0
	for excess(low) > 0 {
		low /= 2
	}
	for excess(high) < 0 {
		high *= 2
	}
	for {
		middle := (low + high) / 2
		if middle <= low || middle >= high {
			break
		}
		if excess(middle) < 0 {
			low = middle
		} else {
			high = middle
		}
	}
	f.set(variance(high))
	return f
}

// pcn is preconditioned Crank-Nicolson on one chain.
type pcn struct {
	model  models.Differentiable
	state  models.Field
	random *mc.Stream
	tally  *mc.Tally

	reference *fourierNormal
	fit       *freeFit // nil: the reference is known
	width     float64
	widths    *dualAveraging // nil: the width is not tuned
	frozen    bool

	known      bool         // whether phi is that of now
	now, next  models.Field // the state, and the proposal
	phi        float64      // Phi of now
	buffer     []float64
	action     []float64
	since      float64 // proposals since the last Tune
	acceptance float64 // sum over these
}

// Step makes one proposal.
func (p *pcn) Step() {
	if !p.known || !slices.Equal(p.now, p.state) {
		copy(p.now, p.state)
		p.phi = p.excess(p.now)
		p.known = true
	}
	p.reference.draw(p.next, p.random)
	keep := math.Sqrt(1 - p.width*p.width)
	for i, v := range p.now {
		p.next[i] = keep*v + p.width*p.next[i]
	}
	phi := p.excess(p.next)
	var acceptance float64
	if d := phi - p.phi; !math.IsNaN(d) {
		acceptance = math.Min(1, math.Exp(-d))
	}
	p.since++
	p.acceptance += acceptance
	if !p.random.Below(mc.Threshold(acceptance)) {
		p.tally.Add(1, 0)
		return
	}
	p.tally.Add(1, 1)
	p.now, p.next, p.phi = p.next, p.now, phi
	copy(p.state, p.now)
}

// excess returns Phi.
func (p *pcn) excess(x models.Field) float64 {
	p.model.Action(x, p.action)
	p.reference.inverse(p.buffer, x)
	return p.action[0] - floats.Dot(x, p.buffer)/2
}

// Tune implements [mc.Tuner].
func (p *pcn) Tune() {
	if p.frozen || p.since == 0 {
		return
	}
	if p.widths != nil {
		p.widths.update(p.acceptance / p.since)
		p.width = math.Min(1, math.Exp(p.widths.log))
	}
	p.since, p.acceptance = 0, 0
	if p.fit != nil && p.fit.add(p.state) {
		p.refer()
	}
}

// Freeze implements [mc.Tuner].
func (p *pcn) Freeze() {
	p.frozen = true
	if p.widths != nil {
		p.width = math.Min(1, math.Exp(p.widths.mean))
	}
}

// refer gives the reference the variance that was measured.
func (p *pcn) refer() {
	p.reference.set(func(float64) float64 { return p.fit.square })
	p.known = false
}

// Save implements [mc.Saver].
func (p *pcn) Save(s *mc.Snapshot, prefix string) {
	saveLearned(s, prefix+".tuned", p.learned())
}

// Load implements [mc.Saver].
func (p *pcn) Load(s *mc.Snapshot, prefix string) error {
	err := loadLearned(s, prefix+".tuned", p.learned())
	if p.fit != nil {
		p.refer()
	}
	return err
}

// learned returns what a checkpoint keeps.
func (p *pcn) learned() []*float64 {
	v := []*float64{&p.width}
	if p.fit != nil {
		v = append(v, p.fit.learned()...)
	}
	if p.widths != nil {
		v = append(v, p.widths.learned()...)
	}
	return v
}
