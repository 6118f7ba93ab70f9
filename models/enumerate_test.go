package models

import (
	"math"
	"testing"
)

func TestEnumerateReference(t *testing.T) {
	for _, want := range readExactValues(t).Enumeration {
		got, ok := Enumerate([]int{want.L, want.L}, 1/want.T, 1, 0)
		err := differ(got, Moments{
			LogZ: want.LnZ, Energy: want.E, SpecificHeat: want.C,
			AbsMag: want.Absm, Mag2: want.M2, Mag4: want.M4,
		}, 1e-13)
		if err != nil || !ok {
			t.Errorf("L = %d, T = %v: %v, %v", want.L, want.T, ok, err)
		}
	}
}

// sumStates takes every average from its definition.
func sumStates(shape []int, beta, j, h float64) Moments {
	n := product(shape)
	energies, weights := make([]float64, 1<<n), make([]float64, 1<<n)
	var z, energy float64
	var r Moments
	for state := range energies {
		spin := func(i int) float64 { return float64(state>>i&1)*2 - 1 }
		var e, m float64
		for i := range n {
			stride := 1
			for mu := len(shape) - 1; mu >= 0; mu-- {
				x := i / stride % shape[mu]
				e -= j * spin(i) * spin(i+((x+1)%shape[mu]-x)*stride)
				stride *= shape[mu]
			}
			e -= h * spin(i)
			m += spin(i) / float64(n)
		}
		w := math.Exp(-beta * e)
		energies[state], weights[state] = e, w
		z += w
		energy += w * e
		r.Mag += w * m
		r.AbsMag += w * math.Abs(m)
		r.Mag2 += w * m * m
		r.Mag4 += w * m * m * m * m
	}
	var variance float64
	for state, e := range energies {
		variance += weights[state] / z * (e - energy/z) * (e - energy/z)
	}
	r.LogZ = math.Log(z)
	r.Energy = energy / z / float64(n)
	r.SpecificHeat = beta * beta * variance / float64(n)
	r.Mag /= z
	r.AbsMag /= z
	r.Mag2 /= z
	r.Mag4 /= z
	return r
}

func TestEnumerateDefinition(t *testing.T) {
	for _, shape := range [][]int{{2}, {5}, {2, 2}, {2, 3}, {3, 2}, {3, 3}, {2, 2, 2}, {3, 2, 2}} {
		for _, c := range []struct{ beta, j, h float64 }{
			{0.4, 1, 0}, {0.7, -1, 0}, {0.5, 0.3, 0.2}, {0.5, -1, -1.5}, {1, 0, 0.4}, {0, 1, 1}, {0, -1, 1}, {-0.3, 1, 0.2},
		} {
			got, ok := Enumerate(shape, c.beta, c.j, c.h)
			if math.IsNaN(got.AbsMag + got.Mag2 + got.Mag4) {
				t.Fatalf("%v: %+v: not all moments", shape, got)
			}
			if err := differ(got, sumStates(shape, c.beta, c.j, c.h), 1e-12); err != nil || !ok {
				t.Errorf("%v, %+v: %v, %v", shape, c, ok, err)
			}
		}
	}
}

func TestCountStates(t *testing.T) {
	for _, shape := range [][]int{{2}, {7}, {3, 4}, {4, 5}, {2, 3, 3}} {
		g, _ := CountStates(shape)
		var total, fewest, most int64
		g.each(false, func(broken, _ int, count float64) {
			total += int64(count)
			switch broken {
			case 0:
				fewest += int64(count)
			case g.bonds:
				most += int64(count)
			}
		})
		// All bonds can be broken at once where all sides are even.
		alternate := int64(2)
		for _, side := range shape {
			if side%2 != 0 {
				alternate = 0
			}
		}
		if total != 1<<g.sites || fewest != 2 || most != alternate {
			t.Errorf("%v: %d states, %d without and %d with all bonds broken", shape, total, fewest, most)
		}
	}
}

// Independent spins, N even: <|m|> = binomial(N, N/2)/2^N, <m^2> = 1/N,
// <m^4> = (3N-2)/N^3.
func TestEnumerateInfiniteTemperature(t *testing.T) {
	const n = 12.0
	want := Moments{LogZ: n * math.Ln2, AbsMag: 924. / 4096, Mag2: 1 / n, Mag4: (3*n - 2) / (n * n * n)}
	got, _ := Enumerate([]int{3, 4}, 0, -1, 0.5)
	if err := differ(got, want, 1e-15); err != nil {
		t.Error(err)
	}
	if got.Mag != 0 || got.SpecificHeat != 0 {
		t.Errorf("%+v: <m> and C are not 0", got)
	}
}

func TestEnumerateZeroTemperature(t *testing.T) {
	for _, c := range []struct {
		j, h float64
		want Moments
	}{
		{1, 0, Moments{LogZ: 2*12*1e4 + math.Ln2, Energy: -2, AbsMag: 1, Mag2: 1, Mag4: 1}},
		{1, -1, Moments{LogZ: 3 * 12 * 1e4, Energy: -3, Mag: -1, AbsMag: 1, Mag2: 1, Mag4: 1}},
		{-1, 0, Moments{LogZ: 2*12*1e4 + math.Ln2, Energy: -2}},
	} {
		got, _ := Enumerate([]int{2, 6}, 1e4, c.j, c.h)
		if err := differ(got, c.want, 1e-15); err != nil {
			t.Errorf("J = %v, h = %v: %v", c.j, c.h, err)
		}
	}
}

func TestEnumerateReach(t *testing.T) {
	for _, shape := range [][]int{{26}, {2, 13}, {3, 3, 3}, {1 << 40, 1 << 40}} {
		if _, ok := Enumerate(shape, 1, 1, 0); ok {
			t.Errorf("%v: was enumerated", shape)
		}
	}
	for _, shape := range [][]int{nil, {}, {1}, {5, 0}, {1 << 40, 1}} {
		if got := panicOf(func() { Enumerate(shape, 1, 1, 0) }); got != badExactShape {
			t.Errorf("%v: panic %v, want %q", shape, got, badExactShape)
		}
	}
}

func BenchmarkCountStates(b *testing.B) {
	for b.Loop() {
		CountStates([]int{4, 5})
	}
}
