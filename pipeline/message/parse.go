package message

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math"

	"github.com/tailrace/tailrace/pipeline/frame"
)

// What Parse reports, wrapped in what it found. None of it passes by itself:
// the same bytes are refused however often they are delivered.
var (
	// ErrForeign: the message has no version of this format. It may be another
	// producer's, and be fine.
	ErrForeign = errors.New("not a frame of Tailrace")
	// ErrVersion: written by a newer version; a reader of that version takes it.
	ErrVersion = errors.New("a frame of an unknown version")
	// ErrNotGzip: the body does not begin as a frame does.
	ErrNotGzip = errors.New("the body is no gzip member as frames are")
	// ErrChecksum: the body is not the one that was sent.
	ErrChecksum = errors.New("the body is damaged")
	// ErrInvalid: a header is missing or impossible.
	ErrInvalid = errors.New("impossible headers")
)

// Frame is what a message brings.
type Frame struct {
	// ID is the message's, Node the name of the node that has sent it: text of
	// somebody else.
	ID, Node string
	// Meta has what travels: Class, MaybeSeen, JournalTime, MinTime, MaxTime,
	// Docs, PlainSize, PackedSize and Checksum.
	Meta frame.Meta
	// Payload is the deflate stream and the gzip trailer: a part of the body.
	Payload []byte
}

// Parse reads a message. It looks at the compressed bytes only: the checksum
// says that they are those that were sent.
func Parse(m *Message) (*Frame, error) {
	h := headers{values: m.Headers}
	switch version, ok := integer(m.Headers[HeaderVersion]); {
	case m.Headers[HeaderVersion] == nil:
		return nil, ErrForeign
	case !ok || version != Version:
		return nil, fmt.Errorf("%w: %v; this one reads %d", ErrVersion, printable(m.Headers[HeaderVersion]), Version)
	case m.ContentEncoding != ContentEncoding || !bytes.HasPrefix(m.Body, frame.WireHeader[:]):
		return nil, ErrNotGzip
	}
	f := &Frame{ID: m.ID, Payload: m.Body[len(frame.WireHeader):]}
	f.Node = h.text(HeaderNode, maxNode)
	h.meta(&f.Meta)
	f.Meta.PackedSize = uint32(len(f.Payload))
	if h.wrong != "" {
		return nil, fmt.Errorf("%w: %s", ErrInvalid, h.wrong)
	}
	return f, f.check()
}

// printable is a version as a log may show it.
func printable(v any) string { return fmt.Sprintf("%.40q", fmt.Sprint(v)) }

// trailerSize is that of gzip's CRC32 and ISIZE (RFC 1952, 2.3.1).
const trailerSize = 8

// leastDocument are the bytes that two lines of an action and a document take
// at least, {} each.
const leastDocument = 6

// check holds the headers against the body.
func (f *Frame) check() error {
	m := &f.Meta
	switch packed := uint64(len(f.Payload)); {
	case packed < trailerSize || packed > math.MaxUint32:
		return fmt.Errorf("%w: %d bytes", ErrInvalid, packed)
	case m.PlainSize > frame.MaxPlain:
		return fmt.Errorf("%w: %d bytes before compression", ErrInvalid, m.PlainSize)
	case uint64(m.Docs)*leastDocument > uint64(m.PlainSize):
		return fmt.Errorf("%w: %d documents in %d bytes", ErrInvalid, m.Docs, m.PlainSize)
	case m.MinTime > m.MaxTime:
		return fmt.Errorf("%w: the first time is after the last", ErrInvalid)
	case binary.LittleEndian.Uint32(f.Payload[packed-4:]) != m.PlainSize:
		return fmt.Errorf("%w: it is of another length", ErrChecksum)
	case frame.Checksum(f.Payload) != m.Checksum:
		return fmt.Errorf("%w: its checksum is another", ErrChecksum)
	}
	return nil
}

// headers takes values out of a message's headers and notes the first that is
// wrong.
type headers struct {
	values map[string]any
	wrong  string
}

func (h *headers) meta(m *frame.Meta) {
	m.Class = h.class()
	m.MaybeSeen = h.flag(HeaderMaybeSeen)
	m.JournalTime = h.number(HeaderJournalTime, 1, math.MaxInt64)
	m.MinTime = h.number(HeaderMinTime, math.MinInt64, math.MaxInt64)
	m.MaxTime = h.number(HeaderMaxTime, math.MinInt64, math.MaxInt64)
	m.Docs = uint32(h.number(HeaderDocuments, 1, math.MaxUint32))
	m.PlainSize = uint32(h.number(HeaderPlainSize, 1, math.MaxUint32))
	m.Checksum = uint32(h.number(HeaderChecksum, 0, math.MaxUint32))
}

func (h *headers) number(name string, least, most int64) int64 {
	n, ok := integer(h.values[name])
	h.check(name, ok && n >= least && n <= most)
	return n
}

func (h *headers) flag(name string) bool {
	b, ok := h.values[name].(bool)
	h.check(name, ok)
	return b
}

func (h *headers) text(name string, most int) string {
	s, ok := h.values[name].(string)
	h.check(name, ok && len(s) <= most)
	return s
}

// maxClass is the length of a class's name at most.
const maxClass = 63

// class is checked letter by letter: it comes to stand in names of metrics'
// labels and in routing keys.
func (h *headers) class() string {
	s := h.text(HeaderClass, maxClass)
	h.check(HeaderClass, s != "")
	for i := range len(s) {
		c := s[i]
		h.check(HeaderClass, c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || i > 0 && (c == '.' || c == '_' || c == '-'))
	}
	return s
}

func (h *headers) check(name string, ok bool) {
	if !ok && h.wrong == "" {
		h.wrong = "the header " + name
	}
}

// integer reads a number of any of the sizes in which libraries and brokers
// hand it on.
func integer(v any) (int64, bool) {
	switch n := v.(type) {
	case int64:
		return n, true
	case int32:
		return int64(n), true
	case int16:
		return int64(n), true
	case int8:
		return int64(n), true
	case int:
		return int64(n), true
	case uint8:
		return int64(n), true
	case uint16:
		return int64(n), true
	case uint32:
		return int64(n), true
	}
	return 0, false
}
