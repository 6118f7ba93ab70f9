package kern

import "math"

// An Activation is the function between two linear maps of a network.
type Activation uint8

// The activations, a being the number that comes in.
const (
	Identity Activation = iota // a
	ELU                        // a if a > 0, else exp(a) - 1
	Tanh                       // tanh(a)
	ReLU                       // max(a, 0)
	Softplus                   // ln(1 + exp(a))
	SiLU                       // a/(1 + exp(-a))
	activations
)

const badActivation = "kern: no such activation"

// Activate sets y[i] to act(x[i]). y may be x.
func Activate[T Float](y, x []T, act Activation) {
	pair(len(y), len(x))
	if act >= activations {
		panic(badActivation)
	}
	if v := vector[T](); v != nil && v.activate[act] != nil {
		elementwise(v.activate[act], y, x)
		return
	}
	activateGo(y, x, act)
}

// ActivateGrad multiplies g[i] by the derivative of act. y is what the
// activation gave, from which the derivative follows without another
// exponential; SiLU, which cannot be inverted, needs what it was given:
//
//	ELU:      min(y, 0) + 1
//	Tanh:     1 - y^2
//	ReLU:     1 if y > 0, else 0
//	Softplus: 1 - exp(-y)
//	SiLU:     f (1 + y (1 - f)), f = 1/(1 + exp(-y))
func ActivateGrad[T Float](g, y []T, act Activation) {
	pair(len(g), len(y))
	if act >= activations {
		panic(badActivation)
	}
	if v := vector[T](); v != nil && v.activateGrad[act] != nil {
		elementwise(v.activateGrad[act], g, y)
		return
	}
	activateGradGo(g, y, act)
}

func pair(a, b int) {
	if a != b {
		panic(badPair)
	}
}

func activateGo[T Float](y, x []T, act Activation) {
	x = x[:len(y)]
	switch act {
	case Identity:
		copy(y, x)
	case ELU:
		for i, a := range x {
			if a > 0 {
				y[i] = a
			} else {
				y[i] = expm1(a)
			}
		}
	case Tanh:
		tanhGo(y, x)
	case ReLU:
		for i, a := range x {
			y[i] = max(a, 0)
		}
	case Softplus:
		for i, a := range x {
			y[i] = max(a, 0) + T(math.Log1p(math.Exp(-math.Abs(float64(a)))))
		}
	case SiLU:
		for i, a := range x {
			y[i] = a / (1 + exp(-a))
		}
	}
}

func activateGradGo[T Float](g, y []T, act Activation) {
	y = y[:len(g)]
	switch act {
	case Identity:
	case ELU:
		for i, v := range y {
			g[i] *= min(v, 0) + 1
		}
	case Tanh:
		for i, v := range y {
			g[i] *= 1 - v*v
		}
	case ReLU:
		for i, v := range y {
			if v <= 0 {
				g[i] = 0
			}
		}
	case Softplus:
		for i, v := range y {
			g[i] *= -expm1(-v)
		}
	case SiLU:
		for i, v := range y {
			f := 1 / (1 + exp(-v))
			g[i] *= f * (1 + v*(1-f))
		}
	}
}
