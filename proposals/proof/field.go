package proof

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"testing"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/stat/distuv"

	"mcrun/mc"
	"mcrun/models"
	"mcrun/observables"
	"mcrun/proposals"
)

// fieldKernel runs the checks of a kernel on a model of continuous variables.
func fieldKernel(t testing.TB, e *ensemble, spec proposals.Spec) {
	t.Helper()
	report(t, "Start", e.model, spec, e.start(spec, tuning))
	report(t, "Mechanics", e.model, spec, e.mechanics(spec))
	report(t, "Memory", e.model, spec, e.memoryless(spec))
	Resume(t, e.model, spec)
}

// modelOf is Model for continuous variables.
func (e *ensemble) modelOf() error {
	return errors.Join(e.checkGradient(), e.checkChange(), e.checkCouplings(), e.checkOrder(), e.checkIdentity(), e.checkExact())
}

// checkGradient compares derivatives with differences, and batches with their
// configurations one by one.
func (e *ensemble) checkGradient() error {
	const count, h = 3, 1e-4
	n := e.model.Dim()
	x := slices.Concat(e.starts[:count]...)
	s, again, g := make([]float64, count), make([]float64, count), make([]float64, count*n)
	e.model.Action(x, s)
	e.model.Gradient(x, again, g)
	for c := range count {
		one, alone := make([]float64, 1), make([]float64, n)
		e.model.Gradient(x[c*n:(c+1)*n], one, alone)
		if differ(s[c], again[c]) || differ(s[c], one[0]) || floats.Distance(alone, g[c*n:(c+1)*n], math.Inf(1)) > 1e-10*(1+floats.Norm(alone, math.Inf(1))) {
			return fmt.Errorf("configuration %d of a batch has S = %g by Action and %g by Gradient, and %g alone, or other derivatives", c, s[c], again[c], one[0])
		}
	}
	for i, slope := range g {
		v := x[i]
		x[i] = v + h
		e.model.Action(x, s)
		up := s[i/n]
		x[i] = v - h
		e.model.Action(x, s)
		x[i] = v
		if d := (up - s[i/n]) / (2 * h); !(math.Abs(d-slope) <= 1e-5*(1+math.Abs(slope))) {
			return fmt.Errorf("the derivative of S by coordinate %d is %g; by differences it is %g", i%n, slope, d)
		}
	}
	return nil
}

// checkChange compares what changes of one coordinate after another cost with
// differences of actions.
func (e *ensemble) checkChange() error {
	m, ok := e.model.(models.Sitewise)
	if !ok {
		return nil
	}
	random := mc.NewStream(mc.NewKey(1, "changes"))
	x, v := slices.Clone(e.starts[0]), make([]float64, m.Dim())
	before, after := make([]float64, 1), make([]float64, 1)
	m.Follow(x, v)
	m.Action(x, before)
	for range 100 {
		i, d := random.IntN(len(x)), 2*random.Float64()-1
		change := m.ActionChange(x, v, i, d)
		x[i] += d
		m.FollowChange(v, i, d)
		m.Action(x, after)
		if s := after[0] - before[0]; differ(change, s) {
			return fmt.Errorf("ActionChange by %g at coordinate %d, which gives %v, is %g; the actions differ by %g", d, i, x, change, s)
		}
		before[0] = after[0]
	}
	return nil
}

// checkCouplings compares the action with that of the couplings.
func (e *ensemble) checkCouplings() error {
	f, ok := e.model.(models.FieldCoupled)
	if !ok {
		return nil
	}
	c, s := f.FieldCouplings(), make([]float64, 1)
	n := c.Components
	for _, x := range e.starts[:100] {
		var want float64
		for i := range f.Sites() {
			v := x[i*n : (i+1)*n]
			for at, j := range c.Lattice.Neighbours(i) {
				if at%2 == 0 { // upwards
					want -= c.K * floats.Dot(v, x[int(j)*n:int(j+1)*n])
				}
			}
			square := floats.Dot(v, v)
			want += c.A*square + c.B*square*square
		}
		if f.Action(x, s); differ(s[0], want) {
			return fmt.Errorf("the action of %v is %g; by its couplings it is %g", x, s[0], want)
		}
	}
	return nil
}

// checkOrder compares the order parameter with the sum of the vectors.
func (e *ensemble) checkOrder() error {
	field, square := orderOf(e.model)
	if square == nil {
		return nil
	}
	for _, x := range e.starts[:100] {
		if err := sameOrder(field, square, x); err != nil {
			return err
		}
	}
	return nil
}

