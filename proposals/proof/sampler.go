package proof

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"sort"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas64"
	"gonum.org/v1/gonum/mat"

	"mcrun/mc"
	"mcrun/models"
)

// A Sampler is a model of continuous variables that can draw configurations from
// its distribution, each independently of the others and without a chain. A model
// on which kernels are to be proved needs this ability unless one of the ways of
// this package serves it (see the package's documentation).
type Sampler interface {
	models.Differentiable
	// Sample writes a configuration to x.
	Sample(x models.Field, random *mc.Stream)
}

// A draw draws a configuration.
type draw func(x models.Field, random *mc.Stream)

// drawing returns what draws configurations of a model: its own Sample, or one
// of these ways, none of which takes a step of a chain:
//
//   - FieldCoupled with B = 0, of real numbers: normal variates, by Cholesky's
//     decomposition of the matrix of S;
//   - other FieldCoupled ones: rejection from independent sites;
//   - DualIsing: spins from a list of all their states, and x given these;
//   - any other density of up to three real numbers: rejection from a density
//     that is constant in the cells of a grid.
func drawing(m models.Differentiable) (draw, error) {
	if s, ok := m.(Sampler); ok {
		return s.Sample, nil
	}
	if f, ok := m.(models.FieldCoupled); ok {
		if c := f.FieldCouplings(); !c.Unit && c.B == 0 {
			return drawNormal(c)
		}
		return drawCoupled(f), nil
	}
	if d, ok := m.(*models.DualIsing); ok {
		return drawDual(d)
	}
	if _, ok := m.(models.Spherical); ok || m.Dim() > maxGridDim {
		return nil, fmt.Errorf("configurations of the model cannot be drawn independently of each other: it is neither a field with couplings of neighbours (models.FieldCoupled) nor of at most %d real numbers; give it the ability proof.Sampler", maxGridDim)
	}
	return drawGrid(m)
}

// drawNormal serves S = x^T D x, so that <x x^T> = (2 D)^-1: with the upper
// triangle U of 2 D = U^T U, x = U^-1 z for z normal. Components are independent.
func drawNormal(c models.FieldCouplings) (draw, error) {
	sites, n := c.Lattice.Sites(), c.Components
	twice := mat.NewSymDense(sites, nil)
	for i := range sites {
		twice.SetSym(i, i, twice.At(i, i)+2*c.A)
		for _, j := range c.Lattice.Neighbours(i) { // both ends see a bond
			switch {
			case int(j) > i:
				twice.SetSym(i, int(j), twice.At(i, int(j))-c.K)
			case int(j) == i:
				twice.SetSym(i, i, twice.At(i, i)-c.K)
			}
		}
	}
	var cholesky mat.Cholesky
	if !cholesky.Factorize(twice) {
		return nil, errors.New("the action is not bounded from below")
	}
	var upper mat.TriDense
	cholesky.UTo(&upper)
	u := upper.RawTriangular()
	return func(x models.Field, random *mc.Stream) {
		normal := rand.New(random)
		for i := range x {
			x[i] = normal.NormFloat64()
		}
		for k := range n {
			blas64.Trsv(blas.NoTrans, u, blas64.Vector{N: sites, Inc: n, Data: x[k:]})
		}
	}, nil
}

// maxTrials bounds the trials for a configuration.
const maxTrials = 1 << 20

// drawCoupled draws by rejection. As 2 phi_x . phi_y >= -(phi_x^2 + phi_y^2), the
// action is at least that of independent sites with A - |K| d for A; of unit
// vectors, which are uniform, it is at least -|K| N d.
func drawCoupled(m models.FieldCoupled) draw {
	c, s := m.FieldCouplings(), make([]float64, 1)
	most, least := math.Abs(c.K)*float64(c.Lattice.Dims()), 0.0
	var length *table
	if c.Unit {
		least = -most * float64(m.Sites())
	} else {
		length = radial(c.Components, c.A-most, c.B)
	}
	return func(x models.Field, random *mc.Stream) {
		normal := rand.New(random)
		for range maxTrials {
			bound := least
			for v := range slices.Chunk(x, c.Components) {
				direction(v, normal)
				if !c.Unit {
					r := length.inverse(random.Float64())
					for k := range v {
						v[k] *= r
					}
					bound += r * r * (c.A - most + c.B*r*r)
				}
			}
			m.Action(x, s)
			if s[0] < bound-1e-9*(1+math.Abs(bound)) {
				panic(fmt.Sprintf("proof: the action of %v is %g, below %g; it does not fit FieldCouplings", x, s[0], bound))
			}
			if random.Float64() < math.Exp(bound-s[0]) {
				return
			}
		}
		panic(fmt.Sprintf("proof: %s is too hard to draw from; take fewer sites or weaker couplings", name(m)))
	}
}

// direction sets v to a uniform unit vector: of one component, to a sign.
func direction(v []float64, normal *rand.Rand) {
	for {
		var square float64
		for k := range v {
			v[k] = normal.NormFloat64()
			square += v[k] * v[k]
		}
		if square > 1e-60 {
			for k := range v {
				v[k] /= math.Sqrt(square)
			}
			return
		}
	}
}

// A table is a distribution function at equidistant points.
type table struct {
	width float64
	f     []float64
}

