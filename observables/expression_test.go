package observables

import (
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// valueOf is a straightforward evaluation of a tree whose names are x[0], x[1],
// ..., to hold programs to.
func valueOf(e expr, x []float64) float64 {
	switch e := e.(type) {
	case literal:
		return float64(e)
	case reference:
		return x[e.index]
	case average:
		return valueOf(e.of, x)
	}
	a := e.(application)
	v := valueOf(a.args[0], x)
	for i, arg := range a.args[1:] {
		w := valueOf(arg, x)
		switch a.op {
		case opAdd:
			v += w
		case opSub:
			v -= w
		case opMul:
			v *= w
		case opDiv:
			v /= w
		case opPow:
			v = math.Pow(v, w)
		case opMin:
			v = min(v, w)
		case opMax:
			v = max(v, w)
		default:
			panic(fmt.Sprint("argument ", i+1, " of operation ", a.op))
		}
	}
	switch a.op {
	case opNeg:
		return -v
	case opSqrt:
		return math.Sqrt(v)
	case opExp:
		return math.Exp(v)
	case opLog:
		return math.Log(v)
	case opAbs:
		return math.Abs(v)
	case opSin:
		return math.Sin(v)
	case opCos:
		return math.Cos(v)
	case opTanh:
		return math.Tanh(v)
	case opAtanh:
		return math.Atanh(v)
	}
	return v
}

// printed writes a tree with the parentheses that it needs and no others. Rank
// is that of the place: 0 for a sum, 1 a product, 2 a sign, 3 an operand.
func printed(e expr, rank int) string {
	var s string
	own := 3
	switch e := e.(type) {
	case literal:
		return strconv.FormatFloat(float64(e), 'g', -1, 64)
	case reference:
		if e.index >= 0 {
			return fmt.Sprintf("%s[%d]", e.name, e.index)
		}
		return e.name
	case average:
		return "mean(" + printed(e.of, 0) + ")"
	case application:
		infix := func(sign string, r, left, right int) {
			own, s = r, printed(e.args[0], left)+sign+printed(e.args[1], right)
		}
		switch e.op {
		case opAdd:
			infix(" + ", 0, 0, 1)
		case opSub:
			infix(" - ", 0, 0, 1)
		case opMul:
			infix("*", 1, 1, 2)
		case opDiv:
			infix(" / ", 1, 1, 2)
		case opPow:
			infix("^", 2, 3, 2)
		case opNeg:
			own, s = 2, "-"+printed(e.args[0], 2)
		default:
			var args []string
			for _, a := range e.args {
				args = append(args, printed(a, 0))
			}
			for _, f := range functions {
				if f.op == e.op {
					s = f.word + "(" + strings.Join(args, ",") + ")"
				}
			}
		}
	}
	if own < rank {
		return "(" + s + ")"
	}
	return s
}

// drawn returns a random tree in x[0] to x[n-1].
func drawn(r *rand.Rand, depth, n int) expr {
	if depth == 0 || r.IntN(5) == 0 {
		if r.IntN(3) == 0 {
			return literal(float64(r.IntN(40)) / 8)
		}
		return reference{name: "x", index: r.IntN(n)}
	}
	op := opNeg + operation(r.IntN(int(opMax-opNeg)+1))
	args := []expr{drawn(r, depth-1, n)}
	switch op {
	case opAdd, opSub, opMul, opDiv:
		args = append(args, drawn(r, depth-1, n))
	case opPow:
		if r.IntN(2) == 0 {
			args = append(args, literal(float64(r.IntN(7))))
		} else {
			args = append(args, drawn(r, depth-1, n))
		}
	case opMin, opMax:
		for range 1 + r.IntN(2) {
			args = append(args, drawn(r, depth-1, n))
		}
	}
	return application{op, args}
}

// without returns a tree without the places of its names.
func without(e expr) expr {
	switch e := e.(type) {
	case reference:
		e.at = 0
		return e
	case average:
		return average{0, without(e.of)}
	case application:
		args := make([]expr, len(e.args))
		for i, a := range e.args {
			args[i] = without(a)
		}
		return application{e.op, args}
	}
	return e
}

// compiled returns the program of a tree in x[0], x[1], ...
func compiled(e expr) (code program, register int) {
	var c compiler
	r, _ := c.compile(e, func(e expr) (result, error) { return c.input(e.(reference).index), nil })
	register = c.register(r)
	return c.code, register
}

func TestParsePrinted(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for range 20000 {
		want := drawn(r, 6, 12)
		if r.IntN(4) == 0 {
			want = average{0, want}
		}
		text := printed(want, 0)
		if len(text) > maxExpression {
			continue
		}
		got, err := parse(text)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		if got = without(got); !reflect.DeepEqual(got, want) {
			t.Fatalf("%s\nis read as %s", text, printed(got, 0))
		}
	}
}

func TestProgramAgainstTree(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 1))
	x := make([]float64, 3)
	finite := 0
	for range 20000 {
		e := drawn(r, 5, len(x))
		for i := range x {
			x[i] = 2 * r.NormFloat64()
		}
		code, at := compiled(e)
		registers := make([]float64, len(code))
		code.run(x, registers)
		// Sine and exponential of large numbers magnify the last bits, in
		// which a product differs from a power.
		if slices.ContainsFunc(registers, func(v float64) bool { return math.Abs(v) > 1e3 }) {
			continue
		}
		got, want := registers[at], valueOf(e, x)
		if math.IsNaN(got) && math.IsNaN(want) {
			continue
		}
		finite++
		if !(math.Abs(got-want) <= 1e-9*(1+math.Abs(want))) {
			t.Fatalf("%s is %.17g at %g, want %.17g", printed(e, 0), got, x, want)
		}
	}
	if finite < 5000 {
		t.Errorf("only %d of the random expressions have a value", finite)
	}
}

