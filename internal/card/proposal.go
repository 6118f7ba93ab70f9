package card

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"mcrun/mc/param"
	"mcrun/models"
	"mcrun/proposals"
	"mcrun/proposals/flow"
)

// nameKeys are the keys of every proposal.
type nameKeys struct {
	Name *string `card:"name"`
}

// memberKeys are the keys of every kernel.
type memberKeys struct {
	Kernel string `card:"kernel"`
	Steps  int    `card:"steps" default:"1" min:"1"`
	// Refresh is for kernels that act on the dual of a model of spins.
	Refresh *bool `card:"refresh"`
}

// weightKeys are the keys of every member of a mixture.
type weightKeys struct {
	Weight float64 `card:"weight" above:"0"`
}

// proposal decodes the proposal at p. It belongs to a point, which has no
// model if that is wrong itself.
func (c *checker) proposal(p path, table map[string]any, point *Point) Proposal {
	q := Proposal{Name: nameOf(table)}
	var kinds []string
	for _, kind := range []Kind{Single, Cycle, Mixture} {
		if _, ok := table[string(kind)]; ok {
			kinds = append(kinds, string(kind))
			q.Kind = kind
		}
	}
	switch {
	case len(kinds) > 1:
		c.report(p.with(kinds[1]), param.Error{Problem: "given beside " + kinds[0], Expected: "one of the two"})
	case len(kinds) == 0:
		c.noKernel(p, table)
	case q.Kind == Single && table["kernel"] == tempering:
		c.tempered(p, table, &q, point)
	case q.Kind == Single:
		if m, ok := c.member(p, table, point, new(nameKeys)); ok {
			q.Members = []Member{m}
			c.ergodic(p, &q, point)
			c.steps(p, &q, &point.Run)
		}
	default:
		if c.members(p, table, &q, point) {
			c.ergodic(p, &q, point)
			c.steps(p, &q, &point.Run)
		}
	}
	return q
}

// noKernel reports a proposal that has neither a kernel nor several.
func (c *checker) noKernel(p path, table map[string]any) {
	for _, key := range slices.Sorted(maps.Keys(table)) {
		if near, ok := param.Nearest(key, []string{"kernel", "cycle", "mixture"}); ok {
			c.report(p.with(key), param.Error{Problem: unknownKey, Expected: "kernel, cycle or mixture", Suggestion: near})
			return
		}
	}
	c.report(p.with("kernel"), param.Error{Problem: "missing", Expected: `kernel = "...", cycle = [...] or mixture = [...]`})
}

// members decodes the members of a cycle or mixture and reports whether all
// are sound.
func (c *checker) members(p path, table map[string]any, q *Proposal, point *Point) bool {
	kind := string(q.Kind)
	for _, key := range slices.Sorted(maps.Keys(table)) {
		if key == "name" || key == kind {
			continue
		}
		e := param.Unknown(key, []string{"name", kind})
		if key == "steps" {
			e.Expected = "steps in the members of the " + kind + ", not beside them"
		}
		c.report(p.with(key), *e)
	}
	at := p.with(kind)
	list := tables(table[kind])
	if list == nil {
		problem := "is " + describe(table[kind])
		if empty, ok := table[kind].([]any); ok && len(empty) == 0 {
			problem = "has no kernels"
		}
		c.report(at, param.Error{Problem: problem, Expected: `a list of kernels, as [{ kernel = "metropolis" }, { kernel = "wolff", steps = 5 }]`})
		return false
	}
	sound := true
	for i, t := range list {
		here := at.with(strconv.Itoa(i))
		if c.nested(here, t) {
			sound = false
			continue
		}
		var w weightKeys
		var more []any
		if q.Kind == Mixture {
			more = append(more, &w)
		} else if _, ok := t["weight"]; ok {
			c.report(here.with("weight"), param.Error{Problem: "given in a cycle, which takes its kernels in turn", Expected: "no weight, or a mixture"})
			t = maps.Clone(t)
			delete(t, "weight")
			sound = false
		}
		m, ok := c.member(here, t, point, more...)
		m.Weight = w.Weight
		q.Members = append(q.Members, m)
		sound = sound && ok
	}
	return sound
}

