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

// An estimated number is what the series of a task say of an observable, or of
// a function at one of its points.
type estimated struct {
	analysis.Estimate
	name     string
	point    string // of a function, as it is written
	err      error  // why the estimate is not complete
	rhat     float64
	rhatErr  error
	skewness float64 // of the value; where err is nil
	showing  float64 // where err is errSame: see unseen
	found    []doubt // of what made the estimate; where err is nil
}

// Reasons for which there is no error, none of which is a fault.
var (
	errZero = errors.New("0 whatever the records are, so that there is no error to be estimated")
	errSame = errors.New("the same in every record, unlike other points, so that there is no error to be estimated")
)

// A notOffered is why what is averaged over clusters, or over numbers of the dual,
// was not recorded, which is no fault either.
type notOffered struct{ error }

const panicEstimators = "report: an observable needs one estimator for each of its points"

// estimate estimates an observable from the series of a task: one number, or
// one for each of the points that are returned.
func (t *Task) estimate(o observables.Observable) ([][]float64, []estimated) {
	var points [][]float64
	if o.Points != nil {
		points = o.Points(t.Model)
	}
	labels := []string{""}
	if points != nil {
		labels = pointLabels(points)
	}
	list := make([]estimated, len(labels))
	chains, width, err := t.records(o)
	estimators := make([]observables.Estimator, width)
	for k := range estimators {
		estimators[k].Inputs = []int{k}
	}
	if o.Estimators != nil {
		estimators = o.Estimators(t.Model)
	}
	if err == nil && len(estimators) != len(list) {
		panic(panicEstimators)
	}
	moving := false
	for i := range list {
		e := &list[i]
		if err != nil {
			e.Value, e.rhat, e.err, e.rhatErr = math.NaN(), math.NaN(), err, err
		} else {
			*e = t.newEstimated(estimators[i], chains)
		}
		e.name, e.point = o.Name, labels[i]
		moving = moving || e.err == nil
	}
	if !moving {
		return points, list
	}
	showing := independent(list) / largest(chains)
	for i := range list {
		if e := &list[i]; errors.Is(e.err, analysis.ErrConstant) {
			e.err, e.rhat, e.rhatErr, e.showing = errSame, math.NaN(), errSame, showing
		}
	}
	return points, list
}

// independent returns the fewest effective samples that a point has which moves.
func independent(list []estimated) float64 {
	least := math.Inf(1)
	for i := range list {
		if list[i].err == nil {
			least = math.Min(least, list[i].ESS)
		}
	}
	return least
}

// largest returns the largest number of all records, and 1 if that is less, the
// natural size of correlations.
func largest(chains [][][]float64) float64 {
	most := 1.0
	for _, columns := range chains {
		for _, x := range columns {
			for _, v := range x {
				most = math.Max(most, math.Abs(v))
			}
		}
	}
	return most
}

// records returns the series of the columns of an observable, one for each of
// the width numbers of a record. Both chains of a pair record the same values
// of a column that is read off two: it is estimated from the chains 0, 2, 4,
// ..., and the others are left empty, so that chains keep their numbers.
func (t *Task) records(o observables.Observable) (chains [][][]float64, width int, err error) {
	chains = make([][][]float64, len(t.Series))
	paired := o.Paired(t.Model)
	for _, name := range o.Columns(t.Model) {
		first, k := 0, 0
		for ; k < len(t.Columns) && t.Columns[k].Name != name; k++ {
			first += t.Columns[k].Width
		}
		if k == len(t.Columns) {
			switch c, _ := observables.FindColumn(name); {
			case c.Clusters != nil && t.NoClusters != nil:
				return nil, 0, notOffered{t.NoClusters}
			case c.Dual != nil && t.NoDual != nil:
				return nil, 0, notOffered{t.NoDual}
			}
			return nil, 0, fmt.Errorf("column %s was not recorded; run again with the observable on the card", name)
		}
		width += t.Columns[k].Width
		for c, series := range t.Series {
			columns := series[first : first+t.Columns[k].Width]
			if paired && c%2 == 1 {
				columns = make([][]float64, len(columns))
			}
			chains[c] = append(chains[c], columns...)
		}
	}
	return chains, width, nil
}

// newEstimated estimates what an estimator says from chains[c][number][record].
func (t *Task) newEstimated(by observables.Estimator, chains [][][]float64) estimated {
	var e estimated
	var carrier [][]float64 // the series whose mean the estimate is, to first order
	if by.Inputs != nil {
		all := chains
		chains = make([][][]float64, len(all))
		for c := range all {
			for _, k := range by.Inputs {
				chains[c] = append(chains[c], all[c][k])
			}
		}
	}
	if by.Function == nil {
		for _, columns := range chains {
			carrier = append(carrier, columns[0])
		}
		e.Estimate, e.err = analysis.Gamma{}.Mean(carrier...)
		e.rhat, e.rhatErr = analysis.RHat(comparable(carrier)...)
		if e.err == nil && e.Variance <= math.Pow(rounding*e.Value, 2) {
			e.err = fmt.Errorf("%w: %d records differ from %g by no more than rounding", analysis.ErrConstant, e.N, e.Value)
		}
	} else {
		f := *by.Function
		e.Estimate, e.err = analysis.Gamma{}.Function(f, chains)
		e.rhat, e.rhatErr = largestRHat(f, chains)
		switch {
		case e.err == nil:
			carrier = linearise(f, chains, e.N)
		case errors.Is(e.err, analysis.ErrConstant) && isZero(f, chains, e.N):
			e.err = errZero
		case errors.Is(e.err, analysis.ErrNotFinite) && by.Undefined != "" && finiteMeans(f, chains, e.N):
			e.err = fmt.Errorf("%w: %s", analysis.ErrNotFinite, by.Undefined)
		}
	}
	if errors.Is(e.err, analysis.ErrConstant) && e.err != errZero && alike(chains) {
		e.err = fmt.Errorf("%w: all %d records are alike, so no error can be said; run longer, or with a kernel that moves it", analysis.ErrConstant, e.N)
		e.rhatErr = e.err // one cause
	}
	if e.err == nil {
		e.err = frozen(carrier)
	}
	if e.err == nil {
		e.skewness = skewness(e.TauInt, carrier)
		e.found = t.find(&e, carrier)
	}
	return e
}

