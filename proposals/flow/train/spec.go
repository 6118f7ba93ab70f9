package train

import (
	"errors"
	"fmt"
	"math"

	"mcrun/mc/param"
)

// A Spec is how a flow is trained, as a run card describes it: its tagged fields
// are the keys of a table [flow.NAME.train].
type Spec struct {
	Objective Objective `card:"objective" default:"reverse-kl" oneof:"reverse-kl nll both" doc:"reverse-kl from the energy alone, nll from samples of the target, or a weighted sum of both"`
	Estimator string    `card:"estimator" default:"plain" oneof:"plain path" doc:"of the gradient of reverse-kl: path leaves out a part that is 0 on average, and has no variance where flow and target agree"`
	NLLWeight float64   `card:"nll_weight" default:"0.5" above:"0" below:"1" doc:"weight of nll where the objective is both"`
	Steps     int       `card:"steps" default:"5000" min:"1" max:"1000000000" doc:"steps of training"`
	Batch     int       `card:"batch" default:"512" min:"2" max:"1048576" doc:"configurations in a step"`
	Optimizer
	Anneal
	Samples
	Check int         `card:"check" default:"50" min:"1" doc:"steps from one test on fresh samples to the next; the weights that did best are kept"`
	Start *param.File `card:"start" doc:"file of weights to start from"`
}

// An Objective is what training makes small.
type Objective string

// The objectives.
const (
	ReverseKL Objective = "reverse-kl" // E_q[ln q - ln pi] = KL(q || p) - ln Z
	NLL       Objective = "nll"        // E_p[-ln q] = KL(p || q) + H(p)
	Both      Objective = "both"       // a weighted sum of the two
)

// variational reports whether configurations are drawn from the flow, and
// observed whether they are taken from samples of the target.
func (o Objective) variational() bool { return o != NLL }
func (o Objective) observed() bool    { return o != ReverseKL }

// Anneal are the keys by which a key of the model moves to its value while the
// flow is trained.
type Anneal struct {
	Key   *string  `card:"anneal" doc:"key of [model] that moves to its value during the first steps, as temperature"`
	From  *float64 `card:"anneal_from" doc:"value of that key at the first step"`
	Steps *int     `card:"anneal_steps" min:"1" doc:"steps until the key has its value; default: half of all"`
}

// Validate checks what the keys say together.
func (a *Anneal) Validate() error {
	switch {
	case a.Key != nil && a.From == nil:
		return &param.Error{Key: "anneal_from", Problem: "missing beside anneal", Expected: "the value of " + *a.Key + " at the first step"}
	case a.Key == nil && a.From != nil:
		return &param.Error{Key: "anneal_from", Problem: "given without anneal", Expected: "a key of [model] in anneal"}
	case a.Key == nil && a.Steps != nil:
		return &param.Error{Key: "anneal_steps", Problem: "given without anneal", Expected: "a key of [model] in anneal"}
	}
	return nil
}

// Samples are the keys that say where samples of the target come from.
type Samples struct {
	Data         *param.File `card:"data" doc:"configurations of the target, as run.save keeps them; or sampler"`
	Sampler      []string    `card:"sampler" default:"" doc:"kernels in turn whose chains give the samples of nll; default: swendsen-wang, or heat-bath and wolff for fields"`
	SamplerSteps int         `card:"sampler_steps" default:"2" min:"1" doc:"passes of these kernels from one sample of a chain to the next"`
}

// Validate checks what the keys say together.
func (s *Samples) Validate() error {
	if s.Data != nil && len(s.Sampler) > 0 {
		return &param.Error{Key: "sampler", Problem: "given beside data", Expected: "one of the two"}
	}
	return nil
}

// Validate checks what the keys say together.
func (s *Spec) Validate() error {
	var errs []error
	refuse := func(key, problem, expected string) {
		errs = append(errs, &param.Error{Key: key, Problem: problem, Expected: expected})
	}
	if !s.Objective.observed() {
		if s.Data != nil {
			refuse("data", "given, but reverse-kl takes no samples", `objective = "nll" or "both"`)
		}
		if len(s.Sampler) > 0 {
			refuse("sampler", "given, but reverse-kl takes no samples", `objective = "nll" or "both"`)
		}
	}
	if !s.Objective.variational() && s.Estimator == "path" {
		refuse("estimator", "is one of reverse-kl, which the objective nll does not have", "plain")
	}
	if s.Warmup > s.Steps {
		refuse("warmup", fmt.Sprintf("is %d, of %d steps", s.Warmup, s.Steps), "at most steps")
	}
	if s.Key != nil {
		if s.Objective.observed() {
			refuse("anneal", "given where samples are of the target itself", `objective = "reverse-kl", or no anneal`)
		}
		if s.Anneal.Steps != nil && *s.Anneal.Steps > s.Steps {
			refuse("anneal_steps", fmt.Sprintf("is %d, of %d steps", *s.Anneal.Steps, s.Steps), "at most steps")
		}
	}
	return errors.Join(errs...)
}

// annealed returns the value of the annealed key at a step, and whether it is
// still on its way to its last value. It moves in stages of equal ratio where both
// ends are of one sign, and else of equal difference, so that a model is prepared
// a limited number of times.
func (s *Spec) annealed(step int, last float64) (value float64, moving bool) {
	const stages = 64
	steps := (s.Steps + 1) / 2
	if s.Anneal.Steps != nil {
		steps = *s.Anneal.Steps
	}
	if step >= steps {
		return last, false
	}
	t := math.Floor(float64(step)/float64(steps)*stages) / stages
	if from := *s.From; from*last > 0 {
		return from * math.Pow(last/from, t), true
	}
	return *s.From*(1-t) + last*t, true
}
