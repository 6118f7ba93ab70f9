package proof

import (
	"errors"
	"fmt"
	"math"
	"reflect"
	"slices"
	"testing"

	"mcrun/mc"
	"mcrun/models"
	"mcrun/observables"
	"mcrun/proposals"
)

// Resume runs a pair of chains that records all registered observables which
// exist for the model, and fails unless
//
//   - so many sweeps, a checkpoint loaded into another group, and as many sweeps
//     more give the rows and the final checkpoint of all sweeps at once, to the
//     bit;
//   - so does a checkpoint of kernels that are being tuned, but for the counters of
//     sweeps;
//   - each chain gives the same rows alone as beside the other.
//
// Records are several sweeps apart, and the checkpoint lies between two of them.
func Resume(t testing.TB, m models.Model, spec proposals.Spec) {
	t.Helper()
	report(t, "Resume", m, spec, resume(m, spec))
}

func resume(m models.Model, spec proposals.Spec) error {
	return newBench(m, spec, observablesOf(m, spec)).resume()
}

func (b *bench) resume() error {
	plan := mc.Plan{Thermalize: 5 + b.tuning/4, Sweeps: 40, Every: 3}
	half := plan
	half.Sweeps = 20 // two after the last record

	whole := b.group(0, 2, 1)
	want, err := run(whole, plan)
	if err != nil {
		return err
	}
	before := b.group(0, 2, 1)
	got, err := run(before, half)
	if err != nil {
		return err
	}
	after := b.group(0, 2, 2) // of another seed, so that nothing fits that was not loaded
	if err := after.Load(before.Save()); err != nil {
		return err
	}
	rest, err := run(after, plan)
	if err != nil {
		return err
	}
	var errs []error
	got = append(got, rest...)
	if err := difference(got, want); err != nil {
		errs = append(errs, fmt.Errorf("resumed after %d sweeps: %w", half.Sweeps, err))
	}
	saved, resumed := whole.Save(), after.Save()
	for _, name := range saved.Names() {
		if name != "group.nanoseconds" && !reflect.DeepEqual(saved.Array(name), resumed.Array(name)) {
			errs = append(errs, fmt.Errorf("resumed after %d sweeps, the final checkpoint has another %s", half.Sweeps, name))
		}
	}
	return errors.Join(append(errs, b.resumeTuned(plan, want), b.resumeWithin(), b.together(plan))...)
}

// resumeTuned compares the rows of a run with those of one that is interrupted in
// the middle of thermalization, if its kernels tune.
func (b *bench) resumeTuned(plan mc.Plan, want rows) error {
	before := b.group(0, 2, 1)
	tuner, ok := before.Kernel.(mc.Tuner)
	if b.tuning == 0 || !ok {
		return nil
	}
	sweeps := plan.Thermalize * 2 / 3
	for range sweeps {
		tuner.Step()
		tuner.Tune()
	}
	after := b.group(0, 2, 2)
	if err := after.Load(before.Save()); err != nil {
		return err
	}
	plan.Thermalize -= sweeps
	got, err := run(after, plan)
	if err != nil {
		return err
	}
	if err := difference(got, want); err != nil {
		return fmt.Errorf("resumed after %d sweeps of thermalization: %w", sweeps, err)
	}
	return nil
}

// resumeWithin interrupts a sweep between any two kernels, and compares checkpoints
// two sweeps later.
func (b *bench) resumeWithin() error {
	length := len(b.group(0, 2, 1).Kernel.(mc.Cycle))
	for made := 1; made < length; made++ {
		before, after := b.group(0, 2, 1), b.group(0, 2, 2)
		cycle := before.Kernel.(mc.Cycle)
		cycle.Step()
		cycle[:made].Step()
		if err := after.Load(before.Save()); err != nil {
			return err
		}
		for _, g := range []*mc.Group{before, after} {
			cycle := g.Kernel.(mc.Cycle)
			cycle[made:].Step()
			cycle.Step()
		}
		if got, want := after.Save(), before.Save(); !reflect.DeepEqual(got, want) {
			return fmt.Errorf("resumed after %d kernels of a sweep: the same steps lead elsewhere", made)
		}
	}
	return nil
}

// together compares the rows of two chains in one group with those of groups of
// their own. Columns that need both are left out.
func (b *bench) together(plan mc.Plan) error {
	alone := *b
	alone.columns = slices.DeleteFunc(slices.Clone(b.columns), func(f observables.Field) bool {
		c, _ := observables.FindColumn(f.Name)
		return c.Pair
	})
	both, err := run(alone.group(0, 2, 1), plan)
	if err != nil {
		return err
	}
	n := width(alone.columns)
	for chain := range 2 {
		one, err := run(alone.group(chain, 1, 1), plan)
		if err != nil {
			return err
		}
		var beside rows
		for at := chain * n; at < len(both); at += 2 * n {
			beside = append(beside, both[at:at+n]...)
		}
		if err := difference(beside, one); err != nil {
			return fmt.Errorf("chain %d beside another, compared with itself alone: %w", chain, err)
		}
	}
	return nil
}

// difference says where two series differ in any bit.
func difference(got, want []float64) error {
	if len(got) != len(want) {
		return fmt.Errorf("%d numbers are recorded, not %d", len(got), len(want))
	}
	for i, v := range got {
		if math.Float64bits(v) != math.Float64bits(want[i]) {
			return fmt.Errorf("number %d that is recorded is %v, not %v", i, v, want[i])
		}
	}
	return nil
}
