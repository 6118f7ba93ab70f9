package proposals

import (
	"fmt"
	"testing"

	"mcrun/mc"
	"mcrun/models"
)

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
