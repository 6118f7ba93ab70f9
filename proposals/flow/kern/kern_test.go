package kern

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"unsafe"

	"pgregory.net/rapid"
)

// variates returns n normal numbers, as T and in float64 alike.
func variates[T Float](rng *rand.Rand, n int) []T {
	x := make([]T, n)
	for i := range x {
		x[i] = T(float32(rng.NormFloat64()))
	}
	return x
}

func widen[T Float](x []T) []float64 {
	y := make([]float64, len(x))
	for i, v := range x {
		y[i] = float64(v)
	}
	return y
}

// epsilon is the relative distance of neighbouring numbers.
func epsilon[T Float]() float64 {
	if T(1)+0x1p-30 == 1 {
		return 0x1p-23
	}
	return 0x1p-52
}

// near fails the test unless got is within ulps of want, in units of the last
// place of size.
func near[T Float](t interface {
	Helper()
	Fatalf(string, ...any)
}, what string, got T, want, size, ulps float64) {
	t.Helper()
	if !(math.Abs(float64(got)-want) <= ulps*epsilon[T]()*size) {
		t.Fatalf("%s: %v, want %v within %v", what, got, want, ulps*epsilon[T]()*size)
	}
}

func reference(act Activation, a float64) (y, dy float64) {
	switch act {
	case ELU:
		if a > 0 {
			return a, 1
		}
		return math.Expm1(a), math.Exp(a)
	case Tanh:
		y := math.Tanh(a)
		return y, 1 / (math.Cosh(a) * math.Cosh(a))
	case ReLU:
		if a > 0 {
			return a, 1
		}
		return 0, 0
	case Softplus:
		return math.Max(a, 0) + math.Log1p(math.Exp(-math.Abs(a))), 1 / (1 + math.Exp(-a))
	case SiLU:
		f := 1 / (1 + math.Exp(-a))
		return a * f, f + a*f*(1-f)
	}
	return a, 1
}

// shapes draws the sizes of a layer and of its rows.
func shapes(t *rapid.T) (out, in, n int) {
	return rapid.IntRange(1, 23).Draw(t, "out"), rapid.IntRange(1, 23).Draw(t, "in"),
		Lanes * rapid.SampledFrom([]int{1, 2, 3, 4, 5, 8, 9}).Draw(t, "n/Lanes")
}

func TestDense(t *testing.T) {
	eachLevel(t, func(t *testing.T) {
		t.Run("float32", func(t *testing.T) { rapid.Check(t, checkDense[float32]) })
		t.Run("float64", func(t *testing.T) { rapid.Check(t, checkDense[float64]) })
	})
}

func checkDense[T Float](t *rapid.T) {
	out, in, n := shapes(t)
	act := Activation(rapid.IntRange(0, int(activations)-1).Draw(t, "act"))
	rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
	x, w, b := variates[T](rng, in*n), variates[T](rng, out*in), variates[T](rng, out)
	y := variates[T](rng, out*n+1)
	end := y[out*n]
	Dense(y, x, w, b, out, in, n, act)
	for o := range out {
		for c := range n {
			a := float64(b[o])
			size := math.Abs(a)
			for i := range in {
				p := float64(w[o*in+i]) * float64(x[i*n+c])
				a += p
				size += math.Abs(p)
			}
			want, _ := reference(act, a)
			near(t, "y", y[o*n+c], want, size+math.Abs(want), 0.5*float64(in)+4)
		}
	}
	if y[out*n] != end {
		t.Fatalf("wrote beyond the end")
	}
}

// TestNetwork compares with layers by themselves, to the bit.
func TestNetwork(t *testing.T) {
	eachLevel(t, func(t *testing.T) {
		rapid.Check(t, func(t *rapid.T) {
			widths := rapid.SliceOfN(rapid.IntRange(1, 12), 1, maxLayers+2).Draw(t, "widths")
			_, _, n := shapes(t)
			act := Activation(rapid.IntRange(0, int(activations)-1).Draw(t, "act"))
			rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
			x := variates[float32](rng, widths[0]*n)
			var layers []Layer[float32]
			for k, in := range widths[:len(widths)-1] {
				out := widths[k+1]
				layers = append(layers, Layer[float32]{variates[float32](rng, out*in), variates[float32](rng, out), make([]float32, out*n+1), out, in})
			}
			Network(layers, x, n, act)
			for k, l := range layers {
				if k == len(layers)-1 {
					act = Identity
				}
				want := make([]float32, l.Out*n+1)
				Dense(want, x, l.W, l.B, l.Out, l.In, n, act)
				if !sameBits(l.Y, want) {
					t.Fatalf("layer %d: %v, want %v", k, l.Y, want)
				}
				x = l.Y
			}
		})
	})
}

