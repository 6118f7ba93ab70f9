package store

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"syscall"
	"time"
)

// Format is the version of the format of run directories that this package
// writes, and the newest that it reads.
const Format = 1

// A Manifest is the content of run.json.
type Manifest struct {
	Format  int        `json:"format"`  // set by Create
	Program string     `json:"program"` // version of the program that began the run
	Seed    uint64     `json:"seed"`
	Machine Machine    `json:"machine"`
	Level   string     `json:"instruction_level"` // instruction level, which a resumed run must keep
	Start   time.Time  `json:"start"`
	Stop    *time.Time `json:"stop"` // nil until the run is complete
	Tasks   []Task     `json:"tasks"`

	// Inputs are the SHA-256 of the files in inputs/ by their names, in
	// hexadecimal; set by Create. Runs of older programs have none.
	Inputs map[string]string `json:"inputs,omitempty"`

	// Flows are the SHA-256 of the weights of flows that are trained or given, by
	// their paths in the directory.
	Flows map[string]string `json:"flows,omitempty"`

	// Weights are where the card wants the weights that are trained to be besides,
	// relative to the directory, by the same paths; set by Create, so that it is
	// known where the directory's own copy of the card goes on.
	Weights map[string]string `json:"weights,omitempty"`
}

// A Machine is what a run was computed on.
type Machine struct {
	OS    string `json:"os"`
	Arch  string `json:"arch"`
	Cores int    `json:"cores"`
	Go    string `json:"go"` // version of Go
}

// ThisMachine returns the machine that the program runs on.
func ThisMachine() Machine {
	return Machine{OS: runtime.GOOS, Arch: runtime.GOARCH, Cores: runtime.NumCPU(), Go: runtime.Version()}
}

// A Task is one proposal at one point of a scan. Its chains are numbered
// from 0, group after group.
type Task struct {
	Name   string `json:"name"` // of the proposal
	State  State  `json:"state"`
	Groups []int  `json:"groups"` // chains in each group
	Sweeps []int  `json:"sweeps"` // measured sweeps that each chain has reached
}

// A State is how far a task has come.
type State string

// The states of a task.
const (
	Waiting State = "waiting"
	Running State = "running"
	Done    State = "done"
)

var taskName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._+-]*$`)

// check returns an error if the manifest does not describe a run.
func (m *Manifest) check() error {
	if len(m.Tasks) == 0 {
		return errors.New("there is no task")
	}
	for i, t := range m.Tasks {
		chains := 0
		for _, n := range t.Groups {
			if n < 1 {
				return fmt.Errorf("task %d has a group of %d chains", i, n)
			}
			chains += n
		}
		switch {
		case !taskName.MatchString(t.Name):
			return fmt.Errorf("task %d has the name %q; names match %s", i, t.Name, taskName)
		case t.State != Waiting && t.State != Running && t.State != Done:
			return fmt.Errorf("task %d has the state %q", i, t.State)
		case chains == 0:
			return fmt.Errorf("task %d has no chain", i)
		case len(t.Sweeps) != chains:
			return fmt.Errorf("task %d has %d chains, but sweeps of %d", i, chains, len(t.Sweeps))
		}
	}
	return nil
}

// clone returns a copy that shares nothing with the manifest.
func (m *Manifest) clone() Manifest {
	c := *m
	if m.Stop != nil {
		stop := *m.Stop
		c.Stop = &stop
	}
	c.Inputs = maps.Clone(m.Inputs)
	c.Flows = maps.Clone(m.Flows)
	c.Tasks = slices.Clone(m.Tasks)
	for i, t := range c.Tasks {
		c.Tasks[i].Groups = slices.Clone(t.Groups)
		c.Tasks[i].Sweeps = slices.Clone(t.Sweeps)
	}
	return c
}

// readManifest reads the run.json of a directory. The error is a *Refusal if
// there is none, or one of a newer format.
func readManifest(dir string) (Manifest, error) {
	var m Manifest
	path := filepath.Join(dir, manifestName)
	b, err := os.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return m, noManifest(dir)
	case errors.Is(err, syscall.ENOTDIR):
		return m, noDirectory(dir)
	case errors.Is(err, syscall.EISDIR):
		return m, &Refusal{path, "is a directory; start over with --force, which keeps the old one"}
	case err != nil:
		return m, err
	}
	var version struct {
		Format int `json:"format"`
	}
	if err := json.Unmarshal(b, &version); err != nil || version.Format < 1 {
		return m, &Refusal{path, "is damaged or not of a run; start over with --force, which keeps the old directory"}
	}
	if version.Format > Format {
		return m, newer(path, strconv.Itoa(version.Format), strconv.Itoa(Format))
	}
	err = json.Unmarshal(b, &m)
	if err == nil {
		err = m.check()
	}
	if err != nil {
		return m, &Refusal{path, "is damaged: " + err.Error() + "; start over with --force, which keeps the old directory"}
	}
	return m, nil
}

// noManifest returns the error of a directory without run.json.
func noManifest(dir string) error {
	if _, err := os.Stat(dir); err != nil {
		return err
	}
	switch empty, err := isEmpty(dir); {
	case err != nil:
		return err
	case empty:
		return vacancy{&Refusal{dir, "is an empty directory, not that of a run; to fill it give a card, and this directory with -o, without --force"}}
	case hasParts(dir, cardName, tasksName):
		return &Refusal{dir, "has lost its " + manifestName + "; start over with --force, which keeps the old directory"}
	}
	return &Refusal{dir, "is not a run directory, for it has no " + manifestName + "; give another one with -o"}
}

// isEmpty reports whether nothing is in a directory.
func isEmpty(dir string) (bool, error) {
	f, err := os.Open(dir)
	if err != nil {
		return false, err
	}
	defer f.Close()
	if _, err = f.Readdirnames(1); err == io.EOF {
		return true, nil
	}
	return false, err
}

// hasParts reports whether files or directories of all these names are in a
// directory.
func hasParts(dir string, names ...string) bool {
	return !slices.ContainsFunc(names, func(name string) bool {
		_, err := os.Stat(filepath.Join(dir, name))
		return err != nil
	})
}

// encodeJSON returns a function for writeFile that writes a value as
// indented JSON.
func encodeJSON(value any) func(io.Writer) error {
	return func(w io.Writer) error {
		e := json.NewEncoder(w)
		e.SetEscapeHTML(false)
		e.SetIndent("", "  ")
		return e.Encode(value)
	}
}
