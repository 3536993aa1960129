package parse

import (
	"encoding/binary"
	"math/bits"
	"time"
	"unicode/utf8"

	"github.com/tailrace/tailrace/pipeline/event"
)

// stamp is the time that a line of text has at its head.
type stamp struct {
	ns int64
	// local is what was written, as if in UTC.
	local int64
	// zoned says that the time names its zone.
	zoned bool
	// end is the index behind it, 0 when there is no time.
	end int
}

// isoAt reads the ISO 8601 time at text[i:], with what belongs to it. Many
// formats ask for the same one in turn, so the last answer is kept.
func (l *line) isoAt(i int) stamp {
	if l.stampAt != i+1 {
		l.stamp, l.stampAt = l.readISO(i), i+1
	}
	return l.stamp
}

func (l *line) readISO(i int) stamp {
	s := l.text
	if len(s) < i+isoSize || s[i+4] != '-' || s[i+13] != ':' {
		return stamp{}
	}
	sec, frac, n := l.clock.isoSeconds(s[i:])
	if n == 0 {
		return stamp{}
	}
	zone := i + n
	end := zone
	for end < len(s) && stampBytes[s[end]] {
		end++
	}
	if end == zone+1 && s[zone] == ':' {
		// Many write a colon behind the time.
		end = zone
	}
	ns, ok := l.clock.inZone(sec, frac, s[zone:end])
	if !ok {
		return stamp{}
	}
	return stamp{ns, sec*int64(time.Second) + frac, end > zone, end}
}

// stampBytes are those that may belong to a time.
var stampBytes = bytesOf(digits0 + ".,:Z+-")

// setStamp makes t the record's time.
func (l *line) setStamp(t stamp) {
	if t.zoned {
		l.setTime(t.ns)
	} else {
		l.setLocalTime(t.ns)
	}
}

// setLevel makes text[from:to] the record's level.
func (l *line) setLevel(number uint8, from, to int) {
	l.r.Severity, l.r.SeverityText = number, event.Text(l.span(from, to))
}

// message makes what stands from i on the body, and looks for trace context in
// the line.
func (l *line) message(i int) { l.messageBehind(l.headEnd(), i) }

// messageBehind is message for a line whose head, up to head, has no key of trace
// context.
func (l *line) messageBehind(head, i int) {
	l.r.Body = event.Text(l.span(i, len(l.text)))
	if !l.textTrace(head) && !isUTF8(l.text[i:]) {
		l.r.Flags |= event.Escape
	}
}

// headEnd is the end of a time at the line's head: no key stands before or in it.
func (l *line) headEnd() int {
	if l.stampAt == 1 || l.stampAt == 2 {
		return l.stamp.end
	}
	return 0
}

// bodyFrom makes what stands from i on the body.
func (l *line) bodyFrom(i int) {
	l.r.Body = event.Text(l.span(i, len(l.text)))
	if !isUTF8(l.text[i:]) {
		l.r.Flags |= event.Escape
	}
}

// digitsAt is the index behind the digits at i, and their number.
func (l *line) digitsAt(i int) (end int, n int64, ok bool) {
	n, end = leadingDigits(l.text, i)
	return end, n, uint(end-i-1) < maxDigits
}

// hasAt reports whether text[i:] begins with s.
func (l *line) hasAt(i int, s string) bool {
	return i >= 0 && len(l.text)-i >= len(s) && string(l.text[i:i+len(s)]) == s
}

// bracketAt is the content of the brackets that open at i, without the blanks
// around it, and the index behind them; end is 0 when there are none.
func (l *line) bracketAt(i int) (from, to, end int) {
	if i >= len(l.text) || l.text[i] != '[' {
		return 0, 0, 0
	}
	to = stopFrom(l.text, i, ']')
	if to < 0 {
		return 0, 0, 0
	}
	from, end = i+1, to+1
	for from < to && l.text[from] == ' ' {
		from++
	}
	for to > from && l.text[to-1] == ' ' {
		to--
	}
	return from, to, end
}

// wordEnd is where the first blank or control byte is at i or behind it, the end of
// s where none is.
func wordEnd(s []byte, i int) int {
	for ; i < len(s); i += 8 {
		x := upToEnd(s, i)
		if found := (x - (' '+1)*ones) &^ x & (0x80 * ones); found != 0 {
			return min(i+bits.TrailingZeros64(found)>>3, len(s))
		}
	}
	return len(s)
}

// find is where the literal is first at i or behind it, less than zero where it is
// not.
func find(s []byte, i int, literal string) int {
	for ; ; i++ {
		i = stopFrom(s, i, literal[0])
		if i < 0 || len(s)-i >= len(literal) && string(s[i:i+len(literal)]) == literal {
			return i
		}
	}
}

// blanks is the index behind the blanks at i.
func (l *line) blanks(i int) int {
	for i < len(l.text) && l.text[i] == ' ' {
		i++
	}
	return i
}

// isUTF8 is utf8.Valid for lines, most of which are ASCII: 32 bytes are looked
// at together, the last ones maybe twice.
func isUTF8(s []byte) bool {
	rest := s
	for len(rest) > 32 && isASCII(rest) {
		rest = rest[32:]
	}
	if len(s) >= 32 && len(rest) <= 32 && isASCII(s[len(s)-32:]) {
		return true
	}
	return utf8.Valid(rest)
}

// isASCII looks at the first 32 bytes of s.
func isASCII(s []byte) bool {
	x := binary.LittleEndian.Uint64(s) | binary.LittleEndian.Uint64(s[8:]) |
		binary.LittleEndian.Uint64(s[16:]) | binary.LittleEndian.Uint64(s[24:])
	return x&(0x80*ones) == 0
}
