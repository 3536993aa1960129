package parse

import (
	"fmt"
	"strings"
)

// A format is one way to write a line. Later formats are added to the table
// below, each with a file of its own.
type format struct {
	name string
	// about and example are for docs/formats.md.
	about, example string
	// parse takes what it understands into the record and reports whether the
	// line is of this format; if not, it has called line.fail. It may leave
	// the record half changed then: the caller undoes it. Detection tries the
	// formats in the table's order, so the first that is sure must be right.
	parse func(l *line) bool
}

// formatUnknown stands for a stream whose format is not found yet.
const formatUnknown = ^uint32(0)

// formatText is the index of plain text, which explains every line: the first
// of the table, so that a record which was never parsed has it too.
const formatText = 0

// formats lists all formats in the order in which detection tries them.
var formats = []format{
	{
		name:    "text",
		about:   "Anything else. The line is the body; a time and level at its head and `trace_id=`, `span_id=` and `traceparent=` in it are found.",
		example: `2026-03-05 10:11:12.123 INFO [main] started on port 8080 [trace_id=4bf92f3577b34da6a3ce929d0e0e4736 span_id=00f067aa0ba902b7]`,
		parse:   parseText,
	},
	{
		name:    "nginx-json",
		about:   "nginx access log as a JSON object keyed by nginx's variable names.",
		example: `{"time_iso8601":"2026-03-05T10:11:12+00:00","remote_addr":"203.0.113.9","request":"GET /a?b=1 HTTP/1.1","status":200,"body_bytes_sent":512}`,
		parse:   parseNginxJSON,
	},
	{
		name:    "json",
		about:   "One JSON object per line, as structured loggers write it.",
		example: `{"time":"2026-03-05T10:11:12.123456789Z","level":"INFO","msg":"order placed","order":4711}`,
		parse:   parseJSON,
	},
	{
		name:    "nginx",
		about:   "nginx access log, `combined` or `main`; further fields may follow, a traceparent among them is found.",
		example: `203.0.113.9 - ann [05/Mar/2026:10:11:12 +0000] "GET /a?b=1 HTTP/1.1" 200 512 "-" "curl/8.5" "198.51.100.1"`,
		parse:   parseNginx,
	},
	{
		name:    "klog",
		about:   "The log of Kubernetes' own components (klog, glog), with InfoS key=value pairs.",
		example: `I0305 10:11:12.123456       1 server.go:42] "Starting" version="v1.33.0"`,
		parse:   parseKlog,
	},
	{
		name:    "logfmt",
		about:   "key=value pairs, as go-logfmt and slog's TextHandler write them.",
		example: `time=2026-03-05T10:11:12.123Z level=INFO msg="order placed" order=4711`,
		parse:   parseLogfmt,
	},
}

// FormatAuto is the name that asks for detection.
const FormatAuto = "auto"

// Formats are the names that a source's format may have, besides FormatAuto.
func Formats() []string {
	names := make([]string, len(formats))
	for i := range formats {
		names[i] = formats[i].name
	}
	return names
}

// CheckFormat is an error for a name that a source's format cannot have.
func CheckFormat(name string) error {
	if name == "" || name == FormatAuto || explicit(name) != nil {
		return nil
	}
	return fmt.Errorf("there is no format %q: write %s or one of %s", name, FormatAuto, strings.Join(Formats(), ", "))
}

// explicit are the formats that a configured name allows: its own and those
// of its family, as nginx-json belongs to nginx. Nil asks for detection, and
// so does a name that does not exist, which validation has refused before.
func explicit(name string) []uint8 {
	var found []uint8
	for i := range formats {
		if f := formats[i].name; f == name || strings.HasPrefix(f, name+"-") && name != "" {
			found = append(found, uint8(i))
		}
	}
	return found
}
