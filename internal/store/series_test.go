package store

import (
	"errors"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"mcrun/mc"
)

// Readers of a series that is being written see its beginning, whole and
// right, and never less than before.
func TestReadWhileWriting(t *testing.T) {
	g, _, dir := openGroup(t, 2)
	const checkpoints, block = 60, 500
	value := func(row int) float64 { return math.Sqrt(float64(row)) }
	done := make(chan error, 1)
	go func() {
		row := 0
		for range checkpoints {
			var rows []float64
			for range block {
				rows = append(rows, value(row), -value(row), 0, 1)
				row++
			}
			if err := errors.Join(g.Append(rows), g.Checkpoint(new(mc.Snapshot))); err != nil {
				done <- err
				return
			}
		}
		done <- nil
	}()
	check := func(s *Series, least int) int {
		t.Helper()
		if s.Rows() < least || s.Rows()%block != 0 {
			t.Fatalf("%d rows after %d", s.Rows(), least)
		}
		for i := range s.Rows() {
			if s.Columns[0][i] != value(i) || s.Columns[1][i] != -value(i) {
				t.Fatalf("row %d is %v, %v", i, s.Columns[0][i], s.Columns[1][i])
			}
		}
		return s.Rows()
	}
	path := filepath.Join(dir, chain0)
	counted, verified := 0, 0
	for writing := true; writing; {
		select {
		case err := <-done:
			if err != nil {
				t.Fatal(err)
			}
			writing = false
		default:
		}
		s, err := ReadSeries(path)
		if err != nil {
			t.Fatal(err)
		}
		counted = check(s, counted)
		d, err := View(dir)
		if err != nil {
			t.Fatal(err)
		}
		s, _, err = d.Series(0, 0, identity)
		if err != nil {
			t.Fatal(err)
		}
		verified = check(s, 0)
	}
	if counted != checkpoints*block || verified != counted {
		t.Errorf("%d rows counted, %d verified", counted, verified)
	}
}

func TestReadSeriesErrors(t *testing.T) {
	path := filepath.Join(t.TempDir(), "chain-00.npy")
	for _, test := range []struct {
		content []byte
		about   string
	}{
		{nil, "header is damaged"},
		{encodeHeader([]Column{{"a", 1, 0}}, 1)[:1000], "header is damaged"},
		{encodeHeader([]Column{{"a", 1, 0}}, 1), "cut at row 0 of 1"},
		{append(encodeHeader([]Column{{"a", 1, 0}}, 2), "123456789012345"...), "cut at row 1 of 2"},
		{encodeHeader([]Column{{"a", 1, 0}}, 999_999_999_999_999_999), "cut at row 0"},
	} {
		if err := os.WriteFile(path, test.content, 0o666); err != nil {
			t.Fatal(err)
		}
		if _, err := ReadSeries(path); err == nil || !strings.Contains(err.Error(), test.about) || !strings.Contains(err.Error(), path) {
			t.Errorf("%v, want %q", err, test.about)
		}
	}
	if _, err := ReadSeries(path + "x"); err == nil || !strings.Contains(err.Error(), "missing") {
		t.Errorf("no file: %v", err)
	}
}

// A series of many blocks, whose last is not full.
func TestLongSeries(t *testing.T) {
	g, _, dir := openGroup(t, 1)
	const rows = 3*blockSize/16 + 5
	all := make([]float64, 0, 2*rows)
	for i := range rows {
		all = append(all, float64(i), 1/float64(i+1))
	}
	if err := errors.Join(g.Append(all), g.Checkpoint(new(mc.Snapshot))); err != nil {
		t.Fatal(err)
	}
	d, err := View(dir)
	if err != nil {
		t.Fatal(err)
	}
	s, notices, err := d.Series(0, 0, identity)
	if err != nil || notices != nil || s.Rows() != rows {
		t.Fatal(s.Rows(), notices, err)
	}
	if s.Column("cube") != nil {
		t.Error("a column that there is not")
	}
	for i, v := range s.Column("square")[0] {
		if s.Column("sum")[0][i] != float64(i) || v != 1/float64(i+1) {
			t.Fatalf("row %d", i)
		}
	}
}

