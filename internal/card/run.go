package card

import (
	"fmt"
	"time"

	"mcrun/mc/param"
	"mcrun/models"
)

// runKeys are the keys of the table [run].
type runKeys struct {
	Chains     int `card:"chains" default:"4" min:"1" doc:"independent chains of each proposal"`
	Thermalize int `card:"thermalize" default:"1000" min:"0" doc:"sweeps discarded"`
	Length
	Every      int           `card:"every" default:"1" min:"1" doc:"sweeps from one record to the next"`
	Checkpoint time.Duration `card:"checkpoint" default:"60s" above:"0s" doc:"time from one checkpoint to the next"`
	Start      models.Start  `card:"start" default:"hot" oneof:"hot cold" doc:"first configuration of each chain"`
}

// Length are the keys that say how long a chain is. They are checked apart from
// the others of [run], so that a mistake there hides none here.
type Length struct {
	Sweeps  *int     `card:"sweeps" min:"1" doc:"sweeps measured in each chain; or seconds"`
	Seconds *float64 `card:"seconds" above:"0" doc:"time of each chain after thermalization; or sweeps"`
}

// Validate checks what the keys say together.
func (l *Length) Validate() error {
	switch {
	case l.Sweeps == nil && l.Seconds == nil:
		return &param.Error{Key: "sweeps", Problem: "missing", Expected: "sweeps, as sweeps = 20000, or seconds, as seconds = 60"}
	case l.Sweeps != nil && l.Seconds != nil:
		return &param.Error{Key: "seconds", Problem: "given beside sweeps", Expected: "one of the two"}
	}
	return nil
}

// Validate checks what the keys say together.
func (r *runKeys) Validate() error {
	if r.Sweeps != nil && r.Every > *r.Sweeps {
		return &param.Error{Key: "every", Problem: fmt.Sprintf("is %d, more than the %d sweeps: nothing would be recorded", r.Every, *r.Sweeps), Expected: "at most sweeps"}
	}
	return nil
}

// run decodes the table [run].
func (c *checker) run(tree map[string]any, r *Run) bool {
	table, _ := tree["run"].(map[string]any)
	var k runKeys
	if !c.decode(path{"run"}, table, &k) {
		return false
	}
	*r = Run{Chains: k.Chains, Thermalize: k.Thermalize, Every: k.Every, Checkpoint: k.Checkpoint, Start: k.Start}
	if k.Sweeps != nil {
		r.Sweeps = *k.Sweeps
	} else {
		r.Seconds = *k.Seconds
	}
	return true
}

// keys is the inverse of run.
func (r *Run) keys() []param.Setting {
	k := runKeys{Chains: r.Chains, Thermalize: r.Thermalize, Every: r.Every, Checkpoint: r.Checkpoint, Start: r.Start}
	if r.Sweeps > 0 {
		k.Sweeps = &r.Sweeps
	} else {
		k.Seconds = &r.Seconds
	}
	return param.Encode(k)
}
