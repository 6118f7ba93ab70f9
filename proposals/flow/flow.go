package flow

import (
	"fmt"
	"math/bits"
	"slices"

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
	design   design
	sequence sequence[T]
	g        *chain[T]
	group    []element // the first is the identity
}

// A design is what a flow is built with beside its spec.
type design struct {
	masks [][][]bool // of the couplings of each layer of blocks
	sigma []float64  // spectrum of the whitening, where it begins if it is learned
	mean  float64
	prior prior
}

// New returns the flow of a spec for a model, with masks and first parameters
// drawn from random: weights as PyTorch's linear layers have by default, and 0
// for the scale of s. Where the spec asks for a whitening or a prior made of the
// model's moments, the model must be prepared, and is simulated with random numbers
// of the same stream. The error is that of [Spec.Check], or says that
// the simulation gave no spectrum.
func New[T kern.Float](spec Spec, m models.Model, random *mc.Stream) (*Flow[T], error) {
	at, err := spec.site(m)
	if err != nil {
		return nil, err
	}
	d := design{prior: standard}
	for _, blocks := range spec.blocks(at) {
		d.masks = append(d.masks, alternate(spec.Couplings, len(blocks[0]), random))
	}
	if spec.Whiten != "none" || spec.Prior == "single-site" {
		s := measure(at, m.(models.Differentiable), random)
		if spec.Whiten != "none" {
			if d.sigma, d.mean, err = s.whitening(spec.paired(), at.dim); err != nil {
				return nil, err
			}
		}
		if spec.Prior == "single-site" {
			if d.prior, err = s.prior(); err != nil {
				return nil, err
			}
		}
	}
	f := build[T](spec, at, d)
	f.sequence.each(f.g, f.Theta, func(_ string, l layer[T], theta []T) { l.initialise(theta, random) })
	return f, nil
}

// build returns the flow of a design, without its parameters.
func build[T kern.Float](spec Spec, at site, d design) *Flow[T] {
	f := &Flow[T]{Spec: spec, site: at, design: d, group: symmetries(spec.Symmetry, at.sides)}
	if spec.Whiten != "none" {
		f.sequence.add("whiten.", NewWhitening[T](at.sides, d.sigma, d.mean, spec.Whiten == "learned"))
	}
	for i, blocks := range spec.blocks(at) {
		inner := NewCouplings[T](d.masks[i], spec.Hidden, activations[spec.Activation])
		f.sequence.add(fmt.Sprintf("layer.%d.", i), NewBlocks(at.dim, blocks, inner))
	}
	if spec.Architecture == RealNVP && at.sides != nil {
		f.sequence.add("layer.0.", NewCheckerboard[T](at.sides, spec.Couplings, spec.Hidden, spec.kernels(), activations[spec.Activation]))
	}
	switch spec.Prior {
	case "scales":
		f.sequence.add("prior.", NewAffine[T](spec.scaleOf(at.sides), false))
	case "single-site":
		f.sequence.add("prior.", fixedPrior[T]{d.prior, at.dim})
	}
	f.g = f.sequence.bijector()
	f.Theta = make([]T, f.g.Params())
	return f
}

// Convert returns the flow f with numbers of another type.
func Convert[To, From kern.Float](f *Flow[From]) *Flow[To] {
	c := build[To](f.Spec, f.site, f.design)
	for i, v := range f.Theta {
		c.Theta[i] = To(v)
	}
	return c
}

// Fits returns an error if a model has not the coordinates of the flow, on the
// same lattice: a flow that was trained for one model can be used, or trained on,
// for every other one that fits.
func (f *Flow[T]) Fits(m models.Model) error {
	at, err := f.Spec.site(m)
	if err != nil {
		return err
	}
	if at.dim != f.dim || !slices.Equal(at.sides, f.sides) {
		return fmt.Errorf("the flow is of %s, the model of %s", f.site, at)
	}
	return nil
}

// String describes where a flow lives.
func (s site) String() string {
	if s.sides != nil {
		return "a lattice of " + shapeWords(s.sides)
	}
	return fmt.Sprintf("%d coordinates without a lattice", s.dim)
}

// blocks returns the blocks of each layer of blocks, in the order of inference.
func (s *Spec) blocks(at site) [][][]int {
	if s.Architecture == RealNVP {
		if at.sides != nil {
			return nil
		}
		return [][][]int{{indices(at.dim)}} // one block of all
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

// scaleOf returns the scale at which each latent variable stays behind: that of
// sites divisible by 2^n but not by 2^(n+1) is n, up to the number of scales.
func (s *Spec) scaleOf(sides []int) []int {
	most := 0
	if s.Architecture == NeuralRG {
		most = s.depth(sides)
	}
	var class []int
	each(sides, func(at []int) {
		n := most
		for _, x := range at {
			n = min(n, bits.TrailingZeros(uint(x)))
		}
		class = append(class, n)
	})
	return class
}

// Dim returns the number N of coordinates.
func (f *Flow[T]) Dim() int { return f.dim }

// Bijector returns g.
func (f *Flow[T]) Bijector() Bijector[T] { return f.g }

// Symmetries returns |G|.
func (f *Flow[T]) Symmetries() int { return len(f.group) }