func TestDenseAdjoints(t *testing.T) {
	eachLevel(t, func(t *testing.T) {
		t.Run("float32", func(t *testing.T) { rapid.Check(t, checkAdjoints[float32]) })
		t.Run("float64", func(t *testing.T) { rapid.Check(t, checkAdjoints[float64]) })
	})
}

func checkAdjoints[T Float](t *rapid.T) {
	out, in, n := shapes(t)
	act := Activation(rapid.IntRange(0, int(activations)-1).Draw(t, "act"))
	rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
	a, g, w := variates[T](rng, in*n), variates[T](rng, out*n), variates[T](rng, out*in)
	y := a
	if act != SiLU {
		y = make([]T, len(a))
		Activate(y, a, act)
	}
	gx := variates[T](rng, in*n+1)
	end := gx[in*n]
	DenseInput(gx, g, w, y, out, in, n, act)
	for i := range in {
		for c := range n {
			sum, size := 0.0, 0.0
			for o := range out {
				p := float64(w[o*in+i]) * float64(g[o*n+c])
				sum += p
				size += math.Abs(p)
			}
			_, d := reference(act, float64(a[i*n+c]))
			near(t, "gx", gx[i*n+c], sum*d, size*(1+math.Abs(d)), 0.5*float64(out)+6)
		}
	}
	if gx[in*n] != end {
		t.Fatalf("DenseInput wrote beyond the end")
	}

	gw, gb := variates[T](rng, out*in+1), variates[T](rng, out+1)
	gw0, gb0 := widen(gw), widen(gb)
	DenseWeights(gw, gb, g, y, out, in, n)
	for o := range out {
		sum, size := gb0[o], math.Abs(gb0[o])
		for c := range n {
			sum += float64(g[o*n+c])
			size += math.Abs(float64(g[o*n+c]))
		}
		near(t, "gb", gb[o], sum, size, 0.5*float64(n))
		for i := range in {
			sum, size := gw0[o*in+i], math.Abs(gw0[o*in+i])
			for c := range n {
				p := float64(g[o*n+c]) * float64(y[i*n+c])
				sum += p
				size += math.Abs(p)
			}
			near(t, "gw", gw[o*in+i], sum, size, 0.5*float64(n))
		}
	}
	if float64(gw[out*in]) != gw0[out*in] || float64(gb[out]) != gb0[out] {
		t.Fatalf("DenseWeights wrote beyond the end")
	}
}

// TestActivate compares activations and their derivatives with package math,
// relative to the value itself, so near zero too.
func TestActivate(t *testing.T) {
	var x []float64
	for a := 0x1p-40; a < 80; a *= 1.0371 {
		x = append(x, a, -a)
	}
	x = append(x, 0, math.Copysign(0, -1), math.Inf(1), math.Inf(-1), math.NaN())
	eachLevel(t, func(t *testing.T) {
		t.Run("float32", func(t *testing.T) { checkActivate[float32](t, x) })
		t.Run("float64", func(t *testing.T) { checkActivate[float64](t, x) })
	})
}

func checkActivate[T Float](t *testing.T, xs []float64) {
	for act := range activations {
		x := make([]T, len(xs))
		for i, v := range xs {
			x[i] = T(v)
		}
		y := make([]T, len(x))
		Activate(y, x, act)
		g := make([]T, len(x))
		for i := range g {
			g[i] = 1
		}
		if act == SiLU {
			ActivateGrad(g, x, act)
		} else {
			ActivateGrad(g, y, act)
		}
		for i, v := range x {
			want, d := reference(act, float64(v))
			switch {
			case v != v:
				if y[i] == y[i] || act != Identity && act != ReLU && g[i] == g[i] {
					t.Errorf("act %d: NaN gives %v, derivative %v", act, y[i], g[i])
				}
				continue
			case math.IsInf(float64(v), 0):
				if act == SiLU {
					continue // infinity times zero
				}
				if float64(y[i]) != want || float64(g[i]) != d && act != Tanh {
					t.Errorf("act %d: %v gives %v, derivative %v", act, v, y[i], g[i])
				}
				continue
			}
			if math.Abs(float64(y[i])-want) > 3*epsilon[T]()*math.Abs(want)+0x1p-126 {
				t.Errorf("act %d: %v gives %v, want %v", act, v, y[i], want)
			}
			// From the output: absolute, for 1 - y^2 and y + 1 round.
			if math.Abs(float64(g[i])-d) > 8*epsilon[T]() {
				t.Errorf("act %d at %v: derivative %v, want %v", act, v, g[i], d)
			}
		}
	}
}

