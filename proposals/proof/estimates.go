package proof

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"testing"

	"gonum.org/v1/gonum/diff/fd"
	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/stat/distuv"

	"mcrun/analysis"
	"mcrun/mc"
	"mcrun/models"
	"mcrun/observables"
	"mcrun/proposals"
)

const (
	seeds   = 32
	records = 800 // of each chain, of which a seed has two

	// Of continuous variables there are fewer records, and pairs of
	// configurations are drawn for references.
	fieldRecords = 250
	drawn        = 1 << 15

	// mostKurtosis is the largest excess kurtosis of a record where seeds
	// are compared.
	mostKurtosis = 20

	// slowest is the largest tau_int that Estimates takes, in sweeps.
	slowest = 20

	// estimatesAlarm is the probability with which either of the two tests
	// of an estimate fails, if deviations are normal.
	estimatesAlarm = 5e-8
)

// Estimates samples the model with 32 seeds, a pair of chains each, through the
// whole chain of tools (mc.Group, observables.Probe, analysis.Gamma), and
// compares the estimates of all observables that exist for the model with exact
// values: the registered ones, those of pairs and, where the kernel builds
// clusters, improved ones, and a derived one. It fails unless, for each value,
//
//   - the estimate from all chains deviates from the exact value by no more
//     errors than chance explains, on either side;
//   - the squared deviations of the 32 seeds, each in units of its own error, add
//     up to what chance makes of them: not to more, which says that errors are too
//     small, and not to less, which says that they are too large.
//
// The deviations of right estimates are beyond the bounds with probability 5e-8
// each, if they are normal. Records are 2 tau_int sweeps apart, as a first run
// finds it, so that a seed has some 1000 independent ones. So the bias of order
// 1/ESS that functions of means have is of the order of 1/sqrt(50000) of an error
// for all chains, and what it adds to the squared deviation of a seed is of the
// order of 1/1000. Where rare records dominate, so that the excess kurtosis of
// what is averaged is above 20, 1000 records are not enough for normal deviations;
// there, and for functions that do not exist at some means, as the correlation
// length, the seeds are not compared.
//
// A kernel that is not ergodic is run in turn with proposals.HeatBath, or
// proposals.Metropolis where there is none. Estimates needs a model as [Start] does,
// and fails if tau_int of a column exceeds 20 sweeps. Of continuous variables what
// is not among the values of models.Exact is compared with the estimate from 65536
// configurations that are drawn independently, and a seed has some 500 independent
// records.
func Estimates(t testing.TB, m models.Model, spec proposals.Spec) {
	t.Helper()
	of := observablesOf(m, spec)
	if o, err := derived(m); err == nil {
		of = append(of, o)
	}
	exact, err := references(m, of)
	if err != nil {
		t.Errorf("Estimates of %s: %v", name(m), err)
		return
	}
	_, err = newBench(m, spec, of).estimates(of, exact)
	report(t, "Estimates", m, spec, err)
}

// A reference is an expectation value to compare estimates with.
type reference struct {
	value float64
	error float64 // 0 of one that is exact
}

// references returns the expectation values of observables.
func references(m models.Model, of []observables.Observable) (map[string][]reference, error) {
	if d, ok := m.(models.Differentiable); ok {
		e, err := newEnsemble(d)
		if err != nil {
			return nil, err
		}
		return e.references(of, drawn, true), nil
	}
	exact, ok := observables.Enumerate(m, of)
	if !ok {
		return nil, errors.New("the states of the model cannot be listed, or are too many")
	}
	return exactly(exact), nil
}

// exactly returns exact values as references.
func exactly(exact map[string][]float64) map[string][]reference {
	list := make(map[string][]reference)
	for name, values := range exact {
		for _, v := range values {
			list[name] = append(list[name], reference{value: v})
		}
	}
	return list
}

// errTooSlow is wrapped by the error that says that records would be too far
// apart.
var errTooSlow = errors.New("too slow")

// derived returns an observable that is derived from others: the cumulant of
// the energy, from its mean and from those of its powers.
func derived(m models.Model) (observables.Observable, error) {
	return observables.Derive("proof_of_derived", "1 - mean(energy^4) / (3 * (specific_heat / (N * beta^2) + energy^2)^2)", m)
}

