package observables

import (
	"encoding/binary"
	"math"
	"math/bits"

	"mcrun/analysis"
	"mcrun/models"
)

func registerOverlap() {
	RegisterColumn(Column{
		Name:  "overlap",
		Check: hasSpinField,
		Pair:  true,
		Bind:  bindOverlap,
	})
	Register(Observable{
		Name:    "overlap",
		Doc:     "<q>, q = (1/N) sum_x s_x . s'_x of a pair of independent chains",
		Columns: fixed("overlap"),
	})
	Register(Observable{
		Name:    "abs_overlap",
		Doc:     "<|q|>",
		Columns: fixed("overlap"),
		Estimators: number(func(models.Model) analysis.Function {
			return analysis.Function{
				Terms:    1,
				Term:     func(r, t []float64) { t[0] = math.Abs(r[0]) },
				Value:    func(mean []float64) float64 { return mean[0] },
				Gradient: func(_, g []float64) { g[0] = 1 },
			}
		}),
	})
	Register(Observable{
		Name:    "squared_overlap",
		Doc:     "<q^2>",
		Columns: fixed("overlap"),
		Estimators: number(func(models.Model) analysis.Function {
			return analysis.Function{
				Terms:    1,
				Term:     func(r, t []float64) { t[0] = r[0] * r[0] },
				Value:    func(mean []float64) float64 { return mean[0] },
				Gradient: func(_, g []float64) { g[0] = 1 },
			}
		}),
	})
	Register(Observable{
		Name:       "overlap_binder",
		Doc:        "1 - <q^4>/(3 <q^2>^2)",
		Columns:    fixed("overlap"),
		Estimators: number(func(models.Model) analysis.Function { return binder(func(r []float64) float64 { return r[0] * r[0] }) }),
	})
}

func bindOverlap(m models.Model, c Chain) func(dst []float64) {
	if q, ok := countable(m); ok {
		a, b := c.State.(models.Spins), c.Partner.(models.Spins)
		return func(dst []float64) { dst[0] = meanProduct(q, countUnequal(a, b), len(a)) }
	}
	field := m.(models.SpinField)
	a, b := make([]float64, m.Sites()), make([]float64, m.Sites())
	return func(dst []float64) {
		var sum float64
		for component := range field.Components() {
			field.Component(c.State, component, a)
			field.Component(c.Partner, component, b)
			for i, v := range a {
				sum += v * b[i]
			}
		}
		dst[0] = sum / float64(len(a))
	}
}

// countUnequal counts the places in which a and b, of equal length, differ.
func countUnequal(a, b models.Spins) int {
	var n int
	for ; len(a) >= lanes && len(b) >= lanes; a, b = a[lanes:], b[lanes:] {
		differ := binary.LittleEndian.Uint64(a) ^ binary.LittleEndian.Uint64(b)
		// The highest bit of a byte is set if the byte has that bit, or
		// if the rest of it is not 0, so that adding 127 reaches it.
		const highest = ones << 7
		n += bits.OnesCount64(((differ&^highest + ones*127) | differ) & highest)
	}
	for i, k := range a {
		if k != b[i] {
			n++
		}
	}
	return n
}
