package parse

import (
	"bytes"

	"github.com/tailrace/tailrace/pipeline/event"
)

// parseNginxError reads nginx's error log (ngx_log_error_core and
// ngx_http_log_error_handler):
//
//	2026/03/05 10:11:12 [error] 31#31: *48 connect() failed (111: Connection refused) while connecting to upstream, client: 10.0.0.1, server: _, request: "GET / HTTP/1.1", upstream: "http://10.0.3.4:8080/", host: "ex.test"
func parseNginxError(l *line) bool {
	const head = len("2026/03/05 10:11:12 [")
	s := l.text
	if len(s) < head || s[4] != '/' || s[10] != ' ' || s[head-1] != '[' {
		return l.fail(reasonMisfit, 0)
	}
	ns, ok := l.clock.parseSlashed(s[:19])
	if !ok {
		return l.fail(reasonMisfit, 0)
	}
	end := bytes.IndexByte(s, ']')
	if end < 0 {
		return l.fail(reasonMisfit, head)
	}
	if l.r.Severity = severityName(s[head:end]); l.r.Severity == 0 {
		return l.fail(reasonMisfit, head)
	}
	i, ok := l.nginxProcess(end + 1)
	if !ok {
		return l.fail(reasonMisfit, end+1)
	}
	l.r.SeverityText = event.Text(l.span(head, end))
	l.setLocalTime(ns)
	l.nginxMessage(i)
	l.dataset("nginx.error")
	return true
}

// nginxProcess reads ` 31#31: *48 ` and returns the index behind it.
func (l *line) nginxProcess(i int) (end int, ok bool) {
	s := l.text
	hash := bytes.IndexByte(s[i:], '#')
	colon := bytes.IndexByte(s[i:], ':')
	if hash < 2 || colon < hash || s[i] != ' ' {
		return 0, false
	}
	pid, ok := wholeNumber(s[i+1 : i+hash])
	tid, also := wholeNumber(s[i+hash+1 : i+colon])
	if !ok || !also {
		return 0, false
	}
	l.addInt("process.pid", pid)
	l.addInt("thread.id", tid)
	if i += colon + 1; i+2 < len(s) && s[i] == ' ' && s[i+1] == '*' {
		to := nextSpace(s, i+2)
		if n, ok := wholeNumber(s[i+2 : to]); ok {
			l.addInt("nginx.connection", n)
			i = to
		}
	}
	if i < len(s) && s[i] == ' ' {
		i++
	}
	return i, true
}

// nginxMessage makes what happened the body, and attributes of what nginx says
// of the request behind it.
func (l *line) nginxMessage(i int) {
	a := access{l: l, escape: escapeHex}
	end := len(l.text)
	if n := bytes.LastIndex(l.text[i:], []byte(", client: ")); n >= 0 {
		end = i + n
		a.nginxPairs(end)
	}
	l.r.Body = event.Text(l.span(i, end))
}

// nginxPairs reads `, key: value` from i on.
func (a *access) nginxPairs(i int) {
	s := a.l.text
	for i+2 < len(s) {
		key := s[i+2:]
		colon := bytes.Index(key, []byte(": "))
		if colon < 0 {
			return
		}
		from := i + 2 + colon + 2
		to, next := pairEnd(s, from)
		if from < len(s) && s[from] == '"' {
			from++
		}
		a.nginxPair(key[:colon], a.l.span(from, to))
		i = next
	}
}

// pairEnd is where the value at i ends, and the comma behind it stands.
func pairEnd(s []byte, i int) (end, next int) {
	if i < len(s) && s[i] == '"' {
		if end = bytes.Index(s[i+1:], []byte(`", `)); end >= 0 {
			return i + 1 + end, i + 2 + end
		}
		if s[len(s)-1] == '"' && len(s)-1 > i {
			return len(s) - 1, len(s)
		}
		return len(s), len(s)
	}
	if end = bytes.IndexByte(s[i:], ','); end >= 0 {
		return i + end, i + end
	}
	return len(s), len(s)
}

func (a *access) nginxPair(key []byte, s event.Span) {
	switch string(key) {
	case "client":
		a.putAddress(meansIP, s)
	case "server":
		// The host that the client asked for says more, and stands last.
		if i := bytes.LastIndex(a.l.text, []byte(`, host: "`)); i < 0 {
			a.putAddress(meansHost, s)
		}
	case "host":
		a.putAddress(meansHost, s)
	case "request":
		a.request(s)
	case "upstream":
		a.text("nginx.upstream", s)
	case "referrer":
		a.header("http.request.header.referer", s)
	case "subrequest":
		a.text("nginx.subrequest", s)
	}
}
