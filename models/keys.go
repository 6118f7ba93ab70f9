package models

import (
	"math"
	"slices"
	"strings"

	"mcrun/mc/param"
)

// Periodic is the part of a model's keys that gives it a periodic hypercubic
// lattice.
type Periodic struct {
	Shape []int `card:"shape" doc:"sides of the periodic hypercubic lattice"`
}

// Validate checks the keys.
func (p *Periodic) Validate() error { return checkShape(p.Shape) }

// Sides implements [Regular].
func (p *Periodic) Sides() []int { return p.Shape }

// Thermal is the part of a model's keys that gives it a temperature.
type Thermal struct {
	Temperature *float64 `card:"temperature" above:"0" doc:"temperature T in units of k_B; or beta"`
	InverseT    *float64 `card:"beta" min:"0" doc:"inverse temperature 1/T; or temperature"`
}

// Validate checks the keys.
func (t *Thermal) Validate() error {
	switch {
	case t.Temperature == nil && t.InverseT == nil:
		return &param.Error{Key: "temperature", Problem: "missing", Expected: "temperature or beta"}
	case t.Temperature != nil && t.InverseT != nil:
		return &param.Error{Key: "beta", Problem: "given beside temperature", Expected: "one of the two"}
	case math.IsInf(t.Beta(), 0):
		return &param.Error{Key: "temperature", Problem: "so small that beta overflows", Expected: "a temperature above 1e-300"}
	}
	return nil
}

// Beta returns the inverse temperature.
func (t *Thermal) Beta() float64 {
	if t.InverseT != nil {
		return *t.InverseT
	}
	return 1 / *t.Temperature
}

// maxEnergy bounds the energy of a configuration, with and without beta, so
// that sums over a chain of fourth powers of H, which its errors take, are
// finite.
const maxEnergy = 1e70

// A term is a part of H.
type term struct {
	key   string  // of the card, that it is proportional to
	what  string  // in words: "a coupling"
	bound float64 // of its absolute value, in any configuration
}

// checkEnergy says what is wrong with a model whose energies, or beta times
// them, are too large to be averaged. It blames the largest term.
func (t *Thermal) checkEnergy(terms ...term) error {
	var energy float64
	most := terms[0]
	for _, term := range terms {
		energy += term.bound
		if term.bound > most.bound {
			most = term
		}
	}
	beta := "beta"
	if t.InverseT == nil {
		beta = "temperature"
	}
	switch {
	case energy > maxEnergy:
		return &param.Error{Key: most.key, Problem: "so large that averages of the energy overflow", Expected: most.what + " of order one"}
	case t.Beta()*max(1, energy) > maxEnergy:
		return &param.Error{Key: beta, Problem: "so far from " + keysOf(terms) + " that averages of beta H overflow", Expected: "a temperature of the order of " + keysOf(terms)}
	}
	return nil
}

// keysOf returns the keys of terms, as "J, h and couplings".
func keysOf(terms []term) string {
	var keys []string
	for _, t := range terms {
		if !slices.Contains(keys, t.key) {
			keys = append(keys, t.key)
		}
	}
	last := len(keys) - 1
	if last == 0 {
		return keys[0]
	}
	return strings.Join(keys[:last], ", ") + " and " + keys[last]
}
