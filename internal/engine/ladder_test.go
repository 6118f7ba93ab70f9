package engine

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"mcrun/analysis"
	"mcrun/internal/card"
	"mcrun/internal/report"
	"mcrun/internal/store"
	"mcrun/mc"
)

// ladders are tempered proposals of all kinds: of a temperature and of another key,
// spaced and given, with clusters that are averaged over, with the dual.
const ladders = `
[[proposal]]
name = "clusters"
kernel = "tempering"
values = [1.8, 2.4, 3.2]
steps = 2
inner = [{ kernel = "wolff" }, { kernel = "metropolis" }]
[[proposal]]
name = "spaced"
kernel = "tempering"
key = "beta"
from = 0.2
to = 0.5
rungs = 4
inner = { kernel = "heat-bath" }
[[proposal]]
name = "field"
kernel = "tempering"
key = "h"
values = [-0.2, 0.1, 0.4]
inner = { kernel = "swendsen-wang" }
[[proposal]]
name = "dual"
kernel = "tempering"
values = [2.0, 2.8]
inner = [{ kernel = "hmc", step = 0.4, length = 0.8 }, { kernel = "wolff" }]
`

// rows is a sink that keeps rows.
type rows []float64

func (r *rows) Append(more []float64) error { *r = append(*r, more...); return nil }
func (*rows) Keep(int, []byte) error        { return nil }
func (*rows) Checkpoint(*mc.Snapshot) error { return nil }

// Every rung of every ladder agrees with the exact values, over many seeds, with
// errors of the right size.
//
// Each sum of z over the seeds is within 5.5 of its standard deviation, which it
// exceeds with a probability of 4e-8, and each sum of squares within 6: of some
// twenty numbers right code fails with one of less than 1e-5.
func TestLadderEstimates(t *testing.T) {
	seeds, sweeps := 24, 1500
	if testing.Short() {
		seeds, sweeps = 8, 500
	}
	type sums struct{ z, square float64 }
	total := map[string]*sums{}
	for seed := range seeds {
		c := parse(t, fmt.Sprintf("seed = %d\n", seed)+strings.Replace(model, "[4, 4]", "[2, 3]", 1)+fmt.Sprintf("[run]\nthermalize = 100\nsweeps = %d\n[observables]\nrecord = [\"energy\", \"abs_magnetization\"]\n", sweeps)+ladders)
		p := &c.Points[0]
		for i := range p.Proposals {
			q := &p.Proposals[i]
			l, err := newLadder(p, q, q.Ladder.First())
			if err != nil {
				t.Fatal(err)
			}
			g, err := l.group(0, 1)
			if err != nil {
				t.Fatal(err)
			}
			var series rows
			if err := g.Run(t.Context(), plan(p.Run, 1), &series); err != nil {
				t.Fatal(err)
			}
			for r, rung := range l.rungs {
				known := exact(rung.point)
				for k, name := range []string{"energy", "abs_magnetization"} {
					var x []float64
					for at := 0; at < len(series); at += g.Row {
						x = append(x, series[at+k*len(l.rungs)+r])
					}
					e, err := analysis.Gamma{}.Mean(x)
					if err != nil {
						t.Fatal(err)
					}
					z := (e.Value - known[name][0]) / e.Error
					key := fmt.Sprintf("%s, rung %d, %s", q.Name, r, name)
					if total[key] == nil {
						total[key] = new(sums)
					}
					total[key].z += z
					total[key].square += z * z
				}
			}
		}
	}
	for key, s := range total {
		n := float64(seeds)
		mean, spread := s.z/math.Sqrt(n), (s.square-n)/math.Sqrt(2*n)
		if math.Abs(mean) > 5.5 || math.Abs(spread) > 6 {
			t.Errorf("%s: sum of z is %.1f sigma, that of squares %.1f", key, mean, spread)
		}
	}
	if len(total) != 2*(3+4+3+2) {
		t.Errorf("%d numbers", len(total))
	}
}

