package models

import "math"

// named returns the moments by the names of observables. NaN and what
// follows from it is left out.
func named(x Moments, sites int, beta float64) map[string]float64 {
	n := float64(sites)
	known := map[string]float64{
		"energy":                   x.Energy,
		"specific_heat":            x.SpecificHeat,
		"magnetization":            x.Mag,
		"abs_magnetization":        x.AbsMag,
		"susceptibility":           n * beta * x.Mag2,
		"connected_susceptibility": n * beta * (x.Mag2 - x.AbsMag*x.AbsMag),
		"binder":                   1 - x.Mag4/(3*x.Mag2*x.Mag2),
	}
	for name, v := range known {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			delete(known, name)
		}
	}
	return known
}

// exactMoments returns the moments of a model with pair couplings, by whichever
// method reaches it.
func exactMoments(m PairCoupled) (Moments, bool) {
	if x, ok := SumStates(m); ok {
		return x, true
	}
	return Eliminate(m)
}

// exact returns the values that exactMoments reaches.
func exact(m PairCoupled) map[string]float64 {
	x, ok := exactMoments(m)
	if !ok {
		return nil
	}
	return named(x, m.Sites(), m.Beta())
}
