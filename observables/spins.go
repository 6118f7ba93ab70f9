package observables

import (
	"errors"
	"math"

	"mcrun/analysis"
	"mcrun/models"
)

func init() {
	RegisterColumn(Column{
		Name: "energy",
		Check: func(m models.Model) error {
			if _, ok := m.(models.Energetic); !ok {
				return errors.New("the model does not state its energy (models.Energetic)")
			}
			return nil
		},
		Bind: func(m models.Model, s models.State) func() float64 {
			e, n := m.(models.Energetic), float64(m.Sites())
			return func() float64 { return e.Energy(s) / n }
		},
	})
	RegisterColumn(Column{
		Name:  "magnetization",
		Check: hasOrderParameter,
		Bind: func(m models.Model, s models.State) func() float64 {
			o := m.(models.Magnetic)
			return func() float64 { return o.Magnetization(s) }
		},
	})
	RegisterColumn(Column{
		Name:  "abs_magnetization",
		Check: hasOrderParameter,
		Of:    "magnetization",
		Map:   math.Abs,
	})

	Register(Observable{
		Name:    "energy",
		Doc:     "e = <H>/N",
		Columns: []string{"energy"},
	})
	Register(Observable{
		Name:    "specific_heat",
		Doc:     "C = (<H^2> - <H>^2)/(N T^2)",
		Columns: []string{"energy"},
		Function: func(m models.Model) analysis.Function {
			scale := float64(m.Sites()) * m.Beta() * m.Beta()
			return analysis.Function{
				Terms:    2,
				Term:     func(r, t []float64) { t[0], t[1] = r[0], r[0]*r[0] },
				Value:    func(mean []float64) float64 { return scale * (mean[1] - mean[0]*mean[0]) },
				Gradient: func(mean, g []float64) { g[0], g[1] = -2*scale*mean[0], scale },
			}
		},
	})
	Register(Observable{
		Name:    "magnetization",
		Doc:     "<m>, m = (1/N) sum s",
		Columns: []string{"magnetization"},
	})
	Register(Observable{
		Name:    "abs_magnetization",
		Doc:     "<|m|>",
		Columns: []string{"abs_magnetization"},
	})
	Register(Observable{
		Name:    "susceptibility",
		Doc:     "N beta <m^2>",
		Columns: []string{"magnetization"},
		Function: func(m models.Model) analysis.Function {
			scale := float64(m.Sites()) * m.Beta()
			return analysis.Function{
				Terms:    1,
				Term:     func(r, t []float64) { t[0] = r[0] * r[0] },
				Value:    func(mean []float64) float64 { return scale * mean[0] },
				Gradient: func(_, g []float64) { g[0] = scale },
			}
		},
	})
	Register(Observable{
		Name:    "connected_susceptibility",
		Doc:     "N beta (<m^2> - <|m|>^2)",
		Columns: []string{"magnetization"},
		Function: func(m models.Model) analysis.Function {
			scale := float64(m.Sites()) * m.Beta()
			return analysis.Function{
				Terms:    2,
				Term:     func(r, t []float64) { t[0], t[1] = math.Abs(r[0]), r[0]*r[0] },
				Value:    func(mean []float64) float64 { return scale * (mean[1] - mean[0]*mean[0]) },
				Gradient: func(mean, g []float64) { g[0], g[1] = -2*scale*mean[0], scale },
			}
		},
	})
	Register(Observable{
		Name:    "binder",
		Doc:     "U4 = 1 - <m^4>/(3 <m^2>^2)",
		Columns: []string{"magnetization"},
		Function: func(m models.Model) analysis.Function {
			return analysis.Function{
				Terms: 2,
				Term: func(r, t []float64) {
					m2 := r[0] * r[0]
					t[0], t[1] = m2, m2*m2
				},
				Value: func(mean []float64) float64 { return 1 - mean[1]/(3*mean[0]*mean[0]) },
				Gradient: func(mean, g []float64) {
					m2 := mean[0]
					g[0], g[1] = 2*mean[1]/(3*m2*m2*m2), -1/(3*m2*m2)
				},
			}
		},
	})
}

func hasOrderParameter(m models.Model) error {
	if _, ok := m.(models.Magnetic); !ok {
		return errors.New("the model has no order parameter (models.Magnetic)")
	}
	return nil
}
