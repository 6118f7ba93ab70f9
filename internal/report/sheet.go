package report

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"mcrun/mc/param"
)

// A sheet is the results of one or more runs, ordered for tables: a point is
// where they were taken, a series is one proposal at all points.
type sheet struct {
	several   bool // runs
	labels    []string
	flows     [][]Flow // of the runs
	axes      []axis
	points    []string // how each is called
	common    Settings // what the models of all points have in common
	series    []series
	numbers   []quantity   // of all results, in order of appearance
	functions [][]quantity // each at all its points, those of each kind apart
}

// A quantity is an observable that is one number, or a function at a point.
type quantity struct {
	name  string
	x     []float64 // nil of a number
	kind  string    // of a function, see kindOf
	label string    // the name, or how the point is written
}

// kindOf tells apart functions that cannot be in one table. Functions of
// numbers are of one kind; vectors are along the axes of one shape, so that
// functions of vectors are of one kind only if all their points are the same.
func kindOf(x [][]float64) string {
	if slices.ContainsFunc(x, func(p []float64) bool { return len(p) != 1 }) {
		return fmt.Sprint(x)
	}
	return ""
}

// head is the heading of a column of the quantity.
func (q *quantity) head() string {
	if q.x == nil {
		return q.label
	}
	return "x = " + q.label
}

// of returns the estimate of a quantity, nil if a result has none.
func (q *quantity) of(r *Result) *Estimate {
	if q.x == nil {
		return r.Observables.number(q.name)
	}
	if o := r.Observables.find(q.name); o != nil && kindOf(o.X) == q.kind {
		if i := slices.IndexFunc(o.X, func(x []float64) bool { return slices.Equal(x, q.x) }); i >= 0 {
			return &o.Estimates[i]
		}
	}
	return nil
}

// An axis is a setting in which points differ.
type axis struct {
	label  string
	values []string // at each point
}

// A series is a proposal of one run.
type series struct {
	run      int
	label    string
	proposal string
	at       []*Result // by point; nil where there is none
}

// newSheet orders the results of the runs of the given labels.
func newSheet(labels []string, runs []Summary) *sheet {
	s := &sheet{several: len(runs) > 1, labels: labels}
	for _, r := range runs {
		s.flows = append(s.flows, r.Flows)
	}
	var keys []string   // of points
	var first []*Result // of each point
	var where [][]int   // [run][result] point
	for r := range runs {
		var places []int
		for i := range runs[r].Results {
			x := &runs[r].Results[i]
			key := pointKey(x)
			p := slices.Index(keys, key)
			if p < 0 {
				p = len(keys)
				keys, first = append(keys, key), append(first, x)
			}
			places = append(places, p)
			for k := range x.Observables {
				s.collect(&x.Observables[k])
			}
		}
		where = append(where, places)
	}
	for r := range runs {
		for i, p := range where[r] {
			x := &runs[r].Results[i]
			k := slices.IndexFunc(s.series, func(s series) bool {
				return s.run == r && s.proposal == x.Proposal && s.at[p] == nil
			})
			if k < 0 {
				k = len(s.series)
				s.series = append(s.series, series{r, labels[r], x.Proposal, make([]*Result, len(keys))})
			}
			s.series[k].at[p] = x
		}
	}
	for _, f := range s.functions {
		if !slices.ContainsFunc(f, func(q quantity) bool { return len(q.x) != 1 }) {
			slices.SortFunc(f, func(a, b quantity) int { return cmp.Compare(a.x[0], b.x[0]) })
		}
		var points [][]float64
		for _, q := range f {
			points = append(points, q.x)
		}
		for i, label := range pointLabels(points) {
			f[i].label = label
		}
	}
	s.findAxes(first)
	return s
}

// collect adds the quantities of an observable that are not yet there.
func (s *sheet) collect(o *Observable) {
	if isOfLadder(o.Name) {
		return // told with the ladder
	}
	if o.X == nil {
		if !slices.ContainsFunc(s.numbers, func(q quantity) bool { return q.name == o.Name }) {
			s.numbers = append(s.numbers, quantity{name: o.Name, label: o.Name})
		}
		return
	}
	kind := kindOf(o.X)
	k := slices.IndexFunc(s.functions, func(f []quantity) bool { return f[0].name == o.Name && f[0].kind == kind })
	for _, x := range o.X {
		if k < 0 {
			k = len(s.functions)
			s.functions = append(s.functions, nil)
		}
		if !slices.ContainsFunc(s.functions[k], func(q quantity) bool { return slices.Equal(q.x, x) }) {
			s.functions[k] = append(s.functions[k], quantity{name: o.Name, x: x, kind: kind})
		}
	}
}

