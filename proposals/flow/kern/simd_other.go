//go:build !amd64 || purego

package kern

// available returns the levels of this program.
func available() []level { return []level{levelGo} }

// assembly holds nothing: all is in Go.
var assembly [levelAVX512 + 1]*simd

func networkAssembly(layers *float32, count int, x *float32, n int) {}
