package store

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// A testDisk is a disk on which a program is killed, the machine loses power
// or space runs out. It syncs nothing, but keeps account of what would be
// durable.
type testDisk struct {
	steps int  // made so far
	kill  int  // the step that is not made any more, nor any later one; 0: none
	torn  bool // half of a write is made when the program is killed in it
	space int  // bytes that can be written before the disk is full, if limited
	limit bool

	live, durable map[string]*inode // by path
}

// An inode is the content of a file.
type inode struct {
	synced  []byte
	pending []func([]byte) []byte // changes since the last sync
}

var errKilled = errors.New("killed")

// newTestDisk returns a disk on which all that is in a directory is durable.
func newTestDisk(t *testing.T, root string) *testDisk {
	t.Helper()
	d := &testDisk{live: make(map[string]*inode), durable: make(map[string]*inode)}
	err := filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		d.live[path] = &inode{synced: content}
		d.durable[path] = d.live[path]
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func (d *testDisk) dead() bool { return d.kill > 0 && d.steps >= d.kill }

func (d *testDisk) step() error {
	if d.dead() {
		return errKilled
	}
	if d.steps++; d.dead() {
		return errKilled
	}
	return nil
}

func (d *testDisk) create(path string) (file, error) {
	if err := d.step(); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o666)
	d.live[path] = new(inode)
	return &testFile{f, d, d.live[path]}, err
}

func (d *testDisk) edit(path string) (file, error) {
	if err := d.step(); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	return &testFile{f, d, d.live[path]}, nil
}

func (d *testDisk) rename(from, to string) error {
	if err := d.step(); err != nil {
		return err
	}
	for path, node := range d.live { // a file, or those of a directory
		if path == from || strings.HasPrefix(path, from+"/") {
			delete(d.live, path)
			d.live[to+path[len(from):]] = node
		}
	}
	return os.Rename(from, to)
}

func (d *testDisk) remove(path string) error {
	if err := d.step(); err != nil {
		return err
	}
	delete(d.live, path)
	return os.Remove(path)
}

func (d *testDisk) mkdir(path string) error {
	if err := d.step(); err != nil {
		return err
	}
	return os.Mkdir(path, 0o777)
}

func (d *testDisk) sync(dir string) error {
	if err := d.step(); err != nil {
		return err
	}
	for path := range d.durable {
		if filepath.Dir(path) == dir && d.live[path] == nil {
			delete(d.durable, path)
		}
	}
	for path, node := range d.live {
		if filepath.Dir(path) == dir {
			d.durable[path] = node
		}
	}
	return nil
}

// losePower leaves of the files below root what is durable, and of each
// file's later changes none, or only the last.
func (d *testDisk) losePower(t *testing.T, root string, last bool) {
	t.Helper()
	err := filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() || e.Name() == lockName {
			return err
		}
		return os.Remove(path)
	})
	if err != nil {
		t.Fatal(err)
	}
	for path, node := range d.durable {
		content := node.synced
		if n := len(node.pending); last && n > 0 {
			content = node.pending[n-1](content)
		}
		if err := os.WriteFile(path, content, 0o666); err != nil {
			t.Fatal(err)
		}
	}
}

type testFile struct {
	*os.File
	disk *testDisk
	node *inode
}

// write makes as much of a write as is possible.
func (f *testFile) write(b []byte, write func([]byte) (int, error)) (int, error) {
	d := f.disk
	if d.dead() {
		return 0, errKilled
	}
	fail := d.step()
	if fail != nil && d.torn {
		b = b[:len(b)/2]
	} else if fail != nil {
		return 0, fail
	}
	if d.limit {
		if len(b) > d.space {
			b, fail = b[:d.space], &fs.PathError{Op: "write", Path: f.Name(), Err: syscall.ENOSPC}
		}
		d.space -= len(b)
	}
	n, err := write(b)
	return n, errors.Join(err, fail)
}

