package search

import "bytes"

// none is the position of what does not occur.
const none = -1

// A seeker finds the places in a block of documents at which a text may
// stand: every literal, and every escape that could hide a character of one.
// The zero seeker, and one without literals, stops everywhere.
type seeker struct {
	lits  []literal
	rare  []rarest
	block []byte
	at    []int // next occurrence of each literal, then of a hiding escape
}

// newSeeker looks for any of lits.
func newSeeker(lits []literal) *seeker {
	s := &seeker{lits: lits, rare: make([]rarest, len(lits)), at: make([]int, len(lits)+1)}
	for i, l := range lits {
		s.rare[i] = rarestOf(l.text)
	}
	return s
}

// reset begins a new block.
func (s *seeker) reset(block []byte) {
	s.block = block
	for i := range s.at {
		s.at[i] = none - 1 // not looked for yet
	}
}

// next is the first such place at or behind from, none when there is none.
func (s *seeker) next(from int) int {
	if len(s.lits) == 0 {
		return from
	}
	first := none
	for i := range s.at {
		if at := s.advance(i, from); at != none && (first == none || at < first) {
			first = at
		}
	}
	return first
}

// advance brings the i-th finder up to from.
func (s *seeker) advance(i, from int) int {
	at := s.at[i]
	if at >= from || at == none {
		return at
	}
	if i == len(s.lits) {
		at = hidesText(s.block[from:])
	} else {
		at = s.find(i, s.block[from:])
	}
	if at != none {
		at += from
	}
	s.at[i] = at
	return at
}

// find is where the i-th literal stands in b.
func (s *seeker) find(i int, b []byte) int {
	if !s.lits[i].fold {
		return bytes.Index(b, s.lits[i].text)
	}
	return s.rare[i].indexFold(b, s.lits[i].text)
}

// hidesText is where b has an escape \uXXXX that may stand for a printable
// character, which literals are made of; \u0000 to \u001f and \u007f do not.
func hidesText(b []byte) int {
	for from := 0; ; {
		i := bytes.Index(b[from:], []byte(`\u`))
		if i < 0 {
			return none
		}
		from += i
		if !escapesControl(b[from+2:]) {
			return from
		}
		from += 2
	}
}

// escapesControl says whether the digits of an escape name a control byte.
func escapesControl(digits []byte) bool {
	if len(digits) < 4 || digits[0] != '0' || digits[1] != '0' {
		return false
	}
	if digits[2] == '7' {
		return digits[3] == 'f' || digits[3] == 'F'
	}
	return digits[2] == '0' || digits[2] == '1'
}

// rarest is the place of the byte in a literal that logs have least of.
type rarest struct {
	at           int
	lower, upper byte
}

// common lists bytes that logs are full of, the most frequent first: in the
// JSON of log documents, letters follow English text and digits are everywhere.
const common = " etaonirslducmpghf0123456789-_.:,bvkwyEATSOI"

// rarestOf picks the byte of text that comes last in common, or not at all.
func rarestOf(text []byte) rarest {
	best, rank := 0, -1
	for i, c := range text {
		r := bytes.IndexByte([]byte(common), c)
		if r < 0 {
			r = len(common)
		}
		if r > rank {
			best, rank = i, r
		}
	}
	return rarest{at: best, lower: lower(text[best]), upper: upper(text[best])}
}

// indexFold is where text stands in b when ASCII case does not count. It goes
// from one rare byte to the next, in either case.
func (r rarest) indexFold(b, text []byte) int {
	lowerAt := 0
	for from := r.at; from < len(b); {
		if lowerAt < from {
			lowerAt = indexFrom(b, from, r.lower)
		}
		at := indexFrom(b[:lowerAt], from, r.upper)
		if start := at - r.at; hasPrefixFold(b[start:], text) {
			return start
		}
		from = at + 1
	}
	return none
}

// indexFrom is where c stands in b at or behind from, len(b) when nowhere.
func indexFrom(b []byte, from int, c byte) int {
	if i := bytes.IndexByte(b[from:], c); i >= 0 {
		return from + i
	}
	return len(b)
}

// hasPrefixFold says whether b begins with text in any ASCII case.
func hasPrefixFold(b, text []byte) bool {
	if len(b) < len(text) {
		return false
	}
	for i, c := range text {
		if lower(b[i]) != lower(c) {
			return false
		}
	}
	return true
}

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c | 0x20
	}
	return c
}

func upper(c byte) byte {
	if 'a' <= c && c <= 'z' {
		return c &^ 0x20
	}
	return c
}
