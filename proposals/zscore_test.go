package proposals

import (
	"flag"
	"fmt"
	"math"
	"slices"
	"sync"
	"testing"

	"gonum.org/v1/gonum/stat/distuv"

	"mcrun/analysis"
	"mcrun/mc"
	"mcrun/models"
	"mcrun/observables"
)

// Estimates with their errors against exact values, from many independent
// seeds. A pooled estimate must be within 4 errors of the exact value, which a
// right kernel misses once in 16000; and the seeds' own deviations in units of
// their own errors must be as large as chance makes them, neither larger
// (errors too small) nor smaller (too large). The seeds are fixed: a test that
// passes goes on passing until a kernel draws its numbers in another order.
// Then one of the 300 comparisons fails by chance in 2 cases of 100; it is to
// be looked at with other seeds and more of them, not with a wider bound.

var long = flag.Bool("long", false, "compute the largest matrices, and estimate the energy at L = 16 to 1e-4 with every kernel (minutes)")

// A sampling says which model is sampled for how long.
type sampling struct {
	shape       []int
	temperature float64
	j, h        float64
	seeds       int
	thermalize  int
	records     int // in each seed
	every       int // steps between records, 0 being 1
}

func (s sampling) String() string {
	return fmt.Sprintf("%v,T=%.4g,J=%g,h=%g", s.shape, s.temperature, s.j, s.h)
}

func (s sampling) model() *models.Ising {
	m := &models.Ising{
		Periodic: models.Periodic{Shape: s.shape},
		Thermal:  models.Thermal{Temperature: &s.temperature},
		J:        s.j,
		H:        s.h,
	}
	if err := m.Prepare(); err != nil {
		panic(err)
	}
	return m
}

// chains returns the series of every seed as [seed][column][record].
func (s sampling) chains(m *models.Ising, kernel string, spec Spec, columns []observables.Field) [][][]float64 {
	chains := make([][][]float64, s.seeds)
	for seed := range chains {
		random := mc.NewStream(mc.NewKey(uint64(seed), s.String(), kernel))
		state := m.NewState(models.Hot, random)
		k := spec.Bind(m, Chain{State: state, Random: random, Tally: new(mc.Tally)})
		for range s.thermalize {
			k.Step()
		}
		chain := make([][]float64, len(columns))
		for c := range chain {
			chain[c] = make([]float64, s.records)
		}
		probe := observables.NewProbe(m, columns, state)
		row := make([]float64, len(columns))
		k = mc.Steps(k, max(1, s.every))
		for t := range s.records {
			k.Step()
			probe.Read(row)
			for c, v := range row {
				chain[c][t] = v
			}
		}
		chains[seed] = chain
	}
	return chains
}

// estimate returns the estimate of an observable that is one number from chains
// of the columns.
func estimate(m models.Model, o observables.Observable, columns []observables.Field, chains ...[][]float64) (analysis.Estimate, error) {
	own := make([][][]float64, len(chains)) // the observable's columns alone
	for i, chain := range chains {
		for _, name := range o.Columns(m) {
			own[i] = append(own[i], chain[slices.Index(columns, observables.Field{Name: name, Width: 1})])
		}
	}
	if o.Estimators != nil {
		return analysis.Gamma{}.Function(*o.Estimators(m)[0].Function, own)
	}
	var series [][]float64
	for _, chain := range own {
		series = append(series, chain[0])
	}
	return analysis.Gamma{}.Mean(series...)
}

// deviations collects the deviations of single seeds, in units of their errors.
type deviations struct {
	mutex   sync.Mutex
	squares map[string]float64
	number  map[string]int
}

func (d *deviations) add(name string, z float64) {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	if d.number == nil {
		d.squares, d.number = make(map[string]float64), make(map[string]int)
	}
	d.squares[name] += z * z
	d.number[name]++
}

// check holds the sum of squares to the distribution that it has for right
// errors, at a false alarm in 1e5.
func (d *deviations) check(t *testing.T) {
	for name, sum := range d.squares {
		chi2 := distuv.ChiSquared{K: float64(d.number[name])}
		if low, high := chi2.Quantile(0.5e-5), chi2.Quantile(1-0.5e-5); !(sum >= low && sum <= high) {
			t.Errorf("%s: chi^2 of the seeds' deviations is %.1f, not in [%.1f, %.1f]", name, sum, low, high)
		} else {
			t.Logf("%s: chi^2 of the seeds' deviations is %.1f, in [%.1f, %.1f]", name, sum, low, high)
		}
	}
}

