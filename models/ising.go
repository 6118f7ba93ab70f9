package models

import (
	"encoding/binary"
	"math"
	"slices"

	"mcrun/mc"
	"mcrun/mc/param"
)

// Ising is the Ising model on a periodic hypercubic lattice,
//
//	H = -J sum_<ij> s_i s_j - h sum_i s_i,   s_i = +-1,
//
// ferromagnetic where J > 0. In two dimensions and without a field its
// critical temperature is T_c = 2/ln(1+sqrt 2) = 2.269185314213022 |J|.
type Ising struct {
	Periodic
	Thermal
	J float64 `card:"J" default:"1" doc:"coupling; ferromagnetic where positive"`
	H float64 `card:"h" default:"0" doc:"magnetic field"`

	couplings Couplings
}

var (
	_ PairCoupled = (*Ising)(nil)
	_ Energetic   = (*Ising)(nil)
	_ Magnetic    = (*Ising)(nil)
	_ Exact       = (*Ising)(nil)
)

func init() {
	Register(Entry{
		Name: "ising",
		Doc:  "Ising model: H = -J sum s_i s_j - h sum s_i, s = +-1",
		New:  func() Spec { return new(Ising) },
		Example: []param.Setting{
			{Key: "shape", Value: []int{16, 16}},
			{Key: "temperature", Value: 2.269185314213022}, // T_c of the square lattice
		},
	})
}

// maxIsingEnergy bounds the energy of a configuration, with and without beta,
// so that sums over a chain of fourth powers of H, which its errors take, are
// finite.
const maxIsingEnergy = 1e70

// Validate checks what the keys say together: that neither the energies of
// the configurations, which are N (|J| d + |h|) at most on N sites in d
// dimensions, nor beta times them are too large to be averaged.
func (m *Ising) Validate() error {
	n := float64(m.Sites())
	bonds, field := n*float64(len(m.Shape))*math.Abs(m.J), n*math.Abs(m.H)
	beta := "beta"
	if m.InverseT == nil {
		beta = "temperature"
	}
	switch energy := bonds + field; {
	case energy > maxIsingEnergy && bonds >= field:
		return &param.Error{Key: "J", Problem: "so large that averages of the energy overflow", Expected: "a coupling of order one"}
	case energy > maxIsingEnergy:
		return &param.Error{Key: "h", Problem: "so large that averages of the energy overflow", Expected: "a field of order one"}
	case m.Beta()*max(1, energy) > maxIsingEnergy:
		return &param.Error{Key: beta, Problem: "so far from J and h that averages of beta H overflow", Expected: "a temperature of the order of J and h"}
	}
	return nil
}

// Sites implements Model.
func (m *Ising) Sites() int { return product(m.Shape) }

// Bytes implements Model.
func (m *Ising) Bytes() (chain, tables float64) {
	n := 1.0
	for _, side := range m.Shape {
		n *= float64(side)
	}
	// Spins, three copies of them at a checkpoint, and the two 32-bit numbers
	// a site that cluster kernels keep; the table of neighbours.
	return 12 * n, 8 * float64(len(m.Shape)) * n
}

// Prepare implements Model.
func (m *Ising) Prepare() error {
	m.couplings = Couplings{J: m.J, H: m.H, Lattice: NewLattice(m.Shape...)}
	return nil
}

// NewState implements Model. A cold start has all spins up, or down in a
// negative field; of an antiferromagnet on a lattice of even sides it is the
// staggered order.
func (m *Ising) NewState(start Start, random *mc.Stream) State {
	s := make(Spins, m.Sites())
	switch {
	case start == Hot:
		for i := range s {
			s[i] = uint8(random.Uint64() >> 63)
		}
	case m.J < 0 && evenSides(m.Shape):
		for i := range s {
			s[i] = uint8(1 - m.couplings.Lattice.Parity(i))
		}
	case m.H >= 0:
		for i := range s {
			s[i] = 1
		}
	}
	return s
}

// States implements Discrete.
func (m *Ising) States() int { return 2 }

// EnergyChange implements Discrete.
func (m *Ising) EnergyChange(s Spins, i int, k uint8) float64 {
	if s[i] == k {
		return 0
	}
	var up int
	neighbours := m.couplings.Lattice.Neighbours(i)
	for _, j := range neighbours {
		up += int(s[j])
	}
	local := m.J*float64(2*up-len(neighbours)) + m.H
	return 2 * local * float64(2*int(s[i])-1)
}

// Couplings implements PairCoupled.
func (m *Ising) Couplings() *Couplings { return &m.couplings }

// Energy implements Energetic.
func (m *Ising) Energy(s State) float64 {
	spins := s.(Spins)
	bonds := len(spins) * len(m.Shape)
	e := -m.J * float64(bonds-2*m.broken(spins))
	if m.H != 0 {
		e -= m.H * float64(2*countUp(spins)-len(spins))
	}
	return e
}

// Magnetization implements Magnetic.
func (m *Ising) Magnetization(s State) float64 {
	spins := s.(Spins)
	return float64(2*countUp(spins)-len(spins)) / float64(len(spins))
}

// broken counts the bonds that join unequal spins.
func (m *Ising) broken(s Spins) int {
	var n int
	stride := len(s)
	for _, side := range m.Shape {
		// Along this direction the lattice falls into slabs of side planes,
		// stride sites each. One pass compares every plane with the next;
		// the last plane of a slab must then be compared with the first
		// of its own slab instead of the first of the next.
		slab := stride
		stride /= side
		n += countUnequal(s[:len(s)-stride], s[stride:])
		if stride == 1 { // the innermost direction has the most slabs
			end := len(s) - side
			n += int(s[end] ^ s[len(s)-1])
			for at := 0; at < end; at += side {
				last := s[at+side-1]
				n += int(last^s[at]) - int(last^s[at+side])
			}
			continue
		}
		for at := 0; at < len(s); at += slab {
			last := s[at+slab-stride : at+slab]
			n += countUnequal(last, s[at:at+stride])
			if next := at + slab; next < len(s) {
				n -= countUnequal(last, s[next:next+stride])
			}
		}
	}
	return n
}

// Eight spins, each 0 or 1, are counted at once as the bytes of a word; after
// at most 255 words the bytes of the sum are added up before they overflow.
const (
	lanes    = 8
	maxWords = 255
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

// countUp counts the spins that are 1.
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

// countUnequal counts the places in which a and b, of equal length, differ.
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

// evenSides reports whether all sides are even, so that neighbours differ in
// the parity of their coordinates.
func evenSides(shape []int) bool {
	return !slices.ContainsFunc(shape, func(side int) bool { return side%2 != 0 })
}
