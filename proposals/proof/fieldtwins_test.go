package proof

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"gonum.org/v1/gonum/floats"

	"mcrun/mc"
	"mcrun/models"
	"mcrun/proposals"
)

// A fieldTwin is a kernel for models of continuous variables, written once more
// as plainly as can be, with a place for a mistake.
type fieldTwin struct {
	Algorithm string `card:"algorithm"`
	Mistake   string `card:"mistake"`
}

func (*fieldTwin) Check(models.Model) error   { return nil }
func (*fieldTwin) Ergodic(models.Model) error { return nil }

func (k *fieldTwin) Bind(m models.Model, c proposals.Chain) mc.Kernel {
	w := &fieldWriting{
		m: m.(models.Differentiable), x: c.State.(models.Field), random: c.Random, normal: rand.New(c.Random),
		tally: c.Tally, mistake: k.Mistake, step: 0.5, mass: 1,
	}
	w.p = make([]float64, len(w.x))
	if s, ok := m.(models.Spherical); ok {
		w.sphere = s.Sphere()
	}
	if f, ok := m.(models.FieldCoupled); ok {
		w.c = f.FieldCouplings()
	}
	w.move = map[string]func(){
		"hmc": w.hmc, "mala": w.mala, "pcn": w.pcn, "nuts": w.nuts, "metropolis": w.metropolis,
		"heat-bath": w.heatBath, "over-relaxation": w.overRelaxation, "wolff": w.wolff,
	}[k.Algorithm]
	return w
}

// A fieldWriting is what the twins have in common.
type fieldWriting struct {
	m       models.Differentiable
	c       models.FieldCouplings
	sphere  int
	x       models.Field
	random  *mc.Stream
	normal  *rand.Rand
	tally   *mc.Tally
	mistake string
	move    func()

	p      []float64
	drawn  bool
	step   float64
	mass   float64
	frozen bool
}

func (w *fieldWriting) Step() { w.move() }

// Tune changes the step and the mass, as kernels that learn do.
func (w *fieldWriting) Tune() {
	if w.frozen && w.mistake != "step tuned on" && w.mistake != "mass measured on" {
		return
	}
	if w.mistake == "mass measured on" || !w.frozen {
		w.mass = 0.5 + 1/(1+floats.Dot(w.x, w.x)/float64(len(w.x)))
	}
	if w.mistake == "step tuned on" || !w.frozen {
		w.step = 0.3 + 0.2/(1+math.Abs(w.x[0]))
	}
}

func (w *fieldWriting) Freeze() { w.frozen = true }

// Momenta and Trajectory let the twins' mechanics be tested.
func (w *fieldWriting) Momenta(x, p []float64) {
	for i := range p {
		p[i] = math.Sqrt(w.mass) * w.normal.NormFloat64()
	}
	w.tangent(x, p)
}

// tangent leaves of p what is tangent to the spheres.
func (w *fieldWriting) tangent(x, p []float64) {
	if w.mistake == "momenta not tangent" {
		return
	}
	for at := 0; w.sphere > 0 && at < len(x); at += w.sphere {
		v, u := x[at:at+w.sphere], p[at:at+w.sphere]
		floats.AddScaled(u, -floats.Dot(v, u), v)
	}
}

func (w *fieldWriting) gradient(x []float64) (float64, []float64) {
	s, g := make([]float64, 1), make([]float64, len(x))
	w.m.Gradient(x, s, g)
	return s[0], g
}

func (w *fieldWriting) Trajectory(x, p []float64, steps int, time float64) float64 {
	s, g := w.gradient(x)
	before := s + floats.Dot(p, p)/(2*w.mass)
	for n := range steps {
		first, last := time/2, time/2
		if w.mistake == "half a kick missing" && n == steps-1 {
			last = 0
		}
		floats.AddScaled(p, -first, g)
		w.tangent(x, p)
		w.drift(x, p, time/w.mass)
		s, g = w.gradient(x)
		floats.AddScaled(p, -last, g)
		w.tangent(x, p)
	}
	kinetic := floats.Dot(p, p) / (2 * w.mass)
	if w.mistake == "friction" {
		floats.Scale(0.9, p)
	}
	return s + kinetic - before
}

