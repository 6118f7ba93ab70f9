package flow

import (
	"math"
	"slices"
)

// paretoShape returns the shape k of the generalised Pareto distribution of the
// largest of positive weights, which are sorted from below: with k > 1/2 their
// variance, and with k > 1 their mean is infinite, if there were no end of them
// (A. Vehtari, D. Simpson, A. Gelman, Y. Yao and J. Gabry, J. Mach. Learn. Res. 25,
// 72 (2024), arXiv:1507.02646, section 3 and appendix C). It is NaN where the tail
// has less than 5 weights, or where the weights are alike.
func paretoShape(weights []float64) float64 {
	n := len(weights)
	m := int(math.Ceil(min(0.2*float64(n), 3*math.Sqrt(float64(n)))))
	if m < 5 || m >= n {
		return math.NaN()
	}
	threshold := weights[n-m-1]
	excess := slices.Clone(weights[n-m:])
	for i := range excess {
		excess[i] -= threshold
	}
	k := fitPareto(excess)
	// Few weights count less than a prior that is worth 10 of them at k = 1/2.
	const prior = 10
	return (float64(m)*k + prior*0.5) / (float64(m) + prior)
}

// fitPareto returns the shape k of the generalised Pareto distribution,
//
//	f(x) = (1/sigma) (1 + k x/sigma)^(-1/k-1),
//
// of a sample that is sorted from below, by the empirical Bayes estimator of J.
// Zhang and M. A. Stephens, Technometrics 51, 316 (2009). Their k has the other
// sign. With theta = -k/sigma, the likelihood is largest, at given theta, for k =
// mean ln(1 - theta x); theta is averaged over points of a prior with the
// likelihood for weights.
func fitPareto(x []float64) float64 {
	n := float64(len(x))
	most, quarter := x[len(x)-1], x[int(n/4+0.5)-1]
	if !(quarter > 1e-12*most) {
		return math.NaN()
	}
	shape := func(theta float64) (k float64) {
		for _, v := range x {
			k += math.Log1p(-theta * v)
		}
		return k / n
	}
	points := 20 + int(math.Sqrt(n))
	theta, log := make([]float64, points), make([]float64, points)
	for j := range theta {
		theta[j] = 1/most + (1-math.Sqrt(float64(points)/(float64(j)+0.5)))/(3*quarter)
		k := shape(theta[j])
		log[j] = n * (math.Log(-theta[j]/k) - k - 1)
	}
	largest := slices.Max(log)
	var sum, mean float64
	for j, l := range log {
		p := math.Exp(l - largest)
		sum += p
		mean += p * theta[j]
	}
	return shape(mean / sum)
}
