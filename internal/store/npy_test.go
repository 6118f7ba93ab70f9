package store

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

func TestHeader(t *testing.T) {
	for _, columns := range [][]string{{"energy"}, {"energy", "abs_magnetization"}, {"a", "B_2", "_c"}} {
		for _, rows := range []int{0, 9, 10, 1_000_000, 999_999_999_999_999_999} {
			h := encodeHeader(columns, rows)
			if len(h) != headerSize || h[headerSize-1] != '\n' {
				t.Fatalf("a header of %d bytes", len(h))
			}
			c, n, err := decodeHeader(h)
			if err != nil || !slices.Equal(c, columns) || n != rows {
				t.Errorf("%q, %d rows: decoded %q, %d, %v", columns, rows, c, n, err)
			}
		}
	}
}

// The header of a series of 1000 rows, byte by byte, as FORMAT.md describes
// it. NumPy writes the same dictionary.
func TestHeaderBytes(t *testing.T) {
	want := "\x93NUMPY\x01\x00\xf6\x03" +
		"{'descr': [('energy', '<f8'), ('magnetization', '<f8')], 'fortran_order': False, 'shape': (1000,), }"
	want += strings.Repeat(" ", 1023-len(want)) + "\n"
	if got := string(encodeHeader([]string{"energy", "magnetization"}, 1000)); got != want {
		t.Errorf("header %q", got)
	}
}

func TestForeignHeaders(t *testing.T) {
	good := string(encodeHeader([]string{"a", "b"}, 12))
	for _, change := range [][2]string{
		{"\x01\x00", "\x02\x00"},
		{"\xf6", "\xf5"},
		{"12", "01"},
		{"'b'", "'a'"},
		{"'b'", "'-'"},
		{"'<f8')]", "'>f8')]"},
		{"False", "True "},
		{"), ('b'", "),  ('b"},
		{" \n", "x\n"},
	} {
		bad := strings.Replace(good, change[0], change[1], 1)
		if bad == good {
			t.Fatalf("%q is not in the header", change[0])
		}
		if c, n, err := decodeHeader([]byte(bad)); err == nil {
			t.Errorf("with %q for %q: %q, %d", change[1], change[0], c, n)
		}
	}
	if _, _, err := decodeHeader([]byte(good[:headerSize-1])); err == nil {
		t.Error("no error for a short header")
	}
}

func TestColumns(t *testing.T) {
	many := make([]string, 60)
	for i := range many {
		many[i] = fmt.Sprintf("column_%02d", i)
	}
	for _, test := range []struct {
		columns []string
		about   string
	}{
		{nil, "without columns"},
		{[]string{"a", "b c"}, `"b c"`},
		{[]string{""}, `""`},
		{[]string{"a", "b", "a"}, "name a"},
		{many, "60 columns"},
	} {
		if err := checkColumns(test.columns); err == nil || !strings.Contains(err.Error(), test.about) {
			t.Errorf("%q: %v", test.columns, err)
		}
	}
	if err := checkColumns(many[:30]); err != nil {
		t.Error(err)
	}
}
