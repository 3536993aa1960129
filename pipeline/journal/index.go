package journal

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"math"

	"github.com/tailrace/tailrace/pipeline/frame"
)

// A sidecar has three parts, each with a CRC-32C of its own, so that the first
// and the second can be read alone. Integers are little-endian.
//
//	magic     [4]byte "TRIX"
//	version   uint32  1
//	first     uint64  the segment's number
//	last      uint64  that of its last frame
//	size      uint64  bytes of the segment up to the end of its last frame
//	frames    uint32
//	damaged   uint32  frames found unreadable
//	min, max  int64   ns, of the documents
//	opened    int64   ns, journal time of the first frame
//	written   int64   ns, journal time of the last frame
//	packed    uint64  bytes of all payloads
//	counts    [6]uint64
//	filterLen, entriesLen uint32
//	crc       uint32
//	filter    [filterLen]byte, crc uint32
//	entries   [entriesLen]byte, crc uint32
//
// An entry, of varints (u: unsigned, s: zigzag):
//
//	u seq - previous seq, u gap between the previous frame's end and this,
//	u header, u packed, u plain, u docs, s min - summary's min, u max - min,
//	s journal time - previous one's, u flags (1: maybe seen),
//	u length and bytes of the class, 6 u counts, u length and bytes of the filter
const (
	indexMagic   = "TRIX"
	indexVersion = 1
	summarySize  = 4 + 4 + 3*8 + 2*4 + 4*8 + 8 + 6*8 + 2*4 + 4
	// maxIndex is the largest sidecar that is read.
	maxIndex = 1 << 30

	entryMaybeSeen = 1
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// errIndex is the cause of every unreadable sidecar; it is rebuilt then.
var errIndex = errors.New("unreadable sidecar index")

// index is a decoded sidecar.
type index struct {
	summary
	filterLen, entriesLen int
}

// appendIndex writes a sidecar for the entries, which are in order.
func appendIndex(dst []byte, s *summary, filter frame.Filter, entries []byte) []byte {
	dst = appendSummary(dst, s, len(filter), len(entries))
	dst = appendChecked(dst, filter)
	return appendChecked(dst, entries)
}

func appendSummary(dst []byte, s *summary, filterLen, entriesLen int) []byte {
	le := binary.LittleEndian
	start := len(dst)
	dst = append(dst, indexMagic...)
	dst = le.AppendUint32(dst, indexVersion)
	for _, n := range []uint64{s.First, s.Last, uint64(s.Size)} {
		dst = le.AppendUint64(dst, n)
	}
	dst = le.AppendUint32(dst, s.Frames)
	dst = le.AppendUint32(dst, s.Damaged)
	for _, t := range []int64{s.MinTime, s.MaxTime, s.Opened, s.Written} {
		dst = le.AppendUint64(dst, uint64(t))
	}
	dst = le.AppendUint64(dst, uint64(s.Packed))
	for _, n := range s.Counts.Figures() {
		dst = le.AppendUint64(dst, *n)
	}
	dst = le.AppendUint32(dst, uint32(filterLen))
	dst = le.AppendUint32(dst, uint32(entriesLen))
	return le.AppendUint32(dst, crc32.Checksum(dst[start:], castagnoli))
}

func appendChecked(dst, part []byte) []byte {
	dst = append(dst, part...)
	return binary.LittleEndian.AppendUint32(dst, crc32.Checksum(part, castagnoli))
}

// parseSummary reads the first part of a sidecar.
func parseSummary(b []byte) (index, error) {
	if len(b) < summarySize || string(b[:4]) != indexMagic {
		return index{}, fmt.Errorf("%w: no sidecar's beginning", errIndex)
	}
	body, err := checked(b[:summarySize])
	if err != nil {
		return index{}, err
	}
	le := binary.LittleEndian
	if v := le.Uint32(body[4:]); v != indexVersion {
		return index{}, fmt.Errorf("%w: version %d", errIndex, v)
	}
	return summaryFields(body[8:])
}

func summaryFields(b []byte) (x index, err error) {
	le := binary.LittleEndian
	x.First, x.Last, x.Size = le.Uint64(b), le.Uint64(b[8:]), int64(le.Uint64(b[16:]))
	x.Frames, x.Damaged = le.Uint32(b[24:]), le.Uint32(b[28:])
	for i, t := range []*int64{&x.MinTime, &x.MaxTime, &x.Opened, &x.Written} {
		*t = int64(le.Uint64(b[32+8*i:]))
	}
	for i, n := range x.Counts.Figures() {
		*n = le.Uint64(b[72+8*i:])
	}
	x.Packed = int64(le.Uint64(b[64:]))
	x.filterLen, x.entriesLen = int(le.Uint32(b[120:])), int(le.Uint32(b[124:]))
	if x.Size < 0 || x.filterLen > maxIndex || x.entriesLen > maxIndex {
		return x, fmt.Errorf("%w: impossible sizes", errIndex)
	}
	return x, nil
}

// checked is b without the CRC at its end, which must match.
func checked(b []byte) ([]byte, error) {
	if len(b) < 4 {
		return nil, fmt.Errorf("%w: cut off", errIndex)
	}
	body := b[:len(b)-4]
	if binary.LittleEndian.Uint32(b[len(body):]) != crc32.Checksum(body, castagnoli) {
		return nil, fmt.Errorf("%w: checksum does not match", errIndex)
	}
	return body, nil
}

// entryCodec writes or reads entries one after the other, each relative to the
// one before.
type entryCodec struct {
	seq     uint64
	end     int64
	written int64
	minTime int64
}

func (c *entryCodec) append(b []byte, e *Entry) []byte {
	var flags uint64
	if e.MaybeSeen {
		flags = entryMaybeSeen
	}
	for _, n := range [...]uint64{
		e.Seq - c.seq, uint64(e.Offset - c.end), uint64(e.HeaderSize),
		uint64(e.PackedSize), uint64(e.PlainSize), uint64(e.Docs),
	} {
		b = binary.AppendUvarint(b, n)
	}
	b = binary.AppendVarint(b, e.MinTime-c.minTime)
	b = binary.AppendUvarint(b, uint64(e.MaxTime-e.MinTime))
	b = binary.AppendVarint(b, e.JournalTime-c.written)
	b = binary.AppendUvarint(b, flags)
	b = appendBytes(b, e.Class)
	for _, n := range e.Counts.Figures() {
		b = binary.AppendUvarint(b, *n)
	}
	c.seq, c.end, c.written = e.Seq, e.End(), e.JournalTime
	return appendBytes(b, e.Filter)
}

func appendBytes[S ~string | ~[]byte](b []byte, s S) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

// parse reads the entry at the front of r into e, whose filter is then a part
// of r's bytes.
func (c *entryCodec) parse(r *varints, e *Entry) error {
	e.Seq = c.seq + r.unsigned(math.MaxInt64)
	e.Offset = c.end + int64(r.unsigned(math.MaxInt32))
	e.HeaderSize = int(r.unsigned(largestHeader))
	e.PackedSize = uint32(r.unsigned(math.MaxUint32))
	e.PlainSize = uint32(r.unsigned(math.MaxUint32))
	e.Docs = uint32(r.unsigned(math.MaxUint32))
	e.MinTime = c.minTime + r.signed()
	e.MaxTime = e.MinTime + int64(r.unsigned(math.MaxUint64))
	e.JournalTime = c.written + r.signed()
	e.MaybeSeen = r.unsigned(entryMaybeSeen) != 0
	if class := r.bytes(); string(class) != e.Class {
		e.Class = string(class)
	}
	for _, n := range e.Counts.Figures() {
		*n = r.unsigned(math.MaxUint64)
	}
	e.Filter = frame.Filter(r.bytes())
	if r.bad {
		return fmt.Errorf("%w: an entry is cut off", errIndex)
	}
	c.seq, c.end, c.written = e.Seq, e.End(), e.JournalTime
	return nil
}

// varints takes values from the front of b; after the first impossible one it
// is bad and gives zeros.
type varints struct {
	b   []byte
	bad bool
}

func (r *varints) unsigned(limit uint64) uint64 {
	v, n := binary.Uvarint(r.b)
	if n <= 0 || v > limit {
		r.bad, r.b = true, nil
		return 0
	}
	r.b = r.b[n:]
	return v
}

func (r *varints) signed() int64 {
	v, n := binary.Varint(r.b)
	if n <= 0 {
		r.bad, r.b = true, nil
		return 0
	}
	r.b = r.b[n:]
	return v
}

func (r *varints) bytes() []byte {
	n := r.unsigned(math.MaxInt32)
	if n > uint64(len(r.b)) {
		r.bad, r.b, n = true, nil, 0
	}
	p := r.b[:n:n]
	r.b = r.b[n:]
	return p
}
