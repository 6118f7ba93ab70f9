package models

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"sync"
	"weak"

	"mcrun/mc/param"
)

// couplingsFile is the content of a file of couplings: see the package's
// documentation for the format.
type couplingsFile struct {
	sites  int
	bonds  []Bond
	fields []siteField
	data   int // length in bytes
}

type siteField struct {
	site  int
	value float64
}

const (
	// maxFileSites bounds the number of sites that a file's header can give.
	maxFileSites = 1 << 27

	// maxFileErrors is how many mistakes of a file are told at once.
	maxFileErrors = 8
)

// bonded returns the couplings of the file, or nil if the sites form a lattice;
// there must be either a shape or a file.
func bonded(shape []int, file *param.File) (*couplingsFile, error) {
	switch {
	case shape == nil && file == nil:
		return nil, &param.Error{Key: "shape", Problem: "missing", Expected: "shape or couplings"}
	case shape != nil && file != nil:
		return nil, &param.Error{Key: "couplings", Problem: "given beside shape", Expected: "one of the two"}
	case file == nil:
		return nil, nil
	}
	return sharedCouplings(file)
}

// parsed holds the files that some model uses, by the sum of their content: the
// models of a scan share one.
var parsed struct {
	sync.Mutex
	files map[string]weak.Pointer[couplingsFile]
}

// sharedCouplings returns the content of a file, to be read only, which is
// parsed once for all models that use it.
func sharedCouplings(file *param.File) (*couplingsFile, error) {
	sum := file.Sum()
	parsed.Lock()
	defer parsed.Unlock()
	if f := parsed.files[sum].Value(); f != nil {
		return f, nil
	}
	f, err := parseCouplings(file)
	if err != nil {
		return nil, err
	}
	if parsed.files == nil {
		parsed.files = make(map[string]weak.Pointer[couplingsFile])
	}
	parsed.files[sum] = weak.Make(f)
	return f, nil
}

// graph returns the graph of the file with all couplings multiplied by j and h
// added to all fields.
func (f *couplingsFile) graph(j, h float64) *Graph {
	fields := make([]float64, f.sites)
	for i := range fields {
		fields[i] = h
	}
	for _, x := range f.fields {
		fields[x.site] += x.value
	}
	bonds := slices.Clone(f.bonds)
	for n := range bonds {
		bonds[n].Coupling *= j
	}
	return NewGraph(f.sites, bonds, fields)
}

// terms returns the bounds of the parts of the energy, for the keys J and h.
func (f *couplingsFile) terms(j, h float64) []term {
	var bonds, fields float64
	for _, b := range f.bonds {
		bonds += math.Abs(b.Coupling)
	}
	for _, x := range f.fields {
		fields += math.Abs(x.value)
	}
	key, what := "J", "a coupling"
	if math.Abs(j) <= 1 {
		key, what = "couplings", "couplings"
	}
	return []term{
		{key, what, bonds * math.Abs(j)},
		{"h", "a field", float64(f.sites) * math.Abs(h)},
		{"couplings", "fields", fields},
	}
}

// frustrated reports whether the bonds, multiplied by j, cannot all be satisfied.
func (f *couplingsFile) frustrated(j float64) bool {
	bonds := slices.Clone(f.bonds)
	for n := range bonds {
		bonds[n].Coupling *= j
	}
	return frustrated(f.sites, bonds)
}

// bytes returns the memory of the file's content and of its graph.
func (f *couplingsFile) bytes() float64 {
	const bond, field = 24, 16
	b := float64(len(f.bonds))
	// The content, and the copies of bonds and fields that the graph is made of.
	return float64(f.data) + 2*bond*b + field*float64(len(f.fields)) + 8*float64(f.sites) + graphBytes(float64(f.sites), b)
}

// A couplingsParser reads a file of couplings.
type couplingsParser struct {
	couplingsFile
	path     string
	line     int
	declared int // number of bonds in the header; -1 if it gives none
	bondAt   []int
	fieldAt  []int // lines
	proper   bool  // whether some field is not written as the number of a site
	low      int   // lowest and highest number of a site, also beyond the last
	high     int
	errs     []error
}

