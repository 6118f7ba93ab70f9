package report

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
)

func TestFormatValue(t *testing.T) {
	for _, c := range []struct {
		value, err float64
		want       string
	}{
		{-1.45306, 0.00012, "-1.45306(12)"},
		{-1.45306485, 0.000123, "-1.45306(12)"},
		{37.12, 1.44, "37.1(1.4)"},
		{4567.8, 123, "4570(120)"},
		{4567.8, 12.3, "4568(12)"},
		{1234567, 99000, "1235000(99000)"},
		{0, 0.012, "0.000(12)"},
		{0, 120, "0(120)"},
		{-3, 120, "0(120)"},
		{-0.0001, 0.012, "0.000(12)"}, // no sign on a zero
		{0.5, 0.0996, "0.50(10)"},     // the error gains a digit
		{9.97, 0.996, "10.0(1.0)"},    // and so may the value
		{99.996, 0.013, "99.996(13)"}, //
		{2, 9.96, "2(10)"},            //
		{1.234e-10, 1.2e-13, "1.2340(12)e-10"},
		{1e-10, 3.4e-10, "1.0(3.4)e-10"},
		{3, 4e6, "0.0(4.0)e+06"},
		{2.5e12, 3e9, "2.5000(30)e+12"},
		{0.00012, 0.0000034, "0.0001200(34)"},
		{1, 1e-12, "1.0000000000000(10)"},
		{1, 0, "1"},
		{-2, math.NaN(), "-2"},
		{0.123456789012, math.Inf(1), "0.12345679"},
		{math.NaN(), 1, "-"},
		{math.Inf(-1), 1, "-"},
		{5e-324, 5e-324, "4.9(4.9)e-324"},
		{math.MaxFloat64, math.MaxFloat64, "1.8(1.8)e+308"},
	} {
		if got := FormatValue(c.value, c.err); got != c.want {
			t.Errorf("FormatValue(%g, %g) = %s, want %s", c.value, c.err, got, c.want)
		}
	}
}

// parse reads what FormatValue writes: the digits in parentheses are worth the
// last ones of the value, unless they have a point or the value is whole.
func parse(t *testing.T, text string) (value, err float64) {
	t.Helper()
	open, shut := strings.Index(text, "("), strings.Index(text, ")")
	if open < 0 || shut < open {
		t.Fatalf("%q has no parentheses", text)
	}
	mantissa, digits, exponent := text[:open], text[open+1:shut], text[shut+1:]
	if i := strings.Index(mantissa, "."); i >= 0 && !strings.Contains(digits, ".") {
		decimals := len(mantissa) - i - 1
		for len(digits) <= decimals {
			digits = "0" + digits
		}
		digits = digits[:len(digits)-decimals] + "." + digits[len(digits)-decimals:]
	}
	value, e1 := strconv.ParseFloat(mantissa+exponent, 64)
	err, e2 := strconv.ParseFloat(digits+exponent, 64)
	if e1 != nil || e2 != nil {
		t.Fatalf("%q: %v, %v", text, e1, e2)
	}
	return value, err
}

func TestFormatValueRoundTrip(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 20_000 {
		err := math.Pow(10, 24*random.Float64()-12)
		value := random.NormFloat64() * err * math.Pow(10, 10*random.Float64()-2)
		text := FormatValue(value, err)
		v, e := parse(t, text)
		digit := math.Pow(10, math.Floor(math.Log10(e*(1+1e-9)))-1) // worth of the error's last digit
		if math.Abs(e-err) > 0.5001*digit {
			t.Fatalf("FormatValue(%g, %g) = %s: the error is %g", value, err, text, e)
		}
		if math.Abs(v-value) > 0.5001*digit+1e-15*math.Abs(value) {
			t.Fatalf("FormatValue(%g, %g) = %s: the value is %g", value, err, text, v)
		}
		inside := strings.Replace(text[strings.Index(text, "(")+1:strings.Index(text, ")")], ".", "", 1)
		if inside = strings.TrimRight(inside, "0"); len(inside) > 2 {
			t.Fatalf("FormatValue(%g, %g) = %s: the error has %d digits", value, err, text, len(inside))
		}
	}
}

func TestNumbersOfTables(t *testing.T) {
	x := func(v float64) *float64 { return &v }
	for _, c := range []struct{ got, want string }{
		{significant(51234), "51200"},
		{significant(0.031249), "0.0312"},
		{significant(0), "0"},
		{significant(1.5e-7), "1.5e-07"},
		{significant(123456789012), "1.23e+11"},
		{count(x(12345.6)), "12346"},
		{count(x(3.14159)), "3.14"},
		{count(nil), "-"},
		{fraction(x(0.18657)), "0.187"},
		{fraction(x(0.00012)), "1.2e-04"},
		{fraction(x(0)), "0.000"},
		{fraction(nil), "-"},
		{deviations(x(-0.04)), "-0.0"},
		{deviations(x(61195.6)), "+6e+04"},
		{deviations(nil), "-"},
		{withError(nil, x(1)), "-"},
		{withError(x(1), nil), "1"},
	} {
		if c.got != c.want {
			t.Errorf("got %s, want %s", c.got, c.want)
		}
	}
}

func ExampleFormatValue() {
	fmt.Println(FormatValue(-1.45306, 0.00012))
	fmt.Println(FormatValue(37.12, 1.44))
	fmt.Println(FormatValue(4567.8, 123))
	// Output:
	// -1.45306(12)
	// 37.1(1.4)
	// 4570(120)
}
