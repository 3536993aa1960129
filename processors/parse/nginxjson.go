package parse

import (
	"github.com/tailrace/tailrace/internal/strictjson"
	"github.com/tailrace/tailrace/pipeline/event"
)

// Variables of nginx, as roles of keys. They follow the roles of appKeys.
const (
	varRemoteAddr role = numRoles + iota
	varRemoteUser
	varTimeLocal
	varTimeISO
	varMsec
	varRequest
	varMethod
	varRequestURI
	varURI
	varArgs
	varProtocol
	varScheme
	varStatus
	varBodyBytes
	varBytes
	varRequestLength
	varRequestTime
	varReferer
	varUserAgent
	varForwardedFor
	varHost
	varRequestID
	varUpstream
	endVars
)

// nginxKeys are the variables that become attributes. Of several for one
// attribute the first in the table counts. An upstream variable lists a value
// for each server tried, so it is a string even when it is one number.
var nginxKeys = newKeyTable([]key{
	{name: "remote_addr", role: varRemoteAddr},
	{name: "remote_user", role: varRemoteUser},
	{name: "time_local", role: varTimeLocal},
	{name: "time_iso8601", role: varTimeISO},
	{name: "msec", role: varMsec},
	{name: "request", role: varRequest},
	{name: "request_method", role: varMethod},
	{name: "request_uri", role: varRequestURI},
	{name: "uri", role: varURI},
	{name: "args", role: varArgs},
	{name: "query_string", role: varArgs},
	{name: "server_protocol", role: varProtocol},
	{name: "scheme", role: varScheme},
	{name: "status", role: varStatus},
	{name: "body_bytes_sent", role: varBodyBytes},
	{name: "bytes_sent", role: varBytes},
	{name: "request_length", role: varRequestLength},
	{name: "request_time", role: varRequestTime},
	{name: "http_referer", role: varReferer},
	{name: "http_referrer", role: varReferer},
	{name: "http_user_agent", role: varUserAgent},
	{name: "http_x_forwarded_for", role: varForwardedFor},
	{name: "http_host", role: varHost},
	{name: "host", role: varHost},
	{name: "server_name", role: varHost},
	{name: "request_id", role: varRequestID},
	{name: "http_x_request_id", role: varRequestID},
	{name: "upstream_addr", role: varUpstream},
	{name: "upstream_status", role: varUpstream},
	{name: "upstream_response_time", role: varUpstream},
	{name: "upstream_response_length", role: varUpstream},
	{name: "upstream_connect_time", role: varUpstream},
	{name: "upstream_header_time", role: varUpstream},
	{name: "upstream_cache_status", role: varUpstream},
})

// upstreamNames are the attributes of the upstream variables.
var upstreamNames = map[string]string{
	"upstream_addr":            "nginx.upstream_addr",
	"upstream_status":          "nginx.upstream_status",
	"upstream_response_time":   "nginx.upstream_response_time",
	"upstream_response_length": "nginx.upstream_response_length",
	"upstream_connect_time":    "nginx.upstream_connect_time",
	"upstream_header_time":     "nginx.upstream_header_time",
	"upstream_cache_status":    "nginx.upstream_cache_status",
}

// variables says at which member (counted from 1) each variable is.
type variables [endVars - numRoles]uint16

func (v *variables) at(r role) uint16 { return v[r-numRoles] }

func (v *variables) classify(text []byte, members []strictjson.Member) {
	var ranks [endVars - numRoles]uint8
	for i := range members {
		k := nginxKeys.find(text, &members[i])
		if k == 0 {
			continue
		}
		r := nginxKeys.keys[k].role - numRoles
		if v[r] == 0 || k < ranks[r] {
			v[r], ranks[r] = uint16(i+1), k
		}
	}
}

// known reports whether the object is an access line: a status and a request,
// with something beside them that only nginx says.
func (v *variables) known() bool {
	request := v.at(varRequest) != 0 || v.at(varMethod) != 0 && (v.at(varRequestURI) != 0 || v.at(varURI) != 0)
	nginx := v.at(varRemoteAddr) | v.at(varBodyBytes) | v.at(varTimeLocal) | v.at(varTimeISO) | v.at(varMsec)
	return request && v.at(varStatus) != 0 && nginx != 0
}

// parseNginxJSON reads an access log written with escape=json, whose keys are
// named after nginx's variables.
func parseNginxJSON(l *line) bool {
	if !l.scan() {
		return false
	}
	l.variables = variables{}
	if l.variables.classify(l.text, l.members); !l.variables.known() {
		return l.fail(reasonNotNginxJSON, 0)
	}
	n := nginxObject{access{l: l, secrets: l.secrets[:0]}}
	n.time()
	n.attributes()
	n.upstreams()
	l.nginxTrace()
	l.addMembers()
	n.body()
	l.dataset(datasetNginx)
	l.secrets = n.secrets
	return true
}

// nginxTrace takes the trace context that modules and headers write.
func (l *line) nginxTrace() {
	var f found
	f.classify(l.text, l.members)
	l.takeTrace(&f)
}

