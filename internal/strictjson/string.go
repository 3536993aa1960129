package strictjson

import (
	"encoding/binary"
	"math/bits"
)

const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
)

// special has the high bit of a byte of x set when that byte needs a look
// inside a string: quote, backslash, control or non-ASCII. Only the lowest set
// bit is certain, since a subtraction borrows from the byte above where it finds
// something. The one non-ASCII byte that each comparison misses, which is that
// with its high bit flipped, is found by the other.
func special(x uint64) uint64 {
	return ((x - ' '*ones) | (x ^ '"'*ones - ones) | (x ^ '\\'*ones - ones)) & highs
}

// str reads a string from i, the byte behind its quote, and returns the index
// of the closing quote.
func (s *Scanner) str(b []byte, i int) (end int, escaped bool) {
	for {
		if i = Plain(b, i); i >= len(b) {
			return s.refuse(CutOff, len(b)), escaped
		}
		if b[i] == '"' {
			return i, escaped
		}
		escaped = escaped || b[i] == '\\'
		if i = s.odd(b, i); i < 0 {
			return -1, escaped
		}
	}
}

// firstOdd is Plain for text that is mostly short.
func firstOdd(b []byte, i int) int {
	if i+8 > len(b) {
		return Plain(b, i)
	}
	if found := special(binary.LittleEndian.Uint64(b[i:])); found != 0 {
		return i + bits.TrailingZeros64(found)>>3
	}
	return Plain(b, i+8)
}

// Plain is the index of the next byte from i on that needs a look in a string: a
// quote, a backslash, a control character or what is not ASCII. It is len(b), or i
// beyond that, when there is none.
func Plain(b []byte, i int) int {
	for ; i+16 <= len(b); i += 16 {
		w := b[i : i+16]
		if m := special(binary.LittleEndian.Uint64(w)); m != 0 {
			return i + bits.TrailingZeros64(m)>>3
		}
		if m := special(binary.LittleEndian.Uint64(w[8:])); m != 0 {
			return i + 8 + bits.TrailingZeros64(m)>>3
		}
	}
	for i < len(b) && b[i] != '"' && b[i] != '\\' && b[i]-' ' < 0x80-' ' {
		i++
	}
	return i
}
