package report

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Headings that have a LaTeX form of their own.
var (
	tauColumn  = column{"tau_int", `$\tau_\mathrm{int}$`, true}
	rhatColumn = column{"R-hat", `$\hat R$`, true}
	sigColumn  = column{"sigma", `$\Delta/\sigma$`, true}
	essColumn  = column{"ESS", "", true}
)

// newPage writes the tables of some runs.
func newPage(labels []string, runs []Summary) page {
	s := newSheet(labels, runs)
	p := page{head: titles(labels, runs)}
	if len(s.series) == 0 {
		p.head = append(p.head, "There are no results yet.")
		return p
	}
	p.head = append(p.head, s.head()...)
	if len(s.points) == 1 {
		for i := range s.series {
			p.tables = append(p.tables, s.details(&s.series[i]))
		}
	} else {
		p.tables = append(p.tables, s.exact()...)
		var told []string
		for _, x := range s.series {
			if !slices.Contains(told, x.proposal) {
				told = append(told, x.proposal)
				p.tables = append(p.tables, s.values(x.proposal))
			}
		}
	}
	p.tables = append(p.tables, s.kernels()...)
	missing := s.gather(func(r *Result) []string {
		var list []string
		for _, o := range r.Observables {
			if o.Error == nil && o.Reason != nil {
				list = append(list, o.Name+": "+strings.TrimSuffix(*o.Reason, "; exact, sigmas: "+noExact))
			}
		}
		return list
	})
	if len(missing) > 0 {
		p.items = append(p.items, items{"Missing", missing})
	}
	found := s.gather(func(r *Result) []string { return r.Doubts })
	if len(found) == 0 {
		found = []string{"none, by acceptance, length of series, autocorrelation window, binning, R-hat and exact values, as far as these are known."}
	}
	p.items = append(p.items, items{"Doubts", found})
	return p
}

// titles returns the titles of the runs that have one, of several with their
// labels.
func titles(labels []string, runs []Summary) []string {
	var list []string
	for i, s := range runs {
		switch {
		case s.Title == "":
		case len(runs) > 1:
			list = append(list, labels[i]+": "+s.Title)
		default:
			list = append(list, s.Title)
		}
	}
	return list
}

// head says what was sampled and how to read the tables.
func (s *sheet) head() []string {
	model := s.common.String()
	if name, ok := s.common.value("name").(string); ok {
		model = strings.Replace(model, "name = "+name, name, 1)
	}
	return []string{
		model,
		"In parentheses: one standard error, in the last digits shown. tau_int = 1/2 + sum_{t>=1} rho(t), in sweeps. " +
			"ESS: effective samples of all chains, records/(2 tau_int in records). sigma: (value - exact)/error. R-hat: rank-normalised, split.",
	}
}

// details is the table of a series at the only point: a row for each
// observable.
func (s *sheet) details(x *series) table {
	r := x.at[0]
	t := table{
		title:   s.name(x) + ": " + length([]*Result{r}),
		columns: []column{{"observable", "", false}, {"value", "", true}},
		stub:    1,
	}
	exact := slices.ContainsFunc(r.Observables, func(o Observable) bool { return o.Exact != nil })
	if exact {
		t.columns = append(t.columns, column{"exact", "", true}, sigColumn)
	}
	t.columns = append(t.columns, tauColumn, essColumn, rhatColumn)
	for _, o := range r.Observables {
		row := []string{o.Name, withError(o.Value, o.Error)}
		if exact {
			row = append(row, exactly(o), deviations(o.Sigmas))
		}
		t.rows = append(t.rows, append(row, withError(o.TauInt, o.TauIntError), count(o.ESS), format("%.3f", o.RHat)))
	}
	return t
}

// exactly writes the exact value with one decimal more than the estimate has.
func exactly(o Observable) string {
	switch {
	case o.Exact == nil:
		return missing
	case *o.Exact == 0:
		return "0"
	}
	if o.Error != nil {
		decimals := 2 - int(math.Floor(math.Log10(*o.Error)))
		if decimals >= 0 && decimals <= 8 && math.Abs(*o.Exact) < 1e6 {
			return strconv.FormatFloat(*o.Exact, 'f', decimals, 64)
		}
	}
	return strconv.FormatFloat(*o.Exact, 'g', 8, 64)
}

// deviations writes a number of sigmas.
func deviations(x *float64) string {
	if x != nil && math.Abs(*x) >= 1e4 {
		return format("%+.0e", x)
	}
	return format("%+.1f", x)
}

