package proposals

import (
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/stat/distuv"

	"mcrun/mc"
	"mcrun/models"
)

// A fieldSystem is a small field of any kind. Its action is taken from the
// definition of S, over a list of bonds that owes nothing to the tables that the
// kernels use.
type fieldSystem struct {
	name      string
	couplings models.FieldCouplings
	bonds     []models.Bond
}

var _ models.FieldCoupled = (*fieldSystem)(nil)

// freeOn returns a field of n real components.
func freeOn(n int, k, a, b float64, shape ...int) *fieldSystem {
	return newFieldSystem(models.FieldCouplings{Components: n, K: k, A: a, B: b}, shape)
}

// unitOn returns a field of unit vectors.
func unitOn(n int, k float64, shape ...int) *fieldSystem {
	return newFieldSystem(models.FieldCouplings{Components: n, Unit: true, K: k}, shape)
}

func newFieldSystem(c models.FieldCouplings, shape []int) *fieldSystem {
	c.Lattice = models.NewLattice(shape...)
	return &fieldSystem{
		name:      fmt.Sprintf("%v,n=%d,unit=%v,K=%g,A=%g,B=%g", shape, c.Components, c.Unit, c.K, c.A, c.B),
		couplings: c,
		bonds:     latticeBonds(shape, func() float64 { return c.K }),
	}
}

func (s *fieldSystem) String() string                         { return s.name }
func (s *fieldSystem) Sites() int                             { return s.couplings.Lattice.Sites() }
func (s *fieldSystem) Beta() float64                          { return 1 }
func (s *fieldSystem) Bytes() (chain, tables float64)         { return 0, 0 }
func (s *fieldSystem) Prepare() error                         { return nil }
func (s *fieldSystem) Dim() int                               { return s.Sites() * s.couplings.Components }
func (s *fieldSystem) FieldCouplings() models.FieldCouplings  { return s.couplings }
func (s *fieldSystem) Gradient(x, action, gradient []float64) { panic("not needed") }

func (s *fieldSystem) NewState(start models.Start, random *mc.Stream) models.State {
	x := make(models.Field, s.Dim())
	s.uniform(x, random)
	return x
}

// uniform draws unit vectors, and numbers in [-1, 1] for a free field.
func (s *fieldSystem) uniform(x models.Field, random *mc.Stream) {
	for v := range slices.Chunk(x, s.couplings.Components) {
		for {
			var square float64
			for k := range v {
				v[k] = 2*random.Float64() - 1
				square += v[k] * v[k]
			}
			if !s.couplings.Unit {
				break
			}
			if square > 0.01 && square <= 1 {
				for k := range v {
					v[k] /= math.Sqrt(square)
				}
				break
			}
		}
	}
}

func (s *fieldSystem) Action(x, action []float64) {
	for c := range action {
		action[c] = s.action(x[c*s.Dim() : (c+1)*s.Dim()])
	}
}

func (s *fieldSystem) action(x models.Field) (sum float64) {
	n := s.couplings.Components
	for _, b := range s.bonds {
		sum -= b.Coupling * dot(x[b.I*n:(b.I+1)*n], x[b.J*n:(b.J+1)*n])
	}
	for v := range slices.Chunk(x, n) {
		square := dot(v, v)
		sum += s.couplings.A*square + s.couplings.B*square*square
	}
	return sum
}

func dot(v, w []float64) (sum float64) {
	for k := range v {
		sum += v[k] * w[k]
	}
	return sum
}

// A table is a distribution function at equidistant points, by Simpson's rule.
type table struct {
	low, width float64
	f          []float64
}

func newTable(low, high float64, density func(v float64) float64) *table {
	const points = 20000
	t := &table{low: low, width: (high - low) / points, f: make([]float64, points+1)}
	for i := range points {
		v := low + t.width*float64(i)
		t.f[i+1] = t.f[i] + density(v) + 4*density(v+t.width/2) + density(v+t.width)
	}
	for i := range t.f {
		t.f[i] /= t.f[points]
	}
	return t
}

// at returns the distribution function.
func (t *table) at(v float64) float64 {
	place := max(0, (v-t.low)/t.width)
	i := min(int(place), len(t.f)-2)
	return t.f[i] + (t.f[i+1]-t.f[i])*min(1, place-float64(i))
}

// alarm is the probability with which a right kernel fails one comparison; there
// are some 5000 in this package.
const alarm = 1e-8

// fieldSystems are those on which kernels of fields can be right or wrong by
// themselves: sides of 2 and odd ones, couplings of either sign, wells and none.
func fieldSystems() []*fieldSystem {
	return []*fieldSystem{
		freeOn(1, 0.8, 1.3, 0, 4), freeOn(1, -0.5, 0.9, 0, 3), freeOn(1, 0.4, 1.2, 0, 2, 2),
		freeOn(1, 1, 0, 0.8, 2, 2), freeOn(1, -0.9, 1, 0.5, 3), freeOn(1, 0.7, -3, 1, 2, 2), freeOn(1, 0.6, -0.9, 1, 3),
		freeOn(1, 1, -2, 0.25, 2), freeOn(1, 0, -6, 1, 2),
		freeOn(2, 0.8, 1.3, 0, 3), freeOn(2, 0.6, -2, 0.8, 3), freeOn(3, 0.5, 1, 0.5, 2),
		unitOn(2, 0.9, 2), unitOn(2, 0.8, 4), unitOn(2, -0.9, 3), unitOn(2, 0.3, 2, 2), unitOn(2, 4, 2),
		unitOn(3, 0.9, 2), unitOn(3, 0.8, 4), unitOn(3, -0.9, 3), unitOn(3, 0.3, 2, 2), unitOn(3, 4, 2),
		unitOn(4, 0.8, 3), unitOn(2, 0, 2),
	}
}

// bare hides the couplings.
type bare struct{ models.Differentiable }

// fieldKernels are all kernels of fields and values of their keys.
func fieldKernels() map[string]Spec {
	width := 0.9
	specs := map[string]Spec{"wolff": new(Wolff), "swendsen-wang": new(SwendsenWang)}
	for _, o := range []Order{Random, Sequential, Checkerboard} {
		specs["metropolis "+string(o)] = &Metropolis{Order: o}
		specs["heat-bath "+string(o)] = &HeatBath{Order: o}
		specs["over-relaxation "+string(o)] = &OverRelaxation{Order: o}
	}
	specs["metropolis of a given width"] = &Metropolis{Width: &width}
	return specs
}

// uniformly returns an error unless numbers in [0, 1] are uniform, by chi^2 of 50
// classes. The false-alarm rate is 1e-8.
func uniformly(u []float64) error {
	const classes = 50
	count := make([]float64, classes)
	for _, v := range u {
		count[min(int(v*classes), classes-1)]++
	}
	expected := float64(len(u)) / classes
	var chi2 float64
	for _, n := range count {
		chi2 += (n - expected) * (n - expected) / expected
	}
	if limit := (distuv.ChiSquared{K: classes - 1}).Quantile(1 - alarm); !(chi2 <= limit) {
		return fmt.Errorf("chi^2 of %d classes is %.0f, above %.0f", classes, chi2, limit)
	}
	return nil
}
