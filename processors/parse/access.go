package parse

import (
	"bytes"

	"github.com/tailrace/tailrace/pipeline/event"
)

// access gives a record the attributes of an HTTP access log, named by the
// OpenTelemetry semantic conventions. Texts are spans of the batch's arena.
type access struct {
	l *line
	// escape is how the texts are escaped, escapeNone where the line has no
	// escape.
	escape escape
	// hosted says that the record has a server.address by now.
	hosted bool
	// bad is the byte that did not fit last.
	bad int
}

// bytes are those of s, to be read only: behind them the arena goes on.
func (a *access) bytes(s event.Span) []byte { return a.l.b.Data[s.Off : s.Off+s.Len] }

// cut is s[from:to].
func cut(s event.Span, from, to int) event.Span {
	return event.Span{Off: s.Off + uint32(from), Len: uint32(to - from)}
}

// b is the first byte of s.
func (a *access) b(s event.Span) byte { return a.l.b.Data[s.Off] }

// absent reports whether s stands for no value.
func (a *access) absent(s event.Span) bool {
	return s.Len == 0 || s.Len == 1 && a.l.b.Data[s.Off] == '-'
}

// text adds an attribute unless s is absent.
func (a *access) text(name string, s event.Span) {
	if !a.absent(s) {
		a.l.addText(name, a.clean(s))
	}
}

// clean is s without escapes, which most lines do not have.
func (a *access) clean(s event.Span) event.Span {
	if a.escape != escapeNone {
		s = a.decoded(s)
	}
	return s
}

// header adds a header's value, which is a list by convention.
func (a *access) header(name string, s event.Span) {
	if !a.absent(s) {
		value := a.clean(s)
		a.l.addSpan(name, event.KindTextArray, value)
	}
}

// request takes a request line apart. What a client sent instead of HTTP, such
// as a TLS hello, gives no attributes and stays in the body.
func (a *access) request(s event.Span) bool {
	text := a.bytes(s)
	known, space := firstMethod(text)
	if space <= 0 {
		return false
	}
	end, version := targetEnd(text)
	if end <= space {
		end, version = len(text), ""
	}
	colon, ok := targetColon(text[space+1 : end])
	if !ok {
		return false
	}
	a.addMethod(known, cut(s, 0, space))
	a.target(cut(s, space+1, end), colon)
	if version != "" {
		a.l.addConst("network.protocol.version", version)
	}
	return true
}

// firstMethod is the method that a request line begins with, "" for one that is
// not known, and the space behind it, which is not above zero without a method.
func firstMethod(text []byte) (known string, space int) {
	if len(text) > 4 && string(text[:4]) == "GET " {
		return "GET", 3
	}
	space = bytes.IndexByte(text, ' ')
	if space <= 0 {
		return "", space
	}
	method := text[:space]
	if known = knownMethod(method); known == "" && (!isToken(method) || string(method) == "-") {
		return "", 0
	}
	return known, space
}

// targetEnd is where the target of a request line ends, and the version of HTTP
// behind it, if there is one.
func targetEnd(text []byte) (end int, version string) {
	if end = len(text) - len(" HTTP/1.1"); end < 0 || text[end] != ' ' {
		end = bytes.LastIndexByte(text, ' ')
	}
	if version = httpVersion(text[end+1:]); version == "" {
		end = len(text)
	}
	return end, version
}

// httpVersion is what network.protocol.version says for HTTP/x.y, "" for
// anything else.
func httpVersion(s []byte) string {
	switch string(s) {
	case "HTTP/1.1":
		return "1.1"
	case "HTTP/2.0", "HTTP/2":
		return "2"
	case "HTTP/1.0":
		return "1.0"
	case "HTTP/3.0", "HTTP/3":
		return "3"
	}
	return ""
}

// method adds http.request.method, and reports whether s can be one.
func (a *access) method(s event.Span) bool {
	known := knownMethod(a.bytes(s))
	if known == "" && !isToken(a.bytes(s)) {
		return false
	}
	a.addMethod(known, s)
	return true
}

// addMethod adds a known method, or _OTHER with the original.
func (a *access) addMethod(known string, s event.Span) {
	if known != "" {
		a.l.addConst("http.request.method", known)
		return
	}
	a.l.addConst("http.request.method", "_OTHER")
	a.text("http.request.method_original", s)
}

