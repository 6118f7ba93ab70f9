package proposals

import (
	"context"
	"errors"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"mcrun/mc"
	"mcrun/mc/param"
	"mcrun/models"
)

// Widths are tuned to half of the proposals being accepted, from a start that
// is far off, and are frozen then.
func TestWidthIsTuned(t *testing.T) {
	for n, m := range []models.Differentiable{
		freeOn(1, 1, 0, 0.8, 8, 8), freeOn(1, 1, 4, 0, 8, 8), freeOn(1, 0.01, 1e6, 0, 4, 4), freeOn(1, 0.6, -20, 1, 2, 2),
		unitOn(2, 1.2, 8, 8), unitOn(3, 4, 8, 8), bare{freeOn(1, 1, 1e-4, 1e-6, 2)}, bare{freeOn(1, 1, 1e4, 5, 3)},
	} {
		random := mc.NewStream(mc.NewKey(uint64(n), "tuned"))
		x := m.NewState(models.Hot, random)
		var tally mc.Tally
		k := new(Metropolis).Bind(m, Chain{State: x, Random: random, Tally: &tally}).(*fieldMetropolis)
		for range 1000 {
			k.Step()
			k.Tune()
		}
		k.Freeze()
		width := k.width
		tally = mc.Tally{}
		for range 2000 {
			k.Step()
			k.Tune()
		}
		if k.width != width {
			t.Errorf("%v: a frozen width has changed from %g to %g", m, width, k.width)
		}
		if want := uint64(2000 * k.visitor.sites); tally.Proposed != want {
			t.Errorf("%v: %d proposals are counted, not %d", m, tally.Proposed, want)
		}
		if a := float64(tally.Accepted) / float64(tally.Proposed); !(math.Abs(a-halfAccepted) < 0.1) {
			t.Errorf("%v: the acceptance is %.2f with the width %g", m, a, width)
		}
	}
}

// Where nothing is rejected, unit vectors are turned by any angle.
func TestWidthIsBounded(t *testing.T) {
	for _, n := range []int{2, 3} {
		s := unitOn(n, 1e-6, 4)
		random := mc.NewStream(mc.NewKey(1, "bounded"))
		k := new(Metropolis).Bind(s, Chain{State: s.NewState(models.Hot, random), Random: random}).(*fieldMetropolis)
		for range 100 {
			k.Step()
			k.Tune()
		}
		if k.width != math.Pi {
			t.Errorf("n = %d: the width is %g, not pi", n, k.width)
		}
	}
}

// A width of the card's is kept.
func TestGivenWidth(t *testing.T) {
	s, width := freeOn(1, 1, 0, 0.8, 2, 2), 0.37
	random := mc.NewStream(mc.NewKey(1, "given"))
	x := s.NewState(models.Hot, random).(models.Field)
	k := (&Metropolis{Order: Sequential, Width: &width}).Bind(s, Chain{State: x, Random: random}).(*fieldMetropolis)
	var most float64
	for range 2000 {
		before := slices.Clone(x)
		k.Step()
		k.Tune()
		for i, v := range x {
			most = max(most, math.Abs(v-before[i]))
		}
	}
	if k.width != width || !(most <= width && most > 0.99*width) {
		t.Errorf("the width is %g, and the largest change %g; the card says %g", k.width, most, width)
	}
}

// keptRows is a sink that keeps the rows.
type keptRows []float64

func (r *keptRows) Append(rows []float64) error   { *r = append(*r, rows...); return nil }
func (r *keptRows) Keep(int, []byte) error        { return nil }
func (r *keptRows) Checkpoint(*mc.Snapshot) error { return nil }

// endsProbe records two coordinates.
type endsProbe struct{ x models.Field }

func (p endsProbe) Read(row []float64) { row[0], row[1] = p.x[0], p.x[len(p.x)-1] }

