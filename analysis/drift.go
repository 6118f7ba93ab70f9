package analysis

import (
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/mathext"
	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"
)

// Drift says how much the beginning of a series differs from its last half, as
// it does when too few sweeps were discarded.
type Drift struct {
	// P is the probability, or more, that chains without a drift deviate as much
	// in any of the Comparisons that were made.
	P           float64
	Comparisons int
	// Sigmas is P as the deviation of one normal number, with the sign of the
	// beginning's excess over the last half, 37 at most.
	Sigmas float64

	Chain   int // the chain that deviates most; -1: all of them together
	Records int // length of the beginning that deviates most, in each chain
	Length  int // records of each chain that were looked at

	// Cut is the number of records to discard from each chain, 0 if P is at least
	// MinChance, so that nothing speaks for a cut.
	Cut int
}

// MinChance is the probability P of a Drift below which chance is no longer
// taken for its reason.
//
// The rate of false alarms was measured on AR(1) series with phi = 0, 0.5, 0.9
// and 0.99, 30 to 1000 tau_int long, in one chain and in four. Of normal records
// there was none in 118000 sets: fewer than 3 in 100000, with a confidence of
// 95 %. Of squares of normal records there were 4 in 118000, of exponential ones
// none. The fourth power of normal records, whose tails the few windows of a
// short run do not show, gives some 2 in 10000 at 1000 tau_int, and up to 6 in
// 1000 at 30.
//
// Four chains that begin 5 standard deviations off, and approach the rest with a
// decay time of a sixtieth of the run, are found in 0.58, 0.985 and all of 200
// cases where each is 300, 500 and 1000 tau_int long; 10 standard deviations in
// 0.995 and all. One chain alone needs more: at 10 standard deviations 0.12,
// 0.965 and all of 200 cases are found at 500, 1000 and 2000 tau_int.
const MinChance = 1e-6

// The blocks that a drift is looked for in: about driftBlocks of all chains
// together, but never fewer than minDriftBlocks in each.
const (
	driftBlocks    = 2048
	minDriftBlocks = 128
)

// minSkewed is the least number of windows whose skewness is trusted.
const minSkewed = 32

