package models_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"mcrun/mc"
	"mcrun/mc/param"
	"mcrun/models"
)

// continuous holds keys of instances of the models of fields, beside their
// examples: sides of 2, odd and unequal sides, one to four dimensions,
// parameters of both signs and 0.
var continuous = map[string][]map[string]any{
	"gaussian": {
		{"shape": []int{2}, "mass2": 0.7},
		{"shape": []int{5}, "mass2": 0.1},
		{"shape": []int{2, 2}, "mass2": 3.0},
		{"shape": []int{3, 4}, "mass2": 0.25},
		{"shape": []int{2, 3, 4}, "mass2": 1.5},
		{"shape": []int{2, 3, 2, 2}, "mass2": 0.01},
	},
	"phi4": {
		{"shape": []int{2}, "mass2": -1.0, "lambda": 0.5},
		{"shape": []int{3, 3}, "mass2": 0.5, "lambda": 0.0},
		{"shape": []int{2, 4}, "mass2": -4.0, "lambda": 8.0},
		{"shape": []int{3, 2, 3}, "kappa": 0.2, "lambda": 0.022},
		{"shape": []int{4, 4}, "kappa": -0.3, "lambda": 0.3},
		{"shape": []int{3, 5}, "kappa": -0.2, "lambda": 0.0},
		{"shape": []int{2, 2, 2, 3}, "kappa": 0.0, "lambda": 1.0},
	},
	"xy": {
		{"shape": []int{2}, "beta": 0.7},
		{"shape": []int{3, 4}, "temperature": 0.9, "J": -1.0},
		{"shape": []int{2, 2, 3}, "temperature": 2.0, "J": 0.5},
		{"shape": []int{4, 4}, "beta": 0.0},
		{"shape": []int{4, 2}, "beta": 1.1, "J": -0.3},
	},
	"heisenberg": {
		{"shape": []int{7}, "beta": 0.7},
		{"shape": []int{3, 2}, "temperature": 0.9, "J": -1.0},
		{"shape": []int{4, 6}, "beta": 1.0, "J": -2.0},
	},
	"dual-ising": {
		{"shape": []int{2}, "beta": 0.7, "h": 0.2},
		{"shape": []int{5}, "beta": 0.6, "J": -1.0},
		{"shape": []int{2, 2}, "beta": 0.4, "h": -0.7},
		{"shape": []int{3, 4}, "temperature": 2.0, "offset": 1.0},
		{"shape": []int{2, 3, 4}, "beta": 0.22, "J": -1.5},
		{"shape": []int{3, 3}, "beta": 0.0, "h": 1.0},
		{"couplings": graphFile("6\n0 1 1\n1 2 -0.5\n2 0 0.7\n3 4 2\n1 0.4\n4 -1\n"), "temperature": 1.3, "h": 0.1},
	},
	"mixture": {
		{"dim": 1, "modes": []float64{-3, 0, 2}, "weights": []float64{1, 5, 2}, "sigma": 0.4},
		{"dim": 3, "modes": []float64{1, 2, 3}, "weights": []float64{7}, "sigma": 2.0},
	},
	"ring": {
		{"radius": 0.0, "width": 1.0},
		{"radius": 1.0, "width": 0.5},
	},
}

// graphFile returns a file of couplings with this text.
func graphFile(text string) param.File { return param.File{Path: "couplings.txt", Data: []byte(text)} }

// eachField calls check with all instances of all models of fields, prepared.
func eachField(t *testing.T, check func(t *testing.T, m models.Differentiable)) {
	for _, e := range models.All() {
		if _, ok := e.New().(models.Differentiable); !ok {
			continue
		}
		if len(continuous[e.Name]) == 0 {
			t.Errorf("%s has no instances to be tested", e.Name)
		}
		example := map[string]any{}
		for _, s := range e.Example {
			example[s.Key] = s.Value
		}
		for _, keys := range append(continuous[e.Name], example) {
			t.Run(fmt.Sprint(e.Name, keys), func(t *testing.T) {
				check(t, field(t, e.Name, keys))
			})
		}
	}
}

