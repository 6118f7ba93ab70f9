//go:build !amd64

package lattice

func kickRows(p, x, a, b []float64, width, each int, linear, cubic, hop float64) {
	kickRowsGo(p, x, a, b, width, each, linear, cubic, hop)
}

func gradientRows(g, x, a, b []float64, width, each int, A, B, K float64, t *sums) {
	gradientRowsGo(g, x, a, b, width, each, A, B, K, t)
}

func addScaled(x, p []float64, t float64) { addScaledGo(x, p, t) }
