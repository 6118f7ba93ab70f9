package models

import (
	"math"
	"math/bits"
	"slices"
)

const (
	// maxTransferWidth bounds the number of sites of a cross-section.
	maxTransferWidth = 11

	// maxTransferWork bounds the calls' number of pairs of tallies, of 3 to 7 ns
	// each: about a third of a second.
	maxTransferWork = 6e7

	// maxTransferExponent bounds 2|beta J| times the number of sites of a
	// cross-section, the logarithm of the largest ratio between the future
	// weights of two of its states. So a weight that underflows, below e^-700
	// of the largest, is below e^-350 of the result, and the traces that start
	// in different states differ by less than e^350, which does not overflow.
	maxTransferExponent = 350
)

// TransferMatrix returns the moments of the Ising model
// H = -j sum_<ij> s_i s_j - h sum_i s_i on a periodic hypercubic lattice at
// inverse temperature beta, from its transfer matrix along the longest side,
// for every sign of j and h. Each site has one bond in each direction, so that
// a side of length 2 carries each neighbour pair twice. For L layers the
// rounding errors are some 1e-15 + 1e-17 L of LogZ, of the ground state's
// energy, of 1 in the moments of m, and of N (beta H/N)^2 in SpecificHeat.
//
// All moments are given where the partition function for each magnetisation
// takes less than about a third of a second to find: on 8 x 8, 9 x 9, 8 x 16, a
// ring of 7000 sites and, where h = 0, 2 x 5 x 5 and 3 x 3 x 10. Beyond these
// AbsMag and Mag4 are NaN, up to lattices as 10 x 50, 11 x 11 or 3 x 3 x 100.
// TransferMatrix returns false where even that would take longer, and where 2|beta j| times
// the number of sites of a cross-section exceeds 350, so that weights might be
// lost to underflow. It panics if shape is empty or a side is shorter than 2;
// beta, j and h must be finite.
//
// The matrix is applied one site at a time (Binder, Physica 62, 508 (1972)).
// The trace is taken over one state of each class under the translations of
// the cross-section and, without a field, the reversal of all spins.
func TransferMatrix(shape []int, beta, j, h float64) (Moments, bool) {
	if len(shape) == 0 || slices.Min(shape) < 2 {
		panic(badExactShape)
	}
	length, cross := slices.Max(shape), slices.Clone(shape)
	along := slices.Index(cross, length)
	cross = slices.Delete(cross, along, along+1)
	width, ok := productUpTo(maxTransferWidth, cross)
	if !ok || 2*math.Abs(beta*j)*float64(width) > maxTransferExponent {
		return Moments{}, false
	}

	s := newStrip(cross, width, length, beta, j, h)
	sites := float64(width) * float64(length)
	work := float64(len(s.classes)*width<<(width-1)) * float64(length)
	if work*(sites+2)/2 <= maxTransferWork {
		return s.allMoments(), true
	}
	if 2*work <= maxTransferWork {
		return s.secondMoments(), true
	}
	return Moments{}, false
}

// A strip is the transfer matrix T = V D of a lattice, on the states of its
// cross-section, in which a set bit is a spin up. V has the bonds along the
// strip, D is diagonal and has those within the cross-section and the field. A
// bond weighs e^{-2 beta j} if it is broken and 1 if not.
type strip struct {
	width, length int
	bonds         int
	beta, j, h    float64 // beta j >= 0
	equalBroken   bool    // a bond is broken if its spins are equal, not unequal

	broken  []float64 // bonds within the cross-section that each state breaks
	up      []int     // spins up in each state
	weight  []float64 // diagonal of D, divided by e^logTop
	logTop  float64
	classes []stripClass
}

// A stripClass is a set of states that symmetry takes into each other.
type stripClass struct{ state, size int }

func newStrip(cross []int, width, length int, beta, j, h float64) *strip {
	s := &strip{
		width: width, length: length,
		bonds: width * length * (len(cross) + 1),
		beta:  beta, j: j, h: h,
	}
	if beta*j < 0 {
		s.j, s.equalBroken = -j, true
	}
	var translations [][]int // where each takes the sites
	if width > 1 {
		lattice := NewLattice(cross...)
		for mu := range cross {
			to := make([]int, width)
			for i := range to {
				to[i] = int(lattice.Neighbours(i)[2*mu])
			}
			translations = append(translations, to)
		}
	}

	states := 1 << width
	s.broken = make([]float64, states)
	s.up = make([]int, states)
	s.weight = make([]float64, states)
	s.logTop = math.Inf(-1)
	for state := range states {
		for _, to := range translations {
			for i, k := range to {
				if equal := state>>i&1 == state>>k&1; equal == s.equalBroken {
					s.broken[state]++
				}
			}
		}
		s.up[state] = bits.OnesCount(uint(state))
		s.weight[state] = -2*beta*s.j*s.broken[state] + beta*h*float64(2*s.up[state]-width)
		s.logTop = max(s.logTop, s.weight[state])
	}
	for state, w := range s.weight {
		s.weight[state] = math.Exp(w - s.logTop)
	}
	s.classes = stripClasses(width, translations, h == 0)
	return s
}

