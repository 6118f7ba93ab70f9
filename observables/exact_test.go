package observables

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"mcrun/models"
)

// registered returns all observables and some derived ones.
func registered(t *testing.T, m models.Model) []Observable {
	list := All()
	for name, text := range map[string]string{
		"U2":   "1 - mean(magnetization^4) / (3 * mean(magnetization^2)^2)",
		"heat": "N * beta^2 * (mean(energy^2) - energy^2)",
		"bare": "mean(abs(magnetization))",
	} {
		if o, err := Derive(name, text, m); err == nil {
			list = append(list, o)
		} else if _, ok := m.(models.Magnetic); ok {
			t.Fatal(err)
		}
	}
	return list
}

// close holds values to agree but for rounding.
func agree(t *testing.T, what string, got, want float64) {
	t.Helper()
	if !(math.Abs(got-want) <= 1e-12*(1+math.Abs(want))) {
		t.Errorf("%s = %.15g, want %.15g", what, got, want)
	}
}

// The sum over states is that of package models, which takes moments of energy
// and magnetization only and sums in other ways.
func TestEnumerateIsExact(t *testing.T) {
	beta := 0.7
	thermal := models.Thermal{InverseT: &beta}
	potts := &models.Potts{Periodic: models.Periodic{Shape: []int{2, 4}}, Thermal: thermal, J: 1, Q: 3}
	zeros := &models.BlumeCapel{Periodic: models.Periodic{Shape: []int{3, 3}}, Thermal: thermal, J: 1, D: 1.5}
	for _, m := range []models.Model{potts, zeros} {
		if err := m.Prepare(); err != nil {
			t.Fatal(err)
		}
	}
	for _, m := range []models.Exact{
		potts,
		zeros,
		isingAt(1/2.269185314213022, 1, 0, 4, 4),
		isingAt(0.3, 1, 0.2, 3, 4),
		isingAt(0.5, -1, 0.1, 3, 3),
		isingAt(0.2, 1, 0, 2, 2, 3),
		isingAt(1, 0.5, -0.3, 9),
		isingAt(0, 1, 0.5, 2, 3),
		isingAt(40, 1, 0.5, 4, 3), // weights from 1 to e^-3000
		isingAt(40, -2, 0, 4, 2),
	} {
		name := fmt.Sprintf("%T of %d sites at beta = %g", m, m.Sites(), m.Beta())
		values, ok := Enumerate(m, registered(t, m))
		if !ok {
			t.Errorf("%s is not enumerated", name)
			continue
		}
		want := m.Exact()
		for derived, o := range map[string]string{"U2": "binder", "heat": "specific_heat", "bare": "abs_magnetization"} {
			_, signed := m.(models.Magnetic)
			if v, ok := want[o]; ok && (signed || derived == "heat") {
				want[derived] = v
			}
		}
		for o, v := range want {
			if len(values[o]) != 1 {
				t.Errorf("%s: %s has the values %g", name, o, values[o])
				continue
			}
			agree(t, name+": "+o, values[o][0], v)
		}
	}
}

// Two spins on a ring of two sites, which are neighbours twice, by hand.
func TestEnumerateTwoSpins(t *testing.T) {
	const beta, j, h = 0.35, 0.8, 0.25
	for _, h := range []float64{0, h} {
		m := isingAt(beta, j, h, 2)
		a, b := math.Exp(2*beta*j), math.Exp(-2*beta*j)
		z := 2*a*math.Cosh(2*beta*h) + 2*b
		c := (2*a*math.Cosh(2*beta*h) - 2*b) / z // <s s'>
		s := 2 * a * math.Sinh(2*beta*h) / z     // <s>
		q2 := (1 + c*c) / 2                      // of two copies
		q4 := q2                                 // q is 0 or +-1
		want := map[string][]float64{
			"energy":                  {-j*c - h*s},
			"magnetization":           {s},
			"abs_magnetization":       {(1 + c) / 2},
			"susceptibility":          {beta * (1 + c)},
			"correlation":             {1, c},
			"structure_factor":        {1 + c, 1 - c},
			"correlation_length":      {math.Sqrt((1+c)/(1-c)-1) / 2},
			"overlap":                 {s * s},
			"squared_overlap":         {q2},
			"abs_overlap":             {q2},
			"overlap_binder":          {1 - q4/(3*q2*q2)},
			"improved_susceptibility": {beta * (1 + c)},
			"derived":                 {q2 - c},
		}
		got, ok := Enumerate(m, append(All(), derived(t, "mean(overlap^2) - correlation[1]", m)))
		if !ok {
			t.Fatal("two spins are not enumerated")
		}
		for name, list := range want {
			if len(got[name]) != len(list) {
				t.Errorf("%s has the values %g, want %g", name, got[name], list)
				continue
			}
			for i, v := range list {
				agree(t, fmt.Sprintf("h = %g: %s[%d]", h, name, i), got[name][i], v)
			}
		}
	}
}

