package proposals

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"mcrun/mc"
	"mcrun/mc/mctest"
	"mcrun/models"
)

// Transition matrices of the kernels on small lattices, exact but for
// rounding. Nothing here is random.

const criticalBeta = 0.44068679350977147 // ln(1 + sqrt 2)/2: J = 1, square lattice

// A point is an Ising model of a few sites.
type point struct {
	shape   []int
	beta    float64
	j, h    float64
	ising   *models.Ising
	weights []float64 // Boltzmann's, of the states numbered by their spins as bits
}

func newPoint(beta, j, h float64, shape ...int) *point {
	m := &models.Ising{
		Periodic: models.Periodic{Shape: shape},
		Thermal:  models.Thermal{InverseT: &beta},
		J:        j,
		H:        h,
	}
	if err := m.Prepare(); err != nil {
		panic(err)
	}
	p := &point{shape: shape, beta: beta, j: j, h: h, ising: m}
	p.weights = mctest.Distribution(p.states(), func(state int) float64 {
		return -beta * isingEnergy(shape, j, h, state)
	})
	return p
}

func (p *point) states() int { return 1 << p.ising.Sites() }

func (p *point) String() string {
	shape := strings.Trim(strings.ReplaceAll(fmt.Sprint(p.shape), " ", "x"), "[]")
	return fmt.Sprintf("%s,beta=%.4g,J=%g,h=%g", shape, p.beta, p.j, p.h)
}

// isingEnergy returns H from its definition, by the coordinates of the sites.
func isingEnergy(shape []int, j, h float64, state int) float64 {
	n := 1
	for _, side := range shape {
		n *= side
	}
	spin := func(i int) float64 { return float64(2*(state>>i&1) - 1) }
	var e float64
	for i := range n {
		e -= h * spin(i)
		stride := 1
		for _, side := range slices.Backward(shape) {
			x := i / stride % side
			next := i + ((x+1)%side-x)*stride
			e -= j * spin(i) * spin(next)
			stride *= side
		}
	}
	return e
}

// chainOf makes a chain of spins that take q values, numbered in base q, from
// the kernel that bind returns.
func chainOf(spins models.Spins, q int, step func()) mctest.Chain {
	return mctest.Chain{
		Step: step,
		Set: func(state int) {
			for i := range spins {
				spins[i] = uint8(state % q)
				state /= q
			}
		},
		State: func() int {
			var state int
			for i := len(spins) - 1; i >= 0; i-- {
				state = q*state + int(spins[i])
			}
			return state
		},
	}
}

// transitions returns the matrix of a full step of a kernel.
func (p *point) transitions(t testing.TB, spec Spec) mctest.Matrix {
	t.Helper()
	return p.walk(t, func(c Chain) func() { return spec.Bind(p.ising, c).Step })
}

