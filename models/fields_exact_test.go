package models_test

import (
	"encoding/json"
	"errors"
	"math"
	"math/rand/v2"
	"os"
	"testing"

	"gonum.org/v1/gonum/mat"

	"mcrun/mc/param"
	"mcrun/models"
)

// fieldValues are those of testdata/exact.json that concern fields; the file
// names their sources.
type fieldValues struct {
	Dual []struct {
		L     int
		T     float64
		LnZ   float64 `json:"lnZ_ising"`
		LnZx  float64 `json:"lnZ_x"`
		Const float64
	}
	XYChain []struct {
		N    int
		T, E float64
	} `json:"xy_chain"`
	Phi4 []struct {
		Mass2, Lam, LnZ, Phi2, Phi4, M2, M4, S float64
	} `json:"phi4_2x2"`
	Free []struct {
		L        int
		M2, Phi2 float64
	} `json:"free_field"`
}

func readFieldValues(t *testing.T) fieldValues {
	t.Helper()
	data, err := os.ReadFile("testdata/exact.json")
	if err != nil {
		t.Fatal(err)
	}
	var v fieldValues
	if err := json.Unmarshal(data, &v); err != nil {
		t.Fatal(err)
	}
	if len(v.Dual) == 0 || len(v.XYChain) == 0 || len(v.Phi4) == 0 || len(v.Free) == 0 {
		t.Fatal("testdata/exact.json has no values of fields")
	}
	return v
}

// compare checks the exact values of a model against wanted ones, of which it
// must have all.
func compare(t *testing.T, m models.Model, want map[string]float64, tolerance float64) {
	t.Helper()
	got := m.(models.Exact).Exact()
	for name, w := range want {
		if v, ok := got[name]; !ok || !agree(v, w, tolerance) {
			t.Errorf("%+v: %s = %v (%v), want %v", m, name, v, ok, w)
		}
	}
}

// hessian returns the matrix D of a quadratic action S = x^T D x, off the
// gradients at unit vectors.
func hessian(m models.Differentiable) *mat.SymDense {
	n := m.Dim()
	d := mat.NewSymDense(n, nil)
	x, s, g := make([]float64, n), make([]float64, 1), make([]float64, n)
	for i := range n {
		clear(x)
		x[i] = 1
		m.Gradient(x, s, g)
		for j := i; j < n; j++ {
			d.SetSym(i, j, g[j]/2)
		}
	}
	return d
}

// The exact values of free fields follow from the inverse of the matrix of the
// action: <x x^T> = (2 D)^-1 and Z = pi^(N/2) det(D)^(-1/2).
func TestFreeFieldAgainstMatrix(t *testing.T) {
	for _, c := range []struct {
		name string
		keys map[string]any
	}{
		{"gaussian", map[string]any{"shape": []int{2}, "mass2": 0.3}},
		{"gaussian", map[string]any{"shape": []int{5}, "mass2": 2.0}},
		{"gaussian", map[string]any{"shape": []int{4, 4}, "mass2": 0.25}},
		{"gaussian", map[string]any{"shape": []int{3, 4}, "mass2": 0.1}},
		{"gaussian", map[string]any{"shape": []int{3, 3, 3}, "mass2": 1.0}},
		{"phi4", map[string]any{"shape": []int{4, 2}, "mass2": 0.5, "lambda": 0.0}},
		{"phi4", map[string]any{"shape": []int{4, 4}, "kappa": 0.2, "lambda": 0.0}},
		{"phi4", map[string]any{"shape": []int{3, 5}, "kappa": -0.2, "lambda": 0.0}},
	} {
		m := field(t, c.name, c.keys).(models.FieldCoupled)
		d, n := hessian(m), float64(m.Sites())
		var cholesky mat.Cholesky
		var covariance mat.SymDense
		if !cholesky.Factorize(d) || cholesky.InverseTo(&covariance) != nil {
			t.Fatal("no inverse")
		}
		covariance.ScaleSym(0.5, &covariance)
		var total, bond float64
		lattice := m.FieldCouplings().Lattice
		for i := range m.Sites() {
			for j := range m.Sites() {
				total += covariance.At(i, j)
			}
			for k, j := range lattice.Neighbours(i) {
				if k%2 == 0 {
					bond += covariance.At(i, int(j))
				}
			}
		}
		square := covariance.At(0, 0)
		chi := total / n
		want := map[string]float64{
			"action": 0.5, "phi2": square, "phi4": 3 * square * square,
			"phi_neighbour": bond / (n * float64(lattice.Dims())), "magnetization": 0,
			"abs_magnetization": math.Sqrt(2 * chi / (math.Pi * n)), "susceptibility": chi,
			"connected_susceptibility": chi - 2*chi/math.Pi, "binder": 0,
			"log_z": n/2*math.Log(math.Pi) - cholesky.LogDet()/2,
		}
		shape := lattice.Shape()
		cube := true
		for _, side := range shape {
			cube = cube && side == shape[0]
		}
		if side := shape[len(shape)-1]; cube { // from S(0) and S(k), k along the last axis
			k := 2 * math.Pi / float64(side)
			var mode float64
			for i := range m.Sites() {
				mode += covariance.At(0, i) * math.Cos(k*float64(i%side))
			}
			want["correlation_length"] = math.Sqrt(chi/mode-1) / (2 * math.Sin(k/2))
		}
		compare(t, m, want, 1e-12)
		if got := m.(models.Exact).Exact(); len(got) != len(want) {
			t.Errorf("%s %v: values %v, want those of %v", c.name, c.keys, got, want)
		}
	}
}

