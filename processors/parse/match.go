package parse

import (
	"bytes"
	"encoding/binary"
	"math/bits"
)

// match takes text[at:] apart by the layout. It returns the first byte that
// does not fit, less than zero when all fits. Where nothing is escaped, most
// lines fit from their beginning on all the same: only when one does not is it
// matched from both sides.
func (y *layout) match(a *access, at int) int {
	bad, i := y.matchTo(a, at, len(y.pieces))
	if bad < 0 || i <= y.both {
		return bad
	}
	a.l.undo()
	a.l.r.Severity, a.hosted = sevInfo, false
	if bad, i = y.matchTo(a, at, y.both); bad >= 0 && i < y.both {
		return bad
	}
	return y.matchBoth(a, bad)
}

// matchTo matches the first n pieces. It returns the byte and the piece that do
// not fit; less than zero when the whole layout fits, and n with the byte
// behind the last piece when those before it do.
func (y *layout) matchTo(a *access, at, n int) (bad, piece int) {
	for i := range y.pieces[:n] {
		p := &y.pieces[i]
		if i >= y.optional && ends(a.l.text[at:], p.before) {
			return -1, i
		}
		next := a.take(p, at)
		if next < 0 {
			return a.bad, i
		}
		at = next
	}
	if n < len(y.pieces) {
		return at, n
	}
	return y.matchAfter(a, at), n
}

// take gives the record p's value, whose literal begins at i, and returns where
// the value ends, less than zero when a.bad does not fit.
func (a *access) take(p *piece, i int) int {
	s := a.l.text
	if !p.follows(s, i) {
		if p.end == endBraces {
			return i
		}
		return a.misfit(i+samePrefix(s[i:], p.before), p.before)
	}
	i += len(p.before)
	if p.end == endDigits {
		if n, end := leadingDigits(s, i); end < len(s) && s[end] == p.stop && uint(end-i-1) < maxDigits {
			a.digits(&p.field, n, i, end)
			return end
		}
	}
	return a.takeSlowly(p, i)
}

// takeSlowly is take for a value that begins at i and has to be looked for.
func (a *access) takeSlowly(p *piece, i int) int {
	if p.end == endBraces {
		return a.captures(p, i)
	}
	end := a.endOf(p, i)
	if end < 0 || !a.put(&p.field, a.l.span(i, end)) {
		return a.misfit(i, p.variable)
	}
	return end
}

// leadingDigits reads the digits at i, and returns where they end.
func leadingDigits(s []byte, i int) (n int64, end int) {
	for end = i; end < len(s) && s[end]-'0' <= 9; end++ {
		n = n*10 + int64(s[end]-'0')
	}
	return n, end
}

// misfit notes which byte does not fit and what should be there.
func (a *access) misfit(at int, wanted string) int {
	a.bad, a.l.wanted = at, wanted
	return -1
}

// ends reports whether a line ends where the literal before a value may be: a
// quote that the last value stood in closes it.
func ends(rest []byte, before string) bool {
	return len(rest) == 0 || len(rest) == 1 && rest[0] == '"' && before[0] == '"'
}

// matchAfter compares what stands behind the last value.
func (y *layout) matchAfter(a *access, at int) int {
	switch rest := a.l.text[at:]; {
	case string(rest) == y.after, y.cut && len(rest) == 0:
		return -1
	case y.loose && bytes.HasPrefix(rest, []byte(y.after)) && rest[len(y.after)] == ' ':
		return -1
	default:
		a.l.wanted = y.after
		return at + samePrefix(rest, y.after)
	}
}

// matchBoth matches the pieces behind the free one from the line's end, and
// gives what is left to the free one.
func (y *layout) matchBoth(a *access, at int) int {
	s := a.l.text
	free := &y.pieces[y.both]
	if !bytes.HasPrefix(s[at:], []byte(free.before)) {
		a.l.wanted = free.before
		return at + samePrefix(s[at:], free.before)
	}
	from := at + len(free.before)
	if len(s)-from < len(y.after) || string(s[len(s)-len(y.after):]) != y.after {
		a.l.wanted = y.after
		return len(s)
	}
	end := len(s) - len(y.after)
	for i := len(y.pieces) - 1; i > y.both; i-- {
		p := &y.pieces[i]
		n := lastLiteral(s[from:end], p.before)
		if n < 0 {
			a.l.wanted = p.before
			return from
		}
		value := from + n + len(p.before)
		if p.spaceless && hasSpace(s[value:end]) || !a.put(&p.field, a.l.span(value, end)) {
			a.l.wanted = p.variable
			return value
		}
		end = from + n
	}
	if !a.put(&free.field, a.l.span(from, end)) {
		return from
	}
	return -1
}

