package strictjson

import (
	"encoding/binary"
	"math/bits"
)

// key reads the key at i into m and returns the index behind its quote.
func (s *Scanner) key(b []byte, i int, m *Member) int {
	start := i + 1
	if start+8 > len(b) || b[i] != '"' {
		return s.anyKey(b, i, m)
	}
	word, end := binary.LittleEndian.Uint64(b[start:]), start+8
	if found := special(word); found == 0 {
		end = Plain(b, end)
	} else {
		n := uint(bits.TrailingZeros64(found)) &^ 7
		word, end = word&(1<<n-1), start+int(n>>3)
	}
	if end == start || end >= len(b) || b[end] != '"' {
		return s.anyKey(b, i, m)
	}
	m.Word = word
	m.Key, m.KeyEnd = uint32(start), uint32(end)
	m.EscapedKey, m.EscapedValue, m.Mark, m.Known = false, false, 0, 0
	return end + 1
}

// keySet places keys on 512 bits, so that most pairs of them need no comparison.
type keySet [8]uint64

// add reports whether m's key may be there already.
func (k *keySet) add(m *Member) bool {
	hash := (m.Word + uint64(m.KeyEnd-m.Key)) * 0x9E3779B97F4A7C15 >> 55
	part, bit := &k[hash>>6], uint64(1)<<(hash&63)
	seen := *part&bit != 0
	*part |= bit
	return seen
}

// anyKey is key for keys that are long, escaped or none.
func (s *Scanner) anyKey(b []byte, i int, m *Member) int {
	if i >= len(b) {
		return s.refuse(CutOff, i)
	}
	if b[i] != '"' {
		return s.refuse(Syntax, i)
	}
	start := i + 1
	end, escaped := s.str(b, start)
	if end < 0 {
		return -1
	}
	if end == start {
		return s.refuse(EmptyKey, i)
	}
	*m = Member{Word: Word(b, start, end), Key: uint32(start), KeyEnd: uint32(end), EscapedKey: escaped}
	return end + 1
}

// duplicate reports whether the object's members so far have m's key.
func (s *Scanner) duplicate(b []byte, base int, m *Member) bool {
	key := b[m.Key:m.KeyEnd]
	for j := base; j < s.depth; j++ {
		o := &s.stack[j]
		if o.EscapedKey || m.EscapedKey {
			if sameKey(b[o.Key:o.KeyEnd], key) {
				return true
			}
			continue
		}
		if o.Word == m.Word && o.KeyEnd-o.Key == m.KeyEnd-m.Key &&
			(len(key) <= 8 || string(b[o.Key:o.KeyEnd]) == string(key)) {
			return true
		}
	}
	return false
}

// Word is Member.Word of the bytes b[start:end].
func Word(b []byte, start, end int) uint64 {
	if start+8 <= len(b) {
		w := binary.LittleEndian.Uint64(b[start:])
		if n := end - start; n < 8 {
			w &= 1<<(8*n) - 1
		}
		return w
	}
	var w uint64
	for i := end - 1; i >= start; i-- {
		w = w<<8 | uint64(b[i])
	}
	return w
}
