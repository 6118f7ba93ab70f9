package report

import (
	"fmt"
	"strconv"
	"strings"
)

// pointLabels writes the points of a function, with six significant digits
// unless that makes two points one.
func pointLabels(x [][]float64) []string {
	short, full := make([]string, len(x)), make([]string, len(x))
	means := make(map[string]string)
	ambiguous := false
	for i, p := range x {
		short[i], full[i] = pointText(p, 6), pointText(p, -1)
		if other, ok := means[short[i]]; ok && other != full[i] {
			ambiguous = true
		}
		means[short[i]] = full[i]
	}
	if ambiguous {
		return full
	}
	return short
}

// pointText writes a point with so many significant digits, with all that tell
// it from others if these are -1: 2.5, and (0,1) for a vector.
func pointText(p []float64, digits int) string {
	parts := make([]string, len(p))
	for i, x := range p {
		parts[i] = strconv.FormatFloat(x, 'g', digits, 64)
	}
	if len(p) == 1 {
		return parts[0]
	}
	return "(" + strings.Join(parts, ",") + ")"
}

// maxNamed is the largest number of points that a sentence names.
const maxNamed = 3

// namePoints names points in a sentence, the first few if they are many.
func namePoints(labels []string) string {
	if len(labels) <= maxNamed {
		return strings.Join(labels, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(labels[:maxNamed], ", "), len(labels)-maxNamed)
}
