package card

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"mcrun/mc/param"
)

// inputs is where a run directory keeps the files that its card names.
const inputs = "inputs"

// Inputs returns the files that the card names by the names that they have in
// the run directory, in inputs/.
func (c *Card) Inputs() map[string][]byte {
	files := map[string][]byte{}
	for _, in := range c.list() {
		files[in.name] = in.file.Data
	}
	return files
}

// InputPath returns the path of a file of the card within the run directory. It
// depends on the order in which the card names its files and on their own
// names, not on where they are.
func (c *Card) InputPath(f param.File) string {
	for _, in := range c.list() {
		if in.sum == f.Sum() && in.base == filepath.Base(f.Path) {
			return inputs + "/" + in.name
		}
	}
	panic("card: a file that the card does not name")
}

// StoredModelKeys returns the ModelKeys of a point with files by the paths that
// they have in the run directory, each followed by a key that ends in _sha256
// for its content: files of other runs may have its path.
func (c *Card) StoredModelKeys(p *Point) []param.Setting {
	var keys []param.Setting
	for _, k := range p.ModelKeys() {
		f, ok := k.Value.(param.File)
		if !ok {
			keys = append(keys, k)
			continue
		}
		keys = append(keys, param.Setting{Key: k.Key, Value: c.InputPath(f)}, param.Setting{Key: k.Key + "_sha256", Value: f.Sum()})
	}
	return keys
}

// StoredScan returns the Scan of a point with files by the paths that they have
// in the run directory.
func (c *Card) StoredScan(p *Point) []param.Setting {
	keys := slices.Clone(p.Scan)
	for i, k := range keys {
		if f, ok := k.Value.(param.File); ok {
			keys[i].Value = c.InputPath(f)
		}
	}
	return keys
}

// weightsPath returns the path within the run directory of the weights that a flow is
// given, with {point} in it if there are several, and "" if it is given none.
func (c *Card) weightsPath(flow string) string {
	for i := range c.trainings {
		t := &c.trainings[i]
		if t.Name != flow || t.Kept() == nil {
			continue
		}
		if t.File != flowFile(flow) {
			flow += "-" + pointMark
		}
		return inputs + strings.TrimPrefix(flowFile(flow), flowsFolder)
	}
	return ""
}

// An input is a file of the card.
type input struct {
	file            param.File
	base, sum, name string
}

// list returns the files of the card. Weights that flows are given have the names
// that they have in flows/, files of one name and other contents get numbers.
func (c *Card) list() []input {
	if c.named != nil {
		return c.named
	}
	c.named = []input{}
	taken := map[string]bool{}
	for i := range c.trainings {
		if f := c.trainings[i].Kept(); f != nil {
			name := filepath.Base(c.trainings[i].File)
			taken[name] = true
			c.named = append(c.named, input{file: *f, name: name})
		}
	}
	for i := range c.Points {
		for _, e := range c.Points[i].entries() {
			f, ok := e.value.(param.File)
			if !ok {
				continue
			}
			in := input{file: f, base: filepath.Base(f.Path), sum: f.Sum()}
			known := false
			for _, other := range c.named {
				known = known || other.sum == in.sum && other.base == in.base
			}
			if known {
				continue
			}
			in.name = in.base
			for n := 2; taken[in.name]; n++ {
				ext := filepath.Ext(in.base)
				in.name = fmt.Sprintf("%s-%d%s", strings.TrimSuffix(in.base, ext), n, ext)
			}
			taken[in.name] = true
			c.named = append(c.named, in)
		}
	}
	return c.named
}

// files returns the files that an axis of the scan names, one for each value,
// and nil if it names none.
func (c *Card) files(a axis) []param.File {
	files := make([]param.File, len(a.values))
	for _, p := range c.Points {
		for _, e := range p.entries() {
			f, ok := e.value.(param.File)
			if !ok || e.at.id() != a.at.id() {
				continue
			}
			for i, v := range a.values {
				if v == f.Path {
					files[i] = f
				}
			}
		}
	}
	for _, f := range files {
		if f.Path == "" {
			return nil
		}
	}
	return files
}

// readFile reads a file that the card names, by a path relative to the card.
func (c *checker) readFile(path string) ([]byte, error) {
	path = c.besideCard(path)
	if f, ok := c.files[path]; ok {
		return f.data, f.err
	}
	data, err := os.ReadFile(path)
	if err != nil {
		err = fmt.Errorf("%s: %w", path, nameless(err))
	}
	c.files[path] = contents{data, err}
	return data, err
}

// contents is what reading a file gave.
type contents struct {
	data []byte
	err  error
}
