package flow

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"mcrun/models"
)

// TestSymmetries checks that the elements of a group are a group: the identity
// first, each once, closed, with the right inverses.
func TestSymmetries(t *testing.T) {
	for _, c := range []struct {
		name  string
		sides []int
		order int
	}{
		{"none", nil, 1},
		{"z2", nil, 2},
		{"translations", []int{4, 3}, 12},
		{"point", []int{4, 4}, 8},
		{"point", []int{4, 6}, 4},
		{"point", []int{3, 3, 3}, 48},
		{"point", []int{2, 4}, 2}, // reflecting a side of 2 does nothing
		{"z2+point+translations", []int{3, 2}, 24},
		{"translations+z2", []int{4}, 8},
	} {
		bound, err := order(c.name, c.sides)
		if err != nil {
			t.Fatal(err)
		}
		group := symmetries(c.name, c.sides)
		if len(group) != c.order || float64(len(group)) > bound {
			t.Errorf("%s of %d: %d elements, at most %v, want %d", c.name, c.sides, len(group), bound, c.order)
		}
		n := 3
		if c.sides != nil {
			n = product(c.sides)
		}
		act := func(e element, x []float64) []float64 {
			y := make([]float64, len(x))
			for i, v := range x {
				y[e.place(i)] = e.sign * v
			}
			return y
		}
		x := make([]float64, n)
		for i := range x {
			x[i] = float64(i + 1)
		}
		images := map[string]int{}
		for k, e := range group {
			images[fmt.Sprint(act(e, x))] = k
			if y := act(group[e.inverse], act(e, x)); !slices.Equal(y, x) {
				t.Errorf("%s of %d: element %d and its inverse map %v to %v", c.name, c.sides, k, x, y)
			}
		}
		if len(images) != len(group) || images[fmt.Sprint(x)] != 0 {
			t.Errorf("%s of %d: %d different elements of %d, the identity is number %d", c.name, c.sides, len(images), len(group), images[fmt.Sprint(x)])
		}
		for _, a := range group {
			for _, b := range group {
				if _, ok := images[fmt.Sprint(act(a, act(b, x)))]; !ok {
					t.Fatalf("%s of %d: not closed", c.name, c.sides)
				}
			}
		}
	}
}

// planeFlows returns flows of two coordinates.
func planeFlows(t *testing.T) []*Flow[float64] {
	mixture := &models.Mixture{Size: 2, Modes: []float64{-1, 0, 1, 1}, Weights: []float64{1, 2}, Sigma: 0.7}
	mass := &models.Gaussian{Mass2: 0.3}
	mass.Shape = []int{2}
	if err := mass.Prepare(); err != nil {
		t.Fatal(err)
	}
	var list []*Flow[float64]
	for _, c := range []struct {
		m    models.Model
		keys map[string]any
	}{
		{mixture, map[string]any{"architecture": "realnvp", "couplings": 4, "hidden": []int{4}}},
		{mixture, map[string]any{"architecture": "realnvp", "couplings": 4, "hidden": []int{4}, "symmetry": "z2", "prior": "single-site"}},
		{mass, map[string]any{"couplings": 2, "hidden": []int{3}, "symmetry": "z2", "whiten": "learned"}},
		{mass, map[string]any{"couplings": 2, "hidden": []int{3}, "symmetry": "translations", "whiten": "free", "prior": "scales"}},
	} {
		list = append(list, testFlow[float64](t, c.m, c.keys))
	}
	return list
}

// integrate returns the integral of exp(ln q) f over the plane, on a grid that is
// fine and wide enough for 1e-6.
func integrate(logQ func(x, logq []float64), f func(x, y float64) float64) float64 {
	const half, step = 10.0, 0.1
	var x []float64
	n := int(2*half/step) + 1
	for i := range n {
		for j := range n {
			x = append(x, -half+step*float64(i), -half+step*float64(j))
		}
	}
	logq := make([]float64, len(x)/2)
	logQ(x, logq)
	var sum float64
	for c, v := range logq {
		sum += math.Exp(v) * f(x[2*c], x[2*c+1])
	}
	return sum * step * step
}

