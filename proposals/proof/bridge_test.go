package proof

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"testing"

	"gonum.org/v1/gonum/mat"

	"mcrun/mc"
	"mcrun/models"
	"mcrun/observables"
	"mcrun/proposals"
)

// passes are the ways in which the dual of spins is moved: alone, in turn with
// kernels of spins before and after, at random, and drawn anew.
func passes() []pass {
	hmc, leapfrog, nuts := new(proposals.HMC), &proposals.HMC{Integrator: proposals.Leapfrog, Jitter: 0.3}, new(proposals.NUTS)
	mala, pcn := new(proposals.MALA), new(proposals.PCN)
	metropolis, wolff, swendsenWang := new(proposals.Metropolis), new(proposals.Wolff), new(proposals.SwendsenWang)
	of := func(k ...proposals.Spec) pass { return pass{kernels: k} }
	mixed := of(hmc, wolff)
	mixed.mixed = true
	several := of(nuts, metropolis, mala, swendsenWang)
	several.mixed = true
	refreshed := of(hmc)
	refreshed.refresh = true
	both := of(pcn, nuts)
	both.refresh = true
	return []pass{
		of(hmc), of(hmc, wolff), mixed, of(leapfrog, metropolis), refreshed, of(nuts), of(wolff, hmc),
		of(mala), several, both, of(pcn), of(metropolis, leapfrog, swendsenWang, mala),
	}
}

// fit reports whether the kernels of spins of a pass serve a model.
func (c *crossed) fit(p pass) bool {
	return !slices.ContainsFunc(p.kernels, func(k proposals.Spec) bool {
		return k.Check(c.model) != nil && k.Check(c.dual) != nil
	})
}

// Every small instance of every registered model of spins that has a dual, each with a
// sixth of the passes.
func TestBridges(t *testing.T) {
	number := 0
	for _, e := range models.All() {
		for i, keys := range e.Small {
			m := newModel(t, e.Name, keys)
			dual, ok := models.NewDualOf(m)
			if !ok || dual.Limit() != nil {
				continue
			}
			number++
			number := number
			t.Run(fmt.Sprintf("%s-%d", e.Name, i), func(t *testing.T) {
				if number%4 != 1 && !hard() {
					t.Skip("takes long")
				}
				t.Parallel()
				c, err := newCrossed(dual.Spins())
				if err != nil {
					t.Fatal(err)
				}
				if err := c.handOver(); err != nil {
					t.Error(err)
				}
				for k, p := range passes() {
					if k%6 == number%6 && c.fit(p) {
						c.prove(t, p)
					}
				}
			})
		}
	}
	if number < 20 {
		t.Errorf("%d instances have a dual", number)
	}
}

// What is estimated by each pass, on models in turn that are warm enough for it.
func TestBridgeEstimates(t *testing.T) {
	if !hard() {
		t.Skip("takes long")
	}
	seeds := map[string][]float64{} // by observable
	on := []specimen{
		{"ising", map[string]any{"shape": []int{2, 3}, "beta": 0.15, "h": 1.0}},
		{"spin-glass", map[string]any{"couplings": fileOf("5\n0 1 -1\n1 2 -0.7\n2 0 -1.2\n2 3 0.8\n0 0.3\n1 -0.4\n3 0.2\n4 -0.6\n"), "beta": 0.4}},
		{"potts", map[string]any{"shape": []int{3, 2}, "q": 2, "beta": 0.4}},
	}
	for k, p := range passes() {
		m := on[k%len(on)].build(t)
		c, err := newCrossed(m.(models.PairCoupled))
		if err != nil {
			t.Fatal(err)
		}
		list, err := c.estimates(p)
		if err != nil {
			t.Errorf("Estimates of %v on %s:\n%v", p, name(m), err)
		}
		for _, d := range list {
			seeds[d.of] = append(seeds[d.of], d.seeds...)
		}
	}
	everySampled(t, nil, seeds)
}

// A plainBridge is a bridge, written once more as plainly as can be, with a place for
// a mistake.
type plainBridge struct {
	*plainDual
	spins, shown    models.Spins
	x               models.Field
	random, measure *mc.Stream
	onX, fresh      bool
	mistake         string
}

