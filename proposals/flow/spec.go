package flow

import (
	"fmt"
	"math"
	"math/bits"
	"slices"
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
	Depth        *int         `card:"depth" min:"1" max:"100" doc:"number of scales, of tebd pairs of layers; if left out as many as the sides allow, of tebd as neuralrg would have for sides of powers of 2"`
	Kernel       []int        `card:"kernel" default:"3" min:"1" max:"63" doc:"of realnvp on a lattice: side of the window of each convolution, or one for all"`
	Prior        string       `card:"prior" default:"normal" oneof:"normal scales single-site" doc:"distribution of the latent variables: standard normal, normal with learned widths at each scale, or fitted to the model's single site"`
	Symmetry     string       `card:"symmetry" default:"none" doc:"group over which the flow is averaged: none, or z2, translations and point, joined by +"`
	Whiten       string       `card:"whiten" default:"none" oneof:"none free learned" doc:"linear layer diagonal in Fourier space, with the model's own spectrum and mean, fixed or learned from there"`
	Weights      *string      `card:"weights" doc:"file of weights, relative to the card: used if it is there, else written after training"`
}

// An Architecture is a layout of couplings.
type Architecture string

// The architectures.
const (
	NeuralRG Architecture = "neuralrg"
	TEBD     Architecture = "tebd"
	RealNVP  Architecture = "realnvp"
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
	at, err := coordinates(m)
	if err != nil {
		return site{}, err
	}
	if _, err := order(s.Symmetry, at.sides); err != nil {
		return site{}, err
	}
	if at.sides == nil {
		for _, key := range []struct {
			key  string
			used bool
			what string
		}{{"whiten", s.Whiten != "none", s.Whiten}, {"prior", s.Prior == "scales", s.Prior}} {
			if key.used {
				return site{}, &param.Error{Key: key.key, Problem: fmt.Sprintf("%s is for a periodic lattice with one number a site", key.what), Expected: key.key + " left out"}
			}
		}
	}
	if s.Prior == "single-site" && s.Whiten != "none" {
		return site{}, &param.Error{Key: "prior", Problem: "is single-site beside a whitening, whose latent variables are no single sites of the model", Expected: "normal or scales, or whiten = \"none\""}
	}
	if s.Architecture == RealNVP {
		return at, s.checkConvolutions(at.sides)
	}
	if !slices.Equal(s.Kernel, []int{3}) {
		return site{}, &param.Error{Key: "kernel", Problem: fmt.Sprintf("is %s, but %s has no convolutions", param.Format(s.Kernel), s.Architecture), Expected: "kernel left out"}
	}
	if at.sides == nil {
		return site{}, &param.Error{
			Key:      "architecture",
			Problem:  fmt.Sprintf("%s is for a periodic lattice with one number a site", s.Architecture),
			Expected: "realnvp",
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

// coordinates returns where a flow for a model would live, or an error if there is
// none, whatever its Spec.
func coordinates(m models.Model) (site, error) {
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

// Bytes returns the memory that a flow of float32 for a model takes while it is
// trained on so many workers, as far as it grows with the networks and their
// number: parameters with what an optimizer keeps of them, and the places of
// blocks. It is 0 if the flow does not fit the model. Nothing is built for it.
func (s *Spec) Bytes(m models.Model, workers int) float64 {
	at, err := s.site(m)
	if err != nil {
		return 0
	}
	layers, half, windows := 1.0, 1.0, []int(nil) // of a convolution: from one channel to one
	places := 0.0
	if s.Architecture == RealNVP && at.sides != nil {
		windows = s.kernels()
	} else if s.Architecture == RealNVP {
		half = float64(at.dim) / 2
	} else {
		layers = 2 * float64(s.Repeat) * float64(s.depth(at.sides))
		half = math.Exp2(float64(len(at.sides))) / 2
		places = 8 * layers * float64(at.dim)
	}
	parameters, in := half, half // of a coupling: the scale of s, and two networks
	for k := range len(s.Hidden) + 1 {
		out := half
		if k < len(s.Hidden) {
			out = float64(s.Hidden[k])
		}
		fan := in
		if windows != nil {
			fan *= math.Pow(float64(windows[k]), float64(len(at.sides)))
		}
		parameters += 2 * (fan + 1) * out
		in = out
	}
	parameters *= layers * float64(s.Couplings)
	// Weights, their best and what is tested of them, a gradient and one of each
	// worker in 4 bytes; two moments and an average in 8.
	return parameters*(4*(4+float64(workers))+3*8) + places
}

// kernels returns the side of the window of each convolution.
func (s *Spec) kernels() []int {
	if len(s.Kernel) == 1 {
		return slices.Repeat(s.Kernel, len(s.Hidden)+1)
	}
	return s.Kernel
}

// checkConvolutions checks the keys of realnvp.
func (s *Spec) checkConvolutions(sides []int) error {
	if s.Depth != nil {
		return &param.Error{Key: "depth", Problem: fmt.Sprintf("is %d, but realnvp has no scales", *s.Depth), Expected: "depth left out"}
	}
	if s.Repeat != 1 {
		return &param.Error{Key: "repeat", Problem: fmt.Sprintf("is %d, but realnvp has no scales", s.Repeat), Expected: "1, and more couplings"}
	}
	if sides == nil && !slices.Equal(s.Kernel, []int{3}) {
		return &param.Error{Key: "kernel", Problem: fmt.Sprintf("is %s, but without a lattice there are no convolutions", param.Format(s.Kernel)), Expected: "kernel left out"}
	}
	if maps := len(s.Hidden) + 1; len(s.Kernel) != 1 && len(s.Kernel) != maps {
		return &param.Error{Key: "kernel", Problem: fmt.Sprintf("has %d numbers", len(s.Kernel)), Expected: fmt.Sprintf("one, or %d, one for each convolution", maps)}
	}
	wide := false
	for _, k := range s.Kernel {
		wide = wide || k > 1
		if k%2 == 0 {
			return &param.Error{Key: "kernel", Problem: fmt.Sprintf("has the even number %d", k), Expected: "odd numbers, so that a window has a centre"}
		}
		if sides != nil && k > slices.Min(sides) {
			return &param.Error{Key: "kernel", Problem: fmt.Sprintf("has the number %d, but a lattice of %s has a shorter side", k, shapeWords(sides)), Expected: fmt.Sprintf("at most %d", slices.Min(sides))}
		}
	}
	if !wide {
		return &param.Error{Key: "kernel", Problem: "has windows of one site only, in which a site that changes sees nothing", Expected: "a number of 3 or more"}
	}
	return nil
}

// paired reports whether the flow is symmetrised over the sign.
func (s *Spec) paired() bool { return slices.Contains(strings.Split(s.Symmetry, "+"), signSymmetry) }

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
