package models

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"mcrun/mc/param"
)

func fileOf(text string) *param.File {
	return &param.File{Path: "net.txt", Data: []byte(text)}
}

func TestCouplingsFile(t *testing.T) {
	bonds := []Bond{{0, 1, -1}, {2, 1, 0.5}}
	fields := []siteField{{2, -0.25}}
	const body = "0 1 -1\n2 1 0.5\n2 -0.25\n"
	for _, text := range []string{
		"sites 3\n" + body,
		"3\n" + body,
		"3 2\n" + body,
		"# sites 3\n" + body,
		"# 3\n" + body,
		"N = 3\n" + body,
		"# Number of sites: 3\n" + body,
		"#3\n\n# more\n" + body,
		"# 3\n3 2\n" + body,
		"# a comment of 3 words\nsites 3\n" + body,
		"# 7\nsites 3\n" + body,
		"\n\n3 # sites\n\n0,1,-1\n2\t1\t0.5 # a bond\n  2 ,  -2.5e-1",
		"\ufeff3\r\n0 1 -1\r\n2 1 +0.5\r\n2 -0.25\r\n",
		"3\n2 -0.25\n0 1 -1\n2 1 0.5\n",
	} {
		f, err := parseCouplings(fileOf(text))
		if err != nil {
			t.Errorf("%q: %v", text, err)
		} else if f.sites != 3 || !slices.Equal(f.bonds, bonds) || !slices.Equal(f.fields, fields) || f.data != len(text) {
			t.Errorf("%q: got %+v", text, f)
		}
	}
	for _, text := range []string{"4", "# 4\n", "sites 4\n# nothing else", "4 0\n"} {
		if f, err := parseCouplings(fileOf(text)); err != nil || f.sites != 4 || len(f.bonds)+len(f.fields) != 0 {
			t.Errorf("%q: got %+v, %v", text, f, err)
		}
	}
	// A first line of two whole numbers is a field where a comment is the header.
	if f, err := parseCouplings(fileOf("# sites 3\n0 1\n1 2.0\n")); err != nil || !slices.Equal(f.fields, []siteField{{0, 1}, {1, 2}}) {
		t.Errorf("got %+v, %v", f, err)
	}
}

