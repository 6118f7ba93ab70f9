package proposals

import (
	"context"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"gonum.org/v1/gonum/floats"

	"mcrun/mc"
	"mcrun/models"
)

func ptr(v float64) *float64 { return &v }

// gradientKernels are kernels with all their parameters fixed, some so coarse
// that much is rejected.
func gradientKernels() map[string]Spec {
	return map[string]Spec{
		"hmc leapfrog":     &HMC{Integrator: Leapfrog, Step: ptr(0.6), Length: ptr(1.8), Jitter: 0.2},
		"hmc minimum-norm": &HMC{Integrator: MinimumNorm, Step: ptr(1.1), Length: ptr(2.2), Jitter: 0.5},
		"hmc fourier":      &HMC{Step: ptr(1.1), Length: ptr(2.2), Jitter: 0.5, Mass: Fourier},
		"mala":             &MALA{Step: ptr(0.9)},
		"pcn":              &PCN{Width: ptr(0.7)},
		"nuts":             &NUTS{Step: ptr(0.5)},
		"nuts of depth 1":  &NUTS{Step: ptr(0.5), MaxDepth: 1},
	}
}

// In equilibrium <exp(-dH)> = 1, since the integration keeps the volume of
// phase space (M. Creutz, Phys. Rev. D 38, 1228 (1988)).
func TestCreutz(t *testing.T) {
	eachIntegrator(t, func(t *testing.T, m mechanics, i Integrator) {
		const n = 20000
		step := 0.35
		if i == MinimumNorm && m.name != "quartic" {
			step = 1.1
		}
		var sum, sum2, largest float64
		for range n {
			q, p := m.begin()
			before := q.s[0] + m.kinetic(p)
			m.run(q, p, i, 4, step)
			dH := q.s[0] + m.kinetic(p) - before
			e := math.Exp(-dH) - 1
			sum += e
			sum2 += e * e
			largest = max(largest, math.Abs(dH))
		}
		if z := sum / math.Sqrt(sum2); !(math.Abs(z) < 4.4) { // once in 1e5 times
			t.Errorf("z = %.1f", z)
		}
		if largest < 0.05 {
			t.Errorf("|dH| is %.2g at most, which tests nothing", largest)
		}
	})
}

// A trajectory that leaves the domain is rejected and counted, and leaves the
// state as it was.
func TestDivergence(t *testing.T) {
	for _, bad := range []float64{math.Inf(1), math.NaN(), 5000, -5000} {
		m := doubleWell()
		action := m.action
		m.action = func(x, g []float64) float64 {
			if x[0] != 0.25 {
				return bad
			}
			return action(x, g)
		}
		for name, spec := range gradientKernels() {
			if spec.Check(m) != nil || strings.HasPrefix(name, "nuts") && bad == -5000 {
				continue
			}
			x := models.Field{0.25}
			var tally mc.Tally
			k := spec.Bind(m, Chain{State: x, Random: mc.NewStream(mc.NewKey(24)), Tally: &tally})
			k.(mc.Tuner).Freeze()
			for range 10 {
				k.Step()
			}
			if name == "pcn" { // which has no trajectories, and accepts what is lower
				if bad != -5000 && (x[0] != 0.25 || tally != mc.Tally{Proposed: 10}) {
					t.Errorf("%s, S = %g: %v, %+v", name, bad, x, tally)
				}
				continue
			}
			if x[0] != 0.25 || tally != (mc.Tally{Proposed: 10, Trajectories: 10, Diverged: 10}) {
				t.Errorf("%s, S = %g: %v, %+v", name, bad, x, tally)
			}
		}
	}
}

// A step allocates nothing.
func TestGradientKernelsAllocateNothing(t *testing.T) {
	for name, spec := range gradientKernels() {
		m := freeRing(64, 0.3)
		x := make(models.Field, 64)
		k := spec.Bind(m, Chain{State: x, Random: mc.NewStream(mc.NewKey(25)), Tally: new(mc.Tally)})
		for range 50 {
			k.Step()
		}
		// The target's own Action allocates a gradient.
		want := 0.0
		if name == "pcn" {
			want = 1
		}
		if n := testing.AllocsPerRun(50, k.Step); n > want {
			t.Errorf("%s: %g allocations in a step", name, n)
		}
	}
}