func (f *testFile) Write(b []byte) (int, error) {
	return f.write(b, func(b []byte) (int, error) {
		at, err := f.Seek(0, io.SeekCurrent)
		if err != nil {
			return 0, err
		}
		f.changed(b, at)
		return f.File.Write(b)
	})
}

func (f *testFile) WriteAt(b []byte, at int64) (int, error) {
	return f.write(b, func(b []byte) (int, error) {
		f.changed(b, at)
		return f.File.WriteAt(b, at)
	})
}

func (f *testFile) changed(b []byte, at int64) {
	b = []byte(string(b))
	f.node.pending = append(f.node.pending, func(old []byte) []byte {
		c := make([]byte, max(len(old), int(at)+len(b)))
		copy(c, old)
		copy(c[at:], b)
		return c
	})
}

func (f *testFile) Truncate(size int64) error {
	if err := f.disk.step(); err != nil {
		return err
	}
	f.node.pending = append(f.node.pending, func(old []byte) []byte {
		c := make([]byte, size)
		copy(c, old)
		return c
	})
	return f.File.Truncate(size)
}

func (f *testFile) Sync() error {
	if err := f.disk.step(); err != nil {
		return err
	}
	for _, change := range f.node.pending {
		f.node.synced = change(f.node.synced)
	}
	f.node.pending = nil
	return nil
}

func TestWriteFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a.txt")
	for _, content := range []string{"first", "second, longer", ""} {
		if err := writeFile(system{}, path, writeBytes([]byte(content))); err != nil {
			t.Fatal(err)
		}
		if got, err := os.ReadFile(path); err != nil || string(got) != content {
			t.Errorf("read %q, %v; wrote %q", got, err, content)
		}
	}
	oops := errors.New("oops")
	err := writeFile(system{}, path, func(w io.Writer) error {
		io.WriteString(w, strings.Repeat("x", 1<<17))
		return oops
	})
	if !errors.Is(err, oops) || !strings.Contains(err.Error(), path) {
		t.Errorf("error %v", err)
	}
	if entries, _ := os.ReadDir(dir); len(entries) != 1 {
		t.Errorf("a failed write left %v", entries)
	}
	if err := writeFile(system{}, filepath.Join(dir, "no", "a.txt"), writeBytes(nil)); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("error %v in a directory that does not exist", err)
	}
}

// Whenever a program is killed, or the machine loses power, a file that is
// replaced has its old content or its new.
func TestWriteFileKilled(t *testing.T) {
	for k := 1; ; k++ {
		done := false
		for _, mode := range crashes {
			dir := t.TempDir()
			path := filepath.Join(dir, "a.txt")
			if err := os.WriteFile(path, []byte("old"), 0o666); err != nil {
				t.Fatal(err)
			}
			d := newTestDisk(t, dir)
			d.kill, d.torn = k, mode.torn
			err := writeFile(d, path, writeBytes([]byte("new content")))
			done = err == nil
			mode.crash(t, d, dir)
			got, readErr := os.ReadFile(path)
			if readErr != nil || string(got) != "new content" && (string(got) != "old" || err == nil) {
				t.Errorf("killed at step %d, %s: %q, %v", k, mode.name, got, readErr)
			}
			if err := purge(system{}, dir); err != nil {
				t.Fatal(err)
			}
			if entries, _ := os.ReadDir(dir); len(entries) != 1 {
				t.Errorf("killed at step %d, %s: purge left %v", k, mode.name, entries)
			}
		}
		if done {
			return
		}
	}
}

// A crashMode is a way in which a program ends at a step.
type crashMode struct {
	name        string
	torn        bool // in the middle of a write
	power, last bool // with power: what was not synced is lost, but perhaps the last write
}

var crashes = []crashMode{
	{name: "killed"},
	{name: "killed in a write", torn: true},
	{name: "power lost", power: true},
	{name: "power lost, writes out of order", power: true, last: true},
}

func (m crashMode) crash(t *testing.T, d *testDisk, root string) {
	t.Helper()
	if m.power {
		d.losePower(t, root, m.last)
	}
}
