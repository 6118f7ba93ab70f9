//go:build linux

package bench

import (
	"fmt"
	"strconv"
	"testing"

	"mcrun/mc"
	"mcrun/models"
	"mcrun/proposals"
)

// BenchmarkFieldTwin times kernels of phi^4 theory and of the XY model and their
// C twin in turn, in nanoseconds of processor time per site, and, of hybrid
// Monte Carlo, per site and gradient.
func BenchmarkFieldTwin(b *testing.B) {
	twin := compile(b, "field")
	const gradients = 20 // of a trajectory
	fixed := func(i proposals.Integrator, step float64) *proposals.HMC {
		length := 1.0
		return &proposals.HMC{Integrator: i, Step: &step, Length: &length}
	}
	for _, k := range []struct {
		model, name string // as the twin calls them
		spec        proposals.Spec
		visits      int // of a site in a step
		sides       []int
	}{
		{"phi4", "leapfrog", fixed(proposals.Leapfrog, 0.05), gradients, []int{8, 16, 64, 256}},
		{"phi4", "minimum-norm", fixed(proposals.MinimumNorm, 0.1), gradients, []int{16, 64}},
		{"phi4", "metropolis", new(proposals.Metropolis), 1, []int{64}},
		{"phi4", "heat-bath", new(proposals.HeatBath), 1, []int{64}},
		{"phi4", "over-relaxation", new(proposals.OverRelaxation), 1, []int{64}},
		{"xy", "metropolis", new(proposals.Metropolis), 1, []int{64}},
		{"xy", "heat-bath", new(proposals.HeatBath), 1, []int{64}},
		{"xy", "over-relaxation", new(proposals.OverRelaxation), 1, []int{64}},
	} {
		for _, l := range k.sides {
			b.Run(fmt.Sprintf("%s/%s/L=%d", k.model, k.name, l), func(b *testing.B) {
				m := fieldModel(b, k.model, l)
				random := mc.NewStream(mc.NewKey(1))
				c := proposals.Chain{State: m.NewState(models.Hot, random), Random: random, Tally: new(mc.Tally)}
				thermalize(new(proposals.Metropolis).Bind(m, c))
				kernel := k.spec.Bind(m, c)
				thermalize(kernel)
				steps := 0 // that take about a slice
				for start := cpu(); cpu()-start < slice; steps++ {
					kernel.Step()
				}
				compare(b, "site", func() float64 {
					start := cpu()
					for range steps {
						kernel.Step()
					}
					return float64(cpu()-start) / float64(steps*k.visits*m.Sites())
				}, func() float64 { return runTwin(b, twin, k.model, k.name, strconv.Itoa(l)) })
			})
		}
	}
}

// thermalize makes steps of a kernel that tunes itself.
func thermalize(k mc.Kernel) {
	t, tunes := k.(mc.Tuner)
	for range 200 {
		k.Step()
		if tunes {
			t.Tune()
		}
	}
	if tunes {
		t.Freeze()
	}
}

// fieldModel returns a model at the couplings of the twin.
func fieldModel(b *testing.B, name string, l int) models.Model {
	periodic := models.Periodic{Shape: []int{l, l}}
	mass2, t := -4.0, 0.9
	var m models.Model = &models.Phi4{ScalarField: models.ScalarField{Periodic: periodic}, Mass2: &mass2, Lambda: 4.572}
	if name == "xy" {
		m = &models.NVector{Periodic: periodic, Thermal: models.Thermal{Temperature: &t}, N: 2, J: 1}
	}
	if err := m.Prepare(); err != nil {
		b.Fatal(err)
	}
	return m
}
