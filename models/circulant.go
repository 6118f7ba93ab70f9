package models

import (
	"math"
	"sync"

	"mcrun/internal/lattice"
)

// circulant is a covariance that is invariant under the translations of a
// periodic lattice: it is diagonal in Fourier space, where multiplying by it
// takes a time of N ln N. Its root R is symmetric.
type circulant struct {
	sites    float64
	spectrum []float64 // M_k of the modes of a lattice.Fourier
	inverse  []float64 // 1/(N M_k)
	half     []float64 // sqrt(M_k)/N
	modes    sync.Pool // of *lattice.Fourier, one for each call at work
}

// newCirculant returns M = K + alpha I, where K couples neighbours by k, with
// the lowest eigenvalue offset, and alpha.
func newCirculant(shape []int, k, offset float64) (*circulant, float64, error) {
	c := &circulant{sites: sites(shape)}
	c.modes.New = func() any { return lattice.NewFourier(shape) }
	lowest, highest := math.Inf(1), math.Inf(-1)
	eachMode(shape[:len(shape)-1], func(rest float64) {
		side := shape[len(shape)-1]
		for i := range side/2 + 1 {
			v := 2 * k * (rest + math.Cos(2*math.Pi*float64(i)/float64(side)))
			c.spectrum = append(c.spectrum, v)
			lowest, highest = min(lowest, v), max(highest, v)
		}
	})
	if err := checkOffset(offset, highest-lowest); err != nil {
		return nil, 0, err
	}
	for i := range c.spectrum {
		c.spectrum[i] += offset - lowest
		m := c.spectrum[i]
		c.inverse = append(c.inverse, 1/(c.sites*m))
		c.half = append(c.half, math.Sqrt(m)/c.sites)
	}
	return c, offset - lowest, nil
}

func (c *circulant) quadratic(x, q, y []float64) {
	f := c.modes.Get().(*lattice.Fourier)
	defer c.modes.Put(f)
	n := f.Sites()
	for b := range q {
		f.Forward(x[b*n : (b+1)*n])
		weights := f.Weights()
		var sum float64
		for i, v := range f.Modes {
			sum += weights[i] * c.inverse[i] * (real(v)*real(v) + imag(v)*imag(v))
		}
		q[b] = sum
		if y != nil {
			f.Scale(c.inverse)
			f.Backward(y[b*n : (b+1)*n])
		}
	}
}

func (c *circulant) root(x []float64) {
	f := c.modes.Get().(*lattice.Fourier)
	defer c.modes.Put(f)
	f.Multiply(x, x, c.half)
}

func (c *circulant) rootTransposed(x []float64) { c.root(x) }

func (c *circulant) logDet() float64 {
	f := c.modes.Get().(*lattice.Fourier)
	defer c.modes.Put(f)
	var sum float64
	for i, w := range f.Weights() {
		sum += w * math.Log(c.spectrum[i])
	}
	return sum
}
