package models

import "math"

// Exact implements [Exact]. On a lattice, where the sum over M's rows is M_0,
//
//	<m_x> = M_0 <m_s>,   N <m_x^2> = M_0 + M_0^2 N <m_s^2>,
//
// with what [Ising] knows of its magnetization m_s.
func (m *DualIsing) Exact() map[string]float64 {
	spins, ok := m.ising.moments()
	if !ok {
		return nil
	}
	known := map[string]float64{
		"log_z":                   m.dual.LogZ(spins.LogZ),
		"improved_energy":         spins.Energy, // of the spins
		"improved_susceptibility": float64(m.Sites()) * m.Thermal.Beta() * spins.Mag2,
	}
	if m.File == nil {
		zero := 2*float64(len(m.Shape))*m.Thermal.Beta()*m.J + m.dual.alpha // M_0
		known["magnetization"] = zero * spins.Mag
		known["susceptibility"] = zero + zero*zero*float64(m.Sites())*spins.Mag2
	}
	for name, v := range known {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			delete(known, name)
		}
	}
	return known
}
