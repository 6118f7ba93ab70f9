package models

import "math"

// Moments are exact expectation values of a model of spins at one temperature,
// in units where k_B = 1 and beta = 1/T. A value that the method cannot give
// is NaN. Of a Potts model |m| and m^2 are those of [Ordered].
type Moments struct {
	LogZ         float64 // ln sum_s e^{-beta H(s)}
	Energy       float64 // <H>/N
	SpecificHeat float64 // (<H^2> - <H>^2)/(N T^2)
	Mag          float64 // <m>, m = (1/N) sum_i s_i
	AbsMag       float64 // <|m|>
	Mag2, Mag4   float64 // <m^2>, <m^4>
}

const (
	badTorus      = "models: Kaufman: a side is shorter than 2"
	badFrustrated = "models: Kaufman: a negative coupling needs even sides"
)

// Kaufman returns LogZ, Energy and SpecificHeat of the Ising model
// H = -j sum_<ij> s_i s_j on the periodic n x m square lattice, where each
// site has one bond to the right and one down, so that a side of length 2
// carries each neighbour pair twice. Mag is zero by symmetry; AbsMag, Mag2 and
// Mag4 are NaN. The work grows as n + m.
//
// The result is Kaufman's sum of four products over momenta, with analytic
// derivatives (Kaufman, Phys. Rev. 76, 1232 (1949); Ferdinand and Fisher,
// Phys. Rev. 185, 832 (1969)). It holds at every temperature, T_c included,
// with relative errors of some 1e-15 in LogZ and Energy. That of SpecificHeat
// is below 1e-12 except far below T_c, where C < 1e-8 and is left with an error
// of some 1e-16 (K e^{-2K})^2, K = beta j.
//
// A negative coupling, beta j < 0, is unfrustrated only if n and m are even,
// and then has the LogZ of the positive one. Kaufman panics for any other
// negative coupling and for a side shorter than 2; beta and j must be finite.
func Kaufman(n, m int, beta, j float64) Moments {
	if n < 2 || m < 2 {
		panic(badTorus)
	}
	k := beta * j
	if k < 0 && (n%2 != 0 || m%2 != 0) {
		panic(badFrustrated)
	}
	if k < 0 {
		j, k = -j, -k
	}
	sites := float64(n) * float64(m)
	moments := Moments{AbsMag: math.NaN(), Mag2: math.NaN(), Mag4: math.NaN()}
	if k == 0 {
		moments.LogZ = sites * math.Ln2
		return moments
	}

	// ln Z, its derivative by K, and K^2 times its second derivative. Both forms
	// have y <= sqrt 2 - 1, the value at T_c, so that neither overflows nor
	// cancels at high or low temperature.
	var logZ, slope, curvature float64
	if critical := math.Asinh(1) / 2; k <= critical {
		// High temperature, y = tanh K: Z = 2^N cosh^{2N} K F_-(y).
		s := torusSum(n, m, math.Log(math.Tanh(k)), -1)
		r := 2 * k / math.Sinh(2*k) // K dlny/dK
		sech := 1 / math.Cosh(k)
		sinhHalf := math.Sinh(k / 2)
		logZ = sites*(math.Ln2+2*math.Log1p(2*sinhHalf*sinhHalf)) + s.f
		slope = 2*sites*math.Tanh(k) + r*(s.d/k)
		curvature = 2*sites*(k*sech)*(k*sech) + r*r*(s.dd-math.Cosh(2*k)*s.d)
	} else {
		// Low temperature, y = e^{-2K}: Z = e^{2NK} F_+(y).
		s := torusSum(n, m, -2*k, 1)
		logZ = 2*sites*k + s.f
		slope = 2*sites - 2*s.d
		curvature = 2 * k * (2 * k * s.dd)
	}
	moments.LogZ = logZ
	moments.Energy = -j * slope / sites
	moments.SpecificHeat = max(0, curvature/sites) // rounding can leave -1e-30
	return moments
}

// torusSum returns the logarithm of
//
//	F(y) = (Z1 + Z2 + Z3 + sign Z4)/2
//
// as a jet in ln y, for 0 <= y <= sqrt 2 - 1. Kaufman's products are divided
// here by their common growth at small y, (y(1-y^2))^{-N/2}, which leaves
//
//	Z1, Z2 = prod_{l odd} lambda_l^{m/2} (1 +- e^{-m gamma_l}),
//	Z3, Z4 the same for even l, with p = pi l/n, l = 0, ..., 2n-1.
//
// By the duality of Kramers and Wannier y is tanh K or e^{-2K}, and sign is -1
// or +1: it is the sign of Kaufman's gamma_0, which here is never negative.
//
// The ratio of the second product to the first of each pair is a product of
// tanh(m gamma_l/2). So is Z3/Z1, with n and m exchanged, since Z2 and Z3 have
// the boundary antiperiodic in one direction only. These converge after a few
// momenta, whereas a difference of the large ln Z3 and ln Z1 would lose the
// digits that decide the specific heat near T_c.
func torusSum(n, m int, logY, sign float64) jet {
	t := newTorus(logY)
	length := float64(m)
	var logZ1 jet
	for l := 1; l < 2*n; l += 2 {
		p := math.Pi * float64(l) / float64(n)
		g := t.gamma(p).scale(length)
		x := 1 / (math.Exp(g.f) + 1)
		logZ1 = logZ1.add(t.logLambda(p).scale(length / 2))
		logZ1 = logZ1.add(g.chain(math.Log1p(math.Exp(-g.f)), -x, x*(1-x)))
	}
	ratio2 := t.tanhProduct(n, m, 1)
	ratio3 := t.tanhProduct(m, n, 1)
	g := t.gamma0().scale(length / 2)
	x := math.Tanh(g.f)
	ratio4 := t.tanhProduct(n, m, 2).mul(g.chain(x, 1-x*x, -2*x*(1-x*x))) // Z4/Z3
	f := ratio4.scale(sign).plus(1).mul(ratio3).add(ratio2).plus(1).scale(0.5)
	return logZ1.add(f.chain(math.Log(f.f), 1/f.f, -1/(f.f*f.f)))
}

