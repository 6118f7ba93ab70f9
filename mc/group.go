package mc

import (
	"errors"
	"fmt"
	"strconv"
	"sync/atomic"
	"time"
)

// A Group is what a worker advances and a checkpoint holds: one chain, or
// several that one kernel advances together. Which chains form a group is
// decided by the run card alone, never by the machine.
//
// Fill in Kernel, Probe and Row before running the group; draw every random
// stream from it and let it own every configuration, so that its checkpoints
// are complete.
type Group struct {
	Kernel Kernel // advances the chains; saved if it is a Saver, tuned if it is a Tuner
	Probe  Probe  // reads the chains
	Row    int    // values that Probe writes for each chain
	Tally  Tally  // proposals since the end of thermalization

	// Check says what is wrong with the chains as they are, if there is no use
	// in going on, as with a number that is NaN; nil finds nothing wrong. It
	// changes nothing, and is called now and then, and before each checkpoint,
	// so that a checkpoint holds nothing that it finds wrong.
	Check func() error

	// Export appends to dst the configuration of a chain of the group, 0
	// being its first, as a Sink keeps it: always as many bytes, numbers
	// little-endian. A group needs it where its plan saves configurations.
	Export func(chain int, dst []byte) []byte

	first, chains int
	seed          uint64
	identity      []string
	savers        []Saver
	streams       []*Stream

	thermal, sweeps atomic.Int64  // sweeps of thermalization and measured sweeps made so far
	elapsed         atomic.Int64  // nanoseconds of the measured sweeps, recording included
	kernel          time.Duration // the part of elapsed spent in the kernel
	at              Sweep         // the last one begun
}

// NewGroup returns a group of the chains numbered from first on. The seed of
// the run and identity, the parts by which the group's proposal differs from
// others, determine the group's random streams (see [NewKey]).
func NewGroup(first, chains int, seed uint64, identity ...string) *Group {
	if first < 0 || chains < 1 {
		panic("mc: a group needs at least one chain, numbered from 0")
	}
	return &Group{first: first, chains: chains, seed: seed, identity: identity}
}

// First returns the number of the group's first chain.
func (g *Group) First() int { return g.first }

// Chains returns how many chains the group holds.
func (g *Group) Chains() int { return g.chains }

// Stream returns the random stream of a chain of the group, 0 being its
// first, for a purpose. The group saves and restores it. Two streams of one
// chain must not have the same purpose.
func (g *Group) Stream(chain int, purpose string) *Stream {
	parts := append(append([]string(nil), g.identity...), strconv.Itoa(g.first+chain), purpose)
	s := NewStream(NewKey(g.seed, parts...))
	g.streams = append(g.streams, s)
	return s
}

// Own makes a configuration, or what else outlives a step and is not part
// of Kernel, a part of the group's checkpoints.
func (g *Group) Own(s Saver) { g.savers = append(g.savers, s) }

// Thermalized returns the sweeps of thermalization made so far. It may be
// called while the group runs.
func (g *Group) Thermalized() int { return int(g.thermal.Load()) }

// Sweeps returns the measured sweeps made so far. It may be called while the
// group runs.
func (g *Group) Sweeps() int { return int(g.sweeps.Load()) }

// A Sweep is one of those that a group makes.
type Sweep struct {
	Number  int  // from 1; 0: none has been made
	Thermal bool // of thermalization, else measured
}

// String names the sweep in a sentence.
func (s Sweep) String() string {
	switch {
	case s.Number == 0:
		return "start"
	case s.Thermal:
		return fmt.Sprintf("sweep %d of thermalization", s.Number)
	}
	return fmt.Sprintf("measured sweep %d", s.Number)
}

// At returns the sweep that Run is making, or has made last. It is to be called
// by the goroutine that called Run, for example after a panic.
func (g *Group) At() Sweep { return g.at }

