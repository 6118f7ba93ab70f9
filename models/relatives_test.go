package models_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"mcrun/mc"
	"mcrun/mc/param"
	"mcrun/models"
)

func thermal(t float64) models.Thermal { return models.Thermal{Temperature: &t} }

// prepared returns the model after Prepare.
func prepared[M models.Model](m M) M {
	if err := m.Prepare(); err != nil {
		panic(err)
	}
	return m
}

// randomSpins returns states with runs of equal ones, so that bonds of all
// kinds occur.
func randomSpins(n, q int, random *rand.Rand) models.Spins {
	s := make(models.Spins, n)
	for i := range s {
		if i > 0 && random.IntN(2) == 0 {
			s[i] = s[i-1]
		} else {
			s[i] = uint8(random.IntN(q))
		}
	}
	return s
}

// Energies and order parameters counted eight sites at once are those of the
// definition, on rows and lattices on either side of where sums overflow.
func TestCountsOnLattices(t *testing.T) {
	random := rand.New(mc.NewStream(mc.NewKey(1)))
	for _, shape := range isingShapes {
		n := 1
		for _, side := range shape {
			n *= side
		}
		for _, q := range []int{2, 3, 4, 129, 256} {
			m := prepared(&models.Potts{Periodic: models.Periodic{Shape: shape}, Thermal: thermal(1), Q: q, J: 0.5})
			s := randomSpins(n, q, random)
			if got, want := m.Energy(s), energyOf(m, s); got != want {
				t.Errorf("%v, q = %d: H = %v, want %v", shape, q, got, want)
			}
			count := make([]int, q)
			for _, k := range s {
				count[k]++
			}
			var most, squares float64
			for _, c := range count {
				most = max(most, float64(c))
				squares += float64(c) * float64(c)
			}
			abs, square := m.Order(s)
			wantAbs := (float64(q)*most/float64(n) - 1) / float64(q-1)
			wantSquare := (float64(q)*squares/float64(n)/float64(n) - 1) / float64(q-1)
			if math.Abs(abs-wantAbs) > 1e-14 || math.Abs(square-wantSquare) > 1e-14 {
				t.Errorf("%v, q = %d: |m| = %v, m^2 = %v, want %v and %v", shape, q, abs, square, wantAbs, wantSquare)
			}
		}
		m := prepared(&models.BlumeCapel{Periodic: models.Periodic{Shape: shape}, Thermal: thermal(1), J: 0.5, D: -0.25})
		for _, s := range []models.Spins{randomSpins(n, 3, random), m.NewState(models.Cold, nil).(models.Spins)} {
			if got, want := m.Energy(s), energyOf(m, s); got != want {
				t.Errorf("%v: Blume-Capel has H = %v, want %v", shape, got, want)
			}
			sum := 0
			for _, k := range s {
				sum += int(k) - 1
			}
			if got := m.Magnetization(s); got != float64(sum)/float64(n) {
				t.Errorf("%v: Blume-Capel has m = %v, want %d/%d", shape, got, sum, n)
			}
		}
	}
}

// Three colours are enough on odd sides.
func TestPottsColdStart(t *testing.T) {
	for _, shape := range [][]int{{3}, {5}, {3, 3}, {3, 4}, {2, 5}, {5, 7}, {3, 2, 5}, {3, 3, 3, 3}, {4, 6}, {2, 2}} {
		for _, q := range []int{3, 4, 7} {
			m := prepared(&models.Potts{Periodic: models.Periodic{Shape: shape}, Thermal: thermal(1), Q: q, J: -1})
			if e := m.Energy(m.NewState(models.Cold, nil)); e != 0 || m.Frustrated() {
				t.Errorf("%v, q = %d: an antiferromagnet starts with H = %v", shape, q, e)
			}
		}
	}
}

// The couplings that a seed gives never change.
func TestSpinGlassDraws(t *testing.T) {
	seed := uint64(5)
	for _, c := range []struct {
		kind  string
		seed  *uint64
		shape []int
		want  string
	}{
		{"+-J", nil, []int{4, 4}, "[4 1 3 12] [1 -1 1 1]; [0 5 2 13] [-1 -1 1 -1]; [1 6 3 14] [1 1 -1 1]; "},
		{"+-J", &seed, []int{4, 4}, "[4 1 3 12] [-1 -1 1 1]; [0 5 2 13] [-1 -1 1 1]; [1 6 3 14] [1 -1 1 -1]; "},
		{"gaussian", &seed, []int{4, 4}, "[4 1 3 12] [0.826740088410986 0.0221944251764779 -1.14390876173254 -0.0728559122721092]; " +
			"[0 5 2 13] [0.0221944251764779 0.721097122598251 -0.179615608116648 0.695549408954084]; " +
			"[1 6 3 14] [-0.179615608116648 -0.253065307740473 1.45197581289846 2.09573437661245]; "},
		{"gaussian", nil, []int{2, 3}, "[3 1 2] [2.61763607181701 0.131120118921058 -0.573621079145268]; " +
			"[0 4 2] [0.131120118921058 -0.053226308072574 -0.310331549151994]; " +
			"[1 5 0] [-0.310331549151994 -0.967630310314364 -0.573621079145268]; "},
	} {
		m := prepared(&models.SpinGlass{Periodic: models.Periodic{Shape: c.shape}, Thermal: thermal(1), Disorder: &c.kind, DisorderSeed: c.seed, J: 1})
		g := m.Couplings().Graph
		var got string
		for i := range 3 {
			got += fmt.Sprintf("%v %.15g; ", g.Neighbours(i), g.Strengths(i))
		}
		if got != c.want {
			t.Errorf("%v, %s:\ngot  %q\nwant %q", c.shape, c.kind, got, c.want)
		}
	}
}

