package deflate

import "encoding/binary"

// sequence is a number of literals and the match behind them: literals, length
// and distance in 16 bits each. A length of 0 is no match.
type sequence uint64

const (
	literalShift = 32
	lengthShift  = 16
)

func newSequence(literals, length, distance int) sequence {
	return sequence(literals)<<literalShift | sequence(length)<<lengthShift | sequence(distance)
}

func (s sequence) literals() int { return int(s >> literalShift) }
func (s sequence) length() int   { return int(s>>lengthShift) & 0xffff }
func (s sequence) distance() int { return int(s & 0xffff) }

// pieceOf is the length of the first of the matches as which a long match is
// written, each of 3 to 258 bytes.
func pieceOf(length int) int {
	switch {
	case length <= maxMatch:
		return length
	case length < maxMatch+minMatch:
		return length - minMatch
	default:
		return maxMatch
	}
}

// coder writes sequences as blocks of a deflate stream. A block goes on as
// long as its codes fit the text.
type coder struct {
	memory func() []byte
	out    []byte
	// acc holds the n bits that do not fill a byte yet, lowest first.
	acc uint64
	n   uint32

	// tables are the codes of the open block, which go on to be used in the
	// next stream. only are those of a stream that is one block.
	tables, only tables
	build        builder
	// now counts the symbols of a step, seen those of steps before too.
	now, seen histogram

	// open says that a block of tables has been begun and not ended, steps
	// counts the stream's steps.
	open  bool
	steps int
	// age is how many steps have been written with tables; at limit they are
	// made anew. There are none while limit is 0.
	age, limit int
	// best is the least that a step has cost with tables: packed bytes per
	// 1024.
	best int
}

const (
	// renewAfter is how many steps codes are used for: 512 KiB.
	renewAfter = 16
	// smallStep is too little to make codes for when there are some.
	smallStep = 4 << 10
	// weight is how much more a symbol counts that occurred: all others get
	// codes as well, so that any text can be written, but long ones.
	weight = 64
)

// code writes one step of text. With last it ends the stream.
func (c *coder) code(text []byte, seqs []sequence, last bool) {
	c.reserve(2*len(text) + 1024)
	if last && c.steps == 0 {
		c.onlyBlock(text, seqs)
		return
	}
	if c.age >= c.limit && (!c.open || len(text) > smallStep) {
		c.renew(text, seqs)
	}
	if !c.open {
		c.header(&c.tables, 0)
		c.open = true
	}
	before := len(c.out)
	c.write(&c.tables, text, seqs)
	c.judge(len(c.out)-before, len(text))
	c.steps++
	if last {
		// The end of the block, and an empty last block of fixed codes.
		c.put(c.tables.end)
		c.put(packed{1 | 1<<1, 10})
		c.finish()
	}
}

// onlyBlock writes a stream of one block, with codes for just its symbols.
func (c *coder) onlyBlock(text []byte, seqs []sequence) {
	if len(text) == 0 {
		c.put(packed{1 | 1<<1, 10})
		c.finish()
		return
	}
	c.now = histogram{}
	c.now.count(text, seqs)
	c.build.build(&c.now, &c.only)
	c.header(&c.only, 1)
	c.write(&c.only, text, seqs)
	c.put(c.only.end)
	c.finish()
}

// reserve makes room for n bytes: twice the text is more than its symbols can
// take, of 14 bits per byte at most for literals and 47 per three for matches.
func (c *coder) reserve(n int) {
	if c.out == nil {
		c.out = c.memory()
	}
	if cap(c.out)-len(c.out) < n {
		c.out = append(make([]byte, 0, 2*cap(c.out)+n), c.out...)
	}
}

// renew ends the open block and makes codes for the next, which may go on for
// many steps: every symbol has one.
func (c *coder) renew(text []byte, seqs []sequence) {
	if c.open {
		c.put(c.tables.end)
		c.open = false
	}
	c.now = histogram{}
	c.now.count(text, seqs)
	c.seen.decay(&c.now)
	c.now = c.seen
	c.now.weigh()
	c.build.build(&c.now, &c.tables)
	if c.limit == 0 {
		// The first text of all has seldom what the next will have.
		c.limit = 1
	} else {
		c.limit = renewAfter
	}
	c.age, c.best = 0, 1<<30
}

// header writes a block's header: BFINAL, BTYPE 2 and the codes (RFC 1951,
// 3.2.3 and 3.2.7).
func (c *coder) header(t *tables, final uint32) {
	c.put(packed{final | 2<<1, 3})
	for _, p := range t.header {
		c.put(p)
	}
}

