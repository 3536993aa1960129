package parse

import (
	"fmt"
	"strings"
)

// layoutBuilder puts a layout together from what a server's language says.
type layoutBuilder struct {
	layout  layout
	literal strings.Builder
	// taken are the attributes that a value fills by now.
	taken map[string]bool
	// path says that the last value is a path, whatever became of it.
	path bool
}

func newLayoutBuilder(product string, e escape) *layoutBuilder {
	return &layoutBuilder{layout: layout{product: product, dataset: product + ".access", escape: e}, taken: map[string]bool{}}
}

func (b *layoutBuilder) text(s string) { b.literal.WriteString(s) }

// value adds a value. An attribute can be filled once: what says the same
// again is left out when it is a part of something, else it gets the
// variable's own name.
func (b *layoutBuilder) value(variable string, f accessField) {
	if b.joinPort(variable, f) {
		return
	}
	b.path = f.isPath()
	if b.clashes(f) {
		f = text(b.layout.product + "." + attributeName(variable))
		if b.clashes(f) {
			f = accessField{}
		}
	}
	for _, name := range f.fills() {
		b.taken[name] = true
	}
	b.layout.pieces = append(b.layout.pieces, piece{before: b.literal.String(), field: f, variable: variable})
	b.literal.Reset()
}

func (b *layoutBuilder) clashes(f accessField) bool {
	for _, name := range f.fills() {
		if b.taken[name] {
			return true
		}
	}
	return false
}

// joinPort makes an address and a port behind a colon one value, since an
// address may have colons too.
func (b *layoutBuilder) joinPort(variable string, f accessField) bool {
	n := len(b.layout.pieces)
	port := f.means == meansPort || f.name == "server.port"
	if n == 0 || !port || b.literal.String() != ":" {
		return false
	}
	last := &b.layout.pieces[n-1]
	if last.field.means == meansHost {
		last.variable += ":" + variable
		b.literal.Reset()
		return true
	}
	if f.means != meansPort || last.field.means != meansIP && last.field.means != meansClient {
		return false
	}
	last.field, last.variable = accessField{means: meansPeer}, last.variable+":"+variable
	b.taken["client.port"] = true
	b.literal.Reset()
	return true
}

// each adds a pasted layout: the text between marks as it stands, and what begins
// with a mark by add, which returns how long that is.
func (b *layoutBuilder) each(mark byte, s string, add func(string) (int, error)) error {
	for s != "" {
		at := strings.IndexByte(s, mark)
		if at < 0 {
			b.text(s)
			break
		}
		b.text(s[:at])
		n, err := add(s[at:])
		if err != nil {
			return err
		}
		s = s[at+n:]
	}
	return nil
}

// merge makes the last value and what follows it directly one target, as a
// path and its query are.
func (b *layoutBuilder) merge(variable string) bool {
	n := len(b.layout.pieces)
	if n == 0 || b.literal.Len() > 0 || !b.path {
		return false
	}
	if last := &b.layout.pieces[n-1]; last.field.isPath() {
		last.field.means = meansTarget
	}
	b.layout.pieces[n-1].variable += variable
	return true
}

func (f *accessField) isPath() bool { return f.means == meansTarget || f.means == meansPath }

// done compiles the layout.
func (b *layoutBuilder) done() (*layout, error) {
	b.layout.after = b.literal.String()
	first := ""
	if len(b.layout.pieces) > 0 {
		first = b.layout.pieces[0].before
	}
	if b.layout.json = strings.HasPrefix(strings.TrimSpace(first), "{"); b.layout.json && b.layout.escape == escapeHex {
		b.layout.escape = escapeJSON
	}
	if err := b.layout.compile(); err != nil {
		return nil, err
	}
	return &b.layout, nil
}

