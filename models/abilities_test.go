package models_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"testing"

	"mcrun/mc"
	"mcrun/mc/param"
	"mcrun/models"
)

// A spinModel has what all models of this package have.
type spinModel interface {
	models.PairCoupled
	models.Energetic
	models.Regular
	models.SpinField
	models.Portable
	models.Frustrated
	models.Exact
}

// decode returns the model of an entry with these keys, not prepared.
func decode(t *testing.T, e models.Entry, keys []param.Setting) models.Spec {
	t.Helper()
	table := map[string]any{}
	for _, s := range keys {
		table[s.Key] = s.Value
	}
	m := e.New()
	if errs := param.Decode(table, m); errs != nil {
		t.Fatalf("%s %v: %v", e.Name, keys, errs)
	}
	return m
}

// spinModels returns the registered models of spins.
func spinModels() []models.Entry {
	return slices.DeleteFunc(models.All(), func(e models.Entry) bool {
		_, ok := e.New().(spinModel)
		return !ok
	})
}

// small calls check with all small instances of all models, prepared.
func small(t *testing.T, check func(t *testing.T, m spinModel)) {
	for _, e := range spinModels() {
		if len(e.Small) < 5 {
			t.Errorf("%s has %d small instances", e.Name, len(e.Small))
		}
		for _, keys := range e.Small {
			t.Run(fmt.Sprint(e.Name, keys), func(t *testing.T) {
				m := decode(t, e, keys)
				if err := m.Prepare(); err != nil {
					t.Fatal(err)
				}
				check(t, m.(spinModel))
			})
		}
	}
}

// states calls visit with all states of a model.
func states(m models.Discrete, visit func(s models.Spins)) {
	s := make(models.Spins, m.Sites())
	for {
		visit(s)
		i := 0
		for ; i < len(s) && int(s[i]) == m.States()-1; i++ {
			s[i] = 0
		}
		if i == len(s) {
			return
		}
		s[i]++
	}
}

// spinValue is the spin that state k is.
func spinValue(q int, k uint8) float64 {
	if q == 2 {
		return 2*float64(k) - 1
	}
	return float64(k) - 1
}

// eachBond calls visit with the bonds, each once.
func eachBond(c *models.Couplings, sites int, visit func(i, j int, coupling float64)) {
	for i := range sites {
		if c.Graph != nil {
			for n, j := range c.Graph.Neighbours(i) {
				if int(j) > i {
					visit(i, int(j), c.Graph.Strengths(i)[n])
				}
			}
			continue
		}
		for n, j := range c.Lattice.Neighbours(i) {
			if n%2 == 0 {
				visit(i, int(j), c.J)
			}
		}
	}
}

// pair returns f of two states.
func pair(c *models.Couplings, q int, a, b uint8) float64 {
	switch {
	case c.Pair == models.Product:
		return spinValue(q, a) * spinValue(q, b)
	case c.Pair == models.Cosine:
		return math.Cos(2 * math.Pi * (float64(a) - float64(b)) / float64(q))
	case a == b:
		return 1
	}
	return 0
}

// fieldOf returns the field of a site.
func fieldOf(c *models.Couplings, i int) float64 {
	if c.Graph != nil {
		return c.Graph.Field(i)
	}
	return c.H
}

// energyOf returns H by the formula of PairCoupled.
func energyOf(m models.PairCoupled, s models.Spins) float64 {
	c, q := m.Couplings(), m.States()
	var e float64
	eachBond(c, len(s), func(i, j int, coupling float64) { e -= coupling * pair(c, q, s[i], s[j]) })
	for i, k := range s {
		if c.Pair == models.Product {
			e -= fieldOf(c, i) * spinValue(q, k)
		}
		if c.Self != nil {
			e += c.Self[k]
		}
	}
	return e
}

// Energy is the formula of PairCoupled, EnergyChange its differences.
func TestEnergyOfAllStates(t *testing.T) {
	small(t, func(t *testing.T, m spinModel) {
		changed := make(models.Spins, m.Sites())
		states(m, func(s models.Spins) {
			before := m.Energy(s)
			if want := energyOf(m, s); math.Abs(before-want) > 1e-12 {
				t.Fatalf("%v: H = %v, by the couplings %v", s, before, want)
			}
			for i := range s {
				for k := range m.States() {
					copy(changed, s)
					changed[i] = uint8(k)
					got, want := m.EnergyChange(s, i, uint8(k)), m.Energy(changed)-before
					if math.Abs(got-want) > 1e-12 {
						t.Fatalf("%v: site %d to state %d costs %v, want %v", s, i, k, got, want)
					}
				}
			}
		})
	})
}

