package tail

import (
	"bytes"

	"github.com/tailrace/tailrace/pipeline/event"
	"github.com/tailrace/tailrace/pipeline/frame"
)

// window is the part of a file that is in a batch's arena: data[0] is the
// file's byte base. data keeps its bytes when the arena moves.
type window struct {
	batch *event.Batch
	data  []byte
	base  int64
}

// split makes records of the lines in the chunk and returns where in Data it
// stopped: behind the last newline, or earlier when the batch is full.
func (r *reading) split(b *event.Batch, c chunk) int {
	w := window{b, b.Data, r.offset - int64(c.proof)}
	at := r.endLine(&w, c.proof)
	for len(b.Records) < maxRecords {
		n := bytes.IndexByte(w.data[at:], '\n')
		switch {
		case n < 0:
			return r.cutLine(&w, at)
		case n > r.maxLine():
			at = r.endLine(&w, r.cutLine(&w, at))
		default:
			r.addLine(&w, at, at+n, 0)
			at += n + 1
		}
	}
	return at
}

func (r *reading) maxLine() int { return r.lane.engine.opts.MaxLine }

// endLine deals with a line whose beginning was consumed before.
func (r *reading) endLine(w *window, at int) int {
	if r.line == frame.ModeNormal {
		return at
	}
	n := bytes.IndexByte(w.data[at:], '\n')
	switch {
	case n < 0 && r.line == frame.ModeSkip:
		return len(w.data)
	case n < 0:
		return at
	case n > r.maxLine() && r.line == frame.ModeRest:
		return r.endLine(w, r.cutLine(w, at))
	case n > 0 && r.line == frame.ModeRest:
		r.addRaw(w, at, at+n, event.Continuation)
	}
	r.line = frame.ModeNormal
	return at + n + 1
}

// cutLine makes a record of the head of a line that passes the cap; its rest
// is skipped.
func (r *reading) cutLine(w *window, at int) int {
	end := at + r.maxLine()
	switch {
	case len(w.data) <= end || r.line == frame.ModeSkip:
		return at
	case r.line == frame.ModeRest:
		r.addRaw(w, at, end, event.Continuation|event.Truncated)
	default:
		r.addLine(w, at, end, event.Truncated)
	}
	r.line = frame.ModeSkip
	return end
}

func (r *reading) addLine(w *window, at, end int, flags event.Flags) {
	if r.file.target.Decoder == Container {
		r.addPiece(w, at, end, flags)
		return
	}
	r.addRaw(w, at, end, flags)
}

// addRaw makes a record of bytes as they stand.
func (r *reading) addRaw(w *window, at, end int, flags event.Flags) {
	rec := r.newRecord(w, at, end)
	rec.Line, rec.Flags = rec.Raw, flags
}

// newRecord adds the record of one line.
func (r *reading) newRecord(w *window, at, end int) *event.Record {
	rec := r.lane.record(w.batch, r)
	rec.Raw = event.Span{Off: uint32(at), Len: uint32(end - at)}
	rec.Start, rec.End, rec.Lines = w.base+int64(at), w.base+int64(end), 1
	r.src.Counts.Lines++
	return rec
}

// addPiece makes a record of a container's line, or a piece of one.
func (r *reading) addPiece(w *window, at, end int, flags event.Flags) {
	var p piece
	if !r.unwrap(w.data[at:end], &p) {
		if r.before == 0 {
			r.addRaw(w, at, end, flags|event.Malformed)
		}
		return
	}
	s := &r.joiner.streams[p.Stream]
	switch {
	case r.tooOld(s, &p):
		return
	case s.mode != frame.ModeNormal || p.Partial:
		p.start, p.end = w.base+int64(at), w.base+int64(end)
		r.join(w.batch, s, &p, flags)
		return
	}
	rec := r.newRecord(w, at, end)
	rec.Line = event.Span{Off: uint32(at + p.Content), Len: uint32(p.contentEnd - p.Content)}
	if p.escaped {
		rec.Line = p.unescaped(w.batch)
	}
	rec.Time, rec.Stream, rec.Flags = p.Time, p.Stream, flags
}

// join adds a piece to its stream's record, and emits it when it is complete
// or passes the cap.
func (r *reading) join(b *event.Batch, s *stream, p *piece, flags event.Flags) {
	if s.mode == frame.ModeSkip {
		r.skipPiece(s, p.Partial)
		return
	}
	s.add(r, p, r.observed)
	next := frame.ModeNormal
	if p.Partial {
		next = frame.ModeSkip
	}
	switch {
	case s.tooLong(r.lane) || flags&event.Truncated != 0:
		s.emit(b, event.Truncated, next)
	case !p.Partial:
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
func (r *reading) tooOld(s *stream, p *piece) bool {
	if r.before == 0 {
		return false
	}
	if p.Time >= r.before && s.mode == frame.ModeNormal {
		r.before = 0
		return false
	}
	s.mode = frame.ModeNormal
	if p.Partial {
		s.mode = frame.ModeSkip
	}
	return true
}
