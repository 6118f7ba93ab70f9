package report

import (
	"bytes"
	"io"
	"strings"

	"github.com/olekukonko/tablewriter"
	"github.com/olekukonko/tablewriter/tw"
)

// textWidth is the number of columns that text is made for.
const textWidth = 80

// writeText writes a page for terminals and logs, in ASCII but for names that
// are not.
func writeText(w io.Writer, p page) error {
	var b strings.Builder
	for i, paragraph := range p.head {
		if i > 0 {
			b.WriteString("\n")
		}
		b.WriteString(wrap(paragraph, ""))
	}
	for _, whole := range p.tables {
		for _, t := range whole.narrow(textWidth) {
			b.WriteString("\n" + wrap(t.title, ""))
			if err := renderText(&b, t); err != nil {
				return err
			}
			for _, note := range t.notes {
				b.WriteString(wrap(note, ""))
			}
		}
	}
	for _, l := range p.items {
		b.WriteString("\n" + l.title + "\n")
		for _, text := range l.list {
			b.WriteString("- " + wrap(text, "  "))
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// narrow fits a table to a width: names are broken first, and then columns
// moved to tables of their own.
func (t table) narrow(limit int) []table {
	total := -gap
	for k := range t.columns {
		total += t.width(k) + gap
	}
	if total <= limit {
		return []table{t}
	}
	const least = 14 // characters, to which names may be broken
	widest := least
	for _, row := range t.rows {
		for _, cell := range row[:t.stub] {
			widest = max(widest, longest(cell))
		}
	}
	for _, c := range t.columns {
		widest = max(widest, longest(c.head))
	}
	for width := widest - 1; width > least; width-- {
		if parts := t.broken(width).fit(limit); len(parts) == 1 {
			return parts
		}
	}
	return t.broken(least).fit(limit)
}

// broken returns the table with headings and the names of rows broken to a
// width.
func (t table) broken(width int) table {
	b := t
	b.columns = append([]column{}, t.columns...)
	for k := range b.columns {
		b.columns[k].head = breakName(b.columns[k].head, width)
	}
	b.rows = nil
	for _, row := range t.rows {
		row = append([]string{}, row...)
		for k := range row[:t.stub] {
			row[k] = breakName(row[k], width)
		}
		b.rows = append(b.rows, row)
	}
	return b
}

// breakName breaks a name into lines of at most width characters where it has
// an underscore or another sign between its parts, but not at the point of a
// decimal.
func breakName(name string, width int) string {
	var lines []string
	line, part := "", ""
	for i, r := range name {
		part += string(r)
		decimal := r == '.' && i > 0 && isDigit(name[i-1]) && i+1 < len(name) && isDigit(name[i+1])
		if i+len(string(r)) < len(name) && (decimal || !strings.ContainsRune("_+-./, ", r)) {
			continue
		}
		if line != "" && longest(line+part) > width {
			lines, line = append(lines, line), ""
		}
		line, part = line+part, ""
	}
	return strings.Join(append(lines, line), "\n")
}

func isDigit(b byte) bool { return '0' <= b && b <= '9' }

// renderText writes a table between rules, without lines between columns.
func renderText(w io.Writer, t table) error {
	var b bytes.Buffer
	options := append(plain(t),
		tablewriter.WithRendition(tw.Rendition{
			Borders:  tw.Border{Left: tw.Off, Right: tw.Off, Top: tw.On, Bottom: tw.On},
			Symbols:  tw.NewSymbols(tw.StyleASCII),
			Settings: tw.Settings{Separators: tw.Separators{BetweenColumns: tw.Off}},
		}))
	out := tablewriter.NewTable(&b, options...)
	out.Header(heads(t))
	if err := out.Bulk(t.rows); err != nil {
		return err
	}
	if len(t.foot) > 0 {
		joined := make([]string, len(t.columns))
		for k := range joined {
			var cells []string
			for _, row := range t.foot {
				cells = append(cells, row[k])
			}
			joined[k] = strings.Join(cells, "\n")
		}
		out.Footer(joined)
	}
	if err := out.Render(); err != nil {
		return err
	}
	for line := range strings.Lines(b.String()) {
		if _, err := io.WriteString(w, trimLine(line)); err != nil {
			return err
		}
	}
	return nil
}

// trimLine takes the padding off the ends of a line of a table.
func trimLine(line string) string {
	if strings.HasPrefix(line, "-") {
		return line[:len(line)-len("--\n")] + "\n"
	}
	return strings.TrimRight(line[1:], " \n") + "\n"
}

// plain are the options of a table whose cells are written as they are.
func plain(t table) []tablewriter.Option {
	var columns tw.CellAlignment
	for _, c := range t.columns {
		side := tw.AlignLeft
		if c.numeric {
			side = tw.AlignRight
		}
		columns.PerColumn = append(columns.PerColumn, side)
	}
	return []tablewriter.Option{
		tablewriter.WithHeaderAutoFormat(tw.Off), tablewriter.WithFooterAutoFormat(tw.Off),
		tablewriter.WithHeaderAutoWrap(tw.WrapNone), tablewriter.WithRowAutoWrap(tw.WrapNone), tablewriter.WithFooterAutoWrap(tw.WrapNone),
		tablewriter.WithHeaderAlignmentConfig(columns), tablewriter.WithRowAlignmentConfig(columns), tablewriter.WithFooterAlignmentConfig(columns),
	}
}

// heads returns the headings of the columns.
func heads(t table) []string {
	var heads []string
	for _, c := range t.columns {
		heads = append(heads, c.head)
	}
	return heads
}

// wrap breaks a text into lines of textWidth, of which all but the first are
// indented.
func wrap(text, indent string) string {
	var b strings.Builder
	column := len(indent)
	for i, word := range strings.Fields(text) {
		switch w := longest(word); {
		case i == 0:
			column += w
		case column+1+w > textWidth:
			b.WriteString("\n" + indent)
			column = len(indent) + w
		default:
			b.WriteString(" ")
			column += 1 + w
		}
		b.WriteString(word)
	}
	return b.String() + "\n"
}