// deviations are those of one value from the exact one, in units of errors.
type deviations struct {
	of     string
	pooled float64
	seeds  []float64 // nil where they are not compared
}

// estimates samples, and returns the deviations together with what is wrong with
// them.
func (b *bench) estimates(of []observables.Observable, exact map[string][]reference) (list []deviations, err error) {
	every, err := b.spacing()
	if err != nil {
		return nil, err
	}
	w := width(b.columns)
	var chains [][][]float64 // of all seeds: [chain][number of the row][record]
	for seed := range seeds {
		g := b.group(0, 2, uint64(seed+1))
		r, err := run(g, mc.Plan{Thermalize: max(b.tuning, 20*every), Sweeps: every * b.records, Every: every})
		if err != nil {
			return nil, err
		}
		for chain := range 2 {
			series := make([][]float64, w)
			for i := range series {
				for at := chain*w + i; at < len(r); at += 2 * w {
					series[i] = append(series[i], r[at])
				}
			}
			chains = append(chains, series)
		}
	}
	var errs []error
	for _, o := range of {
		for i, e := range estimators(o, b.model) {
			if want, known := exact[o.Name]; known {
				d, err := b.compare(o, e, chains, want[i])
				d.of = o.Name
				list = append(list, d)
				if err == nil {
					err = d.test()
				}
				if err != nil {
					errs = append(errs, fmt.Errorf("%s[%d]: %w", o.Name, i, err))
				}
			}
		}
	}
	return list, errors.Join(errs...)
}

// spacing returns how many sweeps to make between records.
func (b *bench) spacing() (int, error) {
	r, err := run(b.group(0, 2, 0), mc.Plan{Thermalize: 200, Sweeps: 5 * b.records, Every: 1})
	if err != nil {
		return 0, err
	}
	most, w := 0.5, 2*width(b.columns)
	series := make([]float64, 0, len(r)/w)
	for i := range w {
		series = series[:0]
		for at := i; at < len(r); at += w {
			series = append(series, r[at])
		}
		if e, err := (analysis.Gamma{}).Mean(series); err == nil {
			most = max(most, e.TauInt)
		}
	}
	if most > slowest {
		return 0, fmt.Errorf("%w: tau_int is %.0f sweeps, more than %d; take another temperature", errTooSlow, most, slowest)
	}
	return int(math.Ceil(2 * most)), nil
}

// compare returns the deviations of an estimator from its exact value.
func (b *bench) compare(o observables.Observable, e estimator, chains [][][]float64, want reference) (d deviations, err error) {
	own := b.own(o, e, chains)
	pooled, err := analysis.Gamma{}.Function(e.Function, own)
	// A record of another value, of probability 20/n, would be missed among n of
	// them with probability exp(-20).
	rare := 20 / float64(len(own)*b.records) * (1 + math.Abs(pooled.Value))
	missed := math.Abs(pooled.Value-want.value) <= rare
	switch {
	case errors.Is(err, analysis.ErrConstant):
		if !missed {
			return d, fmt.Errorf("always %g; exact is %g", pooled.Value, want.value)
		}
		return d, nil
	case e.fragile && errors.Is(err, analysis.ErrNotFinite):
		return d, nil
	case err != nil:
		return d, err
	}
	if missed && pooled.Error < rare && e.constant(own) {
		// A term that would vary only in rare records, or from which only the
		// squares of others are subtracted, that are 0 but for chance.
		return d, nil
	}
	d.pooled = want.deviation(pooled)
	if e.fragile || e.kurtosis(own) > mostKurtosis {
		return d, nil
	}
	for own := range slices.Chunk(own, len(own)/seeds) {
		seed, err := analysis.Gamma{}.Function(e.Function, own)
		if err != nil {
			return d, err
		}
		d.seeds = append(d.seeds, want.deviation(seed))
	}
	return d, nil
}

// deviation returns that of an estimate, in errors of the difference.
func (r reference) deviation(e analysis.Estimate) float64 {
	return (e.Value - r.value) / math.Hypot(e.Error, r.error)
}