func (w *fieldWriting) drift(x, p []float64, time float64) {
	if w.sphere == 0 {
		floats.AddScaled(x, time, p)
		return
	}
	for at := 0; at < len(x); at += w.sphere {
		v, u := x[at:at+w.sphere], p[at:at+w.sphere]
		speed := floats.Norm(u, 2)
		sin, cos := math.Sincos(speed * time)
		for k := range v {
			v[k], u[k] = v[k]*cos+u[k]*sin/speed, u[k]*cos-v[k]*speed*sin
		}
		floats.Scale(1/floats.Norm(v, 2), v)
	}
}

// accept decides about a change of H, and undoes a move that is rejected.
func (w *fieldWriting) accept(dH float64, was []float64) {
	accepted := w.mistake == "no accept step" || w.random.Float64() < math.Exp(-dH)
	w.tally.Add(1, 0)
	if accepted {
		w.tally.Add(0, 1)
		return
	}
	copy(w.x, was)
	if w.mistake == "not quite restored" {
		w.x[0] *= 1 + 0x1p-50
	}
}

func (w *fieldWriting) hmc() {
	was := slices.Clone(w.x)
	if !w.drawn || w.mistake != "momenta not drawn again" {
		w.Momenta(w.x, w.p)
		w.drawn = true
	}
	kinetic := floats.Dot(w.p, w.p) / (2 * w.mass)
	before := slices.Clone(w.p)
	steps := 2 + w.random.IntN(3)
	if w.mistake == "number of steps that depends on x" && w.x[0] > 0.3 {
		steps = 1
	}
	dH := w.Trajectory(w.x, w.p, steps, w.step)
	change := floats.Dot(w.p, w.p)/(2*w.mass) - kinetic
	switch w.mistake {
	case "no kinetic energy":
		dH -= change
	case "sign of the kinetic energy":
		dH -= 2 * change
	}
	accepted := w.tally.Accepted
	w.accept(dH, was)
	if w.tally.Accepted == accepted {
		floats.ScaleTo(w.p, -1, before)
	}
}

func (w *fieldWriting) mala() {
	was := slices.Clone(w.x)
	h := w.step
	s, g := w.gradient(was)
	for i := range w.x {
		w.x[i] += -h*h/2*g[i] + h*w.normal.NormFloat64()
	}
	t, back := w.gradient(w.x)
	dH := t - s
	for i := range w.x {
		there, here := w.x[i]-was[i]+h*h/2*g[i], was[i]-w.x[i]+h*h/2*back[i]
		if w.mistake != "no Hastings ratio" {
			dH += (here*here - there*there) / (2 * h * h)
		}
	}
	w.accept(dH, was)
}

// pcn has the reference Normal(0, 1/2).
func (w *fieldWriting) pcn() {
	was := slices.Clone(w.x)
	s, _ := w.gradient(was)
	s -= floats.Dot(was, was)
	keep := math.Sqrt(1 - w.step*w.step)
	if w.mistake == "wrong contraction" {
		keep = 1 - w.step*w.step
	}
	for i := range w.x {
		w.x[i] = keep*was[i] + w.step*math.Sqrt(0.5)*w.normal.NormFloat64()
	}
	t, _ := w.gradient(w.x)
	w.accept(t-floats.Dot(w.x, w.x)-s, was)
}

// A tree is a part of a trajectory of the no-U-turn sampler: its ends, the sum of
// the momenta and of the weights of its states, and one that is drawn of them.
type tree struct {
	first, last [2][]float64 // x and p
	drawn       []float64
	rho         []float64
	weight      float64
	sound       bool
}

