package proposals

import (
	"math"
	"math/rand/v2"

	"mcrun/mc"
	"mcrun/models"
)

// A smooth is a density of few coordinates for the tests of kernels that use
// the gradient: one that can be drawn from exactly, and the distribution
// function of one of its functions.
type smooth struct {
	name   string
	dim    int
	action func(x, g []float64) float64            // S, and its gradient to g
	draw   func(x []float64, random *rand.Rand)    // exactly
	cdf    func(x []float64) float64               // uniform on [0, 1]
	second func(x []float64) (value, mean float64) // a second moment
}

var _ models.Differentiable = (*smooth)(nil)

func (t *smooth) Sites() int                     { return t.dim }
func (t *smooth) Dim() int                       { return t.dim }
func (t *smooth) Beta() float64                  { return 1 }
func (t *smooth) Bytes() (chain, tables float64) { return 0, 0 }
func (t *smooth) Prepare() error                 { return nil }
func (t *smooth) Action(x, s []float64)          { t.Gradient(x, s, make([]float64, len(x))) }

func (t *smooth) Gradient(x, s, g []float64) {
	for c := range s {
		part := func(a []float64) []float64 { return a[c*t.dim : (c+1)*t.dim] }
		s[c] = t.action(part(x), part(g))
	}
}

func (t *smooth) NewState(_ models.Start, random *mc.Stream) models.State {
	x := make(models.Field, t.dim)
	t.draw(x, rand.New(random))
	return x
}

// A spherical is a smooth density on a product of spheres.
type spherical struct {
	*smooth
	n int
}

func (t spherical) Sites() int  { return t.dim / t.n }
func (t spherical) Sphere() int { return t.n }

// A periodic is a smooth density of fields on a lattice.
type periodic struct {
	*smooth
	sides []int
}

func (t periodic) Sides() []int { return t.sides }

// correlated is a normal distribution in three dimensions, x = A z with z
// normal. The distribution function is that of x_0, and the moment is x_0 x_1.
func correlated() *smooth {
	a := [3][3]float64{{1, 0, 0}, {0.8, 0.6, 0}, {-0.5, 0.3, 2}}
	// Forward substitution gives z, and the transpose of it the gradient.
	return &smooth{
		name: "normal",
		dim:  3,
		action: func(x, g []float64) (s float64) {
			var z [3]float64
			for i := range z {
				z[i] = x[i]
				for j := range i {
					z[i] -= a[i][j] * z[j]
				}
				z[i] /= a[i][i]
				s += z[i] * z[i] / 2
			}
			for i := 2; i >= 0; i-- {
				g[i] = z[i]
				for j := i + 1; j < 3; j++ {
					g[i] -= a[j][i] * g[j]
				}
				g[i] /= a[i][i]
			}
			return s
		},
		draw: func(x []float64, random *rand.Rand) {
			z := [3]float64{random.NormFloat64(), random.NormFloat64(), random.NormFloat64()}
			for i := range x {
				x[i] = a[i][0]*z[0] + a[i][1]*z[1] + a[i][2]*z[2]
			}
		},
		cdf:    func(x []float64) float64 { return math.Erfc(-x[0]/math.Sqrt2) / 2 },
		second: func(x []float64) (value, mean float64) { return x[0] * x[1], 0.8 },
	}
}

// numerical returns a density of one coordinate with the action and its
// derivative given, on an interval outside which there is nothing to speak of.
func numerical(name string, from, to float64, action, derivative func(x float64) float64) *smooth {
	const cells = 1 << 14
	width := (to - from) / cells
	at := func(i int) float64 { return from + float64(i)*width }
	weight := func(x float64) float64 { return math.Exp(-action(x)) }
	sum := make([]float64, cells+1) // Simpson's rule
	var square float64
	for i := range cells {
		a, b := at(i), at(i+1)
		m := (a + b) / 2
		sum[i+1] = sum[i] + (weight(a)+4*weight(m)+weight(b))/6
		square += (a*a*weight(a) + 4*m*m*weight(m) + b*b*weight(b)) / 6
	}
	total := sum[cells]
	return &smooth{
		name: name,
		dim:  1,
		action: func(x, g []float64) float64 {
			g[0] = derivative(x[0])
			return action(x[0])
		},
		draw: func(x []float64, random *rand.Rand) {
			u := random.Float64() * total
			low, high := 0, cells
			for high-low > 1 {
				if m := (low + high) / 2; sum[m] <= u {
					low = m
				} else {
					high = m
				}
			}
			x[0] = at(low) + width*(u-sum[low])/(sum[high]-sum[low])
		},
		cdf: func(x []float64) float64 {
			i := max(0, min(int((x[0]-from)/width), cells-1))
			return (sum[i] + (sum[i+1]-sum[i])*(x[0]-at(i))/width) / total
		},
		second: func(x []float64) (value, mean float64) { return x[0] * x[0], square / total },
	}
}

