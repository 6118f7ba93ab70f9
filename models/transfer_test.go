package models

import (
	"fmt"
	"math"
	"slices"
	"testing"
)

// stripOf returns the strip of TransferMatrix for a shape whose longest side is
// the last.
func stripOf(shape []int, beta, j, h float64) *strip {
	last := len(shape) - 1
	return newStrip(shape[:last], product(shape[:last]), shape[last], beta, j, h)
}

// The lattices include frustrated ones, doubled bonds and three dimensions.
func TestTransferMatrixEnumeration(t *testing.T) {
	for _, shape := range [][]int{
		{2}, {3}, {8}, {13}, {2, 2}, {2, 3}, {3, 3}, {3, 4}, {4, 4}, {2, 7}, {3, 5}, {2, 2, 2}, {2, 2, 3}, {2, 3, 3},
	} {
		g, _ := CountStates(shape)
		for _, j := range []float64{1, 0.3, 0, -1} {
			for _, h := range []float64{0, 0.1, -2.5} {
				for _, T := range exactTemperatures {
					beta := 1 / T
					want := g.Moments(beta, j, h)
					got, ok := TransferMatrix(shape, beta, j, h)
					if !ok || math.IsNaN(got.AbsMag+got.Mag2+got.Mag4) {
						t.Fatalf("%v: %+v, %v: not all moments", shape, got, ok)
					}
					if err := differ(got, want, 1e-11); err != nil {
						t.Errorf("%v, T = %v, J = %v, h = %v: %v", shape, T, j, h, err)
					}
					got = stripOf(shape, beta, j, h).secondMoments()
					if !math.IsNaN(got.AbsMag) || math.IsNaN(got.Mag2) || !math.IsNaN(got.Mag4) {
						t.Fatalf("%v: %+v: not the second moments", shape, got)
					}
					if err := differ(got, want, 1e-11); err != nil {
						t.Errorf("%v, T = %v, J = %v, h = %v, second moments: %v", shape, T, j, h, err)
					}
				}
			}
		}
	}
}

func TestTransferMatrixMag2(t *testing.T) {
	// Monte Carlo, <m^2> at T_c for L = 8: 0.64683(14). Not a random test: the
	// two numbers are fixed, 0.6 standard errors apart.
	got, ok := TransferMatrix([]int{8, 8}, math.Asinh(1)/2, 1, 0)
	if !ok || math.Abs(got.Mag2-0.64683) > 0.00014 {
		t.Errorf("L = 8 at T_c: <m^2> = %v, %v", got.Mag2, ok)
	}
}

// A long ring against the eigenvalues of its 2 x 2 matrix,
// e^K cosh b +- sqrt(e^{2K} sinh^2 b + e^{-2K}), b = beta h (R. J. Baxter,
// Exactly Solved Models in Statistical Mechanics (1982), section 2.1).
func TestTransferMatrixRing(t *testing.T) {
	for _, n := range []int{200, 30000} {
		for _, j := range []float64{1, -1} {
			for _, h := range []float64{0, 0.2, -3} {
				for _, beta := range []float64{0, 0.5, 1.5} {
					k, b := beta*j, beta*h
					root := math.Sqrt(math.Exp(2*k)*math.Pow(math.Sinh(b), 2) + math.Exp(-2*k))
					first := math.Exp(k)*math.Cosh(b) + root
					second := math.Exp(k)*math.Cosh(b) - root
					ratio := math.Pow(second/first, float64(n))
					logZ := float64(n)*math.Log(first) + math.Log1p(ratio)
					mag := math.Exp(k) * math.Sinh(b) / root * (1 - ratio) / (1 + ratio)
					got, ok := TransferMatrix([]int{n}, beta, j, h)
					if !ok || !near(got.LogZ, logZ, 1e-11) || !near(got.Mag, mag, 1e-11) {
						t.Errorf("N = %d, J = %v, h = %v, beta = %v: %+v, %v; want lnZ = %v, <m> = %v",
							n, j, h, beta, got, ok, logZ, mag)
					}
				}
			}
		}
	}
}

// <m> = d lnZ/d(beta h)/N, N(<m^2>-<m>^2) its derivative, e = -d lnZ/d beta/N
// and C = -beta^2 de/d beta, by central differences whose error is 1e-8.
func TestTransferMatrixDerivatives(t *testing.T) {
	const (
		d     = 1e-4
		sites = 24
	)
	for _, j := range []float64{1, -0.8} {
		for _, beta := range []float64{0.2, 0.44, 0.7} {
			for _, h := range []float64{0, 0.3, -1} {
				at := func(beta, h float64) Moments {
					m, _ := TransferMatrix([]int{4, 2, 3}, beta, j, h)
					return m
				}
				got := at(beta, h)
				up, down := at(beta, h+d), at(beta, h-d)
				m := (up.LogZ - down.LogZ) / (2 * d) / beta / sites
				m2 := (up.Mag-down.Mag)/(2*d)/beta/sites + m*m
				up, down = at(beta+d, h), at(beta-d, h)
				e := -(up.LogZ - down.LogZ) / (2 * d) / sites
				c := -beta * beta * (up.Energy - down.Energy) / (2 * d)
				want := Moments{LogZ: got.LogZ, Energy: e, SpecificHeat: c, Mag: m, AbsMag: got.AbsMag, Mag2: m2, Mag4: got.Mag4}
				if err := differ(got, want, 1e-6); err != nil {
					t.Errorf("J = %v, beta = %v, h = %v: %v", j, beta, h, err)
				}
			}
		}
	}
}

