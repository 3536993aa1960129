package parse

import (
	"github.com/tailrace/tailrace/pipeline/event"
)

// parseText keeps the line as it is. A time and a level are taken from the
// head of a line that begins with a time, trace context only where the line
// names it, or where Spring's layouts have it.
func parseText(l *line) bool {
	l.r.Body = event.Value{}
	head := l.textHead()
	if !l.textTrace(l.headEnd()) && !isUTF8(l.text) {
		l.r.Flags |= event.Escape
	}
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

// levelInText reports whether a word is a level in one case, and nothing that
// a thread or logger is called too.
func levelInText(word []byte) bool {
	switch string(word) {
	case "TRACE", "DEBUG", "INFO", "NOTICE", "WARN", "WARNING", "ERROR", "ERR", "SEVERE", "CRIT", "CRITICAL", "ALERT", "EMERG", "FATAL", "PANIC",
		// zerolog's console writer
		"TRC", "DBG", "INF", "WRN", "FTL", "PNC",
		"trace", "debug", "info", "notice", "warn", "warning", "error", "err", "severe", "crit", "critical", "alert", "emerg", "fatal", "panic":
		return true
	}
	return false
}
