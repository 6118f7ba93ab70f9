package engine

import (
	"context"
	"fmt"
	"time"

	"mcrun/internal/card"
	"mcrun/observables"
)

// A Cost is what a run would take.
type Cost struct {
	Time   time.Duration // on the workers asked for; 0: not estimated
	Memory float64       // bytes, of configurations and tables
	Disk   float64       // bytes, of series and checkpoints; 0: depends on the machine's speed
}

// String returns the cost in words.
func (c Cost) String() string {
	s := "time unknown"
	if c.Time > 0 {
		s = "about " + Duration(c.Time)
	}
	s += ", " + size(c.Memory) + " of memory"
	if c.Disk > 0 {
		s += ", " + size(c.Disk) + " of disk"
	}
	return s
}

// Limits of what EstimateCost spends itself.
const (
	trialTime   = 3 * time.Second // in all
	trialMemory = 1 << 30         // bytes
)

// EstimateCost estimates what a card would take, by short trials of its
// tasks from the start of a chain.
func EstimateCost(ctx context.Context, c *card.Card, workers int) (Cost, error) {
	var cost Cost
	tasks := c.Tasks()
	each := min(50*time.Millisecond, trialTime/time.Duration(tasks))
	known := true
	var seconds float64
	for i := range tasks {
		point, prop := task(c, i)
		run := point.Run
		chain, tables := point.Model.Bytes()
		memory := float64(min(workers, run.Chains*tasks))*chain + tables
		cost.Memory = max(cost.Memory, memory)
		columns := len(observables.Columns(point.Observables))
		cost.Disk += float64(run.Chains) * (float64(8*columns*(run.Sweeps/run.Every)) + 2*chain)
		if ctx.Err() != nil {
			return cost, context.Cause(ctx)
		}
		if run.Sweeps == 0 {
			seconds += float64(run.Chains) * run.Seconds
			continue
		}
		if chain+tables > trialMemory {
			known = false
			continue
		}
		m, err := prepare(point)
		if err != nil {
			return cost, err
		}
		g := group(m, point, prop, 0)
		row := make([]float64, g.Row)
		sweeps := 0
		start := time.Now()
		for sweeps == 0 || time.Since(start) < each && sweeps < run.Thermalize+run.Sweeps {
			g.Kernel.Step()
			g.Probe.Read(row)
			sweeps++
		}
		perSweep := time.Since(start).Seconds() / float64(sweeps)
		seconds += perSweep * float64(run.Chains*(run.Thermalize+run.Sweeps))
	}
	if known {
		cost.Time = time.Duration(seconds / float64(workers) * float64(time.Second))
	}
	if c.Points[0].Run.Sweeps == 0 {
		cost.Disk = 0
	}
	return cost, nil
}

// Duration writes a duration for a person: 5 s, 3 min 20 s, 2 h 5 min.
func Duration(d time.Duration) string {
	s := int(d.Seconds() + 0.5)
	switch {
	case s < 60:
		return fmt.Sprintf("%d s", max(s, 1))
	case s < 3600:
		return fmt.Sprintf("%d min %d s", s/60, s%60)
	case s < 48*3600:
		return fmt.Sprintf("%d h %d min", s/3600, s/60%60)
	}
	return fmt.Sprintf("%d days %d h", s/86400, s/3600%24)
}

// size writes a number of bytes for a person.
func size(bytes float64) string {
	units := []string{"bytes", "KB", "MB", "GB", "TB"}
	i := 0
	for bytes >= 1000 && i < len(units)-1 {
		bytes /= 1000
		i++
	}
	return fmt.Sprintf("%.3g %s", bytes, units[i])
}
