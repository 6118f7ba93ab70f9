package mc_test

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"mcrun/mc"
	"mcrun/mc/mctest"
)

// A recorder is a kernel that writes down what is done to it.
type recorder struct {
	name string
	log  *[]string
}

func (r recorder) write(what string) { *r.log = append(*r.log, what+" "+r.name) }

func (r recorder) Step()   { r.write("step") }
func (r recorder) Tune()   { r.write("tune") }
func (r recorder) Freeze() { r.write("freeze") }

func (r recorder) Save(s *mc.Snapshot, prefix string) {
	r.write("save")
	mc.Put(s, prefix+".name", []byte(r.name))
}

func (r recorder) Load(s *mc.Snapshot, prefix string) error {
	r.write("load")
	return mc.Get(s, prefix+".name", make([]byte, len(r.name)))
}

// A plain kernel can do nothing but step.
type plain func()

func (p plain) Step() { p() }

func TestComposites(t *testing.T) {
	var log []string
	a, b := recorder{"a", &log}, recorder{"b", &log}
	p := plain(func() { log = append(log, "step plain") })
	cycle := mc.Cycle{a, p, b}
	nested := mc.Cycle{mc.Steps(cycle, 2), a}
	mixture := mc.NewMixture([]mc.Kernel{a, b}, []float64{1, 1}, mc.NewStream(mc.NewKey(1)))

	var cycleSnapshot, nestedSnapshot, mixtureSnapshot mc.Snapshot
	load := func(k mc.Saver, s *mc.Snapshot) func() {
		return func() {
			if err := k.Load(s, "k"); err != nil {
				t.Error(err)
			}
		}
	}
	for _, c := range []struct {
		name string
		do   func()
		want []string
	}{
		{"cycle", cycle.Step, []string{"step a", "step plain", "step b"}},
		{"cycle", cycle.Tune, []string{"tune a", "tune b"}},
		{"cycle", cycle.Freeze, []string{"freeze a", "freeze b"}},
		{"cycle", func() { cycle.Save(&cycleSnapshot, "k") }, []string{"save a", "save b"}},
		{"cycle", load(cycle, &cycleSnapshot), []string{"load a", "load b"}},
		{"nested", nested.Step, []string{"step a", "step plain", "step b", "step a", "step plain", "step b", "step a"}},
		{"nested", nested.Tune, []string{"tune a", "tune b", "tune a"}},
		{"nested", nested.Freeze, []string{"freeze a", "freeze b", "freeze a"}},
		{"nested", func() { nested.Save(&nestedSnapshot, "k") }, []string{"save a", "save b", "save a"}},
		{"nested", load(nested, &nestedSnapshot), []string{"load a", "load b", "load a"}},
		{"mixture", mixture.Tune, []string{"tune a", "tune b"}},
		{"mixture", mixture.Freeze, []string{"freeze a", "freeze b"}},
		{"mixture", func() { mixture.Save(&mixtureSnapshot, "k") }, []string{"save a", "save b"}},
		{"mixture", load(mixture, &mixtureSnapshot), []string{"load a", "load b"}},
		{"one step", mc.Steps(a, 1).Step, []string{"step a"}},
		{"three steps", mc.Steps(a, 3).Step, []string{"step a", "step a", "step a"}},
	} {
		log = nil
		c.do()
		if !slices.Equal(log, c.want) {
			t.Errorf("%s: %q, want %q", c.name, log, c.want)
		}
	}
	if got, want := nestedSnapshot.Names(), []string{"k.0.0.0.name", "k.0.0.2.name", "k.1.name"}; !slices.Equal(got, want) {
		t.Errorf("the nested cycle is saved as %q, want %q", got, want)
	}
	if err := cycle.Load(&mc.Snapshot{}, "k"); err == nil {
		t.Error("a cycle was loaded from nothing")
	}
}

// A mixture draws each kernel with the probability that its weight says.
func TestMixtureProbabilities(t *testing.T) {
	for _, weights := range [][]float64{{3}, {1, 3}, {0.5, 0.25, 1.25, 2}, {1e-3, 1e3}, {1e300, 1e300, 1e300}} {
		p, err := mctest.Transitions(len(weights), func(random *mc.Stream) mctest.Chain {
			var at int
			var kernels []mc.Kernel
			for i := range weights {
				kernels = append(kernels, plain(func() { at = i }))
			}
			return mctest.Chain{
				Step:  mc.NewMixture(kernels, weights, random).Step,
				Set:   func(state int) { at = state },
				State: func() int { return at },
			}
		})
		if err != nil {
			t.Fatal(err)
		}
		var sum float64
		for _, w := range weights {
			sum += w / weights[0]
		}
		for i, w := range weights {
			if want := w / weights[0] / sum; math.Abs(p[0][i]-want) > 1e-15 {
				t.Errorf("weights %g: kernel %d is drawn with probability %v, want %v", weights, i, p[0][i], want)
			}
		}
	}
}

func TestCompositePanics(t *testing.T) {
	k := plain(func() {})
	random := mc.NewStream(mc.NewKey(1))
	mixture := func(n int, weights ...float64) func() {
		return func() { mc.NewMixture(make([]mc.Kernel, n), weights, random) }
	}
	for name, f := range map[string]func(){
		"no steps":        func() { mc.Steps(k, 0) },
		"negative steps":  func() { mc.Steps(k, -1) },
		"no kernels":      mixture(0),
		"too few weights": mixture(2, 1),
		"zero weight":     mixture(2, 1, 0),
		"negative weight": mixture(2, -1, 2),
		"NaN weight":      mixture(1, math.NaN()),
		"infinite weight": mixture(2, 1, math.Inf(1)),
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", name)
				}
			}()
			f()
		}()
	}
}

func TestTally(t *testing.T) {
	var tally mc.Tally
	tally.Add(10, 3)
	tally.Add(1, 1)
	if want := (mc.Tally{Proposed: 11, Accepted: 4}); tally != want {
		t.Errorf("%+v, want %+v", tally, want)
	}
}

func ExampleCycle() {
	up := plain(func() { fmt.Print("up ") })
	down := plain(func() { fmt.Print("down ") })
	mc.Cycle{mc.Steps(up, 2), down}.Step()
	// Output: up up down
}
