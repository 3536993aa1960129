package redact

import (
	"bytes"
	"cmp"
	"encoding/binary"
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
	text []byte
	// truncated says that the line was longer than what is here of it.
	truncated bool
	// object says that the line may be a JSON object, which must stay one.
	object bool
	// done is the end of the last match: nothing before it is looked at.
	done    int
	matches []match

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

// scan begins with a line, and looks for secrets in it if these are wanted.
func (s *scanner) scan(text []byte, secrets bool) {
	s.text, s.done, s.matches = text, 0, s.matches[:0]
	if secrets {
		s.secrets()
	}
}

// secrets looks for credentials.
func (s *scanner) secrets() {
	at := bytes.IndexByte(s.text, '@')
	s.anchors()
	if at >= 0 {
		s.userinfo(at)
	}
}

// anchors looks for the beginnings of keys and tokens. An anchor has at least
// five bytes, so that one of the windows of three bytes that begin at every
// third byte lies within it: only these are looked up.
func (s *scanner) anchors() {
	i := anchorTable.next(s.text, 0)
	for i+loadSize <= len(s.text) {
		near := anchorTable.near(binary.LittleEndian.Uint64(s.text[i:]))
		if end := s.candidates(i, near); end > 0 {
			i = end
		} else {
			i += step
		}
		i = anchorTable.next(s.text, i)
	}
	s.lastAnchors(i)
}

// lastAnchors is for what is too short for a load.
func (s *scanner) lastAnchors(i int) {
	for i < len(s.text) {
		var last [loadSize]byte
		copy(last[:], s.text[i:])
		end := s.candidates(i, anchorTable.near(binary.LittleEndian.Uint64(last[:])))
		i = max(i+step, end)
	}
}

// candidates tries the places around at of which an anchor may begin at those
// whose bits are set in near, and returns the end of a match, or 0.
func (s *scanner) candidates(at int, near uint8) int {
	for ; near != 0; near &= near - 1 {
		i := at - (windowSize - 1) + bits.TrailingZeros8(near)
		if i < s.done || i+headSize > len(s.text) {
			continue
		}
		if end := s.anchor(i); end > 0 {
			return end
		}
	}
	return 0
}

// anchor tries the anchors that begin at a place.
func (s *scanner) anchor(at int) int {
	head := headOf(s.text[at:])
	for h := slotOf(head); ; h = (h + 1) % numSlots {
		slot := &anchorTable.slots[h]
		if slot.head == 0 {
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