// Derivatives are those of central differences, wherever two steps of those
// agree.
func TestGradientAgainstDifferences(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 1))
	x := make([]float64, 3)
	compared, singular := 0, 0
	for range 20000 {
		e := drawn(r, 4, len(x))
		for i := range x {
			x[i] = 0.2 + 1.5*r.Float64()
		}
		code, at := compiled(e)
		registers := make([]float64, len(code))
		code.run(x, registers)
		if slices.ContainsFunc(registers, func(v float64) bool { return !(math.Abs(v) < 100) }) {
			continue
		}
		grad := code.gradient(registers, at, len(x))
		for k := range x {
			difference := func(h float64) float64 {
				y := append([]float64(nil), x...)
				y[k] = x[k] + h
				up := valueOf(e, y)
				y[k] = x[k] - h
				return (up - valueOf(e, y)) / (2 * h)
			}
			rough, fine := difference(2e-4), difference(1e-4)
			if !(math.Abs(rough-fine) < 1e-6*(1+math.Abs(fine))) {
				continue // a kink, a pole or the end of a domain is near
			}
			if math.IsNaN(grad[k]) || math.IsInf(grad[k], 0) {
				singular++ // as of sqrt(x - x)
				continue
			}
			compared++
			if want := (4*fine - rough) / 3; !(math.Abs(grad[k]-want) <= 1e-6*(1+math.Abs(want))) {
				t.Fatalf("%s at %g: derivative %d is %.12g, differences give %.12g", printed(e, 0), x, k, grad[k], want)
			}
		}
	}
	if compared < 20000 || singular > compared/50 {
		t.Errorf("%d derivatives were compared, %d are not finite", compared, singular)
	}
}

func TestSlopes(t *testing.T) {
	for _, c := range []struct {
		text string
		x    float64
		want float64
	}{
		{"abs(x[0])", 0, 0},
		{"abs(x[0])", -2, -1},
		{"min(x[0], 0)", 0, 1},
		{"min(0, x[0])", 0, 0},
		{"max(x[0], -x[0])", 0, 1},
		{"max(-x[0], x[0], 0)", 0, -1},
		{"x[0]^2", 0, 0},
		{"x[0]^x[0]", 1, 1},
		{"(0*x[0])^x[0]", 2, 0},
		{"max(sqrt(x[0]), 1)", 0, 0},
		{"x[0]^-2", 2, -0.25},
		{"x[0]^0", 3, 0},
		{"x[0]^1", 3, 1},
		{"x[0]^64", 1, 64},
		{"x[0]^65", 1, 65},
		{"x[0]^0.5", 4, 0.25},
		{"tanh(x[0])", 1000, 0},
		{"atanh(x[0])", 0.5, 1 / 0.75},
	} {
		e, err := parse(c.text)
		if err != nil {
			t.Fatal(err)
		}
		code, at := compiled(e)
		registers := make([]float64, len(code))
		code.run([]float64{c.x}, registers)
		if got := code.gradient(registers, at, 1)[0]; !(math.Abs(got-c.want) <= 1e-14) {
			t.Errorf("slope of %s at %g is %g, want %g", c.text, c.x, got, c.want)
		}
	}
}