// m^2 is the sum of the products of all pairs of vectors, and |m| and m are what
// they should be.
func TestOrderOfAllStates(t *testing.T) {
	small(t, func(t *testing.T, m spinModel) {
		n := float64(m.Sites())
		field := make([]float64, m.Sites())
		states(m, func(s models.Spins) {
			var square float64
			for c := range m.Components() {
				m.Component(s, c, field)
				for _, x := range field {
					for _, y := range field {
						square += x * y
					}
				}
			}
			square /= n * n
			switch m := m.(type) {
			case models.Magnetic:
				var sum float64
				for _, k := range s {
					sum += spinValue(m.(models.Discrete).States(), k)
				}
				if got := m.Magnetization(s); math.Abs(got-sum/n) > 1e-14 || math.Abs(got*got-square) > 1e-12 {
					t.Fatalf("%v: m = %v, want %v; m^2 of the vectors %v", s, got, sum/n, square)
				}
			case models.Ordered:
				q := m.(models.Discrete).States()
				count := make([]float64, q)
				for _, k := range s {
					count[k]++
				}
				want := (float64(q)*slices.Max(count)/n - 1) / float64(q-1)
				abs, got := m.Order(s)
				if _, vector := m.(*models.Clock); vector {
					want = abs
					if math.Abs(abs*abs-square) > 1e-14 {
						want = math.Sqrt(square)
					}
				}
				if math.Abs(abs-want) > 1e-14 || math.Abs(got-square) > 1e-12 {
					t.Fatalf("%v: |m| = %v, want %v; m^2 = %v, of the vectors %v", s, abs, want, got, square)
				}
			default:
				t.Fatal("the model has no order parameter")
			}
		})
	})
}

func TestExportImport(t *testing.T) {
	small(t, func(t *testing.T, m spinModel) {
		a := m.Array()
		elements := 1
		for _, side := range a.Shape {
			elements *= side
		}
		if sides := m.Sides(); elements != m.Sites() || sides != nil && !slices.Equal(sides, a.Shape) {
			t.Errorf("%d sites of sides %v are written as %v", m.Sites(), sides, a.Shape)
		}
		back := make(models.Spins, m.Sites())
		field := make([]float64, m.Sites())
		states(m, func(s models.Spins) {
			data := m.Export(s, []byte("head"))
			if len(data) != 4+len(s) || string(data[:4]) != "head" {
				t.Fatalf("%v is written as %v", s, data)
			}
			data = data[4:]
			if m.States() != 3 || a.Type != "|u1" {
				m.Component(s, 0, field)
			}
			for i, c := range data {
				if a.Type == "|i1" && float64(int8(c)) != field[i] || a.Type == "|u1" && c != s[i] {
					t.Fatalf("%v is written as %v", s, data)
				}
			}
			if err := m.Import(back, data); err != nil || !bytes.Equal(back, s) {
				t.Fatalf("%v is read back as %v, %v", s, back, err)
			}
		})
		for _, bad := range []byte{8, 0x80, 0xfe} {
			data := m.Export(back, nil)
			data[1] = bad
			if m.Import(back, data) == nil {
				t.Errorf("the value %d was read", bad)
			}
		}
		if err := m.Import(back, make([]byte, m.Sites()+1)); err == nil {
			t.Error("too many values were read")
		}
	})
}

