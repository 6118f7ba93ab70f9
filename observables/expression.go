package observables

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"mcrun/mc/param"
)

// An expr is a node of the tree of an expression: a literal, reference, average
// or application. The grammar is that of [Derive]:
//
//	sum     = product { ("+" | "-") product }
//	product = sign { ("*" | "/") sign }
//	sign    = "-" sign | power
//	power   = operand [ "^" sign ]
//	operand = number | name [ "[" digits "]" ] | function "(" sum { "," sum } ")" | "(" sum ")"
type expr any

type (
	// A literal is a number.
	literal float64

	// A reference is a name; the index is -1 if it has none.
	reference struct {
		at    int // its byte in the text
		name  string
		index int
	}

	// An average is a mean over records.
	average struct {
		at int
		of expr
	}

	// An application is an operator or a function with its arguments.
	application struct {
		op   operation
		args []expr
	}
)

// maxExpression bounds the length of an expression, and with it the depth of
// its tree.
const maxExpression = 10000

const (
	wantOperand  = "a number, a name, a function, - or ("
	wantOperator = "an operator (+ - * / ^) or the end"
)

// functions are those of an expression besides mean. Min and max take two
// arguments or more, all others one.
var functions = []struct {
	word string
	op   operation
}{
	{"sqrt", opSqrt}, {"exp", opExp}, {"log", opLog}, {"abs", opAbs}, {"sin", opSin},
	{"cos", opCos}, {"tanh", opTanh}, {"atanh", opAtanh}, {"min", opMin}, {"max", opMax},
}

// functionOf returns the operation of a function's name.
func functionOf(word string) (operation, bool) {
	for _, f := range functions {
		if f.word == word {
			return f.op, true
		}
	}
	return 0, false
}

// mistake returns the error of an expression at a byte of its text, which it
// names by its character, counted from 1.
func mistake(source string, at int, problem, expected string) *param.Error {
	character := utf8.RuneCountInString(source[:at]) + 1
	return &param.Error{Problem: fmt.Sprintf("character %d: %s", character, problem), Expected: expected}
}

// A token is a piece of an expression: a number, a word, a sign of one
// character, or the end.
type token struct {
	kind  tokenKind
	at    int
	text  string
	value float64 // of a number
}

type tokenKind uint8

const (
	endToken tokenKind = iota
	numberToken
	wordToken
	signToken
)

// String returns the token as an error message shows it.
func (t token) String() string {
	if t.kind == endToken {
		return "the expression ends"
	}
	return fmt.Sprintf("unexpected %q", t.text)
}

// A parser reads an expression token by token.
type parser struct {
	source string
	next   token
	end    int // of next
}

// parse returns the tree of an expression.
func parse(source string) (expr, error) {
	if len(source) > maxExpression {
		return nil, &param.Error{
			Problem:  fmt.Sprintf("the expression has %d bytes", len(source)),
			Expected: fmt.Sprintf("no more than %d", maxExpression),
		}
	}
	p := &parser{source: source}
	if err := p.advance(); err != nil {
		return nil, err
	}
	e, err := p.sum()
	if err != nil {
		return nil, err
	}
	if p.next.kind != endToken {
		return nil, p.unexpected(wantOperator)
	}
	return e, nil
}

// advance reads the next token.
func (p *parser) advance() error {
	at := p.end
	for at < len(p.source) && strings.IndexByte(" \t\r\n", p.source[at]) >= 0 {
		at++
	}
	rest := p.source[at:]
	t := token{at: at}
	switch {
	case rest == "":
	case isDigit(rest[0]):
		length, problem := scanNumber(rest)
		if problem != "" {
			return mistake(p.source, at, problem, "a number as 2, 0.5 or 1e-3")
		}
		value, err := strconv.ParseFloat(strings.ReplaceAll(rest[:length], "_", ""), 64)
		if err != nil {
			return mistake(p.source, at, rest[:length]+" is too large", "a number below 1.8e308")
		}
		t.kind, t.text, t.value = numberToken, rest[:length], value
	case isLetter(rest[0]):
		length := 1
		for length < len(rest) && (isLetter(rest[length]) || isDigit(rest[length])) {
			length++
		}
		t.kind, t.text = wordToken, rest[:length]
	default:
		_, length := utf8.DecodeRuneInString(rest)
		t.kind, t.text = signToken, rest[:length]
	}
	p.next, p.end = t, at+len(t.text)
	return nil
}

func isDigit(b byte) bool  { return '0' <= b && b <= '9' }
func isLetter(b byte) bool { return 'a' <= b && b <= 'z' || 'A' <= b && b <= 'Z' || b == '_' }

