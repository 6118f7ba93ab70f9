package train

import (
	"math"

	"mcrun/mc"
	"mcrun/mc/param"
	"mcrun/proposals/flow/kern"
)

// Optimizer are the keys of Adam (D. P. Kingma and J. Ba, arXiv:1412.6980) and of
// how its rate changes.
type Optimizer struct {
	LearningRate float64 `card:"learning_rate" default:"1e-3" above:"0" max:"10" doc:"rate of Adam"`
	Schedule     string  `card:"schedule" default:"constant" oneof:"constant cosine one-cycle" doc:"the rate with time: constant, falling to 0 as a cosine, or rising for the first 30 % and then falling"`
	Warmup       int     `card:"warmup" default:"0" min:"0" doc:"steps in which the rate rises from 0"`
	Beta1        float64 `card:"beta1" default:"0.9" min:"0" below:"1" doc:"memory of Adam's mean of gradients"`
	Beta2        float64 `card:"beta2" default:"0.999" min:"0" below:"1" doc:"memory of its mean of squares"`
	Epsilon      float64 `card:"epsilon" default:"1e-8" above:"0" doc:"added to the root of the mean of squares"`
	Decay        float64 `card:"weight_decay" default:"0" min:"0" max:"10" doc:"weights shrink in proportion to it"`
	DecayKind    string  `card:"decay" default:"decoupled" oneof:"decoupled coupled" doc:"whether the decay is beside Adam (AdamW), or a term of the gradient, as in PyTorch's Adam"`
	Clip         float64 `card:"clip" default:"0" min:"0" doc:"largest norm of the gradient; 0: no bound"`
	Average      float64 `card:"average" default:"0" min:"0" below:"1" doc:"memory of an exponential average of the weights, which is what is kept; 0: none"`
}

// rate returns the learning rate of a step, from 0, of so many.
func (o *Optimizer) rate(step, steps int) float64 {
	t := float64(step) / float64(steps)
	rate := o.LearningRate
	switch o.Schedule {
	case "cosine":
		rate *= (1 + math.Cos(math.Pi*t)) / 2
	case "one-cycle": // L. N. Smith and N. Topin, arXiv:1708.07120, with cosines as PyTorch has them
		const rise, low, last = 0.3, 1.0 / 25, 1e-4 / 25
		if t < rise {
			rate *= low + (1-low)*(1-math.Cos(math.Pi*t/rise))/2
		} else {
			rate *= last + (1-last)*(1+math.Cos(math.Pi*(t-rise)/(1-rise)))/2
		}
	}
	if step < o.Warmup {
		rate *= float64(step+1) / float64(o.Warmup)
	}
	return rate
}

// Validate checks what the keys say together.
func (o *Optimizer) Validate() error {
	if o.Schedule == "one-cycle" && o.Warmup > 0 {
		return &param.Error{Key: "warmup", Problem: "given beside one-cycle, which rises by itself", Expected: "one of the two"}
	}
	return nil
}

// adam holds the moments of Adam.
type adam struct {
	*Optimizer
	n            float64   // updates so far
	mean, square []float64 // of the gradients
}

func newAdam(o *Optimizer, parameters int) *adam {
	return &adam{Optimizer: o, mean: make([]float64, parameters), square: make([]float64, parameters)}
}

// update changes theta along a gradient, which it may clip, and returns the
// gradient's norm before.
func update[T kern.Float](a *adam, theta, gradient []T, rate float64) (norm float64) {
	for _, g := range gradient {
		norm += float64(g) * float64(g)
	}
	norm = math.Sqrt(norm)
	scale := 1.0
	if a.Clip > 0 && norm > a.Clip {
		scale = a.Clip / norm
	}
	a.n++
	first := 1 / (1 - math.Pow(a.Beta1, a.n))
	second := 1 / (1 - math.Pow(a.Beta2, a.n))
	coupled, shrink := 0.0, 1.0
	if a.DecayKind == "coupled" {
		coupled = a.Decay
	} else {
		shrink = 1 - rate*a.Decay
	}
	for i, w := range theta {
		w := float64(w)
		g := scale*float64(gradient[i]) + coupled*w
		a.mean[i] += (1 - a.Beta1) * (g - a.mean[i])
		a.square[i] += (1 - a.Beta2) * (g*g - a.square[i])
		theta[i] = T(shrink*w - rate*first*a.mean[i]/(math.Sqrt(second*a.square[i])+a.Epsilon))
	}
	return norm
}

// reset forgets the moments.
func (a *adam) reset() {
	a.n = 0
	clear(a.mean)
	clear(a.square)
}

// Save implements [mc.Saver].
func (a *adam) Save(s *mc.Snapshot, prefix string) {
	mc.Put(s, prefix+".updates", []float64{a.n})
	mc.Put(s, prefix+".mean", a.mean)
	mc.Put(s, prefix+".square", a.square)
}

// Load implements [mc.Saver].
func (a *adam) Load(s *mc.Snapshot, prefix string) error {
	n := make([]float64, 1)
	for _, x := range []struct {
		name string
		dst  []float64
	}{{".updates", n}, {".mean", a.mean}, {".square", a.square}} {
		if err := mc.Get(s, prefix+x.name, x.dst); err != nil {
			return err
		}
	}
	a.n = n[0]
	return nil
}