// TestDensity checks by quadrature in the plane that q_G is a density, and that
// what is drawn has it. Flawed densities must not pass.
func TestDensity(t *testing.T) {
	if brief() {
		t.Skip("in a short run")
	}
	w := NewWorkers[float64](0)
	one := func(x, y float64) float64 { return 1 }
	for _, f := range planeFlows(t) {
		name := fmt.Sprintf("%s whiten %s prior %s", f.Spec.Symmetry, f.Spec.Whiten, f.Spec.Prior)
		logQ := func(x, logq []float64) { f.LogQ(w, x, logq) }
		if v := integrate(logQ, one); math.Abs(v-1) > 1e-6 {
			t.Errorf("%s: the integral of q is %v", name, v)
		}
		const draws = 20000
		x, logq := make([]float64, 2*draws), make([]float64, draws)
		f.Sample(w, stream("plane"), x, logq)
		for k, of := range []func(x, y float64) float64{
			func(x, y float64) float64 { return math.Exp(-(x-0.3)*(x-0.3) - y*y) },
			func(x, y float64) float64 { return math.Tanh(x - y/2) },
		} {
			var sum, square float64
			for c := range draws {
				v := of(x[2*c], x[2*c+1])
				sum += v
				square += v * v
			}
			mean := sum / draws
			sigma := math.Sqrt((square/draws - mean*mean) / draws)
			// One false alarm in 2e6 each.
			if want := integrate(logQ, of); math.Abs(mean-want) > 5*sigma {
				t.Errorf("%s: mean of function %d is %v +- %v in draws, %v by quadrature", name, k, mean, sigma, want)
			}
		}
	}

	// Without the logarithm of the whitening's determinant.
	f := planeFlows(t)[3]
	wh := f.sequence.layers[0].(*Whitening[float64])
	if v := integrate(func(x, logq []float64) {
		f.LogQ(w, x, logq)
		for c := range logq {
			logq[c] += wh.logDet(wh.fixed[:wh.classes])
		}
	}, one); math.Abs(v-1) < 0.01 {
		t.Errorf("a density without the whitening's determinant passes: its integral is %v", v)
	}
	// Draws of the symmetrised flow with the density of the plain one.
	f = planeFlows(t)[1]
	plain := *f
	plain.group = plain.group[:1]
	x, logq, logp := make([]float64, 2*1000), make([]float64, 1000), make([]float64, 1000)
	f.Sample(w, stream("plane"), x, logq)
	plain.LogQ(w, x, logp)
	var worst float64
	for c := range logq {
		worst = max(worst, math.Abs(logq[c]-logp[c]))
	}
	if worst < 0.1 {
		t.Errorf("the symmetrised density is that of the plain flow, within %v", worst)
	}
}

// TestInvariance checks that q_G is the same for all images of a configuration.
func TestInvariance(t *testing.T) {
	m := dual(t, 4, 4)
	f := testFlow[float64](t, m, map[string]any{"couplings": 2, "hidden": []int{3}, "symmetry": "z2+point"})
	w := NewWorkers[float64](0)
	x, logq := make([]float64, 16), make([]float64, 1)
	f.Sample(w, stream("invariance"), x, logq)
	y, logp := make([]float64, 16), make([]float64, 1)
	for k, e := range f.group {
		for i, v := range x {
			y[e.place(i)] = e.sign * v
		}
		f.LogQ(w, y, logp)
		if math.Abs(logp[0]-logq[0]) > 1e-11 {
			t.Errorf("ln q of the image under element %d is %v, that of x %v", k, logp[0], logq[0])
		}
	}
}

