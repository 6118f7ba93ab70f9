package train

import (
	"math"
	"testing"
)

// Four updates by PyTorch 1.13 in float64, of torch.optim.Adam with lr = 0.01, of
// the same with weight_decay = 0.1, and of torch.optim.AdamW with that.
func TestAdam(t *testing.T) {
	gradients := [][]float64{{0.5, -2, 1e-3}, {0.25, 1, -4e-3}, {-1, 0.125, 2e-3}, {0.75, -0.5, 0}}
	for _, c := range []struct {
		decay float64
		kind  string
		want  []float64
	}{
		{0, "decoupled", []float64{0.9809711572210704, -0.4830120395976505, 0.24759931990567996}},
		{0.1, "coupled", []float64{0.9779390012266975, -0.48198438134543353, 0.21031292506864369}},
		{0.1, "decoupled", []float64{0.9770236939317386, -0.4810520303921304, 0.2466185024472652}},
	} {
		a := newAdam(&Optimizer{Beta1: 0.9, Beta2: 0.999, Epsilon: 1e-8, Decay: c.decay, DecayKind: c.kind}, 3)
		theta := []float64{1, -0.5, 0.25}
		for _, g := range gradients {
			update(a, theta, g, 0.01)
		}
		for i, v := range theta {
			if math.Abs(v-c.want[i]) > 1e-14 {
				t.Errorf("decay %v %s: theta[%d] = %v, PyTorch has %v", c.decay, c.kind, i, v, c.want[i])
			}
		}
	}
}

// A gradient that is longer than the bound is shortened to it, and its norm
// before is returned.
func TestClip(t *testing.T) {
	o := Optimizer{Beta1: 0.5, Beta2: 0.5, Epsilon: 1e-8, DecayKind: "decoupled", Clip: 1}
	a := newAdam(&o, 2)
	if norm := update(a, []float64{0, 0}, []float64{3, 4}, 0.1); norm != 5 {
		t.Errorf("norm %v, want 5", norm)
	}
	if got := math.Hypot(a.mean[0], a.mean[1]); math.Abs(got-0.5) > 1e-15 { // (1 - beta1) times the bound
		t.Errorf("the mean has norm %v, want 0.5", got)
	}
}

func TestSchedules(t *testing.T) {
	for _, c := range []struct {
		o    Optimizer
		step int
		want float64
	}{
		{Optimizer{LearningRate: 2, Schedule: "constant"}, 99, 2},
		{Optimizer{LearningRate: 2, Schedule: "constant", Warmup: 4}, 0, 0.5},
		{Optimizer{LearningRate: 2, Schedule: "constant", Warmup: 4}, 3, 2},
		{Optimizer{LearningRate: 2, Schedule: "cosine"}, 0, 2},
		{Optimizer{LearningRate: 2, Schedule: "cosine"}, 50, 1},
		{Optimizer{LearningRate: 2, Schedule: "one-cycle"}, 0, 0.08},
		{Optimizer{LearningRate: 2, Schedule: "one-cycle"}, 30, 2},
		{Optimizer{LearningRate: 2, Schedule: "one-cycle"}, 65, 1.000004},
		{Optimizer{LearningRate: 2, Schedule: "one-cycle"}, 100, 8e-6},
	} {
		if got := c.o.rate(c.step, 100); math.Abs(got-c.want) > 1e-12 {
			t.Errorf("%s, warmup %d: rate of step %d of 100 is %v, want %v", c.o.Schedule, c.o.Warmup, c.step, got, c.want)
		}
	}
}
