package proposals

import (
	"math"

	"mcrun/mc"
	"mcrun/models"
)

// potts are the sites of a Potts model on a lattice, updated one by one. What a
// state costs depends on how many neighbours are equal to it.
type potts struct {
	spins   models.Spins
	lattice *models.Lattice
	states  int
	k       float64 // beta J
	random  *mc.Stream
}

func newPotts(m models.PairCoupled, c Chain) *potts {
	k := m.Couplings()
	return &potts{c.State.(models.Spins), k.Lattice, m.States(), m.Beta() * k.J, c.Random}
}

func (p *potts) metropolis(most float64) update {
	z := 2 * p.lattice.Dims()
	accept := make([]uint64, 2*z+1) // at z + the bonds that the change breaks
	for lost := -z; lost <= z; lost++ {
		accept[z+lost] = mc.Threshold(most * expMinus(p.k*float64(lost)))
	}
	others := p.states - 1
	return func(i int) int {
		s := p.spins[i]
		to := otherState(p.random, s, others)
		at := z
		for _, j := range p.lattice.Neighbours(i) {
			at += int(bit(p.spins[j] == s)) - int(bit(p.spins[j] == to))
		}
		changed := bit(p.random.Below(accept[at])) // unpredictable: not branched on
		p.spins[i] = s ^ (s^to)&-changed
		return int(changed)
	}
}

// heatBath draws state k with probability proportional to
//
//	exp(beta J n_k) = 1 + sum_{m=1}^{n_k} (exp(beta J m) - exp(beta J (m-1))),
//
// n_k being the number of neighbours in state k. For J >= 0 no term is negative:
// each neighbour offers its own state, the m-th of a state with the m-th term as
// its weight, and the ones together are a state drawn uniformly, of weight q.
// So the cost does not grow with q. It must not be used for J < 0, nor for more
// than pottsNeighbours neighbours.
func (p *potts) heatBath() update {
	z := 2 * p.lattice.Dims()
	stop := p.offers(z)
	var number [1 << 8]uint8 // n_k, 0 between updates
	return func(i int) int {
		neighbours := p.lattice.Neighbours(i)
		pattern, place := 0, 1 // place: n!
		for n, j := range neighbours {
			s := p.spins[j]
			pattern += place * int(number[s])
			place *= n + 1
			number[s]++
		}
		for _, j := range neighbours {
			number[p.spins[j]] = 0
		}
		stops := stop[z*pattern : z*pattern+z]
		for n := z - 1; n >= 0; n-- { // the last of a state offers most
			if p.random.Below(stops[n]) {
				p.spins[i] = p.spins[neighbours[n]]
				return 1
			}
		}
		p.spins[i] = uint8(p.random.IntN(p.states))
		return 1
	}
}

// pottsNeighbours bounds the table that offers makes.
const pottsNeighbours = 8

// offers returns, for each pattern of z neighbours, the thresholds with which
// each of them gives the site its state if none after it does. The pattern is
// sum_n n! r_n, where r_n of the neighbours before the n-th, counted from 0, are
// in its state.
func (p *potts) offers(z int) []uint64 {
	// Where beta J is so large that the exponentials would overflow, a larger
	// one makes no difference to probabilities of 64 bits.
	k := min(p.k, 700/float64(z))
	patterns := 1
	for n := range z {
		patterns *= n + 1
	}
	stop := make([]uint64, 0, patterns*z)
	for pattern := range patterns {
		sum := float64(p.states)
		for n := range z {
			weight := math.Exp(k*float64(pattern%(n+1))) * math.Expm1(k)
			pattern /= n + 1
			sum += weight
			stop = append(stop, mc.Threshold(weight/sum))
		}
	}
	return stop
}
