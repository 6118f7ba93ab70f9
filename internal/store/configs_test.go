package store

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"mcrun/mc"
)

// checkArchive returns an error if a file is not a zip archive with an array
// x as long as its header says, of the right checksum.
func checkArchive(path string) error {
	r, err := zip.OpenReader(path)
	if err != nil {
		return err
	}
	defer r.Close()
	f, err := r.Open(entryName)
	if err != nil {
		return err
	}
	defer f.Close()
	b, err := io.ReadAll(f)
	if err != nil {
		return err
	}
	_, err = openArray(bytes.NewReader(b), int64(len(b)))
	return err
}

// An archive of three configurations, byte by byte: FORMAT.md describes it.
func TestArchiveBytes(t *testing.T) {
	c := Configurations{"|i1", []int{2, 2}}
	data := []byte{1, 255, 255, 1, 1, 1, 1, 1, 255, 1, 255, 1}
	sum := crc32.ChecksumIEEE(data)
	got := slices.Concat(c.header(3, sum), data, c.tail(end(c, 3), 3, sum))
	path := filepath.Join("testdata", "chain-00.configs.npz")
	if *update {
		if err := os.WriteFile(path, got, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("written:\n%q\nwant:\n%q", got, want)
	}
	if err := checkArchive(path); err != nil {
		t.Error(err)
	}
}

// The CRC-32 of the NPY header is 0 for every number of configurations.
func TestNullify(t *testing.T) {
	for _, c := range []Configurations{{"|i1", []int{16, 16}}, {"<f8", []int{1}}, {"|u1", slices.Repeat([]int{2}, 20)}} {
		for _, n := range []int{0, 1, 2, 9, 10, 4711, 1 << 40, maxRecords} {
			h := c.npyHeader(n)
			if sum := crc32.ChecksumIEEE(h); sum != 0 || len(h) != npySize {
				t.Errorf("%v, %d: CRC %08x of %d bytes", c, n, sum, len(h))
			}
			if want := c.dict(n); !bytes.HasPrefix(h[10:], []byte(want)) || strings.Trim(string(h[10+len(want):]), " \t") != "\n" {
				t.Errorf("%v, %d: %q", c, n, h)
			}
			if !fits(c, n) {
				continue
			}
			got, m, sum, err := decodeConfigurations(c.header(n, 7))
			if err != nil || !got.equal(&c) || m != n || sum != 7 {
				t.Errorf("%v, %d: decoded %v, %d, %d, %v", c, n, got, m, sum, err)
			}
		}
	}
}

func TestConfigurationForms(t *testing.T) {
	dir := newRun(t, 1)
	r, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	for _, test := range []struct {
		form  Configurations
		about string
	}{
		{Configurations{"<f4", []int{2}}, `"<f4"`},
		{Configurations{"|i1", nil}, "without a shape"},
		{Configurations{"|i1", []int{2, 0}}, "[2 0]"},
		{Configurations{"|i1", []int{-1}}, "[-1]"},
		{Configurations{"<f8", []int{1 << 20, 1 << 20}}, "[1048576 1048576]"},
		{Configurations{"|i1", []int{math.MaxInt, 2}}, "bytes"},
		{Configurations{"|i1", slices.Repeat([]int{1}, 200)}, "200 dimensions"},
	} {
		if _, _, _, err := r.Group(0, 0, identity, columns, &test.form); err == nil || !strings.Contains(err.Error(), test.about) {
			t.Errorf("%v: %v", test.form, err)
		}
	}
	if entries, _ := os.ReadDir(filepath.Join(dir, tasksName)); len(entries) != 0 {
		t.Errorf("failures left %v", entries)
	}
}

// openSaving makes a run directory with one group that saves configurations.
func openSaving(t *testing.T, chains int) (*Group, string) {
	t.Helper()
	dir := newRun(t, chains)
	r, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	g, _, _, err := r.Group(0, 0, identity, columns, saved)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { g.Close() })
	return g, dir
}

