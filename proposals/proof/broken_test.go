package proof

import (
	"strings"
	"testing"

	"mcrun/mc"
	"mcrun/mc/param"
	"mcrun/models"
	"mcrun/observables"
	"mcrun/proposals"
)

// A check that never fails is not known to work. Each of these kernels, models
// and observables is wrong, and must be found out by the check that is named;
// those without a mistake must pass it.

// A specimen is a model to be wrong on.
type specimen struct {
	model string
	keys  map[string]any
}

func (s specimen) build(t testing.TB) models.Spec {
	t.Helper()
	var keys []param.Setting
	for k, v := range s.keys {
		keys = append(keys, param.Setting{Key: k, Value: v})
	}
	return newModel(t, s.model, keys)
}

// fileOf returns the key of a model on a graph.
func fileOf(text string) param.File {
	return param.File{Path: "couplings.txt", Data: []byte(text)}
}

var (
	plain      = specimen{"ising", map[string]any{"shape": []int{2, 3}, "beta": 0.44}}
	inField    = specimen{"ising", map[string]any{"shape": []int{2, 2}, "beta": 0.44, "h": 0.3}}
	opposed    = specimen{"ising", map[string]any{"shape": []int{2, 2}, "beta": 0.67, "h": -0.3}}
	infinite   = specimen{"ising", map[string]any{"shape": []int{2, 2}, "beta": 0.0}}
	staggered  = specimen{"ising", map[string]any{"shape": []int{2, 2}, "beta": 0.44, "J": -1.0, "h": 0.3}}
	antiferro  = specimen{"ising", map[string]any{"shape": []int{2, 2}, "beta": 0.44, "J": -1.0}}
	frustrated = specimen{"ising", map[string]any{"shape": []int{3, 2}, "beta": 0.44, "J": -1.0}}
	ring       = specimen{"ising", map[string]any{"shape": []int{5}, "beta": 0.44}}
	cold       = specimen{"ising", map[string]any{"shape": []int{4, 4}, "beta": 0.8, "h": 0.02}}
	checkered  = specimen{"ising", map[string]any{"shape": []int{4, 4}, "beta": 0.5, "J": -1.0, "h": 2.0}}
	colours    = specimen{"potts", map[string]any{"shape": []int{2, 2}, "q": 3, "beta": 1.0}}
	vacancies  = specimen{"blume-capel", map[string]any{"shape": []int{4}, "D": 0.4, "beta": 0.5}}
	graph      = specimen{"ising", map[string]any{"couplings": fileOf("5\n0 1 -1\n1 2 -0.7\n2 0 -1.2\n2 3 0.8\n0 0.3\n1 -0.4\n3 0.2\n4 -0.6\n"), "beta": 0.5}}
	triangle   = specimen{"ising", map[string]any{"couplings": fileOf("4\n0 1 -1\n1 2 -0.7\n2 0 -1.2\n2 3 0.8\n"), "beta": 0.6}}
)

// A checker is one of the checks without its testing.TB.
type checker func(m models.Model, spec proposals.Spec) error

// found fails the test if the error of a broken twin does not say what it should.
func found(t *testing.T, what string, err error, want string) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("%s: not found out; the check says %v, not %q", what, err, want)
	}
}

// What the checks say.
const (
	notInvariant = "not invariant"
	changed      = "changes: chi^2"
	biased       = "biased"
	deviates     = "errors from the exact value"
	otherwise    = "number"
)

