package proposals

import (
	"math"

	"mcrun/mc"
)

// A quartic draws from the densities
//
//	p(v) ~ exp(h v - a v^2 - b v^4),   b > 0, or b = 0 and a > 0,
//
// the conditional ones of phi^4 theory, by rejection. Whatever the parameters,
// the number of trials is bounded in the mean.
//
// # One envelope
//
// For every c, b (v^2 - c)^2 >= 0 says that
//
//	exp(h v - a v^2 - b v^4) <= exp(b c^2) exp(h v - g v^2),   g = a + 2 b c,
//
// so that a trial from the normal distribution of mean h/(2g) and variance
// 1/(2g) is accepted with probability exp(-b (v^2 - c)^2). By Jensen's
// inequality more than exp(-b E(v^2 - c)^2) are; E, the mean over the trials, is
// least near the c which is their own second moment,
//
//	c = 1/(2g) + h^2/(4g^2),
//
// as in Hartree's approximation, and there b E(v^2 - c)^2 = p/2 + q with
//
//	p = b/g^2,   q = b h^2/(2 g^3),   p + q = 1 - a/g.
//
// For a >= 0 this is 1 at most: more than 1/e of the trials are accepted. For
// -sqrt(b) <= a < 0 it is 1 + |a|/g - b/(2 g^2) <= 3/2, as |a|/g <= sqrt(p) and
// sqrt(p) - p/2 <= 1/2: more than exp(-3/2) = 0.22 are.
//
// # Two envelopes
//
// Below a = -sqrt(b) there may be two modes, far from each other. At h >= 0 the
// density of |v| = s is at most twice exp(-V(s)), V(s) = -h s + a s^2 + b s^4,
// and, for every t,
//
//	V(s) = V(t) + V'(t) (s - t) + k (s - t)^2 + b (s - t)^2 s (s + 2t),
//	k = a + 3 b t^2,
//
// of which the last term is not negative where s and t are not. So a trial s from
// the normal distribution of mean t - V'(t)/(2k) and variance 1/(2k), and a sign,
// are accepted with probability
//
//	exp(-b (s - t)^2 s (s + 2t))         if s > 0, for v = s,
//	exp(-b (s - t)^2 s (s + 2t) - 2 h s) if s > 0, for v = -s.
//
// With t the mode, V'(t) = 0, it is t^2 >= -a/(2b) and k >= b t^2. With y =
// (s - t) sqrt(2k) and r = 1/(t sqrt(2k)), that is r <= sqrt(b)/(sqrt(2) b t^2) <=
// sqrt(2), the probability of a positive sign is at least
//
//	E exp(-y^2 (1 + r y) (3 + r y)/2) over the normal y > -1/r.
//
// It is least at the largest r, where it is 0.43: more than 0.21 of the trials
// are accepted.
type quartic struct {
	random *mc.Stream
}

func newQuartic(random *mc.Stream) quartic { return quartic{random} }

// draw returns a number from the density with these parameters.
func (q quartic) draw(h, a, b float64) float64 {
	if a*math.Abs(a) < -b {
		return q.drawTwo(h, a, b)
	}
	g := stiffness(h, a, b)
	mean := h / (2 * g)
	c := 1/(2*g) + mean*mean
	g = a + 2*b*c // to the bit what c belongs to
	mean = h / (2 * g)
	deviation := 1 / math.Sqrt(2*g)
	for {
		v := mean + deviation*q.random.NormFloat64()
		if d := v*v - c; accepts(q.random, b*d*d) {
			return v
		}
	}
}

// drawTwo is draw with two envelopes.
func (q quartic) drawTwo(h, a, b float64) float64 {
	field := math.Abs(h)
	t := well(field, a, b)
	k := a + 3*b*t*t
	mean := t - (t*(2*a+4*b*t*t)-field)/(2*k)
	deviation := 1 / math.Sqrt(2*k)
	for {
		s := mean + deviation*q.random.NormFloat64()
		if s < 0 {
			continue
		}
		v, cost := math.Copysign(s, h), b*(s-t)*(s-t)*s*(s+2*t)
		if q.random.Below(half) {
			v, cost = -v, cost+2*field*s
		}
		if accepts(q.random, cost) {
			return v
		}
	}
}

// converged is the last step, relative, of a method the error of which is the
// square of that.
const converged = 1e-8

// stiffness returns g of the normal distribution that is closest to a quartic one,
// the positive root of
//
//	g^3 - a g^2 - b g - w,   w = b h^2/2.
//
// Newton's method goes down to it from above: from the root at h = 0 and what w
// adds at most. What is drawn does not depend on how close the root is, only the
// number of trials does, the more so the stronger the field.
func stiffness(h, a, b float64) float64 {
	if b == 0 {
		return a
	}
	w := b * h * h / 2
	root := math.Sqrt(a*a + 4*b)
	g := (a + root) / 2
	if a < 0 {
		g = 2 * b / (root - a)
	}
	g += min(w/(g*g+b), math.Sqrt(w/(3*g-a)))
	for {
		next := (g*g*(2*g-a) + w) / (g*(3*g-2*a) - b)
		if !(next <= (1-converged)*g) {
			return next
		}
		g = next
	}
}

// well returns the positive root of V'(t) = 4 b t^3 + 2 a t - h for h >= 0 and a <
// 0, found in the same way from above the root at h = 0.
func well(h, a, b float64) float64 {
	t := math.Sqrt(-a / (2 * b))
	t += min(-h/(4*a), math.Sqrt(h/(12*b*t)))
	for {
		next := (8*b*t*t*t + h) / (12*b*t*t + 2*a)
		if !(next <= (1-converged)*t) {
			return next
		}
		t = next
	}
}
