package proposals

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/floats"

	"mcrun/mc"
	"mcrun/mc/param"
	"mcrun/models"
)

// HMC is hybrid (Hamiltonian) Monte Carlo (S. Duane, A. D. Kennedy, B. J.
// Pendleton and D. Roweth, Phys. Lett. B 195, 216 (1987)). One step is one
// trajectory: momenta are drawn, Hamilton's equations are solved by an
// [Integrator] for a time, and the end is accepted with probability
//
//	min(1, exp(-dH)),   H = S(x) + p M^-1 p/2,
//
// dH being the error of the integration. It serves every model with a gradient,
// that of unit vectors on the product of spheres.
//
// # Length
//
// The time of a trajectory is drawn uniformly within a fraction Jitter of the
// length, whatever the configuration, so that no mode is stuck for swinging back
// to where it was; the number of steps is the nearest to that time over Step,
// and they share it equally.
//
// # Mass
//
// With M = 1 the modes of a field swing with their own frequencies: a long
// trajectory for the slowest takes many steps of the fastest. Mass Fourier, for
// fields of one component on a lattice, makes M the inverse propagator of a
// free field,
//
//	M(k) ~ 1 + xi^2 khat^2
//
// (G. G. Batrouni et al., Phys. Rev. D 32, 2736 (1985)), with the correlation
// length xi that is measured during thermalization: all modes of a free field
// then have one frequency. A step takes two Fourier transforms more, which on
// 64 x 64 sites cost as much as 15 steps without, and strong couplings mix the
// modes; so it pays only where the field is nearly free and xi is long.
//
// # Tuning
//
// What the card does not fix is tuned during thermalization and constant
// afterwards: the step, so that the mean of min(1, exp(-dH)) is Accept; the
// length, so that the expected squared jump of |sum_x s_x|^2 per gradient is
// largest; and xi. Where that quantity is not a slow one, as in an
// antiferromagnet, a length is better given than tuned. Without thermalization
// the step is 0.1, the length 1 and M = 1.
//
// A trajectory along which S is not finite, or with |dH| > 1000, is a
// divergence. It is rejected.
type HMC struct {
	Integrator Integrator `card:"integrator" default:"minimum-norm" oneof:"leapfrog minimum-norm" doc:"how the equations of motion are solved"`
	Step       *float64   `card:"step" above:"0" doc:"time step; tuned if left out"`
	Length     *float64   `card:"length" above:"0" doc:"time of a trajectory; tuned if left out"`
	Jitter     float64    `card:"jitter" default:"0.2" min:"0" below:"1" doc:"the time is drawn within this fraction of the length"`
	Accept     float64    `card:"accept" default:"0.8" above:"0" below:"1" doc:"acceptance to which the step is tuned"`
	Mass       Mass       `card:"mass" default:"unit" oneof:"unit fourier" doc:"mass of the momenta: 1, or that of a free field"`
}

// A Mass is the covariance of the momenta of [HMC].
type Mass string

// The masses.
const (
	Unit    Mass = "unit"
	Fourier Mass = "fourier"
)

const (
	firstStep   = 0.1 // before it is tuned
	firstLength = 1.0
	hmcAccept   = 0.8

	// maxSteps bounds the steps of a trajectory of mean length.
	maxSteps = 1000
	// maxError bounds |dH|; beyond is a divergence.
	maxError = 1000
)

func init() {
	Register(Entry{
		Name: "hmc",
		Doc:  "hybrid Monte Carlo (Duane et al. 1987); one step is one trajectory",
		New:  func() Spec { return new(HMC) },
	})
}

// Validate checks what the keys say together.
func (k *HMC) Validate() error {
	if k.Step == nil || k.Length == nil {
		return nil
	}
	if n := *k.Length / *k.Step; n < 1 || n > maxSteps {
		return &param.Error{
			Key:      "length",
			Problem:  fmt.Sprintf("is %.3g times the step", n),
			Expected: fmt.Sprintf("1 to %d steps", maxSteps),
		}
	}
	return nil
}

// Check implements Spec.
func (k *HMC) Check(m models.Model) error {
	if err := needGradient(m); err != nil {
		return err
	}
	if k.Mass == Fourier {
		if _, err := needFourier(m); err != nil {
			return &param.Error{Key: "mass", Problem: "fourier does not fit: " + err.Error(), Expected: string(Unit)}
		}
	}
	return nil
}

// Ergodic implements Spec.
func (*HMC) Ergodic(models.Model) error { return nil }

// Reversible implements [Reversible].
func (*HMC) Reversible(models.Model) bool { return true }

// Tunes implements [Tuned].
func (k *HMC) Tunes(models.Model) (keys []string, accept float64) {
	keys, accept = untold("step", k.Step, acceptOr(k.Accept, hmcAccept))
	if k.Length == nil {
		keys = append(keys, "length")
	}
	return keys, accept
}

