package models

import (
	"encoding/binary"
	"fmt"

	"mcrun/mc"
)

// An alphabet says what the states of a site are written as and count.
type alphabet struct {
	kind  string    // NumPy's name of an element
	code  []byte    // of each state, in a file
	value []float64 // of each state, where it is a number
}

// The alphabets of spins.
var (
	twoSpins   = alphabet{"|i1", []byte{0xff, 1}, []float64{-1, 1}}
	threeSpins = alphabet{"|i1", []byte{0xff, 0, 1}, []float64{-1, 0, 1}}
)

// colours returns the alphabet of q colours, which are no numbers.
func colours(q int) alphabet {
	a := alphabet{kind: "|u1", code: make([]byte, q)}
	for k := range a.code {
		a.code[k] = byte(k)
	}
	return a
}

// array returns the layout of a configuration on a lattice of the given sides
// or, if there are none, of so many sites.
func (a alphabet) array(sides []int, sites int) Array {
	if sides == nil {
		sides = []int{sites}
	}
	return Array{Type: a.kind, Shape: sides}
}

func (a alphabet) export(s State, dst []byte) []byte {
	for _, k := range s.(Spins) {
		dst = append(dst, a.code[k])
	}
	return dst
}

func (a alphabet) restore(s State, src []byte) error {
	spins := s.(Spins)
	if len(src) != len(spins) {
		return fmt.Errorf("models: a configuration of %d sites; expected %d", len(src), len(spins))
	}
	var state [256]int16 // of each code, and -1 where there is none
	for i := range state {
		state[i] = -1
	}
	for k, c := range a.code {
		state[c] = int16(k)
	}
	for i, c := range src {
		k := state[c]
		if k < 0 {
			return fmt.Errorf("models: site %d has the value %s; expected %s to %s, as states of this model", i, a.text(c), a.text(a.code[0]), a.text(a.code[len(a.code)-1]))
		}
		spins[i] = uint8(k)
	}
	return nil
}

// text writes an element of a file as the number it is.
func (a alphabet) text(c byte) string {
	if a.kind == "|i1" {
		return fmt.Sprint(int8(c))
	}
	return fmt.Sprint(c)
}

// component writes the number that each spin is.
func (a alphabet) component(s State, dst []float64) {
	for i, k := range s.(Spins) {
		dst[i] = a.value[k]
	}
}

// spinBytes is the memory a site of a chain takes: the spin, three copies of it
// at a checkpoint, and three 32-bit numbers, as which a local kernel keeps the
// order of visits and cluster kernels the sites or labels of clusters.
const spinBytes = 16

// hotSpins fills s with independent states, each of the q as probable.
func hotSpins(s Spins, q int, random *mc.Stream) {
	for i := range s {
		if q == 2 {
			s[i] = uint8(random.Uint64() >> 63)
		} else {
			s[i] = uint8(random.IntN(q))
		}
	}
}

// stagger fills s with the states even and odd, by the parity of the sites.
func stagger(s Spins, l *Lattice, even, odd uint8) {
	for i := range s {
		s[i] = even
		if l.Parity(i) != 0 {
			s[i] = odd
		}
	}
}

// A pairing is what sumBonds adds up for two ends of a bond.
type pairing uint8

const (
	unequalSpins   pairing = iota // 1 if two states 0 or 1 differ
	unequalColours                // 1 if any two states differ
	products                      // the product of two of the spins -1, 0, 1
)

// sum returns the sum over pairs of sites from a and b, of equal length.
func (p pairing) sum(a, b Spins) int {
	switch p {
	case unequalSpins:
		return countUnequal(a, b)
	case unequalColours:
		return countUnequalColours(a, b)
	}
	return sumProducts(a, b)
}

// endsAtOnce is how many rows of a lattice sumBonds closes at once.
const endsAtOnce = 64

// sumBonds returns the sum over all bonds of a periodic lattice.
func sumBonds(shape []int, s Spins, p pairing) int {
	var n int
	stride := len(s)
	for _, side := range shape {
		// Along this direction the lattice falls into slabs of side planes,
		// stride sites each. One pass compares every plane with the next;
		// the last plane of a slab must then be compared with the first
		// of its own slab instead of the first of the next.
		slab := stride
		stride /= side
		n += p.sum(s[:len(s)-stride], s[stride:])
		if stride == 1 { // the innermost direction has the most slabs
			n += closeRows(s, side, p)
			continue
		}
		for at := 0; at < len(s); at += slab {
			last := s[at+slab-stride : at+slab]
			n += p.sum(last, s[at:at+stride])
			if next := at + slab; next < len(s) {
				n -= p.sum(last, s[next:next+stride])
			}
		}
	}
	return n
}

// closeRows compares the last site of every row with the first of the same
// row instead of the next.
func closeRows(s Spins, side int, p pairing) int {
	var n int
	if p == unequalSpins { // without gathering, which matters for short rows
		end := len(s) - side
		n = int(s[end] ^ s[len(s)-1])
		for at := 0; at < end; at += side {
			last := s[at+side-1]
			n += int(last^s[at]) - int(last^s[at+side])
		}
		return n
	}
	var first, last [endsAtOnce]uint8
	for len(s) > 0 {
		rows := min(len(s)/side, endsAtOnce)
		at := 0
		for r := range rows {
			first[r], last[r] = s[at], s[at+side-1]
			at += side
		}
		n += p.sum(last[:rows], first[:rows]) - p.sum(last[:rows-1], first[1:rows])
		s = s[at:]
		if len(s) > 0 {
			n -= p.sum(last[rows-1:rows], s[:1])
		}
	}
	return n
}

