package observables_test

import (
	"fmt"
	"math"
	"math/cmplx"
	"math/rand/v2"
	"slices"
	"testing"

	"mcrun/analysis"
	"mcrun/models"
	"mcrun/observables"
)

// shapes have one to four dimensions, equal and unequal sides, even and odd
// ones and primes, sides of 2, and more and fewer sites than fill words.
var shapes = [][]int{
	{2}, {3}, {17}, {24}, {300},
	{2, 2}, {3, 3}, {16, 16}, {5, 7}, {2, 9}, {9, 2}, {12, 19}, {3, 140}, {140, 3},
	{2, 2, 2}, {3, 4, 5}, {10, 2, 3}, {4, 4, 4}, {9, 3, 9}, {2, 3, 2, 4},
}

// A fieldModel has spins on a lattice.
type fieldModel interface {
	models.PairCoupled
	models.SpinField
	models.Regular
}

// fieldModels returns models of all kinds on a lattice: with two-valued spins,
// colours that take one bit or more, and three-valued spins.
func fieldModels(shape []int) map[string]fieldModel {
	return map[string]fieldModel{
		"ising":       newIsing(shape...),
		"potts q=2":   newPotts(2, shape...),
		"potts q=3":   newPotts(3, shape...),
		"potts q=5":   newPotts(5, shape...),
		"blume-capel": newBlumeCapel(shape...),
	}
}

// randomSpins returns a configuration, each state of a site being equally
// probable.
func randomSpins(m models.Discrete, random *rand.Rand) models.Spins {
	s := make(models.Spins, m.Sites())
	for i := range s {
		s[i] = uint8(random.IntN(m.States()))
	}
	return s
}

// sigma returns the spin vectors of all sites.
func sigma(m models.SpinField, s models.State) [][]float64 {
	vectors := make([][]float64, m.Sites())
	field := make([]float64, m.Sites())
	for c := range m.Components() {
		m.Component(s, c, field)
		for i, v := range field {
			vectors[i] = append(vectors[i], v)
		}
	}
	return vectors
}

func dot(a, b []float64) float64 {
	var sum float64
	for c, v := range a {
		sum += v * b[c]
	}
	return sum
}

// coordinate returns that of a site along a direction, by counting.
func coordinate(shape []int, site, mu int) int {
	for nu := len(shape) - 1; nu > mu; nu-- {
		site /= shape[nu]
	}
	return site % shape[mu]
}

// neighbour returns the site r further along a direction.
func neighbour(shape []int, site, mu, r int) int {
	stride := 1
	for _, side := range shape[mu+1:] {
		stride *= side
	}
	x := coordinate(shape, site, mu)
	return site + ((x+r)%shape[mu]-x)*stride
}

// structureFactors returns S(k) along the axes by its definition.
func structureFactors(shape []int, vectors [][]float64) []float64 {
	var all []float64
	for mu, side := range shape {
		for n := range side/2 + 1 {
			var s float64
			for c := range vectors[0] {
				var mode complex128
				for i, v := range vectors {
					mode += complex(v[c], 0) * cmplx.Rect(1, 2*math.Pi*float64(n*coordinate(shape, i, mu))/float64(side))
				}
				s += real(mode)*real(mode) + imag(mode)*imag(mode)
			}
			all = append(all, s/float64(len(vectors)))
		}
	}
	return all
}

// correlations returns C(r) along the axes by its definition.
func correlations(shape []int, vectors [][]float64) []float64 {
	var all []float64
	for mu, side := range shape {
		for r := range side/2 + 1 {
			var sum float64
			for i, v := range vectors {
				sum += dot(v, vectors[neighbour(shape, i, mu, r)])
			}
			all = append(all, sum/float64(len(vectors)))
		}
	}
	return all
}

// near reports whether a and b are equal up to rounding in sums of size n.
func near(a, b []float64, n int) bool {
	return slices.EqualFunc(a, b, func(a, b float64) bool { return math.Abs(a-b) <= 1e-13*float64(n) })
}

// What is read along the axes is what its definition says.
func TestAxes(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 0))
	for _, shape := range shapes {
		for name, m := range fieldModels(shape) {
			t.Run(fmt.Sprint(name, shape), func(t *testing.T) {
				// The model without couplings, whose spins are read
				// through the ability alone.
				plain := struct {
					models.SpinField
					models.Regular
				}{m, m}
				field := struct {
					models.Model
					spinField
					regular
				}{m, plain, plain}
				s := randomSpins(m, random)
				probe := observables.NewProbe(m, fields(m, "structure_factor", "smallest_modes", "correlation"), s)
				other := observables.NewProbe(field, fields(m, "structure_factor", "smallest_modes", "correlation"), s)
				for range 2 { // nothing is left over from what was read before
					for i := range s {
						s[i] = uint8(random.IntN(m.States()))
					}
					vectors := sigma(m, s)
					factors, distances := structureFactors(shape, vectors), correlations(shape, vectors)
					smallest := []float64{factors[0]}
					for mu, at := 0, 0; mu < len(shape); mu++ {
						smallest = append(smallest, factors[at+1])
						at += shape[mu]/2 + 1
					}
					want := slices.Concat(factors, smallest, distances)
					got := make([]float64, len(want))
					for _, p := range []*observables.Probe{probe, other} {
						p.Read(got)
						if !near(got, want, m.Sites()) {
							t.Fatalf("S(k), S(0) and S(k) of smallest k, C(r):\n%v, want\n%v", got, want)
						}
					}
				}
			})
		}
	}
}

