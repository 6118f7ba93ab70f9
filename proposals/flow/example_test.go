package flow_test

import (
	"fmt"
	"math"

	"mcrun/mc"
	"mcrun/mc/param"
	"mcrun/models"
	"mcrun/proposals/flow"
)

// A flow of a free field, whitened by the field's own spectrum, is that field
// before it is trained: the weights pi/q are all alike, and their mean is Z.
func Example() {
	m := &models.Gaussian{Mass2: 0.25}
	m.Shape = []int{4, 4}
	if err := m.Prepare(); err != nil {
		fmt.Println(err)
		return
	}
	var spec flow.Spec
	if errs := param.Decode(map[string]any{"whiten": "free", "couplings": 2, "hidden": []int{4}}, &spec); errs != nil {
		fmt.Println(errs)
		return
	}
	random := mc.NewStream(mc.NewKey(1, "a flow"))
	f, err := flow.New[float32](spec, m, random)
	if err != nil {
		fmt.Println(err)
		return
	}
	// The scales of s are 0 at the beginning; without t the couplings are the
	// identity.
	clear(f.Theta)

	const n = 1000
	x, logq, action := make([]float64, n*f.Dim()), make([]float64, n), make([]float64, n)
	f.Sample(flow.NewWorkers[float32](1), random, x, logq)
	m.Action(x, action)
	var first, second float64
	for c := range n {
		w := math.Exp(-action[c] - logq[c])
		first += w
		second += w * w
	}
	fmt.Printf("ln Z %.4f, exactly %.4f\n", math.Log(first/n), logZ(4, 0.25))
	fmt.Printf("ESS/N %.3f\n", first*first/(n*second))
	// Output:
	// ln Z -0.8319, exactly -0.8319
	// ESS/N 1.000
}

// logZ is that of a free field: the sum over its modes of ln sqrt(pi/(khat^2 + m^2)).
func logZ(side int, mass2 float64) (sum float64) {
	for y := range side {
		for x := range side {
			sy, sx := math.Sin(math.Pi*float64(y)/float64(side)), math.Sin(math.Pi*float64(x)/float64(side))
			sum += math.Log(math.Pi/(4*sy*sy+4*sx*sx+mass2)) / 2
		}
	}
	return sum
}

// One step of training by hand: the gradient of the reverse Kullback-Leibler
// divergence, E_q[ln q(x) + S(x)], and a step against it.
func ExampleFlow_SampleGradient() {
	m := &models.Mixture{Size: 2, Modes: []float64{-1.5, 0, 1.5, 0}, Weights: []float64{1, 1}, Sigma: 0.5}
	var spec flow.Spec
	if errs := param.Decode(map[string]any{"architecture": "realnvp", "couplings": 4, "hidden": []int{8}, "symmetry": "z2"}, &spec); errs != nil {
		fmt.Println(errs)
		return
	}
	random := mc.NewStream(mc.NewKey(1, "a flow"))
	f, err := flow.New[float32](spec, m, random)
	if err != nil {
		fmt.Println(err)
		return
	}
	w := flow.NewWorkers[float32](0)
	const batch = 256
	action, logq := make([]float64, batch), make([]float64, batch)
	loss := func(first int, x, q, gx, l []float64) {
		n := len(l)
		m.Gradient(x, action[first:first+n], gx)
		copy(logq[first:], q)
		for i := range gx {
			gx[i] /= batch
		}
		for c := range l {
			l[c] = 1.0 / batch
		}
	}
	gradient := make([]float32, len(f.Theta))
	var kl float64 // the target is normalised
	for step := range 300 {
		clear(gradient)
		f.SampleGradient(w, random, batch, loss, false, gradient)
		for i, g := range gradient {
			f.Theta[i] -= 0.1 * g
		}
		kl = 0
		for c := range logq {
			kl += (logq[c] + action[c]) / batch
		}
		if step == 0 {
			fmt.Printf("KL %.1f at first\n", kl)
		}
	}
	fmt.Println("below 0.1 in the end:", kl < 0.1)
	// Output:
	// KL 1.8 at first
	// below 0.1 in the end: true
}
