package store

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"syscall"

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

const metadataName = "__metadata__"

const badArrayName = "store: an array of a snapshot has a name that checkpoints reserve"

// A tensor is an entry of the header of a safetensors file.
type tensor struct {
	Type    string `json:"dtype"`
	Shape   []int  `json:"shape"`
	Offsets [2]int `json:"data_offsets"`
}

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
	h := make([]byte, 8) // for the length
	h = append(h, '{')
	field := func(name string, value any) error {
		for i, v := range []any{name, value} {
			b, err := json.Marshal(v)
			if err != nil {
				return err
			}
			h = append(append(h, b...), ":,"[i])
		}
		return nil
	}
	if err := field(metadataName, metadata); err != nil {
		return nil, err
	}
	end := 0
	add := func(name, dtype string, n, size int) error {
		start := end
		end += n * size
		return field(name, tensor{dtype, []int{n}, [2]int{start, end}})
	}
	for _, name := range names {
		if name == sumName || name == metadataName {
			panic(badArrayName)
		}
		var err error
		switch v := g.snapshot.Array(name).(type) {
		case []uint64:
			err = add(name, "U64", len(v), 8)
		case []int64:
			err = add(name, "I64", len(v), 8)
		case []float64:
			err = add(name, "F64", len(v), 8)
		case []uint8:
			err = add(name, "U8", len(v), 1)
		}
		if err != nil {
			return nil, err
		}
	}
	if err := add(sumName, "U8", sha256.Size, 1); err != nil {
		return nil, err
	}
	h[len(h)-1] = '}'
	for len(h)%8 != 0 {
		h = append(h, ' ')
	}
	binary.LittleEndian.PutUint64(h, uint64(len(h)-8))
	return h, nil
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
	n := binary.LittleEndian.Uint64(file)
	if n > uint64(body-8) {
		return bad("its header is longer than the file")
	}
	header, data := file[8:8+n], file[8+n:]
	var entries map[string]json.RawMessage
	if err := json.Unmarshal(header, &entries); err != nil {
		return bad(err.Error())
	}
	var metadata map[string]string
	if err := json.Unmarshal(entries[metadataName], &metadata); err != nil {
		return bad("its metadata are not strings")
	}
	f := metadata[formatKey]
	if v, err := strconv.Atoi(f); err != nil || v < 1 {
		return bad(fmt.Sprintf("its metadata give the format %q", f))
	} else if v > newestCheckpoint {
		return nil, newer(path, f, strconv.Itoa(newestCheckpoint))
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
	delete(entries, metadataName)
	var err error
	if g.snapshot, err = decodeArrays(entries, data); err != nil {
		return bad(err.Error())
	}
	return g, nil
}

// decodeArrays returns the arrays of a checkpoint, all but the hash.
func decodeArrays(entries map[string]json.RawMessage, data []byte) (*mc.Snapshot, error) {
	tensors := make(map[string]tensor, len(entries))
	var names []string
	for name, entry := range entries {
		var t tensor
		if err := json.Unmarshal(entry, &t); err != nil {
			return nil, fmt.Errorf("its array %q: %w", name, err)
		}
		tensors[name] = t
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int {
		s, t := tensors[a], tensors[b]
		// An empty array lies before the one that begins where it does.
		return cmp.Or(cmp.Compare(s.Offsets[0], t.Offsets[0]), cmp.Compare(s.Offsets[1], t.Offsets[1]), cmp.Compare(a, b))
	})
	s := new(mc.Snapshot)
	end := 0
	for _, name := range names {
		t := tensors[name]
		if t.Offsets[0] != end || t.Offsets[1] < end || t.Offsets[1] > len(data) {
			return nil, fmt.Errorf("its array %q does not begin where the one before ends", name)
		}
		b := data[end:t.Offsets[1]]
		end = t.Offsets[1]
		size := 8
		if t.Type == "U8" {
			size = 1
		}
		if len(t.Shape) != 1 || t.Shape[0] != len(b)/size || len(b)%size != 0 {
			return nil, fmt.Errorf("its array %q has %d bytes for the shape %d", name, len(b), t.Shape)
		}
		if name == sumName {
			continue
		}
		var err error
		switch t.Type {
		case "U64":
			err = putArray[uint64](s, name, b)
		case "I64":
			err = putArray[int64](s, name, b)
		case "F64":
			err = putArray[float64](s, name, b)
		case "U8":
			mc.Put(s, name, b)
		default:
			err = fmt.Errorf("its array %q has the unknown type %q", name, t.Type)
		}
		if err != nil {
			return nil, err
		}
	}
	if end != len(data) {
		return nil, fmt.Errorf("its arrays end at byte %d of %d", end, len(data))
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
