package observables_test

import (
	"fmt"
	"math"
	"math/cmplx"
	"math/rand/v2"
	"slices"
	"testing"

	"mcrun/mc"
	"mcrun/models"
	"mcrun/observables"
)

// clusterAverage returns that of a column.
func clusterAverage(m models.Model, column string, s models.State) (a observables.ClusterAverage, width int) {
	c, _ := observables.FindColumn(column)
	return c.Clusters(m, s), fields(m, column)[0].Width
}

// averaged returns the average of the steps that are told.
func averaged(a observables.ClusterAverage, width int, tell func()) []float64 {
	dst := make([]float64, width)
	tell()
	a.Read(dst)
	return dst
}

// partition gives every site one of so many labels, and every label a state of
// its own in a Potts model, whose clusters have one colour.
func partition(m fieldModel, labels []uint32, random *rand.Rand) (models.Spins, []uint32) {
	s := randomSpins(m, random)
	label := make([]uint32, m.Sites())
	for i := range label {
		label[i] = labels[random.IntN(len(labels))]
	}
	if m.Couplings().Pair == models.Equal {
		recolour(m, s, label, labels, random.IntN(1<<20))
	}
	return s, label
}

// recolour gives the clusters new states: what a kernel does, in the way that
// is given by choice, a number of as many digits as there are clusters.
func recolour(m fieldModel, s models.Spins, label, labels []uint32, choice int) {
	base := 2
	if m.Couplings().Pair == models.Equal {
		base = m.States()
	}
	digit := make(map[uint32]int)
	for _, l := range labels {
		digit[l] = choice % base
		choice /= base
	}
	for i, l := range label {
		if m.Couplings().Pair == models.Equal {
			s[i] = uint8(digit[l])
		} else if digit[l] == 1 {
			s[i] = uint8(m.States()-1) - s[i]
		}
	}
}

// clustersOf returns the sites of each label.
func clustersOf(label []uint32) map[uint32][]uint32 {
	clusters := make(map[uint32][]uint32)
	for i, l := range label {
		clusters[l] = append(clusters[l], uint32(i))
	}
	return clusters
}

// improved are the columns of improved estimators, with what they improve.
var improved = map[string]func(shape []int, vectors [][]float64) []float64{
	"improved_squared_magnetization": squaredMagnetization,
	"improved_structure_factor":      structureFactors,
}

// squaredMagnetization returns m^2 by its definition.
func squaredMagnetization(_ []int, vectors [][]float64) []float64 {
	var sum float64
	for _, v := range vectors {
		for _, w := range vectors {
			sum += dot(v, w)
		}
	}
	return []float64{sum / float64(len(vectors)*len(vectors))}
}

// For one partition into clusters, the improved estimators are the averages of
// the plain ones over all independent signs or colours of the clusters: of all
// clusters at once, and of single ones averaged over all sites to begin with.
func TestImprovedEstimatorsAreAverages(t *testing.T) {
	random := rand.New(rand.NewPCG(2, 0))
	for _, shape := range [][]int{{5}, {2, 2}, {3, 4}, {2, 3, 2}, {7, 3}} {
		for name, m := range fieldModels(shape) {
			states := 2
			if m.Couplings().Pair == models.Equal {
				states = m.States()
			}
			labels := []uint32{0, uint32(m.Sites()), 3, 1}
			s, label := partition(m, labels, random)
			for column, plain := range improved {
				average, width := clusterAverage(m, column, s)
				all := averaged(average, width, func() { average.All(label) })
				clusters := clustersOf(label)
				single := averaged(average, width, func() {
					for _, l := range label {
						average.Single(clusters[l])
					}
				})

				want := make([]float64, width)
				choices := 1
				for range labels {
					choices *= states
				}
				flipped := make(models.Spins, len(s))
				for choice := range choices {
					copy(flipped, s)
					recolour(m, flipped, label, labels, choice)
					for k, v := range plain(shape, sigma(m, flipped)) {
						want[k] += v / float64(choices)
					}
				}
				if !near(all, want, m.Sites()) {
					t.Errorf("%s, %v: %s from all clusters %v, want %v", name, shape, column, all, want)
				}
				if !near(single, want, m.Sites()) {
					t.Errorf("%s, %v: %s from single clusters %v, want %v", name, shape, column, single, want)
				}
			}
		}
	}
}

