package proposals

import (
	"errors"
	"math"
	"slices"

	"mcrun/mc"
	"mcrun/models"
)

// Updates of any Discrete model, at the price of a call and an exponential for
// every change that they consider.

func discreteMetropolis(m models.Discrete, c Chain, most float64) update {
	spins, random, beta, others := c.State.(models.Spins), c.Random, m.Beta(), m.States()-1
	return func(i int) int {
		to := otherState(random, spins[i], others)
		if !random.Below(mc.Threshold(most * expMinus(beta*m.EnergyChange(spins, i, to)))) {
			return 0
		}
		spins[i] = to
		return 1
	}
}

// otherState draws one of the states other than s, of which there are so many.
func otherState(random *mc.Stream, s uint8, others int) uint8 {
	to := uint8(random.IntN(others))
	return to + bit(to >= s)
}

func discreteHeatBath(m models.Discrete, c Chain) update {
	spins, random, beta := c.State.(models.Spins), c.Random, m.Beta()
	weight := make([]float64, m.States())
	stop := make([]uint64, m.States()) // threshold of a state if none before it is drawn
	return func(i int) int {
		least := math.Inf(1)
		for s := range weight {
			weight[s] = beta * m.EnergyChange(spins, i, uint8(s))
			least = math.Min(least, weight[s])
		}
		var rest float64 // sum of the weights from s on, of which none is subtracted
		for s, w := range slices.Backward(weight) {
			w = math.Exp(least - w)
			rest += w
			stop[s] = 0
			if w > 0 {
				stop[s] = mc.Threshold(w / rest)
			}
		}
		last := len(stop) - 1
		s := 0
		for s < last && !random.Below(stop[s]) {
			s++
		}
		spins[i] = uint8(s)
		return 1
	}
}

// needDiscrete returns nil if local kernels can change the model's sites. The
// error says what else would do.
func needDiscrete(m models.Model, otherwise string) error {
	if _, ok := m.(models.Discrete); !ok {
		return errors.New("the model's sites neither take discrete states (models.Discrete) nor " + otherwise)
	}
	return nil
}
