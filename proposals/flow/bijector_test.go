package flow

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"testing"

	"gonum.org/v1/gonum/mat"

	"mcrun/proposals/flow/kern"
)

// A kind is a bijector to be tested, in both precisions.
type kind struct {
	name string
	wide Bijector[float64]
	fast Bijector[float32]
}

func kindOf(name string, wide Bijector[float64], fast Bijector[float32]) kind {
	return kind{name, wide, fast}
}

// kinds returns all kinds of bijectors, and layouts as they come from a spec.
func kinds(t testing.TB) []kind {
	var list []kind
	couplings := func(name string, hidden []int, act kern.Activation) {
		masks := alternate(3, 5, stream("masks"))
		list = append(list, kindOf(fmt.Sprintf("couplings %s %d", name, hidden),
			NewCouplings[float64](masks, hidden, act), NewCouplings[float32](masks, hidden, act)))
	}
	checkerboard := func(name string, sides []int, hidden, kernels []int, act kern.Activation) {
		list = append(list, kindOf(fmt.Sprintf("checkerboard %s %d", name, kernels),
			NewCheckerboard[float64](sides, 2, hidden, kernels, act), NewCheckerboard[float32](sides, 2, hidden, kernels, act)))
	}
	couplings("elu", nil, kern.ELU)
	checkerboard("of a chain", []int{6}, []int{2, 3}, []int{3, 1, 5}, kern.SiLU)
	for _, name := range slices.Sorted(maps.Keys(activations)) {
		couplings(name, []int{3}, activations[name])
		couplings(name, []int{4, 2}, activations[name])
		checkerboard(name, []int{4, 3}, []int{2}, []int{3, 1}, activations[name])
	}
	checkerboard("elu", []int{4, 4}, []int{2}, []int{3, 3}, kern.ELU)
	masks := alternate(3, 4, stream("masks"))
	blocks := blocksAt([]int{4, 6}, 0, true)
	list = append(list,
		kindOf("blocks", NewBlocks(24, blocks, NewCouplings[float64](masks, []int{3}, kern.ELU)), NewBlocks(24, blocks, NewCouplings[float32](masks, []int{3}, kern.ELU))),
		kindOf("affine", NewAffine[float64]([]int{0, 2, 1, 0, 1}, true), NewAffine[float32]([]int{0, 2, 1, 0, 1}, true)),
		kindOf("widths", NewAffine[float64]([]int{0, 2, 1, 0, 1}, false), NewAffine[float32]([]int{0, 2, 1, 0, 1}, false)),
		kindOf("permutation", NewPermutation[float64]([]int{2, 0, 3, 1}), NewPermutation[float32]([]int{2, 0, 3, 1})),
	)
	for _, sides := range [][]int{{5}, {4, 4}, {4, 3}, {2, 3, 2}} {
		sigma := make([]float64, newModes(sides).classes)
		for c := range sigma {
			sigma[c] = 0.5 + float64(c)/3
		}
		for _, learned := range []bool{false, true} {
			list = append(list, kindOf(fmt.Sprintf("whitening %d %v", sides, learned),
				NewWhitening[float64](sides, sigma, 0.7, learned), NewWhitening[float32](sides, sigma, 0.7, learned)))
		}
	}
	pair := list[0]
	list = append(list,
		kindOf("composition", Compose(pair.wide, Bijector[float64](NewAffine[float64](indices(5), true)), pair.wide),
			Compose(pair.fast, Bijector[float32](NewAffine[float32](indices(5), true)), pair.fast)),
		kindOf("inverse", Invert(pair.wide), Invert(pair.fast)))
	return list
}

// brief reports whether tests of numbers, which no other goroutine shares, are to
// be spared: under the race detector each costs some twenty times as much.
func brief() bool { return testing.Short() || raceEnabled }

