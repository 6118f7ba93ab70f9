package proposals

import (
	"fmt"
	"testing"

	"mcrun/mc"
	"mcrun/models"
)

// Clusters of clock spins, for even and odd q, both signs of J, and double bonds;
// and twins of theirs with a mistake, which do not leave the distribution
// invariant.
func TestClockClusters(t *testing.T) {
	for _, s := range []*system{
		clockOn(3, 0.8, 1, 2, 2), clockOn(4, 0.7, -1, 3), clockOn(5, 1.1, 1, 3), clockOn(6, 0.9, 1, 3), clockOn(7, 0.5, -1, 2), clockOn(5, 0, 1, 2),
	} {
		for _, spec := range []Spec{new(Wolff), new(SwendsenWang)} {
			s.check(t, fmt.Sprintf("%T", spec), s.transitions(t, spec), true, true)
		}
	}
	for mistake, flaw := range map[string]func(w *mirrors){
		"half of the exponent": func(w *mirrors) { *w = newMirrors(clockOn(w.q, 0.45, 1, 3), Chain{State: w.spins, Random: w.random}) },
		"sign of J":            func(w *mirrors) { *w = newMirrors(clockOn(w.q, 0.9, -1, 3), Chain{State: w.spins, Random: w.random}) },
		"bonds to the mirror": func(w *mirrors) {
			for i := range w.active {
				if w.active[i] == 0 {
					w.active[i] = mc.Threshold(0.3)
				}
			}
		},
	} {
		for _, q := range []int{5, 6} {
			s := clockOn(q, 0.9, 1, 3)
			weights := s.weights()
			wolff := s.walk(t, func(c Chain) func() {
				w := newClockWolff(s, c)
				flaw(&w.mirrors)
				return w.Step
			})
			all := s.walk(t, func(c Chain) func() {
				w := newClockSwendsenWang(s, c)
				flaw(&w.mirrors)
				return w.Step
			})
			if wolff.Invariant(weights) == nil || all.Invariant(weights) == nil {
				t.Errorf("q = %d: %s: not found out", q, mistake)
			}
		}
	}
}

// So cold that a product of weights might be 0, sites are updated by energies.
func TestColdClock(t *testing.T) {
	for beta, products := range map[float64]bool{1: true, 70: true, 80: false, 1e10: false} {
		s := clockOn(3, beta, 1, 2, 2)
		if got := newClock(s, Chain{State: make(models.Spins, 4)}) != nil; got != products {
			t.Errorf("beta = %v: products of weights %t, want %t", beta, got, products)
		}
	}
}
