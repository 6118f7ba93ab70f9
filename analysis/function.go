package analysis

import (
	"fmt"
	"math"
)

// Function is a derived quantity: a function of the means of terms, each of
// which is a function of one record. The variance of a column x has the terms
// x and x^2 and the value <x^2> - <x>^2; a ratio of two columns has the columns
// as terms.
type Function struct {
	// Terms is the number of terms.
	Terms int
	// Term writes the terms of one record, which holds one value per column.
	// Both slices belong to the caller and are used again. It is called a few
	// times for each record and must give the same answer each time.
	Term func(record, terms []float64)
	// Value is the quantity, given the mean of each term.
	Value func(means []float64) float64
	// Gradient writes the derivatives of Value by the means into grad. It may
	// be nil: then they are central differences, with a step of 6e-6 of the
	// mean or of the fluctuation of a record, whichever is larger.
	Gradient func(means, grad []float64)
}

const panicFunction = "analysis: Function needs Terms > 0, Term and Value"

func (f Function) check() {
	if f.Terms <= 0 || f.Term == nil || f.Value == nil {
		panic(panicFunction)
	}
}

// Function estimates a derived quantity from chains[c][column][t]. Chains may
// differ in length, columns of one chain may not. The error is propagated
// linearly (hep-lat/0306017): the deviations of the terms from their means,
// weighted by the gradient, are one series, whose autocovariances therefore hold
// every cross-correlation of the terms. The value is that of the means over all
// records; its bias, of order 1/N, is not corrected (Jackknife does).
//
// Errors are those of Mean, where constant means that the weighted deviations
// vanish up to rounding: the quantity does not fluctuate to first order.
// Function panics if f lacks Terms, Term or Value.
func (g Gamma) Function(f Function, chains [][][]float64) (Estimate, error) {
	f.check()
	d, err := newTable(f, chains)
	if err != nil {
		return Estimate{}, err
	}
	n := d.records()
	if n == 0 {
		return Estimate{Value: math.NaN()}, errShort(0, 2)
	}
	m, err := d.moments()
	if err != nil {
		return Estimate{Value: math.NaN(), N: n}, err
	}
	value := f.Value(m.mean)
	if math.IsNaN(value) || math.IsInf(value, 0) {
		return Estimate{Value: math.NaN(), N: n}, fmt.Errorf("%w: the function is %g at the means %g", ErrNotFinite, value, m.mean)
	}
	if n < 2 {
		return Estimate{Value: value, N: n}, errShort(n, 2)
	}
	grad, err := f.gradient(m)
	if err != nil {
		return Estimate{Value: math.NaN(), N: n}, err
	}
	acov := &lags{series: d.project(m.mean, grad)}
	if m.vanishes(grad, acov.at(0)/float64(n)) {
		return Estimate{Value: value, N: n}, fmt.Errorf("%w: %d records move the function off %g by no more than rounding, so no error can be said; run longer, or shift its terms towards 0", ErrConstant, n, value)
	}
	return g.estimate(value, acov)
}

// termMoments holds mean, variance and largest size of each term over all
// records.
type termMoments struct{ mean, variance, size []float64 }

// vanishes says whether a variance of the projection is no more than rounding
// of the terms and of a numerical gradient leaves.
func (m termMoments) vanishes(grad []float64, variance float64) bool {
	var spread, rounding float64
	for k, g := range grad {
		spread += g * g * m.variance[k]
		rounding += math.Abs(g) * m.size[k]
	}
	const eps = 0x1p-52
	return !(variance > math.Max(1e-18*spread, 16*eps*eps*rounding*rounding))
}

// gradient returns the derivatives of the function at the means. A term that
// never changes gets 0, as it has no part in the error.
func (f Function) gradient(m termMoments) ([]float64, error) {
	grad := make([]float64, f.Terms)
	if f.Gradient != nil {
		f.Gradient(m.mean, grad)
	} else {
		at := append([]float64(nil), m.mean...)
		for k, mean := range m.mean {
			if m.variance[k] <= 0 {
				continue
			}
			// Truncation, of order h^2, and rounding, of order 1/h, are in
			// balance at the cube root of the rounding unit.
			h := 6e-6 * math.Max(math.Sqrt(m.variance[k]), math.Abs(mean))
			up, down := mean+h, mean-h
			at[k] = up
			high := f.Value(at)
			at[k] = down
			grad[k] = (high - f.Value(at)) / (up - down)
			at[k] = mean
		}
	}
	for k, g := range grad {
		if math.IsNaN(g) || math.IsInf(g, 0) {
			return nil, fmt.Errorf("%w: the derivative by term %d is %g at the means %g; give Function.Gradient, or run longer", ErrNotFinite, k, g, m.mean)
		}
	}
	return grad, nil
}