// Couplings have mean 0 and variance 1, within 5 standard deviations of 3e4
// draws (false alarm 6e-7 each); normal ones have the fourth moment 3. A model
// of twice the scale has twice the couplings.
func TestSpinGlassMoments(t *testing.T) {
	for _, kind := range []string{"+-J", "gaussian"} {
		m := prepared(&models.SpinGlass{Periodic: models.Periodic{Shape: []int{100, 150}}, Thermal: thermal(1), Disorder: &kind, J: 1})
		twice := prepared(&models.SpinGlass{Periodic: models.Periodic{Shape: []int{100, 150}}, Thermal: thermal(1), Disorder: &kind, J: 2})
		var n, m1, m2, m4 float64
		eachBond(m.Couplings(), m.Sites(), func(i, j int, x float64) {
			n++
			m1 += x
			m2 += x * x
			m4 += x * x * x * x
		})
		eachBond(twice.Couplings(), m.Sites(), func(i, j int, x float64) { m2 -= x * x / 4 })
		if n != 30000 || math.Abs(m1) > 5*math.Sqrt(n) || math.Abs(m2) > 1e-8 {
			t.Errorf("%s: %v bonds of sum %v; squares differ from a quarter of those of twice the scale by %v", kind, n, m1, m2)
		}
		// Deviations of x^4 are 0 and sqrt(105 - 9).
		want, sigma := 1.0, 0.0
		if kind == "gaussian" {
			want, sigma = 3, math.Sqrt(96)
		}
		if math.Abs(m4/n-want) > 5*sigma/math.Sqrt(n) {
			t.Errorf("%s: the fourth moment is %v", kind, m4/n)
		}
		if !m.Frustrated() {
			t.Errorf("%s: the glass is not frustrated", kind)
		}
	}
}

// A pair joined by two bonds has the sum of two draws: 0 or +-2 of +-J.
func TestSpinGlassSidesOfTwo(t *testing.T) {
	kind := "+-J"
	seen := map[float64]int{}
	for seed := range uint64(64) {
		m := prepared(&models.SpinGlass{Periodic: models.Periodic{Shape: []int{2, 3}}, Thermal: thermal(1), Disorder: &kind, DisorderSeed: &seed, J: 1})
		g := m.Couplings().Graph
		for i := range m.Sites() {
			if len(g.Neighbours(i)) != 3 {
				t.Fatalf("site %d of 2 x 3 has the neighbours %v", i, g.Neighbours(i))
			}
			for n, j := range g.Neighbours(i) {
				x := math.Abs(g.Strengths(i)[n])
				if across := int(j)%3 == i%3; across && x != 0 && x != 2 || !across && x != 1 {
					t.Fatalf("sites %d and %d have the coupling %v", i, j, g.Strengths(i)[n])
				}
				seen[g.Strengths(i)[n]]++
			}
		}
	}
	for _, x := range []float64{-2, -1, 0, 1, 2} {
		if seen[x] == 0 {
			t.Errorf("no coupling %v among 64 seeds", x)
		}
	}
}

func TestBlumeCapelColdStart(t *testing.T) {
	for _, c := range []struct {
		j, d      float64
		shape     []int
		energy, m float64
	}{
		{1, 0.5, []int{4, 4}, -24, 1},
		{1, 2.5, []int{4, 4}, 0, 0},
		{-1, 0.5, []int{4, 4}, -24, 0},
		{-1, 2.5, []int{4, 4}, 0, 0},
		{-1, -3, []int{3, 4}, -12, 1}, // frustrated: not a ground state
		{-1, -1, []int{3, 4}, 0, 0},
	} {
		m := prepared(&models.BlumeCapel{Periodic: models.Periodic{Shape: c.shape}, Thermal: thermal(1), J: c.j, D: c.d})
		s := m.NewState(models.Cold, nil)
		if e, mag := m.Energy(s), m.Magnetization(s); e != c.energy || mag != c.m {
			t.Errorf("%+v: cold state has H = %v, m = %v", c, e, mag)
		}
	}
}

// A model that was not validated says so at Prepare.
func TestPrepareRefuses(t *testing.T) {
	file := &param.File{Path: "net.txt", Data: []byte("2\n0 0 1\n")}
	for _, m := range []models.Model{
		&models.Ising{File: file, Thermal: thermal(1), J: 1},
		&models.SpinGlass{File: file, Thermal: thermal(1), J: 1},
	} {
		if m.Prepare() == nil {
			t.Errorf("%T: a bond of a site with itself was accepted", m)
		}
	}
}

// Nothing is known of what no method reaches.
func TestNoExactValues(t *testing.T) {
	for _, m := range []models.Exact{
		&models.Potts{Periodic: models.Periodic{Shape: []int{16, 16}}, Thermal: thermal(1), Q: 3, J: 1},
		&models.BlumeCapel{Periodic: models.Periodic{Shape: []int{16, 16}}, Thermal: thermal(1), J: 1},
		&models.SpinGlass{Periodic: models.Periodic{Shape: []int{16, 16}}, Thermal: thermal(1), J: 1},
	} {
		if v := prepared(m).Exact(); v != nil {
			t.Errorf("%T: %v", m, v)
		}
	}
}
