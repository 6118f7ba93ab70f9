package card

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"mcrun/mc/param"
	"mcrun/models"
	"mcrun/observables"
	"mcrun/proposals"
	"mcrun/proposals/flow"
)

// tempering is the kernel of a proposal that is a ladder.
const tempering = "tempering"

// A Ladder is what the rungs of a tempered proposal differ in. The proposal's
// Members are the kernels of each rung.
type Ladder struct {
	Key    string    // of [model]
	Values []float64 // at the rungs; nil if they are spaced by measured acceptance
	// From and To are the ends of a ladder of so many Rungs that is spaced.
	From, To float64
	Rungs    int
	Steps    int // rounds in one sweep
}

// ladderKeys are the keys of a tempered proposal but for its name.
type ladderKeys struct {
	Kernel string    `card:"kernel"`
	Steps  int       `card:"steps" default:"1" min:"1"`
	Key    *string   `card:"key" doc:"key of [model] in which the rungs differ; default: temperature or beta, whichever the card has"`
	Values []float64 `card:"values" default:"" doc:"of the key at the rungs, rising or falling; or from, to and rungs"`
	From   *float64  `card:"from" doc:"value at the first rung"`
	To     *float64  `card:"to" doc:"value at the last rung"`
	Rungs  *int      `card:"rungs" min:"2" max:"1000" doc:"how many there are from from to to, both included, spaced for equal acceptance, which is measured before thermalization"`
	Inner  *string   `card:"inner" doc:"the kernel of each rung, as { kernel = \"metropolis\", steps = 1 }, or a list of kernels in turn"` // decoded apart
}

// Tempering describes the kernel tempering for lists: what a step is, and its
// keys.
func Tempering() (name, doc string, keys []param.Field) {
	for _, f := range param.Fields(ladderKeys{}) {
		switch f.Name {
		case "kernel", "steps":
			continue
		case "values":
			f.Default = ""
		case "inner":
			f.Type, f.Required = "a table or a list of tables", true
		}
		keys = append(keys, f)
	}
	return tempering, "replica exchange on a ladder of temperatures or another key (Hukushima and Nemoto 1996); one step is one round of exchanges and of the inner kernels", keys
}

// Validate checks what the keys say together.
func (k *ladderKeys) Validate() error {
	spaced := map[string]bool{"from": k.From != nil, "to": k.To != nil, "rungs": k.Rungs != nil}
	var errs []error
	for _, key := range []string{"from", "to", "rungs"} {
		switch {
		case len(k.Values) > 0 && spaced[key]:
			errs = append(errs, &param.Error{Key: key, Problem: "given beside values", Expected: "values, or from, to and rungs"})
		case len(k.Values) == 0 && !spaced[key] && (spaced["from"] || spaced["to"] || spaced["rungs"]):
			errs = append(errs, &param.Error{Key: key, Problem: "missing", Expected: "from, to and rungs, all three, or values"})
		}
	}
	if len(k.Values) == 0 && len(errs) == 0 && k.From == nil {
		errs = append(errs, &param.Error{Key: "values", Problem: "missing", Expected: "values, as values = [1.0, 1.5, 2.0], or from, to and rungs"})
	}
	return errors.Join(errs...)
}

// Size returns the number of rungs.
func (l *Ladder) Size() int {
	if l.Values != nil {
		return len(l.Values)
	}
	return l.Rungs
}

// First returns the values at the rungs where they are given, and those that a
// ladder begins with which is to be spaced: by equal factors where the ends are of
// one sign, and else by equal steps.
func (l *Ladder) First() []float64 {
	if l.Values != nil {
		return l.Values
	}
	list := make([]float64, l.Rungs)
	for i := range list {
		t := float64(i) / float64(l.Rungs-1)
		if l.From*l.To > 0 {
			list[i] = l.From * math.Pow(l.To/l.From, t)
		} else {
			list[i] = l.From*(1-t) + l.To*t
		}
	}
	list[l.Rungs-1] = l.To
	return list
}

// Thermal reports whether the rungs differ in temperature alone.
func (l *Ladder) Thermal() bool { return l.Key == "temperature" || l.Key == "beta" }

// Rungs returns the point as it is at each rung of a ladder with the given values
// of its key. There is no error for those of [Ladder.First], which are checked with
// the card.
func (p *Point) Rungs(l *Ladder, values []float64) ([]*Point, error) {
	list := make([]*Point, len(values))
	for i, v := range values {
		rung, err := p.rung(l.Key, v)
		if err != nil {
			return nil, fmt.Errorf("at the rung %s = %v: %w", l.Key, v, err)
		}
		list[i] = rung
	}
	return list, nil
}

