package store

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"mcrun/internal/safetensors"
	"mcrun/mc"
)

// Wherever space on the disk runs out, the error names the file and what to
// do, nothing more is written, and with space again the run ends as if
// nothing had happened.
func TestDiskFull(t *testing.T) {
	const chains, sweeps = 2, 6
	for space := 0; ; space += 197 {
		dir := newRun(t, chains)
		d := newTestDisk(t, dir)
		d.limit, d.space = true, space
		_, err := advance(d, dir, chains, plan(sweeps))
		if err == nil {
			if space < 1<<12 {
				t.Errorf("a run in %d bytes", space)
			}
			break
		}
		if !errors.Is(err, syscall.ENOSPC) || !strings.Contains(err.Error(), "writing "+dir) || !strings.Contains(err.Error(), "free space") {
			t.Fatalf("with %d bytes: %v", space, err)
		}
		notices, err := advance(newTestDisk(t, dir), dir, chains, plan(sweeps))
		if err != nil {
			t.Fatal(err)
		}
		for _, n := range notices {
			if !strings.HasSuffix(n.Text, "its configurations are intact") { // after half a write
				t.Errorf("with %d bytes: %v", space, n)
			}
		}
		checkComplete(t, dir, chains, plan(sweeps))
		os.RemoveAll(dir)
	}
}

// openGroup makes a run directory with one group of scalars and opens it.
func openGroup(t *testing.T, chains int) (*Group, *testDisk, string) {
	t.Helper()
	dir := newRun(t, chains)
	d := newTestDisk(t, dir)
	r, err := open(d, dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	g, snapshot, notices, err := r.Group(0, 0, identity, scalars, nil)
	if err != nil || snapshot != nil || notices != nil {
		t.Fatal(snapshot, notices, err)
	}
	t.Cleanup(func() { g.Close() })
	return g, d, dir
}

func TestNothingAfterAnError(t *testing.T) {
	g, d, _ := openGroup(t, 1)
	d.limit = true
	first := g.Append(make([]float64, flushSize/8))
	if !errors.Is(first, syscall.ENOSPC) {
		t.Fatal(first)
	}
	d.limit = false
	steps := d.steps
	for _, err := range []error{g.Append([]float64{1, 2}), g.Append(nil), g.Flush(), g.Checkpoint(new(mc.Snapshot))} {
		if err != first {
			t.Errorf("error %v, want that of before", err)
		}
	}
	if d.steps != steps {
		t.Errorf("%d changes to files after an error", d.steps-steps)
	}
}

// Rows are written when there are enough of them, and counted when they are
// durable.
func TestFlush(t *testing.T) {
	g, d, dir := openGroup(t, 2)
	path := filepath.Join(dir, chain1)
	size := func() int64 {
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		return info.Size()
	}
	rows := func() int {
		s, err := ReadSeries(path)
		if err != nil {
			t.Fatal(err)
		}
		return s.Rows()
	}
	const many = flushSize / 16
	if err := g.Append(make([]float64, 4*(many-1))); err != nil || size() != headerSize {
		t.Errorf("%d bytes before there are enough, %v", size(), err)
	}
	if err := g.Append(make([]float64, 4)); err != nil || size() != headerSize+flushSize || rows() != 0 {
		t.Errorf("%d bytes when there are enough, %d rows, %v", size(), rows(), err)
	}
	if err := g.Append(make([]float64, 4)); err != nil || g.Rows() != many+1 {
		t.Errorf("%d rows appended, %v", g.Rows(), err)
	}
	if err := g.Flush(); err != nil || size() != headerSize+flushSize+16 || rows() != many+1 {
		t.Errorf("%d bytes after Flush, %d rows, %v", size(), rows(), err)
	}
	if steps := d.steps; g.Flush() != nil || d.steps != steps {
		t.Errorf("%d changes to files by a Flush of nothing", d.steps-steps)
	}
	if err := g.Close(); err != nil {
		t.Fatal(err)
	}
	if err := g.Append(make([]float64, 4)); err != errClosed {
		t.Errorf("Append after Close: %v", err)
	}
}

func TestPanics(t *testing.T) {
	g, _, _ := openGroup(t, 2)
	check := func(want string, f func()) {
		t.Helper()
		defer func() {
			if r := recover(); r != want {
				t.Errorf("panic %v, want %q", r, want)
			}
		}()
		f()
	}
	check(badRows, func() { g.Append(make([]float64, 3)) })
	for _, name := range []string{sumName, safetensors.MetadataName} {
		s := new(mc.Snapshot)
		mc.Put(s, name, []uint8{1})
		check(badArrayName, func() { g.Checkpoint(s) })
	}
}