// field returns a model of fields, prepared.
func field(t testing.TB, name string, keys map[string]any) models.Differentiable {
	t.Helper()
	e, ok := models.Find(name)
	if !ok {
		t.Fatalf("no model %s", name)
	}
	m := e.New()
	if errs := param.Decode(keys, m); errs != nil {
		t.Fatalf("%s %v: %v", name, keys, errs)
	}
	if err := m.Prepare(); err != nil {
		t.Fatal(err)
	}
	return m.(models.Differentiable)
}

// batch returns so many configurations of normal variates, or of unit vectors.
func batch(m models.Differentiable, count int, random *rand.Rand) []float64 {
	x := make([]float64, count*m.Dim())
	for i := range x {
		x[i] = random.NormFloat64()
	}
	if s, ok := m.(models.Spherical); ok {
		for i := 0; i < len(x); i += s.Sphere() {
			normalise(x[i : i+s.Sphere()])
		}
	}
	return x
}

func normalise(v []float64) {
	length := math.Sqrt(dot(v, v))
	for k := range v {
		v[k] /= length
	}
}

func dot(a, b []float64) float64 {
	var sum float64
	for i, v := range a {
		sum += v * b[i]
	}
	return sum
}

// agree reports whether two numbers agree up to an error relative to the larger
// of 1 and their size.
func agree(a, b, tolerance float64) bool {
	return math.Abs(a-b) <= tolerance*max(1, math.Abs(a), math.Abs(b))
}

// Gradient is the derivative of Action, by central differences, and its S is
// that of Action. A batch gives what its configurations give one by one.
func TestGradients(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 1))
	eachField(t, func(t *testing.T, m models.Differentiable) {
		const count = 3
		n := m.Dim()
		x := batch(m, count, random)
		s, again, g := make([]float64, count), make([]float64, count), make([]float64, count*n)
		m.Action(x, s)
		m.Gradient(x, again, g)
		for c := range count {
			if !agree(s[c], again[c], 1e-12) {
				t.Errorf("Action is %v, and %v by Gradient", s[c], again[c])
			}
			one, alone := make([]float64, 1), make([]float64, n)
			m.Gradient(x[c*n:(c+1)*n], one, alone)
			for i, v := range append(one, alone...) {
				if w := append(s[c:c+1:c+1], g[c*n:(c+1)*n]...)[i]; !agree(v, w, 1e-12) {
					t.Fatalf("number %d of S and its gradient is %v in a batch and %v alone", i, w, v)
				}
			}
		}
		// Two coordinates at most of every 64.
		for i := 0; i < len(g); i += 1 + n/64 {
			const h = 1e-4 // errors of h^2 and of 1e-16 S/h
			v := x[i]
			x[i] = v + h
			m.Action(x, s)
			up := s[i/n]
			x[i] = v - h
			m.Action(x, s)
			x[i] = v
			if slope := (up - s[i/n]) / (2 * h); !agree(slope, g[i], 2e-6) {
				t.Errorf("dS/dx_%d = %v, by differences %v", i, g[i], slope)
			}
		}
	})
}

// FieldCouplings is the action, and LocalField what it depends on at a site.
func TestFieldCouplings(t *testing.T) {
	random := rand.New(rand.NewPCG(2, 1))
	eachField(t, func(t *testing.T, m models.Differentiable) {
		f, ok := m.(models.FieldCoupled)
		if !ok {
			t.Skip("not of this form")
		}
		k := f.FieldCouplings()
		n := k.Components
		if k.Unit && (k.A != 0 || k.B != 0) || k.Lattice == nil || n*m.Sites() != m.Dim() {
			t.Errorf("couplings %+v", k)
		}
		if s, ok := m.(models.Spherical); ok != k.Unit || ok && s.Sphere() != n {
			t.Errorf("couplings %+v of a model whose Spherical is %v", k, ok)
		}
		action := func(x []float64) float64 {
			var sum float64
			for i := range m.Sites() {
				phi := x[i*n : (i+1)*n]
				for at, j := range k.Lattice.Neighbours(i) {
					if at%2 == 0 {
						sum -= k.K * dot(phi, x[int(j)*n:int(j+1)*n])
					}
				}
				square := dot(phi, phi)
				sum += k.A*square + k.B*square*square
			}
			return sum
		}
		x := batch(m, 1, random)
		s := make([]float64, 1)
		m.Action(x, s)
		before := action(x)
		if !agree(s[0], before, 1e-12) {
			t.Errorf("Action is %v, by the couplings %v", s[0], before)
		}
		i := random.IntN(m.Sites())
		local := make([]float64, n)
		k.LocalField(x, i, local)
		phi := x[i*n : (i+1)*n]
		part := func() float64 {
			square := dot(phi, phi)
			return -dot(local, phi) + k.A*square + k.B*square*square
		}
		change := -part()
		for c := range phi {
			phi[c] = random.NormFloat64()
		}
		change += part()
		if after := action(x); !agree(after-before, change, 1e-11) {
			t.Errorf("S changes by %v, and by %v in the local field", after-before, change)
		}
	})
}

