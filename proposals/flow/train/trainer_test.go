package train_test

import (
	"context"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"mcrun/mc"
	"mcrun/mc/param"
	"mcrun/models"
	"mcrun/proposals"
	"mcrun/proposals/flow"
	"mcrun/proposals/flow/train"
)

// A memory is a sink.
type memory struct {
	rows []float64
	last *mc.Snapshot
}

func (m *memory) Append(rows []float64) error { m.rows = append(m.rows, rows...); return nil }
func (*memory) Keep(int, []byte) error        { return nil }
func (m *memory) Checkpoint(s *mc.Snapshot) error {
	m.last = s
	return nil
}

// column returns a column of the history.
func (m *memory) column(name string) (list []float64) {
	k := slices.Index(train.Columns, name)
	for at := 0; at < len(m.rows); at += len(train.Columns) {
		list = append(list, m.rows[at+k])
	}
	return list
}

// dual returns the dual of an Ising model on 4 x 4 sites.
func dual(t testing.TB, beta float64) *models.DualIsing {
	t.Helper()
	m := &models.DualIsing{Periodic: models.Periodic{Shape: []int{4, 4}}, Thermal: models.Thermal{InverseT: &beta}, J: 1, Offset: 0.1}
	if err := m.Prepare(); err != nil {
		t.Fatal(err)
	}
	return m
}

// decode fills a spec from the keys of a card.
func decode(t testing.TB, keys map[string]any, spec any) {
	t.Helper()
	if errs := param.Decode(keys, spec); errs != nil {
		t.Fatal(errs[0])
	}
}

// A lesson is a training that has not begun.
type lesson struct {
	*train.Trainer[float32]
	group *mc.Group
	flow  *flow.Flow[float32]
	plan  mc.Plan
}

// begin returns a training of a small flow, symmetrised, for the dual of 4 x 4
// spins at T = 2.5, by the keys of [flow.NAME.train]. The source gets samples of
// the spins.
func begin(t testing.TB, keys map[string]any, workers int) *lesson {
	t.Helper()
	const beta = 1 / 2.5
	m := dual(t, beta)
	var shape flow.Spec
	var spec train.Spec
	decode(t, map[string]any{"couplings": int64(4), "hidden": []any{int64(8)}, "symmetry": "z2"}, &shape)
	decode(t, keys, &spec)
	g := mc.NewGroup(0, 1, 5, "test")
	f, err := flow.New[float32](shape, m, g.Stream(0, "weights"))
	if err != nil {
		t.Fatal(err)
	}
	target := train.Target{Model: m, Value: 2.5, At: func(v float64) (models.Differentiable, error) {
		if v > 1e6 {
			return nil, errors.New("too hot")
		}
		return dual(t, 1/v), nil
	}}
	if spec.Objective != train.ReverseKL {
		beta := beta
		ising := &models.Ising{Periodic: models.Periodic{Shape: []int{4, 4}}, Thermal: models.Thermal{InverseT: &beta}, J: 1}
		if err := ising.Prepare(); err != nil {
			t.Fatal(err)
		}
		of, _ := models.NewDualOf(ising)
		if err := of.Prepare(); err != nil {
			t.Fatal(err)
		}
		target.Source = train.NewSampler(ising, of, []proposals.Spec{new(proposals.SwendsenWang)}, 1, g)
	}
	tr := train.New(spec, f, target, g, flow.NewWorkers[float32](workers))
	return &lesson{tr, g, f, tr.Plan(time.Hour)}
}

// run makes the steps of the plan.
func (l *lesson) run(t testing.TB) *memory {
	t.Helper()
	m := new(memory)
	if err := l.group.Run(context.Background(), l.plan, m); err != nil {
		t.Fatal(err)
	}
	return m
}

