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