func TestParse(t *testing.T) {
	for text, want := range map[string]float64{
		"-2^2":                          -4,
		"(-2)^2":                        4,
		"2^-1":                          0.5,
		"2^3^2":                         512,
		"2^-2^2":                        0.0625,
		"1 - 2 - 3":                     -4,
		"8/4/2":                         1,
		"8/4*2":                         4,
		"2 - -3":                        5,
		"--3":                           3,
		"2 + 3*4":                       14,
		"-2*3":                          -6,
		"1_000 + 1e-3":                  1000.001,
		"1.5E+1":                        15,
		"0.5e01":                        5,
		"\t(\n1\r\n)":                   1,
		"min(3, 1, 2)":                  1,
		"max(3, 1) + min(1, 2)":         4,
		"sqrt(16) + abs(-1) + log(1)":   5,
		"exp(0)*cos(0) + sin(0)":        1,
		"tanh(0) + atanh(0) + 1e0":      1,
		"((((((((((1))))))))))":         1,
		"64^(1/2)":                      8,
		"mean(4)^mean(mean(2))":         16,
		strings.Repeat("-", 4000) + "1": 1,
		strings.Repeat("(", 4000) + "1" + strings.Repeat(")", 4000): 1,
	} {
		e, err := parse(text)
		if err != nil {
			t.Errorf("%.40s: %v", text, err)
		} else if got := valueOf(e, nil); !(math.Abs(got-want) <= 1e-15) {
			t.Errorf("%.40s is %g, want %g", text, got, want)
		}
	}
}

func TestParseErrors(t *testing.T) {
	const operand = "a number, a name, a function, - or ("
	const operator = "an operator (+ - * / ^) or the end"
	for text, want := range map[string]string{
		"":                         "character 1: the expression ends; expected " + operand,
		"energy +":                 "character 9: the expression ends; expected " + operand,
		"2 energy":                 `character 3: unexpected "energy"; expected ` + operator,
		"energy**2":                `character 8: unexpected "*"; expected ` + operand,
		"+1":                       `character 1: unexpected "+"; expected ` + operand,
		".5":                       `character 1: unexpected "."; expected ` + operand,
		"β^2":                      `character 1: unexpected "β"; expected ` + operand,
		"2*β":                      `character 3: unexpected "β"; expected ` + operand,
		"(β":                       `character 2: unexpected "β"; expected ` + operand,
		"2 · 3 4":                  `character 3: unexpected "·"; expected ` + operator,
		"\xff":                     `character 1: unexpected "\xff"; expected ` + operand,
		"2)":                       `character 2: unexpected ")"; expected ` + operator,
		"(2":                       "character 3: the expression ends; expected an operator or )",
		"(2 3)":                    `character 4: unexpected "3"; expected an operator or )`,
		"mean(":                    "character 6: the expression ends; expected " + operand,
		"mean()":                   `character 6: unexpected ")"; expected ` + operand,
		"mean(energy":              "character 12: the expression ends; expected an operator or )",
		"mean(energy, 2)":          `character 12: unexpected ","; expected an operator or ): mean takes one argument`,
		"sqrt(2, 3)":               `character 7: unexpected ","; expected an operator or ): sqrt takes one argument`,
		"min(2)":                   `character 6: unexpected ")"; expected a comma: min takes two arguments or more`,
		"min(2, )":                 `character 8: unexpected ")"; expected ` + operand,
		"avg(energy)":              `character 1: unknown function "avg"; expected one of mean, sqrt, exp, log, abs, sin, cos, tanh, atanh, min, max`,
		"1 + squrt(2)":             `character 5: unknown function "squrt"; expected one of mean, sqrt, exp, log, abs, sin, cos, tanh, atanh, min, max; did you mean sqrt?`,
		"correlation[":             "character 13: the expression ends; expected a whole number from 0",
		"correlation[-1]":          `character 13: unexpected "-"; expected a whole number from 0`,
		"correlation[1.5]":         `character 13: unexpected "1.5"; expected a whole number from 0`,
		"correlation[i]":           `character 13: unexpected "i"; expected a whole number from 0`,
		"correlation[1":            "character 14: the expression ends; expected ]",
		"correlation[1, 2]":        `character 14: unexpected ","; expected ]`,
		"correlation[1e3]":         `character 13: unexpected "1e3"; expected a whole number from 0`,
		"energy + 007":             "character 10: a number begins with a needless 0; expected a number as 2, 0.5 or 1e-3",
		"5.":                       "character 1: a number has no digit after its point; expected a number as 2, 0.5 or 1e-3",
		"2e":                       "character 1: a number has no digit after its e; expected a number as 2, 0.5 or 1e-3",
		"2e+":                      "character 1: a number has no digit after its e; expected a number as 2, 0.5 or 1e-3",
		"2^1e999":                  "character 3: 1e999 is too large; expected a number below 1.8e308",
		"1__0":                     `character 2: unexpected "__0"; expected ` + operator,
		"magnetization[2][3]":      `character 17: unexpected "["; expected ` + operator,
		strings.Repeat("(", 10001): "the expression has 10001 bytes; expected no more than 10000",
	} {
		if _, err := parse(text); err == nil {
			t.Errorf("%.40s is accepted", text)
		} else if err.Error() != want {
			t.Errorf("%.40s: %v\nwant: %s", text, err, want)
		}
	}
}