func TestCouplingsFileRefused(t *testing.T) {
	const columns = `; expected "i j J" for a bond or "i h" for a field`
	const first = `; expected a first line "sites N" with the number of sites`
	for _, c := range []struct {
		text string
		want []string
	}{
		{"", []string{`"net.txt", line 1: neither bonds nor a header` + first}},
		{"# nothing\n\n", []string{`"net.txt", line 2: neither bonds nor a header` + first}},
		{"# a net\n0 1 1\n", []string{`"net.txt", line 2: no header before the first bond or field` + first}},
		{"0 0.5\n", []string{`"net.txt", line 1: no header before the first bond or field` + first}},
		{"0\n", []string{`"net.txt", line 1: 0 sites; expected from 1 to 134217728 sites`}},
		{"sites -3\n", []string{`"net.txt", line 1: -3 sites; expected from 1 to 134217728 sites`}},
		{"4000000000\n", []string{`"net.txt", line 1: 4000000000 sites; expected from 1 to 134217728 sites`}},
		{"3\n0 1 1\n0 4 1\n", []string{`"net.txt", line 3: there is no site 4; expected sites from 0 to 2`}},
		{"3\n-1 1 1\n", []string{`"net.txt", line 2: there is no site -1; expected sites from 0 to 2`}},
		{"3\n1 2 1\n2 3 1\n", []string{`"net.txt" numbers its sites from 1 to 3; expected sites counted from 0, up to 2`}},
		{"3\n1 2 1\n3 0.5\n", []string{`"net.txt" numbers its sites from 1 to 3; expected sites counted from 0, up to 2`}},
		{"3\n0 2 1\n2 3 1\n", []string{`"net.txt", line 3: there is no site 3; expected sites from 0 to 2`}},
		{"3\n1 1 2\n", []string{`"net.txt", line 2: a bond of site 1 with itself; expected bonds between different sites; a field has two columns, "i h"`}},
		{"3\n0 1 x\n", []string{`"net.txt", line 2: "x" is no finite number` + columns}},
		{"3\n0 1 inf\n", []string{`"net.txt", line 2: "inf" is no finite number` + columns}},
		{"3\n0 1 1e999\n", []string{`"net.txt", line 2: "1e999" is no finite number` + columns}},
		{"3\n0 nan\n", []string{`"net.txt", line 2: "nan" is no finite number` + columns}},
		{"3\n0 1.5 1\n", []string{`"net.txt", line 2: "1.5" is no site` + columns}},
		{"3\na b 1\n", []string{`"net.txt", line 2: "a" is no site` + columns}},
		{"3\n0\n", []string{`"net.txt", line 2: 1 column` + columns}},
		{"3\n0 1 1 1\n", []string{`"net.txt", line 2: 4 columns` + columns}},
		{"3\n0 1 1\n1 2 1\n1 0 2\n", []string{`"net.txt", line 4: sites 1 and 0 have a bond already, in line 2; expected each pair once, with the sum of its couplings`}},
		{"3\n0 1\n0 2.0\n", []string{`"net.txt", line 3: site 0 has a field already, in line 2; expected each field once; a bond has three columns, "i j J"`}},
		{"3\n0 1\n1 2\n", []string{`"net.txt", line 2: lines of two columns are fields, but these could be bonds without couplings; expected "i j J" for a bond, as 0 1 1.0, or fields with a decimal point`}},
		{"3 3\n0 1 1\n1 2 1\n", []string{`the header of "net.txt" says 3 bonds, and 2 follow; expected as many lines "i j J" as the header says`}},
		{"3\n0 1\n0 9 x\n7 1 1\n", []string{
			`"net.txt", line 3: "x" is no finite number` + columns,
			`"net.txt", line 4: there is no site 7; expected sites from 0 to 2`,
		}},
	} {
		_, err := parseCouplings(fileOf(c.text))
		var got []string
		if joined, ok := err.(interface{ Unwrap() []error }); ok {
			for _, err := range joined.Unwrap() {
				if e := (*param.Error)(nil); !errors.As(err, &e) || e.Key != "couplings" {
					t.Errorf("%q: %v is not of the key couplings", c.text, err)
				}
				got = append(got, strings.TrimPrefix(err.Error(), "couplings: "))
			}
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%q:\ngot  %q\nwant %q", c.text, got, c.want)
		}
	}
	// A file of nothing but mistakes is not read to its end.
	_, err := parseCouplings(fileOf("3\n" + strings.Repeat("0 1 x\n", 1000)))
	if n := strings.Count(err.Error(), "\n") + 1; n != maxFileErrors {
		t.Errorf("%d mistakes are told", n)
	}
	_, err = parseCouplings(fileOf("3\n" + strings.Repeat("0 1 1\n", 1000)))
	if n := strings.Count(err.Error(), "\n") + 1; n != maxFileErrors {
		t.Errorf("%d mistakes are told", n)
	}
}