// own returns of each chain the numbers of a row that an estimator depends on,
// and of pairs of chains, both of which record the same, those of the first.
func (b *bench) own(o observables.Observable, e estimator, chains [][][]float64) (own [][][]float64) {
	var places []int // in a row, of the numbers of the observable's columns
	for _, name := range o.Columns(b.model) {
		at := 0
		for _, c := range b.columns {
			if c.Name == name {
				for i := range c.Width {
					places = append(places, at+i)
				}
			}
			at += c.Width
		}
	}
	each := 1
	if o.Paired(b.model) {
		each = 2
	}
	for k := 0; k < len(chains); k += each {
		var inputs [][]float64
		for _, i := range e.inputs {
			inputs = append(inputs, chains[k][places[i]])
		}
		own = append(own, inputs)
	}
	return own
}

// constant reports whether a term of the function is the same in all records.
func (e estimator) constant(chains [][][]float64) bool {
	record, first, terms := make([]float64, len(e.inputs)), make([]float64, e.Terms), make([]float64, e.Terms)
	differs := make([]bool, e.Terms)
	for k, chain := range chains {
		for t := range chain[0] {
			for i := range record {
				record[i] = chain[i][t]
			}
			e.Term(record, terms)
			if k == 0 && t == 0 {
				copy(first, terms)
			}
			for i, v := range terms {
				differs[i] = differs[i] || v != first[i]
			}
		}
	}
	return slices.Contains(differs, false)
}

// kurtosis returns the excess kurtosis of a record's contribution to the function.
func (e estimator) kurtosis(chains [][][]float64) float64 {
	_, m2, m4, _ := e.moments(chains)
	return m4/(m2*m2) - 3
}

// independent returns the estimate from records that are independent of each
// other, or an error if it or its error is not a number above 0.
func (e estimator) independent(chains [][][]float64) (reference, error) {
	means, m2, _, n := e.moments(chains)
	r := reference{e.Value(means), math.Sqrt(m2 / n)}
	if math.IsNaN(r.value+r.error) || math.IsInf(r.value+r.error, 0) || r.error <= 1e-12*math.Abs(r.value) {
		return r, fmt.Errorf("%g +- %g", r.value, r.error)
	}
	return r, nil
}

// moments returns the means of the terms, the second and fourth moment of a
// record's contribution to the function, which is linear in the deviations of the
// terms from their means, and the number of records.
func (e estimator) moments(chains [][][]float64) (means []float64, m2, m4, n float64) {
	record, terms := make([]float64, len(e.inputs)), make([]float64, e.Terms)
	each := func(visit func()) {
		for _, chain := range chains {
			for t := range chain[0] {
				for i := range record {
					record[i] = chain[i][t]
				}
				e.Term(record, terms)
				visit()
			}
		}
	}
	means = make([]float64, e.Terms)
	gradient := make([]float64, e.Terms)
	each(func() {
		floats.Add(means, terms)
		n++
	})
	floats.Scale(1/n, means)
	if e.Gradient != nil {
		e.Gradient(means, gradient)
	} else {
		fd.Gradient(gradient, e.Value, means, nil)
	}
	each(func() {
		floats.Sub(terms, means)
		d := floats.Dot(gradient, terms)
		m2 += d * d / n
		m4 += d * d * d * d / n
	})
	return means, m2, m4, n
}

// test compares the deviations with chance.
func (d deviations) test() error {
	if limit := distuv.UnitNormal.Quantile(1 - estimatesAlarm/2); !(math.Abs(d.pooled) <= limit) {
		return fmt.Errorf("the estimate from all seeds is %.1f errors from the exact value", d.pooled)
	}
	if d.seeds == nil {
		return nil
	}
	return testSquares(d.seeds)
}

// testSquares returns an error if the sum of squares of deviations is too small
// or too large for chance, with the probability estimatesAlarm if it is right.
func testSquares(z []float64) error {
	var sum float64
	for _, v := range z {
		sum += v * v
	}
	chi2 := distuv.ChiSquared{K: float64(len(z))}
	low, high := chi2.Quantile(estimatesAlarm/2), chi2.Quantile(1-estimatesAlarm/2)
	if !(sum >= low && sum <= high) {
		return fmt.Errorf("the squared deviations of %d seeds, in units of their errors, add up to %.1f, which is not in [%.1f, %.1f]", len(z), sum, low, high)
	}
	return nil
}
