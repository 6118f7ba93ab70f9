package proposals

import (
	"math"
	"slices"
	"strings"
	"testing"

	"mcrun/mc"
	"mcrun/mc/mctest"
	"mcrun/models"
)

// A check that never fails is not known to work. Here each kernel is written
// once more, as plainly as can be, with a place for a mistake. Without it the
// twin must have the matrix of the kernel; with it the check that is named
// must fail.

// A twin makes the step of a plain kernel for two-valued spins.
type twin func(p *point, c Chain, mistake string) (step func())

// The errors of the checks begin so.
const (
	notInvariant = "mctest: not invariant"
	reducible    = "mctest: reducible"
)

func TestBrokenTwins(t *testing.T) {
	var (
		plain      = newPoint(criticalBeta, 1, 0, 2, 3)
		field      = newPoint(criticalBeta, 1, 0.3, 2, 2)
		opposed    = newPoint(1/1.5, 1, -0.3, 2, 2)
		infinite   = newPoint(0, 1, 0, 2, 2)
		staggered  = newPoint(criticalBeta, -1, 0.3, 2, 2)
		frustrated = newPoint(criticalBeta, -1, 0, 2, 3)
		ring       = newPoint(criticalBeta, 1, 0, 5)
	)
	for _, c := range []struct {
		name    string
		twin    twin
		right   Spec
		mistake string
		at      *point
		want    string
	}{
		{"metropolis", metropolisTwin, &Metropolis{Sequential}, "sign of dE", plain, notInvariant},
		{"metropolis", metropolisTwin, &Metropolis{Sequential}, "field left out", field, notInvariant},
		{"metropolis", metropolisTwin, &Metropolis{Sequential}, "half of dE", plain, notInvariant},
		{"metropolis", metropolisTwin, &Metropolis{Sequential}, "stale field", plain, notInvariant},
		{"metropolis", metropolisTwin, &Metropolis{Sequential}, "not lazy", infinite, reducible},
		{"heat-bath", heatBathTwin, &HeatBath{Sequential}, "denominator", plain, notInvariant},
		{"heat-bath", heatBathTwin, &HeatBath{Sequential}, "exponent", plain, notInvariant},
		{"heat-bath", heatBathTwin, &HeatBath{Sequential}, "one site left out", plain, reducible},
		{"wolff", wolffTwin, new(Wolff), "1-exp(-beta J)", plain, notInvariant},
		{"wolff", wolffTwin, new(Wolff), "no acceptance", field, notInvariant},
		{"wolff", wolffTwin, new(Wolff), "exp(-beta h M)", opposed, notInvariant},
		{"wolff", wolffTwin, new(Wolff), "unsigned sum", staggered, notInvariant},
		{"wolff", wolffTwin, new(Wolff), "flipped sites join again", frustrated, notInvariant},
		{"swendsen-wang", swendsenWangTwin, new(SwendsenWang), "1-exp(-beta J)", ring, notInvariant},
		{"swendsen-wang", swendsenWangTwin, new(SwendsenWang), "each bond in both directions", ring, notInvariant},
		{"swendsen-wang", swendsenWangTwin, new(SwendsenWang), "1-exp(-beta h)", field, notInvariant},
		{"swendsen-wang", swendsenWangTwin, new(SwendsenWang), "ghost flipped", field, notInvariant},
		{"swendsen-wang", swendsenWangTwin, new(SwendsenWang), "ghost against the field", opposed, notInvariant},
	} {
		walk := func(mistake string) mctest.Matrix {
			return c.at.walk(t, func(chain Chain) func() { return c.twin(c.at, chain, mistake) })
		}
		name := c.at.String() + " " + c.name
		same(t, name, c.at.transitions(t, c.right), walk(""))

		broken := walk(c.mistake)
		err := broken.Invariant(c.at.weights)
		if c.want == reducible {
			if err != nil {
				t.Errorf("%s, %s: %v; only reducible was meant", name, c.mistake, err)
			}
			err = broken.Irreducible()
		}
		if err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%s, %s: %v, want %s", name, c.mistake, err, c.want)
		}
	}
}

// A cycle is no better than the worst of its kernels.
func TestBrokenCycle(t *testing.T) {
	p := newPoint(criticalBeta, 1, 0.3, 2, 2)
	for _, c := range []struct {
		mistake string
		valid   bool
	}{{"", true}, {"no acceptance", false}} {
		matrix := p.walk(t, func(chain Chain) func() {
			wolff := stepFunc(wolffTwin(p, chain, c.mistake))
			return mc.Cycle{wolff, (&HeatBath{Sequential}).Bind(p.ising, chain)}.Step
		})
		if err := matrix.Invariant(p.weights); c.valid != (err == nil) {
			t.Errorf("cycle with wolff, mistake %q: %v", c.mistake, err)
		}
	}
}

type stepFunc func()

func (f stepFunc) Step() { f() }

// Where states are proposed with different probabilities in the two directions
// the acceptance needs their ratio (W. K. Hastings, Biometrika 57, 97 (1970)).
func TestBrokenHastings(t *testing.T) {
	m := &blumeCapel{models.NewLattice(3), 0.7, 1, 0.3, 0.2}
	for _, hastings := range []bool{true, false} {
		p := m.walk(t, func(c Chain) func() {
			s := c.State.(models.Spins)
			return func() {
				for i := range s {
					// One up or down; from either end only inwards.
					to, ratio := uint8(1), 0.5
					if s[i] == 1 {
						to, ratio = uint8(2*c.Random.IntN(2)), 2
					}
					if !hastings {
						ratio = 1
					}
					accept := ratio * math.Exp(-m.beta*m.EnergyChange(s, i, to))
					if c.Random.Below(mc.Threshold(accept)) {
						s[i] = to
					}
				}
			}
		})
		if err := p.Invariant(m.weights()); hastings != (err == nil) {
			t.Errorf("with the ratio of proposals: %v: %v", hastings, err)
		}
	}
}