// numpy runs a script with NumPy, and skips the test where there is none.
func numpy(t *testing.T, script string, args ...string) string {
	t.Helper()
	for _, python := range []string{"python3", "/usr/bin/python3"} {
		if exec.Command(python, "-c", "import numpy").Run() == nil {
			out, err := exec.Command(python, append([]string{"-c", script}, args...)...).CombinedOutput()
			if err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			return string(out)
		}
	}
	t.Skip("no python3 with NumPy")
	return ""
}

// NumPy reads a series at every moment: empty, with rows that the header does
// not count yet, and complete.
func TestNumpySeries(t *testing.T) {
	g, _, dir := openGroup(t, 1)
	const script = `
import sys, numpy
for mode in None, "r":
    a = numpy.load(sys.argv[1], mmap_mode=mode)
    print(a.dtype.names, a.dtype["sum"].str, a.shape, [float(x).hex() for x in a["square"][-2:]])
`
	path := filepath.Join(dir, chain0)
	check := func(rows int, last string) {
		t.Helper()
		want := strings.Repeat(fmt.Sprintf("('sum', 'square') <f8 (%d,) [%s]\n", rows, last), 2)
		if got := numpy(t, script, path); got != want {
			t.Errorf("numpy printed %q, want %q", got, want)
		}
	}
	check(0, "")
	rows := make([]float64, flushSize/8)
	rows[1], rows[3] = 0.5, math.Inf(-1)
	if err := errors.Join(g.Append(rows[:4]), g.Flush(), g.Append(rows)); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || info.Size() < flushSize {
		t.Fatal("no row beyond those counted", err)
	}
	check(2, "'0x1.0000000000000p-1', '-inf'")
	if err := g.Flush(); err != nil {
		t.Fatal(err)
	}
	check(2+len(rows)/2, "'0x0.0p+0', '0x0.0p+0'")
}

// A checkpoint is valid safetensors: this script keeps to the rules of that
// format's description, and checks the hash.
func TestNumpyCheckpoint(t *testing.T) {
	const script = `
import sys, json, hashlib, numpy
b = open(sys.argv[1], "rb").read()
n = int.from_bytes(b[:8], "little")
assert n <= 100_000_000 and n % 8 == 0 and b[8:9] == b"{"
def once(pairs):
    assert len(dict(pairs)) == len(pairs), "a key twice"
    return dict(pairs)
header = json.loads(b[8:8+n].decode(), object_pairs_hook=once)
meta = header.pop("__metadata__")
assert all(type(k) is type(v) is str for k, v in meta.items())
end = 0
for name, t in sorted(header.items(), key=lambda kv: kv[1]["data_offsets"]):
    first, last = t["data_offsets"]
    dtype = numpy.dtype({"F64": "<f8", "I64": "<i8", "U64": "<u8", "U8": "u1"}[t["dtype"]])
    assert first == end and first % dtype.itemsize == 0, name
    end = last
    a = numpy.frombuffer(b[8+n+first:8+n+last], dtype).reshape(t["shape"])
    if name == "sha256":
        assert a.tobytes() == hashlib.sha256(b[:-32]).digest() and last == len(b) - 8 - n
    else:
        print(name, a.tolist())
assert end == len(b) - 8 - n
print(meta)
`
	const want = `group.sweeps [2, -3]
group.streams [1, 18446744073709551615]
state.1.empty []
kernel.<width> [0.5, -0.0, inf, nan]
state.0.spins [1, 0, 255]
{'chain-02.npy': 'e3069283', 'chain-03.npy': '00000001', 'checkpoint': '1', 'columns': 'energy,magnetization', 'identity': '43c6f26bc65dacb3b6de03ff17726679a5208179d29f62d1dd8625b7be629cfc', 'rows': '3'}
`
	if got := numpy(t, script, filepath.Join("testdata", "group-00.safetensors")); got != want {
		t.Errorf("numpy printed\n%s\nwant\n%s", got, want)
	}
}

func BenchmarkReadSeries(b *testing.B) {
	const rows = 1_000_000
	names := []Column{{"a", 1, 0}, {"b", 1, 0}, {"c", 1, 0}, {"d", 1, 0}, {"e", 1, 0}}
	path := filepath.Join(b.TempDir(), "chain-00.npy")
	if err := os.WriteFile(path, append(encodeHeader(names, rows), make([]byte, 8*len(names)*rows)...), 0o666); err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(8 * len(names) * rows))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := ReadSeries(path); err != nil {
			b.Fatal(err)
		}
	}
}
