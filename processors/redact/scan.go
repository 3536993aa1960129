package redact

import (
	"cmp"
	"hash"
	"math/bits"
	"slices"
)

// match is a part of a line that must not be stored.
type match struct {
	from, to int
	rule     rule
	// number says that it is a number in JSON, in whose place no text may
	// stand.
	number bool
	// by is the pseudonym that takes its place, empty for the marker.
	by word
}

// scanner finds the secrets of one line after the other. Its work is linear in
// the line's length: what a finder looks at before and behind an anchor is
// either bounded or never looked at again.
type scanner struct {
	table *table
	text  []byte
	// truncated says that the line was longer than what is here of it.
	truncated bool
	// object says that the line may be a JSON object, which must stay one.
	object bool
	// done is the end of the last match: nothing before it is looked at.
	done    int
	matches []match
	// keyOpen says that the line ends within a private key.
	keyOpen bool
	// last is the end of a line, of the size of a round.
	last [roundSize]byte

	// mac makes pseudonyms, nil without a key; sum is its result, and bracket
	// says that an address needs them.
	mac        hash.Hash
	sum        []byte
	pseudonyms []byte
	bracket    bool
	number     [maxCard]byte
	// quoteAt is a place of which inQuotes says whether it is in a string.
	quoteAt  int
	inQuotes bool
}

// begin takes up a line.
func (s *scanner) begin(text []byte, truncated bool) {
	s.text, s.done, s.matches = text, 0, s.matches[:0]
	s.truncated, s.object, s.keyOpen = truncated, mayBeObject(text), false
	s.quoteAt, s.inQuotes = 0, false
	s.pseudonyms = s.pseudonyms[:0]
}

// suspect is what is left of a line from the first round on that may have an
// anchor: nothing of most.
func (s *scanner) suspect(text []byte) []byte {
	rest := s.table.pass(text)
	if len(rest) >= roundSize || len(s.table.pass(s.end(rest)[:])) >= roundSize {
		return rest
	}
	return nil
}

// end is the end of a line, filled up to the size of a round.
func (s *scanner) end(rest []byte) *[roundSize]byte {
	s.last = [roundSize]byte{}
	copy(s.last[:], rest)
	return &s.last
}

// secrets looks for credentials in what suspect returned.
func (s *scanner) secrets(rest []byte) {
	for len(rest) > 0 {
		at := len(s.text) - len(rest)
		p := &s.last
		if len(rest) >= roundSize {
			p = (*[roundSize]byte)(rest)
		}
		next := min(s.round(at, p), len(s.text))
		rest = s.suspect(s.text[next:])
	}
}

// round tries the anchors that may be at the pairs of a round, and returns where
// the next round begins.
func (s *scanner) round(at int, p *[roundSize]byte) (next int) {
	last := s.table.pairs[pair(p, 0)]
	for i := 0; i < round; i += step {
		this := s.table.pairs[pair(p, i+step)]
		if found := last & bits.RotateLeft64(this, kinds); found != 0 {
			end := s.candidates(at+i, uint32(found))
			if end == 0 {
				end = s.candidates(at+i+step, uint32(found>>kinds))
			}
			if end > 0 {
				// What confirms a pair may stand before its anchor.
				return end - step
			}
		}
		last = this
	}
	return at + round
}

// candidates tries the places before a pair where an anchor of the kinds that
// were found may begin, the first one first, and returns the end of a match,
// or 0.
func (s *scanner) candidates(pair int, found uint32) (end int) {
	var before uint16
	for ; found != 0; found &= found - 1 {
		before |= s.table.before[bits.TrailingZeros32(found)%kinds]
	}
	for ; before != 0 && end == 0; before &^= 1 << (bits.Len16(before) - 1) {
		at := pair - bits.Len16(before) + 1
		if at >= s.done && at+headSize <= len(s.text) {
			end = s.anchor(at)
		}
	}
	return end
}

// anchor tries the anchors that begin at a place.
func (s *scanner) anchor(at int) int {
	head := headOf(s.text[at:])
	for h := slotOf(head); ; h++ {
		slot := &s.table.slots[h%(1<<slotBits)]
		if slot.anchor == nil {
			return 0
		}
		if slot.head != head {
			continue
		}
		if end := slot.find(s, at); end > 0 {
			return end
		}
	}
}

// add notes text[from:to] and returns to. In what may be JSON a match ends
// with the string that it is in.
func (s *scanner) add(r rule, from, to int) int {
	if s.object {
		to = s.stringEnd(from, to)
	}
	if from >= to || from < s.done {
		return 0
	}
	s.matches = append(s.matches, match{from: from, to: to, rule: r})
	s.done = to
	return to
}

// addNumber notes a number that is a value in JSON.
func (s *scanner) addNumber(r rule, from, to int) int {
	s.matches = append(s.matches, match{from: from, to: to, rule: r, number: true})
	s.done = to
	return to
}

// stringEnd is the place of the first quote in text[from:to] that ends a JSON
// string, or to.
func (s *scanner) stringEnd(from, to int) int {
	for i := from; i < to; i++ {
		switch s.text[i] {
		case '"':
			return i
		case '\\':
			i++
		}
	}
	return to
}

// settle orders the matches and takes out those that begin in another.
func (s *scanner) settle() {
	slices.SortFunc(s.matches, func(a, b match) int { return cmp.Or(a.from-b.from, int(a.rule)-int(b.rule)) })
	kept := s.matches[:1]
	for _, m := range s.matches[1:] {
		last := &kept[len(kept)-1]
		if m.from < last.to {
			// What looks like an address behind a password is its host.
			if m.to > last.to && m.rule != ruleEmail {
				last.to, last.by, last.number = m.to, word{}, last.number && m.number
			}
			continue
		}
		kept = append(kept, m)
	}
	s.matches = kept
}
