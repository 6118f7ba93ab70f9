package kern

import (
	"math/rand/v2"
	"syscall"
	"testing"
	"unsafe"

	"pgregory.net/rapid"
)

// A fence hands out slices that end where memory ends: to read or write behind
// one is a fault, also of assembly.
type fence struct{ pages [][]byte }

func (f *fence) variates(t *rapid.T, rng *rand.Rand, n int) []float32 {
	page := syscall.Getpagesize()
	size := (4*n + page - 1) / page * page
	b, err := syscall.Mmap(-1, 0, size+page, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		t.Fatal(err)
	}
	f.pages = append(f.pages, b)
	if err := syscall.Mprotect(b[size:], syscall.PROT_NONE); err != nil {
		t.Fatal(err)
	}
	s := unsafe.Slice((*float32)(unsafe.Pointer(&b[size-4*n])), n)
	copy(s, variates[float32](rng, n))
	return s
}

func (f *fence) release() {
	for _, b := range f.pages {
		syscall.Munmap(b)
	}
}

// TestBounds calls every function with slices behind which no memory is.
func TestBounds(t *testing.T) {
	eachLevel(t, func(t *testing.T) {
		rapid.Check(t, func(t *rapid.T) {
			var f fence
			defer f.release()
			out, in, n := shapes(t)
			rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
			act := Activation(rapid.IntRange(0, int(activations)-1).Draw(t, "act"))
			w, b := f.variates(t, rng, out*in), f.variates(t, rng, out)
			x, y, g := f.variates(t, rng, in*n), f.variates(t, rng, out*n), f.variates(t, rng, in*n)
			Dense(y, x, w, b, out, in, n, act)
			Network([]Layer[float32]{{w, b, y, out, in}, {f.variates(t, rng, 3*out), f.variates(t, rng, 3), f.variates(t, rng, 3*n), 3, out}}, x, n, act)
			DenseInput(g, y, w, x, out, in, n, act)
			DenseWeights(w, b, y, x, out, in, n)
			v := f.variates(t, rng, n*in+out%Lanes)
			Activate(v, v, act)
			ActivateGrad(v, v, act)
			Exp(v, v)
			u, shift, l, scale := f.variates(t, rng, in*n), f.variates(t, rng, in*n), f.variates(t, rng, n), f.variates(t, rng, in)
			Couple(x, l, u, shift, scale, in, n)
			Uncouple(x, l, u, shift, scale, in, n)
			gscale := f.variates(t, rng, in)
			CoupleGrad(x, g, u, shift, gscale, l, scale, in, n)
			UncoupleGrad(x, g, u, shift, gscale, l, scale, in, n)
		})
	})
}
