package proposals

import (
	"math"

	"mcrun/mc"
	"mcrun/models"
)

// clock are the sites of a clock model on a lattice, updated one by one. The
// weight of a state, given the neighbours, is the product of what each bond weighs:
// no exponential is taken.
type clock struct {
	spins   models.Spins
	lattice *models.Lattice
	states  int
	bond    [2 << 8]float64 // exp(-beta E) of a bond, 1 at most, at the difference of its states modulo 512
	random  *mc.Stream
}

// newClock returns nil where a product might be too small for a number.
func newClock(m models.PairCoupled, c Chain) *clock {
	k, q := m.Couplings(), m.States()
	beta := m.Beta() * math.Abs(k.J)
	if 2*beta*float64(2*k.Lattice.Dims()) > 600 {
		return nil
	}
	u := &clock{spins: c.State.(models.Spins), lattice: k.Lattice, states: q, random: c.Random}
	cos, _ := models.Angles(q)
	for d, v := range cos {
		w := math.Exp(m.Beta()*k.J*v - beta)
		u.bond[d] = w
		u.bond[(d-q)&(len(u.bond)-1)] = w
	}
	return u
}

// weight returns that of a state of a site.
func (u *clock) weight(neighbours []uint32, s uint8) float64 {
	w := 1.0
	for _, j := range neighbours {
		w *= u.bond[(int(s)-int(u.spins[j]))&(len(u.bond)-1)]
	}
	return w
}

func (u *clock) metropolis(most float64) update {
	others := u.states - 1
	return func(i int) int {
		s := u.spins[i]
		to := otherState(u.random, s, others)
		neighbours := u.lattice.Neighbours(i)
		is, was := u.weight(neighbours, to), u.weight(neighbours, s)
		accepted := bit(u.random.Below(mc.Threshold(most * min(1, is/was))))
		u.spins[i] = s ^ (s^to)&-accepted
		return int(accepted)
	}
}

// heatBath draws one state after the other if none before it is drawn, the last
// first.
func (u *clock) heatBath() update {
	weight, sum := make([]float64, u.states), make([]float64, u.states)
	return func(i int) int {
		neighbours := u.lattice.Neighbours(i)
		total := 0.0
		for s := range weight {
			weight[s] = u.weight(neighbours, uint8(s))
			total += weight[s]
			sum[s] = total
		}
		s := u.states - 1
		for s > 0 && !u.random.Below(mc.Threshold(weight[s]/sum[s])) {
			s--
		}
		u.spins[i] = uint8(s)
		return 1
	}
}
