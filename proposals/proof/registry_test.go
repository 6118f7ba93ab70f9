package proof

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	"mcrun/mc/param"
	"mcrun/models"
	"mcrun/observables"
	"mcrun/proposals"
)

func newModel(t testing.TB, of string, keys []param.Setting) models.Spec {
	t.Helper()
	e, ok := models.Find(of)
	if !ok {
		t.Fatalf("no model %s", of)
	}
	table := map[string]any{}
	for _, k := range keys {
		table[k.Key] = k.Value
	}
	m := e.New()
	if errs := param.Decode(table, m); errs != nil {
		t.Fatalf("%s %v: %v", of, keys, errs)
	}
	if err := m.Prepare(); err != nil {
		t.Fatal(err)
	}
	return m
}

// small calls prove with each small instance of every registered model, whose
// states are listed, as a parallel test.
func small(t *testing.T, prove func(t *testing.T, model string, number int, m models.Spec, s *space)) {
	for _, e := range models.All() {
		for i, keys := range e.Small {
			t.Run(fmt.Sprintf("%s-%d", e.Name, i), func(t *testing.T) {
				t.Parallel()
				m := newModel(t, e.Name, keys)
				if _, ok := m.(models.Differentiable); ok {
					t.Skip("of continuous variables")
				}
				s, err := list(m, maxStart)
				if err != nil {
					t.Fatalf("%s: %v", name(m), err)
				}
				prove(t, e.Name, i, m, s)
			})
		}
	}
}

// kernels returns every registered kernel in all its variants that are valid for
// a model.
func kernels(m models.Model) (specs []proposals.Spec) {
	for _, e := range proposals.All() {
		for _, spec := range Variants(e) {
			if spec.Check(m) == nil {
				specs = append(specs, spec)
			}
		}
	}
	return specs
}

// hard says whether the tests have the time for the larger instances.
func hard() bool { return !raceEnabled && !testing.Short() }

// Every registered kernel on every small instance of every registered model.
func TestKernels(t *testing.T) {
	small(t, func(t *testing.T, _ string, _ int, m models.Spec, s *space) {
		if s.states > 64 && !hard() {
			t.Skip("takes long")
		}
		Model(t, m)
		for _, spec := range kernels(m) {
			Kernel(t, m, spec)
		}
	})
}

// A bare model hides what is not needed to list its states, so that kernels know
// no couplings.
type bare struct {
	models.Discrete
	energy func(models.State) float64
}

func (b bare) Energy(s models.State) float64 { return b.energy(s) }

// Kernels for models of which nothing is known but what a change costs.
func TestBareModels(t *testing.T) {
	small(t, func(t *testing.T, _ string, _ int, m models.Spec, s *space) {
		if s.states > 128 || s.states > 64 && !hard() {
			t.Skip("takes long")
		}
		b := bare{s.model, s.model.Energy}
		for _, spec := range kernels(b) {
			Kernel(t, b, spec)
		}
	})
}

