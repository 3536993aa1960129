package parse

import "math/bits"

// taker gives a record a piece's value, as access.take does.
type taker func(a *access, p *piece, at int) (end int)

// quickly is how the piece's values are taken that are written in the simplest
// way, as most are: up to the first stop, and with nothing escaped. The others it
// leaves to access.take.
func (p *piece) quickly() taker {
	if len(p.before) > 8 || len(p.next) > 8 {
		return (*access).take
	}
	if take := p.requestTaker(); take != nil {
		return take
	}
	switch f := &p.field; {
	case p.stop == 0:
		return (*access).take
	case f.means == meansText || f.means == meansHeader:
		return (*access).takeText
	case f.means == meansWord:
		return (*access).takeWord
	case f.means == meansInt:
		return (*access).takeInt
	case f.means == meansStatus:
		return (*access).takeStatus
	case f.means == meansSeconds && f.scale > 0:
		return (*access).takeMoved
	case f.means == meansSeconds:
		return (*access).takeDecimal
	case p.end == endStop || p.end == endNext || p.end == endQuote:
		return (*access).takeOther
	}
	return (*access).take
}

// begins is where p's value begins, whose literal is at s[at], and its first eight
// bytes; less than zero where there are not so many, or another literal.
func (p *piece) begins(s []byte, at int) (i int, w uint64) {
	if i = at + len(p.before); i+8 > len(s) || eight(s, at)&p.head.mask != p.head.bytes {
		return -1, 0
	}
	return i, eight(s, i)
}

func (a *access) takeText(p *piece, at int) int {
	s := a.l.text
	i, w := p.begins(s, at)
	if i < 0 || a.escape != escapeNone {
		return a.take(p, at)
	}
	end := i
	if stop := zeroBytes(w ^ p.stops); stop != 0 {
		end += bits.TrailingZeros64(stop) >> 3
	} else {
		end = stopFrom(s, i+8, p.stop)
	}
	if end < i || p.end == endNext && !p.tail.at(s, end, p.next) {
		return a.take(p, at)
	}
	if n := end - i; n > 1 || n == 1 && byte(w) != '-' {
		a.l.addSpan(p.field.name, p.kind, a.l.span(i, end))
	}
	return end
}

// takeWord is takeText for text without white space that something else ends.
func (a *access) takeWord(p *piece, at int) int {
	s := a.l.text
	i, w := p.begins(s, at)
	if i < 0 || a.escape != escapeNone || p.end == endNext {
		return a.take(p, at)
	}
	end, stop := i, zeroBytes(w^p.stops)
	for ; stop == 0; stop = zeroBytes(w ^ p.stops) {
		if end += 8; zeroBytes(w^spaces) != 0 || end+8 > len(s) {
			return a.take(p, at)
		}
		w = eight(s, end)
	}
	end += bits.TrailingZeros64(stop) >> 3
	if end == i || zeroBytes(w^spaces)&(stop-1) != 0 {
		return a.take(p, at)
	}
	if end > i+1 || byte(w) != '-' {
		a.l.addText(p.field.name, a.l.span(i, end))
	}
	return end
}

const spaces = ' ' * ones

// takeOther takes what is neither text nor a number.
func (a *access) takeOther(p *piece, at int) int {
	s := a.l.text
	i, _ := p.begins(s, at)
	if i < 0 || p.end == endQuote && a.escape != escapeNone {
		return a.take(p, at)
	}
	end := stopFrom(s, i, p.stop)
	if end < 0 || p.end == endNext && !p.tail.at(s, end, p.next) {
		return a.take(p, at)
	}
	return a.taken(p, i, end)
}

func (a *access) takeInt(p *piece, at int) int {
	i, w := p.begins(a.l.text, at)
	n, end := digitsAt(w, i, p.stop)
	if end == 0 {
		return a.take(p, at)
	}
	a.l.addInt(p.field.name, n)
	return end
}

func (a *access) takeStatus(p *piece, at int) int {
	i, w := p.begins(a.l.text, at)
	n, end := digitsAt(w, i, p.stop)
	if end == 0 || end != i+3 {
		return a.take(p, at)
	}
	a.statusCode(n, a.l.span(i, end))
	return end
}

// takeMoved takes a number whose point is moved.
func (a *access) takeMoved(p *piece, at int) int {
	i, w := p.begins(a.l.text, at)
	_, end := digitsAt(w, i, p.stop)
	switch digits := end - i; {
	case end == 0:
		return a.takeLate(p, at)
	case p.field.scale == 3 && digits <= 3:
		a.l.addJSON(p.field.name, a.l.milliseconds(w, digits))
	default:
		a.l.addJSON(p.field.name, a.l.moved(a.l.text[i:end], int(p.field.scale)))
	}
	return end
}

// takeLate is takeMoved for a number that fewer than eight bytes are left for.
func (a *access) takeLate(p *piece, at int) int {
	s, i := a.l.text, at+len(p.before)
	if i >= len(s) || i+8 <= len(s) || !p.head.at(s, at, p.before) {
		return a.take(p, at)
	}
	_, end := digitsAt(upToEnd(s, i), i, p.stop)
	if end == 0 {
		return a.take(p, at)
	}
	a.l.addJSON(p.field.name, a.l.moved(s[i:end], int(p.field.scale)))
	return end
}

// takeDecimal takes a number with a point that stays where it is.
func (a *access) takeDecimal(p *piece, at int) int {
	s := a.l.text
	i, _ := p.begins(s, at)
	if i < 0 {
		return a.take(p, at)
	}
	end := decimalEnd(s, i)
	if end >= len(s) || s[end] != p.stop || uint(end-i-1) >= maxDecimal {
		return a.take(p, at)
	}
	a.l.addJSON(p.field.name, a.l.span(i, end))
	return end
}

// digitsAt is the number in the digits that w begins with, which stands at i, and
// the index of the stop behind them; 0 without digits, behind others and behind
// eight.
func digitsAt(w uint64, i int, stop byte) (n int64, end int) {
	for end = i; byte(w)-'0' <= 9; end++ {
		n = n*10 + int64(byte(w)-'0')
		w >>= 8
	}
	if end == i || byte(w) != stop {
		return 0, 0
	}
	return n, end
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
