package physics

import (
	"fmt"
	"math"
	"testing"
)

// The energies and specific heats of an independent transfer matrix, at T_c =
// 1/ln(1+sqrt q): those of models/testdata/exact.json.
var pottsReference = map[string][2]float64{
	"q=3 [3 3]": {-1.7421222146532291, 1.1620003426197254},
	"q=3 [4 4]": {-1.710062275504798, 1.5118812419016041},
	"q=4 [3 3]": {-1.716879642275814, 1.6196255306964593},
}

func TestPotts(t *testing.T) {
	var c scores
	t.Run("systems", func(t *testing.T) {
		for _, x := range []struct {
			q     int
			shape []int
			long  bool
		}{{3, []int{3, 3}, true}, {3, []int{3, 4}, false}, {4, []int{3, 3}, false}, {4, []int{3, 4}, true}} {
			if brief() && x.long {
				continue
			}
			name := fmt.Sprintf("q=%d %v", x.q, x.shape)
			t.Run(name, func(t *testing.T) {
				beta := math.Log(1 + math.Sqrt(float64(x.q)))
				want := potts(x.q, x.shape, beta)
				if reference, ok := pottsReference[name]; ok {
					same(t, "reference", []float64{want["energy"], want["specific_heat"]}, reference[:], 1e-11)
				}
				r := read(t, "potts.toml", fmt.Sprintf(`
[model]
name = "potts"
q = %d
shape = [%d, %d]
beta = %v
[run]
chains = 32
thermalize = 200
sweeps = %d
[observables]
record = ["energy", "specific_heat", "abs_magnetization", "susceptibility", "improved_susceptibility", "correlation"]
[observables.derived]
mean_neighbour = "(correlation[1] + correlation[%d]) / 2"
`, x.q, x.shape[0], x.shape[1], beta, length(5000), neighbour(x.shape))+everyKernel)
				// Of a bond the mean of (q delta - 1)/(q-1) is that of the correlation.
				q := float64(x.q)
				want["mean_neighbour"] = (-q*want["energy"]/2 - 1) / (q - 1)
				want["improved_susceptibility"] = want["susceptibility"]
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

// neighbour returns the place of C(1) along the last direction among the points
// of the correlation. On a square both directions are one.
func neighbour(shape []int) int {
	if shape[0] == shape[1] {
		return 1
	}
	return shape[0]/2 + 1
}

// On 4 x 4 sites there is only the reference.
func TestPottsReference(t *testing.T) {
	if brief() {
		t.Skip("takes a second")
	}
	r := read(t, "potts.toml", fmt.Sprintf(`
[model]
name = "potts"
q = 3
shape = [4, 4]
temperature = 0.994972861071817
[run]
chains = 32
thermalize = 500
sweeps = %d
[observables]
record = ["energy", "specific_heat"]
`, length(5000))+everyKernel)
	var c scores
	r.each(t, func(t *testing.T, s *sample) {
		want := pottsReference["q=3 [4 4]"]
		c.compare(t, s, "energy", want[0])
		c.compare(t, s, "specific_heat", want[1])
	})
	c.check(t)
}
