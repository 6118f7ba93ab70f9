package proposals

import (
	"errors"
	"slices"

	"mcrun/models"
)

// What cluster kernels need of a model, and what they say about it.

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
	case k.Pair == models.Cosine && (hasField(k) || k.Self != nil):
		return errors.New("clusters are reflected, and its angles differ in energy")
	case k.Pair == models.Cosine && k.Graph != nil:
		return errors.New("the bonds of its angles are not all alike")
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
