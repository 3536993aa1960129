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
		v := a.l.field()
		v.Name, v.Value.Kind, v.Value.Span = f.name, event.KindJSON, value
		return true
	}
	at := len(a.l.b.Data)
	a.l.b.Data = appendMoved(a.l.b.Data, digits, int(f.scale))
	v := a.l.field()
	v.Name, v.Value.Kind = f.name, event.KindJSON
	v.Value.Span = event.Span{Off: uint32(at), Len: uint32(len(a.l.b.Data) - at)}
	return true
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
	var digits [2 * maxDecimal]byte
	d := digits[:0]
	whole := bytes.IndexByte(s, '.')
	if whole < 0 {
		whole = len(s)
	}
	for n := places - whole; n >= 0; n-- {
		d = append(d, '0')
	}
	point := len(d) + whole - places
	for _, c := range s {
		if c != '.' {
			d = append(d, c)
		}
	}
	for point > 1 && d[0] == '0' {
		d, point = d[1:], point-1
	}
	dst = append(dst, d[:point]...)
	if point < len(d) {
		dst = append(append(dst, '.'), d[point:]...)
	}
	return dst
}