// Configurations survive files to the bit; values that are none are refused.
func TestFieldsInFiles(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 1))
	eachField(t, func(t *testing.T, m models.Differentiable) {
		p := m.(models.Portable)
		x := models.Field(batch(m, 1, random))
		data := p.Export(x, []byte("kept"))
		if string(data[:4]) != "kept" {
			t.Error("Export does not append")
		}
		data = data[4:]
		elements := 1
		for _, side := range p.Array().Shape {
			elements *= side
		}
		if p.Array().Type != "<f8" || elements != m.Dim() || len(data) != 8*elements {
			t.Errorf("array %v in %d bytes, of %d coordinates", p.Array(), len(data), m.Dim())
		}
		y := make(models.Field, m.Dim())
		if err := p.Import(y, data); err != nil {
			t.Fatal(err)
		}
		for i := range x {
			if x[i] != y[i] {
				t.Fatalf("coordinate %d is %v, and read back %v", i, x[i], y[i])
			}
		}
		if p.Import(y, data[1:]) == nil {
			t.Error("a configuration that is too short is accepted")
		}
		for _, bad := range []float64{math.NaN(), math.Inf(1)} {
			x[0] = bad
			if p.Import(y, p.Export(x, nil)) == nil {
				t.Errorf("%v is accepted", bad)
			}
		}
		if _, ok := m.(models.Spherical); ok {
			x[0] = 1.5
			if p.Import(y, p.Export(x, nil)) == nil {
				t.Error("a vector that is not of length 1 is accepted")
			}
		}
	})
}

// The components of the vectors add up to the order parameter.
func TestFieldsOrder(t *testing.T) {
	random := rand.New(rand.NewPCG(4, 1))
	eachField(t, func(t *testing.T, m models.Differentiable) {
		f := m.(models.SpinField)
		x := models.Field(batch(m, 1, random))
		n := m.Sites()
		var square, first float64
		dst := make([]float64, n)
		for c := range f.Components() {
			f.Component(x, c, dst)
			var sum float64
			for _, v := range dst {
				sum += v / float64(n)
			}
			square += sum * sum
			first = sum
		}
		switch m := m.(type) {
		case models.Magnetic:
			if !agree(m.Magnetization(x), first, 1e-13) || f.Components() != 1 {
				t.Errorf("m = %v, want %v", m.Magnetization(x), first)
			}
		case models.Ordered:
			abs, sq := m.Order(x)
			if !agree(sq, square, 1e-13) || !agree(abs, math.Sqrt(square), 1e-13) {
				t.Errorf("|m| = %v and m^2 = %v, want %v", abs, sq, square)
			}
		default:
			t.Error("no order parameter")
		}
		if e, ok := m.(models.Energetic); ok {
			s := make([]float64, 1)
			m.Action(x, s)
			if want := m.Beta() * e.Energy(x); !agree(s[0], want, 1e-13) {
				t.Errorf("S = %v, beta H = %v", s[0], want)
			}
		}
	})
}

