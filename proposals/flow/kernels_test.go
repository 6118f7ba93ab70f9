package flow_test

import (
	"context"
	"fmt"
	"math"
	"slices"
	"testing"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/stat"

	"mcrun/analysis"
	"mcrun/mc"
	"mcrun/mc/param"
	"mcrun/models"
	"mcrun/proposals"
	"mcrun/proposals/flow"
	"mcrun/proposals/flow/train"
	"mcrun/proposals/proof"
)

// dualOf returns the dual of an Ising model on 4 x 4 sites in a field.
func dualOf(t testing.TB, temperature, h float64) *models.DualIsing {
	t.Helper()
	m := &models.DualIsing{Periodic: models.Periodic{Shape: []int{4, 4}}, Thermal: models.Thermal{Temperature: &temperature}, J: 1, H: h, Offset: 0.1}
	if err := m.Prepare(); err != nil {
		t.Fatal(err)
	}
	return m
}

// newFlow returns a flow for a model that has not been trained.
func newFlow(t testing.TB, m models.Model, keys map[string]any) *flow.Flow[float32] {
	t.Helper()
	table := map[string]any{"couplings": 2, "hidden": []int{6}}
	for k, v := range keys {
		table[k] = v
	}
	var spec flow.Spec
	if errs := param.Decode(table, &spec); errs != nil {
		t.Fatal(errs)
	}
	f, err := flow.New[float32](spec, m, mc.NewStream(mc.NewKey(1, "a flow")))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// spoil gives all parameters large random values.
func spoil(f *flow.Flow[float32], size float64) {
	random := mc.NewStream(mc.NewKey(1, "spoilt"))
	for i := range f.Theta {
		f.Theta[i] += float32(size * (2*random.Float64() - 1))
	}
}

// nothing is a sink that keeps nothing.
type nothing struct{}

func (nothing) Append([]float64) error        { return nil }
func (nothing) Keep(int, []byte) error        { return nil }
func (nothing) Checkpoint(*mc.Snapshot) error { return nil }

// teach trains a flow for so many steps.
func teach(t testing.TB, f *flow.Flow[float32], m models.Differentiable, steps int) {
	t.Helper()
	var spec train.Spec
	if errs := param.Decode(map[string]any{"steps": steps, "batch": 128, "learning_rate": 0.01, "schedule": "cosine"}, &spec); errs != nil {
		t.Fatal(errs)
	}
	g := mc.NewGroup(0, 1, 1, "lesson")
	trainer := train.New(spec, f, train.Target{Model: m}, g, flow.NewWorkers[float32](0))
	if err := g.Run(context.Background(), trainer.Plan(0), nothing{}); err != nil {
		t.Fatal(err)
	}
	trainer.Finish()
}

func number(v float64) *float64 { return &v }

// kernels are those that move by a flow, some so coarse that much is rejected.
func kernels() map[string]flow.Learned {
	size := 5
	return map[string]flow.Learned{
		"flow":       &flow.Independent{},
		"part":       &flow.Independent{Renew: flow.RenewPart, Size: &size},
		"scale":      &flow.Independent{Renew: flow.RenewScale},
		"latent-hmc": &flow.LatentHMC{Integrator: proposals.Leapfrog, Step: number(0.6), Length: number(1.2), Jitter: 0.5},
	}
}

// spoilt returns a flow with bad weights, symmetrised over the sign, for the dual
// in a field, which has no such symmetry.
func spoilt(t testing.TB) (*models.DualIsing, *flow.Flow[float32]) {
	m := dualOf(t, 2.5, 0.2)
	f := newFlow(t, m, map[string]any{"symmetry": "z2"})
	spoil(f, 0.5)
	return m, f
}

// good returns a trained flow for the dual without a field.
func good(t testing.TB) (*models.DualIsing, *flow.Flow[float32]) {
	m := dualOf(t, 3.5, 0)
	f := newFlow(t, m, map[string]any{"symmetry": "z2", "whiten": "free", "couplings": 4})
	teach(t, f, m, 200)
	return m, f
}

// inPlane returns a flow with random weights for a target in two dimensions.
func inPlane(t testing.TB, m models.Differentiable, symmetry string) *flow.Flow[float32] {
	f := newFlow(t, m, map[string]any{"architecture": "realnvp", "couplings": 4, "symmetry": symmetry})
	spoil(f, 0.3)
	return f
}

// lopsided returns a target of two modes that no symmetry exchanges.
func lopsided() *models.Mixture {
	return &models.Mixture{Size: 2, Modes: []float64{-1, 0, 1.2, 0.5}, Weights: []float64{1, 3}, Sigma: 0.6}
}

// Whatever the flow, its kernels leave the distribution of the target as it is:
// on the dual of the Ising model, and in the plane, where it is known by quadrature.
func TestKernelsLeaveTargetInvariant(t *testing.T) {
	if testing.Short() {
		t.Skip("statistics")
	}
	plain := dualOf(t, 3.5, 0)
	field, bad := spoilt(t)
	trained, best := good(t)
	mixture := lopsided()
	ring := &models.Ring{Radius: 1.5, Width: 0.3}
	for _, c := range []struct {
		name string
		m    models.Model
		f    *flow.Flow[float32]
		of   []string
	}{
		{"untrained", plain, newFlow(t, plain, nil), []string{"flow", "scale"}},
		{"bad in a field", field, bad, []string{"flow", "part", "scale", "latent-hmc"}},
		{"good", trained, best, []string{"flow", "part"}},
		{"mixture", mixture, inPlane(t, mixture, "z2"), []string{"flow", "part", "latent-hmc"}},
		{"ring", ring, inPlane(t, ring, "none"), []string{"flow", "latent-hmc"}},
	} {
		for _, name := range c.of {
			t.Run(c.name+"/"+name, func(t *testing.T) { proof.Start(t, c.m, kernels()[name].WithFlow(c.f)) })
		}
	}
}

// A twin is a kernel that moves by a flow, written once more, with a place for a
// mistake.
type twin struct {
	f       *flow.Flow[float32]
	mistake string
	bind    func(k *twin, m models.Differentiable, c proposals.Chain) func()
}

func (*twin) Check(models.Model) error   { return nil }
func (*twin) Ergodic(models.Model) error { return nil }
func (k *twin) Bind(m models.Model, c proposals.Chain) mc.Kernel {
	return stepper(k.bind(k, m.(models.Differentiable), c))
}

type stepper func()

func (s stepper) Step() { s() }

// A recorder is a test that may fail.
type recorder struct {
	testing.TB
	failed bool
}

func (*recorder) Helper()                 {}
func (r *recorder) Errorf(string, ...any) { r.failed = true }

// The suite finds kernels with a mistake, and nothing in the same ones without.
func TestBrokenKernels(t *testing.T) {
	if testing.Short() {
		t.Skip("statistics")
	}
	m := lopsided()
	f, single := inPlane(t, m, "z2"), inPlane(t, m, "none") // the latter before it is symmetrised
	w := flow.NewWorkers[float32](1)
	action := func(x []float64) float64 {
		s := make([]float64, 1)
		m.Action(x, s)
		return s[0]
	}
	weight := func(f *flow.Flow[float32], x []float64) float64 {
		q := make([]float64, 1)
		f.LogQ(w, x, q)
		return -action(x) - q[0]
	}
	accept := func(c proposals.Chain, d float64) bool { return c.Random.Below(mc.Threshold(math.Exp(d))) }

	independent := func(k *twin, m models.Differentiable, c proposals.Chain) func() {
		x, y, q := c.State.(models.Field), make([]float64, m.Dim()), make([]float64, 1)
		density, last := k.f, 0.0
		if k.mistake == "unsymmetrised density" {
			density = single
		}
		return func() {
			if k.mistake != "stale weight" || last == 0 {
				last = weight(density, x)
			}
			k.f.Sample(w, c.Random, y, q)
			if next := weight(density, y); accept(c, next-last) {
				copy(x, y)
				last = next
			}
		}
	}
	latent := func(k *twin, x []float64, c proposals.Chain) (z []float64, h []int) {
		z, h = make([]float64, len(x)), make([]int, 1)
		k.f.Latent(w, x, []float64{c.Random.Float64()}, z, h, make([]float64, 1))
		if k.mistake == "no responsibility" {
			h[0] = 0
			single.Latent(w, x, []float64{0}, z, []int{0}, make([]float64, 1))
		}
		return z, h
	}
	part := func(k *twin, m models.Differentiable, c proposals.Chain) func() {
		x, y, fresh := c.State.(models.Field), make([]float64, m.Dim()), make([]float64, m.Dim())
		return func() {
			z, h := latent(k, x, c)
			k.f.Draw(c.Random, fresh, []int{0})
			z[0] = fresh[0]
			k.f.Generate(w, z, h, y, make([]float64, 1))
			from, to := weight(k.f, x), weight(k.f, y)
			if k.mistake == "weight of one h" { // pi/q(h^-1 x)
				sign := 1 - 2*float64(h[0])
				a, b := slices.Clone(x), slices.Clone(y)
				floats.Scale(sign, a)
				floats.Scale(sign, b)
				from, to = weight(single, a)+action(a)-action(x), weight(single, b)+action(b)-action(y)
			}
			if accept(c, to-from) {
				copy(x, y)
			}
		}
	}
	hmc := func(k *twin, m models.Differentiable, c proposals.Chain) func() {
		x := c.State.(models.Field)
		target := &pulled{Differentiable: m, f: k.f, w: w, h: []int{0}, x: make([]float64, m.Dim())}
		state := make(models.Field, m.Dim())
		inner := &proposals.HMC{Integrator: proposals.Leapfrog, Step: number(0.6), Length: number(1.2)}
		return func() {
			z, h := latent(k, x, c)
			copy(state, z)
			target.h = h
			inner.Bind(target, proposals.Chain{State: state, Random: c.Random, Tally: c.Tally}).Step()
			if !slices.Equal(state, z) {
				copy(x, target.x)
			}
		}
	}
	for _, c := range []struct {
		mistake string
		bind    func(k *twin, m models.Differentiable, c proposals.Chain) func()
	}{
		{"", independent}, {"unsymmetrised density", independent}, {"stale weight", independent},
		{"", part}, {"no responsibility", part}, {"weight of one h", part},
		{"", hmc}, {"no responsibility", hmc},
	} {
		r := &recorder{TB: t}
		proof.Start(r, m, &twin{f, c.mistake, c.bind})
		if r.failed != (c.mistake != "") {
			t.Errorf("mistake %q: found %v", c.mistake, r.failed)
		}
	}

	r := &recorder{TB: t}
	proof.Resume(r, m, forgetful{(&flow.Independent{}).WithFlow(f)})
	if !r.failed {
		t.Error("a queue that is not saved is not missed")
	}
}

// pulled is the distribution of latent variables at a fixed h.
type pulled struct {
	models.Differentiable
	f *flow.Flow[float32]
	w *flow.Workers[float32]
	h []int
	x []float64
}

func (p *pulled) Gradient(z, u, g []float64) {
	p.f.GenerateGradient(p.w, z, p.h, func(_ int, x, logq, gx, l []float64) {
		p.Differentiable.Gradient(x, u, gx)
		u[0] += logq[0]
		l[0] = 1
		copy(p.x, x)
	}, g)
	logp, slope := make([]float64, 1), make([]float64, len(z))
	p.f.LogPrior(z, logp, slope)
	u[0] -= logp[0]
	floats.Sub(g, slope)
}

// A forgetful kernel saves nothing.
type forgetful struct{ proposals.Spec }

func (k forgetful) Bind(m models.Model, c proposals.Chain) mc.Kernel {
	return stepper(k.Spec.Bind(m, c).Step)
}

// Chains go on to the same bits: one by one in the middle of a queue, and several
// in one batch, in which kernels are tuned.
func TestKernelsResume(t *testing.T) {
	m, f := spoilt(t)
	for name, k := range map[string]flow.Learned{
		"flow":       &flow.Independent{},
		"part":       &flow.Independent{Renew: flow.RenewPart},
		"latent-hmc": &flow.LatentHMC{Integrator: proposals.Leapfrog, Length: number(1), Jitter: 0.3, Accept: 0.7},
	} {
		spec := k.WithFlow(f).(proposals.Batched)
		group := func(seed uint64) *mc.Group {
			g := mc.NewGroup(0, 3, seed, "resume")
			var chains []proposals.Chain
			var spins mc.Cycle
			for c := range g.Chains() {
				state := m.NewState(models.Hot, g.Stream(c, "start"))
				g.Own(state)
				chains = append(chains, proposals.Chain{State: state, Random: g.Stream(c, "kernel"), Tally: &g.Tally})
				other := proposals.Chain{State: state, Random: g.Stream(c, "other"), Tally: new(mc.Tally)}
				spins = append(spins, (&proposals.PCN{Width: number(0.1)}).Bind(m, other))
			}
			all := mc.Steps(spec.BindAll(m, chains, g.Stream(0, "shared")), 3)
			g.Kernel = mc.NewMixture([]mc.Kernel{all, spins}, []float64{3, 1}, g.Stream(0, "mixture"))
			g.Probe, g.Row = reader(chains), m.Dim()
			return g
		}
		plan := mc.Plan{Thermalize: 20, Sweeps: 30, Every: 1}
		run := func(g *mc.Group, sweeps int) []float64 {
			var rows rows
			plan.Sweeps = sweeps
			if err := g.Run(context.Background(), plan, &rows); err != nil {
				t.Fatal(err)
			}
			return rows
		}
		want := run(group(1), 30)
		first, second := group(1), group(2)
		got := run(first, 11)
		if err := second.Load(first.Save()); err != nil {
			t.Fatal(err)
		}
		if got = append(got, run(second, 30)...); !slices.Equal(got, want) {
			t.Errorf("%s: interrupted after 11 of 30 sweeps, other numbers follow", name)
		}
		tuned := group(1)
		tuner := tuned.Kernel.(mc.Tuner)
		for range 7 {
			tuner.Step()
			tuner.Tune()
		}
		again := group(3)
		if err := again.Load(tuned.Save()); err != nil {
			t.Fatal(err)
		}
		plan.Thermalize -= 7
		if got = run(again, 30); !slices.Equal(got, want) {
			t.Errorf("%s: interrupted in thermalization, other numbers follow", name)
		}
	}
}

// A reader reads configurations.
type reader []proposals.Chain

func (r reader) Read(rows []float64) {
	for _, c := range r {
		rows = rows[copy(rows, c.State.(models.Field)):]
	}
}

type rows []float64

func (r *rows) Append(more []float64) error   { *r = append(*r, more...); return nil }
func (*rows) Keep(int, []byte) error          { return nil }
func (*rows) Checkpoint(s *mc.Snapshot) error { return nil }

// What a chain of the dual finds for the spins agrees with a sum over all their
// states, and the acceptance of the independent sampler with what the weights of
// draws predict.
func TestKernelsAgreeWithEnumeration(t *testing.T) {
	if testing.Short() {
		t.Skip("statistics")
	}
	m, f := good(t)
	e, err := flow.Evaluate(context.Background(), f, m, flow.Trial{Draws: 20000, Random: mc.NewStream(mc.NewKey(1, "draws"))}, flow.NewWorkers[float32](0))
	if err != nil {
		t.Fatal(err)
	}
	if d := e.Doubts(); len(d) > 0 || e.ParetoK > 0.5 || e.ESS < 0.3 {
		t.Fatalf("a flow too bad for this test: %+v, %q", e, d)
	}
	spins := m.Spins().(*models.Ising)
	exact := spins.Exact()
	dual, _ := models.NewDualOf(spins)
	if err := dual.Prepare(); err != nil {
		t.Fatal(err)
	}
	if d := math.Abs(e.LogZ - m.Exact()["log_z"]); d > 4*e.LogZError {
		t.Errorf("ln Z = %.4f +- %.4f, exactly %.4f", e.LogZ, e.LogZError, m.Exact()["log_z"])
	}
	const seeds, chains, records = 12, 4, 400
	for name, k := range kernels() {
		var z []float64
		var total mc.Tally
		spec := k.WithFlow(f).(proposals.Batched)
		for seed := range uint64(seeds) {
			random := mc.NewStream(mc.NewKey(seed, name, "measure"))
			var list []proposals.Chain
			for c := range chains {
				own := mc.NewStream(mc.NewKey(seed, name, fmt.Sprint(c)))
				list = append(list, proposals.Chain{State: m.NewState(models.Hot, own), Random: own, Tally: &total})
			}
			kernel := spec.BindAll(m, list, random)
			var series [2][chains][]float64
			s := make(models.Spins, m.Sites())
			for n := range 50 + records {
				kernel.Step()
				if n < 50 {
					continue
				}
				for c, chain := range list {
					dual.SampleSpins(chain.State.(models.Field), s, random)
					mag := spins.Magnetization(s)
					for i, v := range []float64{spins.Energy(s) / float64(len(s)), mag * mag} {
						series[i][c] = append(series[i][c], v)
					}
				}
			}
			for i, want := range []float64{exact["energy"], exact["susceptibility"] / (float64(m.Sites()) * spins.Beta())} {
				estimate, err := analysis.Gamma{}.Mean(series[i][:]...)
				if err != nil {
					t.Fatal(err)
				}
				z = append(z, (estimate.Value-want)/estimate.Error)
			}
		}
		mean, deviation := stat.MeanStdDev(z, nil)
		// Of 24 deviations, two and two correlated: 4 and 3.5 standard errors.
		if math.Abs(mean) > 4/math.Sqrt(seeds) || deviation < 0.5 || deviation > 1.6 {
			t.Errorf("%s: z has mean %.2f and deviation %.2f", name, mean, deviation)
		}
		if acceptance := float64(total.Accepted) / float64(total.Proposed); name == "flow" {
			// Acceptances in a row depend on each other: an error twice the binomial one.
			err := 2 * math.Sqrt(acceptance*(1-acceptance)/float64(total.Proposed))
			if d := e.Disagrees(acceptance, err); d != "" {
				t.Errorf("%s (%.4f, %.4f +- %.4f)", d, acceptance, e.Acceptance, e.AcceptanceError)
			}
		}
	}
}
