package flow

import (
	"fmt"
	"math"
	"slices"

	"mcrun/mc"
	"mcrun/mc/param"
	"mcrun/models"
	"mcrun/proposals"
	"mcrun/proposals/flow/kern"
)

// Independent is the Metropolised independent sampler (W. K. Hastings, Biometrika
// 57, 97 (1970); for flows: M. S. Albergo, G. Kanwar and P. E. Shanahan, Phys. Rev.
// D 100, 034515 (2019)): one step proposes a configuration x' that is drawn from
// the flow, whatever x is, and accepts it with probability
//
//	min(1, w(x')/w(x)),   w = pi/q_G,
//
// q_G being the density of the flow averaged over its symmetries. A chain stays
// where w is large, for long where the flow has missed a mode.
//
// As proposals do not depend on the chain they are drawn in batches of
// [kern.Columns], and wait with their weights in a queue.
//
// # Renewal of a part
//
// Where all latent variables drawn anew are hardly ever accepted, some may be: those
// of one scale, which is drawn at each step, or Size of them that are drawn at
// random. With x = h g(z), the others stay as they are. Of the pairs (h, z) the
// distribution is
//
//	w_G(h g(z)) p(z),
//
// with h drawn from its responsibility q(h^-1 x)/(|G| q_G(x)) where another kernel
// has moved x; so drawing a part of z from p is accepted with the same min(1,
// w_G'/w_G). In every second step or so h is drawn anew with it, uniformly, which
// a symmetric target does not feel. The chains of a proposal take these steps
// in one batch.
//
// Size is tuned during thermalization, so that the share Accept of proposals is
// accepted, and constant afterwards. In many dimensions ln w changes as by a random
// walk of Size steps, for which 0.234 is best, as for a random walk of
// Metropolis (G. O. Roberts, A. Gelman and W. R. Gilks, Ann. Appl. Probab. 7, 110
// (1997)). Without thermalization it is half of all.
//
// # Rounding
//
// Densities are those of a flow of float32, of which ln q of one configuration
// computed in its two directions differ by rounding: by some 1e-7 times the size of
// the terms that are summed, or 1e-4 at a thousand sites. The acceptance is wrong
// by as much.
type Independent struct {
	Flow   string  `card:"flow" doc:"flow that proposes: the NAME of a table [flow.NAME]"`
	Renew  Renewal `card:"renew" default:"all" oneof:"all scale part" doc:"latent variables that a proposal draws anew: all, those of one scale, or some"`
	Size   *int    `card:"size" min:"1" max:"1000000000" doc:"latent variables that renew = part draws anew; tuned if left out"`
	Accept float64 `card:"accept" default:"0.234" above:"0" below:"1" doc:"acceptance to which the size is tuned"`

	flow *Flow[float32]
}

// A Renewal is which latent variables a proposal draws anew.
type Renewal string

// The renewals.
const (
	RenewAll   Renewal = "all"
	RenewScale Renewal = "scale" // those of one scale of the flow, which is drawn
	RenewPart  Renewal = "part"  // so many that are drawn
)

const partAccept = 0.234

var (
	_ Learned              = (*Independent)(nil)
	_ proposals.Batched    = (*Independent)(nil)
	_ proposals.Reversible = (*Independent)(nil)
	_ proposals.Tuned      = (*Independent)(nil)
)

func init() {
	proposals.Register(proposals.Entry{
		Name: "flow",
		Doc:  "Metropolised independent sampler with a trained flow; one step is one proposal",
		New:  func() proposals.Spec { return new(Independent) },
	})
}

// Validate checks what the keys say together.
func (k *Independent) Validate() error {
	if k.Size != nil && k.Renew != RenewPart {
		return &param.Error{Key: "size", Problem: "given where no part of the latent variables is renewed", Expected: `renew = "part", or no size`}
	}
	return nil
}

// Check implements [proposals.Spec].
func (k *Independent) Check(m models.Model) error {
	if err := checkTarget(m, k.flow, k.Suits); err != nil {
		return err
	}
	if dim := m.(models.Differentiable).Dim(); k.Size != nil && *k.Size > dim {
		return &param.Error{Key: "size", Problem: fmt.Sprintf("is %d, of %d latent variables", *k.Size, dim), Expected: fmt.Sprintf("at most %d", dim)}
	}
	return nil
}

// checkTarget returns an error if a model is none for a flow, or not for the given
// one, which may be nil.
func checkTarget(m models.Model, f *Flow[float32], suits func(*Spec) error) error {
	if _, err := coordinates(m); err != nil || f == nil {
		return err
	}
	if err := f.Fits(m); err != nil {
		return err
	}
	return suits(&f.Spec)
}

// Suits implements [Learned].
func (k *Independent) Suits(s *Spec) error {
	if k.Renew == RenewScale && s.Architecture != NeuralRG {
		return &param.Error{Key: "renew", Problem: "is scale, of which a flow of the architecture " + string(s.Architecture) + " has but one", Expected: "all or part, or a flow with architecture = \"neuralrg\""}
	}
	return nil
}

