// Package search finds lines in a journal: it reads segments beside a running
// agent or without one, takes no lock and writes nothing, and needs the same
// memory whatever the size of the journal and of its frames.
//
// A query goes from coarse to fine: segments and frames are left out by time
// and by their Bloom filters, frames by the files that they contain, documents
// by a literal that must stand in them; only what is left is read as JSON.
package search

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math"

	"github.com/tailrace/tailrace/pipeline/journal"
)

// A Sink takes the lines that were found, in the order of time. The line is
// valid during the call. ErrEnough ends the search without an error. Flush is
// called when reading on takes time, so that what is known is seen.
type Sink interface {
	Line(l *Line) error
	Flush() error
}

// ErrEnough is what a sink returns when it wants no more lines.
var ErrEnough = errors.New("enough lines")

// Stats say what a search did.
type Stats struct {
	// Lines were given to the sink, Late of them after one of a later time.
	Lines, Late int
	// Frames were judged; FramesSkipped of them were not inflated.
	Frames, FramesSkipped int
	// SegmentsSkipped were not even opened; SegmentsGone were deleted by
	// retention while the search ran.
	SegmentsSkipped, SegmentsGone int
	// Oldest is the time of the first line that Since left out, 0 when it
	// left nothing out.
	Oldest int64
}

// noteOlder remembers that lines from first on lie before since.
func (s *Stats) noteOlder(first, since int64) {
	if first != 0 && first < since && (s.Oldest == 0 || first < s.Oldest) {
		s.Oldest = first
	}
}

// Search is one run of a query over a journal.
type Search struct {
	Reader Reader
	Query  Query
	Sink   Sink
	// Damaged is told of every frame that could not be read; the search goes
	// on behind it.
	Damaged func(error)
	// Progress, if there is one, is told before which time no further line
	// comes, between frames.
	Progress func(before int64)
	Stats    Stats

	frames  *frames
	scanner scanner
	doc     Document
	order   order
	payload []byte
	enough  bool // the sink wants no more
	// partSize and tailKeys replace the constants partSize and maxTailKeys in
	// tests.
	partSize, tailKeys int
}

// Run gives the sink every line of the journal that the query wants. The
// order of time is exact unless more than 3 MiB of lines wait for earlier
// ones; Stats.Late counts the lines that came behind a later one.
func (s *Search) Run(ctx context.Context) error {
	err := s.start()
	if err == nil {
		err = s.run(ctx)
	}
	return s.end(err)
}

// end makes of the sink's wish to stop what callers see.
func (s *Search) end(err error) error {
	s.Stats.Late = s.order.late
	if errors.Is(err, ErrEnough) {
		s.enough = true
		return nil
	}
	return err
}

func (s *Search) start() (err error) {
	if s.Query.Keep == nil {
		s.Query.Keep = keepSource
	}
	s.scanner.seek = newSeeker(s.Query.literals())
	s.frames, err = s.newFrames(nil)
	return err
}

func keepSource(dst []byte, d *Document) []byte { return append(dst, d.Source...) }

func (s *Search) run(ctx context.Context) error {
	for {
		c, more, err := s.frames.next(ctx)
		if err != nil {
			return err
		}
		if !more {
			return s.release(math.MaxInt64)
		}
		if err := s.release(c.min); err != nil {
			return err
		}
		if err := s.read(ctx, c); err != nil {
			return err
		}
		before := s.frames.frontier()
		if err := s.release(before); err != nil {
			return err
		}
		if s.Progress != nil {
			s.Progress(before)
		}
	}
}

// release hands over the lines whose turn has certainly come.
func (s *Search) release(before int64) error {
	for n := 0; ; n++ {
		l := s.order.ready(before)
		if l == nil && n > 0 {
			return s.Sink.Flush()
		}
		if l == nil {
			return nil
		}
		s.Stats.Lines++
		err := s.Sink.Line(l)
		s.order.done(l)
		if err != nil {
			return err
		}
	}
}

// read looks through one frame.
func (s *Search) read(ctx context.Context, c candidate) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	seg, e := s.frames.segments[c.segment], c.entry()
	wanted, err := s.inScope(seg, e)
	if err != nil || !wanted {
		return s.skip(seg, e, err)
	}
	return s.scan(seg, e, func(at int64, source []byte) error {
		return s.consider(c.seq, at, source)
	})
}

// scan inflates a frame and calls fn for the documents that may be wanted.
func (s *Search) scan(seg journal.Segment, e *journal.Entry, fn func(at int64, doc []byte) error) (err error) {
	if s.payload, err = s.Reader.Payload(seg, e, s.payload[:0]); err != nil {
		return s.skip(seg, e, err)
	}
	err = s.scanner.scan(s.payload, fn)
	if bad := (*damageError)(nil); errors.As(err, &bad) {
		return s.skip(seg, e, err)
	}
	return err
}

// inScope judges a frame by the files that it contains.
func (s *Search) inScope(seg journal.Segment, e *journal.Entry) (bool, error) {
	if s.Query.Scope.everywhere() {
		return true, nil
	}
	m, err := s.Reader.Meta(seg, e)
	if err != nil {
		return false, err
	}
	return s.Query.Scope.inFrame(m), nil
}

// skip goes on behind a frame that is not wanted or cannot be read.
func (s *Search) skip(seg journal.Segment, e *journal.Entry, err error) error {
	switch {
	case err == nil:
		s.Stats.FramesSkipped++
	case errors.Is(err, fs.ErrNotExist):
		s.Stats.SegmentsGone++
	default:
		s.damaged(fmt.Errorf("frame %d in %s cannot be read: %w; lines in it are missing here, \"tailrace journal verify\" lists all such frames", e.Seq, seg.Name, err))
	}
	return nil
}

func (s *Search) damaged(err error) {
	if s.Damaged != nil {
		s.Damaged(err)
	}
}

// consider takes a document in if it is wanted.
func (s *Search) consider(seq uint64, at int64, source []byte) error {
	if err := s.doc.Read(source); err != nil {
		s.damaged(fmt.Errorf("document at byte %d of frame %d is no JSON object: %w; it is left out", at, seq, err))
		return nil
	}
	t := s.doc.Time()
	if !s.Query.inScope(&s.doc, t) {
		return nil
	}
	match := s.Query.matches(&s.doc) && s.Query.isLast(&s.doc, lineKey{t, seq, at})
	if !match && !s.Query.Context {
		return nil
	}
	l := s.order.line()
	l.Time, l.Seq, l.At, l.Match = t, seq, at, match
	if s.Query.Context {
		l.Origin = originOf(&s.doc)
	}
	l.Kept = s.Query.Keep(l.Kept[:0], &s.doc)
	s.order.add(l)
	return s.release(math.MinInt64)
}
