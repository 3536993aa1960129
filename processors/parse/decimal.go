package parse

import (
	"bytes"

	"github.com/tailrace/tailrace/pipeline/event"
)

// seconds adds a duration. One below zero was not reached.
func (a *access) seconds(f *accessField, s event.Span) bool {
	digits := a.bytes(s)
	switch digits[0] {
	case '-':
		return isDecimal(digits[1:])
	case '+':
		digits = digits[1:]
	}
	if !isDecimal(digits) {
		return false
	}
	if f.scale == 0 && digits[0] != '0' || len(digits) > 1 && digits[1] == '.' && f.scale == 0 {
		value := cut(s, int(s.Len)-len(digits), int(s.Len))
		a.l.addJSON(f.name, value)
		return true
	}
	at := len(a.l.b.Data)
	a.l.b.Data = appendMoved(a.l.b.Data, digits, int(f.scale))
	a.l.addJSON(f.name, a.l.appended(at))
	return true
}

// milliseconds is a duration of at most three digits, with which w begins, in
// seconds: 0.000 with the digits at its end.
func (l *line) milliseconds(w uint64, digits int) event.Span {
	const zero = '0' | '.'<<8 | '0'<<16 | '0'<<24 | '0'<<32
	shift := 8 * (len("0.000") - digits)
	w = w<<shift | zero&(1<<shift-1)
	b := l.b
	at := len(b.Data)
	b.Data = append(b.Data, byte(w), byte(w>>8), byte(w>>16), byte(w>>24), byte(w>>32))
	return event.Span{Off: uint32(at), Len: uint32(len("0.000"))}
}

// moved is a duration in digits of its unit, in seconds.
func (l *line) moved(digits []byte, places int) event.Span {
	b := l.b
	at := len(b.Data)
	if len(digits) > places {
		b.Data = appendShifted(b.Data, digits, places)
	} else {
		b.Data = append(b.Data, zeros[:2+places]...)
		copy(b.Data[len(b.Data)-len(digits):], digits)
	}
	return l.appended(at)
}

// maxDecimal bounds the digits of a decimal number.
const maxDecimal = 24

// isDecimal reports whether s is digits, possibly with a point between them.
func isDecimal(s []byte) bool {
	point := false
	for i, c := range s {
		if c == '.' && !point && i > 0 && i+1 < len(s) {
			point = true
		} else if c-'0' > 9 {
			return false
		}
	}
	return len(s) > 0 && len(s) <= maxDecimal
}

// appendMoved appends the decimal number s with its point moved to the left,
// as JSON writes it.
func appendMoved(dst, s []byte, places int) []byte {
	whole := bytes.IndexByte(s, '.')
	if whole < 0 {
		return appendShifted(dst, s, places)
	}
	var digits [maxDecimal]byte
	d := append(append(digits[:0], s[:whole]...), s[whole+1:]...)
	return appendShifted(dst, d, places+len(d)-whole)
}

const zeros = "0.000000000000000000000000000000000000000000000000"

// appendShifted appends the digits s with a point before the last places of
// them, at most 2·maxDecimal.
func appendShifted(dst, s []byte, places int) []byte {
	for len(s) > places+1 && s[0] == '0' {
		s = s[1:]
	}
	if places == 0 {
		return append(dst, s...)
	}
	if n := len(s) - places; n > 0 {
		return append(append(append(dst, s[:n]...), '.'), s[n:]...)
	}
	return append(append(dst, zeros[:2+places-len(s)]...), s...)
}
