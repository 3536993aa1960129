package redact

import (
	"encoding/binary"
	"math/bits"
	"sync"
)

// table finds anchors. Nearly all of a line is passed by looking up every third
// pair of bytes: wherever an anchor begins, one of its pairs is among them, and
// the next or the last one that is looked up confirms it.
type table struct {
	// pairs says of a pair, as it stands in memory, what it may be a part of:
	// bit n that it is a pair of an anchor of kind n, bit n+32 that it confirms
	// one. What is known of many pairs is joined with one instruction each.
	pairs [1 << 16]uint64
	// before says of a kind how far its anchors may begin before their pairs:
	// bit n stands for n bytes.
	before [kinds]uint16
	slots  [1 << slotBits]slot
}

const (
	// step is the distance of the pairs that are looked up.
	step = 3
	// kinds is how many kinds of anchors are told from each other.
	kinds = 32
	// maxBefore is the last place in an anchor at which its pair may begin.
	maxBefore = 11
)

// Pairs are looked up in rounds of eight, with the first one of the next round,
// so that a pair and the one that confirms it are in one.
const (
	round     = 8 * step
	roundSize = round + 2
)

// headSize is how many bytes of an anchor decide which it is.
const headSize = 4

const slotBits = 11

// slot is what is known of a head, without regard to case.
type slot struct {
	head uint32
	*anchor
}

// fold clears the bit that tells upper from lower case in ASCII. It maps some
// other bytes onto each other, so what is found with it is compared once more.
const fold = 0xdfdfdfdf

func headOf(text []byte) uint32 { return binary.LittleEndian.Uint32(text) & fold }

func slotOf(head uint32) uint32 { return head * 0x9E3779B1 >> (32 - slotBits) }

// secretsTable has the anchors of all rules that are on by default.
var secretsTable = sync.OnceValue(func() *table { return newTable(anchorsOfSecrets()) })

func newTable(anchors []anchor) *table {
	t := new(table)
	c := chooser{table: t, odds: newOdds()}
	for i := range anchors {
		for place := range step {
			c.consider(&anchors[i], place)
		}
		for _, h := range anchors[i].heads() {
			t.fill(h, &anchors[i])
		}
	}
	c.choose()
	for p := range t.pairs {
		t.pairs[p] |= c.alone
	}
	return t
}

// fill gives a head its slot.
func (t *table) fill(head uint32, a *anchor) {
	h := slotOf(head)
	for t.slots[h].anchor != nil {
		h = (h + 1) % uint32(len(t.slots))
	}
	t.slots[h] = slot{head, a}
}

// pair is the pair of bytes at a place of a round.
func pair(p *[roundSize]byte, at int) uint16 { return binary.LittleEndian.Uint16(p[at:]) }

// pass is what is left of text from the first round on that may have an
// anchor, or what is too short for a round.
func (t *table) pass(text []byte) []byte {
	for len(text) >= roundSize {
		p := (*[roundSize]byte)(text)
		even := t.pairs[uint16(p[0])|uint16(p[1])<<8] |
			t.pairs[uint16(p[6])|uint16(p[7])<<8] | t.pairs[uint16(p[12])|uint16(p[13])<<8] |
			t.pairs[uint16(p[18])|uint16(p[19])<<8] | t.pairs[uint16(p[24])|uint16(p[25])<<8]
		odd := t.pairs[uint16(p[3])|uint16(p[4])<<8] | t.pairs[uint16(p[9])|uint16(p[10])<<8] |
			t.pairs[uint16(p[15])|uint16(p[16])<<8] | t.pairs[uint16(p[21])|uint16(p[22])<<8]
		// A pair of one half is confirmed by one of the other.
		if even&bits.RotateLeft64(odd, kinds) != 0 && t.confirmed(p) {
			break
		}
		text = text[round:]
	}
	return text
}

// confirmed reports whether a pair of a round is confirmed by the one beside it.
func (t *table) confirmed(p *[roundSize]byte) bool {
	all, last := uint64(0), t.pairs[pair(p, 0)]
	for i := step; i <= round; i += step {
		this := t.pairs[pair(p, i)]
		all |= last & bits.RotateLeft64(this, kinds)
		last = this
	}
	return all != 0
}
