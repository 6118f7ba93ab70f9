package store

import (
	"bytes"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"os"
	"syscall"
)

// A recordFile is a file of records, open for reading.
type recordFile struct {
	*os.File
	header []byte // shorter than it should be if the file is
	size   int64
}

// openRecords opens a file of records with a header of a length. The error
// is a *damage if the file is missing or a directory.
func openRecords(path string, length int) (*recordFile, error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, &damage{path, "is missing"}
	}
	if err != nil {
		return nil, err
	}
	r := &recordFile{File: f}
	if err := r.readHeader(length); err != nil {
		f.Close()
		if errors.Is(err, syscall.EISDIR) {
			err = &damage{path, "is a directory"}
		}
		return nil, err
	}
	return r, nil
}

// readHeader reads the header until it is twice the same, as it may be
// rewritten meanwhile, and after it the file's size, which is then that of
// the records counted at least.
func (f *recordFile) readHeader(length int) error {
	for {
		last := f.header
		h := make([]byte, length)
		n, err := f.ReadAt(h, 0)
		if err != nil && err != io.EOF {
			return err
		}
		f.header = h[:n]
		if last != nil && bytes.Equal(last, f.header) {
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

// present returns the number of whole records for which the file is long
// enough.
func (f *recordFile) present(l layout) int {
	return int(max(0, f.size-int64(l.start())) / int64(l.size()))
}

// cut returns a *damage if the file has fewer records than it should.
func (f *recordFile) cut(l layout, n int) error {
	if has := f.present(l); has < n {
		return &damage{f.Name(), fmt.Sprintf("is cut at %s %d of %d", l.noun(), has, n)}
	}
	return nil
}

// blockSize bounds the memory that reading needs beyond its result, as far
// as records are not longer.
const blockSize = 1 << 18

// scan reads n records in blocks of whole records, calls each for them unless
// it is nil, and returns their checksum. The file is long enough.
func (f *recordFile) scan(l layout, n int, each func(first int, block []byte)) (uint32, error) {
	many := max(1, blockSize/l.size())
	buf := make([]byte, l.size()*min(many, n))
	table := l.table()
	var sum uint32
	for first := 0; first < n; first += many {
		block := buf[:l.size()*min(many, n-first)]
		if _, err := f.ReadAt(block, end(l, first)); err != nil {
			return 0, err
		}
		sum = crc32.Update(sum, table, block)
		if each != nil {
			each(first, block)
		}
	}
	return sum, nil
}

// verify checks that the file begins with n records of a checksum, and calls
// each for them unless it is nil. The error is a *damage if it does not.
func (f *recordFile) verify(l layout, n int, sum uint32, each func(first int, block []byte)) error {
	if cut := f.cut(l, n); cut != nil {
		return cut
	}
	got, err := f.scan(l, n, each)
	if err != nil {
		return err
	}
	if got != sum {
		return &damage{f.Name(), fmt.Sprintf("its first %d %ss have the checksum %08x, not %08x: they were changed", n, l.noun(), got, sum)}
	}
	return nil
}

// fault says what is wrong with the header, or with what follows the records,
// of a file of which n records of a checksum have been verified, and "" if
// nothing is. More may be counted and present than were verified.
func (f *recordFile) fault(l layout, n int, sum uint32) (string, error) {
	counted, err := l.read(f.header)
	switch {
	case err != nil:
		return err.Error(), nil
	case counted < n:
		return fmt.Sprintf("its header counts %d %ss where there are %d", counted, l.noun(), n), nil
	case counted > f.present(l):
		return fmt.Sprintf("its header counts %d %ss where there are %d", counted, l.noun(), f.present(l)), nil
	case counted > n:
		return "", nil
	case !bytes.Equal(f.header, l.header(n, sum)):
		return fmt.Sprintf("its header has the checksum of other %ss", l.noun()), nil
	}
	at := end(l, n)
	want := l.tail(at, n, sum)
	got := make([]byte, len(want))
	if k, err := f.ReadAt(got, at); err != nil && err != io.EOF {
		return "", err
	} else if f.size <= at+int64(len(want)) && !bytes.Equal(got[:k], want) {
		return "its end is incomplete or damaged", nil
	}
	return "", nil
}
