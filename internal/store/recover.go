package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"mcrun/mc"
)

// previous is what the name of the last checkpoint but one ends with.
const previous = ".prev"

// A candidate is a checkpoint that a group may go on from.
type candidate struct {
	path       string
	generation *generation // nil if there is a fault
	fault      *damage
	missing    bool // which is a fault too
}

// checkpointPaths returns the paths of the checkpoints of a group, the newest
// first.
func checkpointPaths(dir string, group int) [2]string {
	path := filepath.Join(dir, checkpointName(group))
	return [2]string{path, path + previous}
}

func readCandidate(path string) (candidate, error) {
	g, err := readGeneration(path)
	if bad, ok := errors.AsType[*damage](err); ok {
		return candidate{path: path, fault: bad}, nil
	}
	if errors.Is(err, fs.ErrNotExist) {
		return candidate{path: path, fault: &damage{path, "is missing"}, missing: true}, nil
	}
	return candidate{path: path, generation: g}, err
}

// A recovery finds the newest state of a group whose files are all intact,
// and makes the files fit it. It is killed at no moment such that the next
// one would find less.
type recovery struct {
	disk     disk
	dir      string // of the task
	group    int
	series   []string // paths
	identity string   // hash
	columns  []string
	notices  []Notice
}

// run returns the generation to go on from. It is one without a snapshot if
// the group is to start from the beginning.
func (r *recovery) run() (*generation, error) {
	var unused []candidate
	var faults []*damage
	for i, path := range checkpointPaths(r.dir, r.group) {
		c, err := readCandidate(path)
		if err != nil {
			return nil, err
		}
		if c.fault == nil {
			bad, err := r.verify(c.path, c.generation)
			if err != nil {
				return nil, err
			}
			if len(bad) == 0 {
				r.notice(faults)
				for _, u := range unused {
					// It must not become the previous checkpoint of the next.
					if err := r.keep(u.path); err != nil {
						return nil, err
					}
				}
				if i > 0 {
					r.notices = append(r.notices, Notice{c.path, fmt.Sprintf("the group goes on from this checkpoint, the one before the last, at row %d", c.generation.rows)})
				}
				return c.generation, r.fit(c.generation)
			}
			faults = append(faults, bad...)
		} else {
			faults = append(faults, c.fault)
		}
		unused = append(unused, c)
	}
	return r.restart(unused, faults)
}

// notice adds notices of faults, of each file only the first.
func (r *recovery) notice(faults []*damage) {
	told := make(map[string]bool)
	for _, f := range faults {
		if !told[f.file] {
			told[f.file] = true
			r.notices = append(r.notices, f.notice())
		}
	}
}

// verify returns what is wrong with the series by the generation of a
// checkpoint.
func (r *recovery) verify(checkpoint string, g *generation) ([]*damage, error) {
	if err := g.belongs(checkpoint, r.identity); err != nil {
		return nil, err
	}
	if !slices.Equal(g.columns, r.columns) {
		return nil, r.refuse(fmt.Sprintf("the columns %q", g.columns), fmt.Sprintf("%q", r.columns))
	}
	if len(g.sums) != len(r.series) {
		return nil, r.refuse(fmt.Sprintf("%d chains", len(g.sums)), fmt.Sprint(len(r.series)))
	}
	var faults []*damage
	for _, path := range r.series {
		sum, ok := g.sums[filepath.Base(path)]
		if !ok {
			return nil, r.refuse("other chains than "+filepath.Base(path), "it")
		}
		err := verifySeries(path, g, sum)
		if bad, ok := errors.AsType[*damage](err); ok {
			faults = append(faults, bad)
		} else if err != nil {
			return nil, err
		}
	}
	return faults, nil
}

// belongs refuses a checkpoint of another identity than that of a hash.
func (g *generation) belongs(checkpoint, identity string) error {
	if g.identity == identity {
		return nil
	}
	return &Refusal{checkpoint, "belongs to another model, proposal, seed or schedule than the card, which was changed after it was written; " +
		"undo the change, or start over with --force, which keeps the old directory"}
}

func (r *recovery) refuse(has, want string) *Refusal {
	return &Refusal{r.dir, fmt.Sprintf("the checkpoint of group %d has %s where the card has %s; "+
		"start over with --force, which keeps the old directory", r.group, has, want)}
}

func verifySeries(path string, g *generation, sum uint32) error {
	f, err := openSeries(path)
	if err != nil {
		return err
	}
	defer f.Close()
	return f.verify(g, sum, nil)
}

// fit removes from the series the rows that were written after the
// generation, and repairs their headers.
func (r *recovery) fit(g *generation) error {
	for _, path := range r.series {
		f, err := openSeries(path)
		if err != nil {
			return err
		}
		f.Close()
		if fault := f.headerFault(g); fault != "" {
			r.notices = append(r.notices, Notice{path, fault + "; repaired, for its rows are intact"})
		}
		end := headerSize + int64(8*len(g.columns))*int64(g.rows)
		header := encodeHeader(g.columns, g.rows)
		if f.size == end && string(f.header) == string(header) {
			continue
		}
		if err := r.rewrite(path, header, end); err != nil {
			return writing(path, err)
		}
	}
	return nil
}