// doubleWell is a double well, S = x^4 - 2 x^2.
func doubleWell() *smooth {
	return numerical("quartic", -4, 4,
		func(x float64) float64 { return x * x * (x*x - 2) },
		func(x float64) float64 { return 4 * x * (x*x - 1) })
}

// wells is many independent ones.
func wells(n int) *smooth {
	one := doubleWell()
	return &smooth{
		dim: n,
		action: func(x, g []float64) (s float64) {
			for i := range x {
				s += one.action(x[i:i+1], g[i:i+1])
			}
			return s
		},
		draw: func(x []float64, random *rand.Rand) {
			for i := range x {
				one.draw(x[i:i+1], random)
			}
		},
	}
}

// vonMises is the angle between a unit vector and (0.6, 0.8), with the action
// -kappa cos.
func vonMises(kappa float64) spherical {
	angle := numerical("", -math.Pi, math.Pi, func(t float64) float64 { return -kappa * math.Cos(t) }, math.Sin)
	var cosine float64
	const cells = 1000 // exact for periodic functions
	var z float64
	for i := range cells {
		t := 2 * math.Pi * float64(i) / cells
		z += math.Exp(kappa * math.Cos(t))
		cosine += math.Cos(t) * math.Exp(kappa*math.Cos(t))
	}
	cosine /= z
	return spherical{&smooth{
		name: "von Mises",
		dim:  2,
		action: func(x, g []float64) float64 {
			g[0], g[1] = -0.6*kappa, -0.8*kappa
			return x[0]*g[0] + x[1]*g[1]
		},
		draw: func(x []float64, random *rand.Rand) {
			var t [1]float64
			angle.draw(t[:], random)
			sin, cos := math.Sincos(t[0])
			x[0], x[1] = 0.6*cos-0.8*sin, 0.8*cos+0.6*sin
		},
		cdf: func(x []float64) float64 {
			return angle.cdf([]float64{math.Atan2(0.6*x[1]-0.8*x[0], 0.6*x[0]+0.8*x[1])})
		},
		second: func(x []float64) (value, mean float64) { return 0.6*x[0] + 0.8*x[1], cosine },
	}, 2}
}

// vonMisesFisher is a unit vector s in three dimensions with the action
// -kappa s_2: s_2 has the density exp(kappa s_2) (Archimedes).
func vonMisesFisher(kappa float64) spherical {
	return spherical{&smooth{
		name: "von Mises-Fisher",
		dim:  3,
		action: func(x, g []float64) float64 {
			g[0], g[1], g[2] = 0, 0, -kappa
			return -kappa * x[2]
		},
		draw: func(x []float64, random *rand.Rand) {
			x[2] = 1 + math.Log1p(-(1-random.Float64())*-math.Expm1(-2*kappa))/kappa
			sin, cos := math.Sincos(2 * math.Pi * random.Float64())
			r := math.Sqrt(1 - x[2]*x[2])
			x[0], x[1] = r*cos, r*sin
		},
		cdf:    func(x []float64) float64 { return math.Expm1(kappa*(x[2]+1)) / math.Expm1(2*kappa) },
		second: func(x []float64) (value, mean float64) { return x[2], 1/math.Tanh(kappa) - 1/kappa },
	}, 3}
}

// freeRing is the free field on a ring, S = sum_x (phi_x - phi_{x+1})^2/2 +
// m2 phi_x^2/2, drawn mode by mode.
func freeRing(sites int, m2 float64) periodic {
	normal := newFourierNormal([]int{sites})
	normal.set(func(khat float64) float64 { return 1 / (khat + m2) })
	square := normal.mean(func(khat float64) float64 { return 1 / (khat + m2) })
	return periodic{&smooth{
		name: "free field",
		dim:  sites,
		action: func(x, g []float64) (s float64) {
			for i, v := range x {
				up, down := x[(i+1)%sites], x[(i+sites-1)%sites]
				g[i] = (2+m2)*v - up - down
				s += v * g[i] / 2
			}
			return s
		},
		draw: func(x []float64, random *rand.Rand) {
			for i := range x {
				x[i] = random.NormFloat64()
			}
			normal.multiply(x, x, normal.root)
		},
		cdf:    func(x []float64) float64 { return math.Erfc(-x[0]/math.Sqrt(2*square)) / 2 },
		second: func(x []float64) (value, mean float64) { return x[0] * x[0], square },
	}, []int{sites}}
}

// smooths returns all of these.
func smooths() []models.Differentiable {
	return []models.Differentiable{correlated(), doubleWell(), freeRing(6, 0.3), vonMises(1.5), vonMisesFisher(2)}
}

// smoothOf returns the density that is one of smooths.
func smoothOf(m models.Model) *smooth {
	switch m := m.(type) {
	case *smooth:
		return m
	case spherical:
		return m.smooth
	case periodic:
		return m.smooth
	}
	panic("not one of smooths")
}