// Instances with too many states for a matrix. The colder ones are dominated by
// few states, which shows what a flat distribution hides; rows of 8 sites have code
// of their own.
func TestStart(t *testing.T) {
	// A triangular lattice of 3 x 4 sites with open ends, antiferromagnetic but
	// for some bonds, and with fields.
	graph := "12\n"
	for y := range 3 {
		for x := range 4 {
			i := 4*y + x
			if x < 3 {
				graph += fmt.Sprintln(i, i+1, -1)
			}
			if y < 2 {
				graph += fmt.Sprintln(i, i+4, 0.7)
			}
			if x < 3 && y < 2 {
				graph += fmt.Sprintln(i, i+5, -1.3)
			}
			graph += fmt.Sprintln(i, 0.2*float64(x-y))
		}
	}
	file := param.File{Path: "couplings.txt", Data: []byte(graph)}
	for i, c := range []struct {
		model string
		keys  map[string]any
	}{
		{"ising", map[string]any{"shape": []int{4, 4}, "temperature": 2.269185314213022}},
		{"ising", map[string]any{"shape": []int{4, 4}, "temperature": 1.1, "h": 0.02}},
		{"ising", map[string]any{"shape": []int{2, 8}, "temperature": 1.5, "J": -1.0, "h": 0.4}},
		{"ising", map[string]any{"shape": []int{3, 5}, "temperature": 0.8, "J": -1.0}},
		{"ising", map[string]any{"couplings": file, "temperature": 1.3}},
		{"ising", map[string]any{"couplings": file, "temperature": 0.5, "h": 0.1}},
		{"potts", map[string]any{"shape": []int{3, 3}, "q": 3, "temperature": 0.994972861071817}},
		{"potts", map[string]any{"shape": []int{3, 3}, "q": 3, "temperature": 0.55}},
		{"potts", map[string]any{"shape": []int{2, 4}, "q": 4, "temperature": 0.5, "J": -1.0}},
		{"blume-capel", map[string]any{"shape": []int{3, 3}, "D": 1.965, "temperature": 0.609}},
		{"blume-capel", map[string]any{"shape": []int{3, 3}, "D": -0.5, "temperature": 0.9, "J": -1.0}},
		{"spin-glass", map[string]any{"shape": []int{4, 4}, "disorder": "gaussian", "temperature": 0.5, "h": 0.1}},
		{"spin-glass", map[string]any{"shape": []int{2, 8}, "temperature": 0.7}},
	} {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			if i%4 != 0 && !hard() {
				t.Skip("takes long")
			}
			t.Parallel()
			var keys []param.Setting
			for k, v := range c.keys {
				keys = append(keys, param.Setting{Key: k, Value: v})
			}
			m := newModel(t, c.model, keys)
			for _, spec := range kernels(m) {
				Start(t, m, spec)
			}
		})
	}
}

// What is estimated, on the small instances on which the kernel is fast enough: by
// every other kernel on an instance, and by the others on the next.
func TestEstimates(t *testing.T) {
	var (
		mutex   sync.Mutex
		sampled = map[string]int{}       // by model and kernel
		seeds   = map[string][]float64{} // by observable
	)
	t.Run("small", func(t *testing.T) {
		small(t, func(t *testing.T, model string, number int, m models.Spec, s *space) {
			if s.states > 64 && !hard() {
				t.Skip("takes long")
			}
			if s.states < 32 || m.Beta() == 0 || slices.Max(s.pi) > 0.4 {
				t.Skip("little to estimate")
			}
			of := observables.All()
			d, err := derived(m)
			if err != nil {
				t.Fatal(err)
			}
			exact, _ := observables.Enumerate(m, append(slices.Clip(of), d))
			specs := kernels(m)
			if !hard() {
				specs = specs[len(specs)-1:]
			}
			for i, spec := range specs {
				pair := model + " by " + name(spec)
				if hard() && (i+number)%2 != 0 {
					mutex.Lock()
					sampled[pair] += 0
					mutex.Unlock()
					continue
				}
				of := append(observablesOf(m, spec), d)
				list, err := newBench(m, spec, of).estimates(of, exactly(exact))
				mutex.Lock()
				if !errors.Is(err, errTooSlow) {
					report(t, "Estimates", m, spec, err)
					sampled[pair]++
				} else {
					sampled[pair] += 0
				}
				for _, d := range list {
					seeds[d.of] = append(seeds[d.of], d.seeds...)
				}
				mutex.Unlock()
			}
		})
	})
	everySampled(t, sampled, seeds)
}

// everySampled fails unless each pair of a model and a kernel has been sampled on
// some instance, and the deviations of each observable, of all pairs together, are
// what chance makes of them.
func everySampled(t *testing.T, sampled map[string]int, seeds map[string][]float64) {
	for pair, n := range sampled {
		if n == 0 && hard() {
			t.Errorf("%s: too slow on all instances", pair)
		}
	}
	for of, z := range seeds {
		if len(z) > 0 {
			if err := testSquares(z); err != nil {
				t.Errorf("%s, of all models and kernels: %v", of, err)
			}
		}
	}
}
