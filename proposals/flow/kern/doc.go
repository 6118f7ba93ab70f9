// Package kern holds the inner loops of normalizing flows: dense layers of
// small networks with their adjoints, affine couplings with theirs, and the
// elementwise functions they need.
//
// # Layout
//
// All arrays are rows of n columns, one after the other: a row is a coordinate
// or a unit of a network, a column is one configuration of a batch. n is a
// multiple of [Lanes], so that a vector register holds whole pieces of a row
// and nothing is ever left over; what pads a batch to such an n is computed and
// ignored. Weights are stored as [out, in]: w[o*in+i] leads from input i to
// output o.
//
// Arguments of one call that are written must not overlap any other, except
// where the comment says so. All functions panic if n is not a multiple of
// Lanes or a slice is shorter than its shape; longer ones are used as far as
// the shape says. Slices need no alignment, but those of [Make] are read
// fastest.
//
// # Numbers
//
// Everything is generic over float32 and float64 and written in Go. For float32
// there is assembly too, for AVX-512 and for AVX2 with FMA, chosen when the
// program starts by what the processor can do; the environment variable
// MCRUN_SIMD (avx512, avx2, go) chooses in its place. float64 serves as the
// twin in which gradients and inverses are tested.
//
// Results are a function of the arguments and of the level in use, equal to the
// bit from run to run. What a column becomes depends on no other column, nor on
// their number. Levels differ by rounding: a fused multiply-add rounds once, and
// sums over columns have an order of their own on each level.
//
// In float32 the largest errors on any level, over all numbers, are 0.9 units in
// the last place for exp and ELU, which keeps its relative accuracy near 0, and
// 2.5 for tanh, softplus and SiLU; see TestAccuracy. NaN is passed on by every
// function. Denormal numbers are computed with like any other, but cost a
// hundred cycles or more each: who scales gradients by numbers near 0 should
// leave out what is too small to matter.
package kern