// PHYSICS' reference: the mean over momenta, of S = phi (khat^2 + M2) phi / 2,
// where phi^2 is twice as large.
func TestFreeFieldReference(t *testing.T) {
	for _, v := range readFieldValues(t).Free {
		m := field(t, "gaussian", map[string]any{"shape": []int{v.L, v.L}, "mass2": v.M2})
		compare(t, m, map[string]float64{"phi2": v.Phi2 / 2, "correlation_length": 1 / math.Sqrt(v.M2)}, 1e-13)
	}
}

// With an interaction nothing is known.
func TestInteractingFieldIsNotExact(t *testing.T) {
	m := field(t, "phi4", map[string]any{"shape": []int{4, 4}, "mass2": 1.0, "lambda": 0.1})
	if x := m.(models.Exact).Exact(); x != nil {
		t.Errorf("values %v", x)
	}
}

// The integrals of exp(-S) on the 2 x 2 lattice are those of the reference, in
// both forms of the action.
func TestPhi4ByQuadrature(t *testing.T) {
	for _, v := range readFieldValues(t).Phi4 {
		// kappa solves mass2 = (1 - 2 lambda kappa^2)/kappa - 2 d, for lambda of the first form.
		a := 2*2 + v.Mass2
		kappa := (math.Sqrt(a*a+8*v.Lam) - a) / (4 * v.Lam)
		forms := []struct {
			keys  map[string]any
			scale float64 // phi of the first form in units of this one's
		}{
			{map[string]any{"shape": []int{2, 2}, "mass2": v.Mass2, "lambda": v.Lam}, 1},
			{map[string]any{"shape": []int{2, 2}, "kappa": kappa, "lambda": v.Lam * kappa * kappa}, math.Sqrt(kappa)},
		}
		for _, f := range forms {
			m := field(t, "phi4", f.keys)
			const points = 36
			end := math.Sqrt(math.Sqrt(70 / v.Lam)) // exp(-lambda end^4) is 4e-31
			h := 2 * end / points / f.scale
			x, s := make([]float64, 4*points), make([]float64, points)
			var z, phi2, phi4, m2, m4, action float64
			for i := range points * points * points {
				for k := range points { // a batch along the last site
					for c, at := range []int{i / (points * points), i / points % points, i % points, k} {
						x[4*k+c] = h * (float64(at) - (points-1)/2.0)
					}
				}
				m.Action(x, s)
				for k, s := range s {
					w := math.Exp(-s)
					var mean float64
					for _, v := range x[4*k : 4*k+4] {
						mean += v / 4
						phi2 += w * v * v / 4
						phi4 += w * v * v * v * v / 4
					}
					z += w
					m2 += w * mean * mean
					m4 += w * mean * mean * mean * mean
					action += w * s
				}
			}
			u := f.scale * f.scale
			for _, c := range []struct {
				name      string
				got, want float64
			}{
				{"ln Z", math.Log(z) + 4*math.Log(h*f.scale), v.LnZ},
				{"phi2", u * phi2 / z, v.Phi2},
				{"phi4", u * u * phi4 / z, v.Phi4},
				{"m2", u * m2 / z, v.M2},
				{"m4", u * u * m4 / z, v.M4},
				{"S", action / z, v.S},
			} {
				if !agree(c.got, c.want, 1e-9) {
					t.Errorf("%v: %s = %.12g, want %.12g", f.keys, c.name, c.got, c.want)
				}
			}
		}
	}
}

