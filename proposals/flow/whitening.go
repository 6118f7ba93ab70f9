package flow

import (
	"fmt"
	"math"
	"slices"

	"mcrun/mc"
	"mcrun/proposals/flow/kern"
)

// Whitening is a linear map that is diagonal in Fourier space, of a periodic
// lattice,
//
//	x = mean + F^-1 sigma(k) F z,   ln|det dx/dz| = sum_k ln|sigma(k)|:
//
// white noise z becomes a Gaussian field with the spectrum <|x_k|^2>/N =
// sigma(k)^2 about a uniform mean. The spectrum has the symmetry of the lattice:
// sigma(k) is the same for wave vectors that differ in the signs of their
// components, or in the order of components along equal sides; so many classes of
// modes there are. Its parameters, where it is learned, are a number for each
// class, of which sigma is the absolute value, and the mean; else it has none.
//
// F is done as a product of real orthogonal matrices along the directions, of
// cosines and sines, for all configurations of a chunk at once.
type Whitening[T kern.Float] struct {
	modes
	forward, backward [][]T // Q and its transpose for each direction
	fixed             []T   // parameters, if these are not learned
	start             []T   // first parameters, if they are
}

// modes are the real modes of a lattice: along each direction the constant,
// then cosine and sine of each wave number, at last the alternating one.
type modes struct {
	sides   []int
	sites   int
	class   []int // of each mode, row-major
	classes int
}

// newModes numbers the classes in the order in which they appear.
func newModes(sides []int) modes {
	m := modes{sides: sides, sites: 1}
	for _, side := range sides {
		m.sites *= side
	}
	numbers := map[string]int{}
	each(sides, func(at []int) {
		k := make([]int, len(at))
		for mu, a := range at {
			k[mu] = (a + 1) / 2
		}
		key := m.key(k)
		if _, ok := numbers[key]; !ok {
			numbers[key] = len(numbers)
		}
		m.class = append(m.class, numbers[key])
	})
	m.classes = len(numbers)
	return m
}

// key returns a text that is equal for wave vectors that the lattice's symmetry
// relates, given the absolute values of their components in units of 2 pi/L.
func (m *modes) key(k []int) string {
	k = slices.Clone(k)
	for mu, side := range m.sides {
		for nu := range mu {
			if m.sides[nu] == side && k[nu] > k[mu] {
				k[nu], k[mu] = k[mu], k[nu]
			}
		}
	}
	return fmt.Sprint(k)
}

// multiplicity returns how many modes each class has.
func (m *modes) multiplicity() []int {
	count := make([]int, m.classes)
	for _, c := range m.class {
		count[c]++
	}
	return count
}

// half returns the class of each wave vector of a real Fourier transform, whose
// last component goes from 0 to L/2, and the shape of that.
func (m *modes) half() (class, shape []int) {
	shape = slices.Clone(m.sides)
	last := len(shape) - 1
	shape[last] = shape[last]/2 + 1
	numbers := map[string]int{}
	each(m.sides, func(at []int) {
		k, i := make([]int, len(at)), 0
		for mu, a := range at {
			k[mu] = (a + 1) / 2
			i = i*m.sides[mu] + a
		}
		numbers[m.key(k)] = m.class[i]
	})
	each(shape, func(at []int) {
		k := make([]int, len(at))
		for mu, a := range at {
			k[mu] = min(a, m.sides[mu]-a)
		}
		class = append(class, numbers[m.key(k)])
	})
	return class, shape
}

// NewWhitening returns the map for a lattice of given sides whose spectrum and
// mean are fixed or, if learned, start there; sigma has a number for each class
// of modes. It panics if it has not, or if one of them is 0 or not finite.
func NewWhitening[T kern.Float](sides []int, sigma []float64, mean float64, learned bool) *Whitening[T] {
	w := &Whitening[T]{modes: newModes(sides)}
	if len(sigma) != w.classes {
		panic(badSpectrum)
	}
	params := make([]T, w.classes+1)
	for c, s := range append(slices.Clone(sigma), mean) {
		params[c] = T(s)
		if v := float64(params[c]); math.IsNaN(v) || math.IsInf(v, 0) || c < w.classes && v == 0 {
			panic(badSpectrum)
		}
	}
	if learned {
		w.start = params
	} else {
		w.fixed = params
	}
	for _, side := range sides {
		q := basis(side)
		forward, backward := make([]T, side*side), make([]T, side*side)
		for a := range side {
			for x := range side {
				forward[a*side+x] = T(q[a*side+x])
				backward[x*side+a] = T(q[a*side+x])
			}
		}
		w.forward = append(w.forward, forward)
		w.backward = append(w.backward, backward)
	}
	return w
}