// parseLayouts matches text[at:] with one of the layouts of a format, the one
// that matched last first.
func (l *line) parseLayouts(at int, layouts []*layout) bool {
	furthest := at
	for i := range layouts {
		k := (int(l.variants[l.trying]) + i) % len(layouts)
		n := l.matchLayout(layouts[k], at)
		if n < 0 {
			l.variants[l.trying] = uint8(k)
			return true
		}
		furthest = max(furthest, n)
		l.undo()
	}
	return l.fail(reasonMisfit, furthest)
}

// matchLayout takes text[at:] into the record, and returns the first byte that
// does not fit, less than zero when all fits.
func (l *line) matchLayout(y *layout, at int) int {
	a := access{l: l, escape: y.escape.in(l.text)}
	l.r.Severity = sevInfo
	n := y.match(&a, at)
	if n < 0 {
		l.wholeBody()
		l.dataset(y.dataset)
	}
	return n
}

// lastLiteral is bytes.LastIndex for the short literals of layouts, which are
// near the end most often.
func lastLiteral(s []byte, literal string) int {
	for i := len(s) - len(literal); i >= 0; i-- {
		if s[i] == literal[0] && string(s[i:i+len(literal)]) == literal {
			return i
		}
	}
	return -1
}

// samePrefix is how many bytes s and the literal have in common.
func samePrefix(s []byte, literal string) int {
	n := 0
	for n < len(s) && n < len(literal) && s[n] == literal[n] {
		n++
	}
	return n
}

// endOf is the end of p's value, which begins at i, or less than zero.
func (a *access) endOf(p *piece, i int) int {
	s := a.l.text
	switch p.end {
	case endStop, endDigits:
		if n := stopAt(s[i:], p.stop); n >= 0 {
			return i + n
		}
		if p.next == "" || p.final {
			return len(s)
		}
		return -1
	case endQuote:
		return a.quoteEnd(p, i)
	case endNext:
		if n := indexLiteral(s[i:], p.next); n >= 0 {
			return i + n
		}
		return -1
	case endCLF:
		if len(s)-i < clfSize {
			return -1
		}
		return i + clfSize
	case endUser:
		return userEnd(s, i, p.next)
	case endRequest:
		return requestEnd(s, i, p.next)
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
		if n := stopAt(s[i:], '"'); n >= 0 {
			return i + n
		}
	}
	if end := quoteEnd(s, i); end >= 0 || !p.cut {
		return end
	}
	return len(s)
}

// stopAt is bytes.IndexByte for values that are mostly a few bytes long: the
// first of them are looked at eight at a time, as in S. Anderson, "Bit Twiddling
// Hacks", "Determine if a word has a byte equal to n".
func stopAt(s []byte, stop byte) int {
	const ones, highs, few = 0x0101010101010101, 0x8080808080808080, 16
	stops, at := uint64(stop)*ones, 0
	for ; at < few && at+8 <= len(s); at += 8 {
		x := eight(s, at) ^ stops
		if found := (x - ones) &^ x & highs; found != 0 {
			return at + bits.TrailingZeros64(found)>>3
		}
	}
	if n := bytes.IndexByte(s[at:], stop); n >= 0 {
		return at + n
	}
	return -1
}

// eight are the eight bytes of s from i on.
func eight(s []byte, i int) uint64 { return binary.LittleEndian.Uint64(s[i : i+8 : i+8]) }

// indexLiteral is bytes.Index for the short literals of layouts, whose first byte
// is rare in the value before it.
func indexLiteral(s []byte, literal string) int {
	for at := 0; ; at++ {
		n := stopAt(s[at:], literal[0])
		if at += n; n < 0 || len(s)-at < len(literal) {
			return -1
		}
		if string(s[at:at+len(literal)]) == literal {
			return at
		}
	}
}

// userEnd is the end of a user's name, which may hold spaces and brackets: the
// time behind it settles where.
func userEnd(s []byte, i int, next string) int {
	for at := i; ; at++ {
		n := indexLiteral(s[at:], next)
		if n < 0 {
			return -1
		}
		at += n
		if end := at + len(next) + clfSize; end < len(s) && s[end] == ']' && s[end-clfSize+2] == '/' {
			return at
		}
	}
}

// requestEnd is the end of a request in which quotes are not escaped: where a
// status follows.
func requestEnd(s []byte, i int, next string) int {
	for at := i; ; at++ {
		n := indexLiteral(s[at:], next)
		if n < 0 {
			return -1
		}
		at += n
		end := at + len(next) + len("200")
		if _, ok := wholeNumber(s[min(end-len("200"), len(s)):min(end, len(s))]); ok && end < len(s) && s[end] == ' ' {
			return at
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
