package flow

import (
	"math"
	"slices"
	"testing"

	"mcrun/models"
	"mcrun/proposals/flow/kern"
)

// batchFlow is a flow with everything that a batch can meet.
func batchFlow[T kern.Float](t testing.TB) (*models.DualIsing, *Flow[T]) {
	m := dual(t, 4, 2)
	return m, testFlow[T](t, m, map[string]any{"couplings": 2, "hidden": []int{3}, "symmetry": "z2+translations", "prior": "scales", "whiten": "learned"})
}

// TestWorkers checks that results do not depend on the number of workers, and the
// first of a batch not on its size.
func TestWorkers(t *testing.T) {
	m, f := batchFlow[float32](t)
	const batch = 150
	sample := func(workers, batch int) (x, logq []float64, grad []float32) {
		x, logq, grad = make([]float64, batch*8), make([]float64, batch), make([]float32, len(f.Theta))
		w := NewWorkers[float32](workers)
		f.Sample(w, stream("batch"), x, logq)
		f.SampleGradient(w, stream("batch"), batch, func(_ int, x, logq, gx, l []float64) {
			m.Gradient(x, make([]float64, len(logq)), gx)
			for c := range l {
				l[c] = 1
			}
		}, false, grad)
		f.LogQGradient(w, x, make([]float64, batch), func(_ int, _, l []float64) {
			for c := range l {
				l[c] = -1
			}
		}, grad, nil)
		return x, logq, grad
	}
	x, logq, grad := sample(1, batch)
	for _, workers := range []int{2, 3, 5} {
		y, logp, other := sample(workers, batch)
		if !slices.Equal(x, y) || !slices.Equal(logq, logp) || !slices.Equal(grad, other) {
			t.Errorf("%d workers give other numbers", workers)
		}
	}
	y, logp, _ := sample(2, 17)
	if !slices.Equal(x[:17*8], y) || !slices.Equal(logq[:17], logp) {
		t.Error("the first of a batch depend on its size")
	}
	// Latent variables drawn alone are those of Sample.
	z, h := make([]float64, batch*8), make([]int, batch)
	f.Draw(stream("batch"), z, h)
	y, logp = make([]float64, batch*8), make([]float64, batch)
	f.Generate(NewWorkers[float32](2), z, h, y, logp)
	if !slices.Equal(x, y) || !slices.Equal(logq, logp) {
		t.Error("Draw and Generate are not Sample")
	}
}

// TestLatent checks that latent variables lead back to where they came from, and
// that elements of the group come as often as they should.
func TestLatent(t *testing.T) {
	if brief() {
		t.Skip("in a short run")
	}
	_, f := batchFlow[float64](t)
	w := NewWorkers[float64](2)
	const batch = 70
	x, logq := make([]float64, batch*8), make([]float64, batch)
	f.Sample(w, stream("batch"), x, logq)
	u, z, h, logp := make([]float64, batch), make([]float64, batch*8), make([]int, batch), make([]float64, batch)
	random := stream("uniform")
	for c := range u {
		u[c] = random.Float64()
	}
	f.Latent(w, x, u, z, h, logp)
	y, logr := make([]float64, batch*8), make([]float64, batch)
	f.Generate(w, z, h, y, logr)
	for i := range x {
		if math.Abs(x[i]-y[i]) > 1e-9 {
			t.Fatalf("coordinate %d is %v, was %v", i, y[i], x[i])
		}
	}
	for c := range logq {
		if math.Abs(logp[c]-logq[c]) > 1e-9 || math.Abs(logr[c]-logq[c]) > 1e-9 {
			t.Fatalf("ln q of %d: %v, %v and %v", c, logq[c], logp[c], logr[c])
		}
	}
	// The responsibility of h is what u falls on: the edges lie where sums of
	// q(h^-1 x) say. The latent variables of each h give q(h^-1 x).
	one := x[:8]
	share := make([]float64, len(f.group))
	const steps = 1000
	u, z, h, logp = make([]float64, steps), make([]float64, steps*8), make([]int, steps), make([]float64, steps)
	for c := range u {
		u[c] = (float64(c) + 0.5) / steps
	}
	f.Latent(w, slices.Repeat(one, steps), u, z, h, logp)
	plain := *f
	plain.group = f.group[:1]
	back, alone := make([]float64, 8), make([]float64, 1)
	for _, k := range h {
		share[k] += 1.0 / steps
	}
	for k, e := range f.group {
		for i := range back {
			back[i] = e.sign * one[e.place(i)]
		}
		plain.LogQ(w, back, alone)
		if want := math.Exp(alone[0]-logp[0]) / float64(len(f.group)); math.Abs(share[k]-want) > 2.0/steps {
			t.Errorf("element %d is drawn with probability %v, its responsibility is %v", k, share[k], want)
		}
	}
}