// grow returns the part of 2^depth states beyond one, forwards or backwards.
func (w *fieldWriting) grow(from [2][]float64, depth int, step, start float64) tree {
	if depth == 0 {
		x, p := slices.Clone(from[0]), slices.Clone(from[1])
		_, g := w.gradient(x)
		floats.AddScaled(p, -step/2, g)
		floats.AddScaled(x, step/w.mass, p)
		s, g := w.gradient(x)
		floats.AddScaled(p, -step/2, g)
		dH := s + floats.Dot(p, p)/(2*w.mass) - start
		weight := math.Exp(-dH)
		if w.mistake == "states not weighted" {
			weight = 1
		}
		return tree{[2][]float64{x, p}, [2][]float64{x, p}, x, p, weight, dH < 1000}
	}
	a := w.grow(from, depth-1, step, start)
	if !a.sound {
		return a
	}
	end := a.last
	if step < 0 {
		end = a.first
	}
	b := w.grow(end, depth-1, step, start)
	return w.join(a, b, step > 0, w.random.Float64() < b.weight/(a.weight+b.weight), depth > 1)
}

// join returns the tree of two, the second being behind the first in the direction
// of growth.
func (w *fieldWriting) join(a, b tree, forwards, second, inner bool) tree {
	t := tree{first: a.first, last: b.last, drawn: a.drawn, weight: a.weight + b.weight, sound: b.sound}
	if !forwards {
		t.first, t.last = b.first, a.last
	}
	if second {
		t.drawn = b.drawn
	}
	t.rho = make([]float64, len(w.x))
	floats.AddTo(t.rho, a.rho, b.rho)
	if inner && w.mistake == "halves not looked at" {
		return t
	}
	t.sound = t.sound && floats.Dot(t.rho, t.first[1]) > 0 && floats.Dot(t.rho, t.last[1]) > 0
	return t
}

func (w *fieldWriting) nuts() {
	w.Momenta(w.x, w.p)
	s, _ := w.gradient(w.x)
	start := s + floats.Dot(w.p, w.p)/(2*w.mass)
	at := [2][]float64{slices.Clone(w.x), slices.Clone(w.p)}
	t := tree{at, at, at[0], at[1], 1, true}
	for depth := range 6 {
		forwards := w.random.IntN(2) == 1
		end, step := t.last, w.step
		if !forwards {
			end, step = t.first, -step
		}
		more := w.grow(end, depth, step, start)
		if !more.sound && w.mistake != "turning halves kept" {
			break
		}
		// The later half is preferred.
		second := w.random.Float64() < more.weight/t.weight
		if w.mistake == "last half always" {
			second = true
		}
		t = w.join(t, more, forwards, second, false)
		if !t.sound {
			break
		}
	}
	copy(w.x, t.drawn)
	w.tally.Add(1, 1)
}

func (w *fieldWriting) action() float64 {
	s := make([]float64, 1)
	w.m.Action(w.x, s)
	return s[0]
}

// metropolis visits all coordinates; unit vectors get normal variates added, and
// are normalised again.
func (w *fieldWriting) metropolis() {
	n := max(1, w.sphere)
	for at := 0; at < len(w.x); at += n {
		v, before := w.x[at:at+n], w.action()
		was := slices.Clone(v)
		width := w.step
		if w.mistake == "asymmetric width" {
			width *= 0.5 + math.Abs(v[0])
		}
		for k := range v {
			v[k] += width * w.normal.NormFloat64()
		}
		if w.mistake == "uniform in polar angles" {
			theta := math.Acos(was[2]) + w.normal.NormFloat64()
			phi := math.Atan2(was[1], was[0]) + w.normal.NormFloat64()
			v[0], v[1], v[2] = math.Sin(theta)*math.Cos(phi), math.Sin(theta)*math.Sin(phi), math.Cos(theta)
		}
		if w.sphere > 0 && w.mistake != "vectors not normalised" {
			floats.Scale(1/floats.Norm(v, 2), v)
		}
		change := w.action() - before
		if w.mistake == "half of the action" {
			change /= 2
		}
		if w.random.Float64() >= math.Exp(-change) {
			copy(v, was)
		}
	}
}

