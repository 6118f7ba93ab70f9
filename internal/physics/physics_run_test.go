package physics

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"sync"
	"testing"

	"gonum.org/v1/gonum/stat/distuv"

	"mcrun/analysis"
	"mcrun/internal/card"
	"mcrun/mc"
	"mcrun/models"
	"mcrun/observables"
	"mcrun/proposals"
)

// brief reports whether there is time for short runs only.
func brief() bool { return testing.Short() || raceEnabled }

// thorough leaves a test out if there is time for short runs only.
func thorough(t *testing.T) {
	t.Helper()
	if brief() {
		t.Skip("there is time for short runs only")
	}
}

// length returns the number of sweeps of a run: four tenths of them, and a fifth if
// there is little time.
func length(sweeps int) int {
	if brief() {
		return sweeps / 5
	}
	return sweeps * 4 / 10
}

// everyKernel are the proposals of a card that are valid for every model of
// discrete states.
const everyKernel = `
[[proposal]]
kernel = "metropolis"
[[proposal]]
name = "metropolis-sequential"
kernel = "metropolis"
order = "sequential"
[[proposal]]
name = "metropolis-random"
kernel = "metropolis"
order = "random"
[[proposal]]
kernel = "heat-bath"
[[proposal]]
name = "heat-bath-sequential"
kernel = "heat-bath"
order = "sequential"
[[proposal]]
name = "heat-bath-random"
kernel = "heat-bath"
order = "random"
[[proposal]]
kernel = "wolff"
steps = 2
[[proposal]]
kernel = "swendsen-wang"
[[proposal]]
cycle = [{ kernel = "metropolis" }, { kernel = "wolff" }]
[[proposal]]
mixture = [{ kernel = "heat-bath", weight = 1 }, { kernel = "swendsen-wang", weight = 2 }]
`

// A run is what a card describes at its only point.
type run struct {
	point *card.Point
	model models.Model
}

// read reads a card, that of a file with the given name.
func read(t *testing.T, name, text string) *run {
	t.Helper()
	c, err := card.Parse(name, []byte(text), nil, card.Machine{})
	if err != nil {
		t.Fatal(err)
	}
	m, err := c.Points[0].Prepare()
	if err != nil {
		t.Fatal(err)
	}
	return &run{&c.Points[0], m}
}

// A sample are the series of a proposal.
type sample struct {
	*run
	proposal string
	columns  []observables.Field
	chains   [][][]float64 // [chain][number of a record][record]
}

// each makes the samples of all proposals, in parallel, and lets a test look at
// each of them.
func (r *run) each(t *testing.T, test func(t *testing.T, s *sample)) {
	t.Run("proposals", func(t *testing.T) {
		for i := range r.point.Proposals {
			q := &r.point.Proposals[i]
			t.Run(q.Name, func(t *testing.T) {
				t.Parallel()
				test(t, r.sample(t, q))
			})
		}
	})
}

// sample advances the chains of a proposal.
func (r *run) sample(t *testing.T, q *card.Proposal) *sample {
	t.Helper()
	s := &sample{run: r, proposal: q.Name, columns: r.point.Columns(q)}
	width := 1
	for _, o := range r.point.Observables {
		if o.Paired(r.model) {
			width = 2
		}
	}
	for first := 0; first < r.point.Run.Chains; first += width {
		g := r.group(q, s.columns, first, width)
		var rows memory
		plan := r.point.Run
		err := g.Run(t.Context(), mc.Plan{Thermalize: plan.Thermalize, Sweeps: plan.Sweeps, Every: plan.Every, Checkpoint: plan.Checkpoint}, &rows)
		if err != nil {
			t.Fatal(err)
		}
		for chain := range width {
			series := make([][]float64, g.Row)
			for i := range series {
				for at := chain*g.Row + i; at < len(rows); at += width * g.Row {
					series[i] = append(series[i], rows[at])
				}
			}
			s.chains = append(s.chains, series)
		}
	}
	return s
}

