package flow

import (
	"fmt"
	"math"
	"slices"

	"mcrun/mc"
	"mcrun/proposals/flow/kern"
)

// Checkerboard is a stack of affine couplings of a periodic lattice (M. S.
// Albergo, G. Kanwar and P. E. Shanahan, Phys. Rev. D 100, 034515 (2019)): of
// coupling 0, which is the first one in generation, the sites whose coordinates
// have an even sum pass and the others change, of coupling 1 the other way
// round, and so on. The networks s and t are convolutions with periodic windows,
// one channel in and out, that see the changing sites as 0; s = scale tanh(out)
// with one scale for a coupling. They commute with the translations by an even
// number of sites, where sides are even.
//
// Windows of one site in all convolutions but the first make a network that acts
// on each site by itself, given the window of the first.
type Checkerboard[T kern.Float] struct {
	sides     []int
	sites     int
	couplings int
	change    [2][]int // sites that change in even and in odd couplings
	net       convolutions
}

// convolutions is a network of convolutions with an activation between them.
type convolutions struct {
	dims    int
	kernels []int // side of the window of each
	widths  []int // channels of the input, of each hidden layer and of the output
	act     kern.Activation
	window  [][][]int  // of each convolution and site, the sites in its window
	needed  [2][][]int // sites at which the result of each convolution is needed, by the parity of the coupling
}

// NewCheckerboard returns couplings of a lattice of given sides, with hidden
// layers of so many channels and windows of given odd sides, one more than there
// are hidden layers. It panics if there is not one more.
func NewCheckerboard[T kern.Float](sides []int, couplings int, hidden, kernels []int, act kern.Activation) *Checkerboard[T] {
	if len(kernels) != len(hidden)+1 {
		panic("flow: a network of convolutions needs a window for each")
	}
	b := &Checkerboard[T]{sides: sides, sites: product(sides), couplings: couplings}
	i := 0
	each(sides, func(at []int) {
		var parity int
		for _, x := range at {
			parity += x
		}
		// The odd sites change in even couplings.
		b.change[1-parity%2] = append(b.change[1-parity%2], i)
		i++
	})
	b.net = convolutions{
		dims:    len(sides),
		kernels: kernels,
		widths:  append(append([]int{1}, hidden...), 1),
		act:     act,
	}
	for _, k := range kernels {
		b.net.window = append(b.net.window, windows(sides, k))
	}
	for p, change := range b.change {
		needed := make([][]int, len(kernels))
		needed[len(kernels)-1] = change
		for m := len(kernels) - 1; m > 0; m-- {
			for _, site := range needed[m] {
				needed[m-1] = append(needed[m-1], b.net.window[m][site]...)
			}
			slices.Sort(needed[m-1])
			needed[m-1] = slices.Compact(needed[m-1])
		}
		b.net.needed[p] = needed
	}
	return b
}

// windows returns the sites in the window of side k around each site, row-major.
func windows(sides []int, k int) [][]int {
	var list [][]int
	each(sides, func(at []int) {
		var window []int
		each(slices.Repeat([]int{k}, len(sides)), func(d []int) {
			site := 0
			for mu, side := range sides {
				site = site*side + (at[mu]+d[mu]-k/2+side)%side
			}
			window = append(window, site)
		})
		list = append(list, window)
	})
	return list
}

// size returns the number of sites in the window of convolution m.
func (v *convolutions) size(m int) int { return len(v.window[m][0]) }

// params returns the number of parameters: of each convolution the weights
// [out, site of the window, in], then the biases [out].
func (v *convolutions) params() int {
	var n int
	for m, in := range v.widths[:len(v.widths)-1] {
		n += (in*v.size(m) + 1) * v.widths[m+1]
	}
	return n
}

// kept returns the rows that evaluate keeps.
func (v *convolutions) kept() int {
	var n int
	for _, width := range v.widths[1 : len(v.widths)-1] {
		n += width
	}
	if v.act == kern.SiLU {
		n *= 2
	}
	return n * len(v.window[0])
}

