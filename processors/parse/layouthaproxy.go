package parse

import (
	"fmt"
	"strings"
)

// haproxyFields are HAProxy's log variables
// (https://docs.haproxy.org/2.6/configuration.html#8.2.4).
var haproxyFields = map[string]accessField{
	"ci":  {means: meansIP},
	"cp":  {means: meansPort},
	"fi":  word("haproxy.frontend_address"),
	"fp":  number("haproxy.frontend_port"),
	"bi":  word("haproxy.backend_address"),
	"bp":  number("haproxy.backend_port"),
	"si":  word("haproxy.server_address"),
	"sp":  number("haproxy.server_port"),
	"t":   {means: meansLocal},
	"tr":  {means: meansLocal},
	"T":   {means: meansCLF},
	"Tl":  {means: meansCLF},
	"trg": {means: meansCLF},
	"trl": {means: meansCLF},
	"f":   word("haproxy.frontend"),
	"ft":  named(meansFrontend, "haproxy.frontend"),
	"b":   word("haproxy.backend"),
	"s":   word("haproxy.server"),
	"TR":  seconds("haproxy.request_time", 3),
	"Tw":  seconds("haproxy.queue_time", 3),
	"Tc":  seconds("haproxy.connect_time", 3),
	"Tr":  seconds("haproxy.response_time", 3),
	"Td":  seconds("haproxy.data_time", 3),
	"Th":  seconds("haproxy.handshake_time", 3),
	"Ti":  seconds("haproxy.idle_time", 3),
	"Tq":  seconds("haproxy.client_request_time", 3),
	"Ta":  seconds(attrDuration, 3),
	"Tt":  seconds("haproxy.session_time", 3),
	"Tu":  seconds("haproxy.user_time", 3),
	"ST":  {means: meansStatus},
	"B":   accessBytesOut,
	"U":   accessBytesIn,
	"CC":  text("haproxy.captured_request_cookie"),
	"CS":  text("haproxy.captured_response_cookie"),
	"ts":  word("haproxy.termination_state"),
	"tsc": word("haproxy.termination_state"),
	"ac":  number("haproxy.connections.process"),
	"fc":  number("haproxy.connections.frontend"),
	"bc":  number("haproxy.connections.backend"),
	"sc":  number("haproxy.connections.server"),
	"rc":  number("haproxy.retries"),
	"sq":  number("haproxy.queue.server"),
	"bq":  number("haproxy.queue.backend"),
	"hr":  named(meansCaptures, "haproxy.captured_request_headers"),
	"hs":  named(meansCaptures, "haproxy.captured_response_headers"),
	"r":   {means: meansRequest},
	"HM":  {means: meansMethod},
	"HU":  {means: meansTarget},
	"HP":  {means: meansPath},
	"HPO": {means: meansPath},
	"HQ":  {means: meansQuery},
	"HV":  {means: meansProtocol},
	"ID":  {means: meansRequestID},
	"H":   word("host.name"),
	"pid": number("process.pid"),
	"lc":  number("haproxy.log_counter"),
	"rt":  number("haproxy.request_counter"),

	"sslc": word("tls.cipher"),
	"sslv": word("haproxy.tls_version"),
}

// haproxyTexts are the samples that HAProxy's own formats and many
// configurations have.
var haproxySamples = map[string]accessField{
	"fc_err":             number("haproxy.connection_error"),
	"ssl_fc_err,hex":     word("haproxy.tls_error"),
	"ssl_fc_err":         word("haproxy.tls_error"),
	"ssl_c_err":          number("haproxy.client_certificate_error"),
	"ssl_c_ca_err":       number("haproxy.client_ca_error"),
	"ssl_fc_is_resumed":  number("haproxy.tls_resumed"),
	"ssl_fc_sni":         word("haproxy.sni"),
	"unique-id":          {means: meansRequestID},
	"src":                {means: meansIP},
	"src_port":           {means: meansPort},
	"status":             {means: meansStatus},
	"method":             {means: meansMethod},
	"path":               {means: meansPath},
	"url":                {means: meansTarget},
	"query":              {means: meansQuery},
	"capture.req.method": {means: meansMethod},
	"capture.req.uri":    {means: meansTarget},
	"capture.req.ver":    {means: meansProtocol},
	"capture.req.hdr(0)": text("haproxy.captured_request_header_0"),
	"accept_date(ms)":    {means: meansEpoch},
	"request_date(ms)":   {means: meansEpoch},
	"date":               {means: meansEpoch},
}

