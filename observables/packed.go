package observables

import (
	"encoding/binary"
	"math/bits"

	"mcrun/models"
)

// Where the product sigma . sigma' of spins that take q states depends only on
// whether they are in the same one, it is
//
//	sigma . sigma' = 1 - q/(q-1) [s != s'],
//
// so that correlations follow from counting unequal spins, which is done on
// many at once. So it is for two-valued spins and the Potts model.

// countable reports whether it is so for a model, and returns q.
func countable(m models.Model) (q int, ok bool) {
	p, ok := m.(models.PairCoupled)
	if !ok {
		return 0, false
	}
	q = p.States()
	return q, q == 2 || p.Couplings().Pair == models.Equal
}

// meanProduct returns the mean of sigma . sigma' over n pairs of spins of which
// so many are unequal: a ratio of integers, so that 0 is 0.
func meanProduct(q, unequal, n int) float64 {
	return float64((q-1)*n-q*unequal) / float64((q-1)*n)
}

// packedLines holds the spins of a lattice as bits, such that those at a
// distance r along one direction are compared by words.
//
// Eight bytes of the state, at equal distances from each other, make one byte,
// a bit each; so 64 spins are packed by eight steps of a word, none being looked
// at. The eight are sites of eight slabs which lie at the same place within
// them, or, where there are fewer slabs, sites of eight parts of one plane.
//
// The planes of a slab, or of eight, are a ring of bytes. It is followed by a
// copy of itself, so that turning it needs no end. States of more than one bit
// have as many layers of rings.
type packedLines struct {
	lines
	spins  models.Spins
	states int
	width  int       // bytes of a plane
	layers [][]uint8 // rings and their copies in turn
}

const (
	lanes = 8                  // bytes in a word
	ones  = 0x0101010101010101 // the lowest bit of each
)

// newPackedLines returns the lines of a state, and nil if correlations do not
// follow from counting.
func newPackedLines(m models.Model, s models.State, l lines) *packedLines {
	q, ok := countable(m)
	if !ok {
		return nil
	}
	p := &packedLines{lines: l, spins: s.(models.Spins), states: q}
	rings := l.slabs
	if l.slabs >= lanes {
		p.width, rings = l.stride, (l.slabs+lanes-1)/lanes
	} else {
		p.width = (l.stride + lanes - 1) / lanes
	}
	p.layers = make([][]uint8, bits.Len(uint(q-1)))
	for layer := range p.layers {
		p.layers[layer] = make([]uint8, rings*2*p.ring())
	}
	return p
}

// ring returns the number of bytes of a ring.
func (p *packedLines) ring() int { return p.side * p.width }

// compared returns the number of bytes that are compared for one distance.
func (p *packedLines) compared() int { return len(p.layers) * len(p.layers[0]) / 2 }

// correlation reads C(r) along the lines.
func (p *packedLines) correlation(dst []float64) {
	p.pack()
	for r := range dst {
		dst[r] = meanProduct(p.states, p.unequal(r), p.sites())
	}
}

// pack packs the spins.
func (p *packedLines) pack() {
	for layer, packed := range p.layers {
		clear(packed)
		if slab := p.side * p.stride; p.slabs >= lanes {
			for k := range p.slabs {
				packBits(packed[k/lanes*2*slab:], p.spins[k*slab:(k+1)*slab], layer, k%lanes)
			}
		} else {
			for plane := range p.slabs * p.side {
				at := plane/p.side*2*p.ring() + plane%p.side*p.width
				s := p.spins[plane*p.stride : (plane+1)*p.stride]
				for lane := 0; len(s) > 0; lane++ {
					n := min(p.width, len(s))
					packBits(packed[at:], s[:n], layer, lane)
					s = s[n:]
				}
			}
		}
		for ring := p.ring(); len(packed) > 0; packed = packed[2*ring:] {
			copy(packed[ring:], packed[:ring])
		}
	}
}

// packBits adds one bit of every state to as many bytes of dst, shifted into a
// lane.
func packBits(dst []uint8, s models.Spins, bit, lane int) {
	dst = dst[:len(s)]
	for ; len(s) >= lanes && len(dst) >= lanes; dst, s = dst[lanes:], s[lanes:] {
		w := binary.LittleEndian.Uint64(s) >> (bit & 7) & ones << (lane & 7)
		binary.LittleEndian.PutUint64(dst, binary.LittleEndian.Uint64(dst)|w)
	}
	for i, k := range s {
		dst[i] |= k >> bit & 1 << lane
	}
}

// unequal counts the sites that differ from the one r sites on.
func (p *packedLines) unequal(r int) int {
	var n int
	ring, shift := p.ring(), r*p.width
	for at := 0; at < len(p.layers[0]); at += 2 * ring {
		if len(p.layers) == 1 {
			rings := p.layers[0][at : at+2*ring]
			n += countDifferent(rings[:ring], rings[shift:shift+ring])
			continue
		}
		n += p.countDifferentAnywhere(at, at+shift, ring)
	}
	return n
}

// countDifferent counts the bits in which a and b, of equal length, differ.
func countDifferent(a, b []uint8) int {
	var n int
	for ; len(a) >= 4*lanes && len(b) >= 4*lanes; a, b = a[4*lanes:], b[4*lanes:] {
		x, y := (*[4 * lanes]uint8)(a), (*[4 * lanes]uint8)(b)
		n += bits.OnesCount64(binary.LittleEndian.Uint64(x[:])^binary.LittleEndian.Uint64(y[:])) +
			bits.OnesCount64(binary.LittleEndian.Uint64(x[lanes:])^binary.LittleEndian.Uint64(y[lanes:])) +
			bits.OnesCount64(binary.LittleEndian.Uint64(x[2*lanes:])^binary.LittleEndian.Uint64(y[2*lanes:])) +
			bits.OnesCount64(binary.LittleEndian.Uint64(x[3*lanes:])^binary.LittleEndian.Uint64(y[3*lanes:]))
	}
	for ; len(a) >= lanes && len(b) >= lanes; a, b = a[lanes:], b[lanes:] {
		n += bits.OnesCount64(binary.LittleEndian.Uint64(a) ^ binary.LittleEndian.Uint64(b))
	}
	for i, v := range a {
		n += bits.OnesCount8(v ^ b[i])
	}
	return n
}

// countDifferentAnywhere counts the bits in which the bytes from a on and from b
// on, n of each, differ in any layer.
func (p *packedLines) countDifferentAnywhere(a, b, n int) int {
	var count int
	for ; n >= lanes; a, b, n = a+lanes, b+lanes, n-lanes {
		var differ uint64
		for _, packed := range p.layers {
			differ |= binary.LittleEndian.Uint64(packed[a:]) ^ binary.LittleEndian.Uint64(packed[b:])
		}
		count += bits.OnesCount64(differ)
	}
	for i := range n {
		var differ uint8
		for _, packed := range p.layers {
			differ |= packed[a+i] ^ packed[b+i]
		}
		count += bits.OnesCount8(differ)
	}
	return count
}
