package proof

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"testing"

	"gonum.org/v1/gonum/stat/distuv"

	"mcrun/mc"
	"mcrun/models"
	"mcrun/proposals"
)

const (
	// maxStart bounds the number of states of which there is a table.
	maxStart = 1 << 17

	starts     = 1 << 14 // drawn independently
	startSteps = 4       // steps made from each
	maxBins    = 16
	leastBin   = 50 // expected counts

	// startAlarm is the probability with which one of the three tests of a
	// right kernel fails.
	startAlarm = 1e-7
)

// Start draws 16384 states from the model's distribution, makes 4 steps from
// each, and fails if what they lead to is distributed otherwise. It compares
// the distributions of the energy, of the order parameter where the model has
// one, and of a sum over the sites of random functions of their states, which
// has no symmetry. Each is a chi^2 test, in up to 16 bins, that a right kernel
// fails with probability 1e-7; the random numbers are the same in every run.
//
// The kernel need not be ergodic. The model may have up to 2^17 states, and needs
// models.Discrete and models.Energetic.
//
// Of a model of continuous variables ([models.Differentiable]) 8192 configurations
// are drawn (see [Sampler]), and 2 steps made by a kernel that has been tuned from a
// hot start and then frozen. Compared are the action, the order parameter, sums of
// powers, products of coordinates, and a random linear form: their means, and the
// probabilities of 16 bins, before and after. As each configuration is compared with
// what it becomes, a kernel that changes little is found out as one that changes
// much. A right kernel fails a comparison with probability 1e-9. It also fails if a
// step that rejects all proposals changes a bit, or if unit vectors are no longer.
func Start(t testing.TB, m models.Model, spec proposals.Spec) {
	t.Helper()
	report(t, "Start", m, spec, start(m, spec))
}

func start(m models.Model, spec proposals.Spec) error {
	if d, ok := m.(models.Differentiable); ok {
		e, err := newEnsemble(d)
		if err != nil {
			return err
		}
		return e.start(spec, tuning)
	}
	s, err := list(m, maxStart)
	if err != nil {
		return err
	}
	tests := s.histograms(starts)
	random := mc.NewStream(mc.NewKey(1, "start", name(m), name(spec)))
	pick := picker(s.pi)
	c := s.chain(spec, s.newChain(random))
	for range starts {
		c.Set(pick(random))
		for range startSteps {
			c.Step()
		}
		end := c.State()
		for _, h := range tests {
			h.count[h.bin[end]]++
		}
	}
	var errs []error
	for _, h := range tests {
		errs = append(errs, h.test())
	}
	return errors.Join(errs...)
}

// A histogram counts the values of a function of the state.
type histogram struct {
	of       string
	bin      []uint8   // of each state
	expected []float64 // of each bin
	count    []float64
}

// histograms returns those that Start compares, for so many states that are counted.
func (s *space) histograms(draws float64) []*histogram {
	spins, n := make(models.Spins, s.model.Sites()), s.model.Sites()
	value := func(f func() float64) []float64 {
		values := make([]float64, s.states)
		for state := range values {
			s.set(spins, state)
			values[state] = f()
		}
		return values
	}
	tests := []*histogram{s.histogram(draws, "the energy", value(func() float64 { return s.model.Energy(spins) }))}
	switch m := s.model.(type) {
	case models.Magnetic:
		tests = append(tests, s.histogram(draws, "the magnetization", value(func() float64 { return m.Magnetization(spins) })))
	case models.Ordered:
		tests = append(tests, s.histogram(draws, "the order parameter", value(func() float64 {
			abs, _ := m.Order(spins)
			return abs
		})))
	}
	random := mc.NewStream(mc.NewKey(1, "a sum over the sites"))
	weight := make([]float64, n*s.model.States())
	for i := range weight {
		weight[i] = random.Float64()
	}
	return append(tests, s.histogram(draws, "a random sum over the sites", value(func() (sum float64) {
		for i, k := range spins {
			sum += weight[i*s.model.States()+int(k)]
		}
		return sum
	})))
}

// histogram returns that of a function, given its values. Bins are filled from
// below until they hold their share.
func (s *space) histogram(draws float64, of string, values []float64) *histogram {
	order := make([]int, s.states)
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(i, j int) int { return cmp.Compare(values[i], values[j]) })
	h := &histogram{of: of, bin: make([]uint8, s.states)}
	const rounding = 1e-9
	share, rest := draws/maxBins, draws
	for at := 0; at < len(order); {
		var expected float64
		first := values[order[at]]
		for at < len(order) && (expected < share || rest < leastBin || values[order[at]] < first+rounding) {
			i := order[at]
			first = values[i]
			h.bin[i] = uint8(len(h.expected))
			expected += draws * s.pi[i]
			rest -= draws * s.pi[i]
			at++
		}
		h.expected = append(h.expected, expected)
	}
	h.count = make([]float64, len(h.expected))
	return h
}

// test compares what was counted with what was expected.
func (h *histogram) test() error {
	bins := len(h.expected)
	if bins < 2 {
		return nil
	}
	var chi2 float64
	for i, want := range h.expected {
		d := h.count[i] - want
		chi2 += d * d / want
	}
	if p := (distuv.ChiSquared{K: float64(bins - 1)}).Survival(chi2); !(p >= startAlarm) {
		return fmt.Errorf("the distribution of %s changes: chi^2 = %.1f in %d bins, of probability %.2g: counted %.0f, expected %.0f", h.of, chi2, bins, p, h.count, h.expected)
	}
	return nil
}
