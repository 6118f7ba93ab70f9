package models

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"testing"

	"mcrun/mc"
)

// A general is a model with any couplings, of which only the exact methods ask.
type general struct {
	PairCoupled
	sites, q  int
	beta      float64
	couplings Couplings
}

func (m *general) Sites() int            { return m.sites }
func (m *general) States() int           { return m.q }
func (m *general) Beta() float64         { return m.beta }
func (m *general) Couplings() *Couplings { return &m.couplings }

// randomGraph returns sites with so many bonds between random pairs, some of
// them twice, some of coupling 0.
func randomGraph(random *rand.Rand, sites, bonds int, fields bool) *Graph {
	list := make([]Bond, bonds)
	for n := range list {
		i, step := random.IntN(sites), 1+random.IntN(sites-1)
		list[n] = Bond{i, (i + step) % sites, random.NormFloat64()}
		if random.IntN(10) == 0 {
			list[n].Coupling = 0
		}
	}
	h := make([]float64, sites)
	for i := range h {
		if fields {
			h[i] = random.NormFloat64()
		}
	}
	return NewGraph(sites, list, h)
}

// On graphs from those without loops to those where nearly all sites are
// joined, elimination gives what the sum over all states gives.
func TestEliminateRandomGraphs(t *testing.T) {
	random := rand.New(mc.NewStream(mc.NewKey(1)))
	for round := range 300 {
		m := &general{q: 2 + round%4, beta: random.ExpFloat64()}
		if round%7 == 0 {
			m.beta *= 30 // close to a ground state
		}
		m.sites = 2 + random.IntN([]int{11, 7, 5, 4}[m.q-2])
		bonds := random.IntN(2*m.sites + 1)
		m.couplings = Couplings{Graph: randomGraph(random, m.sites, bonds, m.q < 4 && round%3 > 0)}
		switch {
		case m.q > 3 || round%8 == 0:
			m.couplings.Pair = Equal
			m.couplings.Graph = randomGraph(random, m.sites, bonds, false)
		case m.q == 3:
			d := random.NormFloat64()
			m.couplings.Self = []float64{d, 0, d}
		}
		want, ok1 := SumStates(m)
		got, ok2 := Eliminate(m)
		if !ok1 || !ok2 {
			t.Fatalf("round %d, %d sites of %d states: %t, %t", round, m.sites, m.q, ok1, ok2)
		}
		name := fmt.Sprintf("round %d, %d sites of %d states, %d bonds, beta = %v", round, m.sites, m.q, bonds, m.beta)
		if m.couplings.Pair == Equal {
			if !math.IsNaN(got.Mag) || !math.IsNaN(want.Mag) {
				t.Errorf("%s: Mag = %v and %v", name, got.Mag, want.Mag)
			}
			want.Mag = 0
		}
		checkSecond(t, name, got, want, 1e-11)
	}
}

// checkSecond compares what Eliminate always gives, and Mag where there is one.
// Mag2 is compared where it is known.
func checkSecond(t *testing.T, name string, got, want Moments, tol float64) {
	t.Helper()
	if math.IsNaN(got.Mag) {
		got.Mag = 0
	}
	if math.IsNaN(want.Mag2) {
		want.Mag2 = got.Mag2
	}
	if math.IsNaN(got.LogZ + got.Energy + got.SpecificHeat + got.Mag2) {
		t.Errorf("%s: got %+v", name, got)
	}
	if err := differ(got, want, tol); err != nil {
		t.Errorf("%s: %v", name, err)
	}
}

func newIsing(t *testing.T, shape []int, beta, j, h float64) *Ising {
	m := &Ising{Periodic: Periodic{Shape: shape}, Thermal: Thermal{InverseT: &beta}, J: j, H: h}
	if err := m.Prepare(); err != nil {
		t.Fatal(err)
	}
	return m
}

// On tori it gives what the transfer matrix and Kaufman's solution give, in a
// field, frustrated, and at low temperatures.
func TestEliminateTori(t *testing.T) {
	for _, c := range []struct {
		shape      []int
		beta, j, h float64
	}{
		{[]int{2, 2, 3}, 0.3, 1, 0.2},
		{[]int{2, 2, 3}, 0.3, -1, -0.4},
		{[]int{5, 5}, 0.4406867935097715, 1, 0},
		{[]int{5, 5}, 1, -1, 0.5},
		{[]int{7, 7}, 0.4, 1, 0.05},
		{[]int{8, 8}, 0.4406867935097715, 1, 0},
		{[]int{4, 64}, 0.6, 1, 0.1},
		{[]int{64, 4}, 2, -1, 0.3},
		{[]int{5, 40}, 0.5, 1, 0},
		{[]int{2, 2, 20}, 0.35, 1, -0.02},
		{[]int{500}, 1.2, 1, 0.01},
	} {
		name := fmt.Sprint(c)
		got, ok := Eliminate(newIsing(t, c.shape, c.beta, c.j, c.h))
		want, ok2 := TransferMatrix(c.shape, c.beta, c.j, c.h)
		if !ok || !ok2 {
			t.Errorf("%s: %t, %t", name, ok, ok2)
			continue
		}
		checkSecond(t, name, got, want, 2e-11)
	}
	got, ok := Eliminate(newIsing(t, []int{4, 100}, 0.44, 1, 0))
	if !ok {
		t.Fatal("4 x 100 is not reached")
	}
	checkSecond(t, "Kaufman", got, Kaufman(4, 100, 0.44, 1), 1e-12)
}

