package models

import "math"

const (
	// maxSummed bounds the number of states that SumStates visits.
	maxSummed = 1 << 22

	// maxSummedSites is the largest number of sites with so few states: 23 of
	// two-valued spins that can be reversed.
	maxSummedSites = 23
)

// SumStates returns the moments of a prepared model with pair couplings, summed
// over all its states. It returns false where these are more than 2^22, those
// that follow by symmetry not counted: the colours of a Potts model exchanged,
// all angles of a clock model turned, or all spins reversed where there are no
// fields. Rounding errors are some
// 1e-15 of the largest energy or moment.
//
// Of a Potts model AbsMag and Mag2 are the means of what [Ordered] returns, and
// Mag and Mag4 are NaN. Of a clock model AbsMag, Mag2 and Mag4 are those of the
// length of the vector m, and Mag is NaN. It returns false for either with fields.
//
// The states of the last sites run slowest. The energy of a site with those
// after it is added as the site is set, so that nothing is subtracted and no
// error builds up.
func SumStates(m PairCoupled) (Moments, bool) {
	n := m.Sites()
	if n > maxSummedSites {
		return Moments{}, false
	}
	p, ok := newPairs(m)
	if !ok {
		return Moments{}, false
	}
	first := p.q // states of the last site to visit
	switch {
	case p.equivalent || p.angles:
		first = 1
	case p.reversible:
		first = (p.q + 1) / 2
	}
	count := float64(first)
	for range n - 1 {
		if count *= float64(p.q); count > maxSummed {
			return Moments{}, false
		}
	}
	s := summation{pairs: p, beta: m.Beta(), state: make(Spins, n), count: make([]int, p.q), reference: math.Inf(1)}
	s.cos, s.sin = Angles(p.q)
	s.field = make([][]float64, n)
	for i := range s.field {
		s.field[i] = make([]float64, p.q)
	}
	for k := range first {
		s.copies = 1
		if p.reversible && 2*k != p.q-1 {
			s.copies = 2
		}
		s.set(n-1, uint8(k), p.self(n-1, k), 0)
	}
	return s.moments(), true
}

// A summation goes through all states.
type summation struct {
	*pairs
	beta   float64
	copies float64     // states that symmetry makes of the present one
	state  Spins       // of the sites that are set
	count  []int       // of each state among them
	field  [][]float64 // of each site that is being set, the energy of each state

	cos, sin []float64 // of the states, as angles

	reference float64 // subtracted from energies; the lowest so far
	sums      weighted
	block     weighted // of the last states, so that sums has fewer terms
	inBlock   int
}

// blockLength is how many states are added up before they are added to others:
// errors grow as the number of terms of a sum.
const blockLength = 1 << 11

// weighted are sums of weights relative to the reference times moments.
type weighted struct {
	energy           tally // of energies above the reference
	mag, abs, m2, m4 float64
}

// add adds w times the sums of x with the energy of its states raised by e.
func (s *weighted) add(x *weighted, e, w float64) {
	s.energy = s.energy.plus(x.energy.moved(e, w))
	s.mag += w * x.mag
	s.abs += w * x.abs
	s.m2 += w * x.m2
	s.m4 += w * x.m4
}

// endBlock adds the block to the sums, and lowers the reference if it is not
// as low.
func (s *summation) endBlock(reference float64) {
	s.sums.add(&s.block, 0, 1)
	s.block, s.inBlock = weighted{}, 0
	if s.sums.energy.z > 0 && reference < s.reference {
		var moved weighted
		moved.add(&s.sums, s.reference-reference, math.Exp(-s.beta*(s.reference-reference)))
		s.sums = moved
	}
	s.reference = reference
}

// set sets site i to state k, and the sites before it to all states. The sites
// from i on have the energy e and add up to the magnetization m.
func (s *summation) set(i int, k uint8, e float64, m int) {
	m += s.spin[k]
	s.state[i] = k
	s.count[k]++
	if i == 0 {
		s.add(e, m)
	} else {
		i--
		field := s.field[i]
		for k := range field {
			field[k] = s.self(i, k)
		}
		for n, j := range s.neighbour[i] {
			if int(j) > i {
				for k, f := range s.products[s.state[j]] {
					field[k] -= s.coupling[i][n] * f
				}
			}
		}
		for k, f := range field {
			s.set(i, uint8(k), e+f, m)
		}
	}
	s.count[k]--
}

// add adds a state.
func (s *summation) add(e float64, m int) {
	if e < s.reference {
		s.endBlock(e)
	}
	if s.inBlock++; s.inBlock > blockLength {
		s.endBlock(s.reference)
	}
	e -= s.reference
	w := s.copies * math.Exp(-s.beta*e)
	b := &s.block
	b.energy = b.energy.plus(tally{w, w * e, w * e * e})
	if s.angles {
		square := clockSquare(s.cos, s.sin, s.count, len(s.state))
		b.abs += w * math.Sqrt(square)
		b.m2 += w * square
		b.m4 += w * square * square
		return
	}
	if s.pair == Equal {
		most, squares := 0, 0
		for _, n := range s.count {
			most = max(most, n)
			squares += n * n
		}
		abs, square := pottsOrder(s.q, len(s.state), most, float64(squares))
		b.abs += w * abs
		b.m2 += w * square
		return
	}
	x := float64(m) / float64(len(s.state))
	b.mag += w * x
	b.abs += w * math.Abs(x)
	b.m2 += w * x * x
	b.m4 += w * x * x * x * x
}

func (s *summation) moments() Moments {
	s.endBlock(s.reference)
	n := float64(len(s.state))
	mean, variance := s.sums.energy.meanVariance()
	z := s.sums.energy.z
	r := Moments{
		LogZ:         math.Log(z) - s.beta*s.reference,
		Energy:       (s.reference + mean) / n,
		SpecificHeat: s.beta * s.beta * max(0, variance) / n,
		Mag:          s.sums.mag / z,
		AbsMag:       s.sums.abs / z,
		Mag2:         s.sums.m2 / z,
		Mag4:         s.sums.m4 / z,
	}
	switch {
	case s.equivalent:
		r.LogZ += math.Log(float64(s.q))
		r.Mag, r.Mag4 = math.NaN(), math.NaN()
	case s.angles:
		r.LogZ += math.Log(float64(s.q))
		r.Mag = math.NaN()
	case s.reversible:
		r.Mag = 0
	}
	return r
}
