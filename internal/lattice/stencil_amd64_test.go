package lattice

import (
	"slices"
	"testing"
)

// TestVectors holds the vector instructions to the bits of the plain code.
func TestVectors(t *testing.T) {
	if !vectors {
		t.Skip("the machine has no AVX2")
	}
	defer func() { vectors = true }()
	each(t, func(t *testing.T, _ []int, s *Stencil, x, p []float64) {
		type result struct{ x, p, g, action []float64 }
		run := func(with bool) (r result) {
			vectors = with
			r = result{slices.Clone(x), slices.Clone(p), make([]float64, len(x)), nil}
			s.Leap(r.x, r.p, 0.3, 0.2)
			r.action = []float64{s.Gradient(r.x, r.g)}
			return r
		}
		a, b := run(true), run(false)
		if !slices.Equal(a.x, b.x) || !slices.Equal(a.p, b.p) || !slices.Equal(a.g, b.g) || !slices.Equal(a.action, b.action) {
			t.Errorf("with vectors %v, without %v", a, b)
		}
	})
}