// percolate returns the clusters of bonds that are each active with probability
// p, labelled by one of their sites.
func percolate(shape []int, sites int, p float64, random *rand.Rand) []uint32 {
	label := make([]uint32, sites)
	for i := range label {
		label[i] = uint32(i)
	}
	for i := range label {
		for mu := range shape {
			if random.Float64() < p {
				if a, b := label[i], label[neighbour(shape, i, mu, 1)]; a != b {
					for k, l := range label {
						if l == a {
							label[k] = b
						}
					}
				}
			}
		}
	}
	return label
}

// Clusters of every size and form, also around the boundary, have the modes
// that their definition says. Ising spins may differ in sign in a cluster, as
// they do where J < 0.
func TestClusterModes(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 0))
	for _, shape := range append(shapes, []int{48, 37}, []int{400}) {
		m := newIsing(shape...)
		for _, p := range []float64{0, 0.2, 0.5, 0.9} {
			s := randomSpins(m, random)
			label := percolate(shape, m.Sites(), p, random)
			clusters := clustersOf(label)

			want := make([]float64, 0, 8)
			var squares float64
			for mu, side := range shape {
				for n := range side/2 + 1 {
					var power float64
					for _, sites := range clusters {
						var mode complex128
						for _, i := range sites {
							mode += cmplx.Rect(float64(2*int(s[i])-1), 2*math.Pi*float64(n*coordinate(shape, int(i), mu))/float64(side))
						}
						power += real(mode)*real(mode) + imag(mode)*imag(mode)
					}
					want = append(want, power/float64(m.Sites()))
					if n == 0 {
						squares = power
					}
				}
			}
			modes, width := clusterAverage(m, "improved_structure_factor", s)
			if got := averaged(modes, width, func() { modes.All(label) }); !near(got, want, m.Sites()) {
				t.Fatalf("%v, p = %v: modes of all clusters\n%v, want\n%v", shape, p, got, want)
			}
			got := averaged(modes, width, func() {
				for _, l := range label {
					modes.Single(clusters[l])
				}
			})
			if !near(got, want, m.Sites()) {
				t.Fatalf("%v, p = %v: modes of single clusters\n%v, want\n%v", shape, p, got, want)
			}
			square, _ := clusterAverage(m, "improved_squared_magnetization", s)
			n := float64(m.Sites())
			if got, want := averaged(square, 1, func() { square.All(label) })[0], squares/n/n; math.Abs(got-want) > 1e-13*want {
				t.Fatalf("%v, p = %v: m^2 = %v, want %v", shape, p, got, want)
			}
		}
	}
}

// A record is the average over the steps since the one before, whether these
// told of all clusters, of one or of none, and is repeated if there were none.
func TestAverageOverSteps(t *testing.T) {
	m := newIsing(2, 2)
	s := models.Spins{1, 1, 1, 0}
	for _, c := range []struct {
		column string
		scale  float64 // of m^2 = (sum s)^2/16
	}{
		{"improved_squared_magnetization", 1},
		{"improved_structure_factor", 4}, // S(0) = N m^2
	} {
		a, width := clusterAverage(m, c.column, s)
		if got := averaged(a, width, func() {}); !math.IsNaN(got[0]) {
			t.Errorf("%s is %v before any step", c.column, got[0])
		}
		for _, step := range []struct {
			name string
			tell func()
			want float64
		}{
			{"all", func() { a.All([]uint32{4, 4, 4, 4}) }, 4. / 16},
			{"no step", func() {}, 4. / 16},
			{"single sites", func() { a.All([]uint32{0, 1, 2, 3}) }, 4. / 16},
			{"two clusters", func() { a.All([]uint32{1, 1, 0, 0}) }, 4. / 16},
			{"two others", func() { a.All([]uint32{0, 0, 0, 2}) }, 10. / 16},
			{"one", func() { a.Single([]uint32{2, 0, 1}) }, 9. / 3 * 4 / 16},
			{"none", func() { a.Single(nil) }, 0},
			{"three steps", func() {
				a.Single([]uint32{2, 0, 1})
				a.Single(nil)
				a.All([]uint32{1, 1, 1, 0})
			}, (12. + 0 + 10) / 3 / 16},
		} {
			if got := averaged(a, width, step.tell)[0]; math.Abs(got-c.scale*step.want) > 1e-15 {
				t.Errorf("%s, %s: %v, want %v", c.column, step.name, got, c.scale*step.want)
			}
		}
	}
}

