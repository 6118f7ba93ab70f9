package param

import (
	"cmp"
	"fmt"
	"math"
	"os"
	"reflect"
	"slices"
	"time"
)

// A Validator checks what its fields say together, after each of them has
// been decoded. It returns nil, an [*Error] with the key that is to be
// changed, several of them joined by [errors.Join], or any other error, which
// then is one of the whole table.
type Validator interface {
	Validate() error
}

// Decode fills the structs that dst point to from one table of a card, whose
// keys are those of all the structs together. It returns everything that is
// wrong: unknown keys first, in alphabetical order, then the structs' own
// keys in the order of the fields, then what the Validate methods found. It
// returns nil if there is nothing.
//
// A struct's Validate is called, embedded structs first, if all keys of the
// struct and of those embedded in it decoded and if the embedded structs
// are valid themselves; so it may rely on both. An embedded struct that is
// tagged as optional and of which the card has no key is not asked. A field
// whose key is wrong keeps its default, and without a default the value it had.
// A key that is absent, but that a misspelt key probably stands for, is not
// reported as missing besides.
//
// Decode keeps no reference to table. It panics if an element of dst is not a
// pointer to a struct, if a tag makes no sense, or if two fields have the
// same key: mistakes in the program and not in the card.
//
// Files are read as [os.ReadFile] does.
func Decode(table map[string]any, dst ...any) []*Error {
	return Decoder{ReadFile: os.ReadFile}.Decode(table, dst...)
}

// A Decoder decodes tables of cards.
type Decoder struct {
	// ReadFile returns the content of a file that the card names.
	ReadFile func(path string) ([]byte, error)
}

// Decode is the function [Decode] with files read by ReadFile.
func (d Decoder) Decode(table map[string]any, dst ...any) []*Error {
	var errs []*Error
	var keys []string
	structs := make([]reflect.Value, len(dst))
	fields := make([][]field, len(dst))
	for i, x := range dst {
		v := reflect.ValueOf(x)
		if v.Kind() != reflect.Pointer || v.IsNil() {
			panic(fmt.Sprintf("param: %T is not a pointer to a struct", x))
		}
		structs[i], fields[i] = v.Elem(), walk(v.Elem().Type())
		for _, f := range fields[i] {
			if slices.Contains(keys, f.name) {
				panic(fmt.Sprintf("param: two fields have the key %q", f.name))
			}
			keys = append(keys, f.name)
		}
	}
	meant := map[string]bool{} // by misspelt keys
	for key := range table {
		if !slices.Contains(keys, key) {
			e := Unknown(key, keys)
			errs = append(errs, e)
			meant[e.Suggestion] = true
		}
	}
	slices.SortFunc(errs, func(a, b *Error) int { return cmp.Compare(a.Key, b.Key) })
	for i, v := range structs {
		failed := map[string]bool{}
		for _, f := range fields[i] {
			e := d.set(&f, v.FieldByIndex(f.index), table)
			_, given := table[f.name]
			misspelt := !given && meant[f.name]
			if e != nil && !misspelt {
				errs = append(errs, e)
			}
			failed[f.name] = e != nil || misspelt
		}
		found, _ := validate(v, table, failed)
		errs = append(errs, found...)
	}
	return errs
}

// Unknown returns the error of a key that is none of the valid ones.
func Unknown(key string, valid []string) *Error {
	e := &Error{Key: key, Problem: "unknown key", Expected: list(valid, "or")}
	if len(valid) == 0 {
		e.Expected = "no keys"
	}
	e.Suggestion, _ = Nearest(key, valid)
	return e
}

// set decodes the key of a field into v.
func (d Decoder) set(f *field, v reflect.Value, table map[string]any) *Error {
	if f.hasDefault {
		f.store(v, f.preset)
	} else if f.optional {
		v.SetZero()
	}
	given, ok := table[f.name]
	if !ok {
		if f.hasDefault || f.optional {
			return nil
		}
		return &Error{Key: f.name, Problem: "missing", Expected: f.expected()}
	}
	if path, ok := given.(string); ok && f.typ == fileType {
		data, err := d.ReadFile(path)
		if err != nil {
			return &Error{Key: f.name, Problem: "cannot be read: " + err.Error(), Expected: f.expected()}
		}
		given = NewFile(path, data)
	}
	value, problem := f.convert(given, f.typ)
	if problem != "" {
		return &Error{Key: f.name, Problem: problem, Expected: f.expected(), Suggestion: f.meant(given)}
	}
	if problem, near := f.checkRange(value); problem != "" {
		return &Error{Key: f.name, Problem: problem, Expected: f.expected(), Suggestion: near}
	}
	f.store(v, value)
	return nil
}

// store puts a value into the field v, which may be a pointer.
func (f *field) store(v, value reflect.Value) {
	if f.typ.Kind() == reflect.Slice { // the tag's default or the table's list stays its own
		value = reflect.AppendSlice(reflect.MakeSlice(f.typ, 0, value.Len()), value)
	}
	if v.Kind() == reflect.Pointer {
		v.Set(reflect.New(f.typ))
		v = v.Elem()
	}
	v.Set(value)
}

