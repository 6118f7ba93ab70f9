package physics

import (
	"math"
	"math/bits"
	"testing"

	"mcrun/models"
)

// A strip is the Ising model without a field on an endless cylinder of few sites
// around. Its transfer matrix, from the 2^width states of a row to those of the
// next, is
//
//	T = V^(1/2) W V^(1/2),   V(s) = exp(K sum_x s_x s_(x+1)),   W(s,s') = exp(K sum_x s_x s'_x),
//
// of which W is a product over sites and so is applied in width 2^width additions
// (Binder, Physica 62, 508 (1972)). On a cylinder of length L functions A and B
// of a row have
//
//	<A(0) B(r)> = tr(A T^r B T^(L-r)) / tr T^L,
//
// and with the leading eigenvector |0> of T, if <0|A|0> = 0, this is
//
//	c(r) + c(L-r),   c(r) = <0|A (T/lambda_0)^r B|0>,
//
// up to terms of relative order (lambda_1/lambda_0)^L.
type strip struct {
	width  int
	k      float64
	root   []float64 // V^(1/2)
	lambda float64   // the largest eigenvalue of T
	ground []float64 // its eigenvector, normalized
}

func newStrip(width int, k float64) *strip {
	s := &strip{width: width, k: k}
	for state := range uint64(1 << width) {
		// The bits of the row's broken bonds.
		broken := bits.OnesCount64(state ^ (state>>1 | state&1<<(width-1)))
		s.root = append(s.root, math.Exp(k*float64(width-2*broken)/2))
		s.ground = append(s.ground, 1)
	}
	// All entries of T are positive, and |1> is even under the reversal of all
	// spins, so that the slowest correction is that of two excitations.
	for {
		s.apply(s.ground)
		norm := math.Sqrt(dot(s.ground, s.ground))
		for i := range s.ground {
			s.ground[i] /= norm
		}
		done := math.Abs(norm-s.lambda) <= 1e-15*norm
		s.lambda = norm
		if done {
			return s
		}
	}
}

// apply multiplies a vector by T.
func (s *strip) apply(v []float64) {
	alike, unlike := math.Exp(s.k), math.Exp(-s.k)
	for i, r := range s.root {
		v[i] *= r
	}
	for x := range s.width {
		stride := 1 << x
		for block := 0; block < len(v); block += 2 * stride {
			down, up := v[block:block+stride], v[block+stride:block+2*stride]
			for i, a := range down {
				b := up[i]
				down[i], up[i] = alike*a+unlike*b, unlike*a+alike*b
			}
		}
	}
	for i, r := range s.root {
		v[i] *= r
	}
}

func dot(a, b []float64) float64 {
	var sum float64
	for i, v := range a {
		sum += v * b[i]
	}
	return sum
}

// row returns the values of a function sum_x weight_x s_x of a row.
func (s *strip) row(weight func(x int) float64) []float64 {
	a := make([]float64, len(s.root))
	for x := range s.width {
		w := weight(x)
		for state := range a {
			a[state] += w * spin(uint64(state), x)
		}
	}
	return a
}

// decay returns c(r) of a function with itself, r = 0..most.
func (s *strip) decay(a []float64, most int) []float64 {
	left := make([]float64, len(a)) // a |0>
	for i, v := range a {
		left[i] = v * s.ground[i]
	}
	right := append([]float64(nil), left...)
	c := []float64{dot(left, right)}
	for range most {
		s.apply(right)
		for i := range right {
			right[i] /= s.lambda
		}
		c = append(c, dot(left, right))
	}
	return c
}

// around returns c(r) + c(L-r), r = 0..L-1.
func (s *strip) around(a []float64, length int) []float64 {
	c := s.decay(a, length)
	list := make([]float64, length)
	for r := range list {
		list[r] = c[r] + c[length-r]
	}
	return list
}

// trace returns <A(0) A(r)>, r = 0..L-1, by the traces: for narrow strips.
func (s *strip) trace(a []float64, length int) []float64 {
	n := len(a)
	powers := [][]float64{make([]float64, n*n)} // column after column, over lambda^r
	for i := range n {
		powers[0][i*n+i] = 1
	}
	for r := range length {
		next := append([]float64(nil), powers[r]...)
		for i := 0; i < len(next); i += n {
			s.apply(next[i : i+n])
		}
		for i := range next {
			next[i] /= s.lambda
		}
		powers = append(powers, next)
	}
	var z float64
	for i := range n {
		z += powers[length][i*n+i]
	}
	list := make([]float64, length)
	for r := range list {
		for i := range n {
			for j := range n {
				list[r] += a[i] * powers[r][j*n+i] * a[j] * powers[length-r][i*n+j] / z
			}
		}
	}
	return list
}

// spectra returns the structure factor of the strip across it, k = 2 pi n/width,
// and along it, k = 2 pi n/length, for n from 0 to half, from a way to find
// <A(0) A(r)>.
func (s *strip) spectra(length, most int, correlation func(a []float64, length int) []float64) (across, along []float64) {
	for n := range min(most, s.width/2) + 1 {
		// The sine has the same correlations, by translation, where it is not 0.
		twice := 2.0
		if n == 0 || 2*n == s.width {
			twice = 1
		}
		var sum float64
		for _, c := range correlation(s.row(func(x int) float64 { return math.Cos(2 * math.Pi * float64(n*x) / float64(s.width)) }), length) {
			sum += twice * c / float64(s.width)
		}
		across = append(across, sum)
	}
	c := correlation(s.row(func(int) float64 { return 1 }), length)
	for n := range length/2 + 1 {
		var sum float64
		for r, v := range c {
			sum += v * math.Cos(2*math.Pi*float64(n*r)/float64(length)) / float64(s.width)
		}
		along = append(along, sum)
	}
	return across, along
}

