package models

import (
	"fmt"
	"math"

	"mcrun/mc"
	"mcrun/mc/param"
)

// Mixture is a mixture of normal distributions in few dimensions,
//
//	pi(x) = sum_k w_k Normal(x; mu_k, sigma^2 I),   sum_k w_k = 1,
//
// normalised: its action is -ln pi. Modes far apart on the scale of sigma show
// what a kernel misses. It is a field of one coordinate a site and without
// bonds, so that m is the mean of the coordinates.
type Mixture struct {
	Size    int       `card:"dim" min:"1" doc:"number of dimensions"`
	Modes   []float64 `card:"modes" min:"-1e10" max:"1e10" doc:"means mu_k of the normal distributions, dim numbers each"`
	Weights []float64 `card:"weights" above:"0" max:"1e10" doc:"weight of each mode, in proportion"`
	Sigma   float64   `card:"sigma" min:"1e-10" max:"1e10" doc:"standard deviation of each mode"`
}

var (
	_ Differentiable = (*Mixture)(nil)
	_ Magnetic       = (*Mixture)(nil)
	_ SpinField      = (*Mixture)(nil)
	_ Portable       = (*Mixture)(nil)
	_ Exact          = (*Mixture)(nil)
)

func init() {
	Register(Entry{
		Name: "mixture",
		Doc:  "mixture of normal distributions in few dimensions",
		New:  func() Spec { return new(Mixture) },
		Example: []param.Setting{
			{Key: "dim", Value: 2},
			{Key: "modes", Value: []float64{-2, -2, 2, 2}},
			{Key: "weights", Value: []float64{1, 2}},
			{Key: "sigma", Value: 0.7},
		},
		Small: [][]param.Setting{
			settings([]any{"dim", 1, "modes", []float64{-1, 0, 1.2}, "weights", []float64{1.0, 5.0, 2.0}, "sigma", 0.4}),
			settings([]any{"dim", 2, "modes", []float64{-1, -0.5, 1, 1.2}, "weights", []float64{1.0, 2.0}, "sigma", 0.6}),
			settings([]any{"dim", 3, "modes", []float64{1, 2, 3}, "weights", []float64{7.0}, "sigma", 0.8}),
		},
	})
}

// Validate checks what the keys say together.
func (m *Mixture) Validate() error {
	switch modes := len(m.Modes) / m.Size; {
	case modes == 0 || len(m.Modes)%m.Size != 0:
		return &param.Error{Key: "modes", Problem: "has " + numbers(len(m.Modes)), Expected: fmt.Sprintf("%d for each mode", m.Size)}
	case len(m.Weights) != modes:
		return &param.Error{Key: "weights", Problem: "has " + numbers(len(m.Weights)), Expected: fmt.Sprintf("%d, one for each mode", modes)}
	}
	return nil
}

// numbers says how many numbers a list has.
func numbers(n int) string {
	if n == 1 {
		return "1 number"
	}
	return fmt.Sprintf("%d numbers", n)
}

// Sites implements [Model]: the number of dimensions.
func (m *Mixture) Sites() int { return m.Size }

// Beta implements [Model]. It is 1.
func (m *Mixture) Beta() float64 { return 1 }

// Bytes implements [Model].
func (m *Mixture) Bytes() (chain, tables float64) { return fieldBytes * float64(m.Size), 0 }

// Prepare implements [Model].
func (m *Mixture) Prepare() error { return nil }

// NewState implements [Model]. A cold start is the mean of the mode of the
// largest weight; a hot one is normal, each coordinate by itself with the mean
// and the variance that it has in the mixture.
func (m *Mixture) NewState(start Start, random *mc.Stream) State {
	x := make(Field, m.Size)
	if start == Cold {
		largest := 0
		for k, w := range m.Weights {
			if w > m.Weights[largest] {
				largest = k
			}
		}
		copy(x, m.mode(largest))
		return x
	}
	total := m.total()
	for i := range x {
		var first, second float64
		for k, w := range m.Weights {
			first += w / total * m.mode(k)[i]
		}
		for k, w := range m.Weights {
			d := m.mode(k)[i] - first
			second += w / total * d * d
		}
		x[i] = first + math.Sqrt(second+m.Sigma*m.Sigma)*random.NormFloat64()
	}
	return x
}

