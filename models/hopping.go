package models

import "gonum.org/v1/gonum/floats"

// bondSum returns the sum of the scalar products of the vectors x at the two
// ends of all bonds of a periodic lattice.
func bondSum(shape []int, x []float64) float64 {
	var sum float64
	stride := len(x)
	for _, side := range shape {
		slab := stride
		stride /= side
		for at := 0; at < len(x); at += slab {
			s := x[at : at+slab]
			sum += floats.Dot(s[:slab-stride], s[stride:])
			sum += floats.Dot(s[slab-stride:], s[:stride])
		}
	}
	return sum
}
