package flow

import (
	"mcrun/mc"
	"mcrun/models"
	"mcrun/proposals/flow/kern"
)

// A Flow is a distribution of configurations that can be drawn and whose
// density is known: x = h g(z), with latent variables z from a prior, a
// bijector g with trained parameters, and h drawn uniformly from a finite group
// G of symmetries of the target. Its density is that of the mixture,
//
//	q_G(x) = (1/|G|) sum_h q(h^-1 x),   ln q(x) = ln p(z) - ln|det dx/dz|.
//
// Configurations are float64, one after the other, as models take them, and
// batches of any size. Within, the flow works with numbers of type T; densities
// are float64.
//
// A batch is worked on in chunks of [kern.Columns] configurations, whatever the number
// of workers, and what chunks contribute to a gradient is added in their order:
// results do not depend on the number of workers.
//
// Methods that do not say otherwise only read the flow, and may be called by
// several goroutines at once, each with its own Workers.
type Flow[T kern.Float] struct {
	Spec  Spec
	Theta []T // the parameters, to be changed only while no method is at work

	site
	g      Bijector[T]
	layers []*Blocks[T] // those of blocks, in the order of inference
	group  []element    // the first is the identity
}

// New returns the flow of a spec for a model, with masks and initial parameters
// drawn from random: weights as PyTorch's linear layers have by default, and 0
// for the scale of s. The error is that of [Spec.Check].
func New[T kern.Float](spec Spec, m models.Model, random *mc.Stream) (*Flow[T], error) {
	at, err := spec.site(m)
	if err != nil {
		return nil, err
	}
	f := &Flow[T]{Spec: spec, site: at, group: symmetries(spec.Symmetry)}
	var inner []*RealNVP[T]
	for _, blocks := range spec.layers(at) {
		stack := NewRealNVP[T](alternate(spec.Couplings, len(blocks[0]), random), spec.Hidden, activations[spec.Activation])
		inner = append(inner, stack)
		f.layers = append(f.layers, NewBlocks(at.dim, blocks, Bijector[T](stack)))
	}
	var generation []Bijector[T]
	for i := range f.layers {
		generation = append(generation, f.layers[len(f.layers)-1-i])
	}
	f.g = Compose(generation...)
	f.Theta = make([]T, f.g.Params())
	end := len(f.Theta) // the last layer of inference comes first
	for i, stack := range inner {
		first := end - f.layers[i].Params()
		stack.initialise(f.Theta[first:end], random)
		end = first
	}
	return f, nil
}

// layers returns the blocks of each layer in the order of inference.
func (s *Spec) layers(at site) [][][]int {
	if s.Architecture == RealNVPNet {
		all := make([]int, at.dim)
		for i := range all {
			all[i] = i
		}
		return [][][]int{{all}}
	}
	var layers [][][]int
	for n := range s.depth(at.sides) {
		scale := n
		if s.Architecture == TEBD {
			scale = 0
		}
		for range s.Repeat {
			layers = append(layers, blocksAt(at.sides, scale, false), blocksAt(at.sides, scale, true))
		}
	}
	return layers
}

// Dim returns the number N of coordinates.
func (f *Flow[T]) Dim() int { return f.dim }

// Bijector returns g.
func (f *Flow[T]) Bijector() Bijector[T] { return f.g }

// Symmetries returns |G|.
func (f *Flow[T]) Symmetries() int { return len(f.group) }

// draw draws the latent variables of one configuration.
func (f *Flow[T]) draw(z []T, random *mc.Stream) { kern.Normals(z, random) }

// logRootTwoPi is ln sqrt(2 pi).
const logRootTwoPi = 0.918938533204672741780329736405617639861

// logNormal adds the logarithm of the standard normal density of each column
// of z to logp.
func logNormal[T kern.Float](z []T, logp []float64, w *Workspace[T]) {
	n, mark := len(logp), w.mark()
	squares := w.wide.take(n)
	clear(squares)
	kern.AddSquares(squares, z, len(z)/n, n)
	constant := float64(len(z)/n) * 2 * logRootTwoPi
	for c, v := range squares {
		logp[c] -= (v + constant) / 2
	}
	w.release(mark)
}

// logNormalGradient adds l times the gradient of logNormal to g.
func logNormalGradient[T kern.Float](z, l, g []T) {
	n := len(l)
	for i := 0; i < len(z); i += n {
		for c, v := range z[i : i+n] {
			g[i+c] -= l[c] * v
		}
	}
}
