package journal

import (
	"errors"
	"io"

	"github.com/tailrace/tailrace/pipeline/frame"
)

const (
	// smallWindow is what is read ahead for a header: most headers are
	// shorter, and of small frames it holds several.
	smallWindow = 16 << 10
	// largestHeader bounds a gzip header with a full extra field.
	largestHeader = 10 + 2 + 0xffff
)

// walker reads the headers of a segment's frames without their payloads.
type walker struct {
	file io.ReaderAt
	// window are the file's bytes from at on.
	window []byte
	at     int64
}

// header parses the header at off into m and returns its length. No byte at
// or behind limit is read. A frame that limit cuts off is frame.ErrShort.
func (w *walker) header(off, limit int64, m *frame.Meta) (int, error) {
	if skip := off - w.at; skip >= 0 && skip < int64(len(w.window)) {
		n, err := frame.ParseHeader(w.window[skip:], m)
		if !errors.Is(err, frame.ErrShort) {
			return w.whole(off, limit, n, err, m)
		}
	}
	for _, size := range [...]int64{smallWindow, largestHeader} {
		if err := w.fill(off, min(size, limit-off)); err != nil {
			return 0, err
		}
		n, err := frame.ParseHeader(w.window, m)
		if !errors.Is(err, frame.ErrShort) {
			return w.whole(off, limit, n, err, m)
		}
	}
	return 0, frame.ErrShort
}

// whole checks that the payload of a parsed header ends before limit.
func (w *walker) whole(off, limit int64, n int, err error, m *frame.Meta) (int, error) {
	if err == nil && off+int64(n)+int64(m.PackedSize) > limit {
		return 0, frame.ErrShort
	}
	return n, err
}

// fill reads up to n bytes at off into the window.
func (w *walker) fill(off, n int64) error {
	if int64(cap(w.window)) < n {
		w.window = make([]byte, n)
	}
	w.window, w.at = w.window[:max(n, 0)], off
	got, err := w.file.ReadAt(w.window, off)
	w.window = w.window[:got]
	if err == io.EOF {
		return nil
	}
	return err
}