// haproxyLayout compiles what HAProxy's log-format says.
func haproxyLayout(s string) (*layout, error) {
	if rest, ok := directive(s, "log-format"); ok {
		s = strings.Join(quotedWords(rest), " ")
	}
	b := newLayoutBuilder("haproxy", escapeHash)
	b.layout.cut = true
	quoteAll := false
	err := b.each('%', s, func(s string) (int, error) {
		v, n := haproxyVariable(s)
		if n == 0 {
			return 0, fmt.Errorf("%s: the percent sign has no variable behind it", s)
		}
		quote := v.quote || quoteAll && !v.unquote
		if v.name == "o" && v.encoded {
			return 0, fmt.Errorf("%s makes each line an object, which needs no layout: leave log_format away, and lines with the manual's names of fields as keys are haproxy-json", v.written)
		}
		if v.name == "o" {
			quoteAll = quote
			return n, nil
		}
		return n, b.haproxyValue(v, quote)
	})
	if err != nil {
		return nil, err
	}
	return b.done()
}

// haproxyWord is a variable, or the expression of a sample.
type haproxyWord struct {
	written, name, sample string
	quote, unquote        bool
	// encoded says that what follows is written as an object.
	encoded bool
}

// haproxyVariable splits %{flags}name or %{flags}[expression] and returns its
// length, 0 when it is neither.
func haproxyVariable(s string) (v haproxyWord, n int) {
	if strings.HasPrefix(s, "%%") {
		return haproxyWord{name: "%"}, 2
	}
	for n = 1; n < len(s) && (s[n] == '{' || s[n] == '('); {
		end := strings.IndexAny(s[n:], ")}")
		if end < 0 {
			return v, 0
		}
		// In parentheses is a name for the value, since HAProxy 2.9.
		if s[n] == '{' {
			v.flag(s[n+1 : n+end])
		}
		n += end + 1
	}
	if n < len(s) && s[n] == '[' {
		end := strings.IndexByte(s[n:], ']')
		if end < 0 {
			return v, 0
		}
		v.sample, v.written = s[n+1:n+end], s[:n+end+1]
		return v, n + end + 1
	}
	from := n
	for n < len(s) && (s[n]|0x20 >= 'a' && s[n]|0x20 <= 'z') {
		n++
	}
	v.name, v.written = s[from:n], s[:n]
	if v.name == "" {
		return v, 0
	}
	return v, n
}

// flag takes the flags in braces.
func (v *haproxyWord) flag(flags string) {
	v.encoded = strings.Contains(flags, "+json") || strings.Contains(flags, "+cbor")
	v.quote, v.unquote = strings.Contains(flags, "+Q"), strings.Contains(flags, "-Q")
}

// haproxySample is what a sample means that is in no list: a variable may be named
// after a header of trace context.
func haproxySample(sample string) accessField {
	if scoped, ok := strings.CutPrefix(sample, "var("); ok {
		name, _, _ := strings.Cut(scoped, ")")
		if f, ok := traceVariable(name[strings.LastIndexByte(name, '.')+1:]); ok {
			return f
		}
	}
	return text("haproxy." + attributeName(sample))
}

// haproxyValue adds a variable.
func (b *layoutBuilder) haproxyValue(v haproxyWord, quote bool) error {
	f, ok := haproxyFields[v.name]
	switch {
	case v.name == "%":
		b.text("%")
		return nil
	case v.sample != "":
		if f, ok = haproxySamples[v.sample]; !ok {
			f = haproxySample(v.sample)
		}
	case !ok:
		return unknownVariable("HAProxy", v.written)
	}
	if f.means == meansQuery && !quote && b.merge(v.written) {
		return nil
	}
	if quote {
		b.text(`"`)
	}
	b.value(v.written, f)
	if quote {
		b.text(`"`)
	}
	return nil
}
