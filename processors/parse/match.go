package parse

import (
	"bytes"
	"encoding/binary"
	"math/bits"

	"github.com/tailrace/tailrace/pipeline/event"
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
	s, pieces := a.l.text, y.pieces[:n]
	for i := range pieces {
		p := &pieces[i]
		if i >= y.optional && ends(s[at:], p.before) {
			return -1, i
		}
		if !p.head.at(s, at, p.before) {
			if p.end == endBraces {
				continue
			}
			a.misfit(at+samePrefix(s[at:], p.before), p.before)
			return a.bad, i
		}
		if at = a.take(p, at+len(p.before)); at < 0 {
			return a.bad, i
		}
	}
	if n < len(y.pieces) {
		return at, n
	}
	return y.matchAfter(a, at), n
}

// take gives the record p's value, which begins at text[i], and returns where it
// ends, less than zero when a.bad does not fit. Values are mostly written in the
// simplest way, for which one look is enough.
func (a *access) take(p *piece, i int) int {
	s := a.l.text
	switch p.quick {
	case quickText:
		if end := p.textEnd(s, i); end > i && a.escape == escapeNone {
			if end > i+1 || s[i] != '-' {
				text := a.l.span(i, end)
				*a.l.reserved() = event.Field{Name: p.field.name, Value: event.Value{Kind: p.kind, Span: text}}
			}
			return end
		}
	case quickDigits, quickMoved:
		if n, end := leadingDigits(s, i); end < len(s) && s[end] == p.stop && uint(end-i-1) < maxDigits {
			if p.quick == quickMoved {
				a.addMoved(&p.field, s[i:end])
				return end
			}
			*a.l.reserved() = event.Field{Name: p.field.name, Value: event.Value{Kind: event.KindInt, Num: n}}
			return end
		}
	case quickDecimal:
		if end := decimalEnd(s, i); end < len(s) && s[end] == p.stop && uint(end-i-1) < maxDecimal {
			number := a.l.span(i, end)
			*a.l.reserved() = event.Field{Name: p.field.name, Value: event.Value{Kind: event.KindJSON, Span: number}}
			return end
		}
	}
	return a.takeSlowly(p, i)
}

// textEnd is where text ends, mostly at the first stop, less than zero where it
// has to be looked for.
func (p *piece) textEnd(s []byte, i int) int {
	if i+1 < len(s) && s[i] == '-' && s[i+1] == p.stop {
		i++
	} else {
		i = stopFrom(s, i, p.stop)
	}
	if i < 0 || p.end == endNext && !p.tail.at(s, i, p.next) {
		return -1
	}
	return i
}

// decimalEnd is where a number ends that begins at i and that JSON writes in the
// same way, i where none begins.
func decimalEnd(s []byte, i int) int {
	_, point := leadingDigits(s, i)
	if point == i || point > i+1 && s[i] == '0' {
		return i
	}
	if point < len(s) && s[point] == '.' {
		if _, end := leadingDigits(s, point+1); end > point+1 {
			return end
		}
	}
	return point
}

// takeSlowly is take for a value that has to be looked for.
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

// maxAttributes bounds the attributes that one value of a layout becomes: a
// request's are the most.
const maxAttributes = 12

// matchLayout takes text[at:] into the record, and returns the first byte that
// does not fit, less than zero when all fits.
func (l *line) matchLayout(y *layout, at int) int {
	a := access{l: l, escape: y.escape.in(l.text)}
	l.r.Severity = sevInfo
	l.reserve(len(y.pieces) * maxAttributes)
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
	case endStop:
		if end := stopFrom(s, i, p.stop); end >= 0 || p.next != "" && !p.final {
			return end
		}
	case endQuote:
		return a.quoteEnd(p, i)
	case endNext:
		return p.tailFrom(s, i)
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
// none is: bytes.IndexByte for values that are mostly a few bytes long. The
// first of them are looked at eight at a time, as in S. Anderson, "Bit Twiddling
// Hacks", "Determine if a word has a byte equal to n".
func stopFrom(s []byte, i int, stop byte) int {
	const ones, highs, few = 0x0101010101010101, 0x8080808080808080, 16
	stops := uint64(stop) * ones
	for last := min(i+few, len(s)) - 8; i <= last; i += 8 {
		x := eight(s, i) ^ stops
		if found := (x - ones) &^ x & highs; found != 0 {
			return i + bits.TrailingZeros64(found)>>3
		}
	}
	if n := bytes.IndexByte(s[i:], stop); n >= 0 {
		return i + n
	}
	return -1
}

// eight are the eight bytes of s from i on.
func eight(s []byte, i int) uint64 { return binary.LittleEndian.Uint64(s[i : i+8 : i+8]) }

// tailFrom is where the literal behind p's value is, at i or behind it.
func (p *piece) tailFrom(s []byte, i int) int {
	for ; ; i++ {
		if i = stopFrom(s, i, p.next[0]); i < 0 || p.tail.at(s, i, p.next) {
			return i
		}
	}
}

// userEnd is the end of a user's name, which may hold spaces and brackets: the
// time behind it settles where.
func (p *piece) userEnd(s []byte, i int) int {
	for ; ; i++ {
		if i = p.tailFrom(s, i); i < 0 {
			return -1
		}
		if end := i + len(p.next) + clfSize; end < len(s) && s[end] == ']' && s[end-clfSize+2] == '/' {
			return i
		}
	}
}

// requestEnd is the end of a request in which quotes are not escaped: where a
// status follows.
func (p *piece) requestEnd(s []byte, i int) int {
	for ; ; i++ {
		if i = p.tailFrom(s, i); i < 0 {
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
