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

// A system is a small model with pair couplings of any kind. Its energy is
// taken from the definition of H, over a list of bonds that owes nothing to the
// tables that the kernels use.
type system struct {
	name      string
	beta      float64
	states    int // of a site
	couplings models.Couplings
	bonds     []models.Bond
	fields    []float64
}

var _ models.PairCoupled = (*system)(nil)

// onLattice returns a system whose bonds and fields are alike.
func onLattice(pair models.Interaction, states int, beta, j, h float64, self []float64, shape ...int) *system {
	lattice := models.NewLattice(shape...)
	s := &system{
		beta:      beta,
		states:    states,
		couplings: models.Couplings{Pair: pair, J: j, H: h, Lattice: lattice, Self: self},
		bonds:     latticeBonds(shape, func() float64 { return j }),
		fields:    slices.Repeat([]float64{h}, lattice.Sites()),
	}
	s.name = fmt.Sprintf("%v,pair=%d,q=%d,beta=%.3g,J=%g,h=%g,self=%v", shape, pair, states, beta, j, h, self)
	return s
}

// latticeBonds lists the bonds of a lattice by the coordinates of the sites.
func latticeBonds(shape []int, strength func() float64) (bonds []models.Bond) {
	sites := 1
	for _, side := range shape {
		sites *= side
	}
	for i := range sites {
		stride := 1
		for _, side := range slices.Backward(shape) {
			x := i / stride % side
			bonds = append(bonds, models.Bond{I: i, J: i + ((x+1)%side-x)*stride, Coupling: strength()})
			stride *= side
		}
	}
	return bonds
}

func pottsOn(states int, beta, j float64, shape ...int) *system {
	return onLattice(models.Equal, states, beta, j, 0, nil, shape...)
}

func clockOn(states int, beta, j float64, shape ...int) *system {
	return onLattice(models.Cosine, states, beta, j, 0, nil, shape...)
}

// spinOneOn returns a Blume-Capel model.
func spinOneOn(beta, j, d, h float64, shape ...int) *system {
	return onLattice(models.Product, 3, beta, j, h, []float64{d, 0, d}, shape...)
}

// onGraph returns a system with bonds and fields of its own. Lattice is nil or
// the one whose parity a checkerboard takes.
func onGraph(name string, pair models.Interaction, states int, beta float64, lattice *models.Lattice, bonds []models.Bond, fields []float64) *system {
	return &system{
		name:      fmt.Sprintf("%s,pair=%d,q=%d,beta=%.3g", name, pair, states, beta),
		beta:      beta,
		states:    states,
		couplings: models.Couplings{Pair: pair, Lattice: lattice, Graph: models.NewGraph(len(fields), bonds, fields)},
		bonds:     bonds,
		fields:    fields,
	}
}

// glass returns spins on a lattice with couplings +-1, or anything between for
// a gaussian one, and fields of size h and of both signs.
func glass(beta float64, gaussian bool, h float64, shape ...int) *system {
	random := mc.NewStream(mc.NewKey(7, "glass"))
	lattice := models.NewLattice(shape...)
	bonds := latticeBonds(shape, func() float64 {
		if gaussian {
			return 3*random.Float64() - 1.5
		}
		return float64(2*random.IntN(2) - 1)
	})
	fields := make([]float64, lattice.Sites())
	for i := range fields {
		fields[i] = h * float64(1-2*(i%2))
	}
	return onGraph(fmt.Sprintf("glass %v,gaussian=%v,h=%g", shape, gaussian, h), models.Product, 2, beta, lattice, bonds, fields)
}

// graphBonds are those of a graph with a frustrated triangle, a double bond, a
// bond of no strength and a site of its own.
var graphBonds = []models.Bond{
	{I: 0, J: 1, Coupling: -1}, {I: 1, J: 2, Coupling: -0.7}, {I: 2, J: 0, Coupling: -1.2},
	{I: 2, J: 3, Coupling: 0.8}, {I: 3, J: 2, Coupling: 0.3}, {I: 3, J: 0, Coupling: 0},
}

// spinGraph returns two-valued spins on that graph.
func spinGraph(beta float64, fields ...float64) *system {
	return onGraph(fmt.Sprintf("graph,h=%v", fields), models.Product, 2, beta, nil, graphBonds, fields)
}

