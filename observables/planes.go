package observables

import (
	"encoding/binary"

	"mcrun/models"
)

// planes projects the spins of a lattice on its axes: for every direction it
// sums them over the planes that are perpendicular to it. A Fourier mode along
// an axis is one of the L sums, so that no more is done for N sites than to add
// them up once.
type planes struct {
	sides      []int
	components int
	project    func(component int) // writes sums
	sums       [][]float64         // of a direction, those of its planes
	rest       [][]float64         // of a direction, the sums along it and those before
}

// newPlanes returns the projection of a state of a model with SpinField and
// Regular.
func newPlanes(m models.Model, s models.State) *planes {
	p := &planes{sides: sides(m)}
	n := m.Sites()
	for _, side := range p.sides {
		n /= side
		p.sums = append(p.sums, make([]float64, side))
		p.rest = append(p.rest, make([]float64, n))
	}
	if k, ok := m.(models.PairCoupled); ok && k.Couplings().Pair == models.Product {
		p.components = 1
		p.project = p.ofSpins(s.(models.Spins), k.States())
		return p
	}
	field := m.(models.SpinField)
	sigma := make([]float64, m.Sites())
	p.components = field.Components()
	p.project = func(component int) {
		field.Component(s, component, sigma)
		p.reduce(sigma, 0)
	}
	return p
}

// reduce writes the sums of the directions from mu on of a field on the
// lattice of their sides. Each direction adds up the planes of the one before,
// and leaves one of them to the next.
func (p *planes) reduce(field []float64, mu int) {
	last := len(p.sides) - 1
	for ; mu < last; mu++ {
		rest := p.rest[mu]
		clear(rest)
		for x := range p.sums[mu] {
			p.sums[mu][x] = addTo(rest, field[x*len(rest):])
		}
		field = rest
	}
	copy(p.sums[last], field)
}

// addTo adds as many numbers of v to dst as it has, and returns their sum.
func addTo(dst, v []float64) float64 {
	v = v[:len(dst)]
	var a, b, c, d float64
	for ; len(dst) >= 4 && len(v) >= 4; dst, v = dst[4:], v[4:] {
		dst[0] += v[0]
		dst[1] += v[1]
		dst[2] += v[2]
		dst[3] += v[3]
		a += v[0]
		b += v[1]
		c += v[2]
		d += v[3]
	}
	for i, x := range v {
		dst[i] += x
		a += x
	}
	return (a + b) + (c + d)
}

// ofSpins returns the projection of spins with q values, of which state k is
// 2k/(q-1) - 1. Their states are added up as bytes, eight at a time.
func (p *planes) ofSpins(s models.Spins, q int) func(int) {
	slope := 2 / float64(q-1)
	if len(p.sides) == 1 {
		return func(int) {
			for i, k := range s {
				p.sums[0][i] = slope*float64(k) - 1
			}
		}
	}
	side, rest := p.sides[0], p.rest[0]
	most := 255 / (q - 1) // planes whose states add up in a byte
	count := make([]uint8, len(rest))
	return func(int) {
		for j := range rest {
			rest[j] = -float64(side)
		}
		for x := range side {
			sum := addBytes(count, s[x*len(rest):], most)
			p.sums[0][x] = slope*float64(sum) - float64(len(rest))
			if (x+1)%most == 0 || x == side-1 {
				for j, k := range count {
					rest[j] += slope * float64(k)
				}
				clear(count)
			}
		}
		p.reduce(rest, 1)
	}
}

// addBytes adds as many bytes of v to dst as it has, and returns their sum. So
// many of them as most add up in a byte.
func addBytes(dst []uint8, v []uint8, most int) int {
	v = v[:len(dst)]
	var sum int
	for len(v) >= lanes {
		n := min(len(v)/lanes, most) * lanes
		var block uint64
		for d, v := dst[:n], v[:n]; len(v) >= lanes && len(d) >= lanes; d, v = d[lanes:], v[lanes:] {
			w := binary.LittleEndian.Uint64(v)
			binary.LittleEndian.PutUint64(d, binary.LittleEndian.Uint64(d)+w)
			block += w
		}
		dst, v = dst[n:], v[n:]
		const even = 0x00ff00ff00ff00ff
		block = block&even + block>>8&even
		sum += int(block * 0x0001000100010001 >> 48)
	}
	for i, k := range v {
		dst[i] += k
		sum += int(k)
	}
	return sum
}