const badSpectrum = "flow: a spectrum has not one finite number other than 0 for each class of modes"

// basis returns the orthogonal matrix of the real modes of a periodic chain, a
// mode a row.
func basis(side int) []float64 {
	q := make([]float64, 0, side*side)
	for a := range side {
		k := (a + 1) / 2
		norm := math.Sqrt(2 / float64(side))
		if a == 0 || 2*k == side {
			norm = math.Sqrt(1 / float64(side))
		}
		for x := range side {
			// k x modulo the side keeps the argument small.
			sin, cos := math.Sincos(2 * math.Pi * float64(k*x%side) / float64(side))
			if a%2 == 0 && a > 0 {
				cos = sin
			}
			q = append(q, norm*cos)
		}
	}
	return q
}

// Dim implements [Bijector].
func (w *Whitening[T]) Dim() int { return w.sites }

// Params implements [Bijector].
func (w *Whitening[T]) Params() int { return len(w.start) }

// spectrum returns sigma and the mean.
func (w *Whitening[T]) spectrum(theta []T, ws *Workspace[T]) (sigma []T, mean T) {
	if w.fixed != nil {
		theta = w.fixed
	}
	sigma = ws.numbers.take(w.classes)
	for c := range sigma {
		sigma[c] = max(theta[c], -theta[c])
	}
	return sigma, theta[w.classes]
}

// logDet returns sum_k ln|sigma(k)|.
func (w *Whitening[T]) logDet(sigma []T) float64 {
	var log float64
	for _, c := range w.class {
		log += math.Log(math.Abs(float64(sigma[c])))
	}
	return log
}

// Forward implements [Bijector].
func (w *Whitening[T]) Forward(theta, x []T, logdet []float64, ws *Workspace[T]) {
	mark := ws.mark()
	sigma, mean := w.spectrum(theta, ws)
	n := len(logdet)
	w.transform(x, w.forward, n, ws)
	w.multiply(x, sigma, n)
	w.transform(x, w.backward, n, ws)
	for i := range x {
		x[i] += mean
	}
	addAll(logdet, w.logDet(sigma))
	ws.release(mark)
}

// Inverse implements [Bijector].
func (w *Whitening[T]) Inverse(theta, x []T, logdet []float64, ws *Workspace[T]) {
	mark := ws.mark()
	sigma, mean := w.spectrum(theta, ws)
	n := len(logdet)
	for i := range x {
		x[i] -= mean
	}
	w.transform(x, w.forward, n, ws)
	w.divide(x, sigma, n)
	w.transform(x, w.backward, n, ws)
	addAll(logdet, -w.logDet(sigma))
	ws.release(mark)
}

// PullForward implements [Bijector].
func (w *Whitening[T]) PullForward(theta, x, g, l, gtheta []T, ws *Workspace[T]) {
	mark := ws.mark()
	sigma, mean := w.spectrum(theta, ws)
	n := len(l)
	if w.Params() > 0 && gtheta != nil {
		gtheta[w.classes] += sum(g)
	}
	for i := range x {
		x[i] -= mean
	}
	w.transform(x, w.forward, n, ws)
	w.transform(g, w.forward, n, ws)
	w.divide(x, sigma, n)
	w.gather(theta, gtheta, x, g, l, 1)
	w.multiply(g, sigma, n)
	w.transform(x, w.backward, n, ws)
	w.transform(g, w.backward, n, ws)
	ws.release(mark)
}