// convert returns what a table holds as a value of type t, the field's or
// that of its elements, or else what is wrong with it.
func (f *field) convert(given any, t reflect.Type) (v reflect.Value, problem string) {
	v = reflect.New(t).Elem()
	in := reflect.ValueOf(given)
	problem = "is " + describe(given)
	if t == fileType {
		f, ok := given.(File)
		if !ok {
			return v, problem
		}
		v.Set(reflect.ValueOf(f))
		return v, ""
	}
	if t == durationType {
		if in.Kind() != reflect.String {
			return v, problem
		}
		d, err := time.ParseDuration(in.String())
		if err != nil {
			return v, problem
		}
		v.SetInt(int64(d))
		return v, ""
	}
	switch kind := t.Kind(); {
	case kind == reflect.Bool && in.Kind() == reflect.Bool:
		v.SetBool(in.Bool())
	case kind == reflect.String && in.Kind() == reflect.String:
		v.SetString(in.String())
	case v.CanInt() && in.CanInt() && !v.OverflowInt(in.Int()):
		v.SetInt(in.Int())
	case v.CanUint() && in.CanUint():
		v.SetUint(in.Uint())
	case v.CanUint() && in.CanInt() && in.Int() >= 0:
		v.SetUint(uint64(in.Int()))
	case v.CanFloat() && in.CanInt():
		v.SetFloat(float64(in.Int()))
	case v.CanFloat() && in.CanFloat() && in.Float()-in.Float() == 0: // finite
		v.SetFloat(in.Float() + 0) // turns -0 into 0
	case kind == reflect.Slice && in.Kind() == reflect.Slice:
		v.Set(reflect.MakeSlice(t, 0, in.Len()))
		for i := range in.Len() {
			e, problem := f.convert(in.Index(i).Interface(), t.Elem())
			if problem != "" {
				return v, fmt.Sprintf("element %d %s", i+1, problem)
			}
			v.Set(reflect.Append(v, e))
		}
	default:
		return v, problem
	}
	return v, ""
}

// checkRange returns what is wrong with a value, or with an element of a
// list, by the tags, and what was probably meant.
func (f *field) checkRange(v reflect.Value) (problem, near string) {
	if v.Kind() == reflect.Slice {
		for i := range v.Len() {
			if problem, near := f.checkRange(v.Index(i)); problem != "" {
				return fmt.Sprintf("element %d %s", i+1, problem), near
			}
		}
		return "", ""
	}
	problem = "is " + Format(v.Interface())
	if f.oneof != nil && !slices.Contains(f.oneof, v.String()) {
		if near, ok := Nearest(v.String(), f.oneof); ok {
			return problem, quote(near)
		}
		return problem, ""
	}
	for _, l := range f.limits {
		var c int
		switch {
		case v.CanInt():
			c = cmp.Compare(v.Int(), l.value.Int())
		case v.CanUint():
			c = cmp.Compare(v.Uint(), l.value.Uint())
		default:
			c = cmp.Compare(v.Float(), l.value.Float())
		}
		for _, t := range limitTags {
			if t.tag == l.tag && !t.holds(c) {
				return problem, ""
			}
		}
	}
	return "", ""
}

// describe says what a table holds, for the eyes of who wrote it.
func describe(given any) string {
	v := reflect.ValueOf(given)
	switch {
	case !v.IsValid():
		return "empty"
	case v.Kind() == reflect.String:
		return "the string " + quote(v.String())
	case v.Kind() == reflect.Bool, v.CanInt(), v.CanUint():
		return Format(given)
	case v.CanFloat():
		switch x := v.Float(); {
		case math.IsNaN(x):
			return "not a number (nan)"
		case math.IsInf(x, 0):
			return "infinite"
		}
		return Format(v.Float())
	case v.Kind() == reflect.Slice:
		return "a list"
	case v.Kind() == reflect.Map:
		return "a table"
	}
	return "a date or time"
}

// meant returns what was probably meant by a value of the wrong type: the
// number in a string, the whole number with a decimal point, the duration
// without its unit, the only element of a list.
func (f *field) meant(given any) string {
	v := reflect.ValueOf(given)
	t := f.element()
	var meant any
	switch {
	case !v.IsValid():
		return ""
	case t == durationType:
		meant = fmt.Sprint(given, "s")
	case v.Kind() == reflect.String && t.Kind() != reflect.String:
		x, err := parse(v.String(), t)
		if err != nil {
			return ""
		}
		meant = x.Interface()
	case v.CanFloat() && v.Float() == math.Trunc(v.Float()) && math.Abs(v.Float()) < 1<<53:
		meant = int64(v.Float())
	case f.typ.Kind() == reflect.Slice && v.Kind() != reflect.Slice:
		meant = given
	default:
		return ""
	}
	if f.typ.Kind() == reflect.Slice && v.Kind() != reflect.Slice {
		meant = []any{meant}
	}
	x, problem := f.convert(meant, f.typ)
	if problem == "" {
		problem, _ = f.checkRange(x)
	}
	if problem != "" {
		return ""
	}
	return Format(meant)
}

// validate calls the Validate methods of the embedded structs of v, but of
// optional ones only if table has one of their keys, and then that of v itself,
// and reports whether all was well.
func validate(v reflect.Value, table map[string]any, failed map[string]bool) (errs []*Error, ok bool) {
	ok = true
	t := v.Type()
	for i := range t.NumField() {
		s := t.Field(i)
		if name, tagged := s.Tag.Lookup("card"); tagged {
			ok = ok && !failed[name]
		} else if s.Anonymous && s.IsExported() && s.Type.Kind() == reflect.Struct {
			if isOptional(s) {
				asked := false
				for _, f := range walk(s.Type) {
					_, given := table[f.name]
					asked = asked || given
					ok = ok && !failed[f.name]
				}
				if !asked {
					continue
				}
			}
			found, fine := validate(v.Field(i), table, failed)
			errs = append(errs, found...)
			ok = ok && fine
		}
	}
	if d, is := v.Addr().Interface().(Validator); is && ok {
		found := flatten(d.Validate())
		errs = append(errs, found...)
		ok = len(found) == 0
	}
	return errs, ok
}
