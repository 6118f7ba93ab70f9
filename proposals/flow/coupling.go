package flow

import (
	"fmt"
	"math"

	"mcrun/mc"

	"mcrun/proposals/flow/kern"
)

// Couplings is a stack of affine couplings of d coordinates (L. Dinh, J.
// Sohl-Dickstein and S. Bengio, arXiv:1605.08803). A mask says which coordinates
// a coupling leaves as they are, x_<; the others become, in generation,
//
//	x_> = z_> exp(s(z_<)) + t(z_<),   ln|det dx/dz| = sum s,
//
// where t is a network and s another one within bounds, s = scale tanh(out).
// Coupling 0 is the first one applied in generation.
//
// The parameters of a coupling are those of s, the scale of each coordinate
// that changes, and those of t. Weights that would multiply coordinates hidden
// by the mask, or make outputs that are not used, are no parameters.
type Couplings[T kern.Float] struct {
	dim       int
	couplings []coupling
	first     []int // where the parameters of each coupling begin, and the end
}

// A coupling is one affine coupling.
type coupling struct {
	keep, change []int // coordinates that pass, and that change
	net          mlp   // of s and of t
}

func (c *coupling) params() int { return 2*c.net.params() + len(c.change) }

// split returns the parameters of s, scale and t, nil of nil.
func split[T kern.Float](c *coupling, theta []T) (s, scale, t []T) {
	if theta == nil {
		return nil, nil, nil
	}
	p, end := c.net.params(), c.net.params()+len(c.change)
	return theta[:p:p], theta[p:end:end], theta[end:]
}

// NewCouplings returns the couplings of the given masks, true where a coordinate
// passes, with hidden layers of the given widths. It panics if a mask passes or
// changes nothing, or if masks differ in length.
func NewCouplings[T kern.Float](masks [][]bool, hidden []int, act kern.Activation) *Couplings[T] {
	r := &Couplings[T]{dim: len(masks[0]), first: []int{0}}
	for _, mask := range masks {
		var c coupling
		for i, pass := range mask {
			if pass {
				c.keep = append(c.keep, i)
			} else {
				c.change = append(c.change, i)
			}
		}
		if len(mask) != r.dim || len(c.keep) == 0 || len(c.change) == 0 {
			panic(badMask)
		}
		c.net.act = act
		c.net.widths = append(append([]int{len(c.keep)}, hidden...), len(c.change))
		r.couplings = append(r.couplings, c)
		r.first = append(r.first, r.first[len(r.first)-1]+c.params())
	}
	return r
}

const badMask = "flow: a mask of a coupling passes or changes nothing, or is not as long as the others"

// alternate returns n masks of d coordinates: a random half of them, which
// passes, then its complement, then the next random half.
func alternate(n, d int, random *mc.Stream) [][]bool {
	masks := make([][]bool, n)
	for j := range masks {
		masks[j] = make([]bool, d)
		if j%2 == 1 {
			for i, pass := range masks[j-1] {
				masks[j][i] = !pass
			}
			continue
		}
		left := d / 2 // of those that pass
		for i := range masks[j] {
			if random.IntN(d-i) < left {
				masks[j][i] = true
				left--
			}
		}
	}
	return masks
}

// Dim implements [Bijector].
func (r *Couplings[T]) Dim() int { return r.dim }

// Params implements [Bijector].
func (r *Couplings[T]) Params() int { return r.first[len(r.couplings)] }

// Forward implements [Bijector].
func (r *Couplings[T]) Forward(theta, x []T, logdet []float64, w *Workspace[T]) {
	mark := w.mark()
	row := w.numbers.take(len(logdet))
	clear(row)
	for j := range r.couplings {
		r.apply(j, theta, x, row, w, kern.Couple[T])
	}
	kern.Add(logdet, row)
	w.release(mark)
}

// Inverse implements [Bijector].
func (r *Couplings[T]) Inverse(theta, x []T, logdet []float64, w *Workspace[T]) {
	mark := w.mark()
	row := w.numbers.take(len(logdet))
	clear(row)
	for j := len(r.couplings) - 1; j >= 0; j-- {
		r.apply(j, theta, x, row, w, kern.Uncouple[T])
	}
	kern.Add(logdet, row)
	w.release(mark)
}

// apply applies one direction of coupling j.
func (r *Couplings[T]) apply(j int, theta, x, row []T, w *Workspace[T], update func(x, logdet, u, t, scale []T, m, n int)) {
	mark := w.mark()
	c, n := &r.couplings[j], len(row)
	s, scale, t := split(c, theta[r.first[j]:r.first[j+1]])
	keep := gather(x, c.keep, n, w)
	change := gather(x, c.change, n, w)
	outS := w.numbers.take(len(change))
	outT := w.numbers.take(len(change))
	hidden := w.numbers.take(c.net.kept() * n)
	eval(&c.net, s, keep, outS, hidden, n)
	eval(&c.net, t, keep, outT, hidden, n)
	update(change, row, outS, outT, scale, len(c.change), n)
	scatter(x, change, c.change, n)
	w.release(mark)
}

// PullForward implements [Bijector].
func (r *Couplings[T]) PullForward(theta, x, g, l, gtheta []T, w *Workspace[T]) {
	for j := len(r.couplings) - 1; j >= 0; j-- {
		r.pull(j, theta, x, g, l, gtheta, w, kern.CoupleGrad[T])
	}
}

// PullInverse implements [Bijector].
func (r *Couplings[T]) PullInverse(theta, x, g, l, gtheta []T, w *Workspace[T]) {
	for j := range r.couplings {
		r.pull(j, theta, x, g, l, gtheta, w, kern.UncoupleGrad[T])
	}
}

