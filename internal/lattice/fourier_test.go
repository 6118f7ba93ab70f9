package lattice

import (
	"math"
	"math/cmplx"
	"math/rand/v2"
	"testing"
)

// TestFourier compares transforms with sums over the sites, and Multiply by
// khat^2/N with minus the Laplacian.
func TestFourier(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 1))
	for _, sides := range lattices {
		f := NewFourier(sides)
		n := f.Sites()
		x := make([]float64, 2*n) // a batch of two
		for i := range x {
			x[i] = r.NormFloat64()
		}
		var total float64
		for _, w := range f.Weights() {
			total += w
		}
		if total != float64(n) {
			t.Errorf("%v: weights add to %v", sides, total)
		}
		f.Forward(x[:n])
		for i, m := range f.Modes {
			if want := mode(sides, x[:n], i); cmplx.Abs(m-want) > 1e-11*float64(n) {
				t.Fatalf("%v: mode %d is %v, want %v", sides, i, m, want)
			}
		}
		factor := f.Khat2()
		for i := range factor {
			factor[i] /= float64(n)
		}
		y := make([]float64, 2*n)
		f.Multiply(y, x, factor)
		for at := 0; at < 2*n; at += n {
			_, g := plain(sides, &Stencil{a: float64(len(sides)), k: 1}, x[at:at+n])
			if !near(y[at:at+n], g) {
				t.Errorf("%v: minus the Laplacian is %v, want %v", sides, y[at:at+n], g)
			}
		}
		f.Multiply(x, x, factor)
		if !near(x, y) {
			t.Errorf("%v: in place %v, want %v", sides, x, y)
		}
	}
}

// mode returns sum_x phi_x exp(-i k x) of the mode with a number.
func mode(sides []int, x []float64, number int) complex128 {
	k := make([]float64, len(sides))
	for mu := len(sides) - 1; mu >= 0; mu-- {
		count := sides[mu]
		if mu == len(sides)-1 {
			count = count/2 + 1
		}
		k[mu] = 2 * math.Pi * float64(number%count) / float64(sides[mu])
		number /= count
	}
	var sum complex128
	for i, v := range x {
		var phase float64
		for mu := len(sides) - 1; mu >= 0; mu-- {
			phase += k[mu] * float64(i%sides[mu])
			i /= sides[mu]
		}
		sum += complex(v, 0) * cmplx.Exp(complex(0, -phase))
	}
	return sum
}