// point returns parameters and a chunk of n columns.
func point[T kern.Float](b Bijector[T], n int, parts ...string) (theta, x []T) {
	random := stream(append(parts, "point")...)
	theta, x = make([]T, b.Params()), make([]T, b.Dim()*n)
	for i := range theta {
		theta[i] = T(0.3 + 0.5*random.Float64()) // widths are not 0
		if random.Below(1 << 63) {
			theta[i] = -theta[i]
		}
	}
	kern.Normals(x, random)
	return theta, x
}

// TestInverse checks that the directions are inverse to each other, and their
// logarithms of determinants opposite.
func TestInverse(t *testing.T) {
	for _, k := range kinds(t) {
		inverse(t, k.name, k.wide, 1e-12)
		inverse(t, k.name, k.fast, 1e-5)
	}
}

func inverse[T kern.Float](t *testing.T, name string, b Bijector[T], tolerance float64) {
	t.Helper()
	const n = 48
	theta, z := point(b, n, name)
	for _, reverse := range []bool{false, true} {
		m := b
		if reverse {
			m = Invert(b)
		}
		x, there, back := append([]T(nil), z...), make([]float64, n), make([]float64, n)
		w := new(Workspace[T])
		m.Forward(theta, x, there, w)
		size := 1.0
		for _, v := range x {
			size = max(size, math.Abs(float64(v)))
		}
		m.Inverse(theta, x, back, w)
		for i := range z {
			if d := math.Abs(float64(x[i] - z[i])); !(d <= tolerance*size) {
				t.Errorf("%s: element %d off by %v", name, i, d)
				return
			}
		}
		for c := range there {
			if d := math.Abs(there[c] + back[c]); !(d <= tolerance*max(1, math.Abs(there[c]))) {
				t.Errorf("%s: ln det %v there and %v back", name, there[c], back[c])
				return
			}
		}
	}
}

// TestLogDet checks logarithms of determinants against numerical Jacobians.
func TestLogDet(t *testing.T) {
	for _, k := range kinds(t) {
		const n = 16
		theta, z := point(k.wide, n, k.name)
		logdet := make([]float64, n)
		w := new(Workspace[float64])
		x := append([]float64(nil), z...)
		k.wide.Forward(theta, x, logdet, w)
		d := k.wide.Dim()
		jacobians := make([]*mat.Dense, n)
		for c := range jacobians {
			jacobians[c] = mat.NewDense(d, d, nil)
		}
		const h = 1e-6
		for j := range d {
			var ends [2][]float64
			for e, step := range []float64{h, -h} {
				ends[e] = append([]float64(nil), z...)
				for c := range n {
					ends[e][j*n+c] += step
				}
				k.wide.Forward(theta, ends[e], make([]float64, n), w)
			}
			for i := range d {
				for c := range n {
					jacobians[c].Set(i, j, (ends[0][i*n+c]-ends[1][i*n+c])/(2*h))
				}
			}
		}
		for c := range n {
			if want, _ := mat.LogDet(jacobians[c]); math.Abs(logdet[c]-want) > 1e-6*(1+math.Abs(want)) {
				t.Errorf("%s: ln det %v, numerically %v", k.name, logdet[c], want)
				break
			}
		}
	}
}

// TestPull checks the gradients of both directions to coordinates and parameters
// against differences of a random linear function of output and ln det.
func TestPull(t *testing.T) {
	if brief() {
		t.Skip("in a short run")
	}
	for _, k := range kinds(t) {
		checkPull(t, k.name, k.wide)
		checkPull(t, k.name+" reversed", Invert(k.wide))
	}
}