// A Fault is the error of chains that have come to what Check finds wrong.
type Fault struct {
	Sweep Sweep // after which it was found
	Err   error // what Check says
}

// Error implements error.
func (f *Fault) Error() string { return f.Sweep.String() + ": " + f.Err.Error() }

// Unwrap returns what Check says.
func (f *Fault) Unwrap() error { return f.Err }

// Elapsed returns the time that the measured sweeps took so far, recording
// included. It may be called while the group runs.
func (g *Group) Elapsed() time.Duration { return time.Duration(g.elapsed.Load()) }

// Counters are what a group has counted.
type Counters struct {
	Thermalized, Sweeps int           // sweeps of thermalization, and measured
	Elapsed             time.Duration // of the measured sweeps, recording included
	Kernel              time.Duration // the part of Elapsed spent in the kernel
	Tally               Tally         // of the measured sweeps
}

// Counters returns the counters of the group that was saved.
func (s *Snapshot) Counters() (Counters, error) {
	var sweeps, nanoseconds [2]int64
	var tally [2]uint64
	var paths [3]uint64
	err := errors.Join(
		Get(s, "group.sweeps", sweeps[:]),
		Get(s, "group.nanoseconds", nanoseconds[:]),
		Get(s, "group.tally", tally[:]),
	)
	if s.Array(trajectories) != nil { // which old checkpoints do not have
		err = errors.Join(err, Get(s, trajectories, paths[:]))
	}
	return Counters{
		Thermalized: int(sweeps[0]),
		Sweeps:      int(sweeps[1]),
		Elapsed:     time.Duration(nanoseconds[0]),
		Kernel:      time.Duration(nanoseconds[1]),
		Tally:       Tally{tally[0], tally[1], paths[0], paths[1], paths[2]},
	}, err
}

// trajectories is the array of what is counted of trajectories.
const trajectories = "group.trajectories"

// Save returns the state of the group.
func (g *Group) Save() *Snapshot {
	s := new(Snapshot)
	Put(s, "group.sweeps", []int64{g.thermal.Load(), g.sweeps.Load()})
	Put(s, "group.nanoseconds", []int64{g.elapsed.Load(), int64(g.kernel)})
	Put(s, "group.tally", []uint64{g.Tally.Proposed, g.Tally.Accepted})
	Put(s, trajectories, []uint64{g.Tally.Trajectories, g.Tally.Diverged, g.Tally.Cut})
	words := make([]uint64, streamWords*len(g.streams))
	for i, r := range g.streams {
		r.encode(words[streamWords*i:][:streamWords])
	}
	Put(s, "group.streams", words)
	for i, o := range g.savers {
		o.Save(s, member("state", i))
	}
	if k, ok := g.Kernel.(Saver); ok {
		k.Save(s, "kernel")
	}
	return s
}

// Load restores the state that Save returned, in a group built in the same
// way. After an error the group must not be used.
func (g *Group) Load(s *Snapshot) error {
	c, err := s.Counters()
	if err != nil {
		return err
	}
	words := make([]uint64, streamWords*len(g.streams))
	if err := Get(s, "group.streams", words); err != nil {
		return err
	}
	for i, r := range g.streams {
		if err := r.decode(words[streamWords*i:][:streamWords]); err != nil {
			return fmt.Errorf("%w: stream %d", err, i)
		}
	}
	for i, o := range g.savers {
		if err := o.Load(s, member("state", i)); err != nil {
			return err
		}
	}
	if k, ok := g.Kernel.(Saver); ok {
		if err := k.Load(s, "kernel"); err != nil {
			return err
		}
	}
	g.thermal.Store(int64(c.Thermalized))
	g.sweeps.Store(int64(c.Sweeps))
	g.elapsed.Store(int64(c.Elapsed))
	g.kernel = c.Kernel
	g.Tally = c.Tally
	return nil
}

// member names part i of a saver.
func member(prefix string, i int) string { return prefix + "." + strconv.Itoa(i) }
