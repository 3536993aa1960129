package parse

import (
	"bytes"

	"github.com/tailrace/tailrace/pipeline/event"
)

// parseCassandra reads Cassandra's system.log, as its logback.xml lays it out,
// and its audit log in that file, and what older ones lay out for the console:
//
//	INFO  [main] 2026-03-05 10:11:12,123 StorageService.java:99 - message
//	INFO  10:11:12 message
func parseCassandra(l *line) bool {
	level := bytes.IndexByte(l.text, ' ')
	if level < 4 || level > 5 || log4jLevel(l.text[:level]) == 0 {
		return l.fail(reasonMisfit, 0)
	}
	thread := l.blanks(level)
	if thread == len("INFO  ") && !l.hasAt(thread, "[") {
		return l.cassandraConsole(level, thread)
	}
	t, threadTo := l.cassandraTime(thread)
	if t.end == 0 || !l.hasAt(t.end, " ") {
		return l.fail(reasonMisfit, thread)
	}
	dash := bytes.Index(l.text[t.end:], []byte(" - "))
	if dash < 1 {
		return l.fail(reasonMisfit, t.end)
	}
	file, fileTo, number, ok := l.sourceLine(t.end+1, t.end+dash)
	if !ok {
		return l.fail(reasonMisfit, t.end)
	}
	l.setStamp(t)
	l.setLevel(log4jLevel(l.text[:level]), 0, level)
	l.addText("thread.name", l.span(thread+1, threadTo))
	l.addText("code.file.path", l.span(file, fileTo))
	l.addInt("code.line.number", number)
	l.message(t.end + dash + len(" - "))
	if l.hasAt(file, "FileAuditLogger.java") {
		l.cassandraAudit(t.end + dash + len(" - "))
	}
	return true
}

// cassandraConsole reads the time of day at i and the message. The layout asks for
// milliseconds behind a comma, which logback takes for the end of the time's own.
func (l *line) cassandraConsole(level, i int) bool {
	t := l.timeOfDay(i)
	if t.end == 0 || !l.hasAt(t.end, " ") {
		return l.fail(reasonMisfit, i)
	}
	l.setStamp(t)
	l.setLevel(log4jLevel(l.text[:level]), 0, level)
	l.message(t.end + 1)
	return true
}

// cassandraTime reads the thread, whose name may have brackets itself, and the
// time behind it.
func (l *line) cassandraTime(i int) (t stamp, threadTo int) {
	if !l.hasAt(i, "[") {
		return stamp{}, 0
	}
	for at := i; ; at++ {
		n := bytes.Index(l.text[at:], []byte("] "))
		if n < 0 || at+n > i+256 {
			return stamp{}, 0
		}
		if at += n; l.isoAt(at+2).end != 0 {
			return l.isoAt(at + 2), at
		}
	}
}

// sourceLine reads File.java:99, which must fill text[from:to].
func (l *line) sourceLine(from, to int) (file, fileTo int, number int64, ok bool) {
	colon := bytes.LastIndexByte(l.text[from:to], ':')
	if colon < 1 || hasSpace(l.text[from:to]) {
		return 0, 0, 0, false
	}
	number, ok = wholeNumber(l.text[from+colon+1 : to])
	return from, from + colon, number, ok
}

// cassandraAudit reads user:u|host:h/ip:port|…|operation:CQL, of which the
// operation is last and not escaped.
func (l *line) cassandraAudit(i int) {
	if l.hasAt(i, "LogMessage: ") {
		i += len("LogMessage: ")
	}
	for i < len(l.text) {
		colon := bytes.IndexByte(l.text[i:], ':')
		if colon < 0 {
			return
		}
		name, from := l.text[i:i+colon], i+colon+1
		to := len(l.text)
		if string(name) != "operation" {
			if bar := bytes.IndexByte(l.text[from:], '|'); bar >= 0 {
				to = from + bar
			}
		}
		l.auditField(name, l.span(from, to))
		i = to + 1
	}
}

func (l *line) auditField(name []byte, value event.Span) {
	if value.Len == 0 {
		return
	}
	switch string(name) {
	case "user":
		l.addText("user.name", value)
	case "source":
		value.Off, value.Len = value.Off+1, value.Len-1
		a := access{l: l}
		a.putAddress(meansIP, value)
	case "port":
		a := access{l: l}
		a.putAddress(meansPort, value)
	case "type":
		l.addText("cassandra.audit.type", value)
	case "category":
		l.addText("cassandra.audit.category", value)
	case "ks":
		l.addText("db.namespace", value)
	case "scope":
		l.addText("db.collection.name", value)
	case "operation":
		l.addText("db.query.text", value)
	case "host":
		l.addText("cassandra.audit.host", value)
	}
}
