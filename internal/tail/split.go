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
// stopped: behind the last newline, or earlier when the batch is full or must end.
func (r *reading) split(b *event.Batch, c chunk) int {
	w := window{b, b.Data, r.offset - int64(c.proof)}
	r.stopped = false
	at := r.splitLines(&w, c.proof)
	r.keepTentative(b)
	return at
}

func (r *reading) splitLines(w *window, at int) int {
	at = r.endLine(w, at)
	for len(w.batch.Records) < maxRecords && !r.stopped {
		n := bytes.IndexByte(w.data[at:], '\n')
		switch {
		case n < 0:
			return r.cutLine(w, at)
		case n > r.maxLine():
			at = r.endLine(w, r.cutLine(w, at))
		case r.addLine(w, at, at+n, 0):
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
	case !r.addLine(w, at, end, event.Truncated):
		return at
	}
	r.line = frame.ModeSkip
	return end
}

// addLine reports false when a record of another file must be emitted first.
func (r *reading) addLine(w *window, at, end int, flags event.Flags) bool {
	if r.file.target.Decoder == Container {
		return r.addPiece(w, at, end, flags)
	}
	s := &r.joiner.streams[event.StreamNone]
	if !r.joins && !s.hasRecord() {
		r.addRaw(w, at, end, flags)
		return true
	}
	p := plainPiece(w.data[at:end], w.base+int64(at))
	return r.addWhole(w, s, &p, flags)
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

// addPiece makes a record of a container's line, or a piece of one. It reports
// false like addLine.
func (r *reading) addPiece(w *window, at, end int, flags event.Flags) bool {
	var p piece
	if !r.unwrap(w.data[at:end], &p) {
		if r.before == 0 {
			r.addRaw(w, at, end, flags|event.Malformed)
		}
		return true
	}
	s := &r.joiner.streams[p.Stream]
	p.start, p.end = w.base+int64(at), w.base+int64(end)
	switch {
	case r.tooOld(s, &p):
		return true
	case s.mode != frame.ModeNormal || p.Partial:
		return r.join(w.batch, s, &p, flags)
	}
	return r.addWhole(w, s, &p, flags)
}

// join adds a piece to its stream's line, and emits that when it is complete
// or passes the cap.
func (r *reading) join(b *event.Batch, s *stream, p *piece, flags event.Flags) bool {
	if s.mode == frame.ModeSkip {
		r.skipPiece(s, p.Partial)
		return true
	}
	if !p.Partial && s.mode == frame.ModeOpen && flags == 0 && (r.joins || s.hasRecord()) {
		if done, ok := r.addJoined(b, s, p); ok {
			return done
		}
	}
	s.add(r, p, r.observed)
	next := frame.ModeNormal
	if p.Partial {
		next = frame.ModeSkip
	}
	switch {
	case s.tooLong(r.lane) || flags&event.Truncated != 0:
		r.endBefore(b, s)
		s.emit(b, event.Truncated, next)
	case !p.Partial:
		r.endBefore(b, s)
		s.emit(b, 0, next)
	}
	return true
}

// endBefore emits the open record before a line that goes on with nothing. One of
// another file comes behind that line, so that the line is not judged twice.
func (r *reading) endBefore(b *event.Batch, s *stream) {
	r.endRecord(b, s)
	s.machine.Reset()
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
