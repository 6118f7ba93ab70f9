package analysis

import (
	"iter"
	"math"
	"slices"

	"gonum.org/v1/gonum/mathext"
)

// ranked is one record of a pooled series, with its place in it.
type ranked struct {
	value float64
	place int
}

func byValue(a, b ranked) int {
	switch {
	case a.value < b.value:
		return -1
	case a.value > b.value:
		return 1
	}
	return 0
}

// pool sorts every stride-th record of each of the chains of one length, in
// the space of order if that is enough.
func pool(order []ranked, chains [][]float64, stride int) []ranked {
	order = slices.Grow(order[:0], len(chains)*((len(chains[0])+stride-1)/stride))
	for _, x := range chains {
		for t := 0; t < len(x); t += stride {
			order = append(order, ranked{x[t], len(order)})
		}
	}
	slices.SortFunc(order, byValue)
	return order
}

// normalScores yields each of the records, which are in ascending order, with
// its rank-normalised value: z = Phi^{-1}((r - 3/8)/(S + 1/4)) with r the rank
// among S records (Blom 1958; Vehtari et al. 2021). Equal values share
// the average of their ranks.
func normalScores(order []ranked) iter.Seq2[ranked, float64] {
	return func(yield func(ranked, float64) bool) {
		total := float64(len(order)) + 0.25
		for i := 0; i < len(order); {
			j := i + 1
			for j < len(order) && order[j].value == order[i].value {
				j++
			}
			rank := float64(i+1+j) / 2 // the average of i+1 to j
			z := mathext.NormalQuantile((rank - 0.375) / total)
			for ; i < j; i++ {
				if !yield(order[i], z) {
					return
				}
			}
		}
	}
}

// median returns the median of records in ascending order.
func median(order []ranked) float64 {
	n := len(order)
	a, b := order[(n-1)/2].value, order[n/2].value
	return a + (b-a)/2
}

// fold returns the distances of the records from their median, in ascending
// order: those below it from the middle down, merged with those above from the
// middle up. It uses the space of folded if that is enough.
func fold(folded, order []ranked) []ranked {
	folded = slices.Grow(folded[:0], len(order))
	m := median(order)
	up, _ := slices.BinarySearchFunc(order, ranked{value: m}, byValue)
	down := up - 1
	for range order {
		if up == len(order) || down >= 0 && m-order[down].value <= order[up].value-m {
			folded = append(folded, ranked{m - order[down].value, order[down].place})
			down--
		} else {
			folded = append(folded, ranked{order[up].value - m, order[up].place})
			up++
		}
	}
	return folded
}

// quantile returns the quantile p of ascending records by linear
// interpolation between the two nearest (definition 7 of Hyndman and Fan 1996).
func quantile(order []ranked, p float64) float64 {
	at := p * float64(len(order)-1)
	i := int(math.Floor(at))
	if i >= len(order)-1 {
		return order[len(order)-1].value
	}
	low, high := order[i].value, order[i+1].value
	return low + (at-float64(i))*(high-low)
}
