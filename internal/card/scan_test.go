package card

import (
	"fmt"
	"slices"
	"testing"

	"mcrun/mc/param"
	"mcrun/models"
)

func TestScanOrder(t *testing.T) {
	c := parse(t, `
[model]
name = "ising"
[run]
sweeps = 1000
[[proposal]]
kernel = "wolff"
[[proposal]]
name = "pair"
cycle = [{ kernel = "wolff" }, { kernel = "metropolis" }]
[scan]
"model.temperature" = { from = 2, to = 3, points = 3 }
'model.shape' = [[4, 4], [8, 8]]
"proposal.pair.wolff.steps" = [1, 5]
seed = [3]
`)
	var got []string
	for i, p := range c.Points {
		m := p.Model.(*models.Ising)
		if p.Index != i || p.Seed != 3 || 1/m.Beta() != p.Scan[0].Value || p.Proposals[1].Members[0].Steps != p.Scan[2].Value || !slices.Equal(m.Shape, p.Scan[1].Value.([]int)) {
			t.Errorf("point %d: scan %v, but %+v", i, p.Scan, m)
		}
		got = append(got, fmt.Sprint(p.Scan[0].Value, m.Shape[0], p.Scan[2].Value))
	}
	want := []string{"2 4 1", "2 4 5", "2 8 1", "2 8 5", "2.5 4 1", "2.5 4 5", "2.5 8 1", "2.5 8 5", "3 4 1", "3 4 5", "3 8 1", "3 8 5"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
	if c.Tasks() != 24 {
		t.Errorf("got %d tasks", c.Tasks())
	}
}

// Four ways to write a scan; sub-tables come last.
func TestScanNotations(t *testing.T) {
	for _, scan := range []string{
		"[scan]\n\"model.h\" = [0.0, 0.5]\n\"run.every\" = { from = 1, to = 2, points = 2 }\n",
		"[scan]\nmodel.h = [0.0, 0.5]\nrun.every = { from = 1, to = 2, points = 2 }\n",
		"[scan]\nmodel.h = [0.0, 0.5]\n[scan.\"run.every\"]\nfrom = 1\nto = 2\npoints = 2\n",
		"[scan.\"model.h\"]\nfrom = 0\nto = 0.5\npoints = 2\n[scan.run.every]\nfrom = 1\nto = 2\npoints = 2\n",
	} {
		c := parse(t, minimal+scan)
		if len(c.Points) != 4 || fmt.Sprint(c.Points[1].Scan) != "[{model.h 0} {run.every 2}]" || fmt.Sprint(c.Points[2].Scan) != "[{model.h 0.5} {run.every 1}]" {
			t.Errorf("%s\ngot %v", scan, c.Points)
		}
	}
}

func TestSpan(t *testing.T) {
	for _, c := range []struct {
		span span
		want []any
	}{
		{span{From: 2, To: 2.6, Points: 7}, []any{2.0, 2.1, 2.2, 2.3, 2.4, 2.5, 2.6}},
		{span{From: 2.6, To: 2, Points: 3}, []any{2.6, 2.3, 2.0}},
		{span{From: 0.1, To: 0.30000000000000004, Points: 2}, []any{0.1, 0.30000000000000004}}, // the ends to the bit
		{span{From: 2.269185314213022, To: 2.269185314213022, Points: 1}, []any{2.269185314213022}},
		{span{From: -1e308, To: 1e308, Points: 3}, []any{-1e308, 0.0, 1e308}},
		{span{From: -0.1, To: 0.2, Points: 4}, []any{-0.1, 0.0, 0.1, 0.2}},
		{span{From: 0.3, To: -0.6, Points: 4}, []any{0.3, 0.0, -0.3, -0.6}},
		{span{From: 0, To: 1e-20, Points: 3}, []any{0.0, 5e-21, 1e-20}},
		{span{From: 100, To: 300, Points: 3, whole: true}, []any{int64(100), int64(200), int64(300)}},
		{span{From: 1, To: 2, Points: 3, whole: true}, []any{int64(1), 1.5, int64(2)}},
	} {
		if got := c.span.values(); !slices.Equal(got, c.want) {
			t.Errorf("%+v: got %v", c.span, got)
		}
	}
	// A finer range has the points of the coarser one, to the bit.
	coarse, fine := span{From: 2, To: 2.6, Points: 13}, span{From: 2, To: 2.6, Points: 25}
	for i, x := range coarse.values() {
		if y := fine.values()[2*i]; x != y {
			t.Errorf("%v in 13 points, %v in 25", x, y)
		}
	}
}

// A range through zero has zero, in any number of points.
func TestSpanThroughZero(t *testing.T) {
	for n := 1; n <= 300; n++ {
		for _, x := range []float64{0.1, 1.0 / 3, 7e-9} {
			s := span{From: -x * float64(n), To: x * 10, Points: n + 11}
			if got := s.values()[n]; got != 0.0 {
				t.Errorf("%+v: got %v", s, got)
			}
		}
	}
}

// A value that a scan replaces is checked by itself alone: not against other
// keys, nor against what the machine can hold.
func TestShadowed(t *testing.T) {
	c := parse(t, `
[model]
name = "ising"
shape = [60000, 60000]
temperature = 2.5
[run]
sweeps = 5
every = 10
[[proposal]]
kernel = "metropolis"
[scan]
"model.shape" = [[4, 4]]
"run.sweeps" = [100, 200]
"model.temperature" = [1, 2]
`)
	if len(c.Points) != 4 {
		t.Errorf("got %d points", len(c.Points))
	}
}

// What is scanned may be the model, whose keys then differ.
func TestScanModel(t *testing.T) {
	c := parse(t, `
[model]
beta = 1
[run]
sweeps = 10
[observables]
record = ["energy"]
[[proposal]]
name = "a"
cycle = [{ kernel = "turn" }, { kernel = "metropolis" }]
[scan]
"model.name" = ["ising"]
"model.shape" = [[4, 4]]
`)
	if s := c.Points[0].Scan[0]; s != (param.Setting{Key: "model.name", Value: "ising"}) {
		t.Errorf("got %v", s)
	}
	if got, again := c.Resolved(), parse(t, string(c.Resolved())).Resolved(); string(got) != string(again) {
		t.Errorf("got\n%s\nand\n%s", got, again)
	}
}

// The kernel of a proposal can be scanned; its name stays.
func TestScanKernel(t *testing.T) {
	c := parse(t, minimal+"[scan]\n\"proposal.metropolis.kernel\" = [\"wolff\", \"heat-bath\"]\n")
	for i, want := range []string{"wolff", "heat-bath"} {
		if q := c.Points[i].Proposals[0]; q.Name != "metropolis" || q.Members[0].Kernel != want {
			t.Errorf("got %+v", q)
		}
	}
	if got, again := c.Resolved(), parse(t, string(c.Resolved())).Resolved(); string(got) != string(again) {
		t.Errorf("got\n%s\nand\n%s", got, again)
	}
}