// Far below the critical temperature the two ordered states and those of one
// spin turned remain: of N = 9 spins with energy 8 J more, x = exp(-8 beta J),
//
//	S(0) = (2 N + 2 N x (N-2)^2/N) / (2 + 2 N x) = N + O(x),   S(k) = 4 x + O(x^(3/2)),
//
// since the turned spin alone has modes: N configurations, each with |2|^2/N.
func TestEnumerateCold(t *testing.T) {
	for _, beta := range []float64{4, 10, 40} {
		m := isingAt(beta, 1, 0, 3, 3)
		values, _ := Enumerate(m, All())
		want := math.Sqrt(9/(4*math.Exp(-8*beta))) / (2 * math.Sin(math.Pi/3))
		if got := values["correlation_length"]; len(got) != 1 || math.Abs(got[0]/want-1) > 100*math.Exp(-4*beta)+1e-12 {
			t.Errorf("beta = %g: xi = %v, want %v", beta, got, want)
		}
		if got := values["structure_factor"]; len(got) != 2 || !(got[1] > 0) || math.Abs(got[1]/(4*math.Exp(-8*beta))-1) > 100*math.Exp(-4*beta)+1e-12 {
			t.Errorf("beta = %g: S(k) = %v, want %v", beta, got, 4*math.Exp(-8*beta))
		}
	}
}

// A mean that vanishes by symmetry is 0, and a small one that does not is not.
func TestEnumerateSymmetry(t *testing.T) {
	zeros := &models.BlumeCapel{Periodic: models.Periodic{Shape: []int{3}}, Thermal: isingAt(1, 1, 0, 2).Thermal, J: 1, D: 7}
	glass := &models.SpinGlass{Periodic: models.Periodic{Shape: []int{3, 3}}, Thermal: zeros.Thermal, Disorder: new("gaussian"), DisorderSeed: new(uint64(3)), J: 1}
	for _, m := range []models.Spec{zeros, glass, isingAt(1.7, 1, 0, 3, 4), isingAt(0.3, -1, 0, 3, 3)} {
		if err := m.Prepare(); err != nil {
			t.Fatal(err)
		}
		of := []Observable{derived(t, "mean(magnetization^3)", m)}
		for _, name := range []string{"magnetization", "overlap"} {
			o, _ := Find(name)
			of = append(of, o)
		}
		values, _ := Enumerate(m, of)
		if len(values) < 2 {
			t.Errorf("%T: the values are %v", m, values)
		}
		for name, v := range values {
			if v[0] != 0 || math.Signbit(v[0]) {
				t.Errorf("%T: %s = %v, want 0", m, name, v[0])
			}
		}
	}
	// Free spins have <m> = tanh(beta h).
	for _, h := range []float64{1e-3, 1e-6, 1e-10} {
		m := isingAt(1, 0, h, 2, 3)
		o, _ := Find("magnetization")
		values, _ := Enumerate(m, []Observable{o})
		if got := values["magnetization"][0]; math.Abs(got-math.Tanh(h)) > 1e-15 {
			t.Errorf("h = %g: <m> = %v", h, got)
		}
	}
}

// trits is a model of three states a site, free but for a field, that counts
// how its energy is asked for.
type trits struct {
	models.Energetic
	sites int
}

func (m trits) Sites() int    { return m.sites }
func (m trits) Beta() float64 { return 0.7 }
func (m trits) States() int   { return 3 }
func (m trits) EnergyChange(s models.Spins, i int, k uint8) float64 {
	return float64(k) - float64(s[i])
}
func (m trits) Energy(s models.State) float64 {
	var sum float64
	for _, k := range s.(models.Spins) {
		sum += float64(k)
	}
	return sum
}

func TestEnumerateThreeStates(t *testing.T) {
	m := trits{sites: 5}
	values, ok := Enumerate(m, All())
	x := math.Exp(-0.7)
	z := 1 + x + x*x
	mean := (x + 2*x*x) / z
	variance := (x+4*x*x)/z - mean*mean
	if !ok || len(values) != 2 {
		t.Fatalf("the values are %v, want energy and specific heat", values)
	}
	agree(t, "energy", values["energy"][0], mean)
	agree(t, "specific_heat", values["specific_heat"][0], 0.7*0.7*variance)
}