// table is the records of a Function: chains[c][column][t].
type table struct {
	f       Function
	chains  [][][]float64
	lengths []int
}

func newTable(f Function, chains [][][]float64) (*table, error) {
	d := &table{f: f, chains: chains, lengths: make([]int, len(chains))}
	for c, columns := range chains {
		if len(columns) != len(chains[0]) {
			return nil, fmt.Errorf("analysis: chain %d has %d columns, chain 0 has %d; pass the same columns of every chain", c, len(columns), len(chains[0]))
		}
		for k, x := range columns {
			if len(x) != len(columns[0]) {
				return nil, fmt.Errorf("analysis: chain %d, column %d has %d records, column 0 has %d; pass columns of one length", c, k, len(x), len(columns[0]))
			}
			d.lengths[c] = len(x)
		}
	}
	return d, nil
}

func (d *table) records() int {
	n := 0
	for _, l := range d.lengths {
		n += l
	}
	return n
}

// reader returns a function that evaluates the terms of one record. Its answer
// is overwritten by the next call.
func (d *table) reader() func(chain, t int) []float64 {
	terms := make([]float64, d.f.Terms)
	var record []float64
	return func(chain, t int) []float64 {
		columns := d.chains[chain]
		if len(record) != len(columns) {
			record = make([]float64, len(columns))
		}
		for k, x := range columns {
			record[k] = x[t]
		}
		d.f.Term(record, terms)
		return terms
	}
}

// moments returns the moments of the terms. As for a single series, deviations
// are taken from the first record's terms.
func (d *table) moments() (termMoments, error) {
	terms := d.reader()
	width := d.f.Terms
	var (
		s1, s2  = make([]sum, width), make([]sum, width)
		b1, b2  = make([]float64, width), make([]float64, width)
		largest = make([]float64, width)
		shift   []float64
	)
	for c, length := range d.lengths {
		for start := 0; start < length; start += blockLen {
			clear(b1)
			clear(b2)
			end := min(start+blockLen, length)
			for t := start; t < end; t++ {
				v := terms(c, t)
				if shift == nil {
					shift = append(shift, v...)
				}
				for k, x := range v {
					dev := x - shift[k]
					b1[k] += dev
					b2[k] += dev * dev
					largest[k] = math.Max(largest[k], math.Abs(x))
				}
			}
			for k, v := range b2 {
				if math.IsNaN(v) || math.IsInf(v, 0) {
					return termMoments{}, d.notFinite(c, start, end)
				}
				s1[k].add(b1[k])
				s2[k].add(v)
			}
		}
	}
	n := float64(d.records())
	m := termMoments{mean: shift, variance: make([]float64, width), size: largest}
	for k := range shift {
		dev := s1[k].value() / n
		m.mean[k] += dev
		m.variance[k] = math.Max(s2[k].value()/n-dev*dev, 0)
	}
	return m, nil
}

// notFinite names the first record from start to end, and its term, that is NaN
// or infinite.
func (d *table) notFinite(chain, start, end int) error {
	terms := d.reader()
	for t := start; t < end; t++ {
		for k, v := range terms(chain, t) {
			if math.IsNaN(v) || math.IsInf(v, 0) {
				return fmt.Errorf("%w: chain %d, record %d: term %d is %g", ErrNotFinite, chain, t, k, v)
			}
		}
	}
	return fmt.Errorf("%w: chain %d, records %d to %d: squares of terms overflow; rescale them", ErrNotFinite, chain, start, end-1)
}

// project returns the linearised function as a series of deviations.
func (d *table) project(mean, grad []float64) *series {
	terms := d.reader()
	return &series{lengths: d.lengths, read: func(dst []float64, chain, start int) {
		for i := range dst {
			v := terms(chain, start+i)
			p := 0.0
			for k, g := range grad {
				p += g * (v[k] - mean[k])
			}
			dst[i] = p
		}
	}}
}
