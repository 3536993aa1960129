package journal

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/tailrace/tailrace/internal/vfs"
	"github.com/tailrace/tailrace/pipeline/frame"
)

// Reader reads a journal beside the agent that writes it, or without one. It
// takes no lock and writes nothing. Segments may be sealed or deleted while it
// reads: a deleted one has no entries, and its payloads are fs.ErrNotExist.
type Reader struct {
	fsys vfs.FS
	dir  string
}

// NewReader reads the journal in dir.
func NewReader(fsys vfs.FS, dir string) *Reader { return &Reader{fsys, dir} }

// Segment is a segment as a Reader sees it.
type Segment struct {
	// Name is the file's name in the journal's directory.
	Name string
	// First is the number that the segment begins at.
	First uint64
	// Size is the bytes of its frames; of a segment that is not sealed, those
	// of the file.
	Size   int64
	Sealed bool
	// MinTime and MaxTime span the documents, ns; 0 when that is not known or
	// there are none.
	MinTime, MaxTime int64
	// Opened and Written are the journal times of its first and last frame,
	// ns, 0 when not known.
	Opened, Written int64
	// Damaged counts frames that were found unreadable.
	Damaged uint32
}

// Segments are those of the journal, oldest first.
func (r *Reader) Segments() ([]Segment, error) {
	l, err := list(r.fsys, r.dir)
	if err != nil {
		return nil, err
	}
	segments := make([]Segment, 0, len(l.segments))
	for _, first := range l.segments {
		s, err := r.segment(first)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		segments = append(segments, s)
	}
	return segments, nil
}

func (r *Reader) segment(first uint64) (Segment, error) {
	path := segmentPath(r.dir, first)
	s := Segment{Name: filepath.Base(path), First: first}
	st, err := r.fsys.Stat(path)
	if err != nil {
		return s, err
	}
	s.Size = st.Size()
	x, err := openSidecar(r.fsys, path)
	if err != nil {
		return s, unlessUnsealed(err)
	}
	defer x.file.Close()
	s.Sealed, s.Size, s.Damaged = true, x.Size, x.Damaged
	s.MinTime, s.MaxTime, s.Opened, s.Written = x.MinTime, x.MaxTime, x.Opened, x.Written
	return s, nil
}

// unlessUnsealed forgives an index that is missing or unreadable.
func unlessUnsealed(err error) error {
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, errIndex) {
		return nil
	}
	return err
}

// Entries calls fn for the durable frames of a segment from the offset from
// (0, or what an earlier call returned), and returns the offset to go on at.
// Of a segment that is not sealed, calling it again follows it. The entry is
// fn's only until it returns; an error of fn ends the call and is returned.
func (r *Reader) Entries(ctx context.Context, s Segment, from int64, fn func(*Entry) error) (next int64, err error) {
	visit := func(e *Entry) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		return fn(e)
	}
	next, err = r.indexed(s, from, visit)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, errIndex) {
		next, err = r.walk(s, max(from, next), visit)
	}
	if errors.Is(err, fs.ErrNotExist) {
		return next, nil
	}
	return next, err
}

func (r *Reader) indexed(s Segment, from int64, fn func(*Entry) error) (next int64, err error) {
	x, err := openSidecar(r.fsys, r.path(s))
	if err != nil {
		return from, err
	}
	defer x.file.Close()
	next = from
	err = x.entries(from, func(e *Entry) error {
		if err := fn(e); err != nil {
			return err
		}
		next = e.End()
		return nil
	})
	if err == nil {
		next = max(next, x.Size)
	}
	return next, err
}

// walk goes through a segment without an index by its headers, as far as it is
// durable and not superseded by the next segment.
func (r *Reader) walk(s Segment, from int64, fn func(*Entry) error) (next int64, err error) {
	last, err := r.limit(s)
	if err != nil {
		return from, err
	}
	st, err := r.fsys.Stat(r.path(s))
	if err != nil || last < s.First {
		return from, err
	}
	next = from
	_, err = walk(r.fsys, r.path(s), walkRange{from, st.Size(), last}, func(e *Entry) error {
		if err := fn(e); err != nil {
			return err
		}
		next = e.End()
		return nil
	})
	return next, err
}

// limit is the last number of a segment without an index that may be shown.
func (r *Reader) limit(s Segment) (last uint64, err error) {
	last, known := readMarker(r.fsys, r.dir)
	if !known {
		last = 1<<64 - 1
	}
	l, err := list(r.fsys, r.dir)
	if err != nil {
		return 0, err
	}
	for _, first := range l.segments {
		if first > s.First {
			return min(last, first-1), nil
		}
	}
	return last, nil
}

// MayContain says whether a document of the segment may have the id of a
// frame.TermHash. It is certain about false only.
func (r *Reader) MayContain(s Segment, hash uint64) (bool, error) {
	x, err := openSidecar(r.fsys, r.path(s))
	if err != nil {
		return true, unlessUnsealed(err)
	}
	defer x.file.Close()
	filter, err := x.filter()
	if err != nil {
		return true, unlessUnsealed(err)
	}
	return len(filter) == 0 || filter.Has(hash), nil
}

// Meta reads the whole metadata of a frame.
func (r *Reader) Meta(s Segment, e *Entry) (*frame.Meta, error) {
	f, err := r.fsys.OpenFile(r.path(s), os.O_RDONLY, 0)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return metaAt(f, e)
}

func metaAt(f io.ReaderAt, e *Entry) (*frame.Meta, error) {
	var m frame.Meta
	w := walker{file: f}
	if _, err := w.header(e.Offset, e.End(), &m); err != nil {
		return nil, err
	}
	return &m, nil
}

// Payload reads the compressed bytes of a frame into buf, which grows as
// needed, and checks them.
func (r *Reader) Payload(s Segment, e *Entry, buf []byte) ([]byte, error) {
	_, payload, err := r.Frame(s, e, buf)
	return payload, err
}

// Frame is Meta and Payload at once.
func (r *Reader) Frame(s Segment, e *Entry, buf []byte) (*frame.Meta, []byte, error) {
	f, err := r.fsys.OpenFile(r.path(s), os.O_RDONLY, 0)
	if err != nil {
		return nil, nil, err
	}
	defer f.Close()
	m, err := metaAt(f, e)
	if err != nil {
		return nil, nil, err
	}
	payload, err := payloadAt(f, e.Offset+int64(e.HeaderSize), m, buf)
	return m, payload, err
}

// payloadAt reads and checks the payload of the frame that m describes.
func payloadAt(f io.ReaderAt, off int64, m *frame.Meta, buf []byte) ([]byte, error) {
	if uint64(cap(buf)) < uint64(m.PackedSize) {
		buf = make([]byte, m.PackedSize)
	}
	buf = buf[:m.PackedSize]
	n, err := f.ReadAt(buf, off)
	if n < len(buf) && err == io.EOF {
		return nil, frame.ErrShort
	}
	if n < len(buf) {
		return nil, err
	}
	return buf, frame.Verify(buf, m)
}

func (r *Reader) path(s Segment) string { return filepath.Join(r.dir, s.Name) }
