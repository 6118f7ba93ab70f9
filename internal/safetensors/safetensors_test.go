package safetensors_test

import (
	"reflect"
	"strings"
	"testing"

	"mcrun/internal/safetensors"
)

// Decode is the inverse of Header and the data after it.
func TestDecode(t *testing.T) {
	metadata := map[string]string{"format": "1", "note": "a \"b\""}
	tensors := []safetensors.Tensor{
		{Name: "weights", Type: "F32", Shape: []int{2, 1}, Data: []byte{1, 2, 3, 4, 5, 6, 7, 8}},
		{Name: "empty", Type: "F64", Shape: []int{0, 3}, Data: []byte{}},
		{Name: "a", Type: "U8", Shape: []int{3}, Data: []byte{9, 8, 7}},
		{Name: "scalar", Type: "I64", Shape: []int{}, Data: []byte{1, 0, 0, 0, 0, 0, 0, 0}},
	}
	file, err := safetensors.Header(metadata, tensors)
	if err != nil {
		t.Fatal(err)
	}
	if len(file)%8 != 0 {
		t.Errorf("data begin at byte %d, no multiple of 8", len(file))
	}
	for _, a := range tensors {
		file = append(file, a.Data...)
	}
	m, list, err := safetensors.Decode(file)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(m, metadata) || !reflect.DeepEqual(list, tensors) {
		t.Errorf("read %v %v, written %v %v", m, list, metadata, tensors)
	}
	for cut := range file {
		if _, _, err := safetensors.Decode(file[:cut]); err == nil {
			t.Errorf("a file cut at byte %d is read", cut)
		}
	}
}

func TestBad(t *testing.T) {
	// file returns one with a header and as many bytes of data.
	file := func(header string, data int) []byte {
		return append([]byte{byte(len(header)), 0, 0, 0, 0, 0, 0, 0}, header+strings.Repeat("x", data)...)
	}
	for _, c := range []struct {
		want string
		file []byte
	}{
		{"cut at byte 3", []byte("abc")},
		{"longer than the file", file(`{}`, 0)[:9]},
		{"invalid character", file(`{]`, 0)},
		{"metadata are not strings", file(`{"__metadata__": {"a": 1}}`, 0)},
		{`array "a": json`, file(`{"a": 3}`, 0)},
		{`array "a" does not begin`, file(`{"a": {"dtype": "U8", "shape": [2], "data_offsets": [1, 3]}}`, 3)},
		{`it is cut: its array "a" ends at byte 9`, file(`{"a": {"dtype": "U8", "shape": [2], "data_offsets": [0, 9]}}`, 2)},
		{`unknown type "BF16"`, file(`{"a": {"dtype": "BF16", "shape": [1], "data_offsets": [0, 2]}}`, 2)},
		{"2 bytes for the shape [3]", file(`{"a": {"dtype": "U8", "shape": [3], "data_offsets": [0, 2]}}`, 2)},
		{"2 bytes for the shape [-1 -2]", file(`{"a": {"dtype": "U8", "shape": [-1, -2], "data_offsets": [0, 2]}}`, 2)},
		{"0 bytes for the shape", file(`{"a": {"dtype": "F64", "shape": [4294967296, 4294967296], "data_offsets": [0, 0]}}`, 0)},
		{"end at byte 2 of 3", file(`{"a": {"dtype": "U8", "shape": [2], "data_offsets": [0, 2]}}`, 3)},
	} {
		if _, _, err := safetensors.Decode(c.file); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: %v, want %s", c.file, err, c.want)
		}
	}
}
