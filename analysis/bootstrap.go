package analysis

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"sort"

	"gonum.org/v1/gonum/stat"
)

// Bootstrap estimates derived quantities, their errors and intervals from series
// that are put together anew from random blocks of the records: the stationary
// bootstrap (D. N. Politis, J. P. Romano, J. Am. Stat. Assoc. 89 (1994) 1303).
// Unlike the Gamma method it does not take the quantity as linear in the means,
// so that its intervals are skewed where the quantity is. For the error of a
// mean Gamma is the better choice: it is less noisy and less biased.
type Bootstrap struct {
	// Resamples is the number of series that are put together, at least 2. The
	// error is uncertain by 1/sqrt(2 Resamples) of it in addition to what the
	// records leave open; 1000 are usual, and enough for the intervals.
	Resamples int
	// Block is the mean length of a block in records, at least 1; 0 means the one
	// that the records suggest (see Function).
	Block float64
	// Random is the source of randomness. Its state is advanced; calls that share
	// it cannot be made at the same time.
	Random rand.Source
}

// BootstrapEstimate is what Bootstrap.Function finds.
type BootstrapEstimate struct {
	Value float64 // at the means of all records, not corrected for Bias
	Error float64 // standard error: the scatter of the resampled values
	Bias  float64 // mean of the resampled values, minus Value

	// The intervals between the quantiles of the resampled values that leave out
	// 15.87 % and 2.5 % on each side: low, high.
	Interval68, Interval95 [2]float64

	Block float64 // mean length of a block, in records
	N     int     // records of all chains
}

// The quantiles of a normal number at -1 sigma and at the end of an interval of
// 95 %.
const (
	oneSigma = 0.15865525393145707
	tail95   = 0.025
)

// cellsPerBlock is the number of cells that the mean block is made of, and
// mostBlocks the largest number of blocks that an automatic length makes of all
// records.
const (
	cellsPerBlock = 16
	mostBlocks    = 1 << 13
)

const panicBootstrap = "analysis: Bootstrap needs Resamples >= 2, Block = 0 or >= 1, and Random"

// Function estimates f from chains[c][column][t], which are shaped as for
// Gamma.Function.
//
// A block begins at any record of any chain with one probability, goes on in
// that chain, behind its last record with its first, and ends after each record
// with probability 1/Block. Blocks are joined until there are as many records
// as in all chains. Chains are so taken as parts of one: what they differ by is
// part of the error.
//
// With C(t) the autocovariances around the mean of all records, closed to a
// circle in each chain, the error of a mean is, for infinitely many resamples,
//
//	error^2 = (1/N) [C(0) + 2 sum_{t=1}^{N-1} (1 - t/N) (1 - 1/Block)^t C(t)].
//
// Short blocks lose correlation: the squared error is too small by tau_1/Block of
// it, tau_1 = sum |t| rho(t)/sum rho(t) over all t. Long blocks are few: its
// relative scatter is sqrt(2 Block/N). The automatic length makes the mean squared
// error of the squared error smallest (D. N. Politis, H. White, Econom. Rev. 23
// (2004) 53, corrected by A. Patton, D. N. Politis, H. White, ibid. 28 (2009)
// 372), which grows as N^(1/3), so that errors of short series are too small: by
// some 4 % for 1000 tau_int, where intervals of 68 % hold the truth in 0.63 to
// 0.68 of all cases and those of 95 % in 0.925 to 0.94. It is that of the
// linearised function, at most three square roots of the records and a third of
// the longest chain, and at least N/8192: more blocks would cost time, and so many
// leave the error uncertain by no more than 0.8 %.
//
// Records are first averaged over cells of about 1/16 block, which lie in one
// block as a whole. That moves the weights (1 - 1/Block)^t above by a term of
// order t/(16 Block) of them at distances t below a cell, too little to be
// measured. A million records take some 0.1 to 0.2 s with 1000 resamples,
// wherever blocks are automatic; otherwise the time is that of reading the
// records plus 10 to 20 ns for each of N/Block blocks of each resample. The
// memory beyond the data is 8 (1 + terms) bytes for each cell.
//
// Errors are ErrShort for fewer than two records, ErrConstant if f does not
// fluctuate to first order or does not change under resampling, and
// ErrNotFinite, also of f at the means of a resample. Function panics if f
// lacks Terms, Term or Value, or a field of b is out of its range.
func (b Bootstrap) Function(f Function, chains [][][]float64) (BootstrapEstimate, error) {
	f.check()
	if b.Resamples < 2 || b.Random == nil || !(b.Block == 0 || b.Block >= 1) || math.IsInf(b.Block, 0) {
		panic(panicBootstrap)
	}
	d, err := newTable(f, chains)
	if err != nil {
		return BootstrapEstimate{}, err
	}
	n := d.records()
	out := BootstrapEstimate{Value: math.NaN(), N: n}
	if n == 0 {
		return out, errShort(0, 2)
	}
	m, err := d.moments()
	if err != nil {
		return out, err
	}
	value := f.Value(m.mean)
	if math.IsNaN(value) || math.IsInf(value, 0) {
		return out, fmt.Errorf("%w: the function is %g at the means %g", ErrNotFinite, value, m.mean)
	}
	grad, err := f.gradient(m)
	if err != nil {
		return out, err
	}
	out.Value = value
	if n < 2 {
		return out, errShort(n, 2)
	}
	acov := &lags{series: d.project(m.mean, grad)}
	if m.vanishes(grad, acov.at(0)/float64(n)) {
		return out, fmt.Errorf("%w: %d records move the function off %g by no more than rounding, so no error can be said; run longer, or shift its terms towards 0", ErrConstant, n, value)
	}
	out.Block = b.Block
	if out.Block == 0 {
		out.Block = math.Max(blockLength(acov), float64(n)/mostBlocks)
	}
	cells := d.cells(m.mean, max(1, int(out.Block/cellsPerBlock)))
	return b.resample(out, f, cells, m.mean)
}

