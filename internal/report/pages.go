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
		p.tables = s.learned()
		if found := s.flowDoubts(); len(found) > 0 {
			p.items = append(p.items, items{"Doubts", found})
		}
		if len(p.tables) == 0 {
			p.head = append(p.head, "There are no results yet.")
		}
		return p
	}
	p.head = append(p.head, s.head()...)
	if len(s.points) == 1 {
		for i := range s.series {
			p.tables = append(p.tables, s.details(&s.series[i]))
		}
		for _, f := range s.functions {
			p.tables = append(p.tables, s.function(f))
		}
	} else {
		p.tables = append(p.tables, s.scanned("", s.numbers, nil)...)
		for _, f := range s.functions {
			some, notes := selection(f)
			p.tables = append(p.tables, s.scanned(f[0].name+", ", some, notes)...)
		}
	}
	p.tables = append(p.tables, s.ladders()...)
	pools := s.pools()
	p.tables = append(p.tables, s.pooled(pools)...)
	p.tables = append(p.tables, s.disorder()...)
	p.tables = append(p.tables, s.learned()...)
	p.tables = append(p.tables, s.kernels()...)
	if missing := s.gather(missingOf); len(missing) > 0 {
		p.items = append(p.items, items{"Missing", missing})
	}
	found := s.gather(func(r *Result) []string { return r.Doubts })
	if s.several { // those of one run are doubts of its results
		found = append(found, s.disagree(pools)...)
	}
	found = append(found, s.flowDoubts()...)
	if len(found) == 0 {
		found = []string{"none, by acceptance, thermalization, length of series, autocorrelation window, binning, R-hat, exact values and agreement, as far as these are known."}
	}
	p.items = append(p.items, items{"Doubts", found})
	return p
}

// missingOf says which observables of a result have no error, and why: once of
// all for which the reason is the same but for its numbers.
func missingOf(r *Result) []string {
	var keys, names, reasons []string
	for _, o := range r.Observables {
		if o.Reason == nil || isOfLadder(o.Name) || !slices.ContainsFunc(o.Estimates, func(e Estimate) bool { return e.Error == nil }) {
			continue
		}
		// That there are no sigmas follows, and differs with what is known exactly.
		reason := strings.Replace(withoutExact(*o.Reason), ", sigmas", "", 1)
		key := numbers.ReplaceAllString(reason, "#")
		i := slices.Index(keys, key)
		if i < 0 {
			keys, names, reasons = append(keys, key), append(names, o.Name), append(reasons, reason)
			continue
		}
		names[i] += ", " + o.Name
	}
	for i, name := range names {
		reasons[i] = name + ": " + reasons[i]
	}
	return reasons
}

// withoutExact takes off the last clause of a reason if it is that there is no
// exact value.
func withoutExact(reason string) string {
	if strings.HasSuffix(reason, ": "+noExact) {
		if i := strings.LastIndex(reason, "; "); i >= 0 {
			return reason[:i]
		}
	}
	return reason
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
	exact := slices.ContainsFunc(s.numbers, func(q quantity) bool { e := q.of(r); return e != nil && e.Exact != nil })
	if exact {
		t.columns = append(t.columns, column{"exact", "", true}, sigColumn)
	}
	t.columns = append(t.columns, tauColumn, essColumn, rhatColumn)
	for _, q := range s.numbers {
		e := q.of(r)
		if e == nil {
			continue
		}
		row := []string{q.label, withError(e.Value, e.Error)}
		if exact {
			row = append(row, exactly(e.Exact, e.Error), deviations(e.Sigmas))
		}
		t.rows = append(t.rows, append(row, withError(e.TauInt, e.TauIntError), count(e.ESS), format("%.3f", e.RHat)))
	}
	return t
}

