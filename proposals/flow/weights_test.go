package flow

import (
	"flag"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"mcrun/internal/safetensors"
	"mcrun/mc/param"
	"mcrun/models"
	"mcrun/proposals/flow/kern"
)

var update = flag.Bool("update", false, "rewrite the golden file of weights")

// encode returns the file of a flow.
func encode[T kern.Float](t testing.TB, f *Flow[T], model []param.Setting) []byte {
	t.Helper()
	file, err := (&Weights[T]{f, model}).Encode()
	if err != nil {
		t.Fatal(err)
	}
	return file
}

// specs are flows of all sorts on a lattice.
var specs = []map[string]any{
	{"couplings": 2, "hidden": []int{3}},
	{"couplings": 1, "hidden": []int{}, "symmetry": "z2", "whiten": "learned"},
	{"couplings": 2, "hidden": []int{3}, "whiten": "free", "prior": "scales", "activation": "tanh"},
	{"architecture": "tebd", "couplings": 2, "hidden": []int{3, 2}, "depth": 1, "prior": "single-site"},
	{"architecture": "realnvp", "couplings": 3, "hidden": []int{2}, "kernel": []int{3, 1}, "symmetry": "z2+point"},
}

// TestWeights checks that what is read is what was written, to the bit.
func TestWeights(t *testing.T) {
	m := dual(t, 4, 4)
	for _, keys := range specs {
		f := testFlow[float32](t, m, keys)
		file := encode(t, f, keysOf("dual-ising", m))
		w, model, err := Decode[float32](file)
		if err != nil {
			t.Errorf("%v: %v", keys, err)
			continue
		}
		if d, ok := model.(*models.DualIsing); !ok || !slices.Equal(d.Shape, m.Shape) || *d.Temperature != *m.Temperature {
			t.Errorf("%v: another model: %+v", keys, model)
		}
		if err := w.Difference(keysOf("dual-ising", m), &f.Spec); err != nil {
			t.Errorf("%v: %v", keys, err)
		}
		if !slices.Equal(encode(t, w.Flow, w.Model), file) {
			t.Errorf("%v: the file is another when written again", keys)
		}
		x, logq := make([]float64, 16*20), make([]float64, 20)
		y, logp := make([]float64, 16*20), make([]float64, 20)
		f.Sample(NewWorkers[float32](1), stream("sample"), x, logq)
		w.Flow.Sample(NewWorkers[float32](1), stream("sample"), y, logp)
		if !slices.Equal(x, y) || !slices.Equal(logq, logp) {
			t.Errorf("%v: the flow is another", keys)
		}
	}
}

