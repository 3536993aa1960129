package parse

import "github.com/tailrace/tailrace/internal/strictjson"

// role is what a key of an application's log line means.
type role uint8

const (
	roleNone role = iota
	roleTime
	roleSeconds
	roleNanos
	roleLevel
	roleMessage
	roleTrace
	roleSpan
	roleFlags
	// roleHigh is the upper half of a Datadog trace id.
	roleHigh
	roleTraceparent
	// roleHeader are values that hold a whole trace context.
	roleHeader
	roleRequestID
	// roleHolder are objects in which trace ids may be.
	roleHolder
	// roleVerbosity is klog's v in JSON, which stands for a level.
	roleVerbosity
	roleError
	// roleStack are texts with a trace, or objects of an exception;
	// roleException may be such an object, or a text that is none.
	roleStack
	roleException
	roleErrorType
	roleErrorMessage
	// roleServer are keys of the objects of servers' own logs, which another
	// format of the table may know more of.
	roleServer
	numRoles
)

// family pairs a trace id with the span id of the same writer. Families are
// in order of precedence; those from famVendor on come after traceparent.
type family uint8

const (
	famSnake family = iota
	famCamel
	famCamelID
	famPascal
	famPascalID
	famLower
	famKebab
	famDotted
	famOTel
	famCLEF
	famB3
	famGCP
	famAPM
	famDynatrace
	famOpenTracing
	famAzure
	famGELF
	famDatadog
	famXRay
	famSkyWalking
	numFamilies
	famVendor = famB3
)

// key is a known key. Of several with the same role in one line, the one that
// stands first in the table is taken and the others stay attributes.
type key struct {
	name   string
	role   role
	family family
	header contextHeader
}