// untold returns a key as tuned to an acceptance, if no value is given.
func untold(key string, value *float64, to float64) (keys []string, accept float64) {
	if value != nil {
		return nil, 0
	}
	return []string{key}, to
}

// Bind implements Spec.
func (k *HMC) Bind(m models.Model, c Chain) mc.Kernel {
	return k.BindTogether(m, []Chain{c}, c.Random)
}

// BindTogether returns the kernel of several chains whose trajectories make their
// steps at the same time, so that a gradient is one of the whole batch: for models
// that take less time for a batch than for its configurations one by one. All
// chains have one step and one length. The length is jittered with numbers of
// shared, which for one chain alone may be its own.
func (k *HMC) BindTogether(m models.Model, chains []Chain, shared *mc.Stream) mc.Kernel {
	h := newHMC(m.(models.Differentiable), chains, shared, k.Integrator.orDefault())
	h.jitter = k.Jitter
	h.step, h.length = firstStep, firstLength
	if k.Length != nil {
		h.length = *k.Length
		h.step = min(h.step, h.length)
	} else {
		h.lengths = newJumpRate(firstLength)
	}
	if k.Step != nil {
		h.step = *k.Step
		h.length = max(h.length, h.step)
	} else {
		h.steps = newDualAveraging(acceptOr(k.Accept, hmcAccept), h.step)
	}
	if k.Mass == Fourier {
		sides, err := needFourier(m)
		if err != nil {
			panic("proposals: a Fourier mass for a model that Check refuses")
		}
		h.fit = newFreeFit(sides)
		h.motion.mass = newFourierNormal(sides)
		h.motion.v = make([]float64, len(h.p))
	}
	return h
}

// acceptOr returns the acceptance that 0 stands for.
func acceptOr(accept, standard float64) float64 {
	if accept == 0 {
		return standard
	}
	return accept
}

// needGradient says why a model has no gradient.
func needGradient(m models.Model) error {
	if _, ok := m.(models.Differentiable); !ok {
		return errors.New("the model has no gradient (models.Differentiable)")
	}
	return nil
}

// needFlat says why a model does not live in R^n with a gradient.
func needFlat(m models.Model) error {
	if _, ok := m.(models.Spherical); ok {
		return errors.New("the model's sites hold unit vectors (models.Spherical); use hmc")
	}
	return needGradient(m)
}

// hmc is hybrid Monte Carlo on one chain, or on several in one batch.
type hmc struct {
	motion     *motion
	integrator Integrator
	chains     []Chain
	states     []models.Field
	shared     *mc.Stream // for the time of trajectories

	now, next place // the states, and the ends of trajectories
	p         []float64
	h         [2][]float64 // H at the beginning and the end of each

	step, length, jitter float64 // length 0: one step
	frozen               bool

	steps   *dualAveraging // nil: the step is not tuned
	lengths *jumpRate      // nil: the length is not tuned
	fit     *freeFit       // nil: M = 1

	since      float64 // trajectories since the last Tune
	acceptance float64 // sum over these
	slope      float64 // sum over these of what lengths climbs by
}

func newHMC(m models.Differentiable, chains []Chain, shared *mc.Stream, i Integrator) *hmc {
	n := len(chains)
	h := &hmc{
		motion:     newMotion(m, chains[0].Random),
		integrator: i,
		chains:     chains,
		shared:     shared,
		now:        newPlaces(m.Dim(), n),
		next:       newPlaces(m.Dim(), n),
		p:          apart(m.Dim() * n),
		h:          [2][]float64{make([]float64, n), make([]float64, n)},
	}
	for _, c := range chains {
		h.states = append(h.states, c.State.(models.Field))
	}
	return h
}

// apart returns n numbers that lie off the beginning of a page. Processors take
// addresses that differ by a multiple of 4 KiB for one for a while, and wait with
// a load of x for a store of p, where large arrays all begin with a page.
func apart(n int) []float64 {
	const offset = 200
	return make([]float64, offset+n)[offset:]
}

// Step makes one trajectory in every chain.
func (h *hmc) Step() {
	h.motion.arrive(h.now, h.states...)
	for c, state := range h.states {
		h.motion.normal = h.chains[c].Random
		h.motion.draw(state, h.now.of(h.p, c))
	}
	h.energies(h.h[0], h.now)
	h.next.copyFrom(h.now)
	n, step := h.plan()
	h.motion.run(h.next, h.p, h.integrator, n, step)
	h.energies(h.h[1], h.next)
	velocity := h.motion.velocity(h.p)
	for c, chain := range h.chains {
		dH := h.h[1][c] - h.h[0][c]
		var acceptance float64
		sound := !h.next.lost[c] && math.Abs(dH) <= maxError
		if sound {
			acceptance = math.Min(1, math.Exp(-dH))
		}
		chain.Tally.Trajectory(!sound, false)
		h.observe(c, acceptance, float64(n)*step, velocity)
		if !chain.Random.Below(mc.Threshold(acceptance)) {
			chain.Tally.Add(1, 0)
			continue
		}
		chain.Tally.Add(1, 1)
		h.now.take(h.next, c)
		copy(h.states[c], h.now.of(h.now.x, c))
	}
}

