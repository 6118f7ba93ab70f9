package flow

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"

	"mcrun/internal/safetensors"
	"mcrun/mc/param"
	"mcrun/models"
	"mcrun/proposals/flow/kern"
)

// Weights are a trained flow as a file holds it: a safetensors file of float32
// arrays, whose metadata "model" and "flow" are the resolved tables of the card
// as JSON, files by their contents, so that nothing else is needed to draw from
// the flow. It holds the flow before it is symmetrised.
//
//	whiten.spectrum                     <|x_k|^2>/N of the wave vectors of a real Fourier transform
//	whiten.mean                         [1]
//	layer.I.coupling.J.mask             1 where a coordinate passes
//	layer.I.coupling.J.{s,t}.K.weight   [out, in], of convolutions [out, in, window...]
//	layer.I.coupling.J.{s,t}.K.bias     [out]
//	layer.I.coupling.J.s.scale          of each coordinate, of convolutions [1]
//	prior.width, prior.mean             [scales], or [1] of a fixed prior
//
// Layers count in the order of inference, and coupling 0 is the first one in
// generation.
type Weights[T kern.Float] struct {
	Flow  *Flow[T]
	Model []param.Setting // the model's keys, its name first
}

// weightsFormat is the version of the format.
const weightsFormat = "1"

// Keys of the metadata.
const (
	formatKey = "format"
	modelKey  = "model"
	flowKey   = "flow"
)

// Encode returns the file. The error names a parameter that is not finite.
func (w *Weights[T]) Encode() ([]byte, error) {
	metadata := map[string]string{formatKey: weightsFormat}
	for key, settings := range map[string][]param.Setting{modelKey: w.Model, flowKey: w.Flow.Spec.keys()} {
		text, err := json.Marshal(settingsTable(settings))
		if err != nil {
			return nil, err
		}
		metadata[key] = string(text)
	}
	var list []safetensors.Tensor
	for _, t := range w.Flow.tensors() {
		values := t.values()
		if err := finite(values); err != nil {
			return nil, fmt.Errorf("%s: %w", t.name, err)
		}
		data, err := binary.Append(nil, binary.LittleEndian, values)
		if err != nil {
			return nil, err
		}
		list = append(list, safetensors.Tensor{Name: t.name, Type: "F32", Shape: t.shape, Data: data})
	}
	file, err := safetensors.Header(metadata, list)
	for _, t := range list {
		file = append(file, t.Data...)
	}
	return file, err
}

// Hash returns the SHA-256 of a file in hexadecimal digits, by which a frozen
// flow is identified.
func Hash(file []byte) string {
	sum := sha256.Sum256(file)
	return hex.EncodeToString(sum[:])
}

// tensors returns all arrays of a weights file.
func (f *Flow[T]) tensors() []tensor[T] {
	var list []tensor[T]
	f.sequence.each(f.g, f.Theta, func(name string, l layer[T], theta []T) {
		for _, t := range l.tensors(theta) {
			t.name = name + t.name
			list = append(list, t)
		}
	})
	return list
}

// keys returns the keys of [flow.NAME] but for the path of the weights.
func (s *Spec) keys() []param.Setting {
	return slices.DeleteFunc(param.Encode(s), func(k param.Setting) bool { return k.Key == "weights" })
}

// settingsTable returns keys as JSON has them: files by their contents.
func settingsTable(settings []param.Setting) map[string]any {
	table := make(map[string]any, len(settings))
	for _, s := range settings {
		if f, ok := s.Value.(param.File); ok {
			s.Value = map[string]string{"path": f.Path, "content": string(f.Data)}
		}
		table[s.Key] = s.Value
	}
	return table
}

// parseTable is the inverse of settingsTable, up to the types of numbers, which
// package param converts.
func parseTable(text string) (map[string]any, error) {
	d := json.NewDecoder(bytes.NewReader([]byte(text)))
	d.UseNumber()
	var table map[string]any
	if err := d.Decode(&table); err != nil {
		return nil, err
	}
	for key, v := range table {
		table[key] = parseValue(v)
	}
	return table, nil
}

func parseValue(v any) any {
	switch v := v.(type) {
	case json.Number:
		if n, err := strconv.ParseInt(string(v), 10, 64); err == nil {
			return n
		}
		if n, err := strconv.ParseUint(string(v), 10, 64); err == nil {
			return n
		}
		x, _ := v.Float64()
		return x
	case []any:
		list := make([]any, len(v))
		for i, e := range v {
			list[i] = parseValue(e)
		}
		return list
	case map[string]any:
		path, _ := v["path"].(string)
		content, _ := v["content"].(string)
		return param.NewFile(path, []byte(content))
	}
	return v
}

