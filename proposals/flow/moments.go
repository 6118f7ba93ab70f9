package flow

import (
	"fmt"
	"math"

	"mcrun/mc"
	"mcrun/mc/param"
	"mcrun/models"
	"mcrun/proposals"
	"mcrun/proposals/flow/kern"
)

// moments are what the whitening and the prior of a flow are made of: averages
// over configurations of the target.
type moments struct {
	power        []float64 // <|x_k|^2>/N of each class of modes, if there is a lattice
	mean         float64   // <m>, m the mean of the coordinates
	mean2, mean4 float64   // <m^2>, <m^4>
	site2, site4 float64   // <x^2>, <x^4> of the coordinates
}

// measured is how many configurations are drawn for the moments, in chains of
// which half start cold. A hundredth part of each variance is of no weight: the
// layers that follow take it up.
const (
	measuredChains = 4
	measuredEach   = 2048
	thermalizeEach = 512
)

// measure draws configurations of a prepared model and returns their moments:
// for the dual of spins exact draws given spins that cluster kernels move, for
// others hybrid Monte Carlo, with clusters where these apply. The spectrum of
// a quadratic action is exact.
func measure(at site, m models.Differentiable, random *mc.Stream) moments {
	var sum moments
	var w *Whitening[float64]
	if at.sides != nil {
		unit := make([]float64, newModes(at.sides).classes)
		for c := range unit {
			unit[c] = 1
		}
		w = NewWhitening[float64](at.sides, unit, 0, false)
		sum.power = make([]float64, len(unit))
	}
	ws := new(Workspace[float64])
	x := make([]float64, kern.Lanes*at.dim)
	rows := make([]float64, len(x))
	for chain := range measuredChains {
		start := models.Hot
		if chain%2 == 1 {
			start = models.Cold
		}
		next := sampler(m, start, random)
		for range thermalizeEach {
			next(true)
		}
		for done := 0; done < measuredEach; done += kern.Lanes {
			for c := range kern.Lanes {
				copy(x[c*at.dim:(c+1)*at.dim], next(false))
			}
			sum.add(x, at.dim)
			if w != nil {
				pack(rows, x, symmetries("none", nil), nil, at.dim, kern.Lanes)
				w.transform(rows, w.forward, kern.Lanes, ws)
				for a, class := range w.class {
					for _, v := range rows[a*kern.Lanes:][:kern.Lanes] {
						sum.power[class] += v * v
					}
				}
			}
		}
	}
	const count = measuredChains * measuredEach
	for _, v := range []*float64{&sum.mean, &sum.mean2, &sum.mean4, &sum.site2, &sum.site4} {
		*v /= count
	}
	if w != nil {
		for c, n := range w.multiplicity() {
			sum.power[c] /= float64(count * n)
		}
		if f, ok := m.(models.FieldCoupled); ok && f.FieldCouplings().B == 0 {
			sum.free(&w.modes, f.FieldCouplings())
		}
	}
	return sum
}

// add adds configurations.
func (s *moments) add(x []float64, dim int) {
	for ; len(x) > 0; x = x[dim:] {
		var first, second, fourth float64
		for _, v := range x[:dim] {
			first += v
			second += v * v
			fourth += v * v * v * v
		}
		n := float64(dim)
		m := first / n
		s.mean += m
		s.mean2 += m * m
		s.mean4 += m * m * m * m
		s.site2 += second / n
		s.site4 += fourth / n
	}
}

// free sets the moments to those of a Gaussian field of mean 0,
//
//	<|x_k|^2>/N = 1/(2 (A - K sum_mu cos k_mu)).
func (s *moments) free(m *modes, f models.FieldCouplings) {
	i := 0
	each(m.sides, func(at []int) {
		v := f.A
		for mu, a := range at {
			v -= f.K * math.Cos(2*math.Pi*float64((a+1)/2)/float64(m.sides[mu]))
		}
		s.power[m.class[i]] = 1 / (2 * v)
		i++
	})
	s.mean, s.mean2 = 0, s.power[0]/float64(m.sites)
	s.mean4 = 3 * s.mean2 * s.mean2
	s.site2 = 0
	for c, n := range m.multiplicity() {
		s.site2 += s.power[c] * float64(n) / float64(m.sites)
	}
	s.site4 = 3 * s.site2 * s.site2
}

// whitening returns the spectrum sigma and the mean of the Gaussian field that
// has these moments: where the flow is symmetrised over the sign, of one of a
// pair whose means are of either sign. The error says that they are no moments.
func (s *moments) whitening(pair bool, sites int) (sigma []float64, mean float64, err error) {
	variance := s.mean2 - s.mean*s.mean
	mean = s.mean
	if pair {
		p := fitPrior(s.mean2, s.mean4)
		mean, variance = p.mean, p.width*p.width
	}
	sigma = make([]float64, len(s.power))
	for c, v := range s.power {
		if c == 0 {
			v = float64(sites) * variance
		}
		sigma[c] = float64(float32(math.Sqrt(v))) // as a weights file holds them
		if !(sigma[c] > 0) || math.IsInf(sigma[c], 0) {
			return nil, 0, &param.Error{Key: "whiten", Problem: fmt.Sprintf("finds the variance %v of a mode in a simulation of the model, which did not move or diverged", v), Expected: "none"}
		}
	}
	return sigma, float64(float32(mean)), nil
}

// prior returns the prior that has the moments of a coordinate.
func (s *moments) prior() (prior, error) {
	p := fitPrior(s.site2, s.site4)
	if !(p.width > 0) || math.IsInf(p.width, 0) || math.IsNaN(p.mean) {
		return p, &param.Error{Key: "prior", Problem: fmt.Sprintf("finds <x^2> = %v in a simulation of the model, which did not move or diverged", s.site2), Expected: "normal"}
	}
	return p, nil
}

// sampler returns a function that moves a chain on and returns its
// configuration; kernels tune themselves while it is told to thermalize.
func sampler(m models.Differentiable, start models.Start, random *mc.Stream) func(thermalize bool) models.Field {
	if d, ok := m.(models.Dualised); ok {
		spins := d.Spins()
		state := spins.NewState(start, random).(models.Spins)
		var spec proposals.Spec = new(proposals.SwendsenWang)
		if spec.Check(spins) != nil {
			spec = new(proposals.HeatBath)
		}
		k := spec.Bind(spins, proposals.Chain{State: state, Random: random, Tally: new(mc.Tally)})
		x := make(models.Field, d.Dim())
		return func(bool) models.Field {
			k.Step()
			d.SampleX(state, x, random)
			return x
		}
	}
	state := m.NewState(start, random).(models.Field)
	var kernels mc.Cycle
	for _, spec := range []proposals.Spec{new(proposals.HMC), new(proposals.Wolff)} {
		if spec.Check(m) == nil {
			kernels = append(kernels, spec.Bind(m, proposals.Chain{State: state, Random: random, Tally: new(mc.Tally)}))
		}
	}
	tuning := true
	return func(thermalize bool) models.Field {
		if tuning && !thermalize {
			kernels.Freeze()
			tuning = false
		}
		kernels.Step()
		if tuning {
			kernels.Tune()
		}
		return state
	}
}