// walk returns the matrix of what bind returns.
func (p *point) walk(t testing.TB, bind func(Chain) (step func())) mctest.Matrix {
	t.Helper()
	matrix, err := mctest.Transitions(p.states(), func(random *mc.Stream) mctest.Chain {
		spins := make(models.Spins, p.ising.Sites())
		return chainOf(spins, 2, bind(Chain{State: spins, Random: random, Tally: new(mc.Tally)}))
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := matrix.Stochastic(); err != nil {
		t.Error(err)
	}
	return matrix
}

// attempt returns the matrix of one attempt of a local kernel that draws the
// sites at random. A step is N attempts, too many to walk through on all but
// the smallest lattice.
func (p *point) attempt(t testing.TB, spec Spec) mctest.Matrix {
	t.Helper()
	return p.walk(t, func(c Chain) func() {
		k := spec.Bind(p.ising, c).(interface{ attempts(n int) })
		return func() { k.attempts(1) }
	})
}

// flat reports whether all configurations have the same weight.
func (p *point) flat() bool { return p.beta*p.j == 0 && p.beta*p.h == 0 }

// Claims are what a kernel promises beyond an invariant distribution, to which
// every configuration leads.
type claims struct {
	reversible bool
	period     int
}

func (p *point) check(t *testing.T, name string, matrix mctest.Matrix, c claims) {
	t.Helper()
	if err := matrix.Invariant(p.weights); err != nil {
		t.Errorf("%v: %s: %v", p, name, err)
	}
	if err := matrix.Irreducible(); err != nil {
		t.Errorf("%v: %s: %v", p, name, err)
	} else if got := matrix.Period(); got != c.period {
		t.Errorf("%v: %s: period %d, want %d", p, name, got, c.period)
	}
	err := matrix.Balanced(p.weights)
	if c.reversible && err != nil {
		t.Errorf("%v: %s: %v", p, name, err)
	}
	if !c.reversible && err == nil {
		t.Errorf("%v: %s: in detailed balance, which is not expected", p, name)
	}
}

// hard says whether the tests have the time for the larger matrices.
func hard() bool { return !raceEnabled && !testing.Short() }

// parameters are those in which a kernel can be right or wrong by itself.
func parameters(shape ...int) []*point {
	var all []*point
	for _, beta := range []float64{0, criticalBeta, 1 / 1.5} {
		for _, j := range []float64{1, -1, 0} {
			for _, h := range []float64{0, 0.3, -0.3} {
				all = append(all, newPoint(beta, j, h, shape...))
			}
		}
	}
	return all
}

// someParameters are fewer: each sign and each temperature once.
func someParameters(shape ...int) []*point {
	return []*point{
		newPoint(criticalBeta, 1, 0, shape...),
		newPoint(1/1.5, 1, -0.3, shape...),
		newPoint(criticalBeta, -1, 0.3, shape...),
		newPoint(0, -1, 0.3, shape...),
	}
}

func TestLocalMatrix(t *testing.T) {
	var points []*point
	for _, shape := range [][]int{{2, 2}, {5}, {2, 3}} {
		points = append(points, parameters(shape...)...)
	}
	for _, shape := range [][]int{{3, 2}, {2, 2, 2}, {3, 3}} {
		points = append(points, someParameters(shape...)...)
	}
	for _, p := range points {
		if p.states() > 64 && !hard() {
			continue
		}
		for _, order := range []Order{Sequential, Checkerboard} {
			// Independent sites commute, so that the order does not matter.
			c := claims{reversible: p.beta*p.j == 0, period: 1}
			p.check(t, "metropolis "+string(order), p.transitions(t, &Metropolis{Order: order}), c)
			p.check(t, "heat-bath "+string(order), p.transitions(t, &HeatBath{order}), c)
		}
		c := claims{reversible: true, period: 1}
		p.check(t, "metropolis, an attempt", p.attempt(t, &Metropolis{Order: Random}), c)
		p.check(t, "heat-bath, an attempt", p.attempt(t, &HeatBath{Random}), c)
	}
}

// A step of random order is N attempts.
func TestRandomOrderMatrix(t *testing.T) {
	points := parameters(2, 2)
	if raceEnabled {
		points = someParameters(2, 2)
	}
	for _, p := range points {
		for _, spec := range []Spec{&Metropolis{Order: Random}, &HeatBath{Random}} {
			name := fmt.Sprintf("%T", spec)
			step := p.transitions(t, spec)
			p.check(t, name, step, claims{reversible: true, period: 1})
			a := p.attempt(t, spec)
			a = a.Mul(a)
			same(t, fmt.Sprint(p, name), step, a.Mul(a))
		}
	}
}

// same reports entries that differ by more than rounding.
func same(t *testing.T, name string, got, want mctest.Matrix) {
	t.Helper()
	for i, row := range want {
		for j, v := range row {
			if math.Abs(got[i][j]-v) > 1e-13 {
				t.Errorf("%s: P[%d][%d] = %g, want %g", name, i, j, got[i][j], v)
				return
			}
		}
	}
}

func TestWolffMatrix(t *testing.T) {
	var points []*point
	for _, shape := range [][]int{{2, 2}, {5}, {2, 3}} {
		points = append(points, parameters(shape...)...)
	}
	points = append(points, someParameters(3, 3)...)
	points = append(points, newPoint(criticalBeta, -1, 0.3, 2, 2, 2))
	for _, p := range points {
		if p.states() > 64 && !hard() {
			continue
		}
		p.check(t, "wolff", p.transitions(t, new(Wolff)), claims{reversible: true, period: 1})
	}
}

func TestSwendsenWangMatrix(t *testing.T) {
	points := append(parameters(2, 2), parameters(5)...)
	points = append(points, newPoint(criticalBeta, 1, 0, 2, 3))
	if hard() {
		points = append(points, someParameters(2, 3)...)
	}
	if *long {
		points = append(points, newPoint(criticalBeta, 1, 0, 3, 3), newPoint(1/1.5, -1, 0, 3, 3))
	}
	for _, p := range points {
		p.check(t, "swendsen-wang", p.transitions(t, new(SwendsenWang)), claims{reversible: true, period: 1})
	}
}

func TestCompositeMatrix(t *testing.T) {
	points := parameters(2, 2)
	if raceEnabled {
		points = someParameters(2, 2)
	}
	for _, p := range points {
		if p.flat() {
			continue
		}
		bind := func(c Chain) (wolff, local mc.Kernel) {
			return new(Wolff).Bind(p.ising, c), (&Metropolis{Order: Sequential}).Bind(p.ising, c)
		}
		wolff, local := p.transitions(t, new(Wolff)), p.transitions(t, &Metropolis{Order: Sequential})
		c := claims{reversible: p.j == 0, period: 1}

		cycle := p.walk(t, func(c Chain) func() {
			wolff, local := bind(c)
			return mc.Cycle{wolff, local}.Step
		})
		p.check(t, "cycle", cycle, c)
		same(t, fmt.Sprint(p, " cycle"), cycle, wolff.Mul(local))

		steps := p.walk(t, func(c Chain) func() {
			_, local := bind(c)
			return mc.Steps(local, 3).Step
		})
		p.check(t, "steps", steps, c)
		same(t, fmt.Sprint(p, " steps"), steps, local.Mul(local).Mul(local))

		mixture := p.walk(t, func(c Chain) func() {
			wolff, local := bind(c)
			return mc.NewMixture([]mc.Kernel{wolff, local}, []float64{1, 3}, c.Random).Step
		})
		p.check(t, "mixture", mixture, c)
		var mean mctest.Matrix
		for i := range wolff {
			row := make([]float64, len(wolff))
			for j := range row {
				row[j] = 0.25*wolff[i][j] + 0.75*local[i][j]
			}
			mean = append(mean, row)
		}
		same(t, fmt.Sprint(p, " mixture"), mixture, mean)
	}
}
