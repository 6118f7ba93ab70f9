package param

import (
	"fmt"
	"math"
	"reflect"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// A Setting is a key with its value.
type Setting struct {
	Key   string
	Value any
}

// Encode returns the keys of the struct that v is or points to with their
// values, in the order of the fields, without optional keys that are not set.
// A value is a bool, int, int64, uint64, float64, string, []int, []float64,
// []string or [File]; durations are strings, as on a card. Lists are v's own.
//
// Encode is the inverse of [Decode]: a table made of what it returns decodes
// to an equal struct. It panics as Decode does.
func Encode(v any) []Setting {
	s := reflect.ValueOf(v)
	for s.Kind() == reflect.Pointer {
		s = s.Elem()
	}
	var settings []Setting
	for _, f := range walk(s.Type()) {
		x := s.FieldByIndex(f.index)
		if f.optional {
			if x.IsNil() {
				continue
			}
			x = reflect.Indirect(x)
		}
		value := x.Interface()
		switch {
		case f.typ == durationType:
			value = formatDuration(time.Duration(x.Int()))
		case x.Kind() == reflect.String:
			value = x.String() // named string types too
		}
		settings = append(settings, Setting{f.name, value})
	}
	return settings
}

// Format writes a value as it is written on a card, which is in TOML: 2,
// 2.0, "hot", [16, 16]. Numbers are the shortest that read back the same.
// The value is one that [Encode] returns or a card holds; durations are
// written as strings.
func Format(value any) string {
	if d, ok := value.(time.Duration); ok {
		return quote(formatDuration(d))
	}
	if f, ok := value.(File); ok {
		return quote(f.Path)
	}
	v := reflect.ValueOf(value)
	switch v.Kind() {
	case reflect.String:
		return quote(v.String())
	case reflect.Float64:
		return formatFloat(v.Float())
	case reflect.Slice:
		parts := make([]string, v.Len())
		for i := range parts {
			parts[i] = Format(v.Index(i).Interface())
		}
		return "[" + strings.Join(parts, ", ") + "]"
	}
	return fmt.Sprint(value)
}

// formatFloat writes a number so that it is a float on a card: 1.0, not 1.
func formatFloat(x float64) string {
	switch a := math.Abs(x); {
	case math.IsNaN(x):
		return "nan"
	case math.IsInf(x, 0):
		return strings.TrimPrefix(strings.ToLower(strconv.FormatFloat(x, 'f', -1, 64)), "+")
	case a != 0 && a < 1e-4 || a >= 1e15:
		mantissa, exponent, _ := strings.Cut(strconv.FormatFloat(x, 'e', -1, 64), "e")
		sign := strings.TrimPrefix(exponent[:1], "+")
		return mantissa + "e" + sign + strings.TrimLeft(exponent[1:], "0")
	}
	s := strconv.FormatFloat(x, 'f', -1, 64)
	if !strings.Contains(s, ".") {
		s += ".0"
	}
	return s
}

// formatDuration writes a duration without the zeros of smaller units that
// its String method adds: 1m and not 1m0s.
func formatDuration(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = s[:len(s)-2]
	}
	if strings.HasSuffix(s, "h0m") {
		s = s[:len(s)-2]
	}
	return s
}

// quote writes a basic string of TOML, whose escapes are not all Go's.
func quote(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\t':
			b.WriteString(`\t`)
		case unicode.IsPrint(r):
			b.WriteRune(r)
		default:
			fmt.Fprintf(&b, `\U%08X`, r)
		}
	}
	b.WriteByte('"')
	return b.String()
}
