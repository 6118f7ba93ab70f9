package store

import (
	"encoding/binary"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// headerSize is the length of the header of a series: rows begin there.
const headerSize = 1024

const npyMagic = "\x93NUMPY\x01\x00"

var (
	columnName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)
	npyText    = regexp.MustCompile(`^\{'descr': \[(.+)\], 'fortran_order': False, 'shape': \((0|[1-9][0-9]{0,17}),\), \} *\n$`)
	npyColumn  = regexp.MustCompile(`^\('([^']*)', '<f8'\)$`)
)

// checkColumns returns an error if the columns cannot be those of a series:
// there is none, a name is not an identifier or comes twice, or the names
// are too many for the header.
func checkColumns(columns []string) error {
	if len(columns) == 0 {
		return fmt.Errorf("store: a series without columns; record at least one quantity")
	}
	taken := make(map[string]bool)
	for _, c := range columns {
		if !columnName.MatchString(c) {
			return fmt.Errorf("store: the column name %q is not an identifier; use letters, digits and _", c)
		}
		if taken[c] {
			return fmt.Errorf("store: two columns have the name %s", c)
		}
		taken[c] = true
	}
	const longest = 999_999_999_999_999_999
	if n := len(npyDict(columns, longest)); n > headerSize-len(npyMagic)-3 {
		return fmt.Errorf("store: %d columns do not fit into the %d bytes of a header; record fewer quantities", len(columns), headerSize)
	}
	return nil
}

func npyDict(columns []string, rows int) string {
	var b strings.Builder
	b.WriteString("{'descr': [")
	for i, c := range columns {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString("('" + c + "', '<f8')")
	}
	b.WriteString("], 'fortran_order': False, 'shape': (" + strconv.Itoa(rows) + ",), }")
	return b.String()
}

// encodeHeader returns the header of a series. The columns have passed
// checkColumns.
func encodeHeader(columns []string, rows int) []byte {
	h := make([]byte, 0, headerSize)
	h = append(h, npyMagic...)
	h = binary.LittleEndian.AppendUint16(h, headerSize-uint16(len(npyMagic))-2)
	h = append(h, npyDict(columns, rows)...)
	for len(h) < headerSize-1 {
		h = append(h, ' ')
	}
	return append(h, '\n')
}

// decodeHeader returns the columns and the row count of a header. Only what
// encodeHeader returns is one: any other byte anywhere is an error.
func decodeHeader(h []byte) (columns []string, rows int, err error) {
	if len(h) == headerSize {
		if m := npyText.FindSubmatch(h[len(npyMagic)+2:]); m != nil {
			for _, c := range strings.Split(string(m[1]), ", (") {
				name := npyColumn.FindStringSubmatch("(" + strings.TrimPrefix(c, "("))
				if name == nil {
					return nil, 0, errHeader
				}
				columns = append(columns, name[1])
			}
			rows, err = strconv.Atoi(string(m[2]))
			if err == nil && checkColumns(columns) == nil && string(encodeHeader(columns, rows)) == string(h) {
				return columns, rows, nil
			}
		}
	}
	return nil, 0, errHeader
}

var errHeader = fmt.Errorf("its header is damaged")