// Readers of configurations that are being written see the first ones, whole
// and right, and never less than before.
func TestReadConfigurationsWhileWriting(t *testing.T) {
	g, dir := openSaving(t, 2)
	const checkpoints, block = 40, 300
	value := func(k, i int) byte { return byte(k*k + i) }
	done := make(chan error, 1)
	go func() {
		k := 0
		for range checkpoints {
			var err error
			for range block {
				b := make([]byte, saved.size())
				for i := range b {
					b[i] = value(k, i)
				}
				err = errors.Join(err, g.Keep(0, b), g.Keep(1, b))
				k++
			}
			if err = errors.Join(err, g.Checkpoint(new(mc.Snapshot))); err != nil {
				done <- err
				return
			}
		}
		done <- nil
	}()
	count := 0
	for writing := true; writing; {
		select {
		case err := <-done:
			if err != nil {
				t.Fatal(err)
			}
			writing = false
		default:
		}
		c, err := OpenConfigurations(filepath.Join(dir, configs1))
		if err != nil {
			t.Fatal(err)
		}
		if c.Count < count || c.Count%block != 0 || !slices.Equal(c.Shape, saved.Shape) || c.Type != saved.Type {
			t.Fatalf("%d of %v after %d", c.Count, c.Configurations, count)
		}
		count = c.Count
		dst := make([]float64, saved.size())
		for k := count - 1; k >= 0; k -= 7 {
			if err := c.Values(k, dst); err != nil {
				t.Fatal(err)
			}
			for i, v := range dst {
				if v != float64(value(k, i)) {
					t.Fatalf("configuration %d is %v", k, dst)
				}
			}
		}
		c.Close()
	}
	if count != checkpoints*block {
		t.Errorf("%d configurations", count)
	}
	if err := checkArchive(filepath.Join(dir, configs0)); err != nil {
		t.Error(err)
	}
}

// Configurations are written when there are enough of them. The archive can
// be read then, though its header does not count them yet.
func TestKeep(t *testing.T) {
	g, dir := openSaving(t, 1)
	path := filepath.Join(dir, configs0)
	check := func(size, count int) {
		t.Helper()
		info, err := os.Stat(path)
		if err != nil || info.Size() != end(saved, size)+tailSize(saved) {
			t.Errorf("%d bytes, %v; want %d configurations", info.Size(), err, size)
		}
		c, err := OpenConfigurations(path)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if c.Count != count {
			t.Errorf("%d configurations counted, want %d", c.Count, count)
		}
		if err := checkArchive(path); err != nil {
			t.Error(err)
		}
	}
	keep := func(n int) {
		t.Helper()
		for range n {
			if err := g.Keep(0, []byte("abcdefgh")); err != nil {
				t.Fatal(err)
			}
		}
	}
	const many = flushSize / 8
	check(0, 0)
	keep(many - 1)
	check(0, 0)
	keep(1)
	check(many, 0)
	keep(2)
	check(many, 0)
	if err := g.Flush(); err != nil {
		t.Fatal(err)
	}
	check(many+2, many+2)
	g.Close()
	if err := g.Keep(0, make([]byte, 8)); err != errClosed {
		t.Errorf("Keep after Close: %v", err)
	}
}

func TestKeepPanics(t *testing.T) {
	check := func(want string, f func()) {
		t.Helper()
		defer func() {
			if r := recover(); r != want {
				t.Errorf("panic %v, want %q", r, want)
			}
		}()
		f()
	}
	g, _ := openSaving(t, 2)
	check(badConfiguration, func() { g.Keep(0, make([]byte, 7)) })
	check(unequal, func() { g.Keep(1, make([]byte, 8)); g.Checkpoint(new(mc.Snapshot)) })
	scalar, _, _ := openGroup(t, 1)
	check(badConfiguration, func() { scalar.Keep(0, nil) })
}

// An entry is a file in an archive.
type entry struct {
	name, content string
	method        uint16
}

