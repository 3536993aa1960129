package parse

import (
	"bytes"
	"encoding/base64"
	"math"
)

// SkyWalking's ids are texts. They become bytes as the Collector contrib's
// SkyWalking receiver turns them, so that a line finds the trace that came
// through it: https://github.com/open-telemetry/opentelemetry-collector-contrib,
// pkg/translator/skywalking.

// parseSkyWalking reads sw8: eight parts with dashes between them, of which
// the first four are sampling, trace and segment in base64, and span.
func parseSkyWalking(s []byte, c *context) bool {
	if bytes.Count(s, dash) != 7 {
		return false
	}
	state, s, _ := bytes.Cut(s, dash)
	trace, s, _ := bytes.Cut(s, dash)
	segment, s, _ := bytes.Cut(s, dash)
	span, _, _ := bytes.Cut(s, dash)
	var t, g [96]byte
	trace, ok := decodeBase64(t[:], trace)
	if !ok || !skyWalkingTrace(c, trace) {
		return false
	}
	if segment, ok = decodeBase64(g[:], segment); ok {
		skyWalkingSpan(c, segment, span)
	}
	c.hasFlags, c.flags = sampling(state)
	return c.hasFlags
}

func decodeBase64(dst, s []byte) ([]byte, bool) {
	if base64.StdEncoding.DecodedLen(len(s)) > len(dst) {
		return nil, false
	}
	n, err := base64.StdEncoding.Decode(dst, s)
	return dst[:n], err == nil
}

// parseSkyWalkingLog reads what the logging toolkits write of a context,
// [service,instance,trace,segment,span].
func parseSkyWalkingLog(s []byte, c *context) bool {
	s = bytes.Trim(s, "[]")
	if bytes.Count(s, []byte(",")) != 4 {
		return false
	}
	var parts [5][]byte
	for i := range parts {
		parts[i], s, _ = bytes.Cut(s, []byte(","))
	}
	if !skyWalkingTrace(c, parts[2]) {
		return false
	}
	skyWalkingSpan(c, parts[3], parts[4])
	return true
}

// skyWalkingTrace reads a UUID, or {32 digits}.{thread}.{sequence}.
func skyWalkingTrace(c *context, s []byte) bool {
	s = bytes.TrimPrefix(bytes.Trim(s, " "), []byte("TID:"))
	s = bytes.Trim(s, " ")
	var buf [64]byte
	if len(s) <= 36 {
		digits := traceDigits(s, &buf)
		return len(digits) == 32 && hexID(c.trace[:], digits)
	}
	return skyWalkingID(&c.trace, s) && c.trace != [16]byte{}
}

// skyWalkingSpan folds segment and span into eight bytes.
func skyWalkingSpan(c *context, segment, span []byte) {
	var id [16]byte
	n, ok := wholeNumber(span)
	if !ok || n > math.MaxUint32 || !skyWalkingID(&id, segment) {
		return
	}
	for i := range 4 {
		id[i] ^= byte(n >> (8 * i))
	}
	for i := range c.span {
		c.span[i] = id[i] ^ id[i+8]
	}
}

// skyWalkingID mixes the numbers behind the 32 digits into them.
func skyWalkingID(id *[16]byte, s []byte) bool {
	if len(s) < 32 || !lowerHex(id[:], s[:32]) {
		return false
	}
	if len(s) == 32 {
		return true
	}
	thread, sequence, found := bytes.Cut(s[33:], []byte("."))
	mid, ok := wholeNumber(thread)
	last, ok2 := wholeNumber(sequence)
	if s[32] != '.' || !found || !ok || !ok2 {
		return false
	}
	for i := range 4 {
		id[4+i] ^= byte(mid >> (8 * i))
	}
	for i := range 8 {
		id[8+i] ^= byte(last >> (8 * i))
	}
	return true
}
