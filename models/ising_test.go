package models_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"testing"

	"mcrun/mc"
	"mcrun/mc/param"
	"mcrun/models"
)

// newIsing returns a prepared model at temperature 1.
func newIsing(j, h float64, shape ...int) *models.Ising {
	one := 1.0
	m := &models.Ising{
		Periodic: models.Periodic{Shape: shape},
		Thermal:  models.Thermal{Temperature: &one},
		J:        j,
		H:        h,
	}
	if err := m.Prepare(); err != nil {
		panic(err)
	}
	return m
}

// Sides of 2, odd sides and odd numbers of sites; rows, planes and whole
// lattices on either side of 8*255 = 2040 sites, up to which sums of eight
// sites at once fit in bytes.
var isingShapes = [][]int{
	{2}, {3}, {8}, {2039}, {2040}, {2041}, {4100},
	{2, 2}, {2, 3}, {3, 2}, {3, 3}, {7, 5}, {16, 16}, {64, 65},
	{2, 2041}, {2041, 2}, {3, 2048}, {2050, 3}, {5, 4096},
	{2, 2, 2}, {3, 2, 2}, {2, 3, 5}, {4, 4, 4}, {3, 5, 7}, {2, 46, 46}, {46, 2, 46}, {46, 46, 2}, {3, 2, 2043},
	{2, 2, 2, 2}, {3, 2, 3, 2}, {3, 3, 3, 3}, {8, 8, 8, 8},
}

// isingEnergy returns H from its definition, by the coordinates of the sites.
func isingEnergy(j, h float64, shape []int, s models.Spins) float64 {
	var bonds, up int
	stride := len(s)
	for _, side := range shape {
		stride /= side
		for i := range s {
			x := i / stride % side
			next := i - x*stride + (x+1)%side*stride
			bonds += (2*int(s[i]) - 1) * (2*int(s[next]) - 1)
		}
	}
	for _, v := range s {
		up += 2*int(v) - 1
	}
	return -j*float64(bonds) - h*float64(up)
}

// configurations returns ordered, staggered and random states.
func configurations(shape []int) map[string]models.Spins {
	random := rand.New(mc.NewStream(mc.NewKey(1, fmt.Sprint(shape))))
	n := 1
	for _, side := range shape {
		n *= side
	}
	c := map[string]models.Spins{
		"up":        make(models.Spins, n),
		"down":      make(models.Spins, n),
		"staggered": make(models.Spins, n),
		"random":    make(models.Spins, n),
		"mostly up": make(models.Spins, n),
	}
	for i := range n {
		var parity int
		stride := n
		for _, side := range shape {
			stride /= side
			parity += i / stride % side
		}
		c["up"][i] = 1
		c["staggered"][i] = uint8(parity & 1)
		c["random"][i] = uint8(random.IntN(2))
		if random.IntN(20) > 0 {
			c["mostly up"][i] = 1
		}
	}
	return c
}

func TestIsingEnergy(t *testing.T) {
	for _, shape := range isingShapes {
		for name, s := range configurations(shape) {
			// Couplings of powers of 2, so that sums have no rounding.
			for _, c := range []struct{ j, h float64 }{{1, 0}, {-1, 0}, {0.5, 0.25}, {-2, -0.125}, {0, 1}} {
				got := newIsing(c.j, c.h, shape...).Energy(s)
				if want := isingEnergy(c.j, c.h, shape, s); got != want {
					t.Errorf("%v, J = %v, h = %v, %s: H = %v, want %v", shape, c.j, c.h, name, got, want)
				}
			}
		}
	}
}

func TestIsingMagnetization(t *testing.T) {
	for _, shape := range isingShapes {
		for name, s := range configurations(shape) {
			var sum int
			for _, v := range s {
				sum += 2*int(v) - 1
			}
			if got, want := newIsing(1, 0, shape...).Magnetization(s), float64(sum)/float64(len(s)); got != want {
				t.Errorf("%v, %s: m = %v, want %v", shape, name, got, want)
			}
		}
	}
}

func TestIsingEnergyChange(t *testing.T) {
	for _, shape := range [][]int{{2}, {5}, {2, 2}, {2, 3}, {3, 3}, {4, 6}, {2, 3, 2}, {3, 3, 3, 3}} {
		for name, s := range configurations(shape) {
			for _, c := range []struct{ j, h float64 }{{1, 0}, {-0.5, 0.25}, {2, -1}} {
				m := newIsing(c.j, c.h, shape...)
				before := m.Energy(s)
				for i := range s {
					was := s[i]
					if got := m.EnergyChange(s, i, was); got != 0 {
						t.Fatalf("%v, %s: no change of site %d costs %v", shape, name, i, got)
					}
					got := m.EnergyChange(s, i, was^1)
					if s[i] != was {
						t.Fatalf("%v, %s: EnergyChange changed site %d", shape, name, i)
					}
					s[i] ^= 1
					want := m.Energy(s) - before
					s[i] = was
					if got != want {
						t.Fatalf("%v, %+v, %s: flipping site %d costs %v, want %v", shape, c, name, i, got, want)
					}
				}
			}
		}
	}
}

