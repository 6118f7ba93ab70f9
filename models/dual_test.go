package models_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"

	"mcrun/mc"
	"mcrun/mc/param"
	"mcrun/models"
)

// A bridge is a dual with the couplings that it is made of, as a matrix.
type bridge struct {
	*models.Dual
	name   string
	beta   float64
	k      *mat.SymDense // beta J_ij
	b      []float64     // beta h_i
	m      *mat.SymDense
	alpha  float64
	extra  float64 // of -beta H, beside 1/2 s^T K s + b^T s
	offset float64
}

// newBridge builds the dual of a model, and M by itself.
func newBridge(t *testing.T, name string, m models.PairCoupled, offset float64) bridge {
	t.Helper()
	if err := m.Prepare(); err != nil {
		t.Fatal(err)
	}
	n := m.Sites()
	c := m.Couplings()
	d, err := models.NewDual(c, n, m.Beta(), offset)
	if err != nil {
		t.Fatal(err)
	}
	b := bridge{Dual: d, name: name, beta: m.Beta(), k: mat.NewSymDense(n, nil), m: mat.NewSymDense(n, nil), offset: offset}
	eachBond(c, n, func(i, j int, coupling float64) {
		x := m.Beta() * coupling
		if c.Pair == models.Equal { // delta = (1 + s s')/2
			x /= 2
			b.extra += x
		}
		b.k.SetSym(i, j, b.k.At(i, j)+x)
	})
	for i := range n {
		b.b = append(b.b, m.Beta()*fieldOf(c, i))
	}
	var eigen mat.EigenSym
	eigen.Factorize(b.k, false)
	b.alpha = offset - eigen.Values(nil)[0]
	b.m.CopySym(b.k)
	for i := range n {
		b.m.SetSym(i, i, b.alpha)
	}
	return b
}

// logZs returns ln of the sum of exp(-beta H) over all states.
func (b bridge) logZs() float64 {
	n := b.Dim()
	var z float64
	for state := range 1 << n {
		s := mat.NewVecDense(n, nil)
		var field float64
		for i := range n {
			s.SetVec(i, float64(2*(state>>i&1)-1))
			field += b.b[i] * s.AtVec(i)
		}
		z += math.Exp(mat.Inner(s, b.k, s)/2 + field + b.extra)
	}
	return math.Log(z)
}

// integrate calls visit with a grid of configurations and the weight of each,
// in units of exp(-S): x = V z, with the eigenvectors and roots of eigenvalues
// of M in V, is far in its tails where |z| > 8 + |V^T s|.
func (b bridge) integrate(visit func(x []float64, s, weight float64)) {
	n := b.Dim()
	var eigen mat.EigenSym
	eigen.Factorize(b.m, true)
	var v mat.Dense
	eigen.VectorsTo(&v)
	values := eigen.Values(nil)
	const h = 0.7 // the error of the sum is exp(-2 pi^2/h^2)
	points := make([]int, n)
	cell, total := 1.0, 1
	for k, value := range values {
		reach := 8 + math.Sqrt(value*float64(n))
		points[k] = 1 + 2*int(reach/h)
		total *= points[k]
		cell *= h * math.Sqrt(value)
	}
	x, s := make([]float64, n), make([]float64, 1)
	for at := range total {
		clear(x)
		for k, value := range values {
			z := h * float64(at%points[k]-points[k]/2) * math.Sqrt(value)
			at /= points[k]
			for i := range x {
				x[i] += z * v.At(i, k)
			}
		}
		b.Action(x, s)
		visit(x, s[0], cell)
	}
}

