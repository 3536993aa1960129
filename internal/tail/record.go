package tail

import (
	"bytes"
	"slices"
	"time"

	"github.com/tailrace/tailrace/internal/tail/multiline"
	"github.com/tailrace/tailrace/pipeline/event"
	"github.com/tailrace/tailrace/pipeline/frame"
)

const (
	// maxJoined bounds the lines of a record, and maxOpen for how long lines are
	// added to one when time may end it, ns: what is indented may go on for ever.
	maxJoined = 4096
	maxOpen   = int64(10 * time.Second)
	// lineSilence is how long the next line is waited for when it is not certain
	// that one belongs to the record, recordSilence when it is, ns.
	lineSilence   = int64(250 * time.Millisecond)
	recordSilence = int64(time.Second)
)

// CheckMultiline is an error for what cannot be a source's setting of that name.
func CheckMultiline(setting string) error { return multiline.Check(setting) }

// settings takes over how the source's lines are put together. What was read
// before is judged anew.
func (r *reading) settings() {
	r.joins = r.lane.engine.opts.Multiline && r.src.Multiline != multiline.Off
	language := multiline.Named(r.src.Multiline)
	if language == r.language {
		return
	}
	r.language = language
	for i := range r.joiner.streams {
		s := &r.joiner.streams[i]
		s.machine = multiline.Machine{Only: language}
		if s.hasRecord() {
			for line := range bytes.SplitSeq(s.record.buf[s.record.text:], []byte("\n")) {
				s.machine.Next(line)
			}
		}
	}
}

// addWhole takes a whole line in: into the record that is open, or as one of its
// own. It reports false when the open record must be emitted first, and not in
// this batch.
func (r *reading) addWhole(w *window, s *stream, p *piece, flags event.Flags) bool {
	at := uint32(p.start - w.base)
	content := event.Span{Off: at + uint32(p.Content), Len: uint32(p.contentEnd - p.Content)}
	if p.escaped {
		content = p.unescaped(w.batch)
	}
	if r.joins || s.hasRecord() {
		v := r.judge(w.batch, s, p, w.batch.Bytes(content), flags)
		switch {
		case v == multiline.Continue:
			r.continueWith(w.batch, s, p, w.batch.Bytes(content))
			return true
		case !r.endRecord(w.batch, s):
			return false
		case v == multiline.Rest:
			flags |= event.Continuation
		}
	}
	rec := r.newRecord(w, int(at), int(at)+len(p.line))
	rec.Line, rec.Time, rec.Stream, rec.Flags = content, p.Time, p.Stream, flags
	if r.waits(s) {
		s.tentative = int32(len(w.batch.Records))
	}
	return true
}

// judge says what a line is to the open record of its stream.
func (r *reading) judge(b *event.Batch, s *stream, p *piece, line []byte, flags event.Flags) multiline.Verdict {
	if !r.joins || flags != 0 {
		s.machine.Reset()
		return multiline.Alone
	}
	if r.until != nil && r.until.Streams[p.Stream] == (frame.StreamState{Mode: frame.ModeOpen, Open: p.start}) {
		s.machine.Reset()
	}
	s.machine.Only = r.language
	v := s.machine.Next(line)
	if v == multiline.Trace {
		v = multiline.Begin
		if multiline.IsError(s.firstLine(b)) {
			v = multiline.Continue
		}
	}
	if v == multiline.Continue && r.isFull(s, b, len(line)) {
		s.machine.Reset()
		v = s.machine.Next(line)
	}
	return v
}

// waits says whether the next line is waited for before the line that was judged
// last is a record. Without a silence to end it, only what goes on for certain
// waits: others would, as the last of a quiet file, for ever.
func (r *reading) waits(s *stream) bool {
	if r.joins && s.machine.IsOpen() && (r.lane.engine.opts.Silence > 0 || s.machine.IsTrace()) {
		return true
	}
	s.machine.Reset()
	return false
}

// isFull says whether the open record can take no line of n bytes.
func (r *reading) isFull(s *stream, b *event.Batch, n int) bool {
	if s.tentative > 0 {
		return int(b.Records[s.tentative-1].Raw.Len)+n+1 > r.maxLine()
	}
	rec := s.record
	return len(rec.buf)+n+1 > r.maxLine() || r.lane.isTooLong(len(rec.buf)+n+1) || rec.lines >= maxJoined ||
		r.lane.engine.opts.Silence > 0 && r.main == nil && r.observed-rec.begun > maxOpen
}