func (s *system) String() string                 { return s.name }
func (s *system) Sites() int                     { return len(s.fields) }
func (s *system) Beta() float64                  { return s.beta }
func (s *system) States() int                    { return s.states }
func (s *system) Couplings() *models.Couplings   { return &s.couplings }
func (s *system) Bytes() (chain, tables float64) { return 0, 0 }
func (s *system) Prepare() error                 { return nil }
func (s *system) EnergyChange(x models.Spins, i int, k uint8) float64 {
	y := slices.Clone(x)
	y[i] = k
	return s.energy(y) - s.energy(x)
}

func (s *system) NewState(start models.Start, random *mc.Stream) models.State {
	x := make(models.Spins, s.Sites())
	for i := range x {
		x[i] = uint8(random.IntN(s.states))
	}
	return x
}

// spin returns the spin of a state.
func (s *system) spin(k uint8) float64 {
	if s.states == 2 {
		return float64(2*int(k) - 1)
	}
	return float64(k) - 1
}

// energy returns H.
func (s *system) energy(x models.Spins) float64 {
	var e float64
	for _, b := range s.bonds {
		switch {
		case s.couplings.Pair == models.Product:
			e -= b.Coupling * s.spin(x[b.I]) * s.spin(x[b.J])
		case s.couplings.Pair == models.Cosine:
			e -= b.Coupling * math.Cos(2*math.Pi*(float64(x[b.I])-float64(x[b.J]))/float64(s.states))
		case x[b.I] == x[b.J]:
			e -= b.Coupling
		}
	}
	for i, k := range x {
		if h := s.fields[i]; h != 0 {
			e -= h * s.spin(k)
		}
		if s.couplings.Self != nil {
			e += s.couplings.Self[k]
		}
	}
	return e
}

// configurations returns q^N.
func (s *system) configurations() int {
	n := 1
	for range s.Sites() {
		n *= s.states
	}
	return n
}

// configuration returns that of a number in base q.
func (s *system) configuration(state int) models.Spins {
	x := make(models.Spins, s.Sites())
	chainOf(x, s.states, nil).Set(state)
	return x
}

// weights returns Boltzmann's probabilities.
func (s *system) weights() []float64 {
	return mctest.Distribution(s.configurations(), func(state int) float64 {
		return -s.beta * s.energy(s.configuration(state))
	})
}

func (s *system) walk(t testing.TB, bind func(Chain) (step func())) mctest.Matrix {
	t.Helper()
	p, err := mctest.Transitions(s.configurations(), func(random *mc.Stream) mctest.Chain {
		x := make(models.Spins, s.Sites())
		return chainOf(x, s.states, bind(Chain{State: x, Random: random, Tally: new(mc.Tally)}))
	})
	if err != nil {
		t.Fatalf("%v: %v", s, err)
	}
	if err := p.Stochastic(); err != nil {
		t.Errorf("%v: %v", s, err)
	}
	return p
}

// transitions returns the matrix of a full step of a kernel.
func (s *system) transitions(t testing.TB, spec Spec) mctest.Matrix {
	t.Helper()
	if err := spec.Check(s); err != nil {
		t.Fatalf("%v: %T: %v", s, spec, err)
	}
	return s.walk(t, func(c Chain) func() { return spec.Bind(s, c).Step })
}

// attempt returns the matrix of one attempt of a local kernel that draws the
// sites at random.
func (s *system) attempt(t testing.TB, spec Spec) mctest.Matrix {
	t.Helper()
	return s.walk(t, func(c Chain) func() {
		k := spec.Bind(s, c).(*visitor)
		return func() { k.attempts(1) }
	})
}

// check holds a matrix to what its kernel promises: an invariant distribution,
// to which every configuration leads unless the kernel says that it is not
// ergodic, and detailed balance where it is claimed.
func (s *system) check(t *testing.T, name string, p mctest.Matrix, ergodic, reversible bool) {
	t.Helper()
	weights := s.weights()
	if err := p.Invariant(weights); err != nil {
		t.Errorf("%v: %s: %v", s, name, err)
	}
	switch err := p.Irreducible(); {
	case ergodic != (err == nil):
		t.Errorf("%v: %s: ergodic %v, but: %v", s, name, ergodic, err)
	case ergodic && p.Period() != 1:
		t.Errorf("%v: %s: period %d", s, name, p.Period())
	}
	if reversible {
		if err := p.Balanced(weights); err != nil {
			t.Errorf("%v: %s: %v", s, name, err)
		}
	}
}