// What can be asked before Prepare is the same after it, and the resolved keys
// give the same model.
func TestEncodedFields(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 1))
	eachField(t, func(t *testing.T, m models.Differentiable) {
		table := map[string]any{}
		for _, s := range param.Encode(m) {
			table[s.Key] = s.Value
		}
		var name string
		switch m := m.(type) {
		case *models.NVector:
			name = map[int]string{2: "xy", 3: "heisenberg"}[m.N]
		default:
			for _, e := range models.All() {
				if fmt.Sprintf("%T", e.New()) == fmt.Sprintf("%T", m) {
					name = e.Name
				}
			}
		}
		e, _ := models.Find(name)
		again := e.New().(models.Differentiable)
		if errs := param.Decode(table, again); errs != nil {
			t.Fatal(errs)
		}
		before := fmt.Sprint(again.Sites(), again.Beta(), again.Dim(), again.(models.Portable).Array(), again.(models.SpinField).Components())
		chain, tables := again.Bytes()
		if chain < 8*float64(m.Dim()) || tables < 0 {
			t.Errorf("a chain takes %v bytes and the tables %v", chain, tables)
		}
		if f, ok := again.(models.FieldCoupled); ok {
			k, after := f.FieldCouplings(), m.(models.FieldCoupled).FieldCouplings()
			after.Lattice = nil
			if k != after {
				t.Errorf("couplings %+v before and %+v after Prepare", k, after)
			}
		}
		if err := again.Prepare(); err != nil {
			t.Fatal(err)
		}
		after := fmt.Sprint(m.Sites(), m.Beta(), m.Dim(), m.(models.Portable).Array(), m.(models.SpinField).Components())
		if before != after {
			t.Errorf("%s before and %s after Prepare", before, after)
		}
		x := batch(m, 1, random)
		a, b := make([]float64, 1), make([]float64, 1)
		m.Action(x, a)
		again.Action(x, b)
		if a[0] != b[0] {
			t.Errorf("the model of the encoded keys has S = %v, not %v", b[0], a[0])
		}
	})
}

// Starts repeat with their stream, have a finite action, and a hot one is of
// the same length of vectors as any.
func TestStartsOfFields(t *testing.T) {
	eachField(t, func(t *testing.T, m models.Differentiable) {
		for _, start := range []models.Start{models.Hot, models.Cold} {
			x := m.NewState(start, mc.NewStream(mc.NewKey(1))).(models.Field)
			y := m.NewState(start, mc.NewStream(mc.NewKey(1))).(models.Field)
			s, g := make([]float64, 2), make([]float64, 2*m.Dim())
			m.Gradient(append(append([]float64{}, x...), y...), s, g)
			if len(x) != m.Dim() || !agree(s[0], s[1], 0) || math.IsInf(s[0], 0) {
				t.Errorf("%s: S = %v and %v of %d coordinates", start, s[0], s[1], len(x))
			}
			if p, ok := m.(models.Spherical); ok {
				for i := 0; i < len(x); i += p.Sphere() {
					if v := x[i : i+p.Sphere()]; !agree(dot(v, v), 1, 1e-14) {
						t.Fatalf("%s: a vector of length %v", start, math.Sqrt(dot(v, v)))
					}
				}
			}
			f, ok := m.(models.FieldCoupled)
			if !ok || start == models.Hot {
				continue
			}
			// Nothing pulls at a cold configuration, along the spheres.
			n := f.FieldCouplings().Components
			for i := range m.Sites() {
				v, force := x[i*n:(i+1)*n], g[i*n:(i+1)*n]
				along := 0.0
				if f.FieldCouplings().Unit {
					along = dot(v, force)
				}
				for c := range force {
					if pull := force[c] - along*v[c]; math.Abs(pull) > 1e-12 {
						t.Fatalf("site %d of a cold start has the gradient %v", i, pull)
					}
				}
			}
		}
	})
}

