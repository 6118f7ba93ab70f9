package param

import (
	"errors"
	"strings"
)

// An Error says what is wrong with one key of a table. Problem continues a
// sentence that the key begins ("is -1", "missing"); Expected is what to
// write instead; Suggestion is a likely correction of a misspelt word. All
// but Problem may be empty: an empty Key means the table itself.
type Error struct {
	Key        string
	Problem    string
	Expected   string
	Suggestion string
}

// Error returns "key: problem; expected ...; did you mean ...?", without the
// parts that are empty.
func (e *Error) Error() string {
	var b strings.Builder
	if e.Key != "" {
		b.WriteString(e.Key + ": ")
	}
	b.WriteString(e.Problem)
	if e.Expected != "" {
		b.WriteString("; expected " + e.Expected)
	}
	if e.Suggestion != "" {
		b.WriteString("; did you mean " + e.Suggestion + "?")
	}
	return b.String()
}

// flatten returns the errors that a Validate method has joined.
func flatten(err error) []*Error {
	if err == nil {
		return nil
	}
	if e, ok := err.(*Error); ok {
		return []*Error{e}
	}
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		var list []*Error
		for _, err := range joined.Unwrap() {
			list = append(list, flatten(err)...)
		}
		return list
	}
	if e := (*Error)(nil); errors.As(err, &e) {
		return []*Error{{Key: e.Key, Problem: err.Error()}}
	}
	return []*Error{{Problem: err.Error()}}
}
