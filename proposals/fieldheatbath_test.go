package proposals

import (
	"math"
	"testing"

	"mcrun/mc"
	"mcrun/models"
)

// strengths are those of fields on unit vectors, from none to strong.
var strengths = []float64{0, 1e-20, 1e-3, 0.3, 1, 2, 7, 50, 1e3, 1e6, 1e13}

// ofVectors returns the distribution function of v = 1 - cos in terms of a
// coordinate in which it is smooth, the angle in units of that of a strong field.
func ofVectors(n int, k float64) (*table, func(v float64) float64) {
	scale := 1 / math.Sqrt(1+k)
	angle := func(v float64) float64 { return 2 * math.Asin(math.Sqrt(v/2)) / scale }
	return newTable(0, min(math.Pi/scale, 12), func(theta float64) float64 {
		s := math.Sin(theta * scale / 2)
		return math.Pow(math.Sin(theta*scale), float64(n-2)) * math.Exp(-2*k*s*s)
	}), angle
}

// The vectors that are drawn have the conditional distributions.
func TestVectorDistributions(t *testing.T) {
	draws := 50000
	if raceEnabled {
		draws = 5000
	}
	u := make([]float64, draws)
	for i, k := range strengths {
		for n, draw := range map[int]func(*mc.Stream, float64) float64{2: drawVonMises, 3: drawCap} {
			random := mc.NewStream(mc.NewKey(uint64(i), "vectors"))
			f, angle := ofVectors(n, k)
			for j := range u {
				v := draw(random, k)
				if !(v >= 0 && v <= 2) {
					t.Fatalf("n = %d, k = %g: 1 - cos is %g", n, k, v)
				}
				u[j] = f.at(angle(v))
			}
			if err := uniformly(u); err != nil {
				t.Errorf("n = %d, k = %g: %v", n, k, err)
			}
		}
	}
}

// A heat bath turns the vector about the field uniformly, and keeps its length:
// two sites, the field of the one being twice K times the other.
func TestHeatBathDirections(t *testing.T) {
	const draws = 20000
	for number, s := range []*fieldSystem{unitOn(2, 0.7, 2), unitOn(2, -2, 2), unitOn(3, 0.7, 2), unitOn(3, -2, 2)} {
		n, k := s.couplings.Components, s.couplings.K
		random := mc.NewStream(mc.NewKey(uint64(number), "directions"))
		x := s.NewState(models.Hot, random).(models.Field)
		draw := (&plane2{s.couplings, x, random}).heatBath
		if n == 3 {
			draw = (&space3{s.couplings, x, random}).heatBath
		}
		f, angle := ofVectors(n, 2*math.Abs(k))
		e, spin := x[:n], x[n:]
		// Two directions perpendicular to the field e.
		a, b := []float64{-e[1], e[0]}, []float64{0, 0}
		if n == 3 {
			a = []float64{-e[1], e[0], 0}
			b = []float64{-e[0] * e[2], -e[1] * e[2], e[0]*e[0] + e[1]*e[1]}
		}
		var polar, around []float64
		for range draws {
			draw(1)
			if square := dot(spin, spin); math.Abs(square-1) > 1e-14 {
				t.Fatalf("%v: the square of a vector is 1%+g", s, square-1)
			}
			polar = append(polar, f.at(angle(1-math.Copysign(1, k)*dot(e, spin))))
			phi := math.Atan2(dot(b, spin), dot(a, spin))
			if n == 2 { // on either side of the field
				phi = math.Pi * (2*random.Float64() - 1)
				if phi > 0 != (dot(a, spin) > 0) {
					phi = -phi
				}
			}
			around = append(around, (phi/math.Pi+1)/2)
		}
		if err := uniformly(polar); err != nil {
			t.Errorf("%v: the angle with the field: %v", s, err)
		}
		if err := uniformly(around); err != nil {
			t.Errorf("%v: around the field: %v", s, err)
		}
	}
}
