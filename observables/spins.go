package observables

import (
	"errors"
	"math"

	"mcrun/analysis"
	"mcrun/models"
)

// registerSpins registers what is read off a configuration as a whole: energy
// and order parameter.
func registerSpins() {
	RegisterColumn(Column{
		Name: "energy",
		Check: func(m models.Model) error {
			if _, ok := m.(models.Energetic); !ok {
				return errors.New("the model does not state its energy (models.Energetic)")
			}
			return nil
		},
		Bind: func(m models.Model, c Chain) func(dst []float64) {
			e, n := m.(models.Energetic), float64(m.Sites())
			return func(dst []float64) { dst[0] = e.Energy(c.State) / n }
		},
	})
	RegisterColumn(Column{
		Name: "magnetization",
		Check: func(m models.Model) error {
			if _, ok := m.(models.Magnetic); !ok {
				return errors.New("the model has no order parameter with a sign (models.Magnetic)")
			}
			return nil
		},
		Bind: func(m models.Model, c Chain) func(dst []float64) {
			o := m.(models.Magnetic)
			return func(dst []float64) { dst[0] = o.Magnetization(c.State) }
		},
	})
	RegisterColumn(Column{
		Name:  "abs_magnetization",
		Check: hasOrderParameter,
		Of:    "magnetization",
		Map:   math.Abs,
		Bind: func(m models.Model, c Chain) func(dst []float64) {
			o := m.(models.Ordered)
			return func(dst []float64) { dst[0], _ = o.Order(c.State) }
		},
	})
	RegisterColumn(Column{
		Name: "squared_magnetization",
		Check: func(m models.Model) error {
			if _, ok := m.(models.Ordered); !ok {
				return errors.New("the model's m^2 is no other than the square of its magnetization (models.Ordered)")
			}
			return nil
		},
		Bind: func(m models.Model, c Chain) func(dst []float64) {
			o := m.(models.Ordered)
			return func(dst []float64) { _, dst[0] = o.Order(c.State) }
		},
	})

	Register(Observable{
		Name:    "energy",
		Doc:     "e = <H>/N",
		Columns: fixed("energy"),
	})
	Register(Observable{
		Name:    "specific_heat",
		Doc:     "C = (<H^2> - <H>^2)/(N T^2)",
		Columns: fixed("energy"),
		Estimators: number(func(m models.Model) analysis.Function {
			scale := float64(m.Sites()) * m.Beta() * m.Beta()
			return analysis.Function{
				Terms:    2,
				Term:     func(r, t []float64) { t[0], t[1] = r[0], r[0]*r[0] },
				Value:    func(mean []float64) float64 { return scale * (mean[1] - mean[0]*mean[0]) },
				Gradient: func(mean, g []float64) { g[0], g[1] = -2*scale*mean[0], scale },
			}
		}),
	})
	Register(Observable{
		Name:    "magnetization",
		Doc:     "<m>, m = (1/N) sum s",
		Columns: fixed("magnetization"),
	})
	Register(Observable{
		Name:    "abs_magnetization",
		Doc:     "<|m|>",
		Columns: fixed("abs_magnetization"),
	})
	Register(Observable{
		Name:    "susceptibility",
		Doc:     "N beta <m^2>",
		Columns: squareOf,
		Estimators: number(func(m models.Model) analysis.Function {
			scale, square := float64(m.Sites())*m.Beta(), squareIn(m, 0)
			return analysis.Function{
				Terms:    1,
				Term:     func(r, t []float64) { t[0] = square(r) },
				Value:    func(mean []float64) float64 { return scale * mean[0] },
				Gradient: func(_, g []float64) { g[0] = scale },
			}
		}),
	})
	Register(Observable{
		Name: "connected_susceptibility",
		Doc:  "N beta (<m^2> - <|m|>^2)",
		Columns: func(m models.Model) []string {
			if _, ok := m.(models.Ordered); ok {
				return []string{"abs_magnetization", "squared_magnetization"}
			}
			return []string{"magnetization"}
		},
		Estimators: number(func(m models.Model) analysis.Function {
			scale, square := float64(m.Sites())*m.Beta(), squareIn(m, 1)
			return analysis.Function{
				Terms:    2,
				Term:     func(r, t []float64) { t[0], t[1] = math.Abs(r[0]), square(r) },
				Value:    func(mean []float64) float64 { return scale * (mean[1] - mean[0]*mean[0]) },
				Gradient: func(mean, g []float64) { g[0], g[1] = -2*scale*mean[0], scale },
			}
		}),
	})
	Register(Observable{
		Name:    "binder",
		Doc:     "U4 = 1 - <m^4>/(3 <m^2>^2)",
		Columns: squareOf,
		Estimators: number(func(m models.Model) analysis.Function {
			return binder(squareIn(m, 0))
		}),
	})
}

// fixed returns the Columns of an observable that are the same for all models.
func fixed(names ...string) func(models.Model) []string {
	return func(models.Model) []string { return names }
}

// number returns the Estimators of an observable that is one number.
func number(f func(m models.Model) analysis.Function) func(models.Model) []Estimator {
	return func(m models.Model) []Estimator {
		function := f(m)
		return []Estimator{{Function: &function}}
	}
}

// binder returns 1 - <a^2>/(3 <a>^2) of a function a of a record, the square of
// an order parameter.
func binder(square func(record []float64) float64) analysis.Function {
	return analysis.Function{
		Terms: 2,
		Term: func(r, t []float64) {
			a := square(r)
			t[0], t[1] = a, a*a
		},
		Value: func(mean []float64) float64 { return 1 - mean[1]/(3*mean[0]*mean[0]) },
		Gradient: func(mean, g []float64) {
			a := mean[0]
			g[0], g[1] = 2*mean[1]/(3*a*a*a), -1/(3*a*a)
		},
	}
}

// squareOf returns the column that m^2 is taken from.
func squareOf(m models.Model) []string {
	if _, ok := m.(models.Ordered); ok {
		return []string{"squared_magnetization"}
	}
	return []string{"magnetization"}
}

// squareIn returns the function that takes m^2 from a record, of which it is
// number i where m has no sign, and else the square of the first.
func squareIn(m models.Model, i int) func(record []float64) float64 {
	if _, ok := m.(models.Ordered); ok {
		return func(record []float64) float64 { return record[i] }
	}
	return func(record []float64) float64 { return record[0] * record[0] }
}

func hasOrderParameter(m models.Model) error {
	_, signed := m.(models.Magnetic)
	if _, ordered := m.(models.Ordered); !signed && !ordered {
		return errors.New("the model has no order parameter (models.Magnetic or models.Ordered)")
	}
	return nil
}
