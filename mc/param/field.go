package param

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"sync"
	"time"
)

// A Field describes one key that a struct takes, for lists of what a model or
// kernel can be told.
type Field struct {
	Name     string
	Type     string // in words: "a whole number"
	Default  string // as written on a card; "" if there is none
	Range    string // in words: "above 0"; "" if there is none
	Doc      string
	Required bool // neither has a default nor may be left out
}

// Fields returns the keys of the struct that v is or points to, in the order
// of its fields. It panics as [Decode] does.
func Fields(v any) []Field {
	t := reflect.TypeOf(v)
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	var list []Field
	for _, f := range walk(t) {
		list = append(list, Field{
			Name:     f.name,
			Type:     f.words(),
			Default:  f.defaultText(),
			Range:    f.rangeWords(),
			Doc:      f.doc,
			Required: !f.optional && !f.hasDefault,
		})
	}
	return list
}

var (
	durationType = reflect.TypeFor[time.Duration]()
	fileType     = reflect.TypeFor[File]()
)

// field is a tagged field of a struct.
type field struct {
	name, doc  string
	index      []int        // as reflect.Value.FieldByIndex takes it
	typ        reflect.Type // without the pointer of an optional field
	optional   bool         // a pointer or a list that is nil where the card has no such key
	hasDefault bool
	preset     reflect.Value // the default
	limits     []limit
	oneof      []string
}

// limit is one end of a range.
type limit struct {
	tag, text string
	value     reflect.Value // of the field's element type
}

// limitTags are the ends of a range: what an element compared with the limit
// (-1, 0 or 1) must give, and how a person says it.
var limitTags = []struct {
	tag   string
	holds func(compared int) bool
	words string
}{
	{"min", func(c int) bool { return c >= 0 }, "at least"},
	{"above", func(c int) bool { return c > 0 }, "above"},
	{"max", func(c int) bool { return c <= 0 }, "at most"},
	{"below", func(c int) bool { return c < 0 }, "below"},
}

// walked holds what walk has found: a scan decodes the same structs again and
// again.
var walked sync.Map // of reflect.Type, []field

// walk returns the tagged fields of a struct type and of those embedded in
// it, to be read only.
func walk(t reflect.Type) []field {
	if t.Kind() != reflect.Struct {
		panic(fmt.Sprintf("param: %v is not a struct", t))
	}
	if list, ok := walked.Load(t); ok {
		return list.([]field)
	}
	var list []field
	for i := range t.NumField() {
		s := t.Field(i)
		name, tagged := s.Tag.Lookup("card")
		if !tagged {
			if s.Anonymous && s.Type.Kind() == reflect.Struct {
				for _, f := range walk(s.Type) {
					if !s.IsExported() {
						panic(fmt.Sprintf("param: %v embeds %v, which is not exported", t, s.Type))
					}
					if isOptional(s) && !f.hasDefault && !f.optional {
						if f.typ.Kind() != reflect.Slice {
							panic(fmt.Sprintf("param: %v embeds %v as optional, but its key %q is neither a pointer nor a list", t, s.Type, f.name))
						}
						f.optional = true
					}
					f.index = append([]int{i}, f.index...)
					list = append(list, f)
				}
			}
			continue
		}
		list = append(list, newField(t, s, name))
	}
	walked.Store(t, list)
	return list
}

// isOptional reports whether an embedded struct may be left out as a whole.
func isOptional(s reflect.StructField) bool { return s.Tag.Get("optional") == "true" }

// newField reads the tags of a field.
func newField(t reflect.Type, s reflect.StructField, name string) field {
	bad := func(format string, args ...any) {
		panic(fmt.Sprintf("param: field %s of %v: ", s.Name, t) + fmt.Sprintf(format, args...))
	}
	if !s.IsExported() {
		bad("is not exported")
	}
	if name == "" {
		bad("has no name")
	}
	f := field{name: name, doc: s.Tag.Get("doc"), index: s.Index, typ: s.Type}
	if f.typ.Kind() == reflect.Pointer {
		f.typ, f.optional = f.typ.Elem(), true
	}
	if !decodable(f.typ) || f.optional && f.typ.Kind() == reflect.Slice {
		bad("a key cannot have type %v", s.Type)
	}
	for _, l := range limitTags {
		text, ok := s.Tag.Lookup(l.tag)
		if !ok {
			continue
		}
		if k := f.element().Kind(); k == reflect.String || k == reflect.Bool || k == reflect.Struct {
			bad("%s is for numbers and durations", l.tag)
		}
		v, err := parse(text, f.element())
		if err != nil {
			bad("%s: %v", l.tag, err)
		}
		f.limits = append(f.limits, limit{l.tag, text, v})
	}
	if f.typ.Kind() == reflect.Uint64 && len(f.limits) == 0 {
		f.limits = []limit{{"min", "0", reflect.Zero(f.typ)}}
	}
	if text, ok := s.Tag.Lookup("oneof"); ok {
		if f.element().Kind() != reflect.String {
			bad("oneof is for strings")
		}
		f.oneof = strings.Fields(text)
	}
	if text, ok := s.Tag.Lookup("default"); ok {
		if f.typ == fileType {
			bad("a file has no default")
		}
		v, err := parse(text, f.typ)
		if err != nil {
			bad("default: %v", err)
		}
		f.preset, f.hasDefault = v, true
		if problem, _ := f.checkRange(v); problem != "" {
			bad("default: %s %s", name, problem)
		}
	}
	return f
}

