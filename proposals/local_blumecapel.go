package proposals

import (
	"math"

	"mcrun/mc"
	"mcrun/models"
)

// spinOne are spins -1, 0, 1 on a lattice, all bonds and fields of which are
// alike, as in the Blume-Capel model, updated one by one. What a state costs depends on the sum of the
// neighbours' spins.
type spinOne struct {
	spins   models.Spins
	lattice *models.Lattice
	random  *mc.Stream
	energy  [][3]float64 // beta H of each state, up to a constant, by the sum of the neighbours' states
}

func newSpinOne(m models.PairCoupled, c Chain) *spinOne {
	k := m.Couplings()
	z := 2 * k.Lattice.Dims()
	o := &spinOne{spins: c.State.(models.Spins), lattice: k.Lattice, random: c.Random}
	for sum := range 2*z + 1 { // state k is the spin k - 1
		local := k.J*float64(sum-z) + k.H
		var e [3]float64
		for s := range e {
			e[s] = -local * float64(s-1)
			if k.Self != nil {
				e[s] += k.Self[s]
			}
			e[s] *= m.Beta()
		}
		o.energy = append(o.energy, e)
	}
	return o
}

// neighbours returns the sum of the states of a site's neighbours.
func (o *spinOne) neighbours(i int) int {
	sum := 0
	for _, j := range o.lattice.Neighbours(i) {
		sum += int(o.spins[j])
	}
	return sum
}

func (o *spinOne) metropolis(most float64) update {
	accept := make([][3][3]uint64, len(o.energy)) // by the neighbours, from, to
	for sum, e := range o.energy {
		for from := range e {
			for to := range e {
				accept[sum][from][to] = mc.Threshold(most * expMinus(e[to]-e[from]))
			}
		}
	}
	return func(i int) int {
		s := o.spins[i]
		to := otherState(o.random, s, 2)
		changed := bit(o.random.Below(accept[o.neighbours(i)][s][to])) // unpredictable: not branched on
		o.spins[i] = s ^ (s^to)&-changed
		return int(changed)
	}
}

func (o *spinOne) heatBath() update {
	type draw struct {
		vacancy uint64 // threshold of the spin 0
		up      uint64 // threshold of the spin 1 if it is not 0
	}
	draws := make([]draw, len(o.energy))
	for sum, e := range o.energy {
		least := min(e[0], e[1], e[2])
		down, zero, up := math.Exp(least-e[0]), math.Exp(least-e[1]), math.Exp(least-e[2])
		draws[sum] = draw{
			vacancy: mc.Threshold(zero / (down + zero + up)),
			up:      mc.Threshold(1 / (1 + math.Exp(e[2]-e[0]))),
		}
	}
	return func(i int) int {
		d := &draws[o.neighbours(i)]
		if o.random.Below(d.vacancy) {
			o.spins[i] = 1
		} else {
			o.spins[i] = 2 * bit(o.random.Below(d.up))
		}
		return 1
	}
}
