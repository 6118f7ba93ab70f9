package train

import (
	"fmt"
	"math"
	"slices"
	"time"

	"gonum.org/v1/gonum/stat"

	"mcrun/mc"
	"mcrun/models"
	"mcrun/proposals/flow"
	"mcrun/proposals/flow/kern"
)

// A Target is what a flow is trained to be near.
type Target struct {
	Model models.Differentiable // prepared
	// Value is that of the key that is annealed, in the model, and At returns
	// the model, prepared, as it is with another value. They are asked for only
	// where the Spec has such a key.
	Value float64
	At    func(value float64) (models.Differentiable, error)
	// Source gives samples, to objectives that ask for them.
	Source Source
}

// Columns are the names of the numbers in a row of the history:
//
//	loss           of the step's batch, in nats
//	spread         standard deviation of ln q + S (of -ln q for nll) within it
//	ess            ESS/N of the importance weights of the batch; 0 for nll
//	test           mean of the loss in the tests on fresh samples, the last of which count most
//	gradient       norm of the gradient, before it was clipped
//	rate           learning rate
//	rollbacks      how often the training was set back so far
//	seconds        taken so far, before interruptions too
var Columns = []string{"loss", "spread", "ess", "test", "gradient", "rate", "rollbacks", "seconds"}

// A Trainer trains a flow. It is the kernel and the probe of a group.
type Trainer[T kern.Float] struct {
	spec    Spec
	flow    *flow.Flow[T]
	workers *flow.Workers[T]
	target  Target
	random  *mc.Stream // for the steps
	fresh   *mc.Stream // for the tests

	model  models.Differentiable // of the present stage
	value  float64               // of the key that is annealed
	moving bool

	adam      *adam
	gradient  []T
	average   []float64 // of the parameters; nil: none is kept
	candidate []T       // what is tested
	x, s      []float64
	logq      []float64
	row       []float64
	err       error // why it cannot go on

	// State that checkpoints have beside parameters, moments and streams.
	step      int
	best      []T     // parameters with the least test
	least     float64 // that test; +Inf: none yet
	spread    float64 // with it
	test      float64 // mean of the tests, of which each counts half as much as the next
	tests     int     // in it
	factor    float64 // of the rate, by rollbacks
	rollbacks int
	seconds   float64
}

// The limits of what is mended.
const (
	maxRollbacks = 8
	farWorse     = 10 // spreads, and as many nats, by which a test may exceed the least one
)

// New returns the trainer of a flow, as the kernel and probe of a group of one
// chain that has none yet. Target is asked for what the Spec needs, and panics
// where that is missing.
func New[T kern.Float](spec Spec, f *flow.Flow[T], target Target, g *mc.Group, w *flow.Workers[T]) *Trainer[T] {
	if spec.Objective.observed() && target.Source == nil || spec.Key != nil && target.At == nil {
		panic(incomplete)
	}
	n := len(f.Theta)
	t := &Trainer[T]{
		spec: spec, flow: f, workers: w, target: target,
		random: g.Stream(0, "training"), fresh: g.Stream(0, "tests"),
		model: target.Model, value: target.Value,
		gradient: make([]T, n), candidate: make([]T, n), best: slices.Clone(f.Theta),
		x: make([]float64, spec.Batch*f.Dim()), s: make([]float64, spec.Batch), logq: make([]float64, spec.Batch),
		row:   make([]float64, len(Columns)),
		least: math.Inf(1), factor: 1,
	}
	t.adam = newAdam(&t.spec.Optimizer, n)
	if spec.Average > 0 {
		t.average = make([]float64, n)
		for i, v := range f.Theta {
			t.average[i] = float64(v)
		}
	}
	g.Kernel, g.Probe, g.Row, g.Check = t, t, len(Columns), func() error { return t.err }
	return t
}

const incomplete = "train: the target lacks what the objective or the annealing asks for"

// Plan returns how long the group runs.
func (t *Trainer[T]) Plan(checkpoint time.Duration) mc.Plan {
	return mc.Plan{Sweeps: t.spec.Steps, Every: 1, Checkpoint: checkpoint}
}

// Finish gives the flow the weights that did best.
func (t *Trainer[T]) Finish() { copy(t.flow.Theta, t.best) }

