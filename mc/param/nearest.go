package param

import (
	"strings"
	"unicode"
)

// Costs of edits, in halves of a letter: a wrong case, and - for _, are half
// a mistake.
const (
	halfEdit = 1
	fullEdit = 2
)

// Nearest returns the one of the valid words that a misspelt word most likely
// stands for: the one with the fewest edits (a letter changed, added, left
// out or exchanged with the next; a wrong case counts half), provided that
// they are at most one in three letters, and one in any case. Failing that,
// it returns the only valid word that begins with the word given, if that
// has three letters at least. Of equally near words it returns the first. It
// returns false if no word is near.
func Nearest(word string, valid []string) (string, bool) {
	if word == "" {
		return "", false
	}
	w := []rune(word)
	best, least := "", fullEdit*max(1, len(w)/3)+1
	if len(w) == 1 {
		least = halfEdit + 1 // any two letters are one edit apart
	}
	for _, v := range valid {
		if d := distance(w, []rune(v)); d < least {
			best, least = v, d
		}
	}
	if best != "" || len(w) < 3 {
		return best, best != ""
	}
	for _, v := range valid {
		if len(v) < len(word) || !strings.EqualFold(v[:len(word)], word) {
			continue
		}
		if best != "" {
			return "", false
		}
		best = v
	}
	return best, best != ""
}

// distance returns the cost of turning a into b, exchanges of neighbours
// included (the optimal string alignment of Damerau and Levenshtein).
func distance(a, b []rune) int {
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range row {
		row[j] = fullEdit * j
	}
	for i := range a {
		before, last, row = last, row, before
		row[0] = fullEdit * (i + 1)
		for j := range b {
			row[j+1] = min(last[j]+change(a[i], b[j]), last[j+1]+fullEdit, row[j]+fullEdit)
			if i > 0 && j > 0 && a[i] != b[j] && a[i] == b[j-1] && a[i-1] == b[j] {
				row[j+1] = min(row[j+1], before[j-1]+fullEdit)
			}
		}
	}
	return row[len(b)]
}

// change returns the cost of writing b for a.
func change(a, b rune) int {
	switch {
	case a == b:
		return 0
	case unicode.ToLower(a) == unicode.ToLower(b), a == '-' && b == '_', a == '_' && b == '-':
		return halfEdit
	}
	return fullEdit
}
