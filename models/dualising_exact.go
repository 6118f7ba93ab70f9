package models

import "math"

// Exact implements [Exact]. On a lattice, where the sum over M's rows is M_0,
//
//	<m_x> = M_0 <m_s>,   N <m_x^2> = M_0 + M_0^2 N <m_s^2>,
//
// with what [Ising] knows of its magnetization m_s. Of few spins it knows <x^2>
// too.
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
	if square, ok := m.square(); ok {
		known["phi2"] = square
	}
	for name, v := range known {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			delete(known, name)
		}
	}
	return known
}

// maxSquared is the largest number of spins over the states of which square sums,
// in about 10 ms.
const maxSquared = 16

// square returns <x_i^2>, averaged over the sites: the diagonal of
//
//	<x x^T> = M + M <s s^T> M,
//
// where that of M is alpha everywhere. It returns false where there are too many
// states to sum over.
func (m *DualIsing) square() (float64, bool) {
	n := m.Sites()
	if n > maxSquared {
		return 0, false
	}
	p, ok := newPairs(m.ising)
	if !ok {
		return 0, false
	}
	var total mixture // with the sum over (M s)^2 for a magnetization
	s := make([]float64, n)
	for state := range 1 << n {
		for i := range s {
			s[i] = float64(2*(state>>i&1) - 1)
		}
		var t mixture
		for i, v := range s {
			var k float64 // (K s)_i
			for b, j := range p.neighbour[i] {
				k += m.Thermal.Beta() * p.coupling[i][b] * s[j]
			}
			t.logWeight += v * (k/2 + m.dual.field[i])
			x := k + m.dual.alpha*v
			t.mag += x * x
		}
		if state == 0 {
			total = t
		} else {
			total = mixed(total, t)
		}
	}
	return m.dual.alpha + total.mag/float64(n), true
}
