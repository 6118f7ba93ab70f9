package observables

import (
	"errors"

	"mcrun/analysis"
	"mcrun/mc"
	"mcrun/models"
)

// An improved estimator replaces a product of two spins by its average over the
// states that the clusters of a configuration can be given (M. Sweeny, Phys.
// Rev. B 27, 4445 (1983); U. Wolff, Phys. Rev. Lett. 60, 1461 (1988)). Each
// cluster is flipped or recoloured as a whole, and independently of the others,
// so that spins of different clusters have product 0 on average, while that of
// spins of one cluster does not change:
//
//	N <m^2> = <sum_C |M_C|^2>/N,   M_C = sum of sigma over cluster C.
//
// A cluster that was grown from a site drawn uniformly is C with probability
// |C|/N, so that N <m^2> = <|M_C|^2/|C|> for it. Spins of value 0, as those of
// the Blume-Capel model, add nothing, whatever cluster they are counted to.

func registerImproved() {
	RegisterColumn(Column{
		Name:  "improved_squared_magnetization",
		Check: hasClustersOrDual,
		Dual:  dualMagnetization,
		Clusters: func(m models.Model, s models.State) ClusterAverage {
			return newClusterMagnetization(m, s)
		},
	})
	RegisterColumn(Column{
		Name: "improved_structure_factor",
		Check: func(m models.Model) error {
			if err := hasClustersOrDual(m); err != nil {
				return err
			}
			return hasLattice(m)
		},
		Width: axesWidth,
		Dual:  dualStructureFactor,
		Clusters: func(m models.Model, s models.State) ClusterAverage {
			return newClusterSpectrum(m, s)
		},
	})
	RegisterColumn(Column{
		Name:  "improved_energy",
		Check: hasDual,
		Dual:  dualEnergy,
	})
	RegisterColumn(Column{
		Name: "improved_correlation",
		Check: func(m models.Model) error {
			if err := hasDual(m); err != nil {
				return err
			}
			return hasLattice(m)
		},
		Width: axesWidth,
		Dual:  dualCorrelation,
	})
	Register(Observable{
		Name:    "improved_energy",
		Doc:     "<H>/N of two-valued spins from x of their continuous dual, with t = tanh(x + b) in place of s",
		Columns: fixed("improved_energy"),
	})
	Register(Observable{
		Name:    "improved_susceptibility",
		Doc:     "N beta <m^2> from the clusters of the kernel: beta <sum_C M_C^2>/N, or beta <M_C^2/|C|> of single ones; or from x of the dual: beta <(sum t)^2 + sum (1 - t^2)>/N",
		Columns: fixed("improved_squared_magnetization"),
		Estimators: number(func(m models.Model) analysis.Function {
			scale := float64(m.Sites()) * m.Beta()
			if d, ok := m.(models.Dualised); ok { // whose own is 1
				scale = float64(m.Sites()) * d.Spins().Beta()
			}
			return analysis.Function{
				Terms:    1,
				Term:     func(r, t []float64) { t[0] = r[0] },
				Value:    func(mean []float64) float64 { return scale * mean[0] },
				Gradient: func(_, g []float64) { g[0] = scale },
			}
		}),
	})
	Register(Observable{
		Name:       "improved_structure_factor",
		Doc:        "S(k) from the clusters of the kernel: <sum_C |sum_(x in C) s_x e^(ikx)|^2>/N, or that of single ones over |C|; or from x of the dual, as the susceptibility",
		Columns:    fixed("improved_structure_factor"),
		Points:     axesPoints(waveNumber),
		Estimators: axesEstimators,
	})
	Register(Observable{
		Name:       "improved_correlation",
		Doc:        "C(r) of two-valued spins from x of their continuous dual: <t_x t_(x+r)>, and 1 at r = 0",
		Columns:    fixed("improved_correlation"),
		Points:     axesPoints(func(n, _ int) float64 { return float64(n) }),
		Estimators: axesEstimators,
	})
}

// hasClustersOrDual is the Check of what is improved by either.
func hasClustersOrDual(m models.Model) error {
	if hasDual(m) == nil {
		return nil
	}
	return hasClusters(m)
}

// hasClusters is the Check of estimators that clusters improve.
func hasClusters(m models.Model) error {
	if p, ok := m.(models.PairCoupled); !ok || p.Couplings().Pair == models.Cosine {
		return errors.New("the model has no pair couplings by which a kernel could join spins to clusters of independent sign or colour (models.PairCoupled)")
	}
	return nil
}

// clusterSpins returns the spin of every state, in units of which the sum over
// a cluster is right but for its sign or direction: those of one cluster have
// one colour in a Potts model, a vector of length 1.
func clusterSpins(m models.PairCoupled) (spin [256]int) {
	product, q := m.Couplings().Pair == models.Product, m.States()
	for k := range q {
		switch {
		case !product:
			spin[k] = 1
		case q == 2:
			spin[k] = 2*k - 1
		default:
			spin[k] = k - 1
		}
	}
	return spin
}

// A stepAverage adds up what the steps between two reads give.
type stepAverage struct {
	sum   []float64
	steps uint64
	read  bool // since the last step
}

// begin begins a step.
func (a *stepAverage) begin() {
	if a.read {
		clear(a.sum)
		a.steps, a.read = 0, false
	}
	a.steps++
}

// Read implements ClusterAverage.
func (a *stepAverage) Read(dst []float64) {
	for i, v := range a.sum {
		dst[i] = v / float64(a.steps)
	}
	a.read = true
}

// Save implements mc.Saver.
func (a *stepAverage) Save(s *mc.Snapshot, prefix string) {
	count := []uint64{a.steps, 0}
	if a.read {
		count[1] = 1
	}
	mc.Put(s, prefix+".sum", a.sum)
	mc.Put(s, prefix+".steps", count)
}

// Load implements mc.Saver.
func (a *stepAverage) Load(s *mc.Snapshot, prefix string) error {
	count := make([]uint64, 2)
	if err := mc.Get(s, prefix+".steps", count); err != nil {
		return err
	}
	a.steps, a.read = count[0], count[1] != 0
	return mc.Get(s, prefix+".sum", a.sum)
}

// clusterMagnetization averages m^2.
type clusterMagnetization struct {
	stepAverage
	spins models.Spins
	spin  [256]int // of a state
	total []int    // of a label
}

func newClusterMagnetization(m models.Model, s models.State) *clusterMagnetization {
	return &clusterMagnetization{
		stepAverage: stepAverage{sum: make([]float64, 1)},
		spins:       s.(models.Spins),
		spin:        clusterSpins(m.(models.PairCoupled)),
		total:       make([]int, m.Sites()+1),
	}
}

// Single implements ClusterAverage.
func (c *clusterMagnetization) Single(sites []uint32) {
	c.begin()
	if len(sites) == 0 {
		return
	}
	var total int
	for _, i := range sites {
		total += c.spin[c.spins[i]]
	}
	n := float64(len(sites)) * float64(len(c.spins))
	c.sum[0] += float64(total) * float64(total) / n
}

// All implements ClusterAverage. Where a spin s joins those of sum M, the square
// grows by (2M + s) s. The sum of the squares is N^2 at most, which 64 bits hold.
func (c *clusterMagnetization) All(label []uint32) {
	c.begin()
	clear(c.total)
	var squares uint64
	for i, l := range label {
		s, t := c.spin[c.spins[i]], c.total[l]
		squares += uint64((2*t + s) * s)
		c.total[l] = t + s
	}
	n := float64(len(label))
	c.sum[0] += float64(squares) / (n * n)
}