// gatherWindow returns the rows of the sites in a window, of so many channels of n
// columns each: rows themselves if they stand together, or else a copy in
// buffer.
func gatherWindow[T kern.Float](buffer, x []T, window []int, size int) []T {
	if len(window) == 1 {
		return x[window[0]*size:][:size]
	}
	for k, site := range window {
		copy(buffer[k*size:(k+1)*size], x[site*size:])
	}
	return buffer[:len(window)*size]
}

// evaluate computes the output y of the input x, a row a site, at the sites that
// change in couplings of a parity. The hidden layers are written to keep, of
// kept() rows.
func evaluate[T kern.Float](v *convolutions, parity int, theta, x, y, keep []T, n int, w *Workspace[T]) {
	mark := w.mark()
	last := len(v.kernels) - 1
	for m := range v.kernels {
		in, out := v.widths[m], v.widths[m+1]
		var weights, bias []T
		weights, bias, theta = linear(theta, in*v.size(m), out)
		buffer := w.numbers.take(in * v.size(m) * n)
		if m == last {
			for j, site := range v.needed[parity][m] {
				patch := gatherWindow(buffer, x, v.window[m][site], in*n)
				kern.Dense(y[j*n:(j+1)*n], patch, weights, bias, out, in*v.size(m), n, kern.Identity)
			}
			break
		}
		size := out * n
		hidden := keep[:len(v.window[m])*size]
		keep = keep[len(hidden):]
		before := hidden
		if v.act == kern.SiLU {
			before = keep[:len(hidden)]
			keep = keep[len(hidden):]
		}
		for _, site := range v.needed[parity][m] {
			patch := gatherWindow(buffer, x, v.window[m][site], in*n)
			at := before[site*size : (site+1)*size]
			if v.act == kern.SiLU {
				kern.Dense(at, patch, weights, bias, out, in*v.size(m), n, kern.Identity)
				kern.Activate(hidden[site*size:(site+1)*size], at, v.act)
			} else {
				kern.Dense(at, patch, weights, bias, out, in*v.size(m), n, v.act)
			}
		}
		x = hidden
	}
	w.release(mark)
}

// pullConvolutions is the reverse mode of evaluate: given the input x, what
// evaluate kept and g = dL/dy, it adds dL/dx to gx at the sites that pass, and
// dL/dtheta to gtheta, unless that is nil.
func pullConvolutions[T kern.Float](v *convolutions, parity int, theta, x, keep, g, gx, gtheta []T, n int, w *Workspace[T]) {
	mark := w.mark()
	end, kept := v.params(), len(keep)
	last := len(v.kernels) - 1
	change := v.needed[parity][last]
	for m := last; m >= 0; m-- {
		in, out := v.widths[m], v.widths[m+1]
		size := in * n
		first := end - (in*v.size(m)+1)*out
		weights, _, _ := linear(theta[first:], in*v.size(m), out)
		var gweights, gbias []T
		if gtheta != nil {
			gweights, gbias, _ = linear(gtheta[first:], in*v.size(m), out)
		}
		input, before := x, x
		if m > 0 {
			all := size * len(v.window[m])
			if v.act == kern.SiLU {
				kept -= all
				before = keep[kept : kept+all]
			}
			kept -= all
			input = keep[kept : kept+all]
			if v.act != kern.SiLU {
				before = input
			}
		}
		gin := w.numbers.take(size * len(v.window[m]))
		clear(gin)
		buffer, gpatch := w.numbers.take(v.size(m)*size), w.numbers.take(v.size(m)*size)
		for j, site := range v.needed[parity][m] {
			at := j // the output has rows for the sites that change only
			if m < last {
				at = site
			}
			gout := g[at*out*n : (at+1)*out*n]
			if gtheta != nil {
				patch := gatherWindow(buffer, input, v.window[m][site], size)
				kern.DenseWeights(gweights, gbias, gout, patch, out, in*v.size(m), n)
			}
			kern.DenseInput(gpatch, gout, weights, nil, out, in*v.size(m), n, kern.Identity)
			for k, from := range v.window[m][site] {
				addTo(gin[from*size:(from+1)*size], gpatch[k*size:(k+1)*size])
			}
		}
		if m == 0 {
			for _, site := range change {
				clear(gin[site*n : (site+1)*n])
			}
			addTo(gx, gin)
			break
		}
		for _, site := range v.needed[parity][m-1] {
			kern.ActivateGrad(gin[site*size:(site+1)*size], before[site*size:(site+1)*size], v.act)
		}
		g, end = gin, first
	}
	w.release(mark)
}