// mode returns mu_k.
func (m *Mixture) mode(k int) []float64 { return m.Modes[k*m.Size : (k+1)*m.Size] }

// total returns the sum of the weights.
func (m *Mixture) total() float64 {
	var sum float64
	for _, w := range m.Weights {
		sum += w
	}
	return sum
}

// Dim implements [Differentiable].
func (m *Mixture) Dim() int { return m.Size }

// Action implements [Differentiable].
func (m *Mixture) Action(x, s []float64) {
	for c := range s {
		s[c] = m.action(x[c*m.Size:(c+1)*m.Size], nil)
	}
}

// Gradient implements [Differentiable].
func (m *Mixture) Gradient(x, s, g []float64) {
	for c := range s {
		s[c] = m.action(x[c*m.Size:(c+1)*m.Size], g[c*m.Size:(c+1)*m.Size])
	}
}

// action returns S, and writes its gradient to g unless that is nil. Terms are
// taken relative to the largest, which grows as modes are added.
func (m *Mixture) action(x, g []float64) float64 {
	clear(g)
	largest, sum := math.Inf(-1), 0.0
	precision := 1 / (m.Sigma * m.Sigma)
	for k, w := range m.Weights {
		mu := m.mode(k)
		var square float64
		for i, v := range x {
			square += (v - mu[i]) * (v - mu[i])
		}
		log := math.Log(w) - square*precision/2
		if log > largest {
			shrink := math.Exp(largest - log)
			sum *= shrink
			for i := range g {
				g[i] *= shrink
			}
			largest = log
		}
		e := math.Exp(log - largest)
		sum += e
		for i := range g {
			g[i] += e * (x[i] - mu[i]) * precision
		}
	}
	for i := range g {
		g[i] /= sum
	}
	norm := math.Log(m.total()) + float64(m.Size)*math.Log(2*math.Pi*m.Sigma*m.Sigma)/2
	return norm - largest - math.Log(sum)
}

// Magnetization implements [Magnetic].
func (m *Mixture) Magnetization(s State) float64 { return mean(s.(Field)) }

// Components implements [SpinField].
func (m *Mixture) Components() int { return 1 }

// Component implements [SpinField].
func (m *Mixture) Component(s State, c int, dst []float64) { copy(dst, s.(Field)) }

// Array implements [Portable].
func (m *Mixture) Array() Array { return Array{Type: "<f8", Shape: []int{m.Size}} }

// Export implements [Portable].
func (m *Mixture) Export(s State, dst []byte) []byte { return exportField(s, dst) }

// Import implements [Portable].
func (m *Mixture) Import(s State, src []byte) error { return importField(s, src) }

// Exact implements [Exact]. In mode k, m is normal with the mean of the
// coordinates of mu_k and the variance sigma^2/dim.
func (m *Mixture) Exact() map[string]float64 {
	n, total := float64(m.Size), m.total()
	v := m.Sigma * m.Sigma / n
	var first, abs, second, fourth float64
	for k, w := range m.Weights {
		a := mean(m.mode(k))
		w /= total
		first += w * a
		abs += w * (math.Sqrt(2*v/math.Pi)*math.Exp(-a*a/(2*v)) + a*math.Erf(a/math.Sqrt(2*v)))
		second += w * (a*a + v)
		fourth += w * (a*a*a*a + 6*a*a*v + 3*v*v)
	}
	return map[string]float64{
		"magnetization":            first,
		"abs_magnetization":        abs,
		"susceptibility":           n * second,
		"connected_susceptibility": n * (second - abs*abs),
		"binder":                   1 - fourth/(3*second*second),
		"log_z":                    0,
	}
}
