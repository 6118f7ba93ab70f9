package mctest

import (
	"fmt"
	"math"
)

// A Matrix is a transition matrix: Matrix[i][j] is the probability that a step
// leads from state i to state j.
type Matrix [][]float64

func newMatrix(states int) Matrix {
	p := make(Matrix, states)
	for i := range p {
		p[i] = make([]float64, states)
	}
	return p
}

// tolerance is the largest relative deviation that passes for rounding. The
// probability p of a decision is rounded to 2^-53 p, and one of 1-p so by
// 2^-53 p/(1-p) of it: a step of some tens of decisions, none of which has
// an outcome rarer than 1e-3, is left with 1e-12 at most.
const tolerance = 1e-12

// negligible is the probability below which a transition does not count as
// possible: the rounding of a decision that is certain.
const negligible = 0x1p-60

// Distribution returns the probabilities
//
//	pi_k = exp(logWeight(k)) / sum_i exp(logWeight(i))
//
// of the states, the logarithms of their weights being -beta H for a model.
func Distribution(states int, logWeight func(state int) float64) []float64 {
	pi := make([]float64, states)
	top := math.Inf(-1)
	for k := range pi {
		pi[k] = logWeight(k)
		top = math.Max(top, pi[k])
	}
	var sum float64
	for k, w := range pi {
		pi[k] = math.Exp(w - top)
		sum += pi[k]
	}
	for k := range pi {
		pi[k] /= sum
	}
	return pi
}

// Stochastic returns an error if the probabilities of a row do not add up to 1
// within 1e-12, or one is negative or NaN.
func (p Matrix) Stochastic() error {
	for i, row := range p {
		var sum float64
		for j, v := range row {
			if !(v >= 0) {
				return fmt.Errorf("mctest: not stochastic: P[%d][%d] = %g", i, j, v)
			}
			sum += v
		}
		if math.Abs(sum-1) > tolerance {
			return fmt.Errorf("mctest: not stochastic: row %d adds up to 1%+.3g", i, sum-1)
		}
	}
	return nil
}

// Invariant returns an error if a step changes the distribution pi of the
// states: if for some state j
//
//	|(pi P)_j - pi_j| > 1e-12 pi_j.
//
// The error is that of the worst state. Each state is held to its own
// probability, so that the rare ones are tested as well as the others. Decisions
// with probabilities as extreme as 1e-4 can then fail by rounding; test at
// a higher temperature. All of pi must be positive; Invariant panics if it has
// another length than P.
func (p Matrix) Invariant(pi []float64) error {
	p.mustFit(pi)
	worst, at, to := tolerance, -1, 0.0
	for j := range pi {
		var sum float64
		for i := range pi {
			sum += pi[i] * p[i][j]
		}
		if d := math.Abs(sum-pi[j]) / pi[j]; !(d <= worst) {
			worst, at, to = d, j, sum
		}
	}
	if at < 0 {
		return nil
	}
	return fmt.Errorf("mctest: not invariant: a step changes the probability of state %d from %.6g to %.6g, by %.3g of it", at, pi[at], to, worst)
}

// Balanced returns an error if P is not in detailed balance with pi: if for
// some pair of states
//
//	|pi_i P_ij - pi_j P_ji| > 1e-12 max(pi_i P_ij, pi_j P_ji).
//
// The error is that of the pair that exchanges most. Detailed balance implies
// invariance. Balanced panics if pi has another length than P.
func (p Matrix) Balanced(pi []float64) error {
	p.mustFit(pi)
	worst, from, to := 0.0, -1, -1
	for i := range pi {
		for j := range i {
			there, back := pi[i]*p[i][j], pi[j]*p[j][i]
			d := math.Abs(there - back)
			if !(d <= tolerance*math.Max(there, back)) && !(d <= worst) {
				worst, from, to = d, i, j
			}
		}
	}
	if from < 0 {
		return nil
	}
	return fmt.Errorf("mctest: not in detailed balance: %.6g goes from state %d to %d and %.6g back", pi[from]*p[from][to], from, to, pi[to]*p[to][from])
}

// Irreducible returns an error if not every state can be reached from every
// other in some number of steps. Transitions of a probability below 2^-60 do
// not count.
func (p Matrix) Irreducible() error {
	for j, d := range p.distances() {
		if d < 0 {
			return fmt.Errorf("mctest: reducible: state %d cannot be reached from state 0", j)
		}
	}
	for i, d := range p.transposed().distances() {
		if d < 0 {
			return fmt.Errorf("mctest: reducible: state 0 cannot be reached from state %d", i)
		}
	}
	return nil
}

// Period returns the greatest common divisor of the numbers of steps in which
// an irreducible chain can return to where it was; 1 is an aperiodic chain.
// It panics if P is not irreducible.
func (p Matrix) Period() int {
	if p.Irreducible() != nil {
		panic("mctest: the period of a reducible chain")
	}
	// E. V. Denardo, Math. Oper. Res. 2, 96 (1977): every transition i -> j
	// closes a cycle whose length is, up to multiples of the period,
	// distance(i) + 1 - distance(j).
	distance := p.distances()
	period := 0
	for i, row := range p {
		for j, v := range row {
			if v >= negligible {
				period = gcd(period, distance[i]+1-distance[j])
			}
		}
	}
	return period
}

// distances returns the least number of steps from state 0 to each state, -1
// if there is none.
func (p Matrix) distances() []int {
	distance := make([]int, len(p))
	for j := range distance {
		distance[j] = -1
	}
	distance[0] = 0
	queue := []int{0}
	for len(queue) > 0 {
		i := queue[0]
		queue = queue[1:]
		for j, v := range p[i] {
			if v >= negligible && distance[j] < 0 {
				distance[j] = distance[i] + 1
				queue = append(queue, j)
			}
		}
	}
	return distance
}

// Mul returns the product P Q, the matrix of a step of P followed by one of Q.
// It panics if their sizes differ.
func (p Matrix) Mul(q Matrix) Matrix {
	if len(p) != len(q) {
		panic(badSize)
	}
	r := newMatrix(len(p))
	for i, row := range p {
		for k, v := range row {
			if v == 0 {
				continue
			}
			for j, w := range q[k] {
				r[i][j] += v * w
			}
		}
	}
	return r
}

const badSize = "mctest: a distribution or matrix of another number of states"

func (p Matrix) mustFit(pi []float64) {
	if len(p) != len(pi) {
		panic(badSize)
	}
}

func (p Matrix) transposed() Matrix {
	t := newMatrix(len(p))
	for i, row := range p {
		for j, v := range row {
			t[j][i] = v
		}
	}
	return t
}

func gcd(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return max(a, -a)
}
