package flow

import (
	"math"
	"testing"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/stat"

	"mcrun/mc"
	"mcrun/models"
	"mcrun/proposals"
	"mcrun/proposals/flow/kern"
)

// latentMotion returns the mechanics of the latent variables of a flow with large
// random weights.
func latentMotion[T kern.Float](t *testing.T, f *Flow[T], m models.Differentiable) (*latentHMC[T], proposals.Hamiltonian) {
	random := stream("latent")
	c := proposals.Chain{State: m.NewState(models.Hot, random), Random: random, Tally: new(mc.Tally)}
	l := newLatentHMC(&LatentHMC{Integrator: proposals.Leapfrog}, f, m, []proposals.Chain{c}, random)
	l.arrive(l.every)
	return l, l.hmc.(proposals.Hamiltonian)
}

// The gradient is that of U. Trajectories are reversible, in float64 to rounding of
// that and in float32 to what is said of it, and the error of H falls as the square
// of the step.
func TestLatentMechanics(t *testing.T) {
	m := dual(t, 4, 4)
	f := testFlow[float64](t, m, map[string]any{"couplings": 3, "hidden": []int{6}, "symmetry": "z2"})
	l, h := latentMotion(t, f, m)
	z, u, g := append([]float64(nil), l.z...), make([]float64, 1), make([]float64, 16)
	l.Gradient(z, u, g)
	x, q, p := make([]float64, 16), make([]float64, 1), make([]float64, 1)
	energy := func() float64 {
		f.Generate(l.workers, z, l.h, x, q)
		f.LogPrior(z, p, nil)
		s := make([]float64, 1)
		m.Action(x, s)
		return s[0] + q[0] - p[0]
	}
	if d := math.Abs(energy() - u[0]); d > 1e-10 {
		t.Errorf("U differs by %.1e", d)
	}
	for i, want := range g {
		const step = 1e-5
		v := z[i]
		z[i] = v + step
		up := energy()
		z[i] = v - step
		down := energy()
		z[i] = v
		if d := (up - down) / (2 * step); math.Abs(d-want) > 1e-6*(1+math.Abs(d)) {
			t.Errorf("dU/dz_%d = %v, by differences %v", i, want, d)
		}
	}
	if d := returns(h, z); !(d < 1e-12) {
		t.Errorf("in float64 a trajectory and back miss by %.1e", d)
	}
	var errors [2]float64
	for k, steps := range []int{10, 20} {
		for range 5 {
			y, p := append([]float64(nil), z...), make([]float64, 16)
			h.Momenta(y, p)
			errors[k] += math.Abs(h.Trajectory(y, p, steps, 0.3/float64(steps)))
		}
	}
	if order := math.Log2(errors[0] / errors[1]); math.Abs(order-2) > 0.5 {
		t.Errorf("dH ~ step^%.2f", order)
	}

	_, single := latentMotion(t, Convert[float32](f), m)
	if d := returns(single, z); !(d < 1e-3) {
		t.Errorf("in float32 a trajectory and back miss by %.1e", d)
	}
}

// returns runs trajectories from z and back, and returns by how much they miss.
func returns(h proposals.Hamiltonian, z []float64) (most float64) {
	for range 4 {
		y, p := append([]float64(nil), z...), make([]float64, len(z))
		h.Momenta(y, p)
		h.Trajectory(y, p, 10, 0.05)
		floats.Scale(-1, p)
		h.Trajectory(y, p, 10, 0.05)
		most = max(most, floats.Distance(y, z, math.Inf(1)))
	}
	return most
}

// A trajectory that leaves all bounds is a divergence of its chain alone.
func TestLatentDivergence(t *testing.T) {
	m := dual(t, 4, 4)
	f := testFlow[float32](t, m, map[string]any{"couplings": 2, "hidden": []int{4}})
	step := 100.0
	random, tally := stream("divergence"), new(mc.Tally)
	x := m.NewState(models.Hot, random).(models.Field)
	was := append(models.Field(nil), x...)
	k := newLatentHMC(&LatentHMC{Step: &step, Length: &step}, f, m, []proposals.Chain{{State: x, Random: random, Tally: tally}}, random)
	for range 5 {
		k.Step()
	}
	if tally.Diverged != 5 || tally.Trajectories != 5 || tally.Accepted != 0 || !floats.Equal(x, was) {
		t.Errorf("%+v, and x changed by %g", *tally, floats.Distance(x, was, 2))
	}
}

// Chains go from one mode to another that no trajectory reaches, by images under a
// group that is no symmetry of the target, as often as the weights of the modes
// say. The bound is passed by chance once in 10^5.
func TestLatentImages(t *testing.T) {
	if testing.Short() {
		t.Skip("statistics")
	}
	m := &models.Mixture{Size: 2, Modes: []float64{-2, 0, 2, 0}, Weights: []float64{1, 3}, Sigma: 0.4}
	f := testFlow[float32](t, m, map[string]any{"architecture": "realnvp", "couplings": 4, "symmetry": "z2"})
	step, length := 0.7, 1.4
	random, tally := stream("images"), new(mc.Tally)
	x := models.Field{2, 0}
	k := newLatentHMC(&LatentHMC{Step: &step, Length: &length}, f, m, []proposals.Chain{{State: x, Random: random, Tally: tally}}, random)
	const blocks, size = 40, 500
	var share []float64 // of the right mode
	for range blocks {
		right := 0.0
		for range size {
			k.Step()
			if x[0] > 0 {
				right += 1.0 / size
			}
		}
		share = append(share, right)
	}
	mean, sigma := stat.MeanStdDev(share, nil)
	sigma /= math.Sqrt(blocks)
	if math.Abs(mean-0.75) > 4.6*sigma || sigma > 0.02 {
		t.Errorf("the right mode has %.4f +- %.4f", mean, sigma)
	}
}

// A kernel goes as one that knows nothing of before each step: where h has changed
// and z has not, the target of z is another. In float64 the two differ by rounding
// alone.
func TestLatentForgets(t *testing.T) {
	m := &models.Mixture{Size: 2, Modes: []float64{-0.5, 0, 0.5, 0}, Weights: []float64{1, 9}, Sigma: 0.4}
	f := testFlow[float64](t, m, map[string]any{"architecture": "realnvp", "couplings": 2, "symmetry": "z2"})
	step, length := 1.3, 2.6
	spec := &LatentHMC{Step: &step, Length: &length}
	start := func() (models.Field, proposals.Chain) {
		x := models.Field{0.4, 0.1}
		return x, proposals.Chain{State: x, Random: stream("forgets"), Tally: new(mc.Tally)}
	}
	x, c := start()
	y, d := start()
	k := newLatentHMC(spec, f, m, []proposals.Chain{c}, c.Random)
	for n := range 3000 {
		k.Step()
		newLatentHMC(spec, f, m, []proposals.Chain{d}, d.Random).Step()
		if distance := floats.Distance(x, y, math.Inf(1)); distance > 1e-9 {
			t.Fatalf("step %d: %v and %v", n, x, y)
		}
		copy(y, x) // that rounding does not grow
	}
	if a := c.Tally.Accepted; a == 0 || a == c.Tally.Proposed || *c.Tally != *d.Tally {
		t.Errorf("%+v and %+v", *c.Tally, *d.Tally)
	}
}
