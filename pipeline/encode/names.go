package encode

import (
	"bytes"
	"strconv"
)

// names guards against a name that stands twice among the attributes of a
// document, which Elasticsearch refuses. Parsers see to it that names differ;
// this costs a bit test for each of them, and looks closer only when two fall
// on the same bit.
type names struct {
	constant *constants
	seen     uint64
	// spans are where the names of this document lie in the encoder's buffer.
	spans [maxFields + maxFlags][2]uint32
	n     int
}

// maxFlags is how many attributes a document has beside its fields.
const maxFlags = 8

func (n *names) reset(c *constants) { n.constant, n.seen, n.n = c, c.seen, 0 }

// nameBit places a name on one of 64 bits by its length and both ends.
func nameBit(name []byte) uint64 {
	if len(name) == 0 {
		return 1
	}
	h := uint64(len(name))<<16 | uint64(name[0])<<8 | uint64(name[len(name)-1])
	return 1 << (h * 0x9e3779b97f4a7c15 >> 58)
}

// unique changes the name that begins at start in the buffer and ends with
// it, when it is taken: a number is put behind it.
func (e *Encoder) unique(start int) {
	n := &e.names
	bit := nameBit(e.buf[start:])
	if n.seen&bit != 0 {
		e.rename(start)
	}
	n.seen |= bit
	n.spans[n.n] = [2]uint32{uint32(start), uint32(len(e.buf))}
	n.n++
}

func (e *Encoder) rename(start int) {
	end := len(e.buf)
	for i := 2; e.taken(e.buf[start:]); i++ {
		e.buf = append(e.buf[:end], '_')
		e.buf = strconv.AppendInt(e.buf, int64(i), 10)
	}
}

func (e *Encoder) taken(name []byte) bool {
	for _, s := range e.names.spans[:e.names.n] {
		if bytes.Equal(name, e.buf[s[0]:s[1]]) {
			return true
		}
	}
	for _, c := range e.names.constant.names {
		if string(name) == c {
			return true
		}
	}
	return false
}
