package store

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"math"
	"os"
	"slices"
	"syscall"

	"mcrun/mc"
)

// A Series is the time series of one chain.
type Series struct {
	Names   []string    // of the columns
	Columns [][]float64 // Columns[i][t] is the value of Names[i] in row t
	// State is that of the chain's group after the last row, from the
	// checkpoint; nil if there is none yet.
	State *mc.Snapshot
}

// Rows returns the length of the series.
func (s *Series) Rows() int { return len(s.Columns[0]) }

// Column returns the column of a name, and nil if there is none.
func (s *Series) Column(name string) []float64 {
	if i := slices.Index(s.Names, name); i >= 0 {
		return s.Columns[i]
	}
	return nil
}

func newSeries(names []string, rows int) *Series {
	s := &Series{Names: slices.Clone(names), Columns: make([][]float64, len(names))}
	for i := range s.Columns {
		s.Columns[i] = make([]float64, rows)
	}
	return s
}

// put sets the rows from first on to those of a block.
func (s *Series) put(first int, block []byte) {
	width := 8 * len(s.Columns)
	for i, column := range s.Columns {
		column = column[first : first+len(block)/width]
		b := block[8*i:]
		for t := range column {
			column[t] = math.Float64frombits(binary.LittleEndian.Uint64(b[t*width:]))
		}
	}
}

// ReadSeries reads the rows that the header of a series counts, also while a
// run appends to it. It needs little memory beyond the result. It does not
// know the checksums of the rows, which are in the checkpoint: see
// [Dir.Series].
func ReadSeries(path string) (*Series, error) {
	f, err := openSeries(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	columns, rows, err := decodeHeader(f.header)
	if err != nil {
		return nil, &damage{path, err.Error()}
	}
	if cut := f.cut(len(columns), rows); cut != nil {
		return nil, cut
	}
	s := newSeries(columns, rows)
	if _, err := f.scan(len(columns), rows, s.put); err != nil {
		return nil, err
	}
	return s, nil
}

// A seriesFile is a series open for reading.
type seriesFile struct {
	*os.File
	header []byte // shorter than headerSize if the file is
	size   int64
}

// openSeries opens a series. The error is a *damage if the file is missing or
// a directory.
func openSeries(path string) (*seriesFile, error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, &damage{path, "is missing"}
	}
	if err != nil {
		return nil, err
	}
	s := &seriesFile{File: f}
	if err := s.readHeader(); err != nil {
		f.Close()
		if errors.Is(err, syscall.EISDIR) {
			err = &damage{path, "is a directory"}
		}
		return nil, err
	}
	return s, nil
}

// readHeader reads the header until it is twice the same, as it may be
// rewritten meanwhile, and after it the file's size, which is then that of
// the rows counted at least.
func (f *seriesFile) readHeader() error {
	for {
		last := f.header
		h := make([]byte, headerSize)
		n, err := f.ReadAt(h, 0)
		if err != nil && err != io.EOF {
			return err
		}
		f.header = h[:n]
		if last != nil && string(last) == string(f.header) {
			break
		}
	}
	info, err := f.Stat()
	if err != nil {
		return err
	}
	f.size = info.Size()
	return nil
}

// present returns the number of whole rows of a width in the file.
func (f *seriesFile) present(width int) int {
	return int(max(0, f.size-headerSize) / int64(8*width))
}

// cut returns a *damage if the file has fewer rows than it should.
func (f *seriesFile) cut(width, rows int) error {
	if n := f.present(width); n < rows {
		return &damage{f.Name(), fmt.Sprintf("is cut at row %d of %d", n, rows)}
	}
	return nil
}

// blockSize bounds the memory that reading needs beyond its result.
const blockSize = 1 << 18

// castagnoli is the polynomial of the checksums of rows: common processors
// have an instruction for it.
var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// scan reads rows in blocks of whole rows, calls each for them unless it is
// nil, and returns their checksum. The file is long enough.
func (f *seriesFile) scan(width, rows int, each func(first int, block []byte)) (uint32, error) {
	many := max(1, blockSize/(8*width))
	buf := make([]byte, 8*width*min(many, rows))
	var sum uint32
	for first := 0; first < rows; first += many {
		block := buf[:8*width*min(many, rows-first)]
		if _, err := f.ReadAt(block, headerSize+int64(8*width)*int64(first)); err != nil {
			return 0, err
		}
		sum = crc32.Update(sum, castagnoli, block)
		if each != nil {
			each(first, block)
		}
	}
	return sum, nil
}

// verify checks that the series begins with the rows of a generation, and
// calls each for them unless it is nil. The error is a *damage if it does
// not.
func (f *seriesFile) verify(g *generation, sum uint32, each func(first int, block []byte)) error {
	width := len(g.columns)
	if cut := f.cut(width, g.rows); cut != nil {
		return cut
	}
	got, err := f.scan(width, g.rows, each)
	if err != nil {
		return err
	}
	if got != sum {
		return &damage{f.Name(), fmt.Sprintf("its first %d rows have the checksum %08x, not %08x: they were changed", g.rows, got, sum)}
	}
	return nil
}

// headerFault says what is wrong with the header of a series whose rows have
// been verified, and "" if nothing is. More rows may be counted and present
// than were verified.
func (f *seriesFile) headerFault(g *generation) string {
	columns, rows, err := decodeHeader(f.header)
	switch {
	case err != nil:
		return err.Error()
	case !slices.Equal(columns, g.columns):
		return fmt.Sprintf("its header names the columns %q, not %q", columns, g.columns)
	case rows < g.rows:
		return fmt.Sprintf("its header counts %d rows where there are %d", rows, g.rows)
	case rows > f.present(len(columns)):
		return fmt.Sprintf("its header counts %d rows where there are %d", rows, f.present(len(columns)))
	}
	return ""
}
