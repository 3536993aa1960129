package parse

import (
	"github.com/tailrace/tailrace/pipeline/event"
)

// parseText keeps the line as it is. A time and a level are taken from the
// head of a line that begins with a time, trace context only where the line
// names it, or where Spring's layouts have it.
func parseText(l *line) bool {
	l.wholeBody()
	head := l.textHead()
	l.textTrace()
	if head > 0 && l.r.TraceID == [16]byte{} {
		l.bracketTrace(head)
	}
	return true
}

// wordByte reports whether c belongs to a key or an id.
func wordByte(c byte) bool { return wordBytes[c] }

var wordBytes = bytesOf(letters + digits0 + "-_.")

func bytesOf(all string) (set [256]bool) {
	for _, c := range []byte(all) {
		set[c] = true
	}
	return set
}

// isoSize is the length of 2026-03-05T10:11:12.
const isoSize = 19

// textHead reads the time that the line begins with, possibly in brackets, and
// a level behind it. A time without a zone is only taken when there is no
// better one: a container's idea of its zone is anybody's guess. It returns
// where the time ends if there is a level too, else 0.
func (l *line) textHead() (end int) {
	from := 0
	if len(l.text) > 0 && l.text[0] == '[' {
		from = 1
	}
	t := l.isoAt(from)
	if t.end == 0 {
		return 0
	}
	if t.zoned || l.clock.zoned || l.runtimeTime == 0 {
		l.setTime(t.ns)
	}
	if !l.textLevel(t.end) {
		return 0
	}
	return t.end
}

// headWords is how many words behind the time may be the level: a thread, a
// process or a logger may come first.
const headWords = 4

// textLevel takes the first word from i on that is a level in capitals, or in
// brackets, where no other word is likely to be one.
func (l *line) textLevel(i int) bool {
	s := l.text
	for range headWords {
		for i < len(s) && !wordByte(s[i]) {
			i++
		}
		start := i
		for i < len(s) && wordByte(s[i]) {
			i++
		}
		word := s[start:i]
		if levelInText(word) && (word[0] <= 'Z' || start > 0 && s[start-1] == '[' && i < len(s) && s[i] == ']') {
			l.r.Severity, l.r.SeverityText = l.severities.of(word), event.Text(l.span(start, i))
			return true
		}
	}
	return false
}

// levelInText reports whether a word is a level in one case, and nothing that
// a thread or logger is called too.
func levelInText(word []byte) bool {
	switch string(word) {
	case "TRACE", "DEBUG", "INFO", "NOTICE", "WARN", "WARNING", "ERROR", "ERR", "SEVERE", "CRIT", "CRITICAL", "ALERT", "EMERG", "FATAL", "PANIC",
		"trace", "debug", "info", "notice", "warn", "warning", "error", "err", "severe", "crit", "critical", "alert", "emerg", "fatal", "panic":
		return true
	}
	return false
}
