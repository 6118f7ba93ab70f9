package proof

import (
	"errors"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat/distuv"

	"mcrun/mc"
	"mcrun/models"
	"mcrun/observables"
	"mcrun/proposals"
)

const (
	bridgeStarts = 1 << 12 // pairs of spins and x drawn independently
	bridgeSweeps = 2       // made from each

	bridgeRecords = 125 // of each chain, for estimates
)

// Bridge proves chains of which two-valued spins and their continuous dual take turns
// ([proposals.Bridge]): kernels that are valid for the model, which must be prepared,
// move the spins, others x of its dual, one after the other. It fails unless
//
//   - in 4096 pairs of spins and x, drawn from exact distributions and handed over as
//     kernels hand them over, what is drawn from either fits the other: the means of
//     x_i, s_i and all their products are those of
//
//     <x> = M <s>,   <x x^T> = M + M <s s^T> M,   <x s^T> = M <s s^T>,
//
//     with M from its definition, and <x^T M^-1 x - sum_i x_i tanh(x_i + b_i)> = N;
//     nothing is drawn that is not out of date, and given x the spins that are
//     measured are independent of those of the chain;
//
//   - so it is after two sweeps of the kernels from spins that are drawn exactly; and
//     the energy, the order parameter and a random sum over the measured spins are
//     distributed as before, and a random linear form of x as it must be;
//
//   - a run that was interrupted is to the bit the run that was not, as [Resume] says,
//     also if it was interrupted between two kernels of a sweep;
//
//   - chains that are measured after every sweep are to the bit those that never are.
//
// Means are compared with the probability 1e-9 that a right one fails, distributions
// with 1e-7. The model may have 2^17 states.
func Bridge(t testing.TB, m models.PairCoupled, kernels ...proposals.Spec) {
	t.Helper()
	c, err := newCrossed(m)
	if err == nil {
		err = c.handOver()
	}
	if err != nil {
		t.Errorf("Bridge of %s:\n%v", name(m), err)
		return
	}
	c.prove(t, pass{kernels: kernels})
}

// A pass is one sweep of a chain on a bridge.
type pass struct {
	kernels []proposals.Spec
	refresh bool // whether those of fields begin with x drawn anew
	mixed   bool // whether they are drawn at random, and not run in turn
}

func (p pass) String() string {
	var names []string
	for _, k := range p.kernels {
		names = append(names, name(k))
	}
	text := strings.Join(names, " and ")
	if p.mixed {
		text += " at random"
	}
	if p.refresh {
		text += ", refreshed"
	}
	return text
}

// A crossing is a bridge, of which there are flawed ones, and the kernels made for it.
type crossing struct {
	turns
	onSpins func(k mc.Kernel) mc.Kernel
	onField func(k mc.Kernel, refresh bool) mc.Kernel
}

// turns is what a [proposals.Bridge] does.
type turns interface {
	mc.Saver
	Spins() models.Spins
	X() models.Field
	Shown() models.Spins
	ToSpins()
	ToField(refresh bool)
	Show()
}

// A crossed is a model of spins with its dual.
type crossed struct {
	*space
	model models.PairCoupled
	dual  *models.DualOf
	plain *plainDual
	pick  func(*mc.Stream) int
	build func(spins models.Spins, random, measure *mc.Stream) crossing
}

func newCrossed(m models.PairCoupled) (*crossed, error) {
	s, err := list(m, maxStart)
	if err != nil {
		return nil, err
	}
	dual, ok := models.NewDualOf(m)
	if !ok {
		return nil, errors.New("not a model of two-valued spins")
	}
	if err := errors.Join(dual.Limit(), dual.Prepare()); err != nil {
		return nil, err
	}
	c := &crossed{space: s, model: m, dual: dual, pick: picker(s.pi)}
	if c.plain, err = newPlainDual(s, m); err != nil {
		return nil, err
	}
	c.build = func(spins models.Spins, random, measure *mc.Stream) crossing {
		b := proposals.NewBridge(dual, spins, random, measure)
		return crossing{
			turns:   b,
			onSpins: func(k mc.Kernel) mc.Kernel { return proposals.OnSpins(k, b) },
			onField: func(k mc.Kernel, refresh bool) mc.Kernel { return proposals.OnField(k, refresh, b) },
		}
	}
	return c, nil
}

// prove runs the checks of a pass.
func (c *crossed) prove(t testing.TB, p pass) {
	t.Helper()
	for _, check := range []struct {
		name string
		of   func(p pass) error
	}{
		{"start", c.start},
		{"resume", c.resume},
		{"measuring", c.undisturbed},
	} {
		if err := check.of(p); err != nil {
			t.Errorf("Bridge, %s: %v on %s:\n%v", check.name, p, name(c.model), err)
		}
	}
}

