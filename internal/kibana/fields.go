// Package kibana has what people look at the agent's documents through: data
// views, saved searches and dashboards, as saved objects of Kibana.
package kibana

// fields are the names of one mapping.
type fields struct {
	// title is the pattern of a data view of the mapping's streams.
	title string

	namespace, pod, container             string
	message, severity, level              string
	trace, span                           string
	method, path, status, client, bytes   string
	duration                              string
	observed                              string
	truncated, malformed, escaped, stream string
	// error is the severity from which on a line is an error, slow a duration
	// of one second.
	error, slow string
	// seconds scales the duration for people.
	seconds map[string]any
}

var mappings = map[string]fields{
	"otel": {
		title:     "logs-*.otel-*",
		namespace: "resource.attributes.k8s.namespace.name", pod: "resource.attributes.k8s.pod.name", container: "resource.attributes.k8s.container.name",
		message: "body.text", severity: "severity_number", level: "severity_text",
		trace: "trace_id", span: "span_id",
		method: "attributes.http.request.method", path: "attributes.url.path", status: "attributes.http.response.status_code",
		client: "attributes.client.address", bytes: "attributes.http.response.body.size", duration: "attributes.http.server.request.duration",
		observed:  "observed_timestamp",
		truncated: "attributes.log.record.truncated", malformed: "attributes.log.record.malformed", escaped: "attributes.log.body.escaped",
		stream: "attributes.log.iostream",
		error:  "17", slow: "1",
		seconds: format("duration", map[string]any{"inputFormat": "seconds", "outputFormat": "asMilliseconds", "outputPrecision": 0}),
	},
	"ecs": {
		title:     "logs-*-*,-logs-*.otel-*",
		namespace: "kubernetes.namespace", pod: "kubernetes.pod.name", container: "kubernetes.container.name",
		message: "message", severity: "event.severity", level: "log.level",
		trace: "trace.id", span: "span.id",
		method: "http.request.method", path: "url.path", status: "http.response.status_code",
		client: "client.address", bytes: "http.response.body.bytes", duration: "event.duration",
		observed:  "event.created",
		truncated: "log.record.truncated", malformed: "log.record.malformed", escaped: "log.body.escaped",
		stream: "stream",
		error:  "17", slow: "1000000000",
		seconds: format("duration", map[string]any{"inputFormat": "nanoseconds", "outputFormat": "asMilliseconds", "outputPrecision": 0}),
	},
}

// format is a field formatter of Kibana's.
func format(id string, params map[string]any) map[string]any {
	return map[string]any{"id": id, "params": params}
}

// link opens the trace that an id names in Kibana's trace view. Kibana puts its
// own address and base path before an address that begins with neither a scheme
// nor a slash (field_formats/common/converters/url.ts), and its APM app takes
// link-to/trace/ID.
func link() map[string]any {
	return format("url", map[string]any{"type": "a", "urlTemplate": "apm/link-to/trace/{{value}}", "labelTemplate": "{{value}}"})
}
