package report

import (
	"bytes"
	"encoding/csv"
	"flag"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"mcrun/mc/param"
)

var update = flag.Bool("update", false, "rewrite the tables in testdata")

func ptr[T any](x T) *T { return &x }

// estimate returns an observable of which everything is known, from n records
// and in ten seconds.
func estimate(name string, value, err, tau, n float64) Observable {
	ess := n / (2 * tau)
	return Observable{Name: name, Reason: ptr("exact, sigmas: " + noExact), Estimates: []Estimate{{
		Value: &value, Error: &err, TauInt: &tau, TauIntError: ptr(tau * 0.03), ESS: &ess, ESSPerSecond: ptr(ess / 10), RHat: ptr(1.0012)}}}
}

func (o Observable) against(exact float64) Observable {
	e := o.Estimates[0]
	e.Exact, e.Sigmas = &exact, ptr((*e.Value-exact) / *e.Error)
	o.Estimates, o.Reason = []Estimate{e}, nil
	return o
}

func unknown(name string, value *float64, reason string) Observable {
	return Observable{Name: name, Estimates: []Estimate{{Value: value}}, Reason: &reason}
}

// correlation returns a function of so many points, 1 at 0 without an error;
// it is decaying as exp(-x/length) with exact values if exactly.
func correlation(points int, length, shift float64, exactly bool) Observable {
	o := Observable{Name: "correlation"}
	for i := range points {
		x := float64(i)
		o.X = append(o.X, []float64{x})
		value := math.Exp(-x / length)
		e := estimate("", value+shift*0.002, 0.002, 5+x/4, 40000).Estimates[0]
		if i == 0 {
			e = Estimate{Value: ptr(1.0)}
		}
		if exactly {
			e.Exact = &value
			if i > 0 {
				e.Sigmas = ptr((*e.Value - value) / *e.Error)
			}
		}
		o.Estimates = append(o.Estimates, e)
	}
	o.Reason = ptr("error, tau_int, tau_int_error, ess, ess_per_second, rhat, sigmas at x = 0: " + errSame.Error())
	if !exactly {
		o.Reason = ptr("error, tau_int, tau_int_error, ess, ess_per_second, rhat at x = 0: " + errSame.Error() + "; exact, sigmas: " + noExact)
	}
	return o
}

// vector returns a function of vectors.
func vector() Observable {
	o := Observable{Name: "structure_factor", Reason: ptr("exact, sigmas: " + noExact)}
	for i, x := range [][]float64{{0, 0}, {2 * math.Pi / 3, 0}, {0, 0}, {0, math.Pi / 2}} {
		o.X = append(o.X, x)
		o.Estimates = append(o.Estimates, estimate("", 60/float64(1+i*i), 0.3, 8, 40000).Estimates[0])
	}
	return o
}

func model(temperature float64, shape ...int) Settings {
	return Settings{
		{Key: "name", Value: "ising"}, {Key: "shape", Value: shape}, {Key: "temperature", Value: temperature},
		{Key: "beta", Value: 1 / temperature}, {Key: "J", Value: 1.0}, {Key: "h", Value: 0.0},
	}
}

