package parse

import (
	"bytes"

	"github.com/tailrace/tailrace/internal/strictjson"
	"github.com/tailrace/tailrace/pipeline/event"
)

// meaning is what a value of an access log says, whoever writes it.
type meaning uint8

const (
	meansNothing meaning = iota
	meansText
	// meansWord is text without white space.
	meansWord
	meansHeader
	meansInt
	// meansSeconds is a duration, written in seconds or a smaller unit.
	meansSeconds
	// meansIP is a client by its address, meansClient one that may have a
	// name, meansPeer one with its port.
	meansIP
	meansClient
	meansPeer
	meansPort
	meansUser
	// meansCLF and meansISO are times with a zone, meansLocal is HAProxy's
	// without one, meansTime any that applications write, meansEpoch a number.
	meansCLF
	meansISO
	meansLocal
	meansTime
	meansEpoch
	meansRequest
	meansMethod
	// meansTarget is a path with its query or what else may be requested.
	meansTarget
	meansPath
	meansQuery
	meansProtocol
	meansScheme
	meansStatus
	meansHost
	meansHostPort
	meansRequestID
	meansTraceparent
	// meansContext is a header that has both ids.
	meansContext
	meansTraceID
	meansSpanID
	meansXRay
	// meansTexts, meansInts and meansTimes are nginx's lists of what each
	// upstream server answered.
	meansTexts
	meansInts
	meansTimes
	// meansFrontend is HAProxy's, with a tilde behind it for TLS.
	meansFrontend
	// meansCaptures are HAProxy's captured headers, in braces.
	meansCaptures
)

// accessField is a value of an access log: what it says and which attribute
// it becomes, where the meaning does not settle that.
type accessField struct {
	means meaning
	name  string
	// scale is the number of decimals by which a duration's unit is smaller
	// than a second: 3 for milliseconds.
	scale uint8
	// context is how a header has both ids, family whose spelling an id has.
	context contextHeader
	family  family
}

func named(m meaning, name string) accessField { return accessField{means: m, name: name} }
func text(name string) accessField             { return named(meansText, name) }
func word(name string) accessField             { return named(meansWord, name) }
func number(name string) accessField           { return named(meansInt, name) }
func header(name string) accessField           { return named(meansHeader, "http.request.header."+name) }
func seconds(n string, scale uint8) accessField {
	return accessField{means: meansSeconds, name: n, scale: scale}
}

// attrDuration is the request's duration in seconds. The semantic conventions
// have that name for the metric and none for an attribute.
const attrDuration = "http.server.request.duration"

// attrXRay has X-Ray's header as it was written.
const attrXRay = "http.request.header.x-amzn-trace-id"

// Fields that most products have.
var (
	accessUserAgent    = text("user_agent.original")
	accessReferer      = header("referer")
	accessForwardedFor = header("x-forwarded-for")
	accessBodyOut      = number("http.response.body.size")
	accessBodyIn       = number("http.request.body.size")
	accessBytesOut     = number("http.response.size")
	accessBytesIn      = number("http.request.size")
)

// put gives the record what s says, and reports whether s can say it. What is
// absent says nothing and fits every meaning.
func (a *access) put(f *accessField, s event.Span) bool {
	if a.absent(s) {
		if f.means == meansStatus {
			a.l.r.Severity = sevInfo
		}
		return f.means < meansCLF || f.means > meansEpoch
	}
	switch f.means {
	case meansText:
		a.l.addText(f.name, a.clean(s))
	case meansUser:
		// Apache writes an empty name so.
		if string(a.bytes(s)) != `""` {
			a.l.addText(f.name, a.clean(s))
		}
	case meansWord:
		return a.word(f.name, s)
	case meansHeader:
		a.header(f.name, s)
	case meansInt:
		return a.wholeOrLess(f.name, s)
	case meansSeconds:
		if digits := a.bytes(s); f.scale > 0 && areDigits(digits) {
			a.l.addJSON(f.name, a.l.moved(digits, int(f.scale)))
			return true
		}
		return a.seconds(f, s)
	case meansIP, meansClient, meansPeer, meansPort, meansHost, meansHostPort:
		return a.putAddress(f.means, s)
	case meansCLF, meansISO, meansLocal, meansTime, meansEpoch:
		return a.putTime(f.means, s)
	case meansTexts, meansInts, meansTimes:
		return a.list(f, s)
	case meansStatus:
		return a.putStatus(s)
	case meansFrontend:
		return a.frontend(f.name, s)
	default:
		return a.putRequest(f, s)
	}
	return true
}

// putRequest is put for the parts of a request.
func (a *access) putRequest(f *accessField, s event.Span) bool {
	switch f.means {
	case meansRequest:
		a.request(s)
	case meansMethod:
		return a.method(s)
	case meansTarget:
		a.anyTarget(s)
	case meansPath:
		a.text("url.path", s)
	case meansQuery:
		// Apache and HAProxy write the question mark too.
		if a.b(s) == '?' {
			s = cut(s, 1, int(s.Len))
		}
		a.text("url.query", s)
	case meansProtocol:
		return a.protocol(s)
	case meansScheme:
		return a.word("url.scheme", s)
	case meansRequestID:
		a.requestID(s)
	case meansCaptures:
		a.text(f.name, s)
	default:
		a.trace(f, s)
	}
	return true
}

