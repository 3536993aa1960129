package parse

import (
	"bytes"

	"github.com/tailrace/tailrace/internal/strictjson"
)

// Magnitudes that tell the units of numbers since the epoch apart.
const (
	maxSeconds = 1e11
	maxMillis  = 1e14
	maxMicros  = 1e17
)

// parseEpoch reads a number since the Unix epoch, possibly with a fraction or
// an exponent, as seconds, milliseconds, microseconds or nanoseconds by its
// size. No digit of a plain number is lost, as would happen in a float64.
func parseEpoch(s []byte) (int64, bool) {
	var whole int64
	n := 0
	for n < len(s) && n < 19 && s[n]-'0' <= 9 {
		whole = whole*10 + int64(s[n]-'0')
		n++
	}
	frac, m := fraction(s[n:])
	if n == 0 || m < 0 {
		return 0, false
	}
	if n+m < len(s) {
		return parseExponent(s)
	}
	switch {
	case whole < maxSeconds:
		return nanos(whole, frac)
	case whole < maxMillis:
		return whole*1e6 + frac/1e3, whole < latest*1e3
	case whole < maxMicros:
		return whole*1e3 + frac/1e6, whole < latest*1e6
	}
	return whole, whole < latest*1e9
}

// parseExponent reads 1.772705472123e9, as some encoders of floats write it,
// by moving the point.
func parseExponent(s []byte) (int64, bool) {
	e := bytes.IndexAny(s, "eE")
	if e < 0 || len(s) > 32 || !strictjson.IsNumber(s) {
		return 0, false
	}
	exp := bytes.TrimPrefix(s[e+1:], []byte("+"))
	whole, frac, _ := bytes.Cut(s[:e], []byte("."))
	if len(exp) == 0 || len(exp) > 2 || exp[0] == '-' {
		return 0, false
	}
	move := int(exp[len(exp)-1] - '0')
	if len(exp) == 2 {
		move += 10 * int(exp[0]-'0')
	}
	var buf [160]byte
	out := append(buf[:0], whole...)
	for i := range move {
		if i < len(frac) {
			out = append(out, frac[i])
		} else {
			out = append(out, '0')
		}
	}
	if move < len(frac) {
		out = append(append(out, '.'), frac[move:]...)
	}
	return parseEpoch(out)
}
