package report

import (
	"math"
	"slices"
	"strconv"
	"strings"
)

// A Learned is a flow by which a kernel of a task moves.
type Learned struct {
	Flow int // its number among the flows of the summary
	Name string
	// Alone says that the task's only kernel is the independent sampler with this
	// flow, so that what the flow misses no other kernel finds. Doubts are what
	// is to be held against the flow then, and Disagrees returns another if the
	// acceptance, with its error, is not what the weights predict, else "".
	Alone     bool
	Doubts    []string
	Disagrees func(acceptance, err float64) string
}

// flowName begins, in a doubt, what stands for the name of an observable where it is
// about a flow, and so about all that its kernel measures.
const flowName = "flow "

// learnedDoubts are the doubts about the flows of a task.
func (t *Task) learnedDoubts(r *Result) []doubt {
	var list []doubt
	for _, l := range t.Learned {
		if !l.Alone {
			continue
		}
		found := l.Doubts
		// The decisions of a chain are no more independent than what it records.
		least := math.Inf(1)
		for _, o := range r.Observables {
			for _, e := range o.Estimates {
				if e.ESS != nil {
					least = math.Min(least, *e.ESS)
				}
			}
		}
		if a := r.Acceptance; a != nil && least > 1 && finite(least) {
			if text := l.Disagrees(*a, math.Sqrt(*a*(1-*a)/least)); text != "" {
				found = append(slices.Clip(found), text)
			}
		}
		for _, text := range found {
			list = append(list, doubt{kind: text, name: flowName + l.Name, message: text})
		}
	}
	return list
}

// A training is what the flows of a result took to be trained.
type training struct {
	seconds float64
	flows   bool // there are any
	known   bool // how long they took
}

// String writes the time of a training for a table.
func (t training) String() string {
	switch {
	case !t.flows:
		return "0"
	case !t.known:
		return "?"
	}
	return significant(t.seconds)
}

// training returns that of the flows of a result. A summary that was read back tells
// by which flow a kernel moves only where there is one.
func (s *sheet) training(x *series, r *Result) (t training) {
	flows, used := s.flows[x.run], r.Learned
	if used == nil && len(flows) == 1 && slices.ContainsFunc(r.Kernels, func(k string) bool { return k == "flow" || k == "latent-hmc" }) {
		used = []int{0}
	}
	t.known = true
	for _, i := range used {
		t.flows = true
		if sec := flows[i].Seconds; sec != nil {
			t.seconds += *sec
		} else {
			t.known = false
		}
	}
	return t
}

// trained reports whether some result has flows, and whether some of these have an
// unknown training.
func (s *sheet) trained() (some, unknown bool) {
	for i := range s.series {
		x := &s.series[i]
		for _, r := range x.at {
			if r == nil {
				continue
			}
			t := s.training(x, r)
			some = some || t.flows && t.seconds > 0
			unknown = unknown || !t.known
		}
	}
	return some, unknown
}

// with counts a training in a merit: the same effective samples in more seconds.
func (m merit) with(t training, seconds float64) merit {
	if seconds > 0 {
		m.rate *= seconds / (seconds + t.seconds)
	}
	return m
}

// learned are the tables of flows, for each run that has any: a summary that was
// read back knows no predictions.
func (s *sheet) learned() []table {
	var tables []table
	for run, flows := range s.flows {
		if len(flows) == 0 {
			continue
		}
		title := "Flows"
		if s.several {
			title = "Flows of " + s.labels[run]
		}
		tables = append(tables, s.trainings(title, run))
		if slices.ContainsFunc(flows, func(f Flow) bool { return f.Acceptance != nil }) {
			tables = append(tables, s.predictions(title, run))
		}
	}
	return tables
}

// flowTable returns a table with a row for each flow of a run, without any numbers yet.
func (s *sheet) flowTable(title string, run int) table {
	columns, places := s.flowPlaces(run)
	t := table{title: title, columns: append([]column{{"flow", "", false}}, columns...)}
	t.stub = len(t.columns)
	for i, f := range s.flows[run] {
		t.rows = append(t.rows, append([]string{f.Name}, places[i]...))
	}
	return t
}

// flowPlaces names the points of a run's flows in columns, of which it returns the
// cells of each flow too: the settings in which these points differ, or the numbers of
// the points where there is no result of one. If all are of one point there is no
// column.
func (s *sheet) flowPlaces(run int) (columns []column, places [][]string) {
	flows := s.flows[run]
	places = make([][]string, len(flows))
	if !slices.ContainsFunc(flows, func(f Flow) bool { return f.Point != flows[0].Point }) {
		return nil, places
	}
	at := make([]int, len(flows))
	for i, f := range flows {
		at[i] = s.pointOf(run, f.Point)
	}
	if !slices.Contains(at, -1) {
		for _, a := range s.axes {
			if !slices.ContainsFunc(at, func(p int) bool { return a.values[p] != a.values[at[0]] }) {
				continue
			}
			columns = append(columns, column{a.label, "", false})
			for i, p := range at {
				places[i] = append(places[i], a.values[p])
			}
		}
	}
	if columns == nil {
		columns = []column{{"point", "", true}}
		for i, f := range flows {
			places[i] = []string{strconv.Itoa(f.Point)}
		}
	}
	return columns, places
}

