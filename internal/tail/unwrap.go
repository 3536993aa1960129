package tail

import (
	"github.com/tailrace/tailrace/internal/tail/cri"
	"github.com/tailrace/tailrace/internal/tail/dockerjson"
	"github.com/tailrace/tailrace/pipeline/event"
)

// piece is one line of a container's log, as the runtime wrapped it.
type piece struct {
	time   int64
	stream event.Stream
	// partial is true for all but the last piece of a line.
	partial bool
	// escaped says that the content is inside a JSON string and written with
	// escapes.
	escaped bool
	// content and contentEnd enclose in line what the application wrote.
	content, contentEnd int
	// line is the whole line.
	line []byte
	// start and end are the line's place in the file, without its newline.
	start, end int64
}

// unwrap explains a container's line. No file needs to be asked which runtime
// writes it: Docker's lines begin with a brace and those of CRI with a digit,
// whatever the application writes.
func (r *reading) unwrap(line []byte, p *piece) bool {
	p.line = line
	if len(line) > 0 && line[0] == '{' {
		return p.fromDocker(&r.lane.docker)
	}
	return p.fromCRI(&r.parser)
}

func (p *piece) fromCRI(parser *cri.Parser) bool {
	var l cri.Line
	if !parser.Parse(p.line, &l) {
		return false
	}
	p.time, p.stream, p.partial, p.escaped = l.Time, l.Stream, l.Partial, false
	p.content, p.contentEnd = l.Content, len(p.line)
	return true
}

func (p *piece) fromDocker(parser *dockerjson.Parser) bool {
	var l dockerjson.Line
	if !parser.Parse(p.line, &l) {
		return false
	}
	p.time, p.stream, p.partial, p.escaped = l.Time, l.Stream, l.Partial, l.Escaped
	p.content, p.contentEnd = l.Content, l.ContentEnd
	return true
}

// appendContent appends what the application wrote.
func (p *piece) appendContent(dst []byte) []byte {
	if p.escaped {
		return dockerjson.AppendContent(dst, p.line[p.content:p.contentEnd])
	}
	return append(dst, p.line[p.content:p.contentEnd]...)
}

// appendWrapping appends what the runtime wrote around it.
func (p *piece) appendWrapping(dst []byte) []byte {
	return append(append(dst, p.line[:p.content]...), p.line[p.contentEnd:]...)
}

// span is where the content is in the batch, whose byte at is the line's
// first. What is written with escapes is appended to the arena.
func (p *piece) span(b *event.Batch, at int) event.Span {
	if !p.escaped {
		return event.Span{Off: uint32(at + p.content), Len: uint32(p.contentEnd - p.content)}
	}
	from := len(b.Data)
	b.Data = p.appendContent(b.Data)
	return event.Span{Off: uint32(from), Len: uint32(len(b.Data) - from)}
}
