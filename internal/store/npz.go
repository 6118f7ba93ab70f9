package store

import (
	"encoding/binary"
	"hash/crc32"
	"math"
	"math/bits"
	"regexp"
	"strconv"
	"strings"
)

// The headers of a file of configurations, which are followed by data that
// begins at byte 512: a zip archive's local header, and an NPY header of a
// fixed size.
const (
	localSize = 64
	npySize   = 448
	padSize   = 32 // blanks and tabs that give the NPY header the CRC-32 0
)

const (
	entryName = "x.npy"
	zipNeeds  = 45         // version 4.5: lengths of 64 bits
	zipDate   = 1<<5 | 1   // 1980-01-01
	inExtra   = 0xffffffff // for a number that is in an extra field, or a later record
	unixFile  = 0o100644 << 16
)

// localHeader returns what precedes the one entry of an archive, of a size
// and a CRC-32. An extra field of five bytes, of the kind that aligns entries,
// makes it 64 bytes long.
func localHeader(size int64, sum uint32) []byte {
	le := binary.LittleEndian
	h := append(make([]byte, 0, localSize+npySize), "PK\x03\x04"...)
	h = appendEntry(h, size, sum)
	h = le.AppendUint16(h, 20+9) // of the extra fields
	h = append(h, entryName...)
	h = appendSizes(h, size)
	h = le.AppendUint16(h, 0xd935)
	h = le.AppendUint16(h, 5)
	h = le.AppendUint16(h, localSize)
	return append(h, 0, 0, 0)
}

// appendEntry appends the fields that the local header and the directory
// share.
func appendEntry(h []byte, size int64, sum uint32) []byte {
	le := binary.LittleEndian
	h = le.AppendUint16(h, zipNeeds)
	h = le.AppendUint16(h, 0) // flags
	h = le.AppendUint16(h, 0) // stored
	h = le.AppendUint16(h, 0) // time
	h = le.AppendUint16(h, zipDate)
	h = le.AppendUint32(h, sum)
	h = le.AppendUint32(h, inExtra)
	h = le.AppendUint32(h, inExtra)
	return le.AppendUint16(h, uint16(len(entryName)))
}

// appendSizes appends the extra field with the size of the entry, plain and
// compressed.
func appendSizes(h []byte, size int64) []byte {
	le := binary.LittleEndian
	h = le.AppendUint16(h, 1)
	h = le.AppendUint16(h, 16)
	h = le.AppendUint64(h, uint64(size))
	return le.AppendUint64(h, uint64(size))
}

// directory returns the end of an archive with one entry, of a size and a
// CRC-32, for a byte of the file at which it is.
func directory(at, size int64, sum uint32) []byte {
	le := binary.LittleEndian
	var d []byte
	d = append(d, "PK\x01\x02"...)
	d = le.AppendUint16(d, 3<<8|zipNeeds) // made by Unix
	d = appendEntry(d, size, sum)
	d = le.AppendUint16(d, 20)
	d = append(d, make([]byte, 6)...) // comment, disk, attributes
	d = le.AppendUint32(d, unixFile)
	d = le.AppendUint32(d, 0) // offset of the local header
	d = append(d, entryName...)
	d = appendSizes(d, size)
	length := uint64(len(d))

	d = append(d, "PK\x06\x06"...)
	d = le.AppendUint64(d, 44) // of the rest of this record
	d = le.AppendUint16(d, 3<<8|zipNeeds)
	d = le.AppendUint16(d, zipNeeds)
	d = append(d, make([]byte, 8)...) // disks
	d = le.AppendUint64(d, 1)         // entries on this disk
	d = le.AppendUint64(d, 1)         // entries
	d = le.AppendUint64(d, length)
	d = le.AppendUint64(d, uint64(at))

	d = append(d, "PK\x06\x07"...)
	d = le.AppendUint32(d, 0) // disk
	d = le.AppendUint64(d, uint64(at)+length)
	d = le.AppendUint32(d, 1) // disks

	d = append(d, "PK\x05\x06"...)
	d = append(d, make([]byte, 4)...) // disks
	d = le.AppendUint16(d, math.MaxUint16)
	d = le.AppendUint16(d, math.MaxUint16)
	d = le.AppendUint32(d, inExtra)
	d = le.AppendUint32(d, inExtra)
	return le.AppendUint16(d, 0) // comment
}