// appKeys are the key conventions of structured loggers.
var appKeys = newAppKeys([]key{
	{name: "@timestamp", role: roleTime},
	{name: "time", role: roleTime},
	{name: "timestamp", role: roleTime},
	{name: "ts", role: roleTime},
	{name: "@t", role: roleTime},
	{name: "Timestamp", role: roleTime},
	{name: "asctime", role: roleTime},
	{name: "datetime", role: roleTime},
	{name: "instant", role: roleTime},
	{name: "timeMillis", role: roleTime},
	{name: "t", role: roleTime},
	{name: "timestampSeconds", role: roleSeconds},
	{name: "timestampNanos", role: roleNanos},

	{name: "level", role: roleLevel},
	{name: "severity", role: roleLevel},
	{name: "log.level", role: roleLevel},
	{name: "lvl", role: roleLevel},
	{name: "@l", role: roleLevel},
	{name: "LogLevel", role: roleLevel},
	{name: "levelname", role: roleLevel},
	{name: "loglevel", role: roleLevel},
	{name: "log_level", role: roleLevel},
	{name: "Level", role: roleLevel},
	{name: "logging.googleapis.com/severity", role: roleLevel},
	{name: "error_severity", role: roleLevel},
	{name: "levelno", role: roleLevel},
	{name: "level_number", role: roleLevel},

	{name: "message", role: roleMessage},
	{name: "msg", role: roleMessage},
	{name: "@m", role: roleMessage},
	{name: "Message", role: roleMessage},
	{name: "short_message", role: roleMessage},
	{name: "@mt", role: roleMessage},
	{name: "event", role: roleMessage},

	{name: "trace_id", role: roleTrace, family: famSnake},
	{name: "span_id", role: roleSpan, family: famSnake},
	{name: "traceId", role: roleTrace, family: famCamel},
	{name: "spanId", role: roleSpan, family: famCamel},
	{name: "traceID", role: roleTrace, family: famCamelID},
	{name: "spanID", role: roleSpan, family: famCamelID},
	{name: "TraceId", role: roleTrace, family: famPascal},
	{name: "SpanId", role: roleSpan, family: famPascal},
	{name: "TraceID", role: roleTrace, family: famPascalID},
	{name: "SpanID", role: roleSpan, family: famPascalID},
	{name: "traceid", role: roleTrace, family: famLower},
	{name: "spanid", role: roleSpan, family: famLower},
	{name: "trace-id", role: roleTrace, family: famKebab},
	{name: "span-id", role: roleSpan, family: famKebab},
	{name: "trace.id", role: roleTrace, family: famDotted},
	{name: "span.id", role: roleSpan, family: famDotted},
	{name: "transaction.id", role: roleSpan, family: famDotted},
	{name: "otelTraceID", role: roleTrace, family: famOTel},
	{name: "otelSpanID", role: roleSpan, family: famOTel},
	{name: "otel_trace_id", role: roleTrace, family: famOTel},
	{name: "otel_span_id", role: roleSpan, family: famOTel},
	{name: "@tr", role: roleTrace, family: famCLEF},
	{name: "@sp", role: roleSpan, family: famCLEF},
	{name: "x_b3_traceid", role: roleTrace, family: famB3},
	{name: "x_b3_spanid", role: roleSpan, family: famB3},
	{name: "x-b3-traceid", role: roleTrace, family: famB3},
	{name: "x-b3-spanid", role: roleSpan, family: famB3},
	{name: "X-B3-TraceId", role: roleTrace, family: famB3},
	{name: "X-B3-SpanId", role: roleSpan, family: famB3},
	{name: "http_x_b3_traceid", role: roleTrace, family: famB3},
	{name: "http_x_b3_spanid", role: roleSpan, family: famB3},
	{name: "logging.googleapis.com/trace", role: roleTrace, family: famGCP},
	{name: "logging.googleapis.com/spanId", role: roleSpan, family: famGCP},
	{name: "elasticapm_trace_id", role: roleTrace, family: famAPM},
	{name: "elasticapm_span_id", role: roleSpan, family: famAPM},
	{name: "elasticapm_transaction_id", role: roleSpan, family: famAPM},
	{name: "dt.trace_id", role: roleTrace, family: famDynatrace},
	{name: "dt.span_id", role: roleSpan, family: famDynatrace},
	{name: "ot-tracer-traceid", role: roleTrace, family: famOpenTracing},
	{name: "ot-tracer-spanid", role: roleSpan, family: famOpenTracing},
	{name: "operation_Id", role: roleTrace, family: famAzure},
	{name: "operation_ParentId", role: roleSpan, family: famAzure},
	{name: "dd.trace_id", role: roleTrace, family: famDatadog},
	{name: "dd.span_id", role: roleSpan, family: famDatadog},
	{name: "dd_trace_id", role: roleTrace, family: famDatadog},
	{name: "dd_span_id", role: roleSpan, family: famDatadog},
	{name: "x-datadog-trace-id", role: roleTrace, family: famDatadog},
	{name: "x-datadog-parent-id", role: roleSpan, family: famDatadog},
	{name: "X-Datadog-Trace-Id", role: roleTrace, family: famDatadog},
	{name: "X-Datadog-Parent-Id", role: roleSpan, family: famDatadog},
	{name: "http_x_datadog_trace_id", role: roleTrace, family: famDatadog},
	{name: "http_x_datadog_parent_id", role: roleSpan, family: famDatadog},
	{name: "_dd.p.tid", role: roleHigh},
	{name: "x-datadog-tags", role: roleHigh},
	{name: "X-Datadog-Tags", role: roleHigh},
	{name: "http_x_datadog_tags", role: roleHigh},
	{name: "_trace_id", role: roleTrace, family: famGELF},
	{name: "_span_id", role: roleSpan, family: famGELF},
	{name: "_traceId", role: roleTrace, family: famGELF},
	{name: "_spanId", role: roleSpan, family: famGELF},
	{name: "xray_trace_id", role: roleTrace, family: famXRay},
	{name: "TID", role: roleTrace, family: famSkyWalking},

	{name: "trace_flags", role: roleFlags},
	{name: "traceFlags", role: roleFlags},
	{name: "TraceFlags", role: roleFlags},
	{name: "otelTraceSampled", role: roleFlags},
	{name: "trace_sampled", role: roleFlags},
	{name: "logging.googleapis.com/trace_sampled", role: roleFlags},
	{name: "x_b3_sampled", role: roleFlags},
	{name: "x-b3-sampled", role: roleFlags},
	{name: "X-B3-Sampled", role: roleFlags},
	{name: "http_x_b3_sampled", role: roleFlags},
	{name: "otel_parent_sampled", role: roleFlags},
	{name: "ot-tracer-sampled", role: roleFlags},
	{name: "dt.trace_sampled", role: roleFlags},

	{name: "traceparent", role: roleTraceparent},
	{name: "http_traceparent", role: roleTraceparent},
	{name: "Traceparent", role: roleTraceparent},
	{name: "elastic-apm-traceparent", role: roleTraceparent},
	{name: "TraceParent", role: roleTraceparent},
	{name: "http_elastic_apm_traceparent", role: roleTraceparent},
	{name: "b3", role: roleHeader, header: headerB3},
	{name: "http_b3", role: roleHeader, header: headerB3},
	{name: "uber-trace-id", role: roleHeader, header: headerJaeger},
	{name: "Uber-Trace-Id", role: roleHeader, header: headerJaeger},
	{name: "uber_trace_id", role: roleHeader, header: headerJaeger},
	{name: "http_uber_trace_id", role: roleHeader, header: headerJaeger},
	{name: "x-amzn-trace-id", role: roleHeader, header: headerXRay},
	{name: "X-Amzn-Trace-Id", role: roleHeader, header: headerXRay},
	{name: "http_x_amzn_trace_id", role: roleHeader, header: headerXRay},
	{name: "AWS-XRAY-TRACE-ID", role: roleHeader, header: headerXRay},
	{name: "x-cloud-trace-context", role: roleHeader, header: headerGCP},
	{name: "X-Cloud-Trace-Context", role: roleHeader, header: headerGCP},
	{name: "http_x_cloud_trace_context", role: roleHeader, header: headerGCP},
	{name: "sw8", role: roleHeader, header: headerSkyWalking},
	{name: "http_sw8", role: roleHeader, header: headerSkyWalking},
	{name: "SW_CTX", role: roleHeader, header: headerSkyWalkingLog},
	{name: "sentry-trace", role: roleHeader, header: headerSentry},
	{name: "Sentry-Trace", role: roleHeader, header: headerSentry},
	{name: "sentry_trace", role: roleHeader, header: headerSentry},
	{name: "http_sentry_trace", role: roleHeader, header: headerSentry},
	{name: "l5d-ctx-trace", role: roleHeader, header: headerFinagle},

	{name: "request_id", role: roleRequestID},
	{name: "requestId", role: roleRequestID},
	{name: "requestID", role: roleRequestID},
	{name: "RequestId", role: roleRequestID},
	{name: "req_id", role: roleRequestID},
	{name: "reqId", role: roleRequestID},
	{name: "x_request_id", role: roleRequestID},
	{name: "x-request-id", role: roleRequestID},
	{name: "X-Request-Id", role: roleRequestID},
	{name: "X-Request-ID", role: roleRequestID},
	{name: "http.request.id", role: roleRequestID},
	{name: "correlation_id", role: roleRequestID},
	{name: "correlationId", role: roleRequestID},

	{name: "mdc", role: roleHolder},
	{name: "contextMap", role: roleHolder},
	{name: "context", role: roleHolder},
	{name: "labels", role: roleHolder},
	{name: "logging.googleapis.com/labels", role: roleHolder},
	{name: "extra", role: roleHolder},
	{name: "fields", role: roleHolder},
	{name: "ctx", role: roleHolder},
	{name: "log", role: roleHolder},
	{name: "trace", role: roleHolder},
	{name: "span", role: roleHolder},
	{name: "transaction", role: roleHolder},
	{name: "dd", role: roleHolder},
	{name: "MDC", role: roleHolder},
	{name: "State", role: roleHolder},
	{name: "Scopes", role: roleHolder},
	{name: "Properties", role: roleHolder},

	{name: "v", role: roleVerbosity},
	{name: "err", role: roleError},

	{name: "stack_trace", role: roleStack},
	{name: "error.stack_trace", role: roleStack},
	{name: "stack", role: roleStack},
	{name: "stacktrace", role: roleStack},
	{name: "stackTrace", role: roleStack},
	{name: "exception", role: roleStack},
	{name: "Exception", role: roleStack},
	{name: "exc_info", role: roleStack},
	{name: "@x", role: roleStack},
	{name: "thrown", role: roleStack},
	{name: "_exception", role: roleStack},
	{name: "error", role: roleException},
	{name: "error.type", role: roleErrorType},
	{name: "error.message", role: roleErrorMessage},

	{name: "response_flags", role: roleServer},
	{name: "DownstreamStatus", role: roleServer},
	{name: "OriginStatus", role: roleServer},
	{name: "client.addr", role: roleServer},
	{name: "resp_headers", role: roleServer},
	{name: "remote_addr", role: roleServer},
	{name: "body_bytes_sent", role: roleServer},
	{name: "time_iso8601", role: roleServer},
	{name: "frontend_name", role: roleServer},
	{name: "auditID", role: roleServer},
	{name: "line_num", role: roleServer},
	{name: "c", role: roleServer},
})

