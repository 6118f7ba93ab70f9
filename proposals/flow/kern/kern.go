package kern

import "unsafe"

// Float is a type of numbers that the kernels compute with.
type Float interface{ float32 | float64 }

const (
	// Lanes divides the number of columns of every array.
	Lanes = 16

	// Columns is a good number of columns: the arrays of a small network then
	// stay in the first cache, and loops are long enough to be worth starting.
	Columns = 64
)

// Make returns n zeros that start at a multiple of 64 bytes, where a vector
// register's load never crosses a cache line.
func Make[T Float](n int) []T {
	const line = 64
	var t T
	size := int(unsafe.Sizeof(t))
	s := make([]T, n+line/size)
	skip := 0
	if off := int(uintptr(unsafe.Pointer(unsafe.SliceData(s))) % line); off != 0 {
		skip = (line - off) / size
	}
	return s[skip : skip+n : skip+n]
}

const (
	badColumns = "kern: the number of columns is not a positive multiple of Lanes"
	badSizes   = "kern: a layer without inputs or outputs, or a coupling without rows"
	badLength  = "kern: a slice is shorter than its shape"
	badPair    = "kern: slices of different lengths"
)

// check panics unless each dimension is positive and n a multiple of Lanes.
func check(n int, dims ...int) {
	if n <= 0 || n%Lanes != 0 {
		panic(badColumns)
	}
	for _, d := range dims {
		if d <= 0 {
			panic(badSizes)
		}
	}
}
