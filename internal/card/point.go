package card

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"

	"mcrun/mc/param"
	"mcrun/models"
	"mcrun/observables"
)

// headKeys are the keys outside the tables.
type headKeys struct {
	Title string `card:"title" default:""`
	Seed  uint64 `card:"seed" default:"1" min:"0"`
}

// modelKeys are the keys of every model.
type modelKeys struct {
	Name string `card:"name"`
}

// point checks the card as it is at point i of its scan.
func (c *checker) point(tree map[string]any, card *Card, i int, fine map[string]bool) Point {
	tree, c.scanned = at(tree, card.axes, i)
	p := Point{Index: i}

	top := map[string]any{}
	for _, key := range []string{"title", "seed"} {
		if v, ok := tree[key]; ok {
			top[key] = v
		}
	}
	var h headKeys
	c.decode(nil, top, &h)
	card.Title, p.Seed = h.Title, h.Seed

	if fine["run"] {
		c.run(tree, &p.Run)
	}
	modelled := fine["model"] && c.model(tree, &p)
	if fine["flow"] {
		c.flows(tree, card, &p)
	}
	if fine["observables"] {
		c.observables(tree, &p)
	}
	if fine["proposal"] {
		for j, table := range tables(tree["proposal"]) {
			p.Proposals = append(p.Proposals, c.proposal(path{"proposal", strconv.Itoa(j)}, table, &p))
		}
	}
	if fine["run"] && modelled {
		c.savable(&p)
		if c.memory(tree, &p) { // else the file has nothing to be read into
			c.source(&p)
		}
	}
	if modelled {
		c.pairs(&p)
		c.improvable(&p)
	}
	if modelled && len(c.errs) == 0 {
		c.recordable(&p)
	}
	if len(c.errs) == 0 && len(card.axes) > 0 {
		values := map[string]any{}
		for _, e := range p.entries() {
			values[e.at.id()] = e.value
		}
		for _, a := range card.axes {
			p.Scan = append(p.Scan, param.Setting{Key: a.key, Value: values[a.at.id()]})
		}
	}
	return p
}

// model decodes the table [model] and reports whether it could; else the
// point has no model.
func (c *checker) model(tree map[string]any, p *Point) bool {
	at := path{"model"}
	table, _ := tree["model"].(map[string]any)
	name, ok := table["name"].(string)
	if !ok {
		blamed := c.lacks(at, table, "name", "the name of a model in quotes: "+either(modelNames()))
		c.anyModel(at, table, "", blamed)
		return false
	}
	entry, ok := models.Find(name)
	if !ok {
		c.unknownWord(at.with("name"), name, "unknown model", modelNames())
		c.anyModel(at, table, name, "name")
		return false
	}
	m := entry.New()
	if !c.decode(at, table, new(modelKeys), m) {
		return false
	}
	p.Model, p.ModelName = m, name
	return true
}

// anyModel reports what is wrong with the table of a model that is not known,
// whichever model it is for: a key that none has, a value that is wrong for
// all that have the key, and a key that all miss. If the name is misspelt,
// only the model that it probably stands for counts. The key blamed for the
// name, about which all is said, is left out.
func (c *checker) anyModel(at path, table map[string]any, name, blamed string) {
	table = maps.Clone(table)
	delete(table, blamed)
	near, _ := param.Nearest(name, modelNames())
	keys := []string{"name"}
	count, having, failing := 0, map[string]int{}, map[string]int{} // numbers of models
	found := map[string]*param.Error{}
	for _, entry := range models.All() {
		if near != "" && near != entry.Name {
			continue
		}
		count++
		m := entry.New()
		for _, f := range param.Fields(m) {
			if having[f.Name]++; having[f.Name] == 1 {
				keys = append(keys, f.Name)
			}
		}
		wrong := map[string]*param.Error{}
		for _, e := range param.Decode(table, m) {
			wrong[e.Key] = e
		}
		for key, e := range wrong {
			failing[key]++
			if found[key] == nil || e.Problem != unknownKey {
				found[key] = e
			}
		}
	}
	var sure []*param.Error
	for _, key := range slices.Sorted(maps.Keys(found)) {
		_, given := table[key]
		switch {
		case given && having[key] == 0:
			sure = append(sure, param.Unknown(key, keys))
		case failing[key] == count:
			sure = append(sure, found[key])
		}
	}
	c.reportIn(at, sure)
}

func modelNames() (names []string) {
	for _, e := range models.All() {
		names = append(names, e.Name)
	}
	return names
}