// rewrite replaces the header of a series and then cuts the series, so that
// at no moment more rows are counted than are there.
func (r *recovery) rewrite(path string, header []byte, end int64) error {
	f, err := r.disk.edit(path)
	if err != nil {
		return err
	}
	defer f.Close()
	if _, err := f.WriteAt(header, 0); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return err
	}
	if err := f.Truncate(end); err != nil {
		return err
	}
	return f.Sync()
}

// restart keeps aside what is damaged and what cannot be verified, and makes
// empty series.
func (r *recovery) restart(unused []candidate, faults []*damage) (*generation, error) {
	readable, present := false, false
	for _, c := range unused {
		readable = readable || c.generation != nil
		present = present || !c.missing
	}
	if !present {
		faults = nil // a group that has not begun
	}
	if !readable {
		for _, path := range r.series {
			fault, err := unverifiable(path)
			if err != nil {
				return nil, err
			}
			if fault != nil {
				faults = append(faults, fault)
			}
		}
	}
	r.notice(faults)
	// The series come first: a checkpoint alone is known not to fit, but
	// rows alone might be those of a run killed before its first checkpoint.
	for _, f := range faults {
		if slices.Contains(r.series, f.file) {
			if err := r.keep(f.file); err != nil {
				return nil, err
			}
		}
	}
	for _, u := range unused {
		if err := r.keep(u.path); err != nil {
			return nil, err
		}
	}
	if len(faults) > 0 {
		r.notices = append(r.notices, Notice{r.dir, fmt.Sprintf("group %d starts from the beginning; "+
			"card and seed give the same numbers again, so that only time is lost", r.group)})
	}
	g := &generation{identity: r.identity, columns: r.columns, sums: make(map[string]uint32)}
	for _, path := range r.series {
		g.sums[filepath.Base(path)] = 0
		if err := writeFile(r.disk, path, writeBytes(encodeHeader(r.columns, 0))); err != nil {
			return nil, err
		}
	}
	return g, nil
}

// unverifiable returns a fault if a series without checkpoint has rows of
// which a header may have told. A run killed before its first checkpoint
// leaves only rows that no header counts.
func unverifiable(path string) (*damage, error) {
	f, err := openSeries(path)
	if bad, ok := errors.AsType[*damage](err); ok {
		if _, err := os.Lstat(path); errors.Is(err, fs.ErrNotExist) {
			return nil, nil
		}
		return bad, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	columns, rows, err := decodeHeader(f.header)
	if f.size <= headerSize || err == nil && rows == 0 {
		return nil, nil
	}
	if err != nil {
		return &damage{path, err.Error() + ", and there is no checkpoint to verify its rows by"}, nil
	}
	return &damage{path, fmt.Sprintf("there is no checkpoint to verify its %d rows by", min(rows, f.present(len(columns))))}, nil
}

// keep sets a file aside, if it is there.
func (r *recovery) keep(path string) error {
	if _, err := os.Lstat(path); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	name, err := setAside(r.disk, path)
	if err != nil {
		return err
	}
	if err := r.disk.sync(r.dir); err != nil {
		return writing(path, err)
	}
	r.notices = append(r.notices, Notice{path, "kept as " + name})
	return nil
}

// Group opens the files of a group of a task for a run, new or resumed, and
// returns the state to go on from, nil at the beginning. Each column of the
// series is what the probe of the group writes for a chain. The identity is
// any text that is equal as long as the numbers are to be: it tells model,
// proposal, seed and schedule. Checkpoints hold its hash.
//
// What was written after the last checkpoint is removed: it comes again, the
// same. If the checkpoint or the rows before it are damaged, the previous
// checkpoint is used; if that does not help the damaged files are kept aside
// and the group starts from the beginning. The notices say so, also beside
// an error. The error is a *Refusal if the files are those of another group
// or of another identity.
func (r *Run) Group(task, group int, identity string, columns []string) (*Group, *mc.Snapshot, []Notice, error) {
	if err := checkColumns(columns); err != nil {
		return nil, nil, nil, err
	}
	groups := r.manifest.Tasks[task].Groups
	first := 0
	for _, n := range groups[:group] {
		first += n
	}
	dir := r.TaskPath(task)
	if err := mkdirs(r.disk, dir); err != nil {
		return nil, nil, nil, err
	}
	rec := recovery{disk: r.disk, dir: dir, group: group, identity: identityHash(identity), columns: slices.Clone(columns)}
	for i := range groups[group] {
		rec.series = append(rec.series, filepath.Join(dir, seriesName(first+i)))
	}
	g, err := rec.run()
	if err != nil {
		return nil, nil, rec.notices, err
	}
	sink, err := newGroup(r.disk, filepath.Join(dir, checkpointName(group)), rec.series, g)
	if err != nil {
		return nil, nil, rec.notices, err
	}
	return sink, g.snapshot, rec.notices, nil
}