// Thermalization compares the beginning of chains with their last half, as J.
// Geweke does (Bayesian Statistics 4 (1992) 169). The chains start alike and so
// drift alike: they are compared all together, which shows the smallest drifts,
// and then one by one, which finds the one that began worse.
//
// A beginning is one of the lengths 1, 2, 4, ... blocks, up to an eighth of the
// chain. Its mean is compared with the means of windows of its own length in
// the last half of all chains, which carry the autocorrelation of its records:
// where M windows scatter by s around their mean, the beginnings of C chains
// differ from it with the standard error
//
//	error = s sqrt(1/C + 1/M)
//
// and Student's t with M - 1 degrees of freedom. For that, neighbouring windows
// must not be correlated: beginnings for which the Gamma method finds tau_int
// above 0.6 windows, shorter than some 5 tau_int, are left out. Every comparison
// is made twice. One is of ranks, as normal scores, which needs few records and
// minds no distribution but does not see how far off a short beginning is; the
// other is of the records' means, which does, and reckons with their skewness.
// P is the smallest probability times the number of comparisons (Bonferroni).
//
// The Cut is the number of records whose loss makes the effective sample size
// of the rest largest (J. D. Chodera, J. Chem. Theory Comput. 12 (2016) 1799):
// a drift counts there as a long autocorrelation time. It is at most half of the
// chain. The other common rule, MSER, takes records as independent, and so keeps
// a slow drift that is small compared with one block's scatter and yet moves the
// mean by more than its error.
//
// Chains shorter than half of the longest are left out, and the others cut to
// the length of the shortest, the first records being kept. The cost is that of
// one sum over the records, and of some thousand blocks: a millisecond for 10^6
// records, where Gamma.Mean takes about ten.
//
// Errors are ErrShort if even an eighth of the chains is shorter than
// 5 tau_int, ErrConstant if nothing changes in the last half, and ErrNotFinite.
func Thermalization(chains ...[]float64) (Drift, error) {
	d := Drift{P: 1, Chain: -1}
	which, length := alike(chains)
	d.Length = length
	if length < 8 {
		return d, errShort(length, 8)
	}
	size := max(1, length/max(minDriftBlocks, driftBlocks/len(which)))
	blocks := make([][]float64, len(which))
	for i, c := range which {
		var err error
		if blocks[i], err = blockDeviations(chains[c][:length], size, chains[which[0]][0], c); err != nil {
			return d, err
		}
	}
	scores := scoresOf(blocks)
	halves := make([][]float64, len(which))
	for i, z := range scores {
		halves[i] = z[len(z)/2:]
	}
	e, err := Gamma{}.Mean(halves...)
	if err != nil { // the scores are finite, and enough
		return d, fmt.Errorf("%w: nothing changes in the last half of the chains; run longer, or with a kernel that moves it", ErrConstant)
	}

	smallest, deviating := math.Inf(1), blocks
	for width := 1; width <= len(blocks[0])/8; width *= 2 {
		if e.TauInt-0.5 > 0.1*float64(width) {
			continue
		}
		ranks, means := newBeginnings(scores, width), newBeginnings(blocks, width)
		compare := func(chain int, blocks, scores [][]float64) {
			note := func(p, deviation float64) {
				d.Comparisons++
				if p < smallest {
					smallest, deviating = p, blocks
					d.Chain, d.Records, d.Sigmas = chain, width*size, deviation
				}
			}
			note(ranks.byRank(scores))
			note(means.byMean(blocks))
		}
		compare(-1, blocks, scores)
		if len(which) > 1 {
			for i, c := range which {
				compare(c, blocks[i:i+1], scores[i:i+1])
			}
		}
	}
	if d.Comparisons == 0 {
		return d, fmt.Errorf("%w: %d in each chain are too few for tau_int = %.3g records to tell a beginning from the rest; run longer", ErrShort, length, e.TauInt*float64(size))
	}
	d.P = math.Min(1, smallest*float64(d.Comparisons))
	d.Sigmas = math.Copysign(-mathext.NormalQuantile(math.Max(d.P, 1e-300)/2), d.Sigmas)
	if d.P < MinChance {
		d.Cut = bestCut(deviating) * size
	}
	return d, nil
}

// scoresOf returns the normal scores of the blocks of chains of one length.
func scoresOf(blocks [][]float64) [][]float64 {
	scores := make([][]float64, len(blocks))
	for c, x := range blocks {
		scores[c] = make([]float64, len(x))
	}
	for r, z := range normalScores(pool(nil, blocks, 1)) {
		scores[r.place/len(blocks[0])][r.place%len(blocks[0])] = z
	}
	return scores
}

// doubt says what to do about a drift that chance does not explain.
func (d Drift) doubt() Doubt {
	chains := "each chain"
	if d.Chain >= 0 {
		chains = nameChains([]int{d.Chain})
	}
	remedy := fmt.Sprintf("discard the first %d of %d records (%.3g %%) of every chain, or thermalize longer by as many", d.Cut, d.Length, 100*float64(d.Cut)/float64(d.Length))
	switch {
	case d.Cut == 0:
		remedy = "thermalize longer, or run longer to see how much"
	case 2*d.Cut >= d.Length-1:
		remedy = fmt.Sprintf("thermalize longer by at least %d records, as no part of the run is long enough without it", d.Length)
	}
	return Doubt{
		Kind:    NotThermalized,
		Message: fmt.Sprintf("the first %d records of %s differ from the last half by %.1f sigma, all comparisons counted: %s", d.Records, chains, math.Abs(d.Sigmas), remedy),
		Cut:     d.Cut,
	}
}

// alike returns the chains that are at least half as long as the longest, and
// the length of the shortest of them.
func alike(chains [][]float64) (which []int, length int) {
	longest := 0
	for _, x := range chains {
		longest = max(longest, len(x))
	}
	length = longest
	for c, x := range chains {
		if 2*len(x) >= longest {
			which = append(which, c)
			length = min(length, len(x))
		}
	}
	return which, length
}

