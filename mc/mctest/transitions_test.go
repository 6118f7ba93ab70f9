package mctest_test

import (
	"math"
	"strings"
	"testing"

	"mcrun/mc"
	"mcrun/mc/mctest"
)

// A site holds the state of a chain.
type site struct{ at int }

// siteTransitions walks through the step of a site.
func siteTransitions(states int, step func(s *site, random *mc.Stream)) (mctest.Matrix, error) {
	return mctest.Transitions(states, func(random *mc.Stream) mctest.Chain {
		s := new(site)
		return mctest.Chain{
			Step:  func() { step(s, random) },
			Set:   func(state int) { s.at = state },
			State: func() int { return s.at },
		}
	})
}

func TestTransitions(t *testing.T) {
	// Three decisions, of which the last depends on the others: from 0 to one
	// of 0, 1, 2 uniformly; from 1 on with probability 3/4, else to 0 or 2 with
	// probabilities 1/2; 2 stays.
	p, err := siteTransitions(3, func(s *site, random *mc.Stream) {
		switch s.at {
		case 0:
			s.at = random.IntN(3)
		case 1:
			if !random.Below(mc.Threshold(0.75)) {
				s.at = 0
				if random.Below(mc.Threshold(0.5)) {
					s.at = 2
				}
			}
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	want := mctest.Matrix{{1. / 3, 1. / 3, 1. / 3}, {0.125, 0.75, 0.125}, {0, 0, 1}}
	for i := range want {
		for j := range want {
			if math.Abs(p[i][j]-want[i][j]) > 1e-16 {
				t.Errorf("P[%d][%d] = %v, want %v", i, j, p[i][j], want[i][j])
			}
		}
	}
}

// What a step shows need not be a function of where it ends: here, of which of
// two ways it took.
func TestMeans(t *testing.T) {
	means, err := mctest.Means(2, func(random *mc.Stream) (mctest.Chain, func() float64) {
		s, shown := new(site), 0.0
		step := func() {
			shown = float64(random.IntN(3)) // 1 on average
			if s.at == 1 && random.Below(mc.Threshold(0.25)) {
				shown += 8
			}
			s.at = random.IntN(2)
		}
		c := mctest.Chain{Step: step, Set: func(state int) { s.at = state }, State: func() int { return s.at }}
		return c, func() float64 { return shown }
	})
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []float64{1, 3} {
		if math.Abs(means[i]-want) > 1e-15 {
			t.Errorf("mean from state %d is %v, want %v", i, means[i], want)
		}
	}
}

func TestMeansError(t *testing.T) {
	_, err := mctest.Means(2, func(random *mc.Stream) (mctest.Chain, func() float64) {
		s := new(site)
		c := mctest.Chain{Step: func() { s.at = 2 }, Set: func(state int) { s.at = state }, State: func() int { return s.at }}
		return c, func() float64 { return 0 }
	})
	if err == nil || !strings.Contains(err.Error(), "leads to state 2") {
		t.Errorf("%v; want an error that names state 2", err)
	}
}

// Thresholds 0 and 2^64-1 are certain; every other one decides, with the
// probability that it has to the last bit.
func TestTransitionsThresholds(t *testing.T) {
	for _, c := range []struct {
		threshold uint64
		true      float64
	}{
		{0, 0},
		{1, 0x1p-64},
		{1 << 63, 0.5},
		{3 << 62, 0.75},
		{math.MaxUint64 - 1, 1},
		{math.MaxUint64, 1},
	} {
		p, err := siteTransitions(2, func(s *site, random *mc.Stream) {
			s.at = 0
			if random.Below(c.threshold) {
				s.at = 1
			}
		})
		if err != nil {
			t.Fatal(err)
		}
		// The complement of the largest but one is 2^-63, not 0.
		other := float64(-c.threshold) * 0x1p-64
		switch c.threshold {
		case 0:
			other = 1
		case math.MaxUint64:
			other = 0
		}
		if p[0][1] != c.true || p[0][0] != other {
			t.Errorf("threshold %#x: true with %g, false with %g; want %g, %g", c.threshold, p[0][1], p[0][0], c.true, other)
		}
	}
}

// The sum over a million sequences is as exact as that over two.
func TestTransitionsAddUp(t *testing.T) {
	const decisions, p = 20, 0.3
	matrix, err := siteTransitions(decisions+1, func(s *site, random *mc.Stream) {
		if s.at > 0 {
			return
		}
		for range decisions {
			if random.Below(mc.Threshold(p)) {
				s.at++
			}
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	binomial := math.Pow(1-p, decisions)
	for k, got := range matrix[0] {
		if math.Abs(got-binomial) > 1e-14*binomial {
			t.Errorf("%d of %d: %v, want %v", k, decisions, got, binomial)
		}
		binomial *= p / (1 - p) * float64(decisions-k) / float64(k+1)
	}
}

func TestTransitionsErrors(t *testing.T) {
	var memory int // of the chains of a test, which run one at a time from one state
	one := func(step func(s *site, random *mc.Stream)) func() error {
		return func() error {
			memory = 0
			_, err := siteTransitions(1, step)
			return err
		}
	}
	for _, c := range []struct {
		name string
		run  func() error
		want string
	}{
		{"a state that is none", one(func(s *site, _ *mc.Stream) { s.at = 7 }),
			"from state 0 a step leads to state 7"},
		{"a negative state", one(func(s *site, _ *mc.Stream) { s.at = -1 }),
			"from state 0 a step leads to state -1"},
		{"a step without end", one(func(_ *site, random *mc.Stream) {
			for !random.Below(1 << 62) {
			}
		}), "takes more than 65536 decisions"},
		{"a threshold from elsewhere", one(func(_ *site, random *mc.Stream) {
			memory++
			random.Below(uint64(memory) << 32)
			random.Below(1 << 63)
		}), "decision 0 is Below(8589934592), where a step that decided alike before it had Below(4294967296)"},
		{"another kind of decision", one(func(_ *site, random *mc.Stream) {
			memory++
			if memory > 1 {
				random.IntN(2)
				return
			}
			random.Below(2)
		}), "decision 0 is IntN(2), where a step that decided alike before it had Below(2)"},
		{"fewer decisions", one(func(_ *site, random *mc.Stream) {
			memory++
			if memory == 1 {
				random.Below(1 << 63)
			}
		}), "ended after 0 decisions"},
		{"Set and State disagree", func() error {
			_, err := mctest.Transitions(2, func(*mc.Stream) mctest.Chain {
				return mctest.Chain{Step: func() {}, Set: func(int) {}, State: func() int { return 0 }}
			})
			return err
		}, "state 1 was set, but the chain is in state 0"},
	} {
		if err := c.run(); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v; want an error with %q", c.name, err, c.want)
		}
	}
}

func TestTransitionsOfNoStates(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("no states, but no panic")
		}
	}()
	mctest.Transitions(0, nil)
}
