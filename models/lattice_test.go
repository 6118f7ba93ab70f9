package models_test

import (
	"fmt"
	"slices"
	"testing"

	"mcrun/models"
)

// Neighbours are those whose coordinates differ by one along one direction,
// around the lattice's end.
func TestLatticeNeighbours(t *testing.T) {
	for _, shape := range [][]int{{2}, {7}, {2, 2}, {3, 2}, {2, 3}, {5, 4}, {2, 2, 2}, {3, 4, 5}, {3, 2, 2, 3}} {
		l := models.NewLattice(shape...)
		n := 1
		for _, side := range shape {
			n *= side
		}
		if l.Sites() != n || l.Dims() != len(shape) || !slices.Equal(l.Shape(), shape) {
			t.Fatalf("%v: %d sites, %d dimensions, shape %v", shape, l.Sites(), l.Dims(), l.Shape())
		}
		coordinates := make([]int, len(shape))
		site := func(x []int) (i int) {
			for mu, side := range shape {
				i = i*side + x[mu]
			}
			return i
		}
		for i := range n {
			if site(coordinates) != i {
				t.Fatalf("%v: site %d is not at %v", shape, i, coordinates)
			}
			sum := 0
			for _, x := range coordinates {
				sum += x
			}
			if got := l.Parity(i); got != sum%2 {
				t.Errorf("%v: the parity of %v is %d", shape, coordinates, got)
			}
			var want []uint32
			for mu, side := range shape {
				for _, step := range []int{1, side - 1} {
					x := slices.Clone(coordinates)
					x[mu] = (x[mu] + step) % side
					want = append(want, uint32(site(x)))
				}
			}
			if got := l.Neighbours(i); !slices.Equal(got, want) {
				t.Fatalf("%v: neighbours of %v are %d, want %d", shape, coordinates, got, want)
			}
			z := len(want)
			if got := l.NeighbourTable()[z*i:][:z]; !slices.Equal(got, want) {
				t.Fatalf("%v: the table has %d for %v, want %d", shape, got, coordinates, want)
			}
			// The next site: the last coordinate runs fastest.
			for mu := len(shape) - 1; mu >= 0; mu-- {
				coordinates[mu] = (coordinates[mu] + 1) % shape[mu]
				if coordinates[mu] != 0 {
					break
				}
			}
		}
	}
}

func TestLatticeKeepsItsShape(t *testing.T) {
	shape := []int{3, 4}
	l := models.NewLattice(shape...)
	shape[0] = 7
	if got := l.Shape()[0]; got != 3 {
		t.Errorf("the lattice's side has become %d", got)
	}
	if neighbours := l.Neighbours(0); cap(neighbours) != len(neighbours) {
		t.Error("appending to the neighbours of one site would change those of the next")
	}
}

func TestLatticePanics(t *testing.T) {
	for _, shape := range [][]int{nil, {1}, {3, 0}, {-2, 2}, {1 << 32}, {1 << 31, 2}, {1 << 40, 1 << 40}} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%v: no panic", shape)
				}
			}()
			models.NewLattice(shape...)
		}()
	}
}

func ExampleLattice() {
	l := models.NewLattice(3, 4) // three rows of four sites
	fmt.Println(l.Sites(), l.Dims())
	fmt.Println(l.Neighbours(0)) // below, above, right, left
	// Output:
	// 12 2
	// [4 8 1 3]
}