// Dim implements [Bijector].
func (b *Checkerboard[T]) Dim() int { return b.sites }

// Params implements [Bijector]: of each coupling those of s, the scale and those
// of t.
func (b *Checkerboard[T]) Params() int { return b.couplings * (2*b.net.params() + 1) }

// part returns the parameters of s, scale and t of coupling j, nil of nil.
func (b *Checkerboard[T]) part(theta []T, j int) (s, scale, t []T) {
	if theta == nil {
		return nil, nil, nil
	}
	p := b.net.params()
	theta = theta[j*(2*p+1) : (j+1)*(2*p+1)]
	return theta[:p:p], theta[p : p+1 : p+1], theta[p+1:]
}

// Forward implements [Bijector].
func (b *Checkerboard[T]) Forward(theta, x []T, logdet []float64, w *Workspace[T]) {
	for j := range b.couplings {
		b.apply(j, theta, x, logdet, w, true)
	}
}

// Inverse implements [Bijector].
func (b *Checkerboard[T]) Inverse(theta, x []T, logdet []float64, w *Workspace[T]) {
	for j := b.couplings - 1; j >= 0; j-- {
		b.apply(j, theta, x, logdet, w, false)
	}
}

// masked returns a copy of x in which the sites that change are 0.
func (b *Checkerboard[T]) masked(x []T, change []int, n int, w *Workspace[T]) []T {
	seen := w.numbers.take(len(x))
	copy(seen, x)
	for _, site := range change {
		clear(seen[site*n : (site+1)*n])
	}
	return seen
}

// spread returns the scale of each site that changes.
func spread[T kern.Float](scale []T, sites int, w *Workspace[T]) []T {
	s := w.numbers.take(sites)
	for i := range s {
		s[i] = scale[0]
	}
	return s
}

// apply applies one direction of coupling j.
func (b *Checkerboard[T]) apply(j int, theta, x []T, logdet []float64, w *Workspace[T], forward bool) {
	mark := w.mark()
	n, change := len(logdet), b.change[j%2]
	s, scale, t := b.part(theta, j)
	seen := b.masked(x, change, n, w)
	moved := gather(x, change, n, w)
	outS, outT := w.numbers.take(len(moved)), w.numbers.take(len(moved))
	keep := w.numbers.take(b.net.kept() * n)
	evaluate(&b.net, j%2, s, seen, outS, keep, n, w)
	evaluate(&b.net, j%2, t, seen, outT, keep, n, w)
	row := w.numbers.take(n)
	clear(row)
	if forward {
		kern.Couple(moved, row, outS, outT, spread(scale, len(change), w), len(change), n)
	} else {
		kern.Uncouple(moved, row, outS, outT, spread(scale, len(change), w), len(change), n)
	}
	kern.Add(logdet, row)
	scatter(x, moved, change, n)
	w.release(mark)
}

// PullForward implements [Bijector].
func (b *Checkerboard[T]) PullForward(theta, x, g, l, gtheta []T, w *Workspace[T]) {
	for j := b.couplings - 1; j >= 0; j-- {
		b.pull(j, theta, x, g, l, gtheta, w, true)
	}
}

// PullInverse implements [Bijector].
func (b *Checkerboard[T]) PullInverse(theta, x, g, l, gtheta []T, w *Workspace[T]) {
	for j := range b.couplings {
		b.pull(j, theta, x, g, l, gtheta, w, false)
	}
}