// nested reports whether a member of a cycle or mixture is one itself, which
// is wrong.
func (c *checker) nested(p path, table map[string]any) bool {
	for _, kind := range []Kind{Cycle, Mixture} {
		if _, ok := table[string(kind)]; ok {
			c.report(p.with(string(kind)), param.Error{Problem: "given inside a cycle, a mixture or a ladder", Expected: "kernels only, all in one list"})
			return true
		}
	}
	return false
}

// member decodes the keys of a kernel in the table at p and reports whether
// it is sound; more are the structs of the other keys of that table.
func (c *checker) member(p path, table map[string]any, point *Point, more ...any) (Member, bool) {
	name, ok := table["kernel"].(string)
	if !ok {
		c.lacks(p, table, "kernel", "the name of a kernel in quotes: "+either(kernelNames(p)))
		return Member{}, false
	}
	entry, ok := proposals.Find(name)
	if name == tempering { // which takes kernels, and is none of them
		c.report(p.with("kernel"), param.Error{Problem: "tempering is given among kernels in turn, drawn at random or at the rungs of a ladder", Expected: "it as the kernel of a [[proposal]], with the other kernels in its list inner"})
		return Member{}, false
	}
	if !ok {
		c.unknownWord(p.with("kernel"), name, "unknown kernel", kernelNames(p))
		return Member{}, false
	}
	var k memberKeys
	spec := entry.New()
	if !c.decode(p, table, append(more, &k, spec)...) {
		return Member{}, false
	}
	m := Member{Kernel: name, Steps: k.Steps, Spec: spec}
	if l, ok := spec.(flow.Learned); ok && !c.learned(p, l, point) {
		return m, false
	}
	if point.Model == nil {
		return m, true
	}
	err := spec.Check(point.Model)
	dual, dualised := models.NewDualOf(point.Model)
	if dualised && err != nil && ofKey(err) == nil {
		if e := ofKey(spec.Check(dual)); e != nil {
			err = e // the dual fits, but for a key
		}
	}
	if dualised && err != nil && spec.Check(dual) == nil {
		c.adviseTuning(p, name, spec, dual, point.Run.Thermalize)
		m.Dual, m.Refresh = true, k.Refresh != nil && *k.Refresh
		if err := dual.Limit(); err != nil {
			c.report(p.with("kernel"), param.Error{Problem: name + " does not fit " + point.ModelName + ": " + err.Error(), Expected: "kernels of spins"})
			return m, false
		}
		return m, true
	}
	if k.Refresh != nil {
		c.report(p.with("refresh"), param.Error{Problem: "given for a kernel that does not act on the continuous dual of the model's spins", Expected: "no refresh"})
		return m, false
	}
	if err == nil {
		c.adviseTuning(p, name, spec, point.Model, point.Run.Thermalize)
		if a, ok := spec.(proposals.Adviser); ok {
			if advice := a.Advise(point.Model); advice != "" {
				c.advise(p.with("kernel"), advice)
			}
		}
		return m, true
	}
	if e := ofKey(err); e != nil {
		c.reportIn(p, []*param.Error{e})
		return m, false
	}
	c.report(p.with("kernel"), param.Error{
		Problem:  name + " does not fit " + point.ModelName + ": " + err.Error(),
		Expected: eitherOrNone(fitting(point.Model, func(proposals.Spec) bool { return true })),
	})
	return m, false
}

// ofKey returns the error about a key that err is, and nil if it is about none.
func ofKey(err error) *param.Error {
	if e := (*param.Error)(nil); errors.As(err, &e) && e.Key != "" {
		return e
	}
	return nil
}

// leastTuning is how many sweeps of thermalization a kernel needs to be tuned well.
const leastTuning = 100

