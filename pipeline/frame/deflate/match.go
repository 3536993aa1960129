package deflate

import (
	"encoding/binary"
	"math/bits"
)

const (
	tableBits = 13
	// probeSize is how many bytes a match found by search has at least.
	probeSize = 8
)

func hash(v uint64) uint64 { return v * 0x9e3779b97f4a7c15 >> (64 - tableBits) }

func (w *Writer) load(i int) uint64 { return binary.LittleEndian.Uint64(w.hist[i:]) }

// same counts the equal bytes at a and b, up to b == end; a is less than b.
func (w *Writer) same(a, b, end int) int {
	start := b
	h := w.hist[:end]
	for b+8 <= end {
		if x := binary.LittleEndian.Uint64(h[a:]) ^ binary.LittleEndian.Uint64(h[b:]); x != 0 {
			return b - start + bits.TrailingZeros64(x)>>3
		}
		a, b = a+8, b+8
	}
	for b < end && h[a] == h[b] {
		a, b = a+1, b+1
	}
	return b - start
}

// search looks for matches in hist[i:end], the bytes added last. It probes
// only where text begins to repeat: at the beginning, behind matches, and
// where words begin; found goes back over what stands before them. The table is never cleared, so that every place
// it gives is checked.
func (w *Writer) search(i, end int) {
	i = w.extend(i, end)
	for i+probeSize <= end {
		if n := w.probe(i, end); n > i {
			i = n
			continue
		}
		i = w.nextMark(i+1, end)
	}
}

// extend makes the last match go on from i, if it ends there, and returns the
// first byte behind it.
func (w *Writer) extend(i, end int) int {
	if w.distance == 0 || w.literals != i {
		return i
	}
	n := w.same(i-w.distance, i, end)
	if n > 0 {
		w.seqs[len(w.seqs)-1] += sequence(n) << lengthShift
		w.literals = i + n
	}
	return i + n
}

// probe looks for a match at i: first at the last match's distance, since
// documents that look alike repeat at one distance, then in the table. It
// returns the byte behind the match, or i when there is none.
func (w *Writer) probe(i, end int) int {
	v := w.load(i)
	slot := &w.table[hash(v)]
	position := w.base + uint64(i)
	far := int(uint32(position) - *slot)
	*slot = uint32(position)
	if d := w.distance; d != 0 && d <= i && w.load(i-d) == v {
		return w.found(i, d, end)
	}
	if far > window || far > i-w.first || far == 0 || w.load(i-far) != v {
		return i
	}
	return w.found(i, far, end)
}

// index makes the bytes at i known to later searches.
func (w *Writer) index(i, end int) {
	if i+probeSize <= end {
		w.table[hash(w.load(i))] = uint32(w.base + uint64(i))
	}
}

// found takes the match at i, as long as it goes in both directions, and
// returns the byte behind it.
func (w *Writer) found(i, distance, end int) int {
	next := i + probeSize
	next += w.same(next-distance, next, end)
	low := max(w.literals, w.first+distance)
	for i > low && w.hist[i-1] == w.hist[i-1-distance] {
		i--
	}
	w.match(i, next-i, distance)
	return next
}

// match notes a match of length bytes at i; those since the last one are
// literals.
func (w *Writer) match(i, length, distance int) {
	w.seqs = append(w.seqs, newSequence(i-w.literals, length, distance))
	w.literals, w.distance = i+length, distance
}

// Words of eight equal bytes.
const (
	high  = 0x8080808080808080
	below = 0x3030303030303030 // '0'
)

// nextMark is the next byte from i on at which a word begins: one that is not
// less than '0', behind one that is. It is end when there is none.
func (w *Writer) nextMark(i, end int) int {
	h := w.hist[:end]
	previous := uint64(0)
	if h[i-1] < '0' {
		previous = 0x80
	}
	for i+8 <= end {
		v := binary.LittleEndian.Uint64(h[i:])
		// The high bit of a byte of low is set when that byte of v is less
		// than '0'; nothing carries over, since what is subtracted from has
		// its high bit set.
		low := ^((v | high) - below | v) & high
		if marks := (low<<8 | previous) &^ low; marks != 0 {
			return i + bits.TrailingZeros64(marks)>>3
		}
		previous = low >> 56
		i += 8
	}
	return end
}
