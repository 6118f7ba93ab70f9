package proposals

import (
	"math"
	"slices"
	"testing"

	"mcrun/mc"
	"mcrun/models"
)

// Broken twins, as in TestBrokenTwins, of the kernels for graphs, colours and
// vacancies.
func TestBrokenRelatives(t *testing.T) {
	var (
		colours   = pottsOn(3, 1, 1, 4)
		square    = pottsOn(3, 1, 1, 2, 2)
		vacancies = spinOneOn(0.5, 1, 0.4, 0, 4)
		triangle  = spinGraph(0.6, 0, 0, 0, 0, 0)
		fields    = spinGraph(0.5, 0.3, -0.4, 0, 0.2, -0.6)
	)
	for _, c := range []struct {
		name    string
		twin    func(s *system, c Chain, mistake string) (step func())
		right   Spec
		mistake string
		at      *system
	}{
		{"heat-bath", pottsTwin, &HeatBath{Sequential}, "extra weight exp(beta J n)", colours},
		{"heat-bath", pottsTwin, &HeatBath{Sequential}, "extra weight for every neighbour", colours},
		{"heat-bath", pottsTwin, &HeatBath{Sequential}, "own colour not offered", colours},
		{"wolff", anyWolffTwin, new(Wolff), "exponent doubled", colours},
		{"wolff", anyWolffTwin, new(Wolff), "colour not uniform", square},
		{"wolff", anyWolffTwin, new(Wolff), "vacancy joined", vacancies},
		{"wolff", anyWolffTwin, new(Wolff), "flipped sites join again", triangle},
		{"wolff", anyWolffTwin, new(Wolff), "sign of J left out", triangle},
		{"wolff", anyWolffTwin, new(Wolff), "no acceptance", fields},
		{"wolff", anyWolffTwin, new(Wolff), "field of the seed alone", fields},
		{"swendsen-wang", anySwendsenWangTwin, new(SwendsenWang), "exponent doubled", colours},
		{"swendsen-wang", anySwendsenWangTwin, new(SwendsenWang), "colour not uniform", square},
		{"swendsen-wang", anySwendsenWangTwin, new(SwendsenWang), "vacancy joined", vacancies},
		{"swendsen-wang", anySwendsenWangTwin, new(SwendsenWang), "sign of J left out", triangle},
		{"swendsen-wang", anySwendsenWangTwin, new(SwendsenWang), "ghost against the sign", fields},
		{"swendsen-wang", anySwendsenWangTwin, new(SwendsenWang), "mean field for every ghost", fields},
	} {
		name := c.at.String() + " " + c.name
		right := c.at.walk(t, func(chain Chain) func() { return c.twin(c.at, chain, "") })
		same(t, name, c.at.transitions(t, c.right), right)
		broken := c.at.walk(t, func(chain Chain) func() { return c.twin(c.at, chain, c.mistake) })
		if broken.Invariant(c.at.weights()) == nil {
			t.Errorf("%s, %s: not found out", name, c.mistake)
		}
	}
}

// pottsTwin is the heat bath of a Potts model by its extra weights.
func pottsTwin(s *system, c Chain, mistake string) func() {
	x := c.State.(models.Spins)
	return func() {
		for i := range x {
			extra := make([]float64, s.states)
			number := make([]float64, s.states)
			for _, j := range s.couplings.Lattice.Neighbours(i) {
				number[x[j]]++
			}
			total := float64(s.states)
			for k, n := range number {
				if mistake == "own colour not offered" && uint8(k) == x[i] {
					continue
				}
				switch {
				case n == 0:
				case mistake == "extra weight exp(beta J n)":
					extra[k] = math.Exp(s.beta * n)
				case mistake == "extra weight for every neighbour":
					extra[k] = n * math.Expm1(s.beta)
				default:
					extra[k] = math.Expm1(s.beta * n)
				}
				total += extra[k]
			}
			drawn := false
			for k, w := range extra {
				if c.Random.Below(mc.Threshold(w / total)) {
					x[i], drawn = uint8(k), true
					break
				}
				total -= w
			}
			if !drawn {
				x[i] = uint8(c.Random.IntN(s.states))
			}
		}
	}
}