// keyTable finds a key by its first bytes and length: a hash table of the
// table's own, since a map or a switch over strings costs several times more
// on every key of every line.
type keyTable struct {
	slots [tableSize]keySlot
	keys  []key
}

// keySlot has of a key what tells it from nearly all others.
type keySlot struct {
	// word are the key's first eight bytes, last the last ones of a longer key.
	word, last uint64
	length     uint32
	// at is where the key is in keys, 0 in an empty slot.
	at uint16
	// own is the key's place in the list that the table is for, and known that
	// in appKeys, both counted from 1; 0 when it is not there.
	own, known uint8
}

// tableSize keeps the table less than half full.
const (
	tableBits = 9
	tableSize = 1 << tableBits
)

// newKeyTable is a table of a list of keys and of appKeys, so that a key is
// looked up once for both.
func newKeyTable(own []key) *keyTable {
	t := &keyTable{keys: []key{{}}}
	for i, k := range own {
		t.slot(k).own = uint8(i + 1)
	}
	for i, k := range appKeys.keys[1:] {
		t.slot(k).known = uint8(i + 1)
	}
	return t
}

// newAppKeys is the table of appKeys themselves.
func newAppKeys(keys []key) *keyTable {
	t := &keyTable{keys: []key{{}}}
	for i, k := range keys {
		t.slot(k).known = uint8(i + 1)
	}
	return t
}