// Rings of XY spins against the reference, and against a transfer matrix on
// 96 angles, which is as good as on all.
func TestRingOfXYSpins(t *testing.T) {
	for _, v := range readFieldValues(t).XYChain {
		m := field(t, "xy", map[string]any{"shape": []int{v.N}, "temperature": v.T})
		compare(t, m, map[string]float64{"energy": v.E}, 1e-12)
	}
	for _, c := range []struct {
		sites   int
		beta, j float64
	}{{2, 0.3, 1}, {3, 1.7, 1}, {5, 4, 0.5}, {4, 0.8, -1}, {6, 3, -0.7}} {
		const angles = 96
		k := c.beta * c.j
		moment := func(power int) *mat.Dense { // exp(K cos) times cos^power
			m := mat.NewDense(angles, angles, nil)
			for a := range angles {
				for b := range angles {
					cos := math.Cos(2 * math.Pi * float64(a-b) / angles)
					m.Set(a, b, math.Exp(k*cos)*math.Pow(cos, float64(power)))
				}
			}
			return m
		}
		cosines := mat.NewDense(angles, angles, nil)
		for a := range angles {
			for b := range angles {
				cosines.Set(a, b, math.Cos(2*math.Pi*float64(a-b)/angles))
			}
		}
		n := float64(c.sites)
		power := func(e int) *mat.Dense {
			var p mat.Dense
			p.Pow(moment(0), e)
			return &p
		}
		trace := func(factors ...mat.Matrix) float64 {
			p := factors[0]
			for _, f := range factors[1:] {
				var q mat.Dense
				q.Mul(p, f)
				p = &q
			}
			return mat.Trace(p)
		}
		z := trace(power(c.sites))
		first := trace(power(c.sites-1), moment(1)) / z // of the cosine of a bond
		second := trace(power(c.sites-1), moment(2)) / z
		for r := 1; r < c.sites; r++ { // bonds r apart
			second += trace(power(r-1), moment(1), power(c.sites-r-1), moment(1)) / z
		}
		chi := 1.0
		for r := 1; r < c.sites; r++ {
			var there mat.Dense
			there.MulElem(power(r), cosines)
			chi += trace(&there, power(c.sites-r)) / z
		}
		m := field(t, "xy", map[string]any{"shape": []int{c.sites}, "beta": c.beta, "J": c.j})
		compare(t, m, map[string]float64{
			"energy": -c.j * first, "specific_heat": k * k * (second - n*first*first), "susceptibility": c.beta * chi,
		}, 1e-11)
	}
}

// simpson integrates f from a to b.
func simpson(a, b float64, f func(x float64) float64) float64 {
	const steps = 20000
	h := (b - a) / steps
	sum := f(a) + f(b)
	for i := 1; i < steps; i++ {
		sum += float64(2+2*(i%2)) * f(a+float64(i)*h)
	}
	return sum * h / 3
}

// Two vectors of n components joined by two bonds, by an integral over the
// angle between them, of the density sin^(n-2).
func TestTwoVectors(t *testing.T) {
	for n := 2; n <= 6; n++ {
		for _, k := range []float64{0.01, 0.7, 3, 40, 100, -0.7, -3} {
			average := func(f func(cos float64) float64) float64 {
				return simpson(0, math.Pi, func(angle float64) float64 {
					cos := math.Cos(angle)
					return f(cos) * math.Pow(math.Sin(angle), float64(n-2)) * math.Exp(2*(k*cos-math.Abs(k)))
				})
			}
			z := average(func(float64) float64 { return 1 })
			first := average(func(c float64) float64 { return c }) / z
			variance := average(func(c float64) float64 { return (c - first) * (c - first) }) / z
			beta := 1.0
			m := &models.NVector{Periodic: models.Periodic{Shape: []int{2}}, Thermal: models.Thermal{InverseT: &beta}, N: n, J: k}
			if err := m.Prepare(); err != nil {
				t.Fatal(err)
			}
			compare(t, m, map[string]float64{
				"energy": -k * first, "specific_heat": 2 * k * k * variance, "susceptibility": 1 + first,
			}, 1e-9)
		}
	}
}

