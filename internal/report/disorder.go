package report

import (
	"errors"
	"slices"
	"strconv"

	"mcrun/analysis"
	"mcrun/mc/param"
)

// disorderKey is the key whose values are samples of random couplings.
const disorderKey = "disorder_seed"

// disorder is the table of averages over the samples of a scan of
// model.disorder_seed, of points that differ in nothing else: of each run and
// proposal, with the error from the scatter of the samples. That holds the
// statistical error of each sample as well. No sample is left out.
func (s *sheet) disorder() []table {
	t := table{title: "Averages over disorder"}
	for _, a := range s.axes {
		if a.label != disorderKey {
			t.columns = append(t.columns, column{a.label, "", false})
		}
	}
	if s.several {
		t.columns = append(t.columns, column{"run", "", false})
	}
	t.columns = append(t.columns, column{"proposal", "", false})
	t.stub = len(t.columns)
	t.columns = append(t.columns, column{"samples", "", true})
	for _, q := range s.numbers {
		t.columns = append(t.columns, column{q.head(), "", true})
	}
	for _, x := range s.series {
		for _, group := range s.samples(&x) {
			var row []string
			for _, a := range s.axes {
				if a.label != disorderKey {
					row = append(row, a.values[group[0]])
				}
			}
			if s.several {
				row = append(row, x.label)
			}
			row = append(row, x.proposal, strconv.Itoa(len(group)))
			for k := range s.numbers {
				row = append(row, s.average(&s.numbers[k], &x, group))
			}
			t.rows = append(t.rows, row)
		}
	}
	if len(t.rows) == 0 {
		return nil
	}
	t.notes = []string{"In parentheses: one standard error from the scatter of the samples, the doubted ones included."}
	return []table{t}
}

// samples groups the points of a series that differ in the disorder alone, two
// at least.
func (s *sheet) samples(x *series) [][]int {
	var groups [][]int
	var keys []string
	for p, r := range x.at {
		if r == nil || !slices.ContainsFunc(r.Scan, func(s param.Setting) bool { return s.Key == "model."+disorderKey }) {
			continue
		}
		other := *r
		other.Model = slices.DeleteFunc(slices.Clone(r.Model), func(s param.Setting) bool { return s.Key == disorderKey })
		key := pointKey(&other)
		if k := slices.Index(keys, key); k >= 0 {
			groups[k] = append(groups[k], p)
			continue
		}
		keys, groups = append(keys, key), append(groups, []int{p})
	}
	return slices.DeleteFunc(groups, func(g []int) bool { return len(g) < 2 })
}

// average writes the average of a quantity over some points of a series,
// nothing if one of them lacks it.
func (s *sheet) average(q *quantity, x *series, points []int) string {
	var values []float64
	for _, p := range points {
		e := q.of(x.at[p])
		if e == nil || e.Value == nil {
			return missing
		}
		values = append(values, *e.Value)
	}
	a, err := analysis.Average(values...)
	if err != nil && !errors.Is(err, analysis.ErrConstant) {
		return missing
	}
	return FormatValue(a.Value, a.Error)
}