// Every objective and estimator brings the loss close to its bound: -ln Z for
// reverse-kl, which is exact, and the entropy of the target for nll, the mean of
// which with -ln Z bounds the sum of both.
func TestObjectives(t *testing.T) {
	m := dual(t, 1/2.5)
	logZ := m.Exact()["log_z"]
	for _, c := range []struct {
		name string
		keys map[string]any
		kl   float64 // expected to be undercut, of the test above its bound
	}{
		{"plain", map[string]any{}, 1},
		{"path", map[string]any{"estimator": "path"}, 1},
		{"annealed", map[string]any{"anneal": "temperature", "anneal_from": 8.0, "anneal_steps": int64(100)}, 1},
		{"averaged", map[string]any{"average": 0.95, "schedule": "one-cycle"}, 1},
		{"nll", map[string]any{"objective": "nll"}, 1},
		{"both", map[string]any{"objective": "both", "nll_weight": 0.25}, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.keys["steps"], c.keys["batch"], c.keys["learning_rate"], c.keys["check"] = int64(400), int64(128), 1e-2, int64(20)
			l := begin(t, c.keys, 1)
			h := l.run(t)
			bound := -logZ
			if c.name == "nll" || c.name == "both" {
				// <S> of the target = ln-density's mean: E_p[-ln p] = <S> + ln Z.
				entropy := meanAction(t, m) + logZ
				if bound = entropy; c.name == "both" {
					bound = -0.75*logZ + 0.25*entropy
				}
			}
			test := h.column("test")
			kl := test[len(test)-1] - bound
			t.Logf("begins %.2f above the bound, ends %.3f above", h.column("loss")[0]-bound, kl)
			if kl > c.kl || kl < -0.15 {
				t.Errorf("the loss ends %.3f above its bound %.3f; expected 0 to %.1f", kl, bound, c.kl)
			}
			before := slices.Clone(l.flow.Theta)
			l.Finish()
			x, logq, s := make([]float64, 4096*16), make([]float64, 4096), make([]float64, 4096)
			l.flow.Sample(flow.NewWorkers[float32](1), mc.NewStream(mc.NewKey(1)), x, logq)
			m.Action(x, s)
			var reverse float64
			for i := range s {
				reverse += (logq[i] + s[i]) / 4096
			}
			if reverse+logZ > 1.5*c.kl {
				t.Errorf("the weights that are kept have KL = %.3f", reverse+logZ)
			}
			if c.name == "averaged" && slices.Equal(before, l.flow.Theta) {
				t.Error("what is kept is not the average")
			}
		})
	}
}

// meanAction returns <S> of the dual, the mean over x drawn from spins.
func meanAction(t testing.TB, m *models.DualIsing) float64 {
	random := mc.NewStream(mc.NewKey(3))
	beta := m.Thermal.Beta()
	ising := &models.Ising{Periodic: m.Periodic, Thermal: models.Thermal{InverseT: &beta}, J: 1}
	if err := ising.Prepare(); err != nil {
		t.Fatal(err)
	}
	of, _ := models.NewDualOf(ising)
	if err := of.Prepare(); err != nil {
		t.Fatal(err)
	}
	var tally mc.Tally
	spins := ising.NewState(models.Hot, random).(models.Spins)
	k := new(proposals.SwendsenWang).Bind(ising, proposals.Chain{State: spins, Random: random, Tally: &tally})
	x, s := make(models.Field, 16), make([]float64, 1)
	var sum float64
	const n = 20000
	for i := range n + 100 {
		k.Step()
		if i >= 100 {
			of.SampleX(spins, x, random)
			m.Action(x, s)
			sum += s[0] / n
		}
	}
	return sum
}

// A training that is interrupted goes on to the same bits, and the number of
// workers changes none.
func TestResume(t *testing.T) {
	for _, keys := range []map[string]any{
		{"anneal": "temperature", "anneal_from": 8.0, "anneal_steps": int64(25), "average": 0.9},
		{"objective": "both", "schedule": "cosine"},
		{"learning_rate": 3.0}, // with setbacks
	} {
		keys["steps"], keys["batch"], keys["check"] = int64(30), int64(100), int64(4)
		whole := begin(t, keys, 1)
		want := whole.run(t)
		theta := slices.Clone(whole.flow.Theta)
		whole.Finish()
		for _, at := range []int{1, 13, 29} {
			first := begin(t, keys, 3)
			first.plan.Sweeps = at
			h := first.run(t)
			second := begin(t, keys, 2)
			if err := second.group.Load(h.last); err != nil {
				t.Fatal(err)
			}
			rest := second.run(t)
			h.rows = append(h.rows, rest.rows...)
			if !slices.Equal(theta, second.flow.Theta) {
				t.Errorf("%v: other weights after an interruption at step %d", keys, at)
			}
			for _, name := range train.Columns {
				if name != "seconds" && !slices.EqualFunc(want.column(name), h.column(name), same) {
					t.Errorf("%v: other %s after an interruption at step %d", keys, name, at)
				}
			}
			second.Finish()
			if !slices.Equal(whole.flow.Theta, second.flow.Theta) {
				t.Errorf("%v: other best weights after an interruption at step %d", keys, at)
			}
		}
	}
}

