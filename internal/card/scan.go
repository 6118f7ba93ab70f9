package card

import (
	"cmp"
	"maps"
	"math"
	"slices"
	"strconv"

	"mcrun/mc/param"
)

// An axis is one key of the scan.
type axis struct {
	key    string // as people write it
	at     path
	where  origin
	values []any
	span   *span // how the values were given, if not as a list
}

// span are the keys of a range of values, its ends included.
type span struct {
	From   float64 `card:"from"`
	To     float64 `card:"to"`
	Points int     `card:"points" min:"1" max:"100000"`

	whole bool // the ends are whole numbers, and so are the values that can be
}

// Validate checks what the keys say together.
func (s *span) Validate() error {
	if s.Points == 1 && s.From != s.To {
		return &param.Error{Key: "points", Problem: "is 1, which leaves out an end of the range", Expected: "2 or more, or from and to equal"}
	}
	return nil
}

// values returns the values of the range. Those between the ends have at most
// 15 significant digits, so that a finer range meets the points of a coarser
// one exactly; zero is exact.
func (s *span) values() []any {
	list := make([]any, s.Points)
	for i := range list {
		x := s.From
		if i > 0 {
			t := float64(i) / float64(s.Points-1)
			x = s.From*(1-t) + s.To*t
			x, _ = strconv.ParseFloat(strconv.FormatFloat(x, 'g', 15, 64), 64)
			if math.Abs(x) < 1e-14*max(math.Abs(s.From), math.Abs(s.To)) {
				x = 0 // but for rounding
			}
		}
		if i > 0 && i == s.Points-1 {
			x = s.To
		}
		if list[i] = x; s.whole && x == math.Trunc(x) {
			list[i] = int64(x)
		}
	}
	return list
}

// flattenScan brings keys of the scan that are written without quotes, as
// scan.model.temperature, into the form of those with.
func (c *checker) flattenScan(tree map[string]any) {
	table, ok := tree["scan"].(map[string]any)
	if !ok {
		return
	}
	flat := map[string]any{}
	var walk func(table map[string]any, prefix string, at path)
	walk = func(table map[string]any, prefix string, at path) {
		for _, key := range slices.Sorted(maps.Keys(table)) {
			here, long := at.with(key), prefix+key
			if t, ok := table[key].(map[string]any); ok && !isSpan(t) {
				walk(t, long+".", here)
				continue
			}
			where := c.where.at(here)
			if _, twice := flat[long]; twice {
				c.reportAt(where, param.Error{Key: long, Problem: "is scanned twice", Expected: "each key once"})
				continue
			}
			flat[long] = table[key]
			if at := (path{"scan", long}).id(); len(here) > 2 {
				c.where[at] = where
			}
		}
	}
	walk(table, "", path{"scan"})
	tree["scan"] = flat
}

// isSpan reports whether a table in [scan] is meant as a range, and not as
// the beginning of a dotted key.
func isSpan(t map[string]any) bool {
	for key := range t {
		if _, ok := param.Nearest(key, []string{"from", "to", "points"}); ok {
			return true
		}
	}
	return len(t) == 0
}

// scan returns the axes of the card's scan.
func (c *checker) scan(tree map[string]any) []axis {
	table, _ := tree["scan"].(map[string]any)
	var axes []axis
	for key := range table {
		axes = append(axes, axis{key: key, where: c.where.at(path{"scan", key})})
	}
	slices.SortFunc(axes, func(a, b axis) int {
		return cmp.Or(cmp.Compare(a.where.set, b.where.set), cmp.Compare(a.where.offset, b.where.offset))
	})
	var good []axis
	for _, a := range axes {
		if c.axis(tree, &a, table[a.key], good) {
			good = append(good, a)
		} else {
			c.meant[a.key] = true
		}
	}
	return good
}