// onDual reports whether a kernel moves x.
func (c *crossed) onDual(k proposals.Spec) bool { return k.Check(c.model) != nil }

// bind binds the kernels of a pass, with a stream for each of several purposes.
func (c *crossed) bind(p pass, b crossing, of proposals.Chain, stream func(purpose string) *mc.Stream) []mc.Kernel {
	var list []mc.Kernel
	for n, spec := range p.kernels {
		of.Random = stream(fmt.Sprint("kernel ", n))
		if c.onDual(spec) {
			of.State = b.X()
			list = append(list, b.onField(spec.Bind(c.dual, of), p.refresh))
			continue
		}
		of.State = b.Spins()
		list = append(list, b.onSpins(spec.Bind(c.model, of)))
	}
	if p.mixed {
		return []mc.Kernel{mc.NewMixture(list, slices.Repeat([]float64{1}, len(list)), stream("mixture"))}
	}
	return list
}

// streams returns random streams by purpose.
func (c *crossed) streams(parts ...string) func(purpose string) *mc.Stream {
	return func(purpose string) *mc.Stream {
		return mc.NewStream(mc.NewKey(1, append([]string{purpose, name(c.model)}, parts...)...))
	}
}

// handOver hands over spins and x as kernels do, and looks at what is made of them.
func (c *crossed) handOver() error {
	stream := c.streams("turns")
	random, n := stream("draws"), c.model.Sites()
	b := c.build(make(models.Spins, n), stream("random"), stream("measure"))
	spins, x := make(models.Spins, n), make(models.Field, n)
	var (
		fromSpins = c.plain.joint("x drawn from spins")
		shown     = c.plain.joint("spins measured, from x")
		carried   = c.plain.joint("spins drawn from x, for a kernel of spins")
		renewed   = c.plain.joint("x drawn anew, with the spins that it is drawn from")
		between   = c.plain.joint("x, with the spins from which it is drawn anew")
		apart     = make([]moment, n)
	)
	// moved lets kernels move the spins, or x, to what is independent of all before.
	moveSpins := func() {
		b.ToSpins()
		c.set(b.Spins(), c.pick(random))
		copy(spins, b.Spins())
	}
	moveX := func() error {
		b.ToField(false)
		copy(x, b.X())
		b.ToField(false)
		if !slices.Equal(x, b.X()) {
			return errors.New("x is drawn again, though it is that of the chain")
		}
		c.set(spins, c.pick(random))
		c.plain.sample(spins, b.X(), random)
		copy(x, b.X())
		return nil
	}
	for range bridgeStarts {
		moveSpins()
		b.Show()
		if !slices.Equal(b.Shown(), spins) {
			return fmt.Errorf("spins are measured as %v, and are %v", b.Shown(), spins)
		}
		b.ToSpins()
		if !slices.Equal(b.Spins(), spins) {
			return errors.New("spins are drawn, though they are those of the chain")
		}
		b.ToField(false)
		fromSpins.add(b.X(), spins)
		for range 2 {
			if err := moveX(); err != nil {
				return err
			}
			b.Show()
		}
		shown.add(x, b.Shown())
		if !slices.Equal(b.X(), x) {
			return errors.New("measuring changes x")
		}
		measured := slices.Clone(b.Shown())
		if b.Show(); !slices.Equal(b.Shown(), measured) {
			return errors.New("what is measured twice differs, with no kernel between")
		}
		b.ToSpins()
		carried.add(x, b.Spins())
		for i, k := range b.Spins() {
			mean := math.Tanh(x[i] + c.plain.field[i])
			apart[i].add(spinOf(2, k)*spinOf(2, measured[i]) - mean*mean)
		}
		if err := moveX(); err != nil {
			return err
		}
		b.ToField(true)
		renewed.add(b.X(), b.Spins())
		between.add(x, b.Spins())
	}
	errs := []error{fromSpins.test(), shown.test(), carried.test(), renewed.test(), between.test()}
	for i, a := range apart {
		if z := a.z(); !(math.Abs(z) <= fieldLimit) {
			errs = append(errs, fmt.Errorf("spin %d as it is measured and as the chain goes on are not independent given x, by %.1f errors", i, z))
		}
	}
	return errors.Join(errs...)
}

