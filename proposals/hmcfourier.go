package proposals

import (
	"errors"
	"math"

	"gonum.org/v1/gonum/floats"

	"mcrun/internal/lattice"
	"mcrun/mc"
	"mcrun/models"
)

// needFourier returns the sides of the lattice of a model whose sites hold one
// real number each, and an error if it is not such a model.
func needFourier(m models.Model) ([]int, error) {
	r, ok := m.(models.Regular)
	if !ok || r.Sides() == nil {
		return nil, errors.New("the model has no periodic lattice (models.Regular)")
	}
	if d, ok := m.(models.Differentiable); !ok || d.Dim() != m.Sites() {
		return nil, errors.New("the model's sites do not hold one real number each")
	}
	return r.Sides(), nil
}

// A fourierNormal is the normal distribution of independent modes,
//
//	<|x_k|^2>/N = variance(k),
//
// of configurations of one number a site on a periodic lattice.
type fourierNormal struct {
	fft  *lattice.Fourier // nil: all modes are alike
	khat []float64        // khat^2 = sum_mu 4 sin^2(k_mu/2) of each mode
	root []float64        // sqrt(variance)/N
	down []float64        // 1/(variance N)
}

// newFourierNormal returns the normal distribution on a lattice, of variance 1.
// Without sides all modes are alike.
func newFourierNormal(sides []int) *fourierNormal {
	f := &fourierNormal{khat: []float64{0}}
	if sides != nil {
		f.fft = lattice.NewFourier(sides)
		f.khat = f.fft.Khat2()
	}
	f.root, f.down = make([]float64, len(f.khat)), make([]float64, len(f.khat))
	f.set(func(float64) float64 { return 1 })
	return f
}

// set gives the modes a variance that is a function of khat^2.
func (f *fourierNormal) set(variance func(khat float64) float64) {
	n := 1.0
	if f.fft != nil {
		n = float64(f.fft.Sites())
	}
	for i, khat := range f.khat {
		v := variance(khat)
		f.root[i], f.down[i] = math.Sqrt(v)/n, 1/(v*n)
	}
}

// mean returns the mean of a function of khat^2 over all modes.
func (f *fourierNormal) mean(of func(khat float64) float64) float64 {
	if f.fft == nil {
		return of(0)
	}
	var sum float64
	for i, khat := range f.khat {
		sum += f.fft.Weights()[i] * of(khat)
	}
	return sum / float64(f.fft.Sites())
}

// draw draws a configuration.
func (f *fourierNormal) draw(x []float64, normal *mc.Stream) {
	normal.Normals(x)
	f.multiply(x, x, f.root)
}

// inverse writes the product of the inverse of the covariance and x to dst,
// which may be x.
func (f *fourierNormal) inverse(dst, x []float64) { f.multiply(dst, x, f.down) }

func (f *fourierNormal) multiply(dst, x, factor []float64) {
	if f.fft == nil {
		floats.ScaleTo(dst, factor[0], x)
		return
	}
	f.fft.Multiply(dst, x, factor)
}

// A freeFit finds the free field that is most like the one of a chain that
// thermalizes: its <phi^2>, and the correlation length of the second moment,
//
//	xi^2 = (S(0)/S(k) - 1) / (4 sin^2(k/2)),   k = 2 pi/L,
//
// averaged over the directions, from 0 to the longest side. What is measured
// replaces what was known after 16, 32, 64, ... configurations, so that the
// beginning is forgotten.
type freeFit struct {
	sides []int

	square, xi2 float64 // <phi^2> and xi^2 that are in use

	seen, from float64   // configurations so far, and before the present ones
	phi2       float64   // sum of <phi^2> over the present ones
	zero       float64   // sum of S(0)
	first      []float64 // sum of S(k), of each direction

	wave [][]complex128 // exp(ikx) along each direction
}

const firstFit = 16

func newFreeFit(sides []int) *freeFit {
	f := &freeFit{sides: sides, square: 1, first: make([]float64, len(sides))}
	for _, side := range sides {
		wave := make([]complex128, side)
		for x := range wave {
			sin, cos := math.Sincos(2 * math.Pi * float64(x) / float64(side))
			wave[x] = complex(cos, sin)
		}
		f.wave = append(f.wave, wave)
	}
	return f
}

// add takes a configuration and reports whether square and xi2 changed.
func (f *freeFit) add(x models.Field) bool {
	n := float64(len(x))
	f.phi2 += floats.Dot(x, x) / n
	if f.sides != nil {
		sum := floats.Sum(x)
		f.zero += sum * sum / n
	}
	stride := len(x)
	for mu, side := range f.sides {
		stride /= side
		var sum complex128
		for at := 0; at < len(x); at += stride {
			sum += complex(floats.Sum(x[at:at+stride]), 0) * f.wave[mu][at/stride%side]
		}
		f.first[mu] += (real(sum)*real(sum) + imag(sum)*imag(sum)) / n
	}
	f.seen++
	if f.seen < firstFit || f.seen < 2*f.from {
		return false
	}
	if f.phi2 > 0 { // else the chain has not left the configuration 0
		f.square = f.phi2 / (f.seen - f.from)
	}
	f.xi2 = 0
	var longest float64
	for mu, side := range f.sides {
		if f.first[mu] > 0 {
			sin := math.Sin(math.Pi / float64(side))
			f.xi2 += (f.zero/f.first[mu] - 1) / (4 * sin * sin) / float64(len(f.sides))
		}
		longest = max(longest, float64(side))
	}
	f.xi2 = max(0, min(f.xi2, longest*longest))
	f.from, f.phi2, f.zero = f.seen, 0, 0
	clear(f.first)
	return true
}

// learned returns what a checkpoint keeps.
func (f *freeFit) learned() []*float64 {
	v := []*float64{&f.square, &f.xi2, &f.seen, &f.from, &f.phi2, &f.zero}
	for mu := range f.first {
		v = append(v, &f.first[mu])
	}
	return v
}