// Eight sites are counted at once as the bytes of a word; after at most 255
// words the bytes of the sum, to each of which a word adds 1 at most, are added
// up before they overflow.
const (
	lanes    = 8
	maxWords = 255

	ones = 0x0101010101010101 // 1 in each byte
)

// word returns the i-th of four words, at the speed of four where a loop is
// turned once.
func word(b *[4 * lanes]uint8, i int) uint64 { return binary.LittleEndian.Uint64(b[i*lanes:]) }

// addLanes returns the sum of the bytes of a word.
func addLanes(w uint64) int {
	const even = 0x00ff00ff00ff00ff
	w = w&even + w>>8&even
	return int(w * 0x0001000100010001 >> 48)
}

// countUp counts the spins that are 1, where all are 0 or 1.
func countUp(s Spins) int {
	var n int
	for len(s) >= lanes {
		block := s[:min(len(s)&^(lanes-1), lanes*maxWords)]
		s = s[len(block):]
		var sum uint64
		for ; len(block) >= 4*lanes; block = block[4*lanes:] {
			b := (*[4 * lanes]uint8)(block)
			sum += word(b, 0) + word(b, 1) + word(b, 2) + word(b, 3)
		}
		for ; len(block) >= lanes; block = block[lanes:] {
			sum += binary.LittleEndian.Uint64(block)
		}
		n += addLanes(sum)
	}
	for _, v := range s {
		n += int(v)
	}
	return n
}

// magnetization returns m of two-valued spins.
func magnetization(s Spins) float64 { return float64(2*countUp(s)-len(s)) / float64(len(s)) }

// countBit counts the states in which a bit is set.
func countBit(s Spins, bit int) int {
	var n int
	for len(s) >= lanes {
		block := s[:min(len(s)&^(lanes-1), lanes*maxWords)]
		s = s[len(block):]
		var sum uint64
		for ; len(block) >= lanes; block = block[lanes:] {
			sum += binary.LittleEndian.Uint64(block) >> bit & ones
		}
		n += addLanes(sum)
	}
	for _, v := range s {
		n += int(v >> bit & 1)
	}
	return n
}

// countUnequal counts the places in which a and b, of equal length, differ,
// where all spins are 0 or 1.
func countUnequal(a, b Spins) int {
	var n int
	for len(a) >= lanes {
		k := min(len(a)&^(lanes-1), lanes*maxWords)
		x, y := a[:k], b[:k]
		a, b = a[k:], b[k:]
		var sum uint64
		i := 0
		for ; i <= k-4*lanes; i += 4 * lanes {
			a, b := (*[4 * lanes]uint8)(x[i:i+4*lanes]), (*[4 * lanes]uint8)(y[i:i+4*lanes])
			sum += word(a, 0) ^ word(b, 0)
			sum += word(a, 1) ^ word(b, 1)
			sum += word(a, 2) ^ word(b, 2)
			sum += word(a, 3) ^ word(b, 3)
		}
		for ; i < k; i += lanes {
			sum += binary.LittleEndian.Uint64(x[i:]) ^ binary.LittleEndian.Uint64(y[i:])
		}
		n += addLanes(sum)
	}
	for i, v := range a {
		n += int(v ^ b[i])
	}
	return n
}

// countUnequalColours counts the places in which a and b, of equal length,
// differ.
func countUnequalColours(a, b Spins) int {
	const low = 0x7f * ones // all bits of a byte but the highest
	var n int
	for len(a) >= lanes {
		k := min(len(a)&^(lanes-1), lanes*maxWords)
		x, y := a[:k], b[:k]
		a, b = a[k:], b[k:]
		var sum uint64
		for i := 0; i < k; i += lanes {
			differ := binary.LittleEndian.Uint64(x[i:]) ^ binary.LittleEndian.Uint64(y[i:])
			sum += (differ&low + low | differ) >> 7 & ones
		}
		n += addLanes(sum)
	}
	for i, v := range a {
		if v != b[i] {
			n++
		}
	}
	return n
}

// sumProducts returns the sum of the products of the spins -1, 0 and 1 that
// the states of a and b, of equal length, are. State 1, the spin 0, is the one
// whose lowest bit is set; the second bit is the sign.
func sumProducts(a, b Spins) int {
	var n int
	for len(a) >= lanes {
		k := min(len(a)&^(lanes-1), lanes*maxWords)
		x, y := a[:k], b[:k]
		a, b = a[k:], b[k:]
		var both, unlike uint64 // neither spin is 0; and their signs differ
		for i := 0; i < k; i += lanes {
			u, v := binary.LittleEndian.Uint64(x[i:]), binary.LittleEndian.Uint64(y[i:])
			w := ^(u | v) & ones
			both += w
			unlike += (u ^ v) >> 1 & w
		}
		n += addLanes(both) - 2*addLanes(unlike)
	}
	for i, v := range a {
		n += (int(v) - 1) * (int(b[i]) - 1)
	}
	return n
}
