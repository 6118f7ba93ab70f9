package card

import (
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"mcrun/mc/param"
)

// labels are the names by which paths lead to proposals and their members.
type labels struct {
	proposals []string   // "" where the name is wrong or not unique
	members   [][]string // kernel, or cycle[2]
	groups    []string   // the key that holds the members: cycle, mixture, inner or ""
	flows     []string
}

var (
	validName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._+-]*$`)
	bareKey   = regexp.MustCompile(`^[A-Za-z0-9_+-]+$`)
)

// groupKeys are the keys of a proposal that can hold several kernels.
var groupKeys = []string{"cycle", "mixture", "inner"}

// label returns the labels of a card. It accepts a card with any mistakes.
func label(tree map[string]any) labels {
	var l labels
	count := map[string]int{}
	for _, table := range tables(tree["proposal"]) {
		name := nameOf(table)
		count[name]++
		group, members := "", []string(nil)
		for _, key := range groupKeys {
			list := tables(table[key])
			if list == nil {
				continue
			}
			group = key
			kernels := map[string]int{}
			for _, m := range list {
				if kernel, ok := m["kernel"].(string); ok {
					kernels[kernel]++
				}
			}
			for i, m := range list {
				kernel, ok := m["kernel"].(string)
				if !ok || kernels[kernel] > 1 || !validName.MatchString(kernel) {
					kernel = key + "[" + strconv.Itoa(i+1) + "]"
				}
				members = append(members, kernel)
			}
			break
		}
		l.proposals = append(l.proposals, name)
		l.groups = append(l.groups, group)
		l.members = append(l.members, members)
	}
	for i, name := range l.proposals {
		if count[name] > 1 || !validName.MatchString(name) {
			l.proposals[i] = ""
		}
	}
	flows, _ := tree["flow"].(map[string]any)
	for _, name := range slices.Sorted(maps.Keys(flows)) {
		if _, ok := flows[name].(map[string]any); ok && validName.MatchString(name) {
			l.flows = append(l.flows, name)
		}
	}
	return l
}

// tables returns a list of tables, or nil if v is not one.
func tables(v any) []map[string]any {
	list, _ := v.([]map[string]any)
	return list
}

// nameOf returns the name of a proposal: its own or that of its kernel, those
// of its kernels joined by +, or "".
func nameOf(table map[string]any) string {
	if name, ok := table["name"].(string); ok {
		return name
	}
	if kernel, ok := table["kernel"].(string); ok {
		return kernel
	}
	for _, key := range []string{"cycle", "mixture"} {
		var kernels []string
		for _, m := range tables(table[key]) {
			kernel, ok := m["kernel"].(string)
			if !ok {
				return ""
			}
			kernels = append(kernels, kernel)
		}
		if kernels != nil {
			return strings.Join(kernels, "+")
		}
	}
	return ""
}

// show writes a path as people do.
func (l labels) show(p path) string {
	var b strings.Builder
	add := func(s string) {
		if b.Len() > 0 && !strings.HasPrefix(s, "[") {
			b.WriteByte('.')
		}
		b.WriteString(s)
	}
	quoted := func(keys path) {
		for _, key := range keys {
			if !bareKey.MatchString(key) {
				key = param.Format(key)
			}
			add(key)
		}
	}
	if len(p) > 1 && p[0] == "flow" && validName.MatchString(p[1]) { // names may hold dots
		add(p[0])
		add(p[1])
		quoted(p[2:])
		return b.String()
	}
	if len(p) < 2 || p[0] != "proposal" {
		quoted(p)
		return b.String()
	}
	add("proposal")
	i, err := strconv.Atoi(p[1])
	if err != nil { // [proposal.name]
		quoted(p[1:])
		return b.String()
	}
	if i < len(l.proposals) && l.proposals[i] != "" {
		add(l.proposals[i])
	} else {
		add("[" + strconv.Itoa(i+1) + "]")
	}
	rest := p[2:]
	if len(rest) > 1 && slices.Contains(groupKeys, rest[0]) {
		j, err := strconv.Atoi(rest[1])
		if err != nil { // inner is one kernel
			quoted(rest)
			return b.String()
		}
		if i < len(l.members) && l.groups[i] == rest[0] && j < len(l.members[i]) {
			add(l.members[i][j])
		} else {
			add(rest[0])
			add("[" + strconv.Itoa(j+1) + "]")
		}
		rest = rest[2:]
	}
	quoted(rest)
	return b.String()
}

// find returns the path that people write as key, or what is wrong with it.
// Whether there is such a key the decoders say; find says where it would be.
func (l labels) find(key string) (path, *param.Error) {
	section, rest, dotted := strings.Cut(key, ".")
	switch section {
	case "title", "seed":
		if !dotted {
			return path{section}, nil
		}
	case "model", "run", "observables":
		if rest == "" {
			return nil, &param.Error{Key: key, Problem: "is a whole table", Expected: "one of its keys, as " + section + "." + example[section]}
		}
		table, last, nested := strings.Cut(rest, ".")
		if nested && slices.Contains(nestedTables, section+"."+table) {
			return path{section, table, last}, nil
		}
		return path{section, rest}, nil
	case "proposal":
		return l.findProposal(key, rest)
	case "flow":
		return l.findFlow(key, rest)
	}
	e := &param.Error{Key: key, Problem: unknownKey, Expected: "the path of a key, as model.temperature or proposal.wolff.steps"}
	if bare := strings.Trim(key, `"'`); bare != key {
		if _, wrong := l.find(bare); wrong == nil {
			e.Problem, e.Suggestion = "is in quotes", bare
		}
		return nil, e
	}
	if number, ok := strings.CutPrefix(section, "proposal["); ok {
		e.Problem, e.Expected = "calls a proposal by its number", "its name, as proposal.wolff.steps"
		if i, err := strconv.Atoi(strings.TrimSuffix(number, "]")); err == nil && 0 < i && i <= len(l.proposals) && l.proposals[i-1] != "" {
			e.Suggestion = "proposal." + l.proposals[i-1]
			if dotted {
				e.Suggestion += "." + rest
			}
		}
		return nil, e
	}
	if near, ok := param.Nearest(section, []string{"seed", "model", "run", "observables", "proposal", "flow"}); ok && near != section {
		if e.Suggestion = near; dotted {
			e.Suggestion += "." + rest
		}
	}
	return nil, e
}

