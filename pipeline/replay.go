package pipeline

import (
	"context"
	"errors"
	"io/fs"
	"iter"
	"math"

	"github.com/tailrace/tailrace/pipeline/frame"
	"github.com/tailrace/tailrace/pipeline/journal"
)

// Range is a part of a journal.
type Range struct {
	Reader *journal.Reader
	// Since and Until bound the events' time, ns since the Unix epoch, Until
	// excluded; 0 leaves that side open.
	Since, Until int64
	// Wants says which documents are meant. Frames that lie within the range
	// are sent as they stand, without asking, unless Selective says that more
	// than the time matters.
	Wants     func(source []byte) bool
	Selective bool
	// Damaged is told of what cannot be read; it is passed.
	Damaged func(error)

	builder *frame.Builder
}

// Size is how many frames a range touches, and their compressed bytes.
type Size struct {
	Frames int
	Bytes  int64
}

// Size looks at the index only.
func (r *Range) Size(ctx context.Context) (s Size, err error) {
	err = r.entries(ctx, func(_ journal.Segment, e *journal.Entry) error {
		s.Frames++
		s.Bytes += int64(e.PackedSize)
		return nil
	})
	return s, err
}

// entries calls fn for the frames that may have documents of the range.
func (r *Range) entries(ctx context.Context, fn func(journal.Segment, *journal.Entry) error) error {
	segments, err := r.Reader.Segments()
	if err != nil {
		return err
	}
	for _, s := range segments {
		if s.Sealed && !r.overlaps(s.MinTime, s.MaxTime) {
			continue
		}
		_, err := r.Reader.Entries(ctx, s, 0, func(e *journal.Entry) error {
			if e.Docs == 0 || !r.overlaps(e.MinTime, e.MaxTime) {
				return nil
			}
			return fn(s, e)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (r *Range) overlaps(first, last int64) bool { return last >= r.Since && first < r.until() }

func (r *Range) until() int64 {
	if r.Until == 0 {
		return math.MaxInt64
	}
	return r.Until
}

// errStopped ends a walk over entries whose frames nobody wants any more.
var errStopped = errors.New("stopped")

// Frames are the range's documents: whole frames as they stand where all of
// their documents are wanted, else new ones of those that are. They are marked
// as seen, since most of them were delivered before. passed is told the
// compressed size of each frame of the journal that is done.
func (r *Range) Frames(ctx context.Context, passed func(bytes int64)) iter.Seq2[*journal.Frame, error] {
	return func(yield func(*journal.Frame, error) bool) {
		seq := uint64(0)
		err := r.entries(ctx, func(s journal.Segment, e *journal.Entry) error {
			f, err := r.frame(s, e, seq+1)
			passed(int64(e.PackedSize))
			if err != nil || f == nil {
				return err
			}
			seq++
			if !yield(f, nil) {
				return errStopped
			}
			return nil
		})
		if err != nil && err != errStopped {
			yield(nil, err)
		}
	}
}

// frame is what is wanted of one frame, nil when that is nothing.
func (r *Range) frame(s journal.Segment, e *journal.Entry, seq uint64) (*journal.Frame, error) {
	m, payload, err := r.Reader.Frame(s, e, nil)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		// Retention was faster.
		return nil, nil
	case err != nil:
		r.Damaged(err)
		return nil, nil
	}
	if r.Selective || e.MinTime < r.Since || e.MaxTime >= r.until() {
		if m, payload, err = r.pick(m, payload); err != nil {
			r.Damaged(err)
			return nil, nil
		}
		if m.Docs == 0 {
			return nil, nil
		}
	}
	m.Seq, m.MaybeSeen = seq, true
	return journal.NewFrame(*m, kept(payload)), nil
}

// pick makes a frame of the wanted documents.
func (r *Range) pick(m *frame.Meta, payload []byte) (*frame.Meta, []byte, error) {
	plain, err := frame.Inflate(nil, payload, m)
	if err != nil {
		return nil, nil, err
	}
	if r.builder == nil {
		r.builder = frame.NewBuilder(compressionLevel)
	}
	b := r.builder
	for _, doc := range frame.Documents(plain) {
		if r.Wants(doc.Source) {
			b.AddDoc(doc)
		}
	}
	s := b.Seal(frame.Meta{Class: m.Class, Sources: m.Sources})
	defer s.Release()
	s.Meta.JournalTime, s.Meta.MinTime, s.Meta.MaxTime = m.JournalTime, m.MinTime, m.MaxTime
	return &s.Meta, append([]byte(nil), s.Payload...), nil
}
