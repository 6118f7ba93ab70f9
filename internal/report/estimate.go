package report

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"mcrun/analysis"
	"mcrun/observables"
)

// An estimated observable is what the series of a task say of it.
type estimated struct {
	analysis.Estimate
	name    string
	err     error // why the estimate is not complete
	rhat    float64
	rhatErr error
	carrier [][]float64 // the series whose mean the estimate is, to first order; where err is nil
}

// estimate estimates an observable from the series of a task.
func (t *Task) estimate(name string) estimated {
	e := estimated{name: name, rhat: math.NaN()}
	e.Value = math.NaN()
	o, ok := observables.Find(name)
	if !ok {
		e.err = errors.New("no such observable in this program; use the one that made the run")
		e.rhatErr = e.err
		return e
	}
	chains := make([][][]float64, len(t.Series))
	for _, column := range o.Columns {
		k := slices.Index(t.Columns, column)
		if k < 0 {
			e.err = fmt.Errorf("column %s was not recorded; run again with the observable on the card", column)
			e.rhatErr = e.err
			return e
		}
		for c, columns := range t.Series {
			chains[c] = append(chains[c], columns[k])
		}
	}

	if o.Function == nil {
		for _, columns := range chains {
			e.carrier = append(e.carrier, columns[0])
		}
		e.Estimate, e.err = analysis.Gamma{}.Mean(e.carrier...)
		e.rhat, e.rhatErr = analysis.RHat(comparable(e.carrier)...)
	} else {
		f := o.Function(t.Model)
		e.Estimate, e.err = analysis.Gamma{}.Function(f, chains)
		e.rhat, e.rhatErr = largestRHat(f, chains)
		switch {
		case e.err == nil:
			e.carrier = linearise(f, chains, e.N)
		case errors.Is(e.err, analysis.ErrConstant) && isZero(f, chains, e.N):
			e.err = errZero
		}
	}
	if e.err == nil {
		e.err = frozen(e.carrier)
	}
	return e
}

// errZero is why a quantity has no error that is 0 by itself, as what is
// multiplied by beta = 0.
var errZero = errors.New("0 whatever the records are, so that there is no error to be estimated")

// isZero reports whether a function of n records is 0 by itself: it is 0 at their
// means and at the first record, and all its derivatives are 0 at the means.
func isZero(f analysis.Function, chains [][][]float64, n int) bool {
	mean, grad := slope(f, chains, n)
	first := make([]float64, f.Terms)
	for _, columns := range chains {
		if len(columns[0]) == 0 {
			continue
		}
		var record []float64
		for _, x := range columns {
			record = append(record, x[0])
		}
		f.Term(record, first)
		break
	}
	return f.Value(mean) == 0 && f.Value(first) == 0 && !slices.ContainsFunc(grad, func(g float64) bool { return g != 0 })
}

// frozen returns why no error can be said of chains of which one never moved,
// nil if all did. The error would be that of the others, or of nothing. Chains
// that have just begun are left out.
func frozen(chains [][]float64) error {
	long := slices.Clone(chains)
	least := math.MaxInt
	for _, x := range comparable(chains) {
		least = min(least, len(x))
	}
	for c, x := range long {
		if len(x) < least {
			long[c] = nil
		}
	}
	for _, d := range analysis.Doubts(analysis.Estimate{}, 0, long...) {
		if d.Kind == analysis.ChainFrozen || d.Kind == analysis.AllConstant {
			return errors.New(d.Message)
		}
	}
	return nil
}

// comparable returns the chains that R-hat is to compare while a task runs.
// Chains are compared over the length of the shortest, so that one that has
// just begun would hide the others: those are left out without which most
// records are compared.
func comparable(chains [][]float64) [][]float64 {
	lengths := make([]int, len(chains))
	for c, x := range chains {
		lengths[c] = len(x)
	}
	slices.Sort(lengths)
	most, least := 0, 0
	for c, n := range lengths {
		if records := n * (len(lengths) - c); records > most {
			most, least = records, n
		}
	}
	var long [][]float64
	for _, x := range chains {
		if len(x) >= least {
			long = append(long, x)
		}
	}
	return long
}

// largestRHat returns the largest R-hat among the terms of a function, and
// why it is unknown if it is that of none.
func largestRHat(f analysis.Function, chains [][][]float64) (float64, error) {
	largest, reason := math.NaN(), error(nil)
	terms := make([]float64, f.Terms)
	for k := range terms {
		term := along(chains, func(record []float64) float64 {
			f.Term(record, terms)
			return terms[k]
		})
		r, err := analysis.RHat(comparable(term)...)
		if !(r <= largest) && !math.IsNaN(r) {
			largest = r
		}
		if reason == nil {
			reason = err
		}
	}
	if finite(largest) {
		return largest, nil
	}
	return largest, reason
}

