package redact

import "strings"

// class is a set of bytes.
type class uint16

const (
	letter class = 1 << iota
	digit
	// dash are - and _, which base64url has.
	dash
	dot
	// base32 are the letters and digits of base 32 (RFC 4648).
	base32
	// space are blanks and line ends.
	space
	// printable is all of ASCII but controls and blanks.
	printable
	hexDigits
	// keyEnd is what stands behind a key.
	keyEnd
	slash
	tilde
)

const (
	alnum    = letter | digit
	base64ID = alnum | dash
	keyBytes = alnum | dash | dot
)

var byteClasses = newByteClasses()

func newByteClasses() (t [256]class) {
	for c := range 256 {
		b := byte(c)
		for _, m := range []struct {
			class class
			in    bool
		}{
			{letter, 'a' <= b && b <= 'z' || 'A' <= b && b <= 'Z'},
			{digit, '0' <= b && b <= '9'},
			{dash, b == '-' || b == '_'},
			{dot, b == '.'},
			{base32, 'A' <= b && b <= 'Z' || '2' <= b && b <= '7'},
			{space, b == ' ' || '\t' <= b && b <= '\r'},
			{printable, ' ' < b && b < 0x7f},
			{slash, b == '/'},
			{tilde, b == '~'},
			{keyEnd, strings.IndexByte("=:\"'\\%", b) >= 0},
			{hexDigits, '0' <= b && b <= '9' || 'a' <= b && b <= 'f'},
		} {
			if m.in {
				t[c] |= m.class
			}
		}
	}
	return t
}

func (c class) has(b byte) bool { return byteClasses[b]&c != 0 }

// bytes are those of the class.
func (c class) bytes() (all []byte) {
	for b := range 256 {
		if c.has(byte(b)) {
			all = append(all, byte(b))
		}
	}
	return all
}

// withEnd are the bytes of the class and what fills up the end of a line.
func (c class) withEnd() []byte { return append(c.bytes(), 0) }

// run is the end of the bytes of a class that begin at from.
func (s *scanner) run(c class, from int) int {
	for from < len(s.text) && c.has(s.text[from]) {
		from++
	}
	return from
}

// skip is run with a bound: more than limit bytes are not passed.
func (s *scanner) skip(c class, from, limit int) int {
	end := min(len(s.text), from+limit)
	for from < end && c.has(s.text[from]) {
		from++
	}
	return from
}

// backslashes counts those that end before at, up to maxEscapes.
func (s *scanner) backslashes(at int) int {
	n := 0
	for n < maxEscapes && n < at && s.text[at-1-n] == '\\' {
		n++
	}
	return n
}

// maxEscapes bounds what is looked at of a run of backslashes. A quote within
// n strings within each other has 2^n-1 of them.
const maxEscapes = 64

// boundary reports whether a word may begin at a place: what is before is none
// of the set, or the end of an escape (\n, \u0026 in a string, %3D in a URL).
func (s *scanner) boundary(at int, set class) bool {
	if at == 0 {
		return true
	}
	if s.backslashes(at)%2 == 1 {
		// The word's first letter belongs to an escape.
		return false
	}
	return !set.has(s.text[at-1]) || s.escapeBefore(at)
}

// escapeBefore reports whether an escape ends at a place.
func (s *scanner) escapeBefore(at int) bool {
	t := s.text
	if at >= 2 && s.backslashes(at-1)%2 == 1 {
		switch t[at-1] {
		case 'n', 'r', 't', 'b', 'f':
			return true
		}
	}
	if at >= 6 && t[at-5] == 'u' && s.backslashes(at-5)%2 == 1 {
		return true
	}
	return at >= 3 && t[at-3] == '%' && isHex(t[at-2]) && isHex(t[at-1])
}

func isHex(c byte) bool {
	_, ok := hexDigit(c)
	return ok
}

// escape is the end of the escape \uXXXX whose backslash is at a place, and
// the character it stands for, 0 when there is none.
func (s *scanner) escape(at int) (end int, char rune) {
	t := s.text
	if at+6 > len(t) || t[at] != '\\' || t[at+1] != 'u' {
		return at, 0
	}
	for _, c := range t[at+2 : at+6] {
		d, ok := hexDigit(c)
		if !ok {
			return at, 0
		}
		char = char<<4 | rune(d)
	}
	return at + 6, char
}

func hexDigit(c byte) (byte, bool) {
	switch {
	case '0' <= c && c <= '9':
		return c - '0', true
	case 'a' <= c|0x20 && c|0x20 <= 'f':
		return (c | 0x20) - 'a' + 10, true
	}
	return 0, false
}

// equalFold reports whether b is text, which is in lower case, in any case.
func equalFold(b []byte, text string) bool {
	if len(b) != len(text) {
		return false
	}
	for i, c := range b {
		if letter.has(c) {
			c |= 0x20
		}
		if c != text[i] {
			return false
		}
	}
	return true
}
