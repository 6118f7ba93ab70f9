package models

import (
	"math"
	"slices"
	"sync"

	"gonum.org/v1/gonum/floats"

	"mcrun/internal/lattice"
)

// circulant is a covariance that is invariant under the translations of a
// periodic lattice: it is diagonal in Fourier space, where multiplying by it
// takes a time of N ln N. Its root R is symmetric.
type circulant struct {
	shape    []int
	sites    float64
	spectrum []float64 // M_k of the modes of a lattice.Fourier
	inverse  []float64 // 1/(N M_k)
	half     []float64 // sqrt(M_k)/N
	modes    sync.Pool // of *lattice.Fourier, one for each call at work

	// row returns row 0 of M^-1, each line along the last direction twice in a row,
	// computed once. Row i is the same, moved by the coordinates of site i.
	row func() []float64
}

// newCirculant returns M = K + alpha I, where K couples neighbours by k, with
// the lowest eigenvalue offset, and alpha.
func newCirculant(shape []int, k, offset float64) (*circulant, float64, error) {
	c := &circulant{shape: shape, sites: sites(shape)}
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
	c.row = sync.OnceValue(func() []float64 {
		x := make([]float64, product(shape))
		x[0] = 1
		c.solve(x, x)
		var row []float64
		for line := range slices.Chunk(x, shape[len(shape)-1]) {
			row = append(append(row, line...), line...)
		}
		return row
	})
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

func (c *circulant) solve(x, y []float64) {
	f := c.modes.Get().(*lattice.Fourier)
	defer c.modes.Put(f)
	f.Multiply(y, x, c.inverse)
}

func (c *circulant) inverseAt(int) float64 { return c.row()[0] }

func (c *circulant) addInverse(y []float64, i int, d float64) { addMoved(y, c.row(), c.shape, i, d) }

// addMoved adds d times an array, moved by the coordinates of site i, to y. Each line
// of x along the last direction is there twice in a row.
func addMoved(y, x []float64, shape []int, i int, d float64) {
	side := shape[0]
	if len(shape) == 1 {
		floats.AddScaled(y, d, x[side-i:2*side-i])
		return
	}
	stride := len(y) / side
	by, rest := i/stride, i%stride
	for to := range side {
		from := to - by
		if from < 0 {
			from += side
		}
		addMoved(y[to*stride:(to+1)*stride], x[2*from*stride:2*(from+1)*stride], shape[1:], rest, d)
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