// start makes sweeps from spins that are drawn exactly.
func (c *crossed) start(p pass) error {
	stream := c.streams("start", p.String())
	random := stream("draws")
	b := c.build(c.model.NewState(models.Hot, random).(models.Spins), stream("random"), stream("measure"))
	sweep := mc.Cycle(c.bind(p, b, proposals.Chain{Tally: new(mc.Tally)}, stream))
	for range tuning {
		sweep.Step()
		sweep.Tune()
	}
	sweep.Freeze()
	histograms, pairs, form := c.histograms(bridgeStarts), c.plain.joint("after sweeps"), c.plain.linear()
	for range bridgeStarts {
		b.ToSpins()
		c.set(b.Spins(), c.pick(random))
		for range bridgeSweeps {
			sweep.Step()
			b.Show()
		}
		for _, h := range histograms {
			h.count[h.bin[c.number(b.Shown())]]++
		}
		b.ToField(false) // from the spins, if these are the chain
		pairs.add(b.X(), b.Shown())
		form.add(b.X())
	}
	errs := []error{pairs.test(), form.test()}
	for _, h := range histograms {
		errs = append(errs, h.test())
	}
	return errors.Join(errs...)
}

// bench returns where a pass is run, to be measured on its spins, and what is measured.
func (c *crossed) bench(p pass) (*bench, []observables.Observable) {
	of := observablesOf(c.model, helper) // none of clusters, of spins that are drawn anew
	b := newBench(c.model, helper, of)
	b.records, b.tuning = bridgeRecords, tuning
	b.kernels, b.crossed, b.pass = p.kernels, c, p
	return b, of
}

// resume is Resume of a pass.
func (c *crossed) resume(p pass) error {
	b, _ := c.bench(p)
	return b.resume()
}

// undisturbed compares chains that are measured with such as are not.
func (c *crossed) undisturbed(p pass) error {
	b, _ := c.bench(p)
	b.columns = observables.Columns(c.model, observables.Standard(c.model), observables.NoSource)
	measured, alone := b.group(0, 2, 1), b.group(0, 2, 1)
	const sweeps = 20
	if _, err := run(measured, mc.Plan{Thermalize: sweeps, Sweeps: sweeps, Every: 1}); err != nil {
		return err
	}
	k := alone.Kernel.(mc.Tuner)
	for range sweeps {
		k.Step()
		k.Tune()
	}
	k.Freeze()
	for range sweeps {
		k.Step()
	}
	got, want := measured.Save(), alone.Save()
	for _, name := range want.Names() {
		if !strings.HasPrefix(name, "group.") && !reflect.DeepEqual(got.Array(name), want.Array(name)) {
			return fmt.Errorf("measuring changes the chain: %s", name)
		}
	}
	return nil
}

// A plainDual is the dual of spins by its definition, and what is exactly known of it.
type plainDual struct {
	space    *space
	m        *mat.SymDense // M
	cholesky mat.Cholesky
	lower    mat.TriDense // L of M = L L^T
	field    []float64    // b
	terms    []term
	weight   []float64 // of a random linear form
}

// A term is a function of x and s, with its exact mean.
type term struct {
	kind string
	i, j int
	want float64
}

func newPlainDual(s *space, m models.PairCoupled) (*plainDual, error) {
	n := m.Sites()
	d := &plainDual{space: s, m: mat.NewSymDense(n, nil), field: make([]float64, n), weight: make([]float64, n)}
	scale := m.Beta()
	if m.Couplings().Pair == models.Equal { // delta(s, s') = (1 + s s')/2
		scale /= 2
	}
	for _, b := range bondsOf(m) {
		d.m.SetSym(b.i, b.j, d.m.At(b.i, b.j)+scale*b.coupling)
	}
	var eigen mat.EigenSym
	if !eigen.Factorize(d.m, false) {
		return nil, errors.New("the eigenvalues of the couplings are not found")
	}
	alpha := models.DualOffset - eigen.Values(nil)[0]
	random := mc.NewStream(mc.NewKey(1, "a linear form"))
	for i := range n {
		d.m.SetSym(i, i, alpha)
		d.field[i] = m.Beta() * fieldOf(m, i)
		d.weight[i] = 2*random.Float64() - 1
	}
	if !d.cholesky.Factorize(d.m) {
		return nil, errors.New("the matrix M is not positive")
	}
	d.cholesky.LTo(&d.lower)
	// <s>, <s s^T>, and by them the means of x.
	spins, sigma := make(models.Spins, n), mat.NewVecDense(n, nil)
	mean, square := mat.NewVecDense(n, nil), mat.NewSymDense(n, nil)
	for state, pi := range s.pi {
		s.set(spins, state)
		for i, k := range spins {
			sigma.SetVec(i, spinOf(2, k))
		}
		mean.AddScaledVec(mean, pi, sigma)
		square.SymRankOne(square, pi, sigma)
	}
	var mx mat.VecDense
	var xs, xx mat.Dense
	mx.MulVec(d.m, mean)
	xs.Mul(d.m, square)
	xx.Mul(&xs, d.m)
	xx.Add(&xx, d.m)
	for i := range n {
		d.terms = append(d.terms, term{"x", i, i, mx.AtVec(i)}, term{"s", i, i, mean.AtVec(i)})
		for j := range n {
			d.terms = append(d.terms, term{"x s", i, j, xs.At(i, j)})
			if j >= i {
				d.terms = append(d.terms, term{"x x", i, j, xx.At(i, j)})
			}
			if j > i {
				d.terms = append(d.terms, term{"s s", i, j, square.At(i, j)})
			}
		}
	}
	d.terms = append(d.terms, term{"x^T M^-1 x - sum x tanh(x + b)", 0, 0, float64(n)})
	return d, nil
}