// Values that do not exist, or would take too long, are left out.
func TestEnumerateLeavesOut(t *testing.T) {
	m := isingAt(0.5, 1, 0, 2, 2)
	values, _ := Enumerate(m, []Observable{
		derived(t, "log(-mean(abs(magnetization)))", m),
		derived(t, "mean(1/magnetization)", m),
	})
	if len(values) != 0 {
		t.Errorf("the values are %v, want none", values)
	}
	// What states of weight 0 have does not matter.
	cold := isingAt(400, 1, 0.5, 2, 2)
	if values, _ := Enumerate(cold, []Observable{derived(t, "mean(1/magnetization)", cold)}); len(values) != 1 || values["derived"][0] != 1 {
		t.Errorf("of a frozen model, the values are %v, want 1", values)
	}
	improved, err := Derive("improved_specific_heat", "improved_susceptibility", m)
	if err != nil {
		t.Fatal(err)
	}
	if values, _ := Enumerate(m, []Observable{improved}); len(values) != 0 {
		t.Errorf("of clusters, the values are %v, want none", values)
	}
	for _, c := range []struct {
		m  models.Model
		ok bool
	}{
		{isingAt(0.5, 1, 0, 3, 4), true},
		{isingAt(0.5, 1, 0, 3, 7), false},
		{isingAt(0.5, 1, 0, 1000), false},
		{trits{sites: 13}, false}, // 3^13 states
		{&unordered{}, false},
	} {
		if _, ok := Enumerate(c.m, nil); ok != c.ok {
			t.Errorf("%T of %d sites: %v, want %v", c.m, c.m.Sites(), ok, c.ok)
		}
	}
	overlap, _ := Find("overlap")
	for side, want := range map[int]int{10: 1, 11: 0} { // 4^10 pairs of states
		if values, _ := Enumerate(isingAt(0.5, 1, 0, side), []Observable{overlap}); len(values) != want {
			t.Errorf("a ring of %d spins has the overlap %v", side, values)
		}
	}
}

func TestPower(t *testing.T) {
	for _, c := range []struct {
		base, exponent, want int
		ok                   bool
	}{
		{2, 20, 1 << 20, true},
		{2, 21, 0, false},
		{3, 12, 531441, true},
		{3, 13, 0, false},
		{256, 2, 65536, true},
		{256, 1 << 40, 0, false},
		{7, 0, 1, true},
	} {
		if n, ok := power(c.base, c.exponent, maxStates); n != c.want || ok != c.ok {
			t.Errorf("%d^%d is %d, %v", c.base, c.exponent, n, ok)
		}
	}
}

// What costs least is summed first, whatever comes first on a card.
func TestAffordable(t *testing.T) {
	m := isingAt(0.5, 1, 0, 4, 4)
	expect := func(names ...string) (list []*expectation) {
		for _, name := range names {
			o, _ := Find(name)
			list = append(list, newExpectation(name, o, m))
		}
		return list
	}
	// Of 6, 1, 6 and 1 numbers, and of none that are not read already.
	of := expect("correlation", "energy", "structure_factor", "magnetization", "specific_heat")
	for limit, want := range map[float64][]string{
		0.5: nil,
		1:   {"energy", "specific_heat"},
		7.9: {"energy", "magnetization", "specific_heat"},
		8:   {"energy", "magnetization", "specific_heat", "correlation"},
		14:  {"energy", "magnetization", "specific_heat", "correlation", "structure_factor"},
		1e9: {"energy", "magnetization", "specific_heat", "correlation", "structure_factor"},
	} {
		var names []string
		for _, x := range affordable(of, limit) {
			names = append(names, x.name)
		}
		if !slices.Equal(names, want) {
			t.Errorf("for %g numbers %q are read, want %q", limit, names, want)
		}
	}
}

func TestNeumaier(t *testing.T) {
	var s neumaier
	for _, x := range []float64{1, 1e100, 1, -1e100} {
		s.add(x)
	}
	if s.value() != 2 {
		t.Errorf("the sum is %g, want 2", s.value())
	}
}

// The largest models, with all that is affordable.
func BenchmarkEnumerate(b *testing.B) {
	potts := &models.Potts{Periodic: models.Periodic{Shape: []int{2, 5}}, Thermal: isingAt(0.7, 1, 0, 2).Thermal, J: 1, Q: 4}
	zeros := &models.BlumeCapel{Periodic: models.Periodic{Shape: []int{3, 4}}, Thermal: potts.Thermal, J: 1}
	for name, m := range map[string]models.Model{
		"ising 4x5":       isingAt(0.7, 1, 0, 4, 5),
		"ising 3x6":       isingAt(0.7, 1, 0, 3, 6),
		"ising 4x4":       isingAt(0.7, 1, 0, 4, 4),
		"potts 2x5 q=4":   potts,
		"blume-capel 3x4": zeros,
	} {
		b.Run(name, func(b *testing.B) {
			if err := m.Prepare(); err != nil {
				b.Fatal(err)
			}
			n := 0
			for b.Loop() {
				values, _ := Enumerate(m, All())
				n = len(values)
			}
			b.ReportMetric(float64(n), "values")
		})
	}
}

func ExampleEnumerate() {
	beta := 0.44
	m := &models.Ising{Periodic: models.Periodic{Shape: []int{4, 4}}, Thermal: models.Thermal{InverseT: &beta}, J: 1}
	if err := m.Prepare(); err != nil {
		fmt.Println(err)
		return
	}
	ratio, err := Derive("ratio", "mean(magnetization^4) / mean(magnetization^2)^2", m)
	if err != nil {
		fmt.Println(err)
		return
	}
	correlation, _ := Find("correlation")
	values, _ := Enumerate(m, []Observable{ratio, correlation})
	fmt.Printf("ratio %.6f, correlation %.6f\n", values["ratio"], values["correlation"])
	// Output:
	// ratio [1.149801], correlation [1.000000 0.781424 0.738796]
}
