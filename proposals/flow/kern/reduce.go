package kern

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
