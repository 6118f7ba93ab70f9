package card

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"mcrun/internal/store"
	"mcrun/mc/param"
	"mcrun/models"
	"mcrun/observables"
	"mcrun/proposals"
)

// observableKeys are the keys of the table [observables].
type observableKeys struct {
	Record  []string `card:"record" default:"" doc:"what is estimated, in place of the model's standard set"`
	Derived *string  `card:"derived" doc:"expressions in recorded means"` // a table, which is decoded apart
}

// observables decodes the table [observables].
func (c *checker) observables(tree map[string]any, p *Point) {
	at := path{"observables"}
	table, _ := tree["observables"].(map[string]any)
	table = maps.Clone(table)
	derived, given := table["derived"]
	delete(table, "derived")
	var k observableKeys
	if !c.decode(at, table, &k) {
		// What is recorded is not known, but expressions do not depend on it.
	} else if _, given := table["record"]; given {
		c.record(at.with("record"), k.Record, p)
	} else if p.Model != nil {
		p.Observables = observables.Standard(p.Model)
		if len(p.Observables) == 0 && !given {
			c.report(at.with("record"), param.Error{Problem: "missing, and " + p.ModelName + " has no standard set", Expected: "names of observables to record"})
		}
	}
	if given {
		c.derived(at.with("derived"), derived, p)
	}
}

// record finds the observables that are recorded by name.
func (c *checker) record(at path, names []string, p *Point) {
	if len(names) == 0 {
		c.report(at, param.Error{Problem: "is an empty list", Expected: "names of observables, or no table [observables] for the model's standard set"})
	}
	var valid []string
	for _, o := range observables.All() {
		if p.Model == nil || o.Check(p.Model) == nil {
			valid = append(valid, o.Name)
		}
	}
	expected := either(valid)
	if valid == nil {
		expected = "another model: " + p.ModelName + " has no observables"
	}
	for i, name := range names {
		e := param.Error{Key: c.labels.show(at), Expected: expected}
		o, ok := observables.Find(name)
		switch {
		case !ok:
			e.Problem = "unknown observable " + param.Format(name)
			if near, ok := param.Nearest(name, valid); ok {
				e.Suggestion = param.Format(near)
			}
		case slices.Contains(names[:i], name):
			e.Problem, e.Expected = "names "+param.Format(name)+" twice", "each observable once"
		case p.Model != nil && o.Check(p.Model) != nil:
			e.Problem = fmt.Sprintf("%q does not exist for %s: %v", name, p.ModelName, o.Check(p.Model))
		default:
			p.Observables = append(p.Observables, o)
			continue
		}
		c.reportAt(c.origin(at.with(strconv.Itoa(i))), e)
	}
}

// derived makes the observables that the card derives from others, in the order
// in which they are written.
func (c *checker) derived(at path, given any, p *Point) {
	table, ok := given.(map[string]any)
	if !ok {
		c.report(at, param.Error{Problem: "is " + describe(given), Expected: `a table of expressions, as U2 = "1 - mean(energy^2) / energy^2"`})
		return
	}
	names := slices.SortedFunc(maps.Keys(table), func(a, b string) int {
		x, y := c.origin(at.with(a)), c.origin(at.with(b))
		return cmp.Or(cmp.Compare(x.set, y.set), cmp.Compare(x.offset, y.offset), cmp.Compare(a, b))
	})
	for _, name := range names {
		expression, ok := table[name].(string)
		if !ok {
			c.report(at.with(name), param.Error{Problem: "is " + describe(table[name]), Expected: "an expression in quotes"})
			continue
		}
		if p.Model == nil {
			if err := wrongForAll(name, expression); err != nil {
				c.report(at.with(name), param.Error{Problem: err.Error()})
			}
			continue
		}
		o, err := observables.Derive(name, expression, p.Model)
		if err != nil {
			c.report(at.with(name), param.Error{Problem: err.Error()})
			continue
		}
		p.Observables = append(p.Observables, o)
		p.Derived = append(p.Derived, param.Setting{Key: name, Value: expression})
	}
}