// tunedKernels are kernels that tune all they can.
func tunedKernels() map[string]Spec {
	return map[string]Spec{
		"hmc leapfrog":     &HMC{Integrator: Leapfrog, Jitter: 0.2},
		"hmc minimum-norm": &HMC{Jitter: 0.2, Accept: 0.9},
		"hmc of length 2":  &HMC{Length: ptr(2), Jitter: 0.2},
		"hmc of step 0.2":  &HMC{Step: ptr(0.2), Jitter: 0.2},
		"hmc fourier":      &HMC{Jitter: 0.2, Mass: Fourier},
		"mala":             new(MALA),
		"pcn":              new(PCN),
		"nuts":             new(NUTS),
	}
}

// A tuned run is a group with such a kernel.
func tunedRun(m models.Model, spec Spec) (*mc.Group, models.Field) {
	g := mc.NewGroup(0, 1, 2018, "tuned")
	x := m.NewState(models.Hot, g.Stream(0, "start")).(models.Field)
	g.Own(x)
	g.Kernel = spec.Bind(m, Chain{State: x, Random: g.Stream(0, "kernel"), Tally: &g.Tally})
	g.Probe, g.Row = fieldProbe(x), 1
	return g, x
}

// A fieldProbe reads the first coordinate.
type fieldProbe models.Field

func (p fieldProbe) Read(rows []float64) { rows[0] = p[0] }

// rowSink keeps rows and the last checkpoint, and stops a run there.
type rowSink struct {
	rows []float64
	last *mc.Snapshot
	stop context.CancelFunc
}

func (s *rowSink) Append(rows []float64) error { s.rows = append(s.rows, rows...); return nil }
func (s *rowSink) Keep(int, []byte) error      { return nil }
func (s *rowSink) Checkpoint(c *mc.Snapshot) error {
	s.last = c
	s.stop()
	return nil
}

// A run that is stopped at every block of sweeps, during thermalization and
// after it, and goes on from its checkpoints in new groups, has the rows of one
// that is not.
func TestTunedResume(t *testing.T) {
	m := freeRing(12, 0.05)
	plan := mc.Plan{Thermalize: 150, Sweeps: 100, Every: 1, Checkpoint: time.Hour}
	for name, spec := range tunedKernels() {
		whole := &rowSink{stop: func() {}}
		g, _ := tunedRun(m, spec)
		if err := g.Run(context.Background(), plan, whole); err != nil {
			t.Fatal(err)
		}

		parts := new(rowSink)
		often := plan
		often.Checkpoint = 0
		resumed := 0
		for ; ; resumed++ {
			g, _ := tunedRun(m, spec)
			if parts.last != nil {
				if err := g.Load(parts.last); err != nil {
					t.Fatal(err)
				}
			}
			ctx, cancel := context.WithCancel(context.Background())
			parts.stop = cancel
			// Checkpoints come before blocks too: the first two make one.
			blocks := 0
			parts.stop = func() {
				if blocks++; blocks == 3 {
					cancel()
				}
			}
			if err := g.Run(ctx, often, parts); err == nil {
				cancel()
				break
			}
		}
		if !slices.Equal(whole.rows, parts.rows) || resumed < 3 {
			t.Errorf("%s: the rows differ after %d interruptions", name, resumed)
		}
		a, b := whole.last.Array("kernel.tuned").([]float64), parts.last.Array("kernel.tuned").([]float64)
		if !slices.Equal(a, b) {
			t.Errorf("%s: learned %v, resumed %v", name, a, b)
		}
	}
}

// Once frozen, nothing that a kernel has learned changes, whatever it is told.
func TestTunedFrozen(t *testing.T) {
	for name, spec := range tunedKernels() {
		m := freeRing(12, 0.05)
		g, _ := tunedRun(m, spec)
		tuner := g.Kernel.(mc.Tuner)
		learned := func() []float64 { return g.Save().Array("kernel.tuned").([]float64) }
		advance := func() {
			for range 40 {
				tuner.Step()
				tuner.Tune()
			}
		}
		first := learned()
		advance()
		if slices.Equal(first, learned()) {
			t.Errorf("%s: does not tune, which tests nothing", name)
		}
		tuner.Freeze()
		frozen := learned()
		advance()
		tuner.Freeze()
		if !slices.Equal(frozen, learned()) {
			t.Errorf("%s: learns when frozen", name)
		}
	}
}

