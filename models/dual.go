package models

import (
	"errors"
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"

	"mcrun/mc"
)

// Dual is the continuous dual of a model with pair couplings of two-valued
// spins (Y. Zhang, C. Sutton, A. Storkey and Z. Ghahramani, NIPS 2012; S.-H. Li
// and L. Wang, arXiv:1802.02840): a distribution of real numbers x_i from which
// the spins follow, and that follows from them. With
//
//	pi(s) ~ exp(1/2 s^T K s + b^T s),   K_ij = beta J_ij, b_i = beta h_i,
//
// and M = K + alpha I, where alpha makes the lowest eigenvalue of M equal to
// an offset, spins and numbers have the joint distribution
//
//	pi(s, x) ~ exp(-1/2 x^T M^-1 x + s^T (x + b)).
//
// Summed over the spins this is
//
//	pi(x) = exp(-S) = exp(-1/2 x^T M^-1 x) prod_i cosh(x_i + b_i),
//
// and the conditional distributions are
//
//	x | s ~ Normal(M s, M),   P(s_i = +1 | x) = 1/(1 + exp(-2 (x_i + b_i))).
//
// Couplings of [Equal] colours, of which there must be two, enter with
// delta(s, s') = (1 + s s')/2.
//
// Where all bonds of a lattice are alike M is diagonal in Fourier space, and an
// action takes a time of N ln N. For other couplings M is inverted once, in a time
// of N^3, and an action takes N^2. A change of one number takes N for either. A
// Dual does not change, and is shared by all chains.
type Dual struct {
	m        covariance
	field    []float64 // b
	alpha    float64
	constant float64 // of ln Z_s, in the exponent beside K and b
}

// NewDual returns the dual of so many two-valued spins, whose couplings are
// those of a prepared model. The error says which couplings are of other
// spins, that offset is not positive or so small that rounding decides, or
// that the graph has more than 2048 sites.
func NewDual(k *Couplings, sites int, beta, offset float64) (*Dual, error) {
	if k.Self != nil || k.Pair != Product && k.Pair != Equal {
		return nil, errors.New("models: the couplings have single-site energies, or are neither products nor deltas; the continuous dual is of spins +1 and -1")
	}
	if !(offset > 0) {
		return nil, fmt.Errorf("models: offset = %v; expected a number above 0", offset)
	}
	scale := beta // of J_ij in K_ij
	if k.Pair == Equal {
		scale = beta / 2
	}
	d := &Dual{field: make([]float64, sites)}
	var bonds float64 // sum of scale J_ij
	if k.Graph == nil {
		c, alpha, err := newCirculant(k.Lattice.Shape(), scale*k.J, offset)
		if err != nil {
			return nil, err
		}
		d.m, d.alpha = c, alpha
		for i := range d.field {
			d.field[i] = beta * k.H
		}
		bonds = scale * k.J * float64(sites*k.Lattice.Dims())
	} else {
		if sites > maxDense {
			return nil, fmt.Errorf("models: a graph of %d sites; expected at most %d, for the continuous dual of couplings that differ from bond to bond takes all elements of a matrix", sites, maxDense)
		}
		couplings := mat.NewSymDense(sites, nil)
		for i := range sites {
			d.field[i] = beta * k.Graph.Field(i)
			strengths := k.Graph.Strengths(i)
			for n, j := range k.Graph.Neighbours(i) {
				if x := scale * strengths[n]; int(j) > i {
					couplings.SetSym(i, int(j), couplings.At(i, int(j))+x)
					bonds += x
				}
			}
		}
		m, alpha, err := newDenseCovariance(couplings, offset)
		if err != nil {
			return nil, err
		}
		d.m, d.alpha = m, alpha
	}
	if k.Pair == Equal {
		d.constant = bonds
	}
	return d, nil
}

// Dim returns the number of coordinates, that of the spins.
func (d *Dual) Dim() int { return len(d.field) }

// Action is that of [Differentiable].
func (d *Dual) Action(x, s []float64) {
	d.m.quadratic(x, s, nil)
	n := d.Dim()
	for c := range s {
		s[c] = s[c]/2 - d.logCosh(x[c*n:(c+1)*n], nil)
	}
}

