package parse

import (
	"bytes"

	"github.com/tailrace/tailrace/pipeline/event"
)

// parseDotNet reads the head that .NET's simple console formatter writes, and
// the message where the lines behind it, which begin with six blanks, were
// joined to it:
//
//	info: Microsoft.Hosting.Lifetime[14]
//	      Now listening on: http://[::]:8080
func parseDotNet(l *line) bool {
	const head = len("info: ")
	if len(l.text) < head || dotNetLevels.of(l.text[:4]) == 0 || !l.hasAt(4, ": ") {
		return l.fail(reasonMisfit, 0)
	}
	end := len(l.text)
	if n := bytes.IndexByte(l.text, '\n'); n >= 0 {
		end = n
	}
	bracket := bytes.LastIndexByte(l.text[:end], '[')
	if bracket < head+1 || l.text[end-1] != ']' || hasSpace(l.text[head:end]) {
		return l.fail(reasonMisfit, head)
	}
	id, ok := wholeNumber(l.text[bracket+1 : end-1])
	if !ok {
		return l.fail(reasonMisfit, bracket)
	}
	l.setLevel(dotNetLevels.of(l.text[:4]), 0, 4)
	l.addText("log.logger", l.span(head, bracket))
	l.addInt("dotnet.event_id", id)
	if end == len(l.text) {
		l.r.Body = event.Text(l.span(0, end))
		return true
	}
	l.message(l.blanks(end + 1))
	return true
}