// first returns the point at the rungs that a ladder begins with.
func (p *Point) first(l *Ladder) []*Point {
	rungs, err := p.Rungs(l, l.First())
	if err != nil {
		panic("card: a ladder that was checked: " + err.Error())
	}
	return rungs
}

// rung returns the point with another value of a key of its model.
func (p *Point) rung(key string, value float64) (*Point, *param.Error) {
	m, e := p.with(key, value)
	if e != nil {
		return nil, e
	}
	q := *p
	q.Model = m
	q.Observables = slices.Clone(p.Observables)
	for i, o := range q.Observables {
		err := error(nil)
		if k := i - (len(p.Observables) - len(p.Derived)); k >= 0 { // in which the key may occur
			q.Observables[i], err = observables.Derive(p.Derived[k].Key, p.Derived[k].Value.(string), q.Model)
		} else {
			err = o.Check(q.Model)
		}
		if err != nil {
			return nil, &param.Error{Problem: o.Name + " cannot be recorded: " + err.Error(), Expected: "a ladder on which every observable exists"}
		}
	}
	return &q, nil
}

// with returns the model with another value of one of its keys, not prepared.
func (p *Point) with(key string, value float64) (models.Spec, *param.Error) {
	table := map[string]any{}
	for _, k := range param.Encode(p.Model) {
		table[k.Key] = k.Value
	}
	if key == "temperature" || key == "beta" { // of which a model takes one
		delete(table, "temperature")
		delete(table, "beta")
	}
	table[key] = value
	entry, _ := models.Find(p.ModelName)
	m := entry.New()
	if errs := param.Decode(table, m); len(errs) > 0 {
		return nil, errs[0]
	}
	return m, nil
}

// tempered decodes a proposal that is a ladder.
func (c *checker) tempered(p path, table map[string]any, q *Proposal, point *Point) {
	table = maps.Clone(table)
	inner, given := table["inner"]
	delete(table, "inner")
	var k ladderKeys
	sound := c.decode(p, table, new(nameKeys), &k)
	rungs := []*Point{point} // to which inner kernels must fit
	if sound && point.Model != nil {
		if l, found := c.ladder(p, &k, point); found != nil {
			q.Ladder, rungs = l, found
		} else {
			sound = false
		}
	}
	at := p.with("inner")
	const expected = `the kernel of each rung, as inner = { kernel = "metropolis" }, or a list of kernels in turn`
	var list []map[string]any
	switch t := inner.(type) {
	case map[string]any:
		list = []map[string]any{t}
		q.Kind = Single
	case []map[string]any:
		list = t
		q.Kind = Cycle
	}
	if len(list) == 0 {
		problem := "is " + describe(inner)
		if empty, ok := inner.([]any); ok && len(empty) == 0 {
			problem = "has no kernels"
		}
		if !given {
			problem = "missing"
			for key := range table {
				if near, ok := param.Nearest(key, []string{"inner"}); ok && near == "inner" {
					return // which is misspelt
				}
			}
		}
		c.report(at, param.Error{Problem: problem, Expected: expected})
		return
	}
	for i, t := range list {
		here := q.inner(at, i)
		if c.nested(here, t) {
			sound = false
			continue
		}
		var first Member
		for k, rung := range rungs {
			m, ok := c.member(here, t, rung)
			if l, learned := m.Spec.(flow.Learned); ok && learned {
				c.report(here.with("kernel"), param.Error{Problem: m.Kernel + " moves by the flow " + l.FlowName() + ", which is trained for one model, and at the rungs of a ladder it is another at each", Expected: "another kernel, or a cycle without a ladder"})
				ok = false
			}
			if k == 0 {
				first = m
			}
			if !ok {
				sound = false
				break // at the others the same is wrong
			}
		}
		q.Members = append(q.Members, first)
	}
	if !sound || q.Ladder == nil {
		return
	}
	for _, rung := range rungs {
		if !c.ergodic(p, q, rung) {
			return
		}
	}
	c.steps(p, q, &point.Run)
	c.alike(p, q, point)
	keys := []string{q.Ladder.Key}
	if q.Ladder.Thermal() {
		keys = []string{"temperature", "beta"}
	}
	for _, key := range keys {
		if c.isScanned(path{"model", key}) {
			c.advise(p.with("kernel"), "the scan varies model."+key+", which is the ladder's own at every rung: its points run the same ladder again")
		}
	}
}

// inner returns the path of member i of a ladder whose key inner is at a path.
func (q *Proposal) inner(at path, i int) path {
	if q.Kind == Single {
		return at
	}
	return at.with(strconv.Itoa(i))
}

