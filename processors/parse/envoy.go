package parse

import (
	"bytes"
	"strings"
)

// Envoy's default format (envoy/source/common/formatter/substitution_format_utility.cc).
const envoyDefault = `[%START_TIME%] "%REQ(:METHOD)% %REQ(X-ENVOY-ORIGINAL-PATH?:PATH)% %PROTOCOL%" ` +
	`%RESPONSE_CODE% %RESPONSE_FLAGS% %BYTES_RECEIVED% %BYTES_SENT% %DURATION% %RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)% ` +
	`"%REQ(X-FORWARDED-FOR)%" "%REQ(USER-AGENT)%" "%REQ(X-REQUEST-ID)%" "%REQ(:AUTHORITY)%" "%UPSTREAM_HOST%"`

// Istio's default format since 1.9 (https://istio.io/latest/docs/tasks/observability/logs/access-log/).
const istioDefault = `[%START_TIME%] "%REQ(:METHOD)% %REQ(X-ENVOY-ORIGINAL-PATH?:PATH)% %PROTOCOL%" ` +
	`%RESPONSE_CODE% %RESPONSE_FLAGS% %RESPONSE_CODE_DETAILS% %CONNECTION_TERMINATION_DETAILS% "%UPSTREAM_TRANSPORT_FAILURE_REASON%" ` +
	`%BYTES_RECEIVED% %BYTES_SENT% %DURATION% %RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)% ` +
	`"%REQ(X-FORWARDED-FOR)%" "%REQ(USER-AGENT)%" "%REQ(X-REQUEST-ID)%" "%REQ(:AUTHORITY)%" "%UPSTREAM_HOST%" ` +
	`%UPSTREAM_CLUSTER_RAW% %UPSTREAM_LOCAL_ADDRESS% %DOWNSTREAM_LOCAL_ADDRESS% %DOWNSTREAM_REMOTE_ADDRESS% ` +
	`%REQUESTED_SERVER_NAME% %ROUTE_NAME%`

var (
	envoyText = []*layout{own("envoy.access", envoyLayout, envoyDefault)}
	istioText = []*layout{own("istio.access", envoyLayout, istioDefault)}
)

// envoyKeys are the operators under the names that Istio's and Envoy Gateway's
// JSON formats have for them.
func envoyKeys() []objectKey {
	keys := []objectKey{
		{":authority", accessField{means: meansHost}},
		{"authority", accessField{means: meansHost}},
		{"method", accessField{means: meansMethod}},
		{"x-envoy-origin-path", accessField{means: meansTarget}},
		{"path", accessField{means: meansTarget}},
		{"user_agent", accessUserAgent},
		{"user-agent", accessUserAgent},
		{"x_forwarded_for", accessForwardedFor},
		{"x-forwarded-for", accessForwardedFor},
		{"request_id", accessField{means: meansRequestID}},
		{"x-request-id", accessField{means: meansRequestID}},
		{"upstream_service_time", envoyServiceTime},
		{"x-envoy-upstream-service-time", envoyServiceTime},
	}
	for _, name := range []string{
		"start_time", "protocol", "response_code", "response_code_details", "response_flags", "connection_termination_details",
		"upstream_transport_failure_reason", "bytes_received", "bytes_sent", "duration", "upstream_host", "upstream_cluster",
		"upstream_local_address", "downstream_local_address", "downstream_remote_address", "requested_server_name", "route_name",
	} {
		keys = append(keys, objectKey{name, envoyField(strings.ToUpper(name), "")})
	}
	return keys
}

var (
	envoyObject = newAccessObject("envoy.access", envoyKeys(), []string{"response_code"}, []string{"response_flags"}, []string{"start_time", "duration", "bytes_sent"})
	istioObject = newAccessObject("istio.access", envoyKeys(), []string{"response_code"}, []string{"response_flags"}, []string{"authority"},
		[]string{"requested_server_name"}, []string{"upstream_transport_failure_reason"}, []string{"downstream_remote_address"})
)

func parseEnvoyJSON(l *line) bool { return l.parseObject(envoyObject) }
func parseIstioJSON(l *line) bool { return l.parseObject(istioObject) }

func parseEnvoy(l *line) bool {
	if endsInUpstream(l.text) {
		return l.parseLayouts(0, envoyText)
	}
	return l.parseBeforeTraceparent(envoyText, endsInUpstream)
}

func parseIstio(l *line) bool {
	const flags = len("-01")
	// What does not end in the flags of a traceparent, quoted or not, has none.
	if n := len(l.text); n < traceparentSize || l.text[n-flags] != '-' && l.text[n-flags-1] != '-' {
		return l.parseLayouts(0, istioText)
	}
	return l.parseBeforeTraceparent(istioText, func([]byte) bool { return true })
}

// parseBeforeTraceparent reads a text format behind which a site may have put a
// traceparent, where what is before that can be the format's.
func (l *line) parseBeforeTraceparent(layouts []*layout, can func([]byte) bool) bool {
	var c context
	whole := l.text
	l.text = whole[:l.trailingTraceparent(&c)]
	ok := false
	if !can(l.text) {
		l.fail(reasonMisfit, len(l.text)-1)
	} else {
		ok = l.parseLayouts(0, layouts)
	}
	l.text = whole
	if ok && c.trace != [16]byte{} {
		l.give(&c)
	}
	return ok
}

// trailingTraceparent is where a traceparent begins that is the last word of the
// line, quoted or not, with the blank before it; the line's end where none is.
func (l *line) trailingTraceparent(c *context) int {
	s := l.text
	if n := len(s); n > 0 && s[n-1] == '"' {
		s = s[:n-1]
	}
	from := len(s) - traceparentSize
	if from < 2 || s[len(s)-len("-01")] != '-' {
		return len(l.text)
	}
	before := from
	if len(s) < len(l.text) {
		before--
	}
	if l.text[before-1] != ' ' || before < from && s[before] != '"' || !parseTraceparent(s[from:], c) {
		return len(l.text)
	}
	return before - 1
}

// endsInUpstream reports whether the last quoted value can be an upstream host,
// which is an address with a port, a socket in the file system or internal
// listener, or absent. Whatever else is there a site has put behind the format.
func endsInUpstream(s []byte) bool {
	if len(s) < len(`":65535"`) || s[len(s)-1] != '"' {
		return false
	}
	for i := len(s) - 2; i >= len(s)-len(`:65535"`); i-- {
		if s[i] == ':' {
			return true
		}
	}
	s = s[bytes.LastIndexByte(s[:len(s)-1], '"')+1 : len(s)-1]
	return bytes.IndexByte(s, ':') >= 0 || string(s) == "-" || len(s) > 0 && (s[0] == '@' || s[0] == '/')
}