// examples are summaries of the kinds that tables must show.
func examples() map[string]Summary {
	metropolis := Result{
		Proposal: "metropolis", Kernels: []string{"metropolis"}, Model: model(2.269185314213022, 16, 16),
		Chains: 4, Sweeps: 20000, Seconds: 10, Acceptance: ptr(0.18657), Doubts: []string{
			"magnetization: only 80000 records for tau_int = 2.1e+03 records, so tau_int and the error are themselves uncertain: run at least 1.3 times as long",
		},
		Observables: Observables{
			estimate("energy", -1.45012, 0.0037, 18.8, 80000).against(-1.453064852813477),
			estimate("specific_heat", 1.505, 0.024, 5.98, 80000).against(1.4987049594),
			estimate("magnetization", 0.048, 0.16, 2100, 80000).against(0),
			estimate("abs_magnetization", 0.7051, 0.0064, 42.6, 80000),
			estimate("susceptibility", 60.51, 0.76, 35.3, 80000),
			estimate("connected_susceptibility", 4.52, 0.31, 22.5, 80000),
		},
	}
	wolff := metropolis
	wolff.Task, wolff.Proposal, wolff.Kernels, wolff.Acceptance, wolff.Doubts = 1, "wolff", []string{"wolff"}, nil, nil
	wolff.Observables = Observables{
		estimate("energy", -1.45325, 0.00091, 0.706, 80000).against(-1.453064852813477),
		estimate("specific_heat", 1.4921, 0.0075, 0.603, 80000).against(1.4987049594),
		estimate("magnetization", 0.0017, 0.0026, 0.5, 80000).against(0),
		estimate("abs_magnetization", 0.71480, 0.00074, 0.663, 80000),
		estimate("susceptibility", 61.70, 0.10, 0.667, 80000),
		estimate("connected_susceptibility", 4.561, 0.021, 0.61, 80000),
	}

	var scan []Result
	for i, temperature := range []float64{2, 2.25, 2.5} {
		for k, shape := range [][]int{{8, 8}, {128, 128}} {
			for p, proposal := range []string{"heat-bath", "swendsen-wang"} {
				tau := 3.0
				if p == 0 {
					tau = 3 + 4*float64(i) + 900*float64(k)
				}
				shift := float64(i+p) - float64(2*k)
				r := Result{
					Task: 4*i + 2*k + p, Point: 2*i + k, Proposal: proposal, Kernels: []string{proposal}, Model: model(temperature, shape...),
					Scan:   Settings{{Key: "model.temperature", Value: temperature}, {Key: "model.shape", Value: shape}},
					Chains: 8, Sweeps: 5000 + 10*i, Seconds: 10,
					Observables: Observables{
						estimate("energy", -1.7+0.3*float64(i), 0.0021, tau, 40000).against(-1.7 + 0.3*float64(i) - 0.0019*shift),
						estimate("specific_heat", 0.7+0.1*float64(i), 0.031, tau, 40000).against(0.7),
						estimate("abs_magnetization", 0.9-0.2*float64(i), 0.00021, tau, 40000),
						estimate("susceptibility", 1e5/float64(1+i), 230, tau, 40000),
						estimate("binder", 0.61, 1e-6, tau, 40000),
					},
				}
				if p == 0 && k == 1 {
					r.Acceptance = ptr(0.41)
					r.Doubts = []string{"energy (also specific_heat, abs_magnetization, susceptibility, binder): only 40000 records for tau_int = " +
						strconv.Itoa(900+4*i) + " records, so tau_int and the error are themselves uncertain: run at least 1.1 times as long"}
				}
				scan = append(scan, r)
			}
		}
	}

	var functions []Result
	for i, proposal := range []string{"heat-bath", "wolff"} {
		functions = append(functions, Result{
			Task: i, Proposal: proposal, Kernels: []string{proposal}, Model: model(2.5, 3, 4), Chains: 4, Sweeps: 10000, Seconds: 5, Doubts: []string{},
			Observables: Observables{
				estimate("energy", -1.1+0.0021*float64(i), 0.0021, 3, 40000).against(-1.1),
				correlation(9, 3, float64(i)-0.4, true),
				vector(),
				unknown("improved_susceptibility", nil, "value, error, tau_int, tau_int_error, ess, ess_per_second, rhat: "+"heat-bath builds no clusters"+"; exact, sigmas: "+noExact),
			},
		})
	}
	functions[0].Doubts = []string{"correlation at x = 8 and 2 more (also energy): R-hat = 1.020 is above 1.01: thermalize longer"}
	functions[1].Observables[3] = estimate("improved_susceptibility", 12.31, 0.04, 0.7, 40000)

	var profiles []Result
	for i, length := range []int{8, 32, 64} {
		profiles = append(profiles, Result{
			Task: i, Point: i, Proposal: "wolff", Kernels: []string{"wolff"}, Model: model(2.5, length, length), Chains: 4, Sweeps: 10000, Seconds: 5, Doubts: []string{},
			Scan:        Settings{{Key: "model.shape", Value: []int{length, length}}},
			Observables: Observables{correlation(length/2+1, 4, 0.3, false)},
		})
	}

	var glass []Result
	for i, temperature := range []float64{0.8, 1.2} {
		for sample := range 3 {
			for p, proposal := range []string{"metropolis", "heat-bath"} {
				shift := float64((7*sample+3*i)%5 - 2)
				m := append(slices.Clone(model(temperature, 4, 4, 4)), param.Setting{Key: "disorder_seed", Value: 1 + sample})
				glass = append(glass, Result{
					Task: len(glass), Point: 3*i + sample, Proposal: proposal, Kernels: []string{proposal}, Model: m, Chains: 4, Sweeps: 10000, Seconds: 5, Doubts: []string{},
					Scan: Settings{{Key: "model.temperature", Value: temperature}, {Key: "model.disorder_seed", Value: 1 + sample}},
					Observables: Observables{
						estimate("energy", -1.7+0.2*float64(i)+0.01*shift+0.0004*float64(p), 0.0007, 5, 40000),
						estimate("overlap", 0.01*shift, 0.012, 40, 40000),
					},
				})
			}
		}
	}

	long := Result{
		Proposal: "over-relaxation+heat-bath+swendsen-wang+over-relaxation", Kernels: []string{"over-relaxation", "heat-bath", "swendsen-wang", "over-relaxation"},
		Model:  Settings{{Key: "name", Value: "a_model_of_one's|own"}, {Key: "shape", Value: []int{4, 4, 4, 4}}, {Key: "temperature", Value: nil}, {Key: "beta", Value: 0.0}},
		Chains: 1, Sweeps: 100, Seconds: 0, Rung: ptr(2),
		Doubts: []string{"connected_magnetization_of_the_second_sublattice: R-hat = 1.210 is above 1.01: 100% of 5_000 <{chains}> & #halves ~ have not seen $ the \\ same ^ distribution"},
		Observables: Observables{
			estimate("connected_magnetization_of_the_second_sublattice", 1.2345e-7, 3.4e-9, 0.5, 100),
			unknown("energy|site", nil, "value, error, tau_int, tau_int_error, ess, ess_per_second, rhat: too few records: 0, at least 2 are needed; run longer; exact, sigmas: "+noExact),
			unknown("m^2", ptr(1.0), "error, tau_int, tau_int_error, ess, ess_per_second, rhat: constant series: all 100 records give 1; exact, sigmas: "+noExact),
		},
	}
	return map[string]Summary{
		"point":     New([]Result{metropolis, wolff}),
		"scan":      New(scan),
		"missing":   New([]Result{long}),
		"functions": New(functions),
		"profiles":  New(profiles),
		"disorder":  New(glass),
		"empty":     New(nil),
	}
}