// A run that is interrupted, also while widths are tuned, is to the bit the one
// that is not.
func TestFieldResume(t *testing.T) {
	for _, s := range []*fieldSystem{freeOn(1, 1, 0, 0.8, 3, 2), unitOn(2, 0.9, 4), unitOn(3, 0.9, 4)} {
		for name, specs := range map[string][]Spec{
			"metropolis": {new(Metropolis)},
			"cycle":      {new(Metropolis), new(OverRelaxation), new(HeatBath), new(Wolff), new(SwendsenWang), &Metropolis{Order: Random}},
		} {
			group := func(seed uint64) *mc.Group {
				g := mc.NewGroup(0, 1, seed, name)
				x := s.NewState(models.Hot, g.Stream(0, "start")).(models.Field)
				g.Own(x)
				g.Kernel = kernelsOf(specs...)(s, Chain{State: x, Random: g.Stream(0, "kernel"), Tally: &g.Tally})
				g.Probe, g.Row = endsProbe{x}, 2
				return g
			}
			plan := mc.Plan{Thermalize: 60, Sweeps: 50, Every: 1, Checkpoint: time.Hour}
			run := func(g *mc.Group, p mc.Plan) (rows keptRows) {
				if err := g.Run(context.Background(), p, &rows); err != nil {
					t.Fatal(err)
				}
				return rows
			}
			whole := group(1)
			want := run(whole, plan)

			// Interrupted after half of the sweeps.
			half := plan
			half.Sweeps = 25
			before, after := group(1), group(2)
			got := run(before, half)
			if err := after.Load(before.Save()); err != nil {
				t.Fatal(err)
			}
			got = append(got, run(after, plan)...)
			if !slices.Equal(got, want) || !sameState(after, whole) {
				t.Errorf("%v: %s: resumed after 25 sweeps, it goes on differently", s, name)
			}

			// Interrupted while it is tuned.
			tuned, resumed := group(1), group(2)
			tune := func(g *mc.Group, sweeps int) {
				for range sweeps {
					g.Kernel.Step()
					g.Kernel.(mc.Tuner).Tune()
				}
			}
			tune(tuned, 20)
			if err := resumed.Load(tuned.Save()); err != nil {
				t.Fatal(err)
			}
			tune(resumed, plan.Thermalize-20)
			resumed.Kernel.(mc.Tuner).Freeze()
			var rows keptRows
			row := make([]float64, 2)
			for range plan.Sweeps {
				resumed.Kernel.Step()
				resumed.Probe.Read(row)
				rows = append(rows, row...)
			}
			if !slices.Equal(rows, want) {
				t.Errorf("%v: %s: resumed while it was tuned, it goes on differently", s, name)
			}
		}
	}
}

// sameState reports whether two groups would store the same checkpoint, but for
// times.
func sameState(a, b *mc.Group) bool {
	x, y := a.Save(), b.Save()
	for _, name := range x.Names() {
		if name != "group.nanoseconds" && !reflect.DeepEqual(x.Array(name), y.Array(name)) {
			return false
		}
	}
	return true
}

