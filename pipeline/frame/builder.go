package frame

import (
	"encoding/binary"
	"hash/crc32"
	"sync"

	"github.com/klauspost/compress/flate"
)

// Chunk is a constant piece of documents, such as the attributes of one
// container, registered so that an encoder may know it again.
type Chunk struct{ bytes []byte }

// NewChunk registers a copy of p.
func NewChunk(p []byte) *Chunk { return &Chunk{append([]byte(nil), p...)} }

// Bytes are the chunk's; they must not be changed.
func (c *Chunk) Bytes() []byte { return c.bytes }

// Builder is an open frame. Documents are written to it in pieces of four
// kinds, which tell a compressor what to expect. It belongs to one lane and is
// used again after Seal.
type Builder struct {
	out   output
	flate *flate.Writer
	// stage gathers small pieces, since each Write of the compressor costs.
	stage []byte

	// written are the plain bytes that have left the stage, crc their CRC-32.
	written int
	crc     uint32

	docs     uint32
	min, max int64
	joined   []Joined
	terms    termSet
}

// stageSize is what the compressor gets at once.
const stageSize = 64 << 10

// NewBuilder is an empty frame that is compressed at one of flate's levels.
// It panics on a level that flate does not have.
func NewBuilder(level int) *Builder {
	b := &Builder{stage: make([]byte, 0, stageSize)}
	w, err := flate.NewWriter(&b.out, level)
	if err != nil {
		panic(err)
	}
	b.flate = w
	return b
}

// Const writes a registered piece.
func (b *Builder) Const(c *Chunk) { b.Var(c.bytes) }

// Lit writes bytes that never repeat, such as ids.
func (b *Builder) Lit(p []byte) { b.Var(p) }

// LitX writes bytes that usually continue what came before, such as times.
func (b *Builder) LitX(p []byte) { b.Var(p) }

// Var writes bytes of which nothing is known.
func (b *Builder) Var(p []byte) {
	if len(p) > cap(b.stage)-len(b.stage) {
		b.spill(p)
		return
	}
	b.stage = append(b.stage, p...)
}

// spill writes p when it does not fit the stage.
func (b *Builder) spill(p []byte) {
	b.compress(b.stage)
	b.stage = b.stage[:0]
	if len(p) > cap(b.stage) {
		b.compress(p)
		return
	}
	b.stage = append(b.stage, p...)
}

func (b *Builder) compress(p []byte) {
	b.crc = crc32.Update(b.crc, crc32.IEEETable, p)
	b.written += len(p)
	// The writer underneath cannot fail, and flate has no errors of its own.
	_, _ = b.flate.Write(p)
}

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
func (b *Builder) Size() int { return b.written + len(b.stage) }

// Docs counts the documents that were ended.
func (b *Builder) Docs() int { return int(b.docs) }

// MetaSize bounds what the metadata takes so far without its sources: a lane
// adds theirs and seals before MetaLimit.
func (b *Builder) MetaSize() int {
	return fixedSize + crcSize + 5*5 + maxCounts + joinedSize(len(b.joined)) + filterSize(b.terms.count)
}

// Seal finishes the frame and empties the builder. m brings the class,
// sources, rules, counts and MaybeSeen, the rest is filled in; the slices of m
// then belong to the sealed frame.
func (b *Builder) Seal(m Meta) *Sealed {
	b.compress(b.stage)
	// Close cannot fail: see compress.
	_ = b.flate.Close()
	payload := binary.LittleEndian.AppendUint32(b.out.take(), b.crc)
	payload = binary.LittleEndian.AppendUint32(payload, uint32(b.written))

	m.PlainSize, m.PackedSize = uint32(b.written), uint32(len(payload))
	m.Checksum = crc32.Checksum(payload, castagnoli)
	m.Docs, m.MinTime, m.MaxTime = b.docs, b.min, b.max
	m.Joined = append([]Joined(nil), b.joined...)
	terms := b.terms.list()
	m.Filter = b.terms.take()
	if m.MetaSize() > maxMetadata {
		m.Filter = Everything
	}
	b.reset()
	return &Sealed{Meta: m, Payload: payload, Terms: terms}
}

func (b *Builder) reset() {
	b.stage = b.stage[:0]
	b.written, b.crc, b.docs, b.min, b.max = 0, 0, 0, 0, 0
	b.joined = b.joined[:0]
	b.flate.Reset(&b.out)
}

// output is the payload that the compressor writes; its memory comes from
// payloads that were released.
type output struct{ b []byte }

// Write implements io.Writer; it never fails.
func (o *output) Write(p []byte) (int, error) {
	if o.b == nil {
		o.b = takePayload()
	}
	o.b = append(o.b, p...)
	return len(p), nil
}

func (o *output) take() []byte {
	p := o.b
	o.b = nil
	return p
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
