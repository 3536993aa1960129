// Package cri reads the lines in which container runtimes write logs: a time,
// a stream, a tag and the content (the kubelet's cri-client, logs.go).
package cri

import (
	"bytes"

	"github.com/tailrace/tailrace/internal/tail/rfc3339"
	"github.com/tailrace/tailrace/pipeline/event"
)

// Line is what the runtime says of one line.
type Line struct {
	// Time is nanoseconds since the Unix epoch.
	Time   int64
	Stream event.Stream
	// Partial is true for all but the last piece of what the application
	// wrote as one line.
	Partial bool
	// Content is where the application's bytes begin.
	Content int
}

// Parser reads lines of one file. It remembers the last second that it saw,
// since the lines of a file mostly share it. The zero Parser is ready.
type Parser struct{ clock rfc3339.Clock }

// Parse explains a line that stands without its newline. It reports false for
// a line that no runtime writes; l is then undefined.
//
// Laxer than the kubelet in one point: a tag may end the line, because conmon
// 2.2.0 closed partial lines so.
func (p *Parser) Parse(line []byte, l *Line) bool {
	t, n, ok := p.clock.Parse(line)
	if !ok || n == len(line) || line[n] != ' ' {
		return false
	}
	l.Time = t
	rest := line[n+1:]
	if len(rest) < len("stdout P") || rest[6] != ' ' {
		return false
	}
	switch string(rest[:6]) {
	case "stdout":
		l.Stream = event.Stdout
	case "stderr":
		l.Stream = event.Stderr
	default:
		return false
	}
	return l.parseTag(rest[7:], n+1+7)
}

// parseTag reads the list of tags, of which only the first means something.
func (l *Line) parseTag(tag []byte, at int) bool {
	switch tag[0] {
	case 'P':
		l.Partial = true
	case 'F':
		l.Partial = false
	default:
		return false
	}
	if len(tag) == 1 {
		l.Content = at + 1
		return true
	}
	if tag[1] == ' ' {
		l.Content = at + 2
		return true
	}
	return tag[1] == ':' && l.skipTags(tag, at)
}

// skipTags finds the end of a list of tags, which readers must ignore.
func (l *Line) skipTags(tag []byte, at int) bool {
	end := bytes.IndexByte(tag, ' ')
	if end < 0 {
		end = len(tag) - 1
	}
	l.Content = at + end + 1
	return true
}