// It tells soon what it does not reach.
func TestEliminateRefuses(t *testing.T) {
	for _, shape := range [][]int{{16, 16}, {200, 200}, {6, 6, 6}, {maxEliminated + 1}} {
		if _, ok := Eliminate(newIsing(t, shape, 0.4, 1, 0.1)); ok {
			t.Errorf("%v is said to be reached", shape)
		}
	}
	for _, m := range []*general{
		{sites: 2, q: 3, couplings: Couplings{Pair: Equal, Graph: NewGraph(2, []Bond{{0, 1, 1}}, []float64{1, 0})}},
		{sites: 2, q: 4, couplings: Couplings{Pair: Product, Graph: NewGraph(2, []Bond{{0, 1, 1}}, nil)}},
		{sites: 2, q: 2, couplings: Couplings{Pair: Equal, Self: []float64{0, 1}, Graph: NewGraph(2, nil, nil)}},
	} {
		_, ok1 := SumStates(m)
		_, ok2 := Eliminate(m)
		if ok1 || ok2 {
			t.Errorf("%+v: couplings without a meaning have moments", m.couplings)
		}
	}
	for _, shape := range [][]int{{24}, {5, 5}, {1 << 20}} {
		if _, ok := SumStates(newIsing(t, shape, 0.4, 1, 0)); ok {
			t.Errorf("%v is said to have few states", shape)
		}
	}
}

// A tree of N sites: Z = 2^N prod cosh(beta J_b), whatever its form.
func TestTrees(t *testing.T) {
	random := rand.New(mc.NewStream(mc.NewKey(2)))
	for _, c := range []struct {
		sites int
		form  string
	}{{2, "chain"}, {3000, "chain"}, {3000, "star"}, {3000, "random"}} {
		const beta = 0.8
		var bonds []Bond
		logZ := float64(c.sites) * math.Ln2
		var energy, heat float64
		for i := 1; i < c.sites; i++ {
			to := map[string]int{"chain": i - 1, "star": 0, "random": random.IntN(i)}[c.form]
			x := random.NormFloat64()
			bonds = append(bonds, Bond{i, to, x})
			k, tanh := beta*x, math.Tanh(beta*x)
			logZ += math.Log(math.Cosh(k))
			energy -= x * tanh
			heat += k * k * (1 - tanh*tanh)
		}
		m := &general{sites: c.sites, q: 2, beta: beta, couplings: Couplings{Graph: NewGraph(c.sites, bonds, nil)}}
		got, ok := Eliminate(m)
		if !ok {
			t.Errorf("%s of %d sites is not reached", c.form, c.sites)
		}
		n := float64(c.sites)
		checkSecond(t, c.form, got, Moments{LogZ: logZ, Energy: energy / n, SpecificHeat: heat / n, Mag2: math.NaN()}, 1e-12)
	}
}

// An open chain has <s_i s_j> = tanh(beta J)^|i-j|, hence
// N^2 <m^2> = N (1+t)/(1-t) - 2t (1-t^N)/(1-t)^2, and no magnetization.
func TestOpenChain(t *testing.T) {
	const sites, beta, j = 400, 1.1, 0.9
	var bonds []Bond
	for i := 1; i < sites; i++ {
		bonds = append(bonds, Bond{i - 1, i, j})
	}
	got, ok := Eliminate(&general{sites: sites, q: 2, beta: beta, couplings: Couplings{Graph: NewGraph(sites, bonds, nil)}})
	x := math.Tanh(beta * j)
	square := (sites*(1+x)/(1-x) - 2*x*(1-math.Pow(x, sites))/((1-x)*(1-x))) / (sites * sites)
	if !ok || got.Mag != 0 || math.Abs(got.Mag2-square) > 1e-13 {
		t.Errorf("m = %v, m^2 = %v, want %v", got.Mag, got.Mag2, square)
	}
}

