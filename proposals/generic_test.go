package proposals

import (
	"fmt"
	"strings"
	"testing"

	"mcrun/mc"
	"mcrun/mc/mctest"
	"mcrun/models"
)

// A blumeCapel is a model whose sites take three states and that is not
// models.PairCoupled:
//
//	H = -J sum_<ij> s_i s_j + D sum_i s_i^2 - h sum_i s_i,   s_i = -1, 0, 1,
//
// state k being the spin k - 1.
type blumeCapel struct {
	lattice       *models.Lattice
	beta, j, d, h float64
}

var _ models.Discrete = (*blumeCapel)(nil)

func (m *blumeCapel) Sites() int                     { return m.lattice.Sites() }
func (m *blumeCapel) Beta() float64                  { return m.beta }
func (m *blumeCapel) States() int                    { return 3 }
func (m *blumeCapel) Bytes() (chain, tables float64) { return 0, 0 }
func (m *blumeCapel) Prepare() error                 { return nil }
func (m *blumeCapel) NewState(models.Start, *mc.Stream) models.State {
	return make(models.Spins, m.Sites())
}

func (m *blumeCapel) EnergyChange(s models.Spins, i int, k uint8) float64 {
	var sum float64
	for _, n := range m.lattice.Neighbours(i) {
		sum += float64(s[n]) - 1
	}
	was, is := float64(s[i])-1, float64(k)-1
	return -(m.j*sum+m.h)*(is-was) + m.d*(is*is-was*was)
}

// states returns 3^N.
func (m *blumeCapel) states() int {
	n := 1
	for range m.Sites() {
		n *= 3
	}
	return n
}

// weights returns Boltzmann's probabilities of the states, numbered in base 3,
// from the definition of H.
func (m *blumeCapel) weights() []float64 {
	shape := m.lattice.Shape()
	return mctest.Distribution(m.states(), func(state int) float64 {
		var spin []float64
		for range m.Sites() {
			spin = append(spin, float64(state%3-1))
			state /= 3
		}
		var e float64
		for i, s := range spin {
			e += m.d*s*s - m.h*s
			stride := len(spin)
			for _, side := range shape {
				stride /= side
				x := i / stride % side
				e -= m.j * s * spin[i+((x+1)%side-x)*stride]
			}
		}
		return -m.beta * e
	})
}

func (m *blumeCapel) walk(t testing.TB, bind func(Chain) (step func())) mctest.Matrix {
	t.Helper()
	p, err := mctest.Transitions(m.states(), func(random *mc.Stream) mctest.Chain {
		spins := make(models.Spins, m.Sites())
		return chainOf(spins, 3, bind(Chain{State: spins, Random: random, Tally: new(mc.Tally)}))
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Stochastic(); err != nil {
		t.Error(err)
	}
	return p
}

func TestDiscreteMatrix(t *testing.T) {
	for _, m := range []*blumeCapel{
		{models.NewLattice(2, 2), 0, 1, 0.5, 0.3},
		{models.NewLattice(2, 2), 0.5, 1, 0.9, 0},
		{models.NewLattice(2, 2), 0.3, -1, -0.5, 0.4},
		{models.NewLattice(3), 0, -1, 0.2, -0.4},
		{models.NewLattice(3), 0.7, -1, 0.2, -0.4},
		{models.NewLattice(3), 0.6, 1, 0.8, 0},
		{models.NewLattice(4), 0.7, 1, 0.8, 0.1},
	} {
		weights := m.weights()
		for _, order := range []Order{Sequential, Random} {
			if order == Random && m.Sites() > 3 {
				continue // N attempts are too many to walk through
			}
			for _, spec := range []Spec{&Metropolis{order}, &HeatBath{order}} {
				if err := spec.Check(m); err != nil {
					t.Fatal(err)
				}
				p := m.walk(t, func(c Chain) func() { return spec.Bind(m, c).Step })
				if err := p.Invariant(weights); err != nil {
					t.Errorf("%+v: %T %s: %v", m, spec, order, err)
				}
				if err := p.Irreducible(); err != nil {
					t.Errorf("%+v: %T %s: %v", m, spec, order, err)
				} else if n := p.Period(); n != 1 {
					t.Errorf("%+v: %T %s: period %d, want 1", m, spec, order, n)
				}
				reversible := order == Random || m.beta == 0
				if err := p.Balanced(weights); reversible != (err == nil) {
					t.Errorf("%+v: %T %s: detailed balance: %v", m, spec, order, err)
				}
			}
		}
	}
}

// Kernels are refused with the name of the ability that the model lacks.
func TestCheckNamesAbility(t *testing.T) {
	three := &blumeCapel{lattice: models.NewLattice(2)}
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
// through their couplings.
func TestDiscreteIsPairCoupled(t *testing.T) {
	for _, p := range someParameters(2, 2) {
		discrete := struct{ models.Discrete }{p.ising}
		for _, spec := range []Spec{&Metropolis{Sequential}, &HeatBath{Sequential}, &Metropolis{Random}, &HeatBath{Random}} {
			got := p.walk(t, func(c Chain) func() { return spec.Bind(discrete, c).Step })
			same(t, fmt.Sprintf("%v %T%v", p, spec, spec), got, p.transitions(t, spec))
		}
	}
}
