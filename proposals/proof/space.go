package proof

import (
	"errors"
	"fmt"
	"slices"

	"mcrun/mc"
	"mcrun/mc/mctest"
	"mcrun/mc/param"
	"mcrun/models"
	"mcrun/proposals"
)

// A space is all states of a model, numbered from 0 in base q, site 0 counting
// fastest.
type space struct {
	model interface {
		models.Discrete
		models.Energetic
	}
	states int
	pi     []float64 // the probability of each state
}

// errTooLarge is wrapped by errors that say that a check would take too long.
var errTooLarge = errors.New("too large")

// list returns the space of a model that has so many states at most.
func list(m models.Model, most int) (*space, error) {
	model, ok := m.(interface {
		models.Discrete
		models.Energetic
	})
	if !ok {
		return nil, errors.New("the states of the model cannot be listed with their energies; it needs models.Discrete and models.Energetic")
	}
	s := &space{model: model, states: 1}
	for range m.Sites() {
		if s.states *= model.States(); s.states > most {
			return nil, fmt.Errorf("%w: the model has more than %d states; take fewer sites", errTooLarge, most)
		}
	}
	spins := make(models.Spins, m.Sites())
	s.pi = mctest.Distribution(s.states, func(state int) float64 {
		s.set(spins, state)
		return -m.Beta() * model.Energy(spins)
	})
	if low := slices.Min(s.pi); !(low > 0) {
		return nil, fmt.Errorf("some state has the probability %g; take a higher temperature", low)
	}
	return s, nil
}

// set puts spins into the state of a number.
func (s *space) set(spins models.Spins, state int) {
	q := s.model.States()
	for i := range spins {
		spins[i] = uint8(state % q)
		state /= q
	}
}

// number returns that of a state.
func (s *space) number(spins models.Spins) (state int) {
	q := s.model.States()
	for _, k := range slices.Backward(spins) {
		state = q*state + int(k)
	}
	return state
}

// chain returns a kernel on the space, and what it is bound to.
func (s *space) chain(spec proposals.Spec, c proposals.Chain) mctest.Chain {
	spins := c.State.(models.Spins)
	return mctest.Chain{
		Step:  spec.Bind(s.model, c).Step,
		Set:   func(state int) { s.set(spins, state) },
		State: func() int { return s.number(spins) },
	}
}

// newChain returns what a kernel is bound to.
func (s *space) newChain(random *mc.Stream) proposals.Chain {
	return proposals.Chain{
		State:  make(models.Spins, s.model.Sites()),
		Random: random,
		Tally:  new(mc.Tally),
	}
}

// name returns a model or kernel as messages name it: its type and keys.
func name(v any) string {
	text := fmt.Sprintf("%T", v)
	for _, k := range param.Encode(v) {
		text += fmt.Sprintf(" %s=%v", k.Key, k.Value)
	}
	return text
}
