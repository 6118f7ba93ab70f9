package card

import (
	"fmt"
	"reflect"
	"strings"

	"mcrun/mc/param"
)

// Differences returns what keeps a run that was begun with one card from
// going on with another, one difference a line; nil if nothing does.
// Title, checkpoint and the paths of weights may differ, and sweeps or seconds may
// have become larger.
func Differences(run, card *Card) []string {
	var list []string
	differ := func(what, before, now string) {
		list = append(list, fmt.Sprintf("%s: %s in the run directory, %s in the card", what, before, now))
	}
	names := run.names() == card.names()
	if !names {
		differ("proposals", run.names(), card.names())
	}
	said := map[string]bool{}
	compare := func(before, now entries, where string) {
		l, m := run.label(), card.label()
		values := map[string]any{}
		for _, e := range now {
			values[m.show(e.at)] = e.value
		}
		check := func(at path, key string, was, is any) {
			if at[0] == "flow" && at[len(at)-1] == "weights" {
				return // the file counts, and not its path
			}
			if section, _, _ := strings.Cut(key, "."); section == "proposal" && !names {
				return
			}
			if !said[key] && !mayChange(key, was, is) {
				said[key] = true
				differ(key+where, written(was), written(is))
			}
		}
		for _, e := range before {
			key := l.show(e.at)
			check(e.at, key, e.value, values[key])
			delete(values, key)
		}
		for _, e := range now {
			if key := m.show(e.at); values[key] != nil {
				check(e.at, key, nil, e.value)
			}
		}
	}
	if run.scanned() != card.scanned() {
		differ("scan", run.scanned(), card.scanned())
		compare(run.fixed(), card.fixed(), "")
		return list
	}
	for i := range run.Points {
		where := ""
		if len(run.Points) > 1 {
			where = fmt.Sprintf(" at point %d", i)
		}
		compare(run.Points[i].entries(), card.Points[i].entries(), where)
	}
	return list
}

// mayChange reports whether a run can go on although a key has changed.
func mayChange(key string, was, is any) bool {
	if reflect.DeepEqual(was, is) || key == "run.checkpoint" {
		return true
	}
	switch was := was.(type) {
	case param.File:
		is, ok := is.(param.File)
		return ok && was.Sum() == is.Sum()
	case int:
		is, ok := is.(int)
		return ok && key == "run.sweeps" && is > was
	case float64:
		is, ok := is.(float64)
		return ok && key == "run.seconds" && is > was
	}
	return false
}

// written returns a value as a difference shows it.
func written(value any) string {
	if value == nil {
		return "not set"
	}
	if f, ok := value.(param.File); ok {
		return fmt.Sprintf("%s (SHA-256 %.8s)", param.Format(f), f.Sum())
	}
	return param.Format(value)
}

// names lists the proposals.
func (c *Card) names() string {
	var names []string
	for _, q := range c.Points[0].Proposals {
		names = append(names, q.Name)
	}
	return strings.Join(names, ", ")
}

// scanned lists what is scanned.
func (c *Card) scanned() string {
	var keys []string
	for _, a := range c.axes {
		keys = append(keys, fmt.Sprintf("%s (%d values)", a.key, len(a.values)))
	}
	if keys == nil {
		return "nothing"
	}
	return strings.Join(keys, ", ")
}

// label returns the labels of the card's proposals.
func (c *Card) label() labels {
	var list []map[string]any
	for _, q := range c.Points[0].Proposals {
		table := map[string]any{"name": q.Name}
		if q.Ladder != nil || q.Kind != Single {
			var members []map[string]any
			for _, m := range q.Members {
				members = append(members, map[string]any{"kernel": m.Kernel})
			}
			switch {
			case q.Ladder == nil:
				table[string(q.Kind)] = members
			case q.Kind == Single:
				table["inner"] = members[0]
			default:
				table["inner"] = members
			}
		}
		list = append(list, table)
	}
	return label(map[string]any{"proposal": list})
}