// wrongForAll returns what is wrong with a derived observable for every model:
// what is found before the model is asked for more than an expression asks for
// that is empty, in which there is nothing to be looked up.
func wrongForAll(name, expression string) error {
	var empty, m anyModel
	observables.Derive(name, "", &empty)
	_, err := observables.Derive(name, expression, &m)
	if m.asked > empty.asked {
		return nil
	}
	return err
}

// An anyModel stands for a model that is not known, and counts how often it is
// asked.
type anyModel struct {
	models.Model
	asked int
}

func (m *anyModel) Sites() int {
	m.asked++
	return 1
}

func (m *anyModel) Beta() float64 {
	m.asked++
	return 1
}

// pairs checks that chains come in pairs where pairs are observed.
func (c *checker) pairs(p *Point) {
	for _, o := range p.Observables {
		if o.Paired(p.Model) && p.Run.Chains%2 != 0 {
			c.report(path{"run", "chains"}, param.Error{
				Problem:  fmt.Sprintf("is %d, but %s is observed on pairs of chains", p.Run.Chains, o.Name),
				Expected: "an even number",
			})
		}
	}
}

// recordable checks that every proposal can record something that a series can
// store.
func (c *checker) recordable(p *Point) {
	for i := range p.Proposals {
		q := &p.Proposals[i]
		if len(c.errs) > 0 {
			break
		}
		columns := p.StoredColumns(q)
		if len(p.Columns(q)) == 0 {
			c.report(path{"proposal", strconv.Itoa(i)}, param.Error{
				Problem:  "would record nothing, since all observables are averages over clusters or over x of the dual (" + q.Clusters(p).Error() + "; " + q.Dual(p).Error() + ")",
				Expected: "another observable beside them, as energy",
			})
		} else if err := store.CheckColumns(columns); err != nil {
			c.report(path{"observables", "record"}, param.Error{Problem: "cannot be stored: " + strings.TrimPrefix(err.Error(), "store: ")})
		}
	}
}

// improvable checks that some kernels build clusters, or move the dual, if there
// are observables that need them. It waits until all proposals are sound.
func (c *checker) improvable(p *Point) {
	for _, q := range p.Proposals {
		if len(q.Members) == 0 || slices.ContainsFunc(q.Members, func(m Member) bool { return m.Spec == nil || m.Spec.Check(p.Model) != nil }) {
			return
		}
	}
	var names []string
	at := path{"observables", "record"}
	clusters := true // whether they could serve all of them
	for i, o := range p.Observables {
		if slices.ContainsFunc(p.Proposals, func(q Proposal) bool { return o.From(p.Model, q.Source(p)) }) {
			continue
		}
		clusters = clusters && o.From(p.Model, observables.FromClusters)
		if len(names) == 0 && i >= len(p.Observables)-len(p.Derived) {
			at = path{"observables", "derived", o.Name}
		}
		names = append(names, o.Name)
	}
	var why []string
	for i := range p.Proposals {
		err := p.Proposals[i].Clusters(p)
		if !clusters {
			err = p.Proposals[i].Dual(p)
		}
		if err == nil {
			return
		}
		if reason := err.Error(); !slices.Contains(why, reason) {
			why = append(why, reason)
		}
	}
	if names == nil || why == nil {
		return
	}
	need := " needs"
	if len(names) > 1 {
		need = " need"
	}
	if !clusters {
		expected := "none of them"
		if dual, ok := models.NewDualOf(p.Model); ok && dual.Limit() == nil {
			expected = "a proposal with a kernel of fields, as hmc"
		}
		c.report(at, param.Error{
			Problem:  and(names) + need + " x of the continuous dual, and no proposal moves it (" + strings.Join(why, "; ") + ")",
			Expected: expected,
		})
		return
	}
	expected := "none of them: no kernel builds such clusters for " + p.ModelName + " with these keys"
	if kernels := fitting(p.Model, func(s proposals.Spec) bool {
		b, ok := s.(proposals.ClusterBuilder)
		return ok && b.Clusters(p.Model) == nil
	}); kernels != nil {
		expected = "a proposal with the kernel " + either(kernels)
	}
	c.report(at, param.Error{
		Problem:  and(names) + need + " the clusters that a kernel builds, and no proposal has one for that (" + strings.Join(why, "; ") + ")",
		Expected: expected,
	})
}

