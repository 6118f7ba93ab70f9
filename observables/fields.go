package observables

import (
	"errors"

	"mcrun/models"
)

func registerFields() {
	RegisterColumn(Column{
		Name: "action",
		Check: func(m models.Model) error {
			_, field := m.(models.Differentiable)
			if _, thermal := m.(models.Energetic); !field || thermal {
				return errors.New("the model is no field with an action (models.Differentiable), or has an energy")
			}
			return nil
		},
		Bind: func(m models.Model, c Chain) func(dst []float64) {
			d, x, n := m.(models.Differentiable), c.State.(models.Field), float64(m.Sites())
			return func(dst []float64) {
				d.Action(x, dst[:1])
				dst[0] /= n
			}
		},
	})
	for _, power := range []struct {
		name string
		of   func(square float64) float64
	}{
		{"phi2", func(square float64) float64 { return square }},
		{"phi4", func(square float64) float64 { return square * square }},
	} {
		RegisterColumn(Column{
			Name:  power.name,
			Check: isRealField,
			Bind: func(m models.Model, c Chain) func(dst []float64) {
				x := c.State.(models.Field)
				return func(dst []float64) {
					var sum float64
					for _, v := range x {
						sum += power.of(v * v)
					}
					dst[0] = sum / float64(len(x))
				}
			},
		})
	}
	RegisterColumn(Column{
		Name: "phi_neighbour",
		Check: func(m models.Model) error {
			if err := isRealField(m); err != nil {
				return err
			}
			if _, ok := m.(models.FieldCoupled); ok {
				return nil
			}
			return hasLattice(m)
		},
		Bind: func(m models.Model, c Chain) func(dst []float64) {
			x, lattice := c.State.(models.Field), latticeOf(m)
			return func(dst []float64) {
				var sum float64
				for i, v := range x {
					neighbours := lattice.Neighbours(i)
					for k := 0; k < len(neighbours); k += 2 { // each bond once
						sum += v * x[neighbours[k]]
					}
				}
				dst[0] = sum / float64(len(x)*lattice.Dims())
			}
		},
	})
	Register(Observable{
		Name:    "action",
		Doc:     "<S>/N",
		Columns: fixed("action"),
	})
	Register(Observable{
		Name:    "phi2",
		Doc:     "<phi^2>",
		Columns: fixed("phi2"),
	})
	Register(Observable{
		Name:    "phi4",
		Doc:     "<phi^4>",
		Columns: fixed("phi4"),
	})
	Register(Observable{
		Name:    "phi_neighbour",
		Doc:     "<phi_x phi_(x+mu)>, averaged over sites and directions",
		Columns: fixed("phi_neighbour"),
	})
}

// isRealField is the Check of what needs a real number at every site.
func isRealField(m models.Model) error {
	d, ok := m.(models.Differentiable)
	if _, unit := m.(models.Spherical); !ok || unit || d.Dim() != m.Sites() {
		return errors.New("the model has no real number phi at every site (models.Differentiable with as many coordinates as sites)")
	}
	return nil
}

// latticeOf returns the lattice of a field that has one.
func latticeOf(m models.Model) *models.Lattice {
	if f, ok := m.(models.FieldCoupled); ok {
		return f.FieldCouplings().Lattice
	}
	return models.NewLattice(sides(m)...)
}