// Prolonged and interrupted, ladders give the bits of a run in one piece: the
// ladder that was spaced, the replicas, pairs of chains and averages over clusters
// between two records.
func TestLadderResume(t *testing.T) {
	text := func(sweeps int) string {
		return strings.Replace(model, "[4, 4]", "[3, 3]", 1) + fmt.Sprintf(`
[run]
chains = 4
thermalize = 30
every = 3
sweeps = %d
save = { every = 50 }
[observables]
record = ["energy", "correlation", "overlap", "improved_susceptibility"]
`, sweeps) + ladders
	}
	const sweeps = 400
	whole := finished(t, parse(t, text(sweeps)))
	part := finished(t, parse(t, text(sweeps/2-1)))
	again := New(parse(t, text(sweeps)), part.dir, 2, part.notice)
	ctx, cancel := context.WithCancelCause(context.Background())
	why := errors.New("why")
	go func() {
		time.Sleep(30 * time.Millisecond)
		cancel(why)
	}()
	if err := again.Do(ctx); err != nil && err != why {
		t.Fatal(err)
	}
	if err := New(parse(t, text(sweeps)), part.dir, 1, part.notice).Do(context.Background()); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(whole.dir.Path("tasks/*/chain-*"))
	if err != nil || len(files) != 4*4*2 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, path := range files {
		name, _ := filepath.Rel(whole.dir.Path(), path)
		want, err := os.ReadFile(path)
		got, err2 := os.ReadFile(part.dir.Path(name))
		if err := errors.Join(err, err2); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s has other bytes", name)
		}
	}
	s, _, err := Summarize(parse(t, text(sweeps)), view(t, whole))
	if err != nil || len(s.Results) != 3+4+3+2 {
		t.Fatalf("%d results, %v", len(s.Results), err)
	}
	series, err := store.ReadSeries(filepath.Join(whole.dir.TaskPath(0), "chain-00.npy"))
	if err != nil {
		t.Fatal(err)
	}
	want := []store.Column{{Name: "energy", Width: 3}, {Name: "correlation", Width: 12, Rows: 3},
		{Name: "overlap", Width: 3}, {Name: "improved_squared_magnetization", Width: 3}, {Name: "exchange", Width: 2}, {Name: "round_trips", Width: 1}}
	if !slices.Equal(series.Fields, want) {
		t.Errorf("columns %v", series.Fields)
	}
}

// On a glass and in a deep double well single chains are stuck; with a ladder they
// are right, at every rung.
func TestLadderPeaked(t *testing.T) {
	if testing.Short() {
		t.Skip("takes long chains")
	}
	c := parse(t, `
[model]
name = "spin-glass"
shape = [4, 4]
disorder = "gaussian"
disorder_seed = 13
temperature = 0.25
[run]
thermalize = 300
sweeps = 3000
[observables]
record = ["energy", "specific_heat"]
[[proposal]]
kernel = "heat-bath"
[[proposal]]
kernel = "tempering"
from = 0.25
to = 2.0
rungs = 5
inner = { kernel = "heat-bath" }
`)
	s := summary(t, c)
	if single := s.Results[0]; math.Abs(value(single, "energy")-exactly(single, "energy")) < 0.01 || len(single.Doubts) == 0 {
		t.Errorf("the single chains are not stuck: %+v", single)
	}
	if len(s.Results) != 6 {
		t.Fatalf("%d results", len(s.Results))
	}
	for r, rung := range s.Results[1:] {
		for _, name := range []string{"energy", "specific_heat"} {
			o := observable(rung, name)
			// 4.5 sigma in ten numbers: right code fails with 1e-4, were the seed not fixed.
			if e := o.Estimates[0]; e.Sigmas == nil || math.Abs(*e.Sigmas) > 4.5 || *rung.Rung != r {
				t.Errorf("rung %d, %s: %+v", r, name, e)
			}
		}
		if len(rung.Doubts) > 0 {
			t.Errorf("rung %d: doubts %q", r, rung.Doubts)
		}
		if rate := observable(rung, "exchange_rate"); (rate == nil) != (r == 4) || r < 4 && *rate.Estimates[0].Value < 0.4 {
			t.Errorf("rung %d exchanges at the rate %+v", r, rate)
		}
	}

	c = parse(t, `
[model]
name = "phi4"
shape = [3, 3]
mass2 = -2.0
lambda = 0.5
[run]
thermalize = 300
sweeps = 3000
[observables]
record = ["magnetization", "phi2"]
[[proposal]]
kernel = "metropolis"
[[proposal]]
cycle = [{ kernel = "wolff" }, { kernel = "heat-bath" }]
[[proposal]]
kernel = "tempering"
key = "mass2"
values = [-2.0, -1.5, -1.1, -0.7, 0.0]
inner = { kernel = "metropolis" }
`)
	s = summary(t, c)
	if m := value(s.Results[0], "magnetization"); math.Abs(m) < 0.3 && len(s.Results[0].Doubts) == 0 {
		t.Errorf("the single chains are not stuck: %g", m)
	}
	coldest := s.Results[2]
	m, phi := observable(coldest, "magnetization").Estimates[0], observable(coldest, "phi2").Estimates[0]
	if math.Abs(*m.Value) > 5**m.Error || *m.Error > 0.15 {
		t.Errorf("magnetization %g(%g)", *m.Value, *m.Error)
	}
	cluster := observable(s.Results[1], "phi2").Estimates[0]
	if d := *phi.Value - *cluster.Value; math.Abs(d) > 5*math.Hypot(*phi.Error, *cluster.Error) {
		t.Errorf("phi2 is %g(%g), and %g(%g) by clusters", *phi.Value, *phi.Error, *cluster.Value, *cluster.Error)
	}
}

