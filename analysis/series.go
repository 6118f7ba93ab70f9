package analysis

import (
	"fmt"
	"math"
)

// blockLen is the number of records read at a time. A block and its products
// stay in the first-level cache, and within a block a plain sum of eight
// accumulators loses less than 1e-14 of the block's spread.
const blockLen = 2048

// series is a set of chains that are read block by block, so that a derived
// series never exists in full.
type series struct {
	lengths []int
	// read fills dst with the values of one chain from record start on.
	read func(dst []float64, chain, start int)
}

// records is the number of records of all chains.
func (s *series) records() int {
	n := 0
	for _, l := range s.lengths {
		n += l
	}
	return n
}

// longest is the length of the longest chain.
func (s *series) longest() int {
	n := 0
	for _, l := range s.lengths {
		n = max(n, l)
	}
	return n
}

// pairs is the number of pairs of records at distance t within chains: N - R t
// as long as every one of R chains is longer than t.
func (s *series) pairs(t int) int {
	n := 0
	for _, l := range s.lengths {
		n += max(l-t, 0)
	}
	return n
}

// sum is a compensated sum (Neumaier 1974): the rounding error of each
// addition is kept and added at the end.
type sum struct{ total, lost float64 }

func (s *sum) add(x float64) {
	t := s.total + x
	if math.Abs(s.total) >= math.Abs(x) {
		s.lost += (s.total - t) + x
	} else {
		s.lost += (x - t) + s.total
	}
	s.total = t
}

func (s *sum) value() float64 { return s.total + s.lost }

// lengthsOf returns the length of each chain.
func lengthsOf(chains [][]float64) []int {
	n := make([]int, len(chains))
	for c, x := range chains {
		n[c] = len(x)
	}
	return n
}

// firstOf returns the first record of the first chain that has one.
func firstOf(chains [][]float64) float64 {
	for _, x := range chains {
		if len(x) > 0 {
			return x[0]
		}
	}
	return math.NaN()
}

// moments returns the mean of all records and their mean squared deviation from
// it. Both come from deviations from the first record, so that a large common
// offset costs no digits and the variance of a constant series is exactly 0.
// The error is ErrNotFinite with the place of the first offender.
func moments(chains [][]float64) (mean, variance float64, err error) {
	var s1, s2 sum
	n := 0
	shift := firstOf(chains)
	for c, x := range chains {
		n += len(x)
		for start := 0; start < len(x); start += blockLen {
			block := x[start:min(start+blockLen, len(x))]
			b1, b2 := sumDeviations(block, shift)
			if math.IsNaN(b2) || math.IsInf(b2, 0) {
				return 0, 0, notFinite(block, c, start)
			}
			s1.add(b1)
			s2.add(b2)
		}
	}
	d := s1.value() / float64(n)
	return shift + d, s2.value()/float64(n) - d*d, nil
}

// sumDeviations returns the sums of x - shift and of its square.
func sumDeviations(x []float64, shift float64) (s1, s2 float64) {
	var a, b [4]float64
	for ; len(x) >= 4; x = x[4:] {
		d0, d1, d2, d3 := x[0]-shift, x[1]-shift, x[2]-shift, x[3]-shift
		a[0] += d0
		a[1] += d1
		a[2] += d2
		a[3] += d3
		b[0] += d0 * d0
		b[1] += d1 * d1
		b[2] += d2 * d2
		b[3] += d3 * d3
	}
	for _, v := range x {
		d := v - shift
		a[0] += d
		b[0] += d * d
	}
	return (a[0] + a[1]) + (a[2] + a[3]), (b[0] + b[1]) + (b[2] + b[3])
}

// notFinite names the first record of block, which starts at record start of
// the chain, that is NaN or infinite; if there is none, their squares overflow.
func notFinite(block []float64, chain, start int) error {
	for i, v := range block {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return fmt.Errorf("%w: chain %d, record %d is %g", ErrNotFinite, chain, start+i, v)
		}
	}
	return fmt.Errorf("%w: chain %d, records %d to %d: squares overflow; rescale the series", ErrNotFinite, chain, start, start+len(block)-1)
}