// A listener tells all averages of its own chain, and a checkpoint between two
// records leaves the next as it is.
func TestListener(t *testing.T) {
	m := newPotts(3, 3, 4)
	random := rand.New(rand.NewPCG(4, 0))
	columns := fields(m, "energy", "improved_squared_magnetization", "improved_structure_factor")
	if observables.NewProbe(m, columns[:1], make(models.Spins, 12)).Listener(0) != nil {
		t.Error("a probe without cluster averages listens")
	}
	labels := []uint32{0, 5, 7}
	s, label := partition(m, labels, random)
	_, other := partition(m, labels, random)
	other = slices.Clone(other)

	idle := slices.Clone(s)
	probe := observables.NewProbe(m, columns, idle, s)
	restored := observables.NewProbe(m, columns, idle, s)
	const width = 2 + 5
	rows, again := make([]float64, 2*width), make([]float64, 2*width)
	recolour(m, s, other, labels, 17)
	probe.Listener(1).All(other)
	probe.Read(rows)
	if !math.IsNaN(rows[1]) || math.IsNaN(rows[width+1]) {
		t.Errorf("rows %v: chain 1 alone was told of clusters", rows)
	}

	// A snapshot after a record and one between two, each before a step.
	for _, before := range []bool{true, false} {
		recolour(m, s, label, labels, 5)
		var snapshot *mc.Snapshot
		save := func() {
			g := mc.NewGroup(0, 1, 1)
			g.Kernel, g.Probe = still{}, probe
			g.Own(probe.Listener(1))
			snapshot = g.Save()
		}
		if before {
			save()
		}
		probe.Listener(1).All(label)
		if !before {
			save()
		}
		probe.Listener(1).Single([]uint32{0})

		g := mc.NewGroup(0, 1, 1)
		g.Kernel, g.Probe = still{}, restored
		g.Own(restored.Listener(1))
		if err := g.Load(snapshot); err != nil {
			t.Fatal(err)
		}
		if before {
			restored.Listener(1).All(label)
		}
		restored.Listener(1).Single([]uint32{0})
		probe.Read(rows)
		restored.Read(again)
		if !slices.Equal(rows[width:], again[width:]) {
			t.Errorf("a record is %v after a checkpoint and %v without", again[width:], rows[width:])
		}
	}
}

// still is a kernel that does nothing.
type still struct{}

func (still) Step() {}

// Improved observables are known as such.
func TestImproved(t *testing.T) {
	m := newIsing(2, 2)
	var names []string
	for _, o := range observables.All() {
		if o.Improved(m) {
			names = append(names, o.Name)
		}
	}
	if want := []string{"improved_energy", "improved_susceptibility", "improved_structure_factor", "improved_correlation"}; !slices.Equal(names, want) {
		t.Errorf("improved are %q, want %q", names, want)
	}
}

// ExampleProbe_Listener tells of the clusters of two configurations between
// two records.
func ExampleProbe_Listener() {
	m := newIsing(2, 2)
	s := models.Spins{1, 1, 1, 0}
	o, _ := observables.Find("improved_susceptibility")
	probe := observables.NewProbe(m, observables.Columns(m, []observables.Observable{o}, observables.FromClusters), s)

	clusters := probe.Listener(0)
	clusters.All([]uint32{0, 0, 0, 3}) // of 3 sites and 1: m^2 = (9 + 1)/16
	clusters.Single([]uint32{1, 0, 2}) // of 3 sites: m^2 = (9/3)/4
	row := make([]float64, 1)
	probe.Read(row)
	fmt.Println(row)
	// Output: [0.6875]
}
