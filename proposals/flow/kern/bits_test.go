package kern

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func sameBits(a, b []float32) bool {
	return slices.EqualFunc(a, b, func(x, y float32) bool { return math.Float32bits(x) == math.Float32bits(y) })
}

// TestColumns: what a column becomes depends neither on the other columns, nor
// on how many there are, nor on where the slices begin, to the bit. NaN and
// infinities stay in their column, and NaN reaches all that depends on it.
func TestColumns(t *testing.T) {
	eachLevel(t, func(t *testing.T) {
		rapid.Check(t, func(t *rapid.T) {
			out, in, n := shapes(t)
			rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
			act := Activation(rapid.IntRange(0, int(activations)-1).Draw(t, "act"))
			shift := rapid.IntRange(0, 15).Draw(t, "offset")
			take := func(n int) []float32 {
				s := Make[float32](n + 16)[shift:][:n]
				copy(s, variates[float32](rng, n))
				return s
			}
			w, b, x, g := take(out*in), take(out), take(in*n), take(out*n)
			logdet, u, tr, scale, gl := take(n), take(in*n), take(in*n), take(in), take(n)
			special := rapid.SampledFrom([]float32{1, float32(math.Inf(1)), float32(math.Inf(-1)), float32(math.NaN()), math.MaxFloat32, math.SmallestNonzeroFloat32}).Draw(t, "special")
			at := rapid.IntRange(0, n-1).Draw(t, "column")
			for i := range in {
				x[i*n+at] = special
			}

			// All results in columns, computed for a range of columns alone.
			run := func(from, to int) [][]float32 {
				m := to - from
				cut := func(s []float32, rows int) []float32 {
					c := make([]float32, 0, rows*m)
					for r := range rows {
						c = append(c, s[r*n+from:][:m]...)
					}
					return c
				}
				x, u, tr := cut(x, in), cut(u, in), cut(tr, in)
				y, gx := make([]float32, out*m), make([]float32, in*m)
				Dense(y, x, w, b, out, in, m, act)
				DenseInput(gx, cut(g, out), w, x, out, in, m, act)
				z, l := slices.Clone(x), cut(logdet, 1)
				Couple(z, l, u, tr, scale, in, m)
				v, k := slices.Clone(x), slices.Clone(l)
				Uncouple(v, k, u, tr, scale, in, m)
				zg, gg, gu, gt := slices.Clone(x), slices.Clone(gx), slices.Clone(u), slices.Clone(tr)
				CoupleGrad(zg, gg, gu, gt, make([]float32, in), cut(gl, 1), scale, in, m)
				vg, hg, hu, ht := slices.Clone(x), slices.Clone(gx), slices.Clone(u), slices.Clone(tr)
				UncoupleGrad(vg, hg, hu, ht, make([]float32, in), cut(gl, 1), scale, in, m)
				return [][]float32{y, gx, z, l, v, k, zg, gg, gu, gt, vg, hg, hu, ht}
			}
			whole := run(0, n)
			for from := 0; from < n; from += Lanes {
				for i, part := range run(from, from+Lanes) {
					rows := len(part) / Lanes
					for r := range rows {
						if !sameBits(part[r*Lanes:][:Lanes], whole[i][r*n+from:][:Lanes]) {
							t.Fatalf("result %d, row %d, columns from %d: %v alone, %v among others", i, r, from, part[r*Lanes:][:Lanes], whole[i][r*n+from:][:Lanes])
						}
					}
				}
			}
			y, z := whole[0], whole[2]
			for c := range n {
				for r := range out {
					if v := y[r*n+c]; c != at && v-v != 0 || c == at && special != special && v == v {
						t.Fatalf("Dense: %v in column %d, input %v in column %d", v, c, special, at)
					}
				}
				for r := range in {
					if v := z[r*n+c]; c != at && v-v != 0 || c == at && special != special && v == v {
						t.Fatalf("Couple: %v in column %d, input %v in column %d", v, c, special, at)
					}
				}
			}

			// Sums over columns are the same when repeated.
			gw, gb := make([]float32, out*in), make([]float32, out)
			DenseWeights(gw, gb, g, x, out, in, n)
			hw, hb := take(out*in), take(out)
			clear(hw)
			clear(hb)
			DenseWeights(hw, hb, slices.Clone(g), slices.Clone(x), out, in, n)
			if !sameBits(gw, hw) || !sameBits(gb, hb) {
				t.Fatal("DenseWeights gave other bits when repeated")
			}
		})
	})
}
