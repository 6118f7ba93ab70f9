package card

import (
	"slices"
	"strconv"
	"strings"

	"github.com/BurntSushi/toml"
)

// A path leads from the root of a card to a value: keys of tables, and
// numbers of elements of lists, from 0.
type path []string

func (p path) with(more ...string) path { return append(slices.Clip(p), more...) }

// id returns a string that no other path has.
func (p path) id() string { return strings.Join(p, "\x00") }

// An origin is where a key was written.
type origin struct {
	line   int // from 1
	offset int // in bytes, by which keys can be put into the order of the file
	set    int // number of the --set that gave the key, from 1; 0: the file
}

// origins says where each key of a card was written.
type origins map[string]origin

// at returns where a key was written or, if it was not, the innermost table
// around it; the first line stands for the root.
func (o origins) at(p path) origin {
	for n := len(p); n > 0; n-- {
		if at, ok := o[p[:n].id()]; ok {
			return at
		}
	}
	return origin{line: 1}
}

// replace makes at the origin of a key, and of all within it.
func (o origins) replace(p path, at origin) {
	prefix := p.id() + "\x00"
	for id := range o {
		if strings.HasPrefix(id, prefix) {
			delete(o, id)
		}
	}
	o[p.id()] = at
}

// A statement is a line of a card that begins a table or sets a key, with the
// lines on which it goes on.
type statement struct {
	line, end int // the first and the last
	key       path
}

// locate returns where the keys of a card are written, and its statements. It
// accepts any text: of what is not TOML it makes something, up to the broken
// statement the right thing.
func locate(text string) (origins, []statement) {
	s := &scanner{text: text, line: 1, origins: origins{}, elements: map[string]int{}}
	s.run()
	return s.origins, s.statements
}

// scanner reads the text of a card for its keys. The decoder of TOML says
// nothing about where they are.
type scanner struct {
	text       string
	at, line   int
	origins    origins
	elements   map[string]int // number of elements of each array of tables
	statements []statement
}

func (s *scanner) run() {
	var table path
	for s.blank(); s.at < len(s.text); s.blank() {
		start := s.here()
		if s.peek() == '[' {
			brackets := 1
			s.next()
			if s.peek() == '[' {
				brackets = 2
				s.next()
			}
			table = s.header(s.key(), brackets == 2, start)
			s.finish(start.line, table)
			continue
		}
		key := s.key()
		here := s.record(table, key, start)
		s.spaces()
		if s.peek() == '=' {
			s.next()
			s.spaces()
			s.value(here)
		}
		s.finish(start.line, here)
	}
}

// finish skips the rest of the line and notes the statement that ends there.
func (s *scanner) finish(line int, key path) {
	for s.at < len(s.text) && s.peek() != '\n' {
		s.next()
	}
	s.statements = append(s.statements, statement{line, s.line, key})
}

// header records the header of a table and returns the path of the table.
func (s *scanner) header(key path, array bool, start origin) path {
	var p path
	for i, k := range key {
		p = p.with(k)
		last := i == len(key)-1
		if n := s.elements[p.id()]; last && array {
			s.first(p, start)
			s.elements[p.id()]++
			p = p.with(strconv.Itoa(n))
		} else if n > 0 { // the table belongs to the last element
			p = p.with(strconv.Itoa(n - 1))
		}
		s.first(p, start)
	}
	return p
}

// record notes a key of a table and returns its path.
func (s *scanner) record(table, key path, start origin) path {
	p := table
	for _, k := range key {
		p = p.with(k)
		s.first(p, start)
	}
	return p
}

// first notes an origin unless there is one.
func (s *scanner) first(p path, o origin) {
	if _, known := s.origins[p.id()]; !known {
		s.origins[p.id()] = o
	}
}

func (s *scanner) here() origin { return origin{line: s.line, offset: s.at} }

// peek returns the next byte, 0 at the end.
func (s *scanner) peek() byte {
	if s.at < len(s.text) {
		return s.text[s.at]
	}
	return 0
}

func (s *scanner) next() {
	if s.peek() == '\n' {
		s.line++
	}
	s.at++
}

func (s *scanner) skip(set string) {
	for s.at < len(s.text) && strings.IndexByte(set, s.text[s.at]) >= 0 {
		s.next()
	}
}

func (s *scanner) spaces() { s.skip(" \t") }

// blank skips space, ends of lines and comments.
func (s *scanner) blank() {
	for s.skip(" \t\r\n"); s.peek() == '#'; s.skip(" \t\r\n") {
		for s.at < len(s.text) && s.peek() != '\n' {
			s.next()
		}
	}
}

// key reads a dotted key.
func (s *scanner) key() path {
	var p path
	for {
		s.spaces()
		start := s.at
		if c := s.peek(); c == '"' || c == '\'' {
			s.quoted()
			p = append(p, unquote(s.text[start:s.at]))
		} else {
			for s.at < len(s.text) && strings.IndexByte(" \t\r\n.=:[]{},#\"'", s.peek()) < 0 {
				s.next()
			}
			p = append(p, s.text[start:s.at])
		}
		s.spaces()
		if s.peek() != '.' {
			return p
		}
		s.next()
	}
}

// unquote returns the text of a string of TOML, or the string as it stands if
// it is broken.
func unquote(quoted string) string {
	var v struct{ V string }
	if err := toml.Unmarshal([]byte("V = "+quoted), &v); err != nil {
		return quoted
	}
	return v.V
}

// quoted skips a string.
func (s *scanner) quoted() {
	quote := s.text[s.at : s.at+1]
	escapes, many := quote == `"`, false
	if triple := strings.Repeat(quote, 3); strings.HasPrefix(s.text[s.at:], triple) {
		quote, many = triple, true
	}
	s.at += len(quote)
	for s.at < len(s.text) {
		switch {
		case strings.HasPrefix(s.text[s.at:], quote):
			s.at += len(quote)
			for n := 0; many && n < 2 && s.peek() == quote[0]; n++ {
				s.at++ // the string ends in quotes
			}
			return
		case s.peek() == '\n' && !many:
			return
		case s.peek() == '\\' && escapes && s.at+1 < len(s.text):
			s.next()
		}
		s.next()
	}
}

// value skips the value of the key at p and records the keys and elements in
// it.
func (s *scanner) value(p path) {
	switch s.peek() {
	case '"', '\'':
		s.quoted()
	case '[':
		s.next()
		for n := 0; s.at < len(s.text); {
			switch s.blank(); s.peek() {
			case ']':
				s.next()
				return
			case ',':
				s.next()
			default:
				element := p.with(strconv.Itoa(n))
				s.first(element, s.here())
				s.value(element)
				n++
			}
		}
	case '{':
		s.next()
		for s.at < len(s.text) {
			switch s.blank(); s.peek() {
			case '}':
				s.next()
				return
			case ',':
				s.next()
			default:
				start := s.here()
				here := s.record(p, s.key(), start)
				if s.blank(); s.peek() == '=' {
					s.next()
					s.blank()
					s.value(here)
				} else if s.at == start.offset {
					s.next() // neither a key nor the end
				}
			}
		}
	default:
		start := s.at
		for s.at < len(s.text) && strings.IndexByte(",]}\n#", s.peek()) < 0 {
			s.next()
		}
		if s.at == start && s.peek() != '\n' {
			s.next()
		}
	}
}