// parseCouplings reads a file. The error is several [*param.Error] of the key
// couplings.
func parseCouplings(file *param.File) (*couplingsFile, error) {
	p := &couplingsParser{path: file.Path, declared: -1, low: math.MaxInt, high: -1}
	p.sites, p.data = -1, len(file.Data)
	comment := -1 // the number of sites in the first comment
	first := true
	for data := range bytes.Lines(bytes.TrimPrefix(file.Data, []byte("\ufeff"))) {
		p.line++
		text, note, found := strings.Cut(string(data), "#")
		words := strings.FieldsFunc(text, separator)
		if len(words) == 0 {
			if found && first && p.sites < 0 {
				if n, bonds, ok := header(strings.FieldsFunc(note, separator)); ok && bonds < 0 {
					comment = n
				}
				first = false
			}
			continue
		}
		first = false
		if p.sites < 0 {
			n, bonds, ok := header(words)
			if ok && (bonds < 0 || comment < 0 || n == comment) {
				p.begin(n, bonds)
				continue
			}
			if comment < 0 {
				p.fail("no header before the first bond or field", `a first line "sites N" with the number of sites`)
				return nil, errors.Join(p.errs...)
			}
			p.begin(comment, -1)
		}
		p.entry(words)
		if len(p.errs) >= maxFileErrors {
			break
		}
	}
	if p.sites < 0 && comment >= 0 {
		p.begin(comment, -1)
	}
	p.finish()
	if len(p.errs) > 0 {
		return nil, errors.Join(p.errs...)
	}
	f := p.couplingsFile // without what only the parser needs
	return &f, nil
}

// separator reports whether a rune stands between the columns of a line.
func separator(r rune) bool { return r == ' ' || r == '\t' || r == ',' || r == '\r' || r == '\n' }

// headerWords may stand in a header beside its numbers.
var headerWords = []string{"sites", "n", "number", "of", "=", ":"}

// header reads "sites N", "N = N", "number of sites: N", "N" or "N M", of N sites
// and M bonds; bonds is -1 where it does not say.
func header(words []string) (sites, bonds int, ok bool) {
	text := strings.NewReplacer("=", " = ", ":", " : ").Replace(strings.Join(words, " "))
	words = slices.DeleteFunc(strings.Fields(text), func(w string) bool {
		return slices.Contains(headerWords, strings.ToLower(w))
	})
	bonds = -1
	switch len(words) {
	case 2:
		n, err := strconv.Atoi(words[1])
		if err != nil || n < 0 {
			return 0, 0, false
		}
		bonds = n
		fallthrough
	case 1:
		n, err := strconv.Atoi(words[0])
		return n, bonds, err == nil
	}
	return 0, 0, false
}

// begin takes the numbers of a header.
func (p *couplingsParser) begin(sites, bonds int) {
	p.sites, p.declared = sites, bonds
	if sites < 1 || sites > maxFileSites {
		p.fail(fmt.Sprintf("%d sites", sites), fmt.Sprintf("from 1 to %d sites", maxFileSites))
		p.sites = maxFileSites
	}
}

