package proof

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"testing"

	"mcrun/models"
	"mcrun/observables"
)

// What is drawn of phi^4 on 2 x 2 sites has the expectation values of a quadrature.
// A deviation of 6 errors has the probability 2e-9; there are 25 or so.
func TestDrawnPhi4(t *testing.T) {
	data, err := os.ReadFile(filepath.Join("..", "testdata", "phi4_2x2.json"))
	if err != nil {
		t.Fatal(err)
	}
	var points []struct{ Mass2, Lambda, Phi2, Phi4, M2, M4, S float64 }
	if err := json.Unmarshal(data, &points); err != nil {
		t.Fatal(err)
	}
	for _, v := range points {
		m := specimen{"phi4", map[string]any{"shape": []int{2, 2}, "mass2": v.Mass2, "lambda": v.Lambda}}.build(t)
		e, err := newEnsemble(m.(models.Differentiable))
		if err != nil {
			t.Fatal(err)
		}
		found := e.references(observables.Standard(m), drawn, false)
		for of, want := range map[string]float64{
			"action": v.S / 4, "phi2": v.Phi2, "phi4": v.Phi4, "susceptibility": 4 * v.M2, "binder": 1 - v.M4/(3*v.M2*v.M2),
		} {
			if r := found[of]; r == nil || !(math.Abs(r[0].value-want) <= 6*r[0].error) {
				t.Errorf("mass2 = %g, lambda = %g: %s is %v, want %g", v.Mass2, v.Lambda, of, r, want)
			}
		}
	}
}