// Three Heisenberg spins by an integral over all angles but those that turn
// the whole.
func TestThreeHeisenbergSpins(t *testing.T) {
	const k, points = 1.3, 64
	var z, first, second float64
	for a := range points {
		for b := range points {
			for c := range points {
				// Midpoints in angles, of cos theta, cos theta' and phi.
				u, v := math.Pi*(float64(a)+0.5)/points, math.Pi*(float64(b)+0.5)/points
				phi := 2 * math.Pi * float64(c) / points
				sum := math.Cos(u) + math.Cos(v) + math.Cos(u)*math.Cos(v) + math.Sin(u)*math.Sin(v)*math.Cos(phi)
				w := weight(a, points) * weight(b, points) * math.Exp(k*sum)
				z += w
				first += w * sum
				second += w * sum * sum
			}
		}
	}
	first, second = first/z, second/z
	m := field(t, "heisenberg", map[string]any{"shape": []int{3}, "beta": k})
	compare(t, m, map[string]float64{
		"energy": -first / 3, "specific_heat": k * k * (second - first*first) / 3, "susceptibility": k * (1 + 2*first/3),
	}, 1e-10)
}

// weight is that of Fejer's first rule for the integral over a cosine, at the
// cosine of pi (i + 1/2)/n.
func weight(i, n int) float64 {
	sum := 1.0
	for k := 1; k <= n/2; k++ {
		sum -= 2 * math.Cos(2*float64(k)*math.Pi*(float64(i)+0.5)/float64(n)) / float64(4*k*k-1)
	}
	return 2 * sum / float64(n)
}

// What rings do not reach, and what is known without a coupling.
func TestLimitsOfRings(t *testing.T) {
	for _, keys := range []map[string]any{
		{"shape": []int{5}, "beta": 1.0, "J": -1.0},
		{"shape": []int{4, 4}, "beta": 1.0},
		{"shape": []int{4}, "beta": 1e11},
	} {
		if x := field(t, "xy", keys).(models.Exact).Exact(); x != nil {
			t.Errorf("%v: values %v", keys, x)
		}
	}
	m := field(t, "heisenberg", map[string]any{"shape": []int{4, 4}, "beta": 2.0, "J": 0.0})
	compare(t, m, map[string]float64{"energy": 0, "specific_heat": 0, "susceptibility": 2}, 0)
	// A long cold ring: equipartition, e = -J (1 - (n-1) T/(2 J)) to first order in T.
	m = field(t, "heisenberg", map[string]any{"shape": []int{1000}, "beta": 1e6})
	compare(t, m, map[string]float64{"energy": -1 + 0.999*1e-6}, 1e-11)
	if _, ok := m.(models.Exact).Exact()["specific_heat"]; ok {
		t.Error("a specific heat that rounding has spoiled")
	}
}

