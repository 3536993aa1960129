package redact

import (
	"encoding/binary"
)

// windowSize is how many bytes are looked up at once, headSize how many of an
// anchor decide which it is.
const (
	windowSize = 3
	headSize   = 4
	minAnchor  = 2*windowSize - 1
	// step are the two windows that one load of loadSize bytes has.
	step     = 2 * windowSize
	loadSize = 8
)

const (
	windowBits = 16
	placeBits  = 12
	slotBits   = 9
	numSlots   = 1 << slotBits
)

// fold clears the bit that tells upper from lower case in ASCII. It maps some
// other bytes onto each other, so what is found with it is compared once more.
const (
	fold       = 0xdfdfdfdf
	foldFirst  = 0xdfdfdf
	foldSecond = foldFirst << (8 * windowSize)
)

// hashSecond multiplies a window where it stands in a load as the second;
// hashFirst gives the same for the first.
const (
	hashSecond = 0x9E3779B97F4A7C15
	hashFirst  = hashSecond << (8 * windowSize) & (1<<64 - 1)
)

// firstWindow and secondWindow are the hashes of the windows in the lowest
// bytes of a load.
func firstWindow(load uint64) uint64 { return load & foldFirst * hashFirst >> (64 - windowBits) }

func secondWindow(load uint64) uint64 { return load & foldSecond * hashSecond >> (64 - windowBits) }

// headOf is what an anchor is found by, from its first bytes.
func headOf(text []byte) uint32 { return binary.LittleEndian.Uint32(text) & fold }

func slotOf(head uint32) uint32 { return head * 0x9E3779B1 >> (32 - slotBits) }

// anchor is what stands at or near the beginning of a secret, in lower case;
// find tells whether there is one, and returns its end or 0.
type anchor struct {
	text string
	// next are the bytes that may follow a text that is too short for an
	// anchor.
	next class
	find func(s *scanner, at int) int
}

// table finds anchors.
type table struct {
	// known has a bit for each window that lies in an anchor.
	known [1 << windowBits / 64]uint64
	// places says of a known window where its anchors may begin: bit 2 at the
	// window, bit 1 one byte before it, bit 0 two.
	places [1 << placeBits]uint8
	slots  [numSlots]slot
}

type slot struct {
	head uint32
	find func(s *scanner, at int) int
}

// anchorTable has the anchors of all rules that are on by default.
var anchorTable = newTable(anchorsOfSecrets())

func newTable(anchors []anchor) *table {
	t := new(table)
	for _, a := range anchors {
		for at := range windowSize {
			t.add(a, at)
		}
		head := headOf([]byte(a.text))
		h := slotOf(head)
		for t.slots[h].head != 0 {
			h = (h + 1) % numSlots
		}
		t.slots[h] = slot{head, a.find}
	}
	return t
}

// add marks the window at a place of the anchor.
func (t *table) add(a anchor, at int) {
	var w [8]byte
	if copy(w[:windowSize], a.text[at:]) == windowSize {
		t.mark(w, at)
		return
	}
	if len(a.text) < minAnchor-1 {
		panic("redact: an anchor is too short: " + a.text)
	}
	for c := range 256 {
		if a.next.has(byte(c)) {
			w[windowSize-1] = byte(c)
			t.mark(w, at)
		}
	}
}

func (t *table) mark(w [8]byte, at int) {
	h := firstWindow(binary.LittleEndian.Uint64(w[:]))
	t.known[h>>6] |= 1 << (h & 63)
	t.places[h>>(windowBits-placeBits)] |= 1 << (windowSize - 1 - at)
}

// has reports whether a window is known, by its hash.
func (t *table) has(h uint64) bool { return t.known[h>>6]&(1<<(h&63)) != 0 }

// next is the first place from i on, in steps of two windows, of which one is
// known, or one that is too near to the end of text to be looked up. It is all
// that most lines need, so several steps are made in one round.
func (t *table) next(text []byte, i int) int {
	for ; i+3*step+loadSize <= len(text); i += 4 * step {
		p := (*[3*step + loadSize]byte)(text[i:])
		if t.knows(p[0:]) {
			return i
		}
		if t.knows(p[step:]) {
			return i + step
		}
		if t.knows(p[2*step:]) {
			return i + 2*step
		}
		if t.knows(p[3*step:]) {
			return i + 3*step
		}
	}
	for ; i+loadSize <= len(text); i += step {
		if t.knows(text[i:]) {
			return i
		}
	}
	return i
}

// knows reports whether one of the two windows at the beginning of text is known.
func (t *table) knows(text []byte) bool {
	load := binary.LittleEndian.Uint64(text)
	return t.has(firstWindow(load)) || t.has(secondWindow(load))
}

// near joins the places of the two windows of a load.
func (t *table) near(load uint64) (places uint8) {
	if h := firstWindow(load); t.has(h) {
		places = t.places[h>>(windowBits-placeBits)]
	}
	if h := secondWindow(load); t.has(h) {
		places |= t.places[h>>(windowBits-placeBits)] << windowSize
	}
	return places
}

// keyAnchors are parts of the keys in keyRules, rare ones where there is a
// choice; what a key's name is short of, what stands around it gives.
var keyAnchors = []string{
	"asswo", "asswd", "assph", "oriza", "cooki", "secre", "crede", "token", "ignat",
	"pikey", "sskey", "etkey", "tekey", "ntkey", "ngkey", "onkey", "thkey", "erkey",
	"i_key", "s_key", "t_key", "e_key", "g_key", "n_key", "h_key", "r_key",
	"i-key", "s-key", "t-key", "e-key", "g-key", "n-key", "h-key", "r-key",
	"i.key", "s.key", "t.key", "e.key",
	" pwd=", ";pwd=", "&pwd=", "?pwd=", "_pwd=", ",pwd=", "\"pwd=", " pwd:", "{pwd:", "\"pwd\"", "_pwd\"", "'pwd'", "\"pwd\\",
}

// sigAnchors are the key sig and a byte before it.
var sigAnchors = []string{"?sig=", "&sig=", "6sig=", ";sig=", "\"sig=", " sig=", "'sig=", "fsig%", "6sig%"}

// pemAnchor is the part of a private key's first line that is looked for,
// pemOffset where it stands.
const (
	pemAnchor = "-BEGIN"
	pemOffset = len(pemDash) - 1
)

func anchorsOfSecrets() []anchor {
	all := []anchor{
		{text: pemAnchor, find: (*scanner).privateKey},
		{text: "bearer ", find: (*scanner).bearer},
	}
	second := func(s *scanner, at int) int { return s.key(at + 1) }
	for _, k := range keyAnchors {
		find := (*scanner).key
		if !letter.has(k[0]) {
			find = second
		}
		all = append(all, anchor{text: k, find: find})
	}
	for _, k := range sigAnchors {
		all = append(all, anchor{text: k, find: second})
	}
	for _, h := range jwtHeads {
		all = append(all, anchor{text: h, find: (*scanner).jwt})
	}
	for i := range tokens {
		t := &tokens[i]
		all = append(all, anchor{text: t.prefix[t.anchor:], next: t.set, find: func(s *scanner, at int) int { return s.token(t, at-t.anchor) }})
	}
	return all
}