// fills are the attributes that a value of the meaning becomes.
func (f *accessField) fills() []string {
	switch f.means {
	case meansNothing:
		return nil
	case meansIP, meansClient, meansPeer:
		return []string{"client.address"}
	case meansPort:
		return []string{"client.port"}
	case meansCLF, meansISO, meansLocal, meansTime, meansEpoch:
		return nil
	case meansRequest:
		return []string{"http.request.method", "url.path", "url.query", "network.protocol.version"}
	case meansMethod:
		return []string{"http.request.method"}
	case meansTarget:
		return []string{"url.path", "url.query"}
	case meansPath:
		return []string{"url.path"}
	case meansQuery:
		return []string{"url.query"}
	case meansProtocol:
		return []string{"network.protocol.version"}
	case meansScheme:
		return []string{"url.scheme"}
	case meansStatus:
		return []string{"http.response.status_code", "error.type"}
	case meansHost, meansHostPort:
		return []string{"server.address", "server.port"}
	case meansRequestID:
		return []string{"http.request.header.x-request-id"}
	case meansXRay:
		return []string{attrXRay}
	case meansTraceparent, meansContext, meansTraceID, meansSpanID:
		return nil
	case meansFrontend:
		return []string{f.name, "haproxy.tls"}
	}
	return []string{f.name}
}

// attributeName is a variable's name as part of an attribute's: lower-case
// letters and digits with underscores between them.
func attributeName(variable string) string {
	var w strings.Builder
	for _, c := range strings.ToLower(variable) {
		switch {
		case c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '-' && w.Len() > 0 || c == '.' && w.Len() > 0:
			w.WriteRune(c)
		case w.Len() > 0 && !strings.HasSuffix(w.String(), "_"):
			w.WriteByte('_')
		}
	}
	if name := strings.TrimRight(w.String(), "_.-"); name != "" {
		return name
	}
	return "value"
}

// requestHeader is what a header of the request means, named in any case.
func requestHeader(name string) accessField {
	switch name = strings.ToLower(name); name {
	case "user-agent":
		return accessUserAgent
	case "referer":
		return accessReferer
	case "host", ":authority":
		return accessField{means: meansHost}
	case ":method":
		return accessField{means: meansMethod}
	case ":path":
		return accessField{means: meansTarget}
	case ":scheme":
		return accessField{means: meansScheme}
	case "x-request-id":
		return accessField{means: meansRequestID}
	case "x-amzn-trace-id":
		return accessField{means: meansXRay}
	}
	if f, ok := traceHeaders[name]; ok {
		return f
	}
	return header(attributeName(name))
}

// traceHeaders are the headers of trace context, in lower case with dashes.
var traceHeaders = map[string]accessField{
	"traceparent":             {means: meansTraceparent},
	"elastic-apm-traceparent": {means: meansTraceparent},

	"b3":                    {means: meansContext, context: headerB3},
	"uber-trace-id":         {means: meansContext, context: headerJaeger},
	"x-cloud-trace-context": {means: meansContext, context: headerGCP},
	"sw8":                   {means: meansContext, context: headerSkyWalking},
	"sentry-trace":          {means: meansContext, context: headerSentry},
	"l5d-ctx-trace":         {means: meansContext, context: headerFinagle},

	"x-b3-traceid":        {means: meansTraceID},
	"trace-id":            {means: meansTraceID},
	"x-datadog-trace-id":  {means: meansTraceID, family: famDatadog},
	"ot-tracer-traceid":   {means: meansTraceID, family: famOpenTracing},
	"x-b3-spanid":         {means: meansSpanID},
	"span-id":             {means: meansSpanID},
	"x-datadog-parent-id": {means: meansSpanID, family: famDatadog},
	"ot-tracer-spanid":    {means: meansSpanID, family: famOpenTracing},
}

// traceVariable is what a variable of the server's own means that is named after
// such a header, with underscores and maybe behind what module set it.
func traceVariable(name string) (f accessField, ok bool) {
	name = strings.ToLower(name)
	for _, module := range []string{"opentracing_context_", "opentelemetry_context_", "http_"} {
		name = strings.TrimPrefix(name, module)
	}
	f, ok = traceHeaders[strings.ReplaceAll(name, "_", "-")]
	return f, ok
}

func responseHeader(name string) accessField {
	return named(meansHeader, "http.response.header."+attributeName(name))
}

// unknownVariable is the error for a name that a server does not have.
func unknownVariable(server, variable string) error {
	return fmt.Errorf("%s has no %s: see its documentation for the name", server, variable)
}