// exactly writes an exact value with one decimal more than an estimate of the
// given error has.
func exactly(exact, err *float64) string {
	switch {
	case exact == nil:
		return missing
	case *exact == 0:
		return "0"
	}
	if err != nil {
		decimals := 2 - int(math.Floor(math.Log10(*err)))
		if decimals >= 0 && decimals <= 8 && math.Abs(*exact) < 1e6 {
			return strconv.FormatFloat(*exact, 'f', decimals, 64)
		}
	}
	return strconv.FormatFloat(*exact, 'g', 8, 64)
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

// scanned are the tables of some quantities at all points: one of exact
// values, if any are known, and one for each proposal.
func (s *sheet) scanned(title string, quantities []quantity, notes []string) []table {
	if len(quantities) == 0 {
		return nil
	}
	tables := s.exact(title, quantities)
	var told []string
	for _, x := range s.series {
		has := func(r *Result) bool { return r != nil && hasAny(r, quantities) }
		if !slices.Contains(told, x.proposal) && slices.ContainsFunc(x.at, has) {
			told = append(told, x.proposal)
			tables = append(tables, s.values(title, x.proposal, quantities))
		}
	}
	tables[len(tables)-1].notes = notes
	return tables
}

// exact is the table of exact values at all points, if any are known.
func (s *sheet) exact(title string, quantities []quantity) []table {
	t := table{title: "Exact values", columns: s.axisColumns(), stub: len(s.axes)}
	if title != "" {
		t.title = title + "exact values"
	}
	var points []int // where there are any of the quantities
	for i := range s.points {
		if slices.ContainsFunc(s.series, func(x series) bool { return x.at[i] != nil && hasAny(x.at[i], quantities) }) {
			points = append(points, i)
			t.rows = append(t.rows, s.place(i))
		}
	}
	for _, q := range quantities {
		cells := make([]string, len(points))
		some := false
		for row, i := range points {
			cells[row] = missing
			for _, x := range s.series {
				if r := x.at[i]; r != nil {
					if e := q.of(r); e != nil && e.Exact != nil {
						cells[row] = format("%.8g", e.Exact)
						some = true
						break
					}
				}
			}
		}
		if some {
			t.columns = append(t.columns, column{q.head(), "", true})
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

// hasAny reports whether a result has any of some quantities. Functions may be
// of other kinds at other points; numbers are there even where they are unknown.
func hasAny(r *Result, quantities []quantity) bool {
	return quantities[0].x == nil || slices.ContainsFunc(quantities, func(q quantity) bool { return q.of(r) != nil })
}

// values is the table of a proposal at all points: a row for each point and
// run, a column for each quantity, and how far all are from exact values.
func (s *sheet) values(title, proposal string, quantities []quantity) table {
	t := table{columns: s.axisColumns()}
	if s.several {
		t.columns = append(t.columns, column{"run", "", false})
	}
	t.stub = len(t.columns)
	for _, q := range quantities {
		t.columns = append(t.columns, column{q.head(), "", true})
	}
	var results []*Result
	compared := make([][]float64, len(quantities))
	for p := range s.points {
		for _, x := range s.series {
			r := x.at[p]
			if x.proposal != proposal || r == nil || !hasAny(r, quantities) {
				continue
			}
			results = append(results, r)
			row := s.place(p)
			if s.several {
				row = append(row, x.label)
			}
			for k, q := range quantities {
				e := q.of(r)
				if e == nil {
					row = append(row, missing)
					continue
				}
				row = append(row, withError(e.Value, e.Error))
				if e.Sigmas != nil {
					compared[k] = append(compared[k], *e.Sigmas)
				}
			}
			t.rows = append(t.rows, row)
		}
	}
	t.title = title + proposal + ": " + length(results)
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

// gather collects sentences about results.
func (s *sheet) gather(about func(*Result) []string) []string {
	var all sentences
	for i := range s.series {
		x := &s.series[i]
		for p, r := range x.at {
			if r == nil {
				continue
			}
			for _, text := range about(r) {
				who := s.name(x)
				where := s.where(p)
				switch {
				case isDisagreement(text) && !s.several:
					who = "" // it names all
				case strings.HasPrefix(text, ladderName+": ") && r.Rung != nil:
					if *r.Rung > 0 {
						continue // all rungs have it
					}
					if len(r.Scan) == 0 {
						where = ""
					}
				}
				all.add(who, where, text)
			}
		}
	}
	return all.list()
}

// disagree collects the doubts that series agree.
func (s *sheet) disagree(all pools) []string {
	var list sentences
	for p := range s.points {
		for _, text := range s.disagreements(all, p, nil) {
			list.add("", s.where(p), text)
		}
	}
	return list.list()
}

// where names a point in a sentence, and says nothing of the only one.
func (s *sheet) where(point int) string {
	if len(s.points) == 1 {
		return ""
	}
	return "at " + s.points[point]
}

// sentences are told with what they are about. Those that differ in their
// numbers only are one, with the places of the others.
type sentences []*sentence

type sentence struct {
	key, text string
	who       string // the last that it was said of
	places    []string
}

// add adds what is said of someone somewhere, each of which may be "".
func (l *sentences) add(who, where, text string) {
	key := numbers.ReplaceAllString(text, "#")
	i := slices.IndexFunc(*l, func(x *sentence) bool { return x.key == key })
	if i < 0 {
		i = len(*l)
		*l = append(*l, &sentence{key: key, text: text, who: who})
	}
	x, place := (*l)[i], where
	if len(x.places) == 0 || x.who != who {
		place = strings.TrimSpace(who + " " + where)
	}
	if !slices.Contains(x.places, place) {
		x.places = append(x.places, place)
	}
	x.who = who
}

// list writes the sentences.
func (l sentences) list() []string {
	var list []string
	for _, x := range l {
		text := x.text
		if x.places[0] != "" {
			text = x.places[0] + ": " + text
		}
		if len(x.places) > 1 {
			text += ". Likewise: " + strings.Join(x.places[1:], "; ")
		}
		list = append(list, text)
	}
	return list
}

var numbers = regexp.MustCompile(`[+-]?[0-9][0-9.]*(e[+-]?[0-9]+)?`)
