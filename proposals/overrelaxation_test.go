package proposals

import (
	"math"
	"testing"

	"mcrun/mc"
	"mcrun/models"
)

// Mirroring a site twice brings it back, and where nothing is rejected it
// changes no energy.
func TestOverRelaxationIsAnInvolution(t *testing.T) {
	random := mc.NewStream(mc.NewKey(1, "involution"))
	for _, s := range fieldSystems() {
		x := s.NewState(models.Hot, random).(models.Field)
		k := new(OverRelaxation).Bind(s, Chain{State: x, Random: random}).(*visitor)
		rejects := s.couplings.B != 0
		for at := range k.sites {
			before, action := append(models.Field(nil), x...), s.action(x)
			if k.update(at) == 0 && rejects {
				continue
			}
			if change := s.action(x) - action; !rejects && math.Abs(change) > 1e-12 {
				t.Errorf("%v: the action changes by %g", s, change)
			}
			for rejects && k.update(at) == 0 { // until it is accepted
			}
			if !rejects {
				k.update(at)
			}
			for i, v := range x {
				if math.Abs(v-before[i]) > 1e-12 {
					t.Errorf("%v: mirrored twice, number %d has changed by %g", s, i, v-before[i])
				}
			}
		}
	}
}

// The energy is the same after thousands of sweeps, and unit vectors are.
func TestOverRelaxationConserves(t *testing.T) {
	random := mc.NewStream(mc.NewKey(1, "conserved"))
	for _, s := range []*fieldSystem{freeOn(1, 0.8, 1.3, 0, 4, 3), unitOn(2, 0.8, 4, 3), unitOn(3, -0.8, 4, 3), unitOn(4, 0.8, 4, 3)} {
		x := s.NewState(models.Hot, random).(models.Field)
		action := s.action(x)
		k := mc.Steps(new(OverRelaxation).Bind(s, Chain{State: x, Random: random}), 5000)
		k.Step()
		if change := s.action(x) - action; math.Abs(change) > 1e-11 {
			t.Errorf("%v: the action changes by %g", s, change)
		}
		if s.couplings.Unit {
			n := s.couplings.Components
			for i := range s.Sites() {
				if v := x[n*i : n*(i+1)]; math.Abs(dot(v, v)-1) > 1e-14 {
					t.Errorf("%v: the square of vector %d is 1%+g", s, i, dot(v, v)-1)
				}
			}
		}
	}
}
