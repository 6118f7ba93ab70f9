package proposals

import (
	"math"

	"mcrun/mc"
	"mcrun/models"
)

// HeatBath draws the state of a site anew from its distribution given all
// other sites,
//
//	p(k) ~ exp(-beta H(s with s_i = k))
//
// (M. Creutz, Phys. Rev. D 21, 2308 (1980); R. J. Glauber, J. Math. Phys. 4,
// 294 (1963)). One step is N sites. It is rejection-free; with Order Random
// a step is reversible. It is ergodic in every order, since every state of
// a site has a positive probability.
type HeatBath struct {
	Order Order `card:"order" default:"checkerboard" oneof:"random sequential checkerboard" doc:"order in which the sites are visited"`
}

func init() {
	Register(Entry{
		Name: "heat-bath",
		Doc:  "local updates from the conditional distribution; one step is N sites",
		New:  func() Spec { return new(HeatBath) },
	})
}

// Check implements Spec.
func (*HeatBath) Check(m models.Model) error { return needDiscrete(m) }

// Ergodic implements Spec.
func (*HeatBath) Ergodic(models.Model) error { return nil }

// Bind implements Spec.
func (k *HeatBath) Bind(m models.Model, c Chain) mc.Kernel {
	order := k.Order.orDefault()
	if m, ok := m.(models.PairCoupled); ok {
		return newLocal(m, c, nil, order, func(dE float64) float64 { return 1 / (1 + math.Exp(dE)) })
	}
	d := m.(models.Discrete)
	spins, beta := c.State.(models.Spins), m.Beta()
	weight := make([]float64, d.States())
	return &localDiscrete{spins: spins, random: c.Random, drawn: order == Random, update: func(i int) {
		least := math.Inf(1)
		for s := range weight {
			weight[s] = beta * d.EnergyChange(spins, i, uint8(s))
			least = math.Min(least, weight[s])
		}
		var sum float64
		for s := range weight {
			weight[s] = math.Exp(least - weight[s])
			sum += weight[s]
		}
		// State s is drawn if none before it was, with probability
		// weight[s]/(sum of the weights from s on).
		last := len(weight) - 1
		s := 0
		for s < last && !c.Random.Below(mc.Threshold(weight[s]/sum)) {
			sum -= weight[s]
			s++
		}
		spins[i] = uint8(s)
	}}
}