var suffixes = map[string]string{"text": ".txt", "markdown": ".md", "latex": ".tex", "csv": ".csv", "json": ".json"}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s is not as stored; go test -update rewrites it. Now:\n%s", name, got)
	}
}

func TestWrite(t *testing.T) {
	for name, s := range examples() {
		for _, format := range Formats {
			var b bytes.Buffer
			if err := Write(&b, s, format); err != nil {
				t.Fatal(err)
			}
			golden(t, name+suffixes[format], b.Bytes())
		}
	}
	if err := Write(new(bytes.Buffer), Summary{}, "pdf"); err == nil || !strings.Contains(err.Error(), `"pdf"; choose one of text, markdown, latex, csv, json`) {
		t.Error(err)
	}
}

func TestWriteAll(t *testing.T) {
	all := examples()
	point, scan := all["point"], all["scan"]
	wolff := New(point.Results[1:])
	local := New(point.Results[:1])
	for _, format := range Formats {
		var b bytes.Buffer
		if err := WriteAll(&b, []string{"local.run", "runs/wolff_1.run"}, []Summary{local, wolff}, format); err != nil {
			t.Fatal(err)
		}
		golden(t, "together"+suffixes[format], b.Bytes())
	}
	var b bytes.Buffer
	if err := WriteAll(&b, []string{"a", "b"}, []Summary{scan, point}, "text"); err != nil {
		t.Fatal(err)
	}
	golden(t, "different.txt", b.Bytes())

	defer func() {
		if recover() != panicLabels {
			t.Error("no panic for a missing label")
		}
	}()
	WriteAll(&b, nil, []Summary{scan}, "text")
}

