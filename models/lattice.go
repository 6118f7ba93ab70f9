package models

import (
	"math"
	"slices"

	"mcrun/mc/param"
)

// A Lattice is a periodic hypercubic lattice. Sites are numbered in row-major
// order: the last coordinate runs fastest. Site i has 2d neighbours, d the
// number of dimensions; a bond is one (site, direction) pair, so there are
// N d bonds, and a side of length 2 carries each neighbour pair twice.
type Lattice struct {
	shape     []int
	sites     int
	neighbour []uint32 // 2d a site: +1 and -1 along direction 0, then 1, ...
}

// maxSites bounds the number of sites of a lattice: neighbours are held as
// 32-bit numbers.
const maxSites = math.MaxUint32

// NewLattice returns the lattice of the given sides. It panics if there is
// none, if one is shorter than 2 or if the sites are too many to number.
func NewLattice(shape ...int) *Lattice {
	if checkShape(shape) != nil {
		panic("models: a lattice's sides must be 2 or longer and its sites fewer than 2^32")
	}
	l := &Lattice{shape: slices.Clone(shape), sites: product(shape)}
	d := len(shape)
	l.neighbour = make([]uint32, 2*d*l.sites)
	stride := l.sites
	for mu, side := range shape {
		stride /= side
		for i := range l.sites {
			x := i / stride % side
			up, down := i+stride, i-stride
			if x == side-1 {
				up -= side * stride
			}
			if x == 0 {
				down += side * stride
			}
			l.neighbour[2*(d*i+mu)] = uint32(up)
			l.neighbour[2*(d*i+mu)+1] = uint32(down)
		}
	}
	return l
}

// Shape returns the sides, slowest coordinate first, to be read only.
func (l *Lattice) Shape() []int { return l.shape }

// Sites returns the number N of sites.
func (l *Lattice) Sites() int { return l.sites }

// Dims returns the number d of dimensions.
func (l *Lattice) Dims() int { return len(l.shape) }

// Neighbours returns the 2d neighbours of site i, along each direction first
// that of the next higher coordinate and then that of the next lower, to be
// read only.
func (l *Lattice) Neighbours(i int) []uint32 {
	z := 2 * len(l.shape)
	return l.neighbour[z*i : z*i+z : z*i+z]
}

// Parity returns the parity of the sum of a site's coordinates. Where all sides
// are even, neighbours differ in it.
func (l *Lattice) Parity(i int) int {
	var p int
	for _, side := range slices.Backward(l.shape) {
		p += i % side
		i /= side
	}
	return p & 1
}

// NeighbourTable returns the neighbours of all sites, 2d a site, to be read
// only.
func (l *Lattice) NeighbourTable() []uint32 { return l.neighbour }

// checkShape says what is wrong with the sides of a lattice on a card.
func checkShape(shape []int) error {
	if len(shape) == 0 {
		return &param.Error{Key: "shape", Problem: "has no sides", Expected: "a list of side lengths, as [16, 16]"}
	}
	n := 1.0
	for _, side := range shape {
		if side < 2 {
			return &param.Error{Key: "shape", Problem: "has a side shorter than 2", Expected: "sides of 2 or more; leave a side of 1 out"}
		}
		n *= float64(side)
	}
	if n > maxSites {
		return &param.Error{Key: "shape", Problem: "has too many sites", Expected: "fewer than 2^32 sites"}
	}
	return nil
}

func product(shape []int) int {
	n := 1
	for _, side := range shape {
		n *= side
	}
	return n
}

// evenSides reports whether all sides are even, so that neighbours differ in
// the parity of their coordinates.
func evenSides(shape []int) bool {
	return !slices.ContainsFunc(shape, func(side int) bool { return side%2 != 0 })
}

// sites returns the number of sites, also where it does not fit an int.
func sites(shape []int) float64 {
	n := 1.0
	for _, side := range shape {
		n *= float64(side)
	}
	return n
}

// latticeBytes returns the memory of the table of neighbours.
func latticeBytes(shape []int) float64 { return 8 * float64(len(shape)) * sites(shape) }
