package flow

import (
	"runtime"
	"sync"

	"mcrun/mc"
	"mcrun/proposals/flow/kern"
)

// Workers are the goroutines that work on a batch, each with its own room. A
// Workers serves one call at a time, of any flow.
type Workers[T kern.Float] struct {
	spaces []*space[T]

	lock  sync.Mutex
	turn  sync.Cond
	next  int // chunk to begin
	ended int // chunks that have ended
}

// A space is the room of one worker.
type space[T kern.Float] struct {
	Workspace[T]
	z      []T   // latent variables of a chunk, one configuration after the other
	h      []int // their elements of the group
	gtheta []T   // gradient of a chunk to the parameters
}

// draw draws the latent variables and the elements of the group of a chunk.
func (s *space[T]) draw(f *Flow[T], c chunk, random *mc.Stream) {
	s.z, s.h = sized(s.z, kern.Columns*f.dim), sized(s.h, kern.Columns)
	for j := range c.count {
		s.h[j] = random.IntN(len(f.group))
		draw(f.design.prior, s.z[j*f.dim:(j+1)*f.dim], random)
	}
}

// NewWorkers returns so many workers, as many as there are processors for n < 1.
func NewWorkers[T kern.Float](n int) *Workers[T] {
	if n < 1 {
		n = runtime.GOMAXPROCS(0)
	}
	w := &Workers[T]{spaces: make([]*space[T], n)}
	w.turn.L = &w.lock
	for i := range w.spaces {
		w.spaces[i] = new(space[T])
	}
	return w
}

// A chunk is a part of a batch.
type chunk struct {
	first, count int // configurations
	columns      int // count rounded up to a multiple of kern.Lanes
}

// run cuts a batch of configurations into chunks and works on them: begin, for
// all chunks one after the other in their order; work, for several at once; end,
// one after the other in order again. begin and end may be nil.
func (w *Workers[T]) run(configurations int, begin, work, end func(c chunk, s *space[T])) {
	chunks := (configurations + kern.Columns - 1) / kern.Columns
	w.next, w.ended = 0, 0
	serve := func(s *space[T]) {
		for {
			w.lock.Lock()
			k := w.next
			if k == chunks {
				w.lock.Unlock()
				return
			}
			w.next++
			c := chunk{first: k * kern.Columns, count: min(kern.Columns, configurations-k*kern.Columns)}
			c.columns = (c.count + kern.Lanes - 1) / kern.Lanes * kern.Lanes
			if begin != nil {
				begin(c, s)
			}
			w.lock.Unlock()
			work(c, s)
			if end != nil {
				w.lock.Lock()
				for w.ended != k {
					w.turn.Wait()
				}
				end(c, s)
				w.ended++
				w.turn.Broadcast()
				w.lock.Unlock()
			}
		}
	}
	var others sync.WaitGroup
	for _, s := range w.spaces[1:max(1, min(len(w.spaces), chunks))] {
		others.Go(func() { serve(s) })
	}
	serve(w.spaces[0])
	others.Wait()
}
