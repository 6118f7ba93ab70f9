package flow

import (
	"encoding/binary"
	"fmt"
	"math"
	"testing"

	"mcrun/internal/safetensors"
	"mcrun/mc/param"
	"mcrun/models"
)

// A reference is a flow read from a file of weights and evaluated one number
// after the other, as the conventions say it. Nothing is shared with the package
// but the format's reader.
type reference struct {
	arrays map[string]safetensors.Tensor
	h, w   int // sides
	act    func(float64) float64

	wrap   int  // what is added to the lattice's sides where blocks wrap; 0 if right
	shared bool // whether blocks share weights; true if right
}

func newReference(t *testing.T, file []byte, h, w int, act func(float64) float64) *reference {
	t.Helper()
	_, list, err := safetensors.Decode(file)
	if err != nil {
		t.Fatal(err)
	}
	r := &reference{arrays: map[string]safetensors.Tensor{}, h: h, w: w, act: act, shared: true}
	for _, a := range list {
		r.arrays[a.Name] = a
	}
	return r
}

// at returns one element.
func (r *reference) at(name string, index ...int) float64 {
	a, ok := r.arrays[name]
	if !ok {
		panic(name)
	}
	i := 0
	for k, side := range a.Shape {
		i = i*side + index[k]
	}
	return float64(math.Float32frombits(binary.LittleEndian.Uint32(a.Data[4*i:])))
}

func (r *reference) net(name string, x []float64) []float64 {
	for k := 0; ; k++ {
		weight := fmt.Sprintf("%s.%d.weight", name, k)
		a, ok := r.arrays[weight]
		if !ok {
			return x
		}
		if k > 0 {
			for i := range x {
				x[i] = r.act(x[i])
			}
		}
		y := make([]float64, a.Shape[0])
		for o := range y {
			y[o] = r.at(fmt.Sprintf("%s.%d.bias", name, k), o)
			for i := range x {
				y[o] += r.at(weight, o, i) * x[i]
			}
		}
		x = y
	}
}

// block infers the four numbers of a block and returns ln|det dz/dx|.
func (r *reference) block(layer int, v *[4]float64) float64 {
	couplings := 0
	for ; ; couplings++ {
		if _, ok := r.arrays[fmt.Sprintf("layer.%d.coupling.%d.mask", layer, couplings)]; !ok {
			break
		}
	}
	var logdet float64
	for j := couplings - 1; j >= 0; j-- {
		name := fmt.Sprintf("layer.%d.coupling.%d", layer, j)
		seen := make([]float64, 4)
		for i := range seen {
			seen[i] = r.at(name+".mask", i) * v[i]
		}
		s, t := r.net(name+".s", append([]float64(nil), seen...)), r.net(name+".t", append([]float64(nil), seen...))
		for i := range v {
			if r.at(name+".mask", i) == 0 {
				a := r.at(name+".s.scale", i) * math.Tanh(s[i])
				v[i] = (v[i] - t[i]) * math.Exp(-a)
				logdet -= a
			}
		}
	}
	return logdet
}

// logQ infers a configuration and returns ln q.
func (r *reference) logQ(x []float64, scaleOf func(layer int) (n int, shifted bool, ok bool)) float64 {
	grid := append([]float64(nil), x...)
	var logdet float64
	for layer := 0; ; layer++ {
		n, shifted, ok := scaleOf(layer)
		if !ok {
			break
		}
		step := 1 << n
		origin := 0
		if shifted {
			origin = step
		}
		for y0 := origin; y0 < r.h+origin; y0 += 2 * step {
			for x0 := origin; x0 < r.w+origin; x0 += 2 * step {
				var v [4]float64
				site := func(k int) int {
					dy, dx := k/2, k%2
					return (y0+dy*step)%(r.h+r.wrap)%r.h*r.w + (x0+dx*step)%(r.w+r.wrap)%r.w
				}
				for k := range v {
					v[k] = grid[site(k)]
				}
				use := layer
				if !r.shared && y0 == origin && x0 == origin {
					use = 0
				}
				logdet += r.block(use, &v)
				for k := range v {
					grid[site(k)] = v[k]
				}
			}
		}
	}
	logq := logdet
	for _, z := range grid {
		logq -= z*z/2 + math.Log(2*math.Pi)/2
	}
	return logq
}

func elu(x float64) float64 {
	if x < 0 {
		return math.Expm1(x)
	}
	return x
}

// keysOf returns the keys of a registered model as a card has them.
func keysOf(name string, m models.Spec) []param.Setting {
	return append([]param.Setting{{Key: "name", Value: name}}, param.Encode(m)...)
}

// TestReference holds the layouts, read from a file, to the reference, which
// must not agree where blocks wrap at the wrong place or do not share weights.
func TestReference(t *testing.T) {
	neuralrg := func(scales, repeat int) func(int) (int, bool, bool) {
		return func(layer int) (int, bool, bool) {
			return layer / (2 * repeat), layer%2 == 1, layer < 2*repeat*scales
		}
	}
	tebd := func(layers int) func(int) (int, bool, bool) {
		return func(layer int) (int, bool, bool) { return 0, layer%2 == 1, layer < layers }
	}
	for _, c := range []struct {
		h, w  int
		keys  map[string]any
		scale func(int) (int, bool, bool)
	}{
		{8, 8, map[string]any{"couplings": 3, "hidden": []int{3, 2}}, neuralrg(3, 1)},
		{4, 12, map[string]any{"couplings": 2, "hidden": []int{3}, "repeat": 2}, neuralrg(2, 2)},
		{8, 4, map[string]any{"couplings": 2, "hidden": []int{3}, "depth": 1}, neuralrg(1, 1)},
		{6, 4, map[string]any{"architecture": "tebd", "couplings": 2, "hidden": []int{3}, "depth": 3}, tebd(6)},
		{6, 4, map[string]any{"architecture": "tebd", "couplings": 2, "hidden": []int{3}}, tebd(6)},
	} {
		m := dual(t, c.h, c.w)
		f := testFlow[float32](t, m, c.keys)
		file, err := (&Weights[float32]{f, keysOf("dual-ising", m)}).Encode()
		if err != nil {
			t.Fatal(err)
		}
		r := newReference(t, file, c.h, c.w, elu)
		x, logq := make([]float64, 20*f.Dim()), make([]float64, 20)
		wide := Convert[float64](f)
		wide.Sample(NewWorkers[float64](1), stream("reference"), x, logq)
		worst := func() (worst float64) {
			for k, v := range logq {
				worst = max(worst, math.Abs(r.logQ(x[k*f.Dim():(k+1)*f.Dim()], c.scale)-v))
			}
			return worst
		}
		if d := worst(); d > 1e-9 {
			t.Errorf("%dx%d %v: ln q differs by %v", c.h, c.w, c.keys, d)
		}
		r.wrap = -1
		if d := worst(); d < 1e-3 {
			t.Errorf("%dx%d %v: blocks that wrap one site too early are not seen: ln q differs by %v", c.h, c.w, c.keys, d)
		}
		r.wrap, r.shared = 0, false
		if d := worst(); d < 1e-3 {
			t.Errorf("%dx%d %v: blocks that do not share weights are not seen: ln q differs by %v", c.h, c.w, c.keys, d)
		}
		// float32 beside float64.
		narrow := make([]float64, 20)
		f.LogQ(NewWorkers[float32](1), x, narrow)
		for k := range narrow {
			if d := math.Abs(narrow[k] - logq[k]); d > 5e-5 {
				t.Errorf("%dx%d %v: ln q in float32 differs by %v", c.h, c.w, c.keys, d)
				break
			}
		}
	}
}