func checkPull(t *testing.T, name string, b Bijector[float64]) {
	t.Helper()
	const n = 16
	theta, z := point(b, n, name)
	random := stream(name, "weights")
	g, l := make([]float64, len(z)), make([]float64, n)
	kern.Normals(g, random)
	kern.Normals(l, random)
	w := new(Workspace[float64])
	value := func() float64 {
		x, logdet := append([]float64(nil), z...), make([]float64, n)
		b.Forward(theta, x, logdet, w)
		var sum float64
		for i, v := range x {
			sum += g[i] * v
		}
		for c, v := range logdet {
			sum += l[c] * v
		}
		return sum
	}
	x, gx, gtheta := append([]float64(nil), z...), append([]float64(nil), g...), make([]float64, len(theta))
	b.Forward(theta, x, make([]float64, n), w)
	b.PullForward(theta, x, gx, l, gtheta, w)
	for i := range z {
		if d := math.Abs(x[i] - z[i]); !(d < 1e-9) {
			t.Errorf("%s: the pullback misses the input by %v", name, d)
			return
		}
	}
	x2, gx2 := append([]float64(nil), z...), append([]float64(nil), g...)
	b.Forward(theta, x2, make([]float64, n), w)
	b.PullForward(theta, x2, gx2, l, nil, w)
	for i := range gx {
		if gx[i] != gx2[i] {
			t.Errorf("%s: without parameters the gradient is another", name)
			return
		}
	}
	check := func(what string, v, g []float64) bool {
		for i := range v {
			if want := slope(&v[i], value); !(math.Abs(g[i]-want) < 1e-6*(1+math.Abs(want))) {
				t.Errorf("%s: gradient to %s %d is %v, numerically %v", name, what, i, g[i], want)
				return false
			}
		}
		return true
	}
	if check("parameter", theta, gtheta) {
		check("coordinate", z, gx)
	}
}

// TestGroup checks the laws of composition.
func TestGroup(t *testing.T) {
	masks := alternate(2, 4, stream("masks"))
	a := Bijector[float64](NewCouplings[float64](masks, []int{3}, kern.ELU))
	b := Bijector[float64](NewAffine[float64](indices(4), true))
	c := Bijector[float64](NewPermutation[float64]([]int{1, 3, 0, 2}))
	abc := Compose(a, b, c)
	// (ab)c = a(bc), and (abc)^-1 = c^-1 b^-1 a^-1, whose parameters are in
	// reverse order.
	thetaA, _ := point(a, 16, "a")
	thetaB, _ := point(b, 16, "b")
	theta := append(append([]float64(nil), thetaA...), thetaB...)
	back := append(append([]float64(nil), thetaB...), thetaA...)
	same(t, "association", Compose(Compose(a, b), c), Compose(a, Compose(b, c)), theta, theta)
	same(t, "flat composition", Compose(Compose(a, b), c), abc, theta, theta)
	same(t, "inverse of a composition", Invert(abc), Compose(Invert(c), Invert(b), Invert(a)), theta, back)
	if Invert(Invert(a)) != a {
		t.Error("the inverse of the inverse is another")
	}
	identity := Compose(a, Invert(a))
	x, logdet := make([]float64, 4*16), make([]float64, 16)
	kern.Normals(x, stream("identity"))
	z := append([]float64(nil), x...)
	identity.Forward(append(append([]float64(nil), thetaA...), thetaA...), x, logdet, new(Workspace[float64]))
	for i := range x {
		if math.Abs(x[i]-z[i]) > 1e-12 || math.Abs(logdet[i%16]) > 1e-12 {
			t.Fatalf("a composed with its inverse moves %v to %v, ln det %v", z[i], x[i], logdet[i%16])
		}
	}
}

// same checks that two bijectors are one.
func same(t *testing.T, what string, a, b Bijector[float64], thetaA, thetaB []float64) {
	t.Helper()
	const n = 16
	x := make([]float64, a.Dim()*n)
	kern.Normals(x, stream(what))
	y := append([]float64(nil), x...)
	lx, ly := make([]float64, n), make([]float64, n)
	w := new(Workspace[float64])
	a.Forward(thetaA, x, lx, w)
	b.Forward(thetaB, y, ly, w)
	for i := range x {
		if x[i] != y[i] || math.Abs(lx[i%n]-ly[i%n]) > 1e-12 {
			t.Errorf("%s: %v and %v, ln det %v and %v", what, x[i], y[i], lx[i%n], ly[i%n])
			return
		}
	}
}
