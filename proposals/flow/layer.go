package flow

import (
	"mcrun/mc"
	"mcrun/proposals/flow/kern"
)

// A layer is a bijector of which a weights file has the parameters.
type layer[T kern.Float] interface {
	Bijector[T]
	// initialise draws the parameters of a flow that has not been trained.
	initialise(theta []T, random *mc.Stream)
	// tensors returns what a file holds of the layer, in the order in which it is
	// checked. Parameters are views of theta.
	tensors(theta []T) []tensor[T]
}

// A tensor is an array of a weights file.
type tensor[T kern.Float] struct {
	name  string
	shape []int
	// values returns the elements in row-major order.
	values func() []float32
	// set takes elements that were read, of which there are as many as the shape
	// says. The error says what is wrong with them. It is nil where they are what
	// the layer was built with.
	set func(v []float32) error
}

// parameters returns the tensor of parameters that stand at the given places of
// an array, and in its order if place is nil. Other elements are 0, and are not
// read.
func parameters[T kern.Float](name string, shape []int, theta []T, place []int) tensor[T] {
	at := func(k int) int {
		if place == nil {
			return k
		}
		return place[k]
	}
	return tensor[T]{
		name:  name,
		shape: shape,
		values: func() []float32 {
			v := make([]float32, product(shape))
			for k, p := range theta {
				v[at(k)] = float32(p)
			}
			return v
		},
		set: func(v []float32) error {
			for k := range theta {
				theta[k] = T(v[at(k)])
			}
			return nil
		},
	}
}

// constant returns the tensor of elements that do not change.
func constant[T kern.Float](name string, shape []int, v []float32) tensor[T] {
	return tensor[T]{name: name, shape: shape, values: func() []float32 { return v }}
}

func product(shape []int) int {
	n := 1
	for _, side := range shape {
		n *= side
	}
	return n
}

// A sequence is the layers of a flow in the order of inference, of a few kinds.
type sequence[T kern.Float] struct {
	names  []string // prefixes of the names of tensors
	layers []layer[T]
}

func (s *sequence[T]) add(name string, l layer[T]) {
	s.names = append(s.names, name)
	s.layers = append(s.layers, l)
}

// bijector returns g, in the direction of generation.
func (s *sequence[T]) bijector() *chain[T] {
	maps := make([]Bijector[T], len(s.layers))
	for i, l := range s.layers {
		maps[len(maps)-1-i] = l
	}
	return compose(maps)
}

// each calls visit for all layers in the order of inference, with their
// parameters.
func (s *sequence[T]) each(c *chain[T], theta []T, visit func(name string, l layer[T], theta []T)) {
	for i, l := range s.layers {
		visit(s.names[i], l, c.part(theta, len(s.layers)-1-i))
	}
}