func TestBrokenKernels(t *testing.T) {
	if !hard() {
		t.Skip("flaws are looked for without -short")
	}
	for _, c := range []struct {
		algorithm, mistake string
		at                 specimen
		check              checker
		want               string
	}{
		{"metropolis", "sign of the change", plain, transitions, notInvariant},
		{"metropolis", "half of the energy", plain, transitions, notInvariant},
		{"metropolis", "field left out", inField, transitions, notInvariant},
		{"metropolis", "field left out", graph, transitions, notInvariant},
		{"metropolis", "one direction of a double bond dropped", plain, transitions, notInvariant},
		{"metropolis", "not lazy", infinite, transitions, "reducible"},
		{"metropolis", "calls itself reversible", plain, transitions, "not in detailed balance"},
		{"metropolis", "calls itself not ergodic", plain, transitions, "irreducible; but"},
		{"metropolis, one up or down", "no Hastings ratio", vacancies, transitions, notInvariant},
		{"heat-bath", "half of the energy", colours, transitions, notInvariant},
		{"heat-bath", "own state not offered", colours, transitions, notInvariant},
		{"heat-bath", "one site left out", plain, transitions, "reducible"},
		{"wolff", "half of the exponent", plain, transitions, notInvariant},
		{"wolff", "the exponent of Ising", colours, transitions, notInvariant},
		{"wolff", "colour not uniform", colours, transitions, notInvariant},
		{"wolff", "vacancy joined", vacancies, transitions, notInvariant},
		{"wolff", "field left out", inField, transitions, notInvariant},
		{"wolff", "field left out", graph, transitions, notInvariant},
		{"wolff", "field of the seed alone", graph, transitions, notInvariant},
		{"wolff", "unsigned sum", staggered, transitions, notInvariant},
		{"wolff", "no marks", frustrated, transitions, notInvariant},
		{"wolff", "no marks", triangle, transitions, notInvariant},
		{"wolff", "sign of J left out", triangle, transitions, notInvariant},
		{"wolff", "one direction of a double bond dropped", plain, transitions, notInvariant},
		{"swendsen-wang", "half of the exponent", ring, transitions, notInvariant},
		{"swendsen-wang", "the exponent of Ising", colours, transitions, notInvariant},
		{"swendsen-wang", "each bond from both ends", ring, transitions, notInvariant},
		{"swendsen-wang", "colour not uniform", colours, transitions, notInvariant},
		{"swendsen-wang", "vacancy joined", vacancies, transitions, notInvariant},
		{"swendsen-wang", "sign of J left out", triangle, transitions, notInvariant},
		{"swendsen-wang", "ghost against the field", opposed, transitions, notInvariant},
		{"swendsen-wang", "half of the ghost's bonds", inField, transitions, notInvariant},
		{"swendsen-wang", "half of the ghost's bonds", graph, transitions, notInvariant},
		{"swendsen-wang", "ghost flipped", inField, transitions, notInvariant},

		{"metropolis", "half of the energy", cold, start, changed},
		{"wolff", "unsigned sum", checkered, start, changed},
		{"wolff", "half of the exponent", cold, start, changed},
		{"swendsen-wang", "half of the ghost's bonds", cold, start, changed},

		{"wolff", "single sites not told of", colours, improved, biased},
		{"swendsen-wang", "ghost not told of", inField, improved, biased},

		{"metropolis", "one direction of a double bond dropped", plain, estimates, deviates},
		{"swendsen-wang", "ghost not told of", inField, estimates, deviates},
	} {
		if c.want == deviates && raceEnabled {
			continue // takes long
		}
		m := c.at.build(t)
		broken := &twin{Algorithm: c.algorithm, Mistake: c.mistake}
		found(t, name(broken)+" on "+name(m), c.check(m, broken), c.want)
		report(t, "check", m, &twin{Algorithm: c.algorithm}, c.check(m, &twin{Algorithm: c.algorithm}))
	}
}

// estimates is Estimates without derived observables.
func estimates(m models.Model, spec proposals.Spec) error {
	of := observablesOf(m, spec)
	exact, _ := observables.Enumerate(m, of)
	_, err := newBench(m, spec, of).estimates(of, exactly(exact))
	return err
}

