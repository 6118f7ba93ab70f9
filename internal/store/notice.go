package store

import (
	"fmt"
	"io/fs"
)

// A Notice tells of damage that was found in a run directory and of what was
// done about it. The caller prints it.
type Notice struct {
	File string // path of the file
	Text string // what is wrong with it, and what follows
}

// String returns the notice as one line.
func (n Notice) String() string { return n.File + ": " + n.Text }

// A Refusal is the error of a directory that cannot be used as asked: it is
// no run directory, another process uses it, a newer program wrote it, its
// checkpoints are of another card or something of its name is already there. Nothing in it has been touched.
type Refusal struct {
	Path   string
	Reason string // why, and how to proceed
}

// Error implements error.
func (r *Refusal) Error() string { return r.Path + ": " + r.Reason }

// A vacancy is the refusal of an empty directory, which is as good as none
// where one is to be made.
type vacancy struct{ *Refusal }

func (v vacancy) Unwrap() []error { return []error{v.Refusal, fs.ErrNotExist} }

// noDirectory refuses a path that is a file, or leads through one.
func noDirectory(path string) *Refusal {
	return &Refusal{path, "is a file or lies in one, where a directory is expected; give another one with -o"}
}

// A damage is the error of a file whose content is not what was written.
type damage struct {
	file string // path
	what string
}

func (d *damage) notice() Notice { return Notice{d.file, d.what} }

func (d *damage) Error() string { return fmt.Sprintf("store: %s: %s", d.file, d.what) }
