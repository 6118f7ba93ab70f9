package proposals

import (
	"math"

	"mcrun/mc"
	"mcrun/models"
)

// HeatBath draws the state of a site anew from its distribution given all
// other sites,
//
//	p(k) ~ exp(-beta H(s with s_i = k))
//
// (M. Creutz, Phys. Rev. D 21, 2308 (1980); R. J. Glauber, J. Math. Phys. 4,
// 294 (1963)). One step is N sites. It is rejection-free; with Order Random
// a step is reversible. It is ergodic in every order, since every state of
// a site has a positive probability.
//
// Of a [models.FieldCoupled] model with K times the sum of the neighbours h, it
// draws
//
//   - real numbers, and the components of vectors of any length one by one, from
//     exp(h phi - A phi^2 - B phi^4): normal variates where B = 0, and else by
//     rejection from them, of five trials at least one being accepted in the
//     mean;
//   - unit vectors of two components from exp(h.S), by the rejection of D. J.
//     Best and N. I. Fisher, Appl. Stat. 28, 152 (1979);
//   - unit vectors of three from exp(h.S), by its distribution function.
type HeatBath struct {
	Order Order `card:"order" default:"checkerboard" oneof:"random sequential checkerboard" doc:"order in which the sites are visited"`
}

func init() {
	Register(Entry{
		Name: "heat-bath",
		Doc:  "local updates from the conditional distribution; one step is N sites",
		New:  func() Spec { return new(HeatBath) },
	})
}

// Check implements Spec.
func (*HeatBath) Check(m models.Model) error {
	if m, ok := m.(models.FieldCoupled); ok {
		return needUnitVectors(m)
	}
	return needDiscrete(m, "hold fields with couplings of neighbours (models.FieldCoupled)")
}

// Ergodic implements Spec.
func (*HeatBath) Ergodic(models.Model) error { return nil }

// Reversible implements [Reversible].
func (k *HeatBath) Reversible(models.Model) bool { return k.Order.orDefault() == Random }

// Bind implements Spec.
func (k *HeatBath) Bind(m models.Model, c Chain) mc.Kernel {
	order := k.Order.orDefault()
	if m, ok := m.(models.FieldCoupled); ok {
		return newFieldHeatBath(m, c, order)
	}
	if m, ok := m.(models.PairCoupled); ok && kindOf(m) == isingKind {
		return newLocal(m, c, nil, order, heatBathFlip)
	}
	return newVisitor(m, c, nil, order, heatBathUpdate(m, c))
}

// heatBathFlip returns the probability that a two-valued spin comes out
// flipped, which changes beta H by dE.
func heatBathFlip(dE float64) float64 { return 1 / (1 + math.Exp(dE)) }

// heatBathUpdate returns what draws one site anew.
func heatBathUpdate(m models.Model, c Chain) update {
	if m, ok := m.(models.PairCoupled); ok {
		switch k := m.Couplings(); kindOf(m) {
		case graphKind:
			return newGraphUpdate(m, c, heatBathFlip)
		case pottsKind:
			if k.J >= 0 && 2*k.Lattice.Dims() <= pottsNeighbours {
				return newPotts(m, c).heatBath()
			}
		case clockKind:
			if u := newClock(m, c); u != nil {
				return u.heatBath()
			}
		case spinOneKind:
			return newSpinOne(m, c).heatBath()
		}
	}
	return discreteHeatBath(m.(models.Discrete), c)
}
