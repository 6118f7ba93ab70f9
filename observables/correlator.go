package observables

import (
	"math"

	"mcrun/analysis"
	"mcrun/models"
)

// The two-point function at zero momentum is that of time slices: along a
// direction of side L, with sigma(t) the sum of the spins of plane t,
//
//	C(t) = (1/N) sum_u <sigma(u) . sigma(u+t)> = sum_y <s_(0,0) . s_(t,y)>,
//
// y running over the plane. It does not grow with the size, its sum over all t is
// N <m^2>, and it is the Fourier transform of the structure factor along the axis,
// C(t) = (1/L) sum_k S(k) cos(kt). Where the transfer matrix has a gap, it falls as
// cosh(m (L/2 - t)) far from 0, and m, the inverse correlation length, is found from
// three neighbours:
//
//	cosh m = (C(t+1) + C(t-1))/(2 C(t)).
//
// Where <m> is not 0, neither is C at large distances; the connected function is
// C(t) - (N/L) <m>^2.

func registerCorrelator() {
	RegisterColumn(Column{
		Name:  "correlator",
		Check: hasFieldOnLattice,
		Width: axesWidth,
		Bind:  bindCorrelator,
	})
	points := axesPoints(func(t, _ int) float64 { return float64(t) })
	Register(Observable{
		Name:       "correlator",
		Doc:        "C(t) = sum_y <s_(0,0) s_(t,y)>, y over the plane at distance t along an axis, t = 0..L/2: at zero momentum; averaged over directions if sides are equal",
		Columns:    fixed("correlator"),
		Points:     points,
		Estimators: axesEstimators,
	})
	Register(Observable{
		Name:       "connected_correlator",
		Doc:        "C(t) - (N/L) <m>^2, for a model whose m has a sign",
		Columns:    fixed("correlator", "magnetization"),
		Points:     points,
		Estimators: connectedCorrelator,
	})
	Register(Observable{
		Name:       "effective_mass",
		Doc:        "arccosh((C(t+1) + C(t-1))/(2 C(t))) of the correlator, t = 1..L/2",
		Columns:    fixed("correlator"),
		Points:     massPoints,
		Estimators: func(m models.Model) []Estimator { return effectiveMasses(m, false) },
	})
	Register(Observable{
		Name:       "connected_effective_mass",
		Doc:        "the same of the connected correlator, where <m> is not 0",
		Columns:    fixed("correlator", "magnetization"),
		Points:     massPoints,
		Estimators: func(m models.Model) []Estimator { return effectiveMasses(m, true) },
	})
}

// bindCorrelator reads C(t) as the Fourier transform of the structure factor, from
// S(k) at k = 2 pi n/L, n = 0..L/2.
func bindCorrelator(m models.Model, c Chain) func(dst []float64) {
	structure := bindStructureFactor(m, c)
	sides := sides(m)
	spectra := newSpectra(sides)
	line := make([][]float64, len(sides))
	n, unit := float64(m.Sites()), productUnit(m)
	ring := len(sides) == 1 && hasUnitSpins(m)
	for mu, side := range sides {
		line[mu] = make([]float64, side)
	}
	return func(dst []float64) {
		structure(dst)
		for mu, side := range sides {
			modes := spectra[mu].modes
			for k := range modes {
				modes[k] = complex(dst[k]/float64(side), 0)
			}
			spectra[mu].fft.Sequence(line[mu], modes)
			for t := range modes {
				dst[t] = toMultiple(n*line[mu][t], unit) / n
			}
			if ring {
				dst[0] = 1 // of a ring: and not what transforms round off
			}
			dst = dst[len(modes):]
		}
	}
}

// A slicing is how the values of the column correlator along one direction, or
// along all where they are alike, are placed in a record.
type slicing struct {
	side int
	at   []int // the places of C(0)
}

// slicings returns those of a model: one where all sides are equal.
func slicings(m models.Model) (list []slicing) {
	at := 0
	for _, side := range sides(m) {
		list = append(list, slicing{side, []int{at}})
		at += side/2 + 1
	}
	if isCubic(sides(m)) {
		for _, s := range list[1:] {
			list[0].at = append(list[0].at, s.at[0])
		}
		list = list[:1]
	}
	return list
}

