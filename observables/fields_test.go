package observables_test

import (
	"math"
	"slices"
	"strings"
	"testing"

	"mcrun/mc/param"
	"mcrun/models"
	"mcrun/observables"
)

// newField returns a registered model, prepared.
func newField(t *testing.T, name string, keys map[string]any) models.Differentiable {
	t.Helper()
	e, _ := models.Find(name)
	m := e.New()
	if errs := param.Decode(keys, m); errs != nil {
		t.Fatal(errs)
	}
	if err := m.Prepare(); err != nil {
		t.Fatal(err)
	}
	return m.(models.Differentiable)
}

// Which fields have powers of phi and products of neighbours, and which of these are
// standard.
func TestFieldsHavePhi(t *testing.T) {
	path := param.File{Path: "couplings.txt", Data: []byte("3\n0 1 1\n1 2 -2\n")}
	onLattice := []string{"action", "phi2", "phi4", "phi_neighbour", "abs_magnetization", "susceptibility", "binder"}
	without := []string{"action", "abs_magnetization", "susceptibility", "binder"}
	for _, c := range []struct {
		name          string
		keys          map[string]any
		powers, bonds string // in the refusal; "" for none
		standard      []string
	}{
		{"phi4", map[string]any{"shape": []int{2, 3}, "mass2": 1.0, "lambda": 1.0}, "", "", onLattice},
		{"dual-ising", map[string]any{"shape": []int{2, 3}, "beta": 0.3}, "", "", onLattice},
		{"dual-ising", map[string]any{"couplings": path, "beta": 0.3}, "", "models.Regular", []string{"action", "phi2", "phi4", "abs_magnetization", "susceptibility", "binder"}},
		{"mixture", map[string]any{"dim": 2, "modes": []float64{1, 2}, "weights": []float64{1}, "sigma": 1.0}, "", "models.Regular", without},
		{"ring", map[string]any{"radius": 1.0, "width": 0.3}, "models.Differentiable", "models.Differentiable", without},
		{"xy", map[string]any{"shape": []int{2, 3}, "beta": 0.3}, "models.Differentiable", "models.Differentiable", []string{"energy", "specific_heat", "abs_magnetization", "susceptibility", "binder"}},
	} {
		m := newField(t, c.name, c.keys)
		for _, o := range find(t, "phi2", "phi4", "phi_neighbour") {
			want := c.powers
			if o.Name == "phi_neighbour" {
				want = c.bonds
			}
			switch err := o.Check(m); {
			case want == "" && err != nil:
				t.Errorf("%s of %s: %v", o.Name, c.name, err)
			case want != "" && (err == nil || !strings.Contains(err.Error(), want)):
				t.Errorf("%s of %s: %v, want an error that names %s", o.Name, c.name, err, want)
			}
		}
		if got := names(observables.Standard(m)); !slices.Equal(got, c.standard) {
			t.Errorf("standard set of %s: %q, want %q", c.name, got, c.standard)
		}
	}
}

// Powers and products of neighbours by hand, where a side of 2 has each pair of
// neighbours twice.
func TestPhiByHand(t *testing.T) {
	x := models.Field{1, -2, 3, 0.5, -1, 2}
	for _, m := range []models.Model{
		newField(t, "gaussian", map[string]any{"shape": []int{2, 3}, "mass2": 1.0}),
		newField(t, "dual-ising", map[string]any{"shape": []int{2, 3}, "beta": 0.3}),
	} {
		for name, want := range map[string]float64{
			"phi2":          (1 + 4 + 9 + 0.25 + 1 + 4) / 6.,
			"phi4":          (1 + 16 + 81 + 0.0625 + 1 + 16) / 6.,
			"phi_neighbour": (2*(0.5+2+6) + (-2 - 6 + 3) + (-0.5 - 2 + 1)) / 12.,
		} {
			if got := read(m, name, x)[0]; math.Abs(got-want) > 1e-15*math.Abs(want) {
				t.Errorf("%T: %s = %v, want %v", m, name, got, want)
			}
		}
	}
}

// The mean of phi2 over the density of a dual is what the model knows.
func TestPhi2OfDual(t *testing.T) {
	m := newField(t, "dual-ising", map[string]any{"shape": []int{3}, "temperature": 1.7, "J": -1.0, "h": 0.2, "offset": 0.5})
	columns := observables.Columns(m, find(t, "phi2"), observables.NoSource)
	x := make(models.Field, 3)
	got := gridMeans(m, observables.NewProbe(m, columns, x), x, 1)[0]
	if want := m.(models.Exact).Exact()["phi2"]; math.Abs(got-want) > 1e-9 {
		t.Errorf("<phi^2> = %.12f over x, exact %.12f", got, want)
	}
}
