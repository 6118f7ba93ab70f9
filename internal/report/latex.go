package report

import (
	"fmt"
	"io"
	"regexp"
	"strings"
)

// writeLaTeX writes a page as tables to be included in a document: captions
// with what was sampled, numbers in math mode, the rest as comments and lists.
func writeLaTeX(w io.Writer, p page) error {
	var b strings.Builder
	b.WriteString("% Needs \\usepackage{booktabs}.\n")
	for _, paragraph := range p.head {
		b.WriteString("\n" + escapeLaTeX(paragraph) + "\n")
	}
	for _, whole := range p.tables {
		for _, t := range whole.fit(textWidth) {
			b.WriteString("\n")
			renderLaTeX(&b, t)
		}
	}
	for _, l := range p.items {
		fmt.Fprintf(&b, "\n\\paragraph{%s}\n\\begin{itemize}\n", l.title)
		for _, text := range l.list {
			b.WriteString("  \\item " + escapeLaTeX(text) + "\n")
		}
		b.WriteString("\\end{itemize}\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func renderLaTeX(b *strings.Builder, t table) {
	caption := escapeLaTeX(t.title) + "."
	for _, note := range t.notes {
		caption += " " + escapeLaTeX(note)
	}
	layout := ""
	var heads []string
	for _, c := range t.columns {
		side := "l"
		if c.numeric {
			side = "r"
		}
		layout += side
		head := c.latex
		if head == "" {
			head = escapeLaTeX(c.head)
		}
		heads = append(heads, head)
	}
	fmt.Fprintf(b, "\\begin{table}\n  \\centering\n  \\caption{%s}\n  \\begin{tabular}{%s}\n    \\toprule\n", caption, layout)
	line := func(cells []string) { fmt.Fprintf(b, "    %s \\\\\n", strings.Join(cells, " & ")) }
	line(heads)
	b.WriteString("    \\midrule\n")
	for i, rows := range [][][]string{t.rows, t.foot} {
		if i > 0 && len(rows) > 0 {
			b.WriteString("    \\midrule\n")
		}
		for _, row := range rows {
			cells := make([]string, len(row))
			for k, text := range row {
				cells[k] = escapeLaTeX(text)
				if t.columns[k].numeric {
					cells[k] = mathLaTeX(text)
				}
			}
			line(cells)
		}
	}
	b.WriteString("    \\bottomrule\n  \\end{tabular}\n\\end{table}\n")
}

// mathLaTeX sets a number in math mode, with powers of ten written out, and a
// dash for what is missing. An empty cell stays empty.
func mathLaTeX(text string) string {
	switch text {
	case "":
		return ""
	case missing:
		return "--"
	}
	mantissa, exponent, found := strings.Cut(text, "e")
	if !found {
		return "$" + text + "$"
	}
	sign := strings.TrimPrefix(exponent[:1], "+")
	return "$" + mantissa + ` \times 10^{` + sign + strings.TrimLeft(exponent[1:], "0") + "}$"
}

var latexEscapes = strings.NewReplacer(
	`\`, `\textbackslash{}`, `{`, `\{`, `}`, `\}`, `$`, `\$`, `&`, `\&`, `%`, `\%`, `#`, `\#`, `_`, `\_`,
	`^`, `\textasciicircum{}`, `~`, `\textasciitilde{}`, `<`, `\textless{}`, `>`, `\textgreater{}`, `|`, `\textbar{}`,
	`"`, `\textquotedbl{}`, "\n", " ",
)

// symbolsLaTeX are the formulas in sentences of this package, by how they are
// written as plain text.
var symbolsLaTeX = strings.NewReplacer(
	`tau\_int = 1/2 + sum\_\{t\textgreater{}=1\} rho(t)`, `$\tau_\mathrm{int} = \frac12 + \sum_{t\ge1} \rho(t)$`,
	`tau\_int\_error`, `error of $\tau_\mathrm{int}$`, `tau\_int`, `$\tau_\mathrm{int}$`, `R-hat`, `$\hat R$`, `sigma: (value - exact)/error`, `$\Delta/\sigma$: (value $-$ exact)/error`,
	`max \textbar{}sigma\textbar{}`, `$\max |\Delta/\sigma|$`, `rms sigma`, `rms $\Delta/\sigma$`, `m\textasciicircum{}2`, `$m^2$`,
	`chi\textasciicircum{}2`, `$\chi^2$`, `1/error\textasciicircum{}2`, `$1/\mathrm{error}^2$`,
)

// escapeLaTeX writes a text so that LaTeX shows it as it is, but for the
// formulas of this package, which are set as such.
func escapeLaTeX(text string) string {
	text = symbolsLaTeX.Replace(latexEscapes.Replace(text))
	return shapeText.ReplaceAllStringFunc(text, func(shape string) string {
		return "$" + strings.ReplaceAll(shape, "x", ` \times `) + "$"
	})
}

var shapeText = regexp.MustCompile(`\b[0-9]+(x[0-9]+)+\b`)
