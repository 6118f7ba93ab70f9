package store

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
)

func TestHeader(t *testing.T) {
	for _, columns := range [][]Column{{{"energy", 1, 0}}, {{"energy", 1, 0}, {"correlation", 9, 0}}, {{"a", 2, 0}, {"B_2", 1, 0}, {"_c", 1 << 19, 0}}, {{"a", 4, 0}, {"b", 12, 4}}} {
		for _, rows := range []int{0, 9, 10, 1_000_000, 999_999_999_999_999_999} {
			h := encodeHeader(columns, rows)
			if len(h) != headerSize || h[headerSize-1] != '\n' {
				t.Fatalf("a header of %d bytes", len(h))
			}
			c, n, err := decodeHeader(h)
			if err != nil || !slices.Equal(c, columns) || n != rows {
				t.Errorf("%v, %d rows: decoded %v, %d, %v", columns, rows, c, n, err)
			}
		}
	}
}

// The header of a series of 1000 rows, byte by byte, as FORMAT.md describes
// it. NumPy writes the same dictionary.
func TestHeaderBytes(t *testing.T) {
	want := "\x93NUMPY\x01\x00\xf6\x03" +
		"{'descr': [('energy', '<f8'), ('correlation', '<f8', (9,))], 'fortran_order': False, 'shape': (1000,), }"
	want += strings.Repeat(" ", 1023-len(want)) + "\n"
	if got := string(encodeHeader([]Column{{"energy", 1, 0}, {"correlation", 9, 0}}, 1000)); got != want {
		t.Errorf("header %q", got)
	}
}

func TestForeignHeaders(t *testing.T) {
	good := string(encodeHeader([]Column{{"a", 1, 0}, {"b", 2, 0}}, 12))
	for _, change := range [][2]string{
		{"\x01\x00", "\x02\x00"},
		{"\xf6", "\xf5"},
		{"12", "01"},
		{"'b'", "'a'"},
		{"'b'", "'-'"},
		{"('a', '<f8')", "('a', '>f8')"},
		{"(2,)", "(1,)"},
		{"(2,)", "(02,)"},
		{"(2,)", "(0,)"},
		{"(2,)", "(2, 1)"},
		{"(2,)", "(999999999999999999,)"},
		{"(2,)", "(9999999999999999999,)"},
		{"False", "True "},
		{"), ('b'", "),  ('b"},
		{" \n", "x\n"},
	} {
		bad := strings.Replace(good, change[0], change[1], 1)
		if bad == good {
			t.Fatalf("%q is not in the header", change[0])
		}
		if len(bad) != headerSize { // of the right length again
			bad = strings.TrimRight(bad, " \n")
			bad += strings.Repeat(" ", headerSize-1-len(bad)) + "\n"
		}
		if c, n, err := decodeHeader([]byte(bad)); err == nil {
			t.Errorf("with %q for %q: %v, %d", change[1], change[0], c, n)
		}
	}
	if _, _, err := decodeHeader([]byte(good[:headerSize-1])); err == nil {
		t.Error("no error for a short header")
	}
}

func TestColumns(t *testing.T) {
	many := make([]Column, 60)
	for i := range many {
		many[i] = Column{fmt.Sprintf("column_%02d", i), 1, 0}
	}
	for _, test := range []struct {
		columns []Column
		about   string
	}{
		{nil, "without columns"},
		{[]Column{{"a", 1, 0}, {"b c", 1, 0}}, `"b c"`},
		{[]Column{{"", 1, 0}}, `""`},
		{[]Column{{"a", 1, 0}, {"b", 1, 0}, {"a", 2, 0}}, "name a"},
		{[]Column{{"a", 0, 0}}, "width 0"},
		{[]Column{{"a", -1, 0}}, "width -1"},
		{[]Column{{"a", 12, 5}}, "12 numbers in 5 rows"},
		{[]Column{{"a", 4, 4}}, "4 numbers in 4 rows"},
		{[]Column{{"a", 4, 1}}, "4 numbers in 1 rows"},
		{[]Column{{"a", 1, 0}, {"b", maxWidth, 0}}, "column b"},
		{[]Column{{"a", math.MaxInt, 0}, {"b", math.MaxInt, 0}}, "column a"},
		{many, "60 columns"},
	} {
		if err := CheckColumns(test.columns); err == nil || !strings.Contains(err.Error(), test.about) {
			t.Errorf("%v: %v", test.columns, err)
		}
	}
	if err := CheckColumns(many[:30]); err != nil {
		t.Error(err)
	}
}
