package observables

import (
	"slices"
	"strconv"

	"mcrun/mc"
	"mcrun/models"
)

// Standard returns the observables recorded where a card names none: those of
// the standard set that exist for the model.
func Standard(m models.Model) []Observable {
	names := []string{"energy", "specific_heat", "magnetization", "abs_magnetization", "susceptibility", "binder"}
	if _, ok := m.(models.Differentiable); ok {
		names = []string{"energy", "specific_heat", "action"}
		if onLattice(m) {
			names = append(names, "phi2", "phi4", "phi_neighbour")
		}
		names = append(names, "abs_magnetization", "susceptibility", "binder")
	}
	var set []Observable
	for _, name := range names {
		if p, ok := m.(models.PairCoupled); ok && name == "binder" && p.Couplings().Pair == models.Equal {
			continue // of Potts, where it says little
		}
		if o, ok := Find(name); ok && o.Check(m) == nil {
			set = append(set, o)
		}
	}
	return set
}

// onLattice reports whether the coordinates of a field may be those of a lattice,
// and not just any.
func onLattice(m models.Model) bool {
	_, coupled := m.(models.FieldCoupled)
	_, regular := m.(models.Regular)
	return coupled || regular
}

// A Field is a column with the number of its values for some model.
type Field struct {
	Name  string
	Width int
}

// Columns returns the columns that a run of a model must record to estimate
// observables, each once, in the order of their registration; those that are
// improved only if the source has them.
func Columns(m models.Model, of []Observable, source Source) []Field {
	needed := make(map[string]bool)
	for _, o := range of {
		for _, c := range o.Columns(m) {
			needed[c] = true
		}
	}
	var fields []Field
	for _, c := range columns.All() {
		if needed[c.Name] && c.recorded(source) {
			fields = append(fields, Field{c.Name, c.width(m)})
		}
	}
	return fields
}

// A Probe reads the columns of every chain of a group. It implements
// [mc.Probe], and holds what is averaged between two records.
type Probe struct {
	readers   []reader // chain by chain
	listeners [][]ClusterAverage
}

// A reader reads one column of a chain.
type reader struct {
	read  func(dst []float64) // nil: a function of the column back places before
	width int
	of    func(v float64) float64
	back  int
}

// NewProbe returns the probe that reads columns off the chains of a group. The
// columns must be registered and have passed Check. Those of pairs are read off
// chains 0 and 1, 2 and 3, ...; it panics if one is left over. Improved ones are read
// off the dual where the state is [Bridged] or the model [models.Dualised], and else
// off clusters.
func NewProbe(m models.Model, columns []Field, chains ...models.State) *Probe {
	p := &Probe{listeners: make([][]ClusterAverage, len(chains))}
	for k, s := range chains {
		c := Chain{State: spinsOf(s)}
		if partner := k ^ 1; partner < len(chains) {
			c.Partner = spinsOf(chains[partner])
		}
		dual := newDualReader(m, s)
		for i, f := range columns {
			column := mustFindColumn(f.Name)
			if column.Pair && c.Partner == nil {
				panic(noPartner)
			}
			if read := dual.bind(column); read != nil {
				p.readers = append(p.readers, reader{read: read, width: f.Width})
				continue
			}
			if column.Clusters != nil {
				average := column.Clusters(m, s)
				p.listeners[k] = append(p.listeners[k], average)
				p.readers = append(p.readers, reader{read: average.Read, width: f.Width})
				continue
			}
			p.readers = append(p.readers, newReader(m, columns[:i], column, f.Width, c))
		}
	}
	return p
}

const noPartner = "observables: a column of pairs of chains needs an even number of chains"

// newReader returns the reader of a column that is recorded after others.
func newReader(m models.Model, before []Field, column Column, width int, c Chain) reader {
	if column.Of == "" || mustFindColumn(column.Of).Check(m) != nil {
		return reader{read: column.Bind(m, c), width: width}
	}
	back := 0
	for _, f := range slices.Backward(before) {
		back += f.Width
		if f.Name == column.Of {
			return reader{of: column.Map, back: back, width: 1}
		}
	}
	of := newReader(m, nil, mustFindColumn(column.Of), 1, c)
	return reader{width: 1, read: func(dst []float64) {
		of.read(dst)
		dst[0] = column.Map(dst[0])
	}}
}

// Read implements mc.Probe.
func (p *Probe) Read(rows []float64) {
	at := 0
	for i := range p.readers {
		r := &p.readers[i]
		if r.read != nil {
			r.read(rows[at : at+r.width])
		} else {
			rows[at] = r.of(rows[at-r.back])
		}
		at += r.width
	}
}

// Listener returns what is to be told of the clusters that a kernel builds in
// a chain, the first being 0, and nil if nothing is averaged over clusters.
func (p *Probe) Listener(chain int) *Listener {
	if len(p.listeners[chain]) == 0 {
		return nil
	}
	return &Listener{p.listeners[chain]}
}

// A Listener tells the averages of a chain of clusters. It is to be owned by
// the group of the chain.
type Listener struct{ averages []ClusterAverage }

// Single is told of the sites of one cluster that was grown from a site drawn
// uniformly among all; there may be none.
func (l *Listener) Single(sites []uint32) {
	for _, a := range l.averages {
		a.Single(sites)
	}
}

// All is told of all clusters: label[i], from 0 to the number of sites, is equal
// for sites i of one cluster.
func (l *Listener) All(label []uint32) {
	for _, a := range l.averages {
		a.All(label)
	}
}

// Save implements [mc.Saver].
func (l *Listener) Save(s *mc.Snapshot, prefix string) {
	for i, a := range l.averages {
		a.Save(s, prefix+"."+strconv.Itoa(i))
	}
}

// Load implements [mc.Saver].
func (l *Listener) Load(s *mc.Snapshot, prefix string) error {
	for i, a := range l.averages {
		if err := a.Load(s, prefix+"."+strconv.Itoa(i)); err != nil {
			return err
		}
	}
	return nil
}
