package parse

import (
	"bytes"

	"github.com/tailrace/tailrace/pipeline/event"
)

// datasetNginx is the dataset of nginx's access logs.
const datasetNginx = "nginx.access"

// combined has the fields of nginx's format of that name:
//
//	$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent"
type combined struct {
	addr, user, request, status, referer, agent event.Span

	time, code, size int64
	// escaped says that the line has a backslash.
	escaped bool
	// end is the byte behind the last of them.
	end int
}

// parseNginx reads nginx's combined format, the format main, which adds
// "$http_x_forwarded_for", and whatever further fields a site has added.
func parseNginx(l *line) bool {
	f := combined{escaped: bytes.IndexByte(l.text, '\\') >= 0}
	if at := f.read(l); at >= 0 {
		return l.fail(reasonMisfit, at)
	}
	if !f.plausible(l) {
		return l.fail(reasonMisfit, f.end-1)
	}
	a := access{l: l}
	if f.escaped {
		a.escape = escapeHex
	}
	l.setTime(f.time)
	l.addText("client.address", f.addr)
	a.text("user.name", f.user)
	a.request(f.request)
	a.statusCode(f.code, f.status)
	l.addInt("http.response.body.size", f.size)
	a.header("http.request.header.referer", f.referer)
	a.text("user_agent.original", f.agent)
	l.nginxExtra(&a, f.end)
	l.wholeBody()
	l.dataset(datasetNginx)
	return true
}

// read finds the fields and returns the first byte that is not as it must be,
// less than zero when all are.
func (f *combined) read(l *line) int {
	s := l.text
	space := stopFrom(s, 0, ' ')
	if space <= 0 || space+3 >= len(s) || s[space+1] != '-' || s[space+2] != ' ' {
		return max(space, 0)
	}
	f.addr = l.span(0, space)
	at := f.readTime(l, space+3)
	if at < 0 {
		return space + 3
	}
	end := f.quote(s, at)
	if end < 0 {
		return at
	}
	f.request = l.span(at, end)
	if at = f.readNumbers(l, end+1); at < 0 {
		return end + 1
	}
	if end = f.quote(s, at); end < 0 || end+2 >= len(s) || s[end+1] != ' ' || s[end+2] != '"' {
		return at
	}
	f.referer = l.span(at, end)
	at = end + 3
	if end = f.quote(s, at); end < 0 || end+1 < len(s) && s[end+1] != ' ' {
		return at
	}
	f.agent, f.end = l.span(at, end), end+1
	return -1
}

// quote is quoteEnd, quicker where nothing is escaped.
func (f *combined) quote(s []byte, i int) int {
	if f.escaped {
		return quoteEnd(s, i)
	}
	return stopFrom(s, i, '"')
}

// plausible reports whether nginx can have written the line: its client has an
// address, and its only escape is \xHH, upper-case. Apache writes the same
// fields with other escapes; where a line has none, what is known of its source
// decides.
func (f *combined) plausible(l *line) bool {
	if addr := l.b.Bytes(f.addr); !isIP(addr) && string(addr) != "unix:" {
		return false
	}
	rest := l.text[f.end:]
	if !l.sticky && (l.src.apache && len(rest) == 0 || isTraffic(rest)) {
		return false
	}
	return !f.escaped || hexEscaped(l.text[f.addr.Len:f.end])
}

// isTraffic reports whether behind combined is what Apache's combinedio has
// there: the bytes of the request and of the response.
func isTraffic(s []byte) bool {
	_, in := leadingDigits(s, 1)
	if in <= 1 || in == len(s) || s[0] != ' ' || s[in] != ' ' {
		return false
	}
	_, out := leadingDigits(s, in+1)
	return out == len(s) && out > in+1
}

// hexEscaped reports whether each backslash of s begins an escape of nginx's.
func hexEscaped(s []byte) bool {
	for {
		i := bytes.IndexByte(s, '\\')
		if i < 0 {
			return true
		}
		if s = s[i+1:]; len(s) < 3 || s[0] != 'x' || !upperHex(s[1]) || !upperHex(s[2]) {
			return false
		}
	}
}

func upperHex(c byte) bool { return c-'0' <= 9 || c >= 'A' && c <= 'F' }

