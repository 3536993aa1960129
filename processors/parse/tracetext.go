package parse

import (
	"bytes"
	"encoding/binary"
	"math/bits"

	"github.com/tailrace/tailrace/internal/strictjson"
)

// maxTextKeys is how many keys of trace context count in one line of text.
const maxTextKeys = 16

// textTrace finds trace context that the line names: ids and headers behind a
// key of the table and = or :, as OpenTelemetry's, Datadog's, Dynatrace's,
// Elastic's, SkyWalking's and most people's own layouts write them, and New
// Relic's metadata. It looks behind the line's head, and reports whether all is ASCII
// there.
func (l *line) textTrace(head int) (ascii bool) {
	l.members = l.pairs[:0]
	seen := separators{colon: -1}
	ascii = l.separators(head, &seen)
	if seen.colon >= 0 {
		l.collectColons(seen.colon)
	}
	if len(l.members) > 0 {
		var f found
		f.classify(l.text, l.members)
		l.takeTrace(&f)
	}
	if seen.bar && l.r.TraceID == [16]byte{} {
		l.newRelic()
	}
	return ascii
}

// separators are what one pass over a line notes for later: the first colon that
// a key may stand before, less than zero without one, and whether it has a bar.
type separators struct {
	colon int
	bar   bool
}

// separators makes members of the known keys that stand before an equals sign at
// from or behind it, and notes the other separators. It reports whether the line
// is ASCII from there on.
func (l *line) separators(from int, seen *separators) (ascii bool) {
	s, all := l.text, uint64(0)
	i := from
	for ; i+16 <= len(s); i += 16 {
		x, y := eight(s, i), eight(s, i+8)
		all |= x | y
		if marks := mayBeSeparators(x); marks != 0 {
			l.separate(i, marks, seen)
		}
		if marks := mayBeSeparators(y); marks != 0 {
			l.separate(i+8, marks, seen)
		}
	}
	for ; i < len(s); i += 8 {
		x := upToEnd(s, i)
		all |= x
		if marks := mayBeSeparators(x); marks != 0 {
			l.separate(i, marks, seen)
		}
	}
	return all&(0x80*ones) == 0
}

// upToEnd is eight, with zeros for what is behind the end of s.
func upToEnd(s []byte, i int) uint64 {
	if rest := s[i:]; len(rest) >= 8 {
		return binary.LittleEndian.Uint64(rest)
	}
	return remainder(s, i)
}

// remainder are the bytes of s from i on, fewer than eight, before zeros.
func remainder(s []byte, i int) uint64 {
	if len(s) < 8 {
		return strictjson.Word(s, i, len(s))
	}
	return eight(s, len(s)-8) >> (8 * uint(i+8-len(s)))
}

// mayBeSeparators has the highest bit of each byte of x that is =, : or |, and of
// a few others: with their two highest bits cleared these are the last six.
func mayBeSeparators(x uint64) uint64 {
	return (x&(0x3f*ones) + (0x80-':')*ones) & (0x80 * ones)
}

// separate looks at the bytes from i on that are marked.
func (l *line) separate(i int, marks uint64, seen *separators) {
	for ; marks != 0; marks &= marks - 1 {
		switch at := i + bits.TrailingZeros64(marks)>>3; l.text[at] {
		case '=':
			if l.mayEndKey(at) {
				l.collectKey(at)
			}
		case ':':
			if seen.colon < 0 && l.mayEndKey(at) {
				seen.colon = at
			}
		case '|':
			seen.bar = true
		}
	}
}

// collectColons makes members of the known keys that stand before the colon at at
// or one behind it. A key before an equals sign is more certain and comes first.
func (l *line) collectColons(at int) {
	for ; at >= 0; at = stopFrom(l.text, at+1, ':') {
		if l.mayEndKey(at) {
			l.collectKey(at)
		}
	}
}

// mayEndKey reports whether a key of trace context may end before at.
func (l *line) mayEndKey(at int) bool {
	if at < 2 {
		return false
	}
	ends := keyEnds.last[l.text[at-1]] & keyEnds.before[l.text[at-2]]
	return ends != 0 && (at == 2 || ends&keyEnds.third[l.text[at-3]] != 0)
}

// collectKey makes a member of the key that ends before the separator at end,
// if it is one of trace context and the value behind it can be.
func (l *line) collectKey(end int) {
	s, start := l.text, end
	for start > 0 && wordBytes[s[start-1]] {
		start--
	}
	m := strictjson.Member{Word: strictjson.Word(s, start, end), Key: uint32(start), KeyEnd: uint32(end), Kind: kindBare}
	k := &appKeys.keys[appKeys.find(s, &m).known]
	if len(l.members) < maxTextKeys && textValue(s, &m, k) && plausible(k, s[m.Value:m.ValueEnd]) {
		l.members = append(l.members, m)
		l.pairs = l.members
	}
}

