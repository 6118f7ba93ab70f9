package lattice

import (
	"math"

	"gonum.org/v1/gonum/dsp/fourier"
)

// A Fourier is the discrete Fourier transform of real arrays of one number a
// site, with the room that it needs. It belongs to one goroutine.
//
// Of the modes k and -k, which are conjugate, it holds one: those with 0 <= k <=
// L/2 along the last direction. They are numbered in row-major order, the last
// side being L/2 + 1.
type Fourier struct {
	// Modes are the coefficients sum_x phi_x exp(-i k x) of the last transform.
	Modes []complex128

	sides  []int
	sites  int
	weight []float64

	rows    *fourier.FFT // along the last direction
	columns []column     // along the others, the last of them first
}

// A column transforms along a direction but the last.
type column struct {
	stride int // modes from one site along it to the next
	line   []complex128
	fft    *fourier.CmplxFFT
}

// NewFourier returns the transform on a lattice.
func NewFourier(sides []int) *Fourier {
	last := len(sides) - 1
	side, half := sides[last], sides[last]/2+1
	f := &Fourier{sides: sides, sites: side, rows: fourier.NewFFT(side)}
	modes := half
	for mu := last - 1; mu >= 0; mu-- {
		f.columns = append(f.columns, column{modes, make([]complex128, sides[mu]), fourier.NewCmplxFFT(sides[mu])})
		modes *= sides[mu]
		f.sites *= sides[mu]
	}
	f.Modes = make([]complex128, modes)
	f.weight = make([]float64, modes)
	for i := range f.weight {
		f.weight[i] = 2
		if k := i % half; k == 0 || 2*k == side {
			f.weight[i] = 1
		}
	}
	return f
}

// Sites returns the number N of sites.
func (f *Fourier) Sites() int { return f.sites }

// Weights returns for each mode how many it stands for, 1 or 2, to be read only.
// Their sum is N.
func (f *Fourier) Weights() []float64 { return f.weight }

// Khat2 returns khat^2 = sum_mu 4 sin^2(k_mu/2) of each mode.
func (f *Fourier) Khat2() []float64 {
	khat := make([]float64, len(f.Modes))
	stride := 1
	for mu := len(f.sides) - 1; mu >= 0; mu-- {
		count := f.sides[mu]
		if mu == len(f.sides)-1 {
			count = f.rows.Len()/2 + 1
		}
		for i := range khat {
			s := math.Sin(math.Pi * float64(i/stride%count) / float64(f.sides[mu]))
			khat[i] += 4 * s * s
		}
		stride *= count
	}
	return khat
}

// Forward computes the modes of an array.
func (f *Fourier) Forward(x []float64) {
	n, half := f.rows.Len(), f.rows.Len()/2+1
	for r := 0; r*n < f.sites; r++ {
		f.rows.Coefficients(f.Modes[r*half:(r+1)*half], x[r*n:(r+1)*n])
	}
	for _, c := range f.columns {
		c.each(f.Modes, c.fft.Coefficients)
	}
}

// Scale multiplies each mode by a number.
func (f *Fourier) Scale(by []float64) {
	by = by[:len(f.Modes)]
	for i, m := range f.Modes {
		f.Modes[i] = complex(by[i]*real(m), by[i]*imag(m))
	}
}

// Backward writes N times the array of the modes, which are lost.
func (f *Fourier) Backward(x []float64) {
	for _, c := range f.columns {
		c.each(f.Modes, c.fft.Sequence)
	}
	n, half := f.rows.Len(), f.rows.Len()/2+1
	for r := 0; r*n < f.sites; r++ {
		f.rows.Sequence(x[r*n:(r+1)*n], f.Modes[r*half:(r+1)*half])
	}
}

// Multiply multiplies the modes of each array of a batch, which lie one after
// the other in x, by numbers, of which the factor 1/N of the transforms is to be
// a part, and writes the results to dst. It may be x.
func (f *Fourier) Multiply(dst, x, by []float64) {
	for at := 0; at < len(x); at += f.sites {
		f.Forward(x[at : at+f.sites])
		f.Scale(by)
		f.Backward(dst[at : at+f.sites])
	}
}

// each applies a transform to every line of modes along the direction.
func (c *column) each(modes []complex128, apply func(dst, src []complex128) []complex128) {
	slab := c.stride * len(c.line)
	for at := 0; at < len(modes); at += slab {
		for first := at; first < at+c.stride; first++ {
			for i := range c.line {
				c.line[i] = modes[first+i*c.stride]
			}
			apply(c.line, c.line)
			for i, m := range c.line {
				modes[first+i*c.stride] = m
			}
		}
	}
}
