package parse

import (
	"bytes"
	"time"
)

// parsePostgres reads PostgreSQL's stderr log with its default
// log_line_prefix, '%m [%p] ', or with user and database behind it, '%q%u@%d ',
// as Debian has it, or as pgBadger asks for them (its README, Basic configuration):
//
//	2026-03-05 10:11:12.123 UTC [31] ann@shop ERROR:  division by zero
//	2026-03-05 10:11:12 UTC [31]: user=ann,db=shop,app=psql,client=10.0.0.1 LOG:  x
//
// A DETAIL, HINT, CONTEXT or STATEMENT has no severity: it belongs to what the
// same process said before.
func parsePostgres(l *line) bool {
	t, zone := l.postgresTime()
	if zone == 0 || !l.hasAt(zone, " [") {
		return l.fail(reasonMisfit, max(t.end, zone))
	}
	i, pid, ok := l.digitsAt(zone + 2)
	switch {
	case ok && l.hasAt(i, "] "):
		i += len("] ")
	case ok && l.hasAt(i, "]: "):
		i += len("]: ")
	default:
		return l.fail(reasonMisfit, i)
	}
	tag, tagTo, level := l.postgresTag(i)
	if tagTo == 0 {
		return l.fail(reasonMisfit, i)
	}
	l.setPostgresTime(t, zone)
	l.addInt("process.pid", pid)
	l.postgresSession(i, tag)
	if level != 0 {
		l.setLevel(level, tag, tagTo)
	} else {
		l.addText("postgresql.field", l.span(tag, tagTo))
	}
	head := i
	if tag == i {
		head = tagTo + len(":")
	}
	l.messageBehind(head, tagTo+len(":  "))
	return true
}

// postgresTime reads a time, and says where the zone behind it ends, an
// abbreviation or a number, which setPostgresTime takes into account; 0 when there
// is none.
func (l *line) postgresTime() (t stamp, zone int) {
	if t = l.isoAt(0); t.end == 0 || t.zoned || !l.hasAt(t.end, " ") {
		return t, 0
	}
	end := t.end + 1
	for end < len(l.text) && zoneBytes[l.text[end]] {
		end++
	}
	if size := end - t.end - 1; size < 2 || size > 6 {
		return t, 0
	}
	return t, end
}

var zoneBytes = bytesOf(letters + digits0 + "+-:")

// setPostgresTime makes t, whose zone ends at zone, the record's time, unless its
// abbreviation may be of several zones.
func (l *line) setPostgresTime(t stamp, zone int) {
	const second = int64(time.Second)
	if ns, ok := l.clock.inZone(t.local/second, t.local%second, l.text[t.end:zone]); ok {
		l.setTime(ns)
	}
}

// maxPostgresName bounds where the tag is looked for: names are of up to 63
// bytes.
const maxPostgresName = 2*63 + 16

// postgresTag finds the severity, or the name of a follow-up, whose level is 0, that
// ends with a colon and two blanks.
func (l *line) postgresTag(i int) (from, to int, level uint8) {
	limit := min(len(l.text), i+maxPostgresName)
	for from = i; from < limit; from = to + 1 {
		to = nextSpace(l.text, from)
		if to+2 <= limit && l.text[to-1] == ':' && l.text[to+1] == ' ' {
			return l.postgresWord(from, to-1)
		}
	}
	return 0, 0, 0
}

// postgresWord is postgresTag for the word before the colon at to.
func (l *line) postgresWord(from, to int) (int, int, uint8) {
	tag := l.text[from:to]
	level := postgresLevel(tag)
	if level == 0 && !postgresFollows(tag) {
		return 0, 0, 0
	}
	return from, to, level
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
	if hasPrefix(session, "user=") {
		l.postgresPairs(from, tag-1)
		return
	}
	at := bytes.LastIndexByte(session, '@')
	if at < 1 || hasSpace(session) {
		l.addText("postgresql.session", l.span(from, tag-1))
		return
	}
	l.known("user.name", from, from+at)
	l.known("db.namespace", from+at+1, tag-1)
}

// postgresPairs reads key=value pairs with commas between them.
func (l *line) postgresPairs(from, to int) {
	for from < to {
		end := to
		if comma := bytes.IndexByte(l.text[from:to], ','); comma >= 0 {
			end = from + comma
		}
		key, _, _ := bytes.Cut(l.text[from:end], []byte("="))
		value := min(from+len(key)+1, end)
		switch string(key) {
		case "user":
			l.known("user.name", value, end)
		case "db":
			l.known("db.namespace", value, end)
		case "app":
			l.known("postgresql.application_name", value, end)
		case "client", "host":
			if isIP(l.text[value:end]) {
				l.known("client.address", value, end)
			}
		}
		from = end + 1
	}
}

// known adds what PostgreSQL does not write as [unknown].
func (l *line) known(name string, from, to int) {
	if s := l.text[from:to]; len(s) > 0 && string(s) != "[unknown]" {
		l.addText(name, l.span(from, to))
	}
}
