package proposals

import (
	"errors"
	"math"

	"mcrun/mc"
	"mcrun/models"
)

// Clusters of fields are those of Ising spins embedded in it (U. Wolff, Phys.
// Rev. Lett. 62, 361 (1989); R. C. Brower and P. Tamayo, Phys. Rev. Lett. 62, 1087
// (1989) for phi^4): the signs of the projections p_x = phi_x . r on a direction
// r that is drawn anew for each step, which have the couplings K |p_x| |p_y|.
// Changing the sign of p_x is the reflection phi_x - 2 p_x r, which leaves |phi_x|
// as it is.

// errLength says what reflections do not reach.
var errLength = errors.New("clusters are reflected: |phi| is never changed")

// errProjected says why there are no improved estimators.
var errProjected = errors.New("clusters are those of the field's projection on a random direction, and not of the field itself")

// embeddedErgodic returns nil if reflections reach every configuration.
func embeddedErgodic(m models.FieldCoupled) error {
	if c := m.FieldCouplings(); !c.Unit {
		return errLength
	}
	return nil
}

// embedded is what the kernels share.
type embedded struct {
	models.FieldCouplings
	x      models.Field
	r      []float64 // direction of the projection; 1 where there is one component
	random *mc.Stream
}

func newEmbedded(m models.FieldCoupled, c Chain) embedded {
	f := m.FieldCouplings()
	e := embedded{f, c.State.(models.Field), make([]float64, f.Components), c.Random}
	e.r[0] = 1
	return e
}

// turn draws the direction.
func (e *embedded) turn() {
	if len(e.r) == 1 {
		return
	}
	var square float64
	for square < weak {
		square = 0
		for k := range e.r {
			e.r[k] = e.random.NormFloat64()
			square += e.r[k] * e.r[k]
		}
	}
	length := math.Sqrt(square)
	for k := range e.r {
		e.r[k] /= length
	}
}

// projection returns that of the vector of site i.
func (e *embedded) projection(i int) (p float64) {
	n := len(e.r)
	for k, v := range e.x[i*n : (i+1)*n] {
		p += v * e.r[k]
	}
	return p
}

// joins decides whether a bond is active, with probability 1 - exp(-2 K p q) where
// it is satisfied; kp is K p.
func (e *embedded) joins(kp, q float64) bool {
	cost := 2 * kp * q
	return cost > 0 && e.random.Float64() >= math.Exp(-cost)
}

// reflect changes the sign of the projection of site i.
func (e *embedded) reflect(i int) {
	n := len(e.r)
	v := e.x[i*n : (i+1)*n]
	if n == 1 {
		v[0] = -v[0]
		return
	}
	p := 2 * e.projection(i)
	var square float64
	for k := range v {
		v[k] -= p * e.r[k]
		square += v[k] * v[k]
	}
	if e.Unit {
		scale := normalising(square)
		for k := range v {
			v[k] *= scale
		}
	}
}

// embeddedWolff reflects one cluster, which is grown first, its sites being
// marked.
type embeddedWolff struct {
	embedded
	rest    uint64 // threshold of doing nothing
	inside  []bool
	cluster []uint32
}

func newEmbeddedWolff(m models.FieldCoupled, c Chain) *embeddedWolff {
	w := &embeddedWolff{embedded: newEmbedded(m, c), inside: make([]bool, m.Sites())}
	if w.Components == 1 {
		// As in a lattice at low temperature: with no direction to be drawn,
		// steps would flip nearly all of it again and again.
		w.rest = mc.Threshold(1 - lazy)
	}
	return w
}

// Step reflects one cluster.
func (w *embeddedWolff) Step() {
	if w.rest != 0 && w.random.Below(w.rest) {
		return
	}
	w.turn()
	w.flip(w.random.IntN(len(w.inside)))
}

// flip reflects the cluster of seed.
func (w *embeddedWolff) flip(seed int) {
	w.grow(seed)
	for _, i := range w.cluster {
		w.inside[i] = false
		w.reflect(int(i))
	}
}

// grow makes cluster that of seed.
func (w *embeddedWolff) grow(seed int) {
	w.cluster = append(w.cluster[:0], uint32(seed))
	w.inside[seed] = true
	for next := 0; next < len(w.cluster); next++ {
		i := int(w.cluster[next])
		kp := w.K * w.projection(i)
		for _, j := range w.Lattice.Neighbours(i) {
			if !w.inside[j] && w.joins(kp, w.projection(int(j))) {
				w.inside[j] = true
				w.cluster = append(w.cluster, j)
			}
		}
	}
}

// embeddedSwendsenWang reflects each of all clusters with probability 1/2.
type embeddedSwendsenWang struct {
	embedded
	p     []float64 // projections
	label labels
	fate  []bool // of a site that is its cluster's first: whether it is reflected
}

func newEmbeddedSwendsenWang(m models.FieldCoupled, c Chain) *embeddedSwendsenWang {
	return &embeddedSwendsenWang{
		embedded: newEmbedded(m, c),
		p:        make([]float64, m.Sites()),
		label:    make(labels, m.Sites()),
		fate:     make([]bool, m.Sites()),
	}
}

// Step updates all sites.
func (w *embeddedSwendsenWang) Step() {
	w.turn()
	for i := range w.p {
		w.p[i] = w.projection(i)
		w.label[i] = uint32(i)
	}
	for i, p := range w.p {
		kp := w.K * p
		for _, j := range w.Lattice.Neighbours(i) {
			if int(j) < i && w.joins(kp, w.p[j]) {
				w.label.join(uint32(i), j)
			}
		}
	}
	w.label.fates(w.fate, w.random, w.reflect)
}
