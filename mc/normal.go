package mc

import "math"

// Normal variates are drawn by the ziggurat method (G. Marsaglia and W. W. Tsang,
// J. Stat. Softw. 5, 8 (2000)) with 256 layers of equal area. Layer n is as wide
// as normalEdge[n], and normalEdge[n+1] of it lies below the density wherever it
// is cut; the lowest one, n = 0, is as wide as a rectangle of its area would be
// that is as high as it is at the tail.
//
// The layer comes from the 8 lowest bits of a number and the place in it from the
// 53 highest, as J. A. Doornik (2005) asks for: they are independent.
const (
	normalLayers = 256
	normalTail   = 3.654152885361008771645429720399
	normalArea   = 0.004928673233974655347361775402
)

var (
	normalEdge   [normalLayers + 1]float64
	normalHeight [normalLayers + 1]float64 // exp(-x^2/2) at the edges
)

func init() {
	density := func(x float64) float64 { return math.Exp(-x * x / 2) }
	normalEdge[0] = normalArea / density(normalTail)
	normalEdge[1] = normalTail
	for n := 2; n < normalLayers; n++ {
		x := normalEdge[n-1]
		normalEdge[n] = math.Sqrt(-2 * math.Log(normalArea/x+density(x)))
	}
	for n, x := range normalEdge {
		normalHeight[n] = density(x)
	}
}

// NormFloat64 returns a normal variate of mean 0 and variance 1. It mostly takes
// one number of the stream.
func (s *Stream) NormFloat64() float64 {
	for {
		w := s.Uint64()
		n := w % normalLayers
		v := float64(int64(w)>>11) * 0x1p-52 * normalEdge[n]
		if math.Abs(v) < normalEdge[n+1] {
			return v
		}
		if v, ok := s.normalEdges(int(n), v); ok {
			return v
		}
	}
}

// Normals fills dst with what NormFloat64 would return, in less time.
func (s *Stream) Normals(dst []float64) {
	for i := range dst {
		if s.pos < streamBuffer {
			w := s.buf[s.pos]
			n := w % normalLayers
			if v := float64(int64(w)>>11) * 0x1p-52 * normalEdge[n]; math.Abs(v) < normalEdge[n+1] {
				s.pos++
				dst[i] = v
				continue
			}
		}
		dst[i] = s.NormFloat64()
	}
}

// normalEdges decides on a place in a layer that is not wholly below the
// density. In the lowest one it draws from the tail instead (G. Marsaglia,
// Technometrics 6, 101 (1964)).
func (s *Stream) normalEdges(n int, v float64) (float64, bool) {
	if n > 0 {
		between := normalHeight[n] + s.Float64()*(normalHeight[n+1]-normalHeight[n])
		return v, between < math.Exp(-v*v/2)
	}
	for {
		x := -math.Log(1-s.Float64()) / normalTail
		if y := -math.Log(1 - s.Float64()); 2*y > x*x {
			return math.Copysign(normalTail+x, v), true
		}
	}
}