// active returns the probability that a bond is active.
func (s *system) active(b models.Bond, x models.Spins, mistake string) float64 {
	factor := 2.0
	if s.couplings.Pair == models.Equal {
		factor = 1
	}
	if mistake == "exponent doubled" {
		factor *= 2
	}
	if mistake == "vacancy joined" && x[b.I] == x[b.J] {
		return -math.Expm1(-factor * s.beta * b.Coupling)
	}
	gain := 0.0 // what is lost if the bond is not satisfied
	switch {
	case s.couplings.Pair == models.Equal && x[b.I] == x[b.J]:
		gain = b.Coupling
	case s.couplings.Pair == models.Product:
		gain = b.Coupling * s.spin(x[b.I]) * s.spin(x[b.J])
		if mistake == "sign of J left out" {
			gain = math.Abs(b.Coupling) * s.spin(x[b.I]) * s.spin(x[b.J])
		}
	}
	return -math.Expm1(-factor * s.beta * math.Max(0, gain))
}

// change gives a cluster its new state.
func (s *system) change(c Chain, cluster []int, mistake string) {
	x := c.State.(models.Spins)
	from := x[cluster[0]]
	var to uint8
	if s.couplings.Pair == models.Equal {
		colours := s.states - 1
		if mistake == "colour not uniform" {
			colours++
		}
		to = uint8(c.Random.IntN(colours) % (s.states - 1))
		if to >= from {
			to++
		}
	}
	for _, i := range cluster {
		switch {
		case s.couplings.Pair == models.Equal:
			x[i] = to
		case mistake == "vacancy joined" && s.states == 3 && x[i] == 1:
			x[i] = 2
		default:
			x[i] = uint8(s.states-1) - x[i]
		}
	}
}

func anyWolffTwin(s *system, c Chain, mistake string) func() {
	x := c.State.(models.Spins)
	return func() {
		was := slices.Clone(x)
		seed := c.Random.IntN(len(x))
		if s.states == 3 && s.couplings.Pair == models.Product && x[seed] == 1 && mistake != "vacancy joined" {
			return
		}
		cluster := []int{seed}
		for n := 0; n < len(cluster); n++ {
			i := cluster[n]
			for _, b := range s.bonds {
				if b.J == i {
					b.I, b.J = b.J, b.I
				}
				if b.I != i {
					continue
				}
				inside := slices.Contains(cluster, b.J)
				if inside && mistake != "flipped sites join again" {
					continue
				}
				y := slices.Clone(was)
				if inside { // as if it had been flipped and not marked
					y[b.J] ^= 1
				}
				if !c.Random.Below(mc.Threshold(s.active(b, y, mistake))) {
					continue
				}
				if inside {
					was[b.J] ^= 1 // and so it is flipped once more
					continue
				}
				cluster = append(cluster, b.J)
			}
		}
		var sum float64
		for _, i := range cluster {
			sum += s.fields[i] * s.spin(was[i])
		}
		switch mistake {
		case "no acceptance":
			sum = 0
		case "field of the seed alone":
			sum = s.fields[seed] * s.spin(was[seed])
		}
		if c.Random.Below(mc.Threshold(math.Min(1, math.Exp(-2*s.beta*sum)))) {
			copy(x, was)
			s.change(c, cluster, mistake)
		}
	}
}

func anySwendsenWangTwin(s *system, c Chain, mistake string) func() {
	x := c.State.(models.Spins)
	return func() {
		cluster := make([]int, len(x)) // the number of a site's cluster, -1 that of the ghost
		for i := range cluster {
			cluster[i] = i
		}
		rename := func(from, to int) {
			for i, k := range cluster {
				if k == from {
					cluster[i] = to
				}
			}
		}
		for _, b := range s.bonds {
			if c.Random.Below(mc.Threshold(s.active(b, x, mistake))) {
				rename(max(cluster[b.I], cluster[b.J]), min(cluster[b.I], cluster[b.J]))
			}
		}
		for i, h := range s.fields {
			gain := h * s.spin(x[i])
			switch mistake {
			case "ghost against the sign":
				gain = -gain
			case "mean field for every ghost":
				gain = 0.3 * s.spin(x[i])
			}
			if c.Random.Below(mc.Threshold(-math.Expm1(-2 * s.beta * math.Max(0, gain)))) {
				rename(cluster[i], -1)
			}
		}
		for k := range x {
			var sites []int
			for i := range x {
				if cluster[i] == k {
					sites = append(sites, i)
				}
			}
			if len(sites) == 0 {
				continue
			}
			// A cluster keeps its state with probability 1/q.
			stays := 1 / float64(s.states)
			if s.couplings.Pair == models.Product {
				stays = 0.5
			}
			if !c.Random.Below(mc.Threshold(stays)) {
				s.change(c, sites, mistake)
			}
		}
	}
}
