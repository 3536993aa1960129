package journal

import (
	"bytes"
	"errors"

	"github.com/tailrace/tailrace/pipeline/frame"
)

// scanner goes through the frames of a segment from off on. Where a header is
// unreadable it looks for the next one, so that damage costs only the frames
// that it hit.
type scanner struct {
	walker
	// off is where the frame begins that next found, and size the length of
	// its header, which is in meta.
	off  int64
	size int
	meta frame.Meta
	// end is behind the frame: where next looks for another.
	end int64
	// limit is where the segment ends; frames with numbers above last (0: all
	// are wanted) are copies that were superseded.
	limit int64
	last  uint64
	// skipped is the bytes between the last frame and this that are no frame.
	skipped int64
	err     error
}

// next finds the next frame; false at the end and on an error of the file.
func (s *scanner) next() bool {
	from := s.end
	s.skipped = 0
	for at := from; at < s.limit; {
		n, err := s.header(at, s.limit, &s.meta)
		switch {
		case err == nil && s.last != 0 && s.meta.Seq > s.last:
			return false
		case err == nil:
			s.off, s.size, s.skipped = at, n, at-from
			s.end = at + int64(n) + int64(s.meta.PackedSize)
			return true
		case !damage(err):
			s.err = err
			return false
		}
		if at, err = s.resync(at + 1); err != nil {
			s.err = err
			return false
		}
	}
	s.skipped = s.limit - from
	return false
}

// magic is how the header of every frame begins (gzip's own, RFC 1952, with
// only FEXTRA set).
var magic = []byte{0x1f, 0x8b, 8, 4, 0, 0, 0, 0, 0, 255}

// resync finds the next place at or behind from that may begin a frame.
func (s *scanner) resync(from int64) (int64, error) {
	for at := from; at < s.limit; {
		if err := s.fill(at, min(largestHeader, s.limit-at)); err != nil {
			return 0, err
		}
		if i := bytes.Index(s.window, magic); i >= 0 {
			return at + int64(i), nil
		}
		if len(s.window) < len(magic) {
			break
		}
		at += int64(len(s.window) - len(magic) + 1)
	}
	return s.limit, nil
}

// damage says whether err is about the bytes of a frame rather than about the
// file.
func damage(err error) bool {
	return errors.Is(err, frame.ErrShort) || errors.Is(err, frame.ErrNotFrame) ||
		errors.Is(err, frame.ErrChecksum) || errors.Is(err, frame.ErrInvalid)
}
