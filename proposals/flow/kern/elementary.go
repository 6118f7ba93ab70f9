package kern

import "math"

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

func exp[T Float](x T) T   { return T(math.Exp(float64(x))) }
func expm1[T Float](x T) T { return T(math.Expm1(float64(x))) }
func tanh[T Float](x T) T  { return T(math.Tanh(float64(x))) }