func TestCoupling(t *testing.T) {
	eachLevel(t, func(t *testing.T) {
		t.Run("float32", func(t *testing.T) { rapid.Check(t, checkCouplings[float32]) })
		t.Run("float64", func(t *testing.T) { rapid.Check(t, checkCouplings[float64]) })
	})
}

func checkCouplings[T Float](t *rapid.T) {
	m := rapid.IntRange(1, 5).Draw(t, "m")
	_, _, n := shapes(t)
	rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
	z, u, shift := variates[T](rng, m*n), variates[T](rng, m*n), variates[T](rng, m*n)
	g, gl := variates[T](rng, m*n), variates[T](rng, n)
	scale, gscale, logdet := variates[T](rng, m), variates[T](rng, m), variates[T](rng, n)

	// In float64 by the formulas; sizes are what rounding errors scale with.
	s, h := make([]float64, m*n), make([]float64, m*n)
	for i := range s {
		h[i] = math.Tanh(float64(u[i]))
		s[i] = float64(scale[i/n]) * h[i]
	}
	sums := func(what string, got []T, start []T, sign float64) {
		t.Helper()
		for c := range n {
			sum, size := float64(start[c]), math.Abs(float64(start[c]))
			for r := range m {
				sum += sign * s[r*n+c]
				size += math.Abs(s[r*n+c])
			}
			near(t, what, got[c], sum, size, float64(m)+2)
		}
	}

	x, l := slices.Clone(z), slices.Clone(logdet)
	Couple(x, l, u, shift, scale, m, n)
	for i := range x {
		p, q := float64(z[i])*math.Exp(s[i]), float64(shift[i])
		near(t, "Couple", x[i], p+q, math.Abs(p)*(1+math.Abs(s[i]))+math.Abs(q), 3)
	}
	sums("Couple's logdet", l, logdet, 1)

	back, l2 := slices.Clone(x), slices.Clone(l)
	Uncouple(back, l2, u, shift, scale, m, n)
	for i := range back {
		d, e := float64(x[i])-float64(shift[i]), math.Exp(-s[i])
		near(t, "Uncouple", back[i], d*e, math.Abs(d*e)*(1+math.Abs(s[i])), 3)
	}
	sums("Uncouple's logdet", l2, l, -1)

	for _, inverse := range []bool{false, true} {
		out, sign := x, 1.0
		grad := CoupleGrad[T]
		if inverse {
			out, sign = z, -1
			grad = UncoupleGrad[T]
		}
		y, gy, gu, gt, gs := slices.Clone(out), slices.Clone(g), slices.Clone(u), slices.Clone(shift), slices.Clone(gscale)
		grad(y, gy, gu, gt, gs, gl, scale, m, n)
		for r := range m {
			sum, size := float64(gscale[r]), math.Abs(float64(gscale[r]))
			for c := range n {
				i := r*n + c
				e, o, q := math.Exp(sign*s[i]), float64(out[i]), float64(shift[i])
				growth := 1 + math.Abs(s[i])
				gi, gli := float64(g[i]), float64(gl[c])
				d := o // what g is multiplied with in the gradient to s
				if inverse {
					near(t, "input", y[i], o/e+q, math.Abs(o/e)*growth+math.Abs(q), 3)
					near(t, "gradient to t", gt[i], -gi*e, math.Abs(gi*e)*growth, 3)
				} else {
					d -= q
					near(t, "input", y[i], d/e, (math.Abs(o)+math.Abs(q))/e*growth, 3)
					near(t, "gradient to t", gt[i], gi, math.Abs(gi), 0)
				}
				near(t, "gradient to the input", gy[i], gi*e, math.Abs(gi*e)*growth, 3)
				s1 := sign * (gi*d + gli)
				s1size := math.Abs(gi*o) + math.Abs(gi*q) + math.Abs(gli)
				k := float64(scale[r])
				near(t, "gradient to u", gu[i], s1*k*(1-h[i]*h[i]), s1size*math.Abs(k), 6)
				sum += s1 * h[i]
				size += s1size * math.Abs(h[i])
			}
			near(t, "gradient to scale", gs[r], sum, size, 4+0.5*float64(n))
		}
	}
}