// axisColumns returns the columns that name a point.
func (s *sheet) axisColumns() []column {
	var columns []column
	for _, a := range s.axes {
		columns = append(columns, column{a.label, "", false})
	}
	return columns
}

// place names point i in those columns.
func (s *sheet) place(i int) []string {
	var row []string
	for _, a := range s.axes {
		row = append(row, a.values[i])
	}
	return row
}

// exact is the table of exact values at all points, if any are known.
func (s *sheet) exact() []table {
	t := table{title: "Exact values", columns: s.axisColumns(), stub: len(s.axes)}
	for i := range s.points {
		t.rows = append(t.rows, s.place(i))
	}
	for _, name := range s.observables {
		cells := make([]string, len(s.points))
		some := false
		for i := range s.points {
			cells[i] = missing
			for _, x := range s.series {
				if r := x.at[i]; r != nil {
					if o := r.Observables.find(name); o != nil && o.Exact != nil {
						cells[i] = format("%.8g", o.Exact)
						some = true
						break
					}
				}
			}
		}
		if some {
			t.columns = append(t.columns, column{name, "", true})
			for i := range t.rows {
				t.rows[i] = append(t.rows[i], cells[i])
			}
		}
	}
	if len(t.columns) == t.stub {
		return nil
	}
	return []table{t}
}

// values is the table of a proposal at all points: a row for each point and
// run, a column for each observable, and how far all are from exact values.
func (s *sheet) values(proposal string) table {
	t := table{columns: s.axisColumns()}
	if s.several {
		t.columns = append(t.columns, column{"run", "", false})
	}
	t.stub = len(t.columns)
	for _, name := range s.observables {
		t.columns = append(t.columns, column{name, "", true})
	}
	var results []*Result
	compared := make([][]float64, len(s.observables))
	for p := range s.points {
		for _, x := range s.series {
			r := x.at[p]
			if x.proposal != proposal || r == nil {
				continue
			}
			results = append(results, r)
			row := s.place(p)
			if s.several {
				row = append(row, x.label)
			}
			for k, name := range s.observables {
				o := r.Observables.find(name)
				if o == nil {
					row = append(row, missing)
					continue
				}
				row = append(row, withError(o.Value, o.Error))
				if o.Sigmas != nil {
					compared[k] = append(compared[k], *o.Sigmas)
				}
			}
			t.rows = append(t.rows, row)
		}
	}
	t.title = proposal + ": " + length(results)
	rms, largest := make([]string, t.stub), make([]string, t.stub)
	rms[0], largest[0] = "rms sigma", "max |sigma|"
	some := false
	for _, sigmas := range compared {
		if len(sigmas) == 0 {
			rms, largest = append(rms, missing), append(largest, missing)
			continue
		}
		some = true
		square, most := 0.0, 0.0
		for _, x := range sigmas {
			square += x * x / float64(len(sigmas))
			most = math.Max(most, math.Abs(x))
		}
		rms = append(rms, fmt.Sprintf("%.2f", math.Sqrt(square)))
		largest = append(largest, fmt.Sprintf("%.1f", most))
	}
	if some {
		t.foot = [][]string{rms, largest}
	}
	return t
}

// gather collects sentences about results. Those that differ in their numbers
// only are said once, with the places of the others.
func (s *sheet) gather(about func(*Result) []string) []string {
	type group struct {
		text   string
		last   int // series
		places []string
	}
	var groups []*group
	found := make(map[string]*group)
	for i := range s.series {
		x := &s.series[i]
		for p, r := range x.at {
			if r == nil {
				continue
			}
			for _, text := range about(r) {
				at := ""
				if len(s.points) > 1 {
					at = " at " + s.points[p]
				}
				key := numbers.ReplaceAllString(text, "#")
				g := found[key]
				switch {
				case g == nil:
					g = &group{text: s.name(x) + at + ": " + text}
					found[key] = g
					groups = append(groups, g)
				case g.last == i:
					g.places = append(g.places, strings.TrimPrefix(at, " "))
				default:
					g.places = append(g.places, s.name(x)+at)
				}
				g.last = i
			}
		}
	}
	var list []string
	for _, g := range groups {
		if len(g.places) > 0 {
			g.text += ". Likewise: " + strings.Join(g.places, "; ")
		}
		list = append(list, g.text)
	}
	return list
}

var numbers = regexp.MustCompile(`[+-]?[0-9][0-9.]*(e[+-]?[0-9]+)?`)