// keyEnds tells by its last three bytes that most words are no key of trace context,
// and neither are the times of day, which have most of the colons.
var keyEnds = endsOf(appKeys)

// threeBytes has a bit for each last byte, maybe the same for some, and those of
// the bytes that follow each byte before, and each third from the end.
type threeBytes struct{ last, before, third [256]uint32 }

func endsOf(t *keyTable) (ends threeBytes) {
	for _, k := range t.keys {
		if k.role >= roleTrace && k.role <= roleHeader {
			ends.add(k.name)
		}
	}
	return ends
}

func (e *threeBytes) add(name string) {
	last := len(name) - 1
	bit := uint32(1) << (name[last] & 31)
	e.last[name[last]] |= bit
	e.before[name[last-1]] |= bit
	for c := range e.third {
		if last == 1 || c == int(name[last-2]) {
			e.third[c] |= bit
		}
	}
}

// textValue finds the value behind the key and its separator.
func textValue(s []byte, m *strictjson.Member, k *key) bool {
	i := int(m.KeyEnd) + 1
	for i < len(s) && (s[i] == ' ' || s[i] == '"' || s[i] == '\'') && i < int(m.KeyEnd)+3 {
		i++
	}
	start := i
	switch k.role {
	case roleTrace, roleSpan, roleFlags, roleHigh, roleTraceparent:
		for i < len(s) && wordByte(s[i]) {
			i++
		}
	case roleHeader:
		for i < len(s) && headerByte(s[i], k.header) {
			i++
		}
	}
	m.Value, m.ValueEnd = uint32(start), uint32(i)
	return i > start
}

// headerByte reports whether c belongs to a header's value in free text.
func headerByte(c byte, h contextHeader) bool {
	if h == headerSkyWalkingLog {
		return c > ' ' && c != ']'
	}
	return wordByte(c) || c == ':' || c == '%' || c == '/' || c == '=' || c == ';' || c == '+' || c == '@'
}

// plausible asks more of a value in free text than of one under a key of its
// own: ids are of full length, unless their key says that they are numbers.
func plausible(k *key, value []byte) bool {
	if k.family == famDatadog || k.family == famSkyWalking {
		return true
	}
	switch k.role {
	case roleTrace:
		n := len(value)
		return n == 32 || n == 16 || n == 35 || n == 36
	case roleSpan:
		return len(value) == 16
	}
	return true
}

// newRelic reads what New Relic's agents put behind a message,
// NR-LINKING|{entity}|{host}|{trace}|{span}|{name}|.
func (l *line) newRelic() {
	const mark = "NR-LINKING|"
	i := bytes.Index(l.text, []byte(mark))
	if i < 0 {
		return
	}
	_, rest, _ := bytes.Cut(l.text[i+len(mark):], []byte("|"))
	_, rest, _ = bytes.Cut(rest, []byte("|"))
	trace, rest, _ := bytes.Cut(rest, []byte("|"))
	span, _, closed := bytes.Cut(rest, []byte("|"))
	var c context
	if !closed || len(trace) != 32 || !hexID(c.trace[:], trace) {
		return
	}
	if !exactID(c.span[:], span) {
		c.span = [8]byte{}
	}
	l.give(&c)
}

// bracketTrace finds what Spring's layouts put between brackets of the head of
// a line from i on: [application,trace,span], with Sleuth's fourth part
// perhaps, or [trace-span].
func (l *line) bracketTrace(i int) {
	for range headWords {
		n := bytes.IndexByte(l.text[i:], '[')
		if n < 0 {
			return
		}
		i += n + 1
		end := bytes.IndexByte(l.text[i:], ']')
		if end < 0 {
			return
		}
		var c context
		if parseBracket(l.text[i:i+end], &c) && l.give(&c) {
			return
		}
		i += end
	}
}

func parseBracket(s []byte, c *context) bool {
	const shortest = len(",,") + 16 + 16
	if len(s) < shortest {
		return false
	}
	if len(s) == 32+1+16 && s[32] == '-' {
		return exactID(c.trace[:], s[:32]) && exactID(c.span[:], s[33:])
	}
	_, s, found := bytes.Cut(s, []byte(","))
	trace, s, found2 := bytes.Cut(s, []byte(","))
	span, state, _ := bytes.Cut(s, []byte(","))
	if !found || !found2 || len(trace) != 32 && len(trace) != 16 || len(span) != 16 {
		return false
	}
	c.hasFlags, c.flags = sampling(state)
	return (len(state) == 0 || c.hasFlags) && hexID(c.trace[:], trace) && hexID(c.span[:], span)
}
