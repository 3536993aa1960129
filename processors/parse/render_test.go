package parse

import (
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"github.com/tailrace/tailrace/pipeline/event"
)

// render writes a parsed record for a golden file: what differs from a record
// that nobody parsed.
func render(b *event.Batch, r *event.Record) string {
	var w strings.Builder
	line := func(name, format string, args ...any) {
		fmt.Fprintf(&w, "  %-12s "+format+"\n", append([]any{name}, args...)...)
	}
	line("format", "%s", formats[r.Format].name)
	if r.Reason != "" {
		line("reason", "%s", r.Reason)
	}
	if r.Dataset != "" {
		line("dataset", "%s", r.Dataset)
	}
	if r.Time != runtimeTime {
		line("time", "%s", time.Unix(0, r.Time).UTC().Format(time.RFC3339Nano))
	}
	if r.Severity != 0 || r.SeverityText.Kind != event.KindNone {
		line("severity", "%d %s", r.Severity, renderValue(b, r.SeverityText))
	}
	if r.TraceID != [16]byte{} {
		line("trace", "%s", hex.EncodeToString(r.TraceID[:]))
	}
	if r.SpanID != [8]byte{} {
		line("span", "%s", hex.EncodeToString(r.SpanID[:]))
	}
	if r.HasFlags {
		line("flags", "%02x", r.TraceFlags)
	}
	if r.RequestID.Len > 0 {
		line("request id", "%s", b.Bytes(r.RequestID))
	}
	if r.Flags&event.Escape != 0 {
		line("escape", "true")
	}
	if r.Body.Kind != event.KindNone {
		line("body", "%s", renderValue(b, r.Body))
	}
	for _, f := range b.FieldsOf(r) {
		name := f.Name
		if name == "" {
			name = string(b.Bytes(f.Key))
		}
		if f.Value.Kind == event.KindMembers {
			name = "…"
		}
		fmt.Fprintf(&w, "    %s = %s\n", name, renderValue(b, f.Value))
	}
	return w.String()
}

func renderValue(b *event.Batch, v event.Value) string {
	switch v.Kind {
	case event.KindText:
		return fmt.Sprintf("text %q", b.Bytes(v.Span))
	case event.KindTextArray:
		return fmt.Sprintf("array %q", b.Bytes(v.Span))
	case event.KindJSON, event.KindMembers:
		return string(b.Bytes(v.Span))
	case event.KindInt, event.KindBool:
		return fmt.Sprint(v.Num)
	case event.KindConst:
		return fmt.Sprintf("const %q", v.Const)
	}
	return ""
}
