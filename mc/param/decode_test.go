package param

import (
	"errors"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

type mode string

// every has a field of each type that a key can have.
type every struct {
	Bool     bool           `card:"bool" default:"true"`
	Int      int            `card:"int" default:"3" min:"-2" max:"10"`
	Int64    int64          `card:"int64" default:"-7"`
	Uint64   uint64         `card:"uint64" default:"9"`
	Float    float64        `card:"float" default:"1" above:"-1" below:"2.5"`
	String   string         `card:"string" default:"a b"`
	Mode     mode           `card:"mode" default:"slow" oneof:"slow fast"`
	Duration time.Duration  `card:"duration" default:"60s" above:"0s" max:"1h"`
	Ints     []int          `card:"ints" default:"10 20" min:"2"`
	Floats   []float64      `card:"floats" default:""`
	Strings  []string       `card:"strings" default:"x" oneof:"x y z"`
	PBool    *bool          `card:"pbool"`
	PInt     *int           `card:"pint" min:"1"`
	PFloat   *float64       `card:"pfloat" min:"0"`
	PString  *string        `card:"pstring"`
	PTime    *time.Duration `card:"ptime"`
	Ignored  int
}

func defaults() every {
	return every{
		Bool: true, Int: 3, Int64: -7, Uint64: 9, Float: 1, String: "a b", Mode: "slow", Duration: time.Minute,
		Ints: []int{10, 20}, Floats: []float64{}, Strings: []string{"x"},
	}
}

func TestDefaults(t *testing.T) {
	got := every{Ignored: 5, PInt: new(int)} // what was there before gives way
	if errs := Decode(nil, &got); errs != nil {
		t.Fatal(errs)
	}
	want := defaults()
	want.Ignored = 5
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	got.Ints[0] = -1
	var again every
	Decode(nil, &again)
	if again.Ints[0] != 10 {
		t.Error("two structs share the list of a default")
	}
}

func TestAccepted(t *testing.T) {
	f := func(set func(*every)) every {
		e := defaults()
		set(&e)
		return e
	}
	one, half, yes, text, hour := 1, 0.5, true, "t", time.Hour
	for _, c := range []struct {
		key   string
		value any
		want  every
	}{
		{"bool", false, f(func(e *every) { e.Bool = false })},
		{"int", int64(-2), f(func(e *every) { e.Int = -2 })},
		{"int", int64(10), f(func(e *every) { e.Int = 10 })},
		{"int", 4, f(func(e *every) { e.Int = 4 })},
		{"int64", int64(math.MinInt64), f(func(e *every) { e.Int64 = math.MinInt64 })},
		{"uint64", int64(math.MaxInt64), f(func(e *every) { e.Uint64 = math.MaxInt64 })},
		{"uint64", uint64(math.MaxUint64), f(func(e *every) { e.Uint64 = math.MaxUint64 })},
		{"float", 2.25, f(func(e *every) { e.Float = 2.25 })},
		{"float", int64(2), f(func(e *every) { e.Float = 2 })},
		{"string", "", f(func(e *every) { e.String = "" })},
		{"mode", "fast", f(func(e *every) { e.Mode = "fast" })},
		{"duration", "1h", f(func(e *every) { e.Duration = time.Hour })},
		{"duration", "1m30s", f(func(e *every) { e.Duration = 90 * time.Second })},
		{"ints", []any{int64(2), int64(5)}, f(func(e *every) { e.Ints = []int{2, 5} })},
		{"ints", []int{7}, f(func(e *every) { e.Ints = []int{7} })},
		{"ints", []any{}, f(func(e *every) { e.Ints = []int{} })},
		{"floats", []any{int64(2), 0.5}, f(func(e *every) { e.Floats = []float64{2, 0.5} })},
		{"strings", []any{"z", "y"}, f(func(e *every) { e.Strings = []string{"z", "y"} })},
		{"pbool", true, f(func(e *every) { e.PBool = &yes })},
		{"pint", int64(1), f(func(e *every) { e.PInt = &one })},
		{"pfloat", 0.5, f(func(e *every) { e.PFloat = &half })},
		{"pstring", "t", f(func(e *every) { e.PString = &text })},
		{"ptime", "1h", f(func(e *every) { e.PTime = &hour })},
	} {
		var got every
		if errs := Decode(map[string]any{c.key: c.value}, &got); errs != nil {
			t.Errorf("%s = %v: %v", c.key, c.value, errs)
		} else if !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s = %v:\ngot  %+v\nwant %+v", c.key, c.value, got, c.want)
		}
	}
}

