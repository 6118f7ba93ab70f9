package flow

import (
	"math"
	"strings"
	"testing"

	"mcrun/mc"
	"mcrun/mc/param"
	"mcrun/models"
	"mcrun/proposals/flow/kern"
)

func spec(t testing.TB, keys map[string]any) Spec {
	t.Helper()
	var s Spec
	if errs := param.Decode(keys, &s); errs != nil {
		t.Fatal(errs)
	}
	return s
}

func stream(parts ...string) *mc.Stream { return mc.NewStream(mc.NewKey(1, parts...)) }

func dual(t testing.TB, shape ...int) *models.DualIsing {
	t.Helper()
	tc := 2.269185314213022
	m := &models.DualIsing{Thermal: models.Thermal{Temperature: &tc}, J: 1, Offset: 0.1}
	m.Shape = shape
	if err := m.Prepare(); err != nil {
		t.Fatal(err)
	}
	return m
}

// shake gives all parameters random values, scales included.
func shake[T kern.Float](f *Flow[T], size float64, random *mc.Stream) {
	for i := range f.Theta {
		f.Theta[i] += T(size * (2*random.Float64() - 1))
	}
}

func testFlow[T kern.Float](t testing.TB, m models.Model, keys map[string]any) *Flow[T] {
	t.Helper()
	f, err := New[T](spec(t, keys), m, stream("flow"))
	if err != nil {
		t.Fatal(err)
	}
	shake(f, 0.3, stream("shake"))
	return f
}

func TestSampleGradient(t *testing.T) {
	m := dual(t, 4, 4)
	f := testFlow[float64](t, m, map[string]any{"couplings": 2, "hidden": []int{3}, "symmetry": "z2"})
	const batch = 70
	w := NewWorkers[float64](2)
	value := func() float64 {
		x, logq, s := make([]float64, batch*16), make([]float64, batch), make([]float64, batch)
		f.Sample(w, stream("batch"), x, logq)
		m.Action(x, s)
		var sum float64
		for c := range s {
			sum += s[c] + logq[c]
		}
		return sum
	}
	grad := make([]float64, len(f.Theta))
	f.SampleGradient(w, stream("batch"), batch, func(first int, x, logq, gx, l []float64) {
		m.Gradient(x, make([]float64, len(logq)), gx)
		for c := range l {
			l[c] = 1
		}
	}, false, grad)
	for i := 0; i < len(f.Theta); i += 7 {
		if want := slope(&f.Theta[i], value); math.Abs(grad[i]-want) > 1e-5*(1+math.Abs(want)) {
			t.Fatalf("parameter %d: %v, want %v", i, grad[i], want)
		}
	}
}

func TestLogQ(t *testing.T) {
	m := dual(t, 4, 4)
	f := testFlow[float64](t, m, map[string]any{"couplings": 2, "hidden": []int{3}, "symmetry": "z2"})
	w := NewWorkers[float64](2)
	const batch = 70
	x, logq, again := make([]float64, batch*16), make([]float64, batch), make([]float64, batch)
	f.Sample(w, stream("batch"), x, logq)
	f.LogQ(w, x, again)
	for c := range logq {
		if d := math.Abs(logq[c] - again[c]); d > 1e-11 {
			t.Fatal(c, d)
		}
	}
}

func benchmarkFlow(b *testing.B) *Flow[float32] {
	return testFlow[float32](b, dual(b, 16, 16), map[string]any{"symmetry": "z2"})
}

func BenchmarkSample(b *testing.B) {
	f := benchmarkFlow(b)
	w := NewWorkers[float32](0)
	x, logq := make([]float64, 512*256), make([]float64, 512)
	random := stream("batch")
	b.ReportAllocs()
	for b.Loop() {
		f.Sample(w, random, x, logq)
	}
}

func BenchmarkSampleGradient(b *testing.B) {
	m := dual(b, 16, 16)
	f := testFlow[float32](b, m, map[string]any{"symmetry": "z2"})
	w := NewWorkers[float32](0)
	random, grad, s := stream("batch"), make([]float32, len(f.Theta)), make([]float64, 512)
	b.ReportAllocs()
	for b.Loop() {
		f.SampleGradient(w, random, 512, func(first int, x, logq, gx, l []float64) {
			m.Gradient(x, s[first:first+len(l)], gx)
			for c := range l {
				l[c] = 1
			}
		}, false, grad)
	}
}