// TestCouplingDifferences holds the formulas of both adjoints to differences.
func TestCouplingDifferences(t *testing.T) {
	const m, n = 2, Lanes
	rng := rand.New(rand.NewPCG(3, 0))
	z, u, shift := variates[float64](rng, m*n), variates[float64](rng, m*n), variates[float64](rng, m*n)
	g, gl, scale := variates[float64](rng, m*n), variates[float64](rng, n), variates[float64](rng, m)
	for name, f := range map[string]struct {
		apply func(x, logdet, u, t, scale []float64, m, n int)
		grad  func(x, g, u, t, gscale, gl, scale []float64, m, n int)
	}{
		"Couple":   {Couple[float64], CoupleGrad[float64]},
		"Uncouple": {Uncouple[float64], UncoupleGrad[float64]},
	} {
		apply := func() (x []float64, value float64) {
			x = slices.Clone(z)
			l := make([]float64, n)
			f.apply(x, l, u, shift, scale, m, n)
			for i := range x {
				value += g[i] * x[i]
			}
			for c := range l {
				value += gl[c] * l[c]
			}
			return x, value
		}
		x, _ := apply()
		gx, gu, gt, gscale := slices.Clone(g), slices.Clone(u), slices.Clone(shift), make([]float64, m)
		f.grad(x, gx, gu, gt, gscale, gl, scale, m, n)
		for i := range x {
			near(t, name+": input", x[i], z[i], 1, 100)
		}
		for _, v := range []struct {
			name string
			x, g []float64
		}{{"input", z, gx}, {"u", u, gu}, {"t", shift, gt}, {"scale", scale, gscale}} {
			for i := range v.x {
				const h = 1e-5
				old := v.x[i]
				v.x[i] = old + h
				_, up := apply()
				v.x[i] = old - h
				_, down := apply()
				v.x[i] = old
				if d := (up - down) / (2 * h); math.Abs(v.g[i]-d) > 1e-8*(1+math.Abs(d)) {
					t.Errorf("%s: gradient to %s[%d] is %v, differences give %v", name, v.name, i, v.g[i], d)
				}
			}
		}
	}
}

// TestShapes calls each function with what it must refuse.
func TestShapes(t *testing.T) {
	s := make([]float32, 4*Lanes)
	d := make([]float64, Lanes)
	for name, f := range map[string]func(){
		"columns":     func() { Dense(s, s, s, s, 1, 1, 8, ELU) },
		"no columns":  func() { Dense(s, s, s, s, 1, 1, 0, ELU) },
		"no inputs":   func() { Dense(s, s, s, s, 1, 0, Lanes, ELU) },
		"output":      func() { Dense(s, s, s, s, 5, 1, Lanes, ELU) },
		"input":       func() { DenseInput(s, s, s, s, 1, 5, Lanes, ELU) },
		"derivative":  func() { DenseInput(s, s, s, nil, 1, 1, Lanes, ELU) },
		"weights":     func() { DenseWeights(s[:3], s, s, s, 2, 2, Lanes) },
		"activation":  func() { Activate(s, s, activations) },
		"lengths":     func() { Activate(s, s[1:], ELU) },
		"rows":        func() { Couple(s, s, s, s, s, 5, Lanes) },
		"determinant": func() { Uncouple(s, s[:1], s, s, s, 1, Lanes) },
		"scale":       func() { CoupleGrad(s, s, s, s, s[:0], s, s, 1, Lanes) },
		"squares":     func() { AddSquares(d, s, 5, Lanes) },
		"chain":       func() { Network([]Layer[float32]{{s, s, s, 1, 2}, {s, s, s, 1, 2}}, s, Lanes, ELU) },
		"chain, SiLU": func() { Network([]Layer[float32]{{s, s, s, 1, 2}, {s, s, s, 1, 2}}, s, Lanes, SiLU) },
		"network":     func() { Network([]Layer[float32]{{s, s, s[1:], 4, 2}}, s, Lanes, ELU) },
	} {
		func() {
			defer func() {
				if r, ok := recover().(string); !ok || !strings.HasPrefix(r, "kern: ") {
					t.Errorf("%s: recovered %v", name, r)
				}
			}()
			f()
		}()
	}
}

func TestMake(t *testing.T) {
	for n := range 100 {
		s := Make[float32](n)
		if len(s) != n || cap(s) != n || uintptr(unsafe.Pointer(unsafe.SliceData(s)))%64 != 0 {
			t.Fatalf("Make(%d): length %d, capacity %d, %p", n, len(s), cap(s), s)
		}
	}
}

func TestReductions(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 0))
	x := variates[float32](rng, 3*Lanes)
	got, want := make([]float64, Lanes), make([]float64, Lanes)
	AddSquares(got, x, 3, Lanes)
	Add(got, x[:Lanes])
	for c := range want {
		want[c] = float64(x[c])
		for r := range 3 {
			want[c] += float64(x[r*Lanes+c]) * float64(x[r*Lanes+c])
		}
		near(t, "sum", got[c], want[c], 10, 4)
	}
}
