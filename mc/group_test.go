package mc_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"mcrun/mc"
)

// A chain's streams depend on its number, not on the group that it is in.
func TestGroupStreams(t *testing.T) {
	four := mc.NewGroup(0, 4, 7, "model", "kernel")
	two := mc.NewGroup(2, 2, 7, "model", "kernel")
	if four.First() != 0 || four.Chains() != 4 || two.First() != 2 || two.Chains() != 2 {
		t.Errorf("chains %d from %d, and %d from %d", four.Chains(), four.First(), two.Chains(), two.First())
	}
	if a, b := four.Stream(3, "start").Uint64(), two.Stream(1, "start").Uint64(); a != b {
		t.Errorf("chain 3 begins with %d in a group from 0 and with %d in one from 2", a, b)
	}
	seen := make(map[uint64]string)
	for _, s := range []struct {
		name   string
		random *mc.Stream
	}{
		{"chain 0", four.Stream(0, "start")},
		{"chain 1", four.Stream(1, "start")},
		{"another purpose", four.Stream(0, "kernel")},
		{"another seed", mc.NewGroup(0, 4, 8, "model", "kernel").Stream(0, "start")},
		{"another kernel", mc.NewGroup(0, 4, 7, "model", "other").Stream(0, "start")},
		{"another model", mc.NewGroup(0, 4, 7, "other", "kernel").Stream(0, "start")},
		{"no kernel", mc.NewGroup(0, 4, 7, "model").Stream(0, "start")},
	} {
		v := s.random.Uint64()
		if other, taken := seen[v]; taken {
			t.Errorf("%s and %s have the same stream", s.name, other)
		}
		seen[v] = s.name
	}
}

// The identity is copied where streams of several chains are made from it.
func TestGroupIdentityIsKept(t *testing.T) {
	identity := make([]string, 1, 8) // room that an append could write to
	identity[0] = "model"
	g := mc.NewGroup(0, 2, 1, identity...)
	a := g.Stream(0, "start").Uint64()
	g.Stream(1, "kernel")
	if b := mc.NewGroup(0, 2, 1, "model").Stream(0, "start").Uint64(); a != b {
		t.Errorf("the stream begins with %d, want %d", a, b)
	}
	if extra := identity[:3]; extra[1] != "" || extra[2] != "" {
		t.Errorf("the caller's slice now goes on with %q", extra[1:])
	}
}

func TestGroupPanics(t *testing.T) {
	for _, c := range []struct{ first, chains int }{{-1, 1}, {0, 0}, {0, -1}} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%d chains from %d: no panic", c.chains, c.first)
				}
			}()
			mc.NewGroup(c.first, c.chains, 1)
		}()
	}
}

func TestGroupSavesEverything(t *testing.T) {
	a := newWalkers()
	finish(t, a, mc.Plan{Thermalize: 5, Sweeps: 20, Every: 1, Checkpoint: time.Hour})
	saved := a.Save()

	b := newWalkers()
	if err := b.Load(saved); err != nil {
		t.Fatal(err)
	}
	again := b.Save()
	if got, want := again.Names(), saved.Names(); !slices.Equal(got, want) {
		t.Fatalf("arrays %q, want %q", got, want)
	}
	for _, name := range saved.Names() {
		if !sameArray(saved.Array(name), again.Array(name)) {
			t.Errorf("%s was %v and is %v", name, saved.Array(name), again.Array(name))
		}
	}
	counters, err := saved.Counters()
	if err != nil {
		t.Fatal(err)
	}
	if counters.Thermalized != 5 || counters.Sweeps != 20 || counters.Tally != a.Tally || counters.Elapsed != a.Elapsed() {
		t.Errorf("counters %+v", counters)
	}
	if a.Tally.Proposed != 2*20 {
		t.Errorf("%d proposals are counted, want those of two chains in 20 measured sweeps", a.Tally.Proposed)
	}
	if b.Thermalized() != 5 || b.Sweeps() != 20 || b.Tally != a.Tally || b.Elapsed() != a.Elapsed() {
		t.Errorf("restored: %d, %d sweeps, %+v, %v", b.Thermalized(), b.Sweeps(), b.Tally, b.Elapsed())
	}
}

func sameArray(a, b any) bool {
	switch a := a.(type) {
	case []uint8:
		return slices.Equal(a, b.([]uint8))
	case []uint64:
		return slices.Equal(a, b.([]uint64))
	case []int64:
		return slices.Equal(a, b.([]int64))
	case []float64:
		return slices.Equal(a, b.([]float64))
	}
	return false
}

// A snapshot that lacks an array, or has one that does not fit, is refused with
// the array's name.
func TestGroupLoadErrors(t *testing.T) {
	saved := newWalkers().Save()
	for _, name := range saved.Names() {
		for _, long := range []bool{false, true} {
			var s mc.Snapshot
			for _, other := range saved.Names() {
				if other == name && !long {
					continue
				}
				put(&s, other, saved.Array(other), other == name)
			}
			if name == "group.trajectories" && !long {
				continue // as in old checkpoints
			}
			if err := newWalkers().Load(&s); err == nil || !strings.Contains(err.Error(), name) {
				t.Errorf("%s missing or too long (%t): %v; want an error that names it", name, long, err)
			}
		}
	}
	var s mc.Snapshot
	for _, name := range saved.Names() {
		if name != "group.streams" {
			put(&s, name, saved.Array(name), false)
		}
	}
	words := slices.Clone(saved.Array("group.streams").([]uint64))
	clear(words[5:9]) // the state of the second
	mc.Put(&s, "group.streams", words)
	if err := newWalkers().Load(&s); err == nil || !strings.Contains(err.Error(), "stream 1") {
		t.Errorf("%v; want an error that names stream 1", err)
	}
}

// put stores an array, too long by one element if asked.
func put(s *mc.Snapshot, name string, array any, long bool) {
	switch a := array.(type) {
	case []uint8:
		mc.Put(s, name, resized(a, long))
	case []uint64:
		mc.Put(s, name, resized(a, long))
	case []int64:
		mc.Put(s, name, resized(a, long))
	case []float64:
		mc.Put(s, name, resized(a, long))
	}
}

func resized[T any](a []T, long bool) []T {
	if long {
		return append(slices.Clone(a), *new(T))
	}
	return a
}