// entry reads a bond or a field.
func (p *couplingsParser) entry(words []string) {
	const expected = `"i j J" for a bond or "i h" for a field`
	last := len(words) - 1
	if last != 1 && last != 2 {
		columns := "columns"
		if last == 0 {
			columns = "column"
		}
		p.fail(fmt.Sprintf("%d %s", len(words), columns), expected)
		return
	}
	var site [2]int
	for n, w := range words[:last] {
		i, err := strconv.Atoi(w)
		if err != nil {
			p.fail(fmt.Sprintf("%q is no site", w), expected)
			return
		}
		site[n] = i
		p.low, p.high = min(p.low, i), max(p.high, i)
	}
	value, err := strconv.ParseFloat(words[last], 64)
	if err != nil || value-value != 0 {
		p.fail(fmt.Sprintf("%q is no finite number", words[last]), expected)
		return
	}
	for _, i := range site[:last] {
		if i < 0 || i >= p.sites {
			p.fail(fmt.Sprintf("there is no site %d", i), fmt.Sprintf("sites from 0 to %d", p.sites-1))
			return
		}
	}
	if k, err := strconv.Atoi(words[last]); last == 1 && (err != nil || k < 0 || k >= p.sites) {
		p.proper = true
	}
	switch {
	case last == 1:
		p.fields = append(p.fields, siteField{site[0], value})
		p.fieldAt = append(p.fieldAt, p.line)
	case site[0] == site[1]:
		p.fail(fmt.Sprintf("a bond of site %d with itself", site[0]), `bonds between different sites; a field has two columns, "i h"`)
	default:
		p.bonds = append(p.bonds, Bond{site[0], site[1], value})
		p.bondAt = append(p.bondAt, p.line)
	}
}

// finish checks what the lines say together.
func (p *couplingsParser) finish() {
	if p.sites < 0 {
		p.line = max(p.line, 1)
		p.fail("neither bonds nor a header", `a first line "sites N" with the number of sites`)
		return
	}
	if p.low == 1 && p.high == p.sites {
		p.errs = []error{&param.Error{
			Key:      "couplings",
			Problem:  fmt.Sprintf("%s numbers its sites from 1 to %d", param.Format(p.path), p.sites),
			Expected: fmt.Sprintf("sites counted from 0, up to %d", p.sites-1),
		}}
		return
	}
	if len(p.errs) > 0 {
		return
	}
	if len(p.bonds) == 0 && len(p.fields) > 0 && !p.proper {
		p.line = p.fieldAt[0]
		p.fail("lines of two columns are fields, but these could be bonds without couplings", `"i j J" for a bond, as 0 1 1.0, or fields with a decimal point`)
		return
	}
	p.repeated(len(p.bonds), p.bondAt, func(a, b int) int {
		x, y := p.bonds[a], p.bonds[b]
		if d := min(x.I, x.J) - min(y.I, y.J); d != 0 {
			return d
		}
		return max(x.I, x.J) - max(y.I, y.J)
	}, func(n, line int) {
		b := p.bonds[n]
		p.fail(fmt.Sprintf("sites %d and %d have a bond already, in line %d", b.I, b.J, line), "each pair once, with the sum of its couplings")
	})
	p.repeated(len(p.fields), p.fieldAt, func(a, b int) int {
		return p.fields[a].site - p.fields[b].site
	}, func(n, line int) {
		p.fail(fmt.Sprintf("site %d has a field already, in line %d", p.fields[n].site, line), `each field once; a bond has three columns, "i j J"`)
	})
	if p.declared >= 0 && p.declared != len(p.bonds) && len(p.errs) == 0 {
		p.errs = append(p.errs, &param.Error{
			Key:      "couplings",
			Problem:  fmt.Sprintf("the header of %s says %d bonds, and %d follow", param.Format(p.path), p.declared, len(p.bonds)),
			Expected: `as many lines "i j J" as the header says`,
		})
	}
}

// repeated calls report for every entry equal to one before, with the line of
// the latter, until the errors are enough.
func (p *couplingsParser) repeated(n int, at []int, compare func(a, b int) int, report func(n, line int)) {
	order := make([]int, n)
	for k := range order {
		order[k] = k
	}
	slices.SortStableFunc(order, compare)
	for k := 1; k < n && len(p.errs) < maxFileErrors; k++ {
		if compare(order[k-1], order[k]) == 0 {
			p.line = at[order[k]]
			report(order[k], at[order[k-1]])
		}
	}
}

// fail adds an error of the present line.
func (p *couplingsParser) fail(problem, expected string) {
	p.errs = append(p.errs, &param.Error{
		Key:      "couplings",
		Problem:  fmt.Sprintf("%s, line %d: %s", param.Format(p.path), p.line, problem),
		Expected: expected,
	})
}
