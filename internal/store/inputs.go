package store

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"slices"
)

// Sums returns the SHA-256 of files by their names, as run.json has them; nil
// of no files.
func Sums(files map[string][]byte) map[string]string {
	if len(files) == 0 {
		return nil
	}
	sums := make(map[string]string)
	for name, data := range files {
		sums[name] = fmt.Sprintf("%x", sha256.Sum256(data))
	}
	return sums
}

// CheckInputs returns a *Refusal that names a file of inputs/ if it is not as
// it was when the run began. Files without a sum in run.json are not checked.
func (d *Dir) CheckInputs() error {
	const remedy = "; restore it, or start over with --force, which keeps the old directory"
	for _, name := range slices.Sorted(maps.Keys(d.manifest.Inputs)) {
		path := d.Path(inputsName, name)
		data, err := os.ReadFile(path)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return &Refusal{path, "is missing" + remedy}
		case err != nil:
			return err
		case fmt.Sprintf("%x", sha256.Sum256(data)) != d.manifest.Inputs[name]:
			return &Refusal{path, "was changed after the run began" + remedy}
		}
	}
	return nil
}
