package proposals

import (
	"math"

	"mcrun/mc"
)

// Hamiltonian is the ability of a kernel whose proposals are the ends of
// trajectories, solutions of Hamilton's equations. Of the kernel's own state only
// the mass of the momenta has a part in it, so that its mechanics can be tested.
type Hamiltonian interface {
	mc.Kernel
	// Momenta draws the momenta with which a trajectory begins at x.
	Momenta(x, p []float64)
	// Trajectory moves x and p by so many steps of a time each, and returns the
	// change of H = S + p M^-1 p/2. It stops where S is not finite, and returns
	// NaN then.
	Trajectory(x, p []float64, steps int, time float64) (dH float64)
}

var (
	_ Hamiltonian = (*hmc)(nil)
	_ Hamiltonian = (*nuts)(nil)
)

// Momenta implements [Hamiltonian].
func (h *hmc) Momenta(x, p []float64) { h.motion.draw(x, p) }

// Trajectory implements [Hamiltonian].
func (h *hmc) Trajectory(x, p []float64, steps int, time float64) float64 {
	return h.motion.trajectory(x, p, h.integrator, steps, time)
}

// Momenta implements [Hamiltonian].
func (n *nuts) Momenta(x, p []float64) { n.motion.draw(x, p) }

// Trajectory implements [Hamiltonian].
func (n *nuts) Trajectory(x, p []float64, steps int, time float64) float64 {
	return n.motion.trajectory(x, p, Leapfrog, steps, time)
}

// trajectory moves x and p along, and returns the change of H.
func (d *motion) trajectory(x, p []float64, scheme Integrator, steps int, time float64) float64 {
	q := newPlace(len(x))
	d.arrive(q, x)
	before := q.s[0] + d.kinetic(p)
	sound := d.run(q, p, scheme, steps, time)
	copy(x, q.x)
	if !sound {
		return math.NaN()
	}
	return q.s[0] + d.kinetic(p) - before
}
