package store

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

const lockName = ".lock"

// lock takes the lock of a directory for this process. The operating system
// releases it when the file is closed, however the process ends.
func lock(dir string) (*os.File, error) {
	path := filepath.Join(dir, lockName)
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o666)
	if err != nil {
		return nil, err
	}
	if err := tryLock(f); err != nil {
		f.Close()
		if errors.Is(err, unix.EWOULDBLOCK) {
			return nil, &Refusal{dir, "the directory is in use" + holder(path) +
				"; wait until that has ended, stop it, or give another directory with -o"}
		}
		return nil, fmt.Errorf("store: locking %s: %w; is its file system mounted without locks?", path, err)
	}
	// Between open and lock the directory may have been renamed, and another
	// may have taken its name.
	held, err := f.Stat()
	if err == nil {
		var named os.FileInfo
		if named, err = os.Stat(path); err == nil && !os.SameFile(held, named) {
			err = &Refusal{dir, "the directory was replaced by another process just now; run the same command again"}
		}
	}
	if err == nil {
		err = f.Truncate(0)
	}
	if err == nil {
		_, err = fmt.Fprintf(f, "%d\n", os.Getpid())
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

func tryLock(f *os.File) error {
	for {
		err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		if !errors.Is(err, unix.EINTR) {
			return err
		}
	}
}

// holder names the process that has written its number into a lock.
func holder(path string) string {
	f, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer f.Close()
	pid, err := io.ReadAll(io.LimitReader(f, 20))
	if s := strings.TrimSpace(string(pid)); err == nil && s != "" {
		return " by process " + s
	}
	return ""
}
