package strictjson

import (
	"bytes"
	"unicode/utf16"
	"unicode/utf8"
)

// Problem says why a text is not acceptable.
type Problem uint8

// The problems.
const (
	_ Problem = iota
	NotObject
	Trailing
	Syntax
	CutOff
	BadString
	BadNumber
	BadUTF8
	DuplicateKey
	EmptyKey
	TooDeep
	TooManyFields
	NumProblems
)

var problems = [NumProblems]string{
	NotObject:     "not a JSON object",
	Trailing:      "text behind the JSON object",
	Syntax:        "JSON syntax error",
	CutOff:        "JSON is cut off",
	BadString:     "invalid JSON string",
	BadNumber:     "invalid JSON number",
	BadUTF8:       "invalid UTF-8",
	DuplicateKey:  "duplicate JSON key",
	EmptyKey:      "empty JSON key",
	TooDeep:       "JSON is nested too deeply",
	TooManyFields: "JSON has too many fields",
}

// String is the problem in words, a constant.
func (p Problem) String() string {
	if p < NumProblems {
		return problems[p]
	}
	return ""
}

// odd reads what cannot be passed over inside a string: an escape, a non-ASCII
// character or, refused, a control byte.
func (s *Scanner) odd(b []byte, i int) int {
	switch c := b[i]; {
	case c == '\\':
		n := escape(b[i:])
		if n == 0 {
			return s.refuse(BadString, i)
		}
		return i + n
	case c < ' ':
		return s.refuse(BadString, i)
	}
	r, n := utf8.DecodeRune(b[i:])
	if r == utf8.RuneError && n == 1 {
		return s.refuse(BadUTF8, i)
	}
	return i + n
}

// escape is the length of the escape that b begins with, 0 when it is none.
func escape(b []byte) int {
	if len(b) < 2 {
		return 0
	}
	switch b[1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return 2
	case 'u':
		if _, ok := hex4(b[2:]); ok {
			return 6
		}
	}
	return 0
}

// hex4 is the code unit written by the four hexadecimal digits at b.
func hex4(b []byte) (rune, bool) {
	if len(b) < 4 {
		return 0, false
	}
	var r rune
	for _, c := range b[:4] {
		switch {
		case '0' <= c && c <= '9':
			c -= '0'
		case 'a' <= c && c <= 'f':
			c -= 'a' - 10
		case 'A' <= c && c <= 'F':
			c -= 'A' - 10
		default:
			return 0, false
		}
		r = r<<4 | rune(c)
	}
	return r, true
}

// number reads a number at i (RFC 8259, 6) and returns the index behind it.
func (s *Scanner) number(b []byte, i int) int {
	start := i
	if b[i] == '-' {
		i++
	}
	first := i
	if i = digits(b, i); i == first {
		return s.refuse(badStart(b[start]), start)
	}
	if b[first] == '0' && i > first+1 {
		return s.refuse(BadNumber, start)
	}
	if i < len(b) && b[i] == '.' {
		from := i + 1
		if i = digits(b, from); i == from {
			return s.refuse(BadNumber, start)
		}
	}
	if i < len(b) && b[i]|0x20 == 'e' {
		if i++; i < len(b) && (b[i] == '+' || b[i] == '-') {
			i++
		}
		from := i
		if i = digits(b, from); i == from {
			return s.refuse(BadNumber, start)
		}
	}
	return i
}

// badStart is the problem of a value that begins with c and is none.
func badStart(c byte) Problem {
	if c == '-' {
		return BadNumber
	}
	return Syntax
}

// digits returns the index of the first byte from i on that is no digit.
func digits(b []byte, i int) int {
	for i < len(b) && b[i]-'0' <= 9 {
		i++
	}
	return i
}

// IsNumber reports whether b is a JSON number and nothing else.
func IsNumber(b []byte) bool {
	var s Scanner
	return len(b) > 0 && s.number(b, 0) == len(b)
}

// IsString reports whether b is a JSON string, quotes included, and nothing else.
func IsString(b []byte) bool {
	if len(b) < 2 || b[0] != '"' {
		return false
	}
	var s Scanner
	end, _ := s.str(b, 1)
	return end == len(b)-1
}

// sameKey reports whether two valid keys mean the same text.
func sameKey(a, b []byte) bool {
	for len(a) > 0 && len(b) > 0 {
		ra, na := decode(a)
		rb, nb := decode(b)
		if ra != rb {
			return false
		}
		a, b = a[na:], b[nb:]
	}
	return len(a) == 0 && len(b) == 0
}

// decode is the first character of the valid string content b and its length
// as written. An unpaired surrogate is itself.
func decode(b []byte) (rune, int) {
	if b[0] != '\\' {
		return utf8.DecodeRune(b)
	}
	if b[1] != 'u' {
		return rune(short[b[1]]), 2
	}
	r, _ := hex4(b[2:])
	if utf16.IsSurrogate(r) && len(b) >= 12 && b[6] == '\\' && b[7] == 'u' {
		low, _ := hex4(b[8:])
		if pair := utf16.DecodeRune(r, low); pair != utf8.RuneError {
			return pair, 12
		}
	}
	return r, 6
}

// short has the characters that two-byte escapes stand for.
var short = [256]byte{'"': '"', '\\': '\\', '/': '/', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t'}

// AppendText appends what the valid string content b (without its quotes)
// means. Unpaired surrogates become U+FFFD, as encoding/json has it.
func AppendText(dst, b []byte) []byte {
	for {
		n := bytes.IndexByte(b, '\\')
		if n < 0 {
			return append(dst, b...)
		}
		dst, b = append(dst, b[:n]...), b[n:]
		if c := short[b[1]]; c != 0 {
			dst, b = append(dst, c), b[2:]
			continue
		}
		r, n := decode(b)
		dst, b = utf8.AppendRune(dst, r), b[n:]
	}
}

// SameKey reports whether the key content b means the text name.
func SameKey(b []byte, name string) bool {
	for len(b) > 0 && len(name) > 0 {
		rb, nb := decode(b)
		rn, nn := utf8.DecodeRuneInString(name)
		if rb != rn {
			return false
		}
		b, name = b[nb:], name[nn:]
	}
	return len(b) == 0 && name == ""
}
