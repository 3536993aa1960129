// Package slot keeps one small value durable in a file of two preallocated
// slots, which are written in turn and in place: replacing the value needs no
// disk space, and a torn write leaves the value before it.
//
// A slot holds a generation, which rises with every write, and a CRC-32C. The
// slot with the newer of two valid generations is the value. The only slot
// known to be on stable storage is never overwritten: a value that was not
// synced yet is replaced in its own slot.
//
// docs/journal-format.md has the bytes.
package slot

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
)

// header is what stands before a slot's payload:
//
//	magic      [4]byte "TRS1"
//	crc        uint32  CRC-32C of what follows, payload included
//	generation uint64
//	length     uint32  of the payload
//	reserved   uint32  0
const (
	headerSize = 24
	// family is what slots of all versions begin with, and layout the version
	// that follows it. A version with another layout replaces both slots of a
	// file at once.
	family, layout = "TRS", '1'
	magic          = family + string(rune(layout))
	// align keeps the two slots in different pages and disk sectors, so that
	// writing one can never tear the other.
	align = 4096
	// maxPayload bounds what a damaged length can make us read.
	maxPayload = 1 << 30
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Value is the content of a valid slot.
type Value struct {
	Payload []byte
	// Generation counts the writes of the file, from 1. In the zero Value,
	// which stands for a slot that is empty or damaged, it is 0.
	Generation uint64
}

// Valid says whether there is a value.
func (v Value) Valid() bool { return v.Generation != 0 }

// ErrVersion says that a value is whole and of a version of its format that
// this program does not know: it must not be replaced.
var ErrVersion = errors.New("another version of Tailrace has written it")

// CheckVersion compares the version of a value's format with the one that is
// known.
func CheckVersion(found, known int) error {
	if found == known {
		return nil
	}
	return fmt.Errorf("%w: its format has version %d, and this program knows version %d; "+
		"run the version that has written it, or remove the state to begin anew", ErrVersion, found, known)
}

// errNoValue describes a slot that does not hold a value.
var errNoValue = errors.New("no valid value")

// encode writes a slot's bytes for v.
func encode(dst []byte, v Value) []byte {
	le := binary.LittleEndian
	start := len(dst)
	dst = append(dst, magic...)
	dst = append(dst, 0, 0, 0, 0)
	dst = le.AppendUint64(dst, v.Generation)
	dst = le.AppendUint32(dst, uint32(len(v.Payload)))
	dst = le.AppendUint32(dst, 0)
	dst = append(dst, v.Payload...)
	le.PutUint32(dst[start+4:], crc32.Checksum(dst[start+8:], castagnoli))
	return dst
}

// decode reads the value at the beginning of b, whose payload is a part of b.
func decode(b []byte) (Value, error) {
	if len(b) < headerSize || string(b[:len(family)]) != family {
		return Value{}, errNoValue
	}
	found := b[len(family)]
	le := binary.LittleEndian
	size := uint64(le.Uint32(b[16:]))
	if size > uint64(len(b)-headerSize) {
		return Value{}, fmt.Errorf("%w: it is longer than its slot", errNoValue)
	}
	b = b[:headerSize+size]
	if le.Uint32(b[4:]) != crc32.Checksum(b[8:], castagnoli) {
		return Value{}, fmt.Errorf("%w: its checksum does not match", errNoValue)
	}
	if err := CheckVersion(int(found-'0'), layout-'0'); err != nil {
		return Value{}, fmt.Errorf("%w: %w", errNoValue, err)
	}
	v := Value{Payload: b[headerSize:], Generation: le.Uint64(b[8:])}
	if !v.Valid() {
		return Value{}, fmt.Errorf("%w: generation 0", errNoValue)
	}
	return v, nil
}
