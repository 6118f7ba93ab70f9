package flow

import "mcrun/proposals/flow/kern"

// A Bijector is an invertible map of R^N with parameters theta. Forward is the
// direction of generation, z -> x, Inverse that of inference, x -> z. Both act
// in place on a chunk of configurations and add the logarithm of the absolute
// value of the Jacobian determinant of their direction, ln|det dx/dz| or
// ln|det dz/dx|, to logdet, which has one number for each configuration.
//
// A chunk is an array of N rows and n = len(logdet) columns, row after row: a
// row is a coordinate and a column a configuration. The number of columns is a
// multiple of 16.
//
// # Reverse mode
//
// Let L be a function of what a direction puts out, coordinates and logarithm of
// the determinant. Given the output, g = dL/d(output) and l = dL/d(logdet), a
// pullback turns the output back into the input and g into dL/d(input), both in
// place, and adds dL/d(theta) to gtheta, unless that is nil. So nothing has to be
// kept of the first pass: PullForward, of Forward, recomputes from the inverse,
// and PullInverse the other way round.
//
// A Bijector is immutable, and several goroutines may use it at once, each with
// a workspace of its own.
type Bijector[T kern.Float] interface {
	// Dim returns the number N of coordinates.
	Dim() int
	// Params returns the length of theta.
	Params() int
	Forward(theta, x []T, logdet []float64, w *Workspace[T])
	Inverse(theta, x []T, logdet []float64, w *Workspace[T])
	PullForward(theta, x, g, l, gtheta []T, w *Workspace[T])
	PullInverse(theta, x, g, l, gtheta []T, w *Workspace[T])
}

// Compose returns the bijector whose Forward is that of the given ones, the
// first first. Its parameters are theirs in the same order. It panics if there
// is none or if they differ in dimension.
func Compose[T kern.Float](b ...Bijector[T]) Bijector[T] { return compose(b) }

func compose[T kern.Float](b []Bijector[T]) *chain[T] {
	if len(b) == 0 {
		panic(badCompose)
	}
	c := &chain[T]{maps: b, first: make([]int, len(b)+1)}
	for i, m := range b {
		if m.Dim() != b[0].Dim() {
			panic(badCompose)
		}
		c.first[i+1] = c.first[i] + m.Params()
	}
	return c
}

const badCompose = "flow: a composition needs bijectors of one dimension"

// chain is a composition.
type chain[T kern.Float] struct {
	maps  []Bijector[T]
	first []int // where the parameters of each begin, and the end
}

func (c *chain[T]) Dim() int    { return c.maps[0].Dim() }
func (c *chain[T]) Params() int { return c.first[len(c.maps)] }

// part returns the parameters of map i, nil of nil.
func (c *chain[T]) part(theta []T, i int) []T {
	if theta == nil {
		return nil
	}
	return theta[c.first[i]:c.first[i+1]:c.first[i+1]]
}

func (c *chain[T]) Forward(theta, x []T, logdet []float64, w *Workspace[T]) {
	for i, m := range c.maps {
		m.Forward(c.part(theta, i), x, logdet, w)
	}
}

func (c *chain[T]) Inverse(theta, x []T, logdet []float64, w *Workspace[T]) {
	for i := len(c.maps) - 1; i >= 0; i-- {
		c.maps[i].Inverse(c.part(theta, i), x, logdet, w)
	}
}

func (c *chain[T]) PullForward(theta, x, g, l, gtheta []T, w *Workspace[T]) {
	for i := len(c.maps) - 1; i >= 0; i-- {
		c.maps[i].PullForward(c.part(theta, i), x, g, l, c.part(gtheta, i), w)
	}
}

func (c *chain[T]) PullInverse(theta, x, g, l, gtheta []T, w *Workspace[T]) {
	for i, m := range c.maps {
		m.PullInverse(c.part(theta, i), x, g, l, c.part(gtheta, i), w)
	}
}

// Invert returns the bijector whose Forward is the Inverse of b.
func Invert[T kern.Float](b Bijector[T]) Bijector[T] {
	if i, ok := b.(inverted[T]); ok {
		return i.Bijector
	}
	return inverted[T]{b}
}

type inverted[T kern.Float] struct{ Bijector[T] }

func (b inverted[T]) Forward(theta, x []T, logdet []float64, w *Workspace[T]) {
	b.Bijector.Inverse(theta, x, logdet, w)
}

func (b inverted[T]) Inverse(theta, x []T, logdet []float64, w *Workspace[T]) {
	b.Bijector.Forward(theta, x, logdet, w)
}

func (b inverted[T]) PullForward(theta, x, g, l, gtheta []T, w *Workspace[T]) {
	b.Bijector.PullInverse(theta, x, g, l, gtheta, w)
}

func (b inverted[T]) PullInverse(theta, x, g, l, gtheta []T, w *Workspace[T]) {
	b.Bijector.PullForward(theta, x, g, l, gtheta, w)
}