// The keys shape and couplings exclude each other, and those of disorder a
// file.
func TestShapeOrCouplings(t *testing.T) {
	file := param.File{Path: "net.txt", Data: []byte("2\n0 1 1\n")}
	for _, c := range []struct {
		model string
		keys  map[string]any
		want  string
	}{
		{"ising", map[string]any{}, "shape: missing; expected shape or couplings"},
		{"ising", map[string]any{"shape": []int{}}, "shape: has no sides; expected a list of side lengths, as [16, 16]"},
		{"ising", map[string]any{"shape": []int{4}, "couplings": file}, "couplings: given beside shape; expected one of the two"},
		{"ising", map[string]any{"couplings": "/nowhere/net.txt"}, "couplings: cannot be read: open /nowhere/net.txt: no such file or directory; expected the path of a file in quotes, relative to the card"},
		{"ising", map[string]any{"coupling": file}, "coupling: unknown key; expected shape, couplings, temperature, beta, J or h; did you mean couplings?"},
		{"ising", map[string]any{"couplings": file, "J": 1e80}, "J: so large that averages of the energy overflow; expected a coupling of order one"},
		{"ising", map[string]any{"couplings": file, "h": 1e80}, "h: so large that averages of the energy overflow; expected a field of order one"},
		{"ising", map[string]any{"couplings": param.File{Path: "net.txt", Data: []byte("2\n0 1 1e80\n")}}, "couplings: so large that averages of the energy overflow; expected couplings of order one"},
		{"ising", map[string]any{"couplings": param.File{Path: "net.txt", Data: []byte("2\n0 1e80\n")}}, "couplings: so large that averages of the energy overflow; expected fields of order one"},
		{"ising", map[string]any{"couplings": file, "beta": 1e71}, "beta: so far from couplings and h that averages of beta H overflow; expected a temperature of the order of couplings and h"},
		{"ising", map[string]any{"couplings": file, "J": 2.0, "beta": 1e71}, "beta: so far from J, h and couplings that averages of beta H overflow; expected a temperature of the order of J, h and couplings"},
		{"potts", map[string]any{"shape": []int{4}, "q": 3, "beta": 1e71}, "beta: so far from J that averages of beta H overflow; expected a temperature of the order of J"},
		{"ising", map[string]any{"couplings": file}, ""},
		{"spin-glass", map[string]any{}, "shape: missing; expected shape or couplings"},
		{"spin-glass", map[string]any{"couplings": file, "disorder": "gaussian"}, "disorder: given beside couplings; expected none: the file says all couplings"},
		{"spin-glass", map[string]any{"couplings": file, "disorder_seed": 1}, "disorder_seed: given beside couplings; expected none: the file says all couplings"},
		{"spin-glass", map[string]any{"shape": []int{4}, "disorder": "gauss"}, `disorder: is "gauss"; expected "+-J" or "gaussian"; did you mean "gaussian"?`},
		{"spin-glass", map[string]any{"shape": []int{4}, "J": 1e69}, "J: so large that averages of the energy overflow; expected a scale of order one"},
		{"spin-glass", map[string]any{"shape": []int{4}}, ""},
		{"spin-glass", map[string]any{"couplings": file}, ""},
		{"potts", map[string]any{"q": 3}, "shape: missing; expected a list of whole numbers"},
		{"potts", map[string]any{"shape": []int{4}, "q": 257}, "q: is 257; expected a whole number at least 2 and at most 256"},
		{"potts", map[string]any{"shape": []int{4}, "q": 3, "J": 1e70}, "J: so large that averages of the energy overflow; expected a coupling of order one"},
		{"blume-capel", map[string]any{"shape": []int{4}}, "D: missing; expected a number"},
		{"blume-capel", map[string]any{"shape": []int{4}, "D": -1e70}, "D: so large that averages of the energy overflow; expected a crystal field of order one"},
	} {
		e, _ := Find(c.model)
		if c.keys["beta"] == nil {
			c.keys["beta"] = 1.0
		}
		var got string
		for _, err := range param.Decode(c.keys, e.New()) {
			got += err.Error()
		}
		if got != c.want {
			t.Errorf("%s %v:\ngot  %s\nwant %s", c.model, c.keys, got, c.want)
		}
	}
}

