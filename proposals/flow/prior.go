package flow

import (
	"math"

	"mcrun/mc"
	"mcrun/proposals/flow/kern"
)

// A prior is the distribution of the latent variables, independent and alike for
// all coordinates:
//
//	p(z) = 1/2 Normal(z; mean, width^2) + 1/2 Normal(z; -mean, width^2).
//
// Of mean 0 and width 1 it is the standard normal one.
type prior struct {
	mean, width float64
}

var standard = prior{0, 1}

// fitPrior returns the prior with given moments <z^2> and <z^4>,
//
//	<z^2> = mean^2 + width^2,   3 <z^2>^2 - <z^4> = 2 mean^4;
//
// with mean 0 if the distribution is broader than a normal one.
func fitPrior(second, fourth float64) prior {
	square := math.Sqrt(max(0, (3*second*second-fourth)/2)) // mean^2
	width := math.Sqrt(max(second-square, 1e-6*second))
	// As a weights file holds them.
	return prior{float64(float32(math.Sqrt(square))), float64(float32(width))}
}

// draw draws the latent variables of one configuration.
func draw[T kern.Float](p prior, z []T, random *mc.Stream) {
	kern.Normals(z, random)
	if p == standard {
		return
	}
	for i, v := range z {
		mean := p.mean
		if random.Below(1 << 63) {
			mean = -mean
		}
		z[i] = T(p.width*float64(v) + mean)
	}
}

// logRootTwoPi is ln sqrt(2 pi).
const logRootTwoPi = 0.918938533204672741780329736405617639861

// logDensity adds ln p of each column of z to logp, which has one number a column.
func logDensity[T kern.Float](p prior, z []T, logp []float64, w *Workspace[T]) {
	n, mark := len(logp), w.mark()
	defer w.release(mark)
	rows := len(z) / n
	squares := w.wide.take(n)
	clear(squares)
	kern.AddSquares(squares, z, rows, n)
	tau := 1 / (p.width * p.width)
	constant := float64(rows) * (tau*p.mean*p.mean/2 + logRootTwoPi + math.Log(p.width))
	for c, v := range squares {
		logp[c] -= tau*v/2 + constant
	}
	if p.mean == 0 {
		return
	}
	for r := range rows {
		for c, v := range z[r*n:][:n] {
			logp[c] += logCosh(tau * p.mean * float64(v))
		}
	}
}

// logCosh returns ln cosh u.
func logCosh(u float64) float64 {
	u = math.Abs(u)
	return u + math.Log1p(math.Exp(-2*u)) - math.Ln2
}

// logDensityGradient adds l times the gradient of ln p(z) to g, l having one
// number a column.
func logDensityGradient[T kern.Float](p prior, z, l, g []T) {
	n := len(l)
	tau := T(1 / (p.width * p.width))
	for i := 0; i < len(z); i += n {
		row := g[i:][:n]
		for c, v := range z[i:][:n] {
			row[c] -= l[c] * tau * v
		}
	}
	if p.mean == 0 {
		return
	}
	slope := p.mean / (p.width * p.width)
	for i := 0; i < len(z); i += n {
		row := g[i:][:n]
		for c, v := range z[i:][:n] {
			row[c] += l[c] * T(slope*math.Tanh(slope*float64(v)))
		}
	}
}

// fixedPrior is the layer of a weights file that has a prior without parameters;
// as a map it is the identity.
type fixedPrior[T kern.Float] struct {
	prior
	dim int
}

func (p fixedPrior[T]) Dim() int                                       { return p.dim }
func (p fixedPrior[T]) Params() int                                    { return 0 }
func (p fixedPrior[T]) Forward(_, _ []T, _ []float64, _ *Workspace[T]) {}
func (p fixedPrior[T]) Inverse(_, _ []T, _ []float64, _ *Workspace[T]) {}
func (p fixedPrior[T]) PullForward(_, _, _, _, _ []T, _ *Workspace[T]) {}
func (p fixedPrior[T]) PullInverse(_, _, _, _, _ []T, _ *Workspace[T]) {}
func (p fixedPrior[T]) initialise([]T, *mc.Stream)                     {}

func (p fixedPrior[T]) tensors([]T) []tensor[T] {
	return []tensor[T]{
		constant[T]("mean", []int{1}, []float32{float32(p.mean)}),
		constant[T]("width", []int{1}, []float32{float32(p.width)}),
	}
}