// bridges returns duals of few spins: on lattices by Fourier transforms, on
// graphs by Cholesky's decomposition, with fields of both signs.
func bridges(t *testing.T) []bridge {
	ising := func(beta, j, h float64, shape ...int) models.PairCoupled {
		return &models.Ising{Periodic: models.Periodic{Shape: shape}, Thermal: models.Thermal{InverseT: &beta}, J: j, H: h}
	}
	graph := func(beta float64, text string) models.PairCoupled {
		file := graphFile(text)
		return &models.Ising{File: &file, Thermal: models.Thermal{InverseT: &beta}, J: 1}
	}
	beta := 0.9
	return []bridge{
		newBridge(t, "two spins", ising(0.4, 1, 0, 2), 0.1),
		newBridge(t, "two spins in a field", ising(0.4, 1, 0.7, 2), 0.3),
		newBridge(t, "antiferromagnetic triangle in a field", ising(0.6, -1, -0.2, 3), 0.1),
		newBridge(t, "2 x 2", ising(0.3, 1, 0.1, 2, 2), 0.2),
		newBridge(t, "ring of 4, no coupling", ising(1, 0, 0.5, 4), 0.5),
		newBridge(t, "path with fields", graph(0.8, "3\n0 1 1\n1 2 -0.5\n0 0.3\n2 -1.1\n"), 0.1),
		newBridge(t, "single spin", graph(1, "1\n0 0.4\n"), 0.1),
		newBridge(t, "glass", &models.SpinGlass{Periodic: models.Periodic{Shape: []int{2, 2}}, Thermal: models.Thermal{InverseT: &beta}, J: 0.5, H: 0.2}, 0.1),
		newBridge(t, "Potts of two colours", &models.Potts{Periodic: models.Periodic{Shape: []int{2, 2}}, Thermal: models.Thermal{InverseT: &beta}, Q: 2, J: 0.7}, 0.1),
	}
}

// Action and Gradient are the formulas, LogZ is the integral of exp(-S), and
// the integrals of two identities are as they must be:
//
//	E[x^T M^-1 x - sum_i x_i t_i] = N,   t_i = tanh(x_i + b_i),
//	<s_i s_j> = <t_i t_j>, i != j.
func TestDualByQuadrature(t *testing.T) {
	if testing.Short() {
		t.Skip("integrals in four dimensions")
	}
	random := rand.New(rand.NewPCG(11, 1))
	for _, b := range bridges(t) {
		t.Run(b.name, func(t *testing.T) {
			n := b.Dim()
			var inverse mat.SymDense
			var cholesky mat.Cholesky
			if !cholesky.Factorize(b.m) || cholesky.InverseTo(&inverse) != nil {
				t.Fatal("no inverse")
			}
			if got, want := b.LogDet(), cholesky.LogDet(); !agree(got, want, 1e-12) {
				t.Errorf("ln det M = %v, want %v", got, want)
			}
			direct := func(x []float64) (s, identity float64, g []float64) {
				v := mat.NewVecDense(n, x)
				quadratic := mat.Inner(v, &inverse, v)
				s, identity = quadratic/2, quadratic
				for i, v := range x {
					u := v + b.b[i]
					s -= math.Log(math.Cosh(u))
					identity -= v * math.Tanh(u)
					slope := -math.Tanh(u)
					for j, w := range x {
						slope += inverse.At(i, j) * w
					}
					g = append(g, slope)
				}
				return s, identity, g
			}
			x, s, g := make([]float64, n), make([]float64, 1), make([]float64, n)
			for range 10 {
				for i := range x {
					x[i] = 3 * random.NormFloat64()
				}
				b.Gradient(x, s, g)
				want, _, slope := direct(x)
				if !agree(s[0], want, 1e-12) {
					t.Errorf("S = %v, want %v", s[0], want)
				}
				for i := range g {
					if !agree(g[i], slope[i], 1e-12) {
						t.Errorf("dS/dx_%d = %v, want %v", i, g[i], slope[i])
					}
				}
			}

			var z, identity, product float64
			b.integrate(func(x []float64, s, weight float64) {
				w := weight * math.Exp(-s)
				z += w
				_, e, _ := direct(x)
				identity += w * e
				product += w * math.Tanh(x[0]+b.b[0]) * math.Tanh(x[n-1]+b.b[n-1])
			})
			if got, want := b.LogZ(b.logZs()), math.Log(z); !agree(got, want, 1e-11) {
				t.Errorf("ln Z_x = %.14g, by quadrature %.14g", got, want)
			}
			if got := identity / z; !agree(got, float64(n), 1e-10) {
				t.Errorf("E[x M^-1 x - x t] = %v, want %d", got, n)
			}
			if n == 1 {
				return
			}
			var norm, spins float64
			for state := range 1 << n {
				v := mat.NewVecDense(n, nil)
				var field float64
				for i := range n {
					v.SetVec(i, float64(2*(state>>i&1)-1))
					field += b.b[i] * v.AtVec(i)
				}
				w := math.Exp(mat.Inner(v, b.k, v)/2 + field)
				norm += w
				spins += w * v.AtVec(0) * v.AtVec(n-1)
			}
			if got, want := product/z, spins/norm; !agree(got, want, 1e-11) {
				t.Errorf("<t t> = %v, <s s> = %v", got, want)
			}
		})
	}
}

