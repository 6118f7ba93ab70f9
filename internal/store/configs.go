package store

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"regexp"
	"strconv"
	"strings"
)

// Configs are saved configurations, open for reading one by one. They are
// used by one goroutine at a time.
type Configs struct {
	Configurations     // their form; Shape is empty where each is one number
	Count          int // how many there are

	name   string      // of the file, for errors
	file   *os.File    // nil where it has been read
	data   io.ReaderAt // the numbers
	number numberType
	buf    []byte // of a configuration, once one has been read
}

// OpenConfigurations opens a file of configurations: one that a run writes,
// also while it does, or any .npz or .npy file of NumPy's with an array x
// [n, shape...], which may have another name if the archive holds no other
// array. Its numbers are of the types |b1, |i1, |u1, <i2, <i4, <i8, <f4 or <f8
// and in C order.
//
// It reads a whole archive once to verify its checksum. The error names the
// file and says what is wrong with it.
func OpenConfigurations(path string) (*Configs, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	c, err := openConfigurations(f)
	if err != nil {
		f.Close()
		var p *fs.PathError
		if errors.As(err, &p) {
			err = p.Err
		}
		return nil, fmt.Errorf("store: %s: %w", path, err)
	}
	c.name, c.file = path, f
	return c, nil
}

// ReadConfigurations is OpenConfigurations of a file that has been read; name
// is what errors call it.
func ReadConfigurations(name string, data []byte) (*Configs, error) {
	var c *Configs
	var err error
	switch r := bytes.NewReader(data); {
	case bytes.HasPrefix(data, []byte("PK\x03\x04")):
		c, err = openArchive(r, r.Size())
	case bytes.HasPrefix(data, []byte(npyMagic[:6])):
		c, err = openArray(r, r.Size())
	default:
		err = errNoArray
	}
	if err != nil {
		return nil, fmt.Errorf("store: %s: %w", name, err)
	}
	c.name = name
	return c, nil
}

var errNoArray = errors.New("is neither an .npz nor an .npy file; write it with numpy.savez(file, x=x)")

func openConfigurations(file *os.File) (*Configs, error) {
	f := &recordFile{File: file}
	if err := f.readHeader(localSize + npySize); err != nil {
		return nil, err
	}
	if form, n, sum, err := decodeConfigurations(f.header); err == nil {
		// The header is believed, not the end of the archive, which a run
		// may be rewriting.
		err := f.verify(form, n, sum, nil)
		if bad, ok := errors.AsType[*damage](err); ok {
			return nil, errors.New(bad.what + "; run the card again to get the configurations back")
		}
		if err != nil {
			return nil, err
		}
		return newConfigs(form, n, io.NewSectionReader(f, end(form, 0), int64(form.size())*int64(n))), nil
	}
	switch {
	case bytes.HasPrefix(f.header, []byte("PK\x03\x04")):
		return openArchive(f, f.size)
	case bytes.HasPrefix(f.header, []byte(npyMagic[:6])):
		return openArray(f, f.size)
	}
	return nil, errNoArray
}

func newConfigs(form Configurations, n int, data io.ReaderAt) *Configs {
	return &Configs{Configurations: form, Count: n, data: data, number: numberTypes[form.Type]}
}

// openArchive opens the configurations in a zip archive.
func openArchive(f io.ReaderAt, size int64) (*Configs, error) {
	archive, err := zip.NewReader(f, size)
	if err != nil {
		return nil, damagedArchive(err)
	}
	var names []string
	var entry *zip.File
	for _, e := range archive.File {
		name, isArray := strings.CutSuffix(e.Name, ".npy")
		if !isArray {
			continue
		}
		names = append(names, name)
		if name == "x" || entry == nil {
			entry = e
		}
	}
	if entry == nil {
		return nil, errors.New("has no array; write it with numpy.savez(file, x=x)")
	}
	if entry.Name != entryName && len(names) > 1 {
		return nil, fmt.Errorf("has the arrays %s but none of the name x; write it with numpy.savez(file, x=x)", strings.Join(names, ", "))
	}
	r, err := entry.Open()
	if err != nil {
		return nil, damagedArchive(err)
	}
	size, err = io.Copy(io.Discard, r) // verifies the checksum
	if err = errors.Join(err, r.Close()); err != nil {
		return nil, damagedArchive(err)
	}
	if entry.Method != zip.Store {
		return openArray(&inflater{entry: entry}, size)
	}
	at, err := entry.DataOffset()
	if err != nil {
		return nil, damagedArchive(err)
	}
	return openArray(io.NewSectionReader(f, at, size), size)
}

func damagedArchive(err error) error { return fmt.Errorf("is damaged: %w; write it again", err) }

// openArray opens the configurations in an NPY file of a size.
func openArray(f io.ReaderAt, size int64) (*Configs, error) {
	h, err := readArrayHeader(f, size)
	if err != nil {
		return nil, err
	}
	number, ok := numberTypes[h.descr]
	switch {
	case !ok:
		return nil, fmt.Errorf("has an array of the type %s where |b1, |i1, |u1, <i2, <i4, <i8, <f4 or <f8 is expected; write it with numpy.savez(file, x=x.astype('<f8'))", h.descr)
	case h.fortran:
		return nil, errors.New("has an array in Fortran order; write it with numpy.savez(file, x=numpy.ascontiguousarray(x))")
	case len(h.shape) == 0:
		return nil, errors.New("has a single number where an array of configurations is expected, of the shape [n, shape...]")
	}
	rest := (size - h.length) / int64(number.size) // numbers of a configuration for which there is room
	for _, side := range h.shape[1:] {
		if side == 0 {
			return nil, fmt.Errorf("has configurations of the shape %d, without a number", h.shape[1:])
		}
		rest /= int64(side)
	}
	if int64(h.shape[0]) > rest {
		return nil, fmt.Errorf("is damaged: it ends before the %d configurations of its header; write it again", h.shape[0])
	}
	form := Configurations{h.descr, h.shape[1:]}
	return newConfigs(form, h.shape[0], io.NewSectionReader(f, h.length, size-h.length)), nil
}

