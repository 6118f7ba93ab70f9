package store

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"

	"mcrun/mc"
)

// flushSize is how many bytes of records of one chain are kept before they
// are written.
const flushSize = 64 << 10

// A Group stores the rows, configurations and checkpoints of a group of
// chains; it is the sink of the group's run. After an error it stores nothing
// more, and returns the same error again. It belongs to one goroutine.
type Group struct {
	disk       disk
	checkpoint string // path
	identity   string // hash
	columns    []Column
	saved      *Configurations
	series     []*tape // of the chains
	configs    []*tape // of the chains, if any are saved
	err        error   // the first
}

var _ mc.Sink = (*Group)(nil)

// A tape is the file of a chain to which records are appended.
type tape struct {
	part
	file    file
	n       int    // records appended
	counted int    // records in the header
	end     int64  // of the records in the file
	sum     uint32 // checksum of the records in the file
	buf     []byte // records still to be written
}

func newGroup(d disk, checkpoint string, parts []part, g *generation) (*Group, error) {
	s := &Group{disk: d, checkpoint: checkpoint, identity: g.identity, columns: g.columns, saved: g.saved}
	for _, p := range parts {
		f, err := d.edit(p.path)
		if err != nil {
			s.Close()
			return nil, err
		}
		n := p.count(g)
		t := &tape{part: p, file: f, n: n, counted: n, end: end(p, n), sum: g.sums[filepath.Base(p.path)]}
		if _, rows := p.layout.(rowLayout); rows {
			s.series = append(s.series, t)
		} else {
			s.configs = append(s.configs, t)
		}
	}
	return s, nil
}

// tapes returns all of the group's.
func (s *Group) tapes() []*tape { return slices.Concat(s.series, s.configs) }

// Rows returns the length of each series, what is not yet written included.
func (s *Group) Rows() int { return s.series[0].n }

// Append implements mc.Sink. Rows are on disk after the next Flush or
// Checkpoint. It panics if rows are not whole records.
func (s *Group) Append(rows []float64) error {
	width := rowWidth(s.columns)
	if len(rows)%(width*len(s.series)) != 0 {
		panic(badRows)
	}
	if s.err != nil {
		return s.err
	}
	for len(rows) > 0 {
		for _, t := range s.series {
			for _, v := range rows[:width] {
				t.buf = binary.LittleEndian.AppendUint64(t.buf, math.Float64bits(v))
			}
			rows = rows[width:]
			if s.err = t.appended(); s.err != nil {
				return s.err
			}
		}
	}
	return nil
}

// Keep implements mc.Sink. Configurations are on disk after the next Flush or
// Checkpoint. It panics if the group does not save such a configuration.
func (s *Group) Keep(chain int, configuration []byte) error {
	if s.saved == nil || len(configuration) != s.saved.size() {
		panic(badConfiguration)
	}
	if s.err != nil {
		return s.err
	}
	t := s.configs[chain]
	t.buf = append(t.buf, configuration...)
	s.err = t.appended()
	return s.err
}

const (
	badRows          = "store: Append of a part of a record"
	badConfiguration = "store: Keep of a configuration that the group does not save"
	unequal          = "store: Checkpoint of chains with different numbers of configurations"
)

// appended counts a record whose bytes have been added to buf.
func (t *tape) appended() error {
	t.n++
	if len(t.buf) < flushSize {
		return nil
	}
	return t.write()
}

// write writes the records at hand and what follows them, not yet durably.
// Until the header is rewritten it counts the records before them.
func (t *tape) write() error {
	if len(t.buf) == 0 {
		return nil
	}
	sum := crc32.Update(t.sum, t.table(), t.buf)
	next := t.end + int64(len(t.buf))
	b := append(t.buf, t.tail(next, t.n, sum)...)
	if _, err := t.file.WriteAt(b, t.end); err != nil {
		return writing(t.path, err)
	}
	t.sum, t.end, t.buf = sum, next, b[:0]
	return nil
}

// Flush makes all rows and configurations so far durable, and then the
// headers that count them, so that readers find them.
func (s *Group) Flush() error {
	if s.err == nil {
		s.err = s.flush()
	}
	return s.err
}

func (s *Group) flush() error {
	tapes := slices.DeleteFunc(s.tapes(), func(t *tape) bool { return t.counted == t.n })
	for _, t := range tapes {
		if err := t.write(); err != nil {
			return err
		}
	}
	if err := syncTapes(tapes); err != nil {
		return err
	}
	for _, t := range tapes {
		if _, err := t.file.WriteAt(t.header(t.n, t.sum), 0); err != nil {
			return writing(t.path, err)
		}
	}
	if err := syncTapes(tapes); err != nil {
		return err
	}
	for _, t := range tapes {
		t.counted = t.n
	}
	return nil
}

func syncTapes(tapes []*tape) error {
	for _, t := range tapes {
		if err := t.file.Sync(); err != nil {
			return writing(t.path, err)
		}
	}
	return nil
}

// Checkpoint implements mc.Sink: it flushes the rows and configurations,
// writes a checkpoint of them and the snapshot aside, and puts it in the place
// of the last one, which becomes the previous one. It panics if an array of
// the snapshot is named sha256 or __metadata__, or if one chain has more
// configurations than another.
func (s *Group) Checkpoint(snapshot *mc.Snapshot) error {
	for _, t := range s.configs {
		if t.n != s.configs[0].n {
			panic(unequal)
		}
	}
	if s.Flush() == nil {
		s.err = s.save(snapshot)
	}
	return s.err
}

func (s *Group) save(snapshot *mc.Snapshot) error {
	g := generation{identity: s.identity, columns: s.columns, rows: s.Rows(), saved: s.saved, sums: make(map[string]uint32), snapshot: snapshot}
	if s.saved != nil {
		g.kept = s.configs[0].n
	}
	for _, t := range s.tapes() {
		g.sums[filepath.Base(t.path)] = t.sum
	}
	aside, err := writeAside(s.disk, s.checkpoint, g.write)
	if err != nil {
		return err
	}
	_, err = os.Lstat(s.checkpoint)
	if err == nil {
		err = s.disk.rename(s.checkpoint, s.checkpoint+previous)
	} else if errors.Is(err, fs.ErrNotExist) {
		err = nil // the first, or the last was kept aside
	}
	if err == nil {
		err = s.disk.rename(aside, s.checkpoint)
	}
	if err == nil {
		err = s.disk.sync(filepath.Dir(s.checkpoint))
	}
	if err != nil {
		return writing(s.checkpoint, err)
	}
	return nil
}

// Close closes the files. Rows and configurations after the last Flush or
// Checkpoint are lost.
func (s *Group) Close() error {
	var err error
	for _, t := range s.tapes() {
		err = errors.Join(err, t.file.Close())
	}
	if s.err == nil {
		s.err = errClosed
	}
	return err
}

var errClosed = errors.New("store: the group is closed")