// sample draws x given s.
func (d *plainDual) sample(s models.Spins, x models.Field, random *mc.Stream) {
	n := len(s)
	sigma, xi := mat.NewVecDense(n, nil), mat.NewVecDense(n, nil)
	for i, k := range s {
		sigma.SetVec(i, spinOf(2, k))
		xi.SetVec(i, random.NormFloat64())
	}
	to := mat.NewVecDense(n, x)
	to.MulVec(&d.lower, xi)
	sigma.MulVec(d.m, sigma)
	to.AddVec(to, sigma)
}

// identity is the term of Schwinger and Dyson.
func (d *plainDual) identity(x models.Field) float64 {
	v := mat.NewVecDense(len(x), x)
	var solved mat.VecDense
	if err := d.cholesky.SolveVecTo(&solved, v); err != nil {
		return math.NaN()
	}
	sum := mat.Dot(v, &solved)
	for i, v := range x {
		sum -= v * math.Tanh(v+d.field[i])
	}
	return sum
}

// A moment adds up deviations from an exact mean.
type moment struct{ sum, square float64 }

func (m *moment) add(d float64) {
	m.sum += d
	m.square += d * d
}

// z returns the deviation of the mean in errors.
func (m moment) z() float64 {
	if m.square == 0 {
		return 0
	}
	return m.sum / math.Sqrt(m.square)
}

// A joint compares pairs of x and s with their exact distribution.
type joint struct {
	*plainDual
	what    string
	moments []moment
}

func (d *plainDual) joint(what string) *joint { return &joint{d, what, make([]moment, len(d.terms))} }

func (j *joint) add(x models.Field, s models.Spins) {
	for k, t := range j.terms {
		var v float64
		switch t.kind {
		case "x":
			v = x[t.i]
		case "s":
			v = spinOf(2, s[t.i])
		case "x s":
			v = x[t.i] * spinOf(2, s[t.j])
		case "x x":
			v = x[t.i] * x[t.j]
		case "s s":
			v = spinOf(2, s[t.i]) * spinOf(2, s[t.j])
		default:
			v = j.identity(x)
		}
		j.moments[k].add(v - t.want)
	}
}

// test names the mean that is furthest off.
func (j *joint) test() error {
	worst, at := 0.0, 0
	for k, m := range j.moments {
		if z := math.Abs(m.z()); !(z <= worst) {
			worst, at = z, k
		}
	}
	if worst <= fieldLimit {
		return nil
	}
	t := j.terms[at]
	return fmt.Errorf("%s: <%s> of sites %d and %d deviates from %.6g by %.1f errors", j.what, t.kind, t.i, t.j, t.want, worst)
}

// A form counts a linear form of x in bins of equal probability.
type form struct {
	*plainDual
	limits, count []float64
}

// linear returns the limits of the bins: given s the form w.x is normal, with the
// mean w.M s and the variance w.M w.
func (d *plainDual) linear() *form {
	w := mat.NewVecDense(len(d.weight), d.weight)
	var mw mat.VecDense
	mw.MulVec(d.m, w)
	sigma := math.Sqrt(mat.Dot(w, &mw))
	spins := make(models.Spins, len(d.weight))
	means := make([]float64, d.space.states)
	for state := range means {
		d.space.set(spins, state)
		for i, k := range spins {
			means[state] += mw.AtVec(i) * spinOf(2, k)
		}
	}
	below := func(u float64) (p float64) {
		for state, pi := range d.space.pi {
			p += pi * distuv.UnitNormal.CDF((u-means[state])/sigma)
		}
		return p
	}
	f := &form{plainDual: d, count: make([]float64, maxBins)}
	for k := 1; k < maxBins; k++ {
		low, high := slices.Min(means)-9*sigma, slices.Max(means)+9*sigma
		for range 40 {
			if u := (low + high) / 2; below(u) < float64(k)/maxBins {
				low = u
			} else {
				high = u
			}
		}
		f.limits = append(f.limits, low)
	}
	return f
}

func (f *form) add(x models.Field) {
	k, _ := slices.BinarySearch(f.limits, floats.Dot(f.weight, x))
	f.count[k]++
}

func (f *form) test() error {
	h := histogram{of: "a linear form of x", count: f.count}
	for range f.count {
		h.expected = append(h.expected, floats.Sum(f.count)/maxBins)
	}
	return h.test()
}