// radial returns the distribution of |phi|, of n components, with the density
// r^(n-1) exp(-a r^2 - b r^4), by Simpson's rule.
func radial(n int, a, b float64) *table {
	const points = 20000
	action := func(r float64) float64 { return r * r * (a + b*r*r) }
	bottom := 0.0
	if a < 0 {
		bottom = -a * a / (4 * b)
	}
	high := 1.0
	for action(high)-bottom < 60 || a+2*b*high*high < 0 {
		high *= 1.1
	}
	density := func(r float64) float64 { return math.Pow(r, float64(n-1)) * math.Exp(bottom-action(r)) }
	t := &table{width: high / points, f: make([]float64, points+1)}
	for i := range points {
		r := t.width * float64(i)
		t.f[i+1] = t.f[i] + density(r) + 4*density(r+t.width/2) + density(r+t.width)
	}
	for i := range t.f {
		t.f[i] /= t.f[points]
	}
	return t
}

// inverse returns the point at which the distribution function is u.
func (t *table) inverse(u float64) float64 {
	i, _ := slices.BinarySearch(t.f, u)
	i = max(i, 1)
	return t.width * (float64(i) - (t.f[i]-u)/(t.f[i]-t.f[i-1]))
}

// drawDual draws spins, and x given them.
func drawDual(m *models.DualIsing) (draw, error) {
	ising := &models.Ising{Periodic: m.Periodic, File: m.File, Thermal: m.Thermal, J: m.J, H: m.H}
	if err := ising.Prepare(); err != nil {
		return nil, err
	}
	s, err := list(ising, maxStart)
	if err != nil {
		return nil, err
	}
	dual, err := models.NewDual(ising.Couplings(), ising.Sites(), m.Thermal.Beta(), m.Offset)
	if err != nil {
		return nil, err
	}
	pick := picker(s.pi)
	return func(x models.Field, random *mc.Stream) {
		spins := make(models.Spins, len(x))
		s.set(spins, pick(random))
		dual.SampleX(spins, x, random)
	}, nil
}

// picker returns a function that draws a number with given probabilities.
func picker(weights []float64) func(random *mc.Stream) int {
	sums := make([]float64, len(weights))
	var sum float64
	for i, w := range weights {
		sum += w
		sums[i] = sum
	}
	return func(random *mc.Stream) int {
		u := random.Float64() * sum
		return min(sort.Search(len(sums), func(i int) bool { return sums[i] > u }), len(sums)-1)
	}
}

const (
	maxGridDim = 3
	negligible = 40 // what S at the faces of the box exceeds its least value by
	excess     = 2  // of the density over its values at a cell's corners, at most
)

// gridCells is the number of cells along a side, by dimension.
var gridCells = [...]int{1: 1 << 12, 2: 200, 3: 50}

// drawGrid draws from the cells of a grid, with the largest density at a cell's
// corners, twice, for a bound, and accepts by the density itself.
func drawGrid(m models.Differentiable) (draw, error) {
	dim := m.Dim()
	cells := gridCells[dim]
	origin, side, err := box(m)
	if err != nil {
		return nil, err
	}
	width := side / float64(cells)
	// S at all corners, in rows along the last coordinate.
	action := make([]float64, intPower(cells+1, dim))
	corner := make([]float64, dim*len(action))
	for i := range action {
		for k, rest := dim-1, i; k >= 0; k, rest = k-1, rest/(cells+1) {
			corner[dim*i+k] = origin[k] + width*float64(rest%(cells+1))
		}
	}
	m.Action(corner, action)
	lowest := slices.Min(action)
	weight := make([]float64, intPower(cells, dim)) // of each cell
	for i := range weight {
		least := math.Inf(1)
		for which := range 1 << dim {
			at, stride := 0, 1
			for k, rest := dim-1, i; k >= 0; k, rest = k-1, rest/cells {
				at += stride * (rest%cells + which>>k&1)
				stride *= cells + 1
			}
			least = min(least, action[at])
		}
		weight[i] = excess * math.Exp(lowest-least)
	}
	pick, s := picker(weight), make([]float64, 1)
	return func(x models.Field, random *mc.Stream) {
		for {
			cell := pick(random)
			for k, rest := dim-1, cell; k >= 0; k, rest = k-1, rest/cells {
				x[k] = origin[k] + width*(float64(rest%cells)+random.Float64())
			}
			m.Action(x, s)
			density := math.Exp(lowest - s[0])
			if density > weight[cell] {
				panic(fmt.Sprintf("proof: the density of %s changes too fast to be drawn from on a grid; give it the ability proof.Sampler", name(m)))
			}
			if random.Float64()*weight[cell] < density {
				return
			}
		}
	}, nil
}

func intPower(base, exponent int) int {
	n := 1
	for range exponent {
		n *= base
	}
	return n
}

// box returns a cube outside which there is nothing to speak of: it grows, around
// a cold start, until S on its faces is far above the least value inside.
func box(m models.Differentiable) (origin []float64, side float64, err error) {
	const points = 25 // along a side
	dim := m.Dim()
	center := m.NewState(models.Cold, mc.NewStream(mc.NewKey(1, "a cold start"))).(models.Field)
	count := intPower(points, dim)
	x, s := make([]float64, dim*count), make([]float64, count)
	for half := 1.0; half < 1e12; half *= 1.25 {
		face := make([]bool, count)
		for i := range s {
			for k, rest := dim-1, i; k >= 0; k, rest = k-1, rest/points {
				at := rest % points
				x[dim*i+k] = center[k] + half*(2*float64(at)/(points-1)-1)
				face[i] = face[i] || at == 0 || at == points-1
			}
		}
		m.Action(x, s)
		lowest, outside := slices.Min(s), math.Inf(1)
		for i, v := range s {
			if face[i] {
				outside = min(outside, v)
			}
		}
		if outside-lowest > negligible {
			for _, c := range center {
				origin = append(origin, c-half)
			}
			return origin, 2 * half, nil
		}
	}
	return nil, 0, errors.New("the action does not grow with distance, so that the density cannot be normalised")
}
