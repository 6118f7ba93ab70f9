package proposals

import (
	"math"
	"testing"

	"mcrun/mc"
)

// quarticTable returns the distribution function of exp(h v - a v^2 - b v^4), and
// the logarithm of its norm.
func quarticTable(h, a, b float64) (*table, float64) {
	exponent := func(v float64) float64 { return v * (h - v*(a+b*v*v)) }
	// The largest exponent, and where the others are 45 below it.
	scale := math.Sqrt(math.Max(0, -a)/(2*b)) + math.Cbrt(math.Abs(h)/(4*b)) + 8*math.Pow(b, -0.25)
	if b < 1e-20*a*a {
		scale = math.Abs(h)/(2*a) + 8/math.Sqrt(a)
	}
	top, at, step := math.Inf(-1), 0.0, scale/20000
	for around := 0.0; step > 1e-12*scale; around, step = at, step/1000 {
		for i := -20000.0; i <= 20000; i++ {
			if v := around + i*step; exponent(v) > top {
				top, at = exponent(v), v
			}
		}
	}
	// end returns where the exponent comes up to 45 below the top, from afar.
	end := func(far float64) float64 {
		low, high := far, at
		for i := range 20000 {
			v := far + (at-far)*float64(i)/20000
			if exponent(v) >= top-45 {
				high = v
				break
			}
			low = v
		}
		for range 100 {
			if mid := (low + high) / 2; exponent(mid) < top-45 {
				low = mid
			} else {
				high = mid
			}
		}
		return high
	}
	low, high := end(-scale), end(scale)
	density := func(v float64) float64 { return math.Exp(exponent(v) - top) }
	t := newTable(low, high, density)
	var sum float64
	for i := range len(t.f) - 1 {
		v := low + t.width*float64(i)
		sum += (density(v) + 4*density(v+t.width/2) + density(v+t.width)) * t.width / 6
	}
	return t, top + math.Log(sum)
}

// quartics are parameters from weak to strong fields, with wells and without.
func quartics(visit func(h, a, b float64)) {
	for _, b := range []float64{0.01, 1, 30} {
		root := math.Sqrt(b)
		for _, alpha := range []float64{30, 2, 0, -0.5, -0.999, -1.001, -2, -4, -10, -40} {
			for _, eta := range []float64{0, 1e-3, -0.1, 0.5, 1, -3, 10, 100, -1e4, 1e9} {
				visit(eta*math.Sqrt(root), alpha*root, b)
			}
		}
	}
	for _, h := range []float64{0, -0.3, 5, 1e4} {
		visit(h, 0.7, 0)
		visit(h, 0.7, 1e-25)
	}
}

// The numbers that are drawn have the conditional distribution.
func TestQuarticDistribution(t *testing.T) {
	draws := 20000
	if raceEnabled {
		draws = 4000
	}
	u := make([]float64, draws)
	n := uint64(0)
	quartics(func(h, a, b float64) {
		n++
		f, _ := quarticTable(h, a, b)
		q := newQuartic(mc.NewStream(mc.NewKey(n, "quartic")))
		for i := range u {
			u[i] = f.at(q.draw(h, a, b))
		}
		if err := uniformly(u); err != nil {
			t.Errorf("h = %g, a = %g, b = %g: %v", h, a, b, err)
		}
	})
}

// What is accepted of the trials is the ratio of the norms of density and
// envelope, and not less than the bounds that are derived.
func TestQuarticTrials(t *testing.T) {
	two := twoEnvelopes(math.Sqrt2) / 2
	for r := 0.05; r < math.Sqrt2; r += 0.05 {
		if least := twoEnvelopes(r) / 2; least < two {
			t.Errorf("of two envelopes %.4f are accepted at r = %g, less than %.4f", least, r, two)
		}
	}
	if two < 0.21 {
		t.Errorf("of two envelopes %.4f are accepted at least; the bound is 0.21", two)
	}
	worst := map[float64]float64{two: 1, math.Exp(-1.5): 1, math.Exp(-1): 1}
	quartics(func(h, a, b float64) {
		_, norm := quarticTable(h, a, b)
		var envelope, bound float64 // the logarithm of the envelope's norm
		if a < -math.Sqrt(b) {
			field := math.Abs(h)
			w := well(field, a, b)
			k, slope := a+3*b*w*w, w*(2*a+4*b*w*w)-field
			envelope = math.Log(2) - w*(w*(a+b*w*w)-field) + slope*slope/(4*k) + math.Log(math.Pi/k)/2
			bound = two
		} else {
			g := stiffness(h, a, b)
			c := 1/(2*g) + h*h/(4*g*g)
			g = a + 2*b*c
			envelope = b*c*c + h*h/(4*g) + math.Log(math.Pi/g)/2
			bound = math.Exp(-1.5)
			if a >= 0 {
				bound = math.Exp(-1)
			}
		}
		accepted := math.Exp(norm - envelope)
		worst[bound] = min(worst[bound], accepted)
		if !(accepted > bound && accepted < 1+1e-6) {
			t.Errorf("h = %g, a = %g, b = %g: %.3f of the trials are accepted, the bound is %.3f", h, a, b, accepted, bound)
		}
	})
	for bound, accepted := range worst {
		t.Logf("bound %.3f: %.3f at least", bound, accepted)
	}
}

// twoEnvelopes returns the mean over the normal y > -1/r of what is accepted.
func twoEnvelopes(r float64) float64 {
	const step = 1e-4
	var sum float64
	for y := max(-1/r, -12) + step/2; y < 12; y += step {
		sum += math.Exp(-y*y/2 - y*y*(1+r*y)*(3+r*y)/2)
	}
	return sum * step / math.Sqrt(2*math.Pi)
}