// relatives are the systems on which local kernels are tested, of each kind
// those where it can be right or wrong by itself.
func relatives() []*system {
	critical := math.Log(1 + math.Sqrt(3)) // beta_c of q = 3, J = 1 on a square lattice
	return []*system{
		pottsOn(2, 0.8, 1, 2, 2), pottsOn(2, 0.8, -1, 5), pottsOn(2, 0, 1, 5),
		pottsOn(3, critical, 1, 2, 2), pottsOn(3, critical, 1, 4), pottsOn(3, 0.7, -1, 2, 2), pottsOn(3, 0.7, -1, 3),
		pottsOn(3, 1, 0, 3), pottsOn(3, 0, 1, 4), pottsOn(4, 1.1, 1, 3), pottsOn(4, 0.6, -1, 3),

		spinOneOn(0.5, 1, 0.9, 0, 2, 2), spinOneOn(0.3, -1, -0.5, 0.4, 2, 2), spinOneOn(0.7, -1, 0.2, -0.4, 3),
		spinOneOn(0.6, 1, 0.8, 0, 4), spinOneOn(0, 1, 0.8, 0.1, 3), spinOneOn(0.7, 0, 0.5, 0, 3),

		clockOn(3, 0.8, 1, 2, 2), clockOn(4, 0.6, -1, 3), clockOn(5, 1.1, 1, 2), clockOn(6, 0.5, -1, 2), clockOn(3, 0, 1, 4),

		glass(0.6, false, 0, 2, 2), glass(0.5, false, 0.3, 2, 3), glass(0.4, true, 0.4, 2, 3), glass(0.7, true, 0, 5),
		spinGraph(0.6, 0, 0, 0, 0, 0), spinGraph(0.5, 0.3, -0.4, 0, 0.2, -0.6), spinGraph(0, 0.3, -0.4, 0, 0.2, -0.6),

		// For these there is no code but the general one.
		onGraph("colours", models.Equal, 3, 0.6, nil, graphBonds, make([]float64, 4)),
		onGraph("vacancies", models.Product, 3, 0.5, nil, graphBonds, []float64{0.3, -0.4, 0, 0.2}),
		onLattice(models.Equal, 3, 0.5, 1, 0.3, []float64{0.2, 0, -0.1}, 3),
		onLattice(models.Product, 4, 0.3, 1, 0.3, []float64{0.2, 0, 0.1, 0.4}, 3),
	}
}

// The kinds of systems that have code of their own are met by it.
func TestKinds(t *testing.T) {
	for _, c := range []struct {
		of   *system
		want kind
	}{
		{onLattice(models.Product, 2, 1, -1, 0.3, nil, 2, 2), isingKind},
		{pottsOn(2, 1, 1, 2, 2), pottsKind},
		{pottsOn(3, 1, -1, 2, 2), pottsKind},
		{spinOneOn(1, 1, 0.5, 0, 2, 2), spinOneKind},
		{clockOn(5, 1, -1, 2, 2), clockKind},
		{glass(1, true, 0, 2, 2), graphKind},
		{onLattice(models.Product, 2, 1, 1, 0, []float64{1, 1}, 2, 2), otherKind},
		{onLattice(models.Equal, 3, 1, 1, 0.1, nil, 2, 2), otherKind},
		{onGraph("colours", models.Equal, 3, 1, nil, graphBonds, make([]float64, 4)), otherKind},
	} {
		if got := kindOf(c.of); got != c.want {
			t.Errorf("%v: kind %d, want %d", c.of, got, c.want)
		}
	}
}