// Where all spins are up S(0) = N and all other modes are 0, also of sides and
// planes on which more states are added up than a byte holds.
func TestModesOfOrder(t *testing.T) {
	for _, shape := range [][]int{{2, 2}, {300, 3}, {3, 5000}, {700, 2}} {
		for name, m := range map[string]fieldModel{"ising": newIsing(shape...), "blume-capel": newBlumeCapel(shape...)} {
			s := make(models.Spins, m.Sites())
			for i := range s {
				s[i] = uint8(m.States() - 1)
			}
			var want []float64
			for _, side := range shape {
				want = append(want, float64(m.Sites()))
				want = append(want, make([]float64, side/2)...)
			}
			if got := read(m, "structure_factor", s); !near(got, want, m.Sites()) {
				t.Errorf("%s on %v: S(k) of the ordered state is %v", name, shape, got)
			}
		}
	}
}

type (
	spinField interface {
		Components() int
		Component(s models.State, c int, dst []float64)
	}
	regular interface{ Sides() []int }
)

// The estimators of functions along the axes average directions where all
// sides are equal.
func TestAxesEstimators(t *testing.T) {
	const pi = math.Pi
	for _, c := range []struct {
		shape            []int
		factor, distance [][]float64 // points
		record           []float64
		want             []float64
	}{
		{
			[]int{4}, [][]float64{{0}, {pi / 2}, {pi}}, [][]float64{{0}, {1}, {2}},
			[]float64{1, 2, 3}, []float64{1, 2, 3},
		},
		{
			[]int{3, 3, 3}, [][]float64{{0}, {2 * pi / 3}}, [][]float64{{0}, {1}},
			[]float64{1, 2, 3, 5, 8, 14}, []float64{4, 7},
		},
		{
			[]int{2, 3}, [][]float64{{0, 0}, {pi, 0}, {0, 2 * pi / 3}}, [][]float64{{0, 0}, {1, 0}, {0, 1}},
			[]float64{1, 2, 1, 4}, []float64{1, 2, 4},
		},
		{
			[]int{2, 4, 3}, [][]float64{{0, 0, 0}, {pi, 0, 0}, {0, pi / 2, 0}, {0, pi, 0}, {0, 0, 2 * pi / 3}},
			[][]float64{{0, 0, 0}, {1, 0, 0}, {0, 1, 0}, {0, 2, 0}, {0, 0, 1}},
			[]float64{1, 2, 1, 3, 4, 1, 5}, []float64{1, 2, 3, 4, 5},
		},
	} {
		m := newIsing(c.shape...)
		for _, o := range find(t, "structure_factor", "improved_structure_factor", "correlation") {
			points := c.factor
			if o.Name == "correlation" {
				points = c.distance
			}
			if got := o.Points(m); !slices.EqualFunc(got, points, func(a, b []float64) bool { return near(a, b, 1) }) {
				t.Errorf("%s on %v: points %v, want %v", o.Name, c.shape, got, points)
			}
			if got := evaluate(m, o, [][]float64{c.record}); !near(got, c.want, 1) {
				t.Errorf("%s on %v: %v of %v, want %v", o.Name, c.shape, got, c.record, c.want)
			}
		}
	}
}

// All modes but k = 0 of a constant are 0, for any length of the FFT, and so are
// those of a cluster of all sites: what is rounded off is no fluctuation.
func TestConstantHasNoModes(t *testing.T) {
	for _, shape := range [][]int{{3}, {3, 3}, {7, 7}, {11, 6}, {5, 5, 5}, {101, 2}, {13, 90}} {
		var origins []int // in a column along the axes
		at := 0
		for _, side := range shape {
			origins = append(origins, at)
			at += side/2 + 1
		}
		for name, m := range fieldModels(shape) {
			sites := make([]uint32, m.Sites())
			for i := range sites {
				sites[i] = uint32(i)
			}
			for state := range m.States() {
				s := make(models.Spins, m.Sites())
				for i := range s {
					s[i] = uint8(state)
				}
				improved := func(tell func(a observables.ClusterAverage)) []float64 {
					a, width := clusterAverage(m, "improved_structure_factor", s)
					return averaged(a, width, func() { tell(a) })
				}
				for column, got := range map[string][]float64{
					"structure_factor":  read(m, "structure_factor", s),
					"smallest_modes":    read(m, "smallest_modes", s),
					"all clusters":      improved(func(a observables.ClusterAverage) { a.All(make([]uint32, m.Sites())) }),
					"the Wolff cluster": improved(func(a observables.ClusterAverage) { a.Single(sites) }),
				} {
					for k, v := range got {
						origin := slices.Contains(origins, k)
						if column == "smallest_modes" {
							origin = k == 0
						}
						if !origin && v != 0 {
							t.Errorf("%s on %v, all in state %d: %s has %v at %d, want 0", name, shape, state, column, v, k)
						}
					}
				}
			}
		}
	}
}

