package observables

import (
	"cmp"
	"math"
	"slices"
	"strings"

	"mcrun/models"
)

const (
	// maxStates bounds the number of states, or pairs of states, summed over.
	maxStates = 1 << 20

	// maxReadings bounds the number of states times that of the numbers read
	// off each times that of the sites: a tenth to about half a second, of
	// which a number of a correlation function takes the most.
	maxReadings = 1e8

	// cancelled is the part of the sum of its absolute terms that a sum must
	// exceed: the weights of states have rounding errors of about 1e-16.
	cancelled = 1e-15
)

// Enumerate returns the exact values of observables, those of derived ones
// included, one for each of their Points, by a sum over all states:
//
//	<A> = sum_s A(s) exp(-beta H(s)) / sum_s exp(-beta H(s)).
//
// The model must be prepared. Enumerate returns false if the model lacks the
// abilities models.Discrete and models.Energetic, or has more than 2^20 states.
//
// Observables of pairs of chains are means over two independent copies of the
// model, if those have no more states either. Registered observables that are
// Improved and have the name improved_X are given the values of X, other
// improved ones are left out, as are those that do not exist for the model, that
// have a value which is not finite, or for which the sum would take more than
// about half a second; those of fewest numbers a record come first. Means are
// good to a few rounding errors of their largest terms. One that is below 1e-15
// of the mean of its absolute terms is 0, as it is by symmetry.
func Enumerate(m models.Model, of []Observable) (map[string][]float64, bool) {
	discrete, ok := m.(models.Discrete)
	if !ok {
		return nil, false
	}
	energetic, ok := m.(models.Energetic)
	if !ok {
		return nil, false
	}
	states, ok := power(discrete.States(), m.Sites(), maxStates)
	if !ok {
		return nil, false
	}
	var single, paired []*expectation
	for _, o := range of {
		name, o, ok := plain(o, m)
		switch {
		case !ok:
		case o.Paired(m):
			paired = append(paired, newExpectation(name, o, m))
		default:
			single = append(single, newExpectation(name, o, m))
		}
	}

	e := newEnsemble(discrete, energetic.Energy, states)
	values := make(map[string][]float64)
	e.sum(1, single, values)
	if states <= maxStates/states {
		e.sum(2, paired, values)
	}
	return values, true
}

// plain returns the observable that has the exact values of o, and the name of
// o. It returns false if there is none.
func plain(o Observable, m models.Model) (name string, same Observable, ok bool) {
	if o.Check(m) != nil {
		return o.Name, o, false
	}
	same, ok = o, true
	if o.Improved(m) {
		if _, ok = Find(o.Name); ok { // of a derived one the name says nothing
			same, ok = Find(strings.TrimPrefix(o.Name, "improved_"))
		}
	}
	return o.Name, same, ok && same.Check(m) == nil && !same.Improved(m)
}

// power returns base^exponent, or false if it exceeds limit.
func power(base, exponent, limit int) (int, bool) {
	n := 1
	for range exponent {
		if n > limit/base {
			return 0, false
		}
		n *= base
	}
	return n, true
}

// An expectation is an observable whose terms are summed over states.
type expectation struct {
	name       string
	observable Observable
	estimators []Estimator
	columns    []Field
	record     []float64
	inputs     [][]float64  // of each estimator
	terms      [][]float64  // of each estimator
	sums       [][]neumaier // of each estimator's terms
	sizes      [][]float64  // sums of their absolute values
}

func newExpectation(name string, o Observable, m models.Model) *expectation {
	x := &expectation{name: name, observable: o, estimators: slices.Clone(estimators(o, m))}
	width := 0
	for _, c := range o.Columns(m) {
		x.columns = append(x.columns, Field{c, mustFindColumn(c).width(m)})
		width += x.columns[len(x.columns)-1].Width
	}
	x.record = make([]float64, width)
	for i := range x.estimators {
		e, terms := &x.estimators[i], 1
		if e.Inputs == nil {
			for k := range width {
				e.Inputs = append(e.Inputs, k)
			}
		}
		if e.Function != nil {
			terms = e.Function.Terms
		}
		x.inputs = append(x.inputs, make([]float64, len(e.Inputs)))
		x.terms = append(x.terms, make([]float64, terms))
		x.sums = append(x.sums, make([]neumaier, terms))
		x.sizes = append(x.sizes, make([]float64, terms))
	}
	return x
}

// add adds the terms of the record with a weight.
func (x *expectation) add(weight float64) {
	for i, e := range x.estimators {
		inputs, terms := x.inputs[i], x.terms[i]
		for k, at := range e.Inputs {
			inputs[k] = x.record[at]
		}
		if e.Function == nil {
			terms[0] = inputs[0]
		} else {
			e.Function.Term(inputs, terms)
		}
		for k, t := range terms {
			x.sums[i][k].add(weight * t)
			x.sizes[i][k] += math.Abs(weight * t)
		}
	}
}

