package frame

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"slices"
	"sync"

	"github.com/klauspost/compress/flate"
)

// MaxPlain is the largest frame that is read: many times what a lane lets one
// grow to, small enough that a forged size cannot take a node's memory.
const MaxPlain = 256 << 20

// maxExpansion is more than deflate can compress (1032:1, "Maximum Compression
// Factor" in zlib's technical details).
const maxExpansion = 1040

// Checksum is what Meta.Checksum is of a payload: its CRC-32C.
func Checksum(payload []byte) uint32 { return crc32.Checksum(payload, castagnoli) }

// Verify says whether payload is the one that m describes, by length and
// CRC-32C.
func Verify(payload []byte, m *Meta) error {
	if uint64(len(payload)) < uint64(m.PackedSize) {
		return ErrShort
	}
	if uint64(len(payload)) > uint64(m.PackedSize) || Checksum(payload) != m.Checksum {
		return ErrChecksum
	}
	return nil
}

// Inflate appends the plain bytes of payload to dst. It allows no more than
// m.PlainSize bytes, and checks length and CRC-32 of the gzip trailer; it does
// not need Verify before. On an error dst is as it was.
func Inflate(dst, payload []byte, m *Meta) ([]byte, error) {
	if len(payload) < trailerSize {
		return dst, ErrShort
	}
	packed, trailer := payload[:len(payload)-trailerSize], payload[len(payload)-trailerSize:]
	size := int(m.PlainSize)
	if size > MaxPlain || size > len(packed)*maxExpansion {
		return dst, fmt.Errorf("%w: %d bytes in %d packed ones", ErrInvalid, size, len(packed))
	}
	if binary.LittleEndian.Uint32(trailer[4:]) != m.PlainSize {
		return dst, ErrChecksum
	}
	out := slices.Grow(dst, size)[:len(dst)+size]
	plain := out[len(dst):]
	if err := inflate(plain, packed); err != nil {
		return dst, err
	}
	if crc32.ChecksumIEEE(plain) != binary.LittleEndian.Uint32(trailer) {
		return dst, ErrChecksum
	}
	return out, nil
}

// trailerSize is that of gzip's CRC32 and ISIZE (RFC 1952, 2.3.1).
const trailerSize = 8

// inflaters holds decompressors, which are 40 KiB each.
var inflaters sync.Pool

type inflater struct {
	source bytes.Reader
	flate  io.ReadCloser
}

func takeInflater(packed []byte) *inflater {
	i, ok := inflaters.Get().(*inflater)
	if !ok {
		i = &inflater{}
		i.flate = flate.NewReader(&i.source)
	}
	i.source.Reset(packed)
	// Both flate packages document their readers as Resetters; Reset fails
	// only on a dictionary, of which there is none.
	_ = i.flate.(flate.Resetter).Reset(&i.source, nil)
	return i
}

// inflate fills plain with exactly what packed holds.
func inflate(plain, packed []byte) error {
	i := takeInflater(packed)
	defer inflaters.Put(i)
	if _, err := io.ReadFull(i.flate, plain); err != nil {
		return fmt.Errorf("%w: the deflate stream: %w", ErrChecksum, err)
	}
	var one [1]byte
	if n, err := i.flate.Read(one[:]); n != 0 || err != io.EOF || i.source.Len() != 0 {
		return fmt.Errorf("%w: the deflate stream does not end with its documents", ErrChecksum)
	}
	return nil
}
