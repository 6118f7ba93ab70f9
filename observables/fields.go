package observables

import (
	"errors"
	"math"

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
	RegisterColumn(Column{
		Name:  "helicity_modulus",
		Check: isPlanar,
		Width: func(m models.Model) int { return len(sides(m)) },
		Bind:  bindHelicity,
	})
	RegisterColumn(Column{
		Name: "vorticity",
		Check: func(m models.Model) error {
			if err := isPlanar(m); err != nil {
				return err
			}
			if len(sides(m)) < 2 {
				return errors.New("a ring has no plaquettes")
			}
			return nil
		},
		Bind: bindVorticity,
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
	Register(Observable{
		Name:       "helicity_modulus",
		Doc:        "(<sum_x J cos(dtheta)> - beta <(sum_x J sin(dtheta))^2>)/N over the bonds of a direction; averaged over directions if sides are equal",
		Columns:    fixed("helicity_modulus"),
		Points:     directions,
		Estimators: ofDirections,
	})
	Register(Observable{
		Name:    "vorticity",
		Doc:     "plaquettes with winding +-1 per site",
		Columns: fixed("vorticity"),
	})
}

// isFreeField is the Check of what needs a real number at every site.
func isFreeField(m models.Model) error {
	if f, ok := m.(models.FieldCoupled); !ok || f.FieldCouplings().Unit {
		return errors.New("the model has no field phi of real numbers (models.FieldCoupled)")
	}
	return nil
}

// isPlanar is the Check of what needs an angle at every site.
func isPlanar(m models.Model) error {
	if f, ok := m.(models.FieldCoupled); !ok || !f.FieldCouplings().Unit || f.FieldCouplings().Components != 2 {
		return errors.New("the model has no angle at every site (models.FieldCoupled with unit vectors of two components)")
	}
	return nil
}

// ofDirections returns the estimators of the means of a column that has one
// value for each direction, as directions returns the points.
func ofDirections(m models.Model) []Estimator {
	d := len(sides(m))
	if isCubic(sides(m)) {
		inputs := make([]int, d)
		for mu := range inputs {
			inputs[mu] = mu
		}
		return []Estimator{{Inputs: inputs, Function: &meanOfInputs}}
	}
	estimators := make([]Estimator, d)
	for mu := range estimators {
		estimators[mu].Inputs = []int{mu}
	}
	return estimators
}

// bindHelicity reads, for every direction,
//
//	(sum_x J cos(dtheta) - beta (sum_x J sin(dtheta))^2)/N
//
// off the bonds of that direction, of which the cosine and the sine are the
// scalar and the cross product of the unit vectors.
func bindHelicity(m models.Model, c Chain) func(dst []float64) {
	x, k := c.State.(models.Field), m.(models.FieldCoupled).FieldCouplings()
	n, beta := float64(m.Sites()), m.Beta()
	j := 0.0 // at infinite temperature, where the mean is 0
	if beta > 0 {
		j = k.K / beta
	}
	return func(dst []float64) {
		for mu := range dst {
			var cos, sin float64
			for i := range m.Sites() {
				to := k.Lattice.Neighbours(i)[2*mu]
				a, b := x[2*i:2*i+2], x[2*to:2*to+2]
				cos += a[0]*b[0] + a[1]*b[1]
				sin += a[0]*b[1] - a[1]*b[0]
			}
			dst[mu] = (j*cos - beta*j*j*sin*sin) / n
		}
	}
}

// bindVorticity counts the plaquettes around which the angle, changing by less
// than pi from each site to the next, winds once.
func bindVorticity(m models.Model, c Chain) func(dst []float64) {
	x, lattice := c.State.(models.Field), m.(models.FieldCoupled).FieldCouplings().Lattice
	d := lattice.Dims()
	turn := func(i, j uint32) float64 {
		a, b := x[2*i:2*i+2], x[2*j:2*j+2]
		return math.Atan2(a[0]*b[1]-a[1]*b[0], a[0]*b[0]+a[1]*b[1])
	}
	return func(dst []float64) {
		vortices := 0
		for site := range m.Sites() {
			i := uint32(site)
			for mu := range d {
				for nu := mu + 1; nu < d; nu++ {
					right := lattice.Neighbours(site)[2*mu]
					up := lattice.Neighbours(site)[2*nu]
					corner := lattice.Neighbours(int(right))[2*nu]
					winding := turn(i, right) + turn(right, corner) + turn(corner, up) + turn(up, i)
					if math.Abs(winding) > math.Pi { // it is 0 or +-2 pi
						vortices++
					}
				}
			}
		}
		dst[0] = float64(vortices) / float64(m.Sites())
	}
}
