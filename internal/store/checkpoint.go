package store

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"syscall"

	"mcrun/internal/safetensors"
	"mcrun/mc"
)

// A generation is what a checkpoint holds: the state of a group, and how far
// its series had come.
type generation struct {
	identity string // of the group, as identityHash gives it
	columns  []Column
	rows     int               // in each series
	saved    *Configurations   // nil if there are none
	kept     int               // configurations of each chain
	sums     map[string]uint32 // checksums of these rows and configurations, by the name of the file
	snapshot *mc.Snapshot
}

// newestCheckpoint is the version of the format of checkpoints of groups that
// record matrices. Those that record vectors or save configurations are of
// version 2, and others of version 1, which differ in nothing but that they have
// none.
const newestCheckpoint = 3

// Keys of the metadata of a checkpoint that are not names of files.
const (
	formatKey   = "checkpoint"
	identityKey = "identity"
	columnsKey  = "columns"
	rowsKey     = "rows"
	keptKey     = "configurations"
	typeKey     = "configurations.type"
	shapeKey    = "configurations.shape"
)

// format returns the version of the checkpoint of a generation.
func (g *generation) format() int {
	matrix := func(c Column) bool { return c.Rows > 0 }
	if slices.ContainsFunc(g.columns, matrix) {
		return newestCheckpoint
	}
	vector := func(c Column) bool { return c.Width > 1 }
	if g.saved != nil || slices.ContainsFunc(g.columns, vector) {
		return 2
	}
	return 1
}

// identityHash returns the SHA-256 hash of an identity, in hexadecimal.
func identityHash(identity string) string {
	hash := sha256.Sum256([]byte(identity))
	return hex.EncodeToString(hash[:])
}

// sumName is the name of the last tensor of a checkpoint, the SHA-256 hash
// of every byte before it.
const sumName = "sha256"

const badArrayName = "store: an array of a snapshot has a name that checkpoints reserve"

// write writes the checkpoint of a generation. It panics if an array of the
// snapshot has the name "sha256" or "__metadata__".
func (g *generation) write(w io.Writer) error {
	names := g.snapshot.Names()
	// Arrays of words come before those of bytes, so that each is aligned.
	slices.SortStableFunc(names, func(a, b string) int {
		return cmp.Compare(isBytes(g.snapshot.Array(a)), isBytes(g.snapshot.Array(b)))
	})
	header, err := g.header(names)
	if err != nil {
		return err
	}
	hash := sha256.New()
	hashed := io.MultiWriter(w, hash)
	if _, err := hashed.Write(header); err != nil {
		return err
	}
	for _, name := range names {
		switch v := g.snapshot.Array(name).(type) {
		case []uint64:
			err = writeArray(hashed, v)
		case []int64:
			err = writeArray(hashed, v)
		case []float64:
			err = writeArray(hashed, v)
		case []uint8:
			err = writeArray(hashed, v)
		}
		if err != nil {
			return err
		}
	}
	_, err = w.Write(hash.Sum(nil))
	return err
}

func isBytes(array any) int {
	if _, ok := array.([]uint8); ok {
		return 1
	}
	return 0
}

// header returns the header of the checkpoint, its length included.
func (g *generation) header(names []string) ([]byte, error) {
	metadata := map[string]string{
		formatKey:   strconv.Itoa(g.format()),
		identityKey: g.identity,
		columnsKey:  columnsText(g.columns),
		rowsKey:     strconv.Itoa(g.rows),
	}
	if g.saved != nil {
		metadata[keptKey] = strconv.Itoa(g.kept)
		metadata[typeKey] = g.saved.Type
		metadata[shapeKey] = joinShape(g.saved.Shape, ",")
	}
	for name, sum := range g.sums {
		metadata[name] = fmt.Sprintf("%08x", sum)
	}
	var tensors []safetensors.Tensor
	add := func(name, dtype string, n int) {
		tensors = append(tensors, safetensors.Tensor{Name: name, Type: dtype, Shape: []int{n}})
	}
	for _, name := range names {
		if name == sumName || name == safetensors.MetadataName {
			panic(badArrayName)
		}
		switch v := g.snapshot.Array(name).(type) {
		case []uint64:
			add(name, "U64", len(v))
		case []int64:
			add(name, "I64", len(v))
		case []float64:
			add(name, "F64", len(v))
		case []uint8:
			add(name, "U8", len(v))
		}
	}
	add(sumName, "U8", sha256.Size)
	return safetensors.Header(metadata, tensors)
}