// same reports whether two numbers are the same, NaN being the same as NaN.
func same(a, b float64) bool { return math.Float64bits(a) == math.Float64bits(b) || a != a && b != b }

// A training whose steps are far too large is set back, with half the rate each
// time, and given up where that does not help; what it leaves are sound weights.
func TestDivergence(t *testing.T) {
	l := begin(t, map[string]any{"steps": int64(2000), "batch": int64(64), "check": int64(5), "learning_rate": 10.0}, 1)
	start := slices.Clone(l.flow.Theta)
	h := new(memory)
	err := l.group.Run(context.Background(), l.plan, h)
	rollbacks := h.column("rollbacks")
	if err == nil || !strings.Contains(err.Error(), "diverges") || !strings.Contains(err.Error(), "lower learning_rate") {
		if len(rollbacks) == 0 || rollbacks[len(rollbacks)-1] == 0 {
			t.Fatalf("error %v and no setback at a rate of 10", err)
		}
	}
	l.Finish()
	for i, v := range l.flow.Theta {
		if v != v || math.IsInf(float64(v), 0) {
			t.Fatalf("parameter %d is %v", i, v)
		}
	}
	t.Logf("%v setbacks; changed from the start: %v; error: %v", rollbacks[len(rollbacks)-1], !slices.Equal(start, l.flow.Theta), err)
}

// A model that cannot be made on the way to the target ends the training, with
// the reason.
func TestAnnealError(t *testing.T) {
	l := begin(t, map[string]any{"steps": int64(10), "anneal": "temperature", "anneal_from": 1e7}, 1)
	err := l.group.Run(context.Background(), l.plan, new(memory))
	if err == nil || !strings.Contains(err.Error(), "temperature = 1e+07, on the way to 2.5: too hot") {
		t.Errorf("error %v", err)
	}
}

// Data are drawn with equal probability: chi^2 of 4000 draws of 4, at a false
// alarm rate of 1e-6.
func TestData(t *testing.T) {
	g := mc.NewGroup(0, 1, 1, "data")
	target := &models.DualIsing{Periodic: models.Periodic{Shape: []int{2}}} // of two numbers
	states := []models.State{models.Field{0, 0}, models.Field{1, 1}, models.Field{2, 2}, models.Field{3, 3}}
	s := train.NewData(target, states, g)
	x := make([]float64, 8000)
	s.Next(x)
	var count [4]float64
	for at := 0; at < len(x); at += 2 {
		if x[at] != x[at+1] {
			t.Fatal("a configuration was torn")
		}
		count[int(x[at])]++
	}
	var chi2 float64
	for _, n := range count {
		chi2 += (n - 1000) * (n - 1000) / 1000
	}
	if chi2 > 30.7 {
		t.Errorf("counts %v, chi^2 = %.1f", count, chi2)
	}
}

// Mistakes of a card name the key.
func TestSpecErrors(t *testing.T) {
	for _, c := range []struct {
		keys map[string]any
		want string
	}{
		{map[string]any{"objective": "kl"}, "objective"},
		{map[string]any{"anneal_from": 2.0}, "anneal_from"},
		{map[string]any{"anneal": "temperature"}, "anneal_from"},
		{map[string]any{"anneal": "temperature", "anneal_from": 3.0, "anneal_steps": int64(9999)}, "anneal_steps"},
		{map[string]any{"anneal": "temperature", "anneal_from": 3.0, "objective": "nll"}, "anneal"},
		{map[string]any{"sampler": []any{"wolff"}}, "sampler"},
		{map[string]any{"objective": "nll", "estimator": "path"}, "estimator"},
		{map[string]any{"schedule": "one-cycle", "warmup": int64(3)}, "warmup"},
		{map[string]any{"steps": int64(10), "warmup": int64(11)}, "warmup"},
		{map[string]any{"batch": int64(1)}, "batch"},
		{map[string]any{"learning_rate": 0.0}, "learning_rate"},
	} {
		errs := param.Decode(c.keys, new(train.Spec))
		if len(errs) != 1 || errs[0].Key != c.want {
			t.Errorf("%v: %v; want an error of %s", c.keys, errs, c.want)
		}
	}
	if errs := param.Decode(nil, new(train.Spec)); errs != nil {
		t.Errorf("no key: %v", errs)
	}
}