// heatBath draws real numbers, one after the other, and vectors of the circle by
// rejection.
func (w *fieldWriting) heatBath() {
	n := w.c.Components
	h := make([]float64, n)
	for i := range w.c.Lattice.Sites() {
		w.c.LocalField(w.x, i, h)
		v := w.x[i*n : (i+1)*n]
		if w.sphere == 0 && w.c.B > 0 {
			for k := range v {
				v[k] = w.quartic(h[k], v, k)
			}
			continue
		}
		if w.sphere == 0 {
			a := w.c.A
			if w.mistake == "wrong conditional" {
				a *= 0.8
			}
			v[0] = h[0]/(2*a) + w.normal.NormFloat64()/math.Sqrt(2*a)
			continue
		}
		strength := floats.Norm(h, 2)
		for {
			direction(v, w.normal)
			if w.mistake == "wrong conditional" {
				if w.random.Float64() < math.Exp(0.8*(floats.Dot(h, v)-strength)) {
					break
				}
			} else if w.random.Float64() < math.Exp(floats.Dot(h, v)-strength) {
				break
			}
		}
		if cross := h[0]*v[1] - h[1]*v[0]; w.mistake == "one side of the field" && cross < 0 {
			dot := floats.Dot(h, v) / (strength * strength)
			for k := range v {
				v[k] = 2*dot*h[k] - v[k]
			}
		}
	}
}

// quartic draws component k of v with the density exp(h u - a u^2 - B u^4), a = A + 2 B
// times the square of the others, from a table.
func (w *fieldWriting) quartic(h float64, v []float64, k int) float64 {
	const cells, width = 2000, 0.01
	a := w.c.A
	if w.mistake != "other components left out" {
		a += 2 * w.c.B * (floats.Dot(v, v) - v[k]*v[k])
	}
	if w.mistake == "normal variates without rejection" {
		a = math.Max(a, 0) + math.Sqrt(w.c.B)
		return h/(2*a) + w.normal.NormFloat64()/math.Sqrt(2*a)
	}
	var table [cells]float64
	for i := range table {
		u := width * (float64(i) - cells/2)
		table[i] = h*u - u*u*(a+w.c.B*u*u)
	}
	top, sum := slices.Max(table[:]), 0.0
	for i, exponent := range table {
		sum += math.Exp(exponent - top)
		table[i] = sum
	}
	i, _ := slices.BinarySearch(table[:], sum*w.random.Float64())
	return width * (float64(i) - cells/2 + w.random.Float64() - 0.5)
}

// overRelaxation mirrors; of a quartic field it proposes to, at a centre that does not
// depend on the coordinate.
func (w *fieldWriting) overRelaxation() {
	n := w.c.Components
	h := make([]float64, n)
	for i := range w.c.Lattice.Sites() {
		w.c.LocalField(w.x, i, h)
		v := w.x[i*n : (i+1)*n]
		far := 2.0
		if w.mistake == "not conserved" {
			far = 1.8
		}
		if w.sphere == 0 && w.c.B > 0 {
			before, was := w.action(), v[0]
			stiff := 2*math.Max(w.c.A, 0) + 1 + math.Abs(h[0])
			if w.mistake == "centre that depends on the field itself" {
				stiff += math.Abs(v[0])
			}
			v[0] = 2*h[0]/stiff - v[0]
			if w.mistake != "without acceptance" && w.random.Float64() >= math.Exp(before-w.action()) {
				v[0] = was
			}
			continue
		}
		if w.sphere == 0 {
			v[0] += far * (h[0]/(2*w.c.A) - v[0])
			continue
		}
		if w.mistake == "not conserved" {
			h[0] *= 0.8
		}
		dot := floats.Dot(h, v) / floats.Dot(h, h)
		for k := range v {
			v[k] = 2*dot*h[k] - v[k]
		}
		floats.Scale(1/floats.Norm(v, 2), v)
	}
}

