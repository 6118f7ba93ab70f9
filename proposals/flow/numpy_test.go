package flow

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"testing"

	"mcrun/models"
	"mcrun/proposals/flow/kern"
)

// TestNumPy holds densities to those that another reader of the same files
// computes, in NumPy: testdata/density.py, which is to be run after -update.
func TestNumPy(t *testing.T) {
	temperature := 2.5
	rectangle := &models.DualIsing{Periodic: models.Periodic{Shape: []int{4, 8}}, Thermal: models.Thermal{Temperature: &temperature}, J: 1, Offset: 0.1}
	mass2 := -4.0
	field := &models.Phi4{ScalarField: models.ScalarField{Periodic: models.Periodic{Shape: []int{4, 4}}}, Mass2: &mass2, Lambda: 6}
	for _, c := range []struct {
		name, model string
		of          models.Spec
		keys        map[string]any
	}{
		{"whitened", "dual-ising", rectangle, map[string]any{"couplings": 2, "hidden": []int{3}, "whiten": "learned", "repeat": 2, "symmetry": "z2", "activation": "tanh"}},
		{"scales", "dual-ising", rectangle, map[string]any{"couplings": 1, "hidden": []int{2, 2}, "prior": "scales", "whiten": "free", "symmetry": "translations", "activation": "silu"}},
		{"tebd", "phi4", field, map[string]any{"architecture": "tebd", "couplings": 2, "hidden": []int{3}, "depth": 2, "prior": "single-site", "symmetry": "z2+point", "activation": "softplus"}},
		{"shallow", "phi4", field, map[string]any{"couplings": 1, "hidden": []int{}, "depth": 1}},
	} {
		if !*update {
			break
		}
		if err := c.of.Prepare(); err != nil {
			t.Fatal(err)
		}
		file := encode(t, testFlow[float32](t, c.of, c.keys), keysOf(c.model, c.of))
		if err := os.WriteFile(filepath.Join("testdata", c.name+".safetensors"), file, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	text, err := os.ReadFile(filepath.Join("testdata", "density.json"))
	if err != nil {
		t.Fatal(err)
	}
	var values map[string][]float64
	if err := json.Unmarshal(text, &values); err != nil || len(values) != 5 {
		t.Fatalf("%d files in density.json: %v", len(values), err)
	}
	for name, want := range values {
		t.Run(name, func(t *testing.T) {
			file, err := os.ReadFile(filepath.Join("testdata", name))
			if err != nil {
				t.Fatal(err)
			}
			holdDensity[float64](t, file, want, 1e-12)
			holdDensity[float32](t, file, want, 1e-6)
		})
	}
}

// holdDensity compares the densities of a file with those wanted, up to so much of
// their size.
func holdDensity[T kern.Float](t *testing.T, file []byte, want []float64, tolerance float64) {
	w, _, err := Decode[T](file)
	if err != nil {
		t.Fatal(err)
	}
	if w.Flow.Spec.Whiten != "none" {
		tolerance = max(tolerance, 1e-8) // sigma is rounded to float32, its square in the file too
	}
	n := w.Flow.Dim()
	x, logq := make([]float64, len(want)*n), make([]float64, len(want))
	for i := range x {
		x[i] = 2 * math.Sin(float64(i%n)+float64(i/n)/2)
	}
	w.Flow.LogQ(NewWorkers[T](1), x, logq)
	for c, v := range logq {
		if math.Abs(v-want[c]) > tolerance*math.Abs(want[c]) {
			t.Errorf("%T: ln q of configuration %d is %.15g, want %.15g", w.Flow.Theta, c, v, want[c])
		}
	}
}
