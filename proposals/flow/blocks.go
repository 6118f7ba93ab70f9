package flow

import (
	"mcrun/mc"
	"mcrun/proposals/flow/kern"
)

// Blocks is a layer that applies the same couplings to each of several disjoint
// blocks of coordinates; the blocks share the parameters. Coordinates of no block
// stay as they are.
type Blocks[T kern.Float] struct {
	dim    int
	blocks [][]int // coordinates of each block, in the order of the couplings'
	inner  *Couplings[T]
}

// NewBlocks returns the layer of the given blocks of dim coordinates. It panics
// if a coordinate is out of range or in two blocks, or if a block has not as
// many as the couplings.
func NewBlocks[T kern.Float](dim int, blocks [][]int, inner *Couplings[T]) *Blocks[T] {
	seen := make([]bool, dim)
	for _, block := range blocks {
		if len(block) != inner.Dim() {
			panic(badBlocks)
		}
		for _, i := range block {
			if i < 0 || i >= dim || seen[i] {
				panic(badBlocks)
			}
			seen[i] = true
		}
	}
	return &Blocks[T]{dim, blocks, inner}
}

const badBlocks = "flow: blocks overlap, leave the coordinates or have not the dimension of the couplings"

// Dim implements [Bijector].
func (b *Blocks[T]) Dim() int { return b.dim }

// Params implements [Bijector].
func (b *Blocks[T]) Params() int { return b.inner.Params() }

// tileColumns is how many columns a tile has at most, in which several blocks
// stand side by side. More of them spread the cost of a call, and of a sum over
// columns, as long as the hidden layers stay in the first-level cache.
const tileColumns = 256

// Forward implements [Bijector].
func (b *Blocks[T]) Forward(theta, x []T, logdet []float64, w *Workspace[T]) {
	b.apply(theta, x, logdet, w, b.inner.Forward)
}

// Inverse implements [Bijector].
func (b *Blocks[T]) Inverse(theta, x []T, logdet []float64, w *Workspace[T]) {
	b.apply(theta, x, logdet, w, b.inner.Inverse)
}

func (b *Blocks[T]) apply(theta, x []T, logdet []float64, w *Workspace[T], direction func(theta, x []T, logdet []float64, w *Workspace[T])) {
	mark := w.mark()
	n, side := len(logdet), b.side(len(logdet))
	tile := w.numbers.take(b.inner.Dim() * side * n)
	sums := w.wide.take(side * n)
	for first := 0; first < len(b.blocks); first += side {
		blocks := b.blocks[first:min(first+side, len(b.blocks))]
		columns := len(blocks) * n
		b.load(tile, x, blocks, n)
		clear(sums[:columns])
		direction(theta, tile[:b.inner.Dim()*columns], sums[:columns], w)
		b.store(x, tile, blocks, n)
		for j := range blocks {
			for c, v := range sums[j*n : (j+1)*n] {
				logdet[c] += v
			}
		}
	}
	w.release(mark)
}

// PullForward implements [Bijector].
func (b *Blocks[T]) PullForward(theta, x, g, l, gtheta []T, w *Workspace[T]) {
	b.pull(theta, x, g, l, gtheta, w, b.inner.PullForward)
}

// PullInverse implements [Bijector].
func (b *Blocks[T]) PullInverse(theta, x, g, l, gtheta []T, w *Workspace[T]) {
	b.pull(theta, x, g, l, gtheta, w, b.inner.PullInverse)
}

func (b *Blocks[T]) pull(theta, x, g, l, gtheta []T, w *Workspace[T], direction func(theta, x, g, l, gtheta []T, w *Workspace[T])) {
	mark := w.mark()
	n, side := len(l), b.side(len(l))
	tile := w.numbers.take(b.inner.Dim() * side * n)
	gtile := w.numbers.take(b.inner.Dim() * side * n)
	ltile := w.numbers.take(side * n)
	for j := range side {
		copy(ltile[j*n:], l)
	}
	for first := 0; first < len(b.blocks); first += side {
		blocks := b.blocks[first:min(first+side, len(b.blocks))]
		columns := len(blocks) * n
		b.load(tile, x, blocks, n)
		b.load(gtile, g, blocks, n)
		direction(theta, tile[:b.inner.Dim()*columns], gtile[:b.inner.Dim()*columns], ltile[:columns], gtheta, w)
		b.store(x, tile, blocks, n)
		b.store(g, gtile, blocks, n)
	}
	w.release(mark)
}

// side returns how many blocks of n columns stand side by side.
func (b *Blocks[T]) side(n int) int { return max(1, min(tileColumns/n, len(b.blocks))) }

// load copies blocks from a chunk of n columns to a tile.
func (b *Blocks[T]) load(tile, x []T, blocks [][]int, n int) {
	for j, block := range blocks {
		for r, i := range block {
			copy(tile[(r*len(blocks)+j)*n:][:n], x[i*n:])
		}
	}
}

// store copies them back.
func (b *Blocks[T]) store(x, tile []T, blocks [][]int, n int) {
	for j, block := range blocks {
		for r, i := range block {
			copy(x[i*n:][:n], tile[(r*len(blocks)+j)*n:])
		}
	}
}

func (b *Blocks[T]) initialise(theta []T, random *mc.Stream) { b.inner.initialise(theta, random) }

func (b *Blocks[T]) tensors(theta []T) []tensor[T] { return b.inner.tensors(theta) }