func TestIsingNewState(t *testing.T) {
	random := mc.NewStream(mc.NewKey(1))
	for _, c := range []struct {
		j, h   float64
		shape  []int
		energy float64 // of the cold state
		m      float64
	}{
		{1, 0, []int{4, 4}, -32, 1},
		{1, 0.5, []int{4, 4}, -40, 1},
		{1, -0.5, []int{4, 4}, -40, -1},
		{0, -2, []int{5}, -10, -1},
		{-1, 0, []int{4, 4}, -32, 0},
		{-1, 0, []int{2, 2, 2}, -24, 0},
		{-1, 0.25, []int{6, 2}, -24, 0},
		{-1, 0, []int{3, 4}, 24, 1}, // frustrated: no order fits
	} {
		m := newIsing(c.j, c.h, c.shape...)
		s := m.NewState(models.Cold, random)
		if e, mag := m.Energy(s), m.Magnetization(s); e != c.energy || mag != c.m {
			t.Errorf("%+v: cold state has H = %v, m = %v", c, e, mag)
		}
	}

	// A hot state has every spin up in half of the cases: 1e5 spins, whose sum
	// has the standard deviation 316, within 6 of these (false alarm 2e-9).
	m := newIsing(1, 0, 250, 400)
	s := m.NewState(models.Hot, random).(models.Spins)
	if sum := m.Magnetization(s) * 1e5; math.Abs(sum) > 6*316 {
		t.Errorf("the spins of a hot state add up to %v", sum)
	}
	// Its bonds are as independent: 2e5 of them, of standard deviation 447.
	if e := m.Energy(s); math.Abs(e) > 6*447 {
		t.Errorf("a hot state has H = %v", e)
	}
	if again := m.NewState(models.Hot, mc.NewStream(mc.NewKey(2))).(models.Spins); string(again) == string(s) {
		t.Error("two streams give the same hot state")
	}
}

// The states that a chain is made of are saved and restored, and refused by a
// chain of another size.
func TestSpinsSaveLoad(t *testing.T) {
	m := newIsing(1, 0, 3, 5)
	s := m.NewState(models.Hot, mc.NewStream(mc.NewKey(1)))
	var snapshot mc.Snapshot
	s.Save(&snapshot, "state.0")
	restored := m.NewState(models.Cold, nil)
	if err := restored.Load(&snapshot, "state.0"); err != nil {
		t.Fatal(err)
	}
	if string(restored.(models.Spins)) != string(s.(models.Spins)) {
		t.Errorf("saved %v, restored %v", s, restored)
	}
	if newIsing(1, 0, 3, 4).NewState(models.Cold, nil).Load(&snapshot, "state.0") == nil {
		t.Error("15 spins were loaded into 12")
	}
}

func TestIsingBytes(t *testing.T) {
	m := newIsing(1, 0, 4, 6, 2)
	chain, tables := m.Bytes()
	if s := m.NewState(models.Cold, nil).(models.Spins); chain != float64(16*len(s)) {
		t.Errorf("a chain takes %v bytes, 16 for each of its spins would be %d", chain, 16*len(s))
	}
	if n := len(m.Couplings().Lattice.NeighbourTable()); tables != float64(4*n) {
		t.Errorf("tables take %v bytes, and the neighbours %d", tables, 4*n)
	}
	// It is asked for sizes that do not fit in memory.
	huge := &models.Ising{Periodic: models.Periodic{Shape: []int{1 << 40, 1 << 40}}}
	if chain, _ := huge.Bytes(); chain != 16*0x1p80 {
		t.Errorf("2^80 sites take %v bytes", chain)
	}
}

