package proposals

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"testing"

	"gonum.org/v1/gonum/stat"

	"mcrun/mc"
	"mcrun/models"
)

// Averages of many independent chains against exact values: the scatter of 32
// means gives their error, whatever the autocorrelation.

// kernelsOf binds the kernels of a cycle to one chain.
func kernelsOf(specs ...Spec) func(m models.Model, c Chain) mc.Kernel {
	return func(m models.Model, c Chain) mc.Kernel {
		var cycle mc.Cycle
		for _, s := range specs {
			cycle = append(cycle, s.Bind(m, c))
		}
		return cycle
	}
}

// agrees samples with 32 seeds, each from a start of its own (or from cold), and
// returns an error where the mean of a function is not the exact one. Student's
// t of 31 degrees of freedom exceeds 7.5 with probability 2e-8. A tuner is tuned
// before, and frozen.
func agrees(m models.Model, start models.Start, bind func(models.Model, Chain) mc.Kernel, sweeps int, functions func(models.Field) []float64, exact []float64) error {
	const seeds, limit = 32, 7.5
	means := make([][]float64, len(exact))
	for seed := range seeds {
		random := mc.NewStream(mc.NewKey(uint64(seed), "estimates"))
		x := m.NewState(start, random).(models.Field)
		k := bind(m, Chain{State: x, Random: random, Tally: new(mc.Tally)})
		tuner, _ := k.(mc.Tuner)
		for range 200 {
			k.Step()
			if tuner != nil {
				tuner.Tune()
			}
		}
		if tuner != nil {
			tuner.Freeze()
		}
		sums := make([]float64, len(exact))
		for range sweeps {
			k.Step()
			for i, v := range functions(x) {
				sums[i] += v
			}
		}
		for i, sum := range sums {
			means[i] = append(means[i], sum/float64(sweeps))
		}
	}
	var errs []error
	for i, want := range exact {
		mean, deviation := stat.MeanStdDev(means[i], nil)
		if d := deviation / math.Sqrt(seeds); !(math.Abs(mean-want) <= limit*d+1e-12) {
			errs = append(errs, fmt.Errorf("function %d is %.6g +- %.2g, exactly %.6g", i, mean, d, want))
		}
	}
	return errors.Join(errs...)
}

// phi4Kernels are all kernels of phi^4 that are ergodic, and cycles.
func phi4Kernels() map[string]func(models.Model, Chain) mc.Kernel {
	all := map[string]func(models.Model, Chain) mc.Kernel{
		"metropolis by the action alone": func(m models.Model, c Chain) mc.Kernel {
			return new(Metropolis).Bind(bare{m.(models.Differentiable)}, c)
		},
		"wolff and metropolis":         kernelsOf(new(Wolff), &Metropolis{Order: Random}),
		"swendsen-wang and heat bath":  kernelsOf(new(SwendsenWang), new(HeatBath)),
		"over-relaxation, metropolis":  kernelsOf(new(OverRelaxation), &OverRelaxation{Sequential}, new(Metropolis)),
		"all":                          kernelsOf(new(OverRelaxation), new(Wolff), new(SwendsenWang), new(HeatBath), new(Metropolis)),
		"mixture of wolff, metropolis": mixtureOf(new(Wolff), new(Metropolis)),
	}
	for _, o := range []Order{Random, Sequential, Checkerboard} {
		all["metropolis "+string(o)] = kernelsOf(&Metropolis{Order: o})
		all["heat-bath "+string(o)] = kernelsOf(&HeatBath{Order: o})
	}
	return all
}

func mixtureOf(a, b Spec) func(models.Model, Chain) mc.Kernel {
	return func(m models.Model, c Chain) mc.Kernel {
		return mc.NewMixture([]mc.Kernel{a.Bind(m, c), b.Bind(m, c)}, []float64{1, 2}, c.Random)
	}
}

// phi4Exact are the values on 2x2, by quadrature.
type phi4Exact struct {
	Mass2, Lambda, Phi2, Phi4, M2, M4, S float64
}

// functions are those of which there are exact values.
func (phi4Exact) functions(m models.Differentiable) func(models.Field) []float64 {
	return func(x models.Field) []float64 {
		s := make([]float64, 1)
		m.Action(x, s)
		var phi2, phi4, sum float64
		n := float64(len(x))
		for _, v := range x {
			phi2 += v * v / n
			phi4 += v * v * v * v / n
			sum += v / n
		}
		return []float64{s[0], phi2, phi4, sum, sum * sum, sum * sum * sum * sum}
	}
}

func (e phi4Exact) values() []float64 { return []float64{e.S, e.Phi2, e.Phi4, 0, e.M2, e.M4} }

func (e phi4Exact) model() *models.Phi4 {
	m := &models.Phi4{Mass2: &e.Mass2, Lambda: e.Lambda}
	m.Shape = []int{2, 2}
	if err := m.Prepare(); err != nil {
		panic(err)
	}
	return m
}

func readPhi4(t *testing.T) (list []phi4Exact) {
	data, err := os.ReadFile(filepath.Join("testdata", "phi4_2x2.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &list); err != nil {
		t.Fatal(err)
	}
	return list
}

func TestPhi4Agrees(t *testing.T) {
	sweeps := 4000
	if raceEnabled {
		sweeps = 400
	}
	for _, e := range readPhi4(t) {
		m := e.model()
		for name, bind := range phi4Kernels() {
			if err := agrees(m, models.Hot, bind, sweeps, e.functions(m), e.values()); err != nil {
				t.Errorf("mass2 = %g, lambda = %g: %s:\n%v", e.Mass2, e.Lambda, name, err)
			}
		}
	}
}

// A ring of three antiferromagnetic vectors is frustrated: what XY has there is
// a sum over two angles.
func TestFrustratedRing(t *testing.T) {
	const k, points = -1.2, 200
	s := unitOn(2, k, 3)
	var z, action float64
	for i := range points {
		for j := range points {
			a, b := 2*math.Pi*float64(i)/points, 2*math.Pi*float64(j)/points
			bonds := -k * (math.Cos(a) + math.Cos(b) + math.Cos(a-b))
			z += math.Exp(-bonds)
			action += bonds * math.Exp(-bonds)
		}
	}
	for name, spec := range map[string]Spec{"wolff": new(Wolff), "swendsen-wang": new(SwendsenWang), "metropolis": new(Metropolis), "heat-bath": new(HeatBath)} {
		err := agrees(s, models.Hot, kernelsOf(spec), 2000, func(x models.Field) []float64 { return []float64{s.action(x), x[0] * x[0]} }, []float64{action / z, 0.5})
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}
