package models

import (
	"mcrun/mc"
	"mcrun/mc/param"
)

// A Model is a probability distribution pi ~ exp(-beta H) of configurations
// on a set of sites. What kernels and observables need beyond this they ask
// for through the small interfaces of this package, each named for one
// ability; a model has those it can honour.
type Model interface {
	// Sites returns the number N of sites.
	Sites() int
	// Beta returns the inverse temperature 1/T (k_B = 1).
	Beta() float64
	// Bytes returns the memory that one chain takes, with the copies that
	// a checkpoint makes of its configuration and what kernels usually keep
	// for each site, and the memory of the model's own tables, whatever
	// the number of chains. It is asked before any of it is taken.
	Bytes() (chain, tables float64)
	// Prepare makes the tables that the model needs to be sampled. It is
	// called once, after the card has been checked and before any other
	// method but Sites, Beta and Bytes.
	Prepare() error
	// NewState returns a configuration: cold is an ordered one, in general
	// a ground state; hot is one at infinite temperature.
	NewState(start Start, random *mc.Stream) State
}

// Start is how a chain begins.
type Start string

// The starts.
const (
	Hot  Start = "hot"
	Cold Start = "cold"
)

// A State is the configuration of one chain. Kernels change it in place, so
// they and the probes that read it share one State.
type State interface {
	mc.Saver
}

// Spins is the configuration of a model whose sites take one of q states:
// Spins[i] in 0..q-1 numbers the state of site i. Of two-valued spins, state
// k is the spin s = 2k - 1.
type Spins []uint8

// Save implements [mc.Saver].
func (s Spins) Save(snap *mc.Snapshot, prefix string) { mc.Put(snap, prefix+".spins", s) }

// Load implements [mc.Saver].
func (s Spins) Load(snap *mc.Snapshot, prefix string) error {
	return mc.Get(snap, prefix+".spins", s)
}

// Discrete is the ability that kernels which change one site at a time ask
// for: every site takes one of finitely many states, and what a change costs
// is known. The model's State is Spins.
type Discrete interface {
	Model
	// States returns q, the number of states of a site, from 2 to 256.
	States() int
	// EnergyChange returns H(s with site i in state k) - H(s).
	EnergyChange(s Spins, i int, k uint8) float64
}

// Energetic is the ability that the observable energy asks for.
type Energetic interface {
	Model
	// Energy returns H of a configuration, not divided by N.
	Energy(s State) float64
}

// Magnetic is the ability of a model whose order parameter is a number of
// either sign, of which |m| and m^2 are functions.
type Magnetic interface {
	Model
	// Magnetization returns the order parameter m of a configuration, per
	// site: (1/N) sum s for spins.
	Magnetization(s State) float64
}

// Ordered is the ability of a model whose order parameter has no sign: that
// of the Potts model, or a vector.
type Ordered interface {
	Model
	// Order returns |m| and m^2 of a configuration, per site. For Potts
	// these are (q max_k n_k/N - 1)/(q-1) and (q sum_k (n_k/N)^2 - 1)/(q-1),
	// the latter not the square of the former.
	Order(s State) (abs, square float64)
}

// Regular is the ability of a model that may have a periodic hypercubic
// lattice. It can be asked before Prepare.
type Regular interface {
	Model
	// Sides returns the sides of the lattice, slowest coordinate first, and
	// nil if the sites form none. Sites are numbered in row-major order.
	Sides() []int
}

// SpinField is the ability that correlations ask for: a site holds a vector
// sigma of so many components, with N m^2 = (1/N) sum_xy sigma_x . sigma_y.
// It is (s) for Ising, (cos theta, sin theta) for XY, and for Potts
// sqrt(q/(q-1)) (delta_{k,s} - 1/q), k = 0..q-1.
type SpinField interface {
	Model
	Components() int
	// Component writes component c of every site.
	Component(s State, c int, dst []float64)
}

// Portable is the ability of a model whose configurations can be kept in files
// and read back.
type Portable interface {
	Model
	// Array says how one configuration is laid out. It can be asked before
	// Prepare.
	Array() Array
	// Export appends a configuration to dst, as the elements of an Array in
	// row-major order, little-endian.
	Export(s State, dst []byte) []byte
	// Import sets s to a configuration that Export wrote. The error names a
	// value that is none of a site; s is undefined then.
	Import(s State, src []byte) error
}

// An Array is the layout of a configuration in a file.
type Array struct {
	Type  string // of an element, by NumPy's name: "|i1", "|u1" or "<f8"
	Shape []int  // the sides of the lattice or the number of sites, then the components of a vector
}

// Frustrated is the ability of a model that may have bonds which compete. It
// can be asked before Prepare.
type Frustrated interface {
	Model
	// Frustrated reports whether no configuration satisfies all bonds, each
	// by itself at its lowest energy: whether, for two-valued spins, some
	// closed loop has an odd number of negative couplings. Fields do not
	// count, nor do couplings of 0.
	Frustrated() bool
}

// Exact is the ability of a model of which some expectation values are known
// exactly.
type Exact interface {
	Model
	// Exact returns the known values by the names of their observables.
	Exact() map[string]float64
}

// A Spec is a model as a run card describes it: a pointer to a struct whose
// tagged fields are the keys of the card's [model] table, filled in by
// package param.
type Spec interface {
	Model
}

// An Entry is a model that run cards can name.
type Entry struct {
	Name string
	Doc  string      // one line for `mcrun list models`
	New  func() Spec // an empty Spec
	// Example holds keys with values for a first card (`mcrun init`): at
	// least those that have no default.
	Example []param.Setting
	// Small holds complete keys of instances so small that all their states
	// can be listed, or configurations drawn independently of each other, on
	// which every kernel is proved. They are the awkward ones: sides of 2, odd
	// sides, couplings and fields of both signs and 0, wells.
	Small [][]param.Setting
}

var registered = param.Registry[Entry]{Kind: "model"}

// Register makes a model known to run cards. It is to be called from an
// init function or before cmd.Main; it panics if the name is taken.
func Register(e Entry) { registered.Add(e.Name, e) }

// Find returns the registered model of a name.
func Find(name string) (Entry, bool) { return registered.Find(name) }

// All returns the registered models in the order of their registration.
func All() []Entry { return registered.All() }

// small returns the keys of a small instance on a lattice: alternately the name
// of a key and its value.
func small(shape []int, keys ...any) []param.Setting {
	return append([]param.Setting{{Key: "shape", Value: shape}}, settings(keys)...)
}

// smallFile returns the keys of a small instance on the graph that a file of
// couplings with this text would give.
func smallFile(text string, keys ...any) []param.Setting {
	file := param.File{Path: "couplings.txt", Data: []byte(text)}
	return append([]param.Setting{{Key: "couplings", Value: file}}, settings(keys)...)
}

func settings(keys []any) []param.Setting {
	var list []param.Setting
	for n := 0; n < len(keys); n += 2 {
		list = append(list, param.Setting{Key: keys[n].(string), Value: keys[n+1]})
	}
	return list
}
