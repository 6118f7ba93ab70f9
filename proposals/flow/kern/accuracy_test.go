package kern

import (
	"math"
	"testing"
)

// ulp is the distance of neighbouring float32 numbers at x, that of the least
// normal number below it.
func ulp(x float64) float64 {
	_, e := math.Frexp(x)
	return math.Ldexp(1, max(e-1, -126)-23)
}

// TestAccuracy measures the error of each function over float32 numbers of all
// exponents and both signs against package math in float64. The bounds are
// those that the comments of the functions state.
func TestAccuracy(t *testing.T) {
	var x []float32
	step := uint32(4099) // all exponents, and all last bits
	if testing.Short() {
		step = 131101
	}
	for b := uint32(0); b < 0x7f800000; b += step {
		x = append(x, math.Float32frombits(b), -math.Float32frombits(b))
	}
	for e := float32(-127); e < 127; e += 0.00077 { // where the functions change
		x = append(x, e)
	}
	x = x[:len(x)-1+len(x)%2] // an odd number: not whole vectors
	y := make([]float32, len(x))
	for _, f := range []struct {
		name   string
		apply  func(y, x []float32)
		want   func(x float64) float64
		bound  float64 // in ulps
		beyond float64 // largest |x| for which the bound is relative
	}{
		{"exp", Exp[float32], math.Exp, 1.5, math.Inf(1)},
		{"elu", func(y, x []float32) { Activate(y, x, ELU) }, func(x float64) float64 { r, _ := reference(ELU, x); return r }, 1.5, math.Inf(1)},
		{"tanh", func(y, x []float32) { Activate(y, x, Tanh) }, math.Tanh, 3, math.Inf(1)},
		{"softplus", func(y, x []float32) { Activate(y, x, Softplus) }, func(x float64) float64 { r, _ := reference(Softplus, x); return r }, 3, math.Inf(1)},
		{"silu", func(y, x []float32) { Activate(y, x, SiLU) }, func(x float64) float64 { r, _ := reference(SiLU, x); return r }, 3, 87},
	} {
		want := make([]float64, len(x))
		for i, v := range x {
			want[i] = f.want(float64(v))
		}
		t.Run(f.name, func(t *testing.T) {
			eachLevel(t, func(t *testing.T) {
				f.apply(y, x)
				worst, at := 0.0, float32(0)
				for i, v := range y {
					w := want[i]
					if math.Abs(w) > math.MaxFloat32 { // rounds to infinity, up to the bound
						w = math.Copysign(math.MaxFloat32, w)
						if math.IsInf(float64(v), 0) && float64(v)*w > 0 {
							continue
						}
					}
					if math.Abs(float64(x[i])) > f.beyond && math.Abs(float64(v)-w) < 0x1p-120 {
						continue
					}
					if d := math.Abs(float64(v)-w) / ulp(w); !(d <= worst) {
						worst, at = d, x[i]
					}
				}
				t.Logf("largest error %.2f ulp, at %v", worst, at)
				if !(worst <= f.bound) {
					t.Errorf("%s: error of %.2f ulp at %v", f.name, worst, at)
				}
			})
		})
	}
}
