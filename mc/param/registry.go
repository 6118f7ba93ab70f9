package param

import (
	"fmt"
	"slices"
)

// A Registry holds what run cards can name: models, kernels, columns and
// observables each have one. Entries are added while a program starts;
// afterwards a Registry may be read by many goroutines. One without entries
// needs only its Kind.
type Registry[E any] struct {
	Kind    string // what the entries are, for the message of Add's panic
	names   []string
	entries []E
}

// Add adds an entry. It panics if the name is taken.
func (r *Registry[E]) Add(name string, e E) {
	if slices.Contains(r.names, name) {
		panic(fmt.Sprintf("param: the %s %q is registered twice", r.Kind, name))
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
