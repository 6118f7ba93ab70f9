package proposals

import (
	"mcrun/mc"
	"mcrun/models"
)

// MALA is the Metropolis-adjusted Langevin algorithm (P. J. Rossky, J. D. Doll
// and H. L. Friedman, J. Chem. Phys. 69, 4628 (1978); G. O. Roberts and R. L.
// Tweedie, Bernoulli 2, 341 (1996)). One step is one proposal,
//
//	x' = x - (step^2/2) dS/dx + step eta,   eta normal,
//
// accepted with the probability that detailed balance needs. That is a
// trajectory of [HMC] of a single leapfrog step. It moves all coordinates but
// little: HMC with longer trajectories decorrelates faster, where it is tuned.
//
// The step is tuned during thermalization, so that the acceptance is Accept:
// 0.574 is best for many independent coordinates (G. O. Roberts and J. S.
// Rosenthal, J. R. Stat. Soc. B 60, 255 (1998)). Without thermalization it is
// 0.1.
type MALA struct {
	Step   *float64 `card:"step" above:"0" doc:"time step; tuned if left out"`
	Accept float64  `card:"accept" default:"0.574" above:"0" below:"1" doc:"acceptance to which the step is tuned"`
}

const malaAccept = 0.574

func init() {
	Register(Entry{
		Name: "mala",
		Doc:  "Metropolis-adjusted Langevin algorithm (Rossky et al. 1978); one step is one proposal",
		New:  func() Spec { return new(MALA) },
	})
}

// Check implements Spec.
func (*MALA) Check(m models.Model) error { return needFlat(m) }

// Ergodic implements Spec.
func (*MALA) Ergodic(models.Model) error { return nil }

// Reversible implements [Reversible].
func (*MALA) Reversible(models.Model) bool { return true }

// Tunes implements [Tuned].
func (k *MALA) Tunes(models.Model) (keys []string, accept float64) {
	return untold("step", k.Step, acceptOr(k.Accept, malaAccept))
}

// Bind implements Spec.
func (k *MALA) Bind(m models.Model, c Chain) mc.Kernel {
	h := newHMC(m.(models.Differentiable), []Chain{c}, c.Random, Leapfrog)
	if k.Step != nil {
		h.step = *k.Step
	} else {
		h.step = firstStep
		h.steps = newDualAveraging(acceptOr(k.Accept, malaAccept), firstStep)
	}
	return h
}
