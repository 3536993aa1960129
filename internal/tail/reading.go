package tail

import (
	"bytes"

	"github.com/zeebo/xxh3"

	"github.com/tailrace/tailrace/internal/tail/cri"
	"github.com/tailrace/tailrace/pipeline/event"
	"github.com/tailrace/tailrace/pipeline/frame"
)

const (
	// tailSize is how much before a position proves that a file is the one
	// that was read up to there.
	tailSize = 1024
	// headSize is where the first line is cut for the identity.
	headSize = 1024
	// maxRecords bounds a batch of very short lines.
	maxRecords = 4096
)

// emptyTail proves that nothing was before a position.
var emptyTail = xxh3.Hash(nil)

// reading is what a lane knows of the content of a file. A truncated file gets
// a new one.
type reading struct {
	lane *Lane
	file *file
	// src is nil until the content is identified.
	src   *event.Source
	known *known
	// joiner is the chain's, or one of its own for what is written late to a
	// file that was left for its successor.
	joiner   *joiner
	parser   cri.Parser
	sequence int

	// offset is the byte before which everything is consumed, but for open
	// records; tail is the hash of the bytes before it; line is how the bytes
	// behind it begin.
	offset int64
	tail   uint64
	line   frame.Mode

	// pending is how many bytes of an unfinished line are behind offset,
	// pendingSince when they grew last.
	pending      int
	pendingSince int64
	// full says that the last chunk ended before the file did.
	full bool
	// observed is when the last chunk was read.
	observed int64

	// before is set while records of before that time are left out.
	before int64
	// generation is the least that the content's identity may have.
	generation uint32
	// left says that reading went on in a newer file; ending is since when
	// nothing more is expected, 0 while it is.
	left   bool
	ending int64
	// leaving are the modes of the streams when the file was left.
	leaving [event.NumStreams]frame.Mode
	// closed: nothing more is read. gone: the file is, too.
	closed, gone bool
	// changed says that a state must be recorded, opened that the components
	// were told of the source.
	changed, opened bool
	failed          string
}

// chunk is a piece of a file in a batch's arena: what was there before the
// position, as a proof, and what is new.
type chunk struct {
	proof int
	full  bool
}

// load reads what follows the position into b.
func (r *reading) load(b *event.Batch) (chunk, error) {
	proof := int(min(r.offset, tailSize))
	size := proof + r.want()
	if cap(b.Data) < size {
		b.Data = make([]byte, size)
	}
	n, err := r.file.pread(b.Data[:size], r.offset-int64(proof))
	if err != nil {
		b.Data = b.Data[:0]
		return chunk{}, err
	}
	b.Data = b.Data[:n]
	if n < proof || xxh3.Hash(b.Data[:proof]) != r.tail {
		return chunk{}, errReplaced
	}
	return chunk{proof: proof, full: n == size}, nil
}

// want is how much to ask for: a budget, or more when the line is longer.
func (r *reading) want() int {
	n := r.lane.engine.opts.Budget
	for n <= r.pending {
		n *= 2
	}
	return min(n, max(r.lane.engine.opts.MaxLine+1, r.lane.engine.opts.Budget))
}

// split makes records of the lines in the chunk and returns where in Data it
// stopped: behind the last newline, or earlier when the batch is full.
func (r *reading) split(b *event.Batch, c chunk) int {
	data, base := b.Data, r.offset-int64(c.proof)
	at := r.endLine(b, data, c.proof, base)
	for len(b.Records) < maxRecords {
		n := bytes.IndexByte(data[at:], '\n')
		switch {
		case n < 0:
			return r.cutLine(b, data, at, base)
		case n > r.lane.engine.opts.MaxLine:
			at = r.endLine(b, data, r.cutLine(b, data, at, base), base)
		default:
			r.addLine(b, data, at, at+n, base)
			at += n + 1
		}
	}
	return at
}

// endLine deals with a line whose beginning was consumed before.
func (r *reading) endLine(b *event.Batch, data []byte, at int, base int64) int {
	if r.line == frame.ModeNormal {
		return at
	}
	n := bytes.IndexByte(data[at:], '\n')
	switch {
	case n < 0 && r.line == frame.ModeSkip:
		return len(data)
	case n < 0:
		return at
	case n > r.lane.engine.opts.MaxLine && r.line == frame.ModeRest:
		return r.endLine(b, data, r.cutLine(b, data, at, base), base)
	}
	if r.line == frame.ModeRest && n > 0 {
		r.addRaw(b, at, at+n, base, event.Continuation)
	}
	r.line = frame.ModeNormal
	return at + n + 1
}