// group builds a group of chains of a proposal, which record columns.
func (r *run) group(q *card.Proposal, columns []observables.Field, first, chains int) *mc.Group {
	g := mc.NewGroup(first, chains, r.point.Seed, r.point.ModelIdentity(), q.Identity())
	states := make([]models.State, chains)
	for i := range states {
		states[i] = r.model.NewState(r.point.Run.Start, g.Stream(i, "start"))
		g.Own(states[i])
	}
	probe := observables.NewProbe(r.model, columns, states...)
	g.Probe = probe
	for _, c := range columns {
		g.Row += c.Width
	}
	var all mc.Cycle
	for i, state := range states {
		listener := probe.Listener(i)
		if listener != nil {
			g.Own(listener)
		}
		var members mc.Cycle
		var weights []float64
		for k, m := range q.Members {
			c := proposals.Chain{State: state, Random: g.Stream(i, "kernel "+strconv.Itoa(k)), Tally: &g.Tally}
			if listener != nil && m.Clusters(r.point) == nil {
				c.Clusters = listener
			}
			members = append(members, mc.Steps(m.Spec.Bind(r.model, c), m.Steps))
			weights = append(weights, m.Weight)
		}
		if q.Kind == card.Mixture {
			all = append(all, mc.NewMixture(members, weights, g.Stream(i, "mixture")))
		} else {
			all = append(all, members)
		}
	}
	g.Kernel = all
	return g
}

// memory is a sink for rows.
type memory []float64

func (m *memory) Append(rows []float64) error { *m = append(*m, rows...); return nil }

func (*memory) Keep(int, []byte) error { return nil }

func (*memory) Checkpoint(*mc.Snapshot) error { return nil }

// find returns the observable of a name, of those on the card.
func (r *run) find(t *testing.T, name string) observables.Observable {
	t.Helper()
	i := slices.IndexFunc(r.point.Observables, func(o observables.Observable) bool { return o.Name == name })
	if i < 0 {
		t.Fatalf("no observable %s on the card", name)
	}
	return r.point.Observables[i]
}

// estimate estimates an observable, at point k if it is a function, from some of
// the chains. Of pairs the first chain alone is read.
func (s *sample) estimate(t *testing.T, name string, k int, chains [][][]float64) (analysis.Estimate, error) {
	t.Helper()
	o := s.find(t, name)
	var places []int
	for _, column := range o.Columns(s.model) {
		at, found := 0, false
		for _, c := range s.columns {
			if c.Name == column {
				found = true
				for i := range c.Width {
					places = append(places, at+i)
				}
			}
			at += c.Width
		}
		if !found {
			t.Fatalf("%s does not record %s", s.proposal, column)
		}
	}
	by := observables.Estimator{Inputs: []int{k}}
	if o.Estimators != nil {
		by = o.Estimators(s.model)[k]
	}
	if by.Inputs != nil {
		inputs := make([]int, len(by.Inputs))
		for i, input := range by.Inputs {
			inputs[i] = places[input]
		}
		places = inputs
	}
	var own [][][]float64
	for i, chain := range chains {
		if o.Paired(s.model) && i%2 == 1 {
			continue
		}
		var columns [][]float64
		for _, place := range places {
			columns = append(columns, chain[place])
		}
		own = append(own, columns)
	}
	if by.Function != nil {
		return analysis.Gamma{}.Function(*by.Function, own)
	}
	var series [][]float64
	for _, columns := range own {
		series = append(series, columns[0])
	}
	return analysis.Gamma{}.Mean(series...)
}

// has reports whether the sample has the columns of an observable: those that
// are estimated from clusters need some.
func (s *sample) has(t *testing.T, name string) bool {
	for _, column := range s.find(t, name).Columns(s.model) {
		if !slices.ContainsFunc(s.columns, func(f observables.Field) bool { return f.Name == column }) {
			return false
		}
	}
	return true
}

// pooled estimates from all chains.
func (s *sample) pooled(t *testing.T, name string, k int) analysis.Estimate {
	t.Helper()
	e, err := s.estimate(t, name, k, s.chains)
	if err != nil {
		t.Fatalf("%s: %s[%d]: %v", s.proposal, name, k, err)
	}
	return e
}

