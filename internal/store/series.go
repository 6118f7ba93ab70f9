package store

import (
	"encoding/binary"
	"math"
	"slices"

	"mcrun/mc"
)

// A Series is the time series of one chain.
type Series struct {
	Fields  []Column    // what is recorded
	Columns [][]float64 // Columns[i][t] is component i of row t; the components of all fields follow one another
	// State is that of the chain's group after the last row, from the
	// checkpoint; nil if there is none yet.
	State *mc.Snapshot
}

// Rows returns the length of the series.
func (s *Series) Rows() int { return len(s.Columns[0]) }

// Column returns the components of the field of a name, of which a number
// has one, and nil if there is none.
func (s *Series) Column(name string) [][]float64 {
	first := 0
	for _, f := range s.Fields {
		if f.Name == name {
			return s.Columns[first : first+f.Width]
		}
		first += f.Width
	}
	return nil
}

func newSeries(fields []Column, rows int) *Series {
	s := &Series{Fields: slices.Clone(fields), Columns: make([][]float64, rowWidth(fields))}
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
	f, err := openRecords(path, headerSize)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	columns, rows, err := decodeHeader(f.header)
	if err != nil {
		return nil, &damage{path, err.Error()}
	}
	l := rowLayout(columns)
	if cut := f.cut(l, rows); cut != nil {
		return nil, cut
	}
	s := newSeries(columns, rows)
	if _, err := f.scan(l, rows, s.put); err != nil {
		return nil, err
	}
	return s, nil
}
