package observables_test

import (
	"fmt"
	"testing"

	"mcrun/mc"
	"mcrun/models"
	"mcrun/observables"
	"mcrun/proposals"
)

// criticalModels are those of the benchmarks, at their critical points.
func criticalModels(side int) map[string]models.Model {
	ising, potts := 2.269185314213022, 0.9949728830186
	all := map[string]models.Model{
		"ising":       &models.Ising{Periodic: models.Periodic{Shape: []int{side, side}}, Thermal: models.Thermal{Temperature: &ising}, J: 1},
		"potts":       &models.Potts{Periodic: models.Periodic{Shape: []int{side, side}}, Thermal: models.Thermal{Temperature: &potts}, Q: 3, J: 1},
		"blume-capel": &models.BlumeCapel{Periodic: models.Periodic{Shape: []int{side, side}}, Thermal: models.Thermal{Temperature: &potts}, J: 1},
	}
	for _, m := range all {
		if err := m.Prepare(); err != nil {
			panic(err)
		}
	}
	return all
}

// BenchmarkRecord is the time to read a column of one chain, beside one sweep
// of Metropolis and one of Swendsen-Wang. Clusters are those of one step.
func BenchmarkRecord(b *testing.B) {
	for _, side := range []int{16, 64, 256} {
		for name, m := range criticalModels(side) {
			random := mc.NewStream(mc.NewKey(1, name))
			chain := func(spec proposals.Spec, clusters proposals.Clusters) (models.State, mc.Kernel) {
				s := m.NewState(models.Hot, random)
				k := spec.Bind(m, proposals.Chain{State: s, Random: random, Tally: new(mc.Tally), Clusters: clusters})
				for range 300 {
					k.Step()
				}
				return s, k
			}
			prefix := fmt.Sprintf("%s/L=%d/", name, side)
			_, metropolis := chain(new(proposals.Metropolis), nil)
			b.Run(prefix+"metropolis", func(b *testing.B) {
				for b.Loop() {
					metropolis.Step()
				}
			})
			s, swendsenWang := chain(new(proposals.SwendsenWang), nil)
			b.Run(prefix+"swendsen-wang", func(b *testing.B) {
				for b.Loop() {
					swendsenWang.Step()
				}
			})
			t, _ := chain(new(proposals.SwendsenWang), nil)
			for _, column := range []string{"energy", "structure_factor", "smallest_modes", "correlation", "overlap"} {
				c, _ := observables.FindColumn(column)
				width := 1
				if c.Width != nil {
					width = c.Width(m)
				}
				read, dst := c.Bind(m, observables.Chain{State: s, Partner: t}), make([]float64, width)
				b.Run(prefix+column, func(b *testing.B) {
					for b.Loop() {
						read(dst)
					}
				})
			}
			labels := new(lastLabels)
			s, _ = chain(new(proposals.SwendsenWang), labels)
			for _, column := range []string{"improved_squared_magnetization", "improved_structure_factor"} {
				c, _ := observables.FindColumn(column)
				average := c.Clusters(m, s)
				b.Run(prefix+column, func(b *testing.B) {
					for b.Loop() {
						average.All(labels.label)
					}
				})
			}
		}
	}
}

// lastLabels keeps the clusters of the last step.
type lastLabels struct{ label []uint32 }

func (l *lastLabels) Single([]uint32) {}

func (l *lastLabels) All(label []uint32) { l.label = append(l.label[:0], label...) }
