package card

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
)

const tempered = minimal + `
[[proposal]]
kernel = "tempering"
values = [2.0, 2.5, 3.0]
inner = { kernel = "wolff", steps = 2 }

[[proposal]]
name = "spaced"
kernel = "tempering"
steps = 3
key = "h"
from = -1.0
to = 1.0
rungs = 5
inner = [
  { kernel = "wolff" },
  { kernel = "heat-bath" },
]
`

// A ladder is resolved to a card that is read as the same, and its keys have paths
// like those of other proposals.
func TestLadder(t *testing.T) {
	c := parse(t, tempered)
	resolved := string(c.Resolved())
	if again := parse(t, resolved); string(again.Resolved()) != resolved || Differences(c, again) != nil {
		t.Errorf("resolved to\n%s\nand again to\n%s", resolved, again.Resolved())
	}
	for _, want := range []string{"key    = \"temperature\"\n", "inner  = { kernel = \"wolff\", steps = 2 }\n", "inner = [\n  { kernel = \"wolff\", steps = 1 },\n"} {
		if !strings.Contains(resolved, want) {
			t.Errorf("no %q in\n%s", want, resolved)
		}
	}
	p := &c.Points[0]
	q := p.Proposals[1]
	if got := fmt.Sprint(q.Kernels(), " ", q.Kind, " ", q.Members[0].Steps, " ", *q.Ladder); got != "[tempering wolff] kernel 2 {temperature [2 2.5 3] 0 0 0 1}" {
		t.Errorf("got %s", got)
	}
	if got := fmt.Sprint(p.Proposals[2].Ladder.First()); got != "[-1 -0.5 0 0.5 1]" {
		t.Errorf("begins with %s", got)
	}
	if got := (&Ladder{From: 8, To: 1, Rungs: 4}).First(); math.Abs(got[1]-4) > 1e-12 || got[0] != 8 || got[3] != 1 {
		t.Errorf("begins with %v", got)
	}

	c = parse(t, tempered, "proposal.tempering.inner.steps=7", "proposal.spaced.heat-bath.steps=4", "proposal.spaced.rungs=3", "proposal.tempering.values=[1.0, 2.0]")
	a, b := c.Points[0].Proposals[1], c.Points[0].Proposals[2]
	if a.Members[0].Steps != 7 || b.Members[1].Steps != 4 || b.Ladder.Size() != 3 || a.Ladder.Size() != 2 {
		t.Errorf("set to %+v, %+v", a, b)
	}
	if a.Identity() == q.Identity() || a.Identity() == b.Identity() {
		t.Errorf("two proposals are %s", a.Identity())
	}
	if got := Differences(parse(t, tempered), parse(t, tempered, "proposal.tempering.inner.steps=7")); !slices.Equal(got, []string{"proposal.tempering.inner.steps: 2 in the run directory, 7 in the card"}) {
		t.Errorf("differences %q", got)
	}
}

// Rungs are the point with another value of one key: of the temperature whichever
// of its keys the card has, in expressions too.
func TestRungs(t *testing.T) {
	c := parse(t, minimal+"[observables]\nrecord = [\"energy\"]\n[observables.derived]\nx = \"beta * energy\"\n")
	p := &c.Points[0]
	for key, value := range map[string]float64{"temperature": 0.5, "beta": 2} {
		rungs, err := p.Rungs(&Ladder{Key: key}, []float64{value})
		if err != nil {
			t.Fatal(err)
		}
		r := rungs[0]
		if r.Model.Beta() != 2 || p.Model.Beta() != 0.4 || r.Seed != p.Seed || r.Model.Sites() != 256 {
			t.Errorf("%s = %g: beta is %g", key, value, r.Model.Beta())
		}
		e := r.Observables[1].Estimators(r.Model)[0].Function
		mean := make([]float64, e.Terms)
		e.Term([]float64{-1.5}, mean)
		if got := e.Value(mean); got != -3 {
			t.Errorf("beta e is %g at e = -1.5", got)
		}
	}
	if _, err := p.Rungs(&Ladder{Key: "temperature"}, []float64{1, -1}); err == nil || !strings.Contains(err.Error(), "temperature = -1") {
		t.Errorf("error %v", err)
	}
}

// A scan of what the ladder sets itself makes points that are alike.
func TestLadderAdvice(t *testing.T) {
	c := parse(t, tempered+"[scan]\n\"model.temperature\" = [2.0, 3.0]\n")
	if len(c.Advice) != 1 || !strings.Contains(c.Advice[0].Error(), "proposal.tempering.kernel: the scan varies model.temperature") {
		t.Errorf("advice %v", c.Advice)
	}
	c = parse(t, tempered+"[scan]\n\"proposal.tempering.inner.steps\" = [1, 3]\n\"proposal.spaced.rungs\" = [3, 5]\n")
	if last := c.Points[3].Proposals; len(c.Points) != 4 || c.Advice != nil || last[1].Members[0].Steps != 3 || last[2].Ladder.Rungs != 5 {
		t.Errorf("got %+v, advice %v", last, c.Advice)
	}
}
