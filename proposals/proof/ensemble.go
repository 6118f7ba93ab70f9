package proof

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"testing"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat/distuv"

	"mcrun/mc"
	"mcrun/models"
	"mcrun/proposals"
)

const (
	fieldStarts = 1 << 13 // configurations drawn independently
	pilots      = 1 << 11 // further ones, which give the limits of bins
	fieldSteps  = 2       // made from each

	// tuning is for how many sweeps kernels that tune do so.
	tuning = 200

	// fieldAlarm is the probability with which a right kernel fails one
	// comparison.
	fieldAlarm = 1e-9
)

// fieldLimit is what a normal deviation exceeds with probability fieldAlarm.
var fieldLimit = distuv.UnitNormal.Quantile(1 - fieldAlarm/2)

// An ensemble is a model of continuous variables and configurations from its
// distribution.
type ensemble struct {
	model     models.Differentiable
	draw      draw
	starts    []models.Field
	functions []function
	limits    [][]float64 // of the bins of each function
	before    [][]float64 // of each start, the functions
}

// A function is one of those of which distributions are compared.
type function struct {
	of    string
	value func(x models.Field) float64
}

// newEnsemble draws the configurations.
func newEnsemble(m models.Differentiable) (*ensemble, error) {
	draw, err := drawing(m)
	if err != nil {
		return nil, err
	}
	e := &ensemble{model: m, draw: draw, functions: functionsOf(m)}
	random := mc.NewStream(mc.NewKey(1, "exact starts", name(m)))
	x, values := make(models.Field, m.Dim()), make([][]float64, len(e.functions))
	for range pilots {
		draw(x, random)
		for i, f := range e.functions {
			values[i] = append(values[i], f.value(x))
		}
	}
	for _, v := range values {
		slices.Sort(v)
		var limits []float64
		for k := 1; k < maxBins; k++ {
			limits = append(limits, v[k*pilots/maxBins])
		}
		e.limits = append(e.limits, limits)
	}
	for range fieldStarts {
		x := make(models.Field, m.Dim())
		draw(x, random)
		e.starts = append(e.starts, x)
		e.before = append(e.before, e.values(x))
	}
	return e, nil
}

// values returns the functions of a configuration.
func (e *ensemble) values(x models.Field) []float64 {
	values := make([]float64, len(e.functions))
	for i, f := range e.functions {
		values[i] = f.value(x)
	}
	return values
}

// functionsOf returns the action, the order parameter, moments of coordinates and
// of their products, and functions that no symmetry of a model leaves as they are.
func functionsOf(m models.Differentiable) []function {
	s := make([]float64, 1)
	list := []function{{"the action", func(x models.Field) float64 {
		m.Action(x, s)
		return s[0]
	}}}
	switch m := m.(type) {
	case models.Magnetic:
		list = append(list, function{"the order parameter", func(x models.Field) float64 { return m.Magnetization(x) }})
	case models.Ordered:
		list = append(list, function{"the order parameter", func(x models.Field) float64 {
			_, square := m.Order(x)
			return square
		}})
	}
	random := mc.NewStream(mc.NewKey(1, "a linear form"))
	weight := make([]float64, m.Dim())
	for i := range weight {
		weight[i] = 2*random.Float64() - 1
	}
	last := m.Dim() - 1
	return append(list,
		function{"a random linear form", func(x models.Field) float64 { return floats.Dot(weight, x) }},
		function{"the square of a random linear form", func(x models.Field) float64 {
			v := floats.Dot(weight, x)
			return v * v
		}},
		function{"x_0", func(x models.Field) float64 { return x[0] }},
		function{"sum x^2", func(x models.Field) float64 { return floats.Dot(x, x) }},
		function{"sum x^4", func(x models.Field) (sum float64) {
			for _, v := range x {
				sum += v * v * v * v
			}
			return sum
		}},
		function{"x_0 x_1", func(x models.Field) float64 { return x[0] * x[min(1, last)] }},
		function{"x_0 x_last", func(x models.Field) float64 { return x[0] * x[last] }},
	)
}

// bin returns the bin of a value of function i.
func (e *ensemble) bin(i int, v float64) int {
	k, _ := slices.BinarySearch(e.limits[i], v)
	return k
}

// A subject is a kernel bound to a chain of its own.
type subject struct {
	mc.Kernel
	spec   proposals.Spec
	x      models.Field
	random *mc.Stream
	tally  *mc.Tally
}

// bind returns a subject, which has been tuned for so many sweeps from a hot
// start and then is frozen.
func (e *ensemble) bind(spec proposals.Spec, sweeps int, purpose string) *subject {
	random := mc.NewStream(mc.NewKey(1, purpose, name(e.model), name(spec)))
	x := e.model.NewState(models.Hot, random).(models.Field)
	k := &subject{spec: spec, x: x, random: random, tally: new(mc.Tally)}
	k.Kernel = spec.Bind(e.model, proposals.Chain{State: x, Random: random, Tally: k.tally})
	if tuner, ok := k.Kernel.(mc.Tuner); ok {
		for range sweeps {
			k.Step()
			tuner.Tune()
		}
		tuner.Freeze()
	}
	return k
}

