package models

import "math"

// freeField returns the expectation values of a real field with B = 0. Its
// action is a sum over independent modes,
//
//	S = sum_k D(k) |phi_k|^2 / N,   D(k) = A - K sum_mu cos k_mu,
//
// so that <|phi_k|^2>/N = 1/(2 D(k)), <S> = N/2 and Z = prod_k sqrt(pi/D(k)).
func freeField(shape []int, c FieldCouplings) map[string]float64 {
	n, d := sites(shape), float64(len(shape))
	var square, bond, logZ float64
	eachMode(shape, func(cosines float64) {
		mode := c.A - c.K*cosines
		square += 1 / (2 * mode)
		bond += cosines / (2 * mode)
		logZ += math.Log(math.Pi/mode) / 2
	})
	square /= n
	zero := 1 / (2 * (c.A - c.K*d)) // N <m^2>
	known := map[string]float64{
		"action":                   0.5,
		"phi2":                     square,
		"phi4":                     3 * square * square,
		"phi_neighbour":            bond / (n * d),
		"magnetization":            0,
		"abs_magnetization":        math.Sqrt(2 * zero / (math.Pi * n)),
		"susceptibility":           zero,
		"connected_susceptibility": zero * (1 - 2/math.Pi),
		"binder":                   0,
		"log_z":                    logZ,
	}
	if c.K > 0 && isCube(shape) {
		// S(0)/S(k) - 1 = (D(k) - D(0))/D(0), where 1 - cos k = 2 sin^2(k/2).
		known["correlation_length"] = math.Sqrt(c.K * zero)
	}
	return known
}

// eachMode calls visit with sum_mu cos k_mu of every wave vector of a lattice.
func eachMode(shape []int, visit func(cosines float64)) {
	if len(shape) == 0 {
		visit(0)
		return
	}
	for k := range shape[0] {
		cosine := math.Cos(2 * math.Pi * float64(k) / float64(shape[0]))
		eachMode(shape[1:], func(rest float64) { visit(cosine + rest) })
	}
}

// isCube reports whether all sides are equal.
func isCube(shape []int) bool {
	for _, side := range shape {
		if side != shape[0] {
			return false
		}
	}
	return true
}
