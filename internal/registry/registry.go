// Package registry keeps what run cards can name: models, kernels, columns
// and observables, each in the order of registration.
package registry

import (
	"fmt"
	"slices"
)

// A Registry holds entries by name. The zero value is empty. Entries are
// added while a program starts; afterwards it may be read by many goroutines.
type Registry[E any] struct {
	Kind    string // what the entries are, for the message of Add's panic
	names   []string
	entries []E
}

// Add adds an entry. It panics if the name is taken.
func (r *Registry[E]) Add(name string, e E) {
	if slices.Contains(r.names, name) {
		panic(fmt.Sprintf("mcrun: the %s %q is registered twice", r.Kind, name))
	}
	r.names = append(r.names, name)
	r.entries = append(r.entries, e)
}

// Find returns the entry of a name.
func (r *Registry[E]) Find(name string) (e E, ok bool) {
	i := slices.Index(r.names, name)
	if i < 0 {
		return e, false
	}
	return r.entries[i], true
}

// All returns the entries in the order in which they were added.
func (r *Registry[E]) All() []E { return slices.Clone(r.entries) }
