package param

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
)

// A File is a file that a card names: on the card it is the path, as a string,
// relative to the card. A field of type *File is optional, one of type File
// required.
type File struct {
	Path string // as the card gives it
	Data []byte // the content, to be read only

	sum string // what Sum returns, if it is known
}

// NewFile returns a file of which the sum is computed once.
func NewFile(path string, data []byte) File {
	f := File{Path: path, Data: data}
	f.sum = f.Sum()
	return f
}

// Sum returns the SHA-256 of the content in hexadecimal digits: by it, and not
// by its path, a file is told from others.
func (f File) Sum() string {
	if f.sum != "" {
		return f.sum
	}
	sum := sha256.Sum256(f.Data)
	return hex.EncodeToString(sum[:])
}

// String returns the path.
func (f File) String() string { return f.Path }

// MarshalJSON writes the path.
func (f File) MarshalJSON() ([]byte, error) { return json.Marshal(f.Path) }
