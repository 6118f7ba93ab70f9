package kern

import (
	"math"
	"unsafe"
)

// Exp sets y[i] to exp(x[i]). y may be x.
func Exp[T Float](y, x []T) {
	pair(len(y), len(x))
	if v := vector[T](); v != nil {
		elementwise(v.exp, y, x)
		return
	}
	expGo(y, x)
}

func expGo[T Float](y, x []T) {
	for i, a := range x {
		y[i] = exp(a)
	}
}

func tanhGo[T Float](y, x []T) {
	for i, a := range x {
		y[i] = tanh(a)
	}
}

// exp, expm1 and tanh are those of package math for float64, and where the
// result of float32 is at an end of its range. Elsewhere float32 needs fewer
// terms, which are summed in float64 and right up to the last rounding.

func exp[T Float](x T) T {
	if unsafe.Sizeof(x) == 8 || !(x > -104 && x < 89) {
		return T(math.Exp(float64(x)))
	}
	s, q := expParts(float64(x))
	return T(s + s*q)
}

func expm1[T Float](x T) T {
	if unsafe.Sizeof(x) == 8 || !(x > -18 && x < 89) {
		return T(math.Expm1(float64(x)))
	}
	s, q := expParts(float64(x))
	return T(s*q + (s - 1))
}

func tanh[T Float](x T) T {
	if unsafe.Sizeof(x) == 8 || !(x > -9.5 && x < 9.5) {
		return T(math.Tanh(float64(x)))
	}
	s, q := expParts(2 * float64(x))
	e := s*q + (s - 1)
	return T(e / (e + 2))
}

// expParts returns s = 2^n and q = exp(r) - 1 for x = n ln 2 + r, |r| <= ln(2)/2
// and |x| < 200. The relative error of q is 1.4e-8, from the polynomial that the
// assembly has too.
func expParts(x float64) (s, q float64) {
	const shifter = 0x1.8p52 + 1023 // leaves an integer in the last bits
	t := x*(1/math.Ln2) + shifter
	r := x - (t-shifter)*math.Ln2
	r2 := r * r
	q = r + r2*((0.49999997+0.16666543*r)+r2*((0.0416672+0.00836658*r)+r2*0.001388251))
	return math.Float64frombits(math.Float64bits(t) << 52), q
}