// Models that contradict themselves, or what the kernels know of them.
type (
	// singleBonds counts the bonds between two neighbours of a side of 2 once.
	singleBonds struct{ *models.Ising }
	// wrongOrder divides by q in place of q - 1.
	wrongOrder struct{ *models.Potts }
	// staleExact has the exact values of another temperature.
	staleExact struct {
		*models.Ising
		of *models.Ising
	}
	// unfollowed leaves v as it is when a coordinate changes.
	unfollowed struct{ *models.DualIsing }
)

func (unfollowed) FollowChange([]float64, int, float64) {}

func (m singleBonds) Energy(s models.State) float64 {
	if m.Shape[0] != 2 {
		panic("no double bonds")
	}
	spins, e := s.(models.Spins), m.Ising.Energy(s)
	half := len(spins) / 2
	for i := range half {
		e += m.J * spinOf(2, spins[i]) * spinOf(2, spins[i+half])
	}
	return e
}

func (m wrongOrder) Order(s models.State) (abs, square float64) {
	abs, square = m.Potts.Order(s)
	q := float64(m.Q)
	return abs * (q - 1) / q, square * (q - 1) / q
}

func (m staleExact) Exact() map[string]float64 { return m.of.Exact() }

func TestBrokenModels(t *testing.T) {
	ising, potts := plain.build(t).(*models.Ising), colours.build(t).(*models.Potts)
	for _, m := range []models.Model{ising, potts} {
		if err := model(m); err != nil {
			t.Error(err)
		}
	}
	found(t, "single bonds", model(singleBonds{ising}), "by its couplings")
	found(t, "single bonds", transitions(singleBonds{ising}, new(proposals.Wolff)), notInvariant)
	found(t, "order", model(wrongOrder{potts}), "the square of its spins' sum")
	found(t, "changes", model(unfollowed{dualSpins.build(t).(*models.DualIsing)}), "the actions differ by")
	found(t, "exact", model(staleExact{ising, ring.build(t).(*models.Ising)}), "the sum over all states")
}

// sizes averages |C| in place of what the spins of a cluster add up to. It has
// no memory from record to record.
type sizes struct{ sum float64 }

func (a *sizes) Single(sites []uint32) { a.sum = float64(len(sites)) }

func (a *sizes) All(label []uint32) {
	number := make(map[uint32]float64)
	for _, l := range label {
		number[l]++
	}
	a.sum = 0
	for _, n := range number {
		a.sum += n * n / float64(len(label))
	}
}

func (a *sizes) Read(dst []float64)                                     { dst[0] = a.sum }
func (a *sizes) Save(*mc.Snapshot, string)                              {}
func (a *sizes) Load(*mc.Snapshot, string) error                        { return nil }
func sizesOf(models.Model, models.State) (c observables.ClusterAverage) { return new(sizes) }

func init() {
	observables.RegisterColumn(observables.Column{
		Name:     "proof_cluster_sizes",
		Check:    func(models.Model) error { return nil },
		Clusters: sizesOf,
	})
}

// The improved susceptibility with |C| in place of the sum of the spins: right
// where all spins of a cluster are alike, and else not.
func TestBrokenImproved(t *testing.T) {
	right, _ := observables.Find("improved_susceptibility")
	wrong := right
	wrong.Columns = func(models.Model) []string { return []string{"proof_cluster_sizes"} }
	wrong.Estimators = func(m models.Model) []observables.Estimator {
		scaled := *right.Estimators(m)[0].Function
		scaled.Value = func(means []float64) float64 { return m.Beta() * means[0] }
		scaled.Gradient = func(_, gradient []float64) { gradient[0] = m.Beta() }
		return []observables.Estimator{{Function: &scaled}}
	}
	of := []observables.Observable{wrong}
	for _, spec := range []proposals.Spec{new(proposals.Wolff), new(proposals.SwendsenWang)} {
		for _, c := range []struct {
			at    specimen
			right bool
		}{{plain, true}, {antiferro, false}} {
			m := c.at.build(t)
			exact, _ := observables.Enumerate(m, []observables.Observable{right})
			if err := unbiased(m, spec, of, exact); c.right {
				report(t, "cluster sizes", m, spec, err)
			} else {
				found(t, "sizes of clusters", err, biased)
			}
			if _, err := newBench(m, spec, of).estimates(of, exactly(exact)); c.right {
				report(t, "cluster sizes", m, spec, err)
			} else {
				found(t, "sizes of clusters", err, deviates)
			}
		}
	}
}

