package proposals

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/stat"

	"mcrun/mc"
)

// A mechanics is a motion with a place to start from.
type mechanics struct {
	*motion
	name  string
	draws func(x []float64, random *rand.Rand)
}

// allMechanics returns the motion of every kind of target, and one with a mass.
func allMechanics() (all []mechanics) {
	for _, m := range smooths() {
		random := mc.NewStream(mc.NewKey(11, "mechanics"))
		t := smoothOf(m)
		all = append(all, mechanics{newMotion(m, random), t.name, t.draw})
		if p, ok := m.(periodic); ok {
			d := newMotion(m, random)
			d.mass = newFourierNormal(p.sides)
			d.mass.set(func(khat float64) float64 { return 0.5 + khat })
			d.v = make([]float64, t.dim)
			all = append(all, mechanics{d, t.name + " with a mass", t.draw})
		}
	}
	return all
}

// begin draws a place and momenta.
func (m mechanics) begin() (q place, p []float64) {
	q, p = newPlace(m.model.Dim()), make([]float64, m.model.Dim())
	m.draws(q.x, rand.New(m.normal))
	m.look(q)
	m.motion.draw(q.x, p)
	return q, p
}

func eachIntegrator(t *testing.T, test func(t *testing.T, m mechanics, i Integrator)) {
	for _, m := range allMechanics() {
		for _, i := range []Integrator{Leapfrog, MinimumNorm} {
			t.Run(fmt.Sprintf("%s/%s", m.name, i), func(t *testing.T) { test(t, m, i) })
		}
	}
}

// With the momenta reversed, a trajectory leads back to where it began.
func TestIntegratorReversible(t *testing.T) {
	eachIntegrator(t, func(t *testing.T, m mechanics, i Integrator) {
		for range 20 {
			q, p := m.begin()
			x0, p0 := slices.Clone(q.x), slices.Clone(p)
			if !m.run(q, p, i, 20, 0.1) {
				t.Fatal("the action is not finite")
			}
			if floats.Distance(q.x, x0, math.Inf(1)) < 1e-3 {
				t.Fatal("nothing moved, which tests nothing")
			}
			floats.Scale(-1, p)
			m.run(q, p, i, 20, 0.1)
			floats.Scale(-1, p)
			if d := max(floats.Distance(q.x, x0, math.Inf(1)), floats.Distance(p, p0, math.Inf(1))); !(d < 1e-12) {
				t.Errorf("comes back %.1e from where it began", d)
			}
		}
	})
}

// Unit vectors stay so, and their momenta tangent.
func TestIntegratorOnSpheres(t *testing.T) {
	eachIntegrator(t, func(t *testing.T, m mechanics, i Integrator) {
		if m.sphere == 0 {
			t.Skip("no unit vectors")
		}
		q, p := m.begin()
		m.run(q, p, i, 10000, 1e-3)
		if norm, radial := floats.Norm(q.x, 2), floats.Dot(q.x, p); math.Abs(norm-1) > 5e-16 || math.Abs(radial) > 1e-14 {
			t.Errorf("|x| - 1 = %.1e, x p = %.1e", norm-1, radial)
		}
	})
}

// errorOrder returns the power of the step with which the error of the energy
// grows: the slope of the logarithm of its root mean square, over trajectories
// of time 1.
func errorOrder(m mechanics, run func(q place, p []float64, n int, step float64)) float64 {
	var x, y []float64
	for _, n := range []int{20, 40, 80, 160} {
		var square float64
		for range 200 {
			q, p := m.begin()
			before := q.s[0] + m.kinetic(p)
			run(q, p, n, 1/float64(n))
			dH := q.s[0] + m.kinetic(p) - before
			square += dH * dH
		}
		x, y = append(x, -math.Log(float64(n))), append(y, math.Log(square)/2)
	}
	_, slope := stat.LinearRegression(x, y, nil, false)
	return slope
}

// The error is of the second order. The starts differ from step to step, so
// that the slope has a statistical error of 0.05 or less, and a bound of 0.3 is
// six of these.
func TestIntegratorOrder(t *testing.T) {
	eachIntegrator(t, func(t *testing.T, m mechanics, i Integrator) {
		slope := errorOrder(m, func(q place, p []float64, n int, step float64) { m.run(q, p, i, n, step) })
		if math.Abs(slope-2) > 0.3 {
			t.Errorf("dH ~ step^%.2f", slope)
		}
	})
}

// MinimumNorm has the smaller error for as many gradients.
func TestMinimumNormIsBetter(t *testing.T) {
	for _, m := range allMechanics() {
		rms := func(i Integrator, n int) float64 {
			var square float64
			for range 1000 {
				q, p := m.begin()
				before := q.s[0] + m.kinetic(p)
				m.run(q, p, i, n, 1/float64(n))
				dH := q.s[0] + m.kinetic(p) - before
				square += dH * dH
			}
			return math.Sqrt(square / 1000)
		}
		if leap, omelyan := rms(Leapfrog, 20), rms(MinimumNorm, 10); !(omelyan < 0.8*leap) {
			t.Errorf("%s: dH is %.2e with minimum norm, %.2e with leapfrog", m.name, omelyan, leap)
		}
	}
}

// The checks above find an integrator with a mistake.
func TestBrokenIntegrator(t *testing.T) {
	m := allMechanics()[0]
	wrong := func(q place, p []float64, n int, step float64) {
		m.kick(q, p, step) // instead of half a step
		for i := range n {
			m.drift(q.x, p, step)
			m.look(q)
			if i == n-1 {
				step /= 2
			}
			m.kick(q, p, step)
		}
	}
	if slope := errorOrder(m, wrong); math.Abs(slope-2) < 0.5 {
		t.Errorf("with a whole first kick dH ~ step^%.2f", slope)
	}
	q, p := m.begin()
	x0 := slices.Clone(q.x)
	wrong(q, p, 20, 0.1)
	floats.Scale(-1, p)
	wrong(q, p, 20, 0.1)
	if d := floats.Distance(q.x, x0, math.Inf(1)); d < 1e-3 {
		t.Errorf("with a whole first kick a trajectory comes back to %.1e", d)
	}
}

// A trajectory stops where the action is not finite.
func TestIntegratorStops(t *testing.T) {
	looks := 0
	wall := doubleWell()
	action := wall.action
	wall.action = func(x, g []float64) float64 {
		looks++
		if x[0] > 1 {
			return math.Inf(1)
		}
		return action(x, g)
	}
	d := newMotion(wall, mc.NewStream(mc.NewKey(13)))
	q := newPlace(1)
	q.x[0] = 0.5
	d.look(q)
	if d.run(q, []float64{10}, Leapfrog, 100, 0.01) || looks > 8 {
		t.Errorf("%d gradients in a trajectory that leaves the domain after 5", looks)
	}
}

// The cosine and the sine of small and large angles.
func TestCosSinc(t *testing.T) {
	for a := 1e-9; a < 3; a += 1e-3 {
		cos, sinc := cosSinc(a * a)
		if math.Abs(cos-math.Cos(a)) > 5e-16 || math.Abs(sinc-math.Sin(a)/a) > 5e-16 {
			t.Errorf("cosSinc(%v^2) = %v, %v; want %v, %v", a, cos, sinc, math.Cos(a), math.Sin(a)/a)
		}
	}
	if cos, sinc := cosSinc(0); cos != 1 || sinc != 1 {
		t.Errorf("cosSinc(0) = %v, %v", cos, sinc)
	}
}