// find returns the path that people write as key. It knows, beyond the
// labels, in which table a key is that was written without one.
func find(tree map[string]any, l labels, key string) (path, *param.Error) {
	p, e := l.find(key)
	if e != nil && e.Suggestion == "" && !strings.Contains(key, ".") {
		if home := homeOf(key, tree); home != "" && home != "[proposal]" {
			e.Suggestion = home + "." + key
		}
	}
	return p, e
}

// nestedTables are the tables within others.
var nestedTables = []string{"run.save", "run.start", "observables.derived"}

// example is a key of each table.
var example = map[string]string{"model": "temperature", "run": "sweeps", "observables": "record"}

// findProposal returns the path of the key of a proposal that people write as
// name.rest.
func (l labels) findProposal(key, rest string) (path, *param.Error) {
	var names []string
	best := -1
	for i, name := range l.proposals {
		if name == "" {
			continue
		}
		names = append(names, name)
		if rest == name {
			return nil, &param.Error{Key: key, Problem: "is a whole proposal", Expected: "one of its keys, as " + key + ".steps"}
		}
		if strings.HasPrefix(rest, name+".") && (best < 0 || len(name) > len(l.proposals[best])) {
			best = i // names may contain dots: the longest that fits
		}
	}
	if best < 0 {
		e := &param.Error{Key: key, Problem: "no proposal has this name", Expected: "proposal.NAME.KEY; the names are " + strings.Join(names, ", ")}
		if names == nil {
			e.Expected = "proposal.NAME.KEY, but no proposal has a name of its own"
		}
		e.Suggestion = l.nearest(rest)
		return nil, e
	}
	p, name := path{"proposal", strconv.Itoa(best)}, l.proposals[best]
	after := rest[len(name)+1:]
	for j, member := range l.members[best] {
		if last, ok := strings.CutPrefix(after, member+"."); ok {
			return p.with(l.groups[best], strconv.Itoa(j), last), nil
		}
	}
	if last, ok := strings.CutPrefix(after, "inner."); ok && l.groups[best] == "" {
		return p.with("inner", last), nil
	}
	if l.groups[best] != "" && strings.Contains(after, ".") {
		return nil, &param.Error{
			Key:        key,
			Problem:    "no member of the " + l.groups[best] + " has this name",
			Expected:   "proposal." + name + ".MEMBER.KEY; the members are " + strings.Join(l.members[best], ", "),
			Suggestion: l.nearest(rest),
		}
	}
	return p.with(after), nil
}

