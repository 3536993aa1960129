package parse

import (
	"bytes"
	"strings"

	"github.com/tailrace/tailrace/pipeline/event"
)

// The formats of Apache's own configuration (docs/conf/httpd.conf.in) and of
// Debian's (/etc/apache2/apache2.conf): combined, of which common is the
// beginning, and vhost_combined, with what it counts as the size.
var apacheLayouts = []*layout{
	beginning(own("apache.access", apacheLayout, `%h %l %u %t "%r" %>s %b "%{Referer}i" "%{User-Agent}i"`), 7),
	own("apache.access", apacheLayout, `%v:%p %h %l %u %t "%r" %>s %O "%{Referer}i" "%{User-Agent}i"`),
	own("apache.access", apacheLayout, `%h %l %u %t "%r" %>s %b "%{Referer}i" "%{User-Agent}i" %I %O`),
}

// beginning lets lines end before piece n of a layout.
func beginning(y *layout, n int) *layout {
	y.pieces[n-1].final = true
	for i := n; i < len(y.pieces); i++ {
		y.pieces[i].may = true
	}
	return y
}

func parseApache(l *line) bool {
	if !hasCLF(l.text) {
		return l.fail(reasonMisfit, 0)
	}
	return l.parseLayouts(0, apacheLayouts)
}

// hasCLF reports whether a time in brackets is in the line, as the Common Log
// Format has it.
func hasCLF(s []byte) bool {
	for at := 0; ; {
		i := bytes.IndexByte(s[at:], '[')
		if at += i + 1; i < 0 || len(s)-at <= clfSize {
			return false
		}
		if s[at+2] == '/' && s[at+6] == '/' && s[at+clfSize] == ']' {
			return true
		}
	}
}

// ofApache reports whether what is known of a source says that Apache writes
// it: combined is the same to the byte as nginx's.
func ofApache(src *event.Source) bool {
	for _, name := range []string{"apache", "httpd"} {
		if strings.Contains(src.Path, "/"+name) || strings.HasPrefix(src.ContainerName, name) {
			return true
		}
	}
	for _, a := range src.Resource {
		if a.Name == "container.image.name" && strings.Contains(a.Value, "httpd") {
			return true
		}
	}
	return false
}

// parseApacheError reads the default ErrorLogFormat
// (https://httpd.apache.org/docs/2.4/mod/core.html#errorlogformat):
//
//	[Thu Mar 05 10:11:12.123456 2026] [core:error] [pid 31:tid 140] (13)Permission denied: [client 10.0.0.1:5000] AH00035: …
func parseApacheError(l *line) bool {
	s := l.text
	end := bytes.IndexByte(s, ']')
	if len(s) < 30 || s[0] != '[' || s[4] != ' ' || end < 25 {
		return l.fail(reasonMisfit, 0)
	}
	ns, ok := l.clock.parseApacheError(s[1:end])
	if !ok {
		return l.fail(reasonMisfit, 1)
	}
	i, ok := l.apacheModule(end + 1)
	if !ok {
		return l.fail(reasonMisfit, end+1)
	}
	l.setLocalTime(ns)
	a := access{l: l, escape: escapeApache}
	i = a.apacheProcess(i)
	i = a.apacheClient(i)
	for i < len(s) && s[i] == ' ' {
		i++
	}
	l.r.Body = event.Text(l.span(i, len(s)))
	l.dataset("apache.error")
	return true
}

// apacheModule reads ` [module:level]` and returns the index behind it.
func (l *line) apacheModule(i int) (end int, ok bool) {
	s := l.text[i:]
	to := bytes.IndexByte(s, ']')
	if to < 0 || s[0] != ' ' || len(s) < 2 || s[1] != '[' {
		return 0, false
	}
	colon := bytes.IndexByte(s[:to], ':')
	if colon < 0 {
		return 0, false
	}
	level := s[colon+1 : to]
	if l.r.Severity = apacheLevel(level); l.r.Severity == 0 || !isModule(s[2:colon]) {
		return 0, false
	}
	l.r.SeverityText = event.Text(l.span(i+colon+1, i+to))
	if colon > 2 {
		l.addText("apache.module", l.span(i+2, i+colon))
	}
	return i + to + 1, true
}

// isModule allows the dash that Apache writes for lines of no module.
func isModule(s []byte) bool { return len(s) == 0 || isToken(s) }

// apacheProcess reads ` [pid 31:tid 140]`, if it is there.
func (a *access) apacheProcess(i int) int {
	s := a.l.text[i:]
	to := bytes.IndexByte(s, ']')
	if to < 0 || !bytes.HasPrefix(s, []byte(" [pid ")) {
		return i
	}
	pid, tid := s[6:to], 0
	if colon := bytes.IndexByte(pid, ':'); colon >= 0 {
		tid, pid = 6+colon+len(":tid "), pid[:colon]
	}
	if n, ok := wholeNumber(pid); ok {
		a.l.addInt("process.pid", n)
	}
	if tid > 0 && tid < to {
		a.put(&accessField{means: meansInt, name: "thread.id"}, a.l.span(i+tid, i+to))
	}
	return i + to + 1
}

// apacheClient reads `[client 10.0.0.1:5000] `, which the status of a system
// call may precede; the message begins there.
func (a *access) apacheClient(i int) int {
	s := a.l.text[i:]
	at := bytes.Index(s, []byte("[client "))
	if at < 0 {
		return i
	}
	from := at + len("[client ")
	to := bytes.IndexByte(s[from:], ']')
	if to < 0 || !a.apachePeer(a.l.span(i+from, i+from+to)) {
		return i
	}
	if at == 1 {
		return i + from + to + 1
	}
	return i
}

// apachePeer adds the client, whose address the error log always has a port
// behind: what follows the last colon is it, without brackets around IPv6.
func (a *access) apachePeer(s event.Span) bool {
	text := a.bytes(s)
	if colon := bytes.LastIndexByte(text, ':'); colon > 0 && isIPv6(text[:colon]) && a.addPeer(cut(s, 0, colon), text[colon+1:]) {
		return true
	}
	return a.peer(s)
}
