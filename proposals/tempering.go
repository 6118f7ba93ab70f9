package proposals

import (
	"errors"
	"math"
	"slices"
	"strconv"

	"mcrun/mc"
	"mcrun/models"
)

// A Rung is one of the models of a ladder, with the replica that is at it.
type Rung struct {
	Model  models.Model // prepared, and [models.Energetic] or [models.Differentiable]
	State  models.State
	Kernel mc.Kernel // leaves Model invariant; bound to State
	Tally  *mc.Tally // which Kernel counts in; nil if it counts nothing

	// Before, if not nil, is called before an exchange that looks at State.
	Before func()
}

// Tempering is replica exchange (K. Hukushima and K. Nemoto, J. Phys. Soc. Jpn.
// 65, 1604 (1996); C. J. Geyer, Interface Proc. 23, 156 (1991)) on a ladder of
// models. Its configuration is that of all rungs, its distribution the product
// of theirs. One step is one round: a step of the kernel of each rung, and then
// exchanges between neighbours, r and r+1, accepted with probability
//
//	min(1, exp(-d)),  d = S_r(y) + S_r+1(x) - S_r(x) - S_r+1(y),
//
// where x is the configuration at rung r, y that at r+1, and S = beta H.
//
// Pairs with even and with odd r take turns. As nothing is drawn in that,
// replicas keep their direction while they are accepted and are through a
// ladder of R rungs in a number of rounds that grows as R, not as R^2 (S. Syed,
// A. Bouchard-Cote, G. Deligiannidis and A. Doucet, J. R. Stat. Soc. B 84, 321
// (2022)). For this, a step is not in detailed balance.
//
// Configurations are exchanged by value: to kernels and probes, a State is that of
// its rung. A d that is not a number, of energies that are not finite, refuses the
// exchange and is counted.
type Tempering struct {
	rungs   []Rung
	thermal bool
	random  *mc.Stream

	action  []float64 // of a batch of one
	energy  []float64 // H of each rung; if thermal
	replica []uint64  // which is at each rung, by the rung that it began at
	heading []uint64  // of each replica: where it has been last
	rounds  uint64    // all that were made
	frozen  bool

	failed []uint64 // exchanges of each pair that were refused for an energy, since thermalization

	// Since the last Read: probabilities of exchanges by pair, how many these
	// are, the mean before that, and round trips.
	sum, count, mean []float64
	trips            float64

	probability []float64 // of the pairs in this round
}

// Where a replica has been.
const (
	nowhere = iota
	first   // at rung 0 later than at the last one
	last    // at the last rung, and before that at rung 0
)

const fewRungs = "proposals: a ladder has at least two rungs"

// NewTempering returns the kernel of a ladder of rungs. With thermal the models
// differ in nothing but beta, so that one H serves all; they are then
// [models.Energetic].
func NewTempering(rungs []Rung, thermal bool, random *mc.Stream) *Tempering {
	n := len(rungs)
	if n < 2 {
		panic(fewRungs)
	}
	t := &Tempering{
		rungs: slices.Clone(rungs), thermal: thermal, random: random,
		action: make([]float64, 1), energy: make([]float64, n), replica: make([]uint64, n), heading: make([]uint64, n), failed: make([]uint64, n-1),
		sum: make([]float64, n-1), count: make([]float64, n-1), mean: make([]float64, n-1), probability: make([]float64, n-1),
	}
	for r := range t.replica {
		t.replica[r] = uint64(r)
	}
	t.arrive()
	return t
}

// CanTemper returns nil if a model can be a rung, and else an error that names the
// ability that it lacks.
func CanTemper(m models.Model) error {
	_, energetic := m.(models.Energetic)
	_, differentiable := m.(models.Differentiable)
	if !energetic && !differentiable {
		return errors.New("the model does not state its energy (models.Energetic)")
	}
	return nil
}

// Step makes one round.
func (t *Tempering) Step() {
	for i := range t.rungs {
		t.rungs[i].Kernel.Step()
	}
	t.exchange()
}

