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

// A Column is what a series records of a chain under one name: a number, or
// a vector of a fixed length.
type Column struct {
	Name  string // an identifier: letters, digits and _
	Width int    // the length of the vector, 1 for a number

	// Rows, if not 0, makes the vector a matrix of so many rows, one after the
	// other.
	Rows int
}

// text returns the column as checkpoints and messages have it: its name,
// and for a vector its width after a colon.
func (c Column) text() string {
	if c.Width == 1 {
		return c.Name
	}
	if c.Rows > 0 {
		return c.Name + ":" + strconv.Itoa(c.Rows) + "x" + strconv.Itoa(c.Width/c.Rows)
	}
	return c.Name + ":" + strconv.Itoa(c.Width)
}

// shape sets the width of a column to that of a vector or, if rows is not "", of a
// matrix.
func (c *Column) shape(rows, width string) (err error) {
	c.Width, err = strconv.Atoi(width)
	if err != nil || rows == "" {
		return err
	}
	c.Rows, err = strconv.Atoi(rows)
	if err == nil && (c.Rows < 1 || c.Width < 1 || c.Width > maxWidth/c.Rows) {
		return fmt.Errorf("a matrix of %s rows of %s numbers", rows, width)
	}
	c.Width *= c.Rows
	return err
}

func columnsText(columns []Column) string {
	var parts []string
	for _, c := range columns {
		parts = append(parts, c.text())
	}
	return strings.Join(parts, ",")
}

// parseColumns is the inverse of columnsText. What it returns has passed
// CheckColumns.
func parseColumns(text string) ([]Column, error) {
	var columns []Column
	for part := range strings.SplitSeq(text, ",") {
		name, width, vector := strings.Cut(part, ":")
		c := Column{Name: name, Width: 1}
		if vector {
			rows, width, matrix := strings.Cut(width, "x")
			if !matrix {
				rows, width = "", rows
			}
			if err := c.shape(rows, width); err != nil {
				return nil, err
			}
		}
		columns = append(columns, c)
	}
	if columnsText(columns) != text {
		return nil, fmt.Errorf("the columns %q", text)
	}
	return columns, CheckColumns(columns)
}

// rowWidth returns how many numbers a row has.
func rowWidth(columns []Column) int {
	width := 0
	for _, c := range columns {
		width += c.Width
	}
	return width
}

// maxWidth bounds the numbers in a row.
const maxWidth = 1 << 20

var (
	columnName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)
	npyText    = regexp.MustCompile(`^\{'descr': \[(.+)\], 'fortran_order': False, 'shape': \((0|[1-9][0-9]{0,17}),\), \} *\n$`)
	npyColumn  = regexp.MustCompile(`\('([^']*)', '<f8'(?:, \(([0-9]{1,18}),(?: ([0-9]{1,18}))?\))?\)`)
)

// CheckColumns returns an error if the columns cannot be those of a series:
// there is none, a name is not an identifier or comes twice, a width is not
// positive, or they are too many for a row or for the header.
func CheckColumns(columns []Column) error {
	if len(columns) == 0 {
		return fmt.Errorf("store: a series without columns; record at least one quantity")
	}
	taken := make(map[string]bool)
	width := 0
	for _, c := range columns {
		if !columnName.MatchString(c.Name) {
			return fmt.Errorf("store: the column name %q is not an identifier; use letters, digits and _", c.Name)
		}
		if taken[c.Name] {
			return fmt.Errorf("store: two columns have the name %s", c.Name)
		}
		taken[c.Name] = true
		if c.Width < 1 {
			return fmt.Errorf("store: the column %s has the width %d; give a positive one", c.Name, c.Width)
		}
		if c.Rows != 0 && (c.Rows < 2 || c.Width%c.Rows != 0 || c.Width < 2*c.Rows) {
			return fmt.Errorf("store: the column %s has %d numbers in %d rows; give two rows at least, of two numbers", c.Name, c.Width, c.Rows)
		}
		if width += min(c.Width, maxWidth+1); width > maxWidth {
			return fmt.Errorf("store: the column %s makes a row longer than %d numbers; record fewer quantities or at fewer points", c.Name, maxWidth)
		}
	}
	const longest = 999_999_999_999_999_999
	if n := len(npyDict(columns, longest)); n > headerSize-len(npyMagic)-3 {
		return fmt.Errorf("store: %d columns do not fit into the %d bytes of a header; record fewer quantities", len(columns), headerSize)
	}
	return nil
}

func npyDict(columns []Column, rows int) string {
	var b strings.Builder
	b.WriteString("{'descr': [")
	for i, c := range columns {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString("('" + c.Name + "', '<f8'")
		switch {
		case c.Rows > 0:
			fmt.Fprintf(&b, ", (%d, %d)", c.Rows, c.Width/c.Rows)
		case c.Width > 1:
			fmt.Fprintf(&b, ", (%d,)", c.Width)
		}
		b.WriteString(")")
	}
	b.WriteString("], 'fortran_order': False, 'shape': (" + strconv.Itoa(rows) + ",), }")
	return b.String()
}

// encodeHeader returns the header of a series. The columns have passed
// CheckColumns.
func encodeHeader(columns []Column, rows int) []byte {
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
func decodeHeader(h []byte) (columns []Column, rows int, err error) {
	if len(h) != headerSize {
		return nil, 0, errHeader
	}
	m := npyText.FindSubmatch(h[len(npyMagic)+2:])
	if m == nil {
		return nil, 0, errHeader
	}
	for _, c := range npyColumn.FindAllSubmatch(m[1], -1) {
		column := Column{Name: string(c[1]), Width: 1}
		rows, width := "", string(c[2])
		if c[3] != nil {
			rows, width = width, string(c[3])
		}
		if c[2] != nil && column.shape(rows, width) != nil {
			return nil, 0, errHeader
		}
		columns = append(columns, column)
	}
	rows, err = strconv.Atoi(string(m[2]))
	if err != nil || CheckColumns(columns) != nil || string(encodeHeader(columns, rows)) != string(h) {
		return nil, 0, errHeader
	}
	return columns, rows, nil
}

var errHeader = fmt.Errorf("its header is damaged")
