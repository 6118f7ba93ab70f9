package proof

import (
	"errors"
	"fmt"
	"math"
	"testing"

	"mcrun/mc"
	"mcrun/mc/mctest"
	"mcrun/models"
	"mcrun/observables"
	"mcrun/proposals"
)

// Improved fails if an improved observable is biased: if the mean, over a state
// drawn from the model's distribution and all decisions of a step from there, of
// what is read off the clusters of the step is not the exact value, to 1e-10. It
// compares every registered observable of that kind, and does nothing if the
// kernel is no [proposals.ClusterBuilder] or says that its clusters give no such
// estimators. It needs a model and a kernel as [Transitions] does.
func Improved(t testing.TB, m models.Model, spec proposals.Spec) {
	t.Helper()
	report(t, "Improved", m, spec, improved(m, spec))
}

func improved(m models.Model, spec proposals.Spec) error {
	if b, ok := spec.(proposals.ClusterBuilder); !ok || b.Clusters(m) != nil {
		return nil
	}
	var of []observables.Observable
	for _, o := range observables.All() {
		if o.Improved(m) && o.From(m, observables.FromClusters) && o.Check(m) == nil {
			of = append(of, o)
		}
	}
	exact, _ := observables.Enumerate(m, of)
	return unbiased(m, spec, of, exact)
}

// walks is how many times as long a walk takes that also reads off clusters.
const walks = 3

// unbiased compares the means of improved observables with exact values.
func unbiased(m models.Model, spec proposals.Spec, of []observables.Observable, exact map[string][]float64) error {
	s, err := list(m, maxMatrix)
	if err != nil {
		return err
	}
	var errs []error
	for _, o := range of {
		want, known := exact[o.Name]
		if !known {
			continue
		}
		parts := estimators(o, m)
		if err := s.affordable(spec, walks*len(parts)); err != nil {
			return err
		}
		for i, e := range parts {
			got, err := s.clusterMean(spec, o, e)
			if err != nil {
				return err
			}
			if differ(got, want[i]) {
				errs = append(errs, fmt.Errorf("biased: the mean of %s[%d] over all clusters is %.12g, not %.12g", o.Name, i, got, want[i]))
			}
		}
	}
	return errors.Join(errs...)
}

// clusterMean returns the value of an improved estimator at the exact means of
// its terms.
func (s *space) clusterMean(spec proposals.Spec, o observables.Observable, e estimator) (float64, error) {
	columns := observables.Columns(s.model, []observables.Observable{o}, observables.FromClusters)
	means := make([]float64, e.Terms)
	for term := range means {
		from, err := mctest.Means(s.states, func(random *mc.Stream) (mctest.Chain, func() float64) {
			c := s.newChain(random)
			probe := observables.NewProbe(s.model, columns, c.State)
			c.Clusters = probe.Listener(0)
			row, terms := make([]float64, width(columns)), make([]float64, e.Terms)
			inputs := make([]float64, len(e.inputs))
			return s.chain(spec, c), func() float64 {
				probe.Read(row)
				for i, at := range e.inputs {
					inputs[i] = row[at]
				}
				e.Term(inputs, terms)
				return terms[term]
			}
		})
		if err != nil {
			return math.NaN(), err
		}
		for state, p := range s.pi {
			means[term] += p * from[state]
		}
	}
	return e.Value(means), nil
}

// width returns the length of a row.
func width(columns []observables.Field) (n int) {
	for _, c := range columns {
		n += c.Width
	}
	return n
}
