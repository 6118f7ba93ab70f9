package proposals_test

import (
	"context"
	"fmt"
	"time"

	"mcrun/analysis"
	"mcrun/mc"
	"mcrun/models"
	"mcrun/observables"
	"mcrun/proposals"
)

// A series keeps the rows of a group of one chain with one column.
type series []float64

func (s *series) Append(rows []float64) error     { *s = append(*s, rows...); return nil }
func (s *series) Keep(int, []byte) error          { return nil }
func (s *series) Checkpoint(_ *mc.Snapshot) error { return nil }

// A chain by hand, without a run card: the Ising model at T_c by Wolff's
// clusters, its energy measured and analysed.
func Example() {
	temperature := 2.269185314213022
	m := &models.Ising{J: 1}
	m.Shape, m.Temperature = []int{4, 4}, &temperature
	if err := m.Prepare(); err != nil {
		fmt.Println(err)
		return
	}

	g := mc.NewGroup(0, 1, 2018, "ising", "wolff")
	state := m.NewState(models.Hot, g.Stream(0, "start"))
	g.Own(state)
	g.Kernel = new(proposals.Wolff).Bind(m, proposals.Chain{State: state, Random: g.Stream(0, "kernel"), Tally: &g.Tally})
	g.Probe, g.Row = observables.NewProbe(m, []observables.Field{{Name: "energy", Width: 1}}, state), 1

	var energy series
	plan := mc.Plan{Thermalize: 100, Sweeps: 100000, Every: 1, Checkpoint: time.Minute}
	if err := g.Run(context.Background(), plan, &energy); err != nil {
		fmt.Println(err)
		return
	}
	e, err := analysis.Gamma{}.Mean(energy)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%.1f, exactly %.1f\n", e.Value, m.Exact()["energy"])
	// Output: -1.6, exactly -1.6
}

// A sizes adds up the sizes of single clusters.
type sizes struct{ sites, clusters int }

func (s *sizes) Single(sites []uint32) { s.sites += len(sites); s.clusters++ }
func (s *sizes) All([]uint32)          {}

// The improved estimator of <m^2> from Wolff's clusters: all spins of a cluster
// are equal where J > 0, so that M_C^2/|C| is the size of the cluster.
func ExampleClusters() {
	temperature := 2.269185314213022
	m := &models.Ising{J: 1}
	m.Shape, m.Temperature = []int{4, 4}, &temperature
	if err := m.Prepare(); err != nil {
		fmt.Println(err)
		return
	}
	random := mc.NewStream(mc.NewKey(2018, "clusters"))
	state, s := m.NewState(models.Hot, random), new(sizes)
	k := new(proposals.Wolff).Bind(m, proposals.Chain{State: state, Random: random, Tally: new(mc.Tally), Clusters: s})
	for range 100000 {
		k.Step()
	}
	fmt.Printf("<m^2> = %.2f\n", float64(s.sites)/float64(s.clusters)/float64(m.Sites()))
	// Output: <m^2> = 0.76
}