// linearise returns the series whose mean is the function at the means of n
// records, to first order: the terms weighted by the gradient.
func linearise(f analysis.Function, chains [][][]float64, n int) [][]float64 {
	mean, grad := slope(f, chains, n)
	terms := make([]float64, f.Terms)
	return along(chains, func(record []float64) float64 {
		f.Term(record, terms)
		sum := 0.0
		for k, g := range grad {
			sum += g * (terms[k] - mean[k])
		}
		return sum
	})
}

// slope returns the means of the terms of n records and the gradient there.
func slope(f analysis.Function, chains [][][]float64, n int) (mean, grad []float64) {
	terms, square := make([]float64, f.Terms), make([]float64, f.Terms)
	mean, grad = make([]float64, f.Terms), make([]float64, f.Terms)
	along(chains, func(record []float64) float64 {
		f.Term(record, terms)
		for k, x := range terms {
			mean[k] += x / float64(n)
			square[k] += x * x / float64(n)
		}
		return 0
	})
	if f.Gradient != nil {
		f.Gradient(mean, grad)
		return mean, grad
	}
	at := slices.Clone(mean)
	for k, x := range mean {
		h := 1e-5 * math.Sqrt(square[k])
		if h == 0 {
			continue
		}
		at[k] = x + h
		grad[k] = f.Value(at)
		at[k] = x - h
		grad[k] = (grad[k] - f.Value(at)) / (2 * h)
		at[k] = x
	}
	return mean, grad
}

// along evaluates a function of the records of each chain.
func along(chains [][][]float64, f func(record []float64) float64) [][]float64 {
	series := make([][]float64, len(chains))
	var record []float64
	for c, columns := range chains {
		series[c] = make([]float64, len(columns[0]))
		for i := range series[c] {
			record = record[:0]
			for _, x := range columns {
				record = append(record, x[i])
			}
			series[c][i] = f(record)
		}
	}
	return series
}

// noExact is the reason why there is nothing to compare with.
const noExact = "no exact value is known"

// observable writes the estimate down, times in sweeps, with the reason for
// what is missing.
func (e *estimated) observable(t Task, exact *float64) Observable {
	o := Observable{Name: e.name, Value: known(e.Value), RHat: known(e.rhat), Exact: exact}
	if e.err == nil {
		every := float64(t.Every)
		o.Error = known(e.Error)
		o.TauInt, o.TauIntError = known(every*e.TauInt), known(every*e.TauIntError)
		o.ESS = known(e.ESS)
		o.ESSPerSecond = known(e.ESS / t.Seconds)
		if exact != nil {
			o.Sigmas = known((e.Value - *exact) / e.Error)
		}
	}

	var gaps gaps
	if e.err != nil {
		gaps.add(explain(e.err), "value", o.Value, "error", o.Error, "tau_int", o.TauInt, "tau_int_error", o.TauIntError, "ess", o.ESS, "ess_per_second", o.ESSPerSecond)
		if exact != nil {
			gaps.add(explain(e.err), "sigmas", o.Sigmas)
		}
	} else {
		gaps.add("too large or too small for a number", "error", o.Error, "tau_int", o.TauInt, "tau_int_error", o.TauIntError, "ess", o.ESS)
		gaps.add("no time in kernels was measured", "ess_per_second", o.ESSPerSecond)
		if exact != nil {
			gaps.add("too large for a number", "sigmas", o.Sigmas)
		}
	}
	if e.rhatErr != nil {
		gaps.add(explain(e.rhatErr), "rhat", o.RHat)
	}
	if exact == nil {
		gaps.add(noExact, "exact", o.Exact, "sigmas", o.Sigmas)
	}
	o.Reason = gaps.reason()
	return o
}

// explain returns what an error of package analysis says.
func explain(err error) string { return strings.TrimPrefix(err.Error(), "analysis: ") }

// gaps collects what is unknown, by reason.
type gaps struct {
	why  []string
	keys [][]string
}

// add notes the reason for those of the keys whose number, which follows the
// key, is nil.
func (g *gaps) add(why string, keyed ...any) {
	i := slices.Index(g.why, why)
	for ; len(keyed) > 0; keyed = keyed[2:] {
		if keyed[1].(*float64) != nil {
			continue
		}
		if i < 0 {
			i = len(g.why)
			g.why, g.keys = append(g.why, why), append(g.keys, nil)
		}
		g.keys[i] = append(g.keys[i], keyed[0].(string))
	}
}

// reason names the keys and says why each is unknown; nil if none is.
func (g *gaps) reason() *string {
	if len(g.why) == 0 {
		return nil
	}
	parts := make([]string, len(g.why))
	for i, why := range g.why {
		parts[i] = strings.Join(g.keys[i], ", ") + ": " + why
	}
	reason := strings.Join(parts, "; ")
	return &reason
}
