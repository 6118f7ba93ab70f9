package proposals

import "mcrun/models"

// A kind is which code serves the couplings of a model.
type kind int

const (
	otherKind   kind = iota // any Discrete model, one change at a time
	isingKind               // two-valued spins on a lattice, all bonds and fields alike
	graphKind               // two-valued spins on a graph
	spinOneKind             // spins -1, 0, 1 on a lattice, all bonds and fields alike
	pottsKind               // a Potts model on a lattice, all bonds alike
	clockKind               // a clock model on a lattice, all bonds alike
)

// kindOf says which code serves a prepared model.
func kindOf(m models.PairCoupled) kind {
	k, q := m.Couplings(), m.States()
	switch {
	case k.Pair == models.Product && q == 2 && k.Self == nil && k.Graph != nil:
		return graphKind
	case k.Graph != nil:
		return otherKind
	case k.Pair == models.Product && q == 2 && k.Self == nil:
		return isingKind
	case k.Pair == models.Product && q == 3:
		return spinOneKind
	case k.Pair == models.Equal && k.H == 0 && k.Self == nil:
		return pottsKind
	case k.Pair == models.Cosine && k.H == 0 && k.Self == nil:
		return clockKind
	}
	return otherKind
}
