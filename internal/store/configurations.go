package store

import (
	"fmt"
	"hash/crc32"
	"slices"
	"strconv"
	"strings"
)

// Configurations tells the form of saved configurations: each is an array of
// numbers, the last index running fastest, and all are of one shape.
type Configurations struct {
	Type  string // NumPy's name of the numbers' type, as "|i1"
	Shape []int  // of one configuration
}

// itemSizes has the types of the configurations that groups keep, and the
// bytes of a number.
var itemSizes = map[string]int{"|i1": 1, "|u1": 1, "<f8": 8}

// check returns an error if no group can keep such configurations.
func (c Configurations) check() error {
	size, ok := itemSizes[c.Type]
	if !ok {
		return fmt.Errorf("store: configurations of the type %q cannot be saved; use |i1, |u1 or <f8", c.Type)
	}
	if len(c.Shape) == 0 {
		return fmt.Errorf("store: configurations without a shape; give one length for each dimension")
	}
	for _, n := range c.Shape {
		if n < 1 || n > maxConfiguration/size {
			return fmt.Errorf("store: configurations of the shape %d cannot be saved; give positive lengths, of at most %d bytes in all", c.Shape, maxConfiguration)
		}
		size *= n
	}
	if len(c.dict(maxRecords)) > npySize-len(npyMagic)-2-padSize-1 {
		return fmt.Errorf("store: the %d dimensions of a configuration do not fit into a header of %d bytes; save it with fewer", len(c.Shape), npySize)
	}
	return nil
}

// maxConfiguration bounds the bytes of a configuration.
const maxConfiguration = 1 << 40

// maxRecords is the largest number for which headers have room.
const maxRecords = 999_999_999_999_999_999

// equal reports whether two groups keep the same, which may be nothing.
func (c *Configurations) equal(d *Configurations) bool {
	if c == nil || d == nil {
		return c == d
	}
	return c.Type == d.Type && slices.Equal(c.Shape, d.Shape)
}

// clone returns a copy that shares nothing with c.
func (c *Configurations) clone() *Configurations {
	if c == nil {
		return nil
	}
	return &Configurations{c.Type, slices.Clone(c.Shape)}
}

// text describes what a group keeps for messages.
func (c *Configurations) text() string {
	if c == nil {
		return "no saved configurations"
	}
	return fmt.Sprintf("saved configurations of the type %s and the shape %d", c.Type, c.Shape)
}

// joinShape returns a shape as headers and checkpoints have it.
func joinShape(shape []int, separator string) string {
	var parts []string
	for _, n := range shape {
		parts = append(parts, strconv.Itoa(n))
	}
	return strings.Join(parts, separator)
}

// parseShape is the inverse of joinShape.
func parseShape(text, separator string) ([]int, error) {
	var shape []int
	for part := range strings.SplitSeq(text, separator) {
		n, err := strconv.Atoi(part)
		if err != nil {
			return nil, err
		}
		shape = append(shape, n)
	}
	return shape, nil
}

// numbers returns how many there are in a configuration.
func (c Configurations) numbers() int {
	n := 1
	for _, side := range c.Shape {
		n *= side
	}
	return n
}

// Configurations are a layout: one entry of a zip archive.

func (Configurations) name(chain int) string   { return configurationsName(chain) }
func (Configurations) noun() string            { return "configuration" }
func (c Configurations) size() int             { return itemSizes[c.Type] * c.numbers() }
func (Configurations) start() int              { return localSize + npySize }
func (Configurations) table() *crc32.Table     { return crc32.IEEETable }
func (Configurations) count(g *generation) int { return g.kept }

func (c Configurations) header(n int, sum uint32) []byte {
	return append(localHeader(c.entrySize(n), sum), c.npyHeader(n)...)
}

func (c Configurations) tail(at int64, n int, sum uint32) []byte {
	return directory(at, c.entrySize(n), sum)
}

// entrySize returns the length of the NPY file of n configurations.
func (c Configurations) entrySize(n int) int64 { return npySize + int64(c.size())*int64(n) }

func (c Configurations) read(header []byte) (int, error) {
	has, n, _, err := decodeConfigurations(header)
	if err == nil && !has.equal(&c) {
		err = fmt.Errorf("its header tells of %s, not of %s", has.text(), c.text())
	}
	return n, err
}
