package param

import (
	"math"
	"reflect"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// What Encode returns decodes to the struct.
func TestRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := every{
			Bool:     rapid.Bool().Draw(t, "bool"),
			Int:      rapid.IntRange(-2, 10).Draw(t, "int"),
			Int64:    rapid.Int64().Draw(t, "int64"),
			Uint64:   rapid.Uint64().Draw(t, "uint64"),
			Float:    rapid.Float64Range(-0.999, 2.499).Draw(t, "float") + 0,
			String:   rapid.String().Draw(t, "string"),
			Mode:     rapid.SampledFrom([]mode{"slow", "fast"}).Draw(t, "mode"),
			Duration: time.Duration(rapid.Int64Range(1, int64(time.Hour)).Draw(t, "duration")),
			Ints:     rapid.SliceOf(rapid.IntMin(2)).Draw(t, "ints"),
			Floats:   rapid.SliceOf(rapid.Float64Range(1, 2)).Draw(t, "floats"),
			Strings:  rapid.SliceOf(rapid.SampledFrom([]string{"x", "y", "z"})).Draw(t, "strings"),
			PBool:    rapid.Ptr(rapid.Bool(), true).Draw(t, "pbool"),
			PInt:     rapid.Ptr(rapid.IntMin(1), true).Draw(t, "pint"),
			PFloat:   rapid.Ptr(rapid.Float64Min(1), true).Draw(t, "pfloat"),
			PString:  rapid.Ptr(rapid.String(), true).Draw(t, "pstring"),
			PTime:    rapid.Ptr(rapid.Map(rapid.Int64(), func(n int64) time.Duration { return time.Duration(n) }), true).Draw(t, "ptime"),
		}
		table := map[string]any{}
		for _, s := range Encode(&want) {
			table[s.Key] = s.Value
		}
		var got every
		if errs := Decode(table, &got); errs != nil {
			t.Fatal(errs)
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("got  %+v\nwant %+v", got, want)
		}
	})
}

func TestFormat(t *testing.T) {
	for _, c := range []struct {
		value any
		want  string
	}{
		{true, "true"},
		{-3, "-3"},
		{uint64(math.MaxUint64), "18446744073709551615"},
		{0.0, "0.0"},
		{2.0, "2.0"},
		{2.269185314213022, "2.269185314213022"},
		{0.0001, "0.0001"},
		{0.00001, "1e-5"},
		{1.5e-300, "1.5e-300"},
		{1234567.0, "1234567.0"},
		{1e15, "1e15"},
		{-2.5e21, "-2.5e21"},
		{math.NaN(), "nan"},
		{math.Inf(1), "inf"},
		{math.Inf(-1), "-inf"},
		{"a \"b\" \\ \n\t\x00é", `"a \"b\" \\ \n\t\U00000000é"`},
		{[]int{16, 8}, "[16, 8]"},
		{[]any{int64(1), 2.0, []any{"x"}}, `[1, 2.0, ["x"]]`},
		{90 * time.Minute, `"1h30m"`},
		{time.Hour, `"1h"`},
		{1500 * time.Millisecond, `"1.5s"`},
		{10 * time.Second, `"10s"`},
	} {
		if got := Format(c.value); got != c.want {
			t.Errorf("%v: got %s, want %s", c.value, got, c.want)
		}
	}
}
