package card

import (
	"fmt"
	"strings"
	"testing"

	"github.com/BurntSushi/toml"
	"pgregory.net/rapid"
)

func TestLocate(t *testing.T) {
	const text = `# a comment with = and [brackets]
title = "a # b = c" # title

[model] # here
name = 'x'
shape = [ # sides
  16, # first
  [1,
   2],
]
"quoted.key" = 1
a.b . 'c d' = """
[run]
x = 1
"""
f = { from = 1, to = { deep = 2 } }

[[proposal]]
kernel = "one"
[proposal.sub]
k = 1
[[proposal]]
cycle = [
  { kernel = "two", steps = 1 },
  { kernel = "three",
    steps = 2 },
]
[[proposal.list]]
z = 1
[[proposal.list]]
z = 2
[scan."model.h"]
from = 1
`
	where, statements := locate(text)
	for _, c := range []struct {
		path string // segments separated by slashes
		line int
	}{
		{"title", 2},
		{"model", 4},
		{"model/name", 5},
		{"model/shape", 6},
		{"model/shape/0", 7},
		{"model/shape/1", 8},
		{"model/shape/1/1", 9},
		{"model/quoted.key", 11},
		{"model/a", 12},
		{"model/a/b", 12},
		{"model/a/b/c d", 12},
		{"model/f", 16},
		{"model/f/from", 16},
		{"model/f/to/deep", 16},
		{"proposal", 18},
		{"proposal/0", 18},
		{"proposal/0/kernel", 19},
		{"proposal/0/sub", 20},
		{"proposal/0/sub/k", 21},
		{"proposal/1", 22},
		{"proposal/1/cycle", 23},
		{"proposal/1/cycle/0", 24},
		{"proposal/1/cycle/0/steps", 24},
		{"proposal/1/cycle/1", 25},
		{"proposal/1/cycle/1/kernel", 25},
		{"proposal/1/cycle/1/steps", 26},
		{"proposal/1/list/0", 28},
		{"proposal/1/list/0/z", 29},
		{"proposal/1/list/1", 30},
		{"proposal/1/list/1/z", 31},
		{"scan", 32},
		{"scan/model.h", 32},
		{"scan/model.h/from", 33},
		// keys that are not there: the table around them
		{"model/beta", 4},
		{"proposal/1/cycle/0/weight", 24},
		{"run", 1},
	} {
		if got := where.at(strings.Split(c.path, "/")).line; got != c.line {
			t.Errorf("%s: line %d, want %d", c.path, got, c.line)
		}
	}
	if n := len(statements); n != 19 || statements[4].line != 11 || statements[3].end != 10 {
		t.Errorf("got %d statements: %v", n, statements)
	}
}

// Cards with known lines: whatever the notation, every key is found at its
// line, and every key that the decoder of TOML finds is found.
func TestLocateGenerated(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var text strings.Builder
		newline := rapid.SampledFrom([]string{"\n", "\r\n"}).Draw(t, "newline")
		line := 1
		write := func(s string) {
			s = strings.ReplaceAll(s, "\n", newline)
			text.WriteString(s)
			line += strings.Count(s, "\n")
		}
		value := rapid.SampledFrom([]string{
			"1", "2.5e-3", "true", `"a"`, `"]}=#\""`, `'it is a \'`, `"""` + "\n[x]\ny = 1\n\"\"\"\"\"", "'''\n'a'\n'''''", "[1,2]",
			"[\n 1, # ]\n [2, 3,],\n]", `{ a = 1, "b.c" = [ { d = 2 } ] }`, "1979-05-27T07:32:00Z", "[]", "{}", `[{ a = "}" }, { a = ']' }]`,
		})
		gap := rapid.SampledFrom([]string{"", "\n", "# x = [ \n", " \t\n\n"})
		want := map[string]int{}
		tables := rapid.IntRange(0, 4).Draw(t, "tables")
		for i := range tables + 1 {
			write(gap.Draw(t, "gap"))
			table := ""
			if i > 0 {
				table = fmt.Sprintf("t%d\x00", i)
				want[fmt.Sprintf("t%d", i)] = line
				write(fmt.Sprintf(rapid.SampledFrom([]string{"[t%d]", " [ t%d ] # [a]", "[\"t%d\"]"}).Draw(t, "header"), i) + "\n")
			}
			for j := range rapid.IntRange(0, 4).Draw(t, "keys") {
				write(gap.Draw(t, "gap"))
				form := rapid.SampledFrom([][2]string{{"k%d", "k%d"}, {"\"k %d\"", "k %d"}, {"'k.%d'", "k.%d"}, {"d%d.e", "d%d\x00e"}, {"d%d . \"e\"", "d%d\x00e"}}).Draw(t, "key")
				want[table+fmt.Sprintf(form[1], j)] = line
				write(fmt.Sprintf(form[0], j) + " = " + value.Draw(t, "value") + rapid.SampledFrom([]string{"", " # = 1"}).Draw(t, "comment") + "\n")
			}
		}
		where, _ := locate(text.String())
		for id, line := range want {
			if got, ok := where[id]; !ok || got.line != line {
				t.Errorf("%q: got line %d, want %d, in\n%s", id, got.line, line, text.String())
			}
		}
		var tree map[string]any
		meta, err := toml.Decode(text.String(), &tree)
		if err != nil {
			t.Fatal(err)
		}
		for _, key := range meta.Keys() {
			// Of tables in lists the decoder gives no number.
			if _, ok := where[strings.Join(key, "\x00")]; !ok && get(tree, path(key)) != nil {
				t.Errorf("%q is not found in\n%s", key, text.String())
			}
		}
	})
}

func TestTooDeep(t *testing.T) {
	list := func(n int) string { return "\nx = " + strings.Repeat("[", n) + strings.Repeat("]", n) }
	key := func(n int) string { return "\nx" + strings.Repeat(".x", n-1) + " = 1" }
	hidden := strings.Repeat("[{", 1000)
	for _, c := range []struct {
		text string
		line int
	}{
		{minimal, 0},
		{list(maxDepth), 0},
		{list(maxDepth + 1), 2},
		{list(maxDepth/2) + list(maxDepth), 0},
		{"\n[a]" + list(maxDepth+1), 3},
		{"x = " + strings.Repeat("{ x = \n", 200), maxDepth + 1},
		{key(maxDepth), 0},
		{key(maxDepth + 1), 2},
		{key(maxDepth) + key(maxDepth), 0},
		{"x = [" + strings.Repeat("1.5, ", 1000) + "]", 0},
		{"# " + hidden + "\nx = '" + hidden + "'\ny = \"\"\"\n" + hidden + "\"\"\"\nz = \"\\\"" + hidden + "\"", 0},
	} {
		if got := tooDeep(c.text); got != c.line {
			t.Errorf("%.60q...: line %d, want %d", c.text, got, c.line)
		}
	}
	for _, text := range []string{list(100_000), key(100_000), "x = " + strings.Repeat("{x=", 100_000)} {
		if got := refuse(t, text); len(got) != 1 || !strings.HasSuffix(got[0], ": nests more than 100 levels deep; expected a run card, which needs but a few") {
			t.Errorf("got %q", got)
		}
	}
}