// Forget drops what is known of the target where a chain is: the target has changed.
func (h *hmc) Forget(chain int) { h.now.of(h.now.x, chain)[0] = math.NaN() }

// energies writes H of each chain at a place.
func (h *hmc) energies(dst []float64, q place) {
	v := h.motion.velocity(h.p)
	for c, s := range q.s {
		dst[c] = s + floats.Dot(q.of(h.p, c), q.of(v, c))/2
	}
}

// plan returns how many steps a trajectory makes, and of which time each.
func (h *hmc) plan() (n int, step float64) {
	if h.length == 0 {
		return 1, h.step
	}
	time := h.length * (1 + h.jitter*(2*h.shared.Float64()-1))
	n = max(1, int(math.Round(time/h.step)))
	return n, time / float64(n)
}

// observe takes from a trajectory of a chain from now to next, of given
// acceptance and time, with the velocities of all chains at its end, what tuning
// needs.
func (h *hmc) observe(chain int, acceptance, time float64, velocity []float64) {
	if h.frozen {
		return
	}
	h.since++
	h.acceptance += acceptance
	if h.lengths == nil || acceptance == 0 {
		return
	}
	was, is, speed := h.slow(chain, velocity)
	jump := is - was
	if slope := acceptance * jump * (2*speed*time - jump); finite(slope) {
		h.slope += slope
	}
}

// slow returns |sum_x s_x|^2 at the two ends of a chain's trajectory, and its
// derivative with time at the end, where the velocities are v.
func (h *hmc) slow(chain int, v []float64) (was, is, speed float64) {
	x, y, n := h.now.of(h.now.x, chain), h.now.of(h.next.x, chain), max(1, h.motion.sphere)
	v = h.now.of(v, chain)
	for c := range n {
		var a, b, s float64
		for i := c; i < len(x); i += n {
			a += x[i]
			b += y[i]
			s += v[i]
		}
		was += a * a
		is += b * b
		speed += 2 * b * s
	}
	return was, is, speed
}

// Tune implements [mc.Tuner].
func (h *hmc) Tune() {
	if h.since == 0 { // or frozen
		return
	}
	if h.steps != nil {
		h.steps.update(h.acceptance / h.since)
		h.step = math.Exp(h.steps.log)
	}
	if h.lengths != nil {
		h.lengths.update(h.slope/h.since, h.step, maxSteps*h.step)
		h.length = math.Exp(h.lengths.log)
	}
	h.since, h.acceptance, h.slope = 0, 0, 0
	h.bound()
	if h.fit == nil {
		return
	}
	ready := false
	for _, state := range h.states {
		ready = h.fit.add(state)
	}
	if ready {
		h.weigh()
	}
}

// Freeze implements [mc.Tuner].
func (h *hmc) Freeze() {
	h.frozen = true
	if h.steps != nil {
		h.step = math.Exp(h.steps.mean)
	}
	if h.lengths != nil {
		h.length = math.Exp(h.lengths.mean)
	}
	h.bound()
}

// bound keeps the number of steps of a trajectory from 1 to maxSteps, by the one
// of step and length that is tuned.
func (h *hmc) bound() {
	if h.lengths != nil {
		h.length = max(h.step, min(h.length, maxSteps*h.step))
	} else {
		h.step = max(h.step, h.length/maxSteps)
	}
}

// weigh gives the momenta the mass of the free field that was measured, scaled
// to leave the fastest mode its mass 1, and so the step what it was.
func (h *hmc) weigh() {
	fastest := 1 + h.fit.xi2*slices.Max(h.motion.mass.khat)
	h.motion.mass.set(func(khat float64) float64 { return (1 + h.fit.xi2*khat) / fastest })
}

// Save implements [mc.Saver].
func (h *hmc) Save(s *mc.Snapshot, prefix string) {
	saveLearned(s, prefix+".tuned", h.learned())
}

// Load implements [mc.Saver].
func (h *hmc) Load(s *mc.Snapshot, prefix string) error {
	err := loadLearned(s, prefix+".tuned", h.learned())
	if h.fit != nil {
		h.weigh()
	}
	return err
}

// learned returns what a checkpoint keeps.
func (h *hmc) learned() []*float64 {
	v := []*float64{&h.step, &h.length}
	if h.steps != nil {
		v = append(v, h.steps.learned()...)
	}
	if h.lengths != nil {
		v = append(v, h.lengths.learned()...)
	}
	if h.fit != nil {
		v = append(v, h.fit.learned()...)
	}
	return v
}