// firstLine is the first line of the open record, with those behind it.
func (s *stream) firstLine(b *event.Batch) []byte {
	if s.tentative > 0 {
		return b.Bytes(b.Records[s.tentative-1].Line)
	}
	return s.record.buf[s.record.text:]
}

// continueWith adds a line to the open record.
func (r *reading) continueWith(b *event.Batch, s *stream, p *piece, content []byte) {
	if s.tentative > 0 {
		r.takeOut(b, s)
	}
	rec := s.record
	rec.buf = append(append(rec.buf, '\n'), content...)
	r.lane.joining += 1 + len(content)
	rec.placed(r, p.start, p.end)
	rec.lines++
	rec.last = r.observed
}

// takeOut moves the tentative record of a stream from the batch to where the
// records are that go on in the next one.
func (r *reading) takeOut(b *event.Batch, s *stream) {
	i := int(s.tentative) - 1
	rec := &b.Records[i]
	p := s.beginRecord(r)
	p.text, p.apart = int(rec.Line.Off-rec.Raw.Off), rec.Line.Off < rec.Raw.Off || rec.Line.End() != rec.Raw.End()
	p.buf = append(p.buf, b.Bytes(rec.Raw)...)
	if p.apart {
		p.text = len(p.buf)
		p.buf = append(p.buf, b.Bytes(rec.Line)...)
	}
	p.which, p.time, p.flags = rec.Stream, rec.Time, rec.Flags
	p.start, p.lines = rec.Start, rec.Lines
	p.placed(r, rec.Start, rec.End)
	r.lane.joining += len(p.buf)
	r.src.Counts.Lines -= uint64(rec.Lines)
	b.Records = slices.Delete(b.Records, i, i+1)
	for j := range r.joiner.streams {
		if o := &r.joiner.streams[j]; o.tentative > s.tentative {
			o.tentative--
		}
	}
	s.tentative = 0
}

// beginRecord begins a record of whole lines, which has none yet.
func (s *stream) beginRecord(r *reading) *pieces {
	if s.record == nil {
		s.record = new(pieces)
	}
	p := s.record
	p.buf, p.from, p.in = r.lane.buffer(), r, nil
	p.last, p.begun = r.observed, r.observed
	return p
}

// keepTentative takes the records out of the batch that may go on in the next.
func (r *reading) keepTentative(b *event.Batch) {
	for i := range r.joiner.streams {
		if s := &r.joiner.streams[i]; s.tentative > 0 {
			r.takeOut(b, s)
		}
	}
}

// endRecord emits the open record, to which the next line does not belong. It
// reports false for one of another file, which needs a batch of that one.
func (r *reading) endRecord(b *event.Batch, s *stream) bool {
	s.tentative = 0
	switch {
	case !s.hasRecord():
	case s.record.in != r:
		s.over, r.stopped = true, true
		return false
	default:
		s.record.emit(b, 0)
	}
	return true
}

// addJoined takes in a line in pieces, of which p is the last. done is as for
// addWhole, and nothing is changed if it is false; ok is false for a line that
// passes the cap.
func (r *reading) addJoined(b *event.Batch, s *stream, p *piece) (done, ok bool) {
	before := len(s.buf)
	s.buf = p.appendContent(s.buf)
	line := s.buf[s.text:]
	s.buf = s.buf[:before]
	if n := before + len(line); r.lane.isTooLong(n) {
		return false, false
	}
	v := r.judge(b, s, &piece{Line: p.Line, start: s.start}, line, s.flags)
	if v != multiline.Continue && !r.endRecord(b, s) {
		return false, true
	}
	s.add(r, p, r.observed)
	switch {
	case v == multiline.Continue:
		r.mergeLine(b, s)
		return true, true
	case v == multiline.Rest:
		s.flags |= event.Continuation
	}
	if r.waits(s) {
		s.keepLine(r.observed)
	} else {
		s.emit(b, 0, frame.ModeNormal)
	}
	return true, true
}

// mergeLine adds the line that is in pieces to the open record.
func (r *reading) mergeLine(b *event.Batch, s *stream) {
	if s.tentative > 0 {
		r.takeOut(b, s)
	}
	s.record.merge(s.pieces)
	r.lane.joining += 1 + len(s.buf) - s.text
	s.record.last = r.observed
	s.mode = frame.ModeNormal
	s.pieces.reset(r.lane)
}

