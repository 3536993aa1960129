package parse

import (
	"bytes"
	"unicode/utf8"

	"github.com/tailrace/tailrace/pipeline/event"
)

// The names that OpenTelemetry gives to what a trace says.
const (
	exceptionType    = "exception.type"
	exceptionMessage = "exception.message"
	exceptionStack   = "exception.stacktrace"
)

// firstLine is what formats get to see of a record of several lines.
func firstLine(text []byte) []byte {
	if n := bytes.IndexByte(text, '\n'); n >= 0 {
		return text[:n]
	}
	return text
}

// joined gives a record of several lines what its first line does not tell: the
// exception of a trace, or a message that goes on.
func (l *line) joined() {
	first := len(l.text)
	l.text = l.b.Bytes(l.r.Line)
	if len(l.text) == first {
		return
	}
	l.r.Flags &^= event.Escape
	l.explainRest(first)
	body := l.text
	if l.r.Body.Kind == event.KindText {
		body = l.b.Bytes(l.r.Body.Span)
	}
	if l.r.Body.Kind <= event.KindText && !utf8.Valid(body) {
		l.r.Flags |= event.Escape
	}
}

// explainRest does so for a record whose first line has so many bytes.
func (l *line) explainRest(first int) {
	if l.isGoStack(first + 1) {
		l.addPlace(exceptionStack, [2]int{first + 1, len(bytes.TrimRight(l.text, "\r\n"))})
		l.extendBody(first, first)
		return
	}
	e := &l.exception
	*e = exception{}
	if !e.find(l.text) || l.hasAttribute([]byte(exceptionStack)) || l.hasAttribute([]byte(exceptionType)) || l.hasAttribute([]byte(exceptionMessage)) {
		l.extendBody(first, len(l.text))
		return
	}
	if l.r.Severity == 0 && l.r.SeverityText.Kind == event.KindNone {
		// Nobody has given a level to what the runtime wrote.
		l.r.Severity = sevError
	}
	l.addPlace(exceptionType, e.kind)
	l.addPlace(exceptionMessage, e.message)
	l.addPlace(exceptionStack, [2]int{e.begin, e.end})
	if e.begin == 0 {
		if l.r.Body.Kind == event.KindNone {
			l.r.Body = event.Text(l.span(e.head[0], e.head[1]))
		}
		return
	}
	l.extendBody(first, max(first, len(bytes.TrimRight(l.text[:e.begin], " \t\r\n"))))
}

// isGoStack reports whether from i on is a stack as zap's console encoder writes
// it: a function, and below it the place in its file behind a tab.
func (l *line) isGoStack(i int) bool {
	function := firstLine(l.text[i:])
	place := l.text[i+len(function):]
	if len(function) == 0 || !wordByte(function[0]) || len(place) < 2 || place[1] != '\t' {
		return false
	}
	return bytes.IndexByte(function, ' ') < 0 && bytes.Contains(firstLine(place[1:]), []byte(".go:"))
}

// extendBody makes the message end at a place, where the format has found it to
// be the rest of the first line. Where it is something else, nothing must be
// missing: the whole record is the body, unless it ends with the line.
func (l *line) extendBody(first, end int) {
	body := &l.r.Body
	switch {
	case body.Kind == event.KindNone && end < len(l.text):
		*body = event.Text(l.span(0, end))
	case body.Kind == event.KindText && body.Span.Len == 0:
		*body = l.below(first, end)
	case body.Kind == event.KindText && body.Span.End() == l.span(0, first).End():
		body.Span.Len += uint32(end - first)
	case end > first:
		*body = event.Value{}
	}
}

// below is the message of a record whose first line has none: what stands behind
// that, or the line itself where there is nothing.
func (l *line) below(first, end int) event.Value {
	from := end - len(bytes.TrimLeft(l.text[first:end], " \t\r\n"))
	if from == end {
		from, end = 0, first
	}
	return event.Text(l.span(from, end))
}

func (l *line) addPlace(name string, place [2]int) {
	if place[0] < place[1] {
		l.addText(name, l.span(place[0], place[1]))
	}
}