// rounding is the relative scatter of records that sums in different orders
// leave of what is constant.
const rounding = 1e-13

// alike reports whether all records of all chains are one.
func alike(chains [][][]float64) bool {
	var first []float64 // of each number
	for _, columns := range chains {
		for k, x := range columns {
			if len(x) > 0 && len(first) == k {
				first = append(first, x[0])
			}
			if slices.ContainsFunc(x, func(v float64) bool { return v != first[k] }) {
				return false
			}
		}
	}
	return true
}

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

// finiteMeans reports whether the terms of a function have means in n records,
// so that the function itself is not finite where it is not.
func finiteMeans(f analysis.Function, chains [][][]float64, n int) bool {
	mean, _ := slope(f, chains, n)
	return !slices.ContainsFunc(mean, func(x float64) bool { return !finite(x) })
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

// observable writes down what was estimated at some points, or of one number,
// with the reason for what is missing.
func (t *Task) observable(points [][]float64, name string, list []estimated, exact []float64) Observable {
	o := Observable{Name: name, X: points, Estimates: make([]Estimate, len(list))}
	var all lacks
	for i := range list {
		e := &list[i]
		var truth *float64
		if exact != nil {
			truth = known(exact[i])
		}
		o.Estimates[i] = e.written(t, truth)
		all.add(e.point, e.lacks(&o.Estimates[i]))
	}
	o.Reason = all.reason(len(list))
	return o
}

// written writes the estimate down, times in sweeps.
func (e *estimated) written(t *Task, exact *float64) Estimate {
	w := Estimate{Value: known(e.Value), RHat: known(e.rhat), Exact: exact}
	if e.err == nil {
		every := float64(t.Every)
		w.Error = known(e.Error)
		w.TauInt, w.TauIntError = known(every*e.TauInt), known(every*e.TauIntError)
		w.ESS = known(e.ESS)
		w.ESSPerSecond = known(e.ESS / t.Seconds)
		if exact != nil {
			w.Sigmas = known((e.Value - *exact) / e.Error)
		}
	}
	return w
}

// lacks returns what is unknown of what was written, by reason.
func (e *estimated) lacks(w *Estimate) []lack {
	var list []lack
	for _, n := range w.numbers() {
		if *n.number != nil {
			continue
		}
		why := ""
		switch {
		case w.Exact == nil && (n.key == "exact" || n.key == "sigmas"):
			why = noExact
		case n.key == "rhat":
			why = explain(e.rhatErr)
		case e.err != nil:
			why = explain(e.err)
		case n.key == "ess_per_second":
			why = "no time in kernels was measured"
		default:
			why = "too large or too small for a number"
		}
		k := slices.IndexFunc(list, func(g lack) bool { return g.why == why })
		if k < 0 {
			k = len(list)
			list = append(list, lack{why: why})
		}
		list[k].keys = append(list[k].keys, n.key)
	}
	return list
}

// explain returns what an error of package analysis says.
func explain(err error) string { return strings.TrimPrefix(err.Error(), "analysis: ") }

// A lack is some numbers that are unknown for one reason, at some points.
type lack struct {
	why    string
	keys   []string
	points []string
}

// lacks are those of an observable.
type lacks []lack

// add notes what is unknown at a point. Reasons that differ in their numbers
// only are one: that of the first point.
func (g *lacks) add(point string, list []lack) {
	kind := func(x lack) string { return strings.Join(x.keys, " ") + numbers.ReplaceAllString(x.why, "#") }
	for _, x := range list {
		i := slices.IndexFunc(*g, func(y lack) bool { return kind(x) == kind(y) })
		if i < 0 {
			i = len(*g)
			*g = append(*g, x)
		}
		(*g)[i].points = append((*g)[i].points, point)
	}
}

// reason names the keys, and the points if they are not all, and says why each
// is unknown; nil if none is. What lacks an exact value comes last.
func (g lacks) reason(points int) *string {
	if len(g) == 0 {
		return nil
	}
	slices.SortStableFunc(g, func(a, b lack) int {
		switch {
		case a.why == noExact && b.why != noExact:
			return 1
		case b.why == noExact && a.why != noExact:
			return -1
		}
		return 0
	})
	parts := make([]string, len(g))
	for i, x := range g {
		parts[i] = strings.Join(x.keys, ", ")
		if len(x.points) < points {
			parts[i] += " at x = " + namePoints(x.points)
		}
		parts[i] += ": " + x.why
	}
	reason := strings.Join(parts, "; ")
	return &reason
}
