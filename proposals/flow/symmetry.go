package flow

import "mcrun/proposals/flow/kern"

// An element of a symmetry group maps x to the configuration whose coordinate
// to[i] is sign x_i.
type element struct {
	sign    float64
	to      []int // nil where coordinates stay in their places
	inverse int   // the number of the inverse element
}

// symmetries returns the elements of a group, the identity first.
func symmetries(name string) []element {
	if name == "z2" {
		return []element{{sign: 1, inverse: 0}, {sign: -1, inverse: 1}}
	}
	return []element{{sign: 1}}
}

// place returns to[i].
func (e *element) place(i int) int {
	if e.to == nil {
		return i
	}
	return e.to[i]
}

// image writes the image of a chunk of n columns to dst.
func image[T kern.Float](dst, x []T, e *element, n int) {
	sign := T(e.sign)
	for i := range len(x) / n {
		row := dst[e.place(i)*n:][:n]
		for c, v := range x[i*n:][:n] {
			row[c] = sign * v
		}
	}
}

// imageBack adds to g the gradient to x, given that to its image.
func imageBack[T kern.Float](g, gimage []T, e *element, n int) {
	sign := T(e.sign)
	for i := range len(g) / n {
		row := g[i*n:][:n]
		for c, v := range gimage[e.place(i)*n:][:n] {
			row[c] += sign * v
		}
	}
}

// pack writes configurations, one after the other, to the columns of a chunk,
// each as it was before its element of the group, which h numbers, acted on it. A
// nil h stands for the identity. Columns that no configuration is left for
// repeat the last.
func pack[T, S kern.Float](dst []T, x []S, group []element, h []int, dim, columns int) {
	count := len(x) / dim
	for c := range columns {
		k := min(c, count-1)
		e := &group[0]
		if h != nil {
			e = &group[h[k]]
		}
		sign, config := T(e.sign), x[k*dim:(k+1)*dim]
		for i := range config {
			dst[i*columns+c] = sign * T(config[e.place(i)])
		}
	}
}

// unpack writes the images of the columns of a chunk under their elements of
// the group, as configurations one after the other, to dst, which says how many.
func unpack[T kern.Float](dst []float64, y []T, group []element, h []int, dim, columns int) {
	for c := range len(dst) / dim {
		e := &group[0]
		if h != nil {
			e = &group[h[c]]
		}
		config := dst[c*dim : (c+1)*dim]
		for i := range config {
			config[e.place(i)] = e.sign * float64(y[i*columns+c])
		}
	}
}
