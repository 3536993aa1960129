package parse

import (
	"bytes"

	"github.com/tailrace/tailrace/internal/strictjson"
)

// maxTextKeys is how many keys of trace context count in one line of text.
const maxTextKeys = 16

// textTrace finds trace context that the line names: ids and headers behind a
// key of the table and = or :, as OpenTelemetry's, Datadog's, Dynatrace's,
// Elastic's, SkyWalking's and most people's own layouts write them, and New
// Relic's metadata.
func (l *line) textTrace() {
	l.members = l.pairs[:0]
	from := 0
	if l.stampAt == 1 || l.stampAt == 2 {
		// No key stands before or in a time at the line's head.
		from = l.stamp.end
	}
	l.collectKeys(from, '=')
	l.collectKeys(from, ':')
	if len(l.members) > 0 {
		var f found
		f.classify(l.text, l.members)
		l.takeTrace(&f)
	}
	if l.r.TraceID == [16]byte{} && bytes.IndexByte(l.text, '|') >= 0 {
		l.newRelic()
	}
}

// collectKeys makes members of the known keys that stand before the separator.
func (l *line) collectKeys(from int, separator byte) {
	s := l.text
	for at := from; ; at++ {
		n := bytes.IndexByte(s[at:], separator)
		if n < 0 {
			return
		}
		if at += n; at >= 2 && keyEnds.last[s[at-1]]&keyEnds.before[s[at-2]] != 0 {
			l.collectKey(at)
		}
	}
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

// keyEnds tells by its last two bytes that most words are no key of trace context,
// and neither are the times of day, which have most of the colons.
var keyEnds = endsOf(appKeys)

// twoBytes has a bit for each last byte, maybe the same for some, and those of
// the bytes that follow each byte before.
type twoBytes struct{ last, before [256]uint32 }

func endsOf(t *keyTable) (ends twoBytes) {
	for _, k := range t.keys {
		if k.role >= roleTrace && k.role <= roleHeader {
			last, before := k.name[len(k.name)-1], k.name[len(k.name)-2]
			bit := uint32(1) << (last & 31)
			ends.last[last] |= bit
			ends.before[before] |= bit
		}
	}
	return ends
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
