package main

import (
	"testing"

	"mcrun/proposals"
	"mcrun/proposals/proof"
)

func newPlaquette(t *testing.T, temperature, j float64, shape ...int) *Plaquette {
	m := &Plaquette{J: j}
	m.Shape, m.Temperature = shape, &temperature
	if err := m.Prepare(); err != nil {
		t.Fatal(err)
	}
	return m
}

// What the model says fits together, exact values included, and every kernel
// that is valid for it samples it: line-flip, which needs help, and those of
// mcrun.
func TestPlaquette(t *testing.T) {
	for _, m := range []*Plaquette{
		newPlaquette(t, 1.3, 1, 2, 2),
		newPlaquette(t, 1.3, 1, 3, 3),
		newPlaquette(t, 0.6, 0.7, 3, 4),
		newPlaquette(t, 2.1, -1, 4, 4),
		newPlaquette(t, 0.9, -1, 3, 3),
	} {
		proof.Model(t, m)
		for _, e := range proposals.All() {
			for _, spec := range proof.Variants(e) {
				if spec.Check(m) == nil {
					proof.Kernel(t, m, spec)
				}
			}
		}
	}
}

// Estimates and their errors agree with exact values.
func TestEstimates(t *testing.T) {
	m := newPlaquette(t, 1.8, 1, 3, 3)
	for _, lines := range []string{"both", "rows"} {
		proof.Estimates(t, m, &LineFlip{Lines: lines})
	}
}