// A cold start is a ground state where no bonds compete and there is no field;
// and Frustrated says whether they do.
func TestColdStart(t *testing.T) {
	small(t, func(t *testing.T, m spinModel) {
		c, q := m.Couplings(), m.States()
		fields := false
		for i := range m.Sites() {
			fields = fields || fieldOf(c, i) != 0
		}
		lowest, satisfied := math.Inf(1), false
		states(m, func(s models.Spins) {
			lowest = min(lowest, m.Energy(s))
			all := true
			eachBond(c, len(s), func(i, j int, coupling float64) {
				best := math.Abs(coupling)
				if c.Pair == models.Equal {
					best = max(0, coupling)
				}
				if c.Pair == models.Cosine && coupling < 0 && q%2 != 0 { // none is opposite
					best *= math.Cos(math.Pi / float64(q))
				}
				all = all && math.Abs(coupling*pair(c, q, s[i], s[j])-best) < 1e-12
			})
			satisfied = satisfied || all
		})
		if m.Frustrated() == satisfied {
			t.Errorf("Frustrated is %t, and a configuration satisfies all bonds: %t", m.Frustrated(), satisfied)
		}
		cold := m.NewState(models.Cold, nil)
		if e := m.Energy(cold); satisfied && !fields && math.Abs(e-lowest) > 1e-12 {
			t.Errorf("a cold start %v has H = %v, and the ground state %v", cold, e, lowest)
		}
		if again := m.NewState(models.Cold, nil); !bytes.Equal(again.(models.Spins), cold.(models.Spins)) {
			t.Error("two cold starts differ")
		}
	})
}

// Every state of a site is as frequent in a hot start: z is below 6 for 10^4
// starts, which chance exceeds once in 5e8 times, or 1e6 of these tests.
func TestHotStart(t *testing.T) {
	random := mc.NewStream(mc.NewKey(1))
	small(t, func(t *testing.T, m spinModel) {
		const starts = 10000
		count := make([][]float64, m.Sites())
		for i := range count {
			count[i] = make([]float64, m.States())
		}
		for range starts {
			for i, k := range m.NewState(models.Hot, random).(models.Spins) {
				count[i][k]++
			}
		}
		p := 1 / float64(m.States())
		for i := range count {
			for k, n := range count[i] {
				if z := (n - starts*p) / math.Sqrt(starts*p*(1-p)); math.Abs(z) > 6 {
					t.Errorf("site %d is in state %d in %v of %v starts", i, k, n, starts)
				}
			}
		}
	})
}

// What can be asked before Prepare is the same after it.
func TestBeforePrepare(t *testing.T) {
	for _, e := range spinModels() {
		for _, keys := range append([][]param.Setting{e.Example}, e.Small...) {
			m, after := decode(t, e, keys).(spinModel), decode(t, e, keys).(spinModel)
			if err := after.Prepare(); err != nil {
				t.Fatal(err)
			}
			a, b := m.Couplings(), after.Couplings()
			if a.Pair != b.Pair || a.J != b.J || a.H != b.H || !slices.Equal(a.Self, b.Self) {
				t.Errorf("%s %v: couplings %+v before and %+v after Prepare", e.Name, keys, a, b)
			}
			if m.Sites() != after.Sites() || m.States() != after.States() || m.Beta() != after.Beta() ||
				m.Frustrated() != after.Frustrated() || !slices.Equal(m.Sides(), after.Sides()) ||
				m.Components() != after.Components() || !slices.Equal(m.Array().Shape, after.Array().Shape) {
				t.Errorf("%s %v: Prepare changes more than tables", e.Name, keys)
			}
			chain, tables := m.Bytes()
			kept, held := 16*m.Sites(), 0 // by a chain, in the tables
			if b.Lattice != nil {
				held += binary.Size(b.Lattice.NeighbourTable())
			}
			if b.Graph != nil {
				for i := range m.Sites() {
					kept += 20 + 8*len(b.Graph.Neighbours(i)) // thresholds of fields and of bonds
					held += 12 + 12*len(b.Graph.Neighbours(i))
				}
			}
			// On a lattice of sides of 2 the memory of both bonds of a pair is
			// reckoned, which are one of a graph.
			if chain < float64(kept) || chain > 1.5*float64(kept) || tables < float64(held) || tables > 3*float64(held)+1000 {
				t.Errorf("%s %v: a chain, which keeps %d, takes %v bytes, and the tables, of %d, %v", e.Name, keys, kept, chain, held, tables)
			}
		}
	}
}