// decodable reports whether a key can have a type.
func decodable(t reflect.Type) bool {
	switch t {
	case durationType, fileType,
		reflect.TypeFor[bool](), reflect.TypeFor[int](), reflect.TypeFor[int64](), reflect.TypeFor[uint64](),
		reflect.TypeFor[float64](), reflect.TypeFor[[]int](), reflect.TypeFor[[]float64](), reflect.TypeFor[[]string]():
		return true
	}
	return t.Kind() == reflect.String // named string types too
}

// element returns the type of what limits apply to: the elements of a list.
func (f *field) element() reflect.Type {
	if f.typ.Kind() == reflect.Slice {
		return f.typ.Elem()
	}
	return f.typ
}

// parse returns the value of type t that a tag states. Elements of lists are
// separated by spaces.
func parse(text string, t reflect.Type) (reflect.Value, error) {
	v := reflect.New(t).Elem()
	if t == durationType {
		d, err := time.ParseDuration(text)
		v.SetInt(int64(d))
		return v, err
	}
	switch t.Kind() {
	case reflect.Bool:
		b, err := strconv.ParseBool(text)
		v.SetBool(b)
		return v, err
	case reflect.Int, reflect.Int64:
		n, err := strconv.ParseInt(text, 10, 64)
		v.SetInt(n)
		return v, err
	case reflect.Uint64:
		n, err := strconv.ParseUint(text, 10, 64)
		v.SetUint(n)
		return v, err
	case reflect.Float64:
		x, err := strconv.ParseFloat(text, 64)
		if x-x != 0 {
			err = fmt.Errorf("%s is not finite", text)
		}
		v.SetFloat(x)
		return v, err
	case reflect.String:
		v.SetString(text)
		return v, nil
	}
	v.Set(reflect.MakeSlice(t, 0, 0))
	for _, word := range strings.Fields(text) {
		e, err := parse(word, t.Elem())
		if err != nil {
			return v, err
		}
		v.Set(reflect.Append(v, e))
	}
	return v, nil
}

// words returns the field's type as a person would say it.
func (f *field) words() string {
	switch f.typ {
	case durationType:
		return `a duration in quotes, as "60s"`
	case fileType:
		return "the path of a file in quotes, relative to the card"
	case reflect.TypeFor[[]int]():
		return "a list of whole numbers"
	case reflect.TypeFor[[]float64]():
		return "a list of numbers"
	case reflect.TypeFor[[]string]():
		return "a list of strings"
	}
	switch f.typ.Kind() {
	case reflect.Bool:
		return "true or false"
	case reflect.String:
		return "a string in quotes"
	case reflect.Float64:
		return "a number"
	}
	return "a whole number"
}

// rangeWords returns the range that a field's values must lie in.
func (f *field) rangeWords() string {
	if f.oneof != nil {
		quoted := make([]string, len(f.oneof))
		for i, s := range f.oneof {
			quoted[i] = quote(s)
		}
		return list(quoted, "or")
	}
	var parts []string
	for _, t := range limitTags {
		for _, l := range f.limits {
			if l.tag == t.tag {
				parts = append(parts, t.words+" "+l.text)
			}
		}
	}
	return strings.Join(parts, " and ")
}

// expected returns what a value of the field must be.
func (f *field) expected() string {
	words, limits := f.words(), f.rangeWords()
	switch {
	case limits == "":
		return words
	case f.typ.Kind() == reflect.String:
		return limits
	case f.typ.Kind() == reflect.Slice:
		return words + ", each " + limits
	case f.typ == durationType:
		return words + ", " + limits
	}
	return words + " " + limits
}

func (f *field) defaultText() string {
	if !f.hasDefault {
		return ""
	}
	return Format(f.preset.Interface())
}

// list joins words to "a, b or c".
func list(words []string, or string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	last := len(words) - 1
	return strings.Join(words[:last], ", ") + " " + or + " " + words[last]
}
