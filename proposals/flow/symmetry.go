package flow

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"mcrun/mc/param"
	"mcrun/proposals/flow/kern"
)

// An element of a symmetry group maps x to the configuration whose coordinate
// to[i] is sign x_i.
type element struct {
	sign    float64
	to      []int // nil where coordinates stay in their places
	inverse int   // the number of the inverse element
}

// maxSymmetries bounds the order of a group: a density takes as many passes of
// inference through the flow.
const maxSymmetries = 64

// The parts of the name of a group, joined by "+".
const (
	noSymmetry   = "none"
	signSymmetry = "z2"           // x -> -x
	translations = "translations" // of a periodic lattice
	pointGroup   = "point"        // reflections, and exchanges of directions of equal sides
)

// order returns how many elements a group has at most, those being counted twice
// that are alike on a lattice with sides of 2. The error says which part of the
// name is none.
func order(name string, sides []int) (float64, error) {
	n := 1.0
	if name == noSymmetry {
		return n, nil
	}
	seen := map[string]bool{}
	for part := range strings.SplitSeq(name, "+") {
		switch {
		case seen[part]:
			return 0, &param.Error{Key: "symmetry", Problem: fmt.Sprintf("has %s twice", part), Expected: "each once"}
		case part == signSymmetry:
			n *= 2
		case part != translations && part != pointGroup:
			return 0, &param.Error{Key: "symmetry", Problem: fmt.Sprintf("is %s", param.Format(name)), Expected: "none, or z2, translations and point, joined by +"}
		case sides == nil:
			return 0, &param.Error{Key: "symmetry", Problem: fmt.Sprintf("has %s, which are of a periodic lattice with one number a site", part), Expected: "none or z2"}
		case part == translations:
			n *= float64(product(sides))
		default:
			n *= math.Pow(2, float64(len(sides)))
			for mu := range sides {
				equal := 1.0 // sides so far, this one included
				for _, side := range sides[:mu] {
					if side == sides[mu] {
						equal++
					}
				}
				n *= equal
			}
		}
		seen[part] = true
	}
	if n > maxSymmetries {
		return 0, &param.Error{Key: "symmetry", Problem: fmt.Sprintf("is a group of %g elements, and a density takes as many passes", n), Expected: fmt.Sprintf("at most %d", maxSymmetries)}
	}
	return n, nil
}

// symmetries returns the elements of a group that [order] allows, the identity
// first, each once.
func symmetries(name string, sides []int) []element {
	has := func(part string) bool { return slices.Contains(strings.Split(name, "+"), part) }
	signs := []float64{1}
	if has(signSymmetry) {
		signs = []float64{1, -1}
	}
	if !has(translations) && !has(pointGroup) {
		var group []element
		for k, sign := range signs {
			group = append(group, element{sign: sign, inverse: k})
		}
		return group
	}
	shifts := make([]int, len(sides)) // how many along each direction
	for mu := range shifts {
		shifts[mu] = 1
		if has(translations) {
			shifts[mu] = sides[mu]
		}
	}
	axes, flips := [][]int{indices(len(sides))}, make([]int, len(sides))
	for mu := range flips {
		flips[mu] = 1
		if has(pointGroup) {
			flips[mu] = 2
		}
	}
	if has(pointGroup) {
		axes = exchanges(sides)
	}
	var group []element
	numbers := map[string]int{}
	for _, sign := range signs {
		each(shifts, func(shift []int) {
			for _, axis := range axes {
				each(flips, func(flip []int) {
					e := element{sign: sign, to: make([]int, 0, product(sides))}
					each(sides, func(at []int) {
						site := 0
						for mu, side := range sides {
							v := at[axis[mu]]
							if flip[mu] == 1 {
								v = side - v
							}
							site = site*side + (v+shift[mu])%side
						}
						e.to = append(e.to, site)
					})
					key := fmt.Sprint(sign, e.to)
					if _, ok := numbers[key]; !ok {
						numbers[key] = len(group)
						group = append(group, e)
					}
				})
			}
		})
	}
	for k := range group {
		e := &group[k]
		back := make([]int, len(e.to))
		for i, j := range e.to {
			back[j] = i
		}
		e.inverse = numbers[fmt.Sprint(e.sign, back)]
	}
	return group
}

// exchanges returns the permutations of directions that leave the sides as they
// are, the identity first.
func exchanges(sides []int) [][]int {
	var list [][]int
	var extend func(axis []int)
	extend = func(axis []int) {
		mu := len(axis)
		if mu == len(sides) {
			list = append(list, slices.Clone(axis))
			return
		}
		for nu, side := range sides {
			if side == sides[mu] && !slices.Contains(axis, nu) {
				extend(append(axis, nu))
			}
		}
	}
	extend(nil)
	return list
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
