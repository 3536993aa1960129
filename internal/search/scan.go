package search

import (
	"bytes"
	"errors"
	"io"

	"github.com/klauspost/compress/gzip"

	"github.com/tailrace/tailrace/pipeline/frame"
)

// blockSize is how much of a frame is inflated at a time. A frame is never
// held whole, so that a search takes the same memory whatever size frames are.
const blockSize = 256 << 10

// scanner inflates frames and hands out their documents.
type scanner struct {
	seek   *seeker
	packed member
	gz     *gzip.Reader
	buf    []byte
}

// member makes a payload the gzip member that it is part of.
type member struct {
	header  bytes.Reader
	payload bytes.Reader
}

func (m *member) reset(payload []byte) {
	m.header.Reset(frame.WireHeader[:])
	m.payload.Reset(payload)
}

func (m *member) Read(p []byte) (int, error) {
	if m.header.Len() > 0 {
		return m.header.Read(p)
	}
	return m.payload.Read(p)
}

// ReadByte spares gzip a buffer of its own.
func (m *member) ReadByte() (byte, error) {
	if m.header.Len() > 0 {
		return m.header.ReadByte()
	}
	return m.payload.ReadByte()
}

// damageError says that a frame is not what was written, as opposed to the
// errors of who looks at its documents.
type damageError struct{ err error }

func (e *damageError) Error() string { return e.err.Error() }
func (e *damageError) Unwrap() error { return e.err }

// open begins a frame.
func (s *scanner) open(payload []byte) error {
	s.packed.reset(payload)
	if s.gz == nil {
		s.gz = new(gzip.Reader)
	}
	return s.gz.Reset(&s.packed)
}

// scan calls fn for every document of a frame that the seeker stops at, with
// its position in the plain bytes. The document is valid during the call. It
// fails at the end when the frame's checksum is wrong.
func (s *scanner) scan(payload []byte, fn func(at int64, doc []byte) error) error {
	if err := s.open(payload); err != nil {
		return &damageError{err}
	}
	if cap(s.buf) != blockSize {
		s.buf = make([]byte, 0, blockSize)
	}
	buf, base := s.buf[:0], int64(0)
	for end := false; !end; {
		var err error
		if buf, end, err = s.fill(buf); err != nil {
			return &damageError{err}
		}
		whole := bytes.LastIndexByte(buf, '\n') + 1
		if err := s.block(base, buf[:whole], fn); err != nil {
			return err
		}
		base += int64(whole)
		buf = buf[:copy(buf, buf[whole:])]
	}
	return nil
}

// fill inflates more behind what is left of the last block, and makes room
// when one line takes all of it.
func (s *scanner) fill(buf []byte) (full []byte, end bool, err error) {
	if len(buf) == cap(buf) {
		buf = append(make([]byte, 0, 2*cap(buf)), buf...)
	}
	for len(buf) < cap(buf) {
		n, err := s.gz.Read(buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+n]
		if errors.Is(err, io.EOF) {
			return buf, true, nil
		}
		if err != nil {
			return buf, false, err
		}
	}
	return buf, false, nil
}

// action is how the line before a document begins.
var action = []byte(`{"create":{`)

// block goes through the lines of a block that the seeker stops at.
func (s *scanner) block(base int64, block []byte, fn func(at int64, doc []byte) error) error {
	s.seek.reset(block)
	for from := 0; from < len(block); {
		at := s.seek.next(from)
		if at == none {
			return nil
		}
		start := from + bytes.LastIndexByte(block[from:at], '\n') + 1
		end := at + bytes.IndexByte(block[at:], '\n')
		if line := block[start:end]; !bytes.HasPrefix(line, action) {
			if err := fn(base+int64(start), line); err != nil {
				return err
			}
		}
		from = end + 1
	}
	return nil
}
