package mc

import (
	"fmt"
	"slices"
)

// A Snapshot is the state of a group at one moment as named arrays, which is
// what a checkpoint stores. It holds copies: nothing that happens to the
// group later changes it.
type Snapshot struct {
	names  []string
	arrays map[string]any
}

// Put stores a copy of values under a name. It panics if the name is taken.
func Put[T uint8 | uint64 | int64 | float64](s *Snapshot, name string, values []T) {
	if _, taken := s.arrays[name]; taken {
		panic("mc: two arrays of a snapshot have the name " + name)
	}
	if s.arrays == nil {
		s.arrays = make(map[string]any)
	}
	s.names = append(s.names, name)
	s.arrays[name] = slices.Clone(values)
}

// Get copies the array of a name into dst. The error names the array if it
// is missing or is not of dst's type and length.
func Get[T uint8 | uint64 | int64 | float64](s *Snapshot, name string, dst []T) error {
	a, ok := s.arrays[name]
	if !ok {
		return fmt.Errorf("mc: the snapshot has no array %q", name)
	}
	src, ok := a.([]T)
	if !ok {
		return fmt.Errorf("mc: array %q of the snapshot is a %T, not a %T", name, a, dst)
	}
	if len(src) != len(dst) {
		return fmt.Errorf("mc: array %q of the snapshot has %d elements, not %d", name, len(src), len(dst))
	}
	copy(dst, src)
	return nil
}

// Names returns the names of the arrays in the order in which they were put.
func (s *Snapshot) Names() []string { return slices.Clone(s.names) }

// Array returns the array of a name, a []uint8, []uint64, []int64 or
// []float64 that must not be changed, and nil if there is none.
func (s *Snapshot) Array(name string) any { return s.arrays[name] }

// A Saver has state that outlives a step: configurations, and what a kernel
// has learned or counted. Names given to [Put] and [Get] begin with prefix,
// by which several savers of one kind tell their arrays apart.
//
// Load restores exactly what Save stored, to the bit. An error leaves the
// Saver in an unspecified state.
type Saver interface {
	Save(s *Snapshot, prefix string)
	Load(s *Snapshot, prefix string) error
}