// Scores are the deviations from exact values in units of errors, by
// observables.
type scores struct {
	mutex  sync.Mutex
	pooled map[string][]float64 // of all chains of a proposal
	single map[string][]float64 // of each chain, or pair of chains
	absent []string             // what some proposal does not record
}

// tooFar is the bound for pooled deviations, which chance exceeds once in 150 000
// times.
const tooFar = 4.5

// compare compares the values of an observable, one for each of its points, with
// exact ones.
func (c *scores) compare(t *testing.T, s *sample, name string, exact ...float64) {
	t.Helper()
	if !s.has(t, name) {
		c.mutex.Lock()
		defer c.mutex.Unlock()
		c.absent = append(c.absent, name+"[0]")
		return
	}
	for k, want := range exact {
		c.point(t, s, name, k, want)
	}
}

// point compares the value of an observable at point k.
func (c *scores) point(t *testing.T, s *sample, name string, k int, want float64) {
	t.Helper()
	e, err := s.estimate(t, name, k, s.chains)
	if errors.Is(err, analysis.ErrConstant) {
		if math.Abs(e.Value-want) > 1e-12 {
			t.Errorf("%s: %s[%d] is always %v, not %v", s.proposal, name, k, e.Value, want)
		}
		return
	}
	if err != nil {
		t.Errorf("%s: %s[%d]: %v", s.proposal, name, k, err)
		return
	}
	width := 1
	if s.find(t, name).Paired(s.model) {
		width = 2
	}
	var single []float64
	var squares float64
	for chains := range slices.Chunk(s.chains, width) {
		e, err := s.estimate(t, name, k, chains)
		if err != nil {
			t.Errorf("%s: %s[%d] of one chain: %v", s.proposal, name, k, err)
			return
		}
		z := (e.Value - want) / e.Error
		single = append(single, z)
		squares += z * z
	}
	z := (e.Value - want) / e.Error
	text := fmt.Sprintf("%s: %s[%d] = %.6f(%.6f), exact %.6f, %+.2f errors; single chains %.2f; tau_int %.2f",
		s.proposal, name, k, e.Value, e.Error, want, z, math.Sqrt(squares/float64(len(single))), e.TauInt)
	verdict(t, math.Abs(z) < tooFar, text)
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if c.pooled == nil {
		c.pooled, c.single = make(map[string][]float64), make(map[string][]float64)
	}
	key := fmt.Sprintf("%s[%d]", name, k)
	c.pooled[key] = append(c.pooled[key], z)
	c.single[key] = append(c.single[key], single...)
}

// verdict reports a failure, and what is right to those who want to see it.
func verdict(t *testing.T, right bool, text string) {
	t.Helper()
	switch {
	case !right:
		t.Error(text)
	case testing.Verbose():
		t.Log(text)
	}
}

// check holds the squares of the deviations of single chains to the distribution
// that they have for right errors, at a false alarm in 10^6 for each number, and
// says how far the pooled ones are.
func (c *scores) check(t *testing.T) {
	t.Helper()
	for _, key := range c.absent {
		if c.single[key] == nil {
			t.Errorf("%s is recorded by no proposal", key)
		}
	}
	var count int
	var largest, sum float64
	for _, key := range slices.Sorted(maps.Keys(c.single)) {
		for _, z := range c.pooled[key] {
			count++
			sum += z * z
			largest = max(largest, math.Abs(z))
		}
		n, squares := len(c.single[key]), 0.0
		for _, z := range c.single[key] {
			squares += z * z
		}
		chi2 := distuv.ChiSquared{K: float64(n)}
		low, high := chi2.Quantile(0.5e-6), chi2.Quantile(1-0.5e-6)
		text := fmt.Sprintf("%s: chi^2 of %d deviations is %.1f, bounds are [%.1f, %.1f]", key, n, squares, low, high)
		verdict(t, squares >= low && squares <= high, text)
	}
	t.Logf("%d pooled deviations: root of the mean square %.2f, largest %.2f", count, math.Sqrt(sum/float64(count)), largest)
}