// anyTarget adds what was requested, if it can have been.
func (a *access) anyTarget(s event.Span) {
	if colon, ok := targetColon(a.bytes(s)); ok {
		a.target(s, colon)
	}
}

// protocol adds the version of HTTP; other protocols have a name.
func (a *access) protocol(s event.Span) bool {
	if version := httpVersion(a.bytes(s)); version != "" {
		a.l.addConst("network.protocol.version", version)
		return true
	}
	return !hasSpace(a.bytes(s))
}

func hasSpace(s []byte) bool { return bytes.IndexByte(s, ' ') >= 0 }

// word adds text that has no space.
func (a *access) word(name string, s event.Span) bool {
	if hasSpace(a.bytes(s)) {
		return false
	}
	a.l.addText(name, a.clean(s))
	return true
}

// putStatus adds the response's status: three digits, of which 000 and HAProxy's
// -1 stand for no response.
func (a *access) putStatus(s event.Span) bool {
	text := a.bytes(s)
	n, ok := wholeNumber(text)
	if !(ok && (len(text) == 3 || len(text) == 1 && n == 0) || string(text) == "-1") {
		return false
	}
	a.statusCode(n, s)
	return true
}

// wholeOrLess adds a whole number. A number below zero stands for none, a plus
// says that more came after the line was written.
func (a *access) wholeOrLess(name string, s event.Span) bool {
	digits := a.bytes(s)
	if digits[0] == '-' || digits[0] == '+' {
		digits = digits[1:]
	}
	n, ok := wholeNumber(digits)
	if ok && a.b(s) != '-' {
		a.l.addInt(name, n)
	}
	return ok
}

// maxDigits are as many as fit into an int64 for sure.
const maxDigits = 18

// areDigits reports whether s are digits and no more than that.
func areDigits(s []byte) bool {
	_, end := leadingDigits(s, 0)
	return end == len(s) && end <= maxDigits
}

// putTime takes a time. One that cannot be read is a sign of another format;
// one that is not believed is not.
func (a *access) putTime(m meaning, s event.Span) bool {
	l := a.l
	var ns int64
	var ok bool
	switch m {
	case meansCLF:
		ns, ok = l.clock.parseCLF(a.bytes(s))
	case meansISO:
		if text := a.bytes(s); len(text) >= isoSize && text[4] == '-' {
			l.clock.guessed = false
			if ns, ok = l.clock.parseISO(text); ok {
				l.setClockTime(ns)
			}
			return ok
		}
	case meansTime:
		l.clock.guessed = false
		if ns, ok = l.clock.parse(a.bytes(s)); ok {
			l.setClockTime(ns)
		}
		return ok
	case meansEpoch:
		ns, ok = parseEpoch(a.bytes(s))
	default:
		if ns, ok = l.clock.parseHAProxy(a.bytes(s)); ok {
			l.setLocalTime(ns)
		}
		return ok
	}
	if ok {
		l.setTime(ns)
	}
	return ok
}

// frontend adds HAProxy's frontend and whether the client used TLS.
func (a *access) frontend(name string, s event.Span) bool {
	if a.l.b.Data[s.End()-1] == '~' {
		s.Len--
		a.l.addBool("haproxy.tls", 1)
	}
	return s.Len == 0 || a.word(name, s)
}

// trace takes trace context, or leaves it in the body when it is none.
func (a *access) trace(f *accessField, s event.Span) {
	var c context
	id := a.bytes(s)
	switch f.means {
	case meansTraceparent:
		if parseTraceparent(id, &c) {
			a.l.give(&c)
		}
	case meansContext:
		if parseHeader(f.context, id, &c) {
			a.l.give(&c)
		}
	case meansTraceID:
		if _, ok := decodeTrace(&c, f.family, strictjson.String, id); ok {
			a.l.give(&c)
		}
	case meansSpanID:
		if a.l.r.TraceID == [16]byte{} || a.l.r.SpanID != [8]byte{} {
			return
		}
		if _, ok := decodeSpan(&c, f.family, strictjson.String, id); ok {
			a.l.r.SpanID = c.span
		}
	case meansXRay:
		a.xray(s)
	}
}

// xray takes the Root of an X-Amzn-Trace-Id, which stays as it was written and
// mostly has nothing else.
func (a *access) xray(s event.Span) {
	a.header(attrXRay, s)
	var c context
	id := a.bytes(s)
	if n := len(xrayKey); len(id) > n && string(id[:n]) == xrayKey && xrayRoot(&c, id[n:]) {
		a.l.give(&c)
		return
	}
	c = context{}
	if i := bytes.Index(id, []byte(xrayKey)); i >= 0 {
		id = id[i:]
	}
	if i := bytes.IndexByte(id, ';'); i >= 0 {
		id = id[:i]
	}
	if xrayRoot(&c, bytes.TrimPrefix(id, []byte(xrayKey))) {
		a.l.give(&c)
	} else if _, ok := decodeTrace(&c, famXRay, strictjson.String, id); ok {
		a.l.give(&c)
	}
}

// xrayKey is what the trace's id has before it.
const xrayKey = "Root="