// The reference's values of the square lattice, with offset 0.1.
func TestDualReference(t *testing.T) {
	for _, v := range readFieldValues(t).Dual {
		l := models.NewLattice(v.L, v.L)
		d, err := models.NewDual(&models.Couplings{J: 1, Lattice: l}, l.Sites(), 1/v.T, 0.1)
		if err != nil {
			t.Fatal(err)
		}
		if got := d.LogZ(v.LnZ); !agree(got, v.LnZx, 1e-12) {
			t.Errorf("L = %d, T = %v: ln Z_x = %.15g, want %.15g", v.L, v.T, got, v.LnZx)
		}
		if got := d.LogZ(0); !agree(got, v.Const, 1e-12) {
			t.Errorf("L = %d, T = %v: ln Z_x - ln Z_s = %.15g, want %.15g", v.L, v.T, got, v.Const)
		}
		m := field(t, "dual-ising", map[string]any{"shape": []int{v.L, v.L}, "temperature": v.T})
		compare(t, m, map[string]float64{"log_z": v.LnZx}, 1e-12)
	}
}

// On lattices of one to four dimensions the Fourier transform and Cholesky's
// decomposition give the same, and what is drawn has the mean M s and the
// covariance M for both.
func TestFourierAgainstCholesky(t *testing.T) {
	random := rand.New(rand.NewPCG(12, 1))
	for n, shape := range [][]int{{2}, {3}, {8}, {2, 2}, {3, 5}, {6, 4}, {4, 3, 2}, {2, 3, 2, 3}} {
		beta, j, h := 0.4, 1.0, 0.3
		if n%2 != 0 {
			j = -1
		}
		lattice := models.NewLattice(shape...)
		uniform := &models.Couplings{J: j, H: h, Lattice: lattice}
		var bonds []models.Bond
		eachBond(uniform, lattice.Sites(), func(i, k int, coupling float64) {
			bonds = append(bonds, models.Bond{I: i, J: k, Coupling: coupling})
		})
		fields := make([]float64, lattice.Sites())
		for i := range fields {
			fields[i] = h
		}
		graph := &models.Couplings{Graph: models.NewGraph(lattice.Sites(), bonds, fields)}
		a, err := models.NewDual(uniform, lattice.Sites(), beta, 0.1)
		if err != nil {
			t.Fatal(err)
		}
		b, err := models.NewDual(graph, lattice.Sites(), beta, 0.1)
		if err != nil {
			t.Fatal(err)
		}
		const count = 2
		x := make([]float64, count*lattice.Sites())
		for i := range x {
			x[i] = 2 * random.NormFloat64()
		}
		sa, sb := make([]float64, count), make([]float64, count)
		ga, gb := make([]float64, len(x)), make([]float64, len(x))
		a.Gradient(x, sa, ga)
		b.Gradient(x, sb, gb)
		for i, v := range append(append(sa, a.LogZ(1)), ga...) {
			if w := append(append(sb, b.LogZ(1)), gb...)[i]; !agree(v, w, 1e-11) {
				t.Errorf("%v: number %d of S, ln Z and gradient is %v and %v", shape, i, v, w)
			}
		}
	}
}

// SampleX has the mean M s and the covariance M. Sums over 20000 draws: z is
// below 6 in 54 comparisons a dual, which chance exceeds once in 1e7 times.
func TestSampleX(t *testing.T) {
	random := mc.NewStream(mc.NewKey(13))
	const draws = 20000
	for _, b := range bridges(t) {
		n := b.Dim()
		s := make(models.Spins, n)
		spin := mat.NewVecDense(n, nil)
		for i := range s {
			s[i] = uint8(1 - i%3/2)
			spin.SetVec(i, 2*float64(s[i])-1)
		}
		var mean mat.VecDense
		mean.MulVec(b.m, spin)
		x := make(models.Field, n)
		first, second := make([]float64, n), mat.NewDense(n, n, nil)
		for range draws {
			b.SampleX(s, x, random)
			for i := range x {
				x[i] -= mean.AtVec(i)
				first[i] += x[i] / draws
				for j := range i + 1 {
					second.Set(i, j, second.At(i, j)+x[i]*x[j]/draws)
				}
			}
		}
		for i := range n {
			if z := first[i] / math.Sqrt(b.m.At(i, i)/draws); math.Abs(z) > 6 {
				t.Errorf("%s: the mean of x_%d is off by %v", b.name, i, first[i])
			}
			for j := range i + 1 {
				want := b.m.At(i, j)
				variance := b.m.At(i, i)*b.m.At(j, j) + want*want // of x_i x_j
				if z := (second.At(i, j) - want) / math.Sqrt(variance/draws); math.Abs(z) > 6 {
					t.Errorf("%s: cov(x_%d, x_%d) = %v, want %v", b.name, i, j, second.At(i, j), want)
				}
			}
		}
	}
}

