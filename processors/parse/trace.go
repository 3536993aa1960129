package parse

import (
	"bytes"
	"encoding/binary"
)

// context is a trace context as one source states it.
type context struct {
	trace    [16]byte
	span     [8]byte
	flags    uint8
	hasFlags bool
	// altered says that the source states more than is taken.
	altered bool
}

// give makes c, which has a trace id, the record's trace context unless it has
// one.
func (l *line) give(c *context) bool {
	if l.r.TraceID != [16]byte{} {
		return false
	}
	l.r.TraceID, l.r.SpanID = c.trace, c.span
	l.r.TraceFlags, l.r.HasFlags = c.flags, c.hasFlags
	return true
}

// traceparentSize is the length of a version 00 header (W3C Trace Context, 3.2).
const traceparentSize = 55

// parseTraceparent reads a W3C traceparent strictly: lower-case hexadecimal,
// no version ff, no zero id; version 00 is exactly so long, a higher version
// may go on behind a dash.
func parseTraceparent(s []byte, c *context) bool {
	if len(s) < traceparentSize || s[2] != '-' || s[35] != '-' || s[52] != '-' {
		return false
	}
	version, known := lowerByte(s[0], s[1])
	flags, valid := lowerByte(s[53], s[54])
	if !known || !valid || version == 0xff {
		return false
	}
	if len(s) > traceparentSize && (version == 0 || s[traceparentSize] != '-') {
		return false
	}
	if !lowerHex(c.trace[:], s[3:35]) || !lowerHex(c.span[:], s[36:52]) {
		return false
	}
	c.flags, c.hasFlags = flags, true
	c.altered = version != 0
	return c.trace != [16]byte{} && c.span != [8]byte{}
}

// sampling reads a sampling state: 1, true and B3's d (debug) mean sampled.
func sampling(s []byte) (known bool, flags uint8) {
	switch string(s) {
	case "1", "d", "true", "True", "01":
		return true, 1
	case "0", "false", "False", "00":
		return true, 0
	}
	return false, 0
}

// lowerHex decodes exactly len(dst) bytes of lower-case hexadecimal. It works
// on eight digits at once: a digit's value is its low four bits, plus nine for
// a letter, and only a digit that is valid gives itself back from its value.
func lowerHex(dst, s []byte) bool {
	if len(dst)%4 != 0 {
		return lowerHexBytes(dst, s)
	}
	bad := uint64(0)
	for i := 0; i+4 <= len(dst); i += 4 {
		x := eight(s, 2*i)
		v := x&(0x0f*ones) + x>>6&ones*9
		letter := (v + 6*ones) >> 4 & ones
		bad |= v&(0xf0*ones) | x ^ (v + '0'*ones + letter*('a'-10-'0'))
		v = (v<<4 | v>>8) & 0x00ff00ff00ff00ff
		v = (v | v>>8) & 0x0000ffff0000ffff
		binary.LittleEndian.PutUint32(dst[i:i+4:i+4], uint32(v|v>>16))
	}
	return bad == 0
}

func lowerHexBytes(dst, s []byte) bool {
	for i := range dst {
		b, ok := lowerByte(s[2*i], s[2*i+1])
		if !ok {
			return false
		}
		dst[i] = b
	}
	return true
}

// lowerByte is the byte that two lower-case digits stand for.
func lowerByte(hi, lo byte) (b byte, ok bool) {
	h, l := lowerDigits[hi], lowerDigits[lo]
	return h<<4 | l&15, h|l <= 15
}

var lowerDigits = digits("0123456789abcdef")

func digits(all string) (t [256]byte) {
	for i := range t {
		t[i] = 0xff
	}
	for i, c := range []byte(all) {
		t[c] = byte(i)
	}
	return t
}

// minID is the number of digits below which an id is taken for something
// else: a real one is that short once in four billion.
const minID = 8

// exactID decodes an id that is spelled as we write it.
func exactID(dst, s []byte) bool {
	return len(s) == 2*len(dst) && lowerHex(dst, s) && !allZero(dst)
}

func allZero(id []byte) bool {
	for _, c := range id {
		if c != 0 {
			return false
		}
	}
	return true
}

// hexID decodes an id of up to 2·len(dst) hexadecimal digits of either case,
// padded on the left, that is not zero.
func hexID(dst, s []byte) bool { return len(s) >= minID && hexDigits(dst, s) }

// hexDigits is hexID for values that cannot be anything else, however short.
func hexDigits(dst, s []byte) bool {
	if exactID(dst, s) {
		return true
	}
	if len(s) > 2*len(dst) {
		return false
	}
	clear(dst)
	for i := range s {
		c := s[len(s)-1-i]
		d := lowerDigits[c]
		if d > 15 {
			if d = lowerDigits[c|0x20]; d > 15 || c < 'A' {
				return false
			}
		}
		dst[len(dst)-1-i/2] |= d << (4 * (i & 1))
	}
	return !allZero(dst)
}

// decimalID decodes a 64-bit number in decimal, as Datadog writes ids.
func decimalID(dst, s []byte) bool {
	if len(s) == 0 || len(s) > 20 {
		return false
	}
	var n uint64
	for _, c := range s {
		d := uint64(c - '0')
		if c-'0' > 9 || n > (1<<64-1-d)/10 {
			return false
		}
		n = n*10 + d
	}
	clear(dst)
	for i := len(dst) - 1; n > 0; i-- {
		dst[i], n = byte(n), n>>8
	}
	return !allZero(dst)
}

// traceDigits takes the wrapping off a trace id: Google's resource name,
// X-Ray's parts, a UUID's dashes. What it cannot unwrap it leaves.
func traceDigits(s []byte, buf *[64]byte) []byte {
	s = bytes.Trim(s, " \"")
	if bytes.HasPrefix(s, []byte("projects/")) {
		if i := bytes.LastIndex(s, []byte("/traces/")); i >= 0 {
			s = s[i+len("/traces/"):]
		}
	}
	s = bytes.TrimPrefix(s, []byte("Root="))
	xray := len(s) == 35 && s[0] == '1' && s[1] == '-' && s[10] == '-'
	uuid := len(s) == 36 && s[8] == '-' && s[13] == '-' && s[18] == '-' && s[23] == '-'
	switch {
	case xray:
		s = s[2:]
	case !uuid:
		return s
	}
	n := 0
	for _, c := range s {
		if buf[n] = c; c != '-' {
			n++
		}
	}
	return buf[:n]
}