// identities are quantities with the same expectation value, whatever the model.
// The integral of a total derivative is 0, so that
//
//	<sum_i x_i dS/dx_i> = N,
//
// for N real coordinates; on spheres, of n components, the same of the Laplacian:
//
//	<|grad S|^2> = <Laplacian S> = -(n-1) <sum_x S_x . dS/dS_x>
//
// where S is linear in each of the vectors. It returns the difference.
func identity(m models.Differentiable) (difference func(x models.Field) float64, ok bool) {
	s, g := make([]float64, 1), make([]float64, m.Dim())
	sphere, ok := m.(models.Spherical)
	if !ok {
		return func(x models.Field) float64 {
			m.Gradient(x, s, g)
			return floats.Dot(x, g) - float64(m.Dim())
		}, true
	}
	if _, ok := m.(models.FieldCoupled); !ok {
		return nil, false
	}
	n := sphere.Sphere()
	return func(x models.Field) (sum float64) {
		m.Gradient(x, s, g)
		for at := 0; at < len(x); at += n {
			v, force := x[at:at+n], g[at:at+n]
			radial := floats.Dot(v, force)
			sum += floats.Dot(force, force) - radial*radial + float64(n-1)*radial
		}
		return sum
	}, true
}

// checkIdentity fails with fieldAlarm.
func (e *ensemble) checkIdentity() error {
	difference, ok := identity(e.model)
	if !ok {
		return nil
	}
	var sum, square float64
	for _, x := range e.starts {
		d := difference(x)
		sum += d
		square += d * d
	}
	if z := sum / math.Sqrt(square); square > 0 && !(math.Abs(z) <= fieldLimit) {
		return fmt.Errorf("the identity of Schwinger and Dyson is violated by %.1f errors: Action, Gradient and what is drawn do not fit together", z)
	}
	return nil
}

// checkExact compares the model's exact values with what is drawn, by
// estimatesAlarm each.
func (e *ensemble) checkExact() error {
	exact, ok := e.model.(models.Exact)
	if !ok {
		return nil
	}
	var of []observables.Observable
	known := exact.Exact()
	for name := range known {
		if o, ok := observables.Find(name); ok && o.Check(e.model) == nil {
			of = append(of, o)
		}
	}
	limit := distuv.UnitNormal.Quantile(1 - estimatesAlarm/2)
	var errs []error
	for name, found := range e.references(of, len(e.starts), false) {
		z := (found[0].value - known[name]) / found[0].error
		if !(math.Abs(z) <= limit) {
			errs = append(errs, fmt.Errorf("exact %s is %g; what is drawn has %g, and deviates by %.1f errors", name, known[name], found[0].value, z))
		}
	}
	return errors.Join(errs...)
}

// references returns the expectation values of observables: those that the model
// knows, if exactly is true, and else estimates from so many pairs that are drawn,
// with errors. One that is constant, or not finite, is left out.
func (e *ensemble) references(of []observables.Observable, pairs int, exactly bool) map[string][]reference {
	b := &bench{model: e.model, columns: observables.Columns(e.model, of, sourceOf(e.model))}
	w := width(b.columns)
	pair := []models.State{make(models.Field, e.model.Dim()), make(models.Field, e.model.Dim())}
	probe := observables.NewProbe(e.model, b.columns, pair...)
	random := mc.NewStream(mc.NewKey(1, "references", name(e.model)))
	chains := [][][]float64{make([][]float64, w), make([][]float64, w)}
	row := make([]float64, 2*w)
	for range pairs {
		for _, x := range pair {
			e.draw(x.(models.Field), random)
		}
		probe.Read(row)
		for i, v := range row {
			chains[i/w][i%w] = append(chains[i/w][i%w], v)
		}
	}
	known := map[string]float64{}
	if m, ok := e.model.(models.Exact); exactly && ok {
		known = m.Exact()
	}
	values := make(map[string][]reference)
	for _, o := range of {
		var list []reference
		for _, f := range estimators(o, e.model) {
			v, err := f.independent(b.own(o, f, chains))
			if exact, ok := known[o.Name]; ok {
				v, err = reference{value: exact}, nil
			}
			if err != nil {
				list = nil
				break
			}
			list = append(list, v)
		}
		if list != nil {
			values[o.Name] = list
		}
	}
	return values
}