// readTime reads `user [time] "` at i and returns the index behind the quote.
// A user's name may hold spaces and brackets; the time settles where it ends.
func (f *combined) readTime(l *line, i int) int {
	const behind = len(` [`) + clfSize + len(`] "`)
	s := l.text
	for at := i; ; at++ {
		if at = stopFrom(s, at, ' '); at < 0 || at+behind > len(s) {
			return -1
		}
		end := at + len(` [`) + clfSize
		if s[at+1] != '[' || s[end] != ']' || s[end+1] != ' ' || s[end+2] != '"' {
			continue
		}
		if ns, ok := l.clock.parseCLF(s[at+2 : end]); ok {
			f.user, f.time = l.span(i, at), ns
			return end + 3
		}
	}
}

// readNumbers reads ` status size "` at i and returns the index behind the
// quote. nginx writes 0 for a response without a body; a dash is Apache's.
func (f *combined) readNumbers(l *line, i int) int {
	s := l.text
	if i+5 >= len(s) || s[i] != ' ' || s[i+4] != ' ' {
		return -1
	}
	f.status = l.span(i+1, i+4)
	end := 0
	if f.code, end = leadingDigits(s, i+1); end != i+4 {
		return -1
	}
	f.size, end = leadingDigits(s, i+5)
	if n := end - (i + 5); n == 0 || n > maxDigits || end+1 >= len(s) || s[end] != ' ' || s[end+1] != '"' {
		return -1
	}
	return end + 2
}

// quoteEnd is the index of the quote that ends the string which begins at i.
func quoteEnd(s []byte, i int) int {
	for at := i; ; at++ {
		n := bytes.IndexByte(s[at:], '"')
		if n < 0 {
			return -1
		}
		at += n
		slashes := 0
		for at-slashes > i && s[at-slashes-1] == '\\' {
			slashes++
		}
		if slashes%2 == 0 {
			return at
		}
	}
}

// nginxExtra looks through the fields behind combined: the forwarded-for list
// of the format main, and trace context and request id by their names. What
// else is there stays in the body.
func (l *line) nginxExtra(a *access, i int) {
	l.members = l.pairs[:0]
	for first := true; i < len(l.text); first = false {
		var key, value event.Span
		key, value, i = l.extraField(i + 1)
		name := l.b.Bytes(key)
		switch {
		case len(name) == 0 && l.extraTraceparent(value):
		case string(name) == "request_id":
			a.requestID(value)
		case len(name) > 0:
			l.collectKey(int(key.End() - l.r.Line.Off))
		case first && isAddresses(l.b.Bytes(value)):
			a.header("http.request.header.x-forwarded-for", value)
		}
	}
	if len(l.members) > 0 {
		var f found
		f.classify(l.text, l.members)
		l.takeTrace(&f)
	}
}

// extraField reads value, "value", key=value or key="value" at i and returns
// the index of the space behind it.
func (l *line) extraField(i int) (key, value event.Span, end int) {
	s, start := l.text, i
	for i < len(s) && s[i] != ' ' && s[i] != '=' && s[i] != '"' {
		i++
	}
	if i < len(s) && s[i] == '=' {
		key = l.span(start, i)
		i++
		start = i
	}
	if i < len(s) && s[i] == '"' {
		if q := quoteEnd(s, i+1); q >= 0 {
			return key, l.span(i+1, q), min(nextSpace(s, q), len(s))
		}
	}
	i = nextSpace(s, i)
	return key, l.span(start, i), i
}

// nextSpace is the index of the first space from i on, or the end.
func nextSpace(s []byte, i int) int {
	if end := stopFrom(s, i, ' '); end >= 0 {
		return end
	}
	return len(s)
}

// extraTraceparent takes a field that has no name and is a W3C traceparent by
// its look.
func (l *line) extraTraceparent(value event.Span) bool {
	var c context
	return parseTraceparent(l.b.Bytes(value), &c) && l.give(&c)
}

// isAddresses reports whether s is a list of IP addresses, some of which may
// come with a port.
func isAddresses(s []byte) bool {
	for more := true; more; {
		var one []byte
		if one, s, more = bytes.Cut(s, comma); len(one) > 0 && one[0] == ' ' {
			one = one[1:]
		}
		if !isIPv4(one) && !isIP(one) && !isPeer(one) {
			return false
		}
	}
	return true
}

var comma = []byte(",")

// isPeer reports whether s is address:port, or an address in brackets with or
// without a port.
func isPeer(s []byte) bool {
	end := ipv4End(s)
	if closing := bytes.IndexByte(s, ']'); closing > 0 && s[0] == '[' && isIPv6(s[1:closing]) {
		end = closing + 1
		if end == len(s) {
			return true
		}
	}
	if end == 0 || end == len(s) || s[end] != ':' {
		return false
	}
	_, ok := wholeNumber(s[end+1:])
	return ok
}