// ladder returns the rungs of a ladder, the point at each, and nil if they are
// wrong.
func (c *checker) ladder(p path, k *ladderKeys, point *Point) (*Ladder, []*Point) {
	l := &Ladder{Steps: k.Steps}
	if len(k.Values) > 0 {
		l.Values = k.Values
	} else {
		l.From, l.To, l.Rungs = *k.From, *k.To, *k.Rungs
	}
	sound := true
	wrong := func(at path, e param.Error) {
		c.report(at, e)
		sound = false
	}
	wrongValue := func(i int, e param.Error) {
		at := p.with("values")
		switch {
		case l.Values != nil:
			e.Key = c.labels.show(at)
			c.reportAt(c.origin(at.with(strconv.Itoa(i))), e)
			sound = false
		case i == 0:
			wrong(p.with("from"), e)
		default:
			wrong(p.with("to"), e)
		}
	}
	if err := proposals.CanTemper(point.Model); err != nil {
		wrong(p.with("kernel"), param.Error{Problem: tempering + " does not fit " + point.ModelName + ": " + err.Error(), Expected: "another kernel"})
	}

	var numeric []string
	for _, f := range param.Fields(point.Model) {
		if f.Type == "a number" {
			numeric = append(numeric, f.Name)
		}
	}
	at := p.with("key")
	expected := "a key of [model] that is a number: " + either(numeric)
	if numeric == nil {
		expected = "another kernel: " + point.ModelName + " has no key that is a number"
	}
	if k.Key != nil {
		l.Key = *k.Key
		if !slices.Contains(numeric, l.Key) {
			e := param.Error{Problem: "is " + param.Format(l.Key) + ", which no key of " + point.ModelName + " is", Expected: expected}
			if slices.ContainsFunc(param.Fields(point.Model), func(f param.Field) bool { return f.Name == l.Key }) {
				e.Problem = "is " + param.Format(l.Key) + ", of which no ladder can be made"
			} else if near, ok := param.Nearest(l.Key, numeric); ok {
				e.Suggestion = param.Format(near)
			}
			wrong(at, e)
		}
	} else {
		for _, s := range param.Encode(point.Model) {
			if s.Key == "temperature" || s.Key == "beta" {
				l.Key = s.Key
			}
		}
		if l.Key == "" {
			wrong(at, param.Error{Problem: "missing: " + point.ModelName + " has no temperature", Expected: expected})
		}
	}

	values := l.First()
	if l.Values != nil {
		if len(values) < 2 {
			wrong(p.with("values"), param.Error{Problem: "has one value", Expected: "two rungs at the least"})
		}
		for i := 1; i < len(values); i++ {
			rises, falls := values[i] > values[i-1], values[i] < values[i-1]
			if rises && values[1] > values[0] || falls && values[1] < values[0] {
				continue
			}
			e := param.Error{Problem: fmt.Sprintf("has %s after %s, where neighbours are to be closest", param.Format(values[i]), param.Format(values[i-1])), Expected: "values that rise or fall from rung to rung"}
			if values[i] == values[i-1] {
				e.Problem = "has " + param.Format(values[i]) + " twice"
			}
			wrongValue(i, e)
			break
		}
	} else if l.From == l.To {
		wrong(p.with("to"), param.Error{Problem: "is equal to from", Expected: "another value: the rungs are to differ"})
	}
	if !sound {
		return l, nil
	}
	var rungs []*Point
	for i, v := range values {
		rung, e := point.rung(l.Key, v)
		if e == nil {
			rungs = append(rungs, rung)
			continue
		}
		said := param.Error{Problem: e.Problem, Expected: e.Expected}
		if e.Key != l.Key {
			said.Problem = strings.TrimSpace(fmt.Sprintf("has %s = %s, at which %s", l.Key, param.Format(v), e.Key+" "+e.Problem))
		}
		wrongValue(i, said)
	}
	if !sound {
		return l, nil
	}
	return l, rungs
}

// alike checks that a chain of a ladder records as many numbers at each rung.
func (c *checker) alike(p path, q *Proposal, point *Point) {
	columns := point.Columns(q)
	for i, rung := range point.first(q.Ladder) {
		if !slices.Equal(observables.Columns(rung.Model, rung.Observables, q.Source(point)), columns) {
			c.report(p.with("key"), param.Error{
				Problem:  fmt.Sprintf("changes how many numbers are recorded, from those of [model] to others at rung %d", i),
				Expected: "a key on which that does not depend",
			})
			return
		}
	}
}

// keys returns the keys of a tempered proposal with their values after defaults,
// but for its name and its inner kernels.
func (l *Ladder) keys() []param.Setting {
	list := []param.Setting{{Key: "kernel", Value: tempering}, {Key: "steps", Value: l.Steps}, {Key: "key", Value: l.Key}}
	if l.Values != nil {
		return append(list, param.Setting{Key: "values", Value: l.Values})
	}
	return append(list, param.Setting{Key: "from", Value: l.From}, param.Setting{Key: "to", Value: l.To}, param.Setting{Key: "rungs", Value: l.Rungs})
}
