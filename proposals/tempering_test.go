package proposals

import (
	"fmt"
	"math"
	"testing"

	"mcrun/mc"
	"mcrun/mc/mctest"
	"mcrun/models"
)

// isingAt returns a prepared Ising model.
func isingAt(t *testing.T, beta, j, h float64, shape ...int) *models.Ising {
	t.Helper()
	m := &models.Ising{Thermal: models.Thermal{InverseT: &beta}, J: j, H: h}
	m.Shape = shape
	if err := m.Prepare(); err != nil {
		t.Fatal(err)
	}
	return m
}

// A ladderTest is a ladder on the joint space of the spins of all rungs. The
// exchange asks models that may differ from those of the kernels: a flaw.
type ladderTest struct {
	rungs   []*models.Ising
	asked   []models.Model
	thermal bool
	inner   Spec // nil: exchanges alone
	turn    uint64
}

// check returns what is wrong with the exact transition matrix of a round.
func (l ladderTest) check() error {
	n := l.rungs[0].Sites()
	states := 1 << (n * len(l.rungs))
	put := func(spins []models.Spins, k int) {
		for r := range spins {
			for i := range spins[r] {
				spins[r][i] = uint8(k >> (r*n + i) & 1)
			}
		}
	}
	pi := mctest.Distribution(states, func(k int) (w float64) {
		spins := make([]models.Spins, len(l.rungs))
		for r := range spins {
			spins[r] = make(models.Spins, n)
		}
		put(spins, k)
		for r, m := range l.rungs {
			w -= m.Beta() * m.Energy(spins[r])
		}
		return w
	})
	p, err := mctest.Transitions(states, func(random *mc.Stream) mctest.Chain {
		var rungs []Rung
		var spins []models.Spins
		for r, m := range l.rungs {
			s := make(models.Spins, n)
			k := mc.Kernel(mc.Cycle(nil))
			if l.inner != nil {
				k = l.inner.Bind(m, Chain{State: s, Random: random, Tally: new(mc.Tally)})
			}
			asked := l.asked[r]
			if old, ok := asked.(*stale); ok { // chains that step at once share no memory of a call
				asked = &stale{Ising: old.Ising}
			}
			spins = append(spins, s)
			rungs = append(rungs, Rung{Model: asked, State: s, Kernel: k})
		}
		t := NewTempering(rungs, l.thermal, random)
		return mctest.Chain{
			Step: t.Step,
			Set: func(k int) {
				put(spins, k)
				t.rounds = l.turn
			},
			State: func() (k int) {
				for r, s := range spins {
					for i, v := range s {
						k |= int(v) << (r*n + i)
					}
				}
				return k
			},
		}
	})
	if err != nil {
		return err
	}
	if err := p.Stochastic(); err != nil {
		return err
	}
	if err := p.Invariant(pi); err != nil {
		return err
	}
	if l.inner == nil { // by itself an exchange is in detailed balance
		return p.Balanced(pi)
	}
	return p.Irreducible()
}

// plain returns the models of rungs as they are.
func plain(rungs []*models.Ising) (list []models.Model) {
	for _, m := range rungs {
		list = append(list, m)
	}
	return list
}

// Rounds leave the product of the distributions of all rungs invariant, exactly,
// on ladders of every key, in even and odd turns and in the first, in which both
// are looked at.
func TestTemperingTransitions(t *testing.T) {
	three := func(at func(x float64) *models.Ising) []*models.Ising {
		return []*models.Ising{at(0.2), at(0.7), at(0.9)}
	}
	beta := three(func(x float64) *models.Ising { return isingAt(t, x, 1, -0.3, 3) })
	for name, l := range map[string]ladderTest{
		"beta":          {rungs: beta, thermal: true},
		"beta at large": {rungs: beta},
		"J":             {rungs: three(func(x float64) *models.Ising { return isingAt(t, 0.8, 0.5-x, 0.2, 3) })},
		"h":             {rungs: three(func(x float64) *models.Ising { return isingAt(t, 0.8, 1, x-0.5, 3) })},
		"all three":     {rungs: three(func(x float64) *models.Ising { return isingAt(t, x, 1-x, x-0.5, 3) })},
	} {
		l.asked = plain(l.rungs)
		for l.turn = range uint64(3) {
			if err := l.check(); err != nil {
				t.Errorf("%s, turn %d: %v", name, l.turn, err)
			}
		}
	}
	two := []*models.Ising{isingAt(t, 0.3, 1, 0.1, 2, 2), isingAt(t, 0.6, 1, 0.1, 2, 2)}
	for _, inner := range []Spec{&HeatBath{Order: "sequential"}, &Metropolis{Order: "sequential"}, new(Wolff)} {
		l := ladderTest{rungs: two, asked: plain(two), thermal: true, inner: inner, turn: 2}
		if err := l.check(); err != nil {
			t.Errorf("%T: %v", inner, err)
		}
	}
}

