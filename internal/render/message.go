package render

import (
	"bytes"
	"slices"

	"github.com/valyala/fastjson"

	"github.com/tailrace/tailrace/pipeline/ecs"
)

// message shows the first line of what was said; the others are for below. The
// line of an access log, which repeats what its attributes say, becomes
// "METHOD path status".
func (l *line) message() {
	l.dst = append(l.dst, ' ')
	body := l.body()
	if l.isAccess(body) {
		l.request()
		return
	}
	l.said, l.rest, _ = bytes.Cut(bytes.TrimRight(body, "\r\n"), newline)
	l.dst = Escape(l.dst, l.said)
}

// body is the message's text, or the JSON of a structured one.
func (l *line) body() []byte {
	for _, path := range [][]string{{"body", "text"}, {"body", "structured"}, {"body"}, {"message"}} {
		if b := Text(l.doc.Get(path...)); b != nil {
			return b
		}
	}
	return nil
}

// isAccess says that the document is a request and body its raw line, or
// absent: an application's own message about a request is left alone.
func (l *line) isAccess(body []byte) bool {
	method := l.get("http.request.method")
	if len(method) == 0 || l.get("http.response.status_code") == nil {
		return false
	}
	return len(body) == 0 || body[0] == '{' || bytes.Contains(body, append([]byte(`"`), method...))
}

func (l *line) request() {
	l.access = true
	l.dst = Escape(l.dst, l.get("http.request.method"))
	l.dst = append(l.dst, ' ')
	l.dst = Escape(l.dst, l.get("url.path"))
	if q := l.get("url.query"); len(q) > 0 {
		l.dst = Escape(append(l.dst, '?'), q)
	}
	l.dst = append(l.dst, ' ')
	status := l.get("http.response.status_code")
	l.open(statusColor(status))
	l.dst = Escape(l.dst, status)
	l.close(statusColor(status))
}

func statusColor(status []byte) color {
	switch {
	case len(status) != 3:
		return none
	case status[0] == '5':
		return red
	case status[0] == '4':
		return yellow
	default:
		return green
	}
}

// hidden are attributes that say where a line came from, not what happened,
// and those that do not fit on a line.
var hidden = []string{
	"log.file.path", "log.file.name", "log.iostream", "log.record.original",
	"exception.stacktrace", "error.stack_trace", "code.stacktrace",
}

// shown are attributes that the message of a request has already.
var shown = []string{
	"http.request.method", "url.path", "url.query", "http.response.status_code",
	"network.protocol.version", "http.version", "client.ip", "error.type", "user_agent.original",
}

func (l *line) attributes() {
	if l.attrs == nil {
		return
	}
	constant := l.ecs
	l.attrs.Visit(func(key []byte, v *fastjson.Value) {
		if constant || l.ecs && slices.Contains(ecs.Last[:], string(key)) {
			constant = constant && string(key) != ecs.Mark
			return
		}
		if slices.Contains(hidden, string(key)) || l.access && slices.Contains(shown, string(key)) {
			return
		}
		l.attribute(key, v)
	})
}

func (l *line) attribute(key []byte, v *fastjson.Value) {
	l.dst = append(l.dst, ' ')
	l.open(dim)
	l.dst = Escape(l.dst, key)
	l.dst = append(l.dst, '=')
	l.close(dim)
	if v.Type() != fastjson.TypeString {
		l.dst = Escape(l.dst, v.MarshalTo(nil))
		return
	}
	l.dst = quoted(l.dst, v.GetStringBytes())
}

// quoted appends a value so that its end is seen: in quotes when it is empty
// or has a blank, a quote or an equals sign in it (the rule of logfmt).
func quoted(dst, s []byte) []byte {
	if len(s) > 0 && !bytes.ContainsAny(s, " \"=") {
		return Escape(dst, s)
	}
	dst = append(dst, '"')
	for _, c := range bytes.SplitAfter(s, []byte(`"`)) {
		if n := len(c); n > 0 && c[n-1] == '"' {
			dst = append(Escape(dst, c[:n-1]), `\"`...)
			continue
		}
		dst = Escape(dst, c)
	}
	return append(dst, '"')
}
