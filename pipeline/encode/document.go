package encode

import (
	"encoding/hex"
	"strconv"

	"github.com/tailrace/tailrace/pipeline/event"
	"github.com/tailrace/tailrace/pipeline/frame"
)

// document writes one record. The order of the members is chosen for the
// compressor: the constant ones stand in one run, and what varies follows.
func (e *Encoder) document(b *event.Batch, r *event.Record, s *source, f *frame.Builder) {
	c := s.constants(r.Dataset, r.Stream)
	observed, at := r.Observed, r.Time
	if at <= 0 {
		at = observed
	}
	f.Const(c.action)
	e.id = recordID(s.src.ID, r, b.Bytes(r.Raw))
	f.Lit(e.id[:])
	f.Const(c.begin)
	f.LitX(e.time.format(at))
	f.Const(c.observed)
	f.LitX(e.observed.format(observed))
	f.Const(c.members)
	if e.ecs {
		e.ecsVariable(b, r, c, f)
	} else {
		e.variable(b, r, c, f)
	}
	f.EndDoc(r.Lines, at)
	e.terms(b, r, f)
}

// variable writes what follows the constant members: the record's own
// attributes, severity, trace context and body. The body comes last, but is
// rendered first: an attribute says when it had to be escaped.
func (e *Encoder) variable(b *event.Batch, r *event.Record, c *constants, f *frame.Builder) {
	escaped := e.body(b, r)
	e.attributes(b, r, c, escaped)
	e.buf = append(e.buf, '}')
	e.severity(b, r, `,"severity_number":`, `,"severity_text":`)
	e.traceContext(r, f)
	f.Var(e.buf)
	f.Var(e.text)
}

// severity writes it behind the beginnings of its members. It leaves out what
// is not known, as Elastic's exporter does.
func (e *Encoder) severity(b *event.Batch, r *event.Record, number, text string) {
	if r.Severity != 0 {
		e.buf = append(e.buf, number...)
		e.buf = strconv.AppendUint(e.buf, uint64(r.Severity), 10)
	}
	if r.SeverityText.Kind != event.KindNone {
		e.buf = append(e.buf, text...)
		e.stringValue(b, r.SeverityText)
	}
}

// stringValue writes v for a field that must be a string: other JSON becomes
// its text, numbers and booleans get quotes. It says
// whether text had to be escaped beyond JSON.
func (e *Encoder) stringValue(b *event.Batch, v event.Value) (escaped bool) {
	switch v.Kind {
	case event.KindJSON:
		if v.Span.Len == 0 || b.Data[v.Span.Off] != '"' {
			v.Kind = event.KindText
		}
	case event.KindInt, event.KindBool:
		e.buf = append(e.buf, '"')
		e.value(b, v)
		e.buf = append(e.buf, '"')
		return false
	}
	return e.value(b, v)
}

func (e *Encoder) traceContext(r *event.Record, f *frame.Builder) {
	known := e.ids(r, f, `,"trace_id":"`, `,"span_id":"`)
	if known && r.HasFlags && r.TraceFlags <= maxTraceFlags {
		e.buf = append(e.buf, `,"trace_flags":`...)
		e.buf = strconv.AppendUint(e.buf, uint64(r.TraceFlags), 10)
	}
}

// ids writes the ids behind the beginnings of their members, as literals of
// their own: a trace id usually repeats the one before it, a span id never
// does. It says whether there is a trace.
func (e *Encoder) ids(r *event.Record, f *frame.Builder, trace, span string) bool {
	if r.TraceID == ([16]byte{}) {
		return false
	}
	e.buf = append(e.buf, trace...)
	f.Var(e.buf)
	hex.Encode(e.hex[:], r.TraceID[:])
	f.LitX(e.hex[:])
	e.buf = append(e.buf[:0], '"')
	if r.SpanID != ([8]byte{}) {
		e.buf = append(e.buf, span...)
		f.Var(e.buf)
		hex.Encode(e.hex[:16], r.SpanID[:])
		f.Lit(e.hex[:16])
		e.buf = append(e.buf[:0], '"')
	}
	return true
}

// maxTraceFlags is what the field takes: Elastic's template
// logs-otel@mappings maps trace_flags as a signed byte. W3C Trace Context
// Level 2 defines the two lowest bits.
const maxTraceFlags = 127

// body renders the document's end in e.text: the body as text, or structured
// when it is an object. It says whether the text is one that JSON cannot hold.
func (e *Encoder) body(b *event.Batch, r *event.Record) (escaped bool) {
	// What writes values writes to buf.
	e.buf, e.text = e.text[:0], e.buf
	e.buf = append(e.buf, `,"body":{`...)
	v := bodyOf(r)
	if !e.structured(b, v) {
		e.buf = append(e.buf, `"text":`...)
		if v.Kind == event.KindText && r.Flags&event.Escape != 0 {
			e.buf, escaped = appendLossless(e.buf, b.Bytes(v.Span)), true
		} else {
			escaped = e.stringValue(b, v)
		}
	}
	e.buf = append(e.buf, "}}\n"...)
	e.buf, e.text = e.text[:0], e.buf
	return escaped
}

// structured writes objects and arrays where Elastic's exporter puts them:
// body.structured is a flattened field, which must be an object.
func (e *Encoder) structured(b *event.Batch, v event.Value) bool {
	if v.Kind != event.KindJSON || v.Span.Len == 0 {
		return false
	}
	switch b.Data[v.Span.Off] {
	case '{':
		e.buf = append(e.buf, `"structured":`...)
		e.buf = append(e.buf, b.Bytes(v.Span)...)
	case '[':
		e.buf = append(e.buf, `"structured":{"value":`...)
		e.buf = append(e.buf, b.Bytes(v.Span)...)
		e.buf = append(e.buf, '}')
	default:
		return false
	}
	return true
}

func bodyOf(r *event.Record) event.Value {
	if r.Body.Kind == event.KindNone {
		return event.Text(r.Line)
	}
	return r.Body
}