// adviseTuning says what is not tuned, or badly, for want of thermalization.
func (c *checker) adviseTuning(p path, name string, spec proposals.Spec, m models.Model, thermalize int) {
	t, ok := spec.(proposals.Tuned)
	if !ok || thermalize >= leastTuning {
		return
	}
	keys, _ := t.Tunes(m)
	if len(keys) == 0 {
		return
	}
	what := fmt.Sprintf("%s tunes its %s in thermalization, for which %d sweeps are few", name, strings.Join(keys, " and "), thermalize)
	if thermalize == 0 {
		what = fmt.Sprintf("%s tunes its %s in thermalization, so that with thermalize = 0 it begins and stays untuned", name, strings.Join(keys, " and "))
	}
	c.advise(p.with("kernel"), fmt.Sprintf("%s; thermalize = 1000 on the card, or give the %s", what, strings.Join(keys, " and ")))
}

// kernelNames returns the names of the kernels that the table at p can have.
func kernelNames(p path) (names []string) {
	for _, e := range proposals.All() {
		names = append(names, e.Name)
	}
	if len(p) == 2 { // a proposal, and no member of one
		names = append(names, tempering)
	}
	return names
}

// ergodic checks that at least one of a proposal's kernels is ergodic, and reports
// whether it is.
func (c *checker) ergodic(p path, q *Proposal, point *Point) bool {
	if point.Model == nil {
		return true
	}
	var stuck []string
	for _, m := range q.Members {
		var target models.Model = point.Model
		if m.Dual {
			target, _ = models.NewDualOf(point.Model)
		}
		err := m.Spec.Ergodic(target)
		if err == nil {
			return true
		}
		if why := m.Kernel + ": " + err.Error(); !slices.Contains(stuck, why) {
			stuck = append(stuck, why)
		}
	}
	helpers := eitherOrNone(fitting(point.Model, func(s proposals.Spec) bool { return s.Ergodic(point.Model) == nil }))
	at, together := p.with(string(q.Kind)), "a cycle or mixture"
	if q.Ladder != nil {
		at, together = p.with("inner"), "a list"
	}
	c.report(at, param.Error{
		Problem:  "does not reach every configuration of " + point.ModelName + " (" + strings.Join(stuck, "; ") + ")",
		Expected: together + " with a kernel that does: " + helpers,
	})
	return false
}

// steps checks how many elementary steps a chain of the proposal makes. Of a
// chain that lasts for a time it counts one sweep after thermalization.
func (c *checker) steps(p path, q *Proposal, r *Run) {
	var sweep float64 // steps in the longest sweep
	most := 0
	for i, m := range q.Members {
		if q.Kind == Mixture {
			sweep = max(sweep, float64(m.Steps))
		} else {
			sweep += float64(m.Steps)
		}
		if m.Steps > q.Members[most].Steps {
			most = i
		}
	}
	if q.Ladder != nil {
		sweep *= float64(q.Ladder.Steps)
	}
	total := sweep * (float64(r.Thermalize) + float64(max(1, r.Sweeps)))
	if total <= maxSteps || sweep == 1 { // too many sweeps are said elsewhere
		return
	}
	switch {
	case q.Ladder != nil && q.Ladder.Steps < q.Members[most].Steps:
		p = q.inner(p.with("inner"), most)
	case q.Ladder == nil && q.Kind != Single:
		p = p.with(string(q.Kind), strconv.Itoa(most))
	}
	c.report(p.with("steps"), param.Error{
		Problem:  fmt.Sprintf("makes %.3g elementary steps in each chain", total),
		Expected: "at most 9e15: fewer steps or fewer sweeps",
	})
}

// fitting lists the kernels that fit a model with their keys at their
// defaults, and of those the ones that pass a test.
func fitting(m models.Model, test func(proposals.Spec) bool) (names []string) {
	dual, spins := models.NewDualOf(m)
	for _, e := range proposals.All() {
		s := e.New()
		if len(param.Decode(nil, s)) != 0 {
			continue
		}
		fits := s.Check(m) == nil || spins && dual.Limit() == nil && s.Check(dual) == nil
		if fits && test(s) {
			names = append(names, e.Name)
		}
	}
	return names
}

func eitherOrNone(kernels []string) string {
	if kernels == nil {
		return "none of the kernels there are"
	}
	return either(kernels)
}
