package encode

import (
	"encoding/hex"
	"strconv"
	"unicode/utf8"

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
	e.variable(b, r, c, f)
	f.EndDoc(r.Lines, at)
	e.terms(b, r, f)
}

// variable writes what follows the constant members: the record's own
// attributes, severity, trace context and body.
func (e *Encoder) variable(b *event.Batch, r *event.Record, c *constants, f *frame.Builder) {
	escaped := bodyIsEscaped(b, r)
	e.buf = e.buf[:0]
	e.attributes(b, r, c, escaped)
	e.buf = append(e.buf, '}')
	e.severity(b, r)
	e.traceContext(r, f)
	e.buf = append(e.buf, `,"body":{`...)
	e.body(b, r, escaped)
	e.buf = append(e.buf, "}}\n"...)
	f.Var(e.buf)
}

// severity leaves out what is not known, as Elastic's exporter does.
func (e *Encoder) severity(b *event.Batch, r *event.Record) {
	if r.Severity != 0 {
		e.buf = append(e.buf, `,"severity_number":`...)
		e.buf = strconv.AppendUint(e.buf, uint64(r.Severity), 10)
	}
	if r.SeverityText.Kind != event.KindNone {
		e.buf = append(e.buf, `,"severity_text":`...)
		e.stringValue(b, r.SeverityText)
	}
}

// stringValue writes v for a field that must be a string: other JSON becomes
// its text, numbers and booleans get quotes.
func (e *Encoder) stringValue(b *event.Batch, v event.Value) {
	switch v.Kind {
	case event.KindJSON:
		if v.Span.Len == 0 || b.Data[v.Span.Off] != '"' {
			v.Kind = event.KindText
		}
	case event.KindInt, event.KindBool:
		e.buf = append(e.buf, '"')
		e.value(b, v)
		e.buf = append(e.buf, '"')
		return
	}
	e.value(b, v)
}

// traceContext writes the ids as literals of their own: a trace id usually
// repeats the one before it, a span id never does.
func (e *Encoder) traceContext(r *event.Record, f *frame.Builder) {
	if r.TraceID == ([16]byte{}) {
		return
	}
	e.buf = append(e.buf, `,"trace_id":"`...)
	f.Var(e.buf)
	hex.Encode(e.hex[:], r.TraceID[:])
	f.LitX(e.hex[:])
	e.buf = append(e.buf[:0], '"')
	if r.SpanID != ([8]byte{}) {
		e.buf = append(e.buf, `,"span_id":"`...)
		f.Var(e.buf)
		hex.Encode(e.hex[:16], r.SpanID[:])
		f.Lit(e.hex[:16])
		e.buf = append(e.buf[:0], '"')
	}
	if r.HasFlags && r.TraceFlags <= maxTraceFlags {
		e.buf = append(e.buf, `,"trace_flags":`...)
		e.buf = strconv.AppendUint(e.buf, uint64(r.TraceFlags), 10)
	}
}

// maxTraceFlags is what the field takes: Elastic's template
// logs-otel@mappings maps trace_flags as a signed byte. W3C Trace Context
// Level 2 defines the two lowest bits.
const maxTraceFlags = 127

// body writes the member of body: text, or structured when it is an object.
func (e *Encoder) body(b *event.Batch, r *event.Record, escaped bool) {
	v := bodyOf(r)
	if v.Kind == event.KindJSON && v.Span.Len > 0 && e.structured(b, v) {
		return
	}
	e.buf = append(e.buf, `"text":`...)
	if escaped {
		e.buf = appendLossless(e.buf, textOf(b, v))
		return
	}
	e.stringValue(b, v)
}

// structured writes objects and arrays where Elastic's exporter puts them:
// body.structured is a flattened field, which must be an object.
func (e *Encoder) structured(b *event.Batch, v event.Value) bool {
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

// bodyIsEscaped says whether the body is text that JSON cannot hold.
func bodyIsEscaped(b *event.Batch, r *event.Record) bool {
	v := bodyOf(r)
	switch v.Kind {
	case event.KindText:
		return r.Flags&event.Escape != 0 || !utf8.Valid(b.Bytes(v.Span))
	case event.KindConst:
		return !utf8.ValidString(v.Const)
	default:
		return false
	}
}

// textOf is the text of a KindText or KindConst value.
func textOf(b *event.Batch, v event.Value) []byte {
	if v.Kind == event.KindConst {
		return []byte(v.Const)
	}
	return b.Bytes(v.Span)
}
