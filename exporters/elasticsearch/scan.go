package elasticsearch

import (
	"bytes"
	"errors"
	"io"
	"unicode/utf16"
	"unicode/utf8"
)

// scanner reads JSON from a stream token by token, in constant memory: strings
// are cut at a limit and the rest of them passed over. After the first error
// every read fails. It accepts every valid JSON text; of an invalid one it
// notices what it must in order to count and match items.
type scanner struct {
	r    io.Reader
	buf  []byte
	i, n int
	// fills counts the reads.
	fills int
	// left bounds the bytes that are still read.
	left int64
	err  error
	// text is the last string.
	text []byte
}

// Errors of a reply that cannot be read.
var (
	errSyntax = errors.New("is no JSON of the expected form")
	errLong   = errors.New("is longer than any answer to this request")
	errCut    = errors.New("is cut off")
)

// maxDepth bounds the nesting of values that are passed over.
const maxDepth = 1000

// scanBuffer is how much of a reply is held at once.
const scanBuffer = 16 << 10

func newScanner() *scanner { return &scanner{buf: make([]byte, scanBuffer)} }

// reset makes the scanner read r, at most limit bytes of it.
func (s *scanner) reset(r io.Reader, limit int64) {
	s.r, s.i, s.n, s.left, s.err = r, 0, 0, limit, nil
}

func (s *scanner) fail(err error) {
	if s.err == nil {
		s.err = err
	}
	s.i, s.n = 0, 0
}

// fill reads more when the buffer is empty, and reports whether there is any.
func (s *scanner) fill() bool {
	for s.i == s.n && s.err == nil {
		n, err := s.r.Read(s.buf)
		s.i, s.n = 0, n
		s.fills++
		if s.left -= int64(n); s.left < 0 {
			s.fail(errLong)
		}
		if n == 0 && err != nil {
			s.fail(cutOff(err))
		}
	}
	return s.err == nil
}

func cutOff(err error) error {
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		return errCut
	}
	return err
}

// byte is the next byte, 0 at the end.
func (s *scanner) byte() byte {
	if !s.fill() {
		return 0
	}
	c := s.buf[s.i]
	s.i++
	return c
}

// peek is the next byte that is no blank, left where it is.
func (s *scanner) peek() byte {
	for s.fill() {
		switch c := s.buf[s.i]; c {
		case ' ', '\t', '\r', '\n':
			s.i++
		default:
			return c
		}
	}
	return 0
}

// expect passes over c, which must come next.
func (s *scanner) expect(c byte) bool {
	if s.peek() != c || s.err != nil {
		s.fail(errSyntax)
		return false
	}
	s.i++
	return true
}

// pass passes over text, if it comes next and is in the buffer.
func (s *scanner) pass(text []byte) bool {
	if s.peek() == 0 || !bytes.HasPrefix(s.buf[s.i:s.n], text) {
		return false
	}
	s.i += len(text)
	return true
}

// end says whether nothing but blanks is left.
func (s *scanner) end() bool {
	s.peek()
	return s.err == errCut
}

// object calls member for each key, which stands in s.text until the next
// read; member must read the value.
func (s *scanner) object(member func(key []byte)) {
	s.sequence('{', '}', func() {
		if s.string(64) && s.expect(':') {
			member(s.text)
		}
	})
}

// array calls element before each value; element must read it.
func (s *scanner) array(element func()) { s.sequence('[', ']', element) }

func (s *scanner) sequence(open, close byte, element func()) {
	if !s.expect(open) {
		return
	}
	if s.peek() == close {
		s.i++
		return
	}
	for s.err == nil {
		element()
		switch c := s.peek(); {
		case s.err != nil:
		case c == ',':
			s.i++
		case c == close:
			s.i++
			return
		default:
			s.fail(errSyntax)
		}
	}
}

