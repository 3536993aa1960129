package parse

import (
	"bytes"
	"encoding/binary"
	"math/bits"
)

// endOf is the end of p's value, which begins at i, or less than zero.
func (a *access) endOf(p *piece, i int) int {
	s := a.l.text
	switch p.end {
	case endStop:
		if end := stopFrom(s, i, p.stop); end >= 0 || p.next != "" && !p.final {
			return end
		}
	case endQuote:
		return a.quoteEnd(p, i)
	case endNext:
		return find(s, i, p.next)
	case endCLF:
		if len(s)-i < clfSize {
			return -1
		}
		return i + clfSize
	case endUser:
		return p.userEnd(s, i)
	case endRequest:
		return p.requestEnd(s, i)
	case endList:
		return listEnd(s, i)
	}
	return len(s)
}

// quoteEnd is the end of a value in quotes. Without an escape in the line, and
// where a quote is not written as one inside of a value, the first quote is it.
func (a *access) quoteEnd(p *piece, i int) int {
	s := a.l.text
	if a.escape == escapeNone || a.escape == escapeHash {
		if end := stopFrom(s, i, '"'); end >= 0 {
			return end
		}
	}
	if end := quoteEnd(s, i); end >= 0 || !p.cut {
		return end
	}
	return len(s)
}

// stopFrom is where the first stop at i or behind it is, less than zero where
// none is: bytes.IndexByte for values that are mostly a few bytes long, of which
// the first eight are looked at together.
func stopFrom(s []byte, i int, stop byte) int {
	if i+8 <= len(s) {
		if found := zeroBytes(eight(s, i) ^ uint64(stop)*ones); found != 0 {
			return i + bits.TrailingZeros64(found)>>3
		}
		i += 8
	}
	if n := bytes.IndexByte(s[i:], stop); n >= 0 {
		return i + n
	}
	return -1
}

// ones has the lowest bit of each byte.
const ones = 0x0101010101010101

// zeroBytes has a bit for each byte of x that is zero, and right up to the first of
// them, as in S. Anderson, "Bit Twiddling Hacks", "Determine if a word has a zero
// byte".
func zeroBytes(x uint64) uint64 { return (x - ones) &^ x & (0x80 * ones) }

// eight are the eight bytes of s from i on.
func eight(s []byte, i int) uint64 { return binary.LittleEndian.Uint64(s[i : i+8 : i+8]) }

// userEnd is the end of a user's name, which may hold spaces and brackets: the
// time behind it settles where.
func (p *piece) userEnd(s []byte, i int) int {
	for ; ; i++ {
		if i = find(s, i, p.next); i < 0 || isTimeBehind(s, i+len(p.next)) {
			return i
		}
	}
}

// isTimeBehind reports whether s[i:] begins with a time of the Common Log Format
// in brackets.
func isTimeBehind(s []byte, i int) bool {
	end := i + clfSize
	return end < len(s) && s[end] == ']' && s[i+2] == '/'
}

// requestEnd is the end of a request in which quotes are not escaped: where a
// status follows.
func (p *piece) requestEnd(s []byte, i int) int {
	for ; ; i++ {
		if i = find(s, i, p.next); i < 0 {
			return -1
		}
		status := i + len(p.next)
		if _, end := leadingDigits(s, status); end == status+3 && end < len(s) && s[end] == ' ' {
			return i
		}
	}
}

// listEnd is the end of a list of nginx's: items with a comma, or a colon
// between spaces, between them.
func listEnd(s []byte, i int) int {
	for {
		i = nextSpace(s, i)
		switch {
		case i == len(s):
			return i
		case s[i-1] == ',':
			i++
		case i+2 < len(s) && s[i+1] == ':' && s[i+2] == ' ':
			i += 3
		default:
			return i
		}
	}
}

// captures reads the headers that HAProxy captured, in braces, and returns the
// index behind them. It leaves them out, with the literal before i, when it
// captures none; which of the request and the response a lone group is of cannot
// be told.
func (a *access) captures(p *piece, i int) int {
	s, without := a.l.text, i-len(p.before)
	if i == len(s) || s[i] != '{' {
		return without
	}
	end := bytes.IndexByte(s[i:], '}')
	if end < 0 {
		return without
	}
	end += i
	field := &p.field
	if p.braces && !bytes.HasPrefix(s[end+1:], []byte(" {")) {
		field = &loneCaptures
	}
	a.put(field, a.l.span(i+1, end))
	return end + 1
}

var loneCaptures = named(meansCaptures, "haproxy.captured_headers")