// TestCheck checks what is refused, and that the key to blame is named.
func TestCheck(t *testing.T) {
	lattice := func(sides ...int) models.Model {
		m := &models.Gaussian{Mass2: 1}
		m.Shape = sides
		return m
	}
	line := &models.Mixture{Size: 1, Modes: []float64{0}, Weights: []float64{1}, Sigma: 1}
	ring := &models.Ring{Radius: 2, Width: 0.2}
	xy := &models.NVector{N: 2, J: 1}
	xy.Shape = []int{4, 4}
	for _, c := range []struct {
		m    models.Model
		keys map[string]any
		want string
	}{
		{lattice(8, 8), map[string]any{}, ""},
		{lattice(6), map[string]any{}, ""},
		{lattice(4, 2, 6), map[string]any{}, ""},
		{ring, map[string]any{"architecture": "realnvp"}, ""},
		{lattice(5, 3), map[string]any{"architecture": "realnvp"}, ""},
		{lattice(4, 5), map[string]any{}, "architecture: neuralrg has blocks of 2x2 sites, which do not cover a lattice of 4x5; expected sides that are even, or realnvp"},
		{lattice(4, 6), map[string]any{"depth": 2}, "depth: is 2, but the sides of a lattice of 4x6 are not all divisible by 2^2; expected at most 1"},
		{ring, map[string]any{}, "architecture: neuralrg is for a periodic lattice with one number a site; expected realnvp"},
		{ring, map[string]any{"architecture": "realnvp", "whiten": "free"}, "whiten: free is for a periodic lattice with one number a site; expected whiten left out"},
		{ring, map[string]any{"architecture": "realnvp", "symmetry": "point"}, "symmetry: has point, which are of a periodic lattice with one number a site; expected none or z2"},
		{lattice(16, 16), map[string]any{"symmetry": "z2+translations"}, "symmetry: is a group of 512 elements, and a density takes as many passes; expected at most 64"},
		{lattice(4, 4), map[string]any{"symmetry": "z3"}, `symmetry: is "z3"; expected none, or z2, translations and point, joined by +`},
		{lattice(4, 4), map[string]any{"symmetry": "z2+z2"}, "symmetry: has z2 twice; expected each once"},
		{lattice(4, 4), map[string]any{"whiten": "free", "prior": "single-site"}, `prior: is single-site beside a whitening, whose latent variables are no single sites of the model; expected normal or scales, or whiten = "none"`},
		{lattice(4, 4), map[string]any{"architecture": "realnvp", "kernel": []int{3, 3}}, "kernel: has 2 numbers; expected one, or 4, one for each convolution"},
		{lattice(4, 4), map[string]any{"architecture": "realnvp", "kernel": []int{2}}, "kernel: has the even number 2; expected odd numbers, so that a window has a centre"},
		{lattice(4, 4), map[string]any{"architecture": "realnvp", "kernel": []int{5}}, "kernel: has the number 5, but a lattice of 4x4 has a shorter side; expected at most 4"},
		{lattice(4, 4), map[string]any{"architecture": "realnvp", "kernel": []int{1}}, "kernel: has windows of one site only, in which a site that changes sees nothing; expected a number of 3 or more"},
		{lattice(4, 4), map[string]any{"architecture": "realnvp", "depth": 2}, "depth: is 2, but realnvp has no scales; expected depth left out"},
		{lattice(4, 4), map[string]any{"architecture": "realnvp", "repeat": 2}, "repeat: is 2, but realnvp has no scales; expected 1, and more couplings"},
		{ring, map[string]any{"architecture": "realnvp", "kernel": []int{5}}, "kernel: is [5], but without a lattice there are no convolutions; expected kernel left out"},
		{lattice(4, 4), map[string]any{"kernel": []int{5}}, "kernel: is [5], but neuralrg has no convolutions; expected kernel left out"},
		{xy, map[string]any{}, "the model's sites hold unit vectors; a flow is of real numbers that range from minus to plus infinity"},
		{&models.Ising{Periodic: models.Periodic{Shape: []int{4, 4}}}, map[string]any{}, "a flow needs a density with a gradient (models.Differentiable)"},
		{line, map[string]any{"architecture": "realnvp"}, "the model has one coordinate; a coupling needs two"},
	} {
		s := spec(t, c.keys)
		got := ""
		if err := s.Check(c.m); err != nil {
			got = err.Error()
		}
		if got != c.want {
			t.Errorf("%v: %q\nwant %q", c.keys, got, c.want)
		}
	}
}