// SampleSpins gives +1 with probability 1/(1 + exp(-2 (x + b))): z is below 6
// for 20000 draws, which chance exceeds once in 5e8 times.
func TestSampleSpins(t *testing.T) {
	random := mc.NewStream(mc.NewKey(14))
	const draws = 20000
	for _, b := range bridges(t) {
		x := make(models.Field, b.Dim())
		for i := range x {
			x[i] = 0.8 - 0.6*float64(i)
		}
		s, count := make(models.Spins, b.Dim()), make([]float64, b.Dim())
		for range draws {
			b.SampleSpins(x, s, random)
			for i, k := range s {
				count[i] += float64(k)
			}
		}
		for i := range x {
			p := 1 / (1 + math.Exp(-2*(x[i]+b.b[i])))
			if z := (count[i] - draws*p) / math.Sqrt(draws*p*(1-p)); math.Abs(z) > 6 {
				t.Errorf("%s: spin %d is up in %v of %v draws, want %v", b.name, i, count[i], draws, draws*p)
			}
		}
		for i := range x { // beyond what exp can hold
			x[i] = []float64{-1000, 1000}[i%2]
		}
		b.SampleSpins(x, s, random)
		for i, k := range s {
			if int(k) != i%2 {
				t.Errorf("%s: state %d at x = %v", b.name, k, x[i])
			}
		}
	}
}

// Drawing x from s and s from x in turn leaves the spins' distribution as it
// is: starting from it, 20000 states after one turn are distributed alike. The
// bound on chi^2 of 15 degrees of freedom is exceeded once in 1e7 times.
func TestDualLeavesSpinsInvariant(t *testing.T) {
	random := mc.NewStream(mc.NewKey(15))
	for _, b := range bridges(t) {
		n := b.Dim()
		if n != 4 {
			continue
		}
		weight := make([]float64, 1<<n)
		var z float64
		for state := range weight {
			v := mat.NewVecDense(n, nil)
			var field float64
			for i := range n {
				v.SetVec(i, float64(2*(state>>i&1)-1))
				field += b.b[i] * v.AtVec(i)
			}
			weight[state] = math.Exp(mat.Inner(v, b.k, v)/2 + field)
			z += weight[state]
		}
		const draws = 20000
		count := make([]float64, 1<<n)
		s, x := make(models.Spins, n), make(models.Field, n)
		for range draws {
			u, state := random.Float64()*z, 0
			for u > weight[state] && state < len(weight)-1 {
				u -= weight[state]
				state++
			}
			for i := range s {
				s[i] = uint8(state >> i & 1)
			}
			b.SampleX(s, x, random)
			b.SampleSpins(x, s, random)
			state = 0
			for i, k := range s {
				state |= int(k) << i
			}
			count[state]++
		}
		var chi float64
		for state, w := range weight {
			want := draws * w / z
			chi += (count[state] - want) * (count[state] - want) / want
		}
		if chi > 62 {
			t.Errorf("%s: chi^2 = %v", b.name, chi)
		}
	}
}

// ln cosh is exact for small arguments and finite for large ones. Without
// couplings S = sum x^2/(2 offset) - ln cosh x.
func TestLogCosh(t *testing.T) {
	const offset = 1e8 // so that x^2 does not hide ln cosh x
	l := models.NewLattice(2)
	d, err := models.NewDual(&models.Couplings{Lattice: l}, 2, 1, offset)
	if err != nil {
		t.Fatal(err)
	}
	s, g := make([]float64, 1), make([]float64, 2)
	for _, x := range []float64{0, 1e-3, -0.5, 2, -18, 300, -800, 1e5} {
		d.Gradient([]float64{x, 0}, s, g)
		want := math.Abs(x) - math.Ln2 // of large ones
		if math.Abs(x) < 20 {
			want = math.Log(math.Cosh(x))
		}
		if want = x*x/(2*offset) - want; !agree(s[0], want, 1e-15) {
			t.Errorf("S(%v) = %v, want %v", x, s[0], want)
		}
		if want := x/offset - math.Tanh(x); !agree(g[0], want, 4e-16) {
			t.Errorf("dS/dx(%v) = %v, want %v", x, g[0], want)
		}
	}
	// The product of more factors than a float64 holds.
	const sites = 4096
	l = models.NewLattice(sites)
	if d, err = models.NewDual(&models.Couplings{Lattice: l}, sites, 1, offset); err != nil {
		t.Fatal(err)
	}
	x := make([]float64, sites)
	for i := range x {
		x[i] = 0.1
	}
	d.Action(x, s)
	if want := sites * (0.01/(2*offset) - math.Log(math.Cosh(0.1))); !agree(s[0], want, 1e-11) { // 0.1 is added with the same error each time
		t.Errorf("S = %v, want %v", s[0], want)
	}
}

