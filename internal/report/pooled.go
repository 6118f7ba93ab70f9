package report

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"gonum.org/v1/gonum/mathext"

	"mcrun/analysis"
)

// chanceOfDisagreement is the probability that a page of tables whose series
// agree has a doubt that they do not.
const chanceOfDisagreement = 1e-3

// A pool is what independent series say together of one number.
type pool struct {
	analysis.Pooled
	p     float64 // probability that series which agree scatter as much
	exact *float64
	of    []*series
}

// welch returns the probability that estimates of one number scatter by more
// than chi2, at least two. As errors are estimates, it is that of Welch's test
// of equal means (B. L. Welch, Biometrika 38 (1951) 330): with k estimates of
// weights w = 1/error^2, which sum up to W, and errors that are known as well as
// those of nu independent squares,
//
//	F = chi^2/(k-1) / (1 + 2(k-2)/(k^2-1) L),   L = sum (1 - w/W)^2/nu,
//
// has k-1 and (k^2-1)/(3 L) degrees of freedom. It is the chi^2 test where all
// nu are large, and Student's t where k = 2.
func welch(chi2 float64, list []analysis.Estimate) float64 {
	sum, uncertainty := 0.0, 0.0
	for _, e := range list {
		sum += 1 / (e.Error * e.Error)
	}
	for _, e := range list {
		uncertainty += math.Pow(1-1/(e.Error*e.Error*sum), 2) / squares(e)
	}
	k := float64(len(list))
	f := chi2 / (k - 1) / (1 + 2*(k-2)/(k*k-1)*uncertainty)
	d1, d2 := k-1, (k*k-1)/(3*uncertainty)
	return mathext.RegIncBeta(d2/2, d1/2, d2/(d2+d1*f)) // the upper tail
}

// squares returns the number nu of independent squares of normal numbers that
// tell the variance as well as the error of an estimate is known.
func squares(e analysis.Estimate) float64 { return 0.5 * math.Pow(e.Error/e.ErrorError, 2) }

// pool pools a quantity over the series at a point: over proposals and runs.
// The doubted are left out, and what is to the bit that of another run, which
// had the same seed. There is none of fewer than two.
func (s *sheet) pool(q *quantity, point int) (pool, bool) {
	var list []analysis.Estimate
	var of []*series
	var exact *float64
	type found struct {
		proposal   string
		value, err float64
	}
	seen := make(map[found]bool)
	for i := range s.series {
		x := &s.series[i]
		r := x.at[point]
		if r == nil || doubted(slices.DeleteFunc(slices.Clone(r.Doubts), isDisagreement), q.name) {
			continue
		}
		e := q.of(r)
		if e == nil || e.Value == nil || e.Error == nil || e.TauInt == nil || e.TauIntError == nil || e.ESS == nil {
			continue
		}
		same := found{x.proposal, *e.Value, *e.Error}
		if seen[same] {
			continue
		}
		seen[same] = true
		// The ErrorError of the Gamma method: the error is the root of tau_int
		// and of the variance, which are both uncertain.
		relative := math.Hypot(0.5**e.TauIntError / *e.TauInt, 1/math.Sqrt(2**e.ESS))
		list = append(list, analysis.Estimate{Value: *e.Value, Error: *e.Error, ErrorError: relative * *e.Error})
		of = append(of, x)
		if e.Exact != nil {
			exact = e.Exact
		}
	}
	if len(list) < 2 {
		return pool{}, false
	}
	p, err := analysis.Pool(list)
	if err != nil {
		return pool{}, false // an error of 0, in a summary of another's making
	}
	return pool{p, welch(p.Chi2, list), exact, of}, true
}

// pools are what the series say together at each point, by observable.
type pools struct {
	at       []map[string]pool
	compared int     // how many there are
	least    float64 // of their p
	limit    float64 // of p, below which series disagree
}

// pools pools every number at every point.
func (s *sheet) pools() pools {
	all := pools{at: make([]map[string]pool, len(s.points)), least: math.Inf(1)}
	for i := range s.points {
		all.at[i] = make(map[string]pool)
		for k := range s.numbers {
			if p, ok := s.pool(&s.numbers[k], i); ok {
				all.at[i][s.numbers[k].name] = p
				all.compared++
				all.least = math.Min(all.least, p.p)
			}
		}
	}
	all.limit = chanceOfDisagreement / float64(all.compared)
	return all
}

// among says what is pooled.
func (s *sheet) among() string {
	if s.several {
		return "runs and kernels"
	}
	return "kernels"
}

