package observables

import "mcrun/models"

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
	readers []func() float64 // chain by chain
}

// NewProbe returns the probe that reads columns off chains of a model. The
// columns must be registered and have passed Check.
func NewProbe(m models.Model, columns []string, chains ...models.State) *Probe {
	p := new(Probe)
	for _, s := range chains {
		for _, name := range columns {
			c, ok := FindColumn(name)
			if !ok {
				panic("observables: no column " + name)
			}
			p.readers = append(p.readers, c.Bind(m, s))
		}
	}
	return p
}

// Read implements mc.Probe.
func (p *Probe) Read(rows []float64) {
	for i, read := range p.readers {
		rows[i] = read()
	}
}
