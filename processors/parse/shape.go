package parse

import "bytes"

// shape is what one look at a line tells of the formats that it can be of, so
// that the others need not be tried. A line has one shape; a format has a set
// of those that its lines can have.
type shape uint16

const (
	// shapePlain lines have none of the below.
	shapePlain shape = 1 << iota
	// shapeTimed lines have a date in a bracket behind their first bytes, as
	// access logs do.
	shapeTimed
	// shapeObject lines begin with a brace, maybe behind white space.
	shapeObject
	// shapeISO lines begin with 2026-03-05 10:, shapeISOBracket ones with that and
	// a bracket behind the time, shapeISOWord ones with a word there; shapeBracket
	// lines have the time in a bracket.
	shapeISO
	shapeISOBracket
	shapeISOWord
	shapeBracket
	// shapeSlashed lines begin with 2026/03/05.
	shapeSlashed
	// shapeClock lines begin with 10:11:.
	shapeClock

	numShapes = 1 << iota

	// shapesLoose are those of formats whose lines begin with no time, shapesAny
	// all.
	shapesLoose = shapePlain | shapeTimed
	shapesAny   = numShapes - 1
)

// shape looks at the line, which is not empty.
func (l *line) shape() shape {
	s := l.text
	switch c := s[0]; {
	case c == '{':
		return shapeObject
	case c == '[':
		if len(s) > isoSize && isISO(s[1:]) {
			return shapeBracket
		}
	case c == ' ' || c == '\t':
		if firstByte(s) == '{' {
			return shapeObject
		}
	case c-'0' <= 9 && len(s) > isoSize:
		switch {
		case isISO(s):
			return l.shapeISO()
		case s[4] == '/':
			return shapeSlashed
		case s[2] == ':' && s[5] == ':':
			return shapeClock
		}
	}
	if hasDate(s) {
		return shapeTimed
	}
	return shapePlain
}

// shapeISO looks behind the time that the line begins with.
func (l *line) shapeISO() shape {
	t := l.isoAt(0)
	if t.end == 0 || t.end+1 >= len(l.text) || l.text[t.end] != ' ' {
		return shapeISO
	}
	switch c := l.text[t.end+1]; {
	case c == '[':
		return shapeISOBracket
	case c|0x20 >= 'a' && c|0x20 <= 'z':
		return shapeISOWord
	}
	return shapeISO
}

// firstByte is the first that is no white space of JSON's, 0 without any.
func firstByte(s []byte) byte {
	for _, c := range s {
		if c != ' ' && c != '\t' && c != '\r' && c != '\n' {
			return c
		}
	}
	return 0
}

// isISO reports whether s begins as isoAt wants it.
func isISO(s []byte) bool { return s[4] == '-' && s[13] == ':' }

// hasDate reports whether a bracket is in the line with 05/Mar/2026 or
// 2026-03-05 behind it.
func hasDate(s []byte) bool {
	const size = len("05/Mar/2026")
	for {
		i := bytes.IndexByte(s, '[')
		if i < 0 || len(s)-i <= size {
			return false
		}
		s = s[i+1:]
		if s[2] == '/' && s[6] == '/' || s[4] == '-' && s[7] == '-' {
			return true
		}
	}
}