func TestNegativeZero(t *testing.T) {
	var e every
	Decode(map[string]any{"float": math.Copysign(0, -1)}, &e)
	if math.Signbit(e.Float) {
		t.Error("-0 was not read as 0")
	}
}

func TestListIsCopied(t *testing.T) {
	list := []int{4, 5}
	var e every
	Decode(map[string]any{"ints": list}, &e)
	list[0] = 6
	if e.Ints[0] != 4 {
		t.Error("the struct shares the table's list")
	}
}

func TestRefused(t *testing.T) {
	now := time.Date(2018, 2, 7, 0, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		key   string
		value any
		want  string
	}{
		{"bool", int64(1), `bool: is 1; expected true or false`},
		{"bool", "true", `bool: is the string "true"; expected true or false; did you mean true?`},
		{"int", 4.0, `int: is 4.0; expected a whole number at least -2 and at most 10; did you mean 4?`},
		{"int", 4.5, `int: is 4.5; expected a whole number at least -2 and at most 10`},
		{"int", 1e300, `int: is 1e300; expected a whole number at least -2 and at most 10`},
		{"int", int64(-3), `int: is -3; expected a whole number at least -2 and at most 10`},
		{"int", int64(11), `int: is 11; expected a whole number at least -2 and at most 10`},
		{"int", "4", `int: is the string "4"; expected a whole number at least -2 and at most 10; did you mean 4?`},
		{"int", "40", `int: is the string "40"; expected a whole number at least -2 and at most 10`},
		{"int", true, `int: is true; expected a whole number at least -2 and at most 10`},
		{"int", []any{int64(1)}, `int: is a list; expected a whole number at least -2 and at most 10`},
		{"int", map[string]any{}, `int: is a table; expected a whole number at least -2 and at most 10`},
		{"int", now, `int: is a date or time; expected a whole number at least -2 and at most 10`},
		{"int", nil, `int: is empty; expected a whole number at least -2 and at most 10`},
		{"uint64", int64(-1), `uint64: is -1; expected a whole number at least 0`},
		{"float", -1.0, `float: is -1.0; expected a number above -1 and below 2.5`},
		{"float", 2.5, `float: is 2.5; expected a number above -1 and below 2.5`},
		{"float", math.NaN(), `float: is not a number (nan); expected a number above -1 and below 2.5`},
		{"float", math.Inf(1), `float: is infinite; expected a number above -1 and below 2.5`},
		{"float", math.Inf(-1), `float: is infinite; expected a number above -1 and below 2.5`},
		{"float", "inf", `float: is the string "inf"; expected a number above -1 and below 2.5`},
		{"string", int64(3), `string: is 3; expected a string in quotes`},
		{"mode", "fats", `mode: is "fats"; expected "slow" or "fast"; did you mean "fast"?`},
		{"mode", false, `mode: is false; expected "slow" or "fast"`},
		{"duration", int64(60), `duration: is 60; expected a duration in quotes, as "60s", above 0s and at most 1h; did you mean "60s"?`},
		{"duration", "60", `duration: is the string "60"; expected a duration in quotes, as "60s", above 0s and at most 1h; did you mean "60s"?`},
		{"duration", "0s", `duration: is "0s"; expected a duration in quotes, as "60s", above 0s and at most 1h`},
		{"duration", "61m", `duration: is "1h1m"; expected a duration in quotes, as "60s", above 0s and at most 1h`},
		{"ints", int64(8), `ints: is 8; expected a list of whole numbers, each at least 2; did you mean [8]?`},
		{"ints", []any{int64(8), 8.5}, `ints: element 2 is 8.5; expected a list of whole numbers, each at least 2`},
		{"ints", []any{int64(1), int64(8)}, `ints: element 1 is 1; expected a list of whole numbers, each at least 2`},
		{"ints", []any{[]any{int64(8)}}, `ints: element 1 is a list; expected a list of whole numbers, each at least 2`},
		{"floats", []any{1.0, math.NaN()}, `floats: element 2 is not a number (nan); expected a list of numbers`},
		{"strings", []any{"x", "w"}, `strings: element 2 is "w"; expected a list of strings, each "x", "y" or "z"`},
		{"strings", "x", `strings: is the string "x"; expected a list of strings, each "x", "y" or "z"; did you mean ["x"]?`},
		{"pint", int64(0), `pint: is 0; expected a whole number at least 1`},
		{"pfloat", -0.5, `pfloat: is -0.5; expected a number at least 0`},
		{"Float", 1.0, `did you mean float?`},
		{"ignored", int64(1), `ignored: unknown key`},
	} {
		var e every
		errs := Decode(map[string]any{c.key: c.value}, &e)
		if len(errs) != 1 || !strings.Contains(errs[0].Error(), c.want) {
			t.Errorf("%s = %v:\ngot  %v\nwant %s", c.key, c.value, errs, c.want)
		}
	}
}

