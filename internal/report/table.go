package report

import (
	"strings"
	"unicode/utf8"
)

// A page is what is printed, in whatever format.
type page struct {
	head   []string // paragraphs
	tables []table
	items  []items
}

// A table has a title, columns and rows.
type table struct {
	title   string
	columns []column
	stub    int // leading columns, which name the rows; if it is split, they are repeated
	rows    [][]string
	foot    [][]string // rows below a rule
	notes   []string
}

// A column has a heading, in LaTeX another if latex is not empty. Numbers are
// aligned to the right.
type column struct {
	head, latex string
	numeric     bool
}

// items is a list under a heading.
type items struct {
	title string
	list  []string
}

// width is the number of characters that a column takes.
func (t *table) width(k int) int {
	w := longest(t.columns[k].head)
	for _, rows := range [][][]string{t.rows, t.foot} {
		for _, row := range rows {
			w = max(w, longest(row[k]))
		}
	}
	return w
}

// longest is the number of characters in the longest line of a text.
func longest(text string) int {
	w := 0
	for line := range strings.SplitSeq(text, "\n") {
		w = max(w, utf8.RuneCountInString(line))
	}
	return w
}

// gap is the number of characters between two columns.
const gap = 2

// fit splits a table into as few as need no more than limit characters, as
// evenly as possible. The notes go to the last one.
func (t table) fit(limit int) []table {
	fixed := 0
	for k := range t.stub {
		fixed += t.width(k) + gap
	}
	widths := make([]int, len(t.columns)-t.stub)
	for k := range widths {
		widths[k] = t.width(t.stub+k) + gap
	}
	// The least bound on the columns in a part that takes no more parts than
	// are needed is the most even split.
	parts := pack(widths, limit+gap-fixed, len(widths))
	for most := len(parts[0]); most > 0; most-- {
		even := pack(widths, limit+gap-fixed, most)
		if len(even) > len(parts) {
			break
		}
		parts = even
	}
	if len(parts) == 1 {
		return []table{t}
	}
	split := make([]table, len(parts))
	for i, columns := range parts {
		s := table{title: t.title, stub: t.stub}
		if i > 0 {
			s.title += " (continued)"
		}
		all := make([]int, 0, t.stub+len(columns))
		for k := range t.stub {
			all = append(all, k)
		}
		for _, k := range columns {
			all = append(all, t.stub+k)
		}
		for _, k := range all {
			s.columns = append(s.columns, t.columns[k])
		}
		s.rows, s.foot = choose(t.rows, all), choose(t.foot, all)
		split[i] = s
	}
	split[len(split)-1].notes = t.notes
	return split
}

// pack fills parts with consecutive columns, in each no more than most and no
// wider than limit; a column that is wider has a part of its own.
func pack(widths []int, limit, most int) [][]int {
	parts := [][]int{nil}
	used := 0
	for k, w := range widths {
		last := len(parts) - 1
		if len(parts[last]) > 0 && (used+w > limit || len(parts[last]) == most) {
			parts, used = append(parts, nil), 0
			last++
		}
		parts[last] = append(parts[last], k)
		used += w
	}
	return parts
}

// choose returns the rows with the given columns only.
func choose(rows [][]string, columns []int) [][]string {
	var chosen [][]string
	for _, row := range rows {
		var r []string
		for _, k := range columns {
			r = append(r, row[k])
		}
		chosen = append(chosen, r)
	}
	return chosen
}