func writeArray[T uint8 | uint64 | int64 | float64](w io.Writer, v []T) error {
	var buf []byte
	for part := range slices.Chunk(v, 1<<12) {
		var err error
		if buf, err = binary.Append(buf[:0], binary.LittleEndian, part); err != nil {
			return err
		}
		if _, err := w.Write(buf); err != nil {
			return err
		}
	}
	return nil
}

// readGeneration reads a checkpoint. The error is a *damage if the file is
// not what was written, a *Refusal if a newer program wrote it.
func readGeneration(path string) (*generation, error) {
	file, err := os.ReadFile(path)
	if errors.Is(err, syscall.EISDIR) {
		return nil, &damage{path, "is a directory"}
	}
	if err != nil {
		return nil, err
	}
	return decodeGeneration(path, file)
}

// decodeGeneration believes nothing of the file before the hash has been
// checked, and allocates no more than the file's length allows.
func decodeGeneration(path string, file []byte) (*generation, error) {
	body := len(file) - sha256.Size
	if body < 8 {
		return nil, &damage{path, fmt.Sprintf("is cut at byte %d", len(file))}
	}
	if hash := sha256.Sum256(file[:body]); !bytes.Equal(hash[:], file[body:]) {
		return nil, &damage{path, fmt.Sprintf("its %d bytes do not have the checksum at their end: it was cut or changed", len(file))}
	}
	bad := func(what string) (*generation, error) {
		return nil, &damage{path, "is no checkpoint: " + what}
	}
	metadata, tensors, errDecode := safetensors.Decode(file)
	if metadata == nil && errDecode != nil {
		return bad(errDecode.Error())
	}
	f := metadata[formatKey]
	if v, err := strconv.Atoi(f); err != nil || v < 1 {
		return bad(fmt.Sprintf("its metadata give the format %q", f))
	} else if v > newestCheckpoint {
		return nil, newer(path, f, strconv.Itoa(newestCheckpoint))
	}
	if errDecode != nil {
		return bad(errDecode.Error())
	}
	g := &generation{sums: make(map[string]uint32)}
	var saved Configurations
	for key, value := range metadata {
		var err error
		switch key {
		case formatKey:
		case identityKey:
			g.identity = value
		case columnsKey:
			g.columns, err = parseColumns(value)
		case rowsKey:
			g.rows, err = strconv.Atoi(value)
		case keptKey:
			g.kept, err = strconv.Atoi(value)
			g.saved = &saved
		case typeKey:
			saved.Type = value
		case shapeKey:
			saved.Shape, err = parseShape(value, ",")
		default:
			var sum uint64
			sum, err = strconv.ParseUint(value, 16, 32)
			g.sums[key] = uint32(sum)
		}
		if err != nil {
			return bad(err.Error())
		}
	}
	if g.columns == nil || !fits(rowLayout(g.columns), g.rows) {
		return bad("its metadata do not describe series")
	}
	if g.saved != nil && (saved.check() != nil || !fits(saved, g.kept)) {
		return bad("its metadata do not describe configurations")
	}
	if len(g.identity) != hex.EncodedLen(sha256.Size) {
		return bad("its metadata do not tell its identity")
	}
	var err error
	if g.snapshot, err = decodeArrays(tensors); err != nil {
		return bad(err.Error())
	}
	return g, nil
}

// decodeArrays returns the arrays of a checkpoint, all but the hash.
func decodeArrays(tensors []safetensors.Tensor) (*mc.Snapshot, error) {
	s := new(mc.Snapshot)
	for _, t := range tensors {
		if len(t.Shape) != 1 {
			return nil, fmt.Errorf("its array %q has %d bytes for the shape %d", t.Name, len(t.Data), t.Shape)
		}
		if t.Name == sumName {
			continue
		}
		var err error
		switch t.Type {
		case "U64":
			err = putArray[uint64](s, t.Name, t.Data)
		case "I64":
			err = putArray[int64](s, t.Name, t.Data)
		case "F64":
			err = putArray[float64](s, t.Name, t.Data)
		case "U8":
			mc.Put(s, t.Name, t.Data)
		default:
			err = fmt.Errorf("its array %q has the unknown type %q", t.Name, t.Type)
		}
		if err != nil {
			return nil, err
		}
	}
	return s, nil
}

func putArray[T uint64 | int64 | float64](s *mc.Snapshot, name string, b []byte) error {
	v := make([]T, len(b)/8)
	if _, err := binary.Decode(b, binary.LittleEndian, v); err != nil {
		return err
	}
	mc.Put(s, name, v)
	return nil
}

// newer refuses a file of a format that this program does not know.
func newer(path, format, known string) *Refusal {
	return &Refusal{path, fmt.Sprintf("was written in format %s by a newer program, this one reads up to format %s; use the newer one", format, known)}
}
