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

// PairCoupled is the ability that fast local kernels and cluster kernels ask
// for: two-valued spins with
//
//	H = -sum_{bonds} J s_i s_j - h sum_i s_i.
//
// The model's State is Spins.
type PairCoupled interface {
	Discrete
	// Couplings returns the couplings, to be read only.
	Couplings() *Couplings
}

// Couplings are the bonds and the field of a [PairCoupled] model whose bonds
// are all alike and whose sites all have the same number of neighbours.
type Couplings struct {
	J, H    float64
	Lattice *Lattice
}

// Energetic is the ability that the observable energy asks for.
type Energetic interface {
	Model
	// Energy returns H of a configuration, not divided by N.
	Energy(s State) float64
}

// Magnetic is the ability that the observables of an order parameter ask for.
type Magnetic interface {
	Model
	// Magnetization returns the order parameter m of a configuration, per
	// site: (1/N) sum s for spins.
	Magnetization(s State) float64
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
}

var registered = param.Registry[Entry]{Kind: "model"}

// Register makes a model known to run cards. It is to be called from an
// init function or before cmd.Main; it panics if the name is taken.
func Register(e Entry) { registered.Add(e.Name, e) }

// Find returns the registered model of a name.
func Find(name string) (Entry, bool) { return registered.Find(name) }

// All returns the registered models in the order of their registration.
func All() []Entry { return registered.All() }