// Cold starts of ordered models have the lowest action of many: that of
// random and of uniform configurations.
func TestColdFields(t *testing.T) {
	random := rand.New(rand.NewPCG(6, 1))
	for _, c := range []struct {
		name string
		keys map[string]any
		want float64 // S
	}{
		// N well^2/(4 lambda), well = -mass2 or 2 d |kappa| - 1 + 2 lambda.
		{"phi4", map[string]any{"shape": []int{4, 4}, "mass2": -2.0, "lambda": 0.5}, -16 * 4 / 2.0},
		{"phi4", map[string]any{"shape": []int{4, 6}, "kappa": -0.5, "lambda": 0.5}, -24 * 4 / 2.0},
		{"phi4", map[string]any{"shape": []int{3, 3}, "kappa": 0.5, "lambda": 0.5}, -9 * 4 / 2.0},
		{"xy", map[string]any{"shape": []int{4, 6}, "beta": 2.0, "J": -1.0}, -96},
		{"heisenberg", map[string]any{"shape": []int{3, 3}, "beta": 2.0}, -36},
	} {
		m := field(t, c.name, c.keys)
		x := m.NewState(models.Cold, nil).(models.Field)
		s := make([]float64, 1)
		m.Action(x, s)
		if !agree(s[0], c.want, 1e-14) {
			t.Errorf("%s %v: a cold start has S = %v, want %v", c.name, c.keys, s[0], c.want)
		}
		for range 100 {
			m.Action(batch(m, 1, random), s)
			if s[0] < c.want {
				t.Errorf("%s %v: S = %v, below that of a cold start", c.name, c.keys, s[0])
			}
		}
	}
}

// Hot starts have the mean and the variance that they say: z is below 6, which
// chance exceeds once in 5e8 times.
func TestHotFields(t *testing.T) {
	random := mc.NewStream(mc.NewKey(7))
	for _, c := range []struct {
		name     string
		keys     map[string]any
		mean     float64
		variance float64
	}{
		{"gaussian", map[string]any{"shape": []int{64, 64}, "mass2": 1.0}, 0, 0.1},
		// 2 A v + 12 B v^2 = 1 with A = 0 and with A = -1.
		{"phi4", map[string]any{"shape": []int{64, 64}, "mass2": -4.0, "lambda": 3.0}, 0, 1.0 / 6},
		{"phi4", map[string]any{"shape": []int{64, 64}, "kappa": 1.0, "lambda": 1.0}, 0, (1 + math.Sqrt(13)) / 12},
		{"xy", map[string]any{"shape": []int{64, 64}, "beta": 1.0}, 0, 0.5},
		{"heisenberg", map[string]any{"shape": []int{16, 16, 16}, "beta": 1.0}, 0, 1.0 / 3},
		{"mixture", map[string]any{"dim": 4096, "modes": make([]float64, 4096), "weights": []float64{1}, "sigma": 3.0}, 0, 9},
	} {
		x := field(t, c.name, c.keys).NewState(models.Hot, random).(models.Field)
		var first, second, fourth float64
		n := float64(len(x))
		for _, v := range x {
			first += v / n
			second += v * v / n
			fourth += v * v * v * v / n
		}
		if z := (first - c.mean) / math.Sqrt(second/n); math.Abs(z) > 6 {
			t.Errorf("%s: mean %v, want %v", c.name, first, c.mean)
		}
		if z := (second - c.variance) / math.Sqrt((fourth-second*second)/n); math.Abs(z) > 6 {
			t.Errorf("%s: <x^2> = %v, want %v", c.name, second, c.variance)
		}
	}
}

// What a change of one coordinate after another costs is the difference of two
// actions, whatever the lattice or the graph, and also far out.
func TestActionChange(t *testing.T) {
	tried := 0
	eachField(t, func(t *testing.T, m models.Differentiable) {
		s, ok := m.(models.Sitewise)
		if !ok {
			return
		}
		tried++
		random := rand.New(rand.NewPCG(21, 1))
		x, v := models.Field(batch(m, 1, random)), make([]float64, m.Dim())
		s.Follow(x, v)
		before, after := make([]float64, 1), make([]float64, 1)
		for step := range 2000 {
			i, d := random.IntN(len(x)), 2*random.Float64()-1
			if step%100 == 50 {
				d *= 30
			}
			m.Action(x, before)
			got := s.ActionChange(x, v, i, d)
			x[i] += d
			s.FollowChange(v, i, d)
			m.Action(x, after)
			if want := after[0] - before[0]; !(math.Abs(got-want) <= 1e-10*max(1, math.Abs(before[0]), math.Abs(after[0]))) {
				t.Fatalf("step %d: by %v at %d S changes by %v, want %v", step, d, i, got, want)
			}
		}
	})
	if tried == 0 {
		t.Error("no model states what a change costs")
	}
}