// nginxObject turns variables into attributes.
type nginxObject struct{ access }

// member is the member that holds the variable, if it is a text or number.
func (n *nginxObject) member(r role) *strictjson.Member {
	at := n.l.variables.at(r)
	if at == 0 {
		return nil
	}
	m := &n.l.members[at-1]
	if m.Kind != strictjson.String && m.Kind != strictjson.Number {
		return nil
	}
	return m
}

// span is what the variable says, without quotes and escapes; the zero Span
// when it is not there.
func (n *nginxObject) span(r role) event.Span {
	m := n.member(r)
	if m == nil {
		return event.Span{}
	}
	return n.spanOf(m)
}

func (n *nginxObject) spanOf(m *strictjson.Member) event.Span {
	l := n.l
	if m.Kind == strictjson.Number {
		return l.span(int(m.Value), int(m.ValueEnd))
	}
	if !m.EscapedValue {
		return l.span(int(m.Value)+1, int(m.ValueEnd)-1)
	}
	return l.b.Append(l.content(m))
}

// take marks the variable as represented, which an absent one is too.
func (n *nginxObject) take(roles ...role) {
	for _, r := range roles {
		if m := n.member(r); m != nil {
			m.Mark = markTaken
		}
	}
}

// time takes the most exact of the time variables that can be read.
func (n *nginxObject) time() {
	for _, r := range [...]role{varMsec, varTimeISO, varTimeLocal} {
		text := n.bytes(n.span(r))
		ns, ok := n.l.clock.parse(text)
		if r == varTimeLocal {
			ns, ok = n.l.clock.parseCLF(text)
		}
		if ok && n.l.setTime(ns) {
			n.take(varMsec, varTimeISO, varTimeLocal)
			return
		}
	}
}

// attributes adds what the semantic conventions have names for, and the
// request's duration under nginx's own name, since for that they only have a
// metric.
func (n *nginxObject) attributes() {
	n.text("client.address", n.span(varRemoteAddr))
	n.text("user.name", n.span(varRemoteUser))
	n.target()
	n.access.status(n.span(varStatus))
	n.note(n.span(varReferer))
	n.header("http.request.header.referer", n.span(varReferer))
	n.text("user_agent.original", n.span(varUserAgent))
	n.header("http.request.header.x-forwarded-for", n.span(varForwardedFor))
	n.requestID(n.span(varRequestID))
	n.take(varRemoteAddr, varRemoteUser, varStatus, varReferer, varUserAgent, varForwardedFor, varRequestID)
	n.size(varBodyBytes, "http.response.body.size")
	n.size(varBytes, "http.response.size")
	n.size(varRequestLength, "http.request.size")
	if n.absent(n.span(varRequestTime)) || n.decimal("nginx.request_time", n.span(varRequestTime)) {
		n.take(varRequestTime)
	}
}

func (n *nginxObject) size(r role, name string) {
	if s := n.span(r); n.absent(s) || n.number(name, s) {
		n.take(r)
	}
}

// target adds what was requested, from the request line or its parts.
func (n *nginxObject) target() {
	if n.request(n.span(varRequest)) {
		n.take(varRequest, varMethod, varRequestURI, varURI, varArgs, varProtocol)
	} else if m := n.span(varMethod); !n.absent(m) && isToken(n.bytes(m)) {
		n.parts(m)
	}
	if s := n.span(varScheme); !n.absent(s) && n.l.variables.at(varRequest) == 0 {
		n.text("url.scheme", s)
		n.take(varScheme)
	}
	if s := n.span(varHost); !n.absent(s) && !n.l.hasField("server.address") {
		n.take(varHost)
		// "_" is nginx's usual name for the server of all other hosts.
		if string(n.bytes(s)) != "_" {
			n.host(s)
		}
	}
}

// parts adds the request from separate variables.
func (n *nginxObject) parts(method event.Span) {
	n.method(method)
	uri, args := n.span(varRequestURI), event.Span{}
	if n.absent(uri) {
		uri, args = n.span(varURI), n.span(varArgs)
	}
	if isTarget(n.bytes(uri)) {
		n.access.target(uri)
	}
	if !n.absent(args) {
		n.query(args)
	}
	if version := httpVersion(n.bytes(n.span(varProtocol))); version != "" {
		n.l.addConst("network.protocol.version", version)
	}
	n.take(varMethod, varRequestURI, varURI, varArgs, varProtocol)
}

// upstreams adds the upstream variables as strings.
func (n *nginxObject) upstreams() {
	if n.l.variables.at(varUpstream) == 0 {
		return
	}
	for i := range n.l.members {
		m := &n.l.members[i]
		name := upstreamNames[string(n.l.text[m.Key:m.KeyEnd])]
		if name == "" || m.Kind != strictjson.String && m.Kind != strictjson.Number {
			continue
		}
		n.text(name, n.spanOf(m))
		m.Mark = markTaken
	}
}
