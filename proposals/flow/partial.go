package flow

import (
	"errors"
	"math"

	"mcrun/mc"
	"mcrun/models"
	"mcrun/proposals"
	"mcrun/proposals/flow/kern"
)

// partial renews a part of the latent variables of each chain.
type partial[T kern.Float] struct {
	latents[T]
	log []float64 // ln w of the chains

	scales [][]int // latent variables of each scale; nil: they are drawn
	order  []int   // workspace

	size   float64 // how many are drawn, rounded
	accept float64 // to which size is tuned; 0: it is not
	tuned  float64 // how often it was
	frozen bool
	since  mc.Tally // the last Tune

	// Proposals of all chains:
	xs, zs, logs, fresh []float64
	hs                  []int
}

func newPartial[T kern.Float](k *Independent, f *Flow[T], m models.Differentiable, chains []proposals.Chain) *partial[T] {
	n := len(chains)
	p := &partial[T]{
		latents: newLatents(f, m, chains),
		log:     make([]float64, n),
		order:   make([]int, f.dim),
		size:    float64(f.dim) / 2,
		xs:      make([]float64, n*f.dim),
		zs:      make([]float64, n*f.dim),
		logs:    make([]float64, n),
		fresh:   make([]float64, f.dim),
		hs:      make([]int, n),
	}
	switch {
	case k.Renew == RenewScale:
		for i, scale := range f.Spec.scaleOf(f.sides) {
			for scale >= len(p.scales) {
				p.scales = append(p.scales, nil)
			}
			p.scales[scale] = append(p.scales[scale], i)
		}
	case k.Size != nil:
		p.size = float64(min(*k.Size, f.dim))
	default:
		p.accept = k.accept()
	}
	return p
}

// Step makes one proposal in each chain.
func (p *partial[T]) Step() {
	p.begin()
	for c, chain := range p.chains {
		z := p.of(p.zs, c)
		copy(z, p.of(p.z, c))
		p.hs[c] = p.h[c]
		p.renew(z, &p.hs[c], chain.Random)
	}
	p.flow.Generate(p.workers, p.zs, p.hs, p.xs, p.logs)
	p.weigh(p.xs, p.logs)
	for c, chain := range p.chains {
		accepted := 0
		if accepts(chain.Random, p.log[c], p.logs[c]) {
			accepted = 1
			p.move(c, p.of(p.xs, c), p.of(p.zs, c), p.hs[c])
			p.log[c] = p.logs[c]
		}
		chain.Tally.Add(1, accepted)
		p.since.Add(1, accepted)
	}
}

// begin finds latent variables and ln w of the chains that another kernel has
// moved.
func (p *partial[T]) begin() {
	moved := p.moved()
	logq := p.arrive(moved)
	for i, c := range moved {
		p.weigh(p.of(p.x, c), logq[i:i+1])
		p.log[c] = logq[i]
	}
}

// renew draws some of the latent variables of a chain anew, and now and then the
// element of the group.
func (p *partial[T]) renew(z []float64, h *int, random *mc.Stream) {
	if random.Below(1 << 63) {
		*h = random.IntN(len(p.flow.group))
	}
	var g [1]int
	p.flow.Draw(random, p.fresh, g[:])
	if p.scales != nil {
		for _, i := range p.scales[random.IntN(len(p.scales))] {
			z[i] = p.fresh[i]
		}
		return
	}
	for i := range p.order {
		p.order[i] = i
	}
	for i := range p.part() { // the first of a random permutation
		j := i + random.IntN(len(p.order)-i)
		p.order[i], p.order[j] = p.order[j], p.order[i]
		z[p.order[i]] = p.fresh[p.order[i]]
	}
}

// part returns how many are drawn.
func (p *partial[T]) part() int { return int(math.Round(p.size)) }

// Tune implements [mc.Tuner]. The logarithm of the size follows the acceptance
// with a gain that falls as the root of the number of sweeps (H. Robbins and S.
// Monro, Ann. Math. Stat. 22, 400 (1951)).
func (p *partial[T]) Tune() {
	if p.frozen || p.accept == 0 || p.since.Proposed == 0 {
		return
	}
	acceptance := float64(p.since.Accepted) / float64(p.since.Proposed)
	p.since = mc.Tally{}
	p.tuned++
	p.size *= math.Exp(2 / math.Sqrt(p.tuned) * (acceptance - p.accept))
	p.size = max(1, min(p.size, float64(p.flow.dim)))
}

// Freeze implements [mc.Tuner].
func (p *partial[T]) Freeze() { p.frozen = true }

// Save implements [mc.Saver].
func (p *partial[T]) Save(s *mc.Snapshot, prefix string) {
	p.latents.Save(s, prefix)
	mc.Put(s, prefix+".weights", p.log)
	mc.Put(s, prefix+".size", []float64{p.size, p.tuned})
}

// Load implements [mc.Saver].
func (p *partial[T]) Load(s *mc.Snapshot, prefix string) error {
	size := make([]float64, 2)
	err := errors.Join(
		p.latents.Load(s, prefix),
		mc.Get(s, prefix+".weights", p.log),
		mc.Get(s, prefix+".size", size),
	)
	p.size, p.tuned = max(1, min(size[0], float64(p.flow.dim))), size[1]
	return err
}
