package main

import (
	"math"
	"testing"

	"mcrun/mc"
	"mcrun/mc/mctest"
	"mcrun/models"
	"mcrun/proposals"
)

func newPlaquette(t *testing.T, j float64, shape ...int) *Plaquette {
	temperature := 1.3
	m := &Plaquette{J: j}
	m.Shape, m.Temperature = shape, &temperature
	if err := m.Prepare(); err != nil {
		t.Fatal(err)
	}
	return m
}

// configuration k of a lattice of n sites has the bits of k as spins.
func configuration(s models.Spins, k int) {
	for i := range s {
		s[i] = uint8(k >> i & 1)
	}
}

func TestExactAgainstEnumeration(t *testing.T) {
	for _, c := range []struct {
		j     float64
		shape []int
	}{{1, []int{2, 2}}, {1, []int{3, 3}}, {0.7, []int{3, 4}}, {-1, []int{4, 4}}, {1, []int{2, 5}}} {
		m := newPlaquette(t, c.j, c.shape...)
		s := make(models.Spins, m.Sites())
		var z, e, ee float64
		for k := range 1 << len(s) {
			configuration(s, k)
			h := m.Energy(s)
			w := math.Exp(-m.Beta() * h)
			z, e, ee = z+w, e+w*h, ee+w*h*h
			for i := range s {
				before := s[i]
				change := m.EnergyChange(s, i, 1-before)
				s[i] = 1 - before
				if after := m.Energy(s); math.Abs(after-h-change) > 1e-12 {
					t.Fatalf("%v, configuration %d, site %d: EnergyChange is %g, the energy changes by %g", c, k, i, change, after-h)
				}
				s[i] = before
			}
		}
		e, ee = e/z, ee/z
		n := float64(len(s))
		exact := m.Exact()
		heat := m.Beta() * m.Beta() * (ee - e*e) / n
		if math.Abs(exact["energy"]-e/n) > 1e-10 || math.Abs(exact["specific_heat"]-heat) > 1e-10 {
			t.Errorf("%v: exact %v, enumeration %g and %g", c, exact, e/n, heat)
		}
	}
}

// The kernel, exactly: by itself it keeps the distribution but is reducible,
// and in a cycle with a local kernel it is all that a kernel should be.
func TestTransitions(t *testing.T) {
	m := newPlaquette(t, 1, 3, 3)
	n := m.Sites()
	pi := mctest.Distribution(1<<n, func(k int) float64 {
		s := make(models.Spins, n)
		configuration(s, k)
		return -m.Beta() * m.Energy(s)
	})
	chain := func(build func(proposals.Chain) mc.Kernel) mctest.Matrix {
		p, err := mctest.Transitions(1<<n, func(random *mc.Stream) mctest.Chain {
			s := make(models.Spins, n)
			k := build(proposals.Chain{State: s, Random: random, Tally: new(mc.Tally)})
			return mctest.Chain{
				Step: k.Step,
				Set:  func(state int) { configuration(s, state) },
				State: func() (state int) {
					for i, v := range s {
						state |= int(v) << i
					}
					return state
				},
			}
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := p.Invariant(pi); err != nil {
			t.Error(err)
		}
		return p
	}
	flip := chain(func(c proposals.Chain) mc.Kernel { return new(LineFlip).Bind(m, c) })
	if flip.Irreducible() == nil {
		t.Error("line-flip by itself is irreducible; Ergodic says it is not")
	}
	cycle := chain(func(c proposals.Chain) mc.Kernel {
		local := &proposals.HeatBath{Order: proposals.Sequential}
		return mc.Cycle{local.Bind(m, c), new(LineFlip).Bind(m, c)}
	})
	if err := cycle.Irreducible(); err != nil {
		t.Error(err)
	}
}
