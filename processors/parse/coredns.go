package parse

import (
	"bytes"

	"github.com/tailrace/tailrace/internal/strictjson"
	"github.com/tailrace/tailrace/pipeline/event"
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
	} else if !l.corednsQuery(i) && !l.sticky {
		return l.fail(reasonMisfit, i)
	}
	l.setLevel(level, from, to)
	l.message(i)
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
	s := l.text
	n := bytes.Index(s[i:], []byte(middle))
	if n < 0 {
		return false
	}
	id, number, ok := l.digitsAt(i + n + len(middle))
	quote := -1
	if l.hasAt(id, ` "`) {
		quote = bytes.Index(s[id+2:], []byte(`" `))
	}
	if !ok || quote < 0 {
		return false
	}
	var question [7][]byte
	if !words(s[id+2:id+2+quote], question[:]) {
		return false
	}
	answer := id + 2 + quote + len(`" `)
	a := access{l: l}
	if !a.peer(l.span(i, i+n)) || !l.corednsAnswer(answer) {
		return false
	}
	l.addInt("coredns.id", number)
	l.corednsQuestion(id+2, &question)
	return true
}

// words cuts s at its blanks into exactly as many parts. A blank in a name of
// the DNS is escaped.
func words(s []byte, parts [][]byte) bool {
	n, from := 0, 0
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' {
			i++
		} else if s[i] == ' ' {
			if n == len(parts)-1 || i == from {
				return false
			}
			parts[n] = s[from:i]
			n, from = n+1, i+1
		}
	}
	parts[n] = s[from:]
	return n == len(parts)-1 && from < len(s)
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

func (l *line) corednsQuestion(i int, question *[7][]byte) {
	for n, name := range corednsNames {
		end := i + len(question[n])
		switch string(question[n]) {
		case "true":
			l.addBool(name, 1)
		case "false":
			l.addBool(name, 0)
		default:
			l.numberOrText(name, i, end)
		}
		i = end + 1
	}
}

// corednsOpcode reads the opcode in quotes at the line's end; end is the index
// before it, or the line's.
func (l *line) corednsOpcode() (end int, opcode int64, ok bool) {
	end = len(l.text)
	s, ok := bytes.CutSuffix(l.text, []byte(`"`))
	if !ok {
		return end, 0, false
	}
	n := bytes.LastIndexByte(s, ' ')
	if n < 0 || !l.hasAt(n, ` "`) {
		return end, 0, false
	}
	if opcode, ok = wholeNumber(s[n+len(` "`):]); !ok {
		return end, 0, false
	}
	return n, opcode, true
}

// numberOrText adds a whole number as such.
func (l *line) numberOrText(name string, from, to int) {
	if n, ok := wholeNumber(l.text[from:to]); ok {
		l.addInt(name, n)
	} else {
		l.addText(name, l.span(from, to))
	}
}

// corednsAnswer reads NOERROR qr,rd,ra 120 0.000512s, which ends the line but for
// the opcode of combined.
func (l *line) corednsAnswer(i int) bool {
	end, opcode, combined := l.corednsOpcode()
	var parts [4][]byte
	if end < i || !words(l.text[i:end], parts[:]) {
		return false
	}
	if combined {
		l.addInt("coredns.opcode", opcode)
	}
	seconds, ok := bytes.CutSuffix(parts[3], []byte("s"))
	if !ok || !strictjson.IsNumber(seconds) {
		return false
	}
	for n, p := range parts[:3] {
		l.numberOrText(corednsReply[n], i, i+len(p))
		i += len(p) + 1
	}
	f := l.field()
	f.Name, f.Value = corednsReply[3], event.JSON(l.span(i, i+len(seconds)))
	return true
}