// The acceptance after thermalization is what the kernel was told to tune to.
// It may differ by 0.08: dual averaging over 1000 sweeps leaves 0.02, and 4000
// steps as much.
func TestTunedAcceptance(t *testing.T) {
	for name, c := range map[string]struct {
		spec Spec
		want float64
	}{
		"hmc leapfrog":     {&HMC{Integrator: Leapfrog, Jitter: 0.2}, 0.8},
		"hmc minimum-norm": {&HMC{Jitter: 0.2, Accept: 0.85}, 0.85},
		"mala":             {new(MALA), 0.574},
		"pcn":              {&PCN{Accept: 0.6}, 0.6},
	} {
		m := wells(200)
		g, _ := tunedRun(m, c.spec)
		if err := g.Run(context.Background(), mc.Plan{Thermalize: 1000, Sweeps: 4000, Every: 1, Checkpoint: time.Hour}, &rowSink{stop: func() {}}); err != nil {
			t.Fatal(err)
		}
		got := float64(g.Tally.Accepted) / float64(g.Tally.Proposed)
		if !(math.Abs(got-c.want) < 0.08) {
			t.Errorf("%s: acceptance %.3f, want %.3f", name, got, c.want)
		}
	}
}

// Of one frequency w, (dA)^2/T of A = x^2 is ~ sin^2(wT)/T, which is largest
// where tan(wT) = 2wT: wT = 1.1656. The jitter moves that by less than the
// bound, and so does the noise of 2000 trajectories.
func TestTunedLength(t *testing.T) {
	const width = 3.0
	m := numerical("normal", -30, 30,
		func(x float64) float64 { return x * x / (2 * width * width) },
		func(x float64) float64 { return x / (width * width) })
	g, _ := tunedRun(m, &HMC{Integrator: Leapfrog, Step: ptr(0.1), Jitter: 0.2})
	if err := g.Run(context.Background(), mc.Plan{Thermalize: 2000, Sweeps: 1, Every: 1, Checkpoint: time.Hour}, &rowSink{stop: func() {}}); err != nil {
		t.Fatal(err)
	}
	if got := g.Kernel.(*hmc).length / width; math.Abs(got-1.1656) > 0.25 {
		t.Errorf("w T = %.3f, want 1.166", got)
	}
}

// The free field that is measured is that of the target.
func TestFreeFit(t *testing.T) {
	const m2 = 0.3
	m := freeRing(12, m2)
	random := rand.New(mc.NewStream(mc.NewKey(26)))
	fit := newFreeFit(m.sides)
	x := make(models.Field, m.dim)
	changes := 0
	for range 4096 {
		m.draw(x, random)
		if fit.add(x) {
			changes++
		}
	}
	// The last 2048 configurations leave relative errors of 0.01 or less of
	// <phi^2>, and of 0.044 of S(0)/S(k) = 1.9: 0.09 of xi^2. Four of these are
	// allowed.
	_, square := m.second(x)
	if math.Abs(fit.square/square-1) > 0.04 || math.Abs(fit.xi2*m2-1) > 0.36 || changes != 9 {
		t.Errorf("<phi^2> = %.4f, want %.4f; xi^2 = %.3f, want %.3f; %d changes", fit.square, square, fit.xi2, 1/m2, changes)
	}
}

// The correlation length that is measured is no longer than the lattice, and 0
// where the field alternates; of a field that is 0 nothing is learned.
func TestFreeFitBounds(t *testing.T) {
	for _, c := range []struct {
		x      models.Field
		square float64
		xi2    float64
	}{
		{models.Field{2, 2, 2, 2, 2, 2, 2, 2.01}, 4.005, 64},
		{models.Field{1, 0, 0, 0, -1, 0, 0, 0}, 0.25, 0},
		{make(models.Field, 8), 1, 0},
	} {
		fit := newFreeFit([]int{8})
		for range firstFit {
			fit.add(c.x)
		}
		if math.Abs(fit.square-c.square) > 1e-4 || fit.xi2 != c.xi2 {
			t.Errorf("%v: <phi^2> = %g, xi^2 = %g", c.x, fit.square, fit.xi2)
		}
	}
}

