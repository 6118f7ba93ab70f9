// Package safetensors writes and reads the format of that name: a header in
// JSON that names arrays, with their types, shapes and places, and after it the
// bytes of the arrays, little-endian.
//
//	8 bytes   length of the header, a little-endian uint64
//	header    {"__metadata__": {key: text, ...},
//	           name: {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}, ...},
//	          padded with blanks to a multiple of 8 bytes
//	data      the arrays, one after the other without gaps
package safetensors

import (
	"cmp"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
)

// MetadataName is the name that no array may have.
const MetadataName = "__metadata__"

// A Tensor is an array.
type Tensor struct {
	Name  string
	Type  string // "U8", "I64", "U64", "F32" or "F64"
	Shape []int
	Data  []byte // little-endian; not looked at by Header
}

// sizes are the bytes of an element.
var sizes = map[string]int{"U8": 1, "I64": 8, "U64": 8, "F32": 4, "F64": 8}

// bytes returns the length of an array. It returns false if the type is unknown
// or the shape has no such length.
func (t *Tensor) bytes() (int, bool) {
	n, known := sizes[t.Type]
	for _, side := range t.Shape {
		if side < 0 || side > 0 && n > maxBytes/side {
			return 0, false
		}
		n *= side
	}
	return n, known
}

// maxBytes bounds the length of an array.
const maxBytes = 1 << 52

// entry is what the header says of an array.
type entry struct {
	Type    string `json:"dtype"`
	Shape   []int  `json:"shape"`
	Offsets [2]int `json:"data_offsets"`
}

const badTensor = "safetensors: an array has the name of the metadata, or an unknown type or shape"

// Header returns the beginning of a file, up to its first array. The arrays are
// to follow in their order. It panics if one has the name of the metadata, or a
// type or shape that this package does not know.
func Header(metadata map[string]string, tensors []Tensor) ([]byte, error) {
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
	if err := field(MetadataName, metadata); err != nil {
		return nil, err
	}
	end := 0
	for _, t := range tensors {
		n, ok := t.bytes()
		if !ok || t.Name == MetadataName {
			panic(badTensor)
		}
		if err := field(t.Name, entry{t.Type, t.Shape, [2]int{end, end + n}}); err != nil {
			return nil, err
		}
		end += n
	}
	h[len(h)-1] = '}'
	for len(h)%8 != 0 {
		h = append(h, ' ')
	}
	binary.LittleEndian.PutUint64(h, uint64(len(h)-8))
	return h, nil
}

// Decode returns what a file holds, the arrays in the order of their places. It
// allocates no more than the file's length allows; data are parts of the file. The
// error continues a sentence about the file. Metadata that could be read are
// returned beside it, for they may say that the arrays are of another format.
func Decode(file []byte) (metadata map[string]string, tensors []Tensor, err error) {
	if len(file) < 8 {
		return nil, nil, fmt.Errorf("it is cut at byte %d", len(file))
	}
	n := binary.LittleEndian.Uint64(file)
	if n > uint64(len(file)-8) {
		return nil, nil, errors.New("its header is longer than the file")
	}
	data := file[8+n:]
	var entries map[string]json.RawMessage
	if err := json.Unmarshal(file[8:8+n], &entries); err != nil {
		return nil, nil, err
	}
	if text, ok := entries[MetadataName]; ok {
		if err := json.Unmarshal(text, &metadata); err != nil {
			return nil, nil, errors.New("its metadata are not strings")
		}
		delete(entries, MetadataName)
	}
	places := make(map[string][2]int, len(entries))
	for name, text := range entries {
		var e entry
		if err := json.Unmarshal(text, &e); err != nil {
			return metadata, nil, fmt.Errorf("its array %q: %w", name, err)
		}
		tensors = append(tensors, Tensor{Name: name, Type: e.Type, Shape: e.Shape})
		places[name] = e.Offsets
	}
	slices.SortFunc(tensors, func(a, b Tensor) int {
		s, t := places[a.Name], places[b.Name]
		// An empty array lies before the one that begins where it does.
		return cmp.Or(cmp.Compare(s[0], t[0]), cmp.Compare(s[1], t[1]), cmp.Compare(a.Name, b.Name))
	})
	end := 0
	for i := range tensors {
		t := &tensors[i]
		from, to := places[t.Name][0], places[t.Name][1]
		if from == end && to > len(data) {
			return metadata, nil, fmt.Errorf("it is cut: its array %q ends at byte %d of data, of which there are %d", t.Name, to, len(data))
		}
		if from != end || to < end {
			return metadata, nil, fmt.Errorf("its array %q does not begin where the one before ends", t.Name)
		}
		if _, known := sizes[t.Type]; !known {
			return metadata, nil, fmt.Errorf("its array %q has the unknown type %q", t.Name, t.Type)
		}
		if n, ok := t.bytes(); !ok || n != to-from {
			return metadata, nil, fmt.Errorf("its array %q has %d bytes for the shape %d", t.Name, to-from, t.Shape)
		}
		t.Data, end = data[from:to:to], to
	}
	if end != len(data) {
		return metadata, nil, fmt.Errorf("its arrays end at byte %d of %d", end, len(data))
	}
	return metadata, tensors, nil
}