// scanNumber returns the length of the number in TOML's form that s begins
// with, or else what is wrong with it.
func scanNumber(s string) (length int, problem string) {
	length = scanDigits(s)
	if length > 1 && s[0] == '0' {
		return 0, "a number begins with a needless 0"
	}
	if length < len(s) && s[length] == '.' {
		fraction := scanDigits(s[length+1:])
		if fraction == 0 {
			return 0, "a number has no digit after its point"
		}
		length += 1 + fraction
	}
	if length < len(s) && (s[length] == 'e' || s[length] == 'E') {
		sign := 0
		if strings.HasPrefix(s[length+1:], "-") || strings.HasPrefix(s[length+1:], "+") {
			sign = 1
		}
		exponent := scanDigits(s[length+1+sign:])
		if exponent == 0 {
			return 0, "a number has no digit after its e"
		}
		length += 1 + sign + exponent
	}
	return length, ""
}

// scanDigits returns the length of the digits that s begins with, between
// which there may be single underscores.
func scanDigits(s string) int {
	n := 0
	for n < len(s) && (isDigit(s[n]) || n > 0 && s[n] == '_' && s[n-1] != '_') {
		n++
	}
	if n > 0 && s[n-1] == '_' {
		n--
	}
	return n
}

// is reports whether the next token is a sign.
func (p *parser) is(sign string) bool { return p.next.kind == signToken && p.next.text == sign }

// skip reads the sign that must come next.
func (p *parser) skip(sign, expected string) error {
	if !p.is(sign) {
		return p.unexpected(expected)
	}
	return p.advance()
}

func (p *parser) unexpected(expected string) error {
	return mistake(p.source, p.next.at, p.next.String(), expected)
}

func (p *parser) sum() (expr, error) {
	return p.chain(p.product, map[string]operation{"+": opAdd, "-": opSub})
}

func (p *parser) product() (expr, error) {
	return p.chain(p.sign, map[string]operation{"*": opMul, "/": opDiv})
}

// chain reads operands that are joined by operators of one rank, which bind
// from left to right.
func (p *parser) chain(operand func() (expr, error), operators map[string]operation) (expr, error) {
	left, err := operand()
	for err == nil && p.next.kind == signToken {
		op, ok := operators[p.next.text]
		if !ok {
			break
		}
		if err = p.advance(); err != nil {
			break
		}
		var right expr
		right, err = operand()
		left = application{op, []expr{left, right}}
	}
	return left, err
}

func (p *parser) sign() (expr, error) {
	if !p.is("-") {
		return p.power()
	}
	if err := p.advance(); err != nil {
		return nil, err
	}
	of, err := p.sign()
	return application{opNeg, []expr{of}}, err
}

func (p *parser) power() (expr, error) {
	base, err := p.operand()
	if err != nil || !p.is("^") {
		return base, err
	}
	if err := p.advance(); err != nil {
		return nil, err
	}
	exponent, err := p.sign()
	return application{opPow, []expr{base, exponent}}, err
}

func (p *parser) operand() (expr, error) {
	t := p.next
	switch {
	case t.kind == numberToken:
		return literal(t.value), p.advance()
	case t.kind == wordToken:
		if err := p.advance(); err != nil {
			return nil, err
		}
		switch {
		case p.is("("):
			return p.call(t)
		case p.is("["):
			return p.indexed(t)
		}
		return reference{t.at, t.text, -1}, nil
	case p.is("("):
		if err := p.advance(); err != nil {
			return nil, err
		}
		e, err := p.sum()
		if err != nil {
			return nil, err
		}
		return e, p.skip(")", "an operator or )")
	}
	return nil, p.unexpected(wantOperand)
}

// indexed reads the index of a word.
func (p *parser) indexed(word token) (expr, error) {
	const want = "a whole number from 0"
	if err := p.advance(); err != nil { // the bracket
		return nil, err
	}
	index, err := strconv.Atoi(p.next.text)
	if p.next.kind != numberToken || err != nil {
		return nil, p.unexpected(want)
	}
	if err := p.advance(); err != nil {
		return nil, err
	}
	return reference{word.at, word.text, index}, p.skip("]", "]")
}

// call reads the arguments of a function.
func (p *parser) call(word token) (expr, error) {
	op, ok := functionOf(word.text)
	if !ok && word.text != "mean" {
		words := []string{"mean"}
		for _, f := range functions {
			words = append(words, f.word)
		}
		e := mistake(p.source, word.at, fmt.Sprintf("unknown function %q", word.text), "one of "+strings.Join(words, ", "))
		e.Suggestion, _ = param.Nearest(word.text, words)
		return nil, e
	}
	if err := p.advance(); err != nil { // the parenthesis
		return nil, err
	}
	several := ok && (op == opMin || op == opMax)
	var args []expr
	for {
		arg, err := p.sum()
		if err != nil {
			return nil, err
		}
		args = append(args, arg)
		if !several || !p.is(",") {
			break
		}
		if err := p.advance(); err != nil {
			return nil, err
		}
	}
	switch {
	case several && len(args) == 1 && p.is(")"):
		return nil, p.unexpected("a comma: " + word.text + " takes two arguments or more")
	case !several && p.is(","):
		return nil, p.unexpected("an operator or ): " + word.text + " takes one argument")
	}
	if err := p.skip(")", "an operator or )"); err != nil {
		return nil, err
	}
	if !ok {
		return average{word.at, args[0]}, nil
	}
	return application{op, args}, nil
}
