package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"mcrun/mc/param"
)

// Settings are keys with their values, in order. In JSON they are an object,
// whose keys keep that order. Read back, numbers are [json.Number], so that
// writing them again gives the same bytes.
type Settings []param.Setting

// MarshalJSON implements [json.Marshaler].
func (s Settings) MarshalJSON() ([]byte, error) {
	return marshalObject(len(s), func(i int) (string, any) { return s[i].Key, s[i].Value })
}

// UnmarshalJSON implements [json.Unmarshaler].
func (s *Settings) UnmarshalJSON(b []byte) error {
	*s = Settings{}
	return unmarshalObject(b, func(key string, d *json.Decoder) error {
		var v any
		err := d.Decode(&v)
		*s = append(*s, param.Setting{Key: key, Value: v})
		return err
	})
}

// value returns the value of a key, nil if there is none.
func (s Settings) value(key string) any {
	for _, x := range s {
		if x.Key == key {
			return x.Value
		}
	}
	return nil
}

// sorted returns the settings in the order of their keys.
func (s Settings) sorted() Settings {
	return slices.SortedFunc(slices.Values(s), func(a, b param.Setting) int { return strings.Compare(a.Key, b.Key) })
}

// String lists the settings for a reader: shape = 16x16, J = 1.
func (s Settings) String() string {
	parts := make([]string, len(s))
	for i, x := range s {
		parts[i] = x.Key + " = " + show(x)
	}
	return strings.Join(parts, ", ")
}

// sumSuffix ends the key of the SHA-256 of a file, of which the name is the
// value of the key before.
const sumSuffix = "_sha256"

// show writes a value for a reader: as in JSON, but for strings without
// quotes, shapes as 16x16, the first digits of hashes and what is missing as in
// tables.
func show(s param.Setting) string {
	if s.Value == nil {
		return missing
	}
	if text, ok := s.Value.(string); ok {
		if strings.HasSuffix(s.Key, sumSuffix) {
			text = text[:min(len(text), 8)]
		}
		return text
	}
	text := jsonText(s.Value)
	if s.Key == "shape" || strings.HasSuffix(s.Key, ".shape") {
		text = strings.ReplaceAll(strings.Trim(text, "[]"), ",", "x")
	}
	return text
}

// jsonText returns a value as JSON. A card holds only values that have one;
// another is written as Go does.
func jsonText(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	return string(b)
}

// marshalObject encodes n keys with their values as an object.
func marshalObject(n int, at func(i int) (string, any)) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	b.WriteByte('{')
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		key, value := at(i)
		if err := e.Encode(key); err != nil {
			return nil, err
		}
		b.WriteByte(':')
		if err := e.Encode(value); err != nil {
			return nil, fmt.Errorf("report: %s: %w", key, err)
		}
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// unmarshalObject calls add with each key of an object, to decode its value.
func unmarshalObject(b []byte, add func(key string, d *json.Decoder) error) error {
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	if start, err := d.Token(); err != nil || start != json.Delim('{') {
		return fmt.Errorf("report: %.20q where an object was expected; is this a summary.json?", b)
	}
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return err
		}
		if err := add(key.(string), d); err != nil {
			return fmt.Errorf("report: %s: %w", key, err)
		}
	}
	return nil
}
