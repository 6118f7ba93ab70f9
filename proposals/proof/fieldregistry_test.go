package proof

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"gonum.org/v1/gonum/floats"

	"mcrun/mc"
	"mcrun/models"
	"mcrun/observables"
	"mcrun/proposals"
)

func init() {
	// The identity of Schwinger and Dyson as an observable, so that kernels are
	// proved by it too.
	observables.RegisterColumn(observables.Column{
		Name: "proof_identity",
		Check: func(m models.Model) error {
			if d, ok := m.(models.Differentiable); ok {
				if _, ok := identity(d); ok {
					return nil
				}
			}
			return errors.New("no identity of Schwinger and Dyson is known")
		},
		Bind: func(m models.Model, c observables.Chain) func(dst []float64) {
			difference, _ := identity(m.(models.Differentiable))
			return func(dst []float64) { dst[0] = difference(c.State.(models.Field)) }
		},
	})
	observables.Register(observables.Observable{
		Name:    "proof_identity",
		Columns: func(models.Model) []string { return []string{"proof_identity"} },
	})
}

// smallFields calls prove with each small instance of every registered model of
// continuous variables, and with fields of several components, which are not
// registered, as a parallel test.
func smallFields(t *testing.T, prove func(t *testing.T, model string, number int, e *ensemble)) {
	run := func(model string, number int, m models.Differentiable) {
		t.Run(fmt.Sprintf("%s-%d", model, number), func(t *testing.T) {
			if number%6 != 0 && !hard() {
				t.Skip("takes long")
			}
			t.Parallel()
			e, err := newEnsemble(m)
			if err != nil {
				t.Fatalf("%s: %v", name(m), err)
			}
			prove(t, model, number, e)
		})
	}
	for _, e := range models.All() {
		if _, ok := e.New().(models.Differentiable); !ok {
			continue
		}
		if len(e.Small) == 0 {
			t.Errorf("%s has no small instances", e.Name)
		}
		for i, keys := range e.Small {
			run(e.Name, i, newModel(t, e.Name, keys).(models.Differentiable))
		}
	}
	for i, m := range vectorFields() {
		run("vectors", i, m)
	}
}

// A vectorField is a field of free vectors of several components, of which no model
// is registered.
type vectorField struct{ c models.FieldCouplings }

// A unitField is the same of unit vectors.
type unitField struct{ vectorField }

func vectorFields() []models.Differentiable {
	of := func(n int, k, a, b float64, shape ...int) vectorField {
		return vectorField{models.FieldCouplings{Lattice: models.NewLattice(shape...), Components: n, K: k, A: a, B: b}}
	}
	unit := unitField{of(4, 0.8, 0, 0, 3)}
	unit.c.Unit = true
	return []models.Differentiable{of(2, 0.8, 1.3, 0, 3), of(2, 0.6, -2, 0.8, 3), of(3, 0.5, 1, 0.5, 2), unit}
}

func (f vectorField) Sites() int                            { return f.c.Lattice.Sites() }
func (f vectorField) Dim() int                              { return f.Sites() * f.c.Components }
func (vectorField) Beta() float64                           { return 1 }
func (vectorField) Bytes() (chain, tables float64)          { return 0, 0 }
func (vectorField) Prepare() error                          { return nil }
func (f vectorField) FieldCouplings() models.FieldCouplings { return f.c }
func (f unitField) Sphere() int                             { return f.c.Components }

func (f vectorField) NewState(_ models.Start, random *mc.Stream) models.State {
	x := make(models.Field, f.Dim())
	normal := rand.New(random)
	for v := range slices.Chunk(x, f.c.Components) {
		direction(v, normal)
	}
	return x
}

func (f vectorField) Action(x, s []float64) { f.Gradient(x, s, make([]float64, len(x))) }

func (f vectorField) Gradient(x, s, g []float64) {
	n := f.c.Components
	for c := range s {
		x, g := x[c*f.Dim():(c+1)*f.Dim()], g[c*f.Dim():(c+1)*f.Dim()]
		s[c] = 0
		for i := range f.Sites() {
			v, local := x[i*n:(i+1)*n], make([]float64, n)
			f.c.LocalField(x, i, local)
			square := floats.Dot(v, v)
			s[c] += square*(f.c.A+f.c.B*square) - floats.Dot(v, local)/2
			for k := range v {
				g[i*n+k] = v[k]*(2*f.c.A+4*f.c.B*square) - local[k]
			}
		}
	}
}