// findFlow returns the path of the key of a flow that people write as name.rest.
func (l labels) findFlow(key, rest string) (path, *param.Error) {
	best := ""
	for _, name := range l.flows {
		if rest == name || rest == name+".train" {
			return nil, &param.Error{Key: key, Problem: "is a whole table", Expected: "one of its keys, as flow." + name + ".couplings or flow." + name + ".train.steps"}
		}
		if strings.HasPrefix(rest, name+".") && len(name) > len(best) {
			best = name // the longest that fits
		}
	}
	if best == "" {
		e := &param.Error{Key: key, Problem: "no flow has this name", Expected: "flow.NAME.KEY; the names are " + strings.Join(l.flows, ", ")}
		if l.flows == nil {
			e.Expected = "a key of the card, which has no flow"
		}
		name, last, dotted := strings.Cut(rest, ".")
		if near, ok := param.Nearest(name, l.flows); ok && dotted {
			e.Suggestion = "flow." + near + "." + last
		}
		return nil, e
	}
	after := rest[len(best)+1:]
	if last, ok := strings.CutPrefix(after, "train."); ok {
		return path{"flow", best, "train", last}, nil
	}
	return path{"flow", best, after}, nil
}

// nearest returns the path that was probably meant by proposal.rest, or "".
func (l labels) nearest(rest string) string {
	at := strings.LastIndexByte(rest, '.')
	if at < 0 {
		return ""
	}
	near, ok := param.Nearest(rest[:at], l.owners())
	if !ok {
		return ""
	}
	return "proposal." + near + rest[at:]
}

// owners returns what stands between proposal and a key in every path.
func (l labels) owners() (list []string) {
	for i, name := range l.proposals {
		if name == "" {
			continue
		}
		list = append(list, name)
		for _, member := range l.members[i] {
			list = append(list, name+"."+member)
		}
	}
	return list
}

// get returns the value at a path, nil if there is none.
func get(tree map[string]any, p path) any {
	var v any = tree
	for _, key := range p {
		switch t := v.(type) {
		case map[string]any:
			v = t[key]
		case []map[string]any:
			i, err := strconv.Atoi(key)
			if err != nil || i < 0 || i >= len(t) {
				return nil
			}
			v = t[i]
		default:
			return nil
		}
	}
	return v
}

// put sets the value at a path, of which tables may be missing. It
// reports whether it could: not if the card has something else in place of a
// table.
func put(tree map[string]any, p path, value any) bool {
	last := len(p) - 1
	for n := 1; n <= last && p[0] != "proposal"; n++ {
		if outer, ok := get(tree, p[:n-1]).(map[string]any); ok && outer[p[n-1]] == nil {
			outer[p[n-1]] = map[string]any{}
		}
	}
	table, ok := get(tree, p[:last]).(map[string]any)
	if ok {
		table[p[last]] = value
	}
	return ok
}

// clone copies the tables of a card; lists of values are shared.
func clone(v any) any {
	switch t := v.(type) {
	case map[string]any:
		c := make(map[string]any, len(t))
		for key, v := range t {
			c[key] = clone(v)
		}
		return c
	case []map[string]any:
		c := make([]map[string]any, len(t))
		for i := range t {
			c[i] = clone(t[i]).(map[string]any)
		}
		return c
	}
	return v
}

// either joins words to "a, b or c".
func either(words []string) string { return join(words, " or ") }

// and joins words to "a, b and c".
func and(words []string) string { return join(words, " and ") }

func join(words []string, last string) string {
	n := len(words) - 1
	if n < 1 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:n], ", ") + last + words[n]
}
