package proof

import (
	"errors"
	"fmt"
	"math"
	"testing"

	"mcrun/mc"
	"mcrun/mc/mctest"
	"mcrun/models"
	"mcrun/proposals"
)

const (
	// maxMatrix bounds the number of states of which there is a matrix.
	maxMatrix = 1 << 10

	// maxPaths bounds the sequences of decisions to be walked through, at
	// some 100 ns each.
	maxPaths = 3e6
)

// Transitions finds the exact transition matrix P of a step (see
// [mcrun/mc/mctest]) and fails unless
//
//   - the probabilities from each state add up to 1;
//   - pi P = pi, to 1e-12 of each probability, or to 2^-50/r of it where r, the
//     smallest probability of a site's state given those of the other sites, is
//     below 0.001: probabilities are made as complements of others that are
//     rounded to 2^-53;
//   - P is irreducible and aperiodic where the kernel says that it is ergodic.
//     Where it says that it is not, P must be reducible, but a cycle with
//     [proposals.HeatBath] and a mixture of the two must be irreducible,
//     aperiodic, and invariant;
//   - pi_i P_ij = pi_j P_ji, as closely, where the kernel says that it is
//     reversible.
//
// It also fails where there is no such matrix: for a model without
// [models.Discrete] and [models.Energetic], one of more than 1024 states, or a
// kernel whose steps take more than some 3 million sequences of decisions, from
// all states together.
func Transitions(t testing.TB, m models.Model, spec proposals.Spec) {
	t.Helper()
	report(t, "Transitions", m, spec, transitions(m, spec))
}

func transitions(m models.Model, spec proposals.Spec) error {
	s, err := list(m, maxMatrix)
	if err != nil {
		return err
	}
	if err := s.affordable(spec, 1); err != nil {
		return err
	}
	p, err := s.matrix(spec)
	if err != nil {
		return err
	}
	tolerance := math.Max(1e-12, 0x1p-50/s.rarest())
	errs := []error{p.Stochastic(), s.invariant(p, tolerance)}
	if r, ok := spec.(proposals.Reversible); ok && r.Reversible(m) {
		errs = append(errs, s.balanced(p, tolerance))
	}
	why := spec.Ergodic(m)
	if why == nil {
		return errors.Join(append(errs, ergodic(p))...)
	}
	if p.Irreducible() == nil {
		errs = append(errs, fmt.Errorf("irreducible; but Ergodic says: %w", why))
	}
	h, err := s.matrix(helper)
	if err != nil {
		return err
	}
	for _, c := range []struct {
		name string
		with mctest.Matrix
	}{{"cycle", p.Mul(h)}, {"mixture", mean(p, h)}} {
		if err := errors.Join(s.invariant(c.with, tolerance), ergodic(c.with)); err != nil {
			errs = append(errs, fmt.Errorf("%s with %s: %w", c.name, name(helper), err))
		}
	}
	return errors.Join(errs...)
}

// helper is ergodic for every model whose states can be listed.
var helper = &proposals.HeatBath{Order: proposals.Sequential}

// helperOf returns a kernel that is ergodic for a model.
func helperOf(m models.Model) proposals.Spec {
	if helper.Check(m) == nil {
		return helper
	}
	return &proposals.Metropolis{Order: proposals.Sequential}
}

// matrix returns the transition matrix of a step.
func (s *space) matrix(spec proposals.Spec) (mctest.Matrix, error) {
	return mctest.Transitions(s.states, func(random *mc.Stream) mctest.Chain {
		return s.chain(spec, s.newChain(random))
	})
}

// ergodic returns an error unless a chain comes from every state to every other
// in any number of steps that is large enough.
func ergodic(p mctest.Matrix) error {
	if err := p.Irreducible(); err != nil {
		return err
	}
	if n := p.Period(); n != 1 {
		return fmt.Errorf("periodic: a state is come back to in multiples of %d steps only", n)
	}
	return nil
}

// mean returns (P + Q)/2.
func mean(p, q mctest.Matrix) mctest.Matrix {
	m := make(mctest.Matrix, len(p))
	for i, row := range p {
		m[i] = make([]float64, len(row))
		for j, v := range row {
			m[i][j] = (v + q[i][j]) / 2
		}
	}
	return m
}

// invariant returns an error if a step changes the probability of some state by
// more than so much of it.
func (s *space) invariant(p mctest.Matrix, tolerance float64) error {
	worst, at, to := tolerance, -1, 0.0
	for j, want := range s.pi {
		var sum float64
		for i, row := range p {
			sum += s.pi[i] * row[j]
		}
		if d := math.Abs(sum-want) / want; !(d <= worst) {
			worst, at, to = d, j, sum
		}
	}
	if at < 0 {
		return nil
	}
	return fmt.Errorf("not invariant: a step changes the probability of state %d from %.6g to %.6g, by %.3g of it", at, s.pi[at], to, worst)
}

// balanced returns an error if more goes from some state to another than comes
// back, by more than so much of it.
func (s *space) balanced(p mctest.Matrix, tolerance float64) error {
	for i, row := range p {
		for j := range i {
			there, back := s.pi[i]*row[j], s.pi[j]*p[j][i]
			if !(math.Abs(there-back) <= tolerance*math.Max(there, back)) {
				return fmt.Errorf("not in detailed balance: %.6g goes from state %d to %d and %.6g back", there, i, j, back)
			}
		}
	}
	return nil
}

// rarest returns the smallest probability of a site's state given the others.
func (s *space) rarest() float64 {
	r, q := 1.0, s.model.States()
	for stride := 1; stride < s.states; stride *= q {
		for state := range s.states {
			if state/stride%q != 0 {
				continue
			}
			least, sum := math.Inf(1), 0.0 // over the states of the site
			for k := range q {
				p := s.pi[state+k*stride]
				least, sum = math.Min(least, p), sum+p
			}
			r = math.Min(r, least/sum)
		}
	}
	return r
}

// affordable returns an error if walking through all decisions of the steps from
// all states, so many times, would take too long. One step from each makes its
// decisions at random, with all outcomes being as likely: the product of their
// numbers is, on average, the number of sequences of decisions from there (D. E.
// Knuth, Math. Comp. 29, 121 (1975)).
func (s *space) affordable(spec proposals.Spec, times int) error {
	g := &guide{random: mc.NewStream(mc.NewKey(1, "guide"))}
	c := s.chain(spec, s.newChain(mc.NewOracleStream(g)))
	var paths float64
	for state := range s.states {
		c.Set(state)
		g.outcomes = 1
		c.Step()
		paths += g.outcomes
	}
	if n := paths * float64(times); n > maxPaths {
		return fmt.Errorf("%w: the steps from all states make some %.2g sequences of decisions", errTooLarge, n)
	}
	return nil
}

// A guide is an oracle that decides at random.
type guide struct {
	random   *mc.Stream
	outcomes float64 // product of their numbers over the decisions of a step
}

// Below implements [mc.Oracle].
func (g *guide) Below(threshold uint64) bool {
	if threshold == 0 || threshold == ^uint64(0) {
		return threshold != 0
	}
	return g.IntN(2) == 0
}

// IntN implements [mc.Oracle].
func (g *guide) IntN(n int) int {
	g.outcomes *= float64(n)
	return g.random.IntN(n)
}