// pull applies the reverse mode of one direction of coupling j.
func (r *Couplings[T]) pull(j int, theta, x, g, l, gtheta []T, w *Workspace[T], update func(x, g, u, t, gscale, gl, scale []T, m, n int)) {
	mark := w.mark()
	c, n := &r.couplings[j], len(l)
	s, scale, t := split(c, theta[r.first[j]:r.first[j+1]])
	var gs, gt []T
	gscale := w.numbers.take(len(scale))
	if gtheta != nil {
		gs, gscale, gt = split(c, gtheta[r.first[j]:r.first[j+1]])
	}
	keep := gather(x, c.keep, n, w)
	change := gather(x, c.change, n, w)
	gchange := gather(g, c.change, n, w)
	outS := w.numbers.take(len(change))
	outT := w.numbers.take(len(change))
	keptS := w.numbers.take(c.net.kept() * n)
	keptT := w.numbers.take(c.net.kept() * n)
	eval(&c.net, s, keep, outS, keptS, n)
	eval(&c.net, t, keep, outT, keptT, n)
	update(change, gchange, outS, outT, gscale, l, scale, len(c.change), n)
	scatter(x, change, c.change, n)
	scatter(g, gchange, c.change, n)
	gkeep := w.numbers.take(len(keep))
	// Of t first, whose hidden layers are still in the cache.
	pull(&c.net, t, keep, keptT, outT, gkeep, gt, n, w)
	scatterAdd(g, gkeep, c.keep, n)
	pull(&c.net, s, keep, keptS, outS, gkeep, gs, n, w)
	scatterAdd(g, gkeep, c.keep, n)
	w.release(mark)
}

// initialise draws the parameters of coupling j as PyTorch does by default:
// weights and biases uniform within 1/sqrt(inputs), hidden coordinates counted
// as inputs; the scale is 0.
func (r *Couplings[T]) initialise(theta []T, random *mc.Stream) {
	for j := range r.couplings {
		c := &r.couplings[j]
		s, scale, t := split(c, theta[r.first[j]:r.first[j+1]])
		clear(scale)
		for _, net := range [][]T{s, t} {
			fan := r.dim
			for k, in := range c.net.widths[:len(c.net.widths)-1] {
				part := net[:(in+1)*c.net.widths[k+1]]
				net = net[len(part):]
				uniform(part, 1/math.Sqrt(float64(fan)), random)
				fan = c.net.widths[k+1]
			}
		}
	}
}

// uniform draws numbers between -bound and bound.
func uniform[T kern.Float](x []T, bound float64, random *mc.Stream) {
	for i := range x {
		x[i] = T(bound * (2*random.Float64() - 1))
	}
}

// tensors holds, of each coupling, the mask, and weights and biases of s and t
// with all d coordinates as inputs and outputs.
func (r *Couplings[T]) tensors(theta []T) []tensor[T] {
	var list []tensor[T]
	for j := range r.couplings {
		c := &r.couplings[j]
		name := fmt.Sprintf("coupling.%d.", j)
		mask := make([]float32, r.dim)
		for _, i := range c.keep {
			mask[i] = 1
		}
		list = append(list, constant[T](name+"mask", []int{r.dim}, mask))
		s, scale, t := split(c, theta[r.first[j]:r.first[j+1]])
		list = append(list, r.netTensors(c, name+"s.", s)...)
		list = append(list, parameters(name+"s.scale", []int{r.dim}, scale, c.change))
		list = append(list, r.netTensors(c, name+"t.", t)...)
	}
	return list
}

func (r *Couplings[T]) netTensors(c *coupling, name string, theta []T) []tensor[T] {
	var list []tensor[T]
	last := len(c.net.widths) - 2
	for k := range last + 1 {
		in, out := c.net.widths[k], c.net.widths[k+1]
		w, b, rest := linear(theta, in, out)
		theta = rest
		// Numbers of inputs and outputs in the file, and which of them are used.
		fileIn, fileOut := in, out
		inputs, outputs := indices(in), indices(out)
		if k == 0 {
			fileIn, inputs = r.dim, c.keep
		}
		if k == last {
			fileOut, outputs = r.dim, c.change
		}
		var place []int
		for _, o := range outputs {
			for _, i := range inputs {
				place = append(place, o*fileIn+i)
			}
		}
		list = append(list,
			parameters(fmt.Sprintf("%s%d.weight", name, k), []int{fileOut, fileIn}, w, place),
			parameters(fmt.Sprintf("%s%d.bias", name, k), []int{fileOut}, b, outputs))
	}
	return list
}

// indices returns 0 to n-1.
func indices(n int) []int {
	list := make([]int, n)
	for i := range list {
		list[i] = i
	}
	return list
}

// gather returns a copy of some rows.
func gather[T kern.Float](x []T, rows []int, n int, w *Workspace[T]) []T {
	dst := w.numbers.take(len(rows) * n)
	for k, i := range rows {
		copy(dst[k*n:(k+1)*n], x[i*n:(i+1)*n])
	}
	return dst
}

// scatter copies rows back.
func scatter[T kern.Float](x, src []T, rows []int, n int) {
	for k, i := range rows {
		copy(x[i*n:(i+1)*n], src[k*n:(k+1)*n])
	}
}

// scatterAdd adds rows to those that were gathered.
func scatterAdd[T kern.Float](x, src []T, rows []int, n int) {
	for k, i := range rows {
		dst := x[i*n : (i+1)*n]
		for c, v := range src[k*n : (k+1)*n] {
			dst[c] += v
		}
	}
}
