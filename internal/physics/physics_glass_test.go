package physics

import (
	"fmt"
	"math"
	"math/bits"
	"slices"
	"testing"

	"mcrun/models"
)

// overlaps returns the probabilities that two independent states differ in so
// many sites. That they differ in the sites of a set d has the probability sum_s
// p(s) p(s xor d), a convolution, of which the Walsh transform is the square of
// that of p.
func overlaps(p []float64) []float64 {
	q := append([]float64(nil), p...)
	walsh(q)
	for i, v := range q {
		q[i] = v * v / float64(len(q))
	}
	walsh(q)
	list := make([]float64, bits.Len(uint(len(p))))
	for d, v := range q {
		list[bits.OnesCount(uint(d))] += v
	}
	return list
}

// walsh transforms v into sum_s (-1)^|s and k| v_s for every k.
func walsh(v []float64) {
	for stride := 1; stride < len(v); stride *= 2 {
		for i := range v {
			if i&stride == 0 {
				a, b := v[i], v[i|stride]
				v[i], v[i|stride] = a+b, a-b
			}
		}
	}
}

// A glass of 4 x 4 sites, with and without a field: the overlap of two chains.
func TestGlass(t *testing.T) {
	var c scores
	t.Run("glasses", func(t *testing.T) {
		for _, x := range []struct {
			disorder string
			seed     int
			h        float64
			long     bool
		}{{"+-J", 5, 0, false}, {"+-J", 6, 0.3, true}, {"gaussian", 7, 0.2, true}} {
			if brief() && x.long {
				continue
			}
			t.Run(fmt.Sprintf("%s,h=%g", x.disorder, x.h), func(t *testing.T) {
				const beta = 0.7
				r := read(t, "glass.toml", fmt.Sprintf(`
[model]
name = "spin-glass"
shape = [4, 4]
disorder = %q
disorder_seed = %d
beta = %v
h = %v
[run]
chains = 64
thermalize = 300
sweeps = %d
every = 2
[observables]
record = ["energy", "specific_heat", "susceptibility", "overlap", "abs_overlap", "squared_overlap", "overlap_binder", "improved_susceptibility"]
`, x.disorder, x.seed, beta, x.h, length(6000))+everyKernel)
				s := latticeGlass(t, r.model.(*models.SpinGlass), beta, x.h, x.disorder == "+-J")
				p := s.probabilities()
				want := s.enumerate().values()
				for _, name := range []string{"magnetization", "abs_magnetization", "connected_susceptibility", "binder"} {
					delete(want, name)
				}
				want["improved_susceptibility"] = want["susceptibility"]
				var q, abs, q2, q4 float64
				for differ, w := range overlaps(p) {
					v := 1 - float64(differ)/8
					q += w * v
					abs += w * math.Abs(v)
					q2 += w * v * v
					q4 += w * v * v * v * v
				}
				if pairs := squaredCorrelations(p, len(s.fields)); !near(q2, pairs, 1e-12) {
					t.Errorf("<q^2> is %v by its distribution, %v by the correlations", q2, pairs)
				}
				want["overlap"], want["abs_overlap"], want["squared_overlap"] = q, abs, q2
				want["overlap_binder"] = 1 - q4/(3*q2*q2)
				r.each(t, func(t *testing.T, s *sample) {
					for name, v := range want {
						c.compare(t, s, name, v)
					}
					s.checkPairs(t)
				})
			})
		}
	})
	c.check(t)
}

// checkPairs looks for pairs of chains that do not record the same overlap.
func (s *sample) checkPairs(t *testing.T) {
	at := 0
	for _, column := range s.columns {
		if column.Name == "overlap" {
			for pair := range slices.Chunk(s.chains, 2) {
				if !slices.Equal(pair[0][at], pair[1][at]) {
					t.Error("the chains of a pair record different overlaps")
				}
			}
			return
		}
		at += column.Width
	}
	t.Error("no overlap is recorded")
}

// squaredCorrelations returns sum_ij <s_i s_j>^2/N^2, the <q^2> of two chains.
func squaredCorrelations(p []float64, n int) float64 {
	var sum float64
	for i := range n {
		for j := range n {
			var mean float64
			for state, w := range p {
				mean += w * spin(uint64(state), i) * spin(uint64(state), j)
			}
			sum += mean * mean / float64(n*n)
		}
	}
	return sum
}

// latticeGlass returns the system of a glass, with the couplings that the model
// drew, of which it checks that they are on the bonds of a square lattice and,
// where they have one size, that some loop is frustrated.
func latticeGlass(t *testing.T, m *models.SpinGlass, beta, h float64, alike bool) *system {
	t.Helper()
	s := grid(m.Shape, true, beta, 1, h)
	graph := m.Couplings().Graph
	for k := range s.bonds {
		b := &s.bonds[k]
		found := 0
		for n, j := range graph.Neighbours(b.i) {
			if int(j) == b.j {
				b.strength = graph.Strengths(b.i)[n]
				found++
			}
		}
		if found != 1 || len(graph.Neighbours(b.i)) != 4 || alike && math.Abs(b.strength) != 1 {
			t.Fatalf("between %d and %d there are %d bonds, one of %v", b.i, b.j, found, b.strength)
		}
	}
	if !m.Frustrated() {
		t.Fatal("no loop is frustrated; take another seed")
	}
	return s
}
