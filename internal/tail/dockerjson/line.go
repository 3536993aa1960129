// Package dockerjson reads the lines that Docker's json-file driver writes:
// one JSON object each, with what the application wrote as a string (moby,
// daemon/logger/jsonfilelog/jsonlog).
package dockerjson

import (
	"bytes"

	"github.com/tailrace/tailrace/internal/strictjson"
	"github.com/tailrace/tailrace/internal/tail/rfc3339"
	"github.com/tailrace/tailrace/pipeline/event"
)

// Line is what Docker says of one line.
type Line struct {
	// Time is nanoseconds since the Unix epoch.
	Time int64
	// Stream is StreamNone when Docker left it out.
	Stream event.Stream
	// Partial is true for all but the last piece of what the application
	// wrote as one line: Docker cuts at 16 KiB, and only the last piece ends
	// in a newline.
	Partial bool
	// Content and ContentEnd enclose the application's bytes, without their
	// newline, in the line. Escaped says that they are written with escapes,
	// which AppendContent resolves.
	Content, ContentEnd int
	Escaped             bool
}

// AppendContent appends what the application wrote, of which content is the
// form with escapes.
func AppendContent(dst, content []byte) []byte { return strictjson.AppendText(dst, content) }

// Parser reads lines. It remembers the last second that it saw, since the
// lines of a file mostly share it. The zero Parser is ready; it has some
// 10 KiB of memory once it is used.
type Parser struct {
	clock   rfc3339.Clock
	scanner strictjson.Scanner
}

// Parse explains a line that stands without its newline. It reports false for
// a line that Docker does not write; l is then undefined. Keys that it does
// not know, such as attrs, mean nothing.
func (p *Parser) Parse(line []byte, l *Line) bool {
	if !p.scanner.Scan(line) {
		return false
	}
	*l = Line{Partial: true}
	timed := false
	for i := range p.scanner.Members {
		m := &p.scanner.Members[i]
		value := line[m.Value:m.ValueEnd]
		ok := !m.EscapedKey
		switch string(line[m.Key:m.KeyEnd]) {
		case "log":
			ok = ok && m.Kind == strictjson.String && l.content(line, m)
		case "stream":
			ok = ok && l.stream(value)
		case "time":
			timed = p.time(value, l)
			ok = ok && timed
		}
		if !ok {
			return false
		}
	}
	return timed
}

// content finds the application's bytes in the value of log.
func (l *Line) content(line []byte, m *strictjson.Member) bool {
	l.Content, l.ContentEnd = int(m.Value)+1, int(m.ValueEnd)-1
	if endsInNewline(line[l.Content:l.ContentEnd]) {
		l.Partial = false
		l.ContentEnd -= len(newline)
	}
	l.Escaped = bytes.IndexByte(line[l.Content:l.ContentEnd], '\\') >= 0
	return true
}

const newline = `\n`

// endsInNewline says whether the last two bytes of a JSON string's content are
// the escape of a newline, not an n behind an escaped backslash.
func endsInNewline(content []byte) bool {
	if !bytes.HasSuffix(content, []byte(newline)) {
		return false
	}
	before := content[:len(content)-len(newline)]
	backslashes := len(before) - len(bytes.TrimRight(before, `\`))
	return backslashes%2 == 0
}

// stream reads the value of stream; an empty one is the same as none.
func (l *Line) stream(value []byte) bool {
	switch string(value) {
	case `"stdout"`:
		l.Stream = event.Stdout
	case `"stderr"`:
		l.Stream = event.Stderr
	case `""`:
	default:
		return false
	}
	return true
}

// time reads the value of time, with its quotes.
func (p *Parser) time(value []byte, l *Line) bool {
	t, end, ok := p.clock.Parse(value[1:])
	l.Time = t
	return ok && end == len(value)-2
}
