package store

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io/fs"
	"math"
	"os"
	"path/filepath"

	"mcrun/mc"
)

// flushSize is how many bytes of rows of one chain are kept before they are
// written.
const flushSize = 64 << 10

// A Group stores the rows and checkpoints of a group of chains; it is the
// sink of the group's run. After an error it stores nothing more, and returns
// the same error again. It belongs to one goroutine.
type Group struct {
	disk       disk
	checkpoint string // path
	identity   string // hash
	columns    []string
	chains     []*chain
	rows       int   // appended
	counted    int   // in the headers
	err        error // the first
}

var _ mc.Sink = (*Group)(nil)

// A chain is the series of a chain, open for appending.
type chain struct {
	path string
	file file
	end  int64  // of the rows in the file
	sum  uint32 // checksum of the rows in the file
	buf  []byte // rows still to be written
}

func newGroup(d disk, checkpoint string, series []string, g *generation) (*Group, error) {
	s := &Group{disk: d, checkpoint: checkpoint, identity: g.identity, columns: g.columns, rows: g.rows, counted: g.rows}
	for _, path := range series {
		f, err := d.edit(path)
		if err != nil {
			s.Close()
			return nil, err
		}
		end := headerSize + int64(8*len(g.columns))*int64(g.rows)
		s.chains = append(s.chains, &chain{path: path, file: f, end: end, sum: g.sums[filepath.Base(path)]})
	}
	return s, nil
}

// Rows returns the length of each series, what is not yet written included.
func (s *Group) Rows() int { return s.rows }

// Append implements mc.Sink. Rows are on disk after the next Flush or
// Checkpoint. It panics if rows are not whole records.
func (s *Group) Append(rows []float64) error {
	width := len(s.columns)
	if len(rows)%(width*len(s.chains)) != 0 {
		panic(badRows)
	}
	if s.err != nil {
		return s.err
	}
	for len(rows) > 0 {
		for _, c := range s.chains {
			for _, v := range rows[:width] {
				c.buf = binary.LittleEndian.AppendUint64(c.buf, math.Float64bits(v))
			}
			rows = rows[width:]
		}
		s.rows++
		if len(s.chains[0].buf) >= flushSize {
			if s.err = s.write(); s.err != nil {
				return s.err
			}
		}
	}
	return nil
}

const badRows = "store: Append of a part of a record"

// write writes the rows at hand, not yet durably.
func (s *Group) write() error {
	for _, c := range s.chains {
		if len(c.buf) == 0 {
			continue
		}
		if _, err := c.file.WriteAt(c.buf, c.end); err != nil {
			return writing(c.path, err)
		}
		c.sum = crc32.Update(c.sum, castagnoli, c.buf)
		c.end += int64(len(c.buf))
		c.buf = c.buf[:0]
	}
	return nil
}

// Flush makes all rows appended so far durable, and then the headers that
// count them, so that readers of the series find them.
func (s *Group) Flush() error {
	if s.err == nil && s.counted != s.rows {
		s.err = s.flush()
	}
	return s.err
}

func (s *Group) flush() error {
	if err := s.write(); err != nil {
		return err
	}
	if err := s.sync(); err != nil {
		return err
	}
	header := encodeHeader(s.columns, s.rows)
	for _, c := range s.chains {
		if _, err := c.file.WriteAt(header, 0); err != nil {
			return writing(c.path, err)
		}
	}
	if err := s.sync(); err != nil {
		return err
	}
	s.counted = s.rows
	return nil
}

func (s *Group) sync() error {
	for _, c := range s.chains {
		if err := c.file.Sync(); err != nil {
			return writing(c.path, err)
		}
	}
	return nil
}

// Checkpoint implements mc.Sink: it flushes the rows, writes a checkpoint of
// them and the snapshot aside, and puts it in the place of the last one,
// which becomes the previous one. It panics if an array of the snapshot is
// named sha256 or __metadata__.
func (s *Group) Checkpoint(snapshot *mc.Snapshot) error {
	if s.Flush() == nil {
		s.err = s.save(snapshot)
	}
	return s.err
}

func (s *Group) save(snapshot *mc.Snapshot) error {
	g := generation{identity: s.identity, columns: s.columns, rows: s.rows, sums: make(map[string]uint32), snapshot: snapshot}
	for _, c := range s.chains {
		g.sums[filepath.Base(c.path)] = c.sum
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

// Close closes the files. Rows appended after the last Flush or Checkpoint
// are lost.
func (s *Group) Close() error {
	var err error
	for _, c := range s.chains {
		err = errors.Join(err, c.file.Close())
	}
	if s.err == nil {
		s.err = errClosed
	}
	return err
}

var errClosed = errors.New("store: the group is closed")
