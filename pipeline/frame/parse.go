package frame

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
)

// What ParseHeader and the readers of a payload report.
var (
	// ErrShort: the bytes end before the header or payload does.
	ErrShort = errors.New("frame: cut off")
	// ErrNotFrame: the bytes are no gzip header of ours.
	ErrNotFrame = errors.New("frame: not a frame's header")
	// ErrVersion: written by another version of the agent; read it with that one.
	ErrVersion = errors.New("frame: metadata of an unknown version")
	// ErrChecksum: the bytes are not those that were written.
	ErrChecksum = errors.New("frame: checksum does not match")
	// ErrInvalid: the checksum matches, but the content is impossible.
	ErrInvalid = errors.New("frame: impossible metadata")
)

// ParseHeader reads the header at the beginning of b into m and returns its
// length. It keeps nothing of b; m's slices are used again, and its strings
// where they are the same, so that walking a segment allocates little. After
// an error m's content is undefined.
func ParseHeader(b []byte, m *Meta) (n int, err error) {
	body, err := metadata(b)
	if err != nil {
		return 0, err
	}
	content := body[:len(body)-crcSize]
	if crc32.Checksum(content, castagnoli) != binary.LittleEndian.Uint32(body[len(content):]) {
		return 0, ErrChecksum
	}
	if content[0] != Version {
		return 0, ErrVersion
	}
	r := reader{b: content[fixedSize:]}
	m.parseFixed(content)
	m.parseLists(&r)
	if r.bad || len(r.b) != 0 || content[1]&^flagMaybeSeen != 0 {
		return 0, ErrInvalid
	}
	return prefixSize + len(body), nil
}

// metadata finds the metadata with its checksum. The place of the checksum is
// the same in every version.
func metadata(b []byte) ([]byte, error) {
	head := min(len(b), len(magic))
	if !bytes.Equal(b[:head], magic[:head]) {
		return nil, ErrNotFrame
	}
	if len(b) < prefixSize {
		return nil, ErrShort
	}
	xlen := int(binary.LittleEndian.Uint16(b[10:]))
	size := int(binary.LittleEndian.Uint16(b[14:]))
	if b[12] != 'T' || b[13] != 'R' || xlen != size+4 || size < fixedSize+crcSize {
		return nil, ErrNotFrame
	}
	if len(b) < prefixSize+size {
		return nil, ErrShort
	}
	return b[prefixSize : prefixSize+size], nil
}

func (m *Meta) parseFixed(b []byte) {
	le := binary.LittleEndian
	m.MaybeSeen = b[1]&flagMaybeSeen != 0
	m.Seq = le.Uint64(b[2:])
	m.DurableSeq = le.Uint64(b[10:])
	m.JournalTime = int64(le.Uint64(b[18:]))
	m.PlainSize = le.Uint32(b[26:])
	m.PackedSize = le.Uint32(b[30:])
	m.Checksum = le.Uint32(b[34:])
	m.Docs = le.Uint32(b[38:])
	m.MinTime = int64(le.Uint64(b[42:]))
	m.MaxTime = int64(le.Uint64(b[50:]))
}

func (m *Meta) parseLists(r *reader) {
	m.Class = r.string(m.Class)
	r.counts(&m.Counts)
	m.parseJoined(r)
	m.Rules = m.Rules[:0]
	for range r.length(2) {
		m.Rules = extend(m.Rules)
		rule := &m.Rules[len(m.Rules)-1]
		rule.Name = r.string(rule.Name)
		rule.Lines = r.uvarint()
	}
	m.Sources = m.Sources[:0]
	for range r.length(minSource) {
		m.Sources = extend(m.Sources)
		m.Sources[len(m.Sources)-1].parse(r)
	}
	m.Filter = append(m.Filter[:0], r.bytes(r.uvarint())...)
}

func (m *Meta) parseJoined(r *reader) {
	m.Joined = m.Joined[:0]
	previous := uint64(0)
	for range r.length(2) {
		previous += r.uint32()
		lines := r.uint32()
		r.check(previous < uint64(m.Docs))
		m.Joined = append(m.Joined, Joined{uint32(previous), uint32(lines)})
	}
}

// minSource is the least that a source takes: its fixed bytes and one byte
// for each number, string and count.
const minSource = 16 + 16 + 1 + 8 + 1 + 3 + 2 + 2 + 3 + 6

func (s *Source) parse(r *reader) {
	copy(s.ID[:], r.bytes(16))
	copy(s.Identity.Head[:], r.bytes(16))
	s.Identity.Generation = uint32(r.uint32())
	s.Tail = r.uint64()
	s.parseModes(r)
	s.Dev = r.uvarint()
	s.Ino = r.uvarint()
	s.Identity.Path = r.string(s.Identity.Path)
	s.Path = r.string(s.Path)
	s.Namespace = r.string(s.Namespace)
	r.counts(&s.Counts)
}

func (s *Source) parseModes(r *reader) {
	modes := r.byte()
	s.Final = modes&finalBit != 0
	s.Line = r.mode(modes &^ finalBit)
	for i := range s.Streams {
		s.Streams[i] = StreamState{Mode: r.mode(r.byte())}
	}
	s.Offset = r.offset()
	s.Size = r.offset()
	for i := range s.Streams {
		if s.Streams[i].Mode == ModeOpen {
			s.Streams[i].Open = r.offset()
		}
	}
}

// extend makes room for one more element and keeps what a longer use of the
// slice has left there.
func extend[T any](s []T) []T {
	if len(s) < cap(s) {
		return s[:len(s)+1]
	}
	var zero T
	return append(s, zero)
}
