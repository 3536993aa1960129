package deflate

import "math/bits"

// The alphabets of RFC 1951, 3.2.5 and 3.2.7.
const (
	endOfBlock    = 256
	literalCodes  = 286
	distanceCodes = 30
	lengthCodes   = 19

	minMatch = 3
	maxMatch = 258
	window   = 32768

	// longestLiteral is less than deflate's 15, so that four literals fit one
	// word of output.
	longestLiteral  = 14
	longestDistance = 15
	longestLength   = 7
)

// lengthSymbol is the code of a match's length, with the extra bits behind it.
func lengthSymbol(length int) (symbol, extra, bitsOfExtra int) {
	if length == maxMatch {
		return 285, 0, 0
	}
	n := length - minMatch
	if n < 8 {
		return 257 + n, 0, 0
	}
	more := bits.Len(uint(n)) - 3
	return 257 + 4*more + n>>more, n & (1<<more - 1), more
}

// distanceSymbol is the code of a match's distance, likewise.
func distanceSymbol(distance int) (symbol, extra, bitsOfExtra int) {
	n := distance - 1
	if n < 4 {
		return n, 0, 0
	}
	more := bits.Len(uint(n)) - 2
	return 2*more + n>>more, n & (1<<more - 1), more
}

// packed is a code with its extra bits, ready to be written.
type packed struct {
	bits uint32
	n    uint32
}

// literal is a literal's code: its bits below, and how many above.
type literal uint64

func (l literal) bits() uint64 { return uint64(uint32(l)) }
func (l literal) size() uint32 { return uint32(l >> 32) }

// tables are the codes of a block.
type tables struct {
	literals  [256]literal
	end       packed
	lengths   [maxMatch + 1]packed
	distances [distanceCodes]packed
	// header says what the codes are; it stands before the block's content.
	header []packed
}

// histogram counts the symbols of a block.
type histogram struct {
	literals  [literalCodes]uint32
	distances [distanceCodes]uint32
}

// builder has the memory that building tables takes.
type builder struct {
	order   [maxSymbols]uint64
	weights [maxSymbols]int
	sizes   [literalCodes + distanceCodes]uint8
	runs    []run
	counts  [lengthCodes]uint32
	codes   [literalCodes]code
}

// build makes the tables for the symbols that h counts. Symbols that h does
// not have get no code: nothing else may be written with the tables.
func (b *builder) build(h *histogram, t *tables) {
	h.literals[endOfBlock] = max(h.literals[endOfBlock], 1)
	// Decoders differ about codes for fewer than two distances.
	h.distances[0] = max(h.distances[0], 1)
	h.distances[1] = max(h.distances[1], 1)
	literals, distances := b.sizes[:literalCodes], b.sizes[literalCodes:]
	b.lengths(h.literals[:], longestLiteral, literals)
	b.lengths(h.distances[:], longestDistance, distances)
	b.header(t)

	assign(literals, b.codes[:])
	for i := range t.literals {
		t.literals[i] = literal(b.codes[i].bits) | literal(b.codes[i].n)<<32
	}
	t.end = packed{uint32(b.codes[endOfBlock].bits), uint32(b.codes[endOfBlock].n)}
	for n := minMatch; n <= maxMatch; n++ {
		symbol, extra, more := lengthSymbol(n)
		c := b.codes[symbol]
		t.lengths[n] = packed{uint32(c.bits) | uint32(extra)<<c.n, uint32(c.n) + uint32(more)}
	}
	assign(distances, b.codes[:])
	for i := range t.distances {
		t.distances[i] = packed{uint32(b.codes[i].bits), uint32(b.codes[i].n)}
	}
}

// run is a symbol of the alphabet in which code lengths are written, with the
// extra bits behind it.
type run struct {
	symbol, extra, n uint8
}

// lengthOrder is the order in which the lengths of the lengths' codes stand.
var lengthOrder = [lengthCodes]uint8{16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15}

// header writes what the code lengths in b.sizes are. All codes of the
// alphabets are listed.
func (b *builder) header(t *tables) {
	b.findRuns()
	clear(b.counts[:])
	for _, r := range b.runs {
		b.counts[r.symbol]++
	}
	var sizes [lengthCodes]uint8
	var codes [lengthCodes]code
	b.lengths(b.counts[:], longestLength, sizes[:])
	assign(sizes[:], codes[:])

	t.header = append(t.header[:0],
		packed{literalCodes - 257, 5}, packed{distanceCodes - 1, 5}, packed{lengthCodes - 4, 4})
	for _, symbol := range lengthOrder {
		t.header = append(t.header, packed{uint32(sizes[symbol]), 3})
	}
	for _, r := range b.runs {
		c := codes[r.symbol]
		t.header = append(t.header, packed{uint32(c.bits) | uint32(r.extra)<<c.n, uint32(c.n) + uint32(r.n)})
	}
}

// findRuns cuts b.sizes into runs: 16 repeats the length before 3 to 6 times,
// 17 and 18 are 3 to 10 and 11 to 138 zeros.
func (b *builder) findRuns() {
	b.runs = b.runs[:0]
	for i := 0; i < len(b.sizes); {
		size, n := b.sizes[i], 1
		for i+n < len(b.sizes) && b.sizes[i+n] == size {
			n++
		}
		i += n
		if size == 0 {
			b.zeros(n)
			continue
		}
		b.runs = append(b.runs, run{symbol: size})
		for n--; n >= 3; {
			some := min(n, 6)
			b.runs = append(b.runs, run{16, uint8(some - 3), 2})
			n -= some
		}
		for ; n > 0; n-- {
			b.runs = append(b.runs, run{symbol: size})
		}
	}
}

func (b *builder) zeros(n int) {
	for n >= 11 {
		some := min(n, 138)
		b.runs = append(b.runs, run{18, uint8(some - 11), 7})
		n -= some
	}
	if n >= 3 {
		b.runs = append(b.runs, run{17, uint8(n - 3), 3})
		n = 0
	}
	for ; n > 0; n-- {
		b.runs = append(b.runs, run{})
	}
}
