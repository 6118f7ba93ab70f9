package mc

import (
	"math"
	"testing"
)

// TestNormal compares the frequencies of normal variates in bins, and beyond
// where layers end and the tail begins, with their probabilities. At 5 sigma
// each a sound generator fails once in 20 000 runs of other seeds.
func TestNormal(t *testing.T) {
	n := 1 << 22
	if testing.Short() {
		n = 1 << 18
	}
	var edges []float64
	for x := -6.0; x <= 6; x += 0.25 {
		edges = append(edges, x)
	}
	edges = append(edges, -normalTail, normalTail)
	below := func(x float64) float64 { return math.Erfc(-x/math.Sqrt2) / 2 }
	count := make([]int, len(edges))
	var sum, squares, fourth, product float64
	stream, last := NewStream(NewKey(1, "normal")), 0.0
	for range n {
		v := stream.NormFloat64()
		for i, x := range edges {
			if v < x {
				count[i]++
			}
		}
		sum += v
		squares += v * v
		fourth += v * v * v * v
		product += v * last
		last = v
	}
	for i, x := range edges {
		p := below(x)
		mean, deviation := p*float64(n), math.Sqrt(p*(1-p)*float64(n))
		if d := math.Abs(float64(count[i]) - mean); d > 5*deviation+1 {
			t.Errorf("%d below %v, expected %.1f(%.1f)", count[i], x, mean, deviation)
		}
	}
	for _, m := range []struct {
		name                  string
		got, want, ofVariance float64
	}{
		{"x", sum, 0, 1}, {"x^2", squares, 1, 2}, {"x^4", fourth, 3, 96}, {"x y", product, 0, 1},
	} {
		if z := (m.got/float64(n) - m.want) / math.Sqrt(m.ofVariance/float64(n)); math.Abs(z) > 5 {
			t.Errorf("<%s> is off by %.1f sigma", m.name, z)
		}
	}
}

// TestNormalLayers holds the tables to the layers' areas, and the highest layer to
// the top of the density.
func TestNormalLayers(t *testing.T) {
	for n := 1; n < normalLayers; n++ {
		area := normalEdge[n] * (normalHeight[n+1] - normalHeight[n])
		if math.Abs(area-normalArea) > 1e-12 {
			t.Errorf("layer %d has area %v, want %v", n, area, normalArea)
		}
	}
	lowest := normalTail*normalHeight[1] + math.Sqrt(math.Pi/2)*math.Erfc(normalTail/math.Sqrt2)
	if math.Abs(lowest-normalArea) > 1e-12 {
		t.Errorf("the lowest layer has area %v, want %v", lowest, normalArea)
	}
}

// Normals are those that come one by one.
func TestNormals(t *testing.T) {
	one, many := NewStream(NewKey(2)), NewStream(NewKey(2))
	got := make([]float64, 10000)
	many.Normals(got)
	for i, v := range got {
		if want := one.NormFloat64(); v != want {
			t.Fatalf("number %d is %v, want %v", i, v, want)
		}
	}
}

func BenchmarkNormFloat64(b *testing.B) {
	s := NewStream(NewKey(1))
	for b.Loop() {
		s.NormFloat64()
	}
}
