package parse

import (
	"bytes"

	"github.com/tailrace/tailrace/pipeline/event"
)

// parseDotNet reads the head that .NET's simple console formatter writes, and
// the message: on the same line with the option SingleLine, else where the lines
// behind it, which begin with six blanks, were joined to it:
//
//	info: Microsoft.Hosting.Lifetime[14]
//	      Now listening on: http://[::]:8080
func parseDotNet(l *line) bool {
	const head = len("info: ")
	if len(l.text) < head || !l.hasAt(4, ": ") {
		return l.fail(reasonMisfit, 0)
	}
	level := dotNetLevel(l.text[:4])
	if level == 0 {
		return l.fail(reasonMisfit, 0)
	}
	end := wordEnd(l.text, head)
	bracket := bytes.LastIndexByte(l.text[:end], '[')
	if bracket < head+1 || l.text[end-1] != ']' {
		return l.fail(reasonMisfit, head)
	}
	id, ok := dotNetEvent(l.text[bracket+1 : end-1])
	if !ok {
		return l.fail(reasonMisfit, bracket)
	}
	l.setLevel(level, 0, 4)
	l.addText("log.logger", l.span(head, bracket))
	l.addInt("dotnet.event_id", id)
	message := end
	if end < len(l.text) {
		message = l.blanks(end + 1)
	}
	switch {
	case message < len(l.text):
		l.messageBehind(head, message)
	case l.r.Lines > 1:
		l.r.Body = event.Text(l.span(len(l.text), len(l.text)))
	default:
		l.r.Body = event.Text(l.span(0, end))
	}
	return true
}

// dotNetEvent reads an event's id, which may be negative.
func dotNetEvent(s []byte) (int64, bool) {
	if len(s) > 1 && s[0] == '-' {
		n, ok := wholeNumber(s[1:])
		return -n, ok
	}
	return wholeNumber(s)
}
