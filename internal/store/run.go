package store

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
	"time"
)

// A Run is a run directory locked for writing by this process. Its methods
// may be called by several goroutines at once.
type Run struct {
	Dir
	disk disk
	lock *os.File

	mu      sync.Mutex
	current Manifest  // what run.json holds, or is to hold; guarded by mu
	noted   bool      // current is still to be written; guarded by mu
	written time.Time // when run.json was last; guarded by mu
}

// Create makes a new run directory that holds the manifest, the resolved
// card and the files that it names, by their names in inputs/. It appears
// complete or not at all. An empty directory of its name is replaced. The
// error is a *Refusal if something else of its name is there already.
func Create(dir string, m Manifest, card []byte, inputs map[string][]byte) (*Run, error) {
	return create(system{}, dir, m, card, inputs)
}

func create(d disk, dir string, m Manifest, card []byte, inputs map[string][]byte) (*Run, error) {
	m = m.clone()
	m.Format, m.Inputs = Format, Sums(inputs)
	if err := m.check(); err != nil {
		return nil, fmt.Errorf("store: cannot make %s: %w", dir, err)
	}
	dir = filepath.Clean(dir)
	old, err := os.Lstat(dir)
	if errors.Is(err, syscall.ENOTDIR) {
		return nil, noDirectory(dir)
	}
	replace := false
	if err == nil {
		if replace = replaceable(dir, old); !replace {
			return nil, exists(dir)
		}
	}
	if err := mkdirs(d, filepath.Dir(dir)); err != nil {
		return nil, err
	}
	if err := purgeCreations(d, dir); err != nil {
		return nil, err
	}
	aside := fmt.Sprintf("%s%d", creation(dir), os.Getpid())
	if err := d.mkdir(aside); err != nil {
		return nil, writing(dir, err)
	}
	held, err := lock(aside)
	if err != nil {
		return nil, err
	}
	err = fill(d, aside, m, card, inputs)
	if err == nil && replace {
		if err = os.Chmod(aside, old.Mode().Perm()); err == nil {
			err = d.remove(dir)
		}
	}
	if err == nil {
		err = d.rename(aside, dir)
	}
	switch {
	case errors.Is(err, fs.ErrExist):
		err = exists(dir)
	case errors.Is(err, syscall.EBUSY): // where a file system is mounted
		err = &Refusal{dir, "is empty but cannot be replaced; give a new directory in it with -o"}
	}
	if err == nil {
		err = d.sync(filepath.Dir(dir))
	}
	if err != nil {
		held.Close()
		return nil, errors.Join(err, purgeCreations(d, dir))
	}
	return &Run{Dir: Dir{dir, m}, disk: d, lock: held, current: m.clone()}, nil
}

// fill writes the first files of a run directory.
func fill(d disk, dir string, m Manifest, card []byte, inputs map[string][]byte) error {
	write := func(name string, content []byte) error {
		return writeFile(d, filepath.Join(dir, name), writeBytes(content))
	}
	if err := write(cardName, card); err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(inputs)) {
		if !filepath.IsLocal(name) {
			return fmt.Errorf("store: %q cannot be the name of a file in %s", name, inputsName)
		}
		path := filepath.Join(inputsName, name)
		if err := mkdirs(d, filepath.Dir(filepath.Join(dir, path))); err != nil {
			return err
		}
		if err := write(path, inputs[name]); err != nil {
			return err
		}
	}
	if err := mkdirs(d, filepath.Join(dir, tasksName)); err != nil {
		return err
	}
	return writeFile(d, filepath.Join(dir, manifestName), encodeJSON(m))
}

// replaceable reports whether what is at a path is a directory that is empty
// and has a name of its own, which "." has not.
func replaceable(path string, info fs.FileInfo) bool {
	if base := filepath.Base(path); !info.IsDir() || base == "." || base == ".." {
		return false
	}
	empty, err := isEmpty(path)
	return empty && err == nil
}

func exists(dir string) *Refusal {
	return &Refusal{dir, "exists already; give another directory with -o"}
}

// creation returns what the names of directories begin with that are to be
// renamed to dir.
func creation(dir string) string {
	return filepath.Join(filepath.Dir(dir), "."+filepath.Base(dir)+".new-")
}

// purgeCreations removes what processes killed in Create have left, but not
// what a living one is working on.
func purgeCreations(d disk, dir string) error {
	entries, err := os.ReadDir(filepath.Dir(dir))
	if err != nil {
		return err
	}
	prefix := filepath.Base(creation(dir))
	for _, e := range entries {
		if !e.IsDir() || len(e.Name()) < len(prefix) || e.Name()[:len(prefix)] != prefix {
			continue
		}
		path := filepath.Join(filepath.Dir(dir), e.Name())
		held, err := lock(path)
		var refusal *Refusal
		if errors.As(err, &refusal) {
			continue
		}
		if err != nil {
			return err
		}
		err = removeAll(d, path)
		held.Close()
		if err != nil {
			return err
		}
	}
	return nil
}

// removeAll removes a directory and what it holds.
func removeAll(d disk, dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		path := filepath.Join(dir, e.Name())
		if e.IsDir() {
			err = removeAll(d, path)
		} else {
			err = d.remove(path)
		}
		if err != nil {
			return err
		}
	}
	return d.remove(dir)
}

// Open opens a run directory for writing, to go on with its run, and removes
// what interrupted writes have left. Errors are those of [View], and a
// *Refusal if another process has it open.
func Open(dir string) (*Run, error) { return open(system{}, dir) }

