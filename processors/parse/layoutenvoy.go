package parse

import (
	"fmt"
	"strings"
)

// envoyFields are Envoy's command operators that have a type
// (https://www.envoyproxy.io/docs/envoy/latest/configuration/observability/access_log/usage).
// Any other is text under envoy.<name>.
var envoyFields = map[string]accessField{
	"START_TIME":                        {means: meansISO},
	"PROTOCOL":                          {means: meansProtocol},
	"RESPONSE_CODE":                     {means: meansStatus},
	"RESPONSE_CODE_DETAILS":             word("envoy.response_code_details"),
	"RESPONSE_FLAGS":                    word("envoy.response_flags"),
	"CONNECTION_TERMINATION_DETAILS":    word("envoy.connection_termination_details"),
	"UPSTREAM_TRANSPORT_FAILURE_REASON": text("envoy.upstream_transport_failure_reason"),
	"BYTES_RECEIVED":                    accessBodyIn,
	"BYTES_SENT":                        accessBodyOut,
	"DURATION":                          seconds(attrDuration, 3),
	"REQUEST_DURATION":                  seconds("envoy.request_duration", 3),
	"REQUEST_TX_DURATION":               seconds("envoy.request_tx_duration", 3),
	"RESPONSE_DURATION":                 seconds("envoy.response_duration", 3),
	"RESPONSE_TX_DURATION":              seconds("envoy.response_tx_duration", 3),
	"UPSTREAM_REQUEST_ATTEMPT_COUNT":    number("envoy.upstream_request_attempt_count"),
	"CONNECTION_ID":                     number("envoy.connection_id"),
	"UPSTREAM_HOST":                     word("envoy.upstream_host"),
	"UPSTREAM_CLUSTER":                  word("envoy.upstream_cluster"),
	"UPSTREAM_CLUSTER_RAW":              word("envoy.upstream_cluster"),
	"UPSTREAM_LOCAL_ADDRESS":            word("envoy.upstream_local_address"),
	"UPSTREAM_REMOTE_ADDRESS":           word("envoy.upstream_remote_address"),
	"DOWNSTREAM_LOCAL_ADDRESS":          word("envoy.downstream_local_address"),
	"DOWNSTREAM_REMOTE_ADDRESS":         named(meansPeer, "envoy.downstream_remote_address"),
	"DOWNSTREAM_DIRECT_REMOTE_ADDRESS":  word("envoy.downstream_direct_remote_address"),
	"REQUESTED_SERVER_NAME":             word("envoy.requested_server_name"),
	"ROUTE_NAME":                        word("envoy.route_name"),
	"TRACE_ID":                          {means: meansTraceID},
	"SPAN_ID":                           {means: meansSpanID},

	"DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT": {means: meansIP},
}

// envoyServiceTime is the header by which Envoy says how long the upstream took.
var envoyServiceTime = seconds("envoy.upstream_service_time", 3)

// envoyField is what an operator with its argument says.
func envoyField(name, argument string) accessField {
	switch name {
	case "REQ", "REQUEST_HEADER":
		first, other, _ := strings.Cut(argument, "?")
		if strings.EqualFold(other, ":path") {
			first = other
		}
		return requestHeader(first)
	case "RESP":
		first, _, _ := strings.Cut(argument, "?")
		if strings.EqualFold(first, "x-envoy-upstream-service-time") {
			return envoyServiceTime
		}
		return responseHeader(first)
	case "START_TIME":
		switch argument {
		case "", "%Y-%m-%dT%H:%M:%S.%3fZ", "%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%dT%H:%M:%S.%fZ", "%Y-%m-%dT%T.%3fZ":
		case "%s", "%s.%3f", "%s%3f":
			return accessField{means: meansEpoch}
		default:
			return text("envoy.start_time")
		}
	}
	if f, ok := envoyFields[name]; ok {
		return f
	}
	if argument != "" {
		name += "_" + argument
	}
	return text("envoy." + attributeName(name))
}

// envoyLayout compiles what Envoy's and Istio's text_format says.
func envoyLayout(s string) (*layout, error) {
	s = strings.TrimSuffix(strings.TrimSuffix(pastedEnvoy(s), "\n"), `\n`)
	b := newLayoutBuilder("envoy", escapeNone)
	if err := b.each('%', s, b.envoyOperator); err != nil {
		return nil, err
	}
	return b.done()
}

// envoyOperator adds the operator, or the percent sign, that s begins with, and
// returns its length.
func (b *layoutBuilder) envoyOperator(s string) (int, error) {
	if strings.HasPrefix(s, "%%") {
		b.text("%")
		return 2, nil
	}
	name, argument, n := splitOperator(s)
	if n == 0 {
		return 0, fmt.Errorf("%s: an operator of Envoy's ends with a percent sign, such as %%PROTOCOL%%", s)
	}
	b.value(s[:n], envoyField(name, argument))
	return n, nil
}

// splitOperator splits %NAME(argument):length% and returns its length, 0 when
// it has no end.
func splitOperator(s string) (name, argument string, n int) {
	i := 1
	for i < len(s) && (s[i] >= 'A' && s[i] <= 'Z' || s[i] == '_' || s[i] >= '0' && s[i] <= '9') {
		i++
	}
	name = s[1:i]
	if i < len(s) && s[i] == '(' {
		end := strings.IndexByte(s[i:], ')')
		if end < 0 {
			return "", "", 0
		}
		argument, i = s[i+1:i+end], i+end+1
	}
	if i < len(s) && s[i] == ':' {
		for i++; i < len(s) && s[i] >= '0' && s[i] <= '9'; i++ {
		}
	}
	if name == "" || i == len(s) || s[i] != '%' {
		return "", "", 0
	}
	return name, argument, i + 1
}
