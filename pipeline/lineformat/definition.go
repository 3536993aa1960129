// Package lineformat knows how a user defines a format of lines: the keys that
// the configuration reads and the parser compiles.
package lineformat

// Definition is a format that the configuration defines. Its keys are called
// as those of the OpenTelemetry Collector's operators regex_parser, time_parser
// and severity_parser, so that what is known of these holds here.
type Definition struct {
	Type       string            `mapstructure:"type" doc:"How a line is taken apart: regexp, json, logfmt or delimited."`
	Regex      string            `mapstructure:"regex" doc:"For type regexp: a regular expression of Go's (RE2: linear time, neither look-ahead nor back-references) whose groups (?P<name>…) are the fields. It fits when it is found in the line: begin it with ^."`
	Header     string            `mapstructure:"header" doc:"For type delimited: the fields' names in their order, with the delimiter between them. An empty name leaves a field out."`
	Delimiter  string            `mapstructure:"delimiter" doc:"For type delimited: the byte between values, a comma by default. Values may stand in double quotes, as in CSV (RFC 4180)."`
	Timestamp  Timestamp         `mapstructure:"timestamp"`
	Severity   Severity          `mapstructure:"severity"`
	Trace      Trace             `mapstructure:"trace"`
	Body       string            `mapstructure:"body" doc:"The field that is the message. Empty: the whole line."`
	Attributes map[string]string `mapstructure:"attributes" doc:"What fields are called as attributes, by field. Those that are not listed keep their own name."`
	Types      map[string]string `mapstructure:"types" doc:"What fields hold, by field: text (the default), int, float, bool, bytes (4KiB, a number of bytes), duration (1.5ms, seconds), or ns, us, ms or s for a plain number in that unit, which becomes seconds. An empty field and a dash are left out."`
}

// Timestamp says where a line's time is and how it is written.
type Timestamp struct {
	ParseFrom string `mapstructure:"parse_from" doc:"The field with the time. Empty: the container runtime's time."`
	Layout    string `mapstructure:"layout" doc:"auto (the default: whatever is recognised), rfc3339, clf (05/Mar/2026:10:11:12 +0000), epoch (unit by size), epoch_s, epoch_ms, epoch_us, epoch_ns, or directives of strptime such as %Y-%m-%d %H:%M:%S.%f."`
	Location  string `mapstructure:"location" doc:"Zone of times that name none, such as Europe/Berlin. Empty: service.timezone."`
}

// Severity says where a line's level is and what it is called.
type Severity struct {
	ParseFrom string              `mapstructure:"parse_from" doc:"The field with the level."`
	Mapping   map[string][]string `mapstructure:"mapping" doc:"What the program calls each level, in any case: by level (trace, debug, info, warn, error, fatal, each also with 2, 3 or 4 behind it) the texts that mean it. What is not listed is understood by its usual names and numbers."`
}

// Trace says where a line's trace context is.
type Trace struct {
	TraceID     string `mapstructure:"trace_id" doc:"The field with the trace id, in hexadecimal."`
	SpanID      string `mapstructure:"span_id" doc:"The field with the span id, in hexadecimal."`
	Traceparent string `mapstructure:"traceparent" doc:"The field with a W3C traceparent, which has both. Without any of the three, ids are looked for in the line as in text."`
}