// Order gives the fields an order parameter.
func (f vectorField) Order(s models.State) (abs, square float64) {
	x, n := s.(models.Field), f.c.Components
	for k := range n {
		var sum float64
		for i := k; i < len(x); i += n {
			sum += x[i] / float64(f.Sites())
		}
		square += sum * sum
	}
	return math.Sqrt(square), square
}

func number(v float64) *float64 { return &v }

// poor returns kernels with parameters that are far from what they would be tuned
// to: such that hardly anything changes, and such that most is rejected.
func poor(of string) []proposals.Spec {
	switch of {
	case "metropolis":
		return []proposals.Spec{&proposals.Metropolis{Width: number(0.05)}, &proposals.Metropolis{Width: number(3)}}
	case "hmc":
		return []proposals.Spec{
			&proposals.HMC{Step: number(0.02), Length: number(0.1)},
			&proposals.HMC{Integrator: proposals.Leapfrog, Step: number(0.6), Length: number(1.8), Jitter: 0.2},
			&proposals.HMC{Step: number(1.1), Length: number(2.2), Jitter: 0.5, Mass: proposals.Fourier},
		}
	case "nuts":
		return []proposals.Spec{&proposals.NUTS{Step: number(0.7)}, &proposals.NUTS{Step: number(0.05), MaxDepth: 3}}
	case "mala":
		return []proposals.Spec{&proposals.MALA{Step: number(0.05)}, &proposals.MALA{Step: number(0.9)}}
	case "pcn":
		return []proposals.Spec{&proposals.PCN{Width: number(0.05)}, &proposals.PCN{Width: number(0.9)}}
	}
	return nil
}

// Every registered kernel on every small instance of every registered model.
func TestFields(t *testing.T) {
	smallFields(t, func(t *testing.T, _ string, number int, e *ensemble) {
		report(t, "Model", e.model, nil, e.modelOf())
		for _, entry := range proposals.All() {
			for _, spec := range Variants(entry) {
				if spec.Check(e.model) == nil {
					fieldKernel(t, e, spec)
				}
			}
			for i, spec := range poor(entry.Name) {
				if i%2 == number%2 && spec.Check(e.model) == nil {
					report(t, "Start", e.model, spec, e.start(spec, 0))
				}
			}
		}
	})
}

// An action alone hides the couplings.
type actionAlone struct{ models.Differentiable }

// Kernels for models of which nothing is known but the action and its gradient.
func TestFieldsByActionAlone(t *testing.T) {
	smallFields(t, func(t *testing.T, _ string, _ int, e *ensemble) {
		if _, ok := e.model.(models.Spherical); ok {
			t.Skip("unit vectors")
		}
		hidden := *e
		hidden.model = actionAlone{e.model}
		for _, spec := range []proposals.Spec{new(proposals.Metropolis), new(proposals.PCN)} {
			report(t, "Start", hidden.model, spec, hidden.start(spec, tuning))
		}
	})
}

// What is estimated: of every kernel one variant on an instance, and another on the
// next.
func TestFieldEstimates(t *testing.T) {
	if raceEnabled {
		t.Skip("takes long")
	}
	var (
		mutex   sync.Mutex
		sampled = map[string]int{}       // by model and kernel
		seeds   = map[string][]float64{} // by observable
	)
	t.Run("small", func(t *testing.T) {
		smallFields(t, func(t *testing.T, model string, number int, e *ensemble) {
			if number%4 != 0 {
				t.Skip("takes long")
			}
			of := observablesOf(e.model, new(proposals.HMC))
			exact := e.references(of, drawn, true)
			for _, entry := range proposals.All() {
				variants := Variants(entry)
				spec := variants[number/4%len(variants)]
				if spec.Check(e.model) != nil {
					continue
				}
				b := newBench(e.model, spec, of)
				b.mixed = number%8 == 4
				list, err := b.estimates(of, exact)
				if errors.Is(err, errTooSlow) { // as spins of a dual are by small steps: then without them
					plain := slices.DeleteFunc(slices.Clone(of), func(o observables.Observable) bool { return o.Improved(e.model) })
					b.columns = observables.Columns(e.model, plain, observables.NoSource)
					list, err = b.estimates(plain, exact)
				}
				mutex.Lock()
				pair := model + " by " + entry.Name
				if !errors.Is(err, errTooSlow) {
					report(t, "Estimates", e.model, spec, err)
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
