package analysis

import "math"

// Binning is a logarithmic binning analysis: the error of the mean as it
// appears when records are averaged over bins of 2^k. It grows with k until
// bins are longer than any memory of the chain, and then stays; tau_int follows
// from the ratio of the plateau to the naive error.
type Binning struct {
	Levels      []BinLevel // bin sizes 1, 2, 4, ...
	Convergence Convergence
}

// BinLevel is the error found from bins of one size.
type BinLevel struct {
	Size       int     // records in a bin
	Bins       int     // complete bins in all chains
	Error      float64 // standard error of the mean
	ErrorError float64 // its standard error, if bins are independent
}

// Convergence says whether the binning errors have reached a plateau.
type Convergence int

// The verdicts of a binning analysis.
const (
	// MaybeConverged: too few bins, or growth within twice to four times its
	// uncertainty.
	MaybeConverged Convergence = iota
	Converged
	NotConverged
)

func (c Convergence) String() string {
	switch c {
	case Converged:
		return "converged"
	case NotConverged:
		return "not converged"
	default:
		return "maybe converged"
	}
}

// minBins is the least number of bins from which an error is computed: with
// fewer, its own relative error of 1/sqrt(2 bins) exceeds an eighth.
const minBins = 32

// LogBinning bins the records of each chain and takes the scatter of all bins
// around the common mean. Levels go up as long as there are 32 bins.
//
// Convergence compares the error at the last level with that two levels before,
// at a fourth of the bin size. In the growing part it would be twice as large;
// at the plateau the ratio is 1 with a standard error u = sqrt(3/(8 bins)), as
// one level holds three fourths of the other's information in addition to its
// own. Ratios up to 1 + 2u are Converged, above 1 + 4u NotConverged, between
// them and with fewer than three levels MaybeConverged. (ALPS asks a similar
// question of its last levels, with fixed tolerances.)
//
// Errors are those of Gamma.Mean.
func LogBinning(chains ...[]float64) (Binning, error) {
	n := 0
	for _, x := range chains {
		n += len(x)
	}
	if n < 2 {
		return Binning{}, errShort(n, 2)
	}
	mean, variance, err := moments(chains)
	if err != nil {
		return Binning{}, err
	}
	if variance <= 0 {
		return Binning{}, errConstant(n, mean)
	}
	var levels binSums
	buf := make([]float64, blockLen)
	for _, x := range chains {
		var blocks []float64 // sums over blocks of blockLen records
		for len(x) > 0 {
			block := buf[:min(blockLen, len(x))]
			for i := range block {
				block[i] = x[i] - mean
			}
			x = x[len(block):]
			blocks = append(blocks, levels.pairUp(block, 0, blockLevels)...)
		}
		levels.pairUp(blocks, blockLevels, math.MaxInt)
	}
	return levels.binning(), nil
}

// blockLevels is the level at which a bin is a block: blockLen = 2^11.
const blockLevels = 11

// binSums holds, for each level, the number of bins and the sums over bins of
// their records' sum and of its square.
type binSums struct {
	bins   []int
	s1, s2 []sum
}

// pairUp takes x as the sums of complete bins of one level, in order, counts
// them, and adds up neighbours to the bins of the next level, until level end,
// whose bins it returns, or until fewer than one are left. It overwrites x.
func (b *binSums) pairUp(x []float64, level, end int) []float64 {
	for ; len(x) > 0 && level < end; level++ {
		if level == len(b.bins) {
			b.bins = append(b.bins, 0)
			b.s1 = append(b.s1, sum{})
			b.s2 = append(b.s2, sum{})
		}
		s1, s2 := sumDeviations(x, 0)
		b.bins[level] += len(x)
		b.s1[level].add(s1)
		b.s2[level].add(s2)
		half := x[:len(x)/2]
		for i := range half {
			half[i] = x[2*i] + x[2*i+1]
		}
		x = half
	}
	return x
}

// binning turns the sums into errors of the mean.
func (b *binSums) binning() Binning {
	var out Binning
	size := 1
	for k, bins := range b.bins {
		if bins < minBins && k > 0 {
			break
		}
		n := float64(bins)
		mean := b.s1[k].value() / n
		// Of the bins' sums; the mean of N = n size records is their sum over N.
		variance := math.Max(b.s2[k].value()-n*mean*mean, 0) / (n - 1)
		err := math.Sqrt(variance/n) / float64(size)
		out.Levels = append(out.Levels, BinLevel{
			Size:       size,
			Bins:       bins,
			Error:      err,
			ErrorError: err / math.Sqrt(2*(n-1)),
		})
		size *= 2
	}
	if last := len(out.Levels) - 1; last >= 2 {
		out.Convergence = plateau(out.Levels[last-2].Error, out.Levels[last].Error, out.Levels[last].Bins)
	}
	return out
}

// plateau judges two errors, the later one from bins that are four times as
// long and bins in number.
func plateau(before, after float64, bins int) Convergence {
	u := math.Sqrt(3 / (8 * float64(bins)))
	switch growth := after - before; {
	case growth <= 2*u*before:
		return Converged
	case growth > 4*u*before:
		return NotConverged
	default:
		return MaybeConverged
	}
}