// stale is a model whose energy is that of the call before.
type stale struct {
	*models.Ising
	last float64
}

func (m *stale) Energy(s models.State) float64 {
	now := m.Ising.Energy(s)
	m.last, now = now, m.last
	return now
}

// A flawed exchange is found.
func TestTemperingTwins(t *testing.T) {
	beta := []*models.Ising{isingAt(t, 0.3, 1, 0.1, 2, 2), isingAt(t, 0.6, 1, 0.1, 2, 2)}
	j := []*models.Ising{isingAt(t, 0.5, 1, 0.1, 2, 2), isingAt(t, 0.5, -0.7, 0.1, 2, 2)}
	for name, l := range map[string]ladderTest{
		"the wrong sign":             {rungs: beta, asked: []models.Model{beta[1], beta[0]}, thermal: true},
		"the wrong sign at large":    {rungs: j, asked: []models.Model{j[1], j[0]}},
		"one beta twice":             {rungs: beta, asked: []models.Model{beta[0], beta[0]}, thermal: true},
		"always":                     {rungs: j, asked: []models.Model{j[0], j[0]}},
		"beta of another":            {rungs: beta, asked: []models.Model{beta[0], isingAt(t, 0.5, 1, 0.1, 2, 2)}, thermal: true},
		"H of one for all":           {rungs: j, asked: []models.Model{j[0], j[1]}, thermal: true},
		"a field left out":           {rungs: beta, asked: []models.Model{isingAt(t, 0.3, 1, 0, 2, 2), isingAt(t, 0.6, 1, 0, 2, 2)}, thermal: true},
		"an energy of before a step": {rungs: beta, asked: []models.Model{&stale{Ising: beta[0]}, &stale{Ising: beta[1]}}, thermal: true},
	} {
		l.turn = 2
		if err := l.check(); err == nil {
			t.Errorf("%s is not found", name)
		}
	}
}

// secretive is a model of a stranger's, whose configurations are of no known type.
type secretive struct {
	*models.Ising
}

type secret struct{ models.Spins }

func (m secretive) Energy(s models.State) float64 { return m.Ising.Energy(s.(secret).Spins) }

// Configurations that can but be saved are exchanged too.
func TestTemperingStranger(t *testing.T) {
	a, b := secret{models.Spins{0, 1, 0, 1}}, secret{models.Spins{1, 1, 1, 1}}
	m := []models.Model{secretive{isingAt(t, 1, 1, 0, 2, 2)}, secretive{isingAt(t, 0.1, 1, 0, 2, 2)}}
	k := NewTempering([]Rung{{Model: m[0], State: a, Kernel: mc.Cycle(nil)}, {Model: m[1], State: b, Kernel: mc.Cycle(nil)}}, true, mc.NewStream(mc.NewKey(1)))
	k.Step()
	if fmt.Sprint(a, b) != "{[1 1 1 1]} {[0 1 0 1]}" {
		t.Errorf("the colder rung has %v, the other %v", a, b)
	}
}

// broken is a model whose energy is no number where spin 0 is up.
type broken struct{ *models.Ising }

func (m broken) Energy(s models.State) float64 {
	if s.(models.Spins)[0] == 1 {
		return math.NaN()
	}
	return m.Ising.Energy(s)
}

