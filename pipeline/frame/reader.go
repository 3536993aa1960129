package frame

import (
	"encoding/binary"
	"math"
)

// reader takes values from the front of b. After the first impossible one it
// is bad, and everything that it gives is zero.
type reader struct {
	b   []byte
	bad bool
}

func (r *reader) check(ok bool) {
	if !ok {
		r.bad, r.b = true, nil
	}
}

func (r *reader) uvarint() uint64 {
	v, n := binary.Uvarint(r.b)
	if n <= 0 {
		r.check(false)
		return 0
	}
	r.b = r.b[n:]
	return v
}

func (r *reader) uint32() uint64 {
	v := r.uvarint()
	r.check(v <= math.MaxUint32)
	return v
}

func (r *reader) offset() int64 {
	v := r.uvarint()
	r.check(v <= math.MaxInt64)
	return int64(v)
}

// length is that of a list whose elements take at least size bytes each.
func (r *reader) length(size int) int {
	v := r.uvarint()
	if v > uint64(len(r.b)/size) {
		r.check(false)
		return 0
	}
	return int(v)
}

func (r *reader) bytes(n uint64) []byte {
	if n > uint64(len(r.b)) {
		r.check(false)
		return nil
	}
	p := r.b[:n]
	r.b = r.b[n:]
	return p
}

func (r *reader) byte() byte {
	if p := r.bytes(1); p != nil {
		return p[0]
	}
	return 0
}

func (r *reader) uint64() uint64 {
	if p := r.bytes(8); p != nil {
		return binary.LittleEndian.Uint64(p)
	}
	return 0
}

func (r *reader) mode(b byte) Mode {
	r.check(b <= byte(ModeRest))
	return Mode(b)
}

// string is the next one; last is given back when it has the same bytes.
func (r *reader) string(last string) string {
	p := r.bytes(r.uvarint())
	if string(p) == last {
		return last
	}
	return string(p)
}
