package flow

import (
	"errors"
	"slices"

	"mcrun/mc"
	"mcrun/models"
	"mcrun/proposals"
	"mcrun/proposals/flow/kern"
)

// LatentHMC is hybrid Monte Carlo on the latent variables of a flow (M. Hoffman et
// al., arXiv:1903.03704): with x = h g(z), one step is a trajectory of
//
//	U(z) = S(h g(z)) - ln p(z) + ln q_G(h g(z))
//
// at fixed h, for which z is as simple as the prior is, up to what the flow has
// missed. Without symmetries U is S(g(z)) less the logarithm of |det dg/dz|. It is
// accepted, tuned and counted as that of [proposals.HMC], whose keys it has; the
// quantity the jumps of which tune the length is |sum z|^2.
//
// # Symmetries
//
// Before each trajectory h is drawn from its responsibility q(h^-1 x)/(|G| q_G(x)),
// which leaves x where it is and is exact at any time. So a chain goes from the
// part of the configurations that g covers to that which h g does, where the two
// overlap. Where they do not, as where g has one of two modes of the target, it goes
// by k x in place of x, which in every second step or so is tried first, with a k
// drawn from the group, and accepted with the probability min(1, pi(k x)/pi(x)): 1
// if the target has the symmetry. It does not count as a proposal. Modes that a
// trajectory does not cross and the group does not connect need a cycle with the
// kernel flow, or one of spins.
//
// # Batches
//
// The trajectories of all chains of a proposal make their steps at the same time,
// as many in each, so that a gradient is one of a batch: that of 16 chains takes no
// longer than that of one. Step and length are common to all.
//
// # Rounding
//
// The flow's numbers are float32. A trajectory and back ends within some 1e-5 times
// its length in steps of where it began, and H is known to some 1e-7 times the size
// of the terms that are summed in it, 1e-4 at a thousand sites, by which the
// acceptance is wrong. With float64 all is reversible to 1e-12, as tests show. What
// is rejected leaves x as it was, to the bit.
type LatentHMC struct {
	Flow       string               `card:"flow" doc:"flow whose latent variables move: the NAME of a table [flow.NAME]"`
	Integrator proposals.Integrator `card:"integrator" default:"minimum-norm" oneof:"leapfrog minimum-norm" doc:"how the equations of motion are solved"`
	Step       *float64             `card:"step" above:"0" doc:"time step; tuned if left out"`
	Length     *float64             `card:"length" above:"0" doc:"time of a trajectory; tuned if left out"`
	Jitter     float64              `card:"jitter" default:"0.2" min:"0" below:"1" doc:"the time is drawn within this fraction of the length"`
	Accept     float64              `card:"accept" default:"0.8" above:"0" below:"1" doc:"acceptance to which the step is tuned"`

	flow *Flow[float32]
}

var (
	_ Learned              = (*LatentHMC)(nil)
	_ proposals.Batched    = (*LatentHMC)(nil)
	_ proposals.Reversible = (*LatentHMC)(nil)
	_ proposals.Tuned      = (*LatentHMC)(nil)
)

func init() {
	proposals.Register(proposals.Entry{
		Name: "latent-hmc",
		Doc:  "hybrid Monte Carlo on the latent variables of a trained flow; one step is one trajectory, with images under its symmetry",
		New:  func() proposals.Spec { return new(LatentHMC) },
	})
}

// hmc returns the kernel that moves the latent variables.
func (k *LatentHMC) hmc() *proposals.HMC {
	return &proposals.HMC{Integrator: k.Integrator, Step: k.Step, Length: k.Length, Jitter: k.Jitter, Accept: k.Accept}
}

// Validate checks what the keys say together.
func (k *LatentHMC) Validate() error { return k.hmc().Validate() }

// Check implements [proposals.Spec].
func (k *LatentHMC) Check(m models.Model) error { return checkTarget(m, k.flow, k.Suits) }

// Suits implements [Learned].
func (*LatentHMC) Suits(*Spec) error { return nil }

// Ergodic implements [proposals.Spec].
func (*LatentHMC) Ergodic(models.Model) error { return nil }

// Reversible implements [proposals.Reversible]. A step is an image tried, h drawn,
// and then a trajectory: one after the other.
func (*LatentHMC) Reversible(models.Model) bool { return false }

// Images reports whether a step may go to an image of a configuration as well, which
// is not counted: what was rejected then may have moved.
func (k *LatentHMC) Images() bool { return k.flow != nil && len(k.flow.group) > 1 }

// Tunes implements [proposals.Tuned].
func (k *LatentHMC) Tunes(m models.Model) (keys []string, accept float64) { return k.hmc().Tunes(m) }

// FlowName implements [Learned].
func (k *LatentHMC) FlowName() string { return k.Flow }

// WithFlow implements [Learned].
func (k *LatentHMC) WithFlow(f *Flow[float32]) proposals.Spec {
	bound := *k
	bound.flow = f
	return &bound
}

// Batches implements [proposals.Batched].
func (*LatentHMC) Batches() bool { return true }