// dict returns the dictionary of the NPY header of n configurations.
func (c Configurations) dict(n int) string {
	return "{'descr': '" + c.Type + "', 'fortran_order': False, 'shape': (" + strconv.Itoa(n) + ", " + joinShape(c.Shape, ", ") + "), }"
}

// npyHeader returns the NPY header of n configurations. Its CRC-32 is 0,
// whatever n is, so that the CRC-32 of the entry is that of the data.
func (c Configurations) npyHeader(n int) []byte {
	h := make([]byte, 0, npySize)
	h = append(h, npyMagic...)
	h = binary.LittleEndian.AppendUint16(h, npySize-uint16(len(npyMagic))-2)
	h = append(h, c.dict(n)...)
	blanks := len(h)
	h = append(h, strings.Repeat(" ", npySize-1-len(h))...)
	h = append(h, '\n')
	nullify(h, h[blanks:][:padSize])
	return h
}

// nullify replaces some of the blanks of a header, of which pad is a part, by
// tabs such that its CRC-32 becomes 0.
//
// A tab in place of a blank changes the CRC by a constant that depends on its
// place alone, and several change it by the sum of theirs over GF(2). The
// change of a place is x^8 times that of the next one, modulo the polynomial
// of the CRC. That is primitive, so that x^8 has degree 32 over GF(2), and
// the changes of 32 places in a row are a basis: there is one solution.
func nullify(h, pad []byte) {
	sum := crc32.ChecksumIEEE(h)
	var basis [32]struct{ change, places uint32 } // by the highest bit of change
	for i := range pad {
		pad[i] = '\t'
		change, places := crc32.ChecksumIEEE(h)^sum, uint32(1)<<i
		pad[i] = ' '
		for change != 0 {
			b := &basis[bits.Len32(change)-1]
			if b.change == 0 {
				b.change, b.places = change, places
				break
			}
			change ^= b.change
			places ^= b.places
		}
	}
	var tabs uint32
	for sum != 0 {
		b := basis[bits.Len32(sum)-1]
		sum ^= b.change
		tabs ^= b.places
	}
	for i := range pad {
		if tabs>>i&1 == 1 {
			pad[i] = '\t'
		}
	}
}

var npzText = regexp.MustCompile(`^\{'descr': '([^']*)', 'fortran_order': False, 'shape': \((0|[1-9][0-9]{0,17}), ([0-9, ]+)\), \}[ \t]*\n$`)

// decodeConfigurations returns the form and the number of the configurations
// of a file that begins with a header, and their checksum. Only what
// Configurations.header returns is one: any other byte anywhere is an error.
func decodeConfigurations(h []byte) (c Configurations, n int, sum uint32, err error) {
	bad := func() (Configurations, int, uint32, error) { return Configurations{}, 0, 0, errHeader }
	if len(h) != localSize+npySize {
		return bad()
	}
	m := npzText.FindSubmatch(h[localSize+len(npyMagic)+2:])
	if m == nil {
		return bad()
	}
	c.Type = string(m[1])
	if c.Shape, err = parseShape(string(m[3]), ", "); err != nil || c.check() != nil {
		return bad()
	}
	if n, err = strconv.Atoi(string(m[2])); err != nil || !fits(c, n) {
		return bad()
	}
	sum = binary.LittleEndian.Uint32(h[14:])
	if string(c.header(n, sum)) != string(h) {
		return bad()
	}
	return c, n, sum, nil
}
