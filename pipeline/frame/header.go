package frame

import (
	"encoding/binary"
	"hash/crc32"
	"math"
)

// The gzip header of a frame (RFC 1952, 2.3): the ten fixed bytes with
// FLG.FEXTRA, XLEN, and one subfield 'T','R' that fills the extra field.
// Integers of the metadata are little-endian like gzip's own.
//
//	magic   [10]byte  1f 8b 08 04 00 00 00 00 00 ff
//	xlen    uint16    4 + len(metadata)
//	si1,si2 byte      'T' 'R'
//	len     uint16    len(metadata)
//	metadata
//
//	metadata:
//	version    uint8
//	flags      uint8    bit 0: maybe seen
//	seq        uint64
//	durable    uint64
//	journaled  int64    ns
//	plain      uint32   bytes
//	packed     uint32   bytes, with the gzip trailer
//	checksum   uint32   CRC-32C of the packed bytes
//	docs       uint32
//	min, max   int64    ns
//	class      string
//	counts
//	joined     list of {uvarint document - previous document, uvarint lines}
//	rules      list of {string name, uvarint lines}
//	sources    list of source
//	filter     string
//	crc        uint32   CRC-32C of the metadata before it
//
//	source:
//	id         [16]byte
//	head       [16]byte of the identity
//	generation uvarint
//	tail       uint64
//	modes      uint8    final<<7 | line mode
//	streams    [3]uint8 modes
//	offset     uvarint
//	size       uvarint
//	open       uvarint for each stream in ModeOpen
//	dev, ino   uvarint
//	identity, path, namespace  string
//	counts
//
//	counts:    uvarint lines, docs' lines, dropped lines, docs, lost bytes, bytes
//	string:    uvarint length, bytes
//	list:      uvarint length, elements
var magic = [10]byte{0x1f, 0x8b, 8, 4, 0, 0, 0, 0, 0, 255}

const (
	// prefixSize is what stands before the metadata.
	prefixSize = 16
	// fixedSize are the bytes of the metadata before the class.
	fixedSize = 58
	crcSize   = 4
	// maxMetadata is what one subfield of an extra field holds (RFC 1952, 2.3.1.1).
	maxMetadata = math.MaxUint16 - 4

	flagMaybeSeen = 1
	finalBit      = 0x80
	// maxSourceFixed bounds what a source takes but for its strings' bytes.
	maxSourceFixed = 16 + 16 + 5 + 8 + 1 + 3 + 5*9 + 2*10 + 3*3 + maxCounts
	maxCounts      = 6 * 10
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// MetaSize is a tight upper bound of the bytes that the metadata takes, cheap
// enough to ask for every batch.
func (m *Meta) MetaSize() int {
	n := fixedSize + crcSize + 5*5 + len(m.Class) + maxCounts + len(m.Filter) + joinedSize(len(m.Joined))
	for i := range m.Rules {
		n += len(m.Rules[i].Name) + 3 + 10
	}
	for i := range m.Sources {
		n += m.Sources[i].MetaSize()
	}
	return n
}

// MetaSize is an upper bound of the bytes that s takes in the metadata.
func (s *Source) MetaSize() int {
	return maxSourceFixed + len(s.Identity.Path) + len(s.Path) + len(s.Namespace)
}

// joinedSize bounds n entries of a frame with less than 2^21 documents.
func joinedSize(n int) int { return n * (3 + 5) }

// AppendHeader writes the header that the frame has on disk. A Meta that does
// not fit an extra field is a mistake of whoever filled it past MetaLimit, and
// panics: writing it would make a segment unreadable.
func (m *Meta) AppendHeader(dst []byte) []byte {
	start := len(dst)
	dst = append(dst, magic[:]...)
	dst = append(dst, 0, 0, 'T', 'R', 0, 0)
	body := len(dst)
	dst = m.appendFixed(dst)
	dst = m.appendLists(dst)
	dst = binary.LittleEndian.AppendUint32(dst, crc32.Checksum(dst[body:], castagnoli))
	size := len(dst) - body
	if size > maxMetadata {
		panic("frame: the metadata passes what a gzip extra field holds; seal before MetaLimit")
	}
	binary.LittleEndian.PutUint16(dst[start+10:], uint16(size+4))
	binary.LittleEndian.PutUint16(dst[start+14:], uint16(size))
	return dst
}

func (m *Meta) appendFixed(b []byte) []byte {
	var flags byte
	if m.MaybeSeen {
		flags |= flagMaybeSeen
	}
	le := binary.LittleEndian
	b = append(b, Version, flags)
	b = le.AppendUint64(b, m.Seq)
	b = le.AppendUint64(b, m.DurableSeq)
	b = le.AppendUint64(b, uint64(m.JournalTime))
	b = le.AppendUint32(b, m.PlainSize)
	b = le.AppendUint32(b, m.PackedSize)
	b = le.AppendUint32(b, m.Checksum)
	b = le.AppendUint32(b, m.Docs)
	b = le.AppendUint64(b, uint64(m.MinTime))
	return le.AppendUint64(b, uint64(m.MaxTime))
}

func (m *Meta) appendLists(b []byte) []byte {
	b = appendString(b, m.Class)
	b = appendCounts(b, &m.Counts)
	b = binary.AppendUvarint(b, uint64(len(m.Joined)))
	previous := uint32(0)
	for _, j := range m.Joined {
		b = binary.AppendUvarint(b, uint64(j.Doc-previous))
		b = binary.AppendUvarint(b, uint64(j.Lines))
		previous = j.Doc
	}
	b = binary.AppendUvarint(b, uint64(len(m.Rules)))
	for _, r := range m.Rules {
		b = appendString(b, r.Name)
		b = binary.AppendUvarint(b, r.Lines)
	}
	b = binary.AppendUvarint(b, uint64(len(m.Sources)))
	for i := range m.Sources {
		b = m.Sources[i].append(b)
	}
	return appendString(b, m.Filter)
}

func (s *Source) append(b []byte) []byte {
	b = append(b, s.ID[:]...)
	b = append(b, s.Identity.Head[:]...)
	b = binary.AppendUvarint(b, uint64(s.Identity.Generation))
	b = binary.LittleEndian.AppendUint64(b, s.Tail)
	b = s.appendModes(b)
	b = binary.AppendUvarint(b, s.Dev)
	b = binary.AppendUvarint(b, s.Ino)
	b = appendString(b, s.Identity.Path)
	b = appendString(b, s.Path)
	b = appendString(b, s.Namespace)
	return appendCounts(b, &s.Counts)
}

func (s *Source) appendModes(b []byte) []byte {
	modes := byte(s.Line)
	if s.Final {
		modes |= finalBit
	}
	b = append(b, modes)
	for i := range s.Streams {
		b = append(b, byte(s.Streams[i].Mode))
	}
	b = binary.AppendUvarint(b, uint64(s.Offset))
	b = binary.AppendUvarint(b, uint64(s.Size))
	for i := range s.Streams {
		if s.Streams[i].Mode == ModeOpen {
			b = binary.AppendUvarint(b, uint64(s.Streams[i].Open))
		}
	}
	return b
}

func appendString[S ~string | ~[]byte](b []byte, s S) []byte {
	b = binary.AppendUvarint(b, uint64(len(s)))
	return append(b, s...)
}