// J scales the couplings of a file and not its fields, to which h is added.
func TestGraphOfFile(t *testing.T) {
	f, err := parseCouplings(fileOf("4\n0 1 -1\n2 1 0.5\n2 -0.25\n0 3 2\n"))
	if err != nil {
		t.Fatal(err)
	}
	g := f.graph(-2, 0.5)
	var got []string
	for i := range g.Sites() {
		got = append(got, fmt.Sprint(g.Neighbours(i), g.Strengths(i), g.Field(i)))
	}
	want := []string{"[1 3] [2 -4] 0.5", "[0 2] [2 -1] 0.5", "[1] [-1] 0.25", "[0] [-4] 0.5"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if fmt.Sprint(f.bonds) != "[{0 1 -1} {2 1 0.5} {0 3 2}]" {
		t.Errorf("the file's bonds became %v", f.bonds)
	}
}

func TestNewGraphPanics(t *testing.T) {
	for _, b := range []Bond{{0, 0, 1}, {-1, 0, 1}, {0, 2, 1}} {
		func() {
			defer func() {
				if recover() != badBond {
					t.Errorf("%v was accepted", b)
				}
			}()
			NewGraph(2, []Bond{b}, nil)
		}()
	}
}

// Loops of an odd number of negative bonds frustrate, others do not, whatever
// the order of the bonds; bonds of coupling 0 do not count.
func TestFrustrated(t *testing.T) {
	for _, c := range []struct {
		text string
		want bool
	}{
		{"4\n0 1 -1\n1 2 -1\n2 3 -1\n3 0 -1\n", false},
		{"4\n0 1 -1\n1 2 -1\n2 3 -1\n3 0 1\n", true},
		{"4\n0 1 -1\n2 3 -1\n1 2 1\n0 3 1\n", false},
		{"4\n0 1 -1\n2 3 -1\n1 2 1\n0 3 1\n0 2 1\n", true},
		{"4\n0 1 -1\n2 3 -1\n1 2 1\n0 3 1\n0 2 0\n", false},
		{"5\n0 1 1\n1 2 1\n0 2 -1\n3 4 -1\n", true},
	} {
		file := fileOf(c.text)
		one := 1.0
		m := &Ising{File: file, Thermal: Thermal{Temperature: &one}, J: 1}
		if err := m.Prepare(); err != nil {
			t.Fatal(err)
		}
		if m.Frustrated() != c.want {
			t.Errorf("%q: Frustrated is %t", c.text, m.Frustrated())
		}
		var satisfied bool
		s := m.NewState(Cold, nil)
		satisfied = m.Energy(s) == -float64(strings.Count(c.text, "\n")-1-strings.Count(c.text, " 0\n"))
		if satisfied == c.want {
			t.Errorf("%q: the cold start %v has H = %v", c.text, s, m.Energy(s))
		}
	}
	one := 1.0
	// The key J turns signs.
	for _, c := range []struct {
		j    float64
		want bool
	}{{1, false}, {-1, true}, {0, false}} {
		for _, m := range []Frustrated{
			&Ising{File: fileOf("3\n0 1 1\n1 2 1\n2 0 1\n"), Thermal: Thermal{Temperature: &one}, J: c.j},
			&SpinGlass{File: fileOf("3\n0 1 1\n1 2 1\n2 0 1\n"), Thermal: Thermal{Temperature: &one}, J: c.j},
		} {
			if err := m.Prepare(); err != nil || m.Frustrated() != c.want {
				t.Errorf("%T, a triangle of J = %v: Frustrated is %t, %v", m, c.j, m.Frustrated(), err)
			}
		}
	}
	// Parts turn along their fields.
	m := &Ising{File: fileOf("6\n0 1 -1\n0 -1\n1 -2\n2 3 1\n3 -0.5\n2 1\n4 -1\n"), Thermal: Thermal{Temperature: &one}, J: 1}
	if err := m.Prepare(); err != nil {
		t.Fatal(err)
	}
	if s := m.NewState(Cold, nil).(Spins); fmt.Sprint(s) != "[1 0 1 1 0 1]" {
		t.Errorf("cold start %v", s)
	}
}

// A large random lattice is frustrated, for which its couplings need not be
// drawn; one without couplings or of one dimension need not be. Bonds that could
// not be numbered are refused.
func TestLargeGlass(t *testing.T) {
	one := 1.0
	glass := func(j float64, shape ...int) *SpinGlass {
		return &SpinGlass{Periodic: Periodic{Shape: shape}, Thermal: Thermal{Temperature: &one}, J: j}
	}
	for _, c := range []struct {
		of   *SpinGlass
		want bool
	}{
		{glass(1, 1<<15, 1<<15), true}, // 48 GiB, if drawn
		{glass(0, 1<<15, 1<<15), false},
		{glass(1, 2, surelyFrustrated/2), true},
	} {
		if got := c.of.Frustrated(); got != c.want {
			t.Errorf("shape %v, J = %v: Frustrated is %t", c.of.Shape, c.of.J, got)
		}
	}
	// Just below the bound, where they are drawn, it is the same.
	if !glass(1, 2, surelyFrustrated/2-1).Frustrated() || !glass(1, 127, 127).Frustrated() {
		t.Error("a lattice that is smaller by little is not frustrated")
	}
	if err := glass(1, 1<<15, 1<<15).Validate(); err == nil || !strings.Contains(err.Error(), "too many bonds") {
		t.Errorf("2^31 bonds: %v", err)
	}
}