// Text has at most 80 columns, no spaces at the end of lines, and is ASCII.
func TestTextWidth(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) < 6 {
		t.Fatalf("%q, %v", files, err)
	}
	for _, path := range files {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for i, line := range strings.Split(string(text), "\n") {
			if utf8.RuneCountInString(line) > 80 || strings.TrimRight(line, " ") != line || len(line) != utf8.RuneCountInString(line) {
				t.Errorf("%s:%d: %q", path, i+1, line)
			}
		}
	}
}

// What csv holds is what the summary holds, with all digits.
func TestCSV(t *testing.T) {
	s := examples()["scan"]
	s.Results = append(s.Results, examples()["profiles"].Results...)
	seconds, z, sigma, exact, acceptance := 12.5, 3.0, 0.5, 2.0, 0.75
	s.Flows = []Flow{{Name: "rg", Point: s.Results[0].Point, Seconds: &seconds, LogZ: &z, LogZError: &sigma, LogZExact: &exact, Acceptance: &acceptance, Doubts: []string{"one", "two"}}}
	rung := 0 // of a ladder, whose models are not that of the flow
	s.Results[0].Rung = &rung
	s.Results = slices.DeleteFunc(s.Results, func(r Result) bool { return r.Point == s.Results[0].Point && r.Rung == nil })
	var b bytes.Buffer
	if err := Write(&b, s, "csv"); err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(&b).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	column := func(name string) int { return slices.Index(rows[0], name) }
	check := func(row []string, name string, want *float64) {
		t.Helper()
		text := row[column(name)]
		if want == nil {
			if text != "" {
				t.Errorf("%s is %q, want none", name, text)
			}
			return
		}
		if got, err := strconv.ParseFloat(text, 64); err != nil || got != *want {
			t.Errorf("%s is %q, want %v", name, text, *want)
		}
	}
	i := 1
	for _, r := range s.Results {
		for _, o := range r.Observables {
			for k := range o.Estimates {
				row := rows[i]
				i++
				if row[column("task")] != strconv.Itoa(r.Task) || row[column("observable")] != o.Name || row[column("scan.model.shape")] != jsonText(r.Scan.value("model.shape")) {
					t.Fatalf("row %d is %q", i, row)
				}
				check(row, "acceptance", r.Acceptance)
				for _, n := range o.Estimates[k].numbers() {
					check(row, n.key, *n.number)
				}
				if o.X == nil {
					check(row, "x", nil)
				} else {
					check(row, "x", &o.X[k][0])
				}
			}
		}
	}
	if i+1 != len(rows) {
		t.Fatalf("%d rows, want %d", len(rows), i+1)
	}
	for name, want := range map[string]string{
		"task": "", "proposal": "rg", "seconds": "12.5", "acceptance": "0.75", "observable": "log_z", "value": "3", "error": "0.5",
		"exact": "2", "sigmas": "2", "doubts": "one | two", "model.name": "", "scan.model.shape": jsonText(s.Results[0].Scan.value("model.shape")),
	} {
		if got := rows[i][column(name)]; got != want {
			t.Errorf("%s of a flow is %q, want %q", name, got, want)
		}
	}
}

