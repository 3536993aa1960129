package parse

import "bytes"

// parseText keeps the line as it is. Trace context is taken only where the
// line names it.
func parseText(l *line) bool {
	l.wholeBody()
	if bytes.IndexByte(l.text, '=') >= 0 && !l.textTraceparent() {
		l.textIDs()
	}
	return true
}

// textTraceparent finds traceparent=… in the line.
func (l *line) textTraceparent() bool {
	v, ok := valueOf(l.text, "traceparent=")
	var c context
	return ok && parseTraceparent(v, &c) && l.give(&c)
}

// textIDs finds trace_id=… and span_id=… as OpenTelemetry's logging
// integrations write them. Only full-length ids count in free text.
func (l *line) textIDs() {
	for _, names := range [...][2]string{{"trace_id=", "span_id="}, {"traceId=", "spanId="}, {"traceID=", "spanID="}} {
		v, ok := valueOf(l.text, names[0])
		if !ok {
			continue
		}
		var c context
		if len(v) != 2*len(c.trace) || !hexID(c.trace[:], v) {
			continue
		}
		if v, ok = valueOf(l.text, names[1]); ok && (len(v) != 2*len(c.span) || !hexID(c.span[:], v)) {
			c.span = [8]byte{}
		}
		l.give(&c)
		return
	}
}

// valueOf is the run of letters, digits and dashes behind the first whole
// word name in s, which ends with the equals sign.
func valueOf(s []byte, name string) ([]byte, bool) {
	for at := 0; ; {
		i := bytes.Index(s[at:], []byte(name))
		if i < 0 {
			return nil, false
		}
		i += at
		at = i + len(name)
		if i > 0 && wordByte(s[i-1]) {
			continue
		}
		v := s[at:]
		if len(v) > 0 && v[0] == '"' {
			v = v[1:]
		}
		n := 0
		for n < len(v) && wordByte(v[n]) {
			n++
		}
		return v[:n], true
	}
}

// wordByte reports whether c belongs to a key or an id.
func wordByte(c byte) bool {
	return c|0x20 >= 'a' && c|0x20 <= 'z' || c >= '0' && c <= '9' || c == '-' || c == '_' || c == '.'
}
