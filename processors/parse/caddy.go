package parse

import (
	"bytes"

	"github.com/tailrace/tailrace/internal/strictjson"
	"github.com/tailrace/tailrace/pipeline/event"
)

// caddyObject has the fields that Caddy writes at the top of an access log's
// object (https://caddyserver.com/docs/logging), caddyRequest those of its
// member request.
var (
	caddyObject = newAccessObject("caddy.access", []objectKey{
		{"ts", accessField{means: meansEpoch}},
		{"status", accessField{means: meansStatus}},
		{"size", accessBodyOut},
		{"bytes_read", accessBodyIn},
		{"duration", seconds(attrDuration, 0)},
		{"user_id", named(meansUser, "user.name")},
		{"logger", text("caddy.logger")},
		{"request", accessField{}},
		{"resp_headers", accessField{}},
	}, []string{"logger"}, []string{"request"}, []string{"status"})

	caddyRequest = newAccessObject("", []objectKey{
		{"client_ip", accessField{means: meansIP}},
		{"remote_ip", accessField{means: meansIP}},
		{"remote_addr", accessField{means: meansPeer}},
		{"remote_port", accessField{means: meansPort}},
		{"method", accessField{means: meansMethod}},
		{"host", accessField{means: meansHost}},
		{"uri", accessField{means: meansTarget}},
		{"proto", accessField{means: meansProtocol}},
	})
)

// Places of keys in caddyObject.
const (
	caddyLogger  = 6
	caddyMember  = 7
	caddyHeaders = 8
)

// parseCaddy reads the objects of Caddy's loggers http.log.access and below.
func parseCaddy(l *line) bool {
	if !l.scan() {
		return false
	}
	var at places
	present := caddyObject.find(l.text, l.members, &at)
	if !caddyObject.known(present) {
		return l.fail(reasonMisfit, 0)
	}
	logger, request := &l.members[at[caddyLogger]-1], &l.members[at[caddyMember]-1]
	if !bytes.HasPrefix(l.content(logger), []byte("http.log.access")) || request.Kind != strictjson.Object {
		return l.fail(reasonMisfit, int(logger.Value))
	}
	a := access{l: l}
	l.r.Severity = sevInfo
	l.objectTrace()
	const own = 1<<caddyMember | 1<<caddyHeaders
	a.putMembers(caddyObject, present&^own, &at, l.members, 0)
	a.caddyRequest(request)
	if n := at[caddyHeaders]; n != 0 {
		a.caddyHeaders(&l.members[n-1], "http.response.header.")
	}
	l.caddyRest()
	l.addMembers()
	l.objectBody()
	l.dataset("caddy.access")
	return true
}

// caddyRest takes what every line says: the level follows from the status, and
// the message is the same for all.
func (l *line) caddyRest() {
	for i := range l.members {
		switch m := &l.members[i]; string(l.text[m.Key:m.KeyEnd]) {
		case "level", "msg":
			m.Mark = markTaken
		}
	}
}

// caddyRequest takes the request apart; its members other than those known,
// as those of TLS, stay in the body.
func (a *access) caddyRequest(m *strictjson.Member) {
	text, ok := a.l.inside(m)
	if !ok {
		return
	}
	var at places
	present := caddyRequest.find(text, a.l.inner.Members, &at)
	headers := strictjson.Member{}
	for i := range a.l.inner.Members {
		if h := &a.l.inner.Members[i]; string(text[h.Key:h.KeyEnd]) == "headers" {
			headers = *h
		}
	}
	a.putMembers(caddyRequest, present, &at, a.l.inner.Members, int(m.Value))
	m.Mark = markTaken
	headers.Value, headers.ValueEnd = headers.Value+m.Value, headers.ValueEnd+m.Value
	a.caddyHeaders(&headers, "http.request.header.")
}

// caddyHeaders adds an object of headers, each with a list of values.
func (a *access) caddyHeaders(m *strictjson.Member, prefix string) {
	_, ok := a.l.inside(m)
	if !ok {
		return
	}
	m.Mark = markTaken
	for i := range a.l.inner.Members {
		h := a.l.inner.Members[i]
		if h.Kind != strictjson.Array || h.EscapedKey {
			continue
		}
		key := a.l.text[m.Value+h.Key : m.Value+h.KeyEnd]
		value := a.l.span(int(m.Value+h.Value), int(m.Value+h.ValueEnd))
		if prefix == "http.request.header." && a.caddyHeader(key, value) {
			continue
		}
		a.listHeader(prefix, key, value)
	}
}

// caddyHeader takes the headers that mean more than themselves.
func (a *access) caddyHeader(key []byte, list event.Span) bool {
	one, ok := a.onlyText(list)
	if !ok {
		return false
	}
	switch string(key) {
	case "User-Agent":
		a.text("user_agent.original", one)
	case "Traceparent":
		a.trace(&accessField{means: meansTraceparent}, one)
	case "B3":
		a.trace(&accessField{means: meansContext, context: headerB3}, one)
	case "Uber-Trace-Id":
		a.trace(&accessField{means: meansContext, context: headerJaeger}, one)
	case "X-Cloud-Trace-Context":
		a.trace(&accessField{means: meansContext, context: headerGCP}, one)
	case "X-Request-Id":
		a.requestID(one)
	default:
		return false
	}
	return true
}

// onlyText is the text of a JSON array that has no other.
func (a *access) onlyText(list event.Span) (event.Span, bool) {
	text := a.bytes(list)
	if len(text) < len(`[""]`) || text[1] != '"' || closingQuote(text, 2) != len(text)-2 {
		return event.Span{}, false
	}
	if one := cut(list, 2, len(text)-2); bytes.IndexByte(text, '\\') < 0 {
		return one, true
	}
	l := a.l
	l.scratch = strictjson.AppendText(l.scratch[:0], text[2:len(text)-2])
	return l.b.Append(l.scratch), true
}

// listHeader adds a header under its lower-case name, with the values as they
// stand, unless it has been added.
func (a *access) listHeader(prefix string, key []byte, value event.Span) {
	l := a.l
	at := len(l.b.Data)
	l.b.Data = append(append(l.b.Data, prefix...), key...)
	name := l.b.Data[at:]
	lower := name[len(prefix):]
	for i, c := range lower {
		if c-'A' < 26 {
			lower[i] = c | 0x20
		}
	}
	if l.hasAttribute(name) {
		return
	}
	f := l.keyed(l.appended(at))
	f.Value.Kind, f.Value.Span = event.KindJSON, value
}
