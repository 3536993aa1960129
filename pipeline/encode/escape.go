package encode

import (
	"encoding/binary"
	"unicode/utf8"
)

// safe says which bytes stand for themselves in a JSON string (RFC 8259, 7).
// Bytes from 0x80 on are safe as parts of valid UTF-8.
var safe = func() (t [256]bool) {
	for i := range t {
		t[i] = i >= 0x20 && i != '"' && i != '\\'
	}
	return t
}()

const hexDigits = "0123456789abcdef"

// appendText writes p as a JSON string. Text that is not valid UTF-8 is
// written by appendLossless, and escaped is true.
func appendText[T ~string | ~[]byte](b []byte, p T) (_ []byte, escaped bool) {
	start := len(b)
	b = append(b, '"')
	b, ascii := appendEscaped(b, p)
	b = append(b, '"')
	if ascii || utf8.Valid(b[start:]) {
		return b, false
	}
	return appendLossless(b[:start], []byte(p)), true
}

// appendEscaped writes p, valid UTF-8, as the content of a JSON string, and
// says whether it is all ASCII: runs of safe bytes, found eight at a time, are
// copied whole.
func appendEscaped[T ~string | ~[]byte](b []byte, p T) (_ []byte, ascii bool) {
	ascii = true
	for {
		n, plain := safeRun(p)
		ascii = ascii && plain
		b = append(b, p[:n]...)
		if n == len(p) {
			return b, ascii
		}
		b = appendEscape(b, p[n])
		p = p[n+1:]
	}
}

// Words of eight equal bytes, for safeRun.
const (
	ones   = 0x0101010101010101
	high   = 0x8080808080808080
	quotes = ones * '"'
	slants = ones * '\\'
	spaces = ones * ' '
)

// safeRun counts the safe bytes at the beginning of p and says whether all of
// these are ASCII. In a word of eight, a byte is below a bound, or equal to
// one, when subtracting borrows from its high bit (Bit Twiddling Hacks,
// "Determine if a word has a byte less than n"): false alarms come only behind
// a true one, and then, as after the last whole word, the table decides.
func safeRun[T ~string | ~[]byte](p T) (n int, ascii bool) {
	var all uint64
	for ; n+8 <= len(p); n += 8 {
		w := binary.LittleEndian.Uint64([]byte(p[n : n+8]))
		q, s := w^quotes, w^slants
		if ((w-spaces)&^w|(q-ones)&^q|(s-ones)&^s)&high != 0 {
			break
		}
		all |= w
	}
	for n < len(p) && safe[p[n]] {
		all |= uint64(p[n])
		n++
	}
	return n, all&high == 0
}

// appendEscape writes the one unsafe byte c.
func appendEscape(b []byte, c byte) []byte {
	switch c {
	case '"', '\\':
		return append(b, '\\', c)
	case '\n':
		return append(b, '\\', 'n')
	case '\r':
		return append(b, '\\', 'r')
	case '\t':
		return append(b, '\\', 't')
	default:
		return append(b, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
	}
}

// appendLossless writes p, which is not valid UTF-8, as a JSON string from
// which it can be had back: an invalid byte becomes \xHH (lower-case), a
// backslash is doubled, and both are then escaped for JSON.
func appendLossless(b, p []byte) []byte {
	b = append(b, '"')
	for len(p) > 0 {
		r, n := utf8.DecodeRune(p)
		switch {
		case r == utf8.RuneError && n == 1:
			b = append(b, '\\', '\\', 'x', hexDigits[p[0]>>4], hexDigits[p[0]&15])
		case r == '\\':
			b = append(b, `\\\\`...)
		default:
			b, _ = appendEscaped(b, p[:n])
		}
		p = p[n:]
	}
	return append(b, '"')
}