// cutLine makes a record of the head of a line that passes the cap; its rest
// is skipped.
func (r *reading) cutLine(b *event.Batch, data []byte, at int, base int64) int {
	end := at + r.lane.engine.opts.MaxLine
	if len(data) <= end || r.line == frame.ModeSkip {
		return at
	}
	if r.line == frame.ModeRest {
		r.addRaw(b, at, end, base, event.Continuation|event.Truncated)
	} else {
		r.addCut(b, data, at, end, base)
	}
	r.line = frame.ModeSkip
	return end
}

func (r *reading) addCut(b *event.Batch, data []byte, at, end int, base int64) {
	if r.file.target.Decoder == CRI {
		r.addCRI(b, data, at, end, base, event.Truncated)
		return
	}
	r.addRaw(b, at, end, base, event.Truncated)
}

func (r *reading) addLine(b *event.Batch, data []byte, at, end int, base int64) {
	if r.file.target.Decoder == CRI {
		r.addCRI(b, data, at, end, base, 0)
		return
	}
	r.addRaw(b, at, end, base, 0)
}

// addRaw makes a record of bytes as they stand.
func (r *reading) addRaw(b *event.Batch, at, end int, base int64, flags event.Flags) {
	rec := r.lane.record(b, r)
	rec.Raw = event.Span{Off: uint32(at), Len: uint32(end - at)}
	rec.Line = rec.Raw
	rec.Start, rec.End, rec.Lines = base+int64(at), base+int64(end), 1
	rec.Flags = flags
	r.src.Counts.Lines++
}

// addCRI makes a record of a container's line, or a piece of one.
func (r *reading) addCRI(b *event.Batch, data []byte, at, end int, base int64, flags event.Flags) {
	var l cri.Line
	line := data[at:end]
	if !r.parser.Parse(line, &l) {
		if r.before == 0 {
			r.addRaw(b, at, end, base, flags|event.Malformed)
		}
		return
	}
	s := &r.joiner.streams[l.Stream]
	if r.tooOld(s, &l) {
		return
	}
	if s.mode != frame.ModeNormal || l.Partial {
		r.join(b, s, &piece{line, l.Content, l.Stream, l.Time, base + int64(at), base + int64(end)}, l.Partial, flags)
		return
	}
	rec := r.lane.record(b, r)
	rec.Raw = event.Span{Off: uint32(at), Len: uint32(end - at)}
	rec.Line = event.Span{Off: uint32(at + l.Content), Len: uint32(end - at - l.Content)}
	rec.Start, rec.End, rec.Lines = base+int64(at), base+int64(end), 1
	rec.Time, rec.Stream, rec.Flags = l.Time, l.Stream, flags
	r.src.Counts.Lines++
}

// join adds a piece to its stream's record, and emits it when it is complete
// or passes the cap.
func (r *reading) join(b *event.Batch, s *stream, p *piece, partial bool, flags event.Flags) {
	if s.mode == frame.ModeSkip {
		r.skipPiece(s, partial)
		return
	}
	s.add(r, p, r.observed)
	next := frame.ModeNormal
	if partial {
		next = frame.ModeSkip
	}
	switch {
	case s.tooLong(r.lane) || flags&event.Truncated != 0:
		s.emit(b, event.Truncated, next)
	case !partial:
		s.emit(b, 0, next)
	}
}

// skipPiece drops a piece of a record whose head passed the cap. It is a line
// of the file that no document has.
func (r *reading) skipPiece(s *stream, partial bool) {
	r.src.Counts.Lines++
	r.src.Counts.DroppedLines++
	if !partial {
		s.mode = frame.ModeNormal
	}
}

// tooOld leaves out lines of before the time at which reading shall start,
// with all pieces of a record that began before.
func (r *reading) tooOld(s *stream, l *cri.Line) bool {
	if r.before == 0 {
		return false
	}
	if l.Time >= r.before && s.mode == frame.ModeNormal {
		r.before = 0
		return false
	}
	s.mode = frame.ModeNormal
	if l.Partial {
		s.mode = frame.ModeSkip
	}
	return true
}

// consumed moves the position to where split stopped and says whether it
// moved.
func (r *reading) consumed(b *event.Batch, c chunk, read, at int) bool {
	r.full = c.full
	if len(b.Records) < maxRecords {
		r.notePending(read - at)
	} else {
		r.pending = 0
	}
	if at == c.proof {
		return false
	}
	r.tail = xxh3.Hash(b.Data[max(0, at-tailSize):at])
	r.move(int64(at - c.proof))
	return true
}

func (r *reading) move(n int64) {
	r.offset += n
	r.src.Counts.Bytes += uint64(n)
	r.file.offset.Store(r.offset)
	r.ending = 0
	r.lane.moved(r)
}

func (r *reading) notePending(n int) {
	if n != r.pending {
		r.pending, r.pendingSince = n, r.observed
	}
}
