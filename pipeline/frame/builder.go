package frame

import (
	"encoding/binary"
	"sync"

	"github.com/tailrace/tailrace/pipeline/frame/deflate"
)

// Chunk is a constant piece of documents, such as the attributes of one
// container, registered so that the compressor knows it again. It belongs to
// one goroutine.
type Chunk = deflate.Chunk

// NewChunk registers a copy of p.
func NewChunk(p []byte) *Chunk { return deflate.NewChunk(p) }

// Builder is an open frame. Documents are written to it in pieces of four
// kinds, which tell the compressor what to expect. It belongs to one lane and
// is used again after Seal.
type Builder struct {
	stream stream

	docs     uint32
	min, max int64
	joined   []Joined
	terms    terms
}

// stream is a compressor: of this project, or another that makes nothing of
// the difference between pieces.
type stream interface {
	Const(c *Chunk)
	Lit(p []byte)
	LitX(p []byte)
	Var(p []byte)
	// Size is the number of plain bytes since the stream began.
	Size() int
	// Close ends the stream and returns it with the CRC-32 of the plain
	// bytes. The next begins.
	Close() (packed []byte, crc uint32)
}

// NewBuilder is an empty frame. Level 1 is this project's own compressor, made
// for documents that repeat; the others are those of klauspost's flate, and
// NewBuilder panics on one that it does not have.
func NewBuilder(level int) *Builder {
	if level == 1 {
		return &Builder{stream: deflate.NewWriter(takePayload)}
	}
	return &Builder{stream: newStaged(level)}
}

// Const writes a registered piece.
func (b *Builder) Const(c *Chunk) { b.stream.Const(c) }

// Lit writes bytes that never repeat what came before, such as ids.
func (b *Builder) Lit(p []byte) { b.stream.Lit(p) }

// LitX writes bytes that usually continue what came before, such as times.
func (b *Builder) LitX(p []byte) { b.stream.LitX(p) }

// Var writes bytes of which nothing is known.
func (b *Builder) Var(p []byte) { b.stream.Var(p) }

// EndDoc ends a document that was made of lines lines and happened at
// timestamp (ns).
func (b *Builder) EndDoc(lines uint32, timestamp int64) {
	if lines != 1 {
		b.joined = append(b.joined, Joined{b.docs, lines})
	}
	if b.docs == 0 {
		b.min, b.max = timestamp, timestamp
	}
	b.min, b.max = min(b.min, timestamp), max(b.max, timestamp)
	b.docs++
}

// AddTerm makes the frame's filter know an id by its TermHash.
func (b *Builder) AddTerm(hash uint64) { b.terms.add(hash) }

// Size is the length of the plain bytes so far.
func (b *Builder) Size() int { return b.stream.Size() }

// Docs counts the documents that were ended.
func (b *Builder) Docs() int { return int(b.docs) }

// MetaSize bounds what the metadata takes so far without its sources: a lane
// adds theirs and seals before MetaLimit.
func (b *Builder) MetaSize() int {
	return fixedSize + crcSize + 5*5 + maxCounts + joinedSize(len(b.joined)) + filterSize(len(b.terms.hashes))
}

// Seal finishes the frame and empties the builder. m brings the class,
// sources, rules, counts and MaybeSeen, the rest is filled in; the slices of m
// then belong to the sealed frame.
func (b *Builder) Seal(m Meta) *Sealed {
	size := b.stream.Size()
	payload, crc := b.stream.Close()
	payload = binary.LittleEndian.AppendUint32(payload, crc)
	payload = binary.LittleEndian.AppendUint32(payload, uint32(size))

	m.PlainSize, m.PackedSize = uint32(size), uint32(len(payload))
	m.Checksum = Checksum(payload)
	m.Docs, m.MinTime, m.MaxTime = b.docs, b.min, b.max
	m.Joined = append([]Joined(nil), b.joined...)
	filter, hashes := b.terms.take()
	m.Filter = filter
	if m.MetaSize() > maxMetadata {
		m.Filter = Everything
	}
	b.docs, b.min, b.max = 0, 0, 0
	b.joined = b.joined[:0]
	return &Sealed{Meta: m, Payload: payload, Terms: hashes}
}

// payloads holds memory of released payloads; what is in it goes with the
// next garbage collections, so that an idle agent is small.
var payloads sync.Pool

const (
	firstPayload = 64 << 10
	// maxPooled is the largest payload whose memory is kept: an ordinary frame
	// of 4 MiB of documents takes a fraction of it.
	maxPooled = 4 << 20
)

func takePayload() []byte {
	if p, ok := payloads.Get().(*[]byte); ok {
		return (*p)[:0]
	}
	return make([]byte, 0, firstPayload)
}

// Release gives the payload's memory to later frames. Nobody may use the
// payload from then on.
func (s *Sealed) Release() {
	if p := s.Payload; cap(p) > 0 && cap(p) <= maxPooled {
		payloads.Put(&p)
	}
	s.Payload = nil
}
