package kern

import (
	"math"
	"testing"

	"mcrun/mc"
)

func TestZiggurat(t *testing.T) {
	f := math.Exp(-tail * tail / 2)
	if a := tail*f + math.Sqrt(math.Pi/2)*math.Erfc(tail/math.Sqrt2); math.Abs(a/area-1) > 1e-14 {
		t.Errorf("area %v, want %v", area, a)
	}
	if top := ziggurat[layers-1].upper; math.Abs(top-1) > 1e-13 {
		t.Errorf("the top layer ends at %v, want 1", top)
	}
	for i, l := range ziggurat[1:] {
		if a := l.width / unit * (l.upper - l.lower); math.Abs(a/area-1) > 1e-9 {
			t.Errorf("layer %d has area %v, want %v", i+1, a, area)
		}
	}
	for x := 1e-300; x <= 1; x *= 1.0071 {
		if got, want := logExact(x), math.Log(x); math.Abs(got-want) > 4e-16*math.Abs(want) {
			t.Errorf("ln %v = %v, want %v", x, got, want)
		}
	}
	for x := -8.0; x <= 0; x += 0.00137 {
		if got, want := expExact(x), math.Exp(x); math.Abs(got-want) > 8e-16*want {
			t.Errorf("exp(%v) = %v, want %v", x, got, want)
		}
	}
}

// TestNormals compares with the distribution: chi^2 over 200 cells of equal
// probability, the tail beyond the ziggurat's, moments, and the correlation of
// neighbours; each fails a right generator with probability 1e-6 at most.
func TestNormals(t *testing.T) {
	const cells = 200
	x := make([]float64, 1<<20)
	if testing.Short() {
		x = x[:1<<17]
	}
	n := float64(len(x))
	Normals(x, mc.NewStream(mc.NewKey(1, "normals")))
	var m1, m2, m3, m4, lag, far float64
	var count [cells]float64
	for i, v := range x {
		m1 += v
		m2 += v * v
		m3 += v * v * v
		m4 += v * v * v * v
		lag += v * x[(i+1)%len(x)]
		if math.Abs(v) > tail {
			far++
		}
		p := math.Erfc(-v/math.Sqrt2) / 2
		count[min(int(p*cells), cells-1)]++
	}
	var chi2 float64
	for _, c := range count {
		chi2 += (c - n/cells) * (c - n/cells) / (n / cells)
	}
	p := math.Erfc(tail / math.Sqrt2)
	for name, z := range map[string]float64{
		"chi^2":   (chi2 - (cells - 1)) / math.Sqrt(2*(cells-1)),
		"mean":    m1 / math.Sqrt(n),
		"second":  (m2 - n) / math.Sqrt(2*n),
		"third":   m3 / math.Sqrt(15*n),
		"fourth":  (m4 - 3*n) / math.Sqrt(96*n),
		"lag":     lag / math.Sqrt(n),
		"in tail": (far - n*p) / math.Sqrt(n*p),
	} {
		t.Logf("%s: %.2f sigma", name, z)
		if math.Abs(z) > 5.2 {
			t.Errorf("%s is %.2f sigma off", name, z)
		}
	}
}

// TestNormalsBits pins the variates, which are the same on every machine.
func TestNormalsBits(t *testing.T) {
	stream := mc.NewStream(mc.NewKey(2, "normals"))
	x := make([]float64, 100000)
	Normals(x, stream)
	var hash uint64
	for _, v := range x {
		hash = hash*0x100000001b3 ^ math.Float64bits(v)
	}
	if want := uint64(0x2f62d71ade96e09e); hash != want {
		t.Errorf("hash %#x, want %#x", hash, want)
	}
	y := make([]float32, len(x))
	Normals(y, mc.NewStream(mc.NewKey(2, "normals")))
	for i, v := range x {
		if y[i] != float32(v) {
			t.Fatalf("variate %d: %v in float32, %v in float64", i, y[i], v)
		}
	}
}

func BenchmarkNormals(b *testing.B) {
	stream := mc.NewStream(mc.NewKey(1, "normals"))
	x := make([]float32, 1024)
	for b.Loop() {
		Normals(x, stream)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(x)), "ns/variate")
}
