package observables_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"mcrun/models"
	"mcrun/observables"
)

// The overlap is the mean of sigma . sigma', whether unequal spins are counted
// or vectors multiplied, for any number of sites beside words.
func TestOverlap(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 0))
	for _, shape := range shapes {
		for name, m := range fieldModels(shape) {
			a, b := randomSpins(m, random), randomSpins(m, random)
			var want float64
			v, w := sigma(m, a), sigma(m, b)
			for i := range v {
				want += dot(v[i], w[i]) / float64(len(v))
			}
			field := struct{ models.SpinField }{m}
			rows := make([]float64, 2)
			for _, m := range []models.Model{m, field} {
				observables.NewProbe(m, fields(m, "overlap"), a, b).Read(rows)
				if math.Abs(rows[0]-want) > 1e-13 || rows[1] != rows[0] {
					t.Errorf("%s on %v: overlaps %v, want %v", name, shape, rows, want)
				}
			}
		}
	}
}

// States are compared in all their bits.
func TestOverlapOfManyColours(t *testing.T) {
	m := newPotts(256, 8, 8)
	a, b := make(models.Spins, 64), make(models.Spins, 64)
	for bit := range 8 {
		for i := range b {
			b[i] = 1 << bit
			a[i] = 0
		}
		a[9] = b[9]
		rows := make([]float64, 2)
		observables.NewProbe(m, fields(m, "overlap"), a, b).Read(rows)
		if want := 1 - 256./255*63/64; math.Abs(rows[0]-want) > 1e-15 {
			t.Errorf("colours 0 and %d have the overlap %v, want %v", 1<<bit, rows[0], want)
		}
	}
}
