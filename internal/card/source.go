package card

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"

	"mcrun/internal/store"
	"mcrun/mc"
	"mcrun/mc/param"
	"mcrun/models"
)

// A Source is a file of configurations that chains begin with.
type Source struct {
	File  param.File
	Index *int // the configuration of all chains, from 0; nil: they take ones far from each other
}

// configuration returns the number of the configuration that a chain begins
// with, of a file that holds so many.
func (s *Source) configuration(chain, chains, count int) int {
	if s.Index != nil {
		return *s.Index
	}
	// The last of each part, if the file is cut into one for each chain.
	return max(0, (chain+1)*count/chains-1)
}

// Load sets a state to the configuration that a chain begins with. The error
// says why the file has none for the model.
func (s *Source) Load(m models.Model, state models.State, chain, chains int) error {
	file, err := s.open(m)
	if err != nil {
		return err
	}
	return set(state, m, file, s.configuration(chain, chains, file.Count))
}

// open opens the file, which holds all configurations that chains of the model
// begin with.
func (s *Source) open(m models.Model) (*store.Configs, error) {
	portable, ok := m.(models.Portable)
	if !ok {
		return nil, fmt.Errorf("the model's configurations cannot be read from files (models.Portable)")
	}
	file, err := store.ReadConfigurations(s.File.Path, s.File.Data)
	if err != nil {
		return nil, err
	}
	array := portable.Array()
	switch {
	case len(file.Shape) > 0 && slices.Equal(file.Shape[1:], array.Shape):
		return nil, fmt.Errorf("holds configurations of the shape %v, the model's is %v: of a ladder of %d rungs, if that is what they are of, take those of one, as configurations[:, 0] in NumPy", file.Shape, array.Shape, file.Shape[0])
	case !slices.Equal(file.Shape, array.Shape):
		return nil, fmt.Errorf("holds configurations of the shape %v, the model's is %v", file.Shape, array.Shape)
	case file.Count == 0:
		return nil, fmt.Errorf("holds no configuration")
	case s.Index != nil && *s.Index >= file.Count:
		return nil, &beyondError{*s.Index, file.Count}
	}
	return file, nil
}

// set sets a state of a model to configuration k of a file.
func set(state models.State, m models.Model, file *store.Configs, k int) error {
	portable := m.(models.Portable)
	array := portable.Array()
	values := make([]float64, m.Sites())
	if n := product(array.Shape); n != len(values) {
		values = make([]float64, n)
	}
	if err := file.Values(k, values); err != nil {
		return err
	}
	src, err := encode(values, array.Type)
	if err == nil {
		err = portable.Import(state, src)
	}
	if err != nil {
		return fmt.Errorf("configuration %d: %w", k, err)
	}
	return nil
}

func product(shape []int) int {
	n := 1
	for _, side := range shape {
		n *= side
	}
	return n
}

// encode writes numbers as the elements of an array of a type.
func encode(values []float64, kind string) ([]byte, error) {
	var b []byte
	for i, v := range values {
		low, high := 0.0, 255.0
		switch kind {
		case "<f8":
			b = binary.LittleEndian.AppendUint64(b, math.Float64bits(v))
			continue
		case "|i1":
			low, high = -128, 127
		}
		if v != math.Trunc(v) || v < low || v > high {
			return nil, fmt.Errorf("element %d is %v, where whole numbers from %v to %v can be", i, v, low, high)
		}
		b = append(b, byte(int(v)))
	}
	return b, nil
}

// States returns all configurations of the file, which are of a prepared model.
func (s *Source) States(m models.Model) ([]models.State, error) {
	file, err := s.open(m)
	if err != nil {
		return nil, err
	}
	states := make([]models.State, file.Count)
	for k := range states {
		states[k] = m.NewState(models.Cold, mc.NewStream(mc.NewKey(0)))
		if err := set(states[k], m, file, k); err != nil {
			return nil, err
		}
	}
	return states, nil
}

// check reads the configurations that the chains of a point begin with.
func (s *Source) check(p *Point) error {
	m, err := p.Prepare()
	if err != nil {
		return err
	}
	file, err := s.open(m)
	if err != nil {
		return err
	}
	state := m.NewState(models.Cold, mc.NewStream(mc.NewKey(0)))
	last := -1
	for chain := range p.Run.Chains {
		k := s.configuration(chain, p.Run.Chains, file.Count)
		if k == last {
			continue
		}
		if err := set(state, m, file, k); err != nil {
			return err
		}
		last = k
	}
	return nil
}

// source checks that chains can begin with the file that the card names.
func (c *checker) source(p *Point) {
	from := p.Run.From
	if from == nil {
		return
	}
	at := path{"run", "start"}
	err := from.check(p)
	if err == nil {
		return
	}
	if beyond, ok := errors.AsType[*beyondError](err); ok {
		c.report(at.with("index"), param.Error{Problem: fmt.Sprintf("is %d, of %d configurations", beyond.index, beyond.count), Expected: "a whole number from 0 on and below that"})
		return
	}
	c.report(at.with("file"), param.Error{Problem: err.Error(), Expected: "configurations of this model, as run.save keeps them in chain-00.configs.npz"})
}

// A beyondError is an index for which a file has no configuration.
type beyondError struct{ index, count int }

func (e *beyondError) Error() string {
	return fmt.Sprintf("has no configuration %d: it holds %d, numbered from 0", e.index, e.count)
}

// Prepare returns a model of its own for the chains of the point, with its
// tables, which are freed with it.
func (p *Point) Prepare() (models.Model, error) {
	entry, _ := models.Find(p.ModelName)
	m := entry.New()
	keys := make(map[string]any)
	for _, k := range param.Encode(p.Model) {
		keys[k.Key] = k.Value
	}
	if errs := param.Decode(keys, m); errs != nil {
		panic("card: a checked model does not decode: " + errs[0].Error())
	}
	return m, m.Prepare()
}