// A round trip is one from the first rung to the last and back; an energy that is
// no number refuses an exchange, and is counted after thermalization.
func TestTemperingCounts(t *testing.T) {
	const n = 4
	build := func(m models.Model) (*Tempering, []models.Spins) {
		var rungs []Rung
		var spins []models.Spins
		for r := range n {
			s := models.Spins{0, 0, 0, 0}
			s[1+r%3] = 1
			spins = append(spins, s)
			rungs = append(rungs, Rung{Model: m, State: s, Kernel: mc.Cycle(nil), Tally: &mc.Tally{Proposed: 7}})
		}
		return NewTempering(rungs, true, mc.NewStream(mc.NewKey(1))), spins
	}
	k, _ := build(isingAt(t, 0.5, 1, 0, 2, 2))
	rates, trips := make([]float64, n-1), 0.0
	for range 4 * n {
		k.Step()
		trips += k.Read(rates)
	}
	// All are accepted, so that replicas go round in 2n rounds. The first begins a
	// trip at once and makes two; the others begin one on their first way back.
	if trips != n+1 || rates[0] != 1 || rates[n-2] != 1 {
		t.Errorf("%g round trips, rates %v", trips, rates)
	}

	k, spins := build(broken{isingAt(t, 0.5, 1, 0, 2, 2)})
	k.Step()
	k.Freeze()
	spins[1][0] = 1
	for range 5 {
		k.Step()
	}
	var s mc.Snapshot
	k.Save(&s, "k")
	c, err := TemperingCounts(&s, "k", n)
	if err != nil || fmt.Sprint(c.Failed) != "[2 3 0]" || c.Tallies[2] != (mc.Tally{}) {
		t.Errorf("%+v, %v", c, err)
	}
	if spins[1][0] != 1 {
		t.Error("a configuration without an energy was exchanged")
	}
}

// A ladder that is saved and built anew after every round goes on to the same
// bits: what kernels remember of the configuration at their rung is forgotten
// after an exchange.
func TestTemperingResume(t *testing.T) {
	var rungs []*models.Phi4
	for r := range 3 {
		mass := -1 - 0.5*float64(r)
		m := &models.Phi4{Mass2: &mass, Lambda: 1}
		m.Shape = []int{2, 3}
		if err := m.Prepare(); err != nil {
			t.Fatal(err)
		}
		rungs = append(rungs, m)
	}
	build := func() (*mc.Group, *Tempering) {
		g := mc.NewGroup(0, 1, 5)
		var list []Rung
		for r, m := range rungs {
			at := fmt.Sprint(r)
			s := m.NewState(models.Hot, g.Stream(0, "start"+at))
			g.Own(s)
			c := Chain{State: s, Random: g.Stream(0, "kernel"+at), Tally: new(mc.Tally)}
			list = append(list, Rung{Model: m, State: s, Tally: c.Tally, Kernel: mc.Cycle{new(HMC).Bind(m, c), new(NUTS).Bind(m, c), new(PCN).Bind(m, c)}})
		}
		k := NewTempering(list, false, g.Stream(0, "exchange"))
		g.Kernel = k
		return g, k
	}
	whole, k := build()
	broken, piece := build()
	rates := make([]float64, 2)
	var accepted float64
	for round := range 60 {
		k.Step()
		piece.Step()
		switch {
		case round < 20:
			k.Tune()
			piece.Tune()
		case round == 20:
			k.Freeze()
			piece.Freeze()
		}
		if round%7 == 3 {
			k.Read(rates)
			piece.Read(rates)
			accepted += rates[0] + rates[1]
		}
		s := broken.Save()
		broken, piece = build()
		if err := broken.Load(s); err != nil {
			t.Fatal(err)
		}
		if round >= 20 {
			piece.Freeze()
		}
		want := whole.Save()
		for _, name := range want.Names() {
			if fmt.Sprint(s.Array(name)) != fmt.Sprint(want.Array(name)) {
				t.Fatalf("after %d rounds %s is %v, not %v", round+1, name, s.Array(name), want.Array(name))
			}
		}
	}
	if accepted < 2 {
		t.Errorf("hardly an exchange: %g", accepted)
	}
}
