package card

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/BurntSushi/toml"

	"mcrun/mc/param"
)

// readTOML decodes the text of a card.
func readTOML(text []byte) (tree map[string]any, where origins, err *Error) {
	text = bytes.TrimPrefix(text, []byte("\ufeff"))
	if !utf8.Valid(text) {
		line := 1
		for rest := text; len(rest) > 0; {
			r, size := utf8.DecodeRune(rest)
			if r == utf8.RuneError && size == 1 {
				break
			}
			if r == '\n' {
				line++
			}
			rest = rest[size:]
		}
		return nil, nil, &Error{Line: line, Problem: "is not text in UTF-8", Expected: "a card saved as UTF-8 by a text editor"}
	}
	if line := tooDeep(string(text)); line > 0 {
		return nil, nil, &Error{Line: line, Problem: deepProblem, Expected: "a run card, which needs but a few"}
	}
	where, statements := locate(string(text))
	if len(statements) == 0 {
		return nil, nil, &Error{Line: 1, Problem: "the card is empty", Expected: "a [model] table, a [run] table and a [[proposal]]; mcrun init writes a card to start from"}
	}
	tree = map[string]any{}
	_, bad := toml.Decode(string(text), &tree)
	if bad == nil {
		return uniform(tree).(map[string]any), where, nil
	}
	var at toml.ParseError
	if !errors.As(bad, &at) {
		return nil, nil, &Error{Line: 1, Problem: "is not valid TOML: " + bad.Error()}
	}
	return nil, nil, syntaxError(at, string(text), where, statements)
}

// uniform makes lists of tables []map[string]any, however they are written.
func uniform(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for key := range v {
			v[key] = uniform(v[key])
		}
	case []map[string]any:
		for i := range v {
			uniform(v[i])
		}
	case []any:
		var list []map[string]any
		for i := range v {
			v[i] = uniform(v[i])
			if t, ok := v[i].(map[string]any); ok {
				list = append(list, t)
			}
		}
		if list != nil && len(list) == len(v) {
			return list
		}
	}
	return v
}

var (
	word         = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_ .+/-]*["']?$`)
	decimalComma = regexp.MustCompile(`^([+-]?[0-9]+),([0-9]+)$`)
	wanting      = regexp.MustCompile(`terminator|delimiter|unexpected EOF|newlines`)
)

// syntaxError tells of text that is not TOML, at the statement that is broken.
// What the decoder found is often but a consequence, further down, of what is
// wrong there; where the statement shows what that is, it is said in place of
// the decoder's words.
func syntaxError(bad toml.ParseError, text string, where origins, statements []statement) *Error {
	line := min(bad.Position.Line, 1+strings.Count(text[:max(0, min(bad.Position.Start, len(text)))], "\n"))
	broken := statements[0]
	for _, s := range statements {
		if s.line <= line {
			broken = s
		}
	}
	if line < broken.line || line > broken.end { // in a comment
		return &Error{Line: line, Problem: "is not valid TOML: " + bad.Message, Expected: "text and no control characters"}
	}
	written := strings.Split(text, "\n")[broken.line-1]
	header := strings.HasPrefix(strings.TrimSpace(written), "[")
	_, value, assigned := strings.Cut(written, "=")
	value, _, _ = strings.Cut(value, "#")
	value = strings.TrimSpace(value)
	begins := func(prefixes ...string) bool {
		return wanting.MatchString(bad.Message) && slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(value, p) })
	}

	e := &Error{Line: broken.line, Key: labels{}.show(broken.key)}
	const values = "a number, text in quotes, true, false or a list in brackets"
	switch {
	case strings.Contains(bad.Message, "already been defined") || strings.Contains(bad.Message, "already created"):
		key := broken.key
		e.Expected = "it once"
		if header {
			if strings.HasPrefix(strings.TrimSpace(written), "[[") {
				key = key[:len(key)-1] // the list, not its element
			}
			e.Key, e.Expected = labels{}.show(key), "each [table] once; only [[proposal]] repeats"
		}
		if first := where.at(key).line; first < e.Line {
			e.Problem = fmt.Sprintf("is given already on line %d", first)
		} else {
			e.Problem, e.Expected = "holds one key twice", "each key once"
		}
	case header:
		e.Key = ""
		e.Problem, e.Expected = strings.TrimSpace(written)+" is not the header of a table", "[table], as [model], or [[proposal]], alone on its line"
	case broken.key[len(broken.key)-1] == "":
		e.Key, e.Problem, e.Expected = "", strings.TrimSpace(written)+" has no key", "key = value"
	case !assigned || value == "":
		e.Problem, e.Expected = "has no value", "key = value"
	case word.MatchString(value) && value != "true" && value != "false":
		e.Problem, e.Expected, e.Suggestion = value+" is not a value", values, param.Format(strings.TrimRight(value, `"'`))
	case decimalComma.MatchString(value):
		e.Problem, e.Expected, e.Suggestion = value+" is not a number", "a decimal point", decimalComma.ReplaceAllString(value, "$1.$2")
	case begins("["):
		e.Problem, e.Expected = "the list is broken", "elements with commas between them, and ] at the end"
	case begins("{"):
		e.Problem, e.Expected = "the inline table is broken", "key = value with commas between them, and } at the end"
	case begins(`"`, "'"):
		e.Problem, e.Expected = "the text has no end", "a quote at its end, as at its beginning"
	case strings.Contains(bad.Message, "top-level item"):
		e.Problem, e.Expected = "has something after its value", "one key = value on a line"
	case outOfRange(bad):
		large := tooLarge(value)
		e.Problem, e.Expected = large.Problem, large.Expected
	default:
		e.Problem, e.Expected = "is not valid TOML: "+strings.ReplaceAll(bad.Message, "\n", " "), values
	}
	return e
}

// outOfRange reports whether a number is what the decoder found too large.
func outOfRange(bad toml.ParseError) bool { return strings.Contains(bad.Message, "out of range") }

// tooLarge returns the error of a value that is a number, or holds one, beyond
// those of 64 bits.
func tooLarge(value string) *param.Error {
	e := &param.Error{Problem: value + " is too large", Expected: "whole numbers of at most 2^63-1 = 9223372036854775807"}
	if strings.ContainsAny(value, ".eE") && !strings.HasPrefix(value, "0x") {
		e.Expected = "numbers of at most 1.8e308"
	}
	return e
}

var deepProblem = fmt.Sprintf("nests more than %d levels deep", maxDepth)

// tooDeep returns the line of the first place where more than maxDepth
// brackets are open, or a dotted key has more parts than that, 0 if there is
// none. Readers of TOML recur, and their effort grows with the square of the
// depth.
func tooDeep(text string) (line int) {
	s := scanner{text: text, line: 1}
	brackets, dots := 0, 0
	for s.at < len(text) {
		switch s.peek() {
		case '"', '\'':
			s.quoted()
			continue
		case '#':
			for s.at < len(text) && s.peek() != '\n' {
				s.next()
			}
			continue
		case '[', '{':
			brackets++
			dots = 0
		case ']', '}':
			brackets = max(0, brackets-1)
		case '.':
			dots++
		case '\n', '=', ',':
			dots = 0
		}
		if brackets > maxDepth || dots >= maxDepth {
			return s.line
		}
		s.next()
	}
	return 0
}
