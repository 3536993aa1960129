package parse

import (
	"bytes"
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
	pieces := y.pieces[:n]
	for i := range pieces {
		p := &pieces[i]
		if at = p.take(a, p, at); at < 0 {
			return a.bad, i
		}
	}
	if n < len(y.pieces) {
		return at, n
	}
	return y.matchAfter(a, at), n
}

// take gives the record p's value, whose literal begins at text[at], and returns
// where it ends. It is less than zero when the line may end before it, and when
// text[a.bad] does not fit.
func (a *access) take(p *piece, at int) int {
	s, i := a.l.text, at+len(p.before)
	switch {
	case p.may && ends(s[at:], p.before):
		a.bad = -1
		return -1
	case !p.sure && !p.head.at(s, at, p.before):
		return a.without(p, at)
	case p.end == endBraces:
		return a.captures(p, i)
	case p.numeric() && i+1 < len(s) && s[i] == '-' && s[i+1] == p.stop:
		return i + 1
	}
	return a.taken(p, i, a.endOf(p, i))
}

// taken gives the record p's value in text[i:end], and returns end; less than zero
// when that is less, or the value no such.
func (a *access) taken(p *piece, i, end int) int {
	if end < 0 || !a.put(&p.field, a.l.span(i, end)) {
		return a.misfit(i, p.variable)
	}
	return end
}

// without is take where the literal before p's value is missing, which is left
// out with braces.
func (a *access) without(p *piece, at int) int {
	if p.end == endBraces {
		return at
	}
	return a.misfit(at+samePrefix(a.l.text[at:], p.before), p.before)
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
	a := &l.access
	*a = access{l: l, escape: y.escape.in(l.text)}
	l.r.Severity = sevInfo
	n := y.match(a, at)
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
