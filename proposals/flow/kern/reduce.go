package kern

import "math"

// Add adds x to dst, which has its length, in float64.
func Add[T Float](dst []float64, x []T) {
	pair(len(dst), len(x))
	for i, v := range x {
		dst[i] += float64(v)
	}
}

// AddSquares adds to dst the sums of squares of the columns of x, in float64:
//
//	dst[c] += sum_r x[r,c]^2
func AddSquares[T Float](dst []float64, x []T, rows, n int) {
	check(n, rows)
	if len(dst) < n || len(x) < rows*n {
		panic(badLength)
	}
	dst = dst[:n]
	for r := range rows {
		row := x[r*n:][:n]
		for c, v := range row {
			dst[c] += float64(v) * float64(v)
		}
	}
}

// LogSumExp returns ln sum_i exp(x[i]), without overflow. It is -Inf for no
// numbers, and NaN if one of them is.
func LogSumExp(x []float64) float64 {
	top := math.Inf(-1)
	for _, v := range x {
		top = max(top, v)
	}
	if math.IsInf(top, 0) || math.IsNaN(top) {
		return top
	}
	var sum float64
	for _, v := range x {
		sum += math.Exp(v - top)
	}
	return top + math.Log(sum)
}