func TestRelativesLocalMatrix(t *testing.T) {
	for _, s := range relatives() {
		if s.configurations() > 64 && !hard() {
			continue
		}
		discrete := struct{ models.Discrete }{s} // hides the couplings
		for _, specs := range [][2]Spec{
			{&Metropolis{Order: Sequential}, &HeatBath{Sequential}},
			{&Metropolis{Order: Checkerboard}, &HeatBath{Checkerboard}},
		} {
			for _, spec := range specs {
				name := fmt.Sprintf("%T%v", spec, spec)
				p := s.transitions(t, spec)
				s.check(t, name, p, true, false)
				if s.couplings.Lattice == nil || strings.Contains(name, string(Sequential)) {
					// Code that knows the couplings, and code that does not.
					same(t, s.name+" "+name, p, s.walk(t, func(c Chain) func() { return spec.Bind(discrete, c).Step }))
				}
			}
		}
		for _, spec := range []Spec{&Metropolis{Order: Random}, &HeatBath{Random}} {
			s.check(t, fmt.Sprintf("%T, an attempt", spec), s.attempt(t, spec), true, true)
		}
	}
}

// Six neighbours have more patterns than four.
func TestPottsPatterns(t *testing.T) {
	s := pottsOn(2, 0.5, 1, 2, 2, 2)
	discrete := struct{ models.Discrete }{s}
	for _, spec := range []Spec{&Metropolis{Order: Random}, &HeatBath{Random}} {
		p := s.attempt(t, spec)
		s.check(t, fmt.Sprintf("%T, an attempt", spec), p, true, true)
		if _, ok := spec.(*Metropolis); ok { // as of a model without couplings
			p = lazily(p)
		}
		same(t, fmt.Sprintf("%v %T", s, spec), p, s.walk(t, func(c Chain) func() {
			k := spec.Bind(discrete, c).(*visitor)
			return func() { k.attempts(1) }
		}))
	}
}

// A step of random order is N attempts.
func TestRelativesRandomOrder(t *testing.T) {
	for _, s := range []*system{pottsOn(3, 0.9, 1, 3), spinOneOn(0.7, -1, 0.2, -0.4, 3), glass(0.7, true, 0.3, 3)} {
		for _, spec := range []Spec{&Metropolis{Order: Random}, &HeatBath{Random}} {
			a := s.attempt(t, spec)
			same(t, fmt.Sprintf("%v %T", s, spec), s.transitions(t, spec), a.Mul(a).Mul(a))
		}
	}
}

// clusterSystems are the systems on which cluster kernels are tested.
func clusterSystems() []*system {
	return []*system{
		pottsOn(2, 0.8, 1, 2, 2), pottsOn(2, 0, 1, 5),
		pottsOn(3, 1, 1, 2, 2), pottsOn(3, 1, 1, 4), pottsOn(3, 1, 0, 3), pottsOn(3, 0, 1, 3), pottsOn(4, 1.1, 1, 3),

		spinOneOn(0.5, 1, 0.9, 0, 2, 2), spinOneOn(0.4, -1, 0.3, 0, 2, 2), spinOneOn(0.7, -1, 0.2, -0.4, 3),
		spinOneOn(0.6, 1, 0.8, 0.3, 4), spinOneOn(0, 1, 0.8, 0, 3),

		pottsOn(3, 0.9, 1, 2, 3), spinOneOn(0.5, 1, 0.2, 0.1, 2, 3),

		glass(0.6, false, 0, 2, 2), glass(0.4, true, 0.4, 2, 2), glass(0.7, true, -0.3, 5), glass(0.5, false, 0.2, 2, 3),
		spinGraph(0.6, 0, 0, 0, 0, 0), spinGraph(0.5, 0.3, -0.4, 0, 0.2, -0.6), spinGraph(0, 0.3, -0.4, 0, 0.2, -0.6),
		onGraph("free", models.Product, 2, 0.5, nil, nil, []float64{0.1, 0, -2, 0}),
		onGraph("colours", models.Equal, 3, 0.6, nil, []models.Bond{{I: 0, J: 1, Coupling: 1}, {I: 1, J: 2, Coupling: 0.4}}, make([]float64, 4)),
		onGraph("vacancies", models.Product, 3, 0.5, nil, graphBonds, []float64{0.3, -0.4, 0, 0.2}),
	}
}

func TestRelativesClusterMatrix(t *testing.T) {
	for _, s := range clusterSystems() {
		if s.configurations() > 64 && !hard() {
			continue
		}
		for _, spec := range []Spec{new(Wolff), new(SwendsenWang)} {
			p := s.transitions(t, spec)
			s.check(t, fmt.Sprintf("%T", spec), p, spec.Ergodic(s) == nil, true)
			if spec.Ergodic(s) != nil {
				cycle := p.Mul(s.transitions(t, &HeatBath{Sequential}))
				s.check(t, fmt.Sprintf("%T and heat bath", spec), cycle, true, false)
			}
		}
	}
}

