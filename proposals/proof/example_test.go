package proof_test

import (
	"testing"

	"mcrun/models"
	"mcrun/proposals"
	"mcrun/proposals/proof"
)

// A test of a model and of all registered kernels that are valid for it, with
// all values of their keys.
func Example() {
	_ = func(t *testing.T) {
		beta := 0.4
		m := &models.Ising{Thermal: models.Thermal{InverseT: &beta}, J: -1, H: 0.3}
		m.Shape = []int{2, 3}
		if err := m.Prepare(); err != nil {
			t.Fatal(err)
		}
		proof.Model(t, m)
		for _, e := range proposals.All() {
			for _, spec := range proof.Variants(e) {
				if spec.Check(m) == nil {
					proof.Kernel(t, m, spec)
					proof.Estimates(t, m, spec)
				}
			}
		}
	}
}

// A test of a model of continuous variables, here a density in the plane, and of
// kernels that follow its gradient.
func Example_continuous() {
	_ = func(t *testing.T) {
		m := &models.Ring{Radius: 1, Width: 0.5}
		proof.Model(t, m)
		for _, spec := range []proposals.Spec{new(proposals.HMC), new(proposals.NUTS)} {
			proof.Kernel(t, m, spec)
			proof.Estimates(t, m, spec)
		}
	}
}