// PullInverse implements [Bijector].
func (w *Whitening[T]) PullInverse(theta, x, g, l, gtheta []T, ws *Workspace[T]) {
	mark := ws.mark()
	sigma, mean := w.spectrum(theta, ws)
	n := len(l)
	w.transform(x, w.forward, n, ws)
	w.transform(g, w.forward, n, ws)
	w.divide(g, sigma, n)
	w.gather(theta, gtheta, x, g, l, -1)
	w.multiply(x, sigma, n)
	w.transform(x, w.backward, n, ws)
	w.transform(g, w.backward, n, ws)
	for i := range x {
		x[i] += mean
	}
	if w.Params() > 0 && gtheta != nil {
		gtheta[w.classes] -= sum(g)
	}
	ws.release(mark)
}

// gather adds to the gradient of theta = +-sigma sign times +-(g z + l/sigma),
// summed over the modes of each class and over columns; z and g are those of the
// modes.
func (w *Whitening[T]) gather(theta, gtheta, z, g, l []T, sign T) {
	if w.Params() == 0 || gtheta == nil {
		return
	}
	n := len(l)
	all := sum(l)
	for a, class := range w.class {
		var dot T
		row := g[a*n:][:n]
		for c, v := range z[a*n:][:n] {
			dot += v * row[c]
		}
		if theta[class] < 0 {
			dot = -dot
		}
		gtheta[class] += sign * (dot + all/theta[class])
	}
}

// transform multiplies a chunk of n columns by a matrix along each direction.
func (w *Whitening[T]) transform(x []T, matrices [][]T, n int, ws *Workspace[T]) {
	mark := ws.mark()
	old, zero := ws.numbers.take(len(x)), ws.numbers.take(slices.Max(w.sides))
	clear(zero)
	block := n // numbers from one site to the next along a direction
	for mu := len(w.sides) - 1; mu >= 0; mu-- {
		side := w.sides[mu]
		copy(old, x)
		for first := 0; first < len(x); first += side * block {
			kern.Dense(x[first:], old[first:], matrices[mu], zero, side, side, block, kern.Identity)
		}
		block *= side
	}
	ws.release(mark)
}

func (w *Whitening[T]) multiply(x, sigma []T, n int) {
	for a, class := range w.class {
		s := sigma[class]
		row := x[a*n:][:n]
		for c := range row {
			row[c] *= s
		}
	}
}

func (w *Whitening[T]) divide(x, sigma []T, n int) {
	for a, class := range w.class {
		s := 1 / sigma[class]
		row := x[a*n:][:n]
		for c := range row {
			row[c] *= s
		}
	}
}

func sum[T kern.Float](x []T) T {
	var s T
	for _, v := range x {
		s += v
	}
	return s
}

func (w *Whitening[T]) initialise(theta []T, _ *mc.Stream) { copy(theta, w.start) }

// tensors holds sigma(k)^2 of every wave vector of a real Fourier transform, and
// the mean.
func (w *Whitening[T]) tensors(theta []T) []tensor[T] {
	if w.fixed != nil {
		theta = w.fixed
	}
	class, shape := w.half()
	return []tensor[T]{{
		name:  "spectrum",
		shape: shape,
		values: func() []float32 {
			v := make([]float32, len(class))
			for i, c := range class {
				v[i] = float32(theta[c] * theta[c])
			}
			return v
		},
		set: func(v []float32) error {
			sigma, err := w.roots(v)
			for c, s := range sigma {
				theta[c] = T(s)
			}
			return err
		},
	}, parameters("mean", []int{1}, theta[w.classes:], nil)}
}

// roots returns sigma of each class, given sigma^2 of every wave vector of a real
// Fourier transform. A float32 is the root of its square.
func (m *modes) roots(spectrum []float32) ([]float64, error) {
	class, _ := m.half()
	sigma := make([]float64, m.classes)
	for i, c := range class {
		s := float64(float32(math.Sqrt(float64(spectrum[i]))))
		switch {
		case !(s > 0) || math.IsInf(s, 0):
			return nil, fmt.Errorf("element %d is %v; expected a finite number above 0", i, spectrum[i])
		case sigma[c] != 0 && s != sigma[c]:
			return nil, fmt.Errorf("element %d is %v, but %v at a wave vector that the lattice's symmetry relates to it", i, spectrum[i], float32(sigma[c]*sigma[c]))
		}
		sigma[c] = s
	}
	return sigma, nil
}
