package parse

import (
	"bytes"

	"github.com/tailrace/tailrace/pipeline/event"
)

// parseText keeps the line as it is. A time and a level are taken from the
// head of a line that begins with a time, trace context only where the line
// names it.
func parseText(l *line) bool {
	l.wholeBody()
	l.textHead()
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

// isoSize is the length of 2026-03-05T10:11:12.
const isoSize = 19

// textHead reads the time that the line begins with, possibly in brackets, and
// a level behind it. A time without a zone is only taken when there is no
// better one: a container's idea of its zone is anybody's guess.
func (l *line) textHead() {
	s, from := l.text, 0
	if len(s) > 0 && s[0] == '[' {
		from = 1
	}
	if len(s) < from+isoSize || s[from+4] != '-' || s[from+13] != ':' {
		return
	}
	end := from + isoSize
	for end < len(s) && (s[end]-'0' <= 9 || bytes.IndexByte([]byte("Z+-.,:"), s[end]) >= 0) {
		end++
	}
	ns, ok := l.clock.parse(s[from:end])
	if !ok {
		return
	}
	if zoned := bytes.ContainsAny(s[from+isoSize:end], "Z+-"); zoned || l.runtimeTime == 0 {
		l.setTime(ns)
	}
	l.textLevel(end)
}

// headWords is how many words behind the time may be the level: a thread, a
// process or a logger may come first.
const headWords = 4

// textLevel takes the first word from i on that is a level in capitals, or in
// brackets, where no other word is likely to be one.
func (l *line) textLevel(i int) {
	s := l.text
	for range headWords {
		for i < len(s) && !wordByte(s[i]) {
			i++
		}
		start := i
		for i < len(s) && wordByte(s[i]) {
			i++
		}
		word := s[start:i]
		if levelInText(word) && (word[0] <= 'Z' || start > 0 && s[start-1] == '[' && i < len(s) && s[i] == ']') {
			l.r.Severity, l.r.SeverityText = l.severities.of(word), event.Text(l.span(start, i))
			return
		}
	}
}

// levelInText reports whether a word is a level in one case, and nothing that
// a thread or logger is called too.
func levelInText(word []byte) bool {
	switch string(word) {
	case "TRACE", "DEBUG", "INFO", "NOTICE", "WARN", "WARNING", "ERROR", "ERR", "SEVERE", "CRIT", "CRITICAL", "ALERT", "EMERG", "FATAL", "PANIC",
		"trace", "debug", "info", "notice", "warn", "warning", "error", "err", "severe", "crit", "critical", "alert", "emerg", "fatal", "panic":
		return true
	}
	return false
}
