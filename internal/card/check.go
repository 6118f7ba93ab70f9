package card

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"mcrun/mc/param"
	"mcrun/models"
)

// sections are the tables and keys of a card.
var sections = []string{"title", "seed", "model", "run", "observables", "proposal", "flow", "scan"}

// card checks a whole card.
func (c *checker) card(tree map[string]any) *Card {
	fine := c.checkSections(tree)
	c.labels = label(tree)
	if fine["proposal"] {
		c.checkNames(tree)
	}
	for i, name := range c.labels.proposals { // names do not change with what is scanned
		if name != "" {
			tables(tree["proposal"])[i]["name"] = name
		}
	}

	card := new(Card)
	if fine["scan"] {
		card.axes = c.scan(tree)
	}
	points := 1
	for _, a := range card.axes {
		points = min(points*len(a.values), maxTasks+1)
	}
	if points*max(1, len(c.labels.proposals)) > maxTasks {
		c.report(path{"scan"}, param.Error{
			Problem:  fmt.Sprintf("makes more than %d tasks, which are points times proposals", maxTasks),
			Expected: "fewer points",
		})
		points = 1
	}
	var chains, sweeps float64
	for i := range points {
		p := c.point(tree, card, i, fine)
		card.Points = append(card.Points, p)
		n := float64(len(p.Proposals)) * float64(p.Run.Chains)
		chains += n
		sweeps += n * (float64(p.Run.Thermalize) + float64(p.Run.Sweeps))
	}
	c.scanned = nil
	if len(c.errs) == 0 {
		c.trainings(card)
	}
	c.shadowed(tree, card.axes, fine)
	switch {
	case chains > maxChains:
		c.report(path{"run", "chains"}, param.Error{
			Problem:  fmt.Sprintf("makes %.3g chains, those of all tasks together", chains),
			Expected: fmt.Sprintf("at most %d", maxChains),
		})
	case sweeps > maxSweeps:
		c.report(path{"run", "sweeps"}, param.Error{
			Problem:  fmt.Sprintf("makes %.3g sweeps, those of all chains together", sweeps),
			Expected: "at most 9e15",
		})
	}
	return card
}

// checkSections checks that the tables of a card are tables and returns which
// of them can be decoded.
func (c *checker) checkSections(tree map[string]any) map[string]bool {
	fine := map[string]bool{}
	for _, s := range sections {
		fine[s] = true
	}
	for _, key := range slices.Sorted(maps.Keys(tree)) {
		if slices.Contains(sections, key) {
			continue
		}
		e := param.Unknown(key, sections)
		if home := homeOf(key, tree); home != "" && e.Suggestion == "" {
			e.Expected, e.Suggestion = "it in the table ["+home+"]", strings.Trim(home, "[]")+"."+key
		}
		c.report(path{key}, *e)
		fine[e.Suggestion] = false // a table that is missing was meant by this
	}
	for _, s := range []string{"model", "run", "observables", "scan"} {
		v, given := tree[s]
		if _, table := v.(map[string]any); given {
			fine[s] = table
		}
		switch {
		case given && fine[s]:
		case tables(v) != nil:
			c.report(path{s}, param.Error{Problem: "is a list of tables", Expected: "one table, [" + s + "] in single brackets"})
		case given:
			c.report(path{s}, param.Error{Problem: "is a value", Expected: "a table, [" + s + "]"})
		}
	}
	fine["flow"] = c.checkFlows(tree) && fine["flow"]
	v, given := tree["proposal"]
	if list, ok := v.([]any); ok && len(list) == 0 {
		given = false
	}
	switch _, single := v.(map[string]any); {
	case !given && fine["proposal"]:
		c.report(path{"proposal"}, param.Error{Problem: "missing", Expected: "a table [[proposal]] for each way to sample, with kernel = \"metropolis\" or another"})
		fine["proposal"] = false
	case given && single:
		c.report(path{"proposal"}, param.Error{Problem: "is a single table", Expected: "a list of tables, each [[proposal]] in double brackets"})
		fine["proposal"] = false
	case given && tables(v) == nil:
		c.report(path{"proposal"}, param.Error{Problem: "is a value", Expected: "tables, each [[proposal]] in double brackets"})
		fine["proposal"] = false
	}
	return fine
}

// homeOf returns the table that has a key which was written outside of it.
func homeOf(key string, tree map[string]any) string {
	has := func(fields []param.Field) bool {
		return slices.ContainsFunc(fields, func(f param.Field) bool { return f.Name == key })
	}
	name, _ := get(tree, path{"model", "name"}).(string)
	entry, known := models.Find(name)
	switch {
	case has(param.Fields(runKeys{})):
		return "run"
	case key == "name" || known && has(param.Fields(entry.New())):
		return "model"
	case key == "record":
		return "observables"
	case key == "kernel" || key == "steps" || key == "cycle" || key == "mixture":
		return "[proposal]"
	}
	return ""
}

// checkNames checks the names of the proposals.
func (c *checker) checkNames(tree map[string]any) {
	first := map[string]int{}
	for i, table := range tables(tree["proposal"]) {
		p := path{"proposal", strconv.Itoa(i)}
		if given, ok := table["name"]; ok {
			p = p.with("name")
			name, ok := given.(string)
			if !ok {
				c.report(p, param.Error{Problem: "is " + describe(given), Expected: "a string in quotes"})
				continue
			}
			if !validName.MatchString(name) {
				c.report(p, param.Error{Problem: "is " + param.Format(name), Expected: "letters, digits and . _ + -, the first a letter or digit", Suggestion: repair(name)})
				continue
			}
		}
		name := nameOf(table)
		if name == "" {
			continue
		}
		if len(name) > maxName {
			c.report(p, param.Error{
				Problem:  fmt.Sprintf("the name has %d characters", len(name)),
				Expected: fmt.Sprintf("a name of at most %d, as name = \"pair\": a directory is called by it", maxName),
			})
			continue
		}
		if j, taken := first[name]; taken {
			c.report(p, param.Error{
				Problem:  fmt.Sprintf("the name %s is taken by the proposal %s", param.Format(name), c.place(c.origin(path{"proposal", strconv.Itoa(j)}))),
				Expected: "a name of its own, as name = " + param.Format(free(name, first)),
			})
			continue
		}
		first[name] = i
	}
}

// place says where something is written.
func (c *checker) place(o origin) string {
	if o.set > 0 {
		return "of --set " + c.sets[o.set-1]
	}
	return fmt.Sprintf("on line %d", o.line)
}

// free returns a name that is not taken.
func free(name string, taken map[string]int) string {
	for i := 2; ; i++ {
		n := name + "-" + strconv.Itoa(i)
		if _, ok := taken[n]; !ok {
			return n
		}
	}
}

// repair returns a valid name like an invalid one, or "".
func repair(name string) string {
	fixed := strings.Map(func(r rune) rune {
		if r < 128 && validName.MatchString("a"+string(r)) {
			return r
		}
		return '-'
	}, name)
	fixed = strings.Trim(fixed, "._+-")
	if fixed == "" {
		return ""
	}
	return param.Format(fixed)
}
