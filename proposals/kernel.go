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

	// Clusters is told of the clusters that a kernel builds, if its Spec is a
	// [ClusterBuilder]; nil if nobody listens. What the kernel does, and the
	// random numbers that it draws, do not depend on it.
	Clusters Clusters
}

// Clusters is told of the clusters that a kernel builds, for improved
// estimators. What it is handed belongs to the kernel: it is to be read only,
// and changes after the call. Calls come before or after the cluster is given
// its new state, but never between, so that the sites of a cluster fit
// together: the signed sum of its spins is right but for the sign.
type Clusters interface {
	// Single is told of the sites of one cluster that was grown from a site
	// drawn uniformly among all N; there are none if no cluster can be grown
	// from that site. It is called once a step, also where the step then
	// leaves the cluster as it was.
	Single(sites []uint32)
	// All is told of all clusters: label[i], a number from 0 to N, and label[j]
	// are equal if and only if sites i and j are of one cluster. It is called
	// once a step.
	All(label []uint32)
}

// ClusterBuilder is the ability of a Spec whose kernel tells a Chain's Clusters
// of the clusters that it builds.
type ClusterBuilder interface {
	Spec
	// Clusters returns nil if the clusters give unbiased improved estimators
	// of two-point functions:
	//
	//	E[1(i and j of one cluster) sigma_i . sigma_j] = <sigma_i . sigma_j>
	//
	// and else an error that says why not. It is asked only where Check
	// returned nil.
	Clusters(m models.Model) error
}

// Reversible is the ability of a Spec whose kernel can be in detailed balance,
//
//	pi_i P_ij = pi_j P_ji,
//
// which an invariant distribution does not need.
type Reversible interface {
	Spec
	// Reversible reports whether a step is in detailed balance with the
	// model's distribution. It is asked only where Check returned nil.
	Reversible(m models.Model) bool
}

// Adviser is the ability of a Spec that can be valid for a model and yet a poor
// choice.
type Adviser interface {
	Spec
	// Advise returns one sentence on what to use instead, or "" if there is
	// nothing to say. It is asked only where Check returned nil.
	Advise(m models.Model) string
}

// Tuned is the ability of a Spec whose kernel tunes some of its keys during
// thermalization.
type Tuned interface {
	Spec
	// Tunes returns the keys that are tuned for a model, those which have not
	// been given, and the share of proposals that is then to be accepted; 0 if
	// none is aimed at. It is asked only where Check returned nil.
	Tunes(m models.Model) (keys []string, accept float64)
}

// Batched is the ability of a Spec whose kernel can move several chains in one
// batch, where that takes less time than one after the other.
type Batched interface {
	Spec
	// Batches reports whether the kernel is one, with the keys that it has. All
	// chains of a proposal then form one group, and BindAll is called in place
	// of Bind.
	Batches() bool
	// BindAll returns the kernel that makes a step in every chain. The chains draw
	// from random numbers of their own what concerns them alone, and from shared
	// what all have in common. The model is prepared and has passed Check.
	BindAll(m models.Model, chains []Chain, shared *mc.Stream) mc.Kernel
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
