package kern

import "unsafe"

// A simd is the assembly of one level, for float32. Its functions check
// nothing: pointers are to the first numbers of slices whose lengths have been
// checked, and n is a positive multiple of Lanes.
type simd struct {
	dense        [ReLU + 1]func(y, x, w, b *float32, out, in, n int)
	denseInput   [ReLU + 1]func(gx, g, w, y *float32, out, in, n int)
	denseWeights func(gw, gb, g, x *float32, out, in, n int)

	activate     [activations]func(y, x *float32, n int)
	activateGrad [activations]func(g, y *float32, n int)
	exp          func(y, x *float32, n int)

	couple, uncouple         func(x, logdet, u, t, scale *float32, m, n int)
	coupleGrad, uncoupleGrad func(x, g, u, t, gscale, gl, scale *float32, m, n int)
}

// vector returns the assembly to use for T, or nil for the functions in Go.
func vector[T Float]() *simd {
	var t T
	if inUse == levelNone {
		panic("kern: " + errLevel.Error())
	}
	if unsafe.Sizeof(t) != 4 {
		return nil
	}
	return assembly[inUse]
}

// first returns the address of the first number of s, a slice of float32.
func first[T Float](s []T) *float32 { return (*float32)(unsafe.Pointer(unsafe.SliceData(s))) }

// elementwise applies a function of the assembly to slices of one length.
func elementwise[T Float](f func(y, x *float32, n int), y, x []T) {
	whole := len(y) &^ (Lanes - 1)
	if whole > 0 {
		f(first(y), first(x), whole)
	}
	if whole < len(y) {
		var a, b [Lanes]T
		copy(a[:], y[whole:])
		copy(b[:], x[whole:])
		f(first(a[:]), first(b[:]), Lanes)
		copy(y[whole:], a[:])
	}
}
