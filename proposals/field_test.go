package proposals

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"gonum.org/v1/gonum/stat"
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

// exactly draws from the distribution by rejection. As 2 phi_x . phi_y >=
// -(phi_x^2 + phi_y^2), the action is at least that of independent sites with A -
// |K| d for A, each of which is drawn by the inverse of its distribution
// function; for unit vectors the sites are uniform and S is at least -|K| N d.
func (s *fieldSystem) exactly(random *mc.Stream, draws int) []models.Field {
	c := s.couplings
	d := float64(c.Lattice.Dims())
	free := c
	free.K, free.A = 0, c.A-math.Abs(c.K)*d
	bound := newFieldSystem(free, c.Lattice.Shape())
	least := 0.0
	if c.Unit {
		bound.couplings.A, least = 0, -math.Abs(c.K)*d*float64(s.Sites())
	}
	var site *table
	if !c.Unit {
		site = radial(c.Components, free.A, free.B)
	}
	list := make([]models.Field, draws)
	for i := range list {
		x := make(models.Field, s.Dim())
		for {
			s.uniform(x, random)
			if !c.Unit {
				site.scale(x, c.Components, random)
			}
			if random.Float64() < math.Exp(bound.action(x)+least-s.action(x)) {
				break
			}
		}
		list[i] = x
	}
	return list
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

// inverse returns the point at which the distribution function is u.
func (t *table) inverse(u float64) float64 {
	i, _ := slices.BinarySearch(t.f, u)
	i = max(i, 1)
	return t.low + t.width*(float64(i)-(t.f[i]-u)/(t.f[i]-t.f[i-1]))
}

// radial returns the distribution of |phi| with the density r^(n-1) exp(-a r^2 - b
// r^4).
func radial(n int, a, b float64) *table {
	high := 1.0
	for a*high*high+b*high*high*high*high < 60 || 2*a+4*b*high*high < 0 {
		high *= 1.1
	}
	return newTable(0, high, func(r float64) float64 {
		return math.Pow(r, float64(n-1)) * math.Exp(-r*r*(a+b*r*r))
	})
}

// scale gives the vectors of x lengths from the table, and uniform directions.
func (t *table) scale(x models.Field, n int, random *mc.Stream) {
	newFieldSystem(models.FieldCouplings{Components: n, Unit: true}, []int{len(x) / n}).uniform(x, random)
	for v := range slices.Chunk(x, n) {
		r := t.inverse(random.Float64())
		for k := range v {
			v[k] *= r
		}
	}
}

// functions writes what an invariant distribution is tested by: moments of the
// action, of the order parameter and of sites, and functions with no symmetry.
func (s *fieldSystem) functions(x models.Field) []float64 {
	n := s.couplings.Components
	m := make([]float64, n)
	var square, linear float64
	for i, v := range x {
		m[i%n] += v
		linear += math.Cos(float64(3*i*i+1)) * v
	}
	for v := range slices.Chunk(x, n) {
		square += dot(v, v) * dot(v, v)
	}
	action, m2 := s.action(x), dot(m, m)
	return []float64{
		action, action * action, square, m2, m2 * m2, dot(x[:n], x[n:2*n]),
		x[0], x[0] * x[0], math.Pow(x[0], 4), x[0] * x[len(x)-1], math.Cos(2 * linear), math.Sin(2*linear + 1),
	}
}

// alarm is the probability with which a right kernel fails one comparison; there
// are some 5000 in this package.
const alarm = 1e-8

// invarianceDraws is how many starts invariant is given.
const invarianceDraws = 10000

// invariant starts a kernel in states from the exact distribution and returns an
// error if the functions differ in the mean after some steps. Each comparison has
// the false-alarm rate 1e-8.
func (s *fieldSystem) invariant(starts []models.Field, random *mc.Stream, bind func(Chain) mc.Kernel) error {
	x := make(models.Field, s.Dim())
	k := bind(Chain{State: x, Random: random, Tally: new(mc.Tally)})
	var differences [][]float64
	for _, start := range starts {
		copy(x, start)
		before := s.functions(x)
		for range 2 {
			k.Step()
		}
		if differences == nil {
			differences = make([][]float64, len(before))
		}
		for i, v := range s.functions(x) {
			differences[i] = append(differences[i], v-before[i])
		}
	}
	limit := distuv.UnitNormal.Quantile(1 - alarm/2)
	for i, d := range differences {
		mean, deviation := stat.MeanStdDev(d, nil)
		z := mean / (deviation / math.Sqrt(float64(len(d))))
		// What never changes has differences of rounding.
		if deviation > 1e-9 && !(math.Abs(z) <= limit) || math.Abs(mean) > 1e-9 && deviation == 0 {
			return fmt.Errorf("%v: the mean of function %d changes by %.1f errors", s, i, z)
		}
	}
	return nil
}

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

// Every kernel leaves the distribution as it is.
func TestFieldInvariance(t *testing.T) {
	for n, s := range fieldSystems() {
		random := mc.NewStream(mc.NewKey(uint64(n), "exact starts"))
		if raceEnabled && n%4 != 0 {
			continue
		}
		starts := s.exactly(random, invarianceDraws)
		for name, spec := range fieldKernels() {
			if spec.Check(s) != nil {
				continue
			}
			random := mc.NewStream(mc.NewKey(uint64(n), name))
			if err := s.invariant(starts, random, func(c Chain) mc.Kernel { return spec.Bind(s, c) }); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
		if !s.couplings.Unit {
			err := s.invariant(starts, random, func(c Chain) mc.Kernel { return new(Metropolis).Bind(bare{s}, c) })
			if err != nil {
				t.Errorf("metropolis by the action alone: %v", err)
			}
		}
	}
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
