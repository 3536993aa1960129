package parse

import (
	"bytes"
)

// HAProxy's own formats (https://docs.haproxy.org/2.6/configuration.html#8.2).
const (
	haproxyHTTP  = `%ci:%cp [%tr] %ft %b/%s %TR/%Tw/%Tc/%Tr/%Ta %ST %B %CC %CS %tsc %ac/%fc/%bc/%sc/%rc %sq/%bq %hr %hs %{+Q}r`
	haproxyHTTPS = haproxyHTTP + ` %[fc_err]/%[ssl_fc_err,hex]/%[ssl_c_err]/%[ssl_c_ca_err]/%[ssl_fc_is_resumed] %[ssl_fc_sni]/%sslv/%sslc`
	haproxyTCP   = `%ci:%cp [%t] %ft %b/%s %Tw/%Tc/%Tt %B %ts %ac/%fc/%bc/%sc/%rc %sq/%bq`
	haproxyError = `%ci:%cp [%t] %f/%[bind]: %[error]`
)

var haproxyLayouts = []*layout{
	own(datasetHAProxy, haproxyLayout, haproxyHTTP),
	own(datasetHAProxy, haproxyLayout, haproxyTCP),
	own(datasetHAProxy, haproxyLayout, haproxyHTTPS),
	own(datasetHAProxy, haproxyLayout, haproxyError),
}

const datasetHAProxy = "haproxy.access"

// syslogHead bounds what syslog writes before the text.
const syslogHead = 128

// parseHAProxy reads HAProxy's lines as they stand, or behind the head that
// syslog gives them: `Mar  5 10:11:12 host haproxy[31]: `.
func parseHAProxy(l *line) bool {
	at := 0
	if c := l.text[0]; c == '<' || c >= 'A' && c <= 'S' || len(l.text) > isoSize && isISO(l.text) {
		if at = l.haproxyHead(); at == 0 {
			return l.fail(reasonMisfit, 0)
		}
	}
	return l.parsePeerLayouts(at, haproxyLayouts)
}

// haproxyHead is the index behind what syslog writes before the text, 0 when it
// is not HAProxy's. Behind a time of ISO 8601 is the host and then the tag, or in
// HAProxy's own formats iso, timed and short the text, as it is behind a priority.
func (l *line) haproxyHead() int {
	head := l.text[:min(len(l.text), syslogHead)]
	tag := 0
	begin, _ := l.priority()
	if begin > 0 && l.hasAt(begin, "1 ") {
		return l.haproxyHead5424(begin + len("1 "))
	}
	t := l.isoAt(begin)
	if t.end > 0 {
		begin = t.end + 1
	}
	if beginsWithClient(l.text, begin) {
		return begin
	}
	if t.end == 0 {
		tag = bytes.Index(head, []byte(haproxyTag))
	} else if host := t.end + 1; host < len(head) {
		if tag = nextSpace(head, host) + 1; !l.hasAt(tag, haproxyTag) {
			return 0
		}
	}
	if tag <= 0 {
		return 0
	}
	end := bytes.Index(head[tag:], []byte("]: "))
	if end < 0 {
		return 0
	}
	return tag + end + len("]: ")
}

const haproxyTag = "haproxy["

// haproxyHead5424 is haproxyHead for RFC 5424, behind its version: time, host,
// program, process, message id and structured data, of which HAProxy gives none.
func (l *line) haproxyHead5424(i int) int {
	head := l.text[:min(len(l.text), syslogHead)]
	for field := range 6 {
		end := nextSpace(head, min(i, len(head)))
		if end == len(head) || field == 2 && string(head[i:end]) != "haproxy" {
			return 0
		}
		i = end + 1
	}
	return i
}

// beginsWithClient reports whether an address begins at s[i:], as far as its first
// bytes tell.
func beginsWithClient(s []byte, i int) bool {
	if i >= len(s) || lowerDigits[s[i]|0x20] > 15 && s[i] != ':' {
		return false
	}
	for _, c := range s[i:min(len(s), i+len("ffff:"))] {
		if c == '.' || c == ':' {
			return true
		}
		if lowerDigits[c|0x20] > 15 {
			return false
		}
	}
	return false
}