// A torus holds what the momenta have in common: with c = cos p,
//
//	cosh gamma = A/B, lambda = (A+R)/2, R = sqrt(A^2-B^2) = B sinh gamma,
//	A = (1+y^2)^2 - B c, B = 2y(1-y^2).
//
// The jets are in ln y.
type torus struct {
	logY float64
	y    jet
	q    jet // (1+y^2)^2 - 1
	b    jet // B
	u    jet // 1 - 2y - y^2: A-B is u^2 at p = 0, and u is 0 at T_c
	turn jet // R dgamma/dlny = dA/dlny - A dlnB/dlny, the same for all p
}

func newTorus(logY float64) *torus {
	e := math.Exp(logY)
	y := jet{e, e, e}
	y2 := y.mul(y)
	rest := y2.scale(-1).plus(1)
	u := y.scale(-2).sub(y2).plus(1)
	slopeU := y.add(y2).scale(-2)
	slopeLogB := y2.scale(-2).mul(rest.inv()).plus(1)
	return &torus{
		logY: logY,
		y:    y,
		q:    y2.mul(y2.plus(2)),
		b:    y.mul(rest).scale(2),
		u:    u,
		turn: u.mul(slopeU.scale(2).sub(u.mul(slopeLogB))),
	}
}

// root returns R and A-B at a momentum other than 0.
func (t *torus) root(p float64) (root, difference jet) {
	sinHalf := math.Sin(p / 2)
	rise := t.b.scale(2 * sinHalf * sinHalf) // B (1 - cos p)
	difference = t.u.mul(t.u).add(rise)
	return difference.mul(t.q.plus(1).add(rise)).sqrt(), difference
}

// gamma returns gamma at a momentum other than 0.
func (t *torus) gamma(p float64) jet {
	root, difference := t.root(p)
	return jet{
		math.Log1p((difference.f + root.f) / t.b.f),
		t.turn.f / root.f,
		t.turn.d/root.f - t.turn.f/root.f*(root.d/root.f),
	}
}

// gamma0 returns gamma at p = 0, which is -ln y + ln((1-y)/(1+y)).
func (t *torus) gamma0() jet {
	y := t.y.f
	rest := 1 - y*y
	return jet{-t.logY - 2*math.Atanh(y), -1 - 2*y/rest, -2 * y * (1 + y*y) / (rest * rest)}
}

// logLambda returns ln lambda + B cos p, at a momentum other than 0. The second
// term adds up to zero over the momenta of a product. It is formed from
// R - 1 + B cos p in terms of order y^2, so that the sum keeps its relative
// accuracy as y goes to zero.
func (t *torus) logLambda(p float64) jet {
	root, _ := t.root(p)
	bc := t.b.scale(math.Cos(p))
	a := t.q.sub(bc)
	over := root.plus(1).inv()
	rootLess := a.mul(a.plus(2)).sub(t.b.mul(t.b)).mul(over)
	v := t.q.scale(2).add(a.mul(a)).sub(t.b.mul(t.b)).add(bc.mul(rootLess)).mul(over)
	v = v.add(t.q).scale(0.5) // lambda - 1 + B cos p
	w := v.sub(bc)            // lambda - 1
	return v.add(w.chain(math.Log1p(w.f)-w.f, -w.f/(1+w.f), -1/((1+w.f)*(1+w.f))))
}

// tanhProduct returns the product of tanh(m gamma_l/2) over l = first,
// first+2, ... below 2n.
func (t *torus) tanhProduct(n, m, first int) jet {
	var sum jet
	for l := first; l < 2*n; l += 2 {
		g := t.gamma(math.Pi * float64(l) / float64(n)).scale(float64(m))
		x := 1 / math.Sinh(g.f)
		log := math.Log(-math.Expm1(-g.f)) - math.Log1p(math.Exp(-g.f))
		sum = sum.add(g.chain(log, x, -x/math.Tanh(g.f)))
	}
	return sum.exp()
}

// A jet is the value of a function with its first and second derivatives.
type jet struct{ f, d, dd float64 }

func (a jet) add(b jet) jet       { return jet{a.f + b.f, a.d + b.d, a.dd + b.dd} }
func (a jet) sub(b jet) jet       { return jet{a.f - b.f, a.d - b.d, a.dd - b.dd} }
func (a jet) plus(c float64) jet  { return jet{a.f + c, a.d, a.dd} }
func (a jet) scale(c float64) jet { return jet{c * a.f, c * a.d, c * a.dd} }

func (a jet) mul(b jet) jet {
	return jet{a.f * b.f, a.d*b.f + a.f*b.d, a.dd*b.f + 2*a.d*b.d + a.f*b.dd}
}

// chain returns the jet of g(a), given g and its two derivatives at a.f.
func (a jet) chain(g, g1, g2 float64) jet {
	return jet{g, g1 * a.d, g2*a.d*a.d + g1*a.dd}
}

func (a jet) inv() jet {
	x := 1 / a.f
	return a.chain(x, -x*x, 2*x*x*x)
}

func (a jet) sqrt() jet {
	x := math.Sqrt(a.f)
	return a.chain(x, 0.5/x, -0.25/(x*a.f))
}

func (a jet) exp() jet {
	x := math.Exp(a.f)
	return a.chain(x, x, x)
}
