package proposals

import (
	"math"
	"testing"

	"mcrun/mc"
	"mcrun/models"
)

// A check that never fails is not known to work. Each of these kernels is wrong,
// and must be found out by the check that is named.

type stepper func()

func (s stepper) Step() { s() }

// with returns the system with other couplings, for a kernel that believes in
// them.
func (s *fieldSystem) with(change func(c *models.FieldCouplings)) *fieldSystem {
	c := s.couplings
	change(&c)
	return &fieldSystem{name: "believed", couplings: c, bonds: s.bonds}
}

// each returns a kernel that makes an update of each coordinate or site in turn.
func each(sites int, u update) mc.Kernel {
	return stepper(func() {
		for i := range sites {
			u(i)
		}
	})
}

func TestBrokenFieldKernels(t *testing.T) {
	var (
		gaussian = freeOn(1, 0.8, 1.3, 0, 4)
		phi4     = freeOn(1, 1, 0, 0.8, 2, 2)
		wells    = freeOn(1, 0.7, -3, 1, 2, 2)
		pairs    = freeOn(2, 0.6, -2, 0.8, 3)
		xy       = unitOn(2, 0.8, 4)
		triangle = unitOn(2, -0.9, 3)
		sphere   = unitOn(3, 0.8, 4)
	)
	believing := func(spec Spec, change func(c *models.FieldCouplings)) func(*fieldSystem, Chain) mc.Kernel {
		return func(s *fieldSystem, c Chain) mc.Kernel { return spec.Bind(s.with(change), c) }
	}
	hotter := func(c *models.FieldCouplings) { c.K, c.A, c.B = 0.8*c.K, 0.8*c.A, 0.8*c.B }
	halved := func(c *models.FieldCouplings) { c.K /= 2 }
	starts := map[*fieldSystem][]models.Field{}
	for _, broken := range []struct {
		mistake string
		on      []*fieldSystem
		bind    func(*fieldSystem, Chain) mc.Kernel
	}{
		{"heat bath of another temperature", []*fieldSystem{gaussian, phi4, wells, pairs, xy, sphere}, believing(new(HeatBath), hotter)},
		{"metropolis of another temperature", []*fieldSystem{gaussian, phi4, wells, pairs, xy, sphere}, believing(new(Metropolis), hotter)},
		{"clusters without the 2 of the exponent", []*fieldSystem{gaussian, phi4, pairs, xy, sphere}, believing(new(Wolff), halved)},
		{"clusters without the 2 of the exponent", []*fieldSystem{gaussian, phi4, pairs, xy, sphere}, believing(new(SwendsenWang), halved)},
		{"each bond from both ends", []*fieldSystem{gaussian, phi4, pairs, xy, sphere}, believing(new(SwendsenWang), func(c *models.FieldCouplings) { c.K *= 2 })},
		{"quartic part of the other components left out", []*fieldSystem{pairs}, func(s *fieldSystem, c Chain) mc.Kernel {
			f, q := freeField{s.couplings, c.State.(models.Field), c.Random}, newQuartic(c.Random)
			return each(s.Dim(), func(at int) int {
				h, _ := f.conditional(at)
				f.x[at] = q.draw(h, f.A, f.B)
				return 1
			})
		}},
		{"normal variates without rejection", []*fieldSystem{phi4}, func(s *fieldSystem, c Chain) mc.Kernel {
			f, q := freeField{s.couplings, c.State.(models.Field), c.Random}, newQuartic(c.Random)
			return each(s.Dim(), func(at int) int {
				h, a := f.conditional(at)
				f.x[at] = q.draw(h, stiffness(h, a, f.B), 0)
				return 1
			})
		}},
		{"turned to one side of the field", []*fieldSystem{xy}, func(s *fieldSystem, c Chain) mc.Kernel {
			f := plane2{s.couplings, c.State.(models.Field), c.Random}
			return each(s.Sites(), func(i int) int {
				h := f.local(i)
				length := math.Sqrt(h.dot(h))
				v := drawVonMises(f.random, length)
				f.set(i, vec2{h.x / length, h.y / length}.turned(v, sine(v)))
				return 1
			})
		}},
		{"over-relaxation without acceptance", []*fieldSystem{phi4, wells}, func(s *fieldSystem, c Chain) mc.Kernel {
			f := freeField{s.couplings, c.State.(models.Field), c.Random}
			return each(s.Dim(), func(at int) int {
				h, a := f.conditional(at)
				f.x[at] = h/stiffness(h, a, f.B) - f.x[at]
				return 1
			})
		}},
		{"centre that depends on the field itself", []*fieldSystem{phi4, wells}, func(s *fieldSystem, c Chain) mc.Kernel {
			f := freeField{s.couplings, c.State.(models.Field), c.Random}
			return each(s.Dim(), func(at int) int {
				h, a := f.conditional(at)
				v := f.x[at]
				w := h/stiffness(h+v, a, f.B) - v
				if accepts(f.random, f.change(h, a, v, w)) {
					f.x[at] = w
				}
				return 1
			})
		}},
		{"asymmetric proposal", []*fieldSystem{gaussian, phi4, wells}, func(s *fieldSystem, c Chain) mc.Kernel {
			f := freeField{s.couplings, c.State.(models.Field), c.Random}
			return each(s.Dim(), func(at int) int {
				h, a := f.conditional(at)
				v := f.x[at]
				w := v * (0.5 + f.random.Float64())
				if accepts(f.random, f.change(h, a, v, w)) {
					f.x[at] = w
				}
				return 1
			})
		}},
		{"uniform in polar angles", []*fieldSystem{sphere, unitOn(3, 0, 2)}, func(s *fieldSystem, c Chain) mc.Kernel {
			f := space3{s.couplings, c.State.(models.Field), c.Random}
			return each(s.Sites(), func(i int) int {
				h, v := f.local(i), f.at(i)
				theta := math.Acos(v.z) + 2*f.random.Float64() - 1
				phi := math.Atan2(v.y, v.x) + 2*f.random.Float64() - 1
				w := vec3{math.Sin(theta) * math.Cos(phi), math.Sin(theta) * math.Sin(phi), math.Cos(theta)}
				if accepts(f.random, h.dot(v)-h.dot(w)) {
					f.set(i, w)
				}
				return 1
			})
		}},
		{"clusters without the sign of K", []*fieldSystem{triangle}, believing(new(Wolff), func(c *models.FieldCouplings) { c.K = -c.K })},
	} {
		for n, s := range broken.on {
			random := mc.NewStream(mc.NewKey(uint64(n), "broken"))
			if starts[s] == nil {
				starts[s] = s.exactly(random, invarianceDraws)
			}
			if s.invariant(starts[s], random, func(c Chain) mc.Kernel { return broken.bind(s, c) }) == nil {
				t.Errorf("%s: not found out on %v", broken.mistake, s)
			}
		}
	}
}

