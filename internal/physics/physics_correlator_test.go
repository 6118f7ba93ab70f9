package physics

import (
	"fmt"
	"math"
	"testing"
)

// clockRing returns C(r) of a ring of q angles, r = 0..L/2, by its transfer matrix:
// with the eigenvalues lambda_p of exp(K cos(2 pi k/q)), as the spin couples p and
// p+1 alone,
//
//	C(r) = sum_p lambda_p^(L-r) lambda_(p+1)^r / sum_p lambda_p^L.
//
// So it is of the XY model for q so large that sums are integrals to all digits.
func clockRing(q int, k float64, length int) (correlation []float64) {
	lambda, z := make([]float64, q), 0.0
	for p := range lambda {
		for a := range q {
			angle := 2 * math.Pi * float64(a) / float64(q)
			lambda[p] += math.Exp(k*math.Cos(angle)) * math.Cos(float64(p)*angle) / float64(q)
		}
		z += math.Pow(lambda[p], float64(length))
	}
	for r := range length/2 + 1 {
		var sum float64
		for p := range lambda {
			sum += math.Pow(lambda[p], float64(length-r)) * math.Pow(lambda[(p+1)%q], float64(r))
		}
		correlation = append(correlation, sum/z)
	}
	return correlation
}

// freeCorrelator returns C(t) of a free field of action sum (dphi^2 + mass2 phi^2)
// along a side, by the sum over its modes.
func freeCorrelator(mass2 float64, side int) (c []float64) {
	for t := range side/2 + 1 {
		var sum float64
		for n := range side {
			k := 2 * math.Pi * float64(n) / float64(side)
			sum += math.Cos(k*float64(t)) / (2 * (2 - 2*math.Cos(k) + mass2))
		}
		c = append(c, sum/float64(side))
	}
	return c
}

// masses returns m_eff(t) of a correlator, t = 1..L/2.
func masses(c []float64, side int) (m []float64) {
	for t := 1; t <= side/2; t++ {
		m = append(m, math.Acosh((c[t-1]+c[min(t+1, side-t-1)])/(2*c[t])))
	}
	return m
}

// Correlators at zero momentum and effective masses of free fields and of rings.
func TestCorrelators(t *testing.T) {
	thorough(t)
	var c scores
	t.Run("systems", func(t *testing.T) {
		const mass2 = 0.5
		field := freeCorrelator(mass2, 8)
		unequal := append(freeCorrelator(mass2, 5), freeCorrelator(mass2, 6)[1:]...)
		for _, x := range []struct {
			model       string
			shape       []int
			c           []float64
			m           []float64
			kernels     string
			connectable bool
		}{
			{"name = \"gaussian\"\nmass2 = 0.5", []int{8, 8}, field, masses(field, 8),
				"[[proposal]]\nkernel = \"heat-bath\"\n[[proposal]]\ncycle = [{ kernel = \"hmc\" }, { kernel = \"over-relaxation\" }]\n", true},
			{"name = \"gaussian\"\nmass2 = 0.5", []int{5, 6}, nil, nil, "[[proposal]]\nkernel = \"heat-bath\"\n", true},
			{"name = \"xy\"\nbeta = 1.4", []int{10}, clockRing(64, 1.4, 10), nil,
				"[[proposal]]\ncycle = [{ kernel = \"heat-bath\" }, { kernel = \"wolff\", steps = 2 }]\n", false},
			{"name = \"clock\"\nq = 5\nbeta = 1.2", []int{9}, clockRing(5, 1.2, 9), nil,
				"[[proposal]]\nkernel = \"heat-bath\"\n[[proposal]]\nkernel = \"wolff\"\nsteps = 4\n[[proposal]]\nkernel = \"swendsen-wang\"\n", false},
		} {
			t.Run(fmt.Sprintf("%.8s%v", x.model[8:], x.shape), func(t *testing.T) {
				switch {
				case x.c == nil: // of sides 5 and 6: C(0) differs, and is that of the first
					x.c = unequal
					x.m = append(masses(freeCorrelator(mass2, 5), 5), masses(freeCorrelator(mass2, 6), 6)...)
				case x.m == nil:
					x.m = masses(x.c, x.shape[0])
				}
				names := `"correlator", "effective_mass"`
				if x.connectable {
					names += `, "connected_correlator", "connected_effective_mass"`
				}
				r := read(t, "correlator.toml", fmt.Sprintf(`
[model]
%s
shape = %s
[run]
chains = 32
thermalize = 200
sweeps = %d
[observables]
record = [%s]
`, x.model, list(x.shape), length(4000), names)+x.kernels)
				r.each(t, func(t *testing.T, s *sample) {
					c.compare(t, s, "correlator", x.c...)
					c.compare(t, s, "effective_mass", x.m[:1]...)
					if x.connectable {
						c.compare(t, s, "connected_correlator", x.c...)
						c.compare(t, s, "connected_effective_mass", x.m[:1]...)
					}
					for k, want := range x.m[1:] {
						e := s.pooled(t, "effective_mass", k+1)
						verdict(t, math.Abs(e.Value-want) < tooFar*e.Error,
							fmt.Sprintf("%s: effective_mass[%d] = %.5f(%.5f), exact %.5f", s.proposal, k+1, e.Value, e.Error, want))
					}
				})
			})
		}
	})
	c.check(t)
}

// list writes sides as a card has them.
func list(shape []int) string {
	text := "["
	for i, side := range shape {
		if i > 0 {
			text += ", "
		}
		text += fmt.Sprint(side)
	}
	return text + "]"
}
