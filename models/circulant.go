package models

import (
	"math"
	"sync"

	"gonum.org/v1/gonum/dsp/fourier"
)

// circulant is a covariance that is invariant under the translations of a
// periodic lattice: it is diagonal in Fourier space, where multiplying by it
// takes a time of N ln N. Its root R is symmetric.
type circulant struct {
	shape    []int
	spectrum []float64 // M_k of the modes of a transform
	modes    sync.Pool // of *transform, one for each call at work
}

// newCirculant returns M = K + alpha I, where K couples neighbours by k, with
// the lowest eigenvalue offset, and alpha.
func newCirculant(shape []int, k, offset float64) (*circulant, float64, error) {
	c := &circulant{shape: shape}
	c.modes.New = func() any { return newTransform(shape) }
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
	}
	return c, offset - lowest, nil
}

func (c *circulant) quadratic(x, q, y []float64) {
	t := c.modes.Get().(*transform)
	defer c.modes.Put(t)
	n := product(c.shape)
	for b := range q {
		t.forward(x[b*n : (b+1)*n])
		var sum float64
		for i, v := range t.mode {
			square := real(v)*real(v) + imag(v)*imag(v)
			sum += t.multiplicity(i) * square / c.spectrum[i]
		}
		q[b] = sum / float64(n)
		if y != nil {
			for i, m := range c.spectrum {
				t.scale(i, 1/m)
			}
			t.inverse(y[b*n : (b+1)*n])
		}
	}
}

func (c *circulant) root(x []float64) {
	t := c.modes.Get().(*transform)
	defer c.modes.Put(t)
	t.forward(x)
	for i, m := range c.spectrum {
		t.scale(i, math.Sqrt(m))
	}
	t.inverse(x)
}

func (c *circulant) rootTransposed(x []float64) { c.root(x) }

func (c *circulant) logDet() float64 {
	t := newTransform(c.shape)
	var sum float64
	for i, m := range c.spectrum {
		sum += t.multiplicity(i) * math.Log(m)
	}
	return sum
}

// A transform is the discrete Fourier transform of real numbers on a lattice,
// with the room it needs. Of the modes k and -k, which are conjugate, it has
// one along the last direction: 0 <= k <= L/2.
type transform struct {
	mode []complex128
	side int // of the last direction
	half int // modes along it
	last *fourier.FFT
	rest []axis
}

// An axis is a direction but the last.
type axis struct {
	stride int // modes from one site along it to the next
	line   []complex128
	fft    *fourier.CmplxFFT
}

func newTransform(shape []int) *transform {
	side := shape[len(shape)-1]
	t := &transform{side: side, half: side/2 + 1, last: fourier.NewFFT(side)}
	stride := t.half
	for mu := len(shape) - 2; mu >= 0; mu-- {
		t.rest = append(t.rest, axis{stride, make([]complex128, shape[mu]), fourier.NewCmplxFFT(shape[mu])})
		stride *= shape[mu]
	}
	t.mode = make([]complex128, stride)
	return t
}

// multiplicity returns how many modes mode i stands for.
func (t *transform) multiplicity(i int) float64 {
	if k := i % t.half; k == 0 || 2*k == t.side {
		return 1
	}
	return 2
}

// scale multiplies mode i by a number.
func (t *transform) scale(i int, by float64) {
	v := t.mode[i]
	t.mode[i] = complex(by*real(v), by*imag(v))
}

// forward sets the modes to sum_x phi_x exp(-i k x).
func (t *transform) forward(x []float64) {
	for r := 0; r*t.side < len(x); r++ {
		t.last.Coefficients(t.mode[r*t.half:(r+1)*t.half], x[r*t.side:(r+1)*t.side])
	}
	for _, a := range t.rest {
		a.each(t.mode, a.fft.Coefficients)
	}
}

// inverse writes the field of the modes, which are lost.
func (t *transform) inverse(x []float64) {
	for _, a := range t.rest {
		a.each(t.mode, a.fft.Sequence)
	}
	norm := 1 / float64(len(x))
	for r := 0; r*t.side < len(x); r++ {
		row := x[r*t.side : (r+1)*t.side]
		t.last.Sequence(row, t.mode[r*t.half:(r+1)*t.half])
		for i := range row {
			row[i] *= norm
		}
	}
}

// each applies a transform to every line along the axis.
func (a *axis) each(mode []complex128, apply func(dst, src []complex128) []complex128) {
	slab := a.stride * len(a.line)
	for at := 0; at < len(mode); at += slab {
		for first := at; first < at+a.stride; first++ {
			for i := range a.line {
				a.line[i] = mode[first+i*a.stride]
			}
			apply(a.line, a.line)
			for i, v := range a.line {
				mode[first+i*a.stride] = v
			}
		}
	}
}