// knownMethod is the method if the semantic conventions list it: those of RFC
// 9110, PATCH (RFC 5789) and QUERY.
func knownMethod(s []byte) string {
	switch string(s) {
	case "GET":
		return "GET"
	case "POST":
		return "POST"
	case "HEAD":
		return "HEAD"
	case "PUT":
		return "PUT"
	case "DELETE":
		return "DELETE"
	case "OPTIONS":
		return "OPTIONS"
	case "PATCH":
		return "PATCH"
	case "CONNECT":
		return "CONNECT"
	case "TRACE":
		return "TRACE"
	case "QUERY":
		return "QUERY"
	}
	return ""
}

// isToken reports whether s could be a method: letters, digits, dash and
// underscore of the tokens of RFC 9110, 5.6.2.
func isToken(s []byte) bool {
	for _, c := range s {
		if !wordByte(c) {
			return false
		}
	}
	return len(s) > 0
}

// targetColon reports whether s could be a request target (RFC 9112, 3.2), and
// where its first colon is if it is no path.
func targetColon(s []byte) (colon int, ok bool) {
	if len(s) == 0 || s[0] == '/' || len(s) == 1 && s[0] == '*' {
		return 0, len(s) > 0
	}
	colon = bytes.IndexByte(s, ':')
	return colon, colon > 0
}

// target adds what a request target says: a path with a query, a whole URL or,
// for CONNECT, a host and port. Its first colon is where targetColon says.
func (a *access) target(s event.Span, colon int) {
	if c := a.b(s); c == '/' || c == '*' {
		a.pathAndQuery(s)
		return
	}
	const sign = "://"
	text := a.bytes(s)
	if colon+len(sign) > len(text) || string(text[colon:colon+len(sign)]) != sign {
		if colon = bytes.Index(text, []byte(sign)); colon < 0 {
			a.putAddress(meansHost, s)
			return
		}
	}
	a.l.addText("url.full", a.clean(s))
	a.text("url.scheme", cut(s, 0, colon))
	a.behindScheme(cut(s, colon+len(sign), len(text)))
}

// behindScheme adds the host of a URL and what is behind it.
func (a *access) behindScheme(s event.Span) {
	text, end := a.bytes(s), 0
	for end < len(text) && text[end] != '/' && text[end] != '?' {
		end++
	}
	a.putAddress(meansHost, cut(s, 0, end))
	if end < len(text) {
		a.pathAndQuery(cut(s, end, len(text)))
	}
}

// host adds server.address and, where host:port has one, server.port.
func (a *access) host(s event.Span) {
	text := a.bytes(s)
	end, port := splitPort(text)
	if port >= 0 {
		a.l.addInt("server.port", int64(port))
	}
	name := cut(s, 0, end)
	if end > 2 && text[0] == '[' && text[end-1] == ']' {
		// The brackets are the URL's (RFC 3986, 3.2.2), not the address's.
		name = cut(s, 1, end-1)
	}
	if !a.absent(name) {
		a.l.addText("server.address", a.clean(name))
		a.hosted = true
	}
}

// splitPort is where the name of host:port ends, and the port; less than zero,
// and the end of s, where it has none.
func splitPort(s []byte) (end, port int) {
	unit := 1
	for end = len(s) - 1; end > 0 && s[end]-'0' <= 9; end-- {
		port += unit * int(s[end]-'0')
		unit *= 10
	}
	if n := len(s) - 1 - end; end <= 0 || s[end] != ':' || n == 0 || n > maxDigits || port > maxPort {
		return len(s), -1
	}
	return end, port
}

// pathAndQuery adds url.path and url.query.
func (a *access) pathAndQuery(s event.Span) {
	q := bytes.IndexByte(a.bytes(s), '?')
	if q < 0 {
		a.text("url.path", s)
		return
	}
	a.text("url.path", cut(s, 0, q))
	a.text("url.query", cut(s, q+1, int(s.Len)))
}

// status adds the response's status, which decides the severity.
func (a *access) status(s event.Span) {
	n, _ := wholeNumber(a.bytes(s))
	a.statusCode(n, s)
}

// statusCode is status for a number that s has in digits.
func (a *access) statusCode(n int64, s event.Span) {
	a.l.r.Severity = sevInfo
	if n < 100 || n > 999 {
		return
	}
	a.l.addInt("http.response.status_code", n)
	if n >= 500 && n < 600 {
		a.l.r.Severity = sevError
		a.l.addText("error.type", s)
	}
}

// requestID adds X-Request-ID, by which search finds the line too.
func (a *access) requestID(s event.Span) {
	if a.absent(s) {
		return
	}
	a.header(requestIDHeader, s)
	if s.Len >= minID {
		a.l.r.RequestID = s
	}
}