// TestLogQGradient checks the gradients of ln q_G to configurations and
// parameters against differences.
func TestLogQGradient(t *testing.T) {
	m := dual(t, 4, 4)
	f := testFlow[float64](t, m, map[string]any{"couplings": 2, "hidden": []int{3}, "symmetry": "z2", "activation": "silu"})
	w := NewWorkers[float64](2)
	const batch = 66
	x, logq := make([]float64, batch*16), make([]float64, batch)
	f.Sample(w, stream("batch"), x, logq)
	value := func() float64 {
		f.LogQ(w, x, logq)
		var sum float64
		for c, v := range logq {
			sum += float64(c%3) * v
		}
		return sum
	}
	gtheta, gx := make([]float64, len(f.Theta)), make([]float64, len(x))
	f.LogQGradient(w, x, logq, func(first int, _, l []float64) {
		for c := range l {
			l[c] = float64((first + c) % 3)
		}
	}, gtheta, gx)
	check := func(what string, v, g []float64) {
		for i := 0; i < len(v); i += 7 {
			if want := slope(&v[i], value); math.Abs(g[i]-want) > 1e-5*(1+math.Abs(want)) {
				t.Fatalf("%s %d: %v, want %v", what, i, g[i], want)
			}
		}
	}
	check("parameter", f.Theta, gtheta)
	check("coordinate", x[:16*5], gx[:16*5])
}

// TestInitial checks masks and first parameters: a random half and its complement
// in turn, weights uniform within 1/sqrt(inputs), hidden ones counted, and s = 0.
func TestInitial(t *testing.T) {
	f, err := New[float32](spec(t, map[string]any{"couplings": 7, "hidden": []int{9}}), dual(t, 8, 8), stream("initial"))
	if err != nil {
		t.Fatal(err)
	}
	halves := map[[4]bool]int{}
	for _, layer := range f.design.masks {
		for j, mask := range layer {
			var pass int
			for i, p := range mask {
				if p {
					pass++
				}
				if j%2 == 1 && p == layer[j-1][i] {
					t.Errorf("mask %d is no complement: %v after %v", j, mask, layer[j-1])
				}
			}
			if pass != 2 {
				t.Errorf("mask %v passes %d of 4", mask, pass)
			}
			halves[[4]bool(mask)]++
		}
	}
	if len(halves) != 6 {
		t.Errorf("%d of 6 halves are drawn", len(halves))
	}
	// Of each bound the largest number and the mean square, 1/3 of the bound's:
	// there are 756 numbers or more, and 5 sigma are 0.05 bound^2.
	most, square, count := map[float64]float64{}, map[float64]float64{}, map[float64]float64{}
	for _, a := range f.tensors() {
		var bound float64
		switch {
		case strings.Contains(a.name, ".0.weight") || strings.Contains(a.name, ".0.bias"):
			bound = 1.0 / 2
		case strings.Contains(a.name, ".1.weight") || strings.Contains(a.name, ".1.bias"):
			bound = 1.0 / 3
		case strings.HasSuffix(a.name, "scale"):
		default:
			continue
		}
		for _, v := range a.values() {
			if v != 0 || bound == 0 { // weights that are not used are 0 in a file
				most[bound] = max(most[bound], math.Abs(float64(v)))
				square[bound] += float64(v) * float64(v)
				count[bound]++
			}
		}
	}
	if most[0] != 0 {
		t.Errorf("a scale is %v", most[0])
	}
	for _, bound := range []float64{1.0 / 2, 1.0 / 3} {
		if most[bound] > bound || most[bound] < 0.98*bound || math.Abs(square[bound]/count[bound]-bound*bound/3) > 0.05*bound*bound {
			t.Errorf("weights within %v: up to %v, mean square %v of %v numbers", bound, most[bound], square[bound]/count[bound], count[bound])
		}
	}
}

// The memory that a card is told is that of the parameters, 44 bytes each on one
// worker, without their being made, and of the places of blocks, which are few here.
func TestBytes(t *testing.T) {
	lattice := dual(t, 4, 8)
	for _, c := range []struct {
		m    models.Model
		keys map[string]any
	}{
		{lattice, map[string]any{"couplings": 3, "hidden": []int{40, 30}}},
		{lattice, map[string]any{"couplings": 30, "hidden": []int{}, "repeat": 2, "depth": 1}},
		{lattice, map[string]any{"architecture": "tebd", "depth": 3, "hidden": []int{90}}},
		{lattice, map[string]any{"architecture": "realnvp", "couplings": 4, "hidden": []int{20, 30}, "kernel": []int{3, 1, 3}}},
		{&models.Ring{Radius: 2, Width: 1}, map[string]any{"architecture": "realnvp", "couplings": 4, "hidden": []int{20}}},
	} {
		s := spec(t, c.keys)
		f, err := New[float32](s, c.m, stream("bytes"))
		if err != nil {
			t.Fatal(err)
		}
		if ratio := s.Bytes(c.m, 1) / float64(44*len(f.Theta)); ratio < 0.95 || ratio > 1.15 {
			t.Errorf("%v: %.3f of what %d parameters take", c.keys, ratio, len(f.Theta))
		}
	}
}
