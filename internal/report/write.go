package report

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
)

// Formats are the names of the formats that [Write] knows.
var Formats = []string{"text", "markdown", "latex", "csv", "json"}

const panicLabels = "report: every summary needs one label"

// Write writes the tables of a run:
//
//   - text: for terminals and logs, at most 80 columns wide where names allow
//   - markdown: GitHub's tables
//   - latex: tables to include in a document, which needs the package booktabs
//   - csv: a row for each observable of each task, or each point of a function,
//     with all digits
//   - json: the summary itself
func Write(w io.Writer, s Summary, format string) error {
	return WriteAll(w, []string{""}, []Summary{s}, format)
}

// WriteAll writes the tables of several runs together, each run called by its
// label. Where the model is the same their kernels are compared and pooled. In
// csv a first column holds the label; json is a list of objects {run, summary}.
// One run is written as [Write] does, without the label.
//
// WriteAll panics unless there is one label for each summary.
func WriteAll(w io.Writer, labels []string, runs []Summary, format string) error {
	if len(labels) != len(runs) {
		panic(panicLabels)
	}
	switch format {
	case "text":
		return writeText(w, newPage(labels, runs))
	case "markdown":
		return writeMarkdown(w, newPage(labels, runs))
	case "latex":
		return writeLaTeX(w, newPage(labels, runs))
	case "csv":
		return writeCSV(w, labels, runs)
	case "json":
		return writeJSON(w, labels, runs)
	}
	return fmt.Errorf("report: there is no format %q; choose one of %s", format, strings.Join(Formats, ", "))
}

func writeJSON(w io.Writer, labels []string, runs []Summary) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if len(runs) == 1 {
		return e.Encode(runs[0])
	}
	type labelled struct {
		Run     string  `json:"run"`
		Summary Summary `json:"summary"`
	}
	list := []labelled{}
	for i, s := range runs {
		list = append(list, labelled{labels[i], s})
	}
	return e.Encode(list)
}