// Decode reads a file of weights and returns it with the model that its metadata
// describe, the dual of a model of spins, not prepared. The error says what is
// wrong with the file: of several differences from what its flow should have,
// the first.
func Decode[T kern.Float](file []byte) (*Weights[T], models.Differentiable, error) {
	metadata, arrays, err := safetensors.Decode(file)
	if v := metadata[formatKey]; metadata != nil && v != weightsFormat {
		if n, err := strconv.Atoi(v); err == nil && n > 1 {
			return nil, nil, fmt.Errorf("is of format %s, and this program reads format %s; use a newer one", v, weightsFormat)
		}
		return nil, nil, fmt.Errorf("holds no flow: its metadata give the format %q", v)
	}
	if err != nil {
		return nil, nil, fmt.Errorf("is no safetensors file: %w", err)
	}
	if metadata == nil {
		return nil, nil, errors.New("holds no flow: it has no metadata")
	}
	w := new(Weights[T])
	m, err := w.decodeModel(metadata[modelKey])
	if err != nil {
		return nil, nil, err
	}
	spec := Spec{}
	table, err := parseTable(metadata[flowKey])
	if err != nil {
		return nil, nil, fmt.Errorf("has metadata \"flow\" that are no JSON: %w", err)
	}
	if errs := param.Decode(table, &spec); errs != nil {
		return nil, nil, fmt.Errorf("has metadata \"flow\" in which %w", errs[0])
	}
	at, err := spec.site(m)
	if err != nil {
		return nil, nil, fmt.Errorf("has metadata that contradict each other: %w", err)
	}
	byName := make(map[string]*safetensors.Tensor, len(arrays))
	for i := range arrays {
		byName[arrays[i].Name] = &arrays[i]
	}
	d, err := decodeDesign(&spec, at, byName)
	if err != nil {
		return nil, nil, err
	}
	w.Flow = build[T](spec, at, d)
	for _, t := range w.Flow.tensors() {
		v, err := elements(byName, t.name, t.shape)
		if err != nil {
			return nil, nil, err
		}
		if t.set == nil && !slices.Equal(v, t.values()) {
			err = errors.New("is not what the metadata ask for")
		} else if t.set != nil {
			err = t.set(v)
		}
		if err != nil {
			return nil, nil, fmt.Errorf("has an array %s that %w", t.name, err)
		}
		delete(byName, t.name)
	}
	for _, a := range arrays {
		if byName[a.Name] != nil {
			return nil, nil, fmt.Errorf("has an array %s that its flow has not", a.Name)
		}
	}
	return w, m, nil
}

// decodeModel finds the model.
func (w *Weights[T]) decodeModel(text string) (models.Differentiable, error) {
	table, err := parseTable(text)
	if err != nil {
		return nil, fmt.Errorf("has metadata \"model\" that are no JSON: %w", err)
	}
	name, _ := table["name"].(string)
	entry, ok := models.Find(name)
	if !ok {
		return nil, fmt.Errorf("is of the model %q, which this program has not", name)
	}
	delete(table, "name")
	m := entry.New()
	if errs := param.Decode(table, m); errs != nil {
		return nil, fmt.Errorf("has metadata \"model\" in which %w", errs[0])
	}
	w.Model = append([]param.Setting{{Key: "name", Value: name}}, param.Encode(m)...)
	if d, ok := m.(models.Differentiable); ok {
		return d, nil
	}
	if d, ok := models.NewDualOf(m); ok {
		return d, nil
	}
	return nil, fmt.Errorf("is of the model %q, which has neither a gradient nor a dual", name)
}