// Ergodic implements [proposals.Spec]. A flow reaches every configuration.
func (*Independent) Ergodic(models.Model) error { return nil }

// Reversible implements [proposals.Reversible].
func (*Independent) Reversible(models.Model) bool { return true }

// Tunes implements [proposals.Tuned].
func (k *Independent) Tunes(models.Model) (keys []string, accept float64) {
	if k.Renew != RenewPart || k.Size != nil {
		return nil, 0
	}
	return []string{"size"}, k.accept()
}

func (k *Independent) accept() float64 {
	if k.Accept == 0 {
		return partAccept
	}
	return k.Accept
}

// FlowName implements [Learned].
func (k *Independent) FlowName() string { return k.Flow }

// WithFlow implements [Learned].
func (k *Independent) WithFlow(f *Flow[float32]) proposals.Spec {
	bound := *k
	bound.flow = f
	return &bound
}

// Batches implements [proposals.Batched].
func (k *Independent) Batches() bool { return k.Renew == RenewScale || k.Renew == RenewPart }

const noFlow = "flow: a kernel that moves by a flow is bound without one (Learned.WithFlow)"

// Bind implements [proposals.Spec].
func (k *Independent) Bind(m models.Model, c proposals.Chain) mc.Kernel {
	return k.BindAll(m, []proposals.Chain{c}, c.Random)
}

// BindAll implements [proposals.Batched].
func (k *Independent) BindAll(m models.Model, chains []proposals.Chain, _ *mc.Stream) mc.Kernel {
	if k.flow == nil {
		panic(noFlow)
	}
	target := m.(models.Differentiable)
	if k.Batches() {
		return newPartial(k, k.flow, target, chains)
	}
	var all mc.Cycle
	for _, c := range chains {
		all = append(all, newIndependent(k.flow, target, c))
	}
	if len(all) == 1 {
		return all[0]
	}
	return all
}

// independent is the Metropolised independent sampler of one chain.
type independent[T kern.Float] struct {
	weigher[T]
	state  models.Field
	random *mc.Stream
	tally  *mc.Tally

	own []float64 // the configuration of which ln w is known
	log []float64 // that ln w

	queue []float64 // proposals, one after the other
	logs  []float64 // their ln w
	next  int       // of the queue
}

func newIndependent[T kern.Float](f *Flow[T], m models.Differentiable, c proposals.Chain) *independent[T] {
	return &independent[T]{
		weigher: newWeigher(f, m),
		state:   c.State.(models.Field),
		random:  c.Random,
		tally:   c.Tally,
		own:     nowhere(f.dim),
		log:     make([]float64, 1),
		queue:   make([]float64, kern.Columns*f.dim),
		logs:    make([]float64, kern.Columns),
		next:    kern.Columns,
	}
}

// nowhere returns n coordinates that equal none.
func nowhere(n int) []float64 { return slices.Repeat([]float64{math.NaN()}, n) }

// Step makes one proposal.
func (k *independent[T]) Step() {
	if !slices.Equal(k.own, k.state) { // another kernel has moved it
		copy(k.own, k.state)
		k.weights(k.own, k.log)
	}
	if k.next == len(k.logs) {
		k.sample(k.random, k.queue, k.logs)
		k.next = 0
	}
	x, log := k.queue[k.next*len(k.own):][:len(k.own)], k.logs[k.next]
	k.next++
	if !accepts(k.random, k.log[0], log) {
		k.tally.Add(1, 0)
		return
	}
	k.tally.Add(1, 1)
	k.log[0] = log
	copy(k.own, x)
	copy(k.state, x)
}

// Save implements [mc.Saver]. Of the queue it saves what is left.
func (k *independent[T]) Save(s *mc.Snapshot, prefix string) {
	mc.Put(s, prefix+".own", k.own)
	mc.Put(s, prefix+".weight", k.log)
	mc.Put(s, prefix+".next", []int64{int64(k.next)})
	mc.Put(s, prefix+".queue", k.queue[k.next*len(k.own):])
	mc.Put(s, prefix+".weights", k.logs[k.next:])
}

// Load implements [mc.Saver].
func (k *independent[T]) Load(s *mc.Snapshot, prefix string) error {
	next := []int64{0}
	if err := mc.Get(s, prefix+".next", next); err != nil {
		return err
	}
	k.next = int(max(0, min(next[0], int64(len(k.logs)))))
	for _, a := range []struct {
		name string
		dst  []float64
	}{{".own", k.own}, {".weight", k.log}, {".queue", k.queue[k.next*len(k.own):]}, {".weights", k.logs[k.next:]}} {
		if err := mc.Get(s, prefix+a.name, a.dst); err != nil {
			return err
		}
	}
	return nil
}