// values returns the values of the estimators, or false if one is not finite.
func (x *expectation) values(total float64) ([]float64, bool) {
	values := make([]float64, len(x.estimators))
	for i, e := range x.estimators {
		means := x.terms[i]
		for k := range means {
			means[k] = x.sums[i][k].value() / total
			if math.Abs(x.sums[i][k].value()) < cancelled*x.sizes[i][k] {
				means[k] = 0
			}
		}
		values[i] = means[0]
		if e.Function != nil {
			values[i] = e.Function.Value(means)
		}
		if math.IsNaN(values[i]) || math.IsInf(values[i], 0) {
			return nil, false
		}
	}
	return values, true
}

// An ensemble is the states of a model with their weights.
type ensemble struct {
	model  models.Discrete
	weight []float64 // of each state, divided by the largest
}

// newEnsemble weighs all states, in the order in which next visits them.
func newEnsemble(m models.Discrete, energy func(models.State) float64, states int) ensemble {
	e := ensemble{m, make([]float64, states)}
	beta, s, largest := m.Beta(), make(models.Spins, m.Sites()), math.Inf(-1)
	for i := range e.weight {
		e.weight[i] = -beta * energy(s)
		largest = max(largest, e.weight[i])
		next(s, m.States())
	}
	for i, w := range e.weight {
		e.weight[i] = math.Exp(w - largest)
	}
	return e
}

// next goes on to the next state; the last site counts fastest.
func next(s models.Spins, q int) {
	for i := len(s) - 1; i >= 0; i-- {
		if int(s[i]) < q-1 {
			s[i]++
			return
		}
		s[i] = 0
	}
}

// sum adds the values of observables, read off so many independent copies of
// the model, to values.
func (e ensemble) sum(copies int, of []*expectation, values map[string][]float64) {
	states := 1
	for range copies {
		states *= len(e.weight)
	}
	n := e.model.Sites()
	of = affordable(of, maxReadings/float64(states*copies*n))
	var read []Observable
	for _, x := range of {
		read = append(read, x.observable)
	}
	fields := Columns(e.model, read, NoSource)
	at, width := make(map[string]int), 0
	for _, f := range fields {
		at[f.Name] = width
		width += f.Width
	}

	spins, chains := make(models.Spins, copies*n), make([]models.State, copies)
	for c := range chains {
		chains[c] = spins[c*n : (c+1)*n]
	}
	probe := NewProbe(e.model, fields, chains...)
	rows := make([]float64, copies*width)
	var segments []segment
	for _, x := range of {
		to := x.record
		for _, c := range x.columns {
			first := at[c.Name]
			segments = append(segments, segment{to[:c.Width], rows[first : first+c.Width]})
			to = to[c.Width:]
		}
	}

	var total neumaier
	for i := range states {
		weight, rest := 1.0, i
		for range copies {
			weight *= e.weight[rest%len(e.weight)]
			rest /= len(e.weight)
		}
		if weight > 0 {
			probe.Read(rows)
			for _, r := range segments {
				copy(r.to, r.from)
			}
			total.add(weight)
			for _, x := range of {
				x.add(weight)
			}
		}
		next(spins, e.model.States())
	}
	for _, x := range of {
		if v, ok := x.values(total.value()); ok {
			values[x.name] = v
		}
	}
}

// A segment is a column's numbers in the record of an observable and in a row.
type segment struct{ to, from []float64 }

// affordable returns those observables for which no more than limit numbers
// are to be read, the ones of fewest numbers first.
func affordable(of []*expectation, limit float64) []*expectation {
	of = slices.SortedStableFunc(slices.Values(of), func(a, b *expectation) int {
		return cmp.Compare(len(a.record), len(b.record))
	})
	read := make(map[string]bool)
	return slices.DeleteFunc(of, func(x *expectation) bool {
		more := 0
		for _, c := range x.columns {
			if !read[c.Name] {
				more += c.Width
			}
		}
		if float64(more) > limit {
			return true
		}
		limit -= float64(more)
		for _, c := range x.columns {
			read[c.Name] = true
		}
		return false
	})
}

// A neumaier is a compensated sum (Neumaier 1974): what each addition rounds
// off is kept, and added at the end.
type neumaier struct{ total, lost float64 }

func (s *neumaier) add(x float64) {
	t := s.total + x
	if math.Abs(s.total) >= math.Abs(x) {
		s.lost += (s.total - t) + x
	} else {
		s.lost += (x - t) + s.total
	}
	s.total = t
}

func (s *neumaier) value() float64 { return s.total + s.lost }