// lacks reports that a table has no string at a key that it needs, and
// returns the key that it blames: that one, or what is probably meant for it.
func (c *checker) lacks(at path, table map[string]any, key, expected string) (blamed string) {
	if v, given := table[key]; given {
		c.report(at.with(key), param.Error{Problem: "is " + describe(v), Expected: expected})
		return key
	}
	for _, k := range slices.Sorted(maps.Keys(table)) {
		if near, ok := param.Nearest(k, []string{key}); ok {
			c.report(at.with(k), param.Error{Problem: unknownKey, Expected: key, Suggestion: near})
			return k
		}
	}
	c.report(at.with(key), param.Error{Problem: "missing", Expected: expected})
	return key
}

// describe says what a card has where something else was expected.
func describe(v any) string {
	switch v := v.(type) {
	case map[string]any:
		return "a table"
	case []map[string]any:
		return "a list of tables"
	default:
		return param.Format(v)
	}
}

// unknownWord reports a name that is none of the valid ones.
func (c *checker) unknownWord(p path, word, problem string, valid []string) {
	e := param.Error{Problem: problem + " " + param.Format(word), Expected: either(valid)}
	if near, ok := param.Nearest(word, valid); ok {
		e.Suggestion = param.Format(near)
	}
	c.report(p, e)
}

// Group returns how many chains of a proposal are advanced together: all, where one
// of its kernels moves them in one batch, and two, where pairs are observed.
func (p *Point) Group(prop *Proposal) int {
	if prop.Ladder == nil && slices.ContainsFunc(prop.Members, Member.Batches) {
		return p.Run.Chains
	}
	for _, o := range p.Observables {
		if o.Paired(p.Model) {
			return 2
		}
	}
	return 1
}

// Bytes returns the memory that one chain takes, with what is averaged over its
// clusters, and that of what all chains share: the model's tables, the file
// of configurations that they begin with, and the training of a flow. A ladder has all that at each rung.
func (p *Point) Bytes() (chain, shared float64) {
	chain, shared = p.Model.Bytes()
	training := 0.0
	for _, f := range observables.Columns(p.Model, p.Observables, observables.FromClusters) {
		if c, _ := observables.FindColumn(f.Name); c.Clusters != nil {
			chain += clusterBytes * math.Max(0, float64(p.Model.Sites())) // which is negative where int is too small
		}
	}
	if p.Run.From != nil {
		shared += float64(len(p.Run.From.File.Data))
	}
	for i := range p.Flows { // which are trained one after the other
		if p.Flows[i].Training >= 0 {
			training = math.Max(training, p.Flows[i].trainingBytes(p.Model))
		}
	}
	if slices.ContainsFunc(p.Proposals, func(q Proposal) bool {
		return slices.ContainsFunc(q.Members, func(m Member) bool { return m.Dual })
	}) {
		dual, _ := models.NewDualOf(p.Model)
		more, tables := dual.Bytes()
		chain, shared = chain+more, shared+tables
	}
	rungs := 0
	for _, q := range p.Proposals {
		if q.Ladder != nil {
			rungs = max(rungs, q.Ladder.Size())
		}
	}
	return chain * float64(max(1, rungs)), shared*float64(1+rungs) + training
}

// clusterBytes are what an average over clusters keeps for each site.
const clusterBytes = 8

// savable checks that configurations can be kept if they are to be.
func (c *checker) savable(p *Point) {
	if _, ok := p.Model.(models.Portable); p.Run.Save > 0 && !ok {
		c.report(path{"run", "save", "every"}, param.Error{
			Problem:  "configurations of " + p.ModelName + " cannot be written to files (models.Portable)",
			Expected: "no save",
		})
	}
}

// memory checks that the chains fit the machine and reports whether they do.
func (c *checker) memory(tree map[string]any, p *Point) bool {
	chain, shared := p.Bytes()
	width := 1
	for i := range p.Proposals {
		width = max(width, p.Group(&p.Proposals[i]))
	}
	chains := min(p.Run.Chains, width*max(1, c.machine.Workers))
	need := shared + chain*float64(chains)
	if c.machine.Memory == 0 || need <= c.machine.Memory {
		return true
	}
	at := path{"model"}
	if shape := at.with("shape"); get(tree, shape) != nil {
		at = shape
	}
	c.report(at, param.Error{
		Problem:  fmt.Sprintf("needs %s of memory with %d chains at once", memorySize(need), chains),
		Expected: "at most the " + memorySize(c.machine.Memory) + " of this machine: a smaller lattice or fewer workers",
	})
	return false
}

// memorySize writes an amount of memory.
func memorySize(n float64) string {
	units := []string{"bytes", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"}
	i := 0
	for ; n >= 1024 && i < len(units)-1; i++ {
		n /= 1024
	}
	return fmt.Sprintf("%.3g %s", n, units[i])
}
