package models

import "mcrun/mc/param"

// Phi4 is the real phi^4 theory on a periodic hypercubic lattice, in one of
// two forms of the same action. With the keys mass2 and lambda (M. S. Albergo,
// G. Kanwar and P. E. Shanahan, Phys. Rev. D 100, 034515 (2019)),
//
//	S = sum_x [ -2 sum_mu phi_x phi_{x+mu} + (2d + mass2) phi_x^2 + lambda phi_x^4 ],
//
// and with kappa and lambda (K. A. Nicoli et al., Phys. Rev. Lett. 126, 032001
// (2021)),
//
//	S = sum_x [ -2 kappa sum_mu phi_x phi_{x+mu} + (1 - 2 lambda) phi_x^2 + lambda phi_x^4 ].
//
// The field of the first is sqrt(kappa) times that of the second, its lambda is
// lambda/kappa^2 and its mass2 is (1 - 2 lambda)/kappa - 2d. Observables are in
// the field of the form that is given.
//
// Lambda is positive, or 0 where the quadratic part alone is bounded from
// below.
type Phi4 struct {
	ScalarField
	Mass2  *float64 `card:"mass2" doc:"squared mass of the first form; or kappa"`
	Kappa  *float64 `card:"kappa" doc:"hopping parameter of the second form; or mass2"`
	Lambda float64  `card:"lambda" min:"0" doc:"coupling of phi^4"`
}

var (
	_ FieldCoupled = (*Phi4)(nil)
	_ Leaper       = (*Phi4)(nil)
	_ Magnetic     = (*Phi4)(nil)
	_ Regular      = (*Phi4)(nil)
	_ SpinField    = (*Phi4)(nil)
	_ Portable     = (*Phi4)(nil)
	_ Exact        = (*Phi4)(nil)
)

func init() {
	Register(Entry{
		Name: "phi4",
		Doc:  "phi^4 theory: S = sum [ -2 sum_mu phi_x phi_(x+mu) + (2d + mass2) phi_x^2 + lambda phi_x^4 ], or with kappa for mass2",
		New:  func() Spec { return new(Phi4) },
		Example: []param.Setting{
			{Key: "shape", Value: []int{14, 14}},
			{Key: "mass2", Value: -4.0},
			{Key: "lambda", Value: 5.113}, // the symmetric phase, L/xi = 4
		},
		Small: [][]param.Setting{
			small([]int{2, 2}, "mass2", -4.0, "lambda", 8.0),
			small([]int{2, 2}, "mass2", -1.0, "lambda", 1.5),
			small([]int{2}, "mass2", -2.2, "lambda", 0.8), // two wells
			small([]int{3}, "mass2", -2.5, "lambda", 1.0),
			small([]int{2, 3}, "mass2", 0.8, "lambda", 0.0),
			small([]int{3}, "kappa", 0.4, "lambda", 1.1),
			small([]int{2, 2}, "kappa", -0.3, "lambda", 0.5),
			small([]int{3}, "kappa", -0.35, "lambda", 0.022),
			small([]int{4}, "kappa", 0.0, "lambda", 2.0), // a pair of wells each
		},
	})
}

// Validate checks what the keys say together.
func (m *Phi4) Validate() error {
	key := "mass2"
	switch {
	case m.Mass2 == nil && m.Kappa == nil:
		return &param.Error{Key: "mass2", Problem: "missing", Expected: "mass2 or kappa"}
	case m.Mass2 != nil && m.Kappa != nil:
		return &param.Error{Key: "kappa", Problem: "given beside mass2", Expected: "one of the two"}
	case m.Kappa != nil:
		key = "kappa"
	}
	return m.check(m.FieldCouplings(), key)
}

// Prepare implements [Model]. The error is that of Validate.
func (m *Phi4) Prepare() error {
	if err := m.Validate(); err != nil {
		return err
	}
	m.prepare(m.FieldCouplings())
	return nil
}

// FieldCouplings implements [FieldCoupled].
func (m *Phi4) FieldCouplings() FieldCouplings {
	c := FieldCouplings{
		Lattice:    m.couplings.Lattice,
		Components: 1,
		B:          m.Lambda,
	}
	if m.Kappa != nil {
		c.K, c.A = 2**m.Kappa, 1-2*m.Lambda
	} else {
		c.K, c.A = 2, 2*float64(len(m.Shape))+*m.Mass2
	}
	return c
}

// Exact implements [Exact]. Values are known at lambda = 0.
func (m *Phi4) Exact() map[string]float64 {
	if m.Lambda != 0 {
		return nil
	}
	return freeField(m.Shape, m.FieldCouplings())
}
