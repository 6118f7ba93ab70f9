package models

import (
	"fmt"
	"math"

	"mcrun/mc"
)

// DualOffset is the lowest eigenvalue of M in the dual by which kernels of
// fields act on models of spins.
const DualOffset = 0.1

// DualOf is the continuous dual of a model of spins, as kernels of fields take
// it: a density of one real number for each spin.
type DualOf struct {
	*Dual // nil before Prepare
	spins PairCoupled
}

var (
	_ Dualised = (*DualOf)(nil)
	_ Regular  = (*DualOf)(nil)
)

// NewDualOf returns the dual of a model, prepared if that is and Prepare is
// called. It returns false if the model is not one of two-valued spins that are
// coupled in pairs.
func NewDualOf(m Model) (*DualOf, bool) {
	spins, ok := m.(PairCoupled)
	if !ok || spins.States() != 2 {
		return nil, false
	}
	return &DualOf{spins: spins}, true
}

// Dualised is the ability of a density that is the continuous dual of a model of
// spins: configurations can be drawn given spins, which cluster kernels move.
type Dualised interface {
	Differentiable
	// Spins returns the model of the spins. It is prepared if the density is.
	Spins() PairCoupled
	// SampleX draws x given s.
	SampleX(s Spins, x Field, random *mc.Stream)
	// Expect writes the mean of each spin given x.
	Expect(x Field, t []float64)
}

// Spins implements [Dualised].
func (d *DualOf) Spins() PairCoupled { return d.spins }

// Sites implements [Model].
func (d *DualOf) Sites() int { return d.spins.Sites() }

// Dim implements [Differentiable].
func (d *DualOf) Dim() int { return d.spins.Sites() }

// Beta implements [Model]; the action has the temperature in it.
func (d *DualOf) Beta() float64 { return 1 }

// Sides implements [Regular].
func (d *DualOf) Sides() []int {
	if r, ok := d.spins.(Regular); ok {
		return r.Sides()
	}
	return nil
}

// dense reports whether the couplings differ from bond to bond, so that all
// elements of a matrix are needed. It can be asked before Prepare.
func (d *DualOf) dense() bool {
	_, glass := d.spins.(*SpinGlass)
	return glass || d.Sides() == nil || d.spins.Couplings().Graph != nil
}

// Limit returns an error if the model has too many sites for a dual, or is so
// cold that rounding decides. It can be asked before Prepare.
func (d *DualOf) Limit() error {
	if d.dense() && d.Sites() > maxDense {
		return fmt.Errorf("the continuous dual of couplings that differ from bond to bond takes all elements of a matrix, and so at most %d sites, not %d", maxDense, d.Sites())
	}
	row := d.spins.Beta() * d.largestRow()
	if checkOffset(DualOffset, 2*row) != nil { // of eigenvalues from -row to row
		return fmt.Errorf("beta times the couplings of a site is up to %.2g, beside which rounding loses the lowest eigenvalue, %v, of its continuous dual (at most %.2g: raise the temperature)", row, DualOffset, DualOffset/(2*minOffset))
	}
	return nil
}

// largestRow returns the largest sum of the absolute couplings of a site, as
// those of spins +1 and -1, or where they are yet to be drawn a bound of it.
func (d *DualOf) largestRow() float64 {
	k := d.spins.Couplings()
	if k.Graph != nil {
		return k.Graph.largestRow()
	}
	row := 2 * float64(len(d.Sides())) * math.Abs(k.J)
	if k.Pair == Equal {
		row /= 2
	}
	if _, glass := d.spins.(*SpinGlass); glass {
		row *= largestDraw
	}
	return row
}

// Exact implements [Exact]: it knows ln Z where that of the spins is known.
func (d *DualOf) Exact() map[string]float64 {
	var x Moments
	ok := false
	switch m := d.spins.(type) {
	case *Ising:
		x, ok = m.moments()
	case *SpinGlass:
		x, ok = exactMoments(m)
	}
	if !ok || math.IsNaN(x.LogZ) {
		return nil
	}
	return map[string]float64{"log_z": d.LogZ(x.LogZ)}
}

// Bytes implements [Model]: what it takes beside the spins.
func (d *DualOf) Bytes() (chain, tables float64) {
	n := float64(d.Sites())
	tables = 4 * 8 * n
	if d.dense() {
		tables = 6 * 8 * n * n
	}
	return fieldBytes * n, tables
}

// Prepare implements [Model]. The model of spins is prepared.
func (d *DualOf) Prepare() (err error) {
	d.Dual, err = NewDual(d.spins.Couplings(), d.Sites(), d.spins.Beta(), DualOffset)
	return err
}

// NewState implements [Model]. A chain draws its first numbers from its spins,
// so these are 0.
func (d *DualOf) NewState(Start, *mc.Stream) State { return make(Field, d.Sites()) }
