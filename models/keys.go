package models

import (
	"math"

	"mcrun/mc/param"
)

// Periodic is the part of a model's keys that gives it a periodic hypercubic
// lattice.
type Periodic struct {
	Shape []int `card:"shape" doc:"sides of the periodic hypercubic lattice"`
}

// Validate checks the keys.
func (p *Periodic) Validate() error { return checkShape(p.Shape) }

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
