package parse

import "strings"

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

func parseEnvoy(l *line) bool { return l.parseLayouts(0, envoyText) }
func parseIstio(l *line) bool { return l.parseLayouts(0, istioText) }