// resample fills in what the resampled values say.
func (b Bootstrap) resample(out BootstrapEstimate, f Function, cells *cells, mean []float64) (BootstrapEstimate, error) {
	random := rand.New(b.Random)
	cell := float64(out.N) / float64(cells.count())
	values := make([]float64, b.Resamples)
	means := make([]float64, f.Terms)
	for i := range values {
		cells.draw(random, out.Block/cell, means)
		for k, m := range mean {
			means[k] += m
		}
		values[i] = f.Value(means)
		if math.IsNaN(values[i]) || math.IsInf(values[i], 0) {
			return out, fmt.Errorf("%w: the function is %g at the means %g of resample %d; run longer, or use Gamma", ErrNotFinite, values[i], means, i)
		}
	}
	center, variance := meanVariance(values)
	if variance <= 0 {
		return out, fmt.Errorf("%w: the function is %g for each of %d resamples, so no error can be said; run longer", ErrConstant, values[0], len(values))
	}
	out.Bias = center - out.Value
	out.Error = math.Sqrt(variance)
	slices.Sort(values)
	interval := func(tail float64) [2]float64 {
		return [2]float64{stat.Quantile(tail, stat.LinInterp, values, nil), stat.Quantile(1-tail, stat.LinInterp, values, nil)}
	}
	out.Interval68, out.Interval95 = interval(oneSigma), interval(tail95)
	return out, nil
}

// cells hold the deviations of the terms from their means, summed over
// neighbouring records and then up from each chain's start, so that the sum over
// a block is a difference of two.
type cells struct {
	terms int
	ends  []int // number of cells in the chains up to this one
	// Of each chain, for each of its cells and its end: the number of records
	// before it, and the sum over them of each term's deviation.
	before []int
	sums   []float64
}

// cells cuts each chain into cells of about size records.
func (d *table) cells(mean []float64, size int) *cells {
	out := &cells{terms: d.f.Terms}
	terms := d.reader()
	count := 0
	total := make([]sum, d.f.Terms)
	mark := func(records int) {
		out.before = append(out.before, records)
		for k := range total {
			out.sums = append(out.sums, total[k].value())
		}
	}
	for c, length := range d.lengths {
		inChain := (length + size - 1) / size
		count += inChain
		out.ends = append(out.ends, count)
		clear(total)
		t := 0
		for cell := range inChain {
			mark(t)
			for end := (cell + 1) * length / inChain; t < end; t++ {
				for k, x := range terms(c, t) {
					total[k].add(x - mean[k])
				}
			}
		}
		mark(length)
	}
	return out
}

// count is the number of cells of all chains.
func (c *cells) count() int { return c.ends[len(c.ends)-1] }

// draw puts a resample together from blocks of on average length cells, and
// writes each term's mean deviation into means.
func (c *cells) draw(random *rand.Rand, length float64, means []float64) {
	clear(means)
	// A block has more than l cells with probability (1 - 1/length)^l.
	rate := math.Inf(1)
	if length > 1 {
		rate = -math.Log1p(-1 / length)
	}
	records := 0
	for left := c.count(); left > 0; {
		start := random.IntN(c.count())
		want := left
		if extra := random.ExpFloat64() / rate; extra < float64(left) {
			want = min(left, 1+int(extra))
		}
		left -= want

		chain := sort.SearchInts(c.ends, start+1)
		first := 0
		if chain > 0 {
			first = c.ends[chain-1]
		}
		size := c.ends[chain] - first
		base := first + chain // each chain has one entry more than cells
		from := start - first
		for want > 0 {
			to := min(from+want, size)
			records += c.before[base+to] - c.before[base+from]
			high, low := c.sums[(base+to)*c.terms:], c.sums[(base+from)*c.terms:]
			for k := range means {
				means[k] += high[k] - low[k]
			}
			want -= to - from
			from = 0
		}
	}
	for k := range means {
		means[k] /= float64(records)
	}
}