// string reads a string into s.text, unescaped and cut at limit bytes.
func (s *scanner) string(limit int) bool {
	s.text = s.text[:0]
	if !s.expect('"') {
		return false
	}
	for s.fill() {
		c := s.buf[s.i]
		s.i++
		switch {
		case c == '"':
			return true
		case c == '\\':
			s.escape(limit)
		case c < ' ':
			s.fail(errSyntax)
		default:
			s.keep(limit, c)
		}
	}
	return false
}

func (s *scanner) keep(limit int, c byte) {
	if len(s.text) < limit {
		s.text = append(s.text, c)
	}
}

func (s *scanner) escape(limit int) { s.unescape(limit, s.byte()) }

// unescape reads the rest of an escape whose letter is c.
func (s *scanner) unescape(limit int, c byte) {
	switch c {
	case 'b':
		s.keep(limit, '\b')
	case 'f':
		s.keep(limit, '\f')
	case 'n':
		s.keep(limit, '\n')
	case 'r':
		s.keep(limit, '\r')
	case 't':
		s.keep(limit, '\t')
	case '"', '\\', '/':
		s.keep(limit, c)
	case 'u':
		s.unicode(limit)
	default:
		s.fail(errSyntax)
	}
}

// unicode reads \uXXXX behind its u. Halves of surrogate pairs that stand
// alone become U+FFFD.
func (s *scanner) unicode(limit int) {
	r := s.hex4()
	if !utf16.IsSurrogate(r) || !s.fill() || s.buf[s.i] != '\\' {
		s.rune(limit, r)
		return
	}
	s.i++
	switch c := s.byte(); c {
	case 'u':
		s.rune(limit, utf16.DecodeRune(r, s.hex4()))
	default:
		s.rune(limit, utf8.RuneError)
		s.unescape(limit, c)
	}
}

func (s *scanner) rune(limit int, r rune) {
	if len(s.text)+utf8.RuneLen(utf8.RuneError) <= limit {
		s.text = utf8.AppendRune(s.text, r)
	}
}

func (s *scanner) hex4() rune {
	var r rune
	for range 4 {
		c := s.byte()
		switch {
		case c >= '0' && c <= '9':
			r = r<<4 | rune(c-'0')
		case c|0x20 >= 'a' && c|0x20 <= 'f':
			r = r<<4 | rune(c|0x20-'a'+10)
		default:
			s.fail(errSyntax)
		}
	}
	return r
}

// integer reads a number without fraction and exponent, of at most 9 digits.
func (s *scanner) integer() int {
	n, digits := 0, 0
	for c := s.peek(); c >= '0' && c <= '9' && digits < 9; digits++ {
		n = n*10 + int(c-'0')
		s.i++
		if !s.fill() {
			return 0
		}
		c = s.buf[s.i]
	}
	if digits == 0 || !isDelimiter(s.peek()) {
		s.fail(errSyntax)
	}
	return n
}

func isDelimiter(c byte) bool { return c == ',' || c == '}' || c == ']' }

// skip passes over one value.
func (s *scanner) skip() {
	depth := 0
	for s.err == nil {
		switch c := s.peek(); c {
		case '"':
			s.string(0)
		case '{', '[':
			s.i++
			if depth++; depth > maxDepth {
				s.fail(errSyntax)
			}
			continue
		case '}', ']':
			if depth == 0 {
				s.fail(errSyntax)
				return
			}
			s.i++
			depth--
		case ',', ':':
			if depth == 0 {
				s.fail(errSyntax)
				return
			}
			s.i++
			continue
		default:
			s.scalar()
		}
		if depth == 0 {
			return
		}
	}
}

// scalar passes over a number or a literal.
func (s *scanner) scalar() {
	read := false
	for s.fill() {
		c := s.buf[s.i]
		if !(c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c == '-' || c == '+' || c == '.' || c == 'E') {
			break
		}
		read = true
		s.i++
	}
	if !read {
		s.fail(errSyntax)
	}
}
