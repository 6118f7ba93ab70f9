package mctest_test

import (
	"fmt"
	"math"

	"mcrun/mc"
	"mcrun/mc/mctest"
)

// A hop moves along 0, 1, 2, ..., last with the Metropolis rule for weights
// 2^-k, and stays where the move would leave the line.
type hop struct {
	at, last int
	random   *mc.Stream
}

func (h *hop) Step() {
	if h.random.Below(1 << 63) {
		h.at = max(h.at-1, 0)
	} else if h.random.Below(mc.Threshold(0.5)) {
		h.at = min(h.at+1, h.last)
	}
}

func Example() {
	const states = 4
	p, err := mctest.Transitions(states, func(random *mc.Stream) mctest.Chain {
		h := &hop{last: states - 1, random: random}
		return mctest.Chain{
			Step:  h.Step,
			Set:   func(k int) { h.at = k },
			State: func() int { return h.at },
		}
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	pi := mctest.Distribution(states, func(k int) float64 { return -float64(k) * math.Ln2 })
	fmt.Println(p[1])
	fmt.Println(p.Stochastic(), p.Invariant(pi), p.Balanced(pi), p.Irreducible(), p.Period())

	uniform := mctest.Distribution(states, func(int) float64 { return 0 })
	fmt.Println(p.Invariant(uniform))
	// Output:
	// [0.5 0.25 0.25 0]
	// <nil> <nil> <nil> <nil> 1
	// mctest: not invariant: a step changes the probability of state 0 from 0.25 to 0.3125, by 0.25 of it
}
