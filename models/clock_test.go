package models_test

import (
	"fmt"
	"math"
	"testing"

	"mcrun/models"
)

func clock(t *testing.T, q int, temperature, j float64, shape ...int) *models.Clock {
	t.Helper()
	m := &models.Clock{Q: q, J: j}
	m.Shape, m.Temperature = shape, &temperature
	if err := m.Validate(); err != nil {
		t.Fatal(err)
	}
	if err := m.Prepare(); err != nil {
		t.Fatal(err)
	}
	return m
}

// sameValues compares the values of names to a relative error of 1e-10; the wanted ones
// are functions of those of another model.
func sameValues(t *testing.T, got map[string]float64, want map[string]float64) {
	t.Helper()
	for name, w := range want {
		if g, ok := got[name]; !ok || !(math.Abs(g-w) <= 1e-10*(1+math.Abs(w))) {
			t.Errorf("%s = %v (known: %t), not %v", name, g, ok, w)
		}
	}
}

// Two angles are the Ising model, at the same J.
func TestClockOfTwo(t *testing.T) {
	for _, shape := range [][]int{{9}, {3, 4}, {2, 2, 3}, {16, 16}} {
		for _, j := range []float64{1, -0.8} {
			temperature := 1.9
			ising := &models.Ising{J: j}
			ising.Shape, ising.Temperature = shape, &temperature
			if err := ising.Prepare(); err != nil {
				t.Fatal(err)
			}
			want := ising.Exact()
			delete(want, "magnetization")
			sameValues(t, clock(t, 2, temperature, j, shape...).Exact(), want)
		}
	}
}

// Three angles are the Potts model of coupling 3J/2, but for a constant: cos =
// (3 delta - 1)/2. So m^2 and C are the same.
func TestClockOfThree(t *testing.T) {
	for _, shape := range [][]int{{9}, {100}, {3, 4}, {4, 5}} {
		temperature := 1.4
		potts := &models.Potts{Q: 3, J: 1.5}
		potts.Shape, potts.Temperature = shape, &temperature
		if err := potts.Prepare(); err != nil {
			t.Fatal(err)
		}
		p := potts.Exact()
		sameValues(t, clock(t, 3, temperature, 1, shape...).Exact(), map[string]float64{
			"energy":         p["energy"] + float64(len(shape))/2,
			"specific_heat":  p["specific_heat"],
			"susceptibility": p["susceptibility"],
		})
	}
}

// Four angles are two Ising models of J/2. On 3 x 3 sites both are summed over
// all states; on larger lattices the clock has its values from the Ising model, and
// the second ring from the transfer matrix.
func TestClockOfFour(t *testing.T) {
	for _, shape := range [][]int{{8}, {3, 3}, {2, 2, 2}, {32, 32}} {
		for _, j := range []float64{1, -0.7} {
			if j < 0 && shape[0] == 32 {
				continue
			}
			temperature := 1.2
			ising := &models.Ising{J: j / 2}
			ising.Shape, ising.Temperature = shape, &temperature
			if err := ising.Prepare(); err != nil {
				t.Fatal(err)
			}
			x := ising.Exact()
			want := map[string]float64{"energy": 2 * x["energy"], "specific_heat": 2 * x["specific_heat"]}
			if s, ok := x["susceptibility"]; ok { // which Kaufman does not know
				want["susceptibility"] = s
				u := 3 * (1 - x["binder"]) // <m^4>/<m^2>^2
				want["binder"] = 1 - (u+1)/6
			}
			sameValues(t, clock(t, 4, temperature, j, shape...).Exact(), want)
		}
	}
}

// The transfer matrix of a ring and the elimination of its sites, of all kinds of q,
// of both signs of J, frustrated and not.
func TestClockRings(t *testing.T) {
	for _, q := range []int{3, 5, 6, 7, 12} {
		for _, sites := range []int{2, 11, 40} {
			for _, j := range []float64{1, -1, 0} {
				for _, temperature := range []float64{0.05, 0.4, 3} {
					t.Run(fmt.Sprintf("q=%d,N=%d,J=%v,T=%v", q, sites, j, temperature), func(t *testing.T) {
						ring := clock(t, q, temperature, j, sites)
						x, ok := models.Eliminate(ring)
						if !ok {
							t.Fatal("too expensive")
						}
						y, ok := models.RingOfClocks(sites, q, 1/temperature, j)
						if cancels := j < 0 && q%2 == 0 && sites%2 != 0; !ok && cancels {
							t.Skip("the terms of Z cancel")
						} else if !ok {
							t.Fatal("the terms of Z cancel")
						}
						for _, v := range []struct {
							name      string
							got, want float64
						}{
							{"ln Z", y.LogZ, x.LogZ},
							{"e", y.Energy, x.Energy},
							{"C", y.SpecificHeat, x.SpecificHeat},
							{"m^2", y.Mag2, x.Mag2},
						} {
							if !(math.Abs(v.got-v.want) <= 1e-10*(1+math.Abs(v.want))) {
								t.Errorf("%s = %v, not %v", v.name, v.got, v.want)
							}
						}
					})
				}
			}
		}
	}
}

// Many angles are the XY model: on a ring the energies differ by less than the
// eigenvalues of the transfer matrix do, which are sums of q terms where the XY
// model has integrals.
func TestClockOfManyIsXY(t *testing.T) {
	temperature := 0.5
	xy := &models.NVector{N: 2, J: 1}
	xy.Shape, xy.Temperature = []int{50}, &temperature
	if err := xy.Prepare(); err != nil {
		t.Fatal(err)
	}
	sameValues(t, clock(t, 64, temperature, 1, 50).Exact(), xy.Exact())
}

// Antiferromagnets on odd sides: not frustrated if q is odd and no longer than the
// side, and then the cold start is a ground state.
func TestClockGroundStates(t *testing.T) {
	for _, q := range []int{2, 3, 4, 5, 7, 256} {
		for _, shape := range [][]int{{3}, {5}, {7, 2}, {5, 7}, {4, 6}, {9, 3, 2}} {
			m := clock(t, q, 1, -1, shape...)
			sites := 1
			for _, side := range shape {
				sites *= side
			}
			least := -1.0
			if q%2 != 0 {
				least = -math.Cos(math.Pi / float64(q))
			}
			bonds := float64(sites * len(shape))
			if e := m.Energy(m.NewState(models.Cold, nil)); !m.Frustrated() && math.Abs(e-bonds*least) > 1e-9 {
				t.Errorf("q = %d on %v: a cold start has H = %v, the ground state %v", q, shape, e, bonds*least)
			}
		}
	}
}
