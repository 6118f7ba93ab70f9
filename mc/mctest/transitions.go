package mctest

import (
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"

	"mcrun/mc"
)

// A Chain is a kernel on a finite set of states, numbered from 0.
type Chain struct {
	// Step makes one step: the Step of a kernel, or a part of it.
	Step func()
	// Set puts the chain into a state, and forgets whatever else a step could
	// depend on.
	Set func(state int)
	// State returns the number of the state that the chain is in.
	State func() int
}

// Transitions returns the transition matrix of a kernel on so many states.
//
// The function build makes a chain whose kernel draws on random, with Below
// and IntN alone. It is called once for each processor, and the chains are used
// at the same time, so they must share nothing that a step changes.
//
// A threshold of 0 is taken for probability 0 and one of 2^64-1, the largest
// that [mc.Threshold] returns, for probability 1, of which it is 2^-64 short.
//
// An error names the state from which the chain is not one: where a step
// depends on more than the state and the decisions, or has no end, or where
// State returns another number than was Set or one that no state has.
// Transitions panics if states < 1.
func Transitions(states int, build func(random *mc.Stream) Chain) (Matrix, error) {
	p := newMatrix(states)
	err := walkAll(states, func(random *mc.Stream) (Chain, visit) {
		sums := make([]sum, states)
		return build(random), visit{
			step: func(end int, probability float64) { sums[end].add(probability) },
			done: func(start int) {
				for end := range sums {
					p[start][end] = sums[end].value
					sums[end] = sum{}
				}
			},
		}
	})
	if err != nil {
		return nil, err
	}
	return p, nil
}

// Means returns, for each of so many states, the mean of what a step that starts
// there shows: the values that the second result of build returns, which is
// called after each step. With the invariant distribution pi as weights they
// add up to the expectation value that a long chain averages to,
//
//	E = sum_i pi_i means[i],
//
// which tests estimators that see more of a step than the state it ends in.
// It builds chains and returns errors as Transitions does.
func Means(states int, build func(random *mc.Stream) (Chain, func() float64)) ([]float64, error) {
	means := make([]float64, states)
	err := walkAll(states, func(random *mc.Stream) (Chain, visit) {
		c, value := build(random)
		var mean sum
		return c, visit{
			step: func(_ int, probability float64) { mean.add(probability * value()) },
			done: func(start int) {
				means[start] = mean.value
				mean = sum{}
			},
		}
	})
	if err != nil {
		return nil, err
	}
	return means, nil
}

// A visit is told of the steps that walk through all decisions from a state.
type visit struct {
	step func(end int, probability float64) // of one sequence of decisions
	done func(start int)                    // after the last from a state
}

// A sum is compensated, since it may have millions of terms.
type sum struct{ value, lost float64 }

func (s *sum) add(x float64) {
	term := x - s.lost
	value := s.value + term
	s.lost = (value - s.value) - term
	s.value = value
}

// walkAll walks through the steps from all states, with one chain for each
// processor.
func walkAll(states int, build func(random *mc.Stream) (Chain, visit)) error {
	if states < 1 {
		panic("mctest: a chain has fewer than one state")
	}
	faults := make([]error, states)
	var next atomic.Int64
	var workers sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), states) {
		workers.Go(func() {
			w := new(walk)
			c, v := build(mc.NewOracleStream(w))
			for {
				i := int(next.Add(1)) - 1
				if i >= states {
					return
				}
				faults[i] = w.from(c, i, states, v)
			}
		})
	}
	workers.Wait()
	for _, err := range faults {
		if err != nil {
			return err
		}
	}
	return nil
}

// A walk goes through all sequences of decisions of a step, depth first. Each
// run of the step repeats the decisions of the run before, but for the last
// that has an outcome left, which it makes anew.
type walk struct {
	path        []decision
	made        int     // decisions that this run has made
	probability float64 // of these decisions
}

// A decision has as outcomes the numbers from 0 on to one below count. That of
// Below has two, 1 for true.
type decision struct {
	method         method
	bound          uint64 // the argument of Below or IntN
	outcome, count int
}

type method int

const (
	below method = iota
	intN
)

func (m method) String() string { return [...]string{"Below", "IntN"}[m] }

// maxDecisions bounds the decisions of a step, to end one that never ends.
const maxDecisions = 1 << 16

// A fault is the panic that ends a step whose chain is not one.
type fault struct{ error }

const memory = "it depends on more than the state that was set"

// from walks through the steps that start in a state.
func (w *walk) from(c Chain, start, states int, v visit) (err error) {
	defer func() {
		switch r := recover().(type) {
		case nil:
		case fault:
			err = fmt.Errorf("mctest: from state %d: %w", start, r.error)
		default:
			panic(r)
		}
	}()
	w.path = w.path[:0]
	for {
		c.Set(start)
		if s := c.State(); s != start {
			return fmt.Errorf("mctest: state %d was set, but the chain is in state %d; Set and State must agree", start, s)
		}
		w.made, w.probability = 0, 1
		c.Step()
		if w.made < len(w.path) {
			panic(fault{fmt.Errorf("a step ended after %d decisions, where one that decided alike went on; %s", w.made, memory)})
		}
		end := c.State()
		if end < 0 || end >= states {
			return fmt.Errorf("mctest: from state %d a step leads to state %d; there are only %d states, from 0 on", start, end, states)
		}
		v.step(end, w.probability)
		if !w.advance() {
			v.done(start)
			return nil
		}
	}
}

// advance moves on to the next path, or returns false after the last one.
func (w *walk) advance() bool {
	for n := len(w.path); n > 0; n-- {
		d := &w.path[n-1]
		if d.outcome+1 < d.count {
			d.outcome++
			w.path = w.path[:n]
			return true
		}
	}
	return false
}

// decide returns the outcome of the next decision.
func (w *walk) decide(m method, bound uint64, count int) int {
	if w.made == len(w.path) {
		if len(w.path) == maxDecisions {
			panic(fault{fmt.Errorf("a step takes more than %d decisions; it must end whatever they are", maxDecisions)})
		}
		w.path = append(w.path, decision{method: m, bound: bound, count: count})
	}
	d := &w.path[w.made]
	if d.method != m || d.bound != bound {
		panic(fault{fmt.Errorf("decision %d is %v(%d), where a step that decided alike before it had %v(%d); %s", w.made, m, bound, d.method, d.bound, memory)})
	}
	w.made++
	return d.outcome
}

// Below implements [mc.Oracle].
func (w *walk) Below(threshold uint64) bool {
	switch threshold {
	case 0:
		return false
	case ^uint64(0):
		return true
	}
	if w.decide(below, threshold, 2) == 0 {
		w.probability *= float64(-threshold) * 0x1p-64
		return false
	}
	w.probability *= float64(threshold) * 0x1p-64
	return true
}

// IntN implements [mc.Oracle].
func (w *walk) IntN(n int) int {
	if n == 1 {
		return 0
	}
	w.probability /= float64(n)
	return w.decide(intN, uint64(n), n)
}