// What leaves the distribution as it is but does not reach all of it, or has a
// memory, is found out by averages alone.
func TestBrokenFieldChains(t *testing.T) {
	// A direction that is not drawn anew: from a cold start it is Ising's model.
	xy := &models.NVector{N: 2, J: 1}
	beta := 1.0
	xy.Shape, xy.InverseT = []int{8}, &beta
	if err := xy.Prepare(); err != nil {
		t.Fatal(err)
	}
	energy := func(x models.Field) []float64 { return []float64{xy.Energy(x) / 8} }
	exact := []float64{xy.Exact()["energy"]}
	fixed := func(m models.Model, c Chain) mc.Kernel {
		w := newEmbeddedWolff(m.(models.FieldCoupled), c)
		return stepper(func() { w.flip(w.random.IntN(len(w.inside))) })
	}
	if agrees(xy, models.Cold, fixed, 1000, energy, exact) == nil {
		t.Error("a direction that is not drawn anew: not found out")
	}

	// A width that goes on following the last sweep.
	e := readPhi4(t)[0]
	m := e.model()
	restless := func(m models.Model, c Chain) mc.Kernel {
		k := new(Metropolis).Bind(m, c).(*fieldMetropolis)
		return stepper(func() {
			k.Step()
			k.frozen, k.sweeps = false, 0
			k.Tune()
		})
	}
	if agrees(m, models.Hot, restless, 4000, e.functions(m), e.values()) == nil {
		t.Error("a width that is never frozen: not found out")
	}
}
