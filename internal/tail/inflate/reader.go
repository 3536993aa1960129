// Package inflate reads gzip files (RFC 1952) that nobody vouches for at
// positions of their content. It goes forward and keeps a window of what it
// has passed, so memory is bounded whatever the file holds, and a call does a
// bounded amount of work.
package inflate

import (
	"bufio"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/gzip"
)

const (
	// keep is how much of what was passed is held at least: the pieces of a
	// long line and the proof before a position are looked at again.
	keep = 64 << 10
	// before is how much is held in front of what was asked for last.
	before = 4 << 10
	// step is how much is inflated at once.
	step = 16 << 10
	// membersPerCall is how many members without content a call may pass.
	membersPerCall = 4096
)

// PerCall is how much a call may inflate to get to its position.
const PerCall = 1 << 20

// ErrBehind says that the position was not reached yet: the same call goes on
// where this one has stopped.
var ErrBehind = errors.New("the position in the compressed file was not reached yet")

// Reader inflates one file. The zero Reader is ready for Reset.
type Reader struct {
	src   source
	in    *bufio.Reader
	zip   gzip.Reader
	begun bool

	// window is the content from base on, up to where it was inflated.
	window []byte
	base   int64
	// err is how the content ends: io.EOF, or what is wrong with the file.
	err     error
	members int
}

// source counts what is taken of the compressed file, and remembers that it
// cannot be read: gzip's reader does not tell that from damage.
type source struct {
	file  io.ReaderAt
	taken int64
	err   error
}

func (s *source) Read(p []byte) (int, error) {
	n, err := s.file.ReadAt(p, s.taken)
	s.taken += int64(n)
	switch {
	case n > 0:
		return n, nil
	case err != io.EOF:
		s.err = err
	}
	return 0, err
}

// Reset begins with a file.
func (r *Reader) Reset(file io.ReaderAt) {
	r.src.file = file
	r.rewind()
}

func (r *Reader) rewind() {
	r.src.taken, r.src.err = 0, nil
	r.begun, r.err = false, nil
	r.window, r.base = r.window[:0], 0
}

// Taken is how much of the compressed file was read to get as far as this.
func (r *Reader) Taken() int64 { return r.src.taken }

// Inflated is how far the content was inflated.
func (r *Reader) Inflated() int64 { return r.base + int64(len(r.window)) }

// End says how long the content is, when its end was reached, and what is
// wrong with it there: io.ErrUnexpectedEOF for a file that is cut off, nil for
// one that is whole.
func (r *Reader) End() (size int64, damage error, reached bool) {
	switch r.err {
	case nil:
		return 0, nil, false
	case io.EOF:
		return r.Inflated(), nil, true
	}
	return r.Inflated(), r.err, true
}

// ReadAt fills p from a position of the content, as far as that goes. The
// error is ErrBehind, or why the file cannot be read at all now; damage is the
// End of the content.
func (r *Reader) ReadAt(p []byte, off int64) (int, error) {
	r.members = 0
	if off < r.base {
		r.rewind()
	}
	for from := r.Inflated(); r.Inflated() < off && r.err == nil; {
		if r.Inflated()-from >= PerCall {
			return 0, ErrBehind
		}
		if err := r.more(off); err != nil {
			return 0, err
		}
	}
	for r.Inflated() < off+int64(len(p)) && r.err == nil {
		if err := r.more(off); err != nil {
			return 0, err
		}
	}
	if off >= r.Inflated() {
		return 0, nil
	}
	return copy(p, r.window[off-r.base:]), nil
}

// more inflates a step. What is before off may be let go, but for the window.
func (r *Reader) more(off int64) error {
	if cap(r.window)-len(r.window) < step {
		r.slide(max(r.base, min(r.Inflated()-keep, off-before)))
	}
	err := r.begin()
	if err == nil {
		at := len(r.window)
		var n int
		n, err = r.zip.Read(r.window[at : at+step])
		r.window = r.window[:at+n]
	}
	if err == io.EOF {
		err = r.nextMember()
	}
	if r.src.err != nil {
		cause := r.src.err
		r.rewind()
		return cause
	}
	if r.err = err; err == nil && r.members > membersPerCall {
		return ErrBehind
	}
	return nil
}

// begin reads the first member's header.
func (r *Reader) begin() error {
	if r.begun {
		return nil
	}
	if r.in == nil {
		r.in = bufio.NewReaderSize(nil, step)
	}
	r.in.Reset(&r.src)
	r.begun = true
	return r.header()
}

// nextMember goes on behind a member; io.EOF says that it was the last.
func (r *Reader) nextMember() error {
	if _, err := r.in.Peek(1); err != nil {
		return err
	}
	r.members++
	if err := r.header(); err != nil {
		return fmt.Errorf("what follows a whole gzip member: %w", err)
	}
	return nil
}

// header reads a member's header. One that is cut off is no regular end.
func (r *Reader) header() error {
	err := r.zip.Reset(r.in)
	r.zip.Multistream(false)
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}

// slide lets go of what is before a position, and makes room.
func (r *Reader) slide(from int64) {
	kept := r.window[from-r.base:]
	size := max(2*keep, len(kept)+len(kept)/4+step)
	to := r.window[:0]
	if cap(to) < size || cap(to) > 2*size {
		to = make([]byte, 0, size)
	}
	r.window, r.base = append(to, kept...), from
}
