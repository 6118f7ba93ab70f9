package physics

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// cayley returns the bonds of a tree: a site with three neighbours, each of which
// has two more, and so on for some generations.
func cayley(generations int, strength func(bond int) float64) (sites int, bonds []bond) {
	leaves, branches := []int{0}, 3
	sites = 1
	for range generations {
		var next []int
		for _, i := range leaves {
			for range branches {
				bonds = append(bonds, bond{i, sites, strength(len(bonds))})
				next = append(next, sites)
				sites++
			}
		}
		leaves, branches = next, 2
	}
	return sites, bonds
}

// write writes a file of couplings beside a card, and returns the card's path.
// Bonds are written in both directions in turn, fields among them.
func write(t *testing.T, s *system) string {
	t.Helper()
	var b strings.Builder
	fmt.Fprintf(&b, "# a graph of the tests\n%d %d\n", len(s.fields), len(s.bonds))
	for k, x := range s.bonds {
		if k%2 == 1 {
			x.i, x.j = x.j, x.i
		}
		fmt.Fprintf(&b, "%d %d\t%g\n", x.i, x.j, x.strength)
		if k < len(s.fields) && s.fields[k] != 0 {
			fmt.Fprintf(&b, "%d, %g # a field\n", k, s.fields[k])
		}
	}
	for k := len(s.bonds); k < len(s.fields); k++ {
		fmt.Fprintf(&b, "%d %g\n", k, s.fields[k])
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "couplings.txt"), []byte(b.String()), 0o666); err != nil {
		t.Fatal(err)
	}
	return filepath.Join(dir, "card.toml")
}

// Graphs from files, by both models that read them: trees, which have no loops
// and so are frustrated by their fields alone, and squares with open boundaries.
func TestGraphs(t *testing.T) {
	signs := func(k int) float64 { return []float64{1, -0.5, 0.8, -1.2}[k%4] }
	sites, alike := cayley(3, func(int) float64 { return 1 })
	_, mixed := cayley(3, signs)
	fields := make([]float64, sites)
	for i := range fields {
		fields[i] = []float64{0.2, 0, -0.3, 0.5, 0}[i%5]
	}
	none := make([]float64, sites)
	square := grid([]int{5, 5}, false, 0.35, 1, 0)
	// An antiferromagnet, warm enough for its order to turn over in few sweeps: at
	// beta = 0.5 that is a slow mode of which m holds so little that the window of
	// tau_int does not see it, and local kernels have errors a fifth too small.
	corners := grid([]int{5, 5}, false, 0.35, -1, 0)
	for i, h := range map[int]float64{0: 0.7, 4: -0.4, 12: 0.3, 24: 0.7} {
		corners.fields[i] = h
	}

	var c scores
	t.Run("graphs", func(t *testing.T) {
		for _, x := range []struct {
			name, model string
			of          *system
			h           float64 // of the card, beside those of the file
			long        bool
		}{
			{"tree", "ising", &system{0.6, alike, none}, 0.1, false},
			{"tree", "spin-glass", &system{0.8, mixed, fields}, 0, true},
			{"open square", "ising", square, 0, true},
			{"open square with fields", "spin-glass", corners, -0.1, false},
		} {
			if brief() && x.long {
				continue
			}
			t.Run(x.name+" "+x.model, func(t *testing.T) {
				path := write(t, x.of)
				exact := &system{x.of.beta, x.of.bonds, nil}
				for _, h := range x.of.fields {
					exact.fields = append(exact.fields, h+x.h)
				}
				want := exact.eliminate().values()
				want["improved_susceptibility"] = want["susceptibility"]
				r := read(t, path, fmt.Sprintf(`
[model]
name = %q
couplings = "couplings.txt"
beta = %v
h = %v
[run]
chains = 32
thermalize = 200
sweeps = %d
[observables]
record = ["energy", "specific_heat", "magnetization", "abs_magnetization", "susceptibility", "connected_susceptibility", "binder", "improved_susceptibility"]
`, x.model, x.of.beta, x.h, length(5000))+everyKernel)
				r.each(t, func(t *testing.T, s *sample) {
					for name, v := range want {
						c.compare(t, s, name, v)
					}
				})
			})
		}
	})
	c.check(t)
}