// The two ways agree where enumeration does not reach, with h and without.
func TestTransferMatrixSecondMoments(t *testing.T) {
	for _, shape := range [][]int{{6, 9}, {3, 3, 4}, {300}} {
		for _, j := range []float64{1, -1} {
			for _, h := range []float64{0, 0.05, 4} {
				s := stripOf(shape, 0.44, j, h)
				if err := differ(s.secondMoments(), s.allMoments(), 1e-11); err != nil {
					t.Errorf("%v, J = %v, h = %v: %v", shape, j, h, err)
				}
			}
		}
	}
}

func TestTransferMatrixSideOrder(t *testing.T) {
	want, _ := TransferMatrix([]int{2, 3, 5}, 0.3, 1, 0.1)
	for _, shape := range [][]int{{2, 5, 3}, {3, 2, 5}, {5, 3, 2}} {
		before := slices.Clone(shape)
		got, ok := TransferMatrix(shape, 0.3, 1, 0.1)
		if err := differ(got, want, 1e-12); err != nil || !ok {
			t.Errorf("%v: %v, %v", shape, ok, err)
		}
		if !slices.Equal(shape, before) {
			t.Errorf("%v: shape changed to %v", before, shape)
		}
	}
}

func TestTransferMatrixReach(t *testing.T) {
	const beta = 0.4
	for _, c := range []struct {
		shape     []int
		beta      float64
		ok, fewer bool // fewer: the second moments only
	}{
		{[]int{8, 8}, beta, true, false},
		{[]int{11, 11}, beta, true, true},
		{[]int{20000}, beta, true, true},
		{[]int{12, 12}, beta, false, false},
		{[]int{1 << 40}, beta, false, false},
		{[]int{8, 1 << 40}, beta, false, false},
		{[]int{1 << 40, 1 << 40, 1 << 40}, beta, false, false},
		{[]int{7, 8}, 24, true, false}, // 2|beta J| x 7 is 336
		{[]int{7, 8}, 26, false, false},
	} {
		got, ok := TransferMatrix(c.shape, c.beta, 1, 0)
		if ok != c.ok || ok && math.IsNaN(got.Mag4) != c.fewer {
			t.Errorf("%v, beta = %v: %+v, %v", c.shape, c.beta, got, ok)
		}
	}
	for _, shape := range [][]int{nil, {}, {1}, {4, 1}, {1 << 40, 0}} {
		if got := panicOf(func() { TransferMatrix(shape, beta, 1, 0) }); got != badExactShape {
			t.Errorf("%v: panic %v, want %q", shape, got, badExactShape)
		}
	}
}

// The coldest strips, where the states that decide are far from those that a
// boundary starts with: the walls of a frustrated ring, and a field that turns
// an antiferromagnet.
func TestTransferMatrixCold(t *testing.T) {
	for _, c := range []struct {
		shape []int
		j, h  float64
	}{
		{[]int{15}, -1, 0}, {[]int{15}, -1, 2}, {[]int{3, 5}, -1, 0}, {[]int{3, 5}, -1, 4.001},
		{[]int{2, 3, 3}, -1, 0.01}, {[]int{4, 4}, 1, -1e-3}, {[]int{4, 4}, -1, 30},
	} {
		g, _ := CountStates(c.shape)
		width := product(c.shape[:len(c.shape)-1])
		beta := 170 / float64(width)
		got, ok := TransferMatrix(c.shape, beta, c.j, c.h)
		// A variance of energies of order N loses N (beta H/N)^2 1e-15.
		if err := differ(got, g.Moments(beta, c.j, c.h), 1e-7); err != nil || !ok {
			t.Errorf("%v, J = %v, h = %v, beta = %v: %v, %v", c.shape, c.j, c.h, beta, ok, err)
		}
	}
}

func TestStripClasses(t *testing.T) {
	// Necklaces of 8 beads in two colours, and those up to exchange of the
	// colours: N. J. A. Sloane's sequences A000031 and A000013.
	for _, c := range []struct {
		h    float64
		want int
	}{{1, 36}, {0, 20}} {
		classes := stripOf([]int{8, 8}, 1, 1, c.h).classes
		total := 0
		for _, class := range classes {
			total += class.size
		}
		if len(classes) != c.want || total != 256 {
			t.Errorf("h = %v: %d classes of %d states, want %d of 256", c.h, len(classes), total, c.want)
		}
	}
}

func BenchmarkTransferMatrix(b *testing.B) {
	for _, shape := range [][]int{{8, 8}, {9, 9}, {10, 50}, {7000}} {
		b.Run(fmt.Sprint(shape), func(b *testing.B) {
			for b.Loop() {
				TransferMatrix(shape, 0.44, 1, 0)
			}
		})
	}
}