func (b *plainBridge) Spins() models.Spins { return b.spins }
func (b *plainBridge) X() models.Field     { return b.x }
func (b *plainBridge) Shown() models.Spins { return b.shown }

// drawSpins draws spins given x.
func (b *plainBridge) drawSpins(to models.Spins, random *mc.Stream) {
	for i, v := range b.x {
		field := b.field[i]
		switch b.mistake {
		case "sign of b":
			field = -field
		case "b left out":
			field = 0
		}
		exponent := 2 * (v + field)
		if b.mistake == "half of the exponent" {
			exponent /= 2
		}
		to[i] = 0
		if random.Float64() < 1/(1+math.Exp(-exponent)) {
			to[i] = 1
		}
	}
}

// drawX draws x given spins.
func (b *plainBridge) drawX() {
	b.sample(b.spins, b.x, b.random)
	sigma := mat.NewVecDense(len(b.spins), nil)
	for i, k := range b.spins {
		sigma.SetVec(i, spinOf(2, k))
	}
	var mean, wide mat.VecDense
	mean.MulVec(b.m, sigma)
	x := mat.NewVecDense(len(b.x), b.x)
	switch b.mistake {
	case "covariance M^2": // x = M s + M xi, with L xi as it was drawn
		x.SubVec(x, &mean)
		wide.MulVec(b.lower.T(), x)
		x.AddVec(&mean, &wide)
	case "mean s":
		x.SubVec(x, &mean)
		x.AddVec(x, sigma)
	}
}

func (b *plainBridge) ToSpins() {
	if b.onX && b.mistake != "spins not drawn for a kernel of spins" {
		switch b.mistake {
		case "measured spins taken":
			copy(b.spins, b.shown)
		case "spins of the chain from the stream of measuring":
			b.drawSpins(b.spins, b.measure)
		default:
			b.drawSpins(b.spins, b.random)
		}
	}
	b.onX = b.mistake == "x not out of date after a kernel of spins" && b.onX
	b.fresh = false
}

func (b *plainBridge) ToField(refresh bool) {
	if refresh && b.mistake != "refreshed from old spins" {
		b.ToSpins()
	}
	if !b.onX || refresh {
		b.drawX()
	}
	b.onX = true
	b.fresh = b.fresh && b.mistake == "stale spins measured"
}

func (b *plainBridge) Show() {
	switch {
	case b.fresh:
		return
	case !b.onX:
		copy(b.shown, b.spins)
	case b.mistake == "measured from the stream of the chain":
		b.drawSpins(b.shown, b.random)
	default:
		b.drawSpins(b.shown, b.measure)
	}
	b.fresh = true
}

func (b *plainBridge) Save(s *mc.Snapshot, prefix string) {
	b.spins.Save(s, prefix)
	if b.mistake != "x not saved" {
		b.x.Save(s, prefix)
	}
	if on := []uint8{0}; b.mistake != "who moved last not saved" {
		if b.onX {
			on[0] = 1
		}
		mc.Put(s, prefix+".on", on)
	}
}

func (b *plainBridge) Load(s *mc.Snapshot, prefix string) error {
	on := []uint8{1}
	errs := []error{b.spins.Load(s, prefix)}
	if b.mistake != "x not saved" {
		errs = append(errs, b.x.Load(s, prefix))
	}
	if b.mistake != "who moved last not saved" {
		errs = append(errs, mc.Get(s, prefix+".on", on))
	}
	b.onX, b.fresh = on[0] == 1, false
	return errors.Join(errs...)
}

// flawed returns a model with bridges that have a mistake.
func (c *crossed) flawed(mistake string) *crossed {
	twin := *c
	twin.build = func(spins models.Spins, random, measure *mc.Stream) crossing {
		b := &plainBridge{
			plainDual: c.plain, spins: spins, shown: make(models.Spins, len(spins)), x: make(models.Field, len(spins)),
			random: random, measure: measure, mistake: mistake,
		}
		return crossing{
			turns:   b,
			onSpins: func(k mc.Kernel) mc.Kernel { return mc.Cycle{stepFunc(b.ToSpins), k} },
			onField: func(k mc.Kernel, refresh bool) mc.Kernel {
				return mc.Cycle{stepFunc(func() { b.ToField(refresh) }), k}
			},
		}
	}
	return &twin
}

