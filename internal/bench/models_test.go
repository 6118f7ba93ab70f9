//go:build linux

package bench

import (
	"math"
	"testing"

	"mcrun/mc"
	"mcrun/models"
	"mcrun/proposals"
)

// BenchmarkModels times the kernels on lattices of 64 x 64 sites of models that
// have no C twin, in nanoseconds of processor time per attempt, per site of a
// cluster (wolff) or per site (swendsen-wang).
func BenchmarkModels(b *testing.B) {
	periodic := models.Periodic{Shape: []int{64, 64}}
	at := func(beta float64) models.Thermal { return models.Thermal{InverseT: &beta} }
	gaussian := "gaussian"
	for _, m := range []struct {
		name  string
		model models.Model
	}{
		{"potts q=3 at T_c", &models.Potts{Periodic: periodic, Thermal: at(math.Log(1 + math.Sqrt(3))), Q: 3, J: 1}},
		{"blume-capel D=0.5 T=1.7", &models.BlumeCapel{Periodic: periodic, Thermal: at(1 / 1.7), J: 1, D: 0.5}},
		{"glass +-J T=1", &models.SpinGlass{Periodic: periodic, Thermal: at(1), J: 1}},
		{"glass gaussian T=1", &models.SpinGlass{Periodic: periodic, Thermal: at(1), J: 1, Disorder: &gaussian}},
	} {
		if err := m.model.Prepare(); err != nil {
			b.Fatal(err)
		}
		for _, k := range []struct {
			name string
			spec proposals.Spec
		}{
			{"metropolis", new(proposals.Metropolis)},
			{"heat-bath", new(proposals.HeatBath)},
			{"wolff", new(proposals.Wolff)},
			{"swendsen-wang", new(proposals.SwendsenWang)},
		} {
			b.Run(m.name+"/"+k.name, func(b *testing.B) {
				random := mc.NewStream(mc.NewKey(1))
				state := m.model.NewState(models.Hot, random)
				sites := new(counter)
				kernel := k.spec.Bind(m.model, proposals.Chain{State: state, Random: random, Tally: new(mc.Tally), Clusters: sites})
				for range 1000 {
					kernel.Step()
				}
				sites.n = 0
				start := cpu()
				for b.Loop() {
					kernel.Step()
				}
				time := cpu() - start
				if sites.n == 0 {
					sites.n = b.N * m.model.Sites()
				}
				b.ReportMetric(0, "ns/op")
				b.ReportMetric(float64(time)/float64(sites.n), "ns/site")
			})
		}
	}
}

// A counter counts the sites of single clusters.
type counter struct{ n int }

func (c *counter) Single(sites []uint32) { c.n += len(sites) }
func (c *counter) All([]uint32)          {}
