package analysis

import (
	"fmt"
	"math"
)

// Jackknife estimates derived quantities and their errors by leaving out one
// block of consecutive records at a time. Blocks must be much longer than
// tau_int, or the error is too small. Exactly one of the fields is set.
type Jackknife struct {
	Blocks int // number of blocks, of all chains together
	Size   int // records in a block
}

// JackknifeEstimate is what Jackknife.Function finds.
type JackknifeEstimate struct {
	Value  float64 // corrected for the bias of order 1/N
	Error  float64 // standard error
	Bias   float64 // what was subtracted from the value at the means of all records
	Blocks int     // blocks used, of all chains together
	N      int     // records of all chains
}

const panicJackknife = "analysis: Jackknife needs either Blocks or Size"

// Function estimates f from chains[c][column][t], which are shaped as for
// Gamma.Function. Every chain is cut into blocks of nearly equal size, at least
// one a chain, without a remainder. As sizes differ by one record and from
// chain to chain, the formulas are those for unequal blocks (Busing, Meijer,
// van der Leeden, Stat. Comput. 9 (1999) 3): with h_j = N/m_j for block j of
// m_j records, F of all records and F_j of all but block j,
//
//	value = sum_j [F - (1 - 1/h_j) F_j]
//	error^2 = (1/g) sum_j [h_j F - (h_j - 1) F_j - value]^2 / (h_j - 1).
//
// Errors are ErrShort for fewer than two blocks, ErrConstant if no block
// matters, and ErrNotFinite. Function panics if f lacks Terms, Term or Value,
// or unless exactly one field of j is positive and the other 0.
func (j Jackknife) Function(f Function, chains [][][]float64) (JackknifeEstimate, error) {
	f.check()
	if j.Blocks < 0 || j.Size < 0 || (j.Blocks == 0) == (j.Size == 0) {
		panic(panicJackknife)
	}
	d, err := newTable(f, chains)
	if err != nil {
		return JackknifeEstimate{}, err
	}
	n := d.records()
	if n < 2 {
		return JackknifeEstimate{Value: math.NaN(), N: n}, errShort(n, 2)
	}
	size := float64(j.Size)
	if j.Blocks > 0 {
		size = float64(n) / float64(j.Blocks)
	}
	blocks, err := d.blocks(size)
	if err != nil {
		return JackknifeEstimate{Value: math.NaN(), N: n}, err
	}
	if len(blocks) < 2 {
		return JackknifeEstimate{Value: math.NaN(), Blocks: len(blocks), N: n},
			fmt.Errorf("%w: %d make %d block, at least 2 are needed; run longer or choose shorter blocks", ErrShort, n, len(blocks))
	}
	return jackknife(f, blocks, n)
}

// blockMean is the mean of each term over a block of records.
type blockMean struct {
	records int
	mean    []float64
}

// blocks cuts each chain into blocks of about size records.
func (d *table) blocks(size float64) ([]blockMean, error) {
	terms := d.reader()
	var blocks []blockMean
	for c, length := range d.lengths {
		count := min(max(int(math.Round(float64(length)/size)), 1), length)
		for b := range count {
			start, end := b*length/count, (b+1)*length/count
			shift := append([]float64(nil), terms(c, start)...)
			sums := make([]sum, len(shift))
			for t := start + 1; t < end; t++ {
				for k, x := range terms(c, t) {
					sums[k].add(x - shift[k])
				}
			}
			for k := range shift {
				shift[k] += sums[k].value() / float64(end-start)
				if math.IsNaN(shift[k]) || math.IsInf(shift[k], 0) {
					return nil, d.notFinite(c, start, end)
				}
			}
			blocks = append(blocks, blockMean{end - start, shift})
		}
	}
	return blocks, nil
}

// jackknife leaves out one block after the other.
func jackknife(f Function, blocks []blockMean, n int) (JackknifeEstimate, error) {
	all := make([]float64, f.Terms)
	for _, b := range blocks {
		for k, m := range b.mean {
			all[k] += m * (float64(b.records) / float64(n))
		}
	}
	value := f.Value(all)
	without := make([]float64, f.Terms)
	left := make([]float64, len(blocks))
	e := JackknifeEstimate{Blocks: len(blocks), N: n}
	same := true
	for i, b := range blocks {
		// mean without b = mean + (mean - mean of b) m/(N - m)
		w := float64(b.records) / float64(n-b.records)
		for k, m := range b.mean {
			without[k] = all[k] + (all[k]-m)*w
		}
		left[i] = f.Value(without)
		if math.IsNaN(left[i]) || math.IsInf(left[i], 0) {
			return e, fmt.Errorf("%w: the function is %g at the means %g, block %d left out; choose longer blocks", ErrNotFinite, left[i], without, i)
		}
		same = same && left[i] == left[0]
		h := float64(n) / float64(b.records)
		e.Value += value - (1-1/h)*left[i]
	}
	e.Bias = value - e.Value
	if same {
		return e, errConstant(n, value)
	}
	var variance sum
	for i, b := range blocks {
		h := float64(n) / float64(b.records)
		pseudo := h*value - (h-1)*left[i]
		variance.add((pseudo - e.Value) * (pseudo - e.Value) / (h - 1))
	}
	e.Error = math.Sqrt(variance.value() / float64(len(blocks)))
	return e, nil
}