// wolff reflects a cluster.
func (w *fieldWriting) wolff() {
	n := w.c.Components
	r := make([]float64, n)
	direction(r, w.normal)
	if w.mistake == "direction not drawn" {
		clear(r)
		r[0] = 1
	}
	exponent := 2.0
	switch w.mistake {
	case "half of the exponent":
		exponent = 1
	case "sign of K left out":
		exponent = -2
	}
	project := func(i int) float64 { return floats.Dot(r, w.x[i*n:(i+1)*n]) }
	cluster := []int{w.random.IntN(w.c.Lattice.Sites())}
	for next := 0; next < len(cluster); next++ {
		i := cluster[next]
		for _, j := range w.c.Lattice.Neighbours(i) {
			if !slices.Contains(cluster, int(j)) && w.random.Float64() < -math.Expm1(-exponent*w.c.K*project(i)*project(int(j))) {
				cluster = append(cluster, int(j))
			}
		}
	}
	far := 2.0
	if w.mistake == "reflected too far" {
		far = 2.6
	}
	for _, i := range cluster {
		v := w.x[i*n : (i+1)*n]
		floats.AddScaled(v, -far*project(i), r)
		if w.sphere > 0 {
			floats.Scale(1/floats.Norm(v, 2), v)
		}
	}
}

var (
	freeField = specimen{"gaussian", map[string]any{"shape": []int{3, 2}, "mass2": 0.6}}
	quartics  = specimen{"phi4", map[string]any{"shape": []int{2, 2}, "mass2": -2.0, "lambda": 1.5}}
	circles   = specimen{"xy", map[string]any{"shape": []int{4}, "beta": 0.8}}
	contrary  = specimen{"xy", map[string]any{"shape": []int{3}, "beta": 0.9, "J": -1.0}}
	spheres   = specimen{"heisenberg", map[string]any{"shape": []int{3}, "beta": 0.9}}
	dualSpins = specimen{"dual-ising", map[string]any{"shape": []int{3}, "beta": 0.6, "h": 0.3, "offset": 0.5}}
	narrow    = specimen{"dual-ising", map[string]any{"shape": []int{3}, "beta": 0.6, "h": 0.3, "offset": 0.1}}
	aligned   = specimen{"heisenberg", map[string]any{"shape": []int{2}, "beta": 5.0}}
	hills     = specimen{"mixture", map[string]any{"dim": 2, "modes": []float64{-1, -0.5, 1, 1.2}, "weights": []float64{1.0, 2.0}, "sigma": 0.6}}
)

// A fieldSpecimen is a field to be wrong on.
type fieldSpecimen interface {
	field(t testing.TB) models.Differentiable
}

func (s specimen) field(t testing.TB) models.Differentiable {
	return s.build(t).(models.Differentiable)
}

func (f vectorField) field(testing.TB) models.Differentiable { return f }

// pairs are vectors of two components in quartic wells.
var pairs = vectorField{models.FieldCouplings{Lattice: models.NewLattice(3), Components: 2, K: 0.6, A: -2, B: 0.8}}

// What the checks of fields say.
const (
	moved    = "changes"
	returns  = "come back to"
	volume   = "<exp(-dH)> deviates"
	ordered  = "make the error of H"
	restores = "all was rejected"
	remember = "lead elsewhere"
	length   = "unit vector"
)

