package card

import (
	"cmp"
	"errors"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"

	"mcrun/mc/param"
)

// Limits of what a card may ask for: beyond them it holds a mistake.
const (
	maxText   = 1 << 20 // bytes
	maxTasks  = 100_000
	maxChains = 10_000_000 // of all tasks together: each has a file
	maxSweeps = 9e15       // of all chains together: float64 counts exactly up to here
	maxSteps  = 9e15       // elementary steps of one chain, for the same reason
	maxName   = 100        // characters of the name of a proposal, by which a directory is called
	maxDepth  = 100        // brackets within each other, and parts of a dotted key
)

// Load reads and checks the card at path. Each of sets is a key=value that
// counts as the card, the key being a path as in [scan] and the value TOML;
// what is not TOML is text. The error is an [Errors].
func Load(path string, sets []string, on Machine) (*Card, error) {
	text, err := read(path)
	if err != nil {
		return nil, Errors{err}
	}
	return Parse(path, text, sets, on)
}

// read returns the text of a card.
func read(path string) ([]byte, *Error) {
	f, err := os.Open(path)
	if err != nil {
		e := &Error{File: path, Problem: "cannot be opened: " + reason(err), Expected: "a run card"}
		if errors.Is(err, fs.ErrNotExist) {
			e.Problem, e.Expected = "no such file", "the path of a run card; mcrun init writes one to start from"
		}
		return nil, e
	}
	defer f.Close()
	if info, err := f.Stat(); err == nil && info.IsDir() {
		return nil, &Error{File: path, Problem: "is a directory", Expected: "a run card"}
	}
	text, err := io.ReadAll(io.LimitReader(f, maxText+1))
	switch {
	case err != nil:
		return nil, &Error{File: path, Problem: "cannot be read: " + reason(err), Expected: "a run card"}
	case len(text) > maxText:
		return nil, &Error{File: path, Problem: "is larger than a megabyte", Expected: "a run card"}
	}
	return text, nil
}

// reason returns why an operation on a file failed, without its name.
func reason(err error) string { return nameless(err).Error() }

func nameless(err error) error {
	if e := (*fs.PathError)(nil); errors.As(err, &e) {
		return e.Err
	}
	return err
}

// Parse checks the text of a card, as [Load] does; name is what errors call
// it.
func Parse(name string, text []byte, sets []string, on Machine) (*Card, error) {
	c := &checker{file: name, sets: sets, machine: on, seen: map[Error]bool{}, meant: map[string]bool{}, files: map[string]contents{}}
	tree, where, bad := readTOML(text)
	if bad != nil {
		bad.File = name
		return nil, Errors{bad}
	}
	c.where = where
	c.flattenScan(tree)
	c.set(tree)
	card := c.card(tree)
	if len(c.errs) > 0 {
		c.sort()
		return nil, c.errs
	}
	card.Advice = c.advice
	return card, nil
}

// checker collects what is wrong with a card.
type checker struct {
	file    string
	sets    []string
	machine Machine
	where   origins
	scanned origins // keys that the point at hand takes from the scan
	labels  labels
	errs    Errors
	seen    map[Error]bool
	meant   map[string]bool // keys that something wrong probably stands for
	files   map[string]contents
	advice  Errors
	trained map[string]int         // number of a training by what determines it
	read    map[string]readWeights // files by their sums
}

// origin returns where a key was given its value.
func (c *checker) origin(p path) origin {
	for n := len(p); n > 0; n-- {
		if at, ok := c.scanned[p[:n].id()]; ok {
			return at
		}
	}
	return c.where.at(p)
}

// report notes what is wrong with the key at p. A key that a setting gave is
// called as there: settings may change the names that paths are made of.
func (c *checker) report(p path, e param.Error) {
	e.Key = c.labels.show(p)
	if at := c.where[p.id()]; at.set > 0 {
		e.Key, _, _ = strings.Cut(c.sets[at.set-1], "=")
		e.Key = strings.TrimSpace(e.Key)
	}
	c.reportAt(c.origin(p), e)
}

// reportAt notes what is wrong at a place of the card, once.
func (c *checker) reportAt(at origin, e param.Error) {
	bad := Error{File: c.file, Line: at.line, Key: e.Key, Problem: e.Problem, Expected: e.Expected, Suggestion: e.Suggestion, set: at.set}
	if at.set > 0 {
		bad.File, bad.Line = "--set "+c.sets[at.set-1], 0
	}
	if !c.seen[bad] {
		c.seen[bad] = true
		c.errs = append(c.errs, &bad)
	}
}

// decode fills structs from the table at p and reports whether it could.
func (c *checker) decode(p path, table map[string]any, dst ...any) bool {
	errs := param.Decoder{ReadFile: c.readFile}.Decode(table, dst...)
	c.reportIn(p, errs)
	return len(errs) == 0
}

// reportIn notes errors of the keys of the table at p.
func (c *checker) reportIn(p path, errs []*param.Error) {
	for _, e := range errs {
		if e.Key == "" {
			c.report(p, *e)
			continue
		}
		at := p.with(e.Key)
		said := *e
		if o := c.origin(at); e.Suggestion != "" && e.Problem == unknownKey && (o.set > 0 || c.isScanned(at)) {
			said.Suggestion = c.labels.show(p.with(e.Suggestion)) // the path is what has been misspelt
		}
		c.report(at, said)
	}
}

// advise notes what is allowed at p, but hardly meant, once.
func (c *checker) advise(p path, advice string) {
	at := c.origin(p)
	e := Error{File: c.file, Line: at.line, Key: c.labels.show(p), Problem: advice, set: at.set}
	if at.set > 0 {
		e.File, e.Line = "--set "+c.sets[at.set-1], 0
	}
	if !c.seen[e] {
		c.seen[e] = true
		c.advice = append(c.advice, &e)
	}
}

var unknownKey = param.Unknown("", nil).Problem

func (c *checker) isScanned(p path) bool {
	_, ok := c.scanned[p.id()]
	return ok
}

// sort brings the errors into their order, and leaves out keys that are
// missing if they are there, but misspelt, in the wrong place or scanned
// wrongly.
func (c *checker) sort() {
	for _, e := range c.errs {
		c.meant[e.Suggestion] = true
	}
	c.errs = slices.DeleteFunc(c.errs, func(e *Error) bool {
		return strings.HasPrefix(e.Problem, "missing") && c.meant[e.Key]
	})
	slices.SortStableFunc(c.errs, func(a, b *Error) int {
		return cmp.Or(cmp.Compare(a.set, b.set), cmp.Compare(a.Line, b.Line))
	})
}
