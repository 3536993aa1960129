package redact

import (
	"bytes"
)

// value is what is assigned to a key; from is 0 when there is none.
type value struct {
	from, to int
	// quote is the one around it, 0 for none, behind escapes backslashes.
	quote   byte
	escapes int
	// list says that it is the first of several in brackets.
	list bool
	// key is how its key is written.
	key form
	// number says that it is one in JSON.
	number bool
	// prose says that it may be the next word of a sentence.
	prose bool
}

// maxBlanks is how many blanks may stand around a separator.
const maxBlanks = 8

// assigned finds the value behind a key: key=value, key: value, "key":"value"
// with any level of escapes, key => value, --key value, <key>value.
func (s *scanner) assigned(k word) value {
	at, form := s.keyEnd(k)
	if at < 0 {
		return value{}
	}
	blanks := s.skip(space, at, maxBlanks)
	sep, end := s.separator(k, blanks)
	switch sep {
	case sepNone:
		return s.unseparated(k, at, blanks)
	case sepEquals:
		if blanks == at {
			return s.valueAt(end, form, false)
		}
	case sepEncoded:
		return value{from: end, to: s.encodedEnd(end)}
	case sepTag:
		return s.valueAt(end, bare, false)
	}
	from := s.skip(space, end, maxBlanks)
	return s.valueAt(from, form, form == bare && from > end)
}

// keyEnd is the place behind a key and the quote that it ends with, -1 when
// that quote did not begin it.
func (s *scanner) keyEnd(k word) (at int, f form) {
	at = s.skipBackslashes(k.to)
	if at == len(s.text) || !isQuote(s.text[at]) {
		return k.to, bare
	}
	if k.from == 0 || s.text[k.from-1] != s.text[at] {
		return -1, bare
	}
	if at == k.to && s.text[at] == '"' {
		return at + 1, member
	}
	return at + 1, quoted
}

// form is how a key is written.
type form uint8

const (
	bare form = iota
	quoted
	// member is in double quotes that are not escaped, as a key of the object
	// is that a line may be.
	member
)

func (s *scanner) skipBackslashes(at int) int {
	end := min(len(s.text), at+maxEscapes)
	for at < end && s.text[at] == '\\' {
		at++
	}
	return at
}

func isQuote(c byte) bool { return c == '"' || c == '\'' || c == '`' }

// separator is what stands between key and value.
type separator uint8

const (
	sepNone separator = iota
	sepEquals
	sepColon
	// sepEncoded is an equals sign in a URL within a URL.
	sepEncoded
	// sepTag is the end of an element's start tag.
	sepTag
)

// separator reads the one at a place, and returns the place behind it.
func (s *scanner) separator(k word, at int) (separator, int) {
	t := s.text[at:]
	switch {
	case len(t) == 0:
	case bytes.HasPrefix(t, []byte("=>")), bytes.HasPrefix(t, []byte(":=")):
		return sepColon, at + 2
	case t[0] == '=':
		return sepEquals, at + 1
	case t[0] == ':':
		return sepColon, at + 1
	case len(t) >= 3 && t[0] == '%' && equalFold(t[1:3], "3d"):
		return sepEncoded, at + 3
	case t[0] == '>' && at == k.to && k.from > 0 && s.text[k.from-1] == '<':
		return sepTag, at + 1
	case t[0] == '\\':
		switch end, char := s.escape(at); char {
		case '=':
			return sepEquals, end
		case ':':
			return sepColon, end
		}
	}
	return sepNone, at
}

// unseparated is the value of a flag of a command, or of SQL's PASSWORD '…'.
func (s *scanner) unseparated(k word, at, blanks int) value {
	if blanks == at || blanks == len(s.text) {
		return value{}
	}
	if bytes.HasPrefix(s.text[k.from:k.to], []byte("--")) && s.text[blanks] != '-' || s.text[blanks] == '\'' {
		return s.valueAt(blanks, bare, false)
	}
	return value{}
}

// valueAt reads the value that begins at a place.
func (s *scanner) valueAt(at int, key form, prose bool) value {
	if at >= len(s.text) {
		return value{}
	}
	list := s.text[at] == '['
	if list {
		at = s.skip(space, at+1, maxBlanks)
	}
	v := s.itemAt(at, key, list)
	v.list = list && v.from > 0
	v.prose = prose && v.quote == 0 && s.wordFollows(v.to)
	return v
}