// pooled are the tables of pools.
func (s *sheet) pooled(all pools) []table {
	if all.compared == 0 {
		return nil
	}
	note := fmt.Sprintf("The doubted are left out. p: chance of so large a chi^2, by Welch's test. The least of %d is %.2g; below %.1g, %s disagree.", all.compared, all.least, all.limit, s.among())
	if s.several {
		note += " Runs must have different seeds."
	}
	var tables []table
	if len(s.points) == 1 {
		tables = []table{s.pooledPoint("Pooled over "+s.among(), all.at[0])}
	} else {
		if s.several {
			tables = append(tables, s.pooledScan("Pooled over "+s.among(), all.at, func(p pool) string { return FormatValue(p.Value, p.Error) }))
		}
		tables = append(tables, s.pooledScan("Agreement of "+s.among()+": p", all.at, func(p pool) string { return probability(p.p) }))
	}
	tables[len(tables)-1].notes = []string{note}
	return tables
}

// pooledPoint is the table of pools at the only point.
func (s *sheet) pooledPoint(title string, pools map[string]pool) table {
	t := table{title: title, columns: []column{{"observable", "", false}, {"value", "", true}}, stub: 1}
	exact := false
	for _, p := range pools {
		exact = exact || p.exact != nil
	}
	if exact {
		t.columns = append(t.columns, column{"exact", "", true}, sigColumn)
	}
	t.columns = append(t.columns, column{"series", "", true}, column{"chi^2/dof", `$\chi^2$/dof`, true}, column{"p", "$p$", true})
	for _, q := range s.numbers {
		p, ok := pools[q.name]
		if !ok {
			continue
		}
		row := []string{q.label, FormatValue(p.Value, p.Error)}
		if exact {
			var sigmas *float64
			if p.exact != nil {
				sigmas = known((p.Value - *p.exact) / p.Error)
			}
			row = append(row, exactly(p.exact, &p.Error), deviations(sigmas))
		}
		t.rows = append(t.rows, append(row, fmt.Sprint(len(p.of)), p.reduced(), probability(p.p)))
	}
	return t
}

// pooledScan is a table of pools at all points that have some.
func (s *sheet) pooledScan(title string, pools []map[string]pool, cell func(pool) string) table {
	t := table{title: title, columns: s.axisColumns(), stub: len(s.axes)}
	var shown []quantity
	for _, q := range s.numbers {
		if slices.ContainsFunc(pools, func(at map[string]pool) bool { _, ok := at[q.name]; return ok }) {
			shown = append(shown, q)
			t.columns = append(t.columns, column{q.head(), "", true})
		}
	}
	for i, at := range pools {
		if len(at) == 0 {
			continue
		}
		row := s.place(i)
		for _, q := range shown {
			if p, ok := at[q.name]; ok {
				row = append(row, cell(p))
			} else {
				row = append(row, missing)
			}
		}
		t.rows = append(t.rows, row)
	}
	return t
}

// disagreement is what doubts say of series that disagree, and no other doubt.
const disagreement = " disagree: chi^2/dof = "

func isDisagreement(doubt string) bool { return strings.Contains(doubt, disagreement) }

// disagreements are the doubts about the pools at a point whose p is below the
// limit, all or only those of which a series is part. The observables of which
// the same series disagree are one doubt.
func (s *sheet) disagreements(all pools, point int, x *series) []string {
	var found doubts
	for _, q := range s.numbers {
		p, ok := all.at[point][q.name]
		if !ok || p.p >= all.limit || x != nil && !slices.Contains(p.of, x) {
			continue
		}
		var names []string
		for _, x := range p.of {
			names = append(names, s.name(x))
		}
		found.add(doubt{
			kind: disagreement + join(names),
			name: q.name,
			message: fmt.Sprintf("%s%s%s, p = %s where chance explains %.1g, and %s is %.1f sigma from the others: thermalize longer; if it stays, one of them samples another distribution",
				join(names), disagreement, p.reduced(), probability(p.p), all.limit, names[p.Farthest], math.Abs(p.FarthestSigmas)),
			severity: -p.p,
		})
	}
	return found.list()
}

// doubtAgreement adds to the doubts of results that they disagree with others.
func (s *sheet) doubtAgreement() {
	all := s.pools()
	for i := range s.series {
		x := &s.series[i]
		for point, r := range x.at {
			if r != nil {
				r.Doubts = append(slices.Clip(r.Doubts), s.disagreements(all, point, x)...)
			}
		}
	}
}

// reduced writes chi^2 per degree of freedom.
func (p *pool) reduced() string { return fmt.Sprintf("%.2f", p.Chi2/float64(p.DoF)) }

// probability writes a probability with two significant digits.
func probability(p float64) string {
	if p > 0 && p < 1e-3 {
		return fmt.Sprintf("%.1e", p)
	}
	return fmt.Sprintf("%.2g", p)
}

// join lists names in a sentence.
func join(names []string) string {
	last := len(names) - 1
	return strings.Join(names[:last], ", ") + " and " + names[last]
}