// slot is that of a key, which it adds where it is new.
func (t *keyTable) slot(k key) *keySlot {
	word, n := wordOf(k.name), uint32(len(k.name))
	at := slotOf(word, n)
	for t.slots[at].at != 0 {
		if t.keys[t.slots[at].at].name == k.name {
			return &t.slots[at]
		}
		at = (at + 1) % tableSize
	}
	t.keys = append(t.keys, k)
	t.slots[at] = keySlot{word: word, length: n, at: uint16(len(t.keys) - 1)}
	if n > 8 {
		t.slots[at].last = wordOf(k.name[n-8:])
	}
	return &t.slots[at]
}

func slotOf(word uint64, length uint32) uint64 {
	return (word ^ uint64(length)) * 0x9E3779B97F4A7C15 >> (64 - tableBits)
}

// find is the slot of the member's key, an empty one when it has none.
func (t *keyTable) find(text []byte, m *strictjson.Member) *keySlot {
	n := m.KeyEnd - m.Key
	for at := slotOf(m.Word, n); ; at = (at + 1) % tableSize {
		s := &t.slots[at%tableSize]
		if s.at == 0 || s.word == m.Word && s.length == n && (n <= 8 || t.ends(s, text, m.KeyEnd)) {
			return s
		}
	}
}

// ends reports whether the key that ends at end is that of s, of whose first eight
// bytes and length it is.
func (t *keyTable) ends(s *keySlot, text []byte, end uint32) bool {
	return s.last == eight(text, int(end)-8) &&
		(s.length <= 16 || t.keys[s.at].name == string(text[end-s.length:end]))
}