func TestBrokenBridges(t *testing.T) {
	if !hard() {
		t.Skip("flaws are looked for without -short")
	}
	type check struct {
		name string
		of   func(c *crossed, p pass) error
	}
	var (
		turns     = check{"turns", func(c *crossed, _ pass) error { return c.handOver() }}
		start     = check{"start", (*crossed).start}
		restart   = check{"resume", (*crossed).resume}
		measuring = check{"measuring", (*crossed).undisturbed}
		estimate  = check{"estimates", func(c *crossed, p pass) error {
			_, err := c.estimates(p)
			return err
		}}
	)
	hmc, wolff := new(proposals.HMC), new(proposals.Wolff)
	alone, cycle := pass{kernels: []proposals.Spec{hmc}}, pass{kernels: []proposals.Spec{hmc, wolff}}
	refreshed, mixed := alone, cycle
	refreshed.refresh, mixed.mixed = true, true
	const (
		off       = "deviates from"
		fromSpins = "x drawn from spins: <"
		fromX     = "spins measured, from x: <"
		carried   = "for a kernel of spins: <"
		disturbs  = "measuring changes the chain"
		resumed   = "resumed after"
		dependent = "not independent given x"
		constant  = "constant series"
	)
	built, passed := map[string]*crossed{}, map[string]bool{}
	for _, twin := range []struct {
		mistake string
		at      specimen
		pass    pass
		check   check
		want    string
	}{
		{"stale spins measured", plain, alone, turns, fromX},
		{"stale spins measured", plain, alone, start, off},
		{"stale spins measured", loose, alone, estimate, constant},
		{"sign of b", loose, alone, turns, fromX},
		{"sign of b", loose, alone, start, off},
		{"b left out", graph, cycle, start, off},
		{"half of the exponent", plain, alone, start, off},
		{"half of the exponent", colours2, mixed, start, off},
		{"covariance M^2", plain, alone, turns, fromSpins},
		{"covariance M^2", plain, cycle, start, off},
		{"mean s", plain, alone, turns, fromSpins},
		{"mean s", graph, refreshed, start, off},
		{"spins not drawn for a kernel of spins", plain, cycle, turns, carried},
		{"x not out of date after a kernel of spins", plain, cycle, turns, "spins are measured as"},
		{"refreshed from old spins", plain, refreshed, turns, "which it is drawn anew"},
		{"measured spins taken", plain, cycle, turns, dependent},
		{"measured spins taken", plain, cycle, measuring, disturbs},
		{"spins of the chain from the stream of measuring", plain, refreshed, measuring, disturbs},
		{"spins of the chain from the stream of measuring", loose, mixed, measuring, disturbs},
		{"measured from the stream of the chain", loose, refreshed, measuring, disturbs},
		{"x not saved", plain, alone, restart, resumed},
		{"who moved last not saved", plain, mixed, restart, resumed},
		{"who moved last not saved", plain, cycle, restart, resumed},
	} {
		if twin.check.name == "estimates" && raceEnabled {
			continue // takes long
		}
		m := twin.at.build(t)
		c := built[name(m)]
		if c == nil {
			var err error
			if c, err = newCrossed(m.(models.PairCoupled)); err != nil {
				t.Fatal(err)
			}
			built[name(m)] = c
		}
		what := fmt.Sprintf("%s of %s by %v on %s", twin.check.name, twin.mistake, twin.pass, name(m))
		found(t, what, twin.check.of(c.flawed(twin.mistake), twin.pass), twin.want)
		if key := fmt.Sprint(twin.check.name, twin.pass, name(m)); !passed[key] {
			passed[key] = true
			if err := twin.check.of(c.flawed(""), twin.pass); err != nil {
				t.Errorf("%s by %v on %s, without a mistake:\n%v", twin.check.name, twin.pass, name(m), err)
			}
		}
	}
}

// estimates is Estimates of a pass.
func (c *crossed) estimates(p pass) ([]deviations, error) {
	b, of := c.bench(p)
	exact, _ := observables.Enumerate(c.model, of)
	return b.estimates(of, exactly(exact))
}

var (
	loose    = specimen{"ising", map[string]any{"shape": []int{2, 2}, "beta": 0.1, "h": 3.0}}
	colours2 = specimen{"potts", map[string]any{"shape": []int{2, 2}, "q": 2, "beta": 0.7}}
)