// Potts models of two colours are Ising models of half the coupling.
func TestPottsIsIsing(t *testing.T) {
	for _, beta := range []float64{0, 0.8} {
		for _, j := range []float64{1, -1} {
			for _, shape := range [][]int{{2, 2}, {5}} {
				two, ising := pottsOn(2, beta, j, shape...), newPoint(beta, j/2, 0, shape...)
				for _, spec := range []Spec{
					&Metropolis{Order: Sequential}, &Metropolis{Order: Checkerboard}, &HeatBath{Sequential}, new(Wolff), new(SwendsenWang),
				} {
					if spec.Check(two) != nil {
						continue // clusters for J < 0
					}
					same(t, fmt.Sprintf("%v %T%v", two, spec, spec), two.transitions(t, spec), ising.transitions(t, spec))
				}
			}
		}
	}
}

// lazily returns the matrix of a step that does nothing once in 32 times and is
// else one of p.
func lazily(p mctest.Matrix) mctest.Matrix {
	q := make(mctest.Matrix, len(p))
	for i, row := range p {
		q[i] = make([]float64, len(row))
		for j, v := range row {
			q[i][j] = lazy * v
		}
		q[i][i] += 1 - lazy
	}
	return q
}

// A graph whose bonds and fields are all alike is a lattice, on which Wolff's
// kernel rests.
func TestGraphIsLattice(t *testing.T) {
	for _, p := range someParameters(2, 2) {
		lattice := models.NewLattice(2, 2)
		graph := onGraph(p.String(), models.Product, 2, p.beta, lattice, latticeBonds(p.shape, func() float64 { return p.j }), []float64{p.h, p.h, p.h, p.h})
		for _, spec := range []Spec{
			&Metropolis{Order: Sequential}, &Metropolis{Order: Checkerboard}, &HeatBath{Checkerboard}, new(Wolff), new(SwendsenWang),
		} {
			want := p.transitions(t, spec)
			if _, ok := spec.(*Wolff); ok && !alternates(p.ising) {
				want = lazily(want)
			}
			same(t, fmt.Sprintf("%v %T%v", p, spec, spec), graph.transitions(t, spec), want)
		}
	}
}

// Where a step of Wolff's kernel is nearly sure to flip one of few clusters, an
// even number of steps must yet lead everywhere.
func TestWolffAlternates(t *testing.T) {
	dimers := []models.Bond{{I: 0, J: 1, Coupling: 1}, {I: 2, J: 3, Coupling: -1}}
	loose := append(dimers, models.Bond{I: 1, J: 2, Coupling: 1e-3})
	for _, s := range []*system{
		onGraph("dimers", models.Product, 2, 10, nil, dimers, make([]float64, 4)),
		onGraph("dimers, loosely joined", models.Product, 2, 10, nil, loose, make([]float64, 4)),
		onGraph("free", models.Product, 2, 1, nil, nil, make([]float64, 3)),
		onGraph("free and joined", models.Product, 2, 10, nil, dimers[:1], make([]float64, 4)),
		onLattice(models.Product, 2, 3, 1, 0, nil, 2, 2),
		onLattice(models.Product, 2, 3, -1, 0, nil, 4),
		onLattice(models.Product, 2, 0.001, 1, 0, nil, 2, 2),
		pottsOn(2, 6, 1, 2, 2), pottsOn(2, 0.001, 1, 4),
	} {
		p := s.transitions(t, new(Wolff))
		for range 9 { // 512 steps
			p = p.Mul(p)
		}
		weights := s.weights()
		start := slices.Index(weights, slices.Max(weights)) // a ground state
		for j, w := range weights {
			if math.Abs(p[start][j]-w) > 1e-4 {
				t.Errorf("%v: after 512 steps from %d, state %d has probability %.4f, want %.4f", s, start, j, p[start][j], w)
			}
		}
	}
}

