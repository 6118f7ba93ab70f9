package card

import (
	"fmt"
	"maps"
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
	Start      models.Start  `card:"start" default:"hot" oneof:"hot cold" doc:"first configuration of each chain; or { file = \"...\" } with saved ones"`
	Save       *string       `card:"save" doc:"{ every = 100 } keeps a configuration after every so many sweeps"` // a table, which is decoded apart
}

// saveKeys are the keys of run.save.
type saveKeys struct {
	Every int `card:"every" min:"1"`
}

// startKeys are the keys of run.start, if it is a table.
type startKeys struct {
	File  param.File `card:"file"`
	Index *int       `card:"index" min:"0"`
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

// run decodes the table [run]. Keys that are wrong have their defaults, so that
// a mistake in one hides none in others.
func (c *checker) run(tree map[string]any, r *Run) {
	table, _ := tree["run"].(map[string]any)
	table = maps.Clone(table)
	at := path{"run"}
	var save saveKeys
	if given, ok := table["save"]; ok {
		if t, ok := given.(map[string]any); ok {
			c.decode(at.with("save"), t, &save)
		} else {
			c.report(at.with("save"), param.Error{Problem: "is " + describe(given), Expected: "a table, as save = { every = 100 }"})
		}
		delete(table, "save")
	}
	if t, ok := table["start"].(map[string]any); ok {
		var start startKeys
		if c.decode(at.with("start"), t, &start) {
			r.From = &Source{start.File, start.Index}
		}
		delete(table, "start")
	}
	var k runKeys
	c.decode(at, table, &k)
	r.Chains, r.Thermalize, r.Every, r.Save, r.Checkpoint, r.Start = k.Chains, k.Thermalize, k.Every, save.Every, k.Checkpoint, k.Start
	if k.Seconds != nil {
		r.Seconds = *k.Seconds
	}
	if k.Sweeps != nil {
		r.Sweeps = *k.Sweeps
		if r.Every > r.Sweeps {
			c.report(at.with("every"), param.Error{Problem: fmt.Sprintf("is %d, more than the %d sweeps: nothing would be recorded", r.Every, r.Sweeps), Expected: "at most sweeps"})
		}
		if r.Save > r.Sweeps {
			c.report(at.with("save", "every"), param.Error{Problem: fmt.Sprintf("is %d, more than the %d sweeps: nothing would be kept", r.Save, r.Sweeps), Expected: "at most sweeps"})
		}
	}
}

// entries is the inverse of run.
func (r *Run) entries() (list entries) {
	k := runKeys{Chains: r.Chains, Thermalize: r.Thermalize, Every: r.Every, Checkpoint: r.Checkpoint, Start: r.Start}
	if r.Sweeps > 0 {
		k.Sweeps = &r.Sweeps
	} else {
		k.Seconds = &r.Seconds
	}
	at := path{"run"}
	for _, s := range param.Encode(k) {
		if s.Key != "start" || r.From == nil {
			list = append(list, entry{at.with(s.Key), s.Value})
		}
	}
	if r.From != nil {
		for _, s := range param.Encode(startKeys{r.From.File, r.From.Index}) {
			list = append(list, entry{at.with("start", s.Key), s.Value})
		}
	}
	if r.Save > 0 {
		list = append(list, entry{at.with("save", "every"), r.Save})
	}
	return list
}
