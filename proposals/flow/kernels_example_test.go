package flow_test

import (
	"context"
	"fmt"
	"math"

	"mcrun/mc"
	"mcrun/mc/param"
	"mcrun/models"
	"mcrun/proposals"
	"mcrun/proposals/flow"
)

// A flow that is the target but for a little: what its draws tell of it, and a
// chain that it moves.
func ExampleIndependent() {
	m := &models.Mixture{Size: 2, Modes: []float64{0, 0}, Weights: []float64{1}, Sigma: 0.9}
	var spec flow.Spec
	if errs := param.Decode(map[string]any{"architecture": "realnvp", "couplings": 2, "hidden": []int{4}}, &spec); errs != nil {
		fmt.Println(errs)
		return
	}
	random := mc.NewStream(mc.NewKey(1, "example"))
	f, err := flow.New[float32](spec, m, random)
	if err != nil {
		fmt.Println(err)
		return
	}
	clear(f.Theta) // the standard normal distribution, where the target has a width of 0.9

	e, err := flow.Evaluate(context.Background(), f, m, flow.Trial{Draws: 50000, Random: random}, flow.NewWorkers[float32](0))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("ln Z %.2f, exactly 0\nacceptance to expect %.2f\ndoubts %q\n", math.Abs(e.LogZ), e.Acceptance, e.Doubts())

	x := m.NewState(models.Cold, random).(models.Field)
	var tally mc.Tally
	k := new(flow.Independent).WithFlow(f).Bind(m, proposals.Chain{State: x, Random: random, Tally: &tally})
	var square float64
	const steps = 50000
	for range steps {
		k.Step()
		square += (x[0]*x[0] + x[1]*x[1]) / (2 * steps)
	}
	fmt.Printf("acceptance %.2f\n", float64(tally.Accepted)/float64(tally.Proposed))
	fmt.Printf("<x^2> %.2f, exactly %.2f\n", square, 0.9*0.9)
	// Output:
	// ln Z 0.00, exactly 0
	// acceptance to expect 0.90
	// doubts []
	// acceptance 0.90
	// <x^2> 0.81, exactly 0.81
}
