package flow

import (
	"slices"

	"mcrun/mc"
	"mcrun/models"
	"mcrun/proposals"
	"mcrun/proposals/flow/kern"
)

// Latents are the chains of a group as a flow sees them: x = h g(z), where h is
// drawn from its responsibility
//
//	r(h|x) = q(h^-1 x)/(|G| q_G(x)).
//
// As that leaves x alone and has the distribution that h has given x, it may be
// done at any time, and the pairs (h, z) then have the distribution
// w_G(h g(z)) p(z)/|G|.
type latents[T kern.Float] struct {
	weigher[T]
	chains []proposals.Chain
	states []models.Field

	// Of all chains, one after the other:
	x []float64 // the configuration to which z and h belong
	z []float64
	h []int
}

func newLatents[T kern.Float](f *Flow[T], m models.Differentiable, chains []proposals.Chain) latents[T] {
	n := len(chains)
	l := latents[T]{
		weigher: newWeigher(f, m),
		chains:  chains,
		x:       nowhere(n * f.dim),
		z:       make([]float64, n*f.dim),
		h:       make([]int, n),
	}
	for _, c := range chains {
		l.states = append(l.states, c.State.(models.Field))
	}
	return l
}

// of returns the part of x, or of z, of one chain.
func (l *latents[T]) of(x []float64, chain int) []float64 {
	return x[chain*l.flow.dim : (chain+1)*l.flow.dim]
}

// moved returns the chains that another kernel has moved.
func (l *latents[T]) moved() (chains []int) {
	for c, state := range l.states {
		if !slices.Equal(l.of(l.x, c), state) {
			chains = append(chains, c)
		}
	}
	return chains
}

// arrive finds h and z of some chains, with random numbers of their own, and
// returns their ln q_G. Where neither h nor x has changed z stays as it is, which
// rounding would change.
func (l *latents[T]) arrive(chains []int) (logq []float64) {
	if len(chains) == 0 {
		return nil
	}
	n, dim := len(chains), l.flow.dim
	x, z, h := make([]float64, n*dim), make([]float64, n*dim), make([]int, n)
	u, logq := make([]float64, n), make([]float64, n)
	for i, c := range chains {
		copy(x[i*dim:], l.states[c])
		u[i] = l.chains[c].Random.Float64()
	}
	l.flow.Latent(l.workers, x, u, z, h, logq)
	for i, c := range chains {
		was := l.of(l.x, c)
		if h[i] == l.h[c] && slices.Equal(was, l.states[c]) {
			continue
		}
		copy(was, l.states[c])
		copy(l.of(l.z, c), z[i*dim:])
		l.h[c] = h[i]
	}
	return logq
}

// move makes x' with its latent variables the configuration of a chain.
func (l *latents[T]) move(chain int, x, z []float64, h int) {
	copy(l.of(l.x, chain), x)
	copy(l.of(l.z, chain), z)
	l.h[chain] = h
	copy(l.states[chain], x)
}

// Save implements [mc.Saver].
func (l *latents[T]) Save(s *mc.Snapshot, prefix string) {
	mc.Put(s, prefix+".x", l.x)
	mc.Put(s, prefix+".z", l.z)
	h := make([]int64, len(l.h))
	for c, k := range l.h {
		h[c] = int64(k)
	}
	mc.Put(s, prefix+".h", h)
}

// Load implements [mc.Saver].
func (l *latents[T]) Load(s *mc.Snapshot, prefix string) error {
	if err := mc.Get(s, prefix+".x", l.x); err != nil {
		return err
	}
	if err := mc.Get(s, prefix+".z", l.z); err != nil {
		return err
	}
	h := make([]int64, len(l.h))
	err := mc.Get(s, prefix+".h", h)
	for c, k := range h {
		l.h[c] = int(max(0, min(k, int64(len(l.flow.group)-1))))
	}
	return err
}
