package observables

import (
	"math/rand/v2"
	"testing"
)

// The plane of a site is found by multiplications as by division, up to the
// largest lattices, above all at the ends of planes and slabs.
func TestPlane(t *testing.T) {
	random := rand.New(rand.NewPCG(6, 0))
	for _, shape := range [][]int{
		{2, 2}, {2, 3, 5}, {7, 11, 13},
		{65535, 65537}, {65536, 65535}, {1<<32 - 1}, {2, 1<<31 - 1}, {1<<31 - 1, 2}, {3, 5, 17, 257, 65537}, {1625, 1625, 1625},
	} {
		for mu := range shape {
			l := newLines(shape, mu)
			slab := l.side * l.stride
			a := axis{side: l.side, inverse: inverse(slab)}
			for range 1000 {
				site := random.IntN(l.sites())
				for _, i := range []int{site, site - site%l.stride, site - site%l.stride + l.stride - 1, site - site%slab, site - site%slab + slab - 1, l.sites() - 1} {
					if got, want := a.plane(uint32(i)), i/l.stride%l.side; got != want {
						t.Fatalf("%v: site %d is in plane %d of direction %d, want %d", shape, i, got, mu, want)
					}
				}
			}
		}
	}
}
