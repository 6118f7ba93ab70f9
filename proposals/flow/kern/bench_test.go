package kern

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

// eachLevelBench runs a benchmark with every level of this machine, on work
// for a number of columns.
func eachLevelBench(b *testing.B, n int, f func()) {
	for _, l := range available() {
		b.Run(fmt.Sprintf("%s/%d", levelNames[l], n), func(b *testing.B) {
			defer func(l level) { inUse = l }(inUse)
			inUse = l
			for b.Loop() {
				f()
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/column")
		})
	}
}

// A network is a multilayer perceptron with room for its rows.
type network struct {
	widths       []int
	layers       []Layer[float32]
	w, b, gw, gb [][]float32
	y            [][]float32  // rows of each layer, the input first
	g            [3][]float32 // gradients: to the output last, and two that change places
}

func newNetwork(n int, widths ...int) *network {
	rng := rand.New(rand.NewPCG(1, 2))
	random := func(n int) []float32 {
		x := Make[float32](n)
		for i := range x {
			x[i] = float32(rng.NormFloat64()) / 3
		}
		return x
	}
	m := &network{widths: widths}
	m.y = append(m.y, random(widths[0]*n))
	for k, in := range widths[:len(widths)-1] {
		out := widths[k+1]
		m.w, m.b = append(m.w, random(out*in)), append(m.b, random(out))
		m.gw, m.gb = append(m.gw, make([]float32, out*in)), append(m.gb, make([]float32, out))
		m.y = append(m.y, random(out*n))
		m.layers = append(m.layers, Layer[float32]{m.w[k], m.b[k], m.y[k+1], out, in})
	}
	for i := range m.g {
		m.g[i] = random(16 * n)
	}
	return m
}

func (m *network) forward(n int) { Network(m.layers, m.y[0], n, ELU) }

func (m *network) backward(n int) {
	for k := len(m.w) - 1; k >= 0; k-- {
		out, in := m.widths[k+1], m.widths[k]
		g, gx := m.g[k%2], m.g[(k+1)%2]
		if k == len(m.w)-1 {
			g = m.g[2]
		}
		DenseWeights(m.gw[k], m.gb[k], g, m.y[k], out, in, n)
		act := ELU
		if k == 0 {
			act = Identity
		}
		DenseInput(gx, g, m.w[k], m.y[k], out, in, n, act)
	}
}

var benchColumns = []int{64, 128, 256}

func BenchmarkForward(b *testing.B) {
	for _, n := range benchColumns {
		m := newNetwork(n, 4, 10, 10, 10, 4)
		eachLevelBench(b, n, func() { m.forward(n) })
	}
}

func BenchmarkForwardHalf(b *testing.B) {
	for _, n := range benchColumns {
		m := newNetwork(n, 2, 10, 10, 10, 2)
		eachLevelBench(b, n, func() { m.forward(n) })
	}
}

func BenchmarkForwardBackwardHalf(b *testing.B) {
	for _, n := range benchColumns {
		m := newNetwork(n, 2, 10, 10, 10, 2)
		eachLevelBench(b, n, func() { m.forward(n); m.backward(n) })
	}
}

func BenchmarkKernels(b *testing.B) {
	const n = Columns
	m := newNetwork(n, 10, 10, 10)
	x, y, g, w, bias := m.y[0], m.y[1], m.g[0], m.w[0], m.b[0]
	zero := make([]float32, 2)
	for _, k := range []struct {
		name string
		f    func()
	}{
		{"Dense10x10", func() { Dense(y, x, w, bias, 10, 10, n, Identity) }},
		{"Dense10x10ELU", func() { Dense(y, x, w, bias, 10, 10, n, ELU) }},
		{"Dense10x10Tanh", func() { Dense(y, x, w, bias, 10, 10, n, Tanh) }},
		{"DenseInput10x10ELU", func() { DenseInput(g, y, w, x, 10, 10, n, ELU) }},
		{"DenseWeights10x10", func() { DenseWeights(m.gw[0], m.gb[0], g, x, 10, 10, n) }},
		{"Couple2", func() { Couple(g, y[:n], x, x[5*n:], zero, 2, n) }},
		{"CoupleGrad2", func() { CoupleGrad(g, m.g[1], y, y[5*n:], m.gb[0], x, zero, 2, n) }},
		{"Exp", func() { Exp(y[:n], x[:n]) }},
		{"Softplus", func() { Activate(y[:n], x[:n], Softplus) }},
		{"SiLU", func() { Activate(y[:n], x[:n], SiLU) }},
	} {
		b.Run(k.name, func(b *testing.B) { eachLevelBench(b, n, k.f) })
	}
}