// At temperatures so low that exponentials vanish or overflow, kernels go on.
func TestExtremes(t *testing.T) {
	for _, beta := range []float64{1e3, 1e60} {
		for _, s := range []*system{
			onLattice(models.Product, 2, beta, 1, 0.5, nil, 4, 4), pottsOn(3, beta, 1, 4, 4), pottsOn(4, beta, -1, 4, 4),
			pottsOn(5, beta, 1, 2, 2, 2, 2), pottsOn(5, beta, 1, 2, 2, 2, 2, 2), // up to eight neighbours, and more
			spinOneOn(beta, 1, 0.5, -0.3, 4, 4), glass(beta, false, 0.5, 4, 4), glass(beta, true, 0.3, 4, 4),
		} {
			for _, spec := range []Spec{&Metropolis{Order: Random}, new(Metropolis), new(HeatBath), new(Wolff), new(SwendsenWang)} {
				if spec.Check(s) != nil {
					continue
				}
				random := mc.NewStream(mc.NewKey(13))
				spins := s.NewState(models.Hot, random).(models.Spins)
				before := s.energy(spins)
				k := spec.Bind(s, Chain{State: spins, Random: random, Tally: new(mc.Tally)})
				for range 20 {
					k.Step()
				}
				if slices.Max(spins) >= uint8(s.states) || s.energy(spins) > before+1e-9 {
					t.Errorf("%v: %T: from energy %g to %g, %v", s, spec, before, s.energy(spins), spins)
				}
			}
		}
	}
}

func TestClusterCheck(t *testing.T) {
	mixed := []models.Bond{{I: 0, J: 1, Coupling: 1}, {I: 1, J: 2, Coupling: -1}}
	for _, c := range []struct {
		of   *system
		want string // in the error; "" for none
	}{
		{pottsOn(3, 1, 1, 2, 2), ""},
		{pottsOn(3, 1, 0, 2, 2), ""},
		{pottsOn(3, 1, -1, 2, 2), "local kernels"},
		{onGraph("mixed", models.Equal, 3, 1, nil, mixed, make([]float64, 3)), "local kernels"},
		{onLattice(models.Equal, 3, 1, 1, 0.1, nil, 2, 2), "differ in energy"},
		{onGraph("fields", models.Equal, 3, 1, nil, nil, []float64{0, 0.1}), "differ in energy"},
		{onLattice(models.Product, 4, 1, 1, 0, nil, 2, 2), "other values"},
		{onLattice(models.Cosine, 4, 1, 1, 0.1, nil, 2, 2), "differ in energy"},
		{onGraph("angles", models.Cosine, 3, 1, nil, graphBonds, make([]float64, 4)), "all alike"},
		{spinOneOn(1, -1, 0.4, 0.2, 3), ""},
		{glass(1, true, 0.3, 2, 2), ""},
	} {
		for _, spec := range []Spec{new(Wolff), new(SwendsenWang)} {
			switch err := spec.Check(c.of); {
			case c.want == "" && err != nil:
				t.Errorf("%v: %T: %v", c.of, spec, err)
			case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
				t.Errorf("%v: %T: %v; want %q", c.of, spec, err, c.want)
			}
		}
	}
	// What is refused would be wrong or has no meaning; what is not ergodic
	// says why.
	for _, spec := range []Spec{new(Wolff), new(SwendsenWang)} {
		if err := spec.Ergodic(spinOneOn(1, 1, 0, 0, 3)); err == nil || !strings.Contains(err.Error(), "zeros") {
			t.Errorf("%T: %v; want an error that names the zeros", spec, err)
		}
	}
}

// A frustrated system says that it is.
type frustrated struct {
	*system
	is bool
}

func (f frustrated) Frustrated() bool { return f.is }

func TestAdvise(t *testing.T) {
	s := glass(1, false, 0, 2, 2)
	for _, spec := range []Adviser{new(Wolff), new(SwendsenWang)} {
		if advice := spec.Advise(s); advice != "" {
			t.Errorf("%T: %q of a model that does not say whether it is frustrated", spec, advice)
		}
		if advice := spec.Advise(frustrated{s, false}); advice != "" {
			t.Errorf("%T: %q of a model without frustration", spec, advice)
		}
		if advice := spec.Advise(frustrated{s, true}); !strings.Contains(advice, "local kernels") {
			t.Errorf("%T: %q", spec, advice)
		}
	}
}