func writeArchive(t *testing.T, path string, entries ...entry) {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, e := range entries {
		f, err := w.CreateHeader(&zip.FileHeader{Name: e.name, Method: e.method})
		if err == nil {
			_, err = io.WriteString(f, e.content)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(w.Close(), os.WriteFile(path, b.Bytes(), 0o666)); err != nil {
		t.Fatal(err)
	}
}

// array returns an NPY file of a version.
func array(version byte, dict string, data []byte) string {
	h := []byte{0x93, 'N', 'U', 'M', 'P', 'Y', version, 0}
	if version == 1 {
		h = binary.LittleEndian.AppendUint16(h, uint16(len(dict)+1))
	} else {
		h = binary.LittleEndian.AppendUint32(h, uint32(len(dict)+1))
	}
	return string(h) + dict + "\n" + string(data)
}

// Arrays of every type are read from every kind of file, in any order.
func TestOpenConfigurations(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.npz")
	for _, test := range []struct {
		descr  string
		values any // two configurations of [3]
		want   []float64
	}{
		{"|b1", []uint8{0, 1, 1, 1, 0, 0}, []float64{0, 1, 1, 1, 0, 0}},
		{"|i1", []int8{-1, 1, -128, 127, 0, 3}, []float64{-1, 1, -128, 127, 0, 3}},
		{"|u1", []uint8{0, 255, 128, 1, 2, 3}, []float64{0, 255, 128, 1, 2, 3}},
		{"<i2", []int16{-1, 300, -32768, 1, 2, 3}, []float64{-1, 300, -32768, 1, 2, 3}},
		{"<i4", []int32{-1, 1 << 30, math.MinInt32, 1, 2, 3}, []float64{-1, 1 << 30, math.MinInt32, 1, 2, 3}},
		{"<i8", []int64{-1, 1 << 53, math.MinInt64, 1, 2, 3}, []float64{-1, 1 << 53, math.MinInt64, 1, 2, 3}},
		{"<f4", []float32{-0.5, 1e30, 0, 1, 2, 3}, []float64{-0.5, float64(float32(1e30)), 0, 1, 2, 3}},
		{"<f8", []float64{-0.1, 1e300, math.Inf(1), 1, 2, 3}, []float64{-0.1, 1e300, math.Inf(1), 1, 2, 3}},
	} {
		data, err := binary.Append(nil, binary.LittleEndian, test.values)
		if err != nil {
			t.Fatal(err)
		}
		dict := fmt.Sprintf("{'descr': '%s', 'fortran_order': False, 'shape': (2, 3), }", test.descr)
		other := fmt.Sprintf(`{"shape":(2,3),"descr":"%s","fortran_order":False}`, test.descr)
		for _, write := range []func(){
			func() { os.WriteFile(path, []byte(array(1, dict, data)), 0o666) },
			func() { os.WriteFile(path, []byte(array(2, other, data)), 0o666) },
			func() { writeArchive(t, path, entry{"x.npy", array(1, dict, data), zip.Store}) },
			func() {
				writeArchive(t, path, entry{"y.npy", array(3, dict, data), zip.Deflate}, entry{"note", "", zip.Store})
			},
			func() {
				writeArchive(t, path, entry{"a.npy", "", zip.Store}, entry{"x.npy", array(1, other, data), zip.Deflate}, entry{"y.npy", "", zip.Store})
			},
		} {
			write()
			c, err := OpenConfigurations(path)
			if err != nil {
				t.Fatalf("%s: %v", test.descr, err)
			}
			if c.Type != test.descr || !slices.Equal(c.Shape, []int{3}) || c.Count != 2 {
				t.Fatalf("%s: %d of %v", test.descr, c.Count, c.Configurations)
			}
			got := make([]float64, 3)
			for _, k := range []int{1, 0, 0, 1} {
				if err := c.Values(k, got); err != nil || !slices.Equal(got, test.want[3*k:3*k+3]) {
					t.Errorf("%s: configuration %d is %v, want %v, %v", test.descr, k, got, test.want[3*k:3*k+3], err)
				}
			}
			for _, bad := range []func() error{
				func() error { return c.Values(2, got) },
				func() error { return c.Values(-1, got) },
				func() error { return c.Values(0, got[:2]) },
			} {
				func() {
					defer func() {
						if p := recover(); p != badValues {
							t.Errorf("panic %v", p)
						}
					}()
					bad()
				}()
			}
			if err := c.Close(); err != nil {
				t.Error(err)
			}
		}
	}
}

func TestOpenConfigurationsErrors(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.npz")
	dict := func(descr, order, shape string) string {
		return "{'descr': " + descr + ", 'fortran_order': " + order + ", 'shape': (" + shape + "), }"
	}
	const four = "1234"
	good := array(1, dict("'|i1'", "False", "2, 2"), []byte(four))
	for _, test := range []struct{ file, about string }{
		{"", "neither an .npz nor an .npy"},
		{"hello", "neither an .npz nor an .npy"},
		{"PK\x03\x04 and so on", "not a valid zip file"},
		{good[:len(good)-1], "ends before the 2 configurations"},
		{array(1, dict("'|i1'", "True", "2, 2"), []byte(four)), "Fortran order"},
		{array(1, dict("'>f8'", "False", "2, 2"), make([]byte, 32)), "type >f8"},
		{array(1, dict("'<c16'", "False", "2, 2"), make([]byte, 64)), "type <c16"},
		{array(1, dict("[('a', '|i1')]", "False", "4,"), []byte(four)), "type of a structure"},
		{array(1, dict("'|i1'", "False", ""), []byte("1")), "single number"},
		{array(1, dict("'|i1'", "False", "2, 0"), nil), "without a number"},
		{array(1, dict("'|i1'", "False", "-1, 2"), nil), "no header"},
		{array(1, dict("'|i1'", "False", "9223372036854775807, 9223372036854775807"), nil), "ends before"},
		{array(1, dict("'|i1'", "False", "99999999999999999999"), nil), "no header"},
		{array(1, "{'descr': '|i1'}", nil), "no header"},
		{"\x93NUMPY\x01\x00\xff\xff{", "no header"},
		{"\x93NUMPY\x02\x00\xff\xff\xff\xff{", "no header"},
		{"\x93NUMPY", "no header"},
	} {
		if err := os.WriteFile(path, []byte(test.file), 0o666); err != nil {
			t.Fatal(err)
		}
		if _, err := OpenConfigurations(path); err == nil || !strings.Contains(err.Error(), test.about) || !strings.Contains(err.Error(), path) {
			t.Errorf("%q: %v, want %q", test.file, err, test.about)
		}
	}
	for _, method := range []uint16{zip.Store, zip.Deflate} {
		for about, entries := range map[string][]entry{
			"has no array":                  {{"note", "", method}},
			"arrays a, b but none":          {{"a.npy", good, method}, {"b.npy", good, method}},
			"no header":                     {{"x.npy", "nothing", method}},
			"ends before":                   {{"x.npy", good[:len(good)-1], method}},
			"has an array of the type <U1;": nil,
		} {
			if entries == nil {
				about = "type <U1"
				entries = []entry{{"x.npy", array(1, dict("'<U1'", "False", "1,"), []byte(four)), method}}
			}
			writeArchive(t, path, entries...)
			if _, err := OpenConfigurations(path); err == nil || !strings.Contains(err.Error(), about) {
				t.Errorf("%v, want %q", err, about)
			}
		}
		// A flipped bit of the data.
		writeArchive(t, path, entry{"x.npy", good, method})
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		b[30+len(entryName)+60] ^= 4
		if err := os.WriteFile(path, b, 0o666); err != nil {
			t.Fatal(err)
		}
		if _, err := OpenConfigurations(path); err == nil || !strings.Contains(err.Error(), "is damaged") {
			t.Errorf("a flipped bit: %v", err)
		}
	}
	if _, err := OpenConfigurations(path + "x"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
	// An empty array of large configurations needs no memory.
	os.WriteFile(path, []byte(array(1, dict("'|i1'", "False", "0, 9223372036854775807, 9223372036854775807"), nil)), 0o666)
	if c, err := OpenConfigurations(path); err != nil || c.Count != 0 {
		t.Errorf("empty: %v, %v", c, err)
	}
}

// NumPy reads configurations at every moment: none, with some that the header
// does not count yet, and complete.
func TestNumpyConfigurations(t *testing.T) {
	g, dir := openSaving(t, 1)
	var paths []string
	copyFile := func() {
		t.Helper()
		b, err := os.ReadFile(filepath.Join(dir, configs0))
		path := filepath.Join(t.TempDir(), "a.npz")
		if err = errors.Join(err, os.WriteFile(path, b, 0o666)); err != nil {
			t.Fatal(err)
		}
		paths = append(paths, path)
	}
	copyFile()
	err := errors.Join(g.Keep(0, []byte{1, 2, 3, 4, 5, 6, 7, 8}), g.Flush())
	for range flushSize / 8 {
		err = errors.Join(err, g.Keep(0, make([]byte, 8)))
	}
	copyFile()
	if info, statErr := os.Stat(paths[1]); err != nil || statErr != nil || info.Size() < flushSize {
		t.Fatal(err, statErr)
	}
	if err := g.Flush(); err != nil {
		t.Fatal(err)
	}
	copyFile()
	const script = `
import sys, numpy
for path in sys.argv[1:]:
    with numpy.load(path) as f:
        x = f["x"]
    print(f.files, x.dtype.str, x.shape, x[-1:].tolist())
`
	const want = `['x'] |u1 (0, 2, 4) []
['x'] |u1 (1, 2, 4) [[[1, 2, 3, 4], [5, 6, 7, 8]]]
['x'] |u1 (8193, 2, 4) [[[0, 0, 0, 0], [0, 0, 0, 0]]]
`
	if got := numpy(t, script, paths...); got != want {
		t.Errorf("numpy printed %q, want %q", got, want)
	}
}

// What NumPy writes is read.
func TestNumpyWrites(t *testing.T) {
	dir := t.TempDir()
	const script = `
import sys, numpy
x = numpy.arange(12, dtype="<i4").reshape(3, 2, 2)
numpy.savez(sys.argv[1] + "/a.npz", x=x, y=0)
numpy.savez_compressed(sys.argv[1] + "/b.npz", y=x)
numpy.save(sys.argv[1] + "/c.npy", x)
`
	numpy(t, script, dir)
	for _, name := range []string{"a.npz", "b.npz", "c.npy"} {
		c, err := OpenConfigurations(filepath.Join(dir, name))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		dst := make([]float64, 4)
		if err := c.Values(1, dst); err != nil || !slices.Equal(dst, []float64{4, 5, 6, 7}) || c.Count != 3 {
			t.Errorf("%s: %v, %v", name, dst, err)
		}
		c.Close()
	}
}
