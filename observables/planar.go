package observables

import (
	"errors"
	"math"

	"mcrun/models"
)

// What is read off angles: of the XY and of the clock model.

func registerPlanar() {
	RegisterColumn(Column{
		Name:  "helicity_modulus",
		Check: isPlanar,
		Width: func(m models.Model) int { return len(sides(m)) },
		Bind:  bindHelicity,
	})
	RegisterColumn(Column{
		Name: "vorticity",
		Check: func(m models.Model) error {
			if err := isPlanar(m); err != nil {
				return err
			}
			if len(sides(m)) < 2 {
				return errors.New("a ring has no plaquettes")
			}
			return nil
		},
		Bind: bindVorticity,
	})

	Register(Observable{
		Name:       "helicity_modulus",
		Doc:        "(<sum_x J cos(dtheta)> - beta <(sum_x J sin(dtheta))^2>)/N over the bonds of a direction; averaged over directions if sides are equal",
		Columns:    fixed("helicity_modulus"),
		Points:     directions,
		Estimators: ofDirections,
	})
	Register(Observable{
		Name:    "vorticity",
		Doc:     "plaquettes with winding +-1 per site; of a clock, a difference of pi turns by +pi along the axis",
		Columns: fixed("vorticity"),
	})
}

// ofDirections returns the estimators of the means of a column that has one
// value for each direction, as directions returns the points.
func ofDirections(m models.Model) []Estimator {
	d := len(sides(m))
	if isCubic(sides(m)) {
		inputs := make([]int, d)
		for mu := range inputs {
			inputs[mu] = mu
		}
		return []Estimator{{Inputs: inputs, Function: &meanOfInputs}}
	}
	estimators := make([]Estimator, d)
	for mu := range estimators {
		estimators[mu].Inputs = []int{mu}
	}
	return estimators
}

// isPlanar is the Check of what needs an angle at every site of a lattice.
func isPlanar(m models.Model) error {
	if _, ok := clockOf(m); ok {
		return hasLattice(m)
	}
	if f, ok := m.(models.FieldCoupled); !ok || !f.FieldCouplings().Unit || f.FieldCouplings().Components != 2 {
		return errors.New("the model has no angle at every site (models.FieldCoupled with unit vectors of two components, or models.PairCoupled with cosines)")
	}
	return nil
}

// clockOf returns the couplings of a model whose states are angles 2 pi k/q. Those
// of a [models.Clock] of two states are products.
func clockOf(m models.Model) (models.PairCoupled, bool) {
	p, ok := m.(models.PairCoupled)
	if !ok {
		return nil, false
	}
	_, clock := m.(*models.Clock)
	return p, clock || p.Couplings().Pair == models.Cosine
}

// A plane is the angles of a lattice, as the steps from one site to another.
type plane struct {
	lattice *models.Lattice
	j       float64
	// cosSin returns the cosine and the sine of the change of the angle from
	// site i to site k.
	cosSin func(i, k uint32) (cos, sin float64)
	// turn returns that change, in [-pi, pi], from site i to the next site k of
	// a direction.
	turn func(i, k uint32) float64
}

func newPlane(m models.Model, s models.State) plane {
	if p, ok := clockOf(m); ok {
		return clockPlane(p, s.(models.Spins))
	}
	k := m.(models.FieldCoupled).FieldCouplings()
	p := plane{lattice: k.Lattice}
	if beta := m.Beta(); beta > 0 { // else j = 0: at infinite temperature the mean is 0
		p.j = k.K / beta
	}
	x := s.(models.Field)
	// The cosine and the sine are the scalar and the cross product.
	p.cosSin = func(i, k uint32) (cos, sin float64) {
		a, b := x[2*i:2*i+2], x[2*k:2*k+2]
		return a[0]*b[0] + a[1]*b[1], a[0]*b[1] - a[1]*b[0]
	}
	p.turn = func(i, k uint32) float64 {
		cos, sin := p.cosSin(i, k)
		return math.Atan2(sin, cos)
	}
	return p
}

// clockPlane returns the angles of a clock model. A difference of exactly pi, which
// may be a turn to either side, is one by +pi from a site to the next along an axis,
// and so by -pi back: each bond turns the two plaquettes that share it in opposite
// senses, and the vortices are as many as the antivortices.
func clockPlane(m models.PairCoupled, s models.Spins) plane {
	q := m.States()
	cos, sin := models.Angles(q)
	angle := make([]float64, q)
	for d := range angle {
		if 2*d <= q {
			angle[d] = 2 * math.Pi * float64(d) / float64(q)
		} else {
			angle[d] = -2 * math.Pi * float64(q-d) / float64(q)
		}
	}
	difference := func(i, k uint32) int {
		d := int(s[k]) - int(s[i])
		if d < 0 {
			d += q
		}
		return d
	}
	return plane{
		lattice: m.Couplings().Lattice,
		j:       m.Couplings().J,
		cosSin: func(i, k uint32) (float64, float64) {
			d := difference(i, k)
			return cos[d], sin[d]
		},
		turn: func(i, k uint32) float64 { return angle[difference(i, k)] },
	}
}

// bindHelicity reads, for every direction,
//
//	(sum_x J cos(dtheta) - beta (sum_x J sin(dtheta))^2)/N
//
// off the bonds of that direction.
func bindHelicity(m models.Model, c Chain) func(dst []float64) {
	p := newPlane(m, c.State)
	n, beta := float64(m.Sites()), m.Beta()
	return func(dst []float64) {
		for mu := range dst {
			var cos, sin float64
			for i := range m.Sites() {
				c, s := p.cosSin(uint32(i), p.lattice.Neighbours(i)[2*mu])
				cos += c
				sin += s
			}
			dst[mu] = (p.j*cos - beta*p.j*p.j*sin*sin) / n
		}
	}
}

// bindVorticity counts the plaquettes around which the angle, changing by no more
// than pi from each site to the next, winds once.
func bindVorticity(m models.Model, c Chain) func(dst []float64) {
	p := newPlane(m, c.State)
	d := p.lattice.Dims()
	return func(dst []float64) {
		vortices := 0
		for site := range m.Sites() {
			i := uint32(site)
			for mu := range d {
				for nu := mu + 1; nu < d; nu++ {
					right := p.lattice.Neighbours(site)[2*mu]
					up := p.lattice.Neighbours(site)[2*nu]
					corner := p.lattice.Neighbours(int(right))[2*nu]
					winding := p.turn(i, right) + p.turn(right, corner) - p.turn(up, corner) - p.turn(i, up)
					if math.Abs(winding) > math.Pi { // it is 0 or +-2 pi
						vortices++
					}
				}
			}
		}
		dst[0] = float64(vortices) / float64(m.Sites())
	}
}
