package observables

import (
	"fmt"

	"mcrun/analysis"
	"mcrun/mc/param"
	"mcrun/models"
)

// A Column is a quantity recorded from each configuration: one column of a
// chain's time series.
type Column struct {
	Name string
	// Check returns nil if the quantity exists for the model, and else an
	// error that names the ability that the model lacks.
	Check func(m models.Model) error
	// Bind returns the function that reads the quantity off a chain.
	Bind func(m models.Model, s models.State) func() float64
	// Of, if not empty, names a column registered before, of which this one
	// is the function Map; then Bind is nil.
	Of  string
	Map func(of float64) float64
}

// An Observable is an expectation value, or a function of several, that is
// estimated from the recorded columns.
type Observable struct {
	Name    string
	Doc     string   // formula, one line
	Columns []string // what it is estimated from
	// Function returns the estimated function of the means of terms, the
	// record being the values of Columns. Nil stands for the mean of the
	// only column.
	Function func(m models.Model) analysis.Function
}

var (
	columns     = param.Registry[Column]{Kind: "column"}
	observables = param.Registry[Observable]{Kind: "observable"}
)

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
// an init function or before cmd.Main; it panics if the name is taken or a
// column is not registered.
func Register(o Observable) {
	for _, c := range o.Columns {
		if _, ok := FindColumn(c); !ok {
			panic(fmt.Sprintf("observables: %q is estimated from column %q, which is not registered", o.Name, c))
		}
	}
	observables.Add(o.Name, o)
}

// FindColumn returns the registered column of a name.
func FindColumn(name string) (Column, bool) { return columns.Find(name) }

// Find returns the registered observable of a name.
func Find(name string) (Observable, bool) { return observables.Find(name) }

// All returns the registered observables in the order of their registration.
func All() []Observable { return observables.All() }

// Check returns nil if the observable exists for the model, and else an
// error that names the ability that the model lacks.
func (o Observable) Check(m models.Model) error {
	for _, name := range o.Columns {
		c, _ := FindColumn(name)
		if err := c.Check(m); err != nil {
			return err
		}
	}
	return nil
}