// Two rows of values agree.
func same(t *testing.T, what string, got, want []float64, tolerance float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d values, not %d", what, len(got), len(want))
	}
	for i, v := range want {
		if !near(got[i], v, tolerance) {
			t.Errorf("%s[%d] is %v, not %v", what, i, got[i], v)
		}
	}
}

// directSpectra returns the structure factor of a width x length torus, across
// and along, by listing all states.
func directSpectra(s *system, width, length int) (across, along []float64) {
	across, along = make([]float64, width/2+1), make([]float64, length/2+1)
	add := func(dst, sums []float64, p float64) {
		for n := range dst {
			var re, im float64
			for x, v := range sums {
				sin, cos := math.Sincos(2 * math.Pi * float64(n*x) / float64(len(sums)))
				re += v * cos
				im += v * sin
			}
			dst[n] += p * (re*re + im*im) / float64(width*length)
		}
	}
	for state, p := range s.probabilities() {
		xs, ys := make([]float64, width), make([]float64, length)
		for i := range width * length {
			v := spin(uint64(state), i)
			xs[i/length] += v
			ys[i%length] += v
		}
		add(across, xs, p)
		add(along, ys, p)
	}
	return across, along
}

// The transfer matrix is held to a sum over all states on a short strip, its
// leading eigenvector to the whole matrix on a long one.
func TestStripAgainstStates(t *testing.T) {
	const k = 1 / 2.6
	for _, size := range [][2]int{{4, 3}, {3, 5}, {2, 5}} {
		s := newStrip(size[0], k)
		across, along := s.spectra(size[1], s.width, s.trace)
		wantAcross, wantAlong := directSpectra(grid(size[:], true, k, 1, 0), size[0], size[1])
		same(t, "across", across, wantAcross, 1e-12)
		same(t, "along", along, wantAlong, 1e-12)
	}
	s := newStrip(4, k)
	const length = 64
	across, along := s.spectra(length, s.width, s.around)
	wantAcross, wantAlong := s.spectra(length, s.width, s.trace)
	correction := length * math.Pow(s.gap(), length)
	t.Logf("terms that are left out are of the order of %.1g", correction)
	same(t, "across", across, wantAcross, correction)
	same(t, "along", along, wantAlong, correction)
	// And S(0) to another transfer matrix, where it is wider.
	wide := newStrip(8, 1/3.)
	m, ok := models.TransferMatrix([]int{8, 32}, wide.k, 1, 0)
	if !ok {
		t.Fatal("8 x 32 is out of reach")
	}
	across, _ = wide.spectra(32, 0, wide.around)
	same(t, "S(0)", across, []float64{8 * 32 * m.Mag2}, 32*math.Pow(wide.gap(), 32))
}

// gap returns lambda_1/lambda_0, from the decay of the row's magnetization far
// out, from below.
func (s *strip) gap() float64 {
	c := s.decay(s.row(func(int) float64 { return 1 }), 100)
	return c[100] / c[99]
}

// long is a strip of 16 x 64 sites.
type long struct {
	across, along []float64 // S(k)
	near, far     []float64 // C(r) across, and along
}

const (
	longWidth, longLength = 16, 64
	longTemperature       = 2.6
)

// newLong computes the structure factors and correlations of the long strip, and
// holds it to Kaufman's solution.
func newLong(t *testing.T) *long {
	s := newStrip(longWidth, 1/longTemperature)
	var l long
	l.across, l.along = s.spectra(longLength, 1, s.around)
	one := s.row(func(x int) float64 {
		if x == 0 {
			return 1
		}
		return 0
	})
	l.far = s.around(one, longLength)[:longLength/2+1]
	l.far[0] = 1
	for r := range longWidth/2 + 1 {
		var sum float64
		for state, v := range s.ground {
			sum += v * v * spin(uint64(state), 0) * spin(uint64(state), r)
		}
		l.near = append(l.near, sum)
	}

	gap := s.gap()
	correction := math.Pow(gap, longLength)
	t.Logf("lambda_1/lambda_0 = %.6f, to the power of %d: %.2g", gap, longLength, correction)
	if correction > 1e-6 {
		t.Errorf("the other eigenvectors add %.1g, which is not negligible", correction)
	}
	m := models.Kaufman(longWidth, longLength, s.k, 1)
	if got := longLength * math.Log(s.lambda); !near(got-m.LogZ, 0, longWidth*correction) {
		t.Errorf("ln Z is %.12f by the transfer matrix, %.12f by Kaufman's solution", got, m.LogZ)
	}
	if got := -l.near[1] - l.far[1]; !near(got, m.Energy, 10*longWidth*correction) {
		t.Errorf("the energy is %.12f by the transfer matrix, %.12f by Kaufman's solution", got, m.Energy)
	}
	t.Logf("energy %.9f, by Kaufman %.9f; S(0) = %.6f, S(k_0) = %.6f, S(k_1) = %.6f", -l.near[1]-l.far[1], m.Energy, l.across[0], l.across[1], l.along[1])
	return &l
}
