package proof

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"testing"

	"gonum.org/v1/gonum/floats"

	"mcrun/models"
	"mcrun/proposals"
)

const (
	roughly    = 1     // the largest error of H of some steps for <exp(-dH)>
	mostReturn = 1e-12 // of the coordinates' and momenta's own size
)

// Mechanics fails unless the trajectories of a kernel that is a
// [proposals.Hamiltonian], on a model of continuous variables, are what they must be:
//
//   - with the momenta reversed at its end a trajectory leads back to where it
//     began, to 1e-12;
//   - <exp(-dH)> = 1, since the volume of phase space is kept (M. Creutz, Phys.
//     Rev. D 38, 1228 (1988)), which right ones miss with probability 1e-9;
//   - the error of H grows as the square of the step: its median by 4, within 20 %,
//     from one step to twice as long ones. The starts are the same for both.
//
// It does nothing for other kernels. Steps are parts of the largest one for which the errors of H are below 1.
func Mechanics(t testing.TB, m models.Differentiable, spec proposals.Spec) {
	t.Helper()
	e, err := newEnsemble(m)
	if err == nil {
		err = e.mechanics(spec)
	}
	report(t, "Mechanics", m, spec, err)
}

func (e *ensemble) mechanics(spec proposals.Spec) error {
	s := e.bind(spec, tuning, "mechanics")
	k, ok := s.Kernel.(proposals.Hamiltonian)
	if !ok {
		return nil
	}
	dim := e.model.Dim()
	p, from := make([]float64, dim), make([]float64, dim)
	var errs []error

	momenta := make([][]float64, 128)
	for n := range momenta {
		momenta[n] = make([]float64, dim)
		k.Momenta(e.starts[n], momenta[n])
	}
	// change returns dH of a trajectory of a time.
	change := func(start models.Field, steps int, step float64) float64 {
		copy(s.x, start)
		copy(p, from)
		return k.Trajectory(s.x, p, steps, step)
	}
	errorsOf := func(steps int, step float64) (median, most float64) {
		var list []float64
		for n, start := range e.starts[:128] {
			copy(from, momenta[n])
			if dH := change(start, steps, step); !math.IsNaN(dH) {
				list = append(list, math.Abs(dH))
			} else {
				list = append(list, math.Inf(1))
			}
		}
		slices.Sort(list)
		return list[len(list)/2], list[len(list)-1]
	}
	rough := 1.0
	for range 40 {
		if _, most := errorsOf(4, rough); most <= roughly {
			break
		}
		rough *= 0.8
	}
	fine := rough / 8

	worst, scale := 0.0, 1.0
	for _, start := range e.starts[:32] {
		copy(s.x, start)
		k.Momenta(s.x, p)
		copy(from, p)
		k.Trajectory(s.x, p, 20, fine)
		if slices.Equal(s.x, start) {
			errs = append(errs, errors.New("a trajectory does not move"))
		}
		floats.Scale(-1, p)
		k.Trajectory(s.x, p, 20, fine)
		floats.Scale(-1, p)
		scale = max(scale, floats.Norm(start, math.Inf(1)), floats.Norm(from, math.Inf(1)))
		worst = max(worst, floats.Distance(s.x, start, math.Inf(1)), floats.Distance(p, from, math.Inf(1)))
	}
	if !(worst <= mostReturn*scale) {
		errs = append(errs, fmt.Errorf("not reversible: trajectories come back to %.2g from where they began", worst))
	}

	var sum, square float64
	for _, start := range e.starts[:1<<12] {
		k.Momenta(start, from)
		d := -1.0 // of a trajectory that ends where S is not finite
		if dH := change(start, 4, rough); !math.IsNaN(dH) {
			d = math.Exp(-dH) - 1
		}
		sum += d
		square += d * d
	}
	if z := sum / math.Sqrt(square); square > 1e-16*float64(1<<12) && !(math.Abs(z) <= fieldLimit) {
		errs = append(errs, fmt.Errorf("volume: <exp(-dH)> deviates from 1 by %.1f errors", z))
	}

	short, _ := errorsOf(32, fine/2)
	long, _ := errorsOf(16, fine)
	if short > 1e-9 && !(math.Abs(long/short/4-1) <= 0.2) {
		errs = append(errs, fmt.Errorf("order: twice as long steps make the error of H %.2f times as large, not 4 times", long/short))
	}
	return errors.Join(errs...)
}
