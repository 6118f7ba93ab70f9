package observables

import (
	"fmt"

	"mcrun/analysis"
	"mcrun/mc"
	"mcrun/mc/param"
	"mcrun/models"
)

// A Column is a quantity recorded from each configuration: one column of a
// chain's time series, which holds a number or a vector.
type Column struct {
	Name string
	// Check returns nil if the quantity exists for the model, and else an
	// error that names the ability that the model lacks. The model need not
	// be prepared.
	Check func(m models.Model) error
	// Width returns how many numbers the quantity has. Nil stands for one.
	// The model need not be prepared.
	Width func(m models.Model) int
	// Bind returns the function that reads the quantity off a chain into dst,
	// which is as long as the quantity is wide.
	Bind func(m models.Model, c Chain) func(dst []float64)
	// Pair says that the quantity is read off two chains, which are advanced
	// together: Bind needs a Partner. Both chains of a pair record it.
	Pair bool
	// Of, if not empty, names a column of one number, registered before. For
	// models that have it this column is the function Map of it, and Bind is
	// for those that have not.
	Of  string
	Map func(of float64) float64
	// Clusters, if not nil, returns what averages the quantity over the
	// clusters that a kernel builds on the state s, and stands for Bind.
	Clusters func(m models.Model, s models.State) ClusterAverage
	// Dual, if not nil, returns the function that reads the quantity off what is
	// expected of two-valued spins given the numbers of their continuous dual,
	// t_i = E[s_i | x], and stands for Bind where a kernel moves these numbers. The
	// model is that of the spins.
	Dual func(m models.PairCoupled, t []float64) func(dst []float64)
}

// A Source is what improved estimators of a chain are averages over.
type Source uint8

// The sources.
const (
	NoSource     Source = iota // there are no improved estimators
	FromClusters               // clusters that the kernel builds
	FromDual                   // numbers of the continuous dual, which the kernel moves
)

// improved reports whether the column is recorded from some sources only.
func (c Column) improved() bool { return c.Clusters != nil || c.Dual != nil }

// recorded reports whether the column is recorded from a source.
func (c Column) recorded(from Source) bool {
	return !c.improved() || from == FromClusters && c.Clusters != nil || from == FromDual && c.Dual != nil
}

// A Chain is what a column is read off.
type Chain struct {
	State   models.State
	Partner models.State // that of the other chain of its pair; nil if there is none
}

// A ClusterAverage averages an improved estimator over the clusters that a
// kernel tells it of, from one record to the next. It is part of a
// checkpoint, since records may be several steps apart.
type ClusterAverage interface {
	// Single is told of the sites of one cluster that was grown from a site
	// drawn uniformly among all; there may be none.
	Single(sites []uint32)
	// All is told of all clusters: label[i], from 0 to the number of sites,
	// is equal for sites i of one cluster.
	All(label []uint32)
	// Read writes the average over the steps since the last Read, and the
	// same as then if there was none.
	Read(dst []float64)
	mc.Saver
}

// width returns how many numbers the column has.
func (c Column) width(m models.Model) int {
	if c.Width == nil {
		return 1
	}
	return c.Width(m)
}

// An Observable is an expectation value, or a function of several, that is
// estimated from the recorded columns: one number, or a function of distance,
// wave vector or direction.
type Observable struct {
	Name string
	Doc  string // formula, one line
	// Columns returns the names of the columns it is estimated from. The
	// model need not be prepared, here and below.
	Columns func(m models.Model) []string
	// Points returns the arguments of a function, each a number or a vector.
	// Nil, or a nil result, stands for an observable that is one number.
	Points func(m models.Model) [][]float64
	// Estimators returns what is estimated, one for each of the Points. Nil
	// stands for the means of the numbers in its columns, in their order.
	Estimators func(m models.Model) []Estimator
}

// An Estimator estimates a function of the means of terms.
type Estimator struct {
	// Inputs are the numbers of a record that the terms depend on, a record
	// being the values of the observable's columns one after the other. The
	// terms are given these alone, in this order. Nil stands for all.
	Inputs []int
	// Function is the function of the means. Nil stands for the mean of the
	// only input.
	Function *analysis.Function
	// Undefined, if not empty, says what is the matter where Function has no
	// finite value or gradient.
	Undefined string
}

var (
	columns     = param.Registry[Column]{Kind: "column"}
	observables = param.Registry[Observable]{Kind: "observable"}
)

// What is built in is registered here, in the order in which it is listed and
// in which columns are recorded.
func init() {
	registerSpins()
	registerStructureFactor()
	registerCorrelationLength()
	registerCorrelation()
	registerCorrelator()
	registerOverlap()
	registerImproved()
	registerFields()
	registerPlanar()
}

// RegisterColumn makes a quantity known that observables can be estimated
// from. It is to be called from an init function or before cmd.Main; it
// panics if the name is taken, or if Of names no column.
func RegisterColumn(c Column) {
	if _, ok := FindColumn(c.Of); c.Of != "" && !ok {
		panic(fmt.Sprintf("observables: column %q is a function of column %q, which is not registered", c.Name, c.Of))
	}
	columns.Add(c.Name, c)
}

// Register makes an observable known to run cards. It is to be called from
// an init function or before cmd.Main; it panics if the name is taken.
func Register(o Observable) { observables.Add(o.Name, o) }

// FindColumn returns the registered column of a name.
func FindColumn(name string) (Column, bool) { return columns.Find(name) }

// AllColumns returns the registered columns in the order of their
// registration.
func AllColumns() []Column { return columns.All() }

// Find returns the registered observable of a name.
func Find(name string) (Observable, bool) { return observables.Find(name) }

// All returns the registered observables in the order of their registration.
func All() []Observable { return observables.All() }

// Check returns nil if the observable exists for the model, and else an
// error that names the ability that the model lacks. The model need not be
// prepared.
func (o Observable) Check(m models.Model) error {
	for _, name := range o.Columns(m) {
		if err := mustFindColumn(name).Check(m); err != nil {
			return err
		}
	}
	return nil
}

// Paired reports whether the observable is estimated from pairs of chains.
func (o Observable) Paired(m models.Model) bool {
	for _, name := range o.Columns(m) {
		if mustFindColumn(name).Pair {
			return true
		}
	}
	return false
}

// Improved reports whether the observable is estimated from the clusters that
// a kernel builds, or from the numbers of the dual that it moves.
func (o Observable) Improved(m models.Model) bool {
	return !o.From(m, NoSource)
}

// From reports whether the observable can be estimated where this is the source of
// improved estimators.
func (o Observable) From(m models.Model, source Source) bool {
	for _, name := range o.Columns(m) {
		if !mustFindColumn(name).recorded(source) {
			return false
		}
	}
	return true
}

func mustFindColumn(name string) Column {
	c, ok := FindColumn(name)
	if !ok {
		panic("observables: no column " + name)
	}
	return c
}
