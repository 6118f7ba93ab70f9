package flow

import (
	"math"
	"testing"

	"mcrun/models"
)

// TestMeasure checks the moments of configurations against exact ones: of a
// Gaussian field by hybrid Monte Carlo and of the dual by clusters.
func TestMeasure(t *testing.T) {
	g := &models.Gaussian{Mass2: 0.5}
	g.Shape = []int{2, 4}
	if err := g.Prepare(); err != nil {
		t.Fatal(err)
	}
	at := site{8, g.Shape}
	exact := measure(at, g, stream("exact"))
	const chi = 8 // configurations that count for one, at most
	sigma := math.Sqrt(2 * chi / float64(measuredChains*measuredEach))
	// With nothing but density and gradient.
	seen := measure(at, struct{ models.Differentiable }{g}, stream("measured"))
	for c, v := range seen.power {
		if want := exact.power[c]; math.Abs(v/want-1) > 5*sigma {
			t.Errorf("spectrum of class %d is %v, exactly %v", c, v, want)
		}
	}
	for _, pair := range [][2]float64{{seen.mean2, exact.mean2}, {seen.site2, exact.site2}} {
		if math.Abs(pair[0]/pair[1]-1) > 5*sigma {
			t.Errorf("a second moment is %v, exactly %v", pair[0], pair[1])
		}
	}

	// Cov(x_k) = M_k + M_k^2 S(k) by enumeration of the spins.
	m := dual(t, 2, 4)
	modes := newModes(m.Shape)
	w := NewWhitening[float64](m.Shape, ones(modes.classes), 0, false)
	structure, z := make([]float64, modes.classes), 0.0
	rows := make([]float64, 8*16)
	spins := m.Spins()
	state := spins.NewState(models.Cold, stream("states")).(models.Spins)
	energy := spins.(models.Energetic)
	for n := range 256 {
		for i := range 8 {
			state[i] = uint8(n >> i & 1)
			for c := range 16 {
				rows[i*16+c] = 2*float64(state[i]) - 1
			}
		}
		weight := math.Exp(-spins.Beta() * energy.Energy(state))
		z += weight
		w.transform(rows, w.forward, 16, new(Workspace[float64]))
		for a, class := range modes.class {
			structure[class] += weight * rows[a*16] * rows[a*16]
		}
	}
	moments := measure(site{8, m.Shape}, m, stream("dual"))
	// M_k: the cosines of both directions, a side of 2 having two bonds.
	k := make([]float64, modes.classes)
	lowest, i := math.Inf(1), 0
	each(m.Shape, func(at []int) {
		var v float64
		for mu, a := range at {
			v += 2 * spins.Beta() * math.Cos(2*math.Pi*float64((a+1)/2)/float64(m.Shape[mu]))
		}
		k[modes.class[i]] = v
		lowest = min(lowest, v)
		i++
	})
	multiplicity := modes.multiplicity()
	for c, v := range moments.power {
		noise := k[c] - lowest + m.Offset
		s := structure[c] / z / float64(multiplicity[c])
		if want := noise + noise*noise*s; math.Abs(v/want-1) > 5*sigma {
			t.Errorf("spectrum of class %d is %v, exactly %v", c, v, want)
		}
		if v < 2*noise && s > 1 {
			t.Errorf("spectrum of class %d is that of the noise alone", c)
		}
	}
}

func ones(n int) []float64 {
	v := make([]float64, n)
	for i := range v {
		v[i] = 1
	}
	return v
}

// TestWhitenedGaussian checks that a flow of a Gaussian field begins as that
// field: ln q + S is -ln Z for every configuration.
func TestWhitenedGaussian(t *testing.T) {
	g := &models.Gaussian{Mass2: 0.1}
	g.Shape = []int{4, 6}
	if err := g.Prepare(); err != nil {
		t.Fatal(err)
	}
	for _, whiten := range []string{"free", "learned"} {
		f, err := New[float64](spec(t, map[string]any{"whiten": whiten, "couplings": 1, "hidden": []int{3}}), g, stream("gaussian"))
		if err != nil {
			t.Fatal(err)
		}
		f.sequence.each(f.g, f.Theta, func(name string, _ layer[float64], theta []float64) {
			if name != "whiten." {
				clear(theta) // no couplings
			}
		})
		logZ := 12 * math.Log(2*math.Pi) // sum_k ln sqrt(2 pi C(k))
		for y := range 4 {
			for x := range 6 {
				sy, sx := math.Sin(math.Pi*float64(y)/4), math.Sin(math.Pi*float64(x)/6)
				logZ -= math.Log(2*(4*sy*sy+4*sx*sx+0.1)) / 2
			}
		}
		x, logq, s := make([]float64, 24*30), make([]float64, 30), make([]float64, 30)
		f.Sample(NewWorkers[float64](1), stream("draws"), x, logq)
		g.Action(x, s)
		for c := range s {
			// The spectrum is rounded to float32.
			if d := logq[c] + s[c] + logZ; math.Abs(d) > 1e-5 {
				t.Fatalf("%s: ln q + S is %v, -ln Z is %v", whiten, logq[c]+s[c], -logZ)
			}
		}
	}
}

// TestPair checks that the whitening of a flow that is symmetrised over the sign
// has the mean and the width of one of two Gaussians.
func TestPair(t *testing.T) {
	const mean, width = 0.8, 0.3
	second := mean*mean + width*width
	fourth := mean*mean*mean*mean + 6*mean*mean*width*width + 3*width*width*width*width
	s := moments{power: []float64{16 * second, 2}, mean2: second, mean4: fourth}
	for _, c := range []struct {
		pair        bool
		mean, width float64
	}{{true, mean, width}, {false, 0, math.Sqrt(second)}} {
		sigma, m, err := s.whitening(c.pair, 16)
		if err != nil || math.Abs(m-c.mean) > 1e-6 || math.Abs(sigma[0]-4*c.width) > 1e-6 || math.Abs(sigma[1]-math.Sqrt2) > 1e-6 {
			t.Errorf("a pair %v: mean %v, sigma %v", c.pair, m, sigma)
		}
	}
	for _, bad := range []float64{0, math.NaN(), math.Inf(1)} {
		s := moments{power: []float64{1, bad}, mean2: 1, mean4: 3}
		if _, _, err := s.whitening(true, 16); err == nil {
			t.Errorf("a mode of variance %v is taken", bad)
		}
		s = moments{site2: bad, site4: 1}
		if p, err := s.prior(); err == nil {
			t.Errorf("<x^2> = %v gives the prior %v", bad, p)
		}
	}
	// Of one normal distribution, or a broader one, the mean is 0.
	if p := fitPrior(2, 12); p.mean > 1e-3 || math.Abs(p.width-math.Sqrt2) > 1e-3 {
		t.Errorf("a normal distribution is taken for %v", p)
	}
	if p := fitPrior(2, 20); p.mean != 0 || math.Abs(p.width-math.Sqrt2) > 1e-6 {
		t.Errorf("a broad distribution is taken for %v", p)
	}
}
