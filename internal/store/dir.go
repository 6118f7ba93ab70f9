package store

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// Names of the parts of a run directory.
const (
	manifestName = "run.json"
	cardName     = "card.toml"
	inputsName   = "inputs"
	tasksName    = "tasks"
	flowsName    = "flows"
)

// A Dir is a run directory for reading, also while a run writes to it.
type Dir struct {
	path     string
	manifest Manifest
}

// View opens a run directory for reading. The error is fs.ErrNotExist if
// there is nothing of that name, and a *Refusal if it is no run directory or
// one of a newer format. It is both if the directory is empty, which [Create]
// may fill.
func View(dir string) (*Dir, error) {
	m, err := readManifest(dir)
	if err != nil {
		return nil, err
	}
	return &Dir{filepath.Clean(dir), m}, nil
}

// Manifest returns run.json as it was when the directory was opened.
func (d *Dir) Manifest() Manifest { return d.manifest.clone() }

// Path returns the path of a file in the directory, of which elem are the
// parts, and without elem the path of the directory.
func (d *Dir) Path(elem ...string) string {
	return filepath.Join(append([]string{d.path}, elem...)...)
}

// TrainingPaths returns the paths of the last checkpoint of a training and of its
// history, where name is that of the weights, without an ending.
func (d *Dir) TrainingPaths(name string) (checkpoint, history string) {
	base := d.Path(flowsName, name+"-train")
	return base + ".safetensors", base + ".npy"
}

// TaskPath returns the path of the directory of a task.
func (d *Dir) TaskPath(task int) string {
	return d.Path(tasksName, fmt.Sprintf("%04d-%s", task, d.manifest.Tasks[task].Name))
}

// ConfigurationsPath returns the path of the saved configurations of a chain
// of a task, for [OpenConfigurations].
func (d *Dir) ConfigurationsPath(task, chain int) string {
	return filepath.Join(d.TaskPath(task), configurationsName(chain))
}

// Series reads the series of a chain of a task as far as the last checkpoint
// goes, and verifies its rows by the checkpoint's checksum. Where the
// checkpoint is damaged, or the rows do not fit it, the previous one is
// tried; the notices say so. Without any checkpoint, as before the first,
// the rows are those that the header counts, and a notice says that they are
// not verified. The error names the file if none of its rows can be trusted.
// It is a *Refusal if the checkpoint was written under another identity than
// that given, for which see [Run.Group].
func (d *Dir) Series(task, chain int, identity string) (*Series, []Notice, error) {
	if task < 0 || task >= len(d.manifest.Tasks) || chain < 0 || chain >= len(d.manifest.Tasks[task].Sweeps) {
		return nil, nil, fmt.Errorf("store: %s has no task %d with a chain %d; start over with --force, which keeps the old directory",
			d.Path(manifestName), task, chain)
	}
	group, first := 0, 0
	for chain >= first+d.manifest.Tasks[task].Groups[group] {
		first += d.manifest.Tasks[task].Groups[group]
		group++
	}
	path := filepath.Join(d.TaskPath(task), seriesName(chain))
	var faults []Notice
	began := false
	paths := generations(filepath.Join(d.TaskPath(task), checkpointName(group)))
	for i, checkpoint := range paths {
		c, err := readCandidate(checkpoint)
		if i == 0 && c.missing {
			if _, e := os.Stat(paths[1]); e == nil {
				// A run may just be between two renames.
				time.Sleep(10 * time.Millisecond)
				c, err = readCandidate(checkpoint)
			}
		}
		if err != nil {
			return nil, faults, err
		}
		began = began || !c.missing
		if c.fault != nil {
			faults = append(faults, c.fault.notice())
			continue
		}
		if err := c.generation.belongs(checkpoint, identityHash(identity)); err != nil {
			return nil, faults, err
		}
		s, notices, err := c.generation.series(path)
		if bad, ok := errors.AsType[*damage](err); ok {
			faults = append(faults, bad.notice())
			continue
		}
		if err != nil {
			return nil, faults, err
		}
		if i > 0 {
			notices = append(notices, Notice{path, fmt.Sprintf("only its first %d rows are used, those of the checkpoint before the last; "+
				"run the card again to get the others back", s.Rows())})
		}
		return s, append(faults, notices...), nil
	}
	if !began {
		return unverified(path)
	}
	last := faults[0]
	for _, f := range faults {
		if f.File == path {
			last = f
		}
	}
	return nil, faults, fmt.Errorf("store: no row of %s can be trusted: %v; run the card again to get them back", path, last)
}

// unverified reads a series that has no checkpoint.
func unverified(path string) (*Series, []Notice, error) {
	if _, err := os.Stat(path); err != nil {
		return nil, nil, fmt.Errorf("store: %w; the task has not begun, or its files are lost: run the card again", err)
	}
	s, err := ReadSeries(path)
	if err != nil || s.Rows() == 0 {
		return s, nil, err
	}
	return s, []Notice{{path, fmt.Sprintf("its %d rows could not be verified, for there is no checkpoint", s.Rows())}}, nil
}

// series reads the rows of a generation.
func (g *generation) series(path string) (*Series, []Notice, error) {
	f, err := openRecords(path, headerSize)
	if err != nil {
		return nil, nil, err
	}
	defer f.Close()
	sum, ok := g.sums[filepath.Base(path)]
	if !ok {
		return nil, nil, &damage{path, "the checkpoint of its group does not know it"}
	}
	l := rowLayout(g.columns)
	if cut := f.cut(l, g.rows); cut != nil {
		return nil, nil, cut
	}
	s := newSeries(g.columns, g.rows)
	s.State = g.snapshot
	if err := f.verify(l, g.rows, sum, s.put); err != nil {
		return nil, nil, err
	}
	fault, err := f.fault(l, g.rows, sum)
	if err != nil {
		return nil, nil, err
	}
	if fault != "" {
		return s, []Notice{{path, fault + "; its rows are intact, and running the card again repairs it"}}, nil
	}
	return s, nil, nil
}

func seriesName(chain int) string         { return fmt.Sprintf("chain-%02d.npy", chain) }
func configurationsName(chain int) string { return fmt.Sprintf("chain-%02d.configs.npz", chain) }
func checkpointName(group int) string     { return fmt.Sprintf("group-%02d.safetensors", group) }
