package report

import (
	"fmt"
	"math"
	"math/big"
	"strconv"
	"strings"
)

// missing stands in tables for what is unknown.
const missing = "-"

// FormatValue writes a value with its standard error in parentheses. The error
// has two significant digits, and the value ends at the same decimal:
//
//	-1.45306(12)      -1.45306 +- 0.00012
//	37.1(1.4)         37.1 +- 1.4: a point where the error has one
//	4570(120)         4570 +- 120
//	1.2340(12)e-10    both times 1e-10
//
// Powers of ten are split off from numbers below 1e-4, from 1e10 on, and where
// zeros would pad the error beyond 99 000. A value without an error, which is
// one that is not positive and finite, has eight significant digits, and one
// that is not finite is "-".
func FormatValue(value, err float64) string {
	if !finite(value) {
		return missing
	}
	if !finite(err) || err <= 0 {
		return strconv.FormatFloat(value, 'g', 8, 64)
	}

	// The error is digits 10^last after rounding, digits from 10 to 99.
	mantissa, exponent, _ := strings.Cut(strconv.FormatFloat(err, 'e', 1, 64), "e")
	digits := strings.Replace(mantissa, ".", "", 1)
	last, _ := strconv.Atoi(exponent)
	last--

	x := new(big.Rat).SetFloat64(value)
	rounded := scaled(x, -last).FloatString(0)
	first := max(len(strings.TrimPrefix(rounded, "-")), len(digits)) - 1 + last
	if first < -4 || first > 9 || last > 3 {
		return fmt.Sprintf("%s(%s)e%+03d", decimal(scaled(x, -first), first-last), shift(digits, last-first), first)
	}
	if last <= 0 {
		return decimal(x, -last) + "(" + shift(digits, last) + ")"
	}
	whole := decimal(scaled(x, -last), 0)
	if whole != "0" {
		whole += strings.Repeat("0", last)
	}
	return whole + "(" + shift(digits, last) + ")"
}

// scaled returns x times a power of ten.
func scaled(x *big.Rat, power int) *big.Rat {
	ten := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(max(power, -power))), nil)
	factor := new(big.Rat).SetInt(ten)
	if power < 0 {
		factor.Inv(factor)
	}
	return factor.Mul(factor, x)
}

// decimal writes x with the given number of decimals; a zero has no sign.
func decimal(x *big.Rat, decimals int) string {
	s := x.FloatString(decimals)
	if !strings.ContainsAny(s, "123456789") {
		s = strings.TrimPrefix(s, "-")
	}
	return s
}

// shift writes the two digits of an error whose last is worth 10^power: with
// zeros, with a point between them, or, where both are decimals, as they are.
func shift(digits string, power int) string {
	switch {
	case power >= 0:
		return digits + strings.Repeat("0", power)
	case power == -1:
		return digits[:1] + "." + digits[1:]
	}
	return digits
}

// withError is FormatValue for what may be unknown.
func withError(value, err *float64) string {
	if value == nil {
		return missing
	}
	if err == nil {
		return FormatValue(*value, 0)
	}
	return FormatValue(*value, *err)
}

// format writes a number that may be unknown by a verb of package fmt.
func format(verb string, x *float64) string {
	if x == nil {
		return missing
	}
	return fmt.Sprintf(verb, *x)
}

// significant writes a positive number with three significant digits, without
// a power of ten where it has few zeros.
func significant(x float64) string {
	if x != 0 && x < 1e-4 || x >= 1e9 {
		return strconv.FormatFloat(x, 'g', 3, 64)
	}
	rounded, _ := strconv.ParseFloat(strconv.FormatFloat(x, 'g', 3, 64), 64)
	return strconv.FormatFloat(rounded, 'f', -1, 64)
}

// count writes a number of effective samples.
func count(x *float64) string {
	if x == nil {
		return missing
	}
	if *x < 10 {
		return significant(*x)
	}
	return strconv.FormatFloat(math.Round(*x), 'f', -1, 64)
}

// fraction writes a fraction of proposals accepted.
func fraction(x *float64) string {
	if x == nil {
		return missing
	}
	if *x > 0 && *x < 1e-3 {
		return strconv.FormatFloat(*x, 'e', 1, 64)
	}
	return strconv.FormatFloat(*x, 'f', 3, 64)
}

func finite(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }

// known returns a number that can be written as JSON, nil if it is none.
func known(x float64) *float64 {
	if !finite(x) {
		return nil
	}
	return &x
}
