package models

import (
	"math"

	"mcrun/mc"
	"mcrun/mc/param"
)

// Ring is a ring in the plane,
//
//	pi(x) ~ exp(-(|x| - R)^2/(2 w^2)),
//
// of radius R and width w: a narrow valley that bends. It is one site with a
// vector of two components, so that |m| is the distance from the centre. The
// action has no gradient there, for which 0 is given.
type Ring struct {
	Radius float64 `card:"radius" min:"0" max:"1e10" doc:"radius R"`
	Width  float64 `card:"width" min:"1e-10" max:"1e10" doc:"width w"`
}

var (
	_ Differentiable = (*Ring)(nil)
	_ Ordered        = (*Ring)(nil)
	_ SpinField      = (*Ring)(nil)
	_ Portable       = (*Ring)(nil)
	_ Exact          = (*Ring)(nil)
)

func init() {
	Register(Entry{
		Name: "ring",
		Doc:  "ring in the plane: S = (|x| - radius)^2/(2 width^2)",
		New:  func() Spec { return new(Ring) },
		Example: []param.Setting{
			{Key: "radius", Value: 2.0},
			{Key: "width", Value: 0.2},
		},
		Small: [][]param.Setting{
			settings([]any{"radius", 0.0, "width", 1.0}),
			settings([]any{"radius", 1.0, "width", 0.5}),
			settings([]any{"radius", 2.0, "width", 0.4}),
		},
	})
}

// Sites implements [Model].
func (m *Ring) Sites() int { return 1 }

// Beta implements [Model]. It is 1.
func (m *Ring) Beta() float64 { return 1 }

// Bytes implements [Model].
func (m *Ring) Bytes() (chain, tables float64) { return fieldBytes * 2, 0 }

// Prepare implements [Model].
func (m *Ring) Prepare() error { return nil }

// NewState implements [Model]. A cold start is (R, 0); a hot one has normal
// coordinates of mean 0 and variance R^2 + w^2.
func (m *Ring) NewState(start Start, random *mc.Stream) State {
	if start == Cold {
		return Field{m.Radius, 0}
	}
	scale := math.Hypot(m.Radius, m.Width)
	return Field{scale * random.NormFloat64(), scale * random.NormFloat64()}
}

// Dim implements [Differentiable].
func (m *Ring) Dim() int { return 2 }

// Action implements [Differentiable].
func (m *Ring) Action(x, s []float64) {
	for c := range s {
		u := (math.Hypot(x[2*c], x[2*c+1]) - m.Radius) / m.Width
		s[c] = u * u / 2
	}
}

// Gradient implements [Differentiable].
func (m *Ring) Gradient(x, s, g []float64) {
	m.Action(x, s)
	for c := range s {
		r := math.Hypot(x[2*c], x[2*c+1])
		var slope float64 // dS/dr, divided by r
		if r > 0 {
			slope = (r - m.Radius) / (m.Width * m.Width) / r
		}
		g[2*c], g[2*c+1] = slope*x[2*c], slope*x[2*c+1]
	}
}

// Order implements [Ordered].
func (m *Ring) Order(s State) (abs, square float64) {
	x := s.(Field)
	return math.Hypot(x[0], x[1]), x[0]*x[0] + x[1]*x[1]
}

// Components implements [SpinField].
func (m *Ring) Components() int { return 2 }

// Component implements [SpinField].
func (m *Ring) Component(s State, c int, dst []float64) { dst[0] = s.(Field)[c] }

// Array implements [Portable].
func (m *Ring) Array() Array { return Array{Type: "<f8", Shape: []int{2}} }

// Export implements [Portable].
func (m *Ring) Export(s State, dst []byte) []byte { return exportField(s, dst) }

// Import implements [Portable].
func (m *Ring) Import(s State, src []byte) error { return importField(s, src) }

// Exact implements [Exact]. With R and r in units of w, the integrals
//
//	I_n = int_0^inf r^n exp(-(r - R)^2/2) dr
//
// follow from I_0 = sqrt(pi/2) erfc(-R/sqrt 2) and I_1 = exp(-R^2/2) + R I_0
// by I_{n+1} = R I_n + n I_{n-1}; <r^n> is w^n I_{n+1}/I_1.
func (m *Ring) Exact() map[string]float64 {
	w, r := m.Width, m.Radius/m.Width
	edge := math.Exp(-r * r / 2)
	var i [6]float64
	i[0] = math.Sqrt(math.Pi/2) * math.Erfc(-r/math.Sqrt2)
	i[1] = edge + r*i[0]
	for n := 1; n < 5; n++ {
		i[n+1] = r*i[n] + float64(n)*i[n-1]
	}
	abs, square, fourth := i[2]/i[1], i[3]/i[1], i[5]/i[1]
	deviation := 1 + edge/i[1] // <(r - R)^2>, by parts
	shift := i[0] / i[1]       // <r - R>
	return map[string]float64{
		"action":                   deviation / 2,
		"abs_magnetization":        w * abs,
		"susceptibility":           w * w * square,
		"connected_susceptibility": w * w * (deviation - shift*shift),
		"binder":                   1 - fourth/(3*square*square),
		"log_z":                    math.Log(2*math.Pi*i[1]) + 2*math.Log(w),
	}
}
