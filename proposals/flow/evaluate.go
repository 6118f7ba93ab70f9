package flow

import (
	"context"
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/stat"

	"mcrun/mc"
	"mcrun/models"
	"mcrun/proposals/flow/kern"
)

// An Evaluation is what draws from a flow tell of it and of its target, of which
// ln pi = -S is known and Z is not. With weights w = pi/q_G,
//
//	-Loss  <=  ln Z = ln E_q[w]  <=  Upper,
//
// where the bounds miss ln Z by KL(q||p) and KL(p||q), p = pi/Z. Errors are
// standard ones, by linear propagation. What they are worth the shape of the tail
// of the weights tells: with ParetoK above 1/2 the variance of w may be infinite.
type Evaluation struct {
	Draws   int // from the flow
	Unsound int // of these: ln w was not a number, or plus infinity; they count as w = 0

	Loss, LossError             float64 // E_q[ln q - ln pi]
	LogZ, LogZError             float64
	KL, KLError                 float64 // KL(q||p) = Loss + ln Z
	ESS, ESSError               float64 // (sum w)^2/(N sum w^2), a share of the draws
	ParetoK                     float64 // of the largest weights; NaN where these are alike
	Acceptance, AcceptanceError float64 // of the kernel flow, E[min(1, w(x')/w(x))], x from p, x' from q

	// What configurations of the target tell; all 0 if there are none.
	Samples           int
	Upper, UpperError float64 // E_p[ln pi - ln q]
	ForwardESS        float64 // 1/(E_p[w] E_p[1/w]), which is ESS if both see all of the target
	Above             float64 // share of the samples with a weight more than twice that of any draw

	top float64 // share of the largest weights in the sum of all
}

// EvaluateDraws is from how many draws an evaluation is to be quoted.
const EvaluateDraws = 100_000

// A Trial says from what a flow is evaluated.
type Trial struct {
	Draws  int        // from the flow; EvaluateDraws if 0
	Random *mc.Stream // for these

	// Target gives configurations of the target, as many as Samples says, if it
	// is not nil.
	Target  interface{ Next(x []float64) }
	Samples int

	// Progress, if not nil, is told how many configurations have been drawn.
	Progress func(done, all int)
}

// Evaluate draws from a flow and compares it with a prepared model. The error is
// that of the context. The numbers depend on the Trial alone, whatever the
// workers.
func Evaluate[T kern.Float](ctx context.Context, f *Flow[T], m models.Differentiable, t Trial, w *Workers[T]) (*Evaluation, error) {
	if t.Draws == 0 {
		t.Draws = EvaluateDraws
	}
	if t.Target == nil {
		t.Samples = 0
	}
	weigher := weigher[T]{flow: f, workers: w, model: m}
	const batch = 16 * kern.Columns
	x := make([]float64, batch*f.dim)
	done := 0
	draw := func(log []float64, batchOf func(x, log []float64)) error {
		for part := range slices.Chunk(log, batch) {
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			batchOf(x[:len(part)*f.dim], part)
			done += len(part)
			if t.Progress != nil {
				t.Progress(done, t.Draws+t.Samples)
			}
		}
		return nil
	}
	drawn, given := make([]float64, t.Draws), make([]float64, t.Samples)
	if err := draw(drawn, func(x, log []float64) { weigher.sample(t.Random, x, log) }); err != nil {
		return nil, err
	}
	if err := draw(given, func(x, log []float64) {
		t.Target.Next(x)
		weigher.weights(x, log)
	}); err != nil {
		return nil, err
	}
	return appraise(drawn, given), nil
}

// appraise returns what the ln w of draws, and of samples of the target, tell. It
// sorts them.
func appraise(drawn, given []float64) *Evaluation {
	e := &Evaluation{Draws: len(drawn), Samples: len(given)}
	for i, l := range drawn {
		if math.IsNaN(l) || math.IsInf(l, 1) {
			drawn[i] = math.Inf(-1)
			e.Unsound++
		}
	}
	slices.Sort(drawn)
	e.fromDraws(drawn)
	if len(given) > 0 {
		e.fromSamples(given, drawn[len(drawn)-1])
	}
	return e
}

// fromDraws fills in what ln w of draws tell, sorted from below.
func (e *Evaluation) fromDraws(log []float64) {
	n := float64(len(log))
	top := log[len(log)-1]
	w := make([]float64, len(log)) // relative to the largest
	for i, l := range log {
		w[i] = math.Exp(l - top)
	}
	var first, second, loss float64 // means of w, w^2, -ln w
	for i, v := range w {
		first += v / n
		second += v * v / n
		loss -= log[i] / n
	}
	e.Loss, e.LogZ, e.ESS = loss, top+math.Log(first), first*first/second
	e.KL = e.Loss + e.LogZ
	e.top = floats.Sum(w[max(0, len(w)-topDraws):]) / (n * first)
	e.ParetoK = paretoShape(w)

	// E min(w, w') over pairs: each weight with those above and below it.
	least := make([]float64, len(w)) // mean of min(w, w') over the others
	var below, pairs float64
	for i, v := range w {
		least[i] = (below + v*(n-1-float64(i))) / (n - 1)
		pairs += least[i] / n
		below += v
	}
	e.Acceptance = pairs / first

	// The errors, from what each draw contributes to each estimate.
	terms := make([]float64, len(w))
	spread := func(term func(i int) float64) float64 {
		for i := range terms {
			terms[i] = term(i)
		}
		return stat.StdDev(terms, nil) / math.Sqrt(n)
	}
	e.LossError = spread(func(i int) float64 { return -log[i] })
	e.LogZError = spread(func(i int) float64 { return w[i] / first })
	e.KLError = spread(func(i int) float64 { return w[i]/first - log[i] })
	e.ESSError = spread(func(i int) float64 { return e.ESS * (2*w[i]/first - w[i]*w[i]/second) })
	e.AcceptanceError = spread(func(i int) float64 { return (2*least[i] - e.Acceptance*w[i]) / first })
}