// The order parameter of dual-ising by quadrature, of spins on a ring and on a
// square, with a field.
func TestDualIsingExact(t *testing.T) {
	for _, keys := range []map[string]any{
		{"shape": []int{2}, "beta": 0.4, "h": 0.3},
		{"shape": []int{3}, "beta": 0.5, "J": -1.0, "h": -0.2},
		{"shape": []int{2, 2}, "beta": 0.3},
	} {
		m := field(t, "dual-ising", keys)
		spins := &models.Ising{Periodic: models.Periodic{Shape: keys["shape"].([]int)}, J: 1}
		beta := keys["beta"].(float64)
		spins.InverseT = &beta
		if j, ok := keys["J"]; ok {
			spins.J = j.(float64)
		}
		if h, ok := keys["h"]; ok {
			spins.H = h.(float64)
		}
		b := newBridge(t, fmt.Sprint(keys), spins, 0.1)
		var z, first, second, square float64
		b.integrate(func(x []float64, _, weight float64) {
			s := make([]float64, 1)
			m.Action(x, s)
			w, mean := weight*math.Exp(-s[0]), m.(models.Magnetic).Magnetization(models.Field(x))
			z += w
			first += w * mean
			second += w * mean * mean
			square += w * floats.Dot(x, x) / float64(len(x))
		})
		compare(t, m, map[string]float64{
			"log_z": math.Log(z), "magnetization": first / z, "susceptibility": float64(m.Sites()) * second / z,
			"phi2": square / z,
		}, 1e-10)
	}
	// Of a graph <x^2>, by quadrature, and ln Z and what is known of its spins, here
	// of a chain of three. Of a large glass nothing.
	m := field(t, "dual-ising", map[string]any{"couplings": graphFile("3\n0 1 1\n1 2 1\n"), "beta": 1.0})
	tanh := math.Tanh(1)
	compare(t, m, map[string]float64{"improved_energy": -2 * tanh / 3, "improved_susceptibility": (3 + 4*tanh + 2*tanh*tanh) / 3}, 1e-12)
	if got := m.(models.Exact).Exact(); len(got) != 4 || got["log_z"] == 0 {
		t.Errorf("values %v of a graph, want log_z and phi2 beside those of the spins", got)
	}
	file, beta := graphFile("3\n0 1 1\n1 2 -0.5\n0 0.3\n2 -1.1\n"), 0.8
	m = field(t, "dual-ising", map[string]any{"couplings": file, "beta": beta, "h": 0.1})
	var z, square float64
	newBridge(t, "path", &models.Ising{File: &file, Thermal: models.Thermal{InverseT: &beta}, J: 1, H: 0.1}, 0.1).integrate(func(x []float64, s, weight float64) {
		w := weight * math.Exp(-s)
		z += w
		square += w * floats.Dot(x, x) / 3
	})
	compare(t, m, map[string]float64{"phi2": square / z}, 1e-10)
	m = field(t, "dual-ising", map[string]any{"shape": []int{16, 16, 16}, "beta": 0.1, "h": 0.1})
	if got := m.(models.Exact).Exact(); len(got) != 0 {
		t.Errorf("values %v where none are known", got)
	}
}

// Starts are drawn given the spins with which the Ising model starts: the mean
// of a cold one is M_0 times theirs, here 1. Its variance is M_0/N; z is below
// 6, which chance exceeds once in 5e8 times.
func TestDualIsingStarts(t *testing.T) {
	m := field(t, "dual-ising", map[string]any{"shape": []int{32, 32}, "beta": 0.2})
	const zero = 4*0.2 + 4*0.2 + 0.1 // M_0: K_0 - min K + offset
	x := m.NewState(models.Cold, mc.NewStream(mc.NewKey(16)))
	mean := m.(models.Magnetic).Magnetization(x)
	if z := (mean - zero) / math.Sqrt(zero/1024); math.Abs(z) > 6 {
		t.Errorf("the mean of a cold start is %v, want %v", mean, zero)
	}
}

