package tail

import (
	"slices"

	"github.com/tailrace/tailrace/internal/tail/multiline"
	"github.com/tailrace/tailrace/pipeline/event"
	"github.com/tailrace/tailrace/pipeline/frame"
)

// joiner puts the pieces of long lines together, for each stream of a
// container by itself since their pieces interleave. It belongs to the chain:
// a line may begin in one file and end in the next.
type joiner struct{ streams [event.NumStreams]stream }

// copied is the joiner as it is: what is added to one of the two leaves the
// other alone.
func (j *joiner) copied() joiner {
	c := *j
	for i := range c.streams {
		s := &c.streams[i]
		s.pieces, s.record = s.pieces.copied(), s.record.copied()
	}
	return c
}

// isOpen says whether any unfinished record is held.
func (j *joiner) isOpen() bool {
	return slices.ContainsFunc(j.streams[:], func(s stream) bool { return s.isOpen() })
}

// trim lets go of what holds no record.
func (j *joiner) trim() {
	for i := range j.streams {
		if s := &j.streams[i]; !s.isOpen() {
			s.pieces, s.record = nil, nil
		}
	}
}

// stream is how the records of one stream go on. A quiet one is only its mode.
type stream struct {
	// mode is ModeOpen while pieces of an unfinished line are held.
	mode frame.Mode
	// over says that nothing can be added to record, which must be emitted
	// before the next line.
	over bool
	// tentative is which of the batch's records may go on, counted from 1; 0 is
	// none, as always between batches.
	tentative int32
	machine   multiline.Machine
	// pieces is made for the first line in pieces and kept for the next; nil
	// before, and when the chain was quiet for a while.
	*pieces
	// record is the same for the whole lines of a record that may go on. An
	// unfinished line behind it is in pieces.
	record *pieces
}

// pieces are those of an unfinished line, or the lines of a record.
type pieces struct {
	// buf is what the runtime wrote around the first piece and the content of
	// all; text is where the content begins. apart says that the whole first line
	// stands before the content, since its content is written with escapes.
	buf   []byte
	text  int
	apart bool
	// start is where the record begins, in the file of from; end is where its
	// last piece ends, in the file of in.
	from, in   *reading
	start, end int64
	// first is where the first piece begins in the file of in. through are the
	// files that were left while the record was open.
	first   int64
	through []passage
	lines   uint32
	which   event.Stream
	flags   event.Flags
	time    int64
	// begun and last are when the first and the last piece were read.
	begun, last int64
}

// passage is a file that was left while a record was open, and where the
// record's first piece begins in it; negative when it has none.
type passage struct {
	reading *reading
	first   int64
}

// add puts a piece behind those of the line, or begins one.
func (s *stream) add(r *reading, p *piece, observed int64) {
	held := 0
	if s.mode == frame.ModeOpen {
		held = len(s.buf)
		s.buf = p.appendContent(s.buf)
	} else {
		s.begin(r, p)
	}
	r.lane.joining += len(s.buf) - held
	s.placed(r, p.start, p.end)
	s.lines++
	s.last = observed
}

func (s *stream) begin(r *reading, p *piece) {
	if s.pieces == nil {
		s.pieces = new(pieces)
	}
	s.flags = 0
	if s.mode == frame.ModeRest {
		s.flags = event.Continuation
	}
	s.mode = frame.ModeOpen
	s.buf = p.appendWrapping(r.lane.buffer())
	s.text = len(s.buf)
	s.buf = p.appendContent(s.buf)
	s.which, s.time = p.Stream, p.Time
	s.from, s.start, s.lines = r, p.start, 0
}

// placed notes where the last piece is, in the file of r.
func (p *pieces) placed(r *reading, start, end int64) {
	if p.in != r {
		p.in, p.first = r, start
	}
	p.end = end
}

// emit makes a record of the pieces, and says how the stream goes on.
func (s *stream) emit(b *event.Batch, flags event.Flags, next frame.Mode) {
	s.pieces.emit(b, flags)
	s.mode = next
}

// emit makes a record of what was joined.
func (p *pieces) emit(b *event.Batch, flags event.Flags) {
	r := p.in
	if over := len(p.buf) - r.lane.engine.opts.MaxLine; over > 0 && !p.apart {
		p.buf = p.buf[:len(p.buf)-over]
		r.lane.joining -= over
	}
	rec := r.lane.record(b, r)
	rec.Raw = b.Append(p.buf)
	rec.Line = event.Span{Off: rec.Raw.Off + uint32(p.text), Len: rec.Raw.Len - uint32(p.text)}
	if p.apart && p.lines == 1 {
		rec.Raw.Len = uint32(p.text)
	}
	rec.Start, rec.End, rec.Lines = p.start, p.end, p.lines
	rec.Time, rec.Flags, rec.Stream = p.time, p.flags|flags, p.which
	r.src.Counts.Lines += uint64(p.lines)
	// The files that it began in and went through have it behind them now.
	for _, older := range p.through {
		r.lane.moved(older.reading)
	}
	r.lane.moved(r)
	p.reset(r.lane)
}

