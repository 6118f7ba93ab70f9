package models

import (
	"math"

	"gonum.org/v1/gonum/floats"
)

// A Bond couples two sites.
type Bond struct {
	I, J     int
	Coupling float64 // J_ij
}

// A Graph is a set of sites with bonds, each of a coupling of its own, and
// with fields. Bonds between the same pair of sites add up.
type Graph struct {
	first     []uint32 // of site i's neighbours, and their end at i + 1
	neighbour []uint32
	coupling  []float64 // of the bond to each neighbour
	field     []float64
}

// maxBonds bounds the number of bonds of a graph: their ends are counted by
// 32-bit numbers.
const maxBonds = math.MaxUint32 / 2

const (
	badBond  = "models: a bond does not join two different sites of the graph"
	badBonds = "models: a graph has 2^31 bonds or more"
)

// NewGraph returns the graph of so many sites. Fields has one for each site,
// or is nil if there are none. It panics if a bond does not join two different
// sites, or if the bonds are 2^31 or more.
func NewGraph(sites int, bonds []Bond, fields []float64) *Graph {
	if len(bonds) > maxBonds {
		panic(badBonds)
	}
	g := &Graph{first: make([]uint32, sites+1), field: make([]float64, sites)}
	copy(g.field, fields)
	for _, b := range bonds {
		if b.I == b.J || min(b.I, b.J) < 0 || max(b.I, b.J) >= sites {
			panic(badBond)
		}
		g.first[b.I+1]++
		g.first[b.J+1]++
	}
	for i := range sites {
		g.first[i+1] += g.first[i]
	}
	g.neighbour = make([]uint32, 2*len(bonds))
	g.coupling = make([]float64, 2*len(bonds))
	next := make([]uint32, sites)
	copy(next, g.first)
	for _, b := range bonds {
		for _, end := range [2][2]int{{b.I, b.J}, {b.J, b.I}} {
			at := next[end[0]]
			g.neighbour[at], g.coupling[at] = uint32(end[1]), b.Coupling
			next[end[0]]++
		}
	}
	return g
}

// Sites returns the number N of sites.
func (g *Graph) Sites() int { return len(g.field) }

// Neighbours returns the sites that site i has bonds to, in the order of the
// bonds, to be read only.
func (g *Graph) Neighbours(i int) []uint32 { return g.neighbour[g.first[i]:g.first[i+1]] }

// Strengths returns the couplings J_ij of site i to each of its Neighbours, to
// be read only.
func (g *Graph) Strengths(i int) []float64 { return g.coupling[g.first[i]:g.first[i+1]] }

// largestRow returns the largest sum of the absolute couplings of a site.
func (g *Graph) largestRow() (largest float64) {
	for i := range g.Sites() {
		largest = max(largest, floats.Norm(g.Strengths(i), 1))
	}
	return largest
}

// Field returns the field h_i of site i.
func (g *Graph) Field(i int) float64 { return g.field[i] }

// local returns sum_j J_ij s_j + h_i, of two-valued spins.
func (g *Graph) local(s Spins, i int) float64 {
	sum := g.field[i]
	strengths := g.Strengths(i)
	for n, j := range g.Neighbours(i) {
		sum += strengths[n] * float64(2*int(s[j])-1)
	}
	return sum
}

// energyChange returns what it costs to turn the spin of site i, of two
// values, to state k.
func (g *Graph) energyChange(s Spins, i int, k uint8) float64 {
	if s[i] == k {
		return 0
	}
	return 2 * g.local(s, i) * float64(2*int(s[i])-1)
}

// energy returns H of two-valued spins.
func (g *Graph) energy(s Spins) float64 {
	var e float64
	for i, k := range s {
		var sum float64
		strengths := g.Strengths(i)
		for n, j := range g.Neighbours(i) {
			sum += strengths[n] * float64(2*int(s[j])-1)
		}
		e -= (sum/2 + g.field[i]) * float64(2*int(k)-1) // both ends see a bond
	}
	return e
}

// graphBytes returns the memory of a graph.
func graphBytes(sites, bonds float64) float64 { return 12*sites + 24*bonds }

// graphChainBytes returns the memory of a chain of spins on a graph, where
// kernels keep a 64-bit threshold for either end of each bond, and for each site
// where its thresholds begin, and its field and the threshold of that.
func graphChainBytes(sites, bonds float64) float64 { return (spinBytes+20)*sites + 16*bonds }

// cold returns a configuration of two-valued spins: if no loop is frustrated,
// one that satisfies all bonds, each connected part of it turned so that it
// gains from the fields; else all spins along their fields, or up.
func (g *Graph) cold() Spins {
	t := newSigns(g.Sites())
	frustrated := false
	for i := range g.Sites() {
		strengths := g.Strengths(i)
		for n, j := range g.Neighbours(i) {
			frustrated = frustrated || !t.join(uint32(i), j, strengths[n])
		}
	}
	s := make(Spins, g.Sites())
	gain := make([]float64, g.Sites()) // sum of h s over a part with its root up
	for i := range s {
		root, unlike := t.find(uint32(i))
		s[i] = 1 - unlike
		gain[root] += g.field[i] * float64(2*int(s[i])-1)
	}
	for i := range s {
		root, _ := t.find(uint32(i))
		switch {
		case frustrated && g.field[i] >= 0:
			s[i] = 1
		case frustrated:
			s[i] = 0
		case gain[root] < 0:
			s[i] ^= 1
		}
	}
	return s
}

// frustrated reports whether no configuration satisfies all bonds: whether some
// loop has an odd number of negative couplings.
func frustrated(sites int, bonds []Bond) bool {
	t := newSigns(sites)
	for _, b := range bonds {
		if !t.join(uint32(b.I), uint32(b.J), b.Coupling) {
			return true
		}
	}
	return false
}

// signs are trees of sites whose relative signs bonds have settled: disjoint
// sets with parities (Tarjan, J. ACM 22, 215 (1975)), paths halved.
type signs struct {
	parent []uint32
	unlike []uint8 // 1 if the sign differs from the parent's
	size   []uint32
}

func newSigns(sites int) *signs {
	t := &signs{make([]uint32, sites), make([]uint8, sites), make([]uint32, sites)}
	for i := range t.parent {
		t.parent[i], t.size[i] = uint32(i), 1
	}
	return t
}

// find returns the root of a site's tree and whether their signs differ.
func (t *signs) find(i uint32) (root uint32, unlike uint8) {
	for t.parent[i] != i {
		up := t.parent[i]
		t.unlike[i] ^= t.unlike[up] // 0 if up is the root
		t.parent[i] = t.parent[up]
		unlike ^= t.unlike[i]
		i = t.parent[i]
	}
	return i, unlike
}

// join settles the relative sign of two sites. It returns false if bonds before
// have settled it to the contrary.
func (t *signs) join(i, j uint32, coupling float64) bool {
	if coupling == 0 {
		return true
	}
	a, s := t.find(i)
	b, u := t.find(j)
	s ^= u
	if coupling < 0 {
		s ^= 1
	}
	if a == b {
		return s == 0
	}
	if t.size[a] < t.size[b] {
		a, b = b, a
	}
	t.parent[b], t.unlike[b] = a, s
	t.size[a] += t.size[b]
	return true
}
