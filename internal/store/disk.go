package store

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// A disk makes every change to the files of a run directory. Each method is
// one step between which a program may be killed; tests kill it there.
type disk interface {
	create(path string) (file, error) // an empty file, for writing
	edit(path string) (file, error)   // a file that exists, for writing
	rename(from, to string) error
	remove(path string) error
	mkdir(path string) error
	sync(dir string) error // makes creations, renames and removals in dir durable
}

// A file is open for writing.
type file interface {
	io.Writer
	io.WriterAt
	Truncate(size int64) error
	Sync() error
	Close() error
}

// system is the disk of the operating system.
type system struct{}

func (system) create(path string) (file, error) {
	return os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o666)
}

func (system) edit(path string) (file, error) { return os.OpenFile(path, os.O_WRONLY, 0) }
func (system) rename(from, to string) error   { return os.Rename(from, to) }
func (system) remove(path string) error       { return os.Remove(path) }
func (system) mkdir(path string) error        { return os.Mkdir(path, 0o777) }

func (system) sync(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	// Some network file systems cannot sync a directory, and say EINVAL.
	if err := d.Sync(); err != nil && !errors.Is(err, syscall.EINVAL) {
		return err
	}
	return nil
}

// writeFile replaces or creates a file with what write writes, so that it
// holds either all of the old content or all of the new, whenever the
// program is killed or the machine loses power. The directory must exist.
func writeFile(d disk, path string, write func(io.Writer) error) error {
	aside, err := writeAside(d, path, write)
	if err != nil {
		return err
	}
	if err := d.rename(aside, path); err != nil {
		return writing(path, err)
	}
	if err := d.sync(filepath.Dir(path)); err != nil {
		return writing(path, err)
	}
	return nil
}

// writeBytes returns a function for writeFile that writes bytes.
func writeBytes(b []byte) func(io.Writer) error {
	return func(w io.Writer) error {
		_, err := w.Write(b)
		return err
	}
}

// writeAside writes and syncs what is to become the file at path, under the
// name that it returns.
func writeAside(d disk, path string, write func(io.Writer) error) (string, error) {
	aside := asideName(path)
	f, err := d.create(aside)
	if err != nil {
		return "", writing(path, err)
	}
	w := bufio.NewWriterSize(f, 1<<16)
	err = write(w)
	if err == nil {
		err = w.Flush()
	}
	if err == nil {
		err = f.Sync()
	}
	if e := f.Close(); err == nil {
		err = e
	}
	if err != nil {
		d.remove(aside) // a leftover would do no harm
		return "", writing(path, err)
	}
	return aside, nil
}

// asideName returns the name under which the file at path is written before
// it is renamed. A leftover of such a name is never read.
func asideName(path string) string {
	return filepath.Join(filepath.Dir(path), "."+filepath.Base(path)+".tmp")
}

// purge removes what interrupted writes have left in a directory.
func purge(d disk, dir string) error {
	return filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if name := e.Name(); e.Type().IsRegular() && strings.HasPrefix(name, ".") && strings.HasSuffix(name, ".tmp") {
			return d.remove(path)
		}
		return nil
	})
}

// setAside renames a file to its name with ".damaged" appended, or
// ".damaged-2" and so on where that is taken, and returns the new base name.
func setAside(d disk, path string) (string, error) {
	for n := 1; ; n++ {
		to := path + ".damaged"
		if n > 1 {
			to = fmt.Sprintf("%s.damaged-%d", path, n)
		}
		switch _, err := os.Lstat(to); {
		case errors.Is(err, fs.ErrNotExist):
			if err := d.rename(path, to); err != nil {
				return "", writing(path, err)
			}
			return filepath.Base(to), nil
		case err != nil:
			return "", err
		}
	}
}

// mkdirs makes a directory of a run and those above it, durably.
func mkdirs(d disk, path string) error {
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return nil
	}
	parent := filepath.Dir(path)
	if err := mkdirs(d, parent); err != nil {
		return err
	}
	if err := d.mkdir(path); err != nil && !errors.Is(err, fs.ErrExist) {
		return writing(path, err)
	}
	if err := d.sync(parent); err != nil {
		return writing(path, err)
	}
	return nil
}

// writing completes an error of a write: what was written, and what to do.
func writing(path string, err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		err = p.Err
	}
	return &unwritten{path, err}
}

// An unwritten is the error of a write in a run directory.
type unwritten struct {
	path string
	err  error
}

func (u *unwritten) Error() string {
	remedy := "run the same command again when the cause is removed"
	if errors.Is(u.err, syscall.ENOSPC) || errors.Is(u.err, syscall.EDQUOT) {
		remedy = "free space on its disk and run the same command again"
	}
	return fmt.Sprintf("store: writing %s: %v; %s: it goes on from the last checkpoint", u.path, u.err, remedy)
}

func (u *unwritten) Unwrap() error { return u.err }