// The normal distribution of modes has the covariance of its Fourier series, on
// lattices of sides even, odd and 2; and the product with its inverse is right.
func TestFourierNormal(t *testing.T) {
	variance := func(khat float64) float64 { return 1 / (0.2 + khat) }
	for _, sides := range [][]int{{2}, {5}, {8}, {2, 3}, {4, 5}, {3, 2, 4}} {
		f := newFourierNormal(sides)
		f.set(variance)
		n := f.fft.Sites()
		lattice := models.NewLattice(sides...)
		// (0.2 + khat^2) x by the definition of the lattice Laplacian.
		precision := func(x []float64) []float64 {
			y := make([]float64, n)
			for i, v := range x {
				y[i] = (0.2 + float64(2*len(sides))) * v
				for _, j := range lattice.Neighbours(i) {
					y[i] -= x[j]
				}
			}
			return y
		}
		x, inverse, root := make([]float64, n), make([]float64, n), make([]float64, n)
		random := rand.New(mc.NewStream(mc.NewKey(27)))
		for i := range x {
			x[i] = random.NormFloat64()
		}
		f.inverse(inverse, x)
		if d := floats.Distance(inverse, precision(x), math.Inf(1)); d > 1e-12 {
			t.Errorf("%v: the inverse is off by %.1e", sides, d)
		}
		f.multiply(root, x, f.root)
		f.multiply(root, root, f.root)
		if d := floats.Distance(precision(root), x, math.Inf(1)); d > 1e-12 {
			t.Errorf("%v: the root is off by %.1e", sides, d)
		}
		var trace float64
		for i := range n {
			clear(x)
			x[i] = 1
			f.multiply(root, x, f.root)
			trace += floats.Dot(root, root)
		}
		if got := f.mean(variance); math.Abs(got-trace/float64(n)) > 1e-12 {
			t.Errorf("%v: the mean variance is %g, want %g", sides, got, trace/float64(n))
		}
	}
}

// Kernels are refused where they do not fit.
func TestGradientKernelsCheck(t *testing.T) {
	bare := struct{ models.Model }{doubleWell()}
	for _, c := range []struct {
		spec  Spec
		model models.Model
		want  string
	}{
		{new(HMC), bare, "models.Differentiable"},
		{new(NUTS), bare, "models.Differentiable"},
		{new(NUTS), vonMises(1), "use hmc"},
		{new(MALA), vonMises(1), "use hmc"},
		{new(PCN), vonMises(1), "use hmc"},
		{&HMC{Mass: Fourier}, doubleWell(), "models.Regular"},
		{&HMC{Mass: Fourier}, periodicVector{vonMises(1)}, "one real number"},
		{new(HMC), vonMises(1), ""},
		{&HMC{Mass: Fourier}, freeRing(6, 1), ""},
		{new(NUTS), doubleWell(), ""},
		{new(MALA), doubleWell(), ""},
		{new(PCN), doubleWell(), ""},
	} {
		err := c.spec.Check(c.model)
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%T on %T: %v, want %q", c.spec, c.model, err, c.want)
		}
	}
	for _, c := range []struct {
		step, length *float64
		want         string
	}{
		{ptr(0.1), ptr(0.05), "0.5 times the step"},
		{ptr(0.1), ptr(1e3), "1e+04 times the step"},
		{ptr(0.1), ptr(1), ""},
		{nil, ptr(1), ""},
		{ptr(1e-9), nil, ""},
	} {
		err := (&HMC{Step: c.step, Length: c.length}).Validate()
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v: want %q", err, c.want)
		}
	}
}

// periodicVector has a lattice of unit vectors.
type periodicVector struct{ spherical }

func (periodicVector) Sides() []int { return []int{2, 2} }

// The trajectories of given step and length are of at least one step and as
// long as the jitter allows.
func TestTrajectoryLength(t *testing.T) {
	for _, c := range []struct {
		spec  HMC
		least int
		most  int
	}{
		{HMC{Step: ptr(0.1), Length: ptr(1), Jitter: 0.2}, 8, 12},
		{HMC{Step: ptr(0.1), Length: ptr(1)}, 10, 10},
		{HMC{Step: ptr(1), Length: ptr(1), Jitter: 0.9}, 1, 2},
	} {
		m := doubleWell()
		k := c.spec.Bind(m, Chain{State: make(models.Field, 1), Random: mc.NewStream(mc.NewKey(28)), Tally: new(mc.Tally)}).(*hmc)
		seen := map[int]bool{}
		for range 1000 {
			n, step := k.plan()
			seen[n] = true
			if time := float64(n) * step; math.Abs(time-1) > c.spec.Jitter+1e-12 || n < c.least || n > c.most {
				t.Fatalf("%d steps of %g", n, step)
			}
		}
		if len(seen) != c.most-c.least+1 {
			t.Errorf("%v: not every number from %d to %d", seen, c.least, c.most)
		}
	}
}
