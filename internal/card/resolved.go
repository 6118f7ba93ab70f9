package card

import (
	"bytes"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"mcrun/mc/param"
)

// An entry is a key of a point with its value after defaults.
type entry struct {
	at    path
	value any
}

// entries returns every key of a point in the order of the resolved card.
func (p *Point) entries() entries {
	list := entries{{path{"seed"}, p.Seed}}
	add := func(table path, settings []param.Setting) {
		for _, s := range settings {
			list = append(list, entry{table.with(s.Key), s.Value})
		}
	}
	add(path{"model"}, p.ModelKeys())
	list = append(list, p.Run.entries()...)
	add(path{"observables"}, []param.Setting{{Key: "record", Value: p.recorded()}})
	add(path{"observables", "derived"}, p.Derived)
	for i, q := range p.Proposals {
		at := path{"proposal", strconv.Itoa(i)}
		add(at, []param.Setting{{Key: "name", Value: q.Name}})
		if q.Ladder != nil {
			add(at, q.Ladder.keys())
		}
		for j, m := range q.Members {
			here := at
			switch {
			case q.Ladder != nil:
				here = q.inner(at.with("inner"), j)
			case q.Kind != Single:
				here = at.with(string(q.Kind), strconv.Itoa(j))
			}
			add(here, m.keys(q.Kind))
		}
	}
	for _, f := range p.Flows {
		at := path{"flow", f.Name}
		add(at, param.Encode(f.Spec))
		add(at.with("train"), param.Encode(f.Train))
	}
	return list
}

// recorded returns the names of the observables that are not derived.
func (p *Point) recorded() []string {
	names := make([]string, len(p.Observables)-len(p.Derived))
	for i := range names {
		names[i] = p.Observables[i].Name
	}
	return names
}

// ModelKeys returns the keys of the table [model] with their values after
// defaults: the name first, then the model's own in their order.
func (p *Point) ModelKeys() []param.Setting {
	return append([]param.Setting{{Key: "name", Value: p.ModelName}}, param.Encode(p.Model)...)
}

// keys returns the keys of a member with their values after defaults.
func (m *Member) keys(kind Kind) []param.Setting {
	list := []param.Setting{{Key: "kernel", Value: m.Kernel}, {Key: "steps", Value: m.Steps}}
	if kind == Mixture {
		list = append(list, param.Setting{Key: "weight", Value: m.Weight})
	}
	if m.Refresh {
		list = append(list, param.Setting{Key: "refresh", Value: true})
	}
	return append(list, param.Encode(m.Spec)...)
}

// Resolved writes the card with every default, with the settings of the
// command line and with its scan, in a fixed order. Scanned keys are in
// [scan] alone. The card that it parses to is this one, and is written in the
// same bytes.
func (c *Card) Resolved() []byte { return c.write(false) }

// Stored is Resolved with the files that the card names, weights that are given among
// them, in the places where the run directory keeps them, and without the paths of
// weights that are to be trained: those of a run directory are its own.
func (c *Card) Stored() []byte { return c.write(true) }

