package observables_test

import (
	"math"
	"testing"

	"mcrun/mc"
	"mcrun/models"
	"mcrun/observables"
)

func clockOn(t *testing.T, q int, beta, j float64, shape ...int) *models.Clock {
	t.Helper()
	m := &models.Clock{Q: q, J: j}
	m.Shape, m.InverseT = shape, &beta
	if err := m.Prepare(); err != nil {
		t.Fatal(err)
	}
	return m
}

// read returns the numbers of a column in a state.
func readColumn(t *testing.T, m models.Model, name string, width int, s models.State) []float64 {
	t.Helper()
	c, ok := observables.FindColumn(name)
	if !ok {
		t.Fatalf("no column %s", name)
	}
	if err := c.Check(m); err != nil {
		t.Fatal(err)
	}
	row := make([]float64, width)
	observables.NewProbe(m, []observables.Field{{Name: name, Width: width}}, s).Read(row)
	return row
}

// With odd q, where no difference is pi, what is read off a clock model is what is
// read off the XY model at the same angles.
func TestClockAsXY(t *testing.T) {
	random := mc.NewStream(mc.NewKey(3, "angles"))
	for _, q := range []int{3, 5, 9, 255} {
		shape := []int{3, 4, 5}
		clock := clockOn(t, q, 0.7, -1.3, shape...)
		xy := &models.NVector{N: 2, J: -1.3}
		xy.Shape, xy.InverseT = shape, clock.InverseT
		if err := xy.Prepare(); err != nil {
			t.Fatal(err)
		}
		for range 5 {
			spins := clock.NewState(models.Hot, random).(models.Spins)
			vectors := make(models.Field, 2*len(spins))
			for i, k := range spins {
				vectors[2*i+1], vectors[2*i] = math.Sincos(2 * math.Pi * float64(k) / float64(q))
			}
			for name, width := range map[string]int{
				"energy": 1, "abs_magnetization": 1, "squared_magnetization": 1, "helicity_modulus": 3, "vorticity": 1,
				"correlation": 2 + 3 + 3, "structure_factor": 2 + 3 + 3, "smallest_modes": 4,
			} {
				got, want := readColumn(t, clock, name, width, spins), readColumn(t, xy, name, width, vectors)
				for i := range got {
					if !(math.Abs(got[i]-want[i]) < 1e-12*(1+math.Abs(want[i]))) {
						t.Errorf("q = %d: %s[%d] = %v, of the XY model %v", q, name, i, got[i], want[i])
					}
				}
			}
		}
	}
}

// Differences of pi turn by +pi along the axis: a spin against all others of two
// angles, or of four, has a vortex and an antivortex at two of its four plaquettes.
// An angle that turns by a quarter from each corner of a plaquette to the next is
// a vortex of four.
func TestClockVortices(t *testing.T) {
	for _, x := range []struct {
		q        int
		spins    models.Spins // on 4 x 4 sites
		vortices float64
	}{
		{2, models.Spins{0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, 2},
		{4, models.Spins{0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, 2},
		{2, models.Spins{0, 1, 0, 1, 1, 0, 1, 0, 0, 1, 0, 1, 1, 0, 1, 0}, 0},
		{6, models.Spins{0, 1, 2, 3, 4, 5, 0, 1, 2, 3, 4, 5, 0, 1, 2, 3}, -1},
		{4, models.Spins{0, 1, 1, 1, 3, 2, 1, 1, 3, 2, 1, 1, 3, 3, 0, 0}, -1},
	} {
		m := clockOn(t, x.q, 1, 1, 4, 4)
		got := 16 * readColumn(t, m, "vorticity", 1, x.spins)[0]
		signed, count := 0, 0.0
		for i := range 16 {
			w := winding(x.spins, x.q, i/4, i%4)
			signed += w
			count += math.Abs(float64(w))
		}
		if x.vortices < 0 {
			x.vortices = count
		}
		if got != x.vortices || signed != 0 || count != x.vortices {
			t.Errorf("q = %d, %v: %v vortices, want %v; by the definition %v, of signs that add up to %d", x.q, x.spins, got, x.vortices, count, signed)
		}
	}
}

// winding is that of the plaquette at (y, x), in integers.
func winding(s models.Spins, q, y, x int) int {
	at := func(y, x int) int { return int(s[y%4*4+x%4]) }
	turn := func(a, b int) int { // of an angle along an axis, in units of 2 pi/q
		d := (b - a + q) % q
		if 2*d > q {
			d -= q
		}
		return d
	}
	sum := turn(at(y, x), at(y+1, x)) + turn(at(y+1, x), at(y+1, x+1)) - turn(at(y, x+1), at(y+1, x+1)) - turn(at(y, x), at(y, x+1))
	return sum / q
}
