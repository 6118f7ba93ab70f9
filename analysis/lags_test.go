package analysis

import (
	"fmt"
	"math"
	"math/big"
	"math/rand/v2"
	"testing"
)

// noise is a set of chains of independent normal records.
func noise(seed uint64, lengths ...int) [][]float64 {
	random := rand.New(rand.NewPCG(seed, 1))
	chains := make([][]float64, len(lengths))
	for c, n := range lengths {
		chains[c] = make([]float64, n)
		for t := range chains[c] {
			chains[c][t] = random.NormFloat64()
		}
	}
	return chains
}

func seriesOf(chains [][]float64) *series {
	return &series{lengths: lengthsOf(chains), read: func(dst []float64, chain, start int) {
		copy(dst, chains[chain][start:start+len(dst)])
	}}
}

// naiveProducts is the definition.
func naiveProducts(chains [][]float64, t int) float64 {
	var s sum
	for _, x := range chains {
		for i := 0; i+t < len(x); i++ {
			s.add(x[i] * x[i+t])
		}
	}
	return s.value()
}

// TestLagsAreProducts holds the direct sums and the Fourier sums, at all lags
// and for chains that are shorter and longer than a block and end on its border,
// to the definition within 1e-12 of the sum at lag 0.
func TestLagsAreProducts(t *testing.T) {
	for i, lengths := range [][]int{
		{1}, {2}, {31}, {32}, {33}, {64}, {100, 1, 0, 7},
		{blockLen - 1}, {blockLen}, {blockLen + 1}, {2*blockLen + 17, 40, blockLen},
	} {
		t.Run(fmt.Sprint(lengths), func(t *testing.T) {
			chains := noise(uint64(i), lengths...)
			s := seriesOf(chains)
			scale := naiveProducts(chains, 0)
			check := func(name string, got []float64) {
				t.Helper()
				for lag, v := range got {
					if want := naiveProducts(chains, lag); !(math.Abs(v-want) <= 1e-12*scale) {
						t.Fatalf("%s, lag %d: %g, want %g", name, lag, v, want)
					}
				}
			}
			check("direct", s.direct(directLags))
			for _, block := range []int{8, 32, 64, 256} {
				got := s.byFFT(block)
				if len(got) != block+1 {
					t.Fatalf("byFFT(%d) gives %d lags", block, len(got))
				}
				check(fmt.Sprintf("byFFT(%d)", block), got)
			}
		})
	}
}

// TestLagsExtend asks for every lag in turn, through all passes, and checks
// that a lag keeps the value it had when it was first asked for.
func TestLagsExtend(t *testing.T) {
	chains := noise(3, 3000, 2500)
	l := &lags{series: seriesOf(chains)}
	scale := naiveProducts(chains, 0)
	var first []float64
	for lag := range 3000 {
		first = append(first, l.at(lag))
	}
	for lag, v := range first {
		if l.at(lag) != v {
			t.Fatalf("lag %d was %g, is %g", lag, v, l.at(lag))
		}
		if lag%37 == 0 {
			if want := naiveProducts(chains, lag); !(math.Abs(v-want) <= 1e-12*scale) {
				t.Fatalf("lag %d: %g, want %g", lag, v, want)
			}
		}
	}
}

// TestMomentsLoseNothing compares with exact sums for records whose common
// offset is 10^8 times their spread.
func TestMomentsLoseNothing(t *testing.T) {
	const n = 300_000
	x := noise(4, n)[0]
	exact := new(big.Float).SetPrec(200)
	for i := range x {
		x[i] += 1e8
		exact.Add(exact, big.NewFloat(x[i]))
	}
	want, _ := exact.Quo(exact, big.NewFloat(n)).Float64()
	mean, variance, err := moments([][]float64{x[:n/3], x[n/3:]})
	if err != nil {
		t.Fatal(err)
	}
	if mean != want {
		t.Errorf("mean = %.17g, want %.17g", mean, want)
	}
	if !(math.Abs(variance-1) < 0.02) { // 1 +- sqrt(2/n) = 0.0026
		t.Errorf("variance = %g, want 1", variance)
	}
}

func TestSumIsCompensated(t *testing.T) {
	var s sum
	for _, x := range []float64{1e100, 1, -1e100, 1} {
		s.add(x)
	}
	if s.value() != 2 {
		t.Errorf("1e100 + 1 - 1e100 + 1 = %g, want 2", s.value())
	}
}