// A chain that takes itself for its partner has q = 1.
func TestBrokenOverlap(t *testing.T) {
	o, _ := observables.Find("squared_overlap")
	of := []observables.Observable{o}
	m := graph.build(t)
	exact, _ := observables.Enumerate(m, of)
	b := newBench(m, helper, of)
	if _, err := b.estimates(of, exactly(exact)); err != nil {
		t.Error(err)
	}
	b.newProbe = func(m models.Model, columns []observables.Field, chains ...models.State) *observables.Probe {
		return observables.NewProbe(m, columns, chains[0], chains[0])
	}
	_, err := b.estimates(of, exactly(exact))
	found(t, "overlap of a chain with itself", err, "always 1")
}

// forgetful are kernels whose future depends on what no checkpoint holds.
type forgetful struct {
	*proposals.HeatBath
	bind func(m models.Model, c proposals.Chain) mc.Kernel
}

func (k forgetful) Bind(m models.Model, c proposals.Chain) mc.Kernel { return k.bind(m, c) }

func TestBrokenResume(t *testing.T) {
	m := plain.build(t)
	right := new(proposals.HeatBath)
	if err := resume(m, right); err != nil {
		t.Error(err)
	}
	shared := mc.NewStream(mc.NewKey(1, "shared"))
	for what, bind := range map[string]func(m models.Model, c proposals.Chain) mc.Kernel{
		"a stream of its own": func(m models.Model, c proposals.Chain) mc.Kernel {
			c.Random = mc.NewStream(mc.NewKey(c.Random.Uint64()))
			return right.Bind(m, c)
		},
		"a count of steps": func(m models.Model, c proposals.Chain) mc.Kernel {
			one, other := right.Bind(m, c), (&proposals.HeatBath{Order: proposals.Random}).Bind(m, c)
			steps := 0
			return stepFunc(func() {
				if steps++; steps%2 == 0 {
					one.Step()
				} else {
					other.Step()
				}
			})
		},
		"a stream that chains share": func(m models.Model, c proposals.Chain) mc.Kernel {
			c.Random = shared
			return right.Bind(m, c)
		},
	} {
		found(t, what, resume(m, forgetful{right, bind}), otherwise)
	}
	// Chains that share a stream of the group can be resumed; but their
	// numbers depend on who is beside them.
	var first *mc.Stream
	chains := 0
	together := func(m models.Model, c proposals.Chain) mc.Kernel {
		if chains++; chains%2 == 1 {
			first = c.Random
		}
		c.Random = first
		return right.Bind(m, c)
	}
	b := newBench(m, forgetful{right, together}, observables.Standard(m))
	found(t, "chains that share a stream of the group", b.together(mc.Plan{Sweeps: 20, Every: 1}), "beside another")
}

// Errors that are too large are found as those that are too small.
func TestBrokenErrors(t *testing.T) {
	z := make([]float64, 32)
	for _, c := range []struct {
		size  float64
		right bool
	}{{1, true}, {0.3, false}, {2, false}} {
		for i := range z {
			z[i] = c.size * float64(1-2*(i%2))
		}
		if err := testSquares(z); c.right != (err == nil) {
			t.Errorf("deviations of %g errors: %v", c.size, err)
		}
	}
	if err := (deviations{pooled: -6}).test(); err == nil {
		t.Error("an estimate 6 errors below the exact value passes")
	}
}
