package proposals

import (
	"errors"
	"math"
	"slices"

	"mcrun/models"
)

// A kind is which code serves the couplings of a model.
type kind int

const (
	otherKind   kind = iota // any Discrete model, one change at a time
	isingKind               // two-valued spins on a lattice, all bonds and fields alike
	graphKind               // two-valued spins on a graph
	spinOneKind             // spins -1, 0, 1 on a lattice, all bonds and fields alike
	pottsKind               // a Potts model on a lattice, all bonds alike
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
	}
	return otherKind
}

// flat reports whether all configurations have the same weight, or so nearly
// that fewer than one in 32 changes of a site would be rejected.
func flat(m models.Model) bool {
	pairs, ok := m.(models.PairCoupled)
	if !ok {
		return m.Beta() == 0
	}
	k := pairs.Couplings()
	local := 0.0 // the largest sum of a site's couplings and field
	if k.Graph != nil {
		for i := range k.Graph.Sites() {
			sum := math.Abs(k.Graph.Field(i))
			for _, j := range k.Graph.Strengths(i) {
				sum += math.Abs(j)
			}
			local = max(local, sum)
		}
	} else {
		local = float64(2*k.Lattice.Dims())*math.Abs(k.J) + math.Abs(k.H)
	}
	span := 2.0 // of a spin, in which H is linear
	if k.Pair == models.Equal {
		span = 1
	}
	self := 0.0
	if k.Self != nil {
		self = slices.Max(k.Self) - slices.Min(k.Self)
	}
	return span*m.Beta()*local+m.Beta()*self < 1-lazy
}

// needClusters returns nil if the model has what cluster kernels ask for: pair
// couplings whose satisfied bonds have a positive probability to be active.
func needClusters(m models.Model) error {
	pairs, ok := m.(models.PairCoupled)
	if !ok {
		return errors.New("the model has no pair couplings (models.PairCoupled)")
	}
	k := pairs.Couplings()
	switch {
	case k.Pair == models.Product && pairs.States() > 3:
		return errors.New("clusters are mirrored, and its spins have other values than -1, 0 and 1")
	case k.Pair == models.Equal && antiferromagnetic(k):
		return errors.New("with J < 0 a bond would be active with the probability 1 - exp(beta |J|) < 0; use local kernels")
	case k.Pair == models.Equal && (hasField(k) || k.Self != nil):
		return errors.New("clusters change colour, and its colours differ in energy")
	}
	return nil
}

func antiferromagnetic(k *models.Couplings) bool {
	if k.Graph == nil {
		return k.J < 0
	}
	for i := range k.Graph.Sites() {
		if slices.ContainsFunc(k.Graph.Strengths(i), func(j float64) bool { return j < 0 }) {
			return true
		}
	}
	return false
}

func hasField(k *models.Couplings) bool {
	if k.Graph == nil {
		return k.H != 0
	}
	for i := range k.Graph.Sites() {
		if k.Graph.Field(i) != 0 {
			return true
		}
	}
	return false
}

// vacancies returns an error if the model has sites that belong to no cluster,
// so that cluster kernels do not reach every configuration.
func vacancies(m models.Model) error {
	pairs := m.(models.PairCoupled)
	if pairs.Couplings().Pair == models.Product && pairs.States() == 3 {
		return errors.New("clusters consist of spins +-1: the zeros are never changed")
	}
	return nil
}

// percolation is the advice on clusters of a frustrated model.
func percolation(m models.Model) string {
	if m, ok := m.(models.Frustrated); ok && m.Frustrated() {
		return "its bonds are frustrated, so that clusters percolate and flip nearly everything: expect no gain over local kernels; for a glass use those or tempering"
	}
	return ""
}