// decodeDesign reads what a flow is built with.
func decodeDesign(spec *Spec, at site, arrays map[string]*safetensors.Tensor) (design, error) {
	d := design{prior: standard}
	for i, blocks := range spec.blocks(at) {
		var masks [][]bool
		for j := range spec.Couplings {
			name := fmt.Sprintf("layer.%d.coupling.%d.mask", i, j)
			v, err := elements(arrays, name, []int{len(blocks[0])})
			if err != nil {
				return d, err
			}
			mask, pass := make([]bool, len(v)), 0
			for k, x := range v {
				mask[k] = x == 1
				if x == 1 {
					pass++
				} else if x != 0 {
					return d, fmt.Errorf("has an array %s that holds %v; expected 0 and 1", name, x)
				}
			}
			if pass == 0 || pass == len(v) {
				return d, fmt.Errorf("has an array %s that passes %d of %d; expected some and not all", name, pass, len(v))
			}
			masks = append(masks, mask)
		}
		d.masks = append(d.masks, masks)
	}
	if spec.Whiten != "none" {
		m := newModes(at.sides)
		_, shape := m.half()
		v, err := elements(arrays, "whiten.spectrum", shape)
		if err != nil {
			return d, err
		}
		if d.sigma, err = m.roots(v); err != nil {
			return d, fmt.Errorf("has an array whiten.spectrum whose %w", err)
		}
		mean, err := elements(arrays, "whiten.mean", []int{1})
		if err != nil {
			return d, err
		}
		d.mean = float64(mean[0])
	}
	if spec.Prior == "single-site" {
		for name, dst := range map[string]*float64{"prior.mean": &d.prior.mean, "prior.width": &d.prior.width} {
			v, err := elements(arrays, name, []int{1})
			if err != nil {
				return d, err
			}
			*dst = float64(v[0])
		}
		if d.prior.width <= 0 {
			return d, fmt.Errorf("has an array prior.width of %v; expected a number above 0", d.prior.width)
		}
	}
	return d, nil
}

// elements returns the elements of an array that must have a shape and be
// finite.
func elements(arrays map[string]*safetensors.Tensor, name string, shape []int) ([]float32, error) {
	t := arrays[name]
	switch {
	case t == nil:
		return nil, fmt.Errorf("lacks the array %s of shape %d", name, shape)
	case !slices.Equal(t.Shape, shape):
		return nil, fmt.Errorf("has an array %s of shape %d; expected %d", name, t.Shape, shape)
	case t.Type != "F32":
		return nil, fmt.Errorf("has an array %s of type %s; expected F32", name, t.Type)
	}
	v := make([]float32, len(t.Data)/4)
	if _, err := binary.Decode(t.Data, binary.LittleEndian, v); err != nil {
		return nil, err
	}
	if err := finite(v); err != nil {
		return nil, fmt.Errorf("has an array %s whose %w", name, err)
	}
	return v, nil
}

// finite returns an error that names the first element that is not.
func finite(v []float32) error {
	for i, x := range v {
		if math.IsNaN(float64(x)) || math.IsInf(float64(x), 0) {
			return fmt.Errorf("element %d is %v; expected finite numbers: the training diverged", i, x)
		}
	}
	return nil
}

// Difference returns what a card asks for and a file of weights has not: an error
// that names the first key of [model] or of the flow that differs, and nil if
// there is none.
func (w *Weights[T]) Difference(model []param.Setting, spec *Spec) error {
	for _, pair := range []struct {
		table     string
		has, want []param.Setting
	}{{"model", thermal(w.Model, model), model}, {"flow", w.Flow.Spec.keys(), spec.keys()}} {
		for _, want := range pair.want {
			k := slices.IndexFunc(pair.has, func(s param.Setting) bool { return s.Key == want.Key })
			if k < 0 {
				return fmt.Errorf("is of a %s without %s; expected %s", pair.table, want.Key, param.Format(want.Value))
			}
			if has := pair.has[k].Value; !alike(has, want.Value) {
				return fmt.Errorf("is of a %s with %s = %s; expected %s", pair.table, want.Key, param.Format(has), param.Format(want.Value))
			}
		}
		for _, has := range pair.has {
			if !slices.ContainsFunc(pair.want, func(s param.Setting) bool { return s.Key == has.Key }) {
				return fmt.Errorf("is of a %s with %s = %s; expected none", pair.table, has.Key, param.Format(has.Value))
			}
		}
	}
	return nil
}

// thermal returns the keys of a model with a temperature in place of a beta, or the
// other way round, where that is what other keys have.
func thermal(keys, other []param.Setting) []param.Setting {
	for _, names := range [][2]string{{"temperature", "beta"}, {"beta", "temperature"}} {
		i := slices.IndexFunc(keys, func(s param.Setting) bool { return s.Key == names[0] })
		j := slices.IndexFunc(other, func(s param.Setting) bool { return s.Key == names[1] })
		if i < 0 || j < 0 {
			continue
		}
		a, _ := keys[i].Value.(float64)
		b, _ := other[j].Value.(float64)
		keys = slices.Clone(keys)
		keys[i] = param.Setting{Key: names[1], Value: 1 / a}
		if math.Abs(a*b-1) < 1e-15 {
			keys[i] = other[j]
		}
	}
	return keys
}

// alike compares values of keys, files by their contents.
func alike(a, b any) bool {
	if f, ok := a.(param.File); ok {
		g, ok := b.(param.File)
		return ok && f.Sum() == g.Sum()
	}
	return param.Format(a) == param.Format(b)
}
