package flow

import "mcrun/proposals/flow/kern"

// A Workspace is the room in which bijectors work. It grows to what is needed
// when it is first used, and nothing is allocated from then on. The zero value
// is ready to use. A Workspace serves one goroutine at a time.
type Workspace[T kern.Float] struct {
	numbers arena[T]
	wide    arena[float64]
}

// An arena hands out slices that are given back in the order of a stack. Their
// contents are undefined.
type arena[T kern.Float] struct {
	slab []T
	used int // numbers handed out, also beyond the slab
	most int // largest value of used
}

// take returns n numbers. Slices of the slab begin at multiples of 64 bytes.
func (a *arena[T]) take(n int) []T {
	const line = 16
	from := a.used
	a.used += (n + line - 1) / line * line
	a.most = max(a.most, a.used)
	if a.used > len(a.slab) {
		return kern.Make[T](n)
	}
	return a.slab[from : from+n : from+n]
}

// release gives back everything that was taken since used had the value mark.
func (a *arena[T]) release(mark int) {
	a.used = mark
	if mark == 0 && a.most > len(a.slab) {
		a.slab = kern.Make[T](a.most)
	}
}

// A mark is a state to which a workspace can be released.
type mark struct{ numbers, wide int }

func (w *Workspace[T]) mark() mark { return mark{w.numbers.used, w.wide.used} }

// release gives back everything that was taken since the mark.
func (w *Workspace[T]) release(m mark) {
	w.numbers.release(m.numbers)
	w.wide.release(m.wide)
}
