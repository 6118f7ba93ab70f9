package observables

import (
	"errors"

	"mcrun/models"
)

// The numbers x of the continuous dual of two-valued spins (see [models.Dual]) know
// the mean of each spin given x, and given x the spins are independent:
//
//	E[s_i | x] = t_i = tanh(x_i + b_i),   <s_i s_j> = <t_i t_j>  (i != j),   s_i^2 = 1.
//
// So what is linear in the products of two spins, and in the spins, can be read off t
// instead of spins drawn from x, and fluctuates less (Rao and Blackwell). That is the
// energy and the two-point functions, and no more: of |m|, m^4 or the specific heat
// the same functions of t are biased.

// dualSpins returns the model of spins whose dual a chain may move, or is.
func dualSpins(m models.Model) (models.PairCoupled, bool) {
	if d, ok := m.(models.Dualised); ok {
		return d.Spins(), true
	}
	p, ok := m.(models.PairCoupled)
	if !ok || p.States() != 2 || p.Couplings().Self != nil {
		return nil, false
	}
	return p, true
}

// hasDual is the Check of what is read off t.
func hasDual(m models.Model) error {
	if _, ok := m.(models.Dualised); ok {
		return nil
	}
	if _, ok := dualSpins(m); !ok {
		return errors.New("the model has no two-valued spins with pair couplings, and so no continuous dual (models.PairCoupled or models.Dualised)")
	}
	return nil
}

// Bridged is the State of a chain of spins with what these are expected to be given
// the numbers of their dual, E[s_i | x].
type Bridged struct {
	models.State
	Expected []float64
}

// expected shows t as a field of spins on the lattice.
type expected struct {
	models.Model
	sides []int
	t     []float64
}

func (e expected) Sides() []int                                   { return e.sides }
func (e expected) Components() int                                { return 1 }
func (e expected) Component(_ models.State, _ int, dst []float64) { copy(dst, e.t) }

// spinsOf returns the state that columns are read off.
func spinsOf(s models.State) models.State {
	if b, ok := s.(Bridged); ok {
		return b.State
	}
	return s
}

// A dualReader binds what is read off the dual of a chain.
type dualReader struct {
	spins  models.PairCoupled
	t      []float64 // nil if the chain has no dual
	expect func()    // brings t up to date before the first column is read; nil: it is
}

func newDualReader(m models.Model, s models.State) *dualReader {
	spins, ok := dualSpins(m)
	if !ok {
		return &dualReader{}
	}
	d := &dualReader{spins: spins}
	if b, ok := s.(Bridged); ok {
		d.t = b.Expected
	} else if dual, ok := m.(models.Dualised); ok {
		d.t = make([]float64, m.Sites())
		d.expect = func() { dual.Expect(s.(models.Field), d.t) }
	}
	return d
}

// bind returns what reads a column off the dual, or nil if it is not read off that.
func (d *dualReader) bind(c Column) func(dst []float64) {
	if c.Dual == nil || d.t == nil {
		return nil
	}
	read, expect := c.Dual(d.spins, d.t), d.expect
	d.expect = nil
	if expect == nil {
		return read
	}
	return func(dst []float64) {
		expect()
		read(dst)
	}
}

// variance returns sum_i (1 - t_i^2), by which a sum over pairs of spins that are one
// exceeds that of t.
func variance(t []float64) (sum float64) {
	for _, v := range t {
		sum += 1 - v*v
	}
	return sum
}

// dualEnergy reads <H | x>/N.
func dualEnergy(m models.PairCoupled, t []float64) func(dst []float64) {
	c := m.Couplings()
	return func(dst []float64) {
		var bonds, products, fields float64 // sums of J, of J t t' and of h t
		for i, v := range t {
			if c.Graph == nil {
				neighbours := c.Lattice.Neighbours(i)
				for k := 0; k < len(neighbours); k += 2 { // each bond once
					products += c.J * v * t[neighbours[k]]
					bonds += c.J
				}
				fields += c.H * v
				continue
			}
			strengths := c.Graph.Strengths(i)
			for k, j := range c.Graph.Neighbours(i) {
				if int(j) > i {
					products += strengths[k] * v * t[j]
					bonds += strengths[k]
				}
			}
			fields += c.Graph.Field(i) * v
		}
		if c.Pair == models.Equal { // delta = (1 + s s')/2
			products = (bonds + products) / 2
		}
		dst[0] = -(products + fields) / float64(len(t))
	}
}

// dualMagnetization reads <m^2 | x>.
func dualMagnetization(_ models.PairCoupled, t []float64) func(dst []float64) {
	n := float64(len(t))
	return func(dst []float64) {
		var sum float64
		for _, v := range t {
			sum += v
		}
		dst[0] = (sum*sum + variance(t)) / (n * n)
	}
}

// dualStructureFactor reads <S(k) | x>.
func dualStructureFactor(m models.PairCoupled, t []float64) func(dst []float64) {
	read := bindStructureFactor(expected{m, sides(m), t}, Chain{})
	return func(dst []float64) {
		read(dst)
		single := variance(t) / float64(len(t))
		for k := range dst {
			dst[k] += single
		}
	}
}

// dualCorrelation reads <C(r) | x>.
func dualCorrelation(m models.PairCoupled, t []float64) func(dst []float64) {
	sides := sides(m)
	read := bindCorrelation(expected{m, sides, t}, Chain{})
	return func(dst []float64) {
		read(dst)
		for _, side := range sides {
			dst[0] = 1
			dst = dst[side/2+1:]
		}
	}
}
