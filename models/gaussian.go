package models

import "mcrun/mc/param"

// Gaussian is the free field of mass2 = m^2 > 0,
//
//	S = sum_x [ -2 sum_mu phi_x phi_{x+mu} + (2d + m^2) phi_x^2 ]
//	  = sum_x [ sum_mu (phi_{x+mu} - phi_x)^2 + m^2 phi_x^2 ],
//
// on a periodic hypercubic lattice: [Phi4] without its interaction. Its modes
// are independent, with
//
//	<|phi_k|^2>/N = 1/(2 (khat^2 + m^2)),   khat^2 = sum_mu 4 sin^2(k_mu/2),
//
// and its correlation length is 1/m.
type Gaussian struct {
	ScalarField
	// Mass2 below 1e-8 would be lost in 2d + m^2.
	Mass2 float64 `card:"mass2" min:"1e-8" max:"1e20" doc:"squared mass m^2"`
}

var (
	_ FieldCoupled = (*Gaussian)(nil)
	_ Leaper       = (*Gaussian)(nil)
	_ Magnetic     = (*Gaussian)(nil)
	_ Regular      = (*Gaussian)(nil)
	_ SpinField    = (*Gaussian)(nil)
	_ Portable     = (*Gaussian)(nil)
	_ Exact        = (*Gaussian)(nil)
)

func init() {
	Register(Entry{
		Name: "gaussian",
		Doc:  "free field: S = sum [ -2 sum_mu phi_x phi_(x+mu) + (2d + mass2) phi_x^2 ]",
		New:  func() Spec { return new(Gaussian) },
		Example: []param.Setting{
			{Key: "shape", Value: []int{16, 16}},
			{Key: "mass2", Value: 0.25},
		},
		Small: [][]param.Setting{
			small([]int{2}, "mass2", 0.7),
			small([]int{5}, "mass2", 0.4),
			small([]int{2, 2}, "mass2", 3.0),
			small([]int{3, 2}, "mass2", 0.6),
			small([]int{4, 4}, "mass2", 0.5),
		},
	})
}

// Prepare implements [Model].
func (m *Gaussian) Prepare() error {
	m.prepare(m.FieldCouplings())
	return nil
}

// FieldCouplings implements [FieldCoupled].
func (m *Gaussian) FieldCouplings() FieldCouplings {
	return FieldCouplings{
		Lattice:    m.couplings.Lattice,
		Components: 1,
		K:          2,
		A:          2*float64(len(m.Shape)) + m.Mass2,
	}
}

// Exact implements [Exact], by a sum over the modes.
func (m *Gaussian) Exact() map[string]float64 { return freeField(m.Shape, m.FieldCouplings()) }
