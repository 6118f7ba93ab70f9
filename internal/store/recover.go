package store

import (
	"bytes"
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

// generations returns the paths of the checkpoints of a group, the newest first,
// given that one.
func generations(checkpoint string) [2]string { return [2]string{checkpoint, checkpoint + previous} }

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
	disk       disk
	checkpoint string // path
	what       string // for messages, what the checkpoint is of
	parts      []part // files of records
	identity   string // hash
	columns    []Column
	saved      *Configurations
	notices    []Notice
}

// run returns the generation to go on from. It is one without a snapshot if
// the group is to start from the beginning.
func (r *recovery) run() (*generation, error) {
	var unused []candidate
	var faults []*damage
	for i, path := range generations(r.checkpoint) {
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

// verify returns what is wrong with the files of records by the generation of
// a checkpoint.
func (r *recovery) verify(checkpoint string, g *generation) ([]*damage, error) {
	if err := g.belongs(checkpoint, r.identity); err != nil {
		return nil, err
	}
	if !slices.Equal(g.columns, r.columns) {
		return nil, r.refuse("the columns "+columnsText(g.columns), columnsText(r.columns))
	}
	if !g.saved.equal(r.saved) {
		return nil, r.refuse(g.saved.text(), r.saved.text())
	}
	if len(g.sums) != len(r.parts) {
		files := len(layouts(g.columns, g.saved)) // of a chain
		return nil, r.refuse(fmt.Sprintf("%d chains", len(g.sums)/files), fmt.Sprint(len(r.parts)/files))
	}
	var faults []*damage
	for _, p := range r.parts {
		sum, ok := g.sums[filepath.Base(p.path)]
		if !ok {
			return nil, r.refuse("other chains than that of "+filepath.Base(p.path), "it")
		}
		err := p.verify(p.count(g), sum)
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
	return &Refusal{filepath.Dir(r.checkpoint), fmt.Sprintf("the checkpoint of %s has %s where the card has %s; "+
		"start over with --force, which keeps the old directory", r.what, has, want)}
}

// verify checks that the file begins with n records of a checksum.
func (p part) verify(n int, sum uint32) error {
	f, err := openRecords(p.path, p.start())
	if err != nil {
		return err
	}
	defer f.Close()
	return f.verify(p, n, sum, nil)
}

// fit removes the records that were written after the generation, and repairs
// headers and what follows the records.
func (r *recovery) fit(g *generation) error {
	for _, p := range r.parts {
		if err := r.fitPart(p, p.count(g), g.sums[filepath.Base(p.path)]); err != nil {
			return err
		}
	}
	return nil
}

func (r *recovery) fitPart(p part, n int, sum uint32) error {
	f, err := openRecords(p.path, p.start())
	if err != nil {
		return err
	}
	defer f.Close()
	fault, err := f.fault(p, n, sum)
	if err != nil {
		return err
	}
	if fault != "" {
		r.notices = append(r.notices, Notice{p.path, fmt.Sprintf("%s; repaired, for its %ss are intact", fault, p.noun())})
	}
	if fault == "" && f.size == end(p, n)+tailSize(p) && bytes.Equal(f.header, p.header(n, sum)) {
		return nil
	}
	if err := r.rewrite(p, n, sum, f.size); err != nil {
		return writing(p.path, err)
	}
	return nil
}

// rewrite replaces the header of a file of a size and then cuts the file
// after n records, so that at no moment more records are counted than are
// there. What follows the records is written at two places before, behind all
// that is in the file and where it is to be, so that at every moment the file
// ends with it, and the second does not overwrite the first.
func (r *recovery) rewrite(p part, n int, sum uint32, size int64) error {
	f, err := r.disk.edit(p.path)
	if err != nil {
		return err
	}
	defer f.Close()
	if _, err := f.WriteAt(p.header(n, sum), 0); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return err
	}
	at, length := end(p, n), tailSize(p)
	if length > 0 {
		for _, at := range []int64{size, at} {
			if _, err := f.WriteAt(p.tail(at, n, sum), at); err != nil {
				return err
			}
		}
	}
	if err := f.Truncate(at + length); err != nil {
		return err
	}
	return f.Sync()
}

// restart keeps aside what is damaged and what cannot be verified, and makes
// empty files of records.
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
		for _, p := range r.parts {
			fault, err := p.unverifiable()
			if err != nil {
				return nil, err
			}
			if fault != nil {
				faults = append(faults, fault)
			}
		}
	}
	r.notice(faults)
	// The records come first: a checkpoint alone is known not to fit, but
	// rows alone might be those of a run killed before its first checkpoint.
	for _, f := range faults {
		if slices.ContainsFunc(r.parts, func(p part) bool { return p.path == f.file }) {
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
		r.notices = append(r.notices, Notice{filepath.Dir(r.checkpoint), r.what + " starts from the beginning; " +
			"card and seed give the same numbers again, so that only time is lost"})
	}
	g := &generation{identity: r.identity, columns: r.columns, saved: r.saved, sums: make(map[string]uint32)}
	for _, p := range r.parts {
		g.sums[filepath.Base(p.path)] = 0
		empty := append(p.header(0, 0), p.tail(end(p, 0), 0, 0)...)
		if err := writeFile(r.disk, p.path, writeBytes(empty)); err != nil {
			return nil, err
		}
	}
	return g, nil
}

// unverifiable returns a fault if the file has records, without a checkpoint,
// of which a header may have told. A run killed before its first checkpoint
// leaves only records that no header counts.
func (p part) unverifiable() (*damage, error) {
	f, err := openRecords(p.path, p.start())
	if bad, ok := errors.AsType[*damage](err); ok {
		if _, err := os.Lstat(p.path); errors.Is(err, fs.ErrNotExist) {
			return nil, nil
		}
		return bad, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	n, err := p.read(f.header)
	if f.size <= end(p, 0)+tailSize(p) || err == nil && n == 0 {
		return nil, nil
	}
	if err != nil {
		return &damage{p.path, fmt.Sprintf("%v, and there is no checkpoint to verify its %ss by", err, p.noun())}, nil
	}
	return &damage{p.path, fmt.Sprintf("there is no checkpoint to verify its %d %ss by", min(n, f.present(p)), p.noun())}, nil
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
	if err := r.disk.sync(filepath.Dir(r.checkpoint)); err != nil {
		return writing(path, err)
	}
	r.notices = append(r.notices, Notice{path, "kept as " + name})
	return nil
}

// Group opens the files of a group of a task for a run, new or resumed, and
// returns the state to go on from, nil at the beginning. The columns together
// are what the probe of the group writes for a chain, and saved is the form of
// the configurations that it keeps, nil if it keeps none. The identity is any
// text that is equal as long as the numbers are to be: it tells model,
// proposal, seed and schedule. Checkpoints hold its hash.
//
// What was written after the last checkpoint is removed: it comes again, the
// same. If the checkpoint or the records before it are damaged, the previous
// checkpoint is used; if that does not help the damaged files are kept aside
// and the group starts from the beginning. The notices say so, also beside
// an error. The error is a *Refusal if the files are those of another group
// or of another identity.
func (r *Run) Group(task, group int, identity string, columns []Column, saved *Configurations) (*Group, *mc.Snapshot, []Notice, error) {
	if err := CheckColumns(columns); err != nil {
		return nil, nil, nil, err
	}
	if saved != nil {
		if err := saved.check(); err != nil {
			return nil, nil, nil, err
		}
	}
	groups := r.manifest.Tasks[task].Groups
	first := 0
	for _, n := range groups[:group] {
		first += n
	}
	dir := r.TaskPath(task)
	rec := recovery{checkpoint: filepath.Join(dir, checkpointName(group)), what: fmt.Sprintf("group %d", group), identity: identityHash(identity), columns: slices.Clone(columns), saved: saved.clone()}
	for _, l := range layouts(rec.columns, rec.saved) {
		for i := range groups[group] {
			rec.parts = append(rec.parts, part{l, filepath.Join(dir, l.name(first+i))})
		}
	}
	return r.open(rec)
}

// Training opens the files of a training of a flow as [Run.Group] does those of a
// group: of one chain, whose rows are the history of the training. The name is that
// of the weights, without an ending.
func (r *Run) Training(name, identity string, columns []Column) (*Group, *mc.Snapshot, []Notice, error) {
	if err := CheckColumns(columns); err != nil {
		return nil, nil, nil, err
	}
	l := rowLayout(slices.Clone(columns))
	checkpoint, history := r.TrainingPaths(name)
	return r.open(recovery{
		checkpoint: checkpoint,
		what:       "the training of " + name,
		identity:   identityHash(identity),
		columns:    l,
		parts:      []part{{l, history}},
	})
}

// open finds what there is of a group, and opens its files.
func (r *Run) open(rec recovery) (*Group, *mc.Snapshot, []Notice, error) {
	if err := mkdirs(r.disk, filepath.Dir(rec.checkpoint)); err != nil {
		return nil, nil, nil, err
	}
	rec.disk = r.disk
	g, err := rec.run()
	if err != nil {
		return nil, nil, rec.notices, err
	}
	sink, err := newGroup(r.disk, rec.checkpoint, rec.parts, g)
	if err != nil {
		return nil, nil, rec.notices, err
	}
	return sink, g.snapshot, rec.notices, nil
}