// spin returns s_i.
func spin(s models.Spins, i int) float64 { return float64(2*int(s[i]) - 1) }

// localField returns the sum of J s_j over the neighbours, and h.
func localField(p *point, s models.Spins, i int) float64 {
	sum := p.h
	for _, j := range p.ising.Couplings().Lattice.Neighbours(i) {
		sum += p.j * spin(s, int(j))
	}
	return sum
}

func metropolisTwin(p *point, c Chain, mistake string) func() {
	s := c.State.(models.Spins)
	fields := make([]float64, len(s))
	return func() {
		for i := range s {
			fields[i] = localField(p, s, i)
		}
		for i := range s {
			if mistake != "stale field" {
				fields[i] = localField(p, s, i)
			}
			dE := 2 * spin(s, i) * fields[i]
			most := 31. / 32
			switch mistake {
			case "sign of dE":
				dE = -dE
			case "field left out":
				dE -= 2 * spin(s, i) * p.h
			case "half of dE":
				dE /= 2
			case "not lazy":
				most = 1
			}
			if c.Random.Below(mc.Threshold(most * math.Min(1, math.Exp(-p.beta*dE)))) {
				s[i] ^= 1
			}
		}
	}
}

func heatBathTwin(p *point, c Chain, mistake string) func() {
	s := c.State.(models.Spins)
	return func() {
		for i := range s {
			x := p.beta * 2 * spin(s, i) * localField(p, s, i)
			flip := 1 / (1 + math.Exp(x))
			switch mistake {
			case "denominator":
				flip = 1 / (2 + math.Exp(x))
			case "exponent":
				flip = 1 / (1 + math.Exp(x/2))
			case "one site left out":
				if i == 0 {
					continue
				}
			}
			if c.Random.Below(mc.Threshold(flip)) {
				s[i] ^= 1
			}
		}
	}
}

func wolffTwin(p *point, c Chain, mistake string) func() {
	s := c.State.(models.Spins)
	exponent := 2 * p.beta * math.Abs(p.j)
	if mistake == "1-exp(-beta J)" {
		exponent /= 2
	}
	join := mc.Threshold(1 - math.Exp(-exponent))
	return func() {
		was := append(models.Spins(nil), s...)
		inside := make([]bool, len(s))
		cluster := []int{c.Random.IntN(len(s))}
		inside[cluster[0]] = true
		s[cluster[0]] ^= 1
		for n := 0; n < len(cluster); n++ {
			i := cluster[n]
			for _, j := range p.ising.Couplings().Lattice.Neighbours(i) {
				if inside[j] && mistake != "flipped sites join again" {
					continue
				}
				// Site i has been flipped, a site outside has not.
				if p.j*spin(s, i)*spin(s, int(j)) < 0 && c.Random.Below(join) {
					if inside[j] {
						s[j] ^= 1
						continue
					}
					inside[j] = true
					s[j] ^= 1
					cluster = append(cluster, int(j))
				}
			}
		}
		var sum float64
		for _, i := range cluster {
			sum += spin(was, i)
		}
		switch mistake {
		case "unsigned sum":
			sum = math.Copysign(float64(len(cluster)), spin(was, cluster[0]))
		case "exp(-beta h M)":
			sum /= 2
		case "no acceptance":
			sum = 0
		}
		if !c.Random.Below(mc.Threshold(math.Min(1, math.Exp(-2*p.beta*p.h*sum)))) {
			copy(s, was)
		}
	}
}

func swendsenWangTwin(p *point, c Chain, mistake string) func() {
	s := c.State.(models.Spins)
	bond, ghost := 2*p.beta*math.Abs(p.j), 2*p.beta*math.Abs(p.h)
	along := math.Copysign(1, p.h)
	switch mistake {
	case "1-exp(-beta J)":
		bond /= 2
	case "1-exp(-beta h)":
		ghost /= 2
	case "ghost against the field":
		along = -along
	}
	active, tied := mc.Threshold(1-math.Exp(-bond)), mc.Threshold(1-math.Exp(-ghost))
	return func() {
		cluster := make([]int, len(s)) // the number of a site's cluster
		for i := range cluster {
			cluster[i] = i
		}
		for i := range s {
			for n, j := range p.ising.Couplings().Lattice.Neighbours(i) {
				if n%2 == 1 && mistake != "each bond in both directions" {
					continue
				}
				if p.j*spin(s, i)*spin(s, int(j)) > 0 && c.Random.Below(active) {
					from, to := cluster[j], cluster[i]
					for k := range cluster {
						if cluster[k] == from {
							cluster[k] = to
						}
					}
				}
			}
		}
		held := make([]bool, len(s))
		for i := range s {
			if spin(s, i) == along && c.Random.Below(tied) && mistake != "ghost flipped" {
				held[cluster[i]] = true
			}
		}
		for k := range s {
			if held[k] || !slices.Contains(cluster, k) || !c.Random.Below(half) {
				continue
			}
			for i := range s {
				if cluster[i] == k {
					s[i] ^= 1
				}
			}
		}
	}
}
