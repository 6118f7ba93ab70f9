package proof

import (
	"errors"
	"fmt"
	"math"
	"testing"

	"mcrun/mc"
	"mcrun/models"
	"mcrun/observables"
)

// Model fails unless what a prepared model says of its states fits together: in
// each of up to 2^17 states,
//
//   - EnergyChange is the difference of two energies, for a random change;
//   - the energy is that of [models.PairCoupled]: -sum J_ij f(s_i, s_j) - sum h_i
//     s_i + sum E(s_i);
//   - N^2 m^2 is |sum_x sigma_x|^2, sigma being that of [models.SpinField] and m
//     that of [models.Magnetic] or [models.Ordered];
//
// and the values of [models.Exact] are those of a sum over all states. It needs
// models.Discrete and models.Energetic.
//
// Of a model of continuous variables, [models.Differentiable], derivatives are those
// of differences, batches give what configurations give one by one, the action is
// that of [models.FieldCoupled] and changes by what [models.Sitewise] says, N^2 m^2
// that of the vectors, the identity of Schwinger and Dyson, <sum x dS/dx> = N or that
// of spheres, holds for configurations that are drawn (see [Sampler]), and so do the
// values of [models.Exact].
func Model(t testing.TB, m models.Model) {
	t.Helper()
	if err := model(m); err != nil {
		t.Errorf("Model %s:\n%v", name(m), err)
	}
}

func model(m models.Model) error {
	if d, ok := m.(models.Differentiable); ok {
		e, err := newEnsemble(d)
		if err != nil {
			return err
		}
		return e.modelOf()
	}
	s, err := list(m, maxStart)
	if err != nil {
		return err
	}
	return errors.Join(s.checkEnergy(), s.checkOrder(), s.checkExact())
}

// differ reports whether a and b are unequal by more than rounding.
func differ(a, b float64) bool {
	return !(math.Abs(a-b) <= 1e-10*(1+math.Abs(a)+math.Abs(b)))
}

func (s *space) checkEnergy() error {
	random := mc.NewStream(mc.NewKey(1, "changes"))
	spins := make(models.Spins, s.model.Sites())
	pairs, coupled := s.model.(models.PairCoupled)
	for state := range s.states {
		s.set(spins, state)
		energy := s.model.Energy(spins)
		if coupled {
			if e, ok := pairEnergy(pairs, spins); ok && differ(energy, e) {
				return fmt.Errorf("the energy of %v is %g; by its couplings it is %g", spins, energy, e)
			}
		}
		i, k := random.IntN(len(spins)), uint8(random.IntN(s.model.States()))
		change := s.model.EnergyChange(spins, i, k)
		was := spins[i]
		spins[i] = k
		if e := s.model.Energy(spins) - energy; differ(change, e) {
			return fmt.Errorf("EnergyChange of site %d from state %d to %d, which gives %v, is %g; the energies differ by %g", i, was, k, spins, change, e)
		}
	}
	return nil
}

// A bond joins two sites.
type bond struct {
	i, j     int
	coupling float64
}

// bondsOf returns the bonds of a model, each once: of a lattice one for each
// site and direction.
func bondsOf(m models.PairCoupled) (bonds []bond) {
	c := m.Couplings()
	for i := range m.Sites() {
		if c.Graph == nil {
			for n, j := range c.Lattice.Neighbours(i) {
				if n%2 == 0 { // upwards
					bonds = append(bonds, bond{i, int(j), c.J})
				}
			}
			continue
		}
		for n, j := range c.Graph.Neighbours(i) {
			if int(j) > i {
				bonds = append(bonds, bond{i, int(j), c.Graph.Strengths(i)[n]})
			}
		}
	}
	return bonds
}

// fieldOf returns the field of a site.
func fieldOf(m models.PairCoupled, i int) float64 {
	if c := m.Couplings(); c.Graph == nil {
		return c.H
	}
	return m.Couplings().Graph.Field(i)
}

// spinOf returns the spin of a state.
func spinOf(q int, k uint8) float64 {
	if q == 2 {
		return 2*float64(k) - 1
	}
	return float64(k) - 1
}

// pairEnergy returns the energy by its definition, or false if there is none.
func pairEnergy(m models.PairCoupled, spins models.Spins) (energy float64, ok bool) {
	c, q := m.Couplings(), m.States()
	if c.Pair == models.Product && q > 3 {
		return 0, false
	}
	for _, b := range bondsOf(m) {
		switch {
		case c.Pair == models.Product:
			energy -= b.coupling * spinOf(q, spins[b.i]) * spinOf(q, spins[b.j])
		case c.Pair == models.Cosine:
			energy -= b.coupling * math.Cos(2*math.Pi*(float64(spins[b.i])-float64(spins[b.j]))/float64(q))
		case spins[b.i] == spins[b.j]:
			energy -= b.coupling
		}
	}
	for i, k := range spins {
		if h := fieldOf(m, i); h != 0 {
			energy -= h * spinOf(q, k)
		}
		if c.Self != nil {
			energy += c.Self[k]
		}
	}
	return energy, true
}

func (s *space) checkOrder() error {
	field, square := orderOf(s.model)
	if square == nil {
		return nil
	}
	spins := make(models.Spins, s.model.Sites())
	for state := range s.states {
		s.set(spins, state)
		if err := sameOrder(field, square, spins); err != nil {
			return err
		}
	}
	return nil
}

// orderOf returns a model's vectors and m^2, which is nil if it does not have both.
func orderOf(m models.Model) (models.SpinField, func(models.State) float64) {
	field, ok := m.(models.SpinField)
	if !ok {
		return nil, nil
	}
	switch m := m.(type) {
	case models.Ordered:
		return field, func(s models.State) float64 { _, m2 := m.Order(s); return m2 }
	case models.Magnetic:
		return field, func(s models.State) float64 { x := m.Magnetization(s); return x * x }
	}
	return nil, nil
}

// sameOrder compares m^2 with the sum of the vectors.
func sameOrder(field models.SpinField, square func(models.State) float64, s models.State) error {
	n := float64(field.Sites())
	sigma, want := make([]float64, field.Sites()), 0.0
	for c := range field.Components() {
		field.Component(s, c, sigma)
		var sum float64
		for _, v := range sigma {
			sum += v
		}
		want += sum * sum
	}
	if got := n * n * square(s); differ(got, want) {
		return fmt.Errorf("N^2 m^2 of %v is %g; the square of its spins' sum is %g", s, got, want)
	}
	return nil
}

func (s *space) checkExact() error {
	exact, ok := s.model.(models.Exact)
	if !ok {
		return nil
	}
	var of []observables.Observable
	known := exact.Exact()
	for name := range known {
		if o, ok := observables.Find(name); ok && o.Check(s.model) == nil {
			of = append(of, o)
		}
	}
	sums, ok := observables.Enumerate(s.model, of)
	if !ok {
		return nil // more states than Enumerate takes
	}
	var errs []error
	for name, values := range sums {
		if differ(known[name], values[0]) {
			errs = append(errs, fmt.Errorf("exact %s is %g; the sum over all states gives %g", name, known[name], values[0]))
		}
	}
	return errors.Join(errs...)
}
