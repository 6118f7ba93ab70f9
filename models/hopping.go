package models

import "gonum.org/v1/gonum/floats"

// neighbourSums writes to dst, for every site of a periodic lattice, the sum
// of the vectors x of its 2d neighbours. A vector has len(x)/N components.
func neighbourSums(shape []int, x, dst []float64) {
	clear(dst)
	stride := len(x)
	for _, side := range shape {
		// Along this direction the lattice falls into slabs of side planes,
		// stride numbers each.
		slab := stride
		stride /= side
		for at := 0; at < len(x); at += slab {
			s, d := x[at:at+slab], dst[at:at+slab]
			add(d[stride:], s[:slab-stride])
			add(d[:slab-stride], s[stride:])
			add(d[:stride], s[slab-stride:])
			add(d[slab-stride:], s[:stride])
		}
	}
}

// add adds the numbers of s to those of d.
func add(d, s []float64) {
	d = d[:len(s)]
	for i, v := range s {
		d[i] += v
	}
}

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