// Spins apart in fields: m_i = tanh(beta h_i).
func TestFreeSpins(t *testing.T) {
	h := []float64{0.3, -1.2, 0, 5, -40}
	const beta = 0.7
	var logZ, energy, heat, mag, variance float64
	for _, h := range h {
		x := math.Tanh(beta * h)
		logZ += math.Abs(beta*h) + math.Log1p(math.Exp(-2*math.Abs(beta*h)))
		energy -= h * x
		heat += beta * beta * h * h * (1 - x*x)
		mag += x
		variance += 1 - x*x
	}
	n := float64(len(h))
	got, ok := Eliminate(&general{sites: len(h), q: 2, beta: beta, couplings: Couplings{Graph: NewGraph(len(h), nil, h)}})
	if !ok {
		t.Fatal("free spins are not reached")
	}
	checkSecond(t, "free spins", got, Moments{
		LogZ: logZ, Energy: energy / n, SpecificHeat: heat / n, Mag: mag / n, Mag2: (variance + mag*mag) / (n * n),
	}, 1e-14)
}

// A ring of Potts spins has the eigenvalues e^K + q - 1 and, q - 1 times,
// e^K - 1; Z is the sum of their powers.
func TestPottsRing(t *testing.T) {
	for _, c := range []struct {
		q, sites int
		beta, j  float64
	}{{3, 50, 0.9, 1}, {4, 7, 1.5, -1}, {2, 400, 0.4, 2}, {10, 30, 2, 1}, {3, 9, 30, -1}} {
		m := &Potts{Periodic: Periodic{Shape: []int{c.sites}}, Thermal: Thermal{InverseT: &c.beta}, Q: c.q, J: c.j}
		if err := m.Prepare(); err != nil {
			t.Fatal(err)
		}
		got, ok := Eliminate(m)
		if !ok {
			t.Errorf("%+v is not reached", c)
			continue
		}
		// Z = a^N + (q-1) b^N, with derivatives by K: a' = b' = e^K.
		n, q, k := float64(c.sites), float64(c.q), c.beta*c.j
		a, b := math.Exp(k)+q-1, math.Expm1(k)
		r := math.Pow(b/a, n) * (q - 1) // the second term, of the first
		da, db := math.Exp(k)/a, math.Exp(k)/b
		slope := n * (da + r*db) / (1 + r)
		second := n * (da*(1-da) + r*db*(1-db)) / (1 + r)
		second += (n*n*(da*da+r*db*db))/(1+r) - slope*slope
		want := Moments{LogZ: n*math.Log(a) + math.Log1p(r), Energy: -c.j * slope / n, SpecificHeat: k * k * second / n}
		// <m^2> from C(r), with t = b/a: (t^r + t^(N-r) + (q-2) t^N)/(1 + (q-1) t^N).
		x := b / a
		for d := range c.sites {
			want.Mag2 += (math.Pow(x, float64(d)) + math.Pow(x, n-float64(d)) + (q-2)*math.Pow(x, n)) / (1 + r) / n
		}
		checkSecond(t, fmt.Sprint(c), got, want, 1e-10)
	}
}

// A ring of Blume-Capel spins, by its 3 x 3 transfer matrix with e^{-beta D s^2/2}
// on either side: even states (up + down)/sqrt 2 and 0, and the odd one.
func TestBlumeCapelRing(t *testing.T) {
	const sites, j, d = 60, 0.8, 0.7
	logZ := func(beta float64) float64 {
		w := math.Exp(-beta * d)
		even, mixed := 2*w*math.Cosh(beta*j), math.Sqrt2*math.Sqrt(w)
		odd := 2 * w * math.Sinh(beta*j)
		mean, root := (even+1)/2, math.Hypot((even-1)/2, mixed)
		first := mean + root
		return sites*math.Log(first) + math.Log1p(math.Pow((mean-root)/first, sites)+math.Pow(odd/first, sites))
	}
	beta := 1.3
	m := &BlumeCapel{Periodic: Periodic{Shape: []int{sites}}, Thermal: Thermal{InverseT: &beta}, J: j, D: d}
	if err := m.Prepare(); err != nil {
		t.Fatal(err)
	}
	got, ok := Eliminate(m)
	if !ok {
		t.Fatal("the ring is not reached")
	}
	// Derivatives by differences of fourth order.
	const e = 1e-2
	first := (8*(logZ(beta+e)-logZ(beta-e)) - (logZ(beta+2*e) - logZ(beta-2*e))) / (12 * e)
	second := (16*(logZ(beta+e)+logZ(beta-e)) - (logZ(beta+2*e) + logZ(beta-2*e)) - 30*logZ(beta)) / (12 * e * e)
	if math.Abs(got.LogZ-logZ(beta)) > 1e-12 || math.Abs(got.Energy+first/sites) > 1e-7 || math.Abs(got.SpecificHeat-beta*beta*second/sites) > 1e-6 {
		t.Errorf("got %+v, want ln Z = %v, e = %v, C = %v", got, logZ(beta), -first/sites, beta*beta*second/sites)
	}
}