// Bind implements [proposals.Spec].
func (k *LatentHMC) Bind(m models.Model, c proposals.Chain) mc.Kernel {
	return k.BindAll(m, []proposals.Chain{c}, c.Random)
}

// BindAll implements [proposals.Batched].
func (k *LatentHMC) BindAll(m models.Model, chains []proposals.Chain, shared *mc.Stream) mc.Kernel {
	if k.flow == nil {
		panic(noFlow)
	}
	return newLatentHMC(k, k.flow, m.(models.Differentiable), chains, shared)
}

// latentHMC is hybrid Monte Carlo on the latent variables of each chain.
type latentHMC[T kern.Float] struct {
	latentTarget[T]
	hmc    trajectories
	every  []int     // all chains
	was    []int     // h of all chains before a step
	before []float64 // z of all chains before a trajectory
	images []float64 // x of a chain and an image of it
}

// trajectories are those of [proposals.HMC].
type trajectories interface {
	mc.Kernel
	mc.Tuner
	mc.Saver
	Forget(chain int)
}

func newLatentHMC[T kern.Float](k *LatentHMC, f *Flow[T], m models.Differentiable, chains []proposals.Chain, shared *mc.Stream) *latentHMC[T] {
	n := len(chains)
	l := &latentHMC[T]{
		latentTarget: latentTarget[T]{Differentiable: m, latents: newLatents(f, m, chains), last: make([]float64, n*f.dim), prior: make([]float64, n), slope: make([]float64, n*f.dim)},
		every:        indices(n),
		was:          make([]int, n),
		before:       make([]float64, n*f.dim),
		images:       make([]float64, 2*f.dim),
	}
	inner := slices.Clone(chains)
	for c := range inner {
		inner[c].State = models.Field(l.of(l.z, c))
	}
	l.hmc = k.hmc().BindTogether(&l.latentTarget, inner, shared).(trajectories)
	return l
}

// Step tries an image of each chain's configuration, draws h, and makes a trajectory.
func (l *latentHMC[T]) Step() {
	for c := range l.chains {
		l.turn(c)
	}
	copy(l.was, l.h)
	l.arrive(l.every)
	for c, h := range l.h {
		if h != l.was[c] { // U is another, also where z is the same to the bit
			l.hmc.Forget(c)
		}
	}
	copy(l.before, l.z)
	l.hmc.Step()
	for c := range l.chains {
		if z := l.of(l.z, c); !slices.Equal(z, l.of(l.before, c)) {
			l.move(c, l.of(l.last, c), z, l.h[c])
		}
	}
}

// turn tries an image of a chain's configuration under the group in its place, in
// every second step or so.
func (l *latentHMC[T]) turn(chain int) {
	random := l.chains[chain].Random
	if len(l.flow.group) == 1 || random.Below(1<<63) {
		return
	}
	e := &l.flow.group[random.IntN(len(l.flow.group))]
	x, kx := l.images[:l.flow.dim], l.images[l.flow.dim:]
	copy(x, l.states[chain])
	image(kx, x, e, 1)
	var s [2]float64
	l.Differentiable.Action(l.images, s[:])
	if accepts(random, -s[0], -s[1]) {
		copy(l.states[chain], kx)
	}
}

// Tune implements [mc.Tuner].
func (l *latentHMC[T]) Tune() { l.hmc.Tune() }

// Freeze implements [mc.Tuner].
func (l *latentHMC[T]) Freeze() { l.hmc.Freeze() }

// Save implements [mc.Saver].
func (l *latentHMC[T]) Save(s *mc.Snapshot, prefix string) {
	l.latents.Save(s, prefix)
	l.hmc.Save(s, prefix+".hmc")
}

// Load implements [mc.Saver].
func (l *latentHMC[T]) Load(s *mc.Snapshot, prefix string) error {
	return errors.Join(l.latents.Load(s, prefix), l.hmc.Load(s, prefix+".hmc"))
}

// latentTarget is the distribution of the latent variables of all chains, each at
// its h.
type latentTarget[T kern.Float] struct {
	models.Differentiable // the target of x
	latents[T]

	last  []float64 // x of the latest gradient
	prior []float64 // ln p of it
	slope []float64 // the gradient of that
}

// Dim implements [models.Differentiable].
func (l *latentTarget[T]) Dim() int { return l.flow.dim }

// Action implements [models.Differentiable].
func (l *latentTarget[T]) Action(z, u []float64) {
	l.Gradient(z, u, make([]float64, len(z)))
}

// Gradient implements [models.Differentiable].
func (l *latentTarget[T]) Gradient(z, u, g []float64) {
	l.flow.GenerateGradient(l.workers, z, l.h, func(first int, x, logq, gx, glogq []float64) {
		s := u[first : first+len(logq)]
		l.Differentiable.Gradient(x, s, gx)
		for c, q := range logq {
			s[c] += q
			glogq[c] = 1
		}
		copy(l.last[first*l.flow.dim:], x)
	}, g)
	l.flow.LogPrior(z, l.prior, l.slope)
	for c, p := range l.prior {
		u[c] -= p
	}
	for i, v := range l.slope {
		g[i] -= v
	}
}