// Cards that make no sense are refused, with the key that is to be changed.
func TestBadFields(t *testing.T) {
	shape := []int{4, 4}
	large := "2049\n0 1 1\n"
	for _, c := range []struct {
		name, key string
		keys      map[string]any
	}{
		{"gaussian", "mass2", map[string]any{"shape": shape}},
		{"gaussian", "mass2", map[string]any{"shape": shape, "mass2": 0.0}},
		{"gaussian", "mass2", map[string]any{"shape": shape, "mass2": 1e30}},
		{"gaussian", "shape", map[string]any{"shape": []int{1}, "mass2": 1.0}},
		{"phi4", "mass2", map[string]any{"shape": shape, "lambda": 1.0}},
		{"phi4", "kappa", map[string]any{"shape": shape, "mass2": 1.0, "kappa": 0.1, "lambda": 1.0}},
		{"phi4", "lambda", map[string]any{"shape": shape, "mass2": 1.0}},
		{"phi4", "lambda", map[string]any{"shape": shape, "mass2": 1.0, "lambda": -0.1}},
		{"phi4", "mass2", map[string]any{"shape": shape, "mass2": 0.0, "lambda": 0.0}},
		{"phi4", "mass2", map[string]any{"shape": shape, "mass2": -1.0, "lambda": 1e-30}},
		{"phi4", "lambda", map[string]any{"shape": shape, "mass2": 1.0, "lambda": 1e30}},
		{"phi4", "mass2", map[string]any{"shape": shape, "mass2": 1e30, "lambda": 1.0}},
		{"phi4", "kappa", map[string]any{"shape": shape, "kappa": 0.25, "lambda": 0.0}},
		{"phi4", "kappa", map[string]any{"shape": shape, "kappa": -0.25, "lambda": 0.0}},
		{"xy", "temperature", map[string]any{"shape": shape}},
		{"xy", "J", map[string]any{"shape": shape, "beta": 1.0, "J": 1e100}},
		{"heisenberg", "beta", map[string]any{"shape": shape, "beta": 1e100}},
		{"dual-ising", "shape", map[string]any{"beta": 1.0}},
		{"dual-ising", "offset", map[string]any{"shape": shape, "beta": 1.0, "offset": 0.0}},
		{"dual-ising", "offset", map[string]any{"shape": shape, "beta": 1.0, "offset": 1e-12}},
		{"dual-ising", "offset", map[string]any{"couplings": graphFile("3\n0 1 2\n1 2 -3\n"), "beta": 1.0, "offset": 1e-12}},
		{"dual-ising", "couplings", map[string]any{"couplings": graphFile(large), "beta": 1.0}},
		{"mixture", "modes", map[string]any{"dim": 2, "modes": []float64{1, 2, 3}, "weights": []float64{1}, "sigma": 1.0}},
		{"mixture", "modes", map[string]any{"dim": 2, "modes": []float64{}, "weights": []float64{}, "sigma": 1.0}},
		{"mixture", "weights", map[string]any{"dim": 1, "modes": []float64{1, 2}, "weights": []float64{1}, "sigma": 1.0}},
		{"ring", "width", map[string]any{"radius": 1.0, "width": 0.0}},
	} {
		e, _ := models.Find(c.name)
		errs := param.Decode(c.keys, e.New())
		if len(errs) != 1 || errs[0].Key != c.key || errs[0].Expected == "" {
			t.Errorf("%s %v: %v, want one error of %s", c.name, c.keys, errs, c.key)
		}
	}
	// An odd lattice is stable where an even one is not.
	field(t, "phi4", map[string]any{"shape": []int{3}, "kappa": -0.5, "lambda": 0.0})
	beta := 1.0
	vectors := &models.NVector{Periodic: models.Periodic{Shape: shape}, Thermal: models.Thermal{InverseT: &beta}, N: 1}
	if vectors.Prepare() == nil {
		t.Error("vectors of one component are accepted")
	}
	if (&models.Phi4{Lambda: 1}).Prepare() == nil {
		t.Error("a field without mass2 and kappa is accepted")
	}
}