// Step makes one step of training.
func (t *Trainer[T]) Step() {
	if t.err != nil {
		return
	}
	began := time.Now()
	defer func() { t.seconds += time.Since(began).Seconds(); t.row[7] = t.seconds }()
	if t.err = t.stage(); t.err != nil {
		return
	}
	if t.step == 0 && t.spec.Key == nil {
		t.examine() // what it begins with may be the best, and is where it falls back to
	}
	clear(t.gradient)
	loss, spread, ess := t.batch()
	rate := t.factor * t.spec.rate(t.step, t.spec.Steps)
	norm := math.NaN()
	if finite(loss) {
		norm = update(t.adam, t.flow.Theta, t.gradient, rate)
	}
	copy(t.row, []float64{loss, spread, ess, t.test, norm, rate, float64(t.rollbacks)})
	t.step++
	if !finite(norm) {
		t.setBack(fmt.Sprintf("the loss of step %d is %v and its gradient's norm %v", t.step, loss, norm))
		return
	}
	for i := range t.average {
		t.average[i] += (1 - t.spec.Average) * (float64(t.flow.Theta[i]) - t.average[i])
	}
	if t.step%t.spec.Check == 0 || t.step == t.spec.Steps {
		t.examine()
		t.row[3], t.row[6] = t.test, float64(t.rollbacks)
	}
}

// stage brings the model to the value of the annealed key at this step. Tests of
// another model say nothing of this one.
func (t *Trainer[T]) stage() error {
	if t.spec.Key == nil {
		return nil
	}
	value, moving := t.spec.annealed(t.step, t.target.Value)
	if value == t.value && t.moving == moving && t.step > 0 {
		return nil
	}
	if value == t.target.Value {
		t.model = t.target.Model
	} else if value != t.value || t.step == 0 {
		m, err := t.target.At(value)
		if err != nil {
			return fmt.Errorf("%s = %v, on the way to %v: %w", *t.spec.Key, value, t.target.Value, err)
		}
		t.model = m
	}
	t.value, t.moving = value, moving
	t.least, t.tests = math.Inf(1), 0
	t.examine()
	return nil
}

// batch adds the gradient of a batch's loss and returns the loss, the standard
// deviation within the batch and the ESS/N of its weights.
func (t *Trainer[T]) batch() (loss, spread, ess float64) {
	n := t.spec.Batch
	if t.spec.Objective.variational() {
		weight := t.weight(ReverseKL) / float64(n)
		dim := t.flow.Dim()
		t.flow.SampleGradient(t.workers, t.random, n, func(first int, x, logq, gx, glogq []float64) {
			s := t.s[first : first+len(logq)]
			t.model.Gradient(x, s, gx)
			for i := range gx[:len(s)*dim] {
				gx[i] *= weight
			}
			for c := range glogq {
				glogq[c] = weight
			}
			copy(t.logq[first:], logq)
		}, t.spec.Estimator == "path", t.gradient)
		var mean float64
		mean, spread, ess = t.weights()
		loss += t.weight(ReverseKL) * mean
	}
	if t.spec.Objective.observed() {
		t.target.Source.Next(t.x)
		weight := t.weight(NLL) / float64(n)
		t.flow.LogQGradient(t.workers, t.x, t.logq, func(_ int, _, l []float64) {
			for c := range l {
				l[c] = -weight
			}
		}, t.gradient, nil)
		mean, deviation := stat.MeanStdDev(t.logq, nil)
		loss -= t.weight(NLL) * mean
		if !t.spec.Objective.variational() {
			spread = deviation
		}
	}
	return loss, spread, ess
}

// weight returns that of a part of the loss.
func (t *Trainer[T]) weight(part Objective) float64 {
	switch {
	case t.spec.Objective != Both:
		return 1
	case part == NLL:
		return t.spec.NLLWeight
	}
	return 1 - t.spec.NLLWeight
}

// weights returns the mean and the standard deviation of ln q + S over a batch,
// and the ESS/N of its importance weights exp(-ln q - S).
func (t *Trainer[T]) weights() (mean, spread, ess float64) {
	for c, v := range t.s {
		t.s[c] = v + t.logq[c]
	}
	mean, spread = stat.MeanStdDev(t.s, nil)
	least := slices.Min(t.s)
	var sum, squares float64
	for _, v := range t.s {
		w := math.Exp(least - v)
		sum += w
		squares += w * w
	}
	return mean, spread, sum * sum / (squares * float64(len(t.s)))
}

// examine tests the weights, or their average, on fresh samples, and keeps them
// if they are the best.
func (t *Trainer[T]) examine() {
	theta := t.flow.Theta
	copy(t.candidate, theta)
	for i, v := range t.average {
		t.candidate[i] = T(v)
	}
	t.flow.Theta = t.candidate
	loss, spread := t.lossOnly()
	t.flow.Theta = theta
	if !finite(loss) || loss > t.least+farWorse*(1+t.spread) {
		t.setBack(fmt.Sprintf("the test after step %d gave %.6g, where the best was %.6g", t.step, loss, t.least))
		return
	}
	t.tests++
	if t.tests == 1 {
		t.test = loss
	} else {
		t.test += (loss - t.test) / 2
	}
	if t.test < t.least {
		t.least, t.spread = t.test, spread
		copy(t.best, t.candidate)
	}
}

