package proposals

import (
	"mcrun/mc"
	"mcrun/mc/param"
	"mcrun/models"
)

// A Spec is a kernel as a run card describes it: a pointer to a struct whose
// tagged fields are the kernel's own keys on the card, filled in by package
// param. The zero value of each Spec of this package is ready to use in Go.
type Spec interface {
	// Check returns nil if the kernel leaves the model's distribution
	// invariant, and else an error that names the ability that the model
	// lacks.
	Check(m models.Model) error
	// Ergodic returns nil if the kernel by itself reaches every
	// configuration of the model, and else an error that says which it
	// does not reach. It is asked only where Check returned nil.
	Ergodic(m models.Model) error
	// Bind returns the kernel of one chain. The model is prepared and has
	// passed Check.
	Bind(m models.Model, c Chain) mc.Kernel
}

// A Chain is what a kernel is bound to beside its model.
type Chain struct {
	State  models.State // changed in place
	Random *mc.Stream   // the kernel's own
	Tally  *mc.Tally    // counts proposals, if the kernel makes any that can be rejected
}

// An Entry is a kernel that run cards can name.
type Entry struct {
	Name string
	Doc  string      // one line for `mcrun list kernels`: what one step is
	New  func() Spec // a Spec with no key set
}

var registered = param.Registry[Entry]{Kind: "kernel"}

// Register makes a kernel known to run cards. It is to be called from an
// init function or before cmd.Main; it panics if the name is taken.
func Register(e Entry) { registered.Add(e.Name, e) }

// Find returns the registered kernel of a name.
func Find(name string) (Entry, bool) { return registered.Find(name) }

// All returns the registered kernels in the order of their registration.
func All() []Entry { return registered.All() }