// Flows of several points are named as these are, in what they differ, and by the
// numbers of points of which nothing is known yet.
func TestFlowPlaces(t *testing.T) {
	s := examples()["scan"]
	number := 1234.5678
	for _, i := range []int{0, 1, 2} {
		s.Flows = append(s.Flows, Flow{
			Name: "rg", Point: 2 * i, Steps: ptr(100000), Seconds: &number, Loss: &number, KL: &number, ESS: &number,
			LogZ: &number, LogZError: &number, LogZExact: &number, Acceptance: &number, AcceptanceError: &number, Doubts: []string{"doubt"},
		})
	}
	write := func(format string, summaries ...Summary) string {
		var b bytes.Buffer
		if err := WriteAll(&b, []string{"a.run", "b.run"}[:len(summaries)], summaries, format); err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	check := func(text string, wants ...string) {
		t.Helper()
		for _, want := range wants {
			if !strings.Contains(text, want) {
				t.Errorf("no %q in\n%s", want, text)
			}
		}
	}
	text := write("text", s)
	check(text, "\nflow  temperature  ", "\nrg    2.25         ", "flow rg at temperature 2.25: doubt")
	if strings.Contains(text, "point") {
		t.Errorf("points have numbers in\n%s", text)
	}
	for line := range strings.Lines(text) {
		if len(line) > textWidth+1 {
			t.Errorf("%q has more than %d columns", line, textWidth)
		}
	}
	check(write("markdown", s), "| flow | temperature |", "| rg   | 2.25        |")
	check(write("latex", s), "flow & temperature &", "rg & 2.25 &")
	check(write("text", s, s), "flow rg of b.run at temperature 2.25: doubt")

	s.Results = s.Results[:8] // of points 0 to 3
	check(write("text", s), "\nflow  point  ", "\nrg        4  ", "flow rg at point 4: doubt")
	s.Results = nil
	check(write("text", s), "\nflow  point  ", "flow rg at point 4: doubt")
}

func TestEscapes(t *testing.T) {
	const text = "a_b _c |d| *e* `f` <g> [h] \\ i~j #k & l"
	if got, want := escapeMarkdown(text), "a_b \\_c \\|d\\| \\*e\\* \\`f\\` \\<g\\> \\[h\\] \\\\ i\\~j \\#k \\& l"; got != want {
		t.Errorf("Markdown: %s, want %s", got, want)
	}
	if got, want := escapeLaTeX(`a_b|100% {c} $d$ & #1 ~^\ "<>`),
		`a\_b\textbar{}100\% \{c\} \$d\$ \& \#1 \textasciitilde{}\textasciicircum{}\textbackslash{} \textquotedbl{}\textless{}\textgreater{}`; got != want {
		t.Errorf("LaTeX: %s, want %s", got, want)
	}
	for text, want := range map[string]string{
		"":               "",
		"-":              "--",
		"-1.45306(12)":   "$-1.45306(12)$",
		"1.2340(12)e-10": `$1.2340(12) \times 10^{-10}$`,
		"2.5000(30)e+12": `$2.5000(30) \times 10^{12}$`,
		"7.0e-04":        `$7.0 \times 10^{-4}$`,
	} {
		if got := mathLaTeX(text); got != want {
			t.Errorf("%s is %s, want %s", text, got, want)
		}
	}
	if got := escapeLaTeX("shape 16x16, m^2, tau_int"); got != `shape $16 \times 16$, $m^2$, $\tau_\mathrm{int}$` {
		t.Error(got)
	}
}

func TestFit(t *testing.T) {
	wide := table{title: "t", stub: 1, notes: []string{"n"}, columns: []column{{head: "key"}}, rows: [][]string{{"k"}}, foot: [][]string{{"f"}}}
	for k := range 7 {
		cell := strings.Repeat(strconv.Itoa(k), 10)
		wide.columns = append(wide.columns, column{head: cell})
		wide.rows[0], wide.foot[0] = append(wide.rows[0], cell), append(wide.foot[0], cell)
	}
	for _, c := range []struct{ limit, parts, most int }{
		{87, 1, 7}, {86, 2, 4}, {51, 2, 4}, {50, 3, 3}, {15, 7, 1}, {1, 7, 1},
	} {
		parts := wide.fit(c.limit)
		seen := ""
		most := 0
		for i, p := range parts {
			if p.rows[0][0] != "k" || p.foot[0][0] != "f" || p.columns[0].head != "key" || (len(p.notes) > 0) != (i == len(parts)-1) {
				t.Errorf("limit %d: part %d is %+v", c.limit, i, p)
			}
			most = max(most, len(p.columns)-1)
			for _, cell := range p.rows[0][1:] {
				seen += cell[:1]
			}
		}
		if len(parts) != c.parts || most != c.most || seen != "0123456" {
			t.Errorf("limit %d: %d parts of up to %d columns, in all %s; want %d of %d", c.limit, len(parts), most, seen, c.parts, c.most)
		}
	}
}

func TestBreakName(t *testing.T) {
	for _, c := range []struct{ name, want string }{
		{"energy", "energy"},
		{"connected_susceptibility", "connected_\nsusceptibility"},
		{"a_b_c", "a_b_c"},
		{"flow+wolff+heat-bath", "flow+wolff+\nheat-bath"},
		{"", ""},
		{"x = (0,3.14159)", "x = (0,\n3.14159)"}, // not at the point of a decimal
	} {
		if got := breakName(c.name, 14); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

// Points are named by what differs between them: of temperature and beta by
// the scanned one, and by the model's keys where runs differ without a scan.
func TestAxes(t *testing.T) {
	at := func(m Settings, scan ...param.Setting) Result { return Result{Proposal: "p", Model: m, Scan: scan} }
	short := Settings{{Key: "shape", Value: []int{16, 16}}, {Key: "name", Value: "ising"}, {Key: "temperature", Value: 2.0},
		{Key: "beta", Value: 0.5}, {Key: "J", Value: 1.0}, {Key: "h", Value: 0.0}} // the keys of model in another order
	for _, c := range []struct {
		name   string
		runs   []Summary
		points []string
		common string
	}{
		{"one point", []Summary{New([]Result{at(model(2, 4, 4))})}, []string{""}, "name = ising, shape = 4x4, temperature = 2, J = 1, h = 0"},
		{"temperature", []Summary{New([]Result{at(model(2, 4, 4)), at(model(2.5, 4, 4))})}, []string{"temperature 2", "temperature 2.5"}, "name = ising, shape = 4x4, J = 1, h = 0"},
		{"beta scanned", []Summary{New([]Result{
			at(model(2, 4, 4), param.Setting{Key: "model.beta", Value: 0.5}), at(model(2.5, 4, 4), param.Setting{Key: "model.beta", Value: 0.4}),
		})}, []string{"beta 0.5", "beta 0.4"}, "name = ising, shape = 4x4, J = 1, h = 0"},
		{"runs of two sizes", []Summary{New([]Result{at(model(2, 4, 4))}), New([]Result{at(model(2, 8, 8))})}, []string{"shape 4x4", "shape 8x8"}, "name = ising, temperature = 2, J = 1, h = 0"},
		{"runs of one model", []Summary{New([]Result{at(model(2, 16, 16))}), New([]Result{at(short)})}, []string{""}, "name = ising, shape = 16x16, temperature = 2, J = 1, h = 0"},
		{"a kernel's key", []Summary{New([]Result{
			at(model(2, 4, 4), param.Setting{Key: "proposal.wolff.steps", Value: 1}), at(model(2, 4, 4), param.Setting{Key: "proposal.wolff.steps", Value: 5}),
		})}, []string{"wolff.steps 1", "wolff.steps 5"}, "name = ising, shape = 4x4, temperature = 2, J = 1, h = 0"},
		{"close temperatures", []Summary{New([]Result{at(model(2.2691851, 4, 4)), at(model(2.2691853, 4, 4))})},
			[]string{"temperature 2.2691851", "temperature 2.2691853"}, "name = ising, shape = 4x4, J = 1, h = 0"},
		{"infinite temperature", []Summary{New([]Result{
			at(Settings{{Key: "temperature", Value: nil}, {Key: "beta", Value: 0.0}}), at(Settings{{Key: "temperature", Value: 2.0}, {Key: "beta", Value: 0.5}}),
		})}, []string{"beta 0", "beta 0.5"}, ""},
	} {
		s := newSheet(make([]string, len(c.runs)), c.runs)
		if !slices.Equal(s.points, c.points) || s.common.String() != c.common {
			t.Errorf("%s: points %q, in common %s; want %q and %s", c.name, s.points, s.common, c.points, c.common)
		}
	}
}

// Sentences that differ in their numbers only are told once.
func TestGather(t *testing.T) {
	s := New([]Result{
		{Proposal: "a", Model: model(1, 4, 4), Doubts: []string{"energy: 12 records", "energy: R-hat"}},
		{Proposal: "b", Model: model(1, 4, 4), Doubts: []string{"energy: 1.5e+03 records"}},
		{Proposal: "a", Model: model(2, 4, 4), Doubts: []string{"energy: -0.7 records", "binder: 7 records"}},
	})
	got := newSheet([]string{""}, []Summary{s}).gather(func(r *Result) []string { return r.Doubts })
	want := []string{
		"a at temperature 1: energy: 12 records. Likewise: at temperature 2; b at temperature 1",
		"a at temperature 1: energy: R-hat",
		"a at temperature 2: binder: 7 records",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestExactly(t *testing.T) {
	for _, c := range []struct {
		exact, err float64
		want       string
	}{
		{-1.453064852813477, 0.0037, "-1.45306"},
		{0, 0.1, "0"},
		{1.5, 1e-12, "1.5"},
		{123456.789, 250, "123457"},
		{1234567.891, 25, "1234567.9"},
	} {
		if got := exactly(&c.exact, &c.err); got != c.want {
			t.Errorf("%g with error %g: %s, want %s", c.exact, c.err, got, c.want)
		}
	}
	if got := exactly(ptr(math.Pi), nil); got != "3.1415927" {
		t.Error(got)
	}
}

// Tables begin with the title, those of several runs with each.
func TestTitle(t *testing.T) {
	s := examples()["point"]
	s.Title = "Ising at 100% & more"
	for format, want := range map[string]string{
		"text":     "Ising at 100% & more\n\n",
		"markdown": "Ising at 100% \\& more\n\n",
		"latex":    "% Needs \\usepackage{booktabs}.\n\nIsing at 100\\% \\& more\n\n",
		"json":     "{\n  \"format\": 1,\n  \"results\": [\n", // the title is the card's
	} {
		var b bytes.Buffer
		if err := Write(&b, s, format); err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(b.String(), want) {
			t.Errorf("%s begins with %.80q, want %q", format, b.String(), want)
		}
	}
	var b bytes.Buffer
	if err := WriteAll(&b, []string{"a", "b", "c"}, []Summary{s, New(nil), {Title: "Potts"}}, "text"); err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(b.String(), "a: Ising at 100% & more\n\nc: Potts\n\n") {
		t.Errorf("several begin with %.80q", b.String())
	}
}

func TestLength(t *testing.T) {
	for _, c := range []struct {
		chains, sweeps []int
		want           string
	}{
		{[]int{1}, []int{1}, "1 chain of 1 sweep"},
		{[]int{1, 4}, []int{0, 0}, "1 to 4 chains of 0 sweeps"},
		{[]int{4, 4}, []int{1, 10}, "4 chains of 1 to 10 sweeps"},
	} {
		var results []*Result
		for i, n := range c.chains {
			results = append(results, &Result{Chains: n, Sweeps: c.sweeps[i]})
		}
		if got := length(results); got != c.want {
			t.Errorf("got %s, want %s", got, c.want)
		}
	}
}