// blockDeviations returns the mean deviation from shift of each block of size
// records of a chain. Records that do not fill a block are left out.
func blockDeviations(x []float64, size int, shift float64, chain int) ([]float64, error) {
	means := make([]float64, len(x)/size)
	for k := range means {
		block := x[k*size : (k+1)*size]
		s1, s2 := sumDeviations(block, shift)
		if math.IsNaN(s2) || math.IsInf(s2, 0) {
			return nil, notFinite(block, chain, k*size)
		}
		means[k] = s1 / float64(size)
	}
	return means, nil
}

// beginnings compares the first width blocks of some chains with the windows of
// width blocks in the last half of all chains, which are of one length.
type beginnings struct {
	width    int
	windows  []float64
	mean     float64 // of the windows
	variance float64
}

func newBeginnings(chains [][]float64, width int) beginnings {
	b := beginnings{width: width}
	for _, x := range chains {
		for end := len(x); end-width >= len(x)/2; end -= width {
			b.windows = append(b.windows, mean(x[end-width:end]))
		}
	}
	b.mean, b.variance = meanVariance(b.windows)
	return b
}

// deviation returns how far the beginnings are from the windows in standard
// errors, where a window scatters by scatter.
func (b beginnings) deviation(chains [][]float64, scatter float64) float64 {
	first := 0.0
	for _, x := range chains {
		first += mean(x[:b.width]) / float64(len(chains))
	}
	return (first - b.mean) / (scatter * math.Sqrt(1/float64(len(chains))+1/float64(len(b.windows))))
}

// student returns the probability of a deviation t or a larger one.
func (b beginnings) student(t float64) float64 {
	return 2 * distuv.StudentsT{Sigma: 1, Nu: float64(len(b.windows) - 1)}.CDF(-math.Abs(t))
}

// byRank judges normal scores. So that rare events are not taken for a drift, the
// windows scatter by at least half of the farthest one's distance, and nothing
// is said where more than a fourth of them are equal.
func (b beginnings) byRank(scores [][]float64) (p, deviation float64) {
	if !(b.variance > 0) || mostCommon(b.windows, 1e-9) > len(b.windows)/4 {
		return 1, 0
	}
	farthest := 0.0
	for _, v := range b.windows {
		farthest = math.Max(farthest, math.Abs(v-b.mean))
	}
	t := b.deviation(scores, math.Max(math.Sqrt(b.variance), farthest/2))
	return b.student(t), t
}

// byMean judges the blocks themselves. To the probability by Student's t it
// adds that by a gamma distribution with the skewness of the windows and twice its
// standard error sqrt(6/windows), as windows may be few or hold few independent
// records.
func (b beginnings) byMean(blocks [][]float64) (p, deviation float64) {
	if !(b.variance > 0) || len(b.windows) < minSkewed {
		return 1, 0
	}
	t := b.deviation(blocks, math.Sqrt(b.variance))
	skewness := math.Abs(stat.Skew(b.windows, nil)) + 2*math.Sqrt(6/float64(len(b.windows)))
	shape := 4 * float64(len(blocks)) / (skewness * skewness) // of the average over chains
	tail := mathext.GammaIncRegComp(shape, shape+math.Abs(t)*math.Sqrt(shape))
	return b.student(t) + tail, t
}

// mostCommon returns the largest number of records that agree within tolerance
// with their neighbours in size.
func mostCommon(x []float64, tolerance float64) int {
	x = slices.Clone(x)
	slices.Sort(x)
	most, run := 1, 1
	for i := 1; i < len(x); i++ {
		if x[i]-x[i-1] > tolerance {
			run = 0
		}
		run++
		most = max(most, run)
	}
	return most
}

func mean(x []float64) float64 {
	s := 0.0
	for _, v := range x {
		s += v
	}
	return s / float64(len(x))
}

// bestCut returns the number of blocks, up to half, without which the effective
// sample size of chains of one length is largest.
func bestCut(blocks [][]float64) int {
	half := len(blocks[0]) / 2
	const candidates = 64
	step := max(1, half/candidates)
	best, most := 0, 0.0
	rest := make([][]float64, len(blocks))
	for cut := 0; cut <= half; cut += step {
		for c, x := range blocks {
			rest[c] = x[cut:]
		}
		if e, err := (Gamma{}).Mean(rest...); err == nil && e.ESS > most {
			best, most = cut, e.ESS
		}
	}
	return best
}