// sampleBlocks is the number of blocks into which samples of the target are
// divided for an error, for those of one chain may depend on each other.
const sampleBlocks = 32

// fromSamples fills in what ln w of samples of the target tell, the largest ln w of
// the draws being given.
func (e *Evaluation) fromSamples(log []float64, top float64) {
	n := float64(len(log))
	e.Upper = stat.Mean(log, nil)
	if size := len(log) / sampleBlocks; size > 0 {
		means := make([]float64, sampleBlocks)
		for b := range means {
			means[b] = stat.Mean(log[b*size:(b+1)*size], nil)
		}
		e.UpperError = stat.StdDev(means, nil) / math.Sqrt(sampleBlocks)
	}
	least, most := slices.Min(log), slices.Max(log)
	var w, inverse float64
	for _, l := range log {
		w += math.Exp(l-most) / n
		inverse += math.Exp(least-l) / n
		if l > top+math.Ln2 {
			e.Above += 1 / n
		}
	}
	e.ForwardESS = math.Exp(least-most) / (w * inverse)
}

// topDraws is how many of the largest weights are compared with the share of
// samples above all draws. What lies above all draws has under p a share that is
// larger than theirs with a probability of exp(-topDraws) or so.
const topDraws = 20

// FewEffective is the number of effective draws below which ln Z and ESS tell next to
// nothing.
const FewEffective = 100

// Limits of what gives rise to doubts.
const (
	heavyTail  = 0.7 // Pareto k above which errors mean nothing
	noVariance = 0.5 // and above which the variance may be infinite
	fewAbove   = 3   // samples with a weight far above that of any draw
	farBelow   = 5   // times by which ESS seen from the target may be smaller
	farOutside = 4   // errors
)

// Doubts returns what is to be held against the evaluation, and the remedies: a
// sentence each, and none if all is well.
func (e *Evaluation) Doubts() (doubts []string) {
	say := func(format string, values ...any) { doubts = append(doubts, fmt.Sprintf(format, values...)) }
	if e.Unsound > 0 {
		say("%d of %d draws have a weight that is not finite: the flow's numbers overflow, or the action does; train it again with clip = 1 or a lower learning_rate", e.Unsound, e.Draws)
	}
	switch {
	case e.ParetoK > heavyTail:
		say("the weights have a heavy tail, of Pareto k = %.2f (above %.1f): a few draws decide ln Z and ESS, and their errors mean nothing; train longer, or with estimator = \"path\", or objective = \"both\"", e.ParetoK, heavyTail)
	case e.ParetoK > noVariance:
		say("the variance of the weights may be infinite, with a tail of Pareto k = %.2f (above %.1f): errors of ln Z and ESS are too small, and chains of the kernel flow stay long where the weight is large; train longer", e.ParetoK, noVariance)
	}
	if n := e.ESS * float64(e.Draws); n < FewEffective {
		say("%d draws are worth %.0f of the target, too few for ln Z and ESS: train longer", e.Draws, n)
	}
	switch {
	case e.Above > e.top && e.Above*float64(e.Samples) >= fewAbove:
		digits := 2
		if e.Above > 0.99 {
			digits = 3 // or 1e+02
		}
		say("%.*g %% of the samples of the target have more than twice the weight of any of %d draws: the flow misses a part of it, as a mode; train on samples (objective = \"nll\" or \"both\", or a larger nll_weight), give the flow the symmetry of the model, or anneal", digits, 100*e.Above, e.Draws)
	case e.Samples > 0 && e.ForwardESS < e.ESS/farBelow:
		say("the ESS is %.2g seen from the flow but %.2g from samples of the target: the flow hardly reaches a part of it; train on samples (objective = \"nll\" or \"both\", or a larger nll_weight), or longer", e.ESS, e.ForwardESS)
	}
	if d := e.LogZ - e.Upper; e.Samples > 0 && d > farOutside*math.Hypot(e.LogZError, e.UpperError) {
		say("ln Z = %.4f is above what the samples of the target bound it by, %.4f +- %.2g: these miss a part of the target, or are too few and alike; give them more sampler_steps, or another sampler", e.LogZ, e.Upper, e.UpperError)
	}
	return doubts
}

// Disagrees returns a sentence if the acceptance that a chain of the kernel flow
// has found differs from what the weights predict by more than chance, given the
// standard error of the former, and else "".
func (e *Evaluation) Disagrees(acceptance, err float64) string {
	if d := math.Abs(acceptance - e.Acceptance); d <= farOutside*math.Hypot(err, e.AcceptanceError) {
		return ""
	}
	return fmt.Sprintf("the kernel flow accepts %.3g of its proposals, where the weights of the flow predict %.3g: the chains have not reached equilibrium, or the flow misses a part of the target", acceptance, e.Acceptance)
}