// start compares the configurations with what a kernel leads to from them.
func (e *ensemble) start(spec proposals.Spec, sweeps int) error {
	k := e.bind(spec, sweeps, "start")
	count := make([]*mat.Dense, len(e.functions)) // of moves between bins
	for i := range count {
		count[i] = mat.NewDense(maxBins, maxBins, nil)
	}
	sum, square := make([]float64, len(e.functions)), make([]float64, len(e.functions))
	was := make(models.Field, len(k.x))
	i, ok := spec.(interface{ Images() bool }) // the kernel also goes to images, which it does not count
	images := ok && i.Images()
	for n, start := range e.starts {
		copy(k.x, start)
		for range fieldSteps {
			copy(was, k.x)
			tally := *k.tally
			k.Step()
			if !images && k.tally.Proposed > tally.Proposed && k.tally.Accepted == tally.Accepted {
				if err := difference(k.x, was); err != nil {
					return fmt.Errorf("all was rejected, but the configuration has changed: %w", err)
				}
			}
		}
		if err := e.onSphere(k.x); err != nil {
			return err
		}
		after := e.values(k.x)
		for i, v := range after {
			before := e.before[n][i]
			d := v - before
			if math.Abs(d) <= 1e-10*(1+math.Abs(before)) { // rounding of what is conserved
				continue
			}
			sum[i] += d
			square[i] += d * d
			a, b := e.bin(i, before), e.bin(i, v)
			count[i].Set(a, b, count[i].At(a, b)+1)
		}
	}
	var errs []error
	for i, f := range e.functions {
		if z := sum[i] / math.Sqrt(square[i]); square[i] > 0 && !(math.Abs(z) <= fieldLimit) {
			errs = append(errs, fmt.Errorf("the mean of %s changes, by %.1f errors", f.of, z))
		}
		if p := homogeneous(count[i]); !(p >= fieldAlarm) {
			errs = append(errs, fmt.Errorf("the distribution of %s changes: from one bin to another go, of probability %.2g,\n%.0f", f.of, p, mat.Formatted(count[i])))
		}
	}
	return errors.Join(errs...)
}

// onSphere returns an error unless vectors that should have length 1 have it.
func (e *ensemble) onSphere(x models.Field) error {
	s, ok := e.model.(models.Spherical)
	if !ok {
		return nil
	}
	for v := range slices.Chunk(x, s.Sphere()) {
		if square := floats.Dot(v, v); !(math.Abs(square-1) <= 1e-12) {
			return fmt.Errorf("the square of a unit vector is 1%+g", square-1)
		}
	}
	return nil
}

// homogeneous returns the probability of so different marginal distributions of a
// table of pairs as it has, if they are equal (A. Stuart, Biometrika 42, 412
// (1955); A. E. Maxwell, Br. J. Psychiatry 116, 651 (1970)):
//
//	chi^2 = d V^-1 d,   d = sum_ab n_ab (e_b - e_a),   V = sum_ab n_ab (e_b - e_a)(e_b - e_a)^T.
//
// What does not change has no part in it: it is sharper than a comparison of two
// samples.
func homogeneous(count *mat.Dense) float64 {
	n, _ := count.Dims()
	d, v := make([]float64, n), mat.NewSymDense(n, nil)
	for a := range n {
		for b := range n {
			if c := count.At(a, b); a != b && c > 0 {
				d[a] -= c
				d[b] += c
				v.SetSym(a, a, v.At(a, a)+c)
				v.SetSym(b, b, v.At(b, b)+c)
				v.SetSym(a, b, v.At(a, b)-c)
			}
		}
	}
	var eigen mat.EigenSym
	if !eigen.Factorize(v, true) {
		return math.NaN()
	}
	var vectors mat.Dense
	eigen.VectorsTo(&vectors)
	values := eigen.Values(nil)
	chi2, rank := 0.0, 0
	for k, value := range values {
		if value <= 1e-9*(1+values[n-1]) {
			continue
		}
		projection := floats.Dot(mat.Col(nil, k, &vectors), d)
		chi2 += projection * projection / value
		rank++
	}
	if rank == 0 {
		return 1
	}
	return distuv.ChiSquared{K: float64(rank)}.Survival(chi2)
}

// Memory fails if what a kernel does after thermalization, on a model of continuous
// variables, depends on more than the configuration and the random numbers: on how
// far it has run since, on having been told to tune, or on where it was. Before the
// steps that are compared another kernel seems to have moved the configuration.
func Memory(t testing.TB, m models.Differentiable, spec proposals.Spec) {
	t.Helper()
	e, err := newEnsemble(m)
	if err == nil {
		err = e.memoryless(spec)
	}
	report(t, "Memory", m, spec, err)
}

func (e *ensemble) memoryless(spec proposals.Spec) error {
	k := e.bind(spec, tuning, "memory")
	const steps = 24
	trace := func() (ends []float64) {
		copy(k.x, e.starts[0])
		k.Step()
		*k.random = *mc.NewStream(mc.NewKey(1, "memory"))
		for _, start := range e.starts[1 : 1+steps] {
			copy(k.x, start)
			k.Step()
			ends = append(ends, k.x...)
		}
		return ends
	}
	before := trace()
	tuner, _ := k.Kernel.(mc.Tuner)
	for range 64 {
		k.Step()
		if tuner != nil {
			tuner.Tune()
		}
	}
	if tuner != nil {
		tuner.Freeze()
	}
	if err := difference(trace(), before); err != nil {
		return fmt.Errorf("the same steps lead elsewhere after thermalization has long ended: %w", err)
	}
	return nil
}
