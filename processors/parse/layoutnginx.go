package parse

import (
	"strings"
)

// nginxFields are nginx's variables that say what conventions have names for,
// or that have a type. Any other is text under nginx.<name>. After
// https://nginx.org/en/docs/varindex.html and, for the last group,
// https://kubernetes.github.io/ingress-nginx/user-guide/nginx-configuration/log-format/.
var nginxFields = map[string]accessField{
	"remote_addr":          {means: meansIP},
	"remote_port":          {means: meansPort},
	"realip_remote_addr":   word("network.peer.address"),
	"realip_remote_port":   number("network.peer.port"),
	"remote_user":          named(meansUser, "user.name"),
	"time_local":           {means: meansCLF},
	"time_iso8601":         {means: meansISO},
	"msec":                 {means: meansEpoch},
	"request":              {means: meansRequest},
	"request_method":       {means: meansMethod},
	"request_uri":          {means: meansTarget},
	"uri":                  {means: meansPath},
	"document_uri":         {means: meansPath},
	"args":                 {means: meansQuery},
	"query_string":         {means: meansQuery},
	"server_protocol":      {means: meansProtocol},
	"scheme":               {means: meansScheme},
	"status":               {means: meansStatus},
	"body_bytes_sent":      accessBodyOut,
	"bytes_sent":           accessBytesOut,
	"bytes_received":       accessBytesIn,
	"request_length":       accessBytesIn,
	"request_time":         seconds(attrDuration, 0),
	"session_time":         seconds("nginx.session_time", 0),
	"host":                 {means: meansHost},
	"server_name":          {means: meansHost},
	"server_port":          number("server.port"),
	"request_id":           {means: meansRequestID},
	"connection":           number("nginx.connection"),
	"connection_requests":  number("nginx.connection_requests"),
	"pid":                  number("process.pid"),
	"gzip_ratio":           seconds("nginx.gzip_ratio", 0),
	"ssl_cipher":           word("tls.cipher"),
	"pipe":                 {},
	"http_referrer":        accessReferer,
	"upstream_addr":        named(meansTexts, "nginx.upstream_addr"),
	"upstream_status":      named(meansInts, "nginx.upstream_status"),
	"upstream_bytes_sent":  named(meansInts, "nginx.upstream_bytes_sent"),
	"upstream_http_server": text("nginx.upstream_http_server"),

	"upstream_response_length": named(meansInts, "nginx.upstream_response_length"),
	"upstream_bytes_received":  named(meansInts, "nginx.upstream_bytes_received"),
	"upstream_response_time":   named(meansTimes, "nginx.upstream_response_time"),
	"upstream_connect_time":    named(meansTimes, "nginx.upstream_connect_time"),
	"upstream_header_time":     named(meansTimes, "nginx.upstream_header_time"),

	"otel_trace_id":          {means: meansTraceID},
	"otel_span_id":           {means: meansSpanID},
	"opentelemetry_trace_id": {means: meansTraceID},
	"opentelemetry_span_id":  {means: meansSpanID},

	"req_id":                          {means: meansRequestID},
	"the_real_ip":                     {means: meansIP},
	"proxy_upstream_name":             text("ingress_nginx.proxy_upstream_name"),
	"proxy_alternative_upstream_name": text("ingress_nginx.proxy_alternative_upstream_name"),
	"namespace":                       text("ingress_nginx.namespace"),
	"ingress_name":                    text("ingress_nginx.ingress_name"),
	"service_name":                    text("ingress_nginx.service_name"),
	"service_port":                    text("ingress_nginx.service_port"),
}

// nginxField is what a variable says.
func nginxField(name string) accessField {
	if f, ok := nginxFields[name]; ok {
		return f
	}
	if h, ok := strings.CutPrefix(name, "http_"); ok {
		return requestHeader(strings.ReplaceAll(h, "_", "-"))
	}
	if h, ok := strings.CutPrefix(name, "sent_http_"); ok {
		return responseHeader(strings.ReplaceAll(h, "_", "-"))
	}
	if f, ok := traceVariable(name); ok {
		return f
	}
	return text("nginx." + attributeName(name))
}

// nginxLayout compiles what nginx's log_format says, as it stands in its
// configuration or only the format itself.
func nginxLayout(s string) (*layout, error) {
	e := escapeHex
	if rest, ok := directive(s, "log_format"); ok {
		var option string
		if option, s = nginxDirective(rest); option == "json" {
			e = escapeJSON
		} else if option == "none" {
			e = escapeNone
		}
	}
	b := newLayoutBuilder("nginx", e)
	if err := b.each('$', s, b.nginxVariable); err != nil {
		return nil, err
	}
	return b.done()
}

// nginxVariable adds the variable, or the dollar sign, that s begins with, and
// returns its length.
func (b *layoutBuilder) nginxVariable(s string) (int, error) {
	name, rest := splitVariable(s[1:])
	switch {
	case name == "":
		b.text("$")
	case (name == "is_args" || name == "args" || name == "query_string") && b.merge("$"+name):
	default:
		b.value("$"+name, nginxField(name))
	}
	return len(s) - len(rest), nil
}

// splitVariable splits a variable's name, possibly in braces, off s.
func splitVariable(s string) (name, rest string) {
	if inner, rest, ok := strings.Cut(strings.TrimPrefix(s, "{"), "}"); ok && strings.HasPrefix(s, "{") {
		return inner, rest
	}
	n := 0
	for n < len(s) && (s[n]|0x20 >= 'a' && s[n]|0x20 <= 'z' || s[n] >= '0' && s[n] <= '9' || s[n] == '_') {
		n++
	}
	return s[:n], s[n:]
}

// nginxDirective is the format of log_format's arguments: a name, perhaps how
// to escape, and strings that belong together.
func nginxDirective(args string) (escape, format string) {
	words := quotedWords(strings.TrimSuffix(strings.TrimSpace(args), ";"))
	if len(words) > 0 {
		words = words[1:]
	}
	if len(words) > 0 && strings.HasPrefix(words[0], "escape=") {
		escape, words = strings.TrimPrefix(words[0], "escape="), words[1:]
	}
	return escape, strings.Join(words, "")
}

// directive is what stands behind a directive's name, if s begins with it.
func directive(s, name string) (rest string, ok bool) {
	s = strings.TrimSpace(s)
	if len(s) <= len(name) || !strings.EqualFold(s[:len(name)], name) || s[len(name)] != ' ' && s[len(name)] != '\t' {
		return "", false
	}
	return strings.TrimSpace(s[len(name):]), true
}

// quotedWords splits s at white space that stands outside of quotes and is not
// escaped, and takes quotes and escapes off, as the configuration files of
// servers have them.
func quotedWords(s string) (words []string) {
	var w strings.Builder
	var quote byte
	inside := false
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case c == '\\' && i+1 < len(s) && (s[i+1] == '\\' || s[i+1] == '"' || s[i+1] == '\'' || s[i+1] == ' '):
			i++
			w.WriteByte(s[i])
			inside = true
		case quote != 0 && c == quote:
			quote = 0
		case quote != 0:
			w.WriteByte(c)
		case c == '"' || c == '\'':
			quote, inside = c, true
		case c == ' ' || c == '\t' || c == '\n' || c == '\r':
			if inside {
				words = append(words, w.String())
			}
			w.Reset()
			inside = false
		default:
			w.WriteByte(c)
			inside = true
		}
	}
	if inside {
		words = append(words, w.String())
	}
	return words
}
