package observables_test

import (
	"math"
	"testing"

	"mcrun/analysis"
	"mcrun/mc"
	"mcrun/models"
	"mcrun/observables"
	"mcrun/proposals"
)

// What cluster kernels tell of gives the same means as the configurations do:
// the difference of an improved estimator and the plain one, record by record,
// is 0 within 5.5 sigma. The bound is exceeded by chance with probability 4e-8
// for a number, of which there are fewer than 200.
func TestImprovedEstimatorsOfKernels(t *testing.T) {
	wolff, swendsenWang := new(proposals.Wolff), new(proposals.SwendsenWang)
	antiferromagnet, inField := newIsing(4, 6), newIsing(3, 4)
	antiferromagnet.J, inField.H = -0.7, -0.2
	frustrated := newIsing(3, 5)
	frustrated.J = -0.5
	glass := newGlass(3, 4)
	for _, c := range []struct {
		name string
		m    models.Model
		spec proposals.Spec
	}{
		{"ising, wolff", newIsing(4, 5), wolff},
		{"ising, swendsen-wang", newIsing(4, 5), swendsenWang},
		{"antiferromagnet, wolff", antiferromagnet, wolff},
		{"antiferromagnet, swendsen-wang", antiferromagnet, swendsenWang},
		{"frustrated, wolff", frustrated, wolff},
		{"field, swendsen-wang", inField, swendsenWang},
		{"glass, wolff", glass, wolff},
		{"glass, swendsen-wang", glass, swendsenWang},
		{"potts, wolff", newPotts(3, 4, 5), wolff},
		{"potts, swendsen-wang", newPotts(4, 3, 2, 3), swendsenWang},
		{"blume-capel, wolff", newBlumeCapel(4, 3), wolff},
		{"blume-capel, swendsen-wang", newBlumeCapel(4, 3), swendsenWang},
	} {
		t.Run(c.name, func(t *testing.T) {
			if err := c.m.Prepare(); err != nil {
				t.Fatal(err)
			}
			s := c.m.NewState(models.Hot, mc.NewStream(mc.NewKey(7, "start")))
			plain := fields(c.m, "structure_factor")
			columns := append(plain, fields(c.m, "improved_structure_factor", "improved_squared_magnetization")...)
			probe := observables.NewProbe(c.m, columns, s)
			chain := proposals.Chain{State: s, Random: mc.NewStream(mc.NewKey(7, "kernel")), Tally: new(mc.Tally)}
			local := new(proposals.Metropolis).Bind(c.m, chain)
			chain.Clusters = probe.Listener(0)
			clusters := c.spec.Bind(c.m, chain)

			const records = 20000
			width := plain[0].Width
			row := make([]float64, 2*width+1)
			series := make([][]float64, width+1)
			for r := range records + 100 {
				local.Step()
				clusters.Step()
				probe.Read(row)
				if r < 100 {
					continue
				}
				for k := range width {
					series[k] = append(series[k], row[width+k]-row[k])
				}
				series[width] = append(series[width], row[2*width]*float64(c.m.Sites())-row[0])
			}
			for k, x := range series {
				e, err := analysis.Gamma{}.Mean(x)
				if err != nil {
					t.Fatal(err)
				}
				if z := e.Value / e.Error; !(math.Abs(z) < 5.5) {
					t.Errorf("number %d deviates by %.1f sigma", k, z)
				}
			}
		})
	}
}