// The values of the mixture and the ring are integrals over the plane, and
// over the line.
func TestMixtureAndRingByQuadrature(t *testing.T) {
	plane := []struct {
		name string
		keys map[string]any
	}{
		{"mixture", map[string]any{"dim": 2, "modes": []float64{-2, -1, 2, 1.5, 0, 3}, "weights": []float64{1, 2, 0.5}, "sigma": 0.6}},
		{"ring", map[string]any{"radius": 2.0, "width": 0.3}},
		{"ring", map[string]any{"radius": 0.5, "width": 1.0}},
		{"ring", map[string]any{"radius": 0.0, "width": 0.7}},
	}
	for _, c := range plane {
		m := field(t, c.name, c.keys)
		const points, end = 1600, 8.0
		const h = 2 * end / points
		x, s := make([]float64, 2*points), make([]float64, points)
		var z, action, first, abs, second, fourth float64
		for i := range points {
			for k := range points {
				x[2*k], x[2*k+1] = h*(float64(i)+0.5)-end, h*(float64(k)+0.5)-end
			}
			m.Action(x, s)
			for k, s := range s {
				var size, signed float64
				switch m := m.(type) {
				case models.Magnetic:
					signed = m.Magnetization(models.Field(x[2*k : 2*k+2]))
					size = math.Abs(signed)
				case models.Ordered:
					size, _ = m.Order(models.Field(x[2*k : 2*k+2]))
				}
				w := math.Exp(-s)
				z += w
				action += w * s
				first += w * signed
				abs += w * size
				second += w * size * size
				fourth += w * size * size * size * size
			}
		}
		n := float64(m.Sites())
		second, abs = second/z, abs/z
		want := map[string]float64{
			"abs_magnetization": abs, "susceptibility": n * second,
			"connected_susceptibility": n * (second - abs*abs),
			"binder":                   1 - fourth/z/(3*second*second),
			"log_z":                    math.Log(z * h * h),
		}
		if c.name == "ring" {
			want["action"] = action / z
		} else {
			want["magnetization"] = first / z
		}
		compare(t, m, want, 2e-5) // |m| has a kink, and the ring a tip at its centre
		if got := m.(models.Exact).Exact(); len(got) != len(want) {
			t.Errorf("%s: values %v, want those of %v", c.name, got, want)
		}
	}
}

// What is refused says how many numbers there are.
func TestBadMixture(t *testing.T) {
	for _, c := range []struct {
		modes, weights []float64
		want           string
	}{
		{[]float64{1}, []float64{1}, "has 1 number"},
		{[]float64{1, 2, 3}, []float64{1}, "has 3 numbers"},
		{[]float64{1, 2, 3, 4}, []float64{1}, "has 1 number"},
	} {
		m := &models.Mixture{Size: 2, Modes: c.modes, Weights: c.weights, Sigma: 1}
		var err *param.Error
		if !errors.As(m.Validate(), &err) || err.Problem != c.want {
			t.Errorf("modes %v, weights %v: %v, want %q", c.modes, c.weights, err, c.want)
		}
	}
}

// Far from all modes the mixture's action is that of the nearest, and does not
// overflow.
func TestMixtureFarAway(t *testing.T) {
	m := field(t, "mixture", map[string]any{"dim": 1, "modes": []float64{-1, 1}, "weights": []float64{1, 3}, "sigma": 0.1})
	s, g := make([]float64, 1), make([]float64, 1)
	m.Gradient([]float64{101}, s, g)
	if want := 100*100/0.02 - math.Log(0.75) + math.Log(2*math.Pi*0.01)/2; !agree(s[0], want, 1e-14) || !agree(g[0], 1e4, 1e-14) {
		t.Errorf("S = %v and its gradient %v", s[0], g[0])
	}
	m.Gradient([]float64{-101}, s, g)
	if !agree(g[0], -1e4, 1e-14) {
		t.Errorf("gradient %v", g[0])
	}
}

// At the centre of the ring there is no direction.
func TestRingCentre(t *testing.T) {
	m := field(t, "ring", map[string]any{"radius": 1.0, "width": 0.5})
	s, g := make([]float64, 1), []float64{7, 7}
	m.Gradient(make([]float64, 2), s, g)
	if s[0] != 2 || g[0] != 0 || g[1] != 0 {
		t.Errorf("S = %v and its gradient %v", s[0], g)
	}
}

// The fields of several goroutines do not meet.
func TestFieldsAtOnce(t *testing.T) {
	random := rand.New(rand.NewPCG(8, 1))
	for _, keys := range []map[string]any{
		{"shape": []int{6, 8}, "beta": 0.4},
		{"couplings": graphFile("4\n0 1 1\n1 2 -0.5\n2 3 0.7\n"), "beta": 1.0},
	} {
		m := field(t, "dual-ising", keys)
		const chains = 4
		x, done := batch(m, chains, random), make(chan bool)
		n := m.Dim()
		want, got := make([]float64, chains), make([]float64, chains)
		m.Action(x, want)
		for c := range chains {
			go func() {
				g := make([]float64, n)
				for range 100 {
					m.Gradient(x[c*n:(c+1)*n], got[c:c+1], g)
				}
				done <- true
			}()
		}
		for range chains {
			<-done
		}
		for c := range chains {
			if !agree(got[c], want[c], 1e-13) {
				t.Errorf("S = %v beside others, %v alone", got[c], want[c])
			}
		}
	}
}
