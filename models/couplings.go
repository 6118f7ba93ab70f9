package models

// PairCoupled is the ability that fast local kernels and cluster kernels ask
// for: sites that take one of q states, with
//
//	H = -sum_{bonds} J_ij f(s_i, s_j) - sum_i h_i s_i + sum_i E(s_i),
//
// where f is one of few functions (see [Interaction]). The model's State is
// Spins.
type PairCoupled interface {
	Discrete
	// Couplings returns what is in H, to be read only. Before Prepare, Lattice
	// and Graph may be missing.
	Couplings() *Couplings
}

// An Interaction is what a bond contributes for the states of its ends.
type Interaction uint8

// The interactions.
const (
	// Product is f = s_i s_j. State k is the spin 2k - 1 of two-valued spins
	// and the spin k - 1 of three-valued ones.
	Product Interaction = iota
	// Equal is f = delta(s_i, s_j).
	Equal
	// Cosine is f = cos(2 pi (s_i - s_j)/q).
	Cosine
)

// Couplings are the bonds, fields and single-site energies of a [PairCoupled]
// model. Where Graph is nil, all bonds of Lattice have the coupling J and all
// sites the field H. Else the bonds and fields are those of the graph, and J
// and H mean nothing.
type Couplings struct {
	Pair    Interaction
	J, H    float64
	Lattice *Lattice  // nil if the sites form none
	Graph   *Graph    // nil if all bonds and fields are alike
	Self    []float64 // E of each state, even in the spin; nil if all are 0
}

// neighbours returns the sites that site i has bonds to.
func (c *Couplings) neighbours(i int) []uint32 {
	if c.Graph != nil {
		return c.Graph.Neighbours(i)
	}
	return c.Lattice.Neighbours(i)
}