// Couplings that have no dual are refused.
func TestNoDual(t *testing.T) {
	l := models.NewLattice(4, 4)
	large := models.NewGraph(2049, []models.Bond{{I: 0, J: 1, Coupling: 1}}, nil)
	for _, c := range []struct {
		couplings *models.Couplings
		sites     int
		offset    float64
	}{
		{&models.Couplings{J: 1, Lattice: l, Self: []float64{1, 0, 1}}, 16, 0.1},
		{&models.Couplings{J: 1, Lattice: l}, 16, 0},
		{&models.Couplings{J: 1, Lattice: l}, 16, math.NaN()},
		{&models.Couplings{J: 1, Lattice: l}, 16, math.Inf(1)},
		{&models.Couplings{J: 1, Lattice: l}, 16, 1e-12},
		{&models.Couplings{Graph: models.NewGraph(2, []models.Bond{{I: 0, J: 1, Coupling: 1}}, nil)}, 2, 1e-12},
		{&models.Couplings{Graph: large}, 2049, 0.1},
	} {
		if d, err := models.NewDual(c.couplings, c.sites, 1, c.offset); err == nil || d != nil {
			t.Errorf("a dual of %+v with the offset %v", c.couplings, c.offset)
		}
	}
}

func ExampleDual() {
	// One spin configuration, and a sweep of its dual's blocked Gibbs sampler.
	beta := 0.3
	m := &models.Ising{Periodic: models.Periodic{Shape: []int{4, 4}}, Thermal: models.Thermal{InverseT: &beta}, J: 1}
	if err := m.Prepare(); err != nil {
		fmt.Println(err)
		return
	}
	dual, err := models.NewDual(m.Couplings(), m.Sites(), m.Beta(), 0.1)
	if err != nil {
		fmt.Println(err)
		return
	}
	random := mc.NewStream(mc.NewKey(1))
	s := m.NewState(models.Hot, random).(models.Spins)
	x := make(models.Field, dual.Dim())
	dual.SampleX(s, x, random)
	dual.SampleSpins(x, s, random)

	exact := models.Kaufman(4, 4, beta, 1)
	fmt.Printf("ln Z of the spins %.6f, of the dual %.6f\n", exact.LogZ, dual.LogZ(exact.LogZ))
	// Output:
	// ln Z of the spins 12.785523, of the dual 27.462488
}

// A model is refused before it is prepared where its dual would be refused then.
func TestDualOfColdSpins(t *testing.T) {
	file := func(J float64) *param.File {
		return &param.File{Path: "bonds.txt", Data: []byte(fmt.Sprintf("sites 3\n0 1 %g\n1 2 1\n", J))}
	}
	for _, c := range []struct {
		temperature float64
		model       func(t models.Thermal) models.Spec
	}{
		{7.9e-8, func(t models.Thermal) models.Spec {
			return &models.Ising{Periodic: models.Periodic{Shape: []int{4, 4}}, Thermal: t, J: 1}
		}},
		{3.9e-8, func(t models.Thermal) models.Spec {
			return &models.Potts{Periodic: models.Periodic{Shape: []int{4, 4}}, Thermal: t, J: -1, Q: 2}
		}},
		{1.9e-8, func(t models.Thermal) models.Spec { return &models.Ising{File: file(0.01), Thermal: t, J: 1} }},
		{7.9e-8, func(t models.Thermal) models.Spec {
			return &models.SpinGlass{Periodic: models.Periodic{Shape: []int{4, 4}}, Thermal: t, J: 1}
		}},
	} {
		for _, warmer := range []float64{1, 100} {
			T := c.temperature * warmer
			m := c.model(models.Thermal{Temperature: &T})
			if v, ok := m.(interface{ Validate() error }); ok {
				if err := v.Validate(); err != nil {
					t.Fatal(err)
				}
			}
			d, ok := models.NewDualOf(m)
			if !ok {
				t.Fatalf("%T has no dual", m)
			}
			limit := d.Limit()
			if cold := warmer == 1; cold != (limit != nil) {
				t.Errorf("%T, T = %g: Limit returns %v", m, T, limit)
			}
			if err := m.Prepare(); err != nil {
				t.Fatal(err)
			}
			if err := d.Prepare(); err != nil && limit == nil {
				t.Errorf("%T, T = %g: %v", m, T, err)
			}
		}
	}
}
