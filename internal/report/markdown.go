package report

import (
	"io"
	"strings"

	"github.com/olekukonko/tablewriter"
	"github.com/olekukonko/tablewriter/renderer"
)

// writeMarkdown writes a page with GitHub's tables.
func writeMarkdown(w io.Writer, p page) error {
	var b strings.Builder
	for i, paragraph := range p.head {
		if i > 0 {
			b.WriteString("\n")
		}
		b.WriteString(escapeMarkdown(paragraph) + "\n")
	}
	for _, t := range p.tables {
		b.WriteString("\n**" + escapeMarkdown(t.title) + "**\n\n")
		out := tablewriter.NewTable(&b, append(plain(t), tablewriter.WithRenderer(renderer.NewMarkdown()))...)
		out.Header(escapeAll(heads(t)))
		for _, rows := range [][][]string{t.rows, t.foot} {
			for _, row := range rows {
				if err := out.Append(escapeAll(row)); err != nil {
					return err
				}
			}
		}
		if err := out.Render(); err != nil {
			return err
		}
		for _, note := range t.notes {
			b.WriteString("\n" + escapeMarkdown(note) + "\n")
		}
	}
	for _, l := range p.items {
		b.WriteString("\n**" + l.title + "**\n\n")
		for _, text := range l.list {
			b.WriteString("- " + escapeMarkdown(text) + "\n")
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func escapeAll(row []string) []string {
	escaped := make([]string, len(row))
	for i, text := range row {
		escaped[i] = escapeMarkdown(text)
	}
	return escaped
}

// escapeMarkdown writes a text so that Markdown shows it as it is. Underscores
// within a word need no escape in GitHub's dialect, so that names stay legible.
func escapeMarkdown(text string) string {
	var b strings.Builder
	previous := ' '
	for i, r := range text {
		switch {
		case r == '\n' || r == '\r':
			r = ' '
		case strings.ContainsRune("\\`*|<>[]~#&", r):
			b.WriteByte('\\')
		case r == '_' && !(wordRune(previous) && i+1 < len(text) && wordRune(rune(text[i+1]))):
			b.WriteByte('\\')
		}
		b.WriteRune(r)
		previous = r
	}
	return b.String()
}

// wordRune reports whether an ASCII character is a letter or a digit.
func wordRune(r rune) bool {
	return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9'
}
