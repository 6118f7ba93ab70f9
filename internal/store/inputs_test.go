package store

import (
	"os"
	"path/filepath"
	"testing"
)

// A file of inputs/ that is not as it was when the run began is refused by its
// name, as long as run.json tells how it was.
func TestCheckInputs(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a.run")
	r, err := Create(dir, manifest(1), nil, map[string][]byte{"abc.txt": []byte("abc"), "empty": nil})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	// FIPS 180-2, appendix B.1.
	if sum := r.Manifest().Inputs["abc.txt"]; sum != "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" {
		t.Errorf("sum %s", sum)
	}
	check := func() error {
		d, err := View(dir)
		if err != nil {
			t.Fatal(err)
		}
		return d.CheckInputs()
	}
	if err := check(); err != nil {
		t.Error(err)
	}
	path := r.Path("inputs", "abc.txt")
	if err := os.WriteFile(path, []byte("abd"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := check(); !isRefusal(err, "inputs/abc.txt: was changed after the run began; restore it") {
		t.Errorf("changed: %v", err)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if err := check(); !isRefusal(err, "inputs/abc.txt: is missing; restore it") {
		t.Errorf("missing: %v", err)
	}
	if err := r.Update(func(m *Manifest) { m.Inputs = nil }); err != nil { // as in runs of older programs
		t.Fatal(err)
	}
	if err := check(); err != nil {
		t.Errorf("without sums: %v", err)
	}
}