// reset lets go of what is held.
func (s *stream) reset(l *Lane, next frame.Mode) {
	s.mode = next
	s.pieces.reset(l)
	s.record.reset(l)
	s.over = false
	s.machine.Reset()
}

func (p *pieces) reset(l *Lane) {
	if p == nil {
		return
	}
	l.joining -= len(p.buf)
	l.spare(p.buf)
	clear(p.through)
	*p = pieces{through: p.through[:0]}
}

func (p *pieces) copied() *pieces {
	if p == nil {
		return nil
	}
	own := *p
	own.through = slices.Clone(p.through)
	return &own
}

// tooLong says whether the line passes the cap for all records, or its share
// while others hold too much.
func (s *stream) tooLong(l *Lane) bool { return l.isTooLong(len(s.buf)) }

func (l *Lane) isTooLong(n int) bool {
	return n > l.engine.opts.MaxLine || n > JoiningShare && l.joining > l.engine.opts.Joining
}

// leave notes that reading goes on in a newer file while a record is open.
func (s *stream) leave(r *reading) {
	for _, p := range s.held() {
		p.leave(r)
	}
}

func (p *pieces) leave(r *reading) {
	if p == nil {
		return
	}
	through := passage{r, -1}
	if p.in == r {
		through.first = p.first
	}
	p.through = append(p.through, through)
}

// passed says whether a file was left while the record was open.
func (s *stream) passed(r *reading) bool {
	isIt := func(t passage) bool { return t.reading == r }
	held := s.held()
	return slices.ContainsFunc(held[:], func(p *pieces) bool { return p != nil && slices.ContainsFunc(p.through, isIt) })
}

// readOnIn notes that the content of a file that was left is read on in that of r,
// which was made of it: its state tells of the open record then.
func (j *joiner) readOnIn(r *reading, content event.SourceID) {
	for i := range j.streams {
		for _, p := range j.streams[i].held() {
			p.readOnIn(r, content)
		}
	}
}

func (p *pieces) readOnIn(r *reading, content event.SourceID) {
	if p == nil {
		return
	}
	for i := range p.through {
		if old := p.through[i].reading; old.src != nil && old.src.ID == content {
			p.through[i].reading = r
		}
	}
}

// setAside leaves an open record to the older file that it is in: r, in which
// reading goes on, was read without it.
func (s *stream) setAside(r *reading) {
	if !s.isOpen() {
		return
	}
	in := s.oldest().in
	if in == r || !in.left {
		return
	}
	if own := &in.joiner.streams[s.oldest().which]; own != s && !own.isOpen() {
		*own, *s = *s, stream{}
		in.file.wake(r.lane.now())
	}
}

// firstIn is where the open record's first piece begins in a file; negative
// when it has none there.
func (s *stream) firstIn(r *reading) int64 {
	for _, p := range s.held() {
		if first := p.firstIn(r); first >= 0 {
			return first
		}
	}
	return -1
}

func (p *pieces) firstIn(r *reading) int64 {
	if p == nil {
		return -1
	}
	for _, t := range p.through {
		if t.reading == r {
			return t.first
		}
	}
	if p.in == r {
		return p.first
	}
	return -1
}

// isOpen says whether an unfinished record is held.
func (s *stream) isOpen() bool { return s.mode == frame.ModeOpen || s.hasRecord() }

// hasRecord says whether whole lines are held.
func (s *stream) hasRecord() bool { return s.record != nil && s.record.lines > 0 }

// held are the record and the unfinished line, nil where there is none.
func (s *stream) held() (all [2]*pieces) {
	if s.hasRecord() {
		all[0] = s.record
	}
	if s.mode == frame.ModeOpen {
		all[1] = s.pieces
	}
	return all
}

// oldest is what the open record begins with.
func (s *stream) oldest() *pieces {
	if s.hasRecord() {
		return s.record
	}
	return s.pieces
}

// isIn says whether the last of an open record is in a file.
func (s *stream) isIn(r *reading) bool {
	return s.mode == frame.ModeOpen && s.in == r || s.hasRecord() && s.record.in == r
}
