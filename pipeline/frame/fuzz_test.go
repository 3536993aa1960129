package frame

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// reseal gives a changed header a matching checksum.
func reseal(b []byte) []byte {
	if len(b) < prefixSize+crcSize {
		return b
	}
	end := len(b) - crcSize
	binary.LittleEndian.PutUint32(b[end:], crc32.Checksum(b[prefixSize:end], castagnoli))
	return b
}

// FuzzParseHeader looks behind the checksum: it is made right for every input.
func FuzzParseHeader(f *testing.F) {
	full := fullMeta()
	f.Add(full.AppendHeader(nil))
	f.Add(new(Meta).AppendHeader(nil))
	f.Add([]byte{0x1f, 0x8b, 8, 4})
	f.Fuzz(func(t *testing.T, b []byte) {
		var m, again Meta
		n, err := ParseHeader(reseal(bytes.Clone(b)), &m)
		if err != nil {
			return
		}
		written := m.AppendHeader(nil)
		if n > len(b) || len(written)-prefixSize > m.MetaSize() {
			t.Errorf("%d bytes of %d read; %d written, MetaSize %d", n, len(b), len(written), m.MetaSize())
		}
		if _, err := ParseHeader(written, &again); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(m, again, equateEmpty); diff != "" {
			t.Error(diff)
		}
	})
}

func FuzzInflate(f *testing.F) {
	b := NewBuilder(1)
	build(b, 5, 1)
	s := b.Seal(Meta{})
	f.Add(s.Payload, s.Meta.PlainSize)
	f.Add([]byte{3, 0, 0, 0, 0, 0, 0, 0, 0, 0}, uint32(0))
	f.Fuzz(func(t *testing.T, payload []byte, size uint32) {
		m := Meta{PlainSize: size, PackedSize: uint32(len(payload))}
		plain, err := Inflate(nil, payload, &m)
		if err != nil {
			return
		}
		if len(plain) != int(size) {
			t.Errorf("%d bytes, announced %d", len(plain), size)
		}
		for range Documents(plain) {
		}
	})
}

func FuzzFrame(f *testing.F) {
	f.Add([]byte("abcabcabc"), uint8(3))
	f.Add(bytes.Repeat([]byte{0xff, 0, 1}, 40_000), uint8(200))
	builder := NewBuilder(1)
	f.Fuzz(func(t *testing.T, p []byte, step uint8) {
		for rest := p; len(rest) > 0; {
			n := min(len(rest), int(step)*int(step)+1)
			builder.Var(rest[:n])
			rest = rest[n:]
		}
		builder.EndDoc(1, 0)
		s := builder.Seal(Meta{})
		if got, err := Inflate(nil, s.Payload, &s.Meta); err != nil || !bytes.Equal(got, p) {
			t.Errorf("%v: %d bytes of %d came back", err, len(got), len(p))
		}
		s.Release()
	})
}
