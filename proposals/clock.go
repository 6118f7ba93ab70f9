package proposals

import (
	"errors"
	"math"

	"mcrun/mc"
	"mcrun/models"
)

// Clusters of clock spins are those of Ising spins embedded in them, as those of
// vectors (U. Wolff, Phys. Rev. Lett. 62, 361 (1989)), with reflections that map the
// q angles on themselves: k -> r - k, r = 0..q-1 drawn anew for each step. The
// mirror is at the angle pi r/q, and
//
//	cos(theta_a - theta_b') - cos(theta_a - theta_b) = -2 u_a u_b,   u_k = sin(pi (2k - r)/q),
//
// where b' is the image of b: u is an Ising spin with a length. A bond whose energy
// rises by dE if one of its ends is reflected is active with the probability 1 -
// exp(-beta dE), so that a bond to a site on the mirror, of u = 0, never is. For odd
// q one angle lies on each mirror, for even q there are two on every other one and
// none on the rest. As any angle is the image of any other in some mirror, and a
// cluster may be a single site, all configurations are reached; as each is left as
// it is where the first site of the cluster lies on the mirror, or each cluster with
// probability 1/2, no kernel alternates.

// errMirrored says why clusters of clock spins give no improved estimators.
var errMirrored = errors.New("clusters are those of the angles' projection on a random direction, and not of the spins themselves")

// isClock reports whether a model has the couplings of a clock model.
func isClock(m models.Model) bool {
	p, ok := m.(models.PairCoupled)
	return ok && p.Couplings().Pair == models.Cosine
}

// mirrors are what the kernels share.
type mirrors struct {
	spins   models.Spins
	lattice *models.Lattice
	q       int
	r       int      // of the present mirror
	active  []uint64 // thresholds of a bond, at q (a - b) + (a' - b), both modulo q
	random  *mc.Stream
}

func newMirrors(m models.PairCoupled, c Chain) mirrors {
	k, q := m.Couplings(), m.States()
	w := mirrors{spins: c.State.(models.Spins), lattice: k.Lattice, q: q, random: c.Random}
	cos, _ := models.Angles(q)
	for d := range q {
		for e := range q {
			rise := m.Beta() * k.J * (cos[d] - cos[e])
			w.active = append(w.active, mc.Threshold(-math.Expm1(-max(0, rise))))
		}
	}
	return w
}

// turn draws the mirror.
func (w *mirrors) turn() { w.r = w.random.IntN(w.q) }

// image returns the mirror image of a state.
func (w *mirrors) image(a uint8) uint8 { return uint8(w.modulo(w.r - int(a))) }

// modulo returns a difference of two states modulo q.
func (w *mirrors) modulo(d int) int {
	if d < 0 {
		d += w.q
	}
	return d
}

// joins decides whether the bond between sites in states a, of image i, and b is
// active.
func (w *mirrors) joins(a, i, b uint8) bool {
	threshold := w.active[w.q*w.modulo(int(a)-int(b))+w.modulo(int(i)-int(b))]
	return threshold != 0 && w.random.Below(threshold)
}

// clockWolff reflects one cluster. A site is reflected when it joins, after which
// its state is the image of what it was.
type clockWolff struct {
	mirrors
	inside []bool
	stack  []uint32
}

func newClockWolff(m models.PairCoupled, c Chain) *clockWolff {
	return &clockWolff{mirrors: newMirrors(m, c), inside: make([]bool, m.Sites())}
}

// Step reflects one cluster.
func (w *clockWolff) Step() {
	w.turn()
	seed := uint32(w.random.IntN(len(w.spins)))
	w.stack = append(w.stack[:0], seed)
	w.inside[seed] = true
	for next := 0; next < len(w.stack); next++ {
		i := w.stack[next]
		a := w.spins[i]
		image := w.image(a)
		w.spins[i] = image
		for _, j := range w.lattice.Neighbours(int(i)) {
			if !w.inside[j] && w.joins(a, image, w.spins[j]) {
				w.inside[j] = true
				w.stack = append(w.stack, j)
			}
		}
	}
	for _, i := range w.stack {
		w.inside[i] = false
	}
}

// clockSwendsenWang reflects each of all clusters with probability 1/2.
type clockSwendsenWang struct {
	mirrors
	label labels
	fate  []bool // of a site that is its cluster's first: whether it is reflected
}

func newClockSwendsenWang(m models.PairCoupled, c Chain) *clockSwendsenWang {
	return &clockSwendsenWang{mirrors: newMirrors(m, c), label: make(labels, m.Sites()), fate: make([]bool, m.Sites())}
}

// Step updates all sites.
func (w *clockSwendsenWang) Step() {
	w.turn()
	for i, a := range w.spins {
		w.label[i] = uint32(i)
		image := w.image(a)
		for _, j := range w.lattice.Neighbours(i) {
			if int(j) < i && w.joins(a, image, w.spins[j]) {
				w.label.join(uint32(i), j)
			}
		}
	}
	w.label.fates(w.fate, w.random, func(i int) { w.spins[i] = w.image(w.spins[i]) })
}
