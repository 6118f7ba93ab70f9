package lattice

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// lattices have rows of all lengths modulo four, and sides of 2.
var lattices = [][]int{{2}, {3}, {9}, {2, 2}, {2, 3}, {3, 2}, {4, 4}, {5, 7}, {6, 8}, {2, 16}, {70, 24}, {3, 10}, {2, 2, 2}, {3, 2, 5}, {4, 3, 6}, {2, 3, 4, 5}}

func each(t *testing.T, check func(t *testing.T, sides []int, s *Stencil, x, p []float64)) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, sides := range lattices {
		for _, components := range []int{1, 2, 3} {
			a, b, k := -0.7, 0.4, 1.3
			if components > 1 {
				b = 0
			}
			s := NewStencil(sides, components, a, b, k)
			n := components
			for _, side := range sides {
				n *= side
			}
			x, p := make([]float64, n), make([]float64, n)
			for i := range x {
				x[i], p[i] = r.NormFloat64(), r.NormFloat64()
			}
			t.Run(fmt.Sprint(sides, components), func(t *testing.T) { check(t, sides, s, x, p) })
		}
	}
}

// plain computes S and its gradient bond by bond.
func plain(sides []int, s *Stencil, x []float64) (action float64, g []float64) {
	g = make([]float64, len(x))
	for i, v := range x {
		action += v * v * (s.a + s.b*v*v)
		g[i] += v * (2*s.a + 4*s.b*v*v)
		stride := len(x)
		for _, side := range sides {
			slab := stride
			stride /= side
			j := i - i%slab + (i+stride)%slab
			action -= s.k * v * x[j]
			g[i] -= s.k * x[j]
			g[j] -= s.k * v
		}
	}
	return action, g
}

func near(a, b []float64) bool {
	return slices.EqualFunc(a, b, func(v, w float64) bool { return math.Abs(v-w) < 1e-13*(10+math.Abs(v)) })
}

func TestGradient(t *testing.T) {
	each(t, func(t *testing.T, sides []int, s *Stencil, x, p []float64) {
		action, want := plain(sides, s, x)
		g := make([]float64, len(x))
		got := s.Gradient(x, g)
		if math.Abs(got-action) > 1e-13*(10+math.Abs(action)) {
			t.Errorf("action %v, want %v", got, action)
		}
		if !near(g, want) {
			t.Errorf("gradient %v, want %v", g, want)
		}
	})
}

func TestLeap(t *testing.T) {
	each(t, func(t *testing.T, sides []int, s *Stencil, x, p []float64) {
		for _, drift := range []float64{0, 0.3} {
			y, q := slices.Clone(x), slices.Clone(p)
			s.Leap(y, q, drift, 0.2)
			moved, kicked := slices.Clone(x), slices.Clone(p)
			for i := range moved {
				moved[i] += drift * p[i]
			}
			_, g := plain(sides, s, moved)
			for i := range kicked {
				kicked[i] -= 0.2 * g[i]
			}
			if !near(y, moved) || !near(q, kicked) {
				t.Errorf("drift %v: x = %v, want %v; p = %v, want %v", drift, y, moved, q, kicked)
			}
		}
	})
}
