package main

import (
	"math"

	"mcrun/mc"
	"mcrun/mc/param"
	"mcrun/models"
)

// Plaquette is the plaquette Ising model in two dimensions,
//
//	H = -J sum over the unit squares of s_i s_j s_k s_l,
//
// whose energy does not change when all spins of a row or column are flipped.
type Plaquette struct {
	models.Periodic
	models.Thermal
	J float64 `card:"J" default:"1" doc:"plaquette coupling"`

	lattice *models.Lattice
}

func init() {
	models.Register(models.Entry{
		Name:    "plaquette",
		Doc:     "plaquette Ising model in two dimensions",
		New:     func() models.Spec { return new(Plaquette) },
		Example: []param.Setting{{Key: "shape", Value: []int{8, 8}}, {Key: "temperature", Value: 1.0}},
	})
}

// Validate checks what the tags cannot say.
func (m *Plaquette) Validate() error {
	if len(m.Shape) != 2 {
		return &param.Error{Key: "shape", Problem: "is not two-dimensional", Expected: "two sides, as [8, 8]"}
	}
	return nil
}

func (m *Plaquette) Sites() int                     { return m.Shape[0] * m.Shape[1] }
func (m *Plaquette) Bytes() (chain, tables float64) { n := float64(m.Sites()); return 12 * n, 16 * n }
func (m *Plaquette) Prepare() error                 { m.lattice = models.NewLattice(m.Shape...); return nil }
func (m *Plaquette) States() int                    { return 2 }
func (m *Plaquette) NewState(start models.Start, random *mc.Stream) models.State {
	s := make(models.Spins, m.Sites())
	for i := range s {
		if start == models.Hot {
			s[i] = uint8(random.IntN(2))
		}
	}
	return s
}

// plaquette returns the product of the spins of the square whose corner with
// the lowest coordinates is site i.
func (m *Plaquette) plaquette(s models.Spins, i int) int {
	down, right := m.lattice.Neighbours(i)[0], m.lattice.Neighbours(i)[2]
	across := m.lattice.Neighbours(int(down))[2]
	return 1 - 2*int(s[i]^s[down]^s[right]^s[across])
}

// Energy returns H. It gives the model the observables energy and
// specific_heat.
func (m *Plaquette) Energy(state models.State) float64 {
	s, sum := state.(models.Spins), 0
	for i := range s {
		sum += m.plaquette(s, i)
	}
	return -m.J * float64(sum)
}

// EnergyChange gives the model the kernels metropolis and heat-bath.
func (m *Plaquette) EnergyChange(s models.Spins, i int, k uint8) float64 {
	if s[i] == k {
		return 0
	}
	up, left := m.lattice.Neighbours(i)[1], m.lattice.Neighbours(i)[3]
	corner := m.lattice.Neighbours(int(up))[3]
	sum := m.plaquette(s, i) + m.plaquette(s, int(up)) + m.plaquette(s, int(left)) + m.plaquette(s, int(corner))
	return 2 * m.J * float64(sum)
}

// Exact gives the tables their exact values. The plaquettes are free but for
// their products along every row and column, which are 1. With one character
// for each of these constraints, a of the n rows and b of the m columns being
// odd, and K = beta J,
//
//	Z ~ sum_ab C(n,a) C(m,b) cosh(K)^(nm-k) sinh(K)^k,  k = a(m-b) + (n-a)b.
func (m *Plaquette) Exact() map[string]float64 {
	rows, cols, n := m.Shape[0], m.Shape[1], float64(m.Sites())
	beta := m.Beta()
	K := math.Abs(beta * m.J)
	if K == 0 || m.J < 0 && (rows%2 != 0 || cols%2 != 0) {
		return nil
	}
	choose := func(n, k int) float64 {
		a, _ := math.Lgamma(float64(n + 1))
		b, _ := math.Lgamma(float64(k + 1))
		c, _ := math.Lgamma(float64(n - k + 1))
		return a - b - c
	}
	// Terms relative to that of k = 0, with their first two logarithmic
	// derivatives by K.
	var z, z1, z2 float64
	t := math.Tanh(K)
	for a := range rows + 1 {
		for b := range cols + 1 {
			k := float64(a*(cols-b) + (rows-a)*b)
			w := math.Exp(choose(rows, a) + choose(cols, b) + k*math.Log(t))
			d1 := (n-k)*t + k/t
			d2 := d1*d1 + (n-k)*(1-t*t) + k*(1-1/(t*t))
			z, z1, z2 = z+w, z1+w*d1, z2+w*d2
		}
	}
	mean := z1 / z
	return map[string]float64{
		"energy":        -math.Abs(m.J) * mean / n,
		"specific_heat": K * K * (z2/z - mean*mean) / n,
	}
}