// What kernels are refused for, and what they say of themselves.
func TestFieldClaims(t *testing.T) {
	wide, narrow := 4.0, 0.1
	unit, free := unitOn(2, 1, 4), freeOn(1, 1, 0, 1, 4)
	spins := newPoint(1, 1, 0, 4).ising
	for _, c := range []struct {
		what string
		err  error
		want string // "" for none
	}{
		{"metropolis of four components", new(Metropolis).Check(unitOn(4, 1, 4)), "4 components"},
		{"heat bath of four components", new(HeatBath).Check(unitOn(4, 1, 4)), "4 components"},
		{"heat bath of an action alone", new(HeatBath).Check(bare{free}), "neither take discrete states (models.Discrete) nor hold fields with couplings of neighbours (models.FieldCoupled)"},
		{"metropolis of an action alone", new(Metropolis).Check(bare{free}), ""},
		{"over-relaxation of an action alone", new(OverRelaxation).Check(bare{free}), "models.FieldCoupled"},
		{"over-relaxation of spins", new(OverRelaxation).Check(spins), "models.FieldCoupled"},
		{"wolff of an action alone", new(Wolff).Check(bare{free}), "models.PairCoupled"},
		{"width of spins", (&Metropolis{Width: &narrow}).Check(spins), "width: given"},
		{"width of a circle", (&Metropolis{Width: &wide}).Check(unit), "width: is 4"},
		{"width of a line", (&Metropolis{Width: &wide}).Check(free), ""},
		{"over-relaxation of vectors", new(OverRelaxation).Ergodic(unit), "the energy never changes"},
		{"over-relaxation of phi^4", new(OverRelaxation).Ergodic(free), "countably many"},
		{"wolff of vectors", new(Wolff).Ergodic(unit), ""},
		{"wolff of phi^4", new(Wolff).Ergodic(free), "|phi| is never changed"},
		{"swendsen-wang of phi^4", new(SwendsenWang).Ergodic(free), "|phi| is never changed"},
		{"swendsen-wang of vectors of any length", new(SwendsenWang).Ergodic(freeOn(2, 1, 0, 1, 4)), "|phi| is never changed"},
		{"clusters of wolff", new(Wolff).Clusters(unit), "projection"},
		{"clusters of swendsen-wang", new(SwendsenWang).Clusters(unit), "projection"},
		{"metropolis of phi^4", new(Metropolis).Ergodic(free), ""},
		{"heat bath of phi^4", new(HeatBath).Ergodic(free), ""},
	} {
		switch {
		case c.want == "" && c.err != nil:
			t.Errorf("%s: %v", c.what, c.err)
		case c.want != "" && (c.err == nil || !strings.Contains(c.err.Error(), c.want)):
			t.Errorf("%s: %v; want %q", c.what, c.err, c.want)
		}
	}
	if err := (*param.Error)(nil); !errors.As((&Metropolis{Width: &wide}).Check(unit), &err) || err.Key != "width" {
		t.Error("a width that is too large is not blamed on its key")
	}
	for _, s := range []*fieldSystem{unit, free} {
		for name, spec := range fieldKernels() {
			clusters := name == "wolff" || name == "swendsen-wang"
			if got, want := spec.(Reversible).Reversible(s), clusters || strings.Contains(name, string(Random)); got != want {
				t.Errorf("%s: reversible: %v", name, got)
			}
		}
	}
}

// Steps allocate nothing.
func TestFieldAllocations(t *testing.T) {
	for _, s := range []*fieldSystem{freeOn(1, 1, 0, 0.8, 8, 8), freeOn(2, 0.6, -2, 0.8, 4), unitOn(2, 0.9, 8), unitOn(3, 0.9, 8)} {
		for name, spec := range fieldKernels() {
			random := mc.NewStream(mc.NewKey(1, "allocations"))
			k := spec.Bind(s, Chain{State: s.NewState(models.Hot, random), Random: random, Tally: new(mc.Tally)})
			for range 100 {
				k.Step()
			}
			if n := testing.AllocsPerRun(100, k.Step); n >= 1 {
				t.Errorf("%v: %s: %.0f allocations a step", s, name, n)
			}
		}
	}
}

// A dual on a lattice of 16 x 16 sites, by changes and by actions alone.
func BenchmarkMetropolisOfDual(b *testing.B) {
	beta := 0.44
	m := &models.DualIsing{Periodic: models.Periodic{Shape: []int{16, 16}}, Thermal: models.Thermal{InverseT: &beta}, J: 1, Offset: 0.1}
	if err := m.Prepare(); err != nil {
		b.Fatal(err)
	}
	for name, m := range map[string]models.Differentiable{"changes": m, "actions": bare{m}} {
		b.Run(name, func(b *testing.B) {
			random := mc.NewStream(mc.NewKey(1, "dual"))
			k := new(Metropolis).Bind(m, Chain{State: m.NewState(models.Hot, random), Random: random}).(mc.Tuner)
			for range 50 {
				k.Step()
				k.Tune()
			}
			for b.Loop() {
				k.Step()
			}
		})
	}
}
