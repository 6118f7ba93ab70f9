package observables_test

import (
	"math"
	"testing"

	"mcrun/mc"
	"mcrun/models"
	"mcrun/observables"
)

// gaussian returns a free field.
func gaussian(t *testing.T, mass2 float64, shape ...int) *models.Gaussian {
	t.Helper()
	m := &models.Gaussian{Mass2: mass2}
	m.Shape = shape
	if err := m.Prepare(); err != nil {
		t.Fatal(err)
	}
	return m
}

// The correlator is that of its definition, by sums over all pairs of sites.
func TestCorrelator(t *testing.T) {
	random := mc.NewStream(mc.NewKey(5, "correlator"))
	for _, shape := range [][]int{{2}, {7}, {3, 4}, {4, 4}, {2, 3, 5}} {
		for _, m := range []interface {
			models.SpinField
			models.Regular
		}{gaussian(t, 0.3, shape...), clockOn(t, 5, 0.7, 1, shape...), clockOn(t, 2, 0.7, 1, shape...)} {
			s := m.NewState(models.Hot, random)
			n, width := m.Sites(), 0
			for _, side := range shape {
				width += side/2 + 1
			}
			got := readColumn(t, m, "correlator", width, s)
			sigma := make([]float64, n)
			want := make([]float64, 0, width)
			for mu, side := range shape {
				stride := 1
				for _, side := range shape[mu+1:] {
					stride *= side
				}
				c := make([]float64, side)
				for component := range m.Components() {
					m.Component(s, component, sigma)
					for i, a := range sigma {
						for j, b := range sigma {
							c[(j/stride%side-i/stride%side+side)%side] += a * b / float64(n)
						}
					}
				}
				want = append(want, c[:side/2+1]...)
			}
			for i := range got {
				if !(math.Abs(got[i]-want[i]) < 1e-12*(1+math.Abs(want[i]))) {
					t.Errorf("%T %v: C[%d] = %v, want %v", m, shape, i, got[i], want[i])
				}
			}
		}
	}
}

// estimate returns the values of an observable at given means of the numbers in
// its columns, and compares gradients with differences.
func estimate(t *testing.T, m models.Model, name string, mean []float64) (values []float64, undefined []string) {
	t.Helper()
	o := find(t, name)[0]
	for _, e := range o.Estimators(m) {
		record := make([]float64, len(e.Inputs))
		for i, at := range e.Inputs {
			record[i] = mean[at]
		}
		if e.Function == nil {
			values = append(values, record[0])
			continue
		}
		terms, gradient := make([]float64, e.Function.Terms), make([]float64, e.Function.Terms)
		e.Function.Term(record, terms)
		value := e.Function.Value(terms)
		values = append(values, value)
		undefined = append(undefined, e.Undefined)
		if math.IsNaN(value) {
			continue
		}
		e.Function.Gradient(terms, gradient)
		for k, x := range terms {
			const h = 1e-6
			terms[k] = x + h
			up := e.Function.Value(terms)
			terms[k] = x - h
			down := e.Function.Value(terms)
			terms[k] = x
			if d := (up - down) / (2 * h); math.Abs(d-gradient[k]) > 1e-5*(1+math.Abs(d)) {
				t.Errorf("%s: the gradient by term %d is %v, by differences %v", name, k, gradient[k], d)
			}
		}
	}
	if points := o.Points(m); len(points) != len(values) {
		t.Errorf("%s: %d points and %d estimators", name, len(points), len(values))
	}
	return values, undefined
}

// Of a free field, S(k) = 1/(2 (khat^2 + mass2)), so that C(t) is a cosh whose mass is
// 4 sinh^2(m/2) = mass2, and m_eff is m at all t, on unequal sides too. With <m> not 0
// that is so of the connected functions.
func TestEffectiveMassOfFreeField(t *testing.T) {
	const mass2, mean = 0.37, 1.3
	mass := 2 * math.Asinh(math.Sqrt(mass2)/2)
	for _, shape := range [][]int{{2}, {3}, {8, 8}, {7, 7, 7}, {4, 6, 5}} {
		m := gaussian(t, mass2, shape...)
		var c, disconnected []float64
		for _, side := range shape {
			l := float64(side)
			for x := range side/2 + 1 {
				v := math.Cosh(mass*(l/2-float64(x))) / (4 * math.Sinh(mass) * math.Sinh(mass*l/2))
				c = append(c, v)
				disconnected = append(disconnected, v+mean*mean*float64(m.Sites())/l)
			}
		}
		disconnected = append(disconnected, mean)
		plain, _ := estimate(t, m, "effective_mass", c)
		connected, _ := estimate(t, m, "connected_effective_mass", disconnected)
		for i := range plain {
			if math.Abs(plain[i]-mass) > 1e-8 || math.Abs(connected[i]-mass) > 1e-8 {
				t.Errorf("%v: m_eff[%d] = %v, connected %v, want %v", shape, i, plain[i], connected[i], mass)
			}
		}
		want, _ := estimate(t, m, "correlator", c)
		got, _ := estimate(t, m, "connected_correlator", disconnected)
		for i := range got {
			if math.Abs(got[i]-want[i]) > 1e-12*(1+mean*mean*float64(m.Sites())) {
				t.Errorf("%v: connected C[%d] = %v, want %v", shape, i, got[i], want[i])
			}
		}
	}
	// Where it is not convex there is none.
	m := gaussian(t, mass2, 6)
	values, why := estimate(t, m, "effective_mass", []float64{1, 0.9, 0.5, 0.4})
	if !math.IsNaN(values[0]) || math.IsNaN(values[2]) || why[0] == "" {
		t.Errorf("m_eff of 1, 0.9, 0.5, 0.4 is %v; why: %q", values, why)
	}
}

// The transfer matrix of strips and rings: m_eff of Enumerate's exact correlator is
// what the eigenvalues say. On a ring of the Ising model cosh m follows from
// C(t) = (u^t + u^(L-t))/(1 + u^L), u = tanh K.
func TestEffectiveMassOfRing(t *testing.T) {
	const k, side = 0.6, 10
	m := clockOn(t, 2, k, 1, side)
	values, ok := observables.Enumerate(m, find(t, "correlator", "effective_mass"))
	if !ok {
		t.Fatal("not listed")
	}
	u := math.Tanh(k)
	for r, got := range values["correlator"] {
		want := (math.Pow(u, float64(r)) + math.Pow(u, float64(side-r))) / (1 + math.Pow(u, side))
		if math.Abs(got-want) > 1e-12 {
			t.Errorf("C(%d) = %v, want %v", r, got, want)
		}
	}
	if len(values["effective_mass"]) != side/2 {
		t.Fatal("no effective mass")
	}
	for i, got := range values["effective_mass"] {
		if want := -math.Log(u); math.Abs(got-want) > 1e-8 {
			t.Errorf("m_eff(%d) = %v, want %v", i+1, got, want)
		}
	}
}
