package card

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// drawCard draws a valid card.
func drawCard(t *rapid.T) string {
	var b strings.Builder
	add := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	maybe := func(format string, args ...any) {
		if rapid.Bool().Draw(t, format) {
			add(format, args...)
		}
	}
	maybe("title = %q", rapid.StringMatching(`[ -~]{0,12}`).Draw(t, "title"))
	maybe("seed = %d", rapid.Int64Min(0).Draw(t, "seed"))
	scannedShape := rapid.Bool().Draw(t, "scan shape")
	scannedT := rapid.Bool().Draw(t, "scan temperature")
	add("[model]\nname = \"ising\"")
	if !scannedShape {
		add("shape = %s", rapid.SampledFrom([]string{"[4]", "[8, 8]", "[2,2,2]"}).Draw(t, "shape"))
	}
	if !scannedT {
		add("%s = %v", rapid.SampledFrom([]string{"temperature", "beta"}).Draw(t, "thermal"), rapid.Float64Range(1e-3, 1e3).Draw(t, "T"))
	}
	maybe("J = %v", rapid.Float64Range(-2, 2).Draw(t, "J"))
	maybe("h = %d", rapid.IntRange(-2, 2).Draw(t, "h"))
	add("[run]\n%s", rapid.SampledFrom([]string{"sweeps = 1000", "seconds = 2.5", "seconds = 10"}).Draw(t, "length"))
	maybe("chains = %d", rapid.IntRange(1, 9).Draw(t, "chains"))
	maybe("every = %d", rapid.IntRange(1, 1000).Draw(t, "every"))
	maybe("checkpoint = \"%dms\"", rapid.IntRange(1, 1e7).Draw(t, "checkpoint"))
	maybe("start = \"cold\"")
	if rapid.Bool().Draw(t, "observables") {
		add("[observables]")
		maybe("record = [\"binder\", \"energy\"]")
	}
	kernel := func(name string) string {
		s := fmt.Sprintf("kernel = %q", rapid.SampledFrom([]string{"metropolis", "heat-bath", "wolff"}).Draw(t, name))
		if rapid.Bool().Draw(t, "steps") {
			s += fmt.Sprintf("SEPsteps = %d", rapid.IntRange(1, 9).Draw(t, "steps"))
		}
		return s
	}
	for i := range rapid.IntRange(1, 4).Draw(t, "proposals") {
		add("[[proposal]]\nname = \"p%d\"", i)
		switch rapid.SampledFrom([]Kind{Single, Cycle, Mixture}).Draw(t, "kind") {
		case Single:
			add("%s", strings.ReplaceAll(kernel("kernel"), "SEP", "\n"))
		case Cycle:
			add("cycle = [{%s}, {%s}]", strings.ReplaceAll(kernel("first"), "SEP", ","), strings.ReplaceAll(kernel("second"), "SEP", ","))
		case Mixture:
			add("mixture = [{%s, weight = %v}]", strings.ReplaceAll(kernel("first"), "SEP", ","), rapid.Float64Range(0.1, 2).Draw(t, "weight"))
		}
	}
	if scannedT || scannedShape {
		add("[scan]")
	}
	if scannedT {
		add("\"model.temperature\" = %s", rapid.SampledFrom([]string{"[2, 2.5, 1e-5]", "{ from = 1, to = 3, points = 4 }", "{ points = 2, to = 0.7, from = 2.2 }"}).Draw(t, "T"))
	}
	if scannedShape {
		add("'model.shape' = [[4], [4, 4]]")
	}
	return b.String()
}

// A resolved card is the card, written in one way.
func TestResolvedProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := drawCard(t)
		c, err := Parse("card.toml", []byte(text), nil, laptop)
		if err != nil {
			t.Fatalf("%v, in\n%s", err, text)
		}
		resolved := c.Resolved()
		again, err := Parse("card.toml", resolved, nil, laptop)
		if err != nil {
			t.Fatalf("%v, in\n%s", err, resolved)
		}
		if string(again.Resolved()) != string(resolved) {
			t.Errorf("got\n%s\nand\n%s", resolved, again.Resolved())
		}
		if c.Title != again.Title || len(c.Points) != len(again.Points) {
			t.Errorf("got %+v and %+v", c, again)
		}
		if d := Differences(c, again); d != nil {
			t.Errorf("got %q", d)
		}
		for i := range c.Points {
			p, q := &c.Points[i], &again.Points[i]
			if p.ModelIdentity() != q.ModelIdentity() || p.Run != q.Run || fmt.Sprint(p.Scan) != fmt.Sprint(q.Scan) {
				t.Errorf("point %d: %+v and %+v", i, p, q)
			}
			for j := range p.Proposals {
				if p.Proposals[j].Identity() != q.Proposals[j].Identity() {
					t.Errorf("%s and %s", p.Proposals[j].Identity(), q.Proposals[j].Identity())
				}
			}
		}
	})
}

// No damage to a card, nor any setting, makes the checks panic; and every
// error names a line of the card, or a setting.
func TestDamagedCards(t *testing.T) {
	bits := []string{"[", "]", "{", "}", "\"", "'", "=", ",", ".", "\n", "#", "\\", "-", "nan", "1e999", "\x00", "\xff", "[[proposal]]\n", "[scan]\n", "\"\"\"", "cycle = []\n", "9999999999", "steps", "\"proposal.p0.cycle\" = [1]\n", "true", "1979-05-27", "kernel = [1]\n", "kernel = {}\n", "[[1]]", "name = [1]\n", "mixture = [{ kernel = [] }]\n"}
	rapid.Check(t, func(t *rapid.T) {
		text := drawCard(t)
		for range rapid.IntRange(1, 6).Draw(t, "damages") {
			at := rapid.IntRange(0, len(text)).Draw(t, "at")
			end := min(len(text), at+rapid.IntRange(0, 4).Draw(t, "length"))
			text = text[:at] + rapid.SampledFrom(append(bits, "")).Draw(t, "bit") + text[end:]
		}
		var sets []string
		for range rapid.IntRange(0, 2).Draw(t, "sets") {
			key := rapid.SampledFrom([]string{"model", "model.shape", "run.sweeps", "proposal.p0.steps", "proposal.p0.cycle", "proposal.p1.wolff.steps", "scan.model.h", "scan", "seed", "title", "observables.record", "proposal", "proposal."}).Draw(t, "key")
			value := rapid.SampledFrom([]string{"1", "[]", "[1, 2]", "{}", "{ from = 1, to = 2, points = 3 }", "[{ kernel = \"wolff\" }]", "x", "\"", "nan", ""}).Draw(t, "value")
			sets = append(sets, key+"="+value)
		}
		_, err := Parse("card.toml", []byte(text), sets, laptop)
		if err == nil {
			return
		}
		var errs Errors
		if !errors.As(err, &errs) || len(errs) == 0 {
			t.Fatalf("got %v", err)
		}
		lines := strings.Count(text, "\n") + 1
		for _, e := range errs {
			setting := strings.HasPrefix(e.File, "--set ") && e.Line == 0
			if !setting && (e.File != "card.toml" || e.Line < 1 || e.Line > lines) || e.Problem == "" || e.Expected == "" {
				t.Errorf("%+v, in\n%s", e, text)
			}
			if strings.Contains(e.Error(), "\n") {
				t.Errorf("%q has more than one line", e.Error())
			}
		}
	})
}