// The parts of couple, each with a condition of its own.
type left struct {
	A *float64 `card:"a"`
	B *float64 `card:"b"`
}

func (l *left) Validate() error {
	if l.A == nil && l.B == nil {
		return &Error{Key: "a", Problem: "missing", Expected: "a or b"}
	}
	return nil
}

type Right struct {
	C int `card:"c"`
}

func (r *Right) Validate() error {
	if r.C == 13 {
		return errors.Join(&Error{Key: "c", Problem: "is 13"}, fmt.Errorf("bad luck: %w", &Error{Key: "c", Problem: "again"}), errors.New("of no key"))
	}
	return nil
}

type couple struct {
	Right
	D     int `card:"d" default:"0"`
	asked int
}

func (c *couple) Validate() error {
	c.asked++
	if c.D > c.C {
		return &Error{Key: "d", Problem: "is more than c"}
	}
	return nil
}

func TestValidate(t *testing.T) {
	for _, c := range []struct {
		table map[string]any
		asked int
		want  []string
	}{
		{map[string]any{"c": 2, "d": 1}, 1, nil},
		{map[string]any{"c": 2, "d": 3}, 1, []string{"d: is more than c"}},
		{map[string]any{"c": 13, "d": 20}, 0, []string{"c: is 13", "c: bad luck: c: again", "of no key"}},
		{map[string]any{"c": "x", "d": 20}, 0, []string{`c: is the string "x"; expected a whole number`}},
		{map[string]any{"c": 1, "d": "x"}, 0, []string{`d: is the string "x"; expected a whole number`}},
		{map[string]any{"c": 13, "d": "x"}, 0, []string{`d: is the string "x"; expected a whole number`, "c: is 13", "c: bad luck: c: again", "of no key"}},
		{map[string]any{"d": 1}, 0, []string{"c: missing; expected a whole number"}},
	} {
		var v couple
		var got []string
		for _, e := range Decode(c.table, &v) {
			got = append(got, e.Error())
		}
		if !slices.Equal(got, c.want) || v.asked != c.asked {
			t.Errorf("%v: got %q after %d calls, want %q after %d", c.table, got, v.asked, c.want, c.asked)
		}
	}
}