// finish fills the last byte.
func (c *coder) finish() {
	for c.n = (c.n + 7) / 8; c.n > 0; c.n-- {
		c.out = append(c.out, byte(c.acc))
		c.acc >>= 8
	}
	c.acc, c.open, c.steps = 0, false, 0
}

func (c *coder) take() []byte {
	out := c.out
	c.out = nil
	return out
}

// judge asks for new codes when a step costs a quarter more than another did
// with the same codes.
func (c *coder) judge(packed, plain int) {
	c.age++
	if plain < smallStep {
		return
	}
	cost := packed << 10 / plain
	c.best = min(c.best, cost)
	if cost > c.best+c.best/4 {
		c.age = c.limit
	}
}

// put writes p, of up to 32 bits.
func (c *coder) put(p packed) {
	c.acc |= uint64(p.bits) << c.n
	c.n += p.n
	for c.n >= 8 {
		c.out = append(c.out, byte(c.acc))
		c.acc >>= 8
		c.n -= 8
	}
}

// tail has, for 0 to 3 literals that are left, which of the next four count.
var tail = [4][4]literal{
	{}, {^literal(0)}, {^literal(0), ^literal(0)}, {^literal(0), ^literal(0), ^literal(0)},
}

// write writes the sequences of text, with no room checked: code has reserved
// it. Four literals of at most 14 bits, or a match of at most 47, are gathered
// behind the up to 7 bits that wait, and written as one word. How many
// literals are left in the end is as good as random: they are masked, since a
// branch would often be predicted wrong. For that, text has four bytes of
// anything behind its end.
func (c *coder) write(t *tables, text []byte, seqs []sequence) {
	acc, n, at := c.acc, c.n, len(c.out)
	out := c.out[:cap(c.out)]
	text = text[:len(text)+len(tail)]
	for _, s := range seqs {
		count := s.literals()
		literals := text[: count+len(tail) : count+len(tail)]
		text = text[count+s.length():]
		for {
			l0, l1, l2, l3 := t.literals[literals[0]], t.literals[literals[1]], t.literals[literals[2]], t.literals[literals[3]]
			if count < 4 {
				m := &tail[count]
				l0, l1, l2, l3 = l0&m[0], l1&m[1], l2&m[2], 0
			}
			acc |= l0.bits() << (n & 63)
			n += l0.size()
			acc |= l1.bits() << (n & 63)
			n += l1.size()
			acc |= l2.bits() << (n & 63)
			n += l2.size()
			acc |= l3.bits() << (n & 63)
			n += l3.size()
			binary.LittleEndian.PutUint64(out[at:], acc)
			at += int(n >> 3)
			acc >>= n & 56
			n &= 7
			if count < 4 {
				break
			}
			literals, count = literals[4:], count-4
		}
		if s.length() == 0 {
			continue
		}
		symbol, extra, more := distanceSymbol(s.distance())
		d := t.distances[symbol]
		far, farBits := uint64(d.bits|uint32(extra)<<(d.n&31)), d.n+uint32(more)
		for length := s.length(); length > 0; {
			some := pieceOf(length)
			length -= some
			l := t.lengths[some]
			acc |= uint64(l.bits)<<(n&63) | far<<((n+l.n)&63)
			n += l.n + farBits
			binary.LittleEndian.PutUint64(out[at:], acc)
			at += int(n >> 3)
			acc >>= n & 56
			n &= 7
		}
	}
	c.acc, c.n, c.out = acc, n, c.out[:at]
}

// count adds the symbols of the sequences of text.
func (h *histogram) count(text []byte, seqs []sequence) {
	for _, s := range seqs {
		for _, b := range text[:s.literals()] {
			h.literals[b]++
		}
		text = text[s.literals()+s.length():]
		if s.length() == 0 {
			continue
		}
		distance, _, _ := distanceSymbol(s.distance())
		for length := s.length(); length > 0; {
			some := pieceOf(length)
			length -= some
			symbol, _, _ := lengthSymbol(some)
			h.literals[symbol]++
			h.distances[distance]++
		}
	}
}

// decay makes h half of itself and the whole of what is new.
func (h *histogram) decay(recent *histogram) {
	for i, n := range recent.literals {
		h.literals[i] = h.literals[i]/2 + n
	}
	for i, n := range recent.distances {
		h.distances[i] = h.distances[i]/2 + n
	}
}

// weigh gives every symbol a count.
func (h *histogram) weigh() {
	for i, n := range h.literals {
		h.literals[i] = n*weight + 1
	}
	for i, n := range h.distances {
		h.distances[i] = n*weight + 1
	}
}