// A ladder without exchange is doubted as such, at every rung.
func TestLadderWithoutExchange(t *testing.T) {
	s := summary(t, parse(t, strings.Replace(model, "[4, 4]", "[16, 16]", 1)+`
[run]
chains = 2
thermalize = 200
sweeps = 500
[[proposal]]
kernel = "tempering"
values = [1.0, 5.0, 5.1]
inner = { kernel = "heat-bath" }
`))
	for _, r := range s.Results {
		said := strings.Join(r.Doubts, "\n")
		for _, want := range []string{
			"ladder: rungs 0 and 1 (temperature 1.0 and 5.0) exchange in less than 0.01 % of attempts, so that it falls into two: more rungs between them, or closer values",
			"ladder: in 1000 sweeps of all chains no replica went from the first rung to the last and back, ",
		} {
			if !strings.Contains(said, want) {
				t.Errorf("rung %d: no %q in %q", *r.Rung, want, r.Doubts)
			}
		}
		if o := observable(r, "round_trip_time"); o.Estimates[0].Value != nil || o.Reason == nil || !strings.Contains(*o.Reason, "no replica went") {
			t.Errorf("rung %d: %+v", *r.Rung, o)
		}
	}
	var text bytes.Buffer
	if err := report.Write(&text, s, "text"); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(text.String(), "falls into two"); n != 1 || !strings.Contains(text.String(), "No replica made a round trip") {
		t.Errorf("the doubt is told %d times:\n%s", n, text.String())
	}
}

// Rungs are spaced for equal acceptance, alike for any number of workers.
func TestSpacing(t *testing.T) {
	c := parse(t, strings.Replace(model, "[4, 4]", "[8, 8]", 1)+`
[run]
thermalize = 0
sweeps = 10
[[proposal]]
kernel = "tempering"
from = 5.0
to = 1.5
rungs = 7
inner = { kernel = "heat-bath" }
`)
	p := &c.Points[0]
	values, err := space(t.Context(), p, &p.Proposals[0])
	if err != nil {
		t.Fatal(err)
	}
	l, err := newLadder(p, &p.Proposals[0], values)
	if err != nil {
		t.Fatal(err)
	}
	g, err := l.group(0, 1)
	if err != nil {
		t.Fatal(err)
	}
	rates, err := g.rates(t.Context(), 4000)
	if err != nil {
		t.Fatal(err)
	}
	if spread := slices.Max(rates) - slices.Min(rates); spread > 0.12 || values[0] != 5 || values[6] != 1.5 {
		t.Errorf("values %v exchange at the rates %.3f", values, rates)
	}

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := space(ctx, p, &p.Proposals[0]); !errors.Is(err, context.Canceled) {
		t.Errorf("when cancelled: %v", err)
	}
	if got := respace([]float64{1, 2, 4}, []float64{0, 0}); !slices.Equal(got, []float64{1, 2, 4}) {
		t.Errorf("without exchange the values become %v", got)
	}
	if got := respace([]float64{4, 2, 1}, []float64{0.9, 0.1}); !(got[1] < 2 && got[1] > 1) {
		t.Errorf("where the second step is rejected the values become %v", got)
	}
}

func summary(t *testing.T, c *card.Card) report.Summary {
	t.Helper()
	s, _, err := Summarize(c, view(t, finished(t, c)))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func observable(r report.Result, name string) *report.Observable {
	for i := range r.Observables {
		if r.Observables[i].Name == name {
			return &r.Observables[i]
		}
	}
	return nil
}

func value(r report.Result, name string) float64 { return *observable(r, name).Estimates[0].Value }

func exactly(r report.Result, name string) float64 { return *observable(r, name).Estimates[0].Exact }

// A ladder that cannot be spaced stops its own chains, and no other task.
func TestFaultInSpacing(t *testing.T) {
	mended.Store(false)
	r := start(t, parse(t, `
[model]
name = "phi4"
shape = [4, 4]
mass2 = -4.0
lambda = 6.0
[run]
chains = 1
sweeps = 20
thermalize = 5
[[proposal]]
kernel = "tempering"
key = "lambda"
from = 5.0
to = 7.0
rungs = 3
inner = { kernel = "faulty", after = 5, fault = "nan" }
[[proposal]]
kernel = "metropolis"
`))
	r.notice = func(store.Notice) {}
	err := r.Do(context.Background())
	if err == nil || !strings.Contains(err.Error(), "task 0000-tempering, chain 0, sweep 16 of thermalization: while its ladder was spaced, at rung 0 (lambda = 5): coordinate 1 of 16 is NaN") {
		t.Errorf("error %v", err)
	}
	if tasks := view(t, r).Manifest().Tasks; tasks[0].State == store.Done || tasks[1].State != store.Done {
		t.Errorf("tasks %+v", tasks)
	}
}