// lossOnly returns the loss of a batch that no step sees, and its spread.
func (t *Trainer[T]) lossOnly() (loss, spread float64) {
	if t.spec.Objective.variational() {
		t.flow.Sample(t.workers, t.fresh, t.x, t.logq)
		t.model.Action(t.x, t.s)
		mean, deviation, _ := t.weights()
		loss, spread = t.weight(ReverseKL)*mean, deviation
	}
	if t.spec.Objective.observed() {
		t.target.Source.Next(t.x)
		t.flow.LogQ(t.workers, t.x, t.logq)
		mean, deviation := stat.MeanStdDev(t.logq, nil)
		loss -= t.weight(NLL) * mean
		spread = max(spread, deviation)
	}
	return loss, spread
}

// setBack goes back to the best weights with half the rate, or gives up.
func (t *Trainer[T]) setBack(why string) {
	t.rollbacks++
	if t.rollbacks > maxRollbacks {
		t.err = fmt.Errorf("the training diverges: %s, after it was set back to its best weights %d times, with a rate of %.2g in the end; lower learning_rate, set clip = 1, or warmup",
			why, maxRollbacks, t.factor*t.spec.LearningRate)
		return
	}
	t.factor /= 2
	copy(t.flow.Theta, t.best)
	for i := range t.average {
		t.average[i] = float64(t.best[i])
	}
	t.adam.reset()
	t.tests = 0
}

// Read implements [mc.Probe]: it writes the row of the last step.
func (t *Trainer[T]) Read(row []float64) { copy(row, t.row) }

// Save implements [mc.Saver].
func (t *Trainer[T]) Save(s *mc.Snapshot, prefix string) {
	mc.Put(s, prefix+".theta", wide(t.flow.Theta))
	mc.Put(s, prefix+".best", wide(t.best))
	if t.average != nil {
		mc.Put(s, prefix+".average", t.average)
	}
	mc.Put(s, prefix+".training", []float64{t.least, t.spread, t.test, t.factor, t.seconds, t.value})
	moving := int64(0)
	if t.moving {
		moving = 1
	}
	mc.Put(s, prefix+".steps", []int64{int64(t.step), int64(t.tests), int64(t.rollbacks), moving})
	mc.Put(s, prefix+".row", t.row)
	t.adam.Save(s, prefix+".adam")
	if t.target.Source != nil {
		t.target.Source.Save(s, prefix+".source")
	}
}

// Load implements [mc.Saver].
func (t *Trainer[T]) Load(s *mc.Snapshot, prefix string) error {
	theta, best := make([]float64, len(t.best)), make([]float64, len(t.best))
	numbers, steps := make([]float64, 6), make([]int64, 4)
	for _, x := range []struct {
		name string
		dst  []float64
	}{{".theta", theta}, {".best", best}, {".training", numbers}, {".row", t.row}} {
		if err := mc.Get(s, prefix+x.name, x.dst); err != nil {
			return err
		}
	}
	if t.average != nil {
		if err := mc.Get(s, prefix+".average", t.average); err != nil {
			return err
		}
	}
	if err := mc.Get(s, prefix+".steps", steps); err != nil {
		return err
	}
	if err := t.adam.Load(s, prefix+".adam"); err != nil {
		return err
	}
	if t.target.Source != nil {
		if err := t.target.Source.Load(s, prefix+".source"); err != nil {
			return err
		}
	}
	narrow(t.flow.Theta, theta)
	narrow(t.best, best)
	t.least, t.spread, t.test, t.factor, t.seconds, t.value = numbers[0], numbers[1], numbers[2], numbers[3], numbers[4], numbers[5]
	t.step, t.tests, t.rollbacks, t.moving = int(steps[0]), int(steps[1]), int(steps[2]), steps[3] != 0
	if t.spec.Key != nil && t.step > 0 && t.value != t.target.Value {
		m, err := t.target.At(t.value)
		if err != nil {
			return err
		}
		t.model = m
	}
	return nil
}

// wide and narrow convert parameters, which checkpoints hold as float64.
func wide[T kern.Float](x []T) []float64 {
	y := make([]float64, len(x))
	for i, v := range x {
		y[i] = float64(v)
	}
	return y
}

func narrow[T kern.Float](dst []T, x []float64) {
	for i, v := range x {
		dst[i] = T(v)
	}
}

func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }
