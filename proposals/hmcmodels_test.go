package proposals

import (
	"fmt"
	"math"
	"testing"

	"gonum.org/v1/gonum/floats"

	"mcrun/mc"
	"mcrun/models"
)

// A known is a quantity of a model whose mean is known.
type known struct {
	name  string
	model models.Differentiable
	of    func(x models.Field) float64
	mean  float64
}

func meanPower(x models.Field, n float64) (mean float64) {
	for _, v := range x {
		mean += math.Pow(v, n) / float64(len(x))
	}
	return mean
}

// schwingerDyson is sum_i x_i dS/dx_i, whose mean is the number of coordinates.
func schwingerDyson(name string, m models.Differentiable) known {
	s, g := make([]float64, 1), make([]float64, m.Dim())
	return known{name + " x dS/dx", m, func(x models.Field) float64 {
		m.Gradient(x, s, g)
		return floats.Dot(x, g)
	}, float64(m.Dim())}
}

func knownMeans(t *testing.T) (all []known) {
	prepared := func(m models.Model) {
		t.Helper()
		if err := m.Prepare(); err != nil {
			t.Fatal(err)
		}
	}
	// By quadrature: testdata/exact.json of package models.
	for _, c := range []struct{ mass2, lambda, power, mean float64 }{
		{-4, 8, 2, 0.17143442324016697},
		{-1, 1.5, 4, 0.14838714442173323},
	} {
		m := &models.Phi4{Mass2: &c.mass2, Lambda: c.lambda}
		m.Shape = []int{2, 2}
		prepared(m)
		all = append(all, known{fmt.Sprintf("phi4 phi^%g", c.power), m, func(x models.Field) float64 { return meanPower(x, c.power) }, c.mean})
	}
	free := &models.Gaussian{Mass2: 0.4}
	free.Shape = []int{3, 4}
	prepared(free)
	all = append(all, known{"gaussian phi2", free, func(x models.Field) float64 { return meanPower(x, 2) }, free.Exact()["phi2"]})
	for _, n := range []int{2, 3} {
		m := &models.NVector{N: n, J: 1}
		m.Shape, m.InverseT = []int{6}, ptr(1.2)
		prepared(m)
		all = append(all, known{fmt.Sprintf("vectors of %d energy", n), m, func(x models.Field) float64 { return m.Energy(x) / 6 }, m.Exact()["energy"]})
	}
	dual := &models.DualIsing{J: 1, H: 0.1, Offset: 0.5}
	dual.Shape, dual.InverseT = []int{2, 3}, ptr(0.3)
	if err := dual.Validate(); err != nil {
		t.Fatal(err)
	}
	prepared(dual)
	return append(all, schwingerDyson("dual", dual))
}

// The models' exact values, from 32 chains that tune all they can. The errors
// are those of the 32 means, and a bound of 5.2 of them is missed once in 1e5
// times; there are some 40 comparisons.
func TestGradientKernelsAgree(t *testing.T) {
	const seeds, thermalize, steps = 32, 200, 500
	for name, spec := range tunedKernels() {
		for _, c := range knownMeans(t) {
			if spec.Check(c.model) != nil {
				continue
			}
			t.Run(name+"/"+c.name, func(t *testing.T) {
				t.Parallel()
				var sum, sum2 float64
				for seed := range uint64(seeds) {
					random := mc.NewStream(mc.NewKey(seed, "agree", name, c.name))
					x := c.model.NewState(models.Hot, random).(models.Field)
					k := spec.Bind(c.model, Chain{State: x, Random: random, Tally: new(mc.Tally)}).(mc.Tuner)
					for range thermalize {
						k.Step()
						k.Tune()
					}
					k.Freeze()
					var mean float64
					for range steps {
						k.Step()
						mean += c.of(x) / steps
					}
					sum += mean - c.mean
					sum2 += (mean - c.mean) * (mean - c.mean)
				}
				z := sum / seeds / math.Sqrt((sum2-sum*sum/seeds)/seeds/(seeds-1))
				if !(math.Abs(z) < 5.2) {
					t.Errorf("z = %.1f", z)
				}
			})
		}
	}
}

// The reference of pCN solves its equation, for hopping of either sign, and is
// the model itself where that is Gaussian.
func TestHartree(t *testing.T) {
	for _, c := range []models.FieldCouplings{
		{K: 2, A: 0, B: 4.5}, {K: 2, A: 4.5, B: 0.1}, {K: 0.5, A: 0.9, B: 0.02}, {K: -2, A: 1, B: 3}, {K: 0, A: -1, B: 1}, {K: 2, A: 4.1, B: 0}, {K: -1, A: 2.3, B: 0},
	} {
		sides := []int{4, 3}
		f := hartreeField(sides, c)
		n := float64(f.fft.Sites())
		var square float64 // <phi^2>, from the variances
		for i, v := range f.down {
			square += f.fft.Weights()[i] / (v * n) / n
		}
		for i, v := range f.down {
			want := 2 * (c.A + 6*c.B*square - 2*c.K + c.K*f.khat[i]/2)
			if got := v * n; !(got > 0) || math.Abs(got-want) > 1e-9*math.Abs(want) {
				t.Errorf("%+v: 1/C(%g) = %g, want %g", c, f.khat[i], got, want)
			}
		}
	}
	free := &models.Gaussian{Mass2: 0.2}
	free.Shape = []int{4, 4}
	if err := free.Prepare(); err != nil {
		t.Fatal(err)
	}
	random := mc.NewStream(mc.NewKey(31))
	var tally mc.Tally
	k := (&PCN{Width: ptr(1)}).Bind(free, Chain{State: free.NewState(models.Hot, random), Random: random, Tally: &tally})
	for range 1000 {
		k.Step()
	}
	if tally.Accepted < 999 { // but for rounding
		t.Errorf("%+v of a Gaussian model drawn from itself", tally)
	}
}
