package parse

import (
	"github.com/tailrace/tailrace/pipeline/event"
)

// priority reads <PRI>, at most 191. It returns the index behind it, 0 when there is
// none.
func (l *line) priority() (end int, n int64) {
	if !l.hasAt(0, "<") {
		return 0, 0
	}
	end, n, ok := l.digitsAt(1)
	if !ok || n > 191 || end > 4 || !l.hasAt(end, ">") {
		return 0, 0
	}
	return end + 1, n
}

// setPriority gives the record the severity and facility of its priority.
func (l *line) setPriority(n int64) {
	l.r.Severity = syslogSeverity[n%8]
	l.r.SeverityText = event.Value{Kind: event.KindConst, Const: syslogNames[n%8]}
	l.addInt("log.syslog.facility.code", n/8)
}

// syslogNames are the names of severities that RFC 5424, 6.2.1, gives.
var syslogNames = [8]string{"emergency", "alert", "critical", "error", "warning", "notice", "informational", "debug"}

// parseSyslog5424 reads <PRI>1 TIME HOST APP PROCID MSGID SD MSG (RFC 5424).
// Of structured data all is kept as one text, and trace context in it is taken.
func parseSyslog5424(l *line) bool {
	end, priority := l.priority()
	if end == 0 || !l.hasAt(end, "1 ") {
		return l.fail(reasonMisfit, end)
	}
	var words [5]event.Span
	i := end + 2
	for n := range words {
		to := nextSpace(l.text, i)
		if to == i || to == len(l.text) {
			return l.fail(reasonMisfit, i)
		}
		words[n], i = l.span(i, to), to+1
	}
	l.clock.guessed = false
	ns, timed := l.clock.parse(l.b.Bytes(words[0]))
	data := l.structuredData(i)
	if !timed && string(l.b.Bytes(words[0])) != "-" || data == 0 {
		return l.fail(reasonMisfit, i)
	}
	if timed {
		l.setClockTime(ns)
	}
	l.setPriority(priority)
	for n, name := range [...]string{"log.syslog.hostname", "log.syslog.appname", "log.syslog.procid", "log.syslog.msgid"} {
		if string(l.b.Bytes(words[n+1])) != "-" {
			l.addText(name, words[n+1])
		}
	}
	if l.text[i] == '[' {
		l.addText("log.syslog.structured_data", l.span(i, data))
	}
	data = l.blanks(data)
	if l.hasAt(data, "\xef\xbb\xbf") {
		data += 3
	}
	l.message(data)
	return true
}

// structuredData is the index behind the elements at i, or behind the dash that
// stands for none; 0 when it is neither. A quote, a backslash and a bracket in a
// value are escaped.
func (l *line) structuredData(i int) int {
	if l.hasAt(i, "-") && (i+1 == len(l.text) || l.text[i+1] == ' ') {
		return i + 1
	}
	for l.hasAt(i, "[") {
		for i++; i < len(l.text) && l.text[i] != ']'; i++ {
			if l.text[i] == '"' {
				if i = closingQuote(l.text, i+1); i < 0 {
					return 0
				}
			}
		}
		if i >= len(l.text) {
			return 0
		}
		if i++; i == len(l.text) || l.text[i] == ' ' {
			return i
		}
	}
	return 0
}

// parseSyslog3164 reads <PRI>Mmm dd hh:mm:ss HOST TAG[PID]: MSG (RFC 3164), of
// which files lack the priority. Its time has neither year nor zone; that of
// rsyslog's own layouts, for files and between servers, is RFC 3339's.
func parseSyslog3164(l *line) bool {
	end, priority := l.priority()
	t := l.syslogTime(end)
	if t.end == 0 {
		return l.fail(reasonMisfit, end)
	}
	host := t.end + 1
	tag := nextSpace(l.text, host) + 1
	if end > 0 && tag > host+1 && l.text[tag-2] == ':' {
		// Programs that write to the socket themselves leave the host out.
		tag = host
	}
	colon := stopFrom(l.text, min(tag, len(l.text)), ':')
	if tag == host+1 || colon <= tag || l.text[host] == '[' {
		return l.fail(reasonMisfit, host)
	}
	name, pid, ok := l.syslogTag(tag, colon)
	if !ok || colon+1 < len(l.text) && l.text[colon+1] != ' ' {
		return l.fail(reasonMisfit, tag)
	}
	lax := l.sticky && !levelInText(l.text[host:max(host, tag-1)])
	if !lax && !syslogSure(l.text[tag:name], end > 0 || pid >= 0) {
		return l.fail(reasonMisfit, tag)
	}
	l.setStamp(t)
	if end > 0 {
		l.setPriority(priority)
	}
	if tag > host {
		l.addText("log.syslog.hostname", l.span(host, tag-1))
	}
	l.addText("log.syslog.appname", l.span(tag, name))
	if pid >= 0 {
		l.addInt("process.pid", pid)
	}
	l.messageBehind(t.end, l.blanks(colon+1))
	return true
}

// syslogTime is the time at i, which a blank must follow: Mar  5 10:11:12, or
// RFC 3339's with its zone. Its end is 0 when it is neither.
func (l *line) syslogTime(i int) stamp {
	const bsdSize = len("Mar  5 10:11:12")
	if t := l.isoAt(i); t.end != 0 && t.zoned && l.text[i+10] == 'T' && l.hasAt(t.end, " ") {
		return t
	}
	if !l.hasAt(i+bsdSize, " ") {
		return stamp{}
	}
	ns, ok := l.bsdTime(l.text[i : i+bsdSize])
	if !ok {
		return stamp{}
	}
	return stamp{ns: ns, end: i + bsdSize}
}

// syslogSure reports whether a line must be syslog's: a time and two words may
// be anything without a priority or a process, and where the first is a level they
// are, also in a stream of syslog's. HAProxy tells of itself between
// the requests, which are what its log is about.
func syslogSure(tag []byte, numbered bool) bool {
	return string(tag) != "haproxy" && (numbered || string(tag) == "kernel")
}

// bsdTime reads Mar  5 10:11:12.
func (l *line) bsdTime(s []byte) (int64, bool) {
	if s[3] != ' ' || s[6] != ' ' || s[9] != ':' || s[12] != ':' {
		return 0, false
	}
	day := two(s, 4)
	if s[4] == ' ' && s[5]-'0' <= 9 {
		day = int(s[5] - '0')
	}
	return l.nearest(civil{month: month(s[:3]), day: day, hour: two(s, 7), min: two(s, 10), sec: two(s, 13)}, 0)
}

// syslogTag reads name or name[pid], which must fill text[from:to]; pid is less
// than zero when there is none.
func (l *line) syslogTag(from, to int) (name int, pid int64, ok bool) {
	if to-from > 64 || nextSpace(l.text, from) < to {
		return 0, 0, false
	}
	for name = from; name < to && l.text[name] != '['; name++ {
	}
	if name == to {
		return to, -1, true
	}
	end, pid, ok := l.digitsAt(name + 1)
	return name, pid, ok && end == to-1 && l.text[end] == ']' && name > from
}
