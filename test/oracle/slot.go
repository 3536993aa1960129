package oracle

import "encoding/binary"

// Slots says where the two values of a slot file are, as docs/journal-format.md
// has them: the newer one, and the older one, which is empty if there is none.
func Slots(b []byte) (newer, older Span) {
	const generation, length, payload = 8, 16, 24
	half := len(b) / 2
	value := func(from int) (s Span, gen uint64) {
		gen = binary.LittleEndian.Uint64(b[from+generation:])
		end := from + payload + int(binary.LittleEndian.Uint32(b[from+length:]))
		if gen == 0 || end > from+half {
			return Span{}, 0
		}
		return Span{from, end}, gen
	}
	if half < payload {
		return Span{}, Span{}
	}
	a, genA := value(0)
	c, genC := value(half)
	if genA > genC {
		return a, c
	}
	return c, a
}

// Span is a part of a file.
type Span struct{ From, To int }

// Len is how many bytes it has.
func (s Span) Len() int { return s.To - s.From }