// compare samples the model with the kernel and compares with exact values. It
// returns the pooled relative error of the first observable.
func (s sampling) compare(t *testing.T, kernel string, spec Spec, names []string, d *deviations) float64 {
	m := s.model()
	exact := m.Exact()
	var of []observables.Observable
	for _, name := range names {
		o, ok := observables.Find(name)
		if !ok {
			t.Fatalf("no observable %s", name)
		}
		of = append(of, o)
	}
	columns := observables.Columns(m, of, observables.NoSource)
	chains := s.chains(m, kernel, spec, columns)
	var precision float64
	for i, o := range of {
		name := o.Name
		want, known := exact[name]
		if !known {
			t.Fatalf("%v: no exact %s", s, name)
		}
		pooled, err := estimate(m, o, columns, chains...)
		if err != nil {
			t.Fatalf("%v, %s: %s: %v", s, kernel, name, err)
		}
		z := (pooled.Value - want) / pooled.Error
		if !(math.Abs(z) < 4) {
			t.Errorf("%v, %s: %s = %.6f(%.6f), %.1f errors from %.6f", s, kernel, name, pooled.Value, pooled.Error, z, want)
		}
		for _, chain := range chains {
			e, err := estimate(m, o, columns, chain)
			if err != nil {
				t.Fatalf("%v, %s: %s: %v", s, kernel, name, err)
			}
			d.add(kernel+" "+name, (e.Value-want)/e.Error)
		}
		if i == 0 {
			precision = pooled.Error / math.Abs(want)
		}
		t.Logf("%v, %s: %s = %.6f(%.6f), z = %+.2f, tau_int = %.2f", s, kernel, name, pooled.Value, pooled.Error, z, pooled.TauInt)
	}
	return precision
}

// compareAll runs all samplings with all kernels.
func compareAll(t *testing.T, samplings []sampling, kernels map[string]Spec, names func(sampling) []string) {
	var d deviations
	t.Run("samplings", func(t *testing.T) {
		for _, s := range samplings {
			for kernel, spec := range kernels {
				t.Run(kernel+"/"+s.String(), func(t *testing.T) {
					t.Parallel()
					s.compare(t, kernel, spec, names(s), &d)
				})
			}
		}
	})
	d.check(t)
}

func everyKernel() map[string]Spec {
	return map[string]Spec{
		"metropolis":            &Metropolis{Order: Random},
		"metropolis board":      new(Metropolis),
		"metropolis sequential": &Metropolis{Order: Sequential},
		"heat-bath":             new(HeatBath),
		"wolff":                 new(Wolff),
		"swendsen-wang":         new(SwendsenWang),
	}
}

const criticalTemperature = 1 / criticalBeta

// Energy and specific heat on squares without a field, as Kaufman's solution
// has them.
func TestSquaresAgree(t *testing.T) {
	var samplings []sampling
	for _, temperature := range []float64{2, criticalTemperature, 2.6} {
		for _, s := range []sampling{
			{shape: []int{4, 4}, seeds: 32, records: 5000, thermalize: 200},
			{shape: []int{8, 8}, seeds: 32, records: 5000, thermalize: 500},
			{shape: []int{16, 16}, seeds: 16, records: 5000, thermalize: 1000},
			{shape: []int{32, 32}, seeds: 4, records: 12000, thermalize: 2000},
		} {
			if s.shape[0] == 32 && temperature != criticalTemperature {
				s.records /= 2
			}
			s.temperature, s.j = temperature, 1
			if hard() || s.shape[0] == 4 && temperature == criticalTemperature {
				samplings = append(samplings, s)
			}
		}
	}
	compareAll(t, samplings, everyKernel(), func(sampling) []string {
		return []string{"energy", "specific_heat"}
	})
}

// The energy at L = 16 to 1e-4 of its value: with -long by every kernel at and
// around T_c, else where it takes few seconds.
func TestPreciseEnergyAgrees(t *testing.T) {
	if !hard() {
		t.Skip("takes seconds, and under the race detector minutes")
	}
	const below, above = 2, 2.6
	var d deviations
	t.Run("samplings", func(t *testing.T) {
		for _, c := range []struct {
			kernel      string
			temperature float64
			records     int // of all seeds, in thousands
			every       int
			long        bool
		}{
			{"wolff", below, 1000, 1, false},
			{"swendsen-wang", below, 2100, 1, true},
			{"metropolis sequential", below, 1700, 1, true},
			{"metropolis", below, 2200, 2, true},
			{"heat-bath", below, 3200, 2, true},
			{"wolff", criticalTemperature, 10000, 1, true},
			{"swendsen-wang", criticalTemperature, 12500, 1, true},
			{"metropolis sequential", criticalTemperature, 8500, 3, true},
			{"metropolis", criticalTemperature, 8500, 10, true},
			{"heat-bath", criticalTemperature, 8500, 14, true},
			{"wolff", above, 11000, 3, true},
			{"swendsen-wang", above, 10000, 1, true},
			{"metropolis sequential", above, 14000, 1, true},
			{"metropolis", above, 11000, 4, true},
			{"heat-bath", above, 11000, 5, true},
		} {
			if c.long && !*long {
				continue
			}
			s := sampling{
				shape: []int{16, 16}, temperature: c.temperature, j: 1,
				seeds: 32, thermalize: 2000, records: c.records * 1000 / 32, every: c.every,
			}
			t.Run(fmt.Sprintf("%s/T=%.4g", c.kernel, c.temperature), func(t *testing.T) {
				t.Parallel()
				names := []string{"energy", "specific_heat"}
				if precision := s.compare(t, c.kernel, everyKernel()[c.kernel], names, &d); precision > 1e-4 {
					t.Errorf("the relative error of the energy is %.2g, more than 1e-4", precision)
				}
			})
		}
	})
	d.check(t)
}
