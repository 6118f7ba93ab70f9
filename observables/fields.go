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
			Check: isFreeField,
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
		Name:  "phi_neighbour",
		Check: isFreeField,
		Bind: func(m models.Model, c Chain) func(dst []float64) {
			x, lattice := c.State.(models.Field), m.(models.FieldCoupled).FieldCouplings().Lattice
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

// isFreeField is the Check of what needs a real number at every site.
func isFreeField(m models.Model) error {
	if f, ok := m.(models.FieldCoupled); !ok || f.FieldCouplings().Unit || f.FieldCouplings().Components != 1 {
		return errors.New("the model has no field phi of real numbers (models.FieldCoupled)")
	}
	return nil
}
