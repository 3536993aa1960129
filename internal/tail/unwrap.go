package tail

import (
	"github.com/tailrace/tailrace/internal/tail/cri"
	"github.com/tailrace/tailrace/internal/tail/dockerjson"
	"github.com/tailrace/tailrace/pipeline/event"
)

// piece is one line of a container's log, as the runtime wrapped it.
type piece struct {
	// What the runtime says is kept as CRI has it, without copying it.
	cri.Line
	// escaped says that the content is inside a JSON string and written with
	// escapes.
	escaped bool
	// contentEnd is where in line the content ends.
	contentEnd int
	// line is the whole line.
	line []byte
	// start and end are the line's place in the file, without its newline.
	start, end int64
}

// plainPiece is a line that nothing is wrapped around.
func plainPiece(line []byte, start int64) piece {
	return piece{line: line, contentEnd: len(line), start: start, end: start + int64(len(line))}
}

// unwrap explains a container's line. No file needs to be asked which runtime
// writes it: Docker's lines begin with a brace and those of CRI with a digit,
// whatever the application writes.
func (r *reading) unwrap(line []byte, p *piece) bool {
	p.line, p.contentEnd = line, len(line)
	if len(line) > 0 && line[0] == '{' {
		return p.fromDocker(&r.lane.docker)
	}
	return r.parser.Parse(line, &p.Line)
}

func (p *piece) fromDocker(parser *dockerjson.Parser) bool {
	var l dockerjson.Line
	if !parser.Parse(p.line, &l) {
		return false
	}
	p.Line = cri.Line{Time: l.Time, Stream: l.Stream, Partial: l.Partial, Content: l.Content}
	p.escaped, p.contentEnd = l.Escaped, l.ContentEnd
	return true
}

// appendContent appends what the application wrote.
func (p *piece) appendContent(dst []byte) []byte {
	if p.escaped {
		return dockerjson.AppendContent(dst, p.line[p.Content:p.contentEnd])
	}
	return append(dst, p.line[p.Content:p.contentEnd]...)
}

// appendWrapping appends what the runtime wrote around it.
func (p *piece) appendWrapping(dst []byte) []byte {
	return append(append(dst, p.line[:p.Content]...), p.line[p.contentEnd:]...)
}

// unescaped appends content that is written with escapes to the batch's arena.
func (p *piece) unescaped(b *event.Batch) event.Span {
	from := len(b.Data)
	b.Data = p.appendContent(b.Data)
	return event.Span{Off: uint32(from), Len: uint32(len(b.Data) - from)}
}
