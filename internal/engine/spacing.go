package engine

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"
	"sync"

	"gonum.org/v1/gonum/interp"

	"mcrun/internal/card"
	"mcrun/mc"
)

// A ladder of given ends is spaced by the acceptance that is measured on it (S.
// Syed, A. Bouchard-Cote, G. Deligiannidis and A. Doucet, J. R. Stat. Soc. B 84,
// 321 (2022)). The rejection rates of exchanges between neighbours, r_k, add up to
// the communication barrier up to a value of the key,
//
//	Lambda(value_k) = sum_{j<k} r_j,
//
// which hardly depends on the ladder on which it is measured. Rungs at equal steps
// of Lambda have equal rejection rates, which makes round trips most frequent.
// That is iterated in rounds of twice as many sweeps each, of a chain of its own
// with its own random streams, so that the values follow from the card alone.

// The sweeps of the first round, and of all: as many as are spent on
// thermalization, within bounds.
const (
	firstRound    = 16
	leastSpacing  = 500
	mostSpacing   = 10_000
	leastRejected = 1e-3 // of a pair, so that no step of Lambda is 0
)

// spacing returns how many sweeps are made to space a ladder.
func spacing(p *card.Point, l *card.Ladder) int {
	if l.Size() == 2 || l.Values != nil {
		return 0
	}
	made := 0
	for n := firstRound; made < max(leastSpacing, min(p.Run.Thermalize, mostSpacing)); n *= 2 {
		made += n
	}
	return made
}

// space returns the values at the rungs of a ladder of a task.
func space(ctx context.Context, p *card.Point, prop *card.Proposal) ([]float64, error) {
	values := slices.Clone(prop.Ladder.First())
	all := spacing(p, prop.Ladder)
	var before *tempered
	for made, n := 0, firstRound; made < all; made, n = made+n, 2*n {
		l, err := newLadder(p, prop, values)
		if err != nil {
			return nil, err
		}
		g, err := l.group(0, p.Group(prop), "spacing by "+strconv.Itoa(n))
		if err != nil {
			return nil, err
		}
		if before != nil {
			if err := g.begin(before); err != nil {
				return nil, err
			}
		}
		rates, err := g.rates(ctx, n)
		if err != nil {
			return nil, err
		}
		values = respace(values, rates)
		before = g
	}
	return values, nil
}

// begin gives a group the configurations of another.
func (g *tempered) begin(with *tempered) error {
	for r, w := range g.rows {
		for i, x := range w.replicas {
			y := with.rows[r].replicas[i]
			if y.bridge != nil {
				y.bridge.ToSpins()
			}
			var s mc.Snapshot
			y.state.Save(&s, "")
			if err := x.state.Load(&s, ""); err != nil {
				return err
			}
		}
	}
	return nil
}

// rates makes so many sweeps and returns the mean acceptance of exchanges in the
// second half of them.
func (g *tempered) rates(ctx context.Context, sweeps int) ([]float64, error) {
	one, mean := make([]float64, len(g.rows)-1), make([]float64, len(g.rows)-1)
	read := func() {
		clear(mean)
		for _, k := range g.kernels {
			k.Read(one)
			for r, rate := range one {
				mean[r] += rate / float64(len(g.kernels))
			}
		}
	}
	for i := range sweeps {
		if i == sweeps/2 {
			read()
		}
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		g.Kernel.Step()
		for _, k := range g.kernels {
			k.Tune()
		}
	}
	read()
	if err := g.Check(); err != nil { // stops no other task
		return nil, &mc.Fault{Sweep: mc.Sweep{Number: sweeps, Thermal: true}, Err: fmt.Errorf("while its ladder was spaced, %w", err)}
	}
	return mean, nil
}

// respace returns values of as many rungs between the same ends, at equal steps of
// the barrier that acceptances of exchanges between neighbours tell.
func respace(values, rates []float64) []float64 {
	n := len(values)
	barrier := make([]float64, n)
	for r, rate := range rates {
		barrier[r+1] = barrier[r] + math.Max(leastRejected, 1-rate)
	}
	var value interp.FritschButland // is monotone where the values are
	if err := value.Fit(barrier, values); err != nil {
		return values
	}
	next := slices.Clone(values)
	for r := 1; r < n-1; r++ {
		x := value.Predict(barrier[n-1] * float64(r) / float64(n-1))
		next[r], _ = strconv.ParseFloat(strconv.FormatFloat(x, 'g', 6, 64), 64)
	}
	for r := 1; r < n; r++ { // else six digits are too few
		if (next[r] > next[r-1]) != (values[n-1] > values[0]) || next[r] == next[r-1] {
			return values
		}
	}
	return next
}

// A sharedLadder is the ladder of a task, which the chain that comes first makes.
type sharedLadder struct {
	point *card.Point
	prop  *card.Proposal

	mu     sync.Mutex
	ladder *ladder
}

// get returns the ladder. A chain that goes on has its values in its snapshot;
// otherwise they are measured, of which spacing is told, if there is anything to
// be measured.
func (s *sharedLadder) get(ctx context.Context, snapshot *mc.Snapshot, spacing func()) (*ladder, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ladder != nil {
		return s.ladder, nil
	}
	var values []float64
	var err error
	if snapshot != nil {
		values = make([]float64, s.prop.Ladder.Size())
		err = mc.Get(snapshot, valuesName, values)
	} else {
		spacing()
		values, err = space(ctx, s.point, s.prop)
	}
	if err != nil {
		return nil, err
	}
	s.ladder, err = newLadder(s.point, s.prop, values)
	return s.ladder, err
}