// pointKey tells points apart: by the model, and by what else is scanned.
func pointKey(r *Result) string {
	var rest Settings
	for _, x := range r.Scan {
		if !strings.HasPrefix(x.Key, "model.") {
			rest = append(rest, x)
		}
	}
	return jsonText(r.Model.sorted()) + jsonText(rest.sorted())
}

// findAxes finds the settings that differ between points, each point being
// given by one of its results, and those that all have in common. Scanned keys
// come first, in their order; of temperature and beta only one is told.
func (s *sheet) findAxes(points []*Result) {
	if len(points) == 0 {
		return
	}
	s.points = make([]string, len(points))

	told := make(map[string]bool) // keys of the model
	tell := func(key string) {
		told[key], told[key+sumSuffix] = true, true
		if key == "temperature" || key == "beta" {
			told["temperature"], told["beta"] = true, true
		}
	}
	try := func(label string, value func(*Result) any) bool {
		values := make([]param.Setting, len(points))
		for i, p := range points {
			values[i] = param.Setting{Key: label, Value: value(p)}
		}
		if !slices.ContainsFunc(values, func(v param.Setting) bool { return jsonText(v.Value) != jsonText(values[0].Value) }) {
			return false
		}
		s.axes = append(s.axes, axis{label, coordinates(values)})
		return true
	}

	var scanned []string
	for _, p := range points {
		for _, x := range p.Scan {
			if !slices.Contains(scanned, x.Key) {
				scanned = append(scanned, x.Key)
			}
		}
	}
	for _, key := range scanned {
		name, ofModel := strings.CutPrefix(key, "model.")
		if ofModel {
			if !told[name] && try(name, func(r *Result) any { return r.Model.value(name) }) {
				tell(name)
			}
			continue
		}
		label := strings.TrimPrefix(strings.TrimPrefix(key, "proposal."), "run.")
		try(label, func(r *Result) any { return r.Scan.value(key) })
	}
	for _, p := range points {
		for _, x := range p.Model {
			infinite := x.Key == "temperature" && slices.ContainsFunc(points, func(r *Result) bool { return r.Model.value("temperature") == nil })
			if !told[x.Key] && !infinite && try(x.Key, func(r *Result) any { return r.Model.value(x.Key) }) {
				tell(x.Key)
			}
		}
	}
	told["temperature"] = told["temperature"] || points[0].Model.value("temperature") == nil
	told["beta"] = told["beta"] || !told["temperature"]
	for _, x := range points[0].Model {
		if !told[x.Key] {
			s.common = append(s.common, x)
		}
	}
	for i := range points {
		var at []string
		for _, a := range s.axes {
			at = append(at, a.label+" "+a.values[i])
		}
		s.points[i] = strings.Join(at, ", ")
	}
}

// coordinates writes the values of one setting, numbers with six significant
// digits unless that makes two values one.
func coordinates(values []param.Setting) []string {
	short, full := make([]string, len(values)), make([]string, len(values))
	means := make(map[string]string)
	ambiguous := false
	for i, v := range values {
		full[i] = show(v)
		short[i] = full[i]
		if _, text := v.Value.(string); text {
			continue // of digits too, as a hash
		}
		if x, err := strconv.ParseFloat(full[i], 64); err == nil {
			short[i] = strconv.FormatFloat(x, 'g', 6, 64)
		}
		if other, ok := means[short[i]]; ok && other != full[i] {
			ambiguous = true
		}
		means[short[i]] = full[i]
	}
	if ambiguous {
		return full
	}
	return short
}

// name returns what a series is called.
func (s *sheet) name(x *series) string {
	if s.several {
		return x.proposal + " of " + x.label
	}
	return x.proposal
}

// length says how long the chains of some results were.
func length(results []*Result) string {
	var chains, sweeps []int
	for _, r := range results {
		chains, sweeps = append(chains, r.Chains), append(sweeps, r.Sweeps)
	}
	return span(chains, "chain") + " of " + span(sweeps, "sweep")
}

// span writes the range of some numbers of things.
func span(n []int, thing string) string {
	low, high := slices.Min(n), slices.Max(n)
	if high != 1 {
		thing += "s"
	}
	if low == high {
		return fmt.Sprintf("%d %s", low, thing)
	}
	return fmt.Sprintf("%d to %d %s", low, high, thing)
}
