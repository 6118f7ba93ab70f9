package kern

import (
	"math"

	"mcrun/mc"
)

// Normals fills dst with independent standard normal variates out of the words
// of a stream, by the ziggurat method (G. Marsaglia and W. W. Tsang, J. Stat.
// Softw. 5, 8 (2000)) with 256 layers. A candidate has 55 bits and a sign of its
// own beside the 8 bits that choose the layer: where they are shared, small
// numbers are not independent of the layer (J. A. Doornik, An improved ziggurat
// method to generate normal random samples, 2005). All is computed in float64 by
// operations that round alike everywhere, so that a stream gives the same
// variates on every machine; a T is the nearest to them.
func Normals[T Float](dst []T, stream *mc.Stream) {
	for i := range dst {
		w := stream.Uint64()
		l := &ziggurat[w%layers]
		j := candidate(w)
		if uint64(j^j>>63) < l.inside {
			dst[i] = T(float64(j) * l.width)
			continue
		}
		dst[i] = T(beyond(w, stream))
	}
}

const (
	// layers is the number of pieces of equal area that the curve exp(-x^2/2)
	// is cut into. Piece 0 is the tail, where x > tail, and the rectangle below
	// it; each other one is a rectangle that holds a stripe of the curve.
	layers = 256

	// tail and area are the numbers for which the topmost rectangle ends at the
	// top of the curve: area = tail exp(-tail^2/2) + sqrt(pi/2) erfc(tail/sqrt 2).
	tail = 3.654152885361008771645429720399516
	area = 0.004928673233974655347361775402336

	// unit is the width of a rectangle in steps of a candidate.
	unit = 0x1p-56
)

// A layer is a rectangle of the ziggurat.
type layer struct {
	width        float64 // what a step of the candidate is worth
	inside       uint64  // candidates that lie under the curve in any case
	lower, upper float64 // ordinates of the edges
}

var ziggurat = makeZiggurat()

func makeZiggurat() *[layers]layer {
	z := new([layers]layer)
	x, f := tail, expExact(-tail*tail/2)
	base := area / f
	z[0] = layer{width: base * unit, inside: uint64(tail / base / unit)}
	for i := 1; i < layers; i++ {
		l := layer{width: x * unit, lower: f, upper: f + area/x}
		next := 0.0
		if i < layers-1 {
			next = math.Sqrt(-2 * logExact(l.upper))
		}
		l.inside = uint64(next / x / unit)
		z[i] = l
		x, f = next, l.upper
	}
	return z
}

// candidate returns the place within a layer that a word stands for, an odd
// number between -2^56 and 2^56.
func candidate(w uint64) int64 { return int64(w)>>7 | 1 }

// beyond goes on where the first candidate, w, was not under the curve for sure.
func beyond(w uint64, stream *mc.Stream) float64 {
	for {
		l := &ziggurat[w%layers]
		j := candidate(w)
		z := float64(j) * l.width
		switch {
		case uint64(j^j>>63) < l.inside:
			return z
		case l == &ziggurat[0]:
			// G. Marsaglia, Technometrics 6, 101 (1964)
			for {
				x := -logExact(open(stream)) / tail
				if -2*logExact(open(stream)) > float64(x*x) {
					return math.Copysign(tail+x, z)
				}
			}
		case l.lower+float64(open(stream)*(l.upper-l.lower)) < expExact(-float64(z*z)/2):
			return z
		}
		w = stream.Uint64()
	}
}

// open returns a uniform number in (0, 1).
func open(stream *mc.Stream) float64 {
	return (float64(stream.Uint64()>>12) + 0.5) * 0x1p-52
}

// expExact and logExact are exp and ln with the same bits on every machine,
// which those of package math do not promise. A conversion to float64 keeps the
// compiler from fusing a product with a sum. They serve -8 < x <= 0 and
// 0 < x <= 1 and are right to some 1e-15.

const (
	ln2High = 0x1.62e42f8p-1
	ln2Low  = 0x1.be8e7bcd5e4f2p-27
)

func expExact(x float64) float64 {
	n := math.Round(x / math.Ln2)
	r := (x - float64(n*ln2High)) - float64(n*ln2Low)
	// Taylor's series, |r| < 0.35
	y := 1.0
	for k := 14.0; k > 0; k-- {
		y = 1 + float64(r*y)/k
	}
	return math.Ldexp(y, int(n))
}

func logExact(x float64) float64 {
	m, e := math.Frexp(x)
	if m < math.Sqrt2/2 {
		m *= 2
		e--
	}
	// ln m = 2 artanh((m-1)/(m+1)), a series in an argument below 0.172
	s := (m - 1) / (m + 1)
	s2 := float64(s * s)
	y := 0.0
	for k := 25.0; k > 1; k -= 2 {
		y = float64((y + 1/k) * s2)
	}
	n := float64(e)
	return float64(n*ln2High) + (float64(2*s) + (float64(2*s*y) + float64(n*ln2Low)))
}
