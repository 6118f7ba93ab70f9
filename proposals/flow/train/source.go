package train

import (
	"strconv"

	"mcrun/mc"
	"mcrun/models"
	"mcrun/proposals"
)

// A Source gives configurations of the target. What it has of chains is saved
// with the training.
type Source interface {
	mc.Saver
	// Next fills x with configurations, one after the other, as the flow takes
	// them.
	Next(x []float64)
}

// A data is a set of configurations, of which each is taken with the same
// probability.
type data struct {
	states []models.State
	dim    int
	dual   models.Dualised // of the spins that the states are; else nil
	random *mc.Stream
}

// NewData returns the source that draws from given configurations of a prepared
// target, at random. Where they are spins the target is their dual, of which a new
// x is drawn each time.
func NewData(target models.Differentiable, states []models.State, g *mc.Group) Source {
	d := &data{states: states, dim: target.Dim(), random: g.Stream(0, "data")}
	if _, spins := states[0].(models.Spins); spins {
		d.dual = target.(models.Dualised)
	}
	return d
}

// Next implements Source.
func (d *data) Next(x []float64) {
	for at := 0; at < len(x); at += d.dim {
		state, one := d.states[d.random.IntN(len(d.states))], x[at:at+d.dim]
		if d.dual != nil {
			d.dual.SampleX(state.(models.Spins), one, d.random)
		} else {
			copy(one, state.(models.Field))
		}
	}
}

// Save implements [mc.Saver]. The stream is the group's.
func (*data) Save(*mc.Snapshot, string) {}

// Load implements [mc.Saver].
func (*data) Load(*mc.Snapshot, string) error { return nil }

// A sampler are chains of the target, from which no configuration is taken twice.
type sampler struct {
	chains []samplerChain
	passes int // from one configuration of a chain to the next
	next   int // chain to be taken
	warm   bool
	dual   models.Dualised // of the chains' spins, from which x is drawn; else nil
	random *mc.Stream      // for that
}

type samplerChain struct {
	state  models.State
	kernel mc.Kernel
}

const (
	samplerChains = 64
	samplerWarmup = 500 // passes before the first configuration
)

// NewSampler returns the source that runs chains of a prepared model by kernels in
// turn, so many passes from one configuration of a chain to its next. Where dual
// is not nil the model is one of spins, and the configurations are drawn from
// them: exactly, as x is given the spins.
func NewSampler(m models.Model, dual models.Dualised, kernels []proposals.Spec, passes int, g *mc.Group) Source {
	s := &sampler{passes: passes, dual: dual, random: g.Stream(0, "x of samples")}
	var ignored mc.Tally
	for c := range samplerChains {
		name := func(purpose string) string { return purpose + " of sampler " + strconv.Itoa(c) }
		state := m.NewState(models.Hot, g.Stream(0, name("start")))
		var cycle mc.Cycle
		for i, k := range kernels {
			random := g.Stream(0, name("kernel "+strconv.Itoa(i)))
			cycle = append(cycle, k.Bind(m, proposals.Chain{State: state, Random: random, Tally: &ignored}))
		}
		s.chains = append(s.chains, samplerChain{state, cycle})
	}
	return s
}

// Next implements Source.
func (s *sampler) Next(x []float64) {
	if !s.warm {
		for _, c := range s.chains {
			cycle := c.kernel.(mc.Cycle)
			for range samplerWarmup {
				cycle.Step()
				cycle.Tune()
			}
			cycle.Freeze()
		}
		s.warm = true
	}
	for len(x) > 0 {
		c := &s.chains[s.next]
		s.next = (s.next + 1) % len(s.chains)
		for range s.passes {
			c.kernel.Step()
		}
		var n int
		if s.dual != nil {
			spins := c.state.(models.Spins)
			n = len(spins)
			s.dual.SampleX(spins, models.Field(x[:n]), s.random)
		} else {
			n = copy(x, c.state.(models.Field))
		}
		x = x[n:]
	}
}

// Save implements [mc.Saver].
func (s *sampler) Save(snap *mc.Snapshot, prefix string) {
	warm := int64(0)
	if s.warm {
		warm = 1
	}
	mc.Put(snap, prefix+".sampler", []int64{int64(s.next), warm})
	for i, c := range s.chains {
		at := prefix + "." + strconv.Itoa(i)
		c.state.Save(snap, at)
		c.kernel.(mc.Cycle).Save(snap, at+".kernel")
	}
}

// Load implements [mc.Saver].
func (s *sampler) Load(snap *mc.Snapshot, prefix string) error {
	numbers := make([]int64, 2)
	if err := mc.Get(snap, prefix+".sampler", numbers); err != nil {
		return err
	}
	s.next, s.warm = int(numbers[0]), numbers[1] != 0
	for i, c := range s.chains {
		at := prefix + "." + strconv.Itoa(i)
		if err := c.state.Load(snap, at); err != nil {
			return err
		}
		cycle := c.kernel.(mc.Cycle)
		if err := cycle.Load(snap, at+".kernel"); err != nil {
			return err
		}
		if s.warm {
			cycle.Freeze()
		}
	}
	return nil
}
