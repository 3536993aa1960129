package tail

import (
	"bytes"
	"slices"

	"github.com/zeebo/xxh3"

	"github.com/tailrace/tailrace/pipeline/frame"
)

// begin starts a content of which nothing was read.
func (r *reading) begin() error {
	if err := r.goTo(r.hole); err != nil {
		return err
	}
	start := &r.file.target.Start
	switch {
	case !r.file.initial:
	case start.End:
		return r.skipTo(r.file.size.Load())
	case !start.Since.IsZero() && r.file.target.Decoder == Container:
		r.before = start.Since.UnixNano()
	case !start.Since.IsZero() && r.file.modified < start.Since.UnixNano():
		return r.skipTo(r.file.size.Load())
	}
	return nil
}

// skipTo puts the position behind the last line that ends before size.
func (r *reading) skipTo(size int64) error {
	end, err := r.lastLineEnd(size)
	if err != nil {
		return err
	}
	return r.goTo(max(end, r.hole))
}

// goTo puts the position of a new content.
func (r *reading) goTo(end int64) error {
	if end == 0 {
		r.offset, r.tail = 0, emptyTail
		return nil
	}
	n := int(min(end, tailSize))
	if _, err := r.lane.readAt(r.file, r.lane.scratch[:n], end-int64(n)); err != nil {
		return err
	}
	r.tail = xxh3.Hash(r.lane.scratch[:n])
	r.offset = end
	return nil
}

// lastLineEnd looks backwards for a newline.
func (r *reading) lastLineEnd(size int64) (int64, error) {
	for end := size; end > 0; {
		n := int(min(end, int64(len(r.lane.scratch))))
		if _, err := r.file.pread(r.lane.scratch[:n], end-int64(n)); err != nil {
			return 0, err
		}
		if i := bytes.LastIndexByte(r.lane.scratch[:n], '\n'); i >= 0 {
			return end - int64(n) + int64(i) + 1, nil
		}
		end -= int64(n)
	}
	return 0, nil
}

// resume goes on at a recorded position. First it reads the pieces of open
// records again: those are the only bytes before the position that no frame
// contains.
func (r *reading) resume(s *frame.Source) error {
	r.offset, r.tail, r.line = s.Offset, s.Tail, s.Line
	from := s.Offset
	for i := range s.Streams {
		if s.Streams[i].Mode == frame.ModeOpen {
			from = min(from, s.Streams[i].Open)
		}
	}
	r.unjoined = s.Offset - from
	if err := r.rescan(s, from); err != nil {
		return err
	}
	r.unjoined, r.aside = 0, nil
	for i := range s.Streams {
		if mode := s.Streams[i].Mode; mode != frame.ModeOpen {
			r.joiner.streams[i].setAside(r)
			r.joiner.streams[i].reset(r.lane, mode)
		}
	}
	return nil
}

// rescan goes over the lines between from and the position. After an error the
// joiner is as it was.
func (r *reading) rescan(s *frame.Source, from int64) error {
	before, joining := r.joiner.copied(), r.lane.joining
	var buf []byte
	for size := r.lane.engine.opts.Budget; from < s.Offset; {
		want := int(min(int64(size), s.Offset-from))
		buf = slices.Grow(buf[:0], want)[:want]
		n, err := r.lane.readAt(r.file, buf, from)
		if err != nil {
			*r.joiner, r.lane.joining = before, joining
			for _, s := range r.aside {
				s.record = nil
			}
			r.aside = nil
			return err
		}
		used := r.rescanLines(s, buf[:n], from)
		if n < want || used == 0 && int64(want) == s.Offset-from {
			// The file is shorter now, or what is left is the beginning of a
			// line that was cut.
			return nil
		}
		switch {
		case used > 0:
			from += int64(used)
		case want > r.maxLine():
			// No piece is that long: it was cut, and is contained.
			from += int64(want)
		default:
			size *= 2
		}
	}
	return nil
}

// rescanLines returns where the last whole line ends.
func (r *reading) rescanLines(s *frame.Source, p []byte, base int64) int {
	at := 0
	for {
		n := bytes.IndexByte(p[at:], '\n')
		if n < 0 {
			return at
		}
		r.rescanLine(s, p[at:at+n], base+int64(at))
		at += n + 1
	}
}

// rescanLine takes a line in only if it is one of an open record, or a piece.
func (r *reading) rescanLine(s *frame.Source, line []byte, start int64) {
	p := plainPiece(line, start)
	if r.file.target.Decoder == Container && !r.unwrap(line, &p) {
		return
	}
	state := &s.Streams[p.Stream]
	if state.Mode != frame.ModeOpen || start < state.Open {
		return
	}
	r.rescanned(&r.joiner.streams[p.Stream], &p)
}
