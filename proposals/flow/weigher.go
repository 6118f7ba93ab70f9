package flow

import (
	"math"

	"mcrun/mc"
	"mcrun/models"
	"mcrun/proposals/flow/kern"
)

// A weigher computes logarithms of importance weights,
//
//	ln w(x) = -S(x) - ln q_G(x).
type weigher[T kern.Float] struct {
	flow    *Flow[T]
	workers *Workers[T]
	model   models.Differentiable
	s       []float64
}

func newWeigher[T kern.Float](f *Flow[T], m models.Differentiable) weigher[T] {
	return weigher[T]{flow: f, workers: NewWorkers[T](1), model: m}
}

// sample draws configurations and computes their ln w.
func (w *weigher[T]) sample(random *mc.Stream, x, logw []float64) {
	w.flow.Sample(w.workers, random, x, logw)
	w.weigh(x, logw)
}

// weights computes ln w of given configurations.
func (w *weigher[T]) weights(x, logw []float64) {
	w.flow.LogQ(w.workers, x, logw)
	w.weigh(x, logw)
}

// weigh turns ln q_G of configurations into ln w.
func (w *weigher[T]) weigh(x, logq []float64) {
	w.s = sized(w.s, len(logq))
	w.model.Action(x, w.s)
	for c, s := range w.s {
		logq[c] = -s - logq[c]
	}
}

// accepts decides for a move from one ln w to another with the probability
// min(1, w'/w). A weight that is not a number counts as 0, so that a configuration
// beyond the range of the flow's numbers is left, and never reached.
func accepts(random *mc.Stream, from, to float64) bool {
	switch {
	case math.IsNaN(to) || math.IsInf(to, -1):
		return false
	case math.IsNaN(from):
		return true
	}
	return random.Below(mc.Threshold(math.Exp(to - from)))
}
