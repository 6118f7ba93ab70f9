package report

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"mcrun/mc"
	"mcrun/observables"
)

// rungTask is the task of a rung of a ladder of three, of so many records each with
// a round trip now and then.
func rungTask(rung, records int, rate, trips float64) Task {
	random := rand.New(rand.NewPCG(1, 2))
	l := &Ladder{Key: "temperature", Values: []float64{1, 2, 3}, Failed: make([]uint64, 2)}
	t := Task{Proposal: "tempering", Ladder: l, Rung: rung, Chains: 2, Every: 2, Seconds: 1, Model: ising(2, 4, 4), Sweeps: []int{2 * records, 2 * records},
		Observables: named("energy"), Columns: []observables.Field{{Name: "energy", Width: 1}}}
	for range 2 {
		var exchange [2][]float64
		var back, energy []float64
		for range records {
			for r := range exchange {
				exchange[r] = append(exchange[r], rate*2*random.Float64())
			}
			n := 0.0
			if random.Float64() < trips {
				n = 1
			}
			back, energy = append(back, n), append(energy, random.NormFloat64())
		}
		l.Exchange = append(l.Exchange, exchange[:])
		l.Trips = append(l.Trips, back)
		t.Series = append(t.Series, [][]float64{energy})
	}
	return t
}

// Of a ladder with rate p of round trips in a record of two sweeps, each of three
// replicas makes one in 6/p sweeps.
func TestLadder(t *testing.T) {
	for rung := range 3 {
		r := Summarize(rungTask(rung, 4000, 0.3, 0.1))
		rate, trip := r.Observables.number(exchangeName), r.Observables.number(tripName)
		if (rate == nil) != (rung == 2) || rate != nil && math.Abs(*rate.Value-0.3) > 5**rate.Error {
			t.Errorf("rung %d: rate %+v", rung, rate)
		}
		// p is known to sqrt(0.1 x 0.9/8000).
		if math.Abs(*trip.Value-60) > 5**trip.Error || math.Abs(*trip.Error/2.01-1) > 0.1 || *r.Rung != rung || len(r.Doubts) > 0 {
			t.Errorf("rung %d: round trip %v(%v), doubts %q", rung, *trip.Value, *trip.Error, r.Doubts)
		}
	}
}

func TestLadderDoubts(t *testing.T) {
	frozen := mc.Tally{Proposed: 10000}
	for _, c := range []struct {
		name   string
		change func(*Task)
		want   []string // beginnings
	}{
		{"nothing", func(*Task) {}, nil},
		{"no exchange", func(t *Task) { clear(t.Ladder.Exchange[0][1]); clear(t.Ladder.Exchange[1][1]) },
			[]string{"ladder: rungs 1 and 2 (temperature 2.0 and 3.0) exchange in less than 0.01 % of attempts, "}},
		{"few exchanges", func(t *Task) { *t = rungTask(0, 4000, 0.004, 0.1) },
			[]string{"ladder: rungs 0 and 1 (temperature 1.0 and 2.0) exchange in 0.4 % of attempts, ", "ladder: rungs 1 and 2 (temperature 2.0 and 3.0) exchange in 0.39 % of attempts, "}},
		{"no round trip", func(t *Task) { clear(t.Ladder.Trips[0]); clear(t.Ladder.Trips[1]) },
			[]string{"ladder: in 16000 sweeps of all chains no replica went from the first rung to the last and back, "}},
		{"few round trips", func(t *Task) { clear(t.Ladder.Trips[0]); clear(t.Ladder.Trips[1]); t.Ladder.Trips[0][7] = 2 },
			[]string{"ladder: its replicas made 2 round trips in all chains, "}},
		{"energies", func(t *Task) { t.Ladder.Failed[1] = 3 },
			[]string{"ladder: 3 exchanges of rungs 1 and 2 (temperature 2.0 and 3.0) were refused, "}},
		{"a frozen rung", func(t *Task) { t.Tally = frozen; t.Ladder.Move(mc.Tally{Proposed: 10, Accepted: 5}) }, nil},
		{"frozen rungs", func(t *Task) { t.Tally = frozen; t.Ladder.Move(frozen) }, []string{"acceptance: only 0 of 10000 proposals"}},
	} {
		task := rungTask(0, 4000, 0.3, 0.1)
		c.change(&task)
		r := Summarize(task)
		if len(r.Doubts) != len(c.want) {
			t.Errorf("%s: doubts %q", c.name, r.Doubts)
			continue
		}
		for i, d := range r.Doubts {
			if !strings.HasPrefix(d, c.want[i]) || !doubted(r.Doubts, "energy") {
				t.Errorf("%s: doubt %q, want %q", c.name, d, c.want[i])
			}
		}
	}
}
