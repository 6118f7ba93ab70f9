package flow

import (
	"fmt"
	"math/bits"
	"strings"

	"mcrun/mc/param"
	"mcrun/models"
	"mcrun/proposals/flow/kern"
)

// A Spec is a flow as a run card describes it: its tagged fields are the keys of
// a table [flow.NAME].
type Spec struct {
	Architecture Architecture `card:"architecture" default:"neuralrg" oneof:"neuralrg tebd realnvp" doc:"how couplings are laid out on the lattice"`
	Couplings    int          `card:"couplings" default:"10" min:"1" max:"1000" doc:"affine couplings in each block"`
	Hidden       []int        `card:"hidden" default:"10 10 10" min:"1" max:"4096" doc:"widths of the hidden layers"`
	Activation   string       `card:"activation" default:"elu" oneof:"elu tanh relu silu softplus" doc:"function between linear maps"`
	Repeat       int          `card:"repeat" default:"1" min:"1" max:"100" doc:"pairs of layers at each scale"`
	Depth        *int         `card:"depth" min:"1" max:"100" doc:"number of scales, of tebd pairs of layers; as many as the sides allow if left out"`
	Symmetry     string       `card:"symmetry" default:"none" oneof:"none z2" doc:"group over which the flow is averaged"`
}

// An Architecture is a layout of couplings.
type Architecture string

// The architectures.
const (
	NeuralRG   Architecture = "neuralrg"
	TEBD       Architecture = "tebd"
	RealNVPNet Architecture = "realnvp"
)

// activations are the activations by their names on a card.
var activations = map[string]kern.Activation{
	"elu":      kern.ELU,
	"tanh":     kern.Tanh,
	"relu":     kern.ReLU,
	"silu":     kern.SiLU,
	"softplus": kern.Softplus,
}

// Check returns nil if the flow can be built for a model, and else an error that
// says what the model lacks, a [*param.Error] where a key of the flow is to be
// changed. The model need not be prepared.
func (s *Spec) Check(m models.Model) error {
	_, err := s.site(m)
	return err
}

// site is where a flow lives.
type site struct {
	dim   int
	sides []int // of a lattice with one number a site, else nil
}

// site checks the model.
func (s *Spec) site(m models.Model) (site, error) {
	d, ok := m.(models.Differentiable)
	if !ok {
		return site{}, fmt.Errorf("a flow needs a density with a gradient (models.Differentiable)")
	}
	if _, ok := m.(models.Spherical); ok {
		return site{}, fmt.Errorf("the model's sites hold unit vectors; a flow is of real numbers that range from minus to plus infinity")
	}
	at := site{dim: d.Dim()}
	if r, ok := m.(models.Regular); ok && at.dim == m.Sites() {
		at.sides = r.Sides()
	}
	if at.dim < 2 {
		return site{}, fmt.Errorf("the model has one coordinate; a coupling needs two")
	}
	if s.Architecture == RealNVPNet {
		return at, nil
	}
	if at.sides == nil {
		return site{}, &param.Error{
			Key:      "architecture",
			Problem:  fmt.Sprintf("%s is for a periodic lattice with one number a site", s.Architecture),
			Expected: string(RealNVPNet),
		}
	}
	most := scales(at.sides)
	if most == 0 {
		return site{}, &param.Error{
			Key:      "architecture",
			Problem:  fmt.Sprintf("%s has blocks of %s sites, which do not cover a lattice of %s", s.Architecture, blockWords(at.sides), shapeWords(at.sides)),
			Expected: "sides that are even, or realnvp",
		}
	}
	if s.Architecture == NeuralRG && s.Depth != nil && *s.Depth > most {
		return site{}, &param.Error{
			Key:      "depth",
			Problem:  fmt.Sprintf("is %d, but the sides of a lattice of %s are not all divisible by 2^%d", *s.Depth, shapeWords(at.sides), *s.Depth),
			Expected: fmt.Sprintf("at most %d", most),
		}
	}
	return at, nil
}

// depth returns the number of scales, of tebd that of pairs of layers. Without
// the key a block of tebd reaches as far as one of neuralrg would.
func (s *Spec) depth(sides []int) int {
	switch {
	case s.Depth != nil:
		return *s.Depth
	case s.Architecture == NeuralRG:
		return scales(sides)
	}
	var longest int
	for _, side := range sides {
		longest = max(longest, side)
	}
	return bits.Len(uint(longest - 1))
}

func blockWords(sides []int) string {
	return strings.TrimSuffix(strings.Repeat("2x", len(sides)), "x")
}

func shapeWords(sides []int) string {
	words := make([]string, len(sides))
	for mu, side := range sides {
		words[mu] = fmt.Sprint(side)
	}
	return strings.Join(words, "x")
}