// inputs returns the places of C at the distances t, of all directions for the
// first, then the next.
func (s slicing) inputs(t ...int) (list []int) {
	for _, t := range t {
		for _, at := range s.at {
			list = append(list, at+t)
		}
	}
	return list
}

// terms returns the terms of a record that holds the inputs of so many distances:
// C of each, averaged over directions.
func (s slicing) terms(record, terms []float64) {
	for k := range terms {
		var sum float64
		for range s.at {
			sum += record[0]
			record = record[1:]
		}
		terms[k] = sum / float64(len(s.at))
	}
}

// connectedCorrelator returns the estimators of C(t) - (N/L) <m>^2.
func connectedCorrelator(m models.Model) (estimators []Estimator) {
	width := axesWidth(m) // of the column, after which comes m
	for mu, s := range slicings(m) {
		volume := float64(m.Sites() / s.side)
		for t := firstOf(mu); t <= s.side/2; t++ {
			estimators = append(estimators, Estimator{
				Inputs: append(s.inputs(t), width),
				Function: &analysis.Function{
					Terms: 2,
					Term: func(r, terms []float64) {
						s.terms(r, terms[:1])
						terms[1] = r[len(r)-1]
					},
					Value:    func(mean []float64) float64 { return mean[0] - volume*mean[1]*mean[1] },
					Gradient: func(mean, g []float64) { g[0], g[1] = 1, -2*volume*mean[1] },
				},
			})
		}
	}
	return estimators
}

// massPoints returns the points t = 1..L/2 along the axes.
func massPoints(m models.Model) (points [][]float64) {
	cubic := isCubic(sides(m))
	for mu, s := range slicings(m) {
		for t := 1; t <= s.side/2; t++ {
			point := make([]float64, len(sides(m)))
			if point[mu] = float64(t); cubic {
				point = point[:1]
			}
			points = append(points, point)
		}
	}
	return points
}

// effectiveMasses returns the estimators that go with massPoints.
func effectiveMasses(m models.Model, connected bool) (estimators []Estimator) {
	const undefined = "there is no effective mass where (C(t+1) + C(t-1))/(2 C(t)) is not above 1: here the correlator is not convex, as where its statistical error exceeds it, or where spins alternate"
	width := axesWidth(m)
	for _, s := range slicings(m) {
		volume := float64(m.Sites() / s.side)
		for t := 1; t <= s.side/2; t++ {
			// C(t+1) is C(L-t-1) beyond the middle.
			e := Estimator{Inputs: s.inputs(t-1, t, min(t+1, s.side-t-1)), Undefined: undefined}
			if connected {
				e.Inputs = append(e.Inputs, width)
			}
			e.Function = effectiveMass(s, volume, connected)
			estimators = append(estimators, e)
		}
	}
	return estimators
}

// effectiveMass returns m as a function of C(t-1), C(t), C(t+1) and, if connected,
// of <m>, so many times the square of which are subtracted from each. With a =
// (C(t-1) + C(t+1))/(2 C(t)), the derivative of arccosh a is 1/sqrt(a^2 - 1).
func effectiveMass(s slicing, volume float64, connected bool) *analysis.Function {
	terms := 3
	if connected {
		terms = 4
	}
	// values returns C(t), and a.
	values := func(mean []float64) (middle, a float64) {
		off := 0.0
		if connected {
			off = volume * mean[3] * mean[3]
		}
		middle = mean[1] - off
		return middle, (mean[0] + mean[2] - 2*off) / (2 * middle)
	}
	return &analysis.Function{
		Terms: terms,
		Term: func(r, terms []float64) {
			s.terms(r, terms[:3])
			if connected {
				terms[3] = r[len(r)-1]
			}
		},
		Value: func(mean []float64) float64 {
			_, a := values(mean)
			return math.Acosh(a)
		},
		Gradient: func(mean, g []float64) {
			middle, a := values(mean)
			slope := 1 / (math.Sqrt(a*a-1) * middle)
			g[0], g[1], g[2] = slope/2, -a*slope, slope/2
			if connected {
				g[3] = 2 * volume * mean[3] * (a - 1) * slope
			}
		},
	}
}