// Correlations are the nearest numbers to ratios of integers, whether they are
// counted or Fourier transformed, so that those of 0 are 0.
func TestCorrelationOfIntegers(t *testing.T) {
	random := rand.New(rand.NewPCG(7, 0))
	zeros := make(map[string]int)
	for _, shape := range [][]int{{3}, {8}, {300}, {6, 10}, {4, 4, 4}} {
		for name, m := range fieldModels(shape) {
			q := m.States()
			unit := (q - 1) * (q - 1)
			if m.Couplings().Pair == models.Equal {
				unit = q - 1
			}
			for range 3000 / m.Sites() {
				s := randomSpins(m, random)
				record := read(m, "correlation", s)
				for k, want := range correlations(shape, sigma(m, s)) {
					n := float64(unit * m.Sites())
					want = math.Round(want*n) / n
					got := record[k]
					if got != want || math.Signbit(got) && got == 0 {
						t.Fatalf("%s on %v: C = %v, want %v", name, shape, got, want)
					}
					if got == 0 {
						zeros[name]++
					}
				}
			}
		}
	}
	for name := range fieldModels([]int{3}) {
		if zeros[name] == 0 {
			t.Errorf("%s: no correlation is 0", name)
		}
	}
}

// Of unequal sides every direction has its own correlation length.
func TestCorrelationLengths(t *testing.T) {
	m, o := newIsing(2, 6), find(t, "correlation_length")[0]
	if got, want := o.Points(m), [][]float64{{0}, {1}}; !slices.EqualFunc(got, want, slices.Equal) {
		t.Errorf("points %v, want %v", got, want)
	}
	// 2 sin(pi/2) = 2 and 2 sin(pi/6) = 1.
	if got, want := evaluate(m, o, [][]float64{{5, 1, 2.5}}), []float64{1, 1}; !near(got, want, 1) {
		t.Errorf("xi = %v, want %v", got, want)
	}
	if got := o.Points(newIsing(4, 4)); got != nil {
		t.Errorf("points %v of equal sides, want none", got)
	}
}

// On the ring C(r) = (t^r + t^(L-r))/(1 + t^L) with t = tanh(beta J), and S(k)
// is its Fourier transform; so the exact means give the exact xi.
func TestCorrelationLengthOfRing(t *testing.T) {
	const side = 8
	m, o := newIsing(side), find(t, "correlation_length")[0]
	th := math.Tanh(1 / temperature)
	modes := make([]float64, 2)
	for r := range side {
		c := (math.Pow(th, float64(r)) + math.Pow(th, float64(side-r))) / (1 + math.Pow(th, side))
		modes[0] += c
		modes[1] += c * math.Cos(2*math.Pi*float64(r)/side)
	}
	// S(k) is proportional to 1/(1 + t^2 - 2 t cos k), so that
	// S(0)/S(k) - 1 = (2 sin(k/2))^2 t/(1-t)^2.
	want := math.Sqrt(th) / (1 - th)
	if got := evaluate(m, o, [][]float64{modes}); !near(got, []float64{want}, 10) {
		t.Errorf("xi = %v, want %v", got, want)
	}
}

// Where S(0) < S(k) there is no correlation length, and the estimator says so.
func TestNoCorrelationLength(t *testing.T) {
	for _, shape := range [][]int{{4, 4}, {4, 6}} {
		m := newIsing(shape...)
		for _, e := range find(t, "correlation_length")[0].Estimators(m) {
			if v := e.Function.Value([]float64{1, 2, 2}[:e.Function.Terms]); !math.IsNaN(v) {
				t.Errorf("xi = %v where S(0) < S(k)", v)
			}
			if e.Undefined == "" {
				t.Error("the estimator does not say why")
			}
		}
	}
}

// ExampleObservable_function reads and estimates a function of distance.
func ExampleObservable_function() {
	m := newIsing(4, 4)
	o, _ := observables.Find("correlation")
	s := models.Spins{
		1, 1, 1, 1,
		1, 1, 1, 1,
		0, 0, 0, 0,
		0, 0, 0, 0,
	}
	columns := observables.Columns(m, []observables.Observable{o}, observables.NoSource)
	row := make([]float64, columns[0].Width)
	observables.NewProbe(m, columns, s).Read(row)
	fmt.Println(columns, row)

	for i, e := range o.Estimators(m) {
		series := make([][]float64, 0, len(e.Inputs)) // of one record each
		for _, input := range e.Inputs {
			series = append(series, row[input:input+1])
		}
		estimate, _ := analysis.Gamma{}.Function(*e.Function, [][][]float64{series})
		fmt.Printf("C(%g) = %g\n", o.Points(m)[i][0], estimate.Value)
	}
	// Output:
	// [{correlation 6}] [1 0 -1 1 1 1]
	// C(0) = 1
	// C(1) = 0.5
	// C(2) = 0
}