// write writes the resolved card, or as it is stored.
func (c *Card) write(stored bool) []byte {
	place := func(f param.File) string { return f.Path }
	if stored {
		place = c.InputPath
	}
	var b strings.Builder
	var top []param.Setting
	if c.Title != "" {
		top = append(top, param.Setting{Key: "title", Value: c.Title})
	}
	p, fixed := &c.Points[0], c.fixed()
	for i, e := range fixed {
		if f, ok := e.value.(param.File); ok {
			fixed[i].value = place(f)
		}
	}
	writeTable(&b, "", append(top, fixed.within(nil)...))
	for _, table := range []string{"model", "run", "observables"} {
		if keys := fixed.within(path{table}); len(keys) > 0 {
			writeTable(&b, "["+table+"]", keys)
		}
	}
	for i, q := range p.Proposals {
		at := path{"proposal", strconv.Itoa(i)}
		keys, group := fixed.within(at), string(q.Kind)
		if q.Ladder != nil {
			group = "inner"
			if q.Kind == Single {
				keys = append(keys, param.Setting{Key: group, Value: verbatim(inline(fixed.within(at.with(group))))})
			}
		}
		writeTable(&b, "[[proposal]]", keys)
		if q.Kind == Single {
			continue
		}
		fmt.Fprintf(&b, "%s = [\n", group)
		for j := range q.Members {
			fmt.Fprintf(&b, "  %s,\n", inline(fixed.within(at.with(group, strconv.Itoa(j)))))
		}
		b.WriteString("]\n")
	}
	for _, f := range p.Flows {
		at := path{"flow", f.Name}
		keys := fixed.within(at)
		if stored {
			keys = slices.DeleteFunc(keys, func(k param.Setting) bool { return k.Key == "weights" })
			if given := c.weightsPath(f.Name); given != "" {
				keys = append(keys, param.Setting{Key: "weights", Value: given})
			}
		}
		writeTable(&b, "["+tableName(at)+"]", keys)
		writeTable(&b, "["+tableName(at.with("train"))+"]", fixed.within(at.with("train")))
	}
	if len(c.axes) > 0 {
		var keys []param.Setting
		for _, a := range c.axes {
			value := a.given()
			if files := c.files(a); files != nil {
				list := make([]string, len(files))
				for i, f := range files {
					list[i] = place(f)
				}
				value = list
			}
			keys = append(keys, param.Setting{Key: param.Format(a.key), Value: value})
		}
		writeTable(&b, "[scan]", keys)
	}
	return bytes.TrimLeft([]byte(b.String()), "\n")
}

// tableName writes the path of a table for its header.
func tableName(p path) string {
	parts := slices.Clone(p)
	for i, key := range parts {
		if !bareKey.MatchString(key) || strings.Contains(key, "+") {
			parts[i] = param.Format(key)
		}
	}
	return strings.Join(parts, ".")
}

// verbatim is a value that is already written in TOML.
type verbatim string

// given returns the values of an axis as the card gives them.
func (a *axis) given() any {
	if a.span == nil {
		return a.values
	}
	end := func(x float64) any {
		if a.span.whole {
			return int64(x)
		}
		return x
	}
	return verbatim(inline([]param.Setting{{Key: "from", Value: end(a.span.From)}, {Key: "to", Value: end(a.span.To)}, {Key: "points", Value: a.span.Points}}))
}

// entries are keys of a card.
type entries []entry

// within returns the keys of the table at p, and of one of the tables that are
// written in full those of the tables in it, as dotted keys.
func (list entries) within(p path) (keys []param.Setting) {
	full := len(p) == 1
	for _, e := range list {
		n := len(p)
		if len(e.at) <= n || e.at[:n].id() != p.id() || len(e.at) > n+1 && !full {
			continue
		}
		keys = append(keys, param.Setting{Key: strings.Join(e.at[n:], "."), Value: e.value})
	}
	return keys
}

// fixed returns the keys that are not scanned and have one value at all
// points. The others are defaults that depend on what is scanned.
func (c *Card) fixed() entries {
	scanned := map[string]bool{}
	for _, a := range c.axes {
		scanned[a.at.id()] = true
	}
	var list entries
	for _, e := range c.Points[0].entries() {
		if !scanned[e.at.id()] {
			list = append(list, e)
		}
	}
	for i := 1; i < len(c.Points); i++ {
		values := map[string]any{}
		for _, e := range c.Points[i].entries() {
			values[e.at.id()] = e.value
		}
		list = slices.DeleteFunc(list, func(e entry) bool {
			return !reflect.DeepEqual(values[e.at.id()], e.value)
		})
	}
	return list
}

// writeTable writes a table with its equal signs below each other.
func writeTable(b *strings.Builder, header string, keys []param.Setting) {
	if header != "" {
		b.WriteString("\n" + header + "\n")
	}
	width := 0
	for _, k := range keys {
		width = max(width, utf8.RuneCountInString(k.Key))
	}
	for _, k := range keys {
		fmt.Fprintf(b, "%-*s = %s\n", width, k.Key, write(k.Value))
	}
}

// inline writes an inline table.
func inline(keys []param.Setting) string {
	parts := make([]string, len(keys))
	for i, k := range keys {
		parts[i] = k.Key + " = " + write(k.Value)
	}
	return "{ " + strings.Join(parts, ", ") + " }"
}

func write(value any) string {
	if v, ok := value.(verbatim); ok {
		return string(v)
	}
	return param.Format(value)
}