// Gradient is that of [Differentiable]: M^-1 x - tanh(x + b).
func (d *Dual) Gradient(x, s, g []float64) {
	d.m.quadratic(x, s, g)
	n := d.Dim()
	for c := range s {
		s[c] = s[c]/2 - d.logCosh(x[c*n:(c+1)*n], g[c*n:(c+1)*n])
	}
}

// Follow is that of [Sitewise], with v = M^-1 x.
func (d *Dual) Follow(x Field, v []float64) { d.m.solve(x, v) }

// ActionChange is that of [Sitewise]. By add the quadratic part of S changes by
// add v_i + add^2 (M^-1)_ii/2.
func (d *Dual) ActionChange(x Field, v []float64, i int, add float64) float64 {
	before := math.Abs(x[i] + d.field[i])
	after := math.Abs(x[i] + add + d.field[i])
	logCosh := after - before + math.Log((1+math.Exp(-2*after))/(1+math.Exp(-2*before)))
	return add*(v[i]+add*d.m.inverseAt(i)/2) - logCosh
}

// FollowChange is that of [Sitewise].
func (d *Dual) FollowChange(v []float64, i int, add float64) { d.m.addInverse(v, i, add) }

// logCosh returns sum_i ln cosh(x_i + b_i), and subtracts its gradient from g
// unless that is nil. With e = exp(-2 |u|), which does not overflow,
//
//	ln cosh u = |u| + ln(1 + e) - ln 2,   tanh |u| = (1 - e)/(1 + e);
//
// the logarithms are taken of products.
func (d *Dual) logCosh(x, g []float64) float64 {
	const large = 1e300 // a product may double once more
	sum, logs, product := 0.0, 0.0, 1.0
	for i, v := range x {
		u := v + d.field[i]
		abs := math.Abs(u)
		e := math.Exp(-2 * abs)
		sum += abs
		product *= 1 + e
		if product > large {
			logs += math.Log(product)
			product = 1
		}
		if g != nil {
			g[i] -= math.Copysign((1-e)/(1+e), u)
		}
	}
	return sum + (logs + math.Log(product) - float64(len(x))*math.Ln2)
}

// SampleX draws x given s, from Normal(M s, M). It uses dim normal variates.
func (d *Dual) SampleX(s Spins, x Field, random *mc.Stream) {
	for i, k := range s {
		x[i] = 2*float64(k) - 1
	}
	// M s + R xi = R (R^T s + xi).
	d.m.rootTransposed(x)
	for i := range x {
		x[i] += random.NormFloat64()
	}
	d.m.root(x)
}

// SampleSpins draws s given x: s_i = +1 with probability
// 1/(1 + exp(-2 (x_i + b_i))), one site after the other.
func (d *Dual) SampleSpins(x Field, s Spins, random *mc.Stream) {
	for i, v := range x {
		s[i] = 0
		if random.Below(mc.Threshold(1 / (1 + math.Exp(-2*(v+d.field[i]))))) {
			s[i] = 1
		}
	}
}

// Expect writes the means of the spins given x, t_i = tanh(x_i + b_i).
func (d *Dual) Expect(x Field, t []float64) {
	for i, v := range x {
		t[i] = math.Tanh(v + d.field[i])
	}
}

// LogDet returns ln det M.
func (d *Dual) LogDet() float64 { return d.m.logDet() }

// LogZ returns ln Z_x, of Z_x = int exp(-S) d^N x, given ln Z_s, of
// Z_s = sum_s exp(-beta H):
//
//	ln Z_x = ln Z_s + 1/2 ln det M + (N/2) ln 2 pi - N ln 2 + N alpha/2,
//
// of [Equal] colours less the constant that delta(s, s') has beside s s'.
func (d *Dual) LogZ(lnZs float64) float64 {
	n := float64(d.Dim())
	return lnZs - d.constant + d.LogDet()/2 + n*(math.Log(2*math.Pi)/2-math.Ln2+d.alpha/2)
}
