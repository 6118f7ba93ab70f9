package flow

import (
	"math"

	"mcrun/proposals/flow/kern"
)

// A mixture is what is known of the symmetrised density of one chunk,
//
//	q_G(y) = (1/|G|) sum_k q(k y),
//
// which is that of x = h y whatever h.
type mixture[T kern.Float] struct {
	log    []float64 // ln q(k y), one row for each k, with the columns of the chunk
	latent []T       // g^-1(k y), one chunk for each k
	total  []float64 // ln q_G
}

// mixture makes room for a chunk of n columns.
func (f *Flow[T]) mixture(n int, w *Workspace[T]) mixture[T] {
	return mixture[T]{
		log:    w.wide.take(len(f.group) * n),
		latent: w.numbers.take(len(f.group) * f.dim * n),
		total:  w.wide.take(n),
	}
}

// row returns the part of ln q(k y) and of the latent variables of one k.
func (m *mixture[T]) row(k int) (log []float64, latent []T) {
	n := len(m.total)
	size := n * len(m.latent) / len(m.log)
	return m.log[k*n : (k+1)*n], m.latent[k*size : (k+1)*size]
}

// infer computes ln q(k y) and latent variables for all k from a given one on,
// and with those before the total.
func (f *Flow[T]) infer(m *mixture[T], y []T, from int, w *Workspace[T]) {
	for k := from; k < len(f.group); k++ {
		log, z := m.row(k)
		image(z, y, &f.group[k], len(log))
		clear(log)
		f.g.Inverse(f.Theta, z, log, w)
		logDensity(f.design.prior, z, log, w)
	}
	n := len(m.total)
	for c := range m.total {
		most := math.Inf(-1)
		for k := range f.group {
			most = max(most, m.log[k*n+c])
		}
		var sum float64
		for k := range f.group {
			sum += math.Exp(m.log[k*n+c] - most)
		}
		m.total[c] = most + math.Log(sum/float64(len(f.group)))
	}
}

// weigh writes l times the responsibility q(k y)/(|G| q_G(y)) of each column, and
// reports whether one is not 0.
func (f *Flow[T]) weigh(dst []T, m *mixture[T], k int, l []float64) bool {
	log, _ := m.row(k)
	some := false
	for c := range dst {
		dst[c] = T(l[c] * responsibility(log[c], m.total[c], len(f.group)))
		some = some || dst[c] != 0
	}
	return some
}

// responsibility returns q(k y)/(|G| q_G(y)), and 0 where that is beyond the
// rounding of q_G: numbers so small would only turn into denormal ones on the way
// back, which take a processor ten times as long.
func responsibility(log, total float64, order int) float64 {
	if log-total < -40 {
		return 0
	}
	return math.Exp(log-total) / float64(order)
}

// pull adds to g the gradient to y of sum_c l[c] ln q_G(y), of the terms k from
// a given one on, and to gtheta that to the parameters unless it is nil. It
// spoils the latent variables.
func (f *Flow[T]) pull(m *mixture[T], g []T, l []float64, from int, gtheta []T, w *Workspace[T]) {
	mark := w.mark()
	weight := w.numbers.take(len(l))
	gz := w.numbers.take(len(g))
	for k := from; k < len(f.group); k++ {
		_, z := m.row(k)
		if !f.weigh(weight, m, k, l) {
			continue
		}
		clear(gz)
		logDensityGradient(f.design.prior, z, weight, gz)
		f.g.PullInverse(f.Theta, z, gz, weight, gtheta, w)
		imageBack(g, gz, &f.group[k], len(l))
	}
	w.release(mark)
}