// The resolved keys give the same model.
func TestEncodedModels(t *testing.T) {
	for _, e := range spinModels() {
		for _, keys := range append([][]param.Setting{e.Example}, e.Small...) {
			m := decode(t, e, keys)
			again := decode(t, e, param.Encode(m))
			for _, m := range []models.Model{m, again} {
				if err := m.Prepare(); err != nil {
					t.Fatal(err)
				}
			}
			s := m.NewState(models.Hot, mc.NewStream(mc.NewKey(2)))
			a, b := m.(spinModel), again.(spinModel)
			if a.Energy(s) != b.Energy(s) || a.Beta() != b.Beta() {
				t.Errorf("%s %v: another model than that of %v", e.Name, keys, param.Encode(m))
			}
		}
	}
}

// Exact, SumStates and Eliminate agree with the sum over all states of what the
// abilities say.
func TestExactValuesOfSmallModels(t *testing.T) {
	small(t, func(t *testing.T, m spinModel) {
		beta, n := m.Beta(), float64(m.Sites())
		lowest := math.Inf(1)
		states(m, func(s models.Spins) { lowest = min(lowest, m.Energy(s)) })
		var z, e1, m1, abs, m2, m4 float64
		states(m, func(s models.Spins) {
			e := m.Energy(s)
			w := math.Exp(-beta * (e - lowest))
			z += w
			e1 += w * e
			switch m := m.(type) {
			case models.Magnetic:
				x := m.Magnetization(s)
				m1 += w * x
				abs += w * math.Abs(x)
				m2 += w * x * x
				m4 += w * x * x * x * x
			case models.Ordered:
				a, square := m.Order(s)
				abs += w * a
				m2 += w * square
				m4 += w * square * square
			}
		})
		e1 /= z
		var variance float64
		states(m, func(s models.Spins) {
			e := m.Energy(s)
			variance += math.Exp(-beta*(e-lowest)) * (e - e1) * (e - e1)
		})
		want := models.Moments{
			LogZ: math.Log(z) - beta*lowest, Energy: e1 / n, SpecificHeat: beta * beta * variance / z / n,
			Mag: m1 / z, AbsMag: abs / z, Mag2: m2 / z, Mag4: m4 / z,
		}
		_, signed := m.(models.Magnetic)
		_, vector := m.(*models.Clock)
		if !signed {
			want.Mag = math.NaN()
			if m.States() == 2 && vector {
				want.Mag = 0 // as products of spins
			}
			if !vector {
				want.Mag4 = math.NaN()
			}
		}
		compare := func(method, name string, got, want float64) {
			if math.IsNaN(got) != math.IsNaN(want) || math.Abs(got-want) > 1e-12*max(1, math.Abs(want)) {
				t.Errorf("%s: %s = %v, want %v", method, name, got, want)
			}
		}
		moments := func(method string, got, want models.Moments) {
			compare(method, "LogZ", got.LogZ, want.LogZ)
			compare(method, "Energy", got.Energy, want.Energy)
			compare(method, "SpecificHeat", got.SpecificHeat, want.SpecificHeat)
			compare(method, "Mag", got.Mag, want.Mag)
			compare(method, "AbsMag", got.AbsMag, want.AbsMag)
			compare(method, "Mag2", got.Mag2, want.Mag2)
			compare(method, "Mag4", got.Mag4, want.Mag4)
		}
		sum, ok := models.SumStates(m)
		if !ok {
			t.Fatal("SumStates does not reach a small model")
		}
		moments("SumStates", sum, want)
		known := map[string]float64{
			"energy": want.Energy, "specific_heat": want.SpecificHeat, "abs_magnetization": want.AbsMag,
			"susceptibility":           n * beta * want.Mag2,
			"connected_susceptibility": n * beta * (want.Mag2 - want.AbsMag*want.AbsMag),
		}
		if signed {
			known["magnetization"] = want.Mag
		}
		if signed || vector {
			known["binder"] = 1 - want.Mag4/(3*want.Mag2*want.Mag2)
		}
		exact := m.Exact()
		for name, w := range known {
			if v, ok := exact[name]; !ok {
				t.Errorf("Exact has no %s", name)
			} else {
				compare("Exact", name, v, w)
			}
		}
		if len(exact) != len(known) {
			t.Errorf("Exact has %v, want %v", exact, known)
		}
		eliminated, ok := models.Eliminate(m)
		if !ok {
			t.Fatal("Eliminate does not reach a small model")
		}
		want.AbsMag, want.Mag4 = math.NaN(), math.NaN()
		moments("Eliminate", eliminated, want)
	})
}