// pull applies the reverse mode of one direction of coupling j.
func (b *Checkerboard[T]) pull(j int, theta, x, g, l, gtheta []T, w *Workspace[T], forward bool) {
	mark := w.mark()
	n, change := len(l), b.change[j%2]
	s, scale, t := b.part(theta, j)
	gs, gscale, gt := b.part(gtheta, j)
	seen := b.masked(x, change, n, w)
	moved, gmoved := gather(x, change, n, w), gather(g, change, n, w)
	outS, outT := w.numbers.take(len(moved)), w.numbers.take(len(moved))
	keepS, keepT := w.numbers.take(b.net.kept()*n), w.numbers.take(b.net.kept()*n)
	evaluate(&b.net, j%2, s, seen, outS, keepS, n, w)
	evaluate(&b.net, j%2, t, seen, outT, keepT, n, w)
	scales := spread(scale, len(change), w)
	gscales := w.numbers.take(len(change))
	clear(gscales)
	if forward {
		kern.CoupleGrad(moved, gmoved, outS, outT, gscales, l, scales, len(change), n)
	} else {
		kern.UncoupleGrad(moved, gmoved, outS, outT, gscales, l, scales, len(change), n)
	}
	if gtheta != nil {
		gscale[0] += sum(gscales)
	}
	scatter(x, moved, change, n)
	scatter(g, gmoved, change, n)
	pullConvolutions(&b.net, j%2, s, seen, keepS, outS, g, gs, n, w)
	pullConvolutions(&b.net, j%2, t, seen, keepT, outT, g, gt, n, w)
	w.release(mark)
}

// initialise draws weights and biases as PyTorch does by default, uniform within
// 1/sqrt(inputs), the scale being 0.
func (b *Checkerboard[T]) initialise(theta []T, random *mc.Stream) {
	for j := range b.couplings {
		s, scale, t := b.part(theta, j)
		clear(scale)
		for _, net := range [][]T{s, t} {
			for m, in := range b.net.widths[:len(b.net.widths)-1] {
				fan := in * b.net.size(m)
				part := net[:(fan+1)*b.net.widths[m+1]]
				net = net[len(part):]
				uniform(part, 1/math.Sqrt(float64(fan)), random)
			}
		}
	}
}

// tensors holds, of each coupling, the mask on the lattice, and weights, with the
// window's sites last, and biases of s and t.
func (b *Checkerboard[T]) tensors(theta []T) []tensor[T] {
	var list []tensor[T]
	for j := range b.couplings {
		name := fmt.Sprintf("coupling.%d.", j)
		mask := make([]float32, b.sites)
		for _, i := range b.change[1-j%2] {
			mask[i] = 1
		}
		list = append(list, constant[T](name+"mask", b.sides, mask))
		s, scale, t := b.part(theta, j)
		list = append(list, netTensors(&b.net, name+"s.", s)...)
		list = append(list, parameters(name+"s.scale", []int{1}, scale, nil))
		list = append(list, netTensors(&b.net, name+"t.", t)...)
	}
	return list
}

func netTensors[T kern.Float](v *convolutions, name string, theta []T) []tensor[T] {
	var list []tensor[T]
	for m, in := range v.widths[:len(v.widths)-1] {
		out, size := v.widths[m+1], v.size(m)
		w, b, rest := linear(theta, in*size, out)
		theta = rest
		var place []int
		for o := range out {
			for k := range size {
				for i := range in {
					place = append(place, (o*in+i)*size+k)
				}
			}
		}
		shape := append([]int{out, in}, slices.Repeat([]int{v.kernels[m]}, v.dims)...)
		list = append(list,
			parameters(fmt.Sprintf("%s%d.weight", name, m), shape, w, place),
			parameters(fmt.Sprintf("%s%d.bias", name, m), []int{out}, b, nil))
	}
	return list
}