// The columns of the ladder itself in the series of a tempered proposal.
const (
	ExchangeColumn = "exchange"    // acceptance of exchanges of each rung with the next
	TripsColumn    = "round_trips" // of replicas
)

// StoredColumns returns the columns of the series of a proposal. Those of a
// ladder hold the values at all rungs, one rung after the other, and are followed
// by those of the ladder itself.
func (p *Point) StoredColumns(q *Proposal) []store.Column {
	var list []store.Column
	for _, c := range p.Columns(q) {
		stored := store.Column{Name: c.Name, Width: c.Width}
		if q.Ladder != nil {
			n := q.Ladder.Size()
			stored.Width *= n
			if c.Width > 1 {
				stored.Rows = n
			}
		}
		list = append(list, stored)
	}
	if q.Ladder != nil {
		list = append(list, store.Column{Name: ExchangeColumn, Width: q.Ladder.Size() - 1}, store.Column{Name: TripsColumn, Width: 1})
	}
	return list
}

// Columns returns what the chains of a proposal record at the point.
func (p *Point) Columns(q *Proposal) []observables.Field {
	return observables.Columns(p.Model, p.Observables, q.Source(p))
}

// Source says what improved estimators are averages over: x of the dual, where
// some kernel moves it or the model is one, or else clusters.
func (q *Proposal) Source(p *Point) observables.Source {
	switch {
	case q.Dual(p) == nil:
		return observables.FromDual
	case q.Clusters(p) == nil:
		return observables.FromClusters
	}
	return observables.NoSource
}

// Dual returns nil if the chains of the proposal have x of a continuous dual, and
// else why not.
func (q *Proposal) Dual(p *Point) error {
	if _, ok := p.Model.(models.Dualised); ok {
		return nil
	}
	if slices.ContainsFunc(q.Members, func(m Member) bool { return m.Dual }) {
		return nil
	}
	var names []string
	for _, m := range q.Members {
		names = append(names, m.Kernel)
	}
	what := " move spins"
	if len(names) == 1 {
		what = " moves spins"
	}
	return fmt.Errorf("%s%s, and no x of their continuous dual", and(names), what)
}

// Clusters returns nil if each sweep of the proposal builds clusters over which
// improved estimators can be averaged, and else why not.
func (q *Proposal) Clusters(p *Point) error {
	if q.Ladder != nil { // then at every rung
		inner := Proposal{Kind: q.Kind, Members: q.Members}
		for _, rung := range p.first(q.Ladder) {
			if err := inner.Clusters(rung); err != nil {
				return err
			}
		}
		return nil
	}
	for _, m := range q.Members {
		if m.Dual {
			return fmt.Errorf("%s acts on the dual, from which spins are drawn anew", m.Kernel)
		}
	}
	var why error
	for _, m := range q.Members {
		err := m.Clusters(p)
		if err == nil && q.Kind != Mixture {
			return nil
		}
		if q.Kind == Mixture && err != nil {
			return fmt.Errorf("%w, and in some sweeps a mixture draws no other", err)
		}
		if _, builder := m.Spec.(proposals.ClusterBuilder); why == nil || builder { // which has more to say
			why = err
		}
	}
	return why
}

// Clusters returns nil if each step of the member builds clusters over which
// improved estimators can be averaged, and else why not.
func (m *Member) Clusters(p *Point) error {
	b, ok := m.Spec.(proposals.ClusterBuilder)
	if !ok {
		return fmt.Errorf("%s builds no clusters", m.Kernel)
	}
	if err := b.Clusters(p.Model); err != nil {
		return fmt.Errorf("%s: %w", m.Kernel, err)
	}
	return nil
}
