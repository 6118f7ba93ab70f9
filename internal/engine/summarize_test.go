package engine

import (
	"math"
	"testing"
	"time"

	"mcrun/internal/card"
	"mcrun/internal/store"
)

// What the chains of a group take and count together is counted once: seconds and
// proposals of pairs of chains, and of a ladder in such pairs.
func TestGroupsCountOnce(t *testing.T) {
	const sweeps, chains, sites = 200, 4, 16
	c := parse(t, model+`
[run]
chains = 4
thermalize = 10
sweeps = 200
[observables]
record = ["energy", "overlap"]
[[proposal]]
kernel = "metropolis"
[[proposal]]
kernel = "tempering"
values = [2.0, 2.5]
inner = { kernel = "metropolis" }
`)
	r := start(t, c)
	if err := r.Do(t.Context()); err != nil {
		t.Fatal(err)
	}
	dir, err := store.View(r.dir.Path())
	if err != nil {
		t.Fatal(err)
	}
	for i := range c.Points[0].Proposals {
		tasks, _, err := read(c, dir, i, true, nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		var took time.Duration
		for _, chain := range []int{0, 2} {
			s, _, err := dir.Series(i, chain, identity(c, &c.Points[0], &c.Points[0].Proposals[i], nil))
			if err != nil {
				t.Fatal(err)
			}
			counters, err := s.State.Counters()
			if err != nil {
				t.Fatal(err)
			}
			took += counters.Kernel
		}
		for _, task := range tasks {
			if got, want := task.Seconds, took.Seconds(); math.Abs(got-want) > 1e-9*want {
				t.Errorf("%s: %v seconds, its two groups %v", task.Proposal, got, want)
			}
			if got, want := task.Tally.Proposed, uint64(sweeps*chains*sites); got != want {
				t.Errorf("%s: %d proposals, want %d", task.Proposal, got, want)
			}
		}
	}
	if got := plan(card.Run{Seconds: 2}, chains).Seconds; got != 2*chains {
		t.Errorf("a group of %d chains of 2 s has %v s", chains, got)
	}
}

// KL is told where ln Z is known exactly, or by weights that are worth something.
func TestKL(t *testing.T) {
	number := func(v float64) *float64 { return &v }
	e := Evaluation{Draws: 100_000, Loss: number(-3), LogZ: number(3.5), ESS: number(0.5)}
	if kl := e.KL(); kl == nil || *kl != 0.5 {
		t.Errorf("KL %v, want 0.5", kl)
	}
	e.ESS = number(1e-5)
	if kl := e.KL(); kl != nil {
		t.Errorf("KL %v from one draw", *kl)
	}
	e.LogZExact = number(4)
	if kl := e.KL(); kl == nil || *kl != 1 {
		t.Errorf("KL %v, want 1", kl)
	}
}
