package proposals

import (
	"math"

	"mcrun/mc"
)

// dualAveraging finds the step for which the mean acceptance is a target, by
// the dual averaging of M. D. Hoffman and A. Gelman, J. Mach. Learn. Res. 15,
// 1593 (2014), section 3.2, with their constants. It shrinks to the step that
// it starts from.
type dualAveraging struct {
	target, start float64 // start: logarithm of the first step

	n        float64 // updates so far
	shortage float64 // weighted mean of target - acceptance
	log      float64 // logarithm of the step to try next
	mean     float64 // logarithm of the step, averaged over the updates
}

func newDualAveraging(target, step float64) *dualAveraging {
	l := math.Log(step)
	return &dualAveraging{target: target, start: l, log: l, mean: l}
}

// update takes the acceptance found with the step tried last.
func (d *dualAveraging) update(acceptance float64) {
	const (
		gamma = 0.05 // how much a step shrinks to the first
		t0    = 10   // how little the first updates count
		kappa = 0.75 // how fast they are forgotten
	)
	d.n++
	d.shortage += (d.target - acceptance - d.shortage) / (d.n + t0)
	d.log = d.start - math.Sqrt(d.n)/gamma*d.shortage
	d.mean += math.Pow(d.n, -kappa) * (d.log - d.mean)
}

func (d *dualAveraging) learned() []*float64 {
	return []*float64{&d.n, &d.shortage, &d.log, &d.mean}
}

// jumpRate finds the length T of trajectories for which the expected squared
// jump of a slow quantity A per gradient, <(A(T) - A(0))^2>/T, is largest. It
// climbs with its derivative, which each trajectory gives:
//
//	d/dlnT <dA^2>/T = <2 dA dA/dt t - dA^2>/T,
//
// in units of the root of its mean square, by stochastic approximation with
// averaged iterates (M. D. Hoffman, A. Radul and P. Sountsov, AISTATS 2021;
// per gradient: P. Sountsov and M. D. Hoffman, arXiv:2110.11576).
type jumpRate struct {
	n      float64 // updates so far
	square float64 // running mean of the square of the derivative
	log    float64 // logarithm of the length to try next
	mean   float64 // logarithm of the length, averaged over the updates
}

func newJumpRate(length float64) *jumpRate {
	l := math.Log(length)
	return &jumpRate{log: l, mean: l}
}

// update takes <2 dA dA/dt t - dA^2> of trajectories of the length tried last.
// The length stays between the bounds.
func (j *jumpRate) update(slope, least, most float64) {
	const (
		memory = 20   // updates in the running mean
		t0     = 10   // how little the first updates count
		kappa  = 0.75 // how fast they are forgotten
	)
	j.n++
	j.square += (slope*slope - j.square) / min(j.n, memory)
	if j.square > 0 && finite(j.square) {
		unit := max(-1, min(slope/math.Sqrt(j.square), 1))
		j.log += unit / math.Sqrt(j.n+t0)
	}
	j.log = max(math.Log(least), min(j.log, math.Log(most)))
	j.mean += math.Pow(j.n, -kappa) * (j.log - j.mean)
}

func (j *jumpRate) learned() []*float64 {
	return []*float64{&j.n, &j.square, &j.log, &j.mean}
}

// saveLearned stores numbers under a name.
func saveLearned(s *mc.Snapshot, name string, numbers []*float64) {
	values := make([]float64, len(numbers))
	for i, v := range numbers {
		values[i] = *v
	}
	mc.Put(s, name, values)
}

// loadLearned restores what saveLearned stored.
func loadLearned(s *mc.Snapshot, name string, numbers []*float64) error {
	values := make([]float64, len(numbers))
	if err := mc.Get(s, name, values); err != nil {
		return err
	}
	for i, v := range values {
		*numbers[i] = v
	}
	return nil
}
