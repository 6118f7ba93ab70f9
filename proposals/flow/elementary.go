package flow

import (
	"math"
	"slices"

	"mcrun/mc"
	"mcrun/proposals/flow/kern"
)

// Affine scales and shifts each coordinate by itself,
//
//	x_i = w_c z_i + b_c,   c = class of i,   ln|det dx/dz| = sum_i ln|w_c|.
//
// Its parameters are the widths w of the classes and, if it shifts, b.
type Affine[T kern.Float] struct {
	class   []int
	classes int
	shift   bool
}

// NewAffine returns the map of coordinates of the given classes, numbered from
// 0, with or without b. It panics if a number is negative or there is none.
func NewAffine[T kern.Float](class []int, shift bool) *Affine[T] {
	if len(class) == 0 || slices.Min(class) < 0 {
		panic("flow: an affine map without coordinates, or of a class below 0")
	}
	return &Affine[T]{class, slices.Max(class) + 1, shift}
}

// Dim implements [Bijector].
func (a *Affine[T]) Dim() int { return len(a.class) }

// Params implements [Bijector].
func (a *Affine[T]) Params() int {
	if a.shift {
		return 2 * a.classes
	}
	return a.classes
}

// at returns w and b of coordinate i.
func (a *Affine[T]) at(theta []T, i int) (w, b T) {
	w = theta[a.class[i]]
	if a.shift {
		b = theta[a.classes+a.class[i]]
	}
	return w, b
}

// Forward implements [Bijector].
func (a *Affine[T]) Forward(theta, x []T, logdet []float64, _ *Workspace[T]) {
	n, log := len(logdet), 0.0
	for i := range a.class {
		w, b := a.at(theta, i)
		log += math.Log(math.Abs(float64(w)))
		row := x[i*n:][:n]
		for c, z := range row {
			row[c] = w*z + b
		}
	}
	addAll(logdet, log)
}

// Inverse implements [Bijector].
func (a *Affine[T]) Inverse(theta, x []T, logdet []float64, _ *Workspace[T]) {
	n, log := len(logdet), 0.0
	for i := range a.class {
		w, b := a.at(theta, i)
		log += math.Log(math.Abs(float64(w)))
		row := x[i*n:][:n]
		for c, x := range row {
			row[c] = (x - b) / w
		}
	}
	addAll(logdet, -log)
}

// PullForward implements [Bijector].
func (a *Affine[T]) PullForward(theta, x, g, l, gtheta []T, _ *Workspace[T]) {
	n := len(l)
	for i, class := range a.class {
		w, b := a.at(theta, i)
		var gw, gb T
		row, grow := x[i*n:][:n], g[i*n:][:n]
		for c, x := range row {
			z := (x - b) / w
			gw += grow[c]*z + l[c]/w
			gb += grow[c]
			row[c] = z
			grow[c] *= w
		}
		a.gather(gtheta, class, gw, gb)
	}
}

// PullInverse implements [Bijector].
func (a *Affine[T]) PullInverse(theta, x, g, l, gtheta []T, _ *Workspace[T]) {
	n := len(l)
	for i, class := range a.class {
		w, b := a.at(theta, i)
		var gw, gb T
		row, grow := x[i*n:][:n], g[i*n:][:n]
		for c, z := range row {
			grow[c] /= w
			gw -= grow[c]*z + l[c]/w
			gb -= grow[c]
			row[c] = w*z + b
		}
		a.gather(gtheta, class, gw, gb)
	}
}

// gather adds to the gradient of the parameters of a class.
func (a *Affine[T]) gather(gtheta []T, class int, gw, gb T) {
	if gtheta == nil {
		return
	}
	gtheta[class] += gw
	if a.shift {
		gtheta[a.classes+class] += gb
	}
}

func addAll(dst []float64, v float64) {
	for c := range dst {
		dst[c] += v
	}
}

// initialise sets all widths to 1 and all shifts to 0.
func (a *Affine[T]) initialise(theta []T, _ *mc.Stream) {
	clear(theta)
	for c := range a.classes {
		theta[c] = 1
	}
}

func (a *Affine[T]) tensors(theta []T) []tensor[T] {
	list := []tensor[T]{parameters("width", []int{a.classes}, theta[:a.classes], nil)}
	if a.shift {
		list = append(list, parameters("shift", []int{a.classes}, theta[a.classes:], nil))
	}
	return list
}

// Permutation renames the coordinates: x_{to[i]} = z_i.
type Permutation[T kern.Float] struct {
	to []int
}

// NewPermutation returns the permutation that carries coordinate i to to[i]. It
// panics if that is none.
func NewPermutation[T kern.Float](to []int) *Permutation[T] {
	seen := make([]bool, len(to))
	for _, i := range to {
		if i < 0 || i >= len(to) || seen[i] {
			panic("flow: no permutation")
		}
		seen[i] = true
	}
	return &Permutation[T]{slices.Clone(to)}
}

// Dim implements [Bijector].
func (p *Permutation[T]) Dim() int { return len(p.to) }

// Params implements [Bijector]. There are none.
func (p *Permutation[T]) Params() int { return 0 }

// Forward implements [Bijector].
func (p *Permutation[T]) Forward(_, x []T, logdet []float64, w *Workspace[T]) {
	p.move(x, len(logdet), w)
}

// Inverse implements [Bijector].
func (p *Permutation[T]) Inverse(_, x []T, logdet []float64, w *Workspace[T]) {
	p.moveBack(x, len(logdet), w)
}

// PullForward implements [Bijector].
func (p *Permutation[T]) PullForward(_, x, g, l, _ []T, w *Workspace[T]) {
	p.moveBack(x, len(l), w)
	p.moveBack(g, len(l), w)
}

// PullInverse implements [Bijector].
func (p *Permutation[T]) PullInverse(_, x, g, l, _ []T, w *Workspace[T]) {
	p.move(x, len(l), w)
	p.move(g, len(l), w)
}

func (p *Permutation[T]) move(x []T, n int, w *Workspace[T]) {
	mark := w.mark()
	old := w.numbers.take(len(x))
	copy(old, x)
	scatter(x, old, p.to, n)
	w.release(mark)
}

func (p *Permutation[T]) moveBack(x []T, n int, w *Workspace[T]) {
	mark := w.mark()
	copy(x, gather(x, p.to, n, w))
	w.release(mark)
}
