package proposals

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"mcrun/models"
)

// Kernels are refused with the name of the ability that the model lacks.
func TestCheckNamesAbility(t *testing.T) {
	three := struct{ models.Discrete }{spinOneOn(1, 1, 0, 0, 2)} // no couplings to be seen
	for _, c := range []struct {
		spec Spec
		want string
	}{
		{new(Wolff), "models.PairCoupled"},
		{new(SwendsenWang), "models.PairCoupled"},
	} {
		if err := c.spec.Check(three); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%T: %v; want an error that names %s", c.spec, err, c.want)
		}
	}
	field := struct{ models.Model }{three} // a model and no more
	for _, e := range All() {
		if e.New().Check(field) == nil {
			t.Errorf("%s: valid for a model without any ability", e.Name)
		}
	}
}

// Two-valued spins have the same matrix through models.Discrete alone as
// through their couplings, but for attempts at random, which rest where nothing
// is known of the couplings.
func TestDiscreteIsPairCoupled(t *testing.T) {
	for _, p := range someParameters(2, 2) {
		discrete := struct{ models.Discrete }{p.ising}
		for _, spec := range []Spec{&Metropolis{Order: Sequential}, &HeatBath{Sequential}, &HeatBath{Random}} {
			got := p.walk(t, func(c Chain) func() { return spec.Bind(discrete, c).Step })
			same(t, fmt.Sprintf("%v %T%v", p, spec, spec), got, p.transitions(t, spec))
		}
	}
}

// Two-valued spins whose weights are nearly equal, of a model that does not say
// so, do not keep their parity in steps of an even number of attempts.
func TestDiscreteParity(t *testing.T) {
	p := newPoint(1e-4, 1, 0, 2, 2)
	discrete := struct{ models.Discrete }{p.ising}
	step := p.walk(t, func(c Chain) func() { return (&Metropolis{Order: Random}).Bind(discrete, c).Step })
	for range 7 { // 128 steps
		step = step.Mul(step)
	}
	for j, w := range p.weights {
		if math.Abs(step[0][j]-w) > 1e-4 {
			t.Errorf("after 128 steps from 0, state %d has probability %.4f, want %.4f", j, step[0][j], w)
		}
	}
}