func TestBrokenFieldKernels(t *testing.T) {
	if !hard() {
		t.Skip("flaws are looked for without -short")
	}
	type check struct {
		name string
		of   func(e *ensemble, spec proposals.Spec) error
	}
	var (
		start     = check{"start", func(e *ensemble, spec proposals.Spec) error { return e.start(spec, tuning) }}
		mechanics = check{"mechanics", (*ensemble).mechanics}
		memory    = check{"memory", (*ensemble).memoryless}
		estimate  = check{"estimates", func(e *ensemble, spec proposals.Spec) error {
			of := observablesOf(e.model, spec)
			_, err := newBench(e.model, spec, of).estimates(of, e.references(of, drawn, true))
			return err
		}}
	)
	ensembles := map[string]*ensemble{}
	passed := map[string]bool{}
	for _, c := range []struct {
		algorithm, mistake string
		at                 fieldSpecimen
		check              check
		want               string
	}{
		{"hmc", "no accept step", quartics, start, moved},
		{"hmc", "no accept step", narrow, start, moved},
		{"hmc", "no accept step", aligned, start, moved},
		{"hmc", "no kinetic energy", quartics, start, moved},
		{"hmc", "no kinetic energy", circles, start, moved},
		{"hmc", "sign of the kinetic energy", quartics, start, moved},
		{"hmc", "sign of the kinetic energy", hills, start, moved},
		{"hmc", "half a kick missing", quartics, start, moved},
		{"hmc", "half a kick missing", dualSpins, mechanics, returns},
		{"hmc", "half a kick missing", spheres, mechanics, ordered},
		{"hmc", "friction", hills, mechanics, returns},
		{"hmc", "number of steps that depends on x", quartics, start, moved},
		{"hmc", "momenta not tangent", circles, start, moved},
		{"hmc", "momenta not tangent", spheres, mechanics, returns},
		{"hmc", "not quite restored", quartics, start, restores},
		{"hmc", "step tuned on", quartics, memory, remember},
		{"hmc", "mass measured on", quartics, memory, remember},
		{"hmc", "mass measured on", dualSpins, memory, remember},
		{"hmc", "momenta not drawn again", quartics, memory, remember},
		{"mala", "no Hastings ratio", quartics, start, moved},
		{"mala", "no Hastings ratio", dualSpins, start, moved},
		{"pcn", "wrong contraction", quartics, start, moved},
		{"pcn", "wrong contraction", freeField, start, moved},
		{"nuts", "states not weighted", quartics, start, moved},
		{"nuts", "last half always", quartics, start, moved},
		{"nuts", "turning halves kept", quartics, start, moved},
		{"nuts", "halves not looked at", freeField, start, moved},
		{"metropolis", "asymmetric width", quartics, start, moved},
		{"metropolis", "asymmetric width", hills, start, moved},
		{"metropolis", "half of the action", dualSpins, start, moved},
		{"metropolis", "half of the action", spheres, start, moved},
		{"metropolis", "vectors not normalised", circles, start, length},
		{"heat-bath", "wrong conditional", freeField, start, moved},
		{"heat-bath", "wrong conditional", circles, start, moved},
		{"heat-bath", "wrong conditional", spheres, start, moved},
		{"heat-bath", "one side of the field", circles, start, moved},
		{"heat-bath", "other components left out", pairs, start, moved},
		{"heat-bath", "normal variates without rejection", quartics, start, moved},
		{"over-relaxation", "without acceptance", quartics, start, moved},
		{"over-relaxation", "centre that depends on the field itself", quartics, start, moved},
		{"metropolis", "uniform in polar angles", spheres, start, moved},
		{"over-relaxation", "not conserved", freeField, start, moved},
		{"over-relaxation", "not conserved", circles, start, moved},
		{"wolff", "half of the exponent", quartics, start, moved},
		{"wolff", "half of the exponent", spheres, start, moved},
		{"wolff", "sign of K left out", contrary, start, moved},
		{"wolff", "reflected too far", quartics, start, moved},
		{"wolff", "reflected too far", aligned, start, moved},
		{"wolff", "direction not drawn", circles, estimate, ""},
	} {
		if c.check.name == "estimates" && raceEnabled {
			continue // takes long
		}
		m := c.at.field(t)
		e := ensembles[name(m)]
		if e == nil {
			var err error
			if e, err = newEnsemble(m); err != nil {
				t.Fatal(err)
			}
			ensembles[name(m)] = e
		}
		broken, right := &fieldTwin{c.algorithm, c.mistake}, &fieldTwin{c.algorithm, ""}
		found(t, c.check.name+" of "+name(broken)+" on "+name(m), c.check.of(e, broken), c.want)
		if key := c.check.name + name(right) + name(m); !passed[key] {
			passed[key] = true
			report(t, c.check.name, m, right, c.check.of(e, right))
		}
	}
}