// axis reads one key of the scan and reports whether it is sound.
func (c *checker) axis(tree map[string]any, a *axis, given any, before []axis) bool {
	p, e := find(tree, c.labels, a.key)
	if e != nil {
		c.reportAt(a.where, *e)
		return false
	}
	a.at, a.key = p, c.labels.show(p)
	wrong := func(problem, expected string) bool {
		c.reportAt(a.where, param.Error{Key: a.key, Problem: problem, Expected: expected})
		return false
	}
	switch last := p[len(p)-1]; {
	case p[0] == "title":
		return wrong("cannot be scanned", "a key that changes the run")
	case p[0] == "proposal" && (last == "name" || slices.Contains(groupKeys, last) || last == "kernel" && len(p) > 3):
		return wrong("cannot be scanned", "another [[proposal]] instead")
	case p[0] == "flow" && len(p) == 3 && last == "weights":
		return wrong("cannot be scanned", "{point} in its value, which stands for the number of the point")
	}
	for _, b := range before {
		if b.at.id() == p.id() {
			return wrong("is scanned twice", "each key once")
		}
	}
	if at, ok := c.where[p.id()]; ok && at.set > 0 {
		c.reportAt(at, param.Error{Key: a.key, Problem: "is varied by the card's scan", Expected: "another key, or the scan's values, as scan." + a.key + "=[...]"})
		return false
	}
	const form = "a list of values, as [2.0, 2.5], or { from = 2.0, to = 2.6, points = 13 }"
	switch v := given.(type) {
	case []any:
		a.values = v
	case []map[string]any:
		return wrong("is a list of tables", form)
	case map[string]any:
		a.span = new(span)
		if !c.decode(path{"scan", a.key}, v, a.span) {
			return false
		}
		_, from := v["from"].(int64)
		_, to := v["to"].(int64)
		a.span.whole = from && to
		a.values = a.span.values()
	default:
		return wrong("is "+param.Format(v), form)
	}
	if len(a.values) == 0 {
		return wrong("is an empty list", form)
	}
	seen := map[string]bool{}
	for _, v := range a.values {
		text := param.Format(v)
		if n, ok := v.(int64); ok {
			text = param.Format(float64(n))
		}
		if seen[text] {
			return wrong("has the value "+param.Format(v)+" twice", "each value once: equal points would give equal numbers")
		}
		seen[text] = true
	}
	return true
}

// shadowed checks the values that the card itself gives to scanned keys, each
// apart from all other keys: though no point has it, a wrong value is a
// mistake.
func (c *checker) shadowed(tree map[string]any, axes []axis, fine map[string]bool) {
	for _, a := range axes {
		own := get(tree, a.at)
		if own == nil {
			continue
		}
		alone, _ := at(tree, axes, 0)
		for _, p := range []path{{"model"}, {"run"}, a.at[:len(a.at)-1]} {
			if table, ok := get(alone, p).(map[string]any); ok && len(p) > 0 {
				maps.DeleteFunc(table, func(key string, _ any) bool {
					return !slices.Contains(append([]string{"name", "kernel"}, groupKeys...), key)
				})
			}
		}
		put(alone, a.at, own)
		here := &checker{file: c.file, sets: c.sets, machine: c.machine, where: c.where, labels: c.labels, seen: map[Error]bool{}, files: c.files}
		here.point(alone, new(Card), 0, fine)
		for _, e := range here.errs {
			if e.Key == a.key && !c.seen[*e] {
				c.seen[*e] = true
				c.errs = append(c.errs, e)
			}
		}
	}
}

// at returns the card's tables at point i of a scan, and where the scanned
// keys were written.
func at(tree map[string]any, axes []axis, i int) (map[string]any, origins) {
	if len(axes) == 0 {
		return tree, nil
	}
	tree = clone(tree).(map[string]any)
	scanned := origins{}
	for k := len(axes) - 1; k >= 0; k-- {
		a := axes[k]
		n := len(a.values)
		put(tree, a.at, a.values[i%n])
		scanned[a.at.id()] = a.where
		i /= n
	}
	return tree, scanned
}
