package observables

import (
	"slices"

	"mcrun/models"
)

// Standard returns the names of the observables recorded where a card names
// none: those of the standard set for spins that exist for the model.
func Standard(m models.Model) []string {
	var names []string
	for _, name := range []string{"energy", "specific_heat", "magnetization", "abs_magnetization", "susceptibility", "binder"} {
		if o, ok := Find(name); ok && o.Check(m) == nil {
			names = append(names, name)
		}
	}
	return names
}

// Columns returns the names of the columns that a run must record to
// estimate the observables of the given names, each once, in the order of
// their registration.
func Columns(names []string) []string {
	needed := make(map[string]bool)
	for _, name := range names {
		o, _ := Find(name)
		for _, c := range o.Columns {
			needed[c] = true
		}
	}
	var cols []string
	for _, c := range columns.All() {
		if needed[c.Name] {
			cols = append(cols, c.Name)
		}
	}
	return cols
}

// A Probe reads the columns of every chain of a group. It implements
// [mc.Probe].
type Probe struct {
	readers []reader // chain by chain
}

// A reader reads one column of a chain.
type reader struct {
	read func() float64 // nil: a function of the column back places before
	of   func(v float64) float64
	back int
}

// NewProbe returns the probe that reads columns off chains of a model. The
// columns must be registered and have passed Check.
func NewProbe(m models.Model, columns []string, chains ...models.State) *Probe {
	p := new(Probe)
	for _, s := range chains {
		for i, name := range columns {
			p.readers = append(p.readers, newReader(m, columns[:i], name, s))
		}
	}
	return p
}

// newReader returns the reader of a column that is recorded after others.
func newReader(m models.Model, before []string, name string, s models.State) reader {
	c, ok := FindColumn(name)
	if !ok {
		panic("observables: no column " + name)
	}
	if c.Of == "" {
		return reader{read: c.Bind(m, s)}
	}
	if i := slices.Index(before, c.Of); i >= 0 {
		return reader{of: c.Map, back: len(before) - i}
	}
	of := newReader(m, nil, c.Of, s)
	return reader{read: func() float64 { return c.Map(of.read()) }}
}

// Read implements mc.Probe.
func (p *Probe) Read(rows []float64) {
	for i, r := range p.readers {
		if r.read != nil {
			rows[i] = r.read()
		} else {
			rows[i] = r.of(rows[i-r.back])
		}
	}
}
