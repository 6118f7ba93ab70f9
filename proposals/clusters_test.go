package proposals

import (
	"fmt"
	"math"
	"testing"

	"mcrun/mc"
	"mcrun/mc/mctest"
	"mcrun/models"
)

// An average is the improved estimator of N m^2 in one step: of all clusters,
// sum_C M_C^2/N, and of one drawn by its size, M_C^2/|C|, M_C being the sum of
// its spins, and of a Potts model |C|.
type average struct {
	spins models.Spins
	spin  func(k uint8) float64 // nil: of a Potts model
	value float64
	calls int
}

func (a *average) size(site uint32) float64 {
	if a.spin == nil {
		return 1
	}
	return a.spin(a.spins[site])
}

func (a *average) Single(sites []uint32) {
	a.calls++
	a.value = 0
	if len(sites) == 0 {
		return
	}
	var sum float64
	for _, i := range sites {
		sum += a.size(i)
	}
	a.value = sum * sum / float64(len(sites))
}

func (a *average) All(label []uint32) {
	a.calls++
	sums := make([]float64, len(label)+1) // labels are numbers from 0 to N
	for i, l := range label {
		sums[l] += a.size(uint32(i))
	}
	a.value = 0
	for _, sum := range sums {
		a.value += sum * sum / float64(len(label))
	}
}

// improved returns the exact mean of the improved estimator, and <N m^2>.
func (s *system) improved(t *testing.T, spec Spec, tell func(*average) Clusters) (mean, want float64) {
	t.Helper()
	means, err := mctest.Means(s.configurations(), func(random *mc.Stream) (mctest.Chain, func() float64) {
		x := make(models.Spins, s.Sites())
		a := &average{spins: x}
		if s.couplings.Pair == models.Product {
			a.spin = s.spin
		}
		step := spec.Bind(s, Chain{State: x, Random: random, Tally: new(mc.Tally), Clusters: tell(a)}).Step
		return chainOf(x, s.states, step), func() float64 {
			if a.calls != 1 {
				t.Errorf("%v: %T: %d calls in a step, want 1", s, spec, a.calls)
			}
			a.calls = 0
			return a.value
		}
	})
	if err != nil {
		t.Fatalf("%v: %T: %v", s, spec, err)
	}
	for state, p := range s.weights() {
		mean += p * means[state]
		want += p * s.order(s.configuration(state))
	}
	return mean, want
}

func listen(a *average) Clusters { return a }

// Improved estimators have the expectation of what they improve on, wherever
// the kernel says so, and another where it says not. That is exact: every
// sequence of decisions is walked through.
func TestImprovedEstimators(t *testing.T) {
	systems := clusterSystems()
	for _, p := range append(parameters(2, 2), parameters(3)...) {
		systems = append(systems, onLattice(models.Product, 2, p.beta, p.j, p.h, nil, p.shape...))
	}
	biased := 0
	for _, s := range systems {
		if s.configurations() > 64 && !hard() {
			continue
		}
		for _, spec := range []ClusterBuilder{new(Wolff), new(SwendsenWang)} {
			mean, want := s.improved(t, spec, listen)
			if off := math.Abs(mean - want); spec.Clusters(s) == nil && off > 1e-12*want {
				t.Errorf("%v: %T: the improved N<m^2> is %.15g, want %.15g", s, spec, mean, want)
			} else if off > 1e-3 {
				biased++
			}
		}
	}
	if biased < 5 {
		t.Errorf("only %d of the estimators that are said to be biased are", biased)
	}
}

// A listener that is not told of some clusters would be biased.
type deaf struct{ *average }

func (d deaf) Single(sites []uint32) {
	if len(sites) > 1 {
		d.average.Single(sites)
		return
	}
	d.average.Single(nil)
}

func TestImprovedEstimatorsBroken(t *testing.T) {
	s := pottsOn(3, 1, 1, 3)
	if mean, want := s.improved(t, new(Wolff), func(a *average) Clusters { return deaf{a} }); math.Abs(mean-want) < 1e-3 {
		t.Errorf("an average without single sites is %g, as if it were right", mean)
	}
	// The ghost's cluster left out.
	f := onLattice(models.Product, 2, 0.5, 1, 0.4, nil, 2, 2)
	mean, want := f.improved(t, new(SwendsenWang), func(a *average) Clusters { return ghostless{a} })
	if math.Abs(mean-want) < 1e-3 {
		t.Errorf("an average without the ghost's cluster is %g, as if it were right", mean)
	}
}

type ghostless struct{ *average }

func (g ghostless) All(label []uint32) {
	g.average.All(label)
	var sum float64
	for i, l := range label {
		if l == 0 {
			sum += g.size(uint32(i))
		}
	}
	g.value -= sum * sum / float64(len(label))
}

// Nothing but the listener hears of it: spins, random numbers and tally are the
// same whether there is one or not. And Swendsen and Wang's clusters are handed
// over whole on lattices of any size.
func TestListening(t *testing.T) {
	for _, s := range []*system{
		onLattice(models.Product, 2, criticalBeta, 1, 0, nil, 16, 16),
		onLattice(models.Product, 2, criticalBeta, -1, 0.2, nil, 5, 7),
		onLattice(models.Product, 2, 0, 1, 0, nil, 4, 4),
		pottsOn(3, 1, 1, 16, 16), pottsOn(3, 0, 1, 4, 4), spinOneOn(0.6, 1, 0.5, 0, 16, 16), glass(0.4, true, 0.2, 8, 8),
	} {
		for _, spec := range []Spec{new(Wolff), new(SwendsenWang)} {
			run := func(listener Clusters) string {
				random := mc.NewStream(mc.NewKey(11))
				spins := s.NewState(models.Hot, random).(models.Spins)
				var tally mc.Tally
				k := spec.Bind(s, Chain{State: spins, Random: random, Tally: &tally, Clusters: listener})
				for range 50 {
					k.Step()
				}
				return fmt.Sprint(spins, tally, random.Uint64())
			}
			whole := &wholeClusters{t: t, of: s}
			if run(nil) != run(whole) {
				t.Errorf("%v: %T: depends on whether somebody listens", s, spec)
			}
			if whole.calls != 50 {
				t.Errorf("%v: %T: told of clusters %d times in 50 steps", s, spec, whole.calls)
			}
		}
	}
}

// wholeClusters checks that labels are those of a cluster's first site.
type wholeClusters struct {
	t     *testing.T
	of    *system
	calls int
}

func (w *wholeClusters) Single([]uint32) { w.calls++ }

func (w *wholeClusters) All(label []uint32) {
	w.calls++
	first := make(map[uint32]bool)
	for i, l := range label {
		// Nodes are sites, counted from 1; the ghost's cluster has label 0.
		first[uint32(i)+1] = l == uint32(i)+1
		if l != 0 && !first[l] {
			w.t.Fatalf("%v: site %d has label %d, which is not the first of a cluster", w.of, i, l)
		}
	}
}