// itemAt reads a value that is in quotes, or one that is not.
func (s *scanner) itemAt(at int, key form, list bool) value {
	if at >= len(s.text) || s.text[at] == '{' || s.text[at] == '[' {
		return value{}
	}
	if q := s.skipBackslashes(at); q < len(s.text) && isQuote(s.text[q]) {
		if s.object && s.text[q] == '"' && (q-at)%2 == 0 && key != member {
			// It ends the string that the key is in.
			return value{}
		}
		v := value{from: q + 1, quote: s.text[q], escapes: q - at, key: key}
		v.to = s.quotedEnd(v.from, v.quote, v.escapes)
		return v
	}
	v := value{from: at, to: s.bareEnd(at, list), key: key}
	v.number = key != bare && s.object && isNumber(s.text[v.from:v.to])
	return v
}

// nextItem is the value behind v in a list.
func (s *scanner) nextItem(v value) value {
	at := v.to
	if v.quote != 0 {
		at += v.escapes + 1
	}
	at = s.skip(space, at, maxBlanks)
	if at >= len(s.text) || s.text[at] != ',' {
		return value{}
	}
	next := s.itemAt(s.skip(space, at+1, maxBlanks), v.key, true)
	next.list = next.from > 0
	return next
}

// wordFollows reports whether text goes on behind a blank.
func (s *scanner) wordFollows(at int) bool {
	return at+1 < len(s.text) && space.has(s.text[at]) && alnum.has(s.text[at+1])
}

// isNumber reports whether v can only be a number.
func isNumber(v []byte) bool {
	for i, c := range v {
		if !digit.has(c) && c != '.' && (c != '-' || i > 0) && c|0x20 != 'e' && c != '+' {
			return false
		}
	}
	return len(v) > 0 && digit.has(v[len(v)-1])
}

// quotedEnd is the end of what begins behind a quote with so many backslashes
// before it: the quote that closes it or a string that it is in. A backslash
// within such a string is written as twice as many, a quote in it as itself
// behind one more level of them.
func (s *scanner) quotedEnd(from int, quote byte, escapes int) int {
	for at := from; at < len(s.text); at++ {
		i := bytes.IndexByte(s.text[at:], quote)
		if i < 0 {
			break
		}
		at += i
		n := 0
		for at-1-n >= from && s.text[at-1-n] == '\\' {
			n++
		}
		for level := 0; level <= escapes; level = 2*level + 1 {
			if n%(2*(level+1)) == level {
				return at - level
			}
		}
	}
	return len(s.text)
}

// bareEnd is the end of a value without quotes: a blank, a quote, what ends a
// parameter of a URL or a field of a list. Punctuation that goes on is part of
// it.
func (s *scanner) bareEnd(from int, list bool) int {
	t := s.text
	for i := from; i < len(t); i++ {
		switch c := t[i]; c {
		case '"', '\'', '`', '<', '>', '&', '|', ';':
			return i
		case '\\':
			end := s.escapeEnd(i)
			if end == 0 {
				return i
			}
			i = end - 1
		case ',':
			if list || s.ends(i+1) || s.keyFollows(i+1) {
				return i
			}
		case ')', ']', '}':
			if list && c == ']' || s.ends(i+1) {
				return i
			}
		default:
			if c <= ' ' {
				return i
			}
		}
	}
	return len(t)
}

// escapeEnd is the end of the escape at a place if it stands for a part of a
// value, 0 if for what ends one.
func (s *scanner) escapeEnd(at int) int {
	end := s.skipBackslashes(at)
	if end == len(s.text) || (end-at)%2 == 0 && !isQuote(s.text[end]) {
		return end
	}
	switch s.text[end] {
	case '"', '\'', '`', 'n', 'r', 't':
		return 0
	case 'u':
		after, char := s.escape(end - 1)
		switch char {
		case '&', '<', '>', '"', '\'', ' ':
			return 0
		case 0:
			return end
		}
		return after
	}
	return end + 1
}

// ends reports whether what stands at a place cannot be a part of a value.
func (s *scanner) ends(at int) bool {
	if at >= len(s.text) {
		return true
	}
	switch c := s.text[at]; c {
	case '"', '\'', '`', ',', ';', ')', ']', '}', '\\', '<', '&', '.':
		return true
	default:
		return c <= ' '
	}
}

// keyFollows reports whether another key and its separator begin at a place.
func (s *scanner) keyFollows(at int) bool {
	end := s.skip(keyBytes, at, maxKey)
	return end > at && end < len(s.text) && (s.text[end] == '=' || s.text[end] == ':')
}

// encodedEnd is the end of a parameter in a URL that is a parameter itself: of
// an encoded & or #, or where the outer one ends.
func (s *scanner) encodedEnd(from int) int {
	for i := from; i < len(s.text); i++ {
		switch c := s.text[i]; c {
		case '"', '\'', '`', '<', '>', '&', '|', ';', '\\':
			return i
		case '%':
			if code := s.text[i+1 : min(len(s.text), i+3)]; string(code) == "26" || string(code) == "23" {
				return i
			}
		default:
			if c <= ' ' {
				return i
			}
		}
	}
	return len(s.text)
}