// A key that is misspelt is not missing besides, neither for Decode nor for
// Validate.
func TestMisspelt(t *testing.T) {
	for _, c := range []struct {
		dst  any
		key  string
		want string
	}{
		{new(Right), "C", "C: unknown key; expected c; did you mean c?"},
		{new(left), "A", "A: unknown key; expected a or b; did you mean a?"},
	} {
		errs := Decode(map[string]any{c.key: 1}, c.dst)
		if len(errs) != 1 || errs[0].Error() != c.want {
			t.Errorf("%s: got %v, want %s", c.key, errs, c.want)
		}
	}
}

func TestSeveralStructs(t *testing.T) {
	var (
		r Right
		l left
	)
	if errs := Decode(map[string]any{"a": 1.5, "c": 3}, &l, &r); errs != nil || *l.A != 1.5 || r.C != 3 {
		t.Errorf("got %v %v %v", errs, l, r)
	}
	errs := Decode(map[string]any{"z": 1, "e": 2}, &l, &r)
	var got []string
	for _, e := range errs {
		got = append(got, e.Error())
	}
	want := []string{
		"e: unknown key; expected a, b or c",
		"z: unknown key; expected a, b or c",
		"a: missing; expected a or b",
		"c: missing; expected a whole number",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestPanics(t *testing.T) {
	type unexported struct {
		a int `card:"a"`
	}
	type embeds struct{ left }
	for name, dst := range map[string]any{
		"not a pointer": Right{},
		"nil":           (*Right)(nil),
		"not a struct":  new(int),
		"not exported":  &unexported{a: 1},
		"embeds":        new(embeds),
		"two fields": new(struct {
			A, B int `card:"a"`
		}),
		"is neither a pointer nor a list": new(struct {
			Right `optional:"true"`
		}),
		"a file has no default": new(struct {
			A File `card:"a" default:"x"`
		}),
		"max is for numbers": new(struct {
			A File `card:"a" max:"1"`
		}),
		"has no name": new(struct {
			A int `card:""`
		}),
		"cannot have type": new(struct {
			A float32 `card:"a"`
		}),
		"default": new(struct {
			A int `card:"a" default:"x"`
		}),
		"default: a is 0": new(struct {
			A int `card:"a" default:"0" min:"1"`
		}),
		"is not finite": new(struct {
			A float64 `card:"a" max:"inf"`
		}),
		"min is for numbers": new(struct {
			A string `card:"a" min:"1"`
		}),
		"oneof is for": new(struct {
			A int `card:"a" oneof:"1 2"`
		}),
	} {
		func() {
			defer func() {
				if said := fmt.Sprint(recover()); !strings.HasPrefix(said, "param: ") || !strings.Contains(strings.Replace(said, "is not a pointer to a struct", name, 1), name) {
					t.Errorf("%s: panicked with %q", name, said)
				}
			}()
			Decode(nil, dst)
		}()
	}
}

func TestFields(t *testing.T) {
	got := map[string]Field{}
	for _, f := range Fields(new(every)) {
		got[f.Name] = f
	}
	for _, want := range []Field{
		{Name: "int", Type: "a whole number", Default: "3", Range: "at least -2 and at most 10"},
		{Name: "float", Type: "a number", Default: "1.0", Range: "above -1 and below 2.5"},
		{Name: "mode", Type: "a string in quotes", Default: `"slow"`, Range: `"slow" or "fast"`},
		{Name: "duration", Type: `a duration in quotes, as "60s"`, Default: `"1m"`, Range: "above 0s and at most 1h"},
		{Name: "ints", Type: "a list of whole numbers", Default: "[10, 20]", Range: "at least 2"},
		{Name: "pbool", Type: "true or false"},
	} {
		if got[want.Name] != want {
			t.Errorf("got %+v, want %+v", got[want.Name], want)
		}
	}
	if f := Fields(couple{}); len(f) != 2 || !f[0].Required || f[1].Required {
		t.Errorf("got %+v", f)
	}
}