// merge puts a line in pieces behind those of the record. Both were open when
// files were left.
func (p *pieces) merge(line *pieces) {
	p.buf = append(append(p.buf, '\n'), line.buf[line.text:]...)
	for i := range p.through {
		if t := &p.through[i]; t.first < 0 {
			t.first = line.firstIn(t.reading)
		}
	}
	p.placed(line.in, line.first, line.end)
	p.lines += line.lines
}

// keepLine makes the line that is in pieces the record that may go on.
func (s *stream) keepLine(observed int64) {
	s.record, s.pieces = s.pieces, s.record
	s.record.begun = observed
	s.mode = frame.ModeNormal
}

// emitRecord emits the record of whole lines that is open.
func (s *stream) emitRecord(b *event.Batch) {
	s.record.emit(b, 0)
	s.over = false
	s.machine.Reset()
}

// silence is for how long the record's next line is waited for.
func (s *stream) silence() int64 {
	if s.record.lines > 1 || s.machine.IsTrace() {
		return recordSilence
	}
	return lineSilence
}

// emitOver emits a record that the next line in another file has ended, in a
// batch of the file that it is in.
func (l *Lane) emitOver(c *chain, b *event.Batch) bool {
	for i := range c.joiner.streams {
		if s := &c.joiner.streams[i]; s.over {
			l.begin(b, s.record.in)
			s.emitRecord(b)
			return true
		}
	}
	return false
}

// emitEarlier emits a record that ends in an older file than r, to which nothing
// more can be added in r.
func (l *Lane) emitEarlier(r *reading, b *event.Batch) bool {
	for i := range r.joiner.streams {
		s := &r.joiner.streams[i]
		s.endLine(b)
		if s.hasRecord() && s.record.in != r {
			l.begin(b, s.record.in)
			s.emitRecord(b)
			return true
		}
	}
	return false
}

// endLine adds an unfinished line, of which there will be no more, to the open
// record if it is one of that.
func (s *stream) endLine(b *event.Batch) {
	if s.mode == frame.ModeOpen && s.hasRecord() && s.machine.Next(s.buf[s.text:]) == multiline.Continue {
		s.in.mergeLine(b, s)
	}
}

// rescanned takes a line in again that was read before a restart: it belongs to
// the open record, whatever it looks like. The caller may go back to a copy of
// the joiner, so no buffer is given back.
func (r *reading) rescanned(s *stream, p *piece) {
	if s.mode == frame.ModeOpen || p.Partial {
		s.add(r, p, r.observed)
		if !p.Partial {
			r.rescannedLine(s)
		}
		return
	}
	content := p.appendContent(nil)
	v := r.rejoin(s, content)
	if s.hasRecord() {
		r.continueWith(nil, s, p, content)
		return
	}
	rec := s.beginRecord(r)
	rec.apart = p.contentEnd < len(p.line)
	rec.buf = append(rec.buf, p.line[:p.Content]...)
	if rec.apart {
		rec.buf = append(rec.buf, p.line[p.Content:]...)
	}
	rec.text = len(rec.buf)
	rec.buf = append(rec.buf, content...)
	r.lane.joining += len(rec.buf)
	rec.which, rec.time, rec.start, rec.lines = p.Stream, p.Time, p.start, 1
	rec.placed(r, p.start, p.end)
	rec.noteRest(v)
}

// rejoin judges a line that is taken in again. A record of an older file to which
// it does not belong is left to that file: both were open, since they were read
// beside each other.
func (r *reading) rejoin(s *stream, line []byte) multiline.Verdict {
	v := s.machine.Next(line)
	if !s.hasRecord() || s.record.in == r || v == multiline.Continue || v == multiline.Trace {
		return v
	}
	in := s.record.in
	own := &in.joiner.streams[s.record.which]
	if !in.left || own == s || own.isOpen() {
		return v
	}
	own.record, own.machine = s.record, s.machine
	s.record = nil
	r.aside = append(r.aside, own)
	in.file.wake(r.lane.now())
	s.machine.Reset()
	return s.machine.Next(line)
}

// rescannedLine does so for a line in pieces that is complete.
func (r *reading) rescannedLine(s *stream) {
	v := r.rejoin(s, s.buf[s.text:])
	if !s.hasRecord() {
		s.keepLine(r.observed)
		s.record.noteRest(v)
		return
	}
	s.record.merge(s.pieces)
	r.lane.joining += 1 - s.text
	s.mode, s.pieces = frame.ModeNormal, nil
}

func (p *pieces) noteRest(v multiline.Verdict) {
	if v == multiline.Rest {
		p.flags |= event.Continuation
	}
}
