package observables

import (
	"math"

	"mcrun/analysis"
	"mcrun/models"
)

func registerCorrelationLength() {
	RegisterColumn(Column{
		Name:  "smallest_modes",
		Check: hasFieldOnLattice,
		Width: func(m models.Model) int { return 1 + len(sides(m)) },
		Bind:  bindSmallestModes,
	})
	Register(Observable{
		Name:       "correlation_length",
		Doc:        "xi = sqrt(S(0)/S(k) - 1)/(2 sin(pi/L)), k = 2 pi/L along a direction; averaged over directions if sides are equal",
		Columns:    fixed("smallest_modes"),
		Points:     directions,
		Estimators: correlationLengths,
	})
}

// bindSmallestModes reads S(0) and, for every direction in turn, S(2 pi/L)
// along it. Two modes of a direction need no FFT. The first plane is subtracted
// from all, as by a spectrum, so that S(k) = 0 of a constant.
func bindSmallestModes(m models.Model, c Chain) func(dst []float64) {
	p := newPlanes(m, c.State)
	cos, sin := make([][]float64, len(p.sides)), make([][]float64, len(p.sides))
	for mu, side := range p.sides {
		for x := range side {
			s, c := math.Sincos(waveNumber(x, side))
			cos[mu], sin[mu] = append(cos[mu], c), append(sin[mu], s)
		}
	}
	scale := 1 / float64(m.Sites())
	return func(dst []float64) {
		clear(dst)
		for component := range p.components {
			p.project(component)
			var zero float64
			for _, v := range p.sums[0] {
				zero += v
			}
			dst[0] += scale * zero * zero
			for mu, sums := range p.sums {
				cos, sin := cos[mu][:len(sums)], sin[mu][:len(sums)]
				var re, im float64
				for x, v := range sums {
					re += (v - sums[0]) * cos[x]
					im += (v - sums[0]) * sin[x]
				}
				dst[1+mu] += scale * (re*re + im*im)
			}
		}
	}
}

// directions returns the numbers of the directions, and nil where they are
// alike.
func directions(m models.Model) [][]float64 {
	sides := sides(m)
	if isCubic(sides) {
		return nil
	}
	points := make([][]float64, len(sides))
	for mu := range points {
		points[mu] = []float64{float64(mu)}
	}
	return points
}

// correlationLengths returns the estimators of xi: of its average over the
// directions where all sides are equal, and else of every direction.
func correlationLengths(m models.Model) []Estimator {
	const undefined = "there is no correlation length unless S(0) > S(k) > 0 for the smallest k: here S(0) <= S(k), as where spins alternate or where xi is so short that the statistical error of S(0) exceeds S(0) - S(k), or all records have S(k) = 0, as a frozen chain"
	sides := sides(m)
	if isCubic(sides) {
		xi := correlationLength(sides...)
		return []Estimator{{Function: &xi, Undefined: undefined}}
	}
	estimators := make([]Estimator, len(sides))
	for mu, side := range sides {
		xi := correlationLength(side)
		estimators[mu] = Estimator{Inputs: []int{0, 1 + mu}, Function: &xi, Undefined: undefined}
	}
	return estimators
}

// correlationLength returns the average of xi over directions of the given
// sides, as a function of S(0) and of S(k) for each of them. With
//
//	xi = sqrt(S(0)/S(k) - 1)/f,   f = 2 sin(pi/L),
//
// d xi/d S(0) = 1/(2 f^2 xi S(k)) and d xi/d S(k) = -S(0)/S(k) times that.
func correlationLength(sides ...int) analysis.Function {
	factor := make([]float64, len(sides))
	for mu, side := range sides {
		factor[mu] = 2 * math.Sin(math.Pi/float64(side))
	}
	d := float64(len(sides))
	return analysis.Function{
		Terms: 1 + len(sides),
		Term:  func(record, terms []float64) { copy(terms, record) },
		Value: func(mean []float64) float64 {
			var sum float64
			for mu, f := range factor {
				sum += math.Sqrt(mean[0]/mean[1+mu]-1) / f
			}
			return sum / d
		},
		Gradient: func(mean, grad []float64) {
			grad[0] = 0
			for mu, f := range factor {
				ratio := mean[0] / mean[1+mu]
				g := 1 / (2 * f * math.Sqrt(ratio-1) * mean[1+mu] * d)
				grad[0] += g
				grad[1+mu] = -ratio * g
			}
		},
	}
}
