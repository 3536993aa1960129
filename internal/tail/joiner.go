package tail

import (
	"slices"

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
		if p := c.streams[i].pieces; p != nil {
			own := *p
			c.streams[i].pieces = &own
		}
	}
	return c
}

// isOpen says whether pieces of any unfinished record are held.
func (j *joiner) isOpen() bool {
	return slices.ContainsFunc(j.streams[:], func(s stream) bool { return s.isOpen() })
}

// trim lets go of what holds no record.
func (j *joiner) trim() {
	for i := range j.streams {
		if s := &j.streams[i]; !s.isOpen() {
			s.pieces = nil
		}
	}
}

// stream is how the records of one stream go on. A quiet one is only its mode.
type stream struct {
	// mode is ModeOpen while pieces of an unfinished record are held.
	mode frame.Mode
	// pieces is made for the first record in pieces and kept for the next; nil
	// before, and when the chain was quiet for a while.
	*pieces
}

// pieces are those of an unfinished record.
type pieces struct {
	// buf is what the runtime wrote around the first piece and the content of
	// all; text is where the content begins.
	buf  []byte
	text int
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
	// last is when the last piece was read.
	last int64
}

// passage is a file that was left while a record was open, and where the
// record's first piece begins in it; negative when it has none.
type passage struct {
	reading *reading
	first   int64
}

// add puts a piece behind those of the record, or begins one.
func (s *stream) add(r *reading, p *piece, observed int64) {
	held := 0
	if s.mode == frame.ModeOpen {
		held = len(s.buf)
		s.buf = p.appendContent(s.buf)
	} else {
		s.begin(r, p)
	}
	r.lane.joining += len(s.buf) - held
	if s.in != r {
		s.in, s.first = r, p.start
	}
	s.end = p.end
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

// emit makes a record of what was joined, and says how the stream goes on.
func (s *stream) emit(b *event.Batch, flags event.Flags, next frame.Mode) {
	r := s.in
	if over := len(s.buf) - r.lane.engine.opts.MaxLine; over > 0 {
		s.buf = s.buf[:len(s.buf)-over]
		r.lane.joining -= over
	}
	rec := r.lane.record(b, r)
	rec.Raw = b.Append(s.buf)
	rec.Line = event.Span{Off: rec.Raw.Off + uint32(s.text), Len: rec.Raw.Len - uint32(s.text)}
	rec.Start, rec.End, rec.Lines = s.start, s.end, s.lines
	rec.Time, rec.Flags, rec.Stream = s.time, s.flags|flags, s.which
	r.src.Counts.Lines += uint64(s.lines)
	// The files that it began in and went through have it behind them now.
	for _, older := range s.through {
		r.lane.moved(older.reading)
	}
	r.lane.moved(r)
	s.reset(r.lane, next)
}

func (s *stream) reset(l *Lane, next frame.Mode) {
	s.mode = next
	if s.pieces == nil {
		return
	}
	l.joining -= len(s.buf)
	l.spare(s.buf)
	clear(s.through)
	*s.pieces = pieces{through: s.through[:0]}
}

// tooLong says whether the record passes the cap for all records, or its share
// while others hold too much.
func (s *stream) tooLong(l *Lane) bool {
	n := len(s.buf)
	return n > l.engine.opts.MaxLine || n > JoiningShare && l.joining > l.engine.opts.Joining
}

// leave notes that reading goes on in a newer file while the record is open.
func (s *stream) leave(r *reading) {
	p := passage{r, -1}
	if s.in == r {
		p.first = s.first
	}
	s.through = append(s.through, p)
}

// setAside leaves an open record to the older file that it is in: r, in which
// reading goes on, was read without it.
func (s *stream) setAside(r *reading) {
	if !s.isOpen() || s.in == r || !s.in.left {
		return
	}
	if own := &s.in.joiner.streams[s.which]; own != s && !own.isOpen() {
		*own, *s = *s, stream{}
		own.in.file.wake(r.lane.now())
	}
}

// firstIn is where the record's first piece begins in a file; negative when it
// has none there.
func (s *stream) firstIn(r *reading) int64 {
	if s.pieces == nil {
		return -1
	}
	for _, p := range s.through {
		if p.reading == r {
			return p.first
		}
	}
	if s.in == r {
		return s.first
	}
	return -1
}

// isOpen says whether pieces of an unfinished record are held.
func (s *stream) isOpen() bool { return s.mode == frame.ModeOpen }