// The values of testdata/exact.json, which names their sources.
func TestPottsReference(t *testing.T) {
	data, err := os.ReadFile("testdata/exact.json")
	if err != nil {
		t.Fatal(err)
	}
	var reference struct {
		Potts []struct {
			Q, L         int
			T, LnZ, E, C float64
		}
	}
	if err := json.Unmarshal(data, &reference); err != nil {
		t.Fatal(err)
	}
	if len(reference.Potts) < 3 {
		t.Fatal("testdata/exact.json has too few values of Potts models")
	}
	for _, r := range reference.Potts {
		m := &Potts{Periodic: Periodic{Shape: []int{r.L, r.L}}, Thermal: Thermal{Temperature: &r.T}, Q: r.Q, J: 1}
		if err := m.Prepare(); err != nil {
			t.Fatal(err)
		}
		want := Moments{LogZ: r.LnZ, Energy: r.E, SpecificHeat: r.C, Mag2: math.NaN()}
		got, ok := Eliminate(m)
		if !ok {
			t.Errorf("%+v is not reached", r)
		}
		checkSecond(t, fmt.Sprint(r), got, want, 1e-11)
		if e := m.Exact()["energy"]; math.Abs(e-r.E) > 1e-11 {
			t.Errorf("%+v: Exact has e = %v", r, e)
		}
		if sum, ok := SumStates(m); ok {
			sum.AbsMag = math.NaN() // not among the references
			checkSecond(t, fmt.Sprint("sum ", r), sum, want, 1e-11)
		} else if r.L == 3 {
			t.Errorf("%+v has too many states", r)
		}
	}
}

// Errors do not build up over 2^22 states.
func TestSumManyStates(t *testing.T) {
	m := newIsing(t, []int{22}, 0.44, 1, 0.3)
	got, ok := SumStates(m)
	want, _ := TransferMatrix([]int{22}, 0.44, 1, 0.3)
	if !ok || math.IsNaN(got.AbsMag+got.Mag4) {
		t.Fatalf("got %+v, %t", got, ok)
	}
	checkSecond(t, "22 sites", got, want, 2e-13)
}

// A Potts model of two colours is the Ising model of half the coupling; a
// Blume-Capel model whose sites are never empty is an Ising model.
func TestRelatives(t *testing.T) {
	beta := 0.6
	thermal := Thermal{InverseT: &beta}
	shape := Periodic{Shape: []int{3, 4}}
	potts := &Potts{Periodic: shape, Thermal: thermal, Q: 2, J: 1.4}
	capel := &BlumeCapel{Periodic: shape, Thermal: thermal, J: 0.7, D: -200}
	for _, m := range []Model{potts, capel} {
		if err := m.Prepare(); err != nil {
			t.Fatal(err)
		}
	}
	want, _ := Enumerate(shape.Shape, beta, 0.7, 0)
	got, _ := SumStates(potts)
	got.LogZ -= beta * 0.7 * 24 // H is lower by J/2 for each bond
	got.Energy += 0.7 * 2
	got.Mag = 0 // colours have none
	if err := differ(got, want, 1e-12); err != nil || math.IsNaN(got.AbsMag) {
		t.Errorf("Potts: %v", err)
	}
	got, _ = SumStates(capel)
	got.LogZ -= beta * 200 * 12
	got.Energy += 200
	if err := differ(got, want, 1e-10); err != nil || math.IsNaN(got.Mag4) {
		t.Errorf("Blume-Capel: %v", err)
	}
}

// The work of a third of a second at most.
func BenchmarkEliminate(b *testing.B) {
	for _, shape := range [][]int{{8, 8}, {4, 100}, {5000}} {
		beta := 0.44
		m := &Ising{Periodic: Periodic{Shape: shape}, Thermal: Thermal{InverseT: &beta}, J: 1}
		if err := m.Prepare(); err != nil {
			b.Fatal(err)
		}
		b.Run(fmt.Sprint(shape), func(b *testing.B) {
			for b.Loop() {
				Eliminate(m)
			}
		})
	}
}

func BenchmarkSumStates(b *testing.B) {
	beta := 1.1
	m := &Potts{Periodic: Periodic{Shape: []int{3, 4}}, Thermal: Thermal{InverseT: &beta}, J: 1, Q: 4}
	if err := m.Prepare(); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		SumStates(m)
	}
}
