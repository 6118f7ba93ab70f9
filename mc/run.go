package mc

import (
	"context"
	"math"
	"time"
)

// A Plan says how long a group runs and when it records.
type Plan struct {
	Thermalize int           // sweeps before the first measured one
	Sweeps     int           // measured sweeps; 0: as many as Seconds allows
	Every      int           // a row is recorded after every so many measured sweeps
	Save       int           // the configurations are kept after every so many measured sweeps; 0: never
	Seconds    float64       // time for the measured sweeps, where Sweeps is 0
	Checkpoint time.Duration // at most this much work is lost when the program is killed
}

// done reports whether a group has reached the end of the plan.
func (p Plan) done(g *Group) bool {
	if g.Thermalized() < p.Thermalize {
		return false
	}
	if p.Sweeps > 0 {
		return g.Sweeps() >= p.Sweeps
	}
	return g.Elapsed().Seconds() >= p.Seconds
}

// A Sink takes what a running group has to store.
type Sink interface {
	// Append takes rows, those of all chains for one record, then those
	// for the next. It must not keep the slice.
	Append(rows []float64) error
	// Keep takes the configuration of a chain of the group, 0 being its
	// first, as it is after a sweep and, where a record is made of that
	// sweep, as the probe has read it. It is called for all chains in
	// order. It must not keep the slice.
	Keep(chain int, configuration []byte) error
	// Checkpoint stores a snapshot durably, together with every row
	// appended and every configuration kept before.
	Checkpoint(*Snapshot) error
}

// A block is the work between two looks at the clock.
const (
	blockTime = 2 * time.Millisecond
	maxBlock  = 1 << 12 // sweeps
)

// Run advances the group from where it stands to the end of the plan: a
// sweep is one step of its kernel. It stores a checkpoint at the intervals
// of the plan, at the end, and when ctx is cancelled; then it returns the
// context's error. A group that is at the end already is left as it is.
// Whether and how often a run is interrupted changes no number in it. The
// error is a *Fault if Check finds the chains unfit to go on; their last
// checkpoint then is from before. It panics if the plan saves configurations
// and Export is nil.
func (g *Group) Run(ctx context.Context, p Plan, sink Sink) error {
	if p.Save > 0 && g.Export == nil {
		panic(noExport)
	}
	if p.done(g) {
		return nil
	}
	g.at = Sweep{g.Sweeps(), false}
	if g.Sweeps() == 0 {
		g.at = Sweep{g.Thermalized(), g.Thermalized() > 0}
	}
	if err := g.check(); err != nil {
		return err
	}
	saved := time.Now()
	checked, checking := saved, time.Duration(0)
	block := 1
	clock := clockCost()
	tuner, _ := g.Kernel.(Tuner)
	if tuner != nil && g.Thermalized() >= p.Thermalize {
		tuner.Freeze()
	}
	record := g.chains * g.Row
	var rows []float64
	var configuration []byte
	for !p.done(g) {
		ended, due := ctx.Err() != nil, time.Since(saved) >= p.Checkpoint
		if ended || due || time.Since(checked) > checkShare*checking {
			before := time.Now()
			if err := g.check(); err != nil {
				return err
			}
			checked = time.Now()
			checking = checked.Sub(before)
		}
		if ended || due {
			if err := sink.Checkpoint(g.Save()); err != nil {
				return err
			}
			saved = time.Now()
		}
		if ended {
			return ctx.Err()
		}

		start := time.Now()
		if todo := p.Thermalize - g.Thermalized(); todo > 0 {
			block = min(block, todo)
			for range block {
				g.at = Sweep{g.at.Number + 1, true}
				g.Kernel.Step()
				if tuner != nil {
					tuner.Tune()
				}
			}
			g.thermal.Add(int64(block))
			if block == todo {
				if tuner != nil {
					tuner.Freeze()
				}
				g.Tally = Tally{}
				// What the probe averages between two records begins anew.
				g.Probe.Read(make([]float64, record))
			}
			block = nextBlock(block, time.Since(start))
			continue
		}

		if p.Sweeps > 0 {
			block = min(block, p.Sweeps-g.Sweeps())
		}
		rows = rows[:0]
		var probing time.Duration // in the probe, extrapolated from the block's first record
		var keeping time.Duration // of configurations
		sweep := g.Sweeps()
		for range block {
			sweep++
			g.at = Sweep{sweep, false}
			g.Kernel.Step()
			if sweep%p.Every == 0 {
				n := len(rows)
				if n+record > cap(rows) {
					rows = append(make([]float64, 0, 2*cap(rows)+record), rows...)
				}
				rows = rows[:n+record]
				if n > 0 {
					g.Probe.Read(rows[n:])
				} else {
					before := time.Now()
					g.Probe.Read(rows[n:])
					probing = max(0, time.Since(before)-clock)
				}
			}
			if p.Save > 0 && sweep%p.Save == 0 {
				before := time.Now()
				for c := range g.chains {
					configuration = g.Export(c, configuration[:0])
					if err := sink.Keep(c, configuration); err != nil {
						return err
					}
				}
				keeping += max(0, time.Since(before)-clock)
			}
		}
		elapsed := time.Since(start)
		if record > 0 {
			probing *= time.Duration(len(rows) / record)
		}
		g.elapsed.Add(int64(elapsed))
		g.kernel += max(0, elapsed-probing-keeping)
		if err := sink.Append(rows); err != nil {
			return err
		}
		g.sweeps.Store(int64(sweep))
		block = nextBlock(block, elapsed)
	}
	if err := g.check(); err != nil {
		return err
	}
	return sink.Checkpoint(g.Save())
}

// checkShare is how much longer the chains run between two checks, at the
// least, than a check takes.
const checkShare = 100

// check returns the fault that Check finds.
func (g *Group) check() error {
	if g.Check == nil {
		return nil
	}
	if err := g.Check(); err != nil {
		return &Fault{g.at, err}
	}
	return nil
}

const noExport = "mc: a plan saves configurations of a group without Export"

// nextBlock returns how many sweeps take about blockTime, given what the
// last block took.
func nextBlock(sweeps int, took time.Duration) int {
	ratio := float64(blockTime) / math.Max(float64(took), 1)
	return max(1, min(int(float64(sweeps)*math.Min(ratio, 2)), maxBlock))
}

// clockCost returns what a pair of looks at the clock measures by itself.
func clockCost() time.Duration {
	least := time.Duration(math.MaxInt64)
	for range 32 {
		start := time.Now()
		least = min(least, time.Since(start))
	}
	return least
}
