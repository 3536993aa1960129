package parse

import (
	"bytes"
	"encoding/binary"
	"unicode/utf8"

	"github.com/tailrace/tailrace/pipeline/event"
)

// stamp is the time that a line of text has at its head.
type stamp struct {
	ns int64
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
	ns, ok := l.clock.inZone(sec, frac, s[zone:end])
	if !ok {
		return stamp{}
	}
	return stamp{ns, end > zone, end}
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
func (l *line) message(i int) {
	l.r.Body = event.Text(l.span(i, len(l.text)))
	if !isUTF8(l.text[i:]) {
		l.r.Flags |= event.Escape
	}
	l.textTrace()
}

// digitsAt is the index behind the digits at i, and their number.
func (l *line) digitsAt(i int) (end int, n int64, ok bool) {
	for end = i; end < len(l.text) && l.text[end]-'0' <= 9; end++ {
	}
	n, ok = wholeNumber(l.text[i:end])
	return end, n, ok
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
	n := bytes.IndexByte(l.text[i:], ']')
	if n < 0 {
		return 0, 0, 0
	}
	from, to = i+1, i+n
	for from < to && l.text[from] == ' ' {
		from++
	}
	for to > from && l.text[to-1] == ' ' {
		to--
	}
	return from, to, i + n + 1
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
	return x&0x8080808080808080 == 0
}