// TestGenerateGradient checks the gradient to latent variables, with which
// latent-space kernels move, against differences.
func TestGenerateGradient(t *testing.T) {
	if brief() {
		t.Skip("in a short run")
	}
	m, f := batchFlow[float64](t)
	w := NewWorkers[float64](2)
	const batch = 18
	z, h := make([]float64, batch*8), make([]int, batch)
	f.Draw(stream("batch"), z, h)
	x, logq, s := make([]float64, batch*8), make([]float64, batch), make([]float64, batch)
	value := func() (sum float64) {
		f.Generate(w, z, h, x, logq)
		m.Action(x, s)
		for c := range s {
			sum += s[c] + logq[c]*float64(c%3)
		}
		return sum
	}
	gz := make([]float64, len(z))
	f.GenerateGradient(w, z, h, func(first int, x, logq, gx, l []float64) {
		m.Gradient(x, make([]float64, len(logq)), gx)
		for c := range l {
			l[c] = float64((first + c) % 3)
		}
	}, gz)
	for i := range z {
		if want := slope(&z[i], value); math.Abs(gz[i]-want) > 1e-5*(1+math.Abs(want)) {
			t.Fatalf("latent variable %d: %v, numerically %v", i, gz[i], want)
		}
	}
	// And that of the prior.
	for _, p := range []prior{standard, {1.2, 0.6}} {
		f.design.prior = p
		logp, g := make([]float64, batch), make([]float64, len(z))
		f.LogPrior(z, logp, g)
		for i := range z {
			if want := slope(&z[i], func() float64 { f.LogPrior(z, logp, nil); return logp[i/8] }); math.Abs(g[i]-want) > 1e-5*(1+math.Abs(want)) {
				t.Fatalf("latent variable %d of the prior %v: %v, numerically %v", i, p, g[i], want)
			}
		}
	}
}

// slope returns the derivative of a function to a variable.
func slope(v *float64, of func() float64) float64 {
	const h = 1e-6
	at := *v
	*v = at + h
	up := of()
	*v = at - h
	down := of()
	*v = at
	return (up - down) / (2 * h)
}

// TestPath checks that the path-gradient estimator is the plain one without the
// gradient of ln q_G to the parameters at fixed x.
func TestPath(t *testing.T) {
	m, f := batchFlow[float64](t)
	w := NewWorkers[float64](2)
	const batch = 70
	loss := func(_ int, x, logq, gx, l []float64) {
		m.Gradient(x, make([]float64, len(logq)), gx)
		for c := range l {
			l[c] = 1
		}
	}
	plain, path, explicit := make([]float64, len(f.Theta)), make([]float64, len(f.Theta)), make([]float64, len(f.Theta))
	f.SampleGradient(w, stream("batch"), batch, loss, false, plain)
	f.SampleGradient(w, stream("batch"), batch, loss, true, path)
	x, logq := make([]float64, batch*8), make([]float64, batch)
	f.Sample(w, stream("batch"), x, logq)
	f.LogQGradient(w, x, logq, func(_ int, _, l []float64) {
		for c := range l {
			l[c] = 1
		}
	}, explicit, nil)
	var size float64
	for i := range plain {
		size = max(size, math.Abs(plain[i]))
	}
	for i := range plain {
		if d := plain[i] - path[i] - explicit[i]; math.Abs(d) > 1e-9*size {
			t.Fatalf("parameter %d: plain %v, path %v, explicit %v", i, plain[i], path[i], explicit[i])
		}
	}
}

// TestAllocations checks that a chunk more allocates nothing more.
func TestAllocations(t *testing.T) {
	_, f := batchFlow[float32](t)
	w := NewWorkers[float32](1)
	const most = 6 * kern.Columns
	x, logq := make([]float64, most*8), make([]float64, most)
	grad, random := make([]float32, len(f.Theta)), stream("batch")
	allocations := func(batch int) float64 {
		return testing.AllocsPerRun(3, func() {
			f.Sample(w, random, x[:batch*8], logq[:batch])
			f.LogQ(w, x[:batch*8], logq[:batch])
			f.SampleGradient(w, random, batch, func(_ int, x, _, gx, l []float64) {
				copy(gx, x)
				for c := range l {
					l[c] = 1
				}
			}, true, grad)
		})
	}
	few, many := allocations(kern.Columns), allocations(most)
	if many > few {
		t.Errorf("%v allocations with one chunk, %v with six", few, many)
	}
}

// TestPrecision holds density and gradient in float32, whose inputs are
// recomputed through all layers, to those in float64, from the same draws.
func TestPrecision(t *testing.T) {
	m := dual(t, 8, 8)
	f := testFlow[float32](t, m, map[string]any{"couplings": 6, "hidden": []int{5, 5}, "symmetry": "z2", "whiten": "learned"})
	const batch = 64
	gradient := func(logq []float64) Loss {
		return func(_ int, x, q, gx, l []float64) {
			copy(logq, q)
			m.Gradient(x, make([]float64, len(q)), gx)
			for c := range l {
				l[c] = 1
			}
		}
	}
	wide := Convert[float64](f)
	narrowQ, wideQ := make([]float64, batch), make([]float64, batch)
	narrowG, wideG := make([]float32, len(f.Theta)), make([]float64, len(f.Theta))
	f.SampleGradient(NewWorkers[float32](1), stream("precision"), batch, gradient(narrowQ), false, narrowG)
	wide.SampleGradient(NewWorkers[float64](1), stream("precision"), batch, gradient(wideQ), false, wideG)
	for c := range wideQ {
		if d := math.Abs(narrowQ[c] - wideQ[c]); d > 1e-4 {
			t.Fatalf("ln q of %d is %v in float32, %v in float64", c, narrowQ[c], wideQ[c])
		}
	}
	var off, size float64
	for i, g := range wideG {
		off += (float64(narrowG[i]) - g) * (float64(narrowG[i]) - g)
		size += g * g
	}
	if r := math.Sqrt(off / size); r > 1e-5 {
		t.Errorf("the gradient in float32 is off by %v of its length", r)
	}
}
