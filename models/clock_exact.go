package models

import "math"

// Exact implements [Exact]: by [SumStates], by what the Ising model knows where q
// is 2 or 4, by the transfer matrix on rings, or by [Eliminate].
func (m *Clock) Exact() map[string]float64 {
	x, ok := m.moments()
	if !ok {
		return nil
	}
	known := named(x, m.Sites(), m.Beta())
	delete(known, "magnetization") // which is a vector
	return known
}

func (m *Clock) moments() (Moments, bool) {
	if x, ok := SumStates(m); ok {
		return x, true
	}
	if x, ok := m.isingMoments(); ok {
		return x, true
	}
	if len(m.Shape) == 1 {
		if x, ok := ringOfClocks(m.Shape[0], m.Q, m.Beta(), m.J); ok {
			return x, true
		}
	}
	return Eliminate(m)
}

// isingMoments returns the moments of q = 2 and 4 by those of the Ising model.
// Four angles are two spins s and t,
//
//	(cos theta, sin theta) = (s + t, s - t)/2 in axes turned by pi/4,
//
// with cos(theta - theta') = (s s' + t t')/2, so that
//
//	|m|^2 = (m_s^2 + m_t^2)/2,   <|m|^4> = (<m_s^4> + <m_s^2>^2)/2.
func (m *Clock) isingMoments() (Moments, bool) {
	ising := &Ising{Periodic: m.Periodic, Thermal: m.Thermal, J: m.J}
	switch m.Q {
	case 2:
	case 4:
		ising.J /= 2
	default:
		return Moments{}, false
	}
	if ising.Prepare() != nil {
		return Moments{}, false
	}
	x, ok := ising.moments()
	if ok && m.Q == 4 {
		x.LogZ *= 2
		x.Energy *= 2
		x.SpecificHeat *= 2
		x.AbsMag = math.NaN()
		x.Mag4 = (x.Mag4 + x.Mag2*x.Mag2) / 2
	}
	return x, ok
}

// ringOfClocks returns the moments of a ring of n sites, AbsMag and Mag4 being NaN.
// Its transfer matrix exp(-beta e(k - k')) is diagonal in Fourier space, with the
// eigenvalues
//
//	lambda_p = sum_k exp(-beta e_k) cos(2 pi p k/q),   e_k = -J cos(2 pi k/q),
//
// so that Z = sum_p lambda_p^n and, as the spin couples p and p+1 alone,
//
//	<S_0 . S_r> = sum_p lambda_p^{n-r} lambda_{p+1}^r / Z.
//
// With mu and nu as lambda, but with e_k and e_k^2 in their sums, the energy E has
//
//	<E> = n sum_p lambda^{n-1} mu/Z,   <E^2> = n sum_p (lambda^{n-1} nu + (n-1) lambda^{n-2} mu^2)/Z.
//
// Nothing is divided by an eigenvalue, which may be 0. It returns false where the
// terms of Z cancel, as at low temperature where J < 0 and the ring is frustrated.
func ringOfClocks(n, q int, beta, j float64) (Moments, bool) {
	cos, _ := Angles(q)
	low := math.Inf(1)
	energy := make([]float64, q)
	for k, c := range cos {
		energy[k] = -j * c
		low = min(low, energy[k])
	}
	weight, total := make([]float64, q), 0.0
	for k, e := range energy {
		weight[k] = math.Exp(-beta * (e - low))
		total += weight[k]
	}
	for k := range weight {
		weight[k] /= total // so that the largest eigenvalue is 1
	}
	transformed := func(p int, of func(k int) float64) (sum float64) {
		for k, w := range weight {
			sum += w * of(k) * cos[p*k%q]
		}
		return sum
	}
	lambda, z, terms := make([]float64, q), 0.0, 0.0
	for p := range lambda {
		lambda[p] = transformed(p, func(int) float64 { return 1 })
		term := math.Pow(lambda[p], float64(n))
		z += term
		terms += math.Abs(term)
	}
	if z < 1e-3*terms {
		return Moments{}, false
	}

	// The energy of a bond, and its fluctuations about that.
	size := float64(n)
	var mean, variance, correlated float64
	for p, l := range lambda {
		mu := transformed(p, func(k int) float64 { return energy[k] - low })
		mean += math.Pow(l, size-1) * mu / z
	}
	for p, l := range lambda {
		above := func(k int) float64 { return energy[k] - low - mean }
		mu := transformed(p, above)
		nu := transformed(p, func(k int) float64 { return above(k) * above(k) })
		variance += (math.Pow(l, size-1)*nu + (size-1)*math.Pow(l, size-2)*mu*mu) / z
		correlated += l * powerSum(l, lambda[(p+1)%q], n) / z
	}
	return Moments{
		LogZ:         size*(math.Log(total)-beta*low) + math.Log(z),
		Energy:       low + mean,
		SpecificHeat: beta * beta * max(0, variance),
		Mag:          math.NaN(),
		AbsMag:       math.NaN(),
		Mag2:         max(0, correlated) / size,
		Mag4:         math.NaN(),
	}, true
}

// powerSum returns sum_{r=0}^{n-1} a^{n-1-r} b^r, by doubling n.
func powerSum(a, b float64, n int) float64 {
	if n == 0 {
		return 0
	}
	half := float64(n / 2)
	sum := powerSum(a, b, n/2) * (math.Pow(a, half) + math.Pow(b, half))
	if n%2 != 0 {
		sum = a*sum + math.Pow(b, float64(n-1))
	}
	return sum
}