// stripClasses divides the states of a cross-section into classes under
// translations and, if reversal, the reversal of all spins.
func stripClasses(width int, translations [][]int, reversal bool) []stripClass {
	var classes []stripClass
	seen := make([]bool, 1<<width)
	for first := range seen {
		if seen[first] {
			continue
		}
		seen[first] = true
		orbit := []int{first}
		for n := 0; n < len(orbit); n++ {
			visit := func(state int) {
				if !seen[state] {
					seen[state] = true
					orbit = append(orbit, state)
				}
			}
			for _, to := range translations {
				moved := 0
				for i, k := range to {
					moved |= orbit[n] >> i & 1 << k
				}
				visit(moved)
			}
			if reversal {
				visit(orbit[n] ^ (1<<width - 1))
			}
		}
		classes = append(classes, stripClass{first, len(orbit)})
	}
	return classes
}

// allMoments keeps the number of broken bonds, for each magnetisation.
func (s *strip) allMoments() Moments {
	t := s.trace(s.width*s.length+1, 1, s.broken, s.up)
	if s.h == 0 {
		// The trace has one state of each pair that reversal exchanges.
		n := len(t.up)
		for k := range (n + 1) / 2 {
			a, b := t.up[k], t.up[n-1-k]
			mean := tally{(a.z + b.z) / 2, (a.q + b.q) / 2, (a.qq + b.qq) / 2}
			t.up[k], t.up[n-1-k] = mean, mean
		}
	}
	return t.moments(s.bonds, s.beta, s.j, s.h)
}

// secondMoments keeps the energy and then the magnetisation, which takes less
// than all magnetisations apart.
func (s *strip) secondMoments() Moments {
	states := len(s.broken)
	energy := make([]float64, states)
	magnetization := make([]float64, states)
	for state := range states {
		magnetization[state] = float64(2*s.up[state] - s.width)
		energy[state] = 2*s.j*s.broken[state] - s.h*magnetization[state]
	}
	still := make([]int, states)
	sites := float64(s.width) * float64(s.length)

	t := s.trace(1, 2*s.j, energy, still)
	mean, variance := t.up[0].meanVariance()
	r := Moments{
		LogZ:         math.Log(t.up[0].z) + t.logScale + s.beta*s.j*float64(s.bonds),
		Energy:       (t.centre+mean)/sites - s.j*float64(s.bonds)/sites,
		SpecificHeat: s.beta * s.beta * max(0, variance) / sites,
		AbsMag:       math.NaN(),
		Mag4:         math.NaN(),
	}
	t = s.trace(1, 0, magnetization, still)
	mean, variance = t.up[0].meanVariance()
	r.Mag = (t.centre + mean) / sites
	r.Mag2 = r.Mag*r.Mag + variance/(sites*sites)
	if s.h == 0 {
		r.Mag = 0 // the trace has one state of each pair that reversal exchanges
	}
	return r
}

// trace returns the trace of T^length, divided into bins: the closed paths of
// length states. Each state that a path visits adds step to its quantity and
// takes it up by shift bins; each bond that it breaks along the strip adds bond
// to its quantity.
func (s *strip) trace(bins int, bond float64, step []float64, shift []int) sectors {
	total := sectors{up: make([]tally, bins)}
	v := make([]tally, bins<<s.width)
	for n, class := range s.classes {
		row := s.loop(v, bins, class.state, bond, step, shift)
		if n == 0 {
			total.logScale, total.centre = row.logScale, row.centre
		}
		total.add(row, float64(class.size))
	}
	return total
}

// loop returns the part of the trace that starts and ends in one state. The
// result is held in v until the next call.
func (s *strip) loop(v []tally, bins, start int, bond float64, step []float64, shift []int) sectors {
	clear(v)
	v[start*bins].z = 1
	w := math.Exp(-2 * s.beta * s.j)
	var out sectors
	scale, centre := 1.0, 0.0 // what the next layer is to multiply and subtract
	for layer := range s.length {
		used := min(layer*s.width+1, bins)
		for k := range s.width {
			for state := range len(step) {
				if state>>k&1 != 0 {
					continue
				}
				down := v[state*bins:][:used]
				up := v[(state|1<<k)*bins:][:used]
				if s.equalBroken {
					addSite(down, up, up, down, bond, w)
				} else {
					addSite(down, up, down, up, bond, w)
				}
			}
		}

		var top, z, q float64
		for state, weight := range s.weight {
			row := v[state*bins : (state+1)*bins]
			move := shift[state]
			for i := used - 1; i >= 0; i-- {
				t := row[i].moved(step[state]-centre, weight*scale)
				row[i+move] = t
				top = max(top, t.z)
				z += t.z
				q += t.q
			}
			clear(row[:move])
		}
		out.logScale += s.logTop - math.Log(scale)
		out.centre += centre
		_, exponent := math.Frexp(top)
		scale, centre = math.Ldexp(1, -exponent), q/z
	}
	out.up = v[start*bins : (start+1)*bins]
	return out
}

// addSite replaces the spin whose states have the tallies down and up by the
// next one along the strip. fromDown receives the tallies of the state that a
// bond to a spin down favours and breaks with a spin up, fromUp those of the
// other; they are down and up in either order.
func addSite(down, up, fromDown, fromUp []tally, bond, w float64) {
	up, fromDown, fromUp = up[:len(down)], fromDown[:len(down)], fromUp[:len(down)]
	for i, a := range down {
		b := up[i]
		fromDown[i] = a.plus(b.moved(bond, w))
		fromUp[i] = b.plus(a.moved(bond, w))
	}
}