func open(d disk, dir string) (*Run, error) {
	// Before the lock, so that nothing is made in a directory of other things.
	if _, err := readManifest(dir); err != nil {
		return nil, err
	}
	held, err := lock(dir)
	if err != nil {
		return nil, err
	}
	m, err := readManifest(dir)
	if err == nil {
		err = purge(d, dir)
	}
	if err != nil {
		held.Close()
		return nil, err
	}
	return &Run{Dir: Dir{filepath.Clean(dir), m}, disk: d, lock: held, current: m.clone()}, nil
}

// Retire renames a run directory to its name with ".old-1" appended, or the
// next number that is free, and returns the new name. Nothing is deleted.
// The error is fs.ErrNotExist if there is nothing of that name or an empty
// directory, and a *Refusal if it is no run directory or in use. A run.json
// that is missing, damaged or of a newer program is no obstacle, as long as
// the card is there, and tasks where run.json is not.
func Retire(dir string) (string, error) {
	dir = filepath.Clean(dir)
	if info, err := os.Stat(dir); errors.Is(err, syscall.ENOTDIR) || err == nil && !info.IsDir() {
		return "", noDirectory(dir)
	}
	switch {
	case hasParts(dir, cardName, manifestName), hasParts(dir, cardName, tasksName):
	case hasParts(dir, manifestName):
		return "", &Refusal{dir, "is not a run directory, for it has no " + cardName + "; give another one with -o"}
	default:
		return "", noManifest(dir)
	}
	held, err := lock(dir)
	if err != nil {
		return "", err
	}
	defer held.Close()
	for n := 1; ; n++ {
		old := fmt.Sprintf("%s.old-%d", dir, n)
		if _, err := os.Lstat(old); err == nil {
			continue
		}
		if err := os.Rename(dir, old); err != nil {
			return "", err
		}
		return old, system{}.sync(filepath.Dir(dir))
	}
}

// Manifest returns run.json with all that was noted.
func (r *Run) Manifest() Manifest {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.current.clone()
}

// Update changes the manifest and writes it to run.json. Names and groups of
// tasks must stay as they are.
func (r *Run) Update(change func(*Manifest)) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	m := r.current.clone()
	change(&m)
	if !slices.EqualFunc(m.Tasks, r.manifest.Tasks, func(a, b Task) bool {
		return a.Name == b.Name && slices.Equal(a.Groups, b.Groups)
	}) {
		panic(badUpdate)
	}
	return r.write(m)
}

// write makes a manifest that of the run. The caller holds r.mu.
func (r *Run) write(m Manifest) error {
	if err := m.check(); err != nil {
		return fmt.Errorf("store: changing %s: %w", r.Path(manifestName), err)
	}
	if err := writeFile(r.disk, r.Path(manifestName), encodeJSON(m)); err != nil {
		return err
	}
	r.current, r.noted, r.written = m, false, time.Now()
	return nil
}

// notePeriod is the time from one write of run.json to the next by Note.
const notePeriod = time.Second

// Note records the sweeps that a chain has reached and the state of its task.
// It costs little however many chains there are, for run.json is written once
// a second at most, what was noted meanwhile at the end of that second or by
// [Run.Flush], [Run.Update] or [Run.Close]. A program killed before that loses
// nothing else: chains go on from their checkpoints, whatever run.json tells.
func (r *Run) Note(task, chain, sweeps int, state State) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	t := &r.current.Tasks[task]
	t.Sweeps[chain], t.State = sweeps, state
	wait := notePeriod - time.Since(r.written)
	if wait > 0 && !r.noted {
		time.AfterFunc(wait, func() { r.Flush() }) // its error comes again with the next call
	}
	r.noted = true
	if wait > 0 {
		return nil
	}
	return r.write(r.current)
}

// Flush writes to run.json what was noted.
func (r *Run) Flush() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.noted {
		return nil
	}
	return r.write(r.current)
}

const badUpdate = "store: Update changes the tasks of a run"

// WriteFile replaces or creates a file in the directory, as
// tables/energy.csv, with what write writes, so that it holds either all of
// the old content or all of the new, and makes the directories above it.
func (r *Run) WriteFile(name string, write func(io.Writer) error) error {
	if !filepath.IsLocal(name) {
		panic(badName)
	}
	path := r.Path(name)
	if err := mkdirs(r.disk, filepath.Dir(path)); err != nil {
		return err
	}
	return writeFile(r.disk, path, write)
}

const badName = "store: the name of a file leads out of its directory"

// WriteNew writes a file outside of run directories as [Run.WriteFile] writes one
// within, and makes the directories above it, unless there is one: then the error is
// fs.ErrExist.
func WriteNew(path string, write func(io.Writer) error) error {
	if _, err := os.Lstat(path); err == nil {
		return fs.ErrExist
	}
	err := mkdirs(system{}, filepath.Dir(path))
	if err == nil {
		err = writeFile(system{}, path, write)
	}
	if u, ok := errors.AsType[*unwritten](err); ok { // which speaks of checkpoints
		return fmt.Errorf("%s cannot be written: %w", path, u.err)
	}
	return err
}

// WriteJSON writes a value as JSON to a file in the directory, as
// summary.json.
func (r *Run) WriteJSON(name string, value any) error {
	return r.WriteFile(name, encodeJSON(value))
}

// Close writes what was noted and unlocks the directory. Groups must have
// been closed before.
func (r *Run) Close() error {
	err := r.Flush()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.noted = false // nothing is written any more
	return errors.Join(err, r.lock.Close())
}
