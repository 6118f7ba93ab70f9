package report

import (
	"math"
	"slices"
	"strconv"
)

// A merit is how well a kernel measures an observable: effective samples per
// second, with the relative error of its tau_int.
type merit struct {
	rate, relative float64
	judged         bool // known, and the observable is not doubted
}

// verdicts says of each kernel whether it is best, or in a tie with it.
// See "Kernels compared" in the package's documentation.
func verdicts(merits []merit) []string {
	best := -1
	known := 0
	for i, m := range merits {
		if m.rate > 0 {
			known++
		}
		if m.rate > 0 && (best < 0 || m.rate > merits[best].rate) {
			best = i
		}
	}
	said := make([]string, len(merits))
	if known < 2 {
		return said
	}
	tie := false
	for i, m := range merits {
		switch {
		case m.rate <= 0:
		case !m.judged:
			said[i] = "doubted"
		case i != best && merits[best].judged && merits[best].rate-m.rate <= 2*math.Hypot(merits[best].rate*merits[best].relative, m.rate*m.relative):
			said[i] = "tie"
			tie = true
		}
	}
	if merits[best].judged {
		said[best] = "best"
		if tie {
			said[best] = "tie"
		}
	}
	return said
}

// merit returns the merit of a result for an observable.
func (r *Result) merit(name string) (m merit) {
	o := r.Observables.number(name)
	if o == nil || o.ESSPerSecond == nil {
		return m
	}
	m.rate = *o.ESSPerSecond
	if o.TauIntError != nil && *o.TauInt > 0 {
		m.relative = *o.TauIntError / *o.TauInt
	}
	m.judged = !doubted(r.Doubts, name)
	return m
}

// kernels are the tables that tell how kernels did: one of their speed, one in
// which they are compared by the energy or action and one by m^2, whose
// tau_int is that of the susceptibility; of results that have neither, one by
// the first observable that is a number.
func (s *sheet) kernels() []table {
	tables := []table{s.speed()}
	for _, q := range s.numbers {
		switch q.name {
		case "energy", "action":
			tables = append(tables, s.compare(q.name, q.name))
		case "susceptibility":
			tables = append(tables, s.compare(q.name, "m^2"))
		}
	}
	if len(tables) == 1 && len(s.numbers) > 0 {
		tables = append(tables, s.compare(s.numbers[0].name, s.numbers[0].name))
	}
	return tables
}

// byKernel returns a table with a row for each kernel at each point: the
// points, the kernels' names and the given columns, whose cells row returns
// for all kernels at point p, nil where one has no result.
func (s *sheet) byKernel(title string, columns []column, rows func(p int) [][]string) table {
	t := table{title: title, columns: s.axisColumns()}
	if s.several {
		t.columns = append(t.columns, column{"run", "", false})
	}
	t.columns = append(t.columns, column{"proposal", "", false})
	t.stub = len(t.columns)
	t.columns = append(t.columns, columns...)
	for p := range s.points {
		place := s.place(p)
		for i, cells := range rows(p) {
			if cells == nil {
				continue
			}
			row := append([]string{}, place...)
			for k := range place {
				place[k] = "" // said once
			}
			if s.several {
				row = append(row, s.series[i].label)
			}
			row = append(row, s.series[i].proposal)
			t.rows = append(t.rows, append(row, cells...))
		}
	}
	return t
}

// speed is the table of what the kernels took, and how much of it is doubted.
func (s *sheet) speed() table {
	columns := []column{{"seconds", "", true}, {"sweeps/s", "", true}, {"accepted", "", true}, {"doubts", "", true}}
	some, _ := s.trained()
	if some {
		columns = slices.Insert(columns, 1, column{"training", "", true})
	}
	return s.byKernel("Kernels: time, summed over chains, and acceptance", columns, func(p int) [][]string {
		cells := make([][]string, len(s.series))
		for i, x := range s.series {
			r := x.at[p]
			if r == nil {
				continue
			}
			rate := missing
			if r.Seconds > 0 {
				rate = significant(float64(r.Chains) * float64(r.Sweeps) / r.Seconds)
			}
			cells[i] = []string{significant(r.Seconds), rate, fraction(r.Acceptance), strconv.Itoa(len(r.Doubts))}
			if some {
				cells[i] = slices.Insert(cells[i], 1, s.training(&x, r).String())
			}
		}
		return cells
	})
}

// compare is the table of the merit of all kernels for one observable.
func (s *sheet) compare(name, label string) table {
	title := "Kernels by " + label
	columns := []column{tauColumn, essColumn, {"ESS/s", "", true}}
	some, unknown := s.trained()
	rated := "ESS/s"
	if some {
		columns = append(columns, column{"trained", "", true})
		rated = "ESS/s with training"
	}
	several := len(s.series) > 1
	if several {
		title += ", " + rated + " in units of that of " + s.name(&s.series[0])
		columns = append(columns, column{"ratio", "", true}, column{"verdict", "", false})
	}
	t := s.byKernel(title, columns, func(p int) [][]string {
		merits := make([]merit, len(s.series))
		for i, x := range s.series {
			if x.at[p] != nil {
				merits[i] = x.at[p].merit(name).with(s.training(&x, x.at[p]), x.at[p].Seconds)
			}
		}
		said := verdicts(merits)
		cells := make([][]string, len(s.series))
		for i, x := range s.series {
			if x.at[p] == nil {
				continue
			}
			cells[i] = []string{missing, missing, missing}
			if o := x.at[p].Observables.number(name); o != nil {
				cells[i] = []string{withError(o.TauInt, o.TauIntError), count(o.ESS), rate(o.ESSPerSecond)}
			}
			if some {
				cell := missing
				if merits[i].rate > 0 {
					cell = significant(merits[i].rate)
				}
				cells[i] = append(cells[i], cell)
			}
			if several {
				cells[i] = append(cells[i], ratio(merits[0], merits[i], i == 0), said[i])
			}
		}
		return cells
	})
	if several {
		t.notes = []string{"Verdict: best has most " + rated + ", a tie is within two standard errors of the most, the doubted are not judged."}
	}
	if some {
		t.notes = append(t.notes, "trained: ESS/s with the training of the kernel's flow counted, all of it in every row; the longer the run, the less it matters.")
	}
	if unknown {
		t.notes = append(t.notes, "The training of weights that were given is not known, and not counted.")
	}
	return t
}

// rate writes a number per second.
func rate(x *float64) string {
	if x == nil {
		return missing
	}
	return significant(*x)
}

// ratio writes a merit in units of the first kernel's.
func ratio(first, m merit, same bool) string {
	switch {
	case first.rate <= 0 || m.rate <= 0:
		return missing
	case same:
		return "1"
	}
	q := m.rate / first.rate
	return FormatValue(q, q*math.Hypot(first.relative, m.relative))
}
