package report

import (
	"fmt"
	"math"
)

// function is the table of a function at the only point of a run: a row for
// each x, a column for each series, and their distances from the exact values
// where some are known. The last row tells the largest tau_int.
func (s *sheet) function(f []quantity) table {
	t := table{title: f[0].name, columns: []column{{"x", "", false}}, stub: 1}
	exact := false
	for _, q := range f {
		var truth, least *float64
		var values, sigmas []string
		for _, x := range s.series {
			e := q.of(x.at[0])
			if e == nil {
				values, sigmas = append(values, missing), append(sigmas, missing)
				continue
			}
			values, sigmas = append(values, withError(e.Value, e.Error)), append(sigmas, deviations(e.Sigmas))
			if e.Exact != nil {
				truth, exact = e.Exact, true
			}
			if e.Error != nil && (least == nil || *e.Error < *least) {
				least = e.Error
			}
		}
		row := append(append([]string{q.label}, values...), exactly(truth, least))
		t.rows = append(t.rows, append(row, sigmas...))
	}
	foot := []string{"max tau_int"}
	for i := range s.series {
		t.columns = append(t.columns, column{s.name(&s.series[i]), "", true})
		most := math.Inf(-1)
		for _, q := range f {
			if e := q.of(s.series[i].at[0]); e != nil && e.TauInt != nil {
				most = math.Max(most, *e.TauInt)
			}
		}
		foot = append(foot, format("%.3g", known(most)))
	}
	width := len(t.columns)
	t.columns = append(t.columns, column{"exact", "", true})
	for _, x := range t.columns[1:width] {
		c := sigColumn
		if len(s.series) > 1 {
			c.head, c.latex = c.head+" of "+x.head, c.latex+" of "+escapeLaTeX(x.head)
		}
		t.columns = append(t.columns, c)
	}
	for len(foot) < len(t.columns) {
		foot = append(foot, "")
	}
	t.foot = [][]string{foot}
	if !exact {
		t.columns = t.columns[:width]
		for _, rows := range [][][]string{t.rows, t.foot} {
			for i := range rows {
				rows[i] = rows[i][:width]
			}
		}
	}
	return t
}

// selection returns a function at few points, the first, second, third, fifth,
// ninth and so on and the last, with a note about the others.
func selection(f []quantity) ([]quantity, []string) {
	const all = 6
	if len(f) <= all {
		return f, nil
	}
	some := f[:2:2]
	for i := 2; i < len(f)-1; i *= 2 {
		some = append(some, f[i])
	}
	some = append(some, f[len(f)-1])
	return some, []string{fmt.Sprintf("%d of %d points; all are in summary.json and in csv.", len(some), len(f))}
}