// exchange makes the exchanges of a round.
func (t *Tempering) exchange() {
	for i := range t.rungs {
		r := &t.rungs[i]
		if r.Before != nil {
			r.Before()
		}
		if t.thermal {
			t.energy[i] = r.Model.(models.Energetic).Energy(r.State)
		}
	}
	turn := int(t.rounds % 2)
	for r := range t.probability {
		if r%2 == turn || t.rounds == 0 { // so that a mean is known of every pair
			t.probability[r] = t.accept(r)
			t.sum[r] += t.probability[r]
			t.count[r]++
		}
	}
	t.rounds++
	for r := turn; r < len(t.probability); r += 2 {
		if t.random.Below(mc.Threshold(t.probability[r])) {
			swap(t.rungs[r].State, t.rungs[r+1].State)
			t.replica[r], t.replica[r+1] = t.replica[r+1], t.replica[r]
		}
	}
	t.arrive()
}

// accept returns the probability with which the replicas at rungs r and r+1 are
// exchanged.
func (t *Tempering) accept(r int) float64 {
	a, b := &t.rungs[r], &t.rungs[r+1]
	var d float64
	if t.thermal {
		d = (a.Model.Beta() - b.Model.Beta()) * (t.energy[r+1] - t.energy[r])
	} else {
		d = t.of(a.Model, b.State) - t.of(a.Model, a.State) + t.of(b.Model, a.State) - t.of(b.Model, b.State)
	}
	if math.IsNaN(d) {
		t.failed[r]++
		return 0
	}
	return math.Min(1, math.Exp(-d))
}

// of returns S of a state.
func (t *Tempering) of(m models.Model, s models.State) float64 {
	if m, ok := m.(models.Differentiable); ok {
		m.Action(s.(models.Field), t.action)
		return t.action[0]
	}
	return m.Beta() * m.(models.Energetic).Energy(s)
}

// swap exchanges two configurations.
func swap(a, b models.State) {
	switch a := a.(type) {
	case models.Spins:
		swapValues(a, b.(models.Spins))
	case models.Field:
		swapValues(a, b.(models.Field))
	default: // of a stranger's making, which at least can be saved
		var x, y mc.Snapshot
		a.Save(&x, "")
		b.Save(&y, "")
		if err := errors.Join(a.Load(&y, ""), b.Load(&x, "")); err != nil {
			panic("proposals: a configuration that cannot be exchanged: " + err.Error())
		}
	}
}

func swapValues[T any](a, b []T) {
	for i, v := range b[:len(a)] {
		a[i], b[i] = v, a[i]
	}
}

// arrive notes which replicas are at the ends of the ladder.
func (t *Tempering) arrive() {
	top := len(t.replica) - 1
	if h := &t.heading[t.replica[top]]; *h == first {
		*h = last
	}
	h := &t.heading[t.replica[0]]
	if *h == last {
		t.trips++
	}
	*h = first
}

// Rungs returns how many there are.
func (t *Tempering) Rungs() int { return len(t.rungs) }

// Read writes the mean probability of an exchange between each rung and the
// next one since the last Read, to as many numbers as there are pairs, and the
// same as then of a pair that had no turn since; and it returns how many round
// trips were completed since then. A round trip is the way of a replica from the
// first rung to the last and back.
func (t *Tempering) Read(rates []float64) (trips float64) {
	for r := range t.sum {
		if t.count[r] > 0 {
			t.mean[r] = t.sum[r] / t.count[r]
		}
		rates[r] = t.mean[r]
	}
	clear(t.sum)
	clear(t.count)
	trips, t.trips = t.trips, 0
	return trips
}

// Tune implements [mc.Tuner].
func (t *Tempering) Tune() {
	for _, r := range t.rungs {
		if k, ok := r.Kernel.(mc.Tuner); ok {
			k.Tune()
		}
	}
}

