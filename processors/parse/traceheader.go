package parse

import (
	"bytes"
	"encoding/base64"
)

// contextHeader is a way to write a whole trace context in one value, beside W3C's.
type contextHeader uint8

const (
	headerB3 contextHeader = iota
	headerJaeger
	headerXRay
	headerGCP
	headerSkyWalking
	headerSkyWalkingLog
	headerSentry
	headerFinagle
)

// parseHeader reads a value of that kind. It need not clear c when it fails.
func parseHeader(h contextHeader, s []byte, c *context) bool {
	switch h {
	case headerB3:
		return parseB3(s, c)
	case headerJaeger:
		return parseJaeger(s, c)
	case headerXRay:
		return parseXRay(s, c)
	case headerGCP:
		return parseCloudTrace(s, c)
	case headerSkyWalking:
		return parseSkyWalking(s, c)
	case headerSkyWalkingLog:
		return parseSkyWalkingLog(s, c)
	case headerSentry:
		return bytes.IndexByte(s, '-') == 32 && parseB3(s, c)
	case headerFinagle:
		return parseFinagle(s, c)
	}
	return false
}

// parseB3 reads the single-header form of B3, {trace}-{span}[-{state}[-{parent}]].
func parseB3(s []byte, c *context) bool {
	trace, rest, found := bytes.Cut(s, dash)
	if !found || len(trace) != 32 && len(trace) != 16 {
		return false
	}
	span, rest, _ := bytes.Cut(rest, dash)
	if len(span) != 16 || !hexID(c.trace[:], trace) || !hexID(c.span[:], span) {
		return false
	}
	state, _, _ := bytes.Cut(rest, dash)
	c.hasFlags, c.flags = sampling(state)
	return len(state) == 0 || c.hasFlags
}

var dash = []byte("-")

// parseJaeger reads uber-trace-id, {trace}:{span}:{parent}:{flags}, whose ids
// are not padded. The sampled bit is the lowest, so it does not matter whether
// the flags are decimal or hexadecimal.
func parseJaeger(s []byte, c *context) bool {
	var parts [4][]byte
	for i := range parts {
		end, width := jaegerColon(s)
		if (end < 0) != (i == len(parts)-1) {
			return false
		}
		if end < 0 {
			end, width = len(s), 0
		}
		parts[i], s = s[:end], s[end+width:]
	}
	var parent [8]byte
	flags, root := parts[3], len(bytes.Trim(parts[2], "0")) == 0
	if !root && !hexDigits(parent[:], parts[2]) || len(flags) == 0 || len(flags) > 2 {
		return false
	}
	last := lowerDigits[flags[len(flags)-1]|0x20]
	c.hasFlags, c.flags = true, last&1
	return last <= 15 && hexDigits(c.trace[:], parts[0]) && hexDigits(c.span[:], parts[1])
}

// jaegerColon is the place and length of the next colon, which may be written
// as in a URL.
func jaegerColon(s []byte) (at, width int) {
	for i, b := range s {
		switch {
		case b == ':':
			return i, 1
		case b == '%' && len(s) > i+2 && s[i+1] == '3' && s[i+2]|0x20 == 'a':
			return i, 3
		}
	}
	return -1, 0
}

// parseXRay reads AWS's Root=1-{8}-{24};Parent={16};Sampled={0|1} in any order
// and with other parts between, and what its SDKs put into logs,
// 1-{8}-{24}@{16} behind the name AWS-XRAY-TRACE-ID.
func parseXRay(s []byte, c *context) bool {
	s = bytes.TrimPrefix(s, []byte("AWS-XRAY-TRACE-ID: "))
	if bytes.HasPrefix(s, []byte("1-")) {
		root, segment, found := bytes.Cut(s, []byte("@"))
		return xrayRoot(c, root) && (!found || exactID(c.span[:], segment))
	}
	for len(s) > 0 {
		var part []byte
		part, s, _ = bytes.Cut(s, []byte(";"))
		name, value, _ := bytes.Cut(bytes.Trim(part, " "), []byte("="))
		switch string(name) {
		case "Root":
			if !xrayRoot(c, value) {
				return false
			}
		case "Parent":
			if !exactID(c.span[:], value) {
				clear(c.span[:])
			}
		case "Sampled":
			c.hasFlags, c.flags = sampling(value)
		}
	}
	return c.trace != [16]byte{}
}

// xrayRoot reads 1-{8}-{24}.
func xrayRoot(c *context, s []byte) bool {
	if len(s) == 35 && s[0] == '1' && s[1] == '-' && s[10] == '-' &&
		lowerHex(c.trace[:4], s[2:10]) && lowerHex(c.trace[4:], s[11:]) {
		return !allZero(c.trace[:])
	}
	var buf [64]byte
	digits := traceDigits(s, &buf)
	return len(s) == 35 && len(digits) == 32 && hexID(c.trace[:], digits)
}

// parseCloudTrace reads Google's X-Cloud-Trace-Context, {trace}/{span};o={flags}
// with the span in decimal; all behind the trace may be absent.
func parseCloudTrace(s []byte, c *context) bool {
	s, options, hasOptions := bytes.Cut(s, []byte(";"))
	trace, span, hasSpan := bytes.Cut(s, []byte("/"))
	if len(trace) != 32 || !hexID(c.trace[:], trace) {
		return false
	}
	if hasSpan && !decimalID(c.span[:], span) && string(span) != "0" {
		return false
	}
	if hasOptions {
		state, known := bytes.CutPrefix(options, []byte("o="))
		if c.hasFlags, c.flags = sampling(state); !known || !c.hasFlags {
			return false
		}
	}
	return true
}

// parseFinagle reads Linkerd 1's l5d-ctx-trace, base64 of Finagle's TraceId:
// span, parent, trace, flags and perhaps the trace's upper half, eight bytes
// each, big-endian.
func parseFinagle(s []byte, c *context) bool {
	var id [48]byte
	if len(s) > base64.StdEncoding.EncodedLen(40) {
		return false
	}
	n, err := base64.StdEncoding.Decode(id[:], s)
	if err != nil || n != 32 && n != 40 {
		return false
	}
	copy(c.span[:], id[:8])
	copy(c.trace[8:], id[16:24])
	if n == 40 {
		copy(c.trace[:8], id[32:40])
	}
	return c.trace != [16]byte{}
}