// TestGolden pins the format, the initial parameters, and a density.
func TestGolden(t *testing.T) {
	m := dual(t, 4, 4)
	f, err := New[float32](spec(t, map[string]any{"couplings": 2, "hidden": []int{3}, "symmetry": "z2"}), m, stream("golden"))
	if err != nil {
		t.Fatal(err)
	}
	shake(f, 0.25, stream("golden shake"))
	path := filepath.Join("testdata", "flow.safetensors")
	file := encode(t, f, keysOf("dual-ising", m))
	if *update {
		if err := os.WriteFile(path, file, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	golden, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(file, golden) {
		t.Error("the file is not what it was; if that is intended, run with -update")
	}
	w, _, err := Decode[float64](golden)
	if err != nil {
		t.Fatal(err)
	}
	x, logq := make([]float64, 16), make([]float64, 1)
	for i := range x {
		x[i] = math.Sin(float64(i))
	}
	w.Flow.LogQ(NewWorkers[float64](1), x, logq)
	// From a reader of the file in plain Python, site after site.
	if want := -20.6980746406095; math.Abs(logq[0]-want) > 1e-12 {
		t.Errorf("ln q = %.15g, want %.15g", logq[0], want)
	}
	// As sha256sum has it.
	if got, want := Hash(golden), "d20a7abf6fa15b34afd3b1aee906df6ece247deae3e5b17b81ba3ed80b21a07e"; got != want {
		t.Errorf("hash %s, want %s", got, want)
	}
}

// TestDifference checks that a file which is of another model or flow is told,
// with the key.
func TestDifference(t *testing.T) {
	m := dual(t, 4, 4)
	keys := map[string]any{"couplings": 2, "hidden": []int{3}}
	w := &Weights[float32]{testFlow[float32](t, m, keys), keysOf("dual-ising", m)}
	ising := &models.Ising{Periodic: m.Periodic, Thermal: m.Thermal, J: 1}
	other := *m
	other.Offset = 0.2
	inverse := func(by float64) []param.Setting {
		n := *m
		beta := by / *m.Temperature
		n.Thermal = models.Thermal{InverseT: &beta}
		return keysOf("dual-ising", &n)
	}
	path := "rg.safetensors"
	for _, c := range []struct {
		model []param.Setting
		keys  map[string]any
		want  string
	}{
		{keysOf("dual-ising", m), keys, ""},
		{keysOf("dual-ising", m), map[string]any{"couplings": 2, "hidden": []int{3}, "weights": path}, ""},
		{inverse(1), keys, ""},
		{inverse(2), keys, fmt.Sprintf("is of a model with beta = %s; expected %s", param.Format(1 / *m.Temperature), param.Format(2 / *m.Temperature))},
		{keysOf("dual-ising", &other), keys, "is of a model with offset = 0.1; expected 0.2"},
		{keysOf("ising", ising), keys, `is of a model with name = "dual-ising"; expected "ising"`},
		{keysOf("dual-ising", m)[:4], keys, "is of a model with h = 0.0; expected none"},
		{keysOf("dual-ising", m), map[string]any{"couplings": 2, "hidden": []int{4}}, "is of a flow with hidden = [3]; expected [4]"},
		{keysOf("dual-ising", m), map[string]any{"couplings": 2, "hidden": []int{3}, "depth": 2}, "is of a flow without depth; expected 2"},
	} {
		s := spec(t, c.keys)
		got := ""
		if err := w.Difference(c.model, &s); err != nil {
			got = err.Error()
		}
		if got != c.want {
			t.Errorf("%v %v: %q, want %q", c.model, c.keys, got, c.want)
		}
	}
}

// TestDamaged checks what is said of files that hold no flow.
func TestDamaged(t *testing.T) {
	m := dual(t, 4, 4)
	f := testFlow[float32](t, m, map[string]any{"couplings": 1, "hidden": []int{3}, "whiten": "learned"})
	good := encode(t, f, keysOf("dual-ising", m))
	// change returns the file after a change of its parts.
	change := func(by func(metadata map[string]string, list *[]safetensors.Tensor)) []byte {
		metadata, list, err := safetensors.Decode(slices.Clone(good))
		if err != nil {
			t.Fatal(err)
		}
		by(metadata, &list)
		file, err := safetensors.Header(metadata, list)
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range list {
			file = append(file, a.Data...)
		}
		return file
	}
	array := func(list *[]safetensors.Tensor, name string) *safetensors.Tensor {
		for i := range *list {
			if (*list)[i].Name == name {
				return &(*list)[i]
			}
		}
		t.Fatalf("no array %s", name)
		return nil
	}
	nan := []byte{0, 0, 0xc0, 0x7f}
	for _, c := range []struct {
		want string
		file []byte
	}{
		{"is no safetensors file: it is cut", good[:5]},
		{"is no safetensors file: it is cut: its array", good[:len(good)-4]},
		{"is no safetensors file: its header is longer", []byte("a text file of weights")},
		{"holds no flow: its metadata give the format", change(func(m map[string]string, _ *[]safetensors.Tensor) { delete(m, "format") })},
		{"is of format 2", change(func(m map[string]string, _ *[]safetensors.Tensor) { m["format"] = "2" })},
		{`is of the model "bsing"`, change(func(m map[string]string, _ *[]safetensors.Tensor) {
			m["model"] = strings.Replace(m["model"], "dual-ising", "bsing", 1)
		})},
		{`is of the model "blume-capel", which has neither`, change(func(m map[string]string, _ *[]safetensors.Tensor) {
			m["model"] = `{"name": "blume-capel", "shape": [4, 4], "temperature": 1, "D": 1}`
		})},
		{`has metadata "flow" in which couplings: is 0`, change(func(m map[string]string, _ *[]safetensors.Tensor) {
			m["flow"] = strings.Replace(m["flow"], `"couplings":1`, `"couplings":0`, 1)
		})},
		{"lacks the array layer.0.coupling.1.mask", change(func(m map[string]string, _ *[]safetensors.Tensor) {
			m["flow"] = strings.Replace(m["flow"], `"couplings":1`, `"couplings":2`, 1)
		})},
		{"has metadata that contradict each other: architecture", change(func(m map[string]string, _ *[]safetensors.Tensor) {
			m["model"] = strings.Replace(m["model"], `[4,4]`, `[5,5]`, 1)
		})},
		{"has an array layer.2.coupling.0.t.1.bias whose element 3 is NaN", change(func(_ map[string]string, l *[]safetensors.Tensor) {
			copy(array(l, "layer.2.coupling.0.t.1.bias").Data[12:], nan)
		})},
		{"has an array layer.0.coupling.0.mask that holds 0.5", change(func(_ map[string]string, l *[]safetensors.Tensor) {
			copy(array(l, "layer.0.coupling.0.mask").Data, []byte{0, 0, 0, 0x3f})
		})},
		{"has an array layer.0.coupling.0.mask that passes 0 of 4", change(func(_ map[string]string, l *[]safetensors.Tensor) {
			clear(array(l, "layer.0.coupling.0.mask").Data)
		})},
		{"has an array layer.1.coupling.0.s.0.weight of shape [4 3]; expected [3 4]", change(func(_ map[string]string, l *[]safetensors.Tensor) {
			array(l, "layer.1.coupling.0.s.0.weight").Shape = []int{4, 3}
		})},
		{"has an array layer.1.coupling.0.s.0.bias of type", change(func(_ map[string]string, l *[]safetensors.Tensor) {
			a := array(l, "layer.1.coupling.0.s.0.bias")
			a.Type, a.Data = "F64", make([]byte, 24)
		})},
		{"has an array extra that its flow has not", change(func(_ map[string]string, l *[]safetensors.Tensor) {
			*l = append(*l, safetensors.Tensor{Name: "extra", Type: "F32", Shape: []int{1}, Data: make([]byte, 4)})
		})},
		{"has an array whiten.spectrum whose element 0 is 0", change(func(_ map[string]string, l *[]safetensors.Tensor) {
			clear(array(l, "whiten.spectrum").Data)
		})},
		{"has an array whiten.spectrum whose element 3 is 1, but", change(func(_ map[string]string, l *[]safetensors.Tensor) {
			copy(array(l, "whiten.spectrum").Data[12:], []byte{0, 0, 0x80, 0x3f})
		})},
	} {
		if _, _, err := Decode[float32](c.file); err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%v\nwant %s", err, c.want)
		}
	}
	f.Theta[7] = float32(math.NaN())
	if _, err := (&Weights[float32]{f, keysOf("dual-ising", m)}).Encode(); err == nil || !strings.Contains(err.Error(), "NaN") {
		t.Errorf("a parameter that is NaN is written: %v", err)
	}
	for cut := 0; cut < len(good); cut += 17 {
		if _, _, err := Decode[float32](good[:cut]); err == nil {
			t.Fatalf("a file cut at byte %d is read", cut)
		}
	}
}

// TestModelFile checks that a file of couplings is in the file of weights.
func TestModelFile(t *testing.T) {
	file := param.NewFile("ring.txt", []byte("4\n0 1 1\n1 2 1\n2 3 1\n3 0 -0.5\n"))
	temperature := 2.0
	m := &models.SpinGlass{File: &file, Thermal: models.Thermal{Temperature: &temperature}, J: 1}
	if err := m.Prepare(); err != nil {
		t.Fatal(err)
	}
	d, _ := models.NewDualOf(m)
	if err := d.Prepare(); err != nil {
		t.Fatal(err)
	}
	f := testFlow[float32](t, d, map[string]any{"architecture": "realnvp", "couplings": 2, "hidden": []int{3}})
	w, model, err := Decode[float32](encode(t, f, keysOf("spin-glass", m)))
	if err != nil {
		t.Fatal(err)
	}
	again := model.(*models.DualOf)
	if err := again.Spins().Prepare(); err != nil {
		t.Fatal(err)
	}
	if err := again.Prepare(); err != nil {
		t.Fatal(err)
	}
	x, a, b := []float64{0.1, 0.7, -0.4, 2}, make([]float64, 1), make([]float64, 1)
	d.Action(x, a)
	again.Action(x, b)
	if a[0] != b[0] {
		t.Errorf("actions %v and %v", a[0], b[0])
	}
	if err := w.Difference(keysOf("spin-glass", m), &f.Spec); err != nil {
		t.Error(err)
	}
}
