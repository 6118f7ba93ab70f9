package observables

import (
	"errors"

	"mcrun/analysis"
	"mcrun/models"
)

// Functions of distance and of wave vector are recorded along the axes of a
// lattice: for every direction mu in turn, L_mu/2 + 1 values. The first of each
// is that at the origin, which is one point of the function.

// sides returns the sides of a model's lattice, and nil if it has none.
func sides(m models.Model) []int {
	if r, ok := m.(models.Regular); ok {
		return r.Sides()
	}
	return nil
}

// isCubic reports whether all sides are equal, so that directions are alike.
func isCubic(sides []int) bool {
	for _, side := range sides {
		if side != sides[0] {
			return false
		}
	}
	return true
}

// hasSpinField is the Check of what needs a spin vector at every site.
func hasSpinField(m models.Model) error {
	if _, ok := m.(models.SpinField); !ok {
		return errors.New("the model has no spin vector at every site (models.SpinField)")
	}
	return nil
}

// hasLattice is the Check of what needs axes.
func hasLattice(m models.Model) error {
	if sides(m) == nil {
		return errors.New("the model's sites form no periodic hypercubic lattice, so that there is neither distance nor wave vector (models.Regular)")
	}
	return nil
}

// hasFieldOnLattice is the Check of what needs spin vectors and axes.
func hasFieldOnLattice(m models.Model) error {
	if err := hasSpinField(m); err != nil {
		return err
	}
	return hasLattice(m)
}

// axesWidth is the Width of a column along the axes.
func axesWidth(m models.Model) int {
	var width int
	for _, side := range sides(m) {
		width += side/2 + 1
	}
	return width
}

// axesPoints returns the Points of an observable along the axes, given the
// argument of value n along a side. They are these numbers where all sides are
// equal, and else vectors of every direction in turn, with the origin once.
func axesPoints(argument func(n, side int) float64) func(m models.Model) [][]float64 {
	return func(m models.Model) [][]float64 {
		var points [][]float64
		sides := sides(m)
		if isCubic(sides) {
			for n := range sides[0]/2 + 1 {
				points = append(points, []float64{argument(n, sides[0])})
			}
			return points
		}
		for mu, side := range sides {
			for n := firstOf(mu); n <= side/2; n++ {
				point := make([]float64, len(sides))
				point[mu] = argument(n, side)
				points = append(points, point)
			}
		}
		return points
	}
}

// firstOf returns the first n of a direction whose value is a point of its own.
func firstOf(mu int) int { return min(mu, 1) }

// axesEstimators returns the Estimators that go with axesPoints: the values of
// the column, averaged over the directions where all sides are equal.
func axesEstimators(m models.Model) []Estimator {
	sides := sides(m)
	if isCubic(sides) {
		return alikeEstimators(sides[0]/2+1, len(sides))
	}
	var estimators []Estimator
	at := 0
	for mu, side := range sides {
		for n := firstOf(mu); n <= side/2; n++ {
			estimators = append(estimators, Estimator{Inputs: []int{at + n}})
		}
		at += side/2 + 1
	}
	return estimators
}

// alikeEstimators returns the Estimators of so many values, averaged over
// directions.
func alikeEstimators(values, directions int) []Estimator {
	estimators := make([]Estimator, values)
	for n := range estimators {
		inputs := make([]int, directions)
		for mu := range inputs {
			inputs[mu] = n + mu*values
		}
		estimators[n].Inputs = inputs
		if directions > 1 {
			estimators[n].Function = &meanOfInputs
		}
	}
	return estimators
}

// meanOfInputs is the expectation value of the mean of the inputs.
var meanOfInputs = analysis.Function{
	Terms: 1,
	Term: func(record, terms []float64) {
		var sum float64
		for _, v := range record {
			sum += v
		}
		terms[0] = sum / float64(len(record))
	},
	Value:    func(means []float64) float64 { return means[0] },
	Gradient: func(_, grad []float64) { grad[0] = 1 },
}