// Freeze implements [mc.Tuner]. Counters begin anew.
func (t *Tempering) Freeze() {
	for _, r := range t.rungs {
		if k, ok := r.Kernel.(mc.Tuner); ok {
			k.Freeze()
		}
		if r.Tally != nil && !t.frozen {
			*r.Tally = mc.Tally{}
		}
	}
	if !t.frozen {
		clear(t.failed)
	}
	t.frozen = true
}

// What a checkpoint calls them.
const (
	talliesName = ".tallies"
	failedName  = ".failed"
)

// Save implements [mc.Saver].
func (t *Tempering) Save(s *mc.Snapshot, prefix string) {
	frozen := uint64(0)
	if t.frozen {
		frozen = 1
	}
	mc.Put(s, prefix+".rounds", []uint64{t.rounds, frozen})
	mc.Put(s, prefix+".replicas", t.replica)
	mc.Put(s, prefix+".headings", t.heading)
	mc.Put(s, prefix+failedName, t.failed)
	mc.Put(s, prefix+".since", slices.Concat(t.sum, t.count, t.mean, []float64{t.trips}))
	var tallies []uint64
	for i, r := range t.rungs {
		var n mc.Tally
		if r.Tally != nil {
			n = *r.Tally
		}
		tallies = append(tallies, n.Proposed, n.Accepted, n.Trajectories, n.Diverged, n.Cut)
		if k, ok := r.Kernel.(mc.Saver); ok {
			k.Save(s, rungName(prefix, i))
		}
	}
	mc.Put(s, prefix+talliesName, tallies)
}

// Load implements [mc.Saver].
func (t *Tempering) Load(s *mc.Snapshot, prefix string) error {
	n := len(t.rungs)
	rounds, since := make([]uint64, 2), make([]float64, 3*(n-1)+1)
	counts, err := TemperingCounts(s, prefix, n)
	if err := errors.Join(err,
		mc.Get(s, prefix+".rounds", rounds),
		mc.Get(s, prefix+".replicas", t.replica),
		mc.Get(s, prefix+".headings", t.heading),
		mc.Get(s, prefix+".since", since),
	); err != nil {
		return err
	}
	if places := slices.Sorted(slices.Values(t.replica)); places[0] != 0 || places[n-1] != uint64(n-1) || len(slices.Compact(places)) != n {
		return errors.New("proposals: the snapshot does not tell which replica is at which rung")
	}
	t.rounds, t.frozen = rounds[0], rounds[1] == 1
	t.failed = counts.Failed
	for _, dst := range [][]float64{t.sum, t.count, t.mean} {
		since = since[copy(dst, since):]
	}
	t.trips = since[0]
	for i, r := range t.rungs {
		if r.Tally != nil {
			*r.Tally = counts.Tallies[i]
		}
		if k, ok := r.Kernel.(mc.Saver); ok {
			if err := k.Load(s, rungName(prefix, i)); err != nil {
				return err
			}
		}
	}
	return nil
}

func rungName(prefix string, i int) string { return prefix + ".rung" + strconv.Itoa(i) }

// Counts are what a ladder has counted since thermalization.
type Counts struct {
	Tallies []mc.Tally // of the kernel of each rung
	Failed  []uint64   // exchanges of each rung with the next that were refused for an energy that is not finite
}

// TemperingCounts returns the counts of a [Tempering] of so many rungs that was
// saved with a prefix.
func TemperingCounts(s *mc.Snapshot, prefix string, rungs int) (Counts, error) {
	c := Counts{make([]mc.Tally, rungs), make([]uint64, rungs-1)}
	const words = 5
	tallies := make([]uint64, words*rungs)
	err := errors.Join(mc.Get(s, prefix+talliesName, tallies), mc.Get(s, prefix+failedName, c.Failed))
	for i := range c.Tallies {
		n := tallies[words*i:]
		c.Tallies[i] = mc.Tally{Proposed: n[0], Accepted: n[1], Trajectories: n[2], Diverged: n[3], Cut: n[4]}
	}
	return c, err
}