// Exact values are those of testdata/exact.json, by the names of observables.
func TestIsingExact(t *testing.T) {
	data, err := os.ReadFile("testdata/exact.json")
	if err != nil {
		t.Fatal(err)
	}
	var reference struct {
		Kaufman []struct {
			L       int
			T, E, C float64
		}
		Enumeration []struct {
			L                         int
			T, E, C, Absm, M2, U4, M4 float64
		}
	}
	if err := json.Unmarshal(data, &reference); err != nil {
		t.Fatal(err)
	}
	check := func(l int, temperature float64, want map[string]float64) {
		m := newIsing(1, 0, l, l)
		m.Temperature = &temperature
		got := m.Exact()
		for name, w := range want {
			if v, ok := got[name]; !ok || math.Abs(v-w) > 1e-11*math.Max(1, math.Abs(w)) {
				t.Errorf("L = %d, T = %v: %s = %v, %t; want %v", l, temperature, name, v, ok, w)
			}
		}
	}
	for _, r := range reference.Kaufman {
		check(r.L, r.T, map[string]float64{"energy": r.E, "specific_heat": r.C, "magnetization": 0})
	}
	for _, r := range reference.Enumeration {
		n := float64(r.L * r.L)
		check(r.L, r.T, map[string]float64{
			"energy": r.E, "specific_heat": r.C, "abs_magnetization": r.Absm,
			"susceptibility": n / r.T * r.M2, "connected_susceptibility": n / r.T * (r.M2 - r.Absm*r.Absm),
			"binder": r.U4, "magnetization": 0,
		})
	}
	if len(reference.Kaufman) == 0 || len(reference.Enumeration) == 0 {
		t.Error("testdata/exact.json has no values")
	}
	if v := newIsing(-1, 0, 33, 33).Exact(); v != nil {
		t.Errorf("a large frustrated lattice has exact values %v", v)
	}
	if v := newIsing(1, 0.1, 32, 32).Exact(); v != nil {
		t.Errorf("a large lattice in a field has exact values %v", v)
	}
}

func TestIsingKeys(t *testing.T) {
	f := func(v float64) *float64 { return &v }
	for _, c := range []struct {
		name string
		keys interface{ Validate() error }
		ok   bool
	}{
		{"temperature", &models.Thermal{Temperature: f(2)}, true},
		{"beta", &models.Thermal{InverseT: f(0)}, true},
		{"neither", &models.Thermal{}, false},
		{"both", &models.Thermal{Temperature: f(2), InverseT: f(0.5)}, false},
		{"overflowing beta", &models.Thermal{Temperature: f(1e-310)}, false},
		{"square", &models.Periodic{Shape: []int{2, 3}}, true},
		{"no sides", &models.Periodic{}, false},
		{"a side of 1", &models.Periodic{Shape: []int{4, 1}}, false},
		{"a negative side", &models.Periodic{Shape: []int{-4}}, false},
		{"too many sites", &models.Periodic{Shape: []int{1 << 16, 1 << 16}}, false},
		{"sites that overflow", &models.Periodic{Shape: []int{1 << 40, 1 << 40, 1 << 40}}, false},
		{"large couplings", newIsing(1e60, -1e60, 2, 2), true},
	} {
		if err := c.keys.Validate(); (err == nil) != c.ok {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	if got := (&models.Thermal{Temperature: f(4)}).Beta(); got != 0.25 {
		t.Errorf("T = 4 has beta = %v", got)
	}
	if got := (&models.Thermal{InverseT: f(4)}).Beta(); got != 4 {
		t.Errorf("beta = 4 has beta = %v", got)
	}
}

// Energies whose averages overflow are refused, at the key that is at fault;
// those just below are not, and the sums of their fourth powers are finite.
func TestIsingBounds(t *testing.T) {
	hot, cold := newIsing(0, 0, 4, 4), newIsing(1, 0, 4, 4)
	infinite, cool := 1e300, 1e-69
	hot.Temperature, hot.InverseT = nil, &infinite
	cold.Temperature = &cool
	for _, c := range []struct {
		model *models.Ising
		key   string
	}{
		{newIsing(3e68, 0, 4, 4), ""},
		{newIsing(1e68, 4e68, 4, 4), ""},
		{newIsing(3.2e68, 0, 4, 4), "J"},
		{newIsing(-1e308, 1, 4, 4), "J"},
		{newIsing(1, 1e308, 4, 4), "h"},
		{newIsing(1, -1e300, 4, 4), "h"},
		{newIsing(math.MaxFloat64, math.MaxFloat64, 2, 2), "J"},
		{newIsing(1, math.MaxFloat64, 4, 4), "h"},
		{hot, "beta"},
		{cold, "temperature"},
	} {
		err := c.model.Validate()
		if e := (*param.Error)(nil); errors.As(err, &e) != (c.key != "") || e != nil && e.Key != c.key {
			t.Errorf("J = %g, h = %g, beta = %g: got %v, want an error of %q", c.model.J, c.model.H, c.model.Beta(), err, c.key)
		}
		if c.key == "" {
			s := c.model.NewState(models.Cold, nil)
			if e := c.model.Energy(s); math.IsInf(9e15*e*e*e*e, 0) {
				t.Errorf("J = %g, h = %g: the energy is %g", c.model.J, c.model.H, e)
			}
		}
	}
}

func TestRegisteredModels(t *testing.T) {
	e, ok := models.Find("ising")
	if !ok || e.Name != "ising" || e.Doc == "" {
		t.Fatalf("Find returns %+v, %t", e, ok)
	}
	a, b := e.New(), e.New()
	if _, ok := a.(*models.Ising); !ok || a == b {
		t.Errorf("New returns %T and %T", a, b)
	}
	if _, ok := models.Find("none"); ok {
		t.Error("there is a model of the name none")
	}
}
