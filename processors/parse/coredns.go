package parse

import (
	"bytes"
	"math/bits"

	"github.com/tailrace/tailrace/internal/strictjson"
)

// parseCoreDNS reads CoreDNS: its plugin log's common format, with or without
// the opcode that combined adds, what other plugins write, and what it says when
// it ends (https://coredns.io/plugins/log/):
//
//	[INFO] 10.1.2.3:41234 - 4711 "A IN ex.test. udp 40 false 512" NOERROR qr,rd,ra 120 0.000512s "0"
//	[ERROR] plugin/errors: 2 ex.test. A: read udp 10.1.2.3:1->10.96.0.10:53: i/o timeout
func parseCoreDNS(l *line) bool {
	from, to, end := l.bracketAt(0)
	if end == 0 || !l.hasAt(end, " ") {
		return l.fail(reasonMisfit, 0)
	}
	level := corednsLevel(l.text[from:to])
	if level == 0 {
		return l.fail(reasonMisfit, from)
	}
	i := end + 1
	// What it says of itself begins like anybody's lines, and is its only in a
	// stream that is known to be its.
	if plugin := l.corednsPlugin(i); plugin > 0 {
		l.addText("coredns.plugin", l.span(i+len("plugin/"), plugin))
	} else if l.corednsQuery(i) {
		// No trace context stands in a query: its only free text is a name that
		// anybody may ask for.
		l.setLevel(level, from, to)
		l.bodyFrom(i)
		return true
	} else if !l.sticky {
		return l.fail(reasonMisfit, i)
	}
	l.setLevel(level, from, to)
	l.messageBehind(i, i)
	return true
}

// corednsPlugin is the end of the name in plugin/name: at i, 0 without one.
func (l *line) corednsPlugin(i int) int {
	if !l.hasAt(i, "plugin/") {
		return 0
	}
	for end := i + len("plugin/"); end < len(l.text); end++ {
		if c := l.text[end]; c == ':' {
			return end
		} else if c <= ' ' {
			return 0
		}
	}
	return 0
}

// corednsQuery reads a query and its answer.
func (l *line) corednsQuery(i int) bool {
	const middle = " - "
	peer := nextSpace(l.text, i)
	if !l.hasAt(peer, middle) {
		return false
	}
	quote, id, ok := l.digitsAt(peer + len(middle))
	if !ok || !l.hasAt(quote, ` "`) {
		return false
	}
	first := quote + len(` "`)
	var ends [corednsWords + 1]int
	n := words(l.text, first, &ends)
	last := &ends[len(corednsNames)-1]
	if n < corednsWords || l.text[*last-1] != '"' {
		return false
	}
	*last--
	answer := *last + len(`" `)
	if a := (access{l: l}); !a.peer(l.span(i, peer)) || !l.corednsAnswer(answer, ends[len(corednsNames):n]) {
		return false
	}
	l.addInt("coredns.id", id)
	const texts = 4
	first = l.addTexts(corednsNames[:texts], first, ends[:texts])
	l.addWords(corednsNames[texts:], first, ends[texts:])
	return true
}

// corednsNames are the attributes of the parts of a question, corednsReply
// those of an answer. Names of the semantic conventions where there are some.
var (
	corednsNames = [...]string{
		"coredns.question.type", "coredns.question.class", "dns.question.name", "network.transport",
		"coredns.request.size", "coredns.dnssec_ok", "coredns.udp_buffer_size",
	}
	corednsReply = [...]string{"coredns.response_code", "coredns.flags", "coredns.response.size", "coredns.duration"}
)

// corednsWords are the words of a question and its answer, behind which combined
// has an opcode.
const corednsWords = len(corednsNames) + len(corednsReply)

// words finds the ends of the words of s from i on, which have one blank between
// them, and how many these are: 0 where one is empty or ends has no room for all. A
// blank in a name of the DNS is escaped.
func words(s []byte, i int, ends *[corednsWords + 1]int) (n int) {
	start := i
	for ; i < len(s); i += 8 {
		for blanks := bytesThatAre(' ', upToEnd(s, i)); blanks != 0; blanks &= blanks - 1 {
			end := i + bits.TrailingZeros64(blanks)>>3
			if s[end-1] == '\\' && escapes(s[start:end]) {
				continue
			}
			if end == start || uint(n) >= uint(len(ends)) {
				return 0
			}
			ends[n], start = end, end+1
			n++
		}
	}
	if start >= len(s) || n == len(ends) {
		return 0
	}
	ends[n] = len(s)
	return n + 1
}

// bytesThatAre has the highest bit of each byte of x that is c.
func bytesThatAre(c byte, x uint64) uint64 {
	const rest = 0x7f * ones
	x ^= uint64(c) * ones
	return ^(x&rest + rest | x | rest)
}

// escapes reports whether s ends with a backslash that is not itself escaped.
func escapes(s []byte) bool {
	return (len(s)-len(bytes.TrimRight(s, `\`)))%2 == 1
}

// addTexts adds words from i on, which end where ends says, as text, and returns
// where the next one begins.
func (l *line) addTexts(names []string, i int, ends []int) int {
	for n, end := range ends {
		l.addText(names[n], l.span(i, end))
		i = end + 1
	}
	return i
}

// addWords adds words from i on, of which those with a name end where ends says.
func (l *line) addWords(names []string, i int, ends []int) {
	for n, name := range names {
		l.addWord(name, i, ends[n])
		i = ends[n] + 1
	}
}

// addWord adds a word as the number or the truth that it is, else as text.
func (l *line) addWord(name string, from, to int) {
	switch n, end := leadingDigits(l.text, from); {
	case end == to && to-from <= maxDigits:
		l.addInt(name, n)
	case to-from == len("true") && l.hasAt(from, "true"):
		l.addBool(name, 1)
	case to-from == len("false") && l.hasAt(from, "false"):
		l.addBool(name, 0)
	default:
		l.addText(name, l.span(from, to))
	}
}

// corednsAnswer reads NOERROR qr,rd,ra 120 0.000512s, words that end where ends
// says, and the opcode of combined where there is one word more.
func (l *line) corednsAnswer(i int, ends []int) bool {
	duration, unit := ends[2]+1, ends[3]-1
	if l.text[unit] != 's' || !strictjson.IsNumber(l.text[duration:unit]) {
		return false
	}
	if len(ends) > len(corednsReply) && !l.corednsOpcode(ends[3]+1) {
		return false
	}
	i = l.addTexts(corednsReply[:2], i, ends[:2])
	l.addWord(corednsReply[2], i, ends[2])
	l.addJSON(corednsReply[3], l.span(duration, unit))
	return true
}

// corednsOpcode reads the opcode in quotes at i, which ends the line.
func (l *line) corednsOpcode(i int) bool {
	end, opcode, ok := l.digitsAt(i + 1)
	if !ok || l.text[i] != '"' || string(l.text[end:]) != `"` {
		return false
	}
	l.addInt("coredns.opcode", opcode)
	return true
}
