package store

import (
	"fmt"
	"hash/crc32"
	"math"
	"slices"
)

// A layout is the form of a file to which a group appends records of one
// size, the rows of a chain or its configurations: a header that counts them,
// the records, and what follows them.
type layout interface {
	name(chain int) string // of the file of a chain
	noun() string          // for messages, what a record is
	size() int             // of a record, in bytes
	start() int            // length of the header, after which the records begin
	table() *crc32.Table   // of the checksum of all records, which begins at 0

	// header returns the header of n records of a checksum.
	header(n int, sum uint32) []byte
	// read returns how many records a header counts. The error says how it
	// is not one of this layout.
	read(header []byte) (int, error)
	// tail returns what is at a byte of the file, after n records of a
	// checksum.
	tail(at int64, n int, sum uint32) []byte
	// count returns how many records a checkpoint refers to.
	count(g *generation) int
}

// A part is the file of a chain in a layout.
type part struct {
	layout
	path string
}

// end returns the byte after n records.
func end(l layout, n int) int64 { return int64(l.start()) + int64(l.size())*int64(n) }

// fits reports whether a file may have n records.
func fits(l layout, n int) bool {
	const rest = 1 << 20 // for all that is not records
	return n >= 0 && n <= (math.MaxInt-rest)/l.size()
}

// tailSize returns the length of a tail, which is always the same.
func tailSize(l layout) int64 { return int64(len(l.tail(0, 0, 0))) }

// layouts returns those of the files of each chain of a group.
func layouts(columns []Column, saved *Configurations) []layout {
	all := []layout{rowLayout(columns)}
	if saved != nil {
		all = append(all, *saved)
	}
	return all
}

// rowLayout is the layout of a series of columns.
type rowLayout []Column

// castagnoli is the polynomial of the checksums of rows: common processors
// have an instruction for it.
var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func (rowLayout) name(chain int) string           { return seriesName(chain) }
func (rowLayout) noun() string                    { return "row" }
func (l rowLayout) size() int                     { return 8 * rowWidth(l) }
func (rowLayout) start() int                      { return headerSize }
func (rowLayout) table() *crc32.Table             { return castagnoli }
func (l rowLayout) header(n int, _ uint32) []byte { return encodeHeader(l, n) }
func (rowLayout) tail(int64, int, uint32) []byte  { return nil }
func (rowLayout) count(g *generation) int         { return g.rows }
func (l rowLayout) read(header []byte) (int, error) {
	columns, n, err := decodeHeader(header)
	if err == nil && !slices.Equal(columns, l) {
		err = fmt.Errorf("its header names the columns %s, not %s", columnsText(columns), columnsText(l))
	}
	return n, err
}