// pointOf returns the place of a run's point in the sheet, -1 if it has no results
// but of ladders, whose rungs are elsewhere.
func (s *sheet) pointOf(run, point int) int {
	for _, x := range s.series {
		if x.run != run {
			continue
		}
		if p := slices.IndexFunc(x.at, func(r *Result) bool { return r != nil && r.Point == point && r.Rung == nil }); p >= 0 {
			return p
		}
	}
	return -1
}

// trainings is the table of what it took to train flows, and of how near they are
// to their targets.
func (s *sheet) trainings(title string, run int) table {
	t := s.flowTable(title+": training, and what draws from them tell", run)
	t.columns = append(t.columns, column{"steps", "", true}, column{"seconds", "", true}, column{"loss", "", true}, column{"KL", "", true},
		column{"ESS/N", "", true}, column{"ln Z", `$\ln Z$`, true}, column{"exact", "", true}, sigColumn)
	given := false
	for i, f := range s.flows[run] {
		steps, seconds := missing, missing
		if f.Steps != nil {
			steps = strconv.Itoa(*f.Steps)
		}
		if f.Seconds != nil {
			seconds = significant(*f.Seconds)
		} else {
			given = true
		}
		t.rows[i] = append(t.rows[i], steps, seconds, format("%.3f", f.Loss), format("%.3g", f.KL), fraction(f.ESS),
			withError(f.LogZ, f.LogZError), exactly(f.LogZExact, f.LogZError), deviations(f.sigmas()))
	}
	t.notes = []string{"Seconds are summed over workers. loss: E_q[ln q - ln pi], which is -ln Z + KL(q||p). ESS/N, ln Z: from importance weights pi/q."}
	if given {
		t.notes = append(t.notes, "Of weights that were given, the training is not known.")
	}
	return t
}

// sigmas returns the deviation of ln Z from the exact value in errors, nil if it is
// not known.
func (f *Flow) sigmas() *float64 {
	if f.LogZ == nil || f.LogZExact == nil || f.LogZError == nil || *f.LogZError <= 0 {
		return nil
	}
	return known((*f.LogZ - *f.LogZExact) / *f.LogZError)
}

// predictions is the table of what the weights of flows predict and bound.
func (s *sheet) predictions(title string, run int) table {
	t := s.flowTable(title+": what their weights predict", run)
	t.columns = append(t.columns, column{"acceptance", "", true}, column{"ln Z above", `$\ln Z >$`, true}, column{"ln Z below", `$\ln Z <$`, true}, column{"Pareto k", "$k$", true})
	for i, f := range s.flows[run] {
		var below *float64
		if f.Loss != nil {
			below = known(-*f.Loss)
		}
		t.rows[i] = append(t.rows[i], withError(f.Acceptance, f.AcceptanceError), withError(below, f.LossError), withError(f.LogZUpper, f.LogZUpperError), format("%.2f", f.ParetoK))
	}
	t.notes = []string{"acceptance: of the kernel flow, in equilibrium. ln Z is above E_q[ln pi - ln q] and below E_p[ln pi - ln q], the latter from samples of the target. Pareto k: of the tail of the weights, whose variance is finite below 0.5."}
	return t
}

// flowDoubts collects the doubts about flows that none of the results has.
func (s *sheet) flowDoubts() []string {
	var list []string
	for run, flows := range s.flows {
		columns, places := s.flowPlaces(run)
		for i, f := range flows {
			about := flowName + f.Name
			alone := func(r *Result) bool {
				return r != nil && slices.Contains(r.Learned, i) && slices.ContainsFunc(r.Doubts, func(d string) bool { return strings.HasPrefix(d, about+": ") })
			}
			if slices.ContainsFunc(s.series, func(x series) bool { return x.run == run && slices.ContainsFunc(x.at, alone) }) {
				continue
			}
			if s.several {
				about += " of " + s.labels[run]
			}
			if slices.ContainsFunc(flows, func(g Flow) bool { return g.Name == f.Name && g.Point != f.Point }) {
				var at []string
				for k, c := range columns {
					at = append(at, c.head+" "+places[i][k])
				}
				about += " at " + strings.Join(at, ", ")
			}
			for _, d := range f.Doubts {
				list = append(list, about+": "+d)
			}
		}
	}
	return list
}
