package flow

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"gonum.org/v1/gonum/stat"

	"mcrun/models"
)

// The shape of a generalised Pareto distribution is found, whatever its scale.
func TestParetoShape(t *testing.T) {
	for _, k := range []float64{-0.3, 0.2, 0.5, 0.8, 1.3} {
		random := rand.New(stream("pareto"))
		w := make([]float64, 40000)
		for i := range w {
			w[i] = 1e-3 * (math.Pow(1-random.Float64(), -k) - 1) / k
		}
		slices.Sort(w)
		const tail = 600 // 3 sqrt(40000), beside which a prior is worth 10
		want := (tail*k + 10*0.5) / (tail + 10)
		if got := paretoShape(w); !(math.Abs(got-want) < 4*(1+math.Abs(k))/math.Sqrt(tail)) {
			t.Errorf("k = %.3f, want %.3f", got, want)
		}
	}
	for _, w := range [][]float64{slices.Repeat([]float64{1}, 1000), {1, 2, 3}} {
		if k := paretoShape(w); !math.IsNaN(k) {
			t.Errorf("k = %v of %d weights without a tail", k, len(w))
		}
	}
}

// With ln w normal under q, of variance sigma^2, all is known: under p it is
// normal too, with a mean larger by sigma^2. Estimates scatter as their errors say.
func TestEvaluationOfNormalWeights(t *testing.T) {
	const sigma, mean, seeds, draws = 0.7, -3.0, 300, 2000
	exact := []float64{-mean, mean + sigma*sigma/2, sigma * sigma / 2, math.Exp(-sigma * sigma), math.Erfc(sigma / 2), mean + sigma*sigma}
	z := make([][]float64, len(exact))
	random := rand.New(stream("normal weights"))
	var inner, k float64
	for range seeds {
		drawn, given := make([]float64, draws), make([]float64, draws)
		for i := range drawn {
			drawn[i] = mean + sigma*random.NormFloat64()
			given[i] = mean + sigma*(sigma+random.NormFloat64())
		}
		e := appraise(drawn, given)
		for i, v := range [][2]float64{{e.Loss, e.LossError}, {e.LogZ, e.LogZError}, {e.KL, e.KLError}, {e.ESS, e.ESSError}, {e.Acceptance, e.AcceptanceError}, {e.Upper, e.UpperError}} {
			z[i] = append(z[i], (v[0]-exact[i])/v[1])
		}
		inner += e.ForwardESS / e.ESS / seeds
		k += e.ParetoK / seeds
		if d := e.Doubts(); len(d) > 0 {
			t.Errorf("doubts: %q", d)
		}
	}
	for i, name := range []string{"loss", "ln Z", "KL", "ESS", "acceptance", "upper bound"} {
		m, s := stat.MeanStdDev(z[i], nil)
		// Skewness of the estimates shifts z by less than 0.2.
		if math.Abs(m) > 0.45 || s < 0.85 || s > 1.2 {
			t.Errorf("%s: z has mean %.2f and deviation %.2f", name, m, s)
		}
	}
	if math.Abs(inner-1) > 0.05 {
		t.Errorf("ESS from the target is %.3f of that from the flow", inner)
	}
	if k > 0.5 {
		t.Errorf("k = %.2f", k)
	}
}

// drawer gives configurations that a function draws.
type drawer func(x []float64)

func (d drawer) Next(x []float64) { d(x) }

// A flow that knows one of two modes looks well from its own draws. Samples of the
// target tell, and so does the bound from above.
func TestEvaluationFindsMissedMode(t *testing.T) {
	m := &models.Mixture{Size: 2, Modes: []float64{0, 0, 9, 9}, Weights: []float64{3, 1}, Sigma: 1}
	f, err := New[float32](spec(t, map[string]any{"architecture": "realnvp", "couplings": 2, "hidden": []int{4}}), m, stream("flow"))
	if err != nil {
		t.Fatal(err)
	}
	clear(f.Theta) // the standard normal distribution, which is one mode
	random := stream("mixture")
	target := drawer(func(x []float64) {
		normal := rand.New(random)
		for c := 0; c < len(x); c += 2 {
			shift := 0.0
			if random.Float64() < 0.25 {
				shift = 9
			}
			x[c], x[c+1] = shift+normal.NormFloat64(), shift+normal.NormFloat64()
		}
	})
	w := NewWorkers[float32](2)
	trial := Trial{Draws: 5000, Random: stream("draws")}
	alone, err := Evaluate(context.Background(), f, m, trial, w)
	if err != nil {
		t.Fatal(err)
	}
	if len(alone.Doubts()) > 0 || alone.ESS < 0.99 || math.Abs(alone.LogZ-math.Log(0.75)) > 0.01 {
		t.Errorf("from its own draws: %+v, %q", alone, alone.Doubts())
	}
	told := 0
	trial.Target, trial.Samples, trial.Random = target, 2000, stream("draws")
	trial.Progress = func(done, all int) {
		if told = done; all != 7000 {
			t.Errorf("%d in all", all)
		}
	}
	e, err := Evaluate(context.Background(), f, m, trial, NewWorkers[float32](1))
	if err != nil {
		t.Fatal(err)
	}
	if e.LogZ != alone.LogZ || told != 7000 {
		t.Errorf("ln Z = %v with one worker, %v with two; %d configurations told", e.LogZ, alone.LogZ, told)
	}
	if d := strings.Join(e.Doubts(), "\n"); !strings.Contains(d, "25 % of the samples") || e.Upper < e.LogZ+1 {
		t.Errorf("upper bound %v, doubts %q", e.Upper, d)
	}
	if d := e.Disagrees(0.8, 0.01); !strings.Contains(d, "accepts 0.8") {
		t.Errorf("an acceptance of 0.8: %q", d)
	}
	if d := e.Disagrees(e.Acceptance+0.001, 0.01); d != "" {
		t.Error(d)
	}

	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := Evaluate(ctx, f, m, trial, w); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// What is wrong with weights is said.
func TestEvaluationDoubts(t *testing.T) {
	heavy := func(k float64) []float64 {
		random, log := rand.New(stream("heavy")), make([]float64, 20000)
		for i := range log {
			log[i] = -k * math.Log(1-random.Float64())
		}
		return log
	}
	for _, c := range []struct {
		drawn, given []float64
		want         string
	}{
		{heavy(0.9), nil, "heavy tail"},
		{heavy(0.62), nil, "may be infinite"},
		{append(heavy(0.1), math.NaN(), math.Inf(1)), nil, "2 of 20002 draws"},
		{[]float64{0, -9, -9, -9, -9, -9}, nil, "too few"},
		{slices.Repeat([]float64{0, 0.1}, 5000), slices.Repeat([]float64{9, 9.1}, 5000), "100 % of the samples"},
		{heavy(0.1), slices.Repeat([]float64{-1, -1.1}, 500), "is above what the samples"},
	} {
		e := appraise(c.drawn, c.given)
		if d := strings.Join(e.Doubts(), "\n"); !strings.Contains(d, c.want) {
			t.Errorf("doubts %q lack %q (k = %.2f)", d, c.want, e.ParetoK)
		}
	}
	if d := appraise(heavy(0.3), nil).Doubts(); d != nil {
		t.Errorf("%q", d)
	}
}
