package param

import (
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"
)

type filed struct {
	Must File  `card:"must"`
	May  *File `card:"may"`
}

func TestFile(t *testing.T) {
	d := Decoder{ReadFile: func(path string) ([]byte, error) {
		if path == "none" {
			return nil, errors.New("open none: no such file")
		}
		return []byte("of " + path), nil
	}}
	var v filed
	if errs := d.Decode(map[string]any{"must": "a"}, &v); errs != nil || v.Must.Path != "a" || string(v.Must.Data) != "of a" || v.May != nil {
		t.Errorf("got %+v, %v", v, errs)
	}
	table := map[string]any{"must": "a", "may": "b"}
	if errs := d.Decode(table, &v); errs != nil || v.May == nil || string(v.May.Data) != "of b" {
		t.Errorf("got %+v, %v", v, errs)
	}

	// What Encode returns needs no file to be read.
	again := map[string]any{}
	for _, s := range Encode(v) {
		again[s.Key] = s.Value
	}
	var w filed
	if errs := (Decoder{}).Decode(again, &w); errs != nil || !reflect.DeepEqual(v, w) {
		t.Errorf("got %+v, %v", w, errs)
	}
	if got := Encode(filed{}); len(got) != 1 || got[0].Key != "must" {
		t.Errorf("no file is encoded as %v", got)
	}

	const expected = "; expected the path of a file in quotes, relative to the card"
	for _, c := range []struct {
		table map[string]any
		want  string
	}{
		{map[string]any{}, "must: missing" + expected},
		{map[string]any{"must": "none"}, "must: cannot be read: open none: no such file" + expected},
		{map[string]any{"must": 3}, "must: is 3" + expected},
		{map[string]any{"must": "a", "may": true}, "may: is true" + expected},
		{map[string]any{"must": []any{"a"}}, "must: is a list" + expected},
	} {
		var v filed
		if errs := d.Decode(c.table, &v); len(errs) != 1 || errs[0].Error() != c.want {
			t.Errorf("%v:\ngot  %v\nwant %s", c.table, errs, c.want)
		}
	}
}

func TestFileIdentity(t *testing.T) {
	a, b := File{Path: "a", Data: []byte("abc")}, NewFile("b", []byte("abc"))
	// FIPS 180-2, appendix B.1.
	if got := a.Sum(); got != "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" || got != b.Sum() || b.Path != "b" || string(b.Data) != "abc" {
		t.Errorf("the sum is %s", got)
	}
	if got := Format(a); got != `"a"` || a.String() != "a" {
		t.Errorf("written as %s and %s", got, a)
	}
	if got, err := json.Marshal(a); err != nil || string(got) != `"a"` {
		t.Errorf("written in JSON as %s, %v", got, err)
	}
}

// The part of whole that may be left out.
type Part struct {
	List  []int    `card:"list" min:"2"`
	Names []string `card:"names"`
	P     *float64 `card:"p"`
	D     int      `card:"d" default:"4"`
}

func (p *Part) Validate() error {
	if len(p.List) == 0 {
		return &Error{Key: "list", Problem: "is empty"}
	}
	return nil
}

type whole struct {
	Part  `optional:"true"`
	Other *int `card:"other"`
}

func (w *whole) Validate() error {
	if (w.List == nil) == (w.Other == nil) {
		return &Error{Key: "list", Problem: "or other, one of the two"}
	}
	return nil
}

func TestOptionalPart(t *testing.T) {
	one := 1
	for _, c := range []struct {
		table map[string]any
		want  whole
		errs  string
	}{
		{map[string]any{"other": 1}, whole{Part: Part{D: 4}, Other: &one}, ""},
		{map[string]any{"list": []int{3}}, whole{Part: Part{List: []int{3}, D: 4}}, ""},
		{map[string]any{"list": []int{3}, "names": []string{}}, whole{Part: Part{List: []int{3}, Names: []string{}, D: 4}}, ""},
		{map[string]any{}, whole{Part: Part{D: 4}}, "list: or other, one of the two"},
		{map[string]any{"list": []int{}}, whole{Part: Part{List: []int{}, D: 4}}, "list: is empty"},
		{map[string]any{"d": 5, "other": 1}, whole{Part: Part{D: 5}, Other: &one}, "list: is empty"}, // one key asks for the part
		{map[string]any{"list": []int{1}}, whole{Part: Part{D: 4}}, "list: element 1 is 1; expected a list of whole numbers, each at least 2"},
		{map[string]any{"lists": []int{3}}, whole{Part: Part{D: 4}}, "lists: unknown key; expected list, names, p, d or other; did you mean list?"},
	} {
		got := whole{Part: Part{Names: []string{"before"}}}
		var text []string
		for _, e := range Decode(c.table, &got) {
			text = append(text, e.Error())
		}
		if s := strings.Join(text, "\n"); s != c.errs || !reflect.DeepEqual(got, c.want) {
			t.Errorf("%v:\ngot  %+v, %s\nwant %+v, %s", c.table, got, s, c.want, c.errs)
		}
	}

	got := Encode(whole{Part: Part{Names: []string{}, D: 4}})
	if want := []Setting{{"names", []string{}}, {"d", 4}}; !reflect.DeepEqual(got, want) {
		t.Errorf("encoded as %v, want %v", got, want)
	}
	for _, f := range Fields(new(whole)) {
		if f.Required {
			t.Errorf("%s is required", f.Name)
		}
	}
	if f := Fields(new(Part)); !f[0].Required {
		t.Error("a list that is not in an optional part may be left out")
	}
}
