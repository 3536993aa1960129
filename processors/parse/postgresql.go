package parse

import "bytes"

// parsePostgres reads PostgreSQL's stderr log with its default
// log_line_prefix, '%m [%p] ', or with user and database behind it, '%q%u@%d ',
// as Debian has it:
//
//	2026-03-05 10:11:12.123 UTC [31] ann@shop ERROR:  division by zero
//
// A DETAIL, HINT, CONTEXT or STATEMENT has no severity: it belongs to what the
// same process said before.
func parsePostgres(l *line) bool {
	t, ok := l.postgresTime()
	if !ok || !l.hasAt(t.end, " [") {
		return l.fail(reasonMisfit, t.end)
	}
	i, pid, ok := l.digitsAt(t.end + 2)
	if !ok || !l.hasAt(i, "] ") {
		return l.fail(reasonMisfit, i)
	}
	i += 2
	tag, tagTo := l.postgresTag(i)
	if tagTo == 0 {
		return l.fail(reasonMisfit, i)
	}
	l.setPostgresTime(t)
	l.addInt("process.pid", pid)
	l.postgresSession(i, tag)
	if level := postgresLevel(l.text[tag:tagTo]); level != 0 {
		l.setLevel(level, tag, tagTo)
	} else {
		l.addText("postgresql.field", l.span(tag, tagTo))
	}
	l.message(tagTo + len(":  "))
	return true
}

// postgresTime reads a time and says where the zone behind it ends, an
// abbreviation or a number, whose offset setPostgresTime takes into account.
func (l *line) postgresTime() (t stamp, ok bool) {
	if t = l.isoAt(0); t.end == 0 || t.zoned || !l.hasAt(t.end, " ") {
		return t, false
	}
	zone := t.end + 1
	end := zone
	for end < len(l.text) && zoneBytes[l.text[end]] {
		end++
	}
	if end-zone < 2 || end-zone > 6 {
		return t, false
	}
	t.end = end
	return t, true
}

var zoneBytes = bytesOf(letters + digits0 + "+-:")

// setPostgresTime makes the time that ends at t the record's, unless its
// abbreviation may be of several zones.
func (l *line) setPostgresTime(t stamp) {
	if ns, ok := l.clock.parse(l.text[:t.end]); ok {
		l.setTime(ns)
	}
}

// maxPostgresName bounds where the tag is looked for: names are of up to 63
// bytes.
const maxPostgresName = 2*63 + 16

// postgresTag finds the severity, or the name of a follow-up, that ends with a
// colon and two blanks.
func (l *line) postgresTag(i int) (from, to int) {
	n := bytes.Index(l.text[i:min(len(l.text), i+maxPostgresName)], []byte(":  "))
	if n < 0 {
		return 0, 0
	}
	to = i + n
	from = i + bytes.LastIndexByte(l.text[i:to], ' ') + 1
	if tag := l.text[from:to]; postgresLevel(tag) == 0 && !postgresFollows(tag) {
		return 0, 0
	}
	return from, to
}

func postgresFollows(tag []byte) bool {
	switch string(tag) {
	case "DETAIL", "HINT", "CONTEXT", "STATEMENT", "QUERY", "LOCATION", "BACKTRACE":
		return true
	}
	return false
}

// postgresSession reads user@database between the prefix and the tag.
func (l *line) postgresSession(from, tag int) {
	if tag-1 <= from {
		return
	}
	session := l.text[from : tag-1]
	at := bytes.LastIndexByte(session, '@')
	if at < 1 || hasSpace(session) {
		l.addText("postgresql.session", l.span(from, tag-1))
		return
	}
	l.known("user.name", from, from+at)
	l.known("db.namespace", from+at+1, tag-1)
}

// known adds what PostgreSQL does not write as [unknown].
func (l *line) known(name string, from, to int) {
	if s := l.text[from:to]; len(s) > 0 && string(s) != "[unknown]" {
		l.addText(name, l.span(from, to))
	}
}
