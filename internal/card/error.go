package card

import (
	"fmt"
	"strings"

	"mcrun/mc/param"
)

// An Error is one thing that is wrong with a card.
type Error struct {
	File       string `json:"file"` // the card, or "--set key=value" for a setting of the command line
	Line       int    `json:"line"` // from 1; 0 if the error has no line
	Key        string `json:"key"`  // the full path, as in [scan] and --set: model.temperature, proposal.wolff.steps
	Problem    string `json:"problem"`
	Expected   string `json:"expected"`
	Suggestion string `json:"suggestion"`

	set int // number of the setting, from 1; 0: in the file
}

// Error returns "FILE:LINE: key: what is wrong; expected ...; did you mean
// ...?" in one line, without the parts that are empty.
func (e *Error) Error() string {
	place := e.File
	if e.Line > 0 {
		place = fmt.Sprintf("%s:%d", e.File, e.Line)
	}
	rest := param.Error{Key: e.Key, Problem: e.Problem, Expected: e.Expected, Suggestion: e.Suggestion}
	return strings.ReplaceAll(place+": "+rest.Error(), "\n", " ")
}

// Errors is everything that is wrong with a card: first what is wrong in the
// file, by line, then the settings of the command line in their order. It is
// never empty.
type Errors []*Error

// Error returns the errors, one a line.
func (list Errors) Error() string {
	lines := make([]string, len(list))
	for i, e := range list {
		lines[i] = e.Error()
	}
	return strings.Join(lines, "\n")
}