// An arrayHeader is the header of an NPY file.
type arrayHeader struct {
	descr   string
	fortran bool
	shape   []int
	length  int64 // bytes before the numbers
}

// Each key of the header's dictionary, as NumPy and others write it.
var (
	arrayDescr   = regexp.MustCompile(`['"]descr['"]\s*:\s*(?:['"]([^'"]*)['"]|\[)`)
	arrayFortran = regexp.MustCompile(`['"]fortran_order['"]\s*:\s*(True|False)`)
	arrayShape   = regexp.MustCompile(`['"]shape['"]\s*:\s*\(([0-9,\s]*)\)`)
)

// readArrayHeader reads the header of an NPY file of a size, of any version.
func readArrayHeader(f io.ReaderAt, size int64) (h arrayHeader, err error) {
	bad := errors.New("its array has no header of NumPy's; write it again")
	start := make([]byte, 12)
	if n, _ := f.ReadAt(start, 0); n < len(start) || string(start[:6]) != npyMagic[:6] {
		return h, bad
	}
	h.length = 10 + int64(binary.LittleEndian.Uint16(start[8:]))
	text := int64(10)
	if start[6] > 1 {
		h.length = 12 + int64(binary.LittleEndian.Uint32(start[8:]))
		text = 12
	}
	if h.length > min(size, 1<<20) {
		return h, bad
	}
	dict := make([]byte, h.length-text)
	if _, err := f.ReadAt(dict, text); err != nil && err != io.EOF {
		return h, damagedArchive(err)
	}
	descr, fortran, shape := arrayDescr.FindSubmatch(dict), arrayFortran.FindSubmatch(dict), arrayShape.FindSubmatch(dict)
	if descr == nil || fortran == nil || shape == nil {
		return h, bad
	}
	h.descr, h.fortran = string(descr[1]), string(fortran[1]) == "True"
	if descr[1] == nil {
		h.descr = "of a structure"
	}
	for part := range strings.SplitSeq(string(shape[1]), ",") {
		if part = strings.TrimSpace(part); part == "" {
			continue
		}
		n, err := strconv.Atoi(part)
		if err != nil {
			return h, bad
		}
		h.shape = append(h.shape, n)
	}
	return h, nil
}

// An inflater reads a compressed entry of an archive forwards, and from its
// beginning again where something before is asked for.
type inflater struct {
	entry *zip.File
	r     io.ReadCloser // nil before the first read
	at    int64         // of r
}

func (d *inflater) ReadAt(b []byte, at int64) (int, error) {
	if d.r == nil || at < d.at {
		if d.r != nil {
			d.r.Close()
		}
		var err error
		if d.r, err = d.entry.Open(); err != nil {
			return 0, err
		}
		d.at = 0
	}
	skipped, err := io.CopyN(io.Discard, d.r, at-d.at)
	d.at += skipped
	if err != nil {
		return 0, err
	}
	n, err := io.ReadFull(d.r, b)
	d.at += int64(n)
	return n, err
}

// A numberType is a type of the numbers of an array.
type numberType struct {
	size   int // bytes
	number func([]byte) float64
}

var numberTypes = map[string]numberType{
	"|b1": {1, func(b []byte) float64 { return float64(b[0]) }},
	"|u1": {1, func(b []byte) float64 { return float64(b[0]) }},
	"|i1": {1, func(b []byte) float64 { return float64(int8(b[0])) }},
	"<i2": {2, func(b []byte) float64 { return float64(int16(binary.LittleEndian.Uint16(b))) }},
	"<i4": {4, func(b []byte) float64 { return float64(int32(binary.LittleEndian.Uint32(b))) }},
	"<i8": {8, func(b []byte) float64 { return float64(int64(binary.LittleEndian.Uint64(b))) }},
	"<f4": {4, func(b []byte) float64 { return float64(math.Float32frombits(binary.LittleEndian.Uint32(b))) }},
	"<f8": {8, func(b []byte) float64 { return math.Float64frombits(binary.LittleEndian.Uint64(b)) }},
}

// Values sets dst to configuration k, counted from 0, with the last index
// running fastest. Integers above 2^53 are rounded. It panics if there is no
// such configuration or dst has not its length.
//
// It reads no more than this configuration, but of a compressed file all
// before it, back to the last one that was read if that came earlier.
func (c *Configs) Values(k int, dst []float64) error {
	if k < 0 || k >= c.Count || len(dst) != c.numbers() {
		panic(badValues)
	}
	if c.buf == nil {
		c.buf = make([]byte, c.number.size*len(dst))
	}
	if n, err := c.data.ReadAt(c.buf, int64(k)*int64(len(c.buf))); n < len(c.buf) {
		return fmt.Errorf("store: %s: configuration %d: %w", c.name, k, err)
	}
	for i := range dst {
		dst[i] = c.number.number(c.buf[i*c.number.size:])
	}
	return nil
}

const badValues = "store: Values of a configuration that there is not, or of another length"

// Close closes the file, if it was opened.
func (c *Configs) Close() error {
	if c.file == nil {
		return nil
	}
	return c.file.Close()
}
