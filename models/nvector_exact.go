package models

import "math"

// Exact implements [Exact]. Values are known on rings, and at J = 0.
func (m *NVector) Exact() map[string]float64 {
	k := m.Beta() * m.J
	if k == 0 {
		return map[string]float64{"energy": 0, "specific_heat": 0, "susceptibility": m.Beta()}
	}
	if len(m.Shape) != 1 || m.Frustrated() {
		return nil
	}
	return ringOfVectors(m.Shape[0], m.N, m.Beta(), m.J)
}

const (
	maxRingCoupling = 1e10 // of |K|: the eigenvalues needed grow as its root
	maxHeatCoupling = 100  // beyond, C is a difference of numbers K^2 as large
)

// ringOfVectors returns the expectation values of a ring of sites unit vectors
// of n components, not frustrated, K = beta J not 0. The transfer operator
// exp(K S.S') on the sphere has the spherical harmonics of degree l for
// eigenfunctions, with the eigenvalues (up to a common factor)
//
//	lambda_l = I_{nu+l}(K)/K^nu,   nu = n/2 - 1,
//
// as often as there are harmonics (M. E. Fisher, Am. J. Phys. 32, 343 (1964)
// for n = 3). So, of N sites, Z = sum_l m_l lambda_l^N, and as S couples
// the degrees l and l+1 alone,
//
//	<S_0 . S_r> = sum_l c_l (lambda_l^{N-r} lambda_{l+1}^r + lambda_{l+1}^{N-r} lambda_l^r) / Z,
//
// with c_l + c_{l-1} = m_l. A negative K reverses every other spin.
func ringOfVectors(sites, n int, beta, j float64) map[string]float64 {
	k := beta * math.Abs(j)
	if k > maxRingCoupling {
		return nil
	}
	ratio := besselRatios(float64(n)/2-1, k)
	size := float64(sites)
	var z, first, second, square, correlated float64
	var log, coupled float64 // ln lambda_l/lambda_0, and c_{l-1}
	multiplicity := 1.0
	for degree, r := range ratio {
		l := float64(degree)
		w := math.Exp(size * log)
		d := r + l/k // d ln lambda_l / dK
		dd := 1 - r*r - (2*l+float64(n)-1)*r/k - l/(k*k)
		z += multiplicity * w
		first += multiplicity * w * d
		second += multiplicity * w * dd
		square += multiplicity * w * d * d
		coupled = multiplicity - coupled
		q := r
		if j < 0 {
			q = -r
		}
		correlated += coupled * w * (1 + q) / (1 - q) * -math.Expm1(size*math.Log(r))
		log += math.Log(r)
		if degree == 0 {
			multiplicity = float64(n)
		} else {
			a := 2*l + float64(n)
			multiplicity *= a * (l + float64(n) - 2) / ((a - 2) * (l + 1))
		}
	}
	first /= z
	known := map[string]float64{
		"energy":         -math.Abs(j) * first,
		"susceptibility": beta * correlated / z,
	}
	if k <= maxHeatCoupling {
		known["specific_heat"] = k * k * (second/z + size*(square/z-first*first))
	}
	return known
}

// besselRatios returns I_{nu+l+1}(x)/I_{nu+l}(x) for l = 0, 1, ... until
// I_{nu+l}/I_nu is below 1e-20. The recursion
//
//	1/r_{mu-1} = 2 mu/x + r_mu
//
// is stable downwards; it begins so far up that the error of its first value,
// an upper bound by D. E. Amos, Math. Comp. 28, 239 (1974), has died out.
func besselRatios(nu, x float64) []float64 {
	root := math.Sqrt(x)
	ratios := make([]float64, 100+int(10*root))
	mu := nu + float64(len(ratios)+100+int(2*root))
	r := x / (mu + 0.5 + math.Sqrt((mu+0.5)*(mu+0.5)+x*x))
	for l := len(ratios) + 99 + int(2*root); l >= 0; l-- {
		r = 1 / (2*(nu+float64(l)+1)/x + r)
		if l < len(ratios) {
			ratios[l] = r
		}
	}
	return ratios
}
